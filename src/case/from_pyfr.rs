//! Solutions of PyFR as solutions of this program: the case in the file says which variables there are, the mesh which element
//! is which.

use super::{Case, CaseErrors, Ini};
use crate::element::transfer::transfer;
use crate::element::{Shape, points};
use crate::mesh::connect::{Connected, Notice};
use crate::output::pyfrs::{Pyfrs, PyfrsBlock, PyfrsError};
use crate::output::solution::{SolutionBlock, SolutionHeader};
use ndarray::Array2;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why a solution cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum FromPyfrError {
    /// The file.
    #[error(transparent)]
    File(#[from] PyfrsError),
    /// The case in it.
    #[error("the case in {}: {source}", .path.display())]
    Case {
        /// The file.
        path: PathBuf,
        /// Every mistake.
        source: CaseErrors,
    },
    /// It was computed on another mesh.
    #[error(
        "{} was computed on another mesh (uuid {theirs}) than the one given ({ours}); give the .pyfrm file that it was \
         computed on", .path.display()
    )]
    Mesh {
        /// The file.
        path: PathBuf,
        /// The mesh of the solution.
        theirs: String,
        /// The mesh given.
        ours: String,
    },
    /// The mesh has other elements.
    #[error(
        "{} has {theirs} {} elements, but the mesh has {ours}; it is part of a solution, or damaged", .path.display(),
        .shape.name()
    )]
    Count {
        /// The file.
        path: PathBuf,
        /// Their shape.
        shape: Shape,
        /// In the solution.
        theirs: usize,
        /// In the mesh.
        ours: usize,
    },
    /// Elements whose reference coordinates are not those of the file any more.
    #[error(
        "elements of the mesh were turned over when it was imported, so that it is not known where the points of {} are",
        .path.display()
    )]
    Turned {
        /// The file.
        path: PathBuf,
    },
    /// A value is not a finite number.
    #[error(
        "{}: {variable} = {value} in {} element {element}: the solution had broken down when it was written; take an \
         earlier one", .path.display(), .shape.name()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Conserved variable.
        variable: String,
        /// Its value.
        value: f64,
        /// Shape of the element.
        shape: Shape,
        /// Its number among those of its shape, from 0.
        element: usize,
    },
}

/// The solution in `file` on the mesh `connected`, which was made of the mesh file with the identity `mesh_uuid`.
///
/// # Errors
/// See [`FromPyfrError`].
pub fn import(
    file: &Pyfrs,
    connected: &Connected,
    mesh_uuid: &str,
) -> Result<(SolutionHeader, Vec<SolutionBlock>), FromPyfrError> {
    let path = || file.path().to_owned();
    if file.mesh_uuid != mesh_uuid {
        return Err(FromPyfrError::Mesh {
            path: path(),
            theirs: file.mesh_uuid.clone(),
            ours: mesh_uuid.into(),
        });
    }
    if connected.notices.iter().any(|notice| matches!(notice, Notice::Flipped { .. })) {
        return Err(FromPyfrError::Turned { path: path() });
    }
    let of_case = |source| FromPyfrError::Case { path: path(), source };
    let (case, _) = Case::parse("config", &file.config).map_err(of_case)?;
    let dims = connected.mesh.dims;
    let variables = case.conserved(dims).map_err(of_case)?;
    let stats = Stats::read(file)?;
    let listed: Vec<&str> = stats.fields.iter().map(String::as_str).collect();

    let mut blocks = Vec::new();
    for (n, block) in file.blocks.iter().enumerate() {
        if block.shape.dims() != dims {
            let what = format!("{} elements in {dims} dimensions", block.shape.name());
            return Err(file.invalid(&block.object, what).into());
        }
        if block.order != case.solver.order {
            let what = format!(
                "its order is {}, but that of the case in the file {}",
                block.order, case.solver.order
            );
            return Err(file.invalid(&block.object, what).into());
        }
        let rows = rows(file, connected, block.shape, block.elements)?;
        if rows.is_empty() {
            continue;
        }
        let name = case.point_sets.solution_name(block.shape);
        check_points(file, block, name)?;
        let values = file.values(n, &variables, &listed)?;
        let per = block.shape.points(block.order);
        if let Some(i) = values.iter().position(|x| !x.is_finite()) {
            let (row, shape) = (i / per, block.shape);
            let (element, variable) = (row / variables.len(), variables[row % variables.len()].into());
            return Err(FromPyfrError::NotFinite {
                path: path(),
                variable,
                value: values[i],
                shape,
                element,
            });
        }
        let size = variables.len() * per;
        blocks.push(SolutionBlock {
            shape: block.shape,
            order: block.order,
            values: rows.iter().flat_map(|(_, row)| &values[row * size..][..size]).copied().collect(),
            ids: rows.into_iter().map(|(id, _)| id).collect(),
            reference_points: block.points.clone(),
            points_name: name.into(),
            kept: BTreeMap::new(),
            gradients: None,
        });
    }
    for block in &connected.mesh.blocks {
        if !file.blocks.iter().any(|b| b.shape == block.shape) {
            rows(file, connected, block.shape, 0)?;
        }
    }
    let Some(precision) = file.blocks.first().map(|b| b.precision) else {
        return Err(file.invalid("/soln", "it holds no elements").into());
    };
    if let Some(other) = file.blocks.iter().find(|b| b.precision != precision) {
        return Err(file.invalid(&other.object, "its precision is not that of the other elements").into());
    }
    let header = SolutionHeader {
        mesh_uuid: connected.mesh.uuid.clone(),
        config: case.effective().into(),
        config_source: file.config.clone(),
        t: stats.t,
        dt: case.time.dt,
        step: stats.steps,
        system: case.solver.system.value.clone(),
        order: case.solver.order,
        dims,
        precision,
        variables: variables.into_iter().map(String::from).collect(),
        state: BTreeMap::new(),
        kept: BTreeMap::new(),
    };
    Ok((header, blocks))
}

/// Global id in the mesh of each element of a shape, ascending, and its row among the `count` of the file.
fn rows(
    file: &Pyfrs,
    connected: &Connected,
    shape: Shape,
    count: usize,
) -> Result<Vec<(u32, usize)>, FromPyfrError> {
    let Connected { mesh, origin, .. } = connected;
    let (mut rows, mut first) = (Vec::new(), 0);
    for (b, block) in mesh.blocks.iter().enumerate() {
        if block.shape == shape {
            let row = |e| (first + e as u32, usize::try_from(origin.number(b, e)).unwrap_or(usize::MAX));
            rows.extend((0..block.len()).map(row));
        }
        first += block.len() as u32;
    }
    // Numbers of elements of one shape count from 0.
    if rows.len() != count || rows.iter().any(|(_, row)| *row >= count) {
        let path = file.path().to_owned();
        return Err(FromPyfrError::Count { path, shape, theirs: count, ours: rows.len() });
    }
    Ok(rows)
}

/// Refuses points that determine no polynomial.
fn check_points(file: &Pyfrs, block: &PyfrsBlock, name: &str) -> Result<(), PyfrsError> {
    let (shape, order) = (block.shape, block.order);
    let at = Array2::from_shape_vec((shape.points(order), shape.dims()), block.points.clone());
    let known = points::points(shape, name, order).map_err(|e| file.invalid("/config", e.to_string()))?;
    let matrix = at.ok().and_then(|at| transfer(shape, (order, &at), (order, &known)));
    match matrix {
        Some(_) => Ok(()),
        None => Err(file
            .invalid(&block.object, "its points (attribute \"pts\") determine no polynomial of its order")),
    }
}

/// What `/stats` says.
struct Stats {
    t: f64,
    steps: u64,
    fields: Vec<String>,
}

impl Stats {
    fn read(file: &Pyfrs) -> Result<Stats, PyfrsError> {
        let (ini, errors) = Ini::parse("stats", &file.stats);
        if !errors.is_empty() {
            return Err(file.invalid("/stats", errors.to_string()));
        }
        let get = |section: &str, key: &str| ini.get(section, key).map(|entry| entry.raw.trim());
        let required = |section: &str, key: &str| {
            get(section, key).ok_or_else(|| file.invalid("/stats", format!("it has no {key} in [{section}]")))
        };
        let prefix = required("data", "prefix")?;
        if prefix != "soln" {
            return Err(
                file.invalid("/stats", format!("its prefix is {prefix:?}, not \"soln\": no solution"))
            );
        }
        let fields = required("data", "fields")?.split(',').map(|name| name.trim().to_string()).collect();
        let time = required("solver-time-integrator", "tcurr")?;
        let t = time.parse().ok().filter(|t: &f64| t.is_finite());
        let t = t.ok_or_else(|| file.invalid("/stats", format!("tcurr = {time:?} is no time")))?;
        let steps = get("solver-time-integrator", "nacptsteps").and_then(|n| n.parse().ok()).unwrap_or(0);
        Ok(Stats { t, steps, fields })
    }
}
