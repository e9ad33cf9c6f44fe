//! The HDF5 mesh file (recommended extension `.smesh`).
//!
//! | Object | Type and shape | Content |
//! |---|---|---|
//! | attributes of `/` | | `format` = `solver-mesh`, `version` = 1, `creator`, `uuid`, `dims` |
//! | `/nodes` | f64 `[nodes][dims]` | coordinates |
//! | `/elements/NN-SHAPE-oK` | group | a block of elements, `NN` = 00, 01, ... in order; attributes `shape`, `order` |
//! | `.../nodes` | u32 `[elements][nodes an element]` | rows of `/nodes` in lattice order (x fastest) |
//! | `.../neighbour` | u32 `[elements][faces]` | global id of the neighbour, or index of the boundary |
//! | `.../face` | u8 `[elements][faces]` | the neighbour's face; 255 for a boundary |
//! | `.../rotation` | u8 `[elements][faces]` | how the vertex lists meet; 0 for a boundary |
//! | `/boundaries` | UTF-8 strings of 256 bytes `[boundaries]` | sorted names; absent when there are none |
//! | `/partitionings/NAME` | group | attribute `parts` |
//! | `.../part_of` | u32 `[elements]` | part of each element by global id |
//!
//! Global ids count the elements through the blocks in order. Faces, vertices and rotations are those of
//! [`crate::element::shape`]. Numbers are compressed (shuffle, deflate) and carry checksums, as does the file's own
//! structure (HDF5 1.10 format), so that damage is noticed. Files appear whole or not at all: they are written under
//! another name in the same folder, brought to disk, then renamed; changing a file changes a copy of it.

mod read;
#[cfg(test)]
mod tests;
mod write;

use super::validate::{InvalidMesh, InvalidPartitioning};
use super::{Mesh, Partitioning};
use crate::files;
use hdf5::types::FixedUnicode;
use std::path::{Path, PathBuf};

/// Value of the attribute `format`.
const FORMAT: &str = "solver-mesh";

/// Value of the attribute `version`.
const VERSION: u32 = 1;

/// In dataset `face`, marks a boundary.
const BOUNDARY: u8 = 255;

/// A name in the file.
type Name = FixedUnicode<256>;

/// Why a mesh file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused something.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
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
    /// The file is something else.
    #[error("{} is not a mesh file: {why}; import Gmsh files first", .path.display())]
    NotAMesh {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The file was written by a later version of this program.
    #[error("{} has mesh format version {version}, but only version 1 is known; use a newer version of this program", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A dataset or attribute that contradicts the format or the rest of the file.
    #[error("{}: {object}: {what}; the file is damaged, import the mesh again", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// What is wrong with it.
        what: String,
    },
    /// The mesh contradicts itself.
    #[error("{}: {source}", .path.display())]
    Mesh {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: InvalidMesh,
    },
    /// A boundary name the file cannot hold.
    #[error("boundary name \"{0}\" cannot be stored: at most 256 bytes, none of them zero")]
    BoundaryName(String),
    /// A name that no partitioning can have.
    #[error("\"{0}\" is no name for a partitioning: use 1 to 64 letters, digits, and _ - . (not first)")]
    PartitioningName(String),
    /// There is one of this name already.
    #[error("{} already has a partitioning \"{name}\"; remove it first or choose another name", .path.display())]
    PartitioningExists {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There is none of this name.
    #[error("{} has no partitioning \"{name}\"; it has {}", .path.display(), list(.present))]
    PartitioningMissing {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The names there are.
        present: Vec<String>,
    },
    /// A partitioning that does not fit the mesh of the file.
    #[error("partitioning \"{name}\" does not fit {}: {source}", .path.display())]
    Partitioning {
        /// The file.
        path: PathBuf,
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: InvalidPartitioning,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Writes `mesh` to `path`, replacing any file there once the new one is complete.
///
/// # Errors
/// An invalid mesh, names too long for the file, or whatever the file system says.
pub fn write(mesh: &Mesh, path: impl AsRef<Path>) -> Result<(), StoreError> {
    let path = path.as_ref();
    mesh.validate().map_err(|source| StoreError::Mesh { path: path.into(), source })?;
    mesh.partitionings.keys().try_for_each(|name| check_name(name))?;
    replace(path, |temporary| write::create(mesh, temporary, path))
}

/// Reads the mesh file at `path` and checks all of it.
///
/// # Errors
/// A file that is missing, something else, too new, or damaged: names the file and the dataset.
pub fn read(path: impl AsRef<Path>) -> Result<Mesh, StoreError> {
    read::Reader::open(path.as_ref())?.mesh()
}

/// True when `path` is a file whose first object says that it is a mesh (which may still turn out to be damaged).
pub fn is_mesh_file(path: impl AsRef<Path>) -> bool {
    match read::Reader::open(path.as_ref()) {
        Ok(_) | Err(StoreError::Version { .. }) => true,
        Err(_) => false,
    }
}

/// Adds a partitioning to the mesh file at `path`.
///
/// # Errors
/// A bad or taken name, a partitioning for another number of elements or with empty parts, an unreadable file.
pub fn add_partitioning(
    path: impl AsRef<Path>,
    name: &str,
    partitioning: &Partitioning,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    check_name(name)?;
    let reader = read::Reader::open(path)?;
    if reader.partitionings()?.iter().any(|n| n == name) {
        return Err(StoreError::PartitioningExists { path: path.into(), name: name.into() });
    }
    partitioning.validate(reader.elements()?).map_err(|source| StoreError::Partitioning {
        path: path.into(),
        name: name.into(),
        source,
    })?;
    drop(reader);
    replace(path, |temporary| write::copy_and_add(path, temporary, name, partitioning))
}

/// Removes a partitioning from the mesh file at `path`.
///
/// # Errors
/// A name the file does not have, an unreadable file.
pub fn remove_partitioning(path: impl AsRef<Path>, name: &str) -> Result<(), StoreError> {
    let path = path.as_ref();
    let reader = read::Reader::open(path)?;
    let mut keep = reader.partitionings()?;
    match keep.iter().position(|n| n == name) {
        Some(i) => keep.remove(i),
        None => {
            let (path, name) = (path.into(), name.into());
            return Err(StoreError::PartitioningMissing { path, name, present: keep });
        }
    };
    // A new file instead of unlinking: HDF5 would leave the space unused.
    replace(path, |temporary| write::copy_without(&reader, &keep, temporary))
}

/// Writes `path` whole or not at all.
fn replace(path: &Path, fill: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    files::replace(path, fill, |source| StoreError::Io { path: path.into(), action: "write", source })
}

/// Refuses names that HDF5 paths or command lines would misread.
fn check_name(name: &str) -> Result<(), StoreError> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fits = (1..=64).contains(&name.len()) && name.chars().all(good);
    if fits && name.starts_with(char::is_alphanumeric) {
        Ok(())
    } else {
        Err(StoreError::PartitioningName(name.into()))
    }
}
