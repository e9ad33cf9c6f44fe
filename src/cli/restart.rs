//! `solver restart`.

use super::files::EXTENSION;
use super::job::{self, Choices, Inputs};
use super::solution::{self, is_solution};
use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Go on from a solution file, alone or under mpirun
///
/// The solution (.ssoln: an output or a checkpoint of a run) holds the case it was computed with,
/// which may be replaced by giving one: with another final time, order, precision, scheme. The
/// number of ranks and the backend are free. When nothing was changed, the run is the same, bit
/// for bit, as one that never stopped.
///
/// The mesh may be given, named in the case, or be the only .smesh file in the current directory.
/// It has to be the one that the solution was computed on; its partitioning may be another.
///
///   solver restart checkpoint-00012000.ssoln
///   solver restart channel.smesh flow-2.50.ssoln --set solver-time-integrator.tend=5
///   mpirun -np 4 solver restart -b gpu flow-2.50.ssoln finer.ini
///
/// Exit status: as of 'solver run'.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Restart {
    /// The solution file, after the mesh if one is to be named here, before the case file (.ini) if another is to be used
    #[arg(required = true, num_args = 1..=3, value_name = "[MESH] SOLUTION [CASE]")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    choices: Choices,
}

impl Restart {
    pub fn execute(self) -> ExitCode {
        job::execute(&self.choices, || self.inputs())
    }

    fn inputs(&self) -> Result<Inputs> {
        let (mesh, solution, case) = match &self.files[..] {
            [solution] => (None, solution, None),
            [first, second] if is_solution(first) && !is_solution(second) => (None, first, Some(second)),
            [mesh, solution] => (Some(mesh), solution, None),
            [mesh, solution, case] => (Some(mesh), solution, Some(case)),
            _ => bail!("give a solution file, with a mesh before it or a case file after it where wanted"),
        };
        if ["ini", "msh", "pyfrm", EXTENSION].iter().any(|e| solution.extension().is_some_and(|x| x == *e)) {
            bail!("'{}' is no solution (.ssoln); give [MESH] SOLUTION [CASE]", solution.display());
        }
        let found = solution::inputs(mesh, solution, case, &self.choices.overrides)?;
        let (t, span) = (found.stored.header().t, found.inputs.plan.span);
        if t >= span.tend {
            bail!(
                "{} is at t = {t}, where the case ends (tend = {}); set a later end, as in --set \
                 solver-time-integrator.tend={}",
                solution.display(),
                span.tend,
                t + (span.tend - span.tstart).max(span.dt)
            );
        }
        Ok(found.inputs)
    }
}
