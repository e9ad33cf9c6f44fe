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
mod text;

use super::Precision;
use crate::element::Shape;
use hdf5::{Dataset, File};
use std::path::{Path, PathBuf};

/// File name extension.
pub const EXTENSION: &str = ".pyfrs";

/// Highest order that is read; above what conditioning allows.
const MAX_ORDER: usize = 40;
/// Most fields of an element.
const MAX_FIELDS: usize = 1000;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PyfrsError {
    /// The operating system refused.
    #[error("cannot read {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is no solution file of PyFR: {why}", .path.display())]
    NotASolution {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The flat layout of PyFR 1 and 2.
    #[error(
        "{} has the layout of PyFR before version 3, whose partitioned meshes are not supported; go on from a file that \
         PyFR 3 has written", .path.display()
    )]
    OldLayout {
        /// The file.
        path: PathBuf,
    },
    /// A version of the format that did not exist when this was written.
    #[error("{} has format version {version}, but only 1 and 2 are known", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
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
    /// The HDF5 library refused something.
    #[error("{}: {object}: {source}", .path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// Why it failed.
        source: hdf5::Error,
    },
    /// The HDF5 library does not know the form of what a later one wrote.
    #[error(
        "{}: {object} was written by a later HDF5 library than the one of this program ({library}); convert the file as \
         the README says for meshes (\"Coming from PyFR\")", .path.display()
    )]
    NewerHdf5 {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// Version of the library of this program.
        library: String,
    },
    /// A dataset contradicts the format or the rest of the file.
    #[error("{}: {object}: {what}", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// What is wrong with it.
        what: String,
    },
}

/// An open solution file of PyFR; values are read block by block.
#[derive(Debug)]
pub struct Pyfrs {
    path: PathBuf,
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
        let io = |source| PyfrsError::Io { path: path.into(), source };
        let metadata = std::fs::File::open(path).and_then(|f| f.metadata()).map_err(io)?;
        let not = |why: &str| PyfrsError::NotASolution { path: path.into(), why: why.into() };
        if !metadata.is_file() {
            return Err(not("it is not a regular file"));
        }
        let file = File::open(path).map_err(|e| not(&format!("HDF5 cannot open it ({e})")))?;
        let has = |name: &&str| file.link_exists(name);
        if !["config", "stats", "mesh-uuid", "version"].iter().all(has) {
            let names = file.member_names().unwrap_or_default();
            if names.iter().any(|n| n.starts_with("soln_")) {
                return Err(PyfrsError::OldLayout { path: path.into() });
            }
            return Err(not("it lacks one of config, stats, mesh-uuid, version"));
        }
        let place = |(object, problem): (String, Problem)| problem.at(path, object);
        let version = text::version(&file).map_err(place)?;
        if !(1..=2).contains(&version) {
            return Err(PyfrsError::Version { path: path.into(), version });
        }
        if !file.link_exists("soln") {
            if file.link_exists("tavg") {
                return Err(PyfrsError::Averages { path: path.into() });
            }
            return Err(not("it lacks soln"));
        }
        let text = |name: &str| text::scalar(&file, name).map_err(place);
        let (mesh_uuid, config, stats) = (text("mesh-uuid")?, text("config")?, text("stats")?);
        let group = file.group("soln").map_err(|e| place(("/soln".into(), e.into())))?;
        let mut names = group.member_names().map_err(|e| place(("/soln".into(), e.into())))?;
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
            let place = |problem: Problem| problem.at(path, object.clone());
            let dataset = group.dataset(&name).map_err(|e| place(e.into()))?;
            let block = open_block(&name, object.clone(), dataset, version, metadata.len()).map_err(place)?;
            if blocks.iter().any(|b| b.shape == block.shape) {
                return Err(place(Problem::what("elements of this shape are there twice")));
            }
            blocks.push(block);
        }
        Ok(Pyfrs { path: path.into(), mesh_uuid, config, stats, blocks })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Values of all elements of a block, `[element][variable][point]`, elements in the order of the mesh file; `listed` is
    /// how `/stats` lists the fields.
    ///
    /// # Errors
    /// A file without one of the `variables`, or damaged.
    pub fn values(&self, block: usize, variables: &[&str], listed: &[&str]) -> Result<Vec<f64>, PyfrsError> {
        let block = &self.blocks[block];
        rows::values(block, variables, listed).map_err(|problem| problem.at(&self.path, block.object.clone()))
    }

    /// An error in an object of this file.
    pub fn invalid(&self, object: &str, what: impl Into<String>) -> PyfrsError {
        Problem::What(what.into()).at(&self.path, object.into())
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

    fn at(self, path: &Path, object: String) -> PyfrsError {
        let path = path.into();
        match self {
            Problem::Hdf5(source) if source.to_string().contains("bad version number") => {
                let (major, minor, release) = hdf5::library_version();
                PyfrsError::NewerHdf5 { path, object, library: format!("{major}.{minor}.{release}") }
            }
            Problem::Hdf5(source) => PyfrsError::Hdf5 { path, object, source },
            Problem::What(what) => PyfrsError::Invalid { path, object, what },
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
