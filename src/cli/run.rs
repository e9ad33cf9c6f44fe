//! `solver run`.

use super::files;
use super::job::{self, Choices, Inputs, beside};
use crate::case::Case;
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run a case, alone or under mpirun
///
/// The mesh may be given, named in the case ([mesh] file = ...), or be the only .smesh file in the current directory; a
/// Gmsh file (.msh) is imported on the fly. Each rank reads its own part of a mesh file. If the mesh holds no partitioning
/// for this number of ranks, the first rank reads all of it and makes one, for which it needs the memory.
///
/// Ctrl-C or the signal TERM let the run finish its step, write a checkpoint and leave; a second Ctrl-C ends it at once. The
/// signal USR1 asks for a checkpoint. Under mpirun, which kills ranks a second after it was told to stop, allow more time:
/// mpirun --mca odls_base_sigkill_timeout 60 (Open MPI).
///
/// Exit status: 0 the final time was reached; 1 failed; 2 wrong arguments; 3 stopped before, and 'solver restart' goes on;
/// 4 the solution broke down.
#[derive(clap::Args, Debug)]
pub struct Run {
    /// The case file (.ini), after the mesh if one is to be named here
    #[arg(required = true, num_args = 1..=2, value_name = "[MESH] CASE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub choices: Choices,
}

impl Run {
    pub fn execute(self) -> ExitCode {
        job::execute(&self.choices, || self.inputs())
    }

    /// Reads the case and finds the mesh. Everything that can be wrong in the case is found before the mesh is touched.
    pub fn inputs(&self) -> Result<Inputs> {
        let (mesh_file, case_file) = files::mesh_and_case(&self.files)?;
        let (case, warnings) = Case::read_with(case_file, &self.choices.overrides)?;
        let plan = case.plan(case.likely_dims())?;
        let mesh_file = mesh_file.cloned().or_else(|| case.mesh.file.as_ref().map(|f| beside(case_file, f)));
        let mesh_file = mesh_file.map_or_else(files::only_mesh, Ok)?;
        Ok(Inputs { case, plan, warnings, mesh_file, solution: None })
    }
}
