//! A run goes on from a solution file: on any number of ranks, any backend, in another precision or at another order.
//!
//! Every rank opens the file and reads the elements that are its own. Where order and points are those of the file the
//! values are taken as they are, so that a run that goes on is the same, bit for bit, as one that never stopped; else
//! they are carried over by [`transfer`].

use crate::backend::discretisation::Block;
use crate::element::Shape;
use crate::element::transfer::transfer;
use crate::engine::{Engine, EngineError, KeptFields};
use crate::mesh::local::LocalMesh;
use crate::monitor::Moment;
use crate::output::OutputError;
use crate::output::solution::Stored;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;
use std::path::PathBuf;

/// Elements of a file that are read in one go, at most, and how many of others may lie between two that are wanted.
const PIECE: usize = 4096;
const GAP: usize = 64;
/// How far apart points may be that count as the same.
const SAME: f64 = 1e-13;

/// Why a run cannot go on from a solution.
#[derive(Debug, thiserror::Error)]
pub enum RestartError {
    /// The file.
    #[error(transparent)]
    File(#[from] OutputError),
    /// The device failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It was computed on another mesh.
    #[error(
        "{} belongs to another mesh (uuid {theirs}) than the one given ({ours}), or the mesh was changed after it was written; \
         give the mesh it was computed on ('solver info' shows the uuid of either)", path.display()
    )]
    Mesh {
        /// The file.
        path: PathBuf,
        /// The mesh of the solution.
        theirs: String,
        /// The mesh of the run.
        ours: String,
    },
    /// It is of another number of dimensions or has other variables.
    #[error(
        "{} holds a solution of the system '{system}' with the variables {}, but the case has {}; use the case it was \
         computed with, or one of the same variables", path.display(), theirs.join(", "), ours.join(", ")
    )]
    Variables {
        /// The file.
        path: PathBuf,
        /// The system of the solution.
        system: String,
        /// Its variables.
        theirs: Vec<String>,
        /// Those of the run.
        ours: Vec<String>,
    },
    /// An element of the mesh is not in the file.
    #[error(
        "{} has no values for element {element} of the mesh; it is part of a solution, or damaged", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// Global id.
        element: u32,
    },
    /// A value is not a finite number.
    #[error(
        "{}: {variable} = {value} in element {element}: the solution had broken down when it was written; go on from an \
         earlier one", path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Conserved variable.
        variable: String,
        /// Its value.
        value: f64,
        /// Global id.
        element: u32,
    },
}

/// Where the values of an element of the run are.
struct Place {
    /// Block of the file, and element of that block.
    block: usize,
    row: usize,
    /// Element of the run's block.
    element: usize,
}

/// Whether a solution belongs to a mesh; worth asking before an engine is built.
///
/// # Errors
/// It belongs to another one.
pub fn same_mesh(stored: &Stored, mesh: &LocalMesh) -> Result<(), RestartError> {
    let (theirs, ours) = (&stored.header().mesh_uuid, &mesh.uuid);
    if theirs == ours {
        return Ok(());
    }
    Err(RestartError::Mesh { path: stored.path().to_owned(), theirs: theirs.clone(), ours: ours.clone() })
}

/// Sets `engine` to the solution of a file, with all that was kept for going on; where that run stood. The outcome may differ
/// between ranks, which have to agree on it.
///
/// # Errors
/// See [`RestartError`]; the engine's solution is then undefined.
pub fn restore(engine: &mut Engine, stored: &Stored) -> Result<Moment, RestartError> {
    let header = stored.header();
    let space = engine.space();
    let (path, ours) = (|| stored.path().to_owned(), space.variables.conserved());
    same_mesh(stored, &space.mesh)?;
    if header.dims != space.discretisation.dims || header.variables != ours {
        let ours = ours.into_iter().map(String::from).collect();
        let (system, theirs) = (header.system.clone(), header.variables.clone());
        return Err(RestartError::Variables { path: path(), system, theirs, ours });
    }
    let mut kept: Vec<KeptFields> =
        (header.kept.values()).map(|names| KeptFields { names: names.clone(), blocks: vec![] }).collect();
    let mut carried = Carried { stored, matrices: (0..stored.blocks().len()).map(|_| None).collect() };
    for (b, block) in space.discretisation.blocks.iter().enumerate() {
        let places = places(stored, block)?;
        let values = carried.take(block, ours.len(), &places, |b, rows| stored.values(b, rows))?;
        if let Some(i) = values.iter().position(|x| !x.is_finite()) {
            let (row, value) = (i / block.points_per_element(), values[i]);
            let (element, variable) = (block.ids[row / ours.len()], ours[row % ours.len()].into());
            return Err(RestartError::NotFinite { path: path(), variable, value, element });
        }
        engine.set_solution(b, &values)?;
        for (n, fields) in kept.iter_mut().enumerate() {
            let read = |b, rows| stored.kept(b, n, rows);
            let values = carried.take(block, fields.names.len(), &places, read)?;
            if let Some(i) = values.iter().position(|x| !x.is_finite()) {
                let (row, value) = (i / block.points_per_element(), values[i]);
                let (element, variable) =
                    (block.ids[row / fields.names.len()], fields.names[row % fields.names.len()].clone());
                return Err(RestartError::NotFinite { path: path(), variable, value, element });
            }
            fields.blocks.push(values);
        }
    }
    for (name, fields) in header.kept.keys().zip(kept) {
        engine.keep_fields(name.clone(), fields);
    }
    for (name, numbers) in &header.state {
        engine.keep(name.clone(), numbers.clone());
    }
    Ok(Moment { t: header.t, dt: header.dt, step: header.step })
}

/// Where the elements of a block of the run are in the file, in the order of the file.
fn places(stored: &Stored, block: &Block) -> Result<Vec<Place>, RestartError> {
    let of_shape = |shape: Shape| (stored.blocks().iter().enumerate()).filter(move |(_, b)| b.shape == shape);
    let mut places = vec![];
    for (element, id) in block.ids.iter().enumerate() {
        let found = of_shape(block.operators.shape)
            .find_map(|(b, stored)| Some((b, stored.ids.binary_search(id).ok()?)));
        let missing = || RestartError::Missing { path: stored.path().to_owned(), element: *id };
        let (block, row) = found.ok_or_else(missing)?;
        places.push(Place { block, row, element });
    }
    places.sort_unstable_by_key(|p| (p.block, p.row));
    Ok(places)
}

/// From the orders and points of the file to those of the run.
struct Carried<'a> {
    stored: &'a Stored,
    /// By block of the file, made when first needed: the matrix, or none where values stay as they are.
    matrices: Vec<Option<Option<Array2<f64>>>>,
}

impl Carried<'_> {
    /// The values of the elements of a block of the run, `[element][field][point]`; `read` takes some of the file's.
    fn take(
        &mut self,
        block: &Block,
        fields: usize,
        places: &[Place],
        read: impl Fn(usize, Range<usize>) -> Result<Vec<f64>, OutputError>,
    ) -> Result<Vec<f64>, RestartError> {
        let size = fields * block.points_per_element();
        let mut values = vec![0.0; size * block.len()];
        let mut rest = places;
        while let [first, ..] = rest {
            let near = |pair: &[Place]| {
                let (a, b) = (&pair[0], &pair[1]);
                b.block == first.block && b.row - a.row <= GAP && b.row - first.row < PIECE
            };
            let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
            let (piece, next) = rest.split_at(count);
            let last = piece.last().map_or(first.row, |p| p.row);
            let matrix = self.matrix(first.block, block)?;
            let read = read(first.block, first.row..last + 1)?;
            let stored_size = read.len() / (last + 1 - first.row);
            for place in piece {
                let from = &read[(place.row - first.row) * stored_size..][..stored_size];
                let to = &mut values[place.element * size..][..size];
                match matrix {
                    None => to.copy_from_slice(from),
                    Some(matrix) => {
                        let from = ArrayView2::from_shape((fields, matrix.ncols()), from);
                        let from = from.expect("the file's sizes were checked");
                        to.iter_mut().zip(from.dot(&matrix.t())).for_each(|(to, x)| *to = x);
                    }
                }
            }
            rest = next;
        }
        Ok(values)
    }

    /// The matrix from block `b` of the file to the points of `block`, which has the same shape.
    fn matrix(&mut self, b: usize, block: &Block) -> Result<Option<&Array2<f64>>, RestartError> {
        if self.matrices[b].is_none() {
            let stored = &self.stored.blocks()[b];
            let shape = stored.shape;
            let (n, dims) = (shape.points(stored.order), shape.dims());
            let damaged = || {
                let problem = "these points determine no polynomial of the order".to_string();
                self.stored.malformed(b, "points".into(), problem)
            };
            let points = Array2::from_shape_vec((n, dims), stored.reference_points.clone());
            let (points, ours) = (points.map_err(|_| damaged())?, &block.operators.points);
            let same =
                points.dim() == ours.dim() && points.iter().zip(ours).all(|(a, b)| (a - b).abs() < SAME);
            let to = block.operators.order;
            let made = if same {
                None
            } else {
                Some(transfer(shape, (stored.order, &points), (to, ours)).ok_or_else(damaged)?)
            };
            self.matrices[b] = Some(made);
        }
        Ok(self.matrices[b].as_ref().and_then(Option::as_ref))
    }
}
