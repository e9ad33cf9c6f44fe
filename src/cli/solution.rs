//! Solution files on the command line: with their case and mesh, to go on from or to look at.

use super::files;
use super::job::{self, Choices, Inputs, Job, beside};
use crate::case::{Case, Override};
use crate::engine::Engine;
use crate::output::pyfrs::is_pyfrs;
use crate::output::solution::{EXTENSION, SolutionBlock, SolutionHeader, Stored, read_averages};
use crate::parallel::{AgreedError, Communicator, agree};
use crate::run::restart::RestartError;
use anyhow::{Context, Result, bail};
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
    if is_pyfrs(solution) {
        bail!(
            "'{}' is a solution of PyFR; import it first: solver import {} MESH.pyfrm",
            solution.display(),
            solution.display()
        );
    }
    let stored = Stored::open(solution)?;
    let mut inputs = of_text(mesh, solution, &stored.header().config, case, overrides)?;
    inputs.solution = Some(solution.into());
    Ok(Found { stored, inputs })
}

/// The case that is in a file as the text `config`, or `case`, and the mesh that goes with it.
fn of_text(
    mesh: Option<&PathBuf>,
    solution: &Path,
    config: &str,
    case: Option<&PathBuf>,
    overrides: &[Override],
) -> Result<Inputs> {
    let (case_file, (case, warnings)) = match case {
        Some(file) => (Some(file), Case::read_with(file, overrides)?),
        None => {
            let name = format!("case of {}", solution.display());
            (None, Case::parse_with(&name, config, overrides)?)
        }
    };
    let plan = case.plan(case.likely_dims())?;
    // The path of a mesh is relative to the case file that is given; that of a solution tells where it was, and the mesh may
    // have been moved with the solution.
    let named = || {
        let file = case.mesh.file.as_ref()?;
        let given = case_file.map(|case| beside(case, file));
        let moved = file.file_name().map(Path::new);
        let moved = moved.into_iter().flat_map(|name| [beside(solution, name), name.to_path_buf()]);
        let places: Vec<PathBuf> =
            given.into_iter().chain([file.clone(), beside(solution, file)]).chain(moved).collect();
        let there = places.iter().find(|path| path.exists()).cloned();
        there.or_else(|| files::only_mesh().ok()).or(places.first().cloned())
    };
    let mesh_file = mesh.cloned().or_else(named).map_or_else(files::only_mesh, Ok)?;
    Ok(Inputs { case, plan, warnings, mesh_file, solution: None })
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
    prepare(|| Ok(inputs(mesh, solution, None, &[])?.inputs), comm)
}

/// An engine to look at things with.
fn prepare(
    inputs: impl FnOnce() -> Result<Inputs>,
    comm: &Arc<dyn Communicator>,
) -> Result<Job, AgreedError> {
    let choices = Choices { backend: Some("cpu".into()), ..Choices::default() };
    let found = || {
        let mut inputs = inputs()?;
        // What the case says about devices is about runs.
        inputs.warnings.clear();
        Ok(inputs)
    };
    job::prepare(&choices, found, comm, false, |settings| {
        (settings.scheme, settings.estimate) = ("euler".into(), false);
    })
}

/// Averages over time, with an engine of their case and mesh, which holds the initial state.
pub struct Averages {
    pub engine: Engine,
    pub header: SolutionHeader,
    /// Block by block as the engine's solution, `[element][average][point]`.
    pub values: Vec<Vec<f64>>,
}

/// Loads a file of averages to look at. Collective; the threads have been started before.
///
/// # Errors
/// Files that are missing or damaged, and averages that do not go with the mesh.
pub fn load_averages(
    mesh: Option<&PathBuf>,
    file: &Path,
    comm: &Arc<dyn Communicator>,
) -> Result<Averages, AgreedError> {
    let (header, blocks) = agree(&**comm, read_averages(file))?;
    let inputs = || of_text(mesh, file, &header.config, None, &[]);
    let engine = prepare(inputs, comm)?.engine;
    let values = agree(&**comm, averages_of(&engine, file, &header, &blocks))?;
    Ok(Averages { engine, header, values })
}

/// The averages in a file in the elements of `engine`.
fn averages_of(
    engine: &Engine,
    file: &Path,
    header: &SolutionHeader,
    blocks: &[SolutionBlock],
) -> Result<Vec<Vec<f64>>> {
    if engine.mesh().uuid != header.mesh_uuid {
        let (theirs, ours) = (header.mesh_uuid.clone(), engine.mesh().uuid.clone());
        return Err(RestartError::Mesh { path: file.into(), theirs, ours }.into());
    }
    let mut values = vec![];
    for block in &engine.discretisation().blocks {
        let (shape, points) = (block.operators.shape, &block.operators.points);
        let size = header.variables.len() * block.points_per_element();
        let mut all = Vec::with_capacity(size * block.len());
        for id in &block.ids {
            let stored = blocks.iter().filter(|b| b.shape == shape);
            let found = stored.filter_map(|b| Some((b, b.ids.binary_search(id).ok()?))).next();
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
            let (stored, row) =
                found.with_context(|| format!("{} has no element {id} of the mesh", file.display()))?;
            if stored.reference_points.len() != points.len()
                || !stored.reference_points.iter().zip(points).all(near)
            {
                bail!("{}: its points are not those of the case in it", file.display());
            }
            all.extend_from_slice(&stored.values[row * size..(row + 1) * size]);
        }
        values.push(all);
    }
    Ok(values)
}
