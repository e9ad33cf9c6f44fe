//! Reads the solution files of PyFR 3 (`.pyfrs`, format versions 1 and 2), HDF5 files of this layout:
//!
//! | Object | Type and shape | Content |
//! |---|---|---|
//! | `/version` | integer | 1 or 2 |
//! | `/config`, `/stats` | string | the case; what the run was doing, in the same notation |
//! | `/mesh-uuid` | string | the mesh, of which it is `/mesh-uuid`, too |
//! | `/soln/pN-T` | version 1: f32 or f64 `[elements][fields][points]` | fields as `/stats` lists them, the conserved variables first |
//! | | version 2: compound `[elements]` | `soln` of arrays `[points]`, one for each conserved variable by its name; others are not read |
//! | ... attribute `pts` | f64 `[points][dims]` | reference coordinates of the points |
//! | `/soln/pN-T-idxs` | i64 `[elements]` | elements that are there, when others are not: not supported |
//!
//! N is the order, T the shape; elements are in the order of `/eles/T` of the mesh file, whatever the partitioning was
//! (`pN-T-parts` tells that, and is not read). Reference elements are those of this program.
//!
//! The file is not trusted: types, sizes and numbers are checked before they are used.

mod rows;

use super::Precision;
use crate::element::Shape;
use crate::mesh::pyfr::{Content, PyfrError, Source};
use hdf5::Dataset;
use std::path::{Path, PathBuf};

/// File name extension.
pub const EXTENSION: &str = ".pyfrs";

/// Highest order that is read; above what conditioning allows.
const MAX_ORDER: usize = 40;
/// Most fields of an element.
const MAX_FIELDS: usize = 1000;

/// Why a solution cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PyfrsError {
    /// The file, or what is in it.
    #[error(transparent)]
    File(#[from] PyfrError),
    /// Averages over time.
    #[error(
        "{} holds averages over time, not a solution; take a file that [soln-plugin-writer] wrote", .path.display()
    )]
    Averages {
        /// The file.
        path: PathBuf,
    },
    /// A part of the mesh.
    #[error(
        "{} holds a part of the mesh only ({object}), from which no run can go on; have the writer write all of it (no \
         'region')", .path.display()
    )]
    Subset {
        /// The file.
        path: PathBuf,
        /// The list of elements.
        object: String,
    },
}

/// An open solution file of PyFR; values are read block by block.
#[derive(Debug)]
pub struct Pyfrs {
    source: Source,
    /// Identity of the mesh, given by PyFR.
    pub mesh_uuid: String,
    /// The case, with every value in force.
    pub config: String,
    /// What the run was doing, in the notation of case files: time, fields.
    pub stats: String,
    /// Elements by shape.
    pub blocks: Vec<PyfrsBlock>,
}

/// Elements of one shape.
#[derive(Debug)]
pub struct PyfrsBlock {
    /// Shape of all elements.
    pub shape: Shape,
    /// Polynomial order of all elements.
    pub order: usize,
    /// How many there are.
    pub elements: usize,
    /// Floating point type of the values.
    pub precision: Precision,
    /// Reference coordinates of the solution points, `[point][dimension]`.
    pub points: Vec<f64>,
    /// Name in the file.
    pub object: String,
    dataset: Dataset,
    fields: Fields,
}

/// How the fields of an element are named.
#[derive(Debug)]
enum Fields {
    /// So many by place.
    Places(usize),
    /// By name, in the order of the file.
    Names(Vec<String>),
}

impl Pyfrs {
    /// Opens a file and checks everything in it but the values.
    ///
    /// # Errors
    /// When the file cannot be read, is something else, contradicts itself, or holds what is not supported.
    pub fn open(path: &Path) -> Result<Pyfrs, PyfrsError> {
        let source = Source::open(path, Content::Solution)?;
        if !source.file.link_exists("soln") {
            if source.file.link_exists("tavg") {
                return Err(PyfrsError::Averages { path: path.into() });
            }
            return Err(source.other("it lacks soln").into());
        }
        let mesh_uuid = source.text("/mesh-uuid")?;
        let config = source.text("/config")?;
        let stats = source.text("/stats")?;
        let group = source.file.group("soln").map_err(source.at("/soln"))?;
        let mut names = group.member_names().map_err(source.at("/soln"))?;
        names.sort();
        let mut blocks: Vec<PyfrsBlock> = Vec::new();
        for name in names {
            let object = format!("/soln/{name}");
            if name.ends_with("-idxs") {
                return Err(PyfrsError::Subset { path: path.into(), object });
            }
            if name.ends_with("-parts") {
                continue;
            }
            let dataset = group.dataset(&name).map_err(source.at(&object))?;
            let block = open_block(&name, object.clone(), dataset, source.version, source.len)
                .map_err(|problem| problem.at(&source, &object))?;
            if blocks.iter().any(|b| b.shape == block.shape) {
                return Err(source.invalid(&object, "elements of this shape are there twice").into());
            }
            blocks.push(block);
        }
        Ok(Pyfrs { source, mesh_uuid, config, stats, blocks })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Values of all elements of a block, `[element][variable][point]`, elements in the order of the mesh file; `listed` is
    /// how `/stats` lists the fields.
    ///
    /// # Errors
    /// A file without one of the `variables`, or damaged.
    pub fn values(&self, block: usize, variables: &[&str], listed: &[&str]) -> Result<Vec<f64>, PyfrsError> {
        let block = &self.blocks[block];
        let values = rows::values(block, variables, listed);
        Ok(values.map_err(|problem| problem.at(&self.source, &block.object))?)
    }

    /// An error in an object of this file.
    pub fn invalid(&self, object: &str, what: impl Into<String>) -> PyfrsError {
        self.source.invalid(object, what).into()
    }
}

/// True when the file at `path` has the extension of these files.
pub fn is_pyfrs(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(&EXTENSION[1..]))
}

/// What is wrong with an object.
#[derive(Debug)]
enum Problem {
    Hdf5(hdf5::Error),
    What(String),
}

impl Problem {
    fn what(what: impl Into<String>) -> Problem {
        Problem::What(what.into())
    }

    fn at(self, source: &Source, object: &str) -> PyfrError {
        match self {
            Problem::Hdf5(error) => source.at(object)(error),
            Problem::What(what) => source.invalid(object, what),
        }
    }
}

impl From<hdf5::Error> for Problem {
    fn from(error: hdf5::Error) -> Problem {
        Problem::Hdf5(error)
    }
}

/// Checks everything about a dataset but its values; `len` is the size of the file.
fn open_block(
    name: &str,
    object: String,
    dataset: Dataset,
    version: i64,
    len: u64,
) -> Result<PyfrsBlock, Problem> {
    let parsed = name.strip_prefix('p').and_then(|rest| rest.split_once('-'));
    let parsed = parsed.and_then(|(order, shape)| Some((order.parse().ok()?, Shape::from_name(shape)?)));
    let Some((order, shape)) = parsed.filter(|(order, shape)| *order <= MAX_ORDER && shape.dims() > 1) else {
        let what = format!("its name is not that of elements of an order up to {MAX_ORDER}, such as p3-hex");
        return Err(Problem::What(what));
    };
    let points = shape.points(order);
    let extent = dataset.shape();
    let stored = dataset.dtype()?.to_descriptor()?;
    let (precision, fields) = match version {
        1 => {
            let fields = match extent[..] {
                [_, fields, n] if n == points && (1..=MAX_FIELDS).contains(&fields) => fields,
                _ => {
                    return Err(Problem::What(format!(
                        "its shape is {extent:?}, not [elements, fields, {points}]"
                    )));
                }
            };
            let precision = rows::precision(&stored)
                .ok_or_else(|| Problem::What(format!("its type is {stored}, not float64 or float32")))?;
            (precision, Fields::Places(fields))
        }
        _ => {
            if extent.len() != 1 {
                return Err(Problem::What(format!("its shape is {extent:?}, not [elements]")));
            }
            let (precision, names) = rows::compound(&stored, points)?;
            (precision, Fields::Names(names))
        }
    };
    rows::check_size(&dataset, &stored, len)?;
    let points = rows::reference_points(&dataset, points, shape.dims())?;
    Ok(PyfrsBlock { shape, order, elements: extent[0], precision, points, object, dataset, fields })
}
