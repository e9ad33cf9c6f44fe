//! `solver restart`.

use super::files;
use super::job::{self, Choices, Inputs, beside};
use crate::case::Case;
use crate::output::solution::{EXTENSION, Stored};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Go on from a solution file, alone or under mpirun
///
/// The solution (.ssoln: an output or a checkpoint of a run) holds the case it was computed with, which may be replaced by
/// giving one: with another final time, order, precision, scheme. The number of ranks and the backend are free. When nothing
/// was changed, the run is the same, bit for bit, as one that never stopped.
///
/// The mesh may be given, named in the case, or be the only .smesh file in the current directory. It has to be the one that
/// the solution was computed on; its partitioning may be another.
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
        if !solution.exists() {
            bail!("there is no solution file '{}'", solution.display());
        }
        let overrides = &self.choices.overrides;
        let (case, warnings) = match case {
            Some(case) => Case::read_with(case, overrides)?,
            None => {
                let stored = Stored::open(solution)?;
                let name = format!("case of {}", solution.display());
                Case::parse_with(&name, &stored.header().config, overrides)?
            }
        };
        let plan = case.plan(case.likely_dims())?;
        // The path of a mesh is relative to the case file: the one that is given, or where that of the solution was.
        let named = || {
            let file = case.mesh.file.as_ref()?;
            let from = self.files.last().filter(|f| *f != solution).map(|case| beside(case, file));
            let places = from.into_iter().chain([file.clone(), beside(solution, file)]);
            let mut places = places.peekable();
            let first = places.peek().cloned();
            places.find(|path| path.exists()).or(first)
        };
        let mesh_file = mesh.cloned().or_else(named).map_or_else(files::only_mesh, Ok)?;
        Ok(Inputs { case, plan, warnings, mesh_file, solution: Some(solution.clone()) })
    }
}

/// Whether a file is a solution, by its name.
fn is_solution(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(EXTENSION)
}
