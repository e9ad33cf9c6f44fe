//! Solution files on the command line: with their case and mesh, to go on from or to look at.

use super::files;
use super::job::{self, Choices, Inputs, Job, beside};
use crate::case::{Case, Override};
use crate::output::solution::{EXTENSION, Stored};
use crate::parallel::{AgreedError, Communicator};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A solution file, and the case and mesh that it goes with.
pub struct Found {
    pub stored: Stored,
    pub inputs: Inputs,
}

/// Whether a file is a solution, by its name.
pub fn is_solution(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(EXTENSION)
}

/// Opens a solution; its case is the one in it, or `case`. The mesh is `mesh`, or the one the case names, or the only mesh file
/// here.
///
/// # Errors
/// Files that are missing or damaged, and mistakes in the case.
pub fn inputs(
    mesh: Option<&PathBuf>,
    solution: &Path,
    case: Option<&PathBuf>,
    overrides: &[Override],
) -> Result<Found> {
    if !solution.exists() {
        bail!("there is no solution file '{}'", solution.display());
    }
    let stored = Stored::open(solution)?;
    let (case_file, (case, warnings)) = match case {
        Some(file) => (Some(file), Case::read_with(file, overrides)?),
        None => {
            let name = format!("case of {}", solution.display());
            (None, Case::parse_with(&name, &stored.header().config, overrides)?)
        }
    };
    let plan = case.plan(case.likely_dims())?;
    // The path of a mesh is relative to the case file: the one that is given, or where that of the solution was.
    let named = || {
        let file = case.mesh.file.as_ref()?;
        let given = case_file.map(|case| beside(case, file));
        let places: Vec<PathBuf> = given.into_iter().chain([file.clone(), beside(solution, file)]).collect();
        places.iter().find(|path| path.exists()).or(places.first()).cloned()
    };
    let mesh_file = mesh.cloned().or_else(named).map_or_else(files::only_mesh, Ok)?;
    Ok(Found { stored, inputs: Inputs { case, plan, warnings, mesh_file, solution: Some(solution.into()) } })
}

/// Loads a solution to look at: an engine that holds it, with no more memory for steps than it takes to have one at all.
/// Collective; the threads have been started before.
///
/// # Errors
/// As [`inputs`], and a solution that does not go with the mesh.
pub fn load(
    mesh: Option<&PathBuf>,
    solution: &Path,
    comm: &Arc<dyn Communicator>,
) -> Result<Job, AgreedError> {
    let choices = Choices { backend: Some("cpu".into()), ..Choices::default() };
    let found = || {
        let mut inputs = inputs(mesh, solution, None, &[])?.inputs;
        // What the case says about devices is about runs.
        inputs.warnings.clear();
        Ok(inputs)
    };
    job::prepare(&choices, found, comm, false, |settings| {
        (settings.scheme, settings.estimate) = ("euler".into(), false);
    })
}
