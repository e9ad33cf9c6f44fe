//! The HDF5 mesh file (recommended extension `.smesh`).
//!
//! | Object | Type and shape | Content |
//! |---|---|---|
//! | attributes of `/` | | `format` = `solver-mesh`, `version` = 2, `creator`, `uuid`, `dims` |
//! | `/nodes` | f64 `[nodes][dims]` | coordinates |
//! | `/elements/NN-SHAPE-oK` | group | a block of elements, `NN` = 00, 01, ... in order; attributes `shape`, `order` |
//! | `.../nodes` | u32 `[elements][nodes an element]` | rows of `/nodes` in lattice order (x fastest) |
//! | `.../neighbour` | u32 `[elements][faces]` | global id of the neighbour, or index of the boundary |
//! | `.../face` | u8 `[elements][faces]` | the neighbour's face; 255 for a boundary |
//! | `.../rotation` | u8 `[elements][faces]` | how the vertex lists meet; 0 for a boundary |
//! | `/boundaries` | UTF-8 strings of 256 bytes `[boundaries]` | sorted names; absent when there are none |
//! | `/partitionings/NAME` | group | attribute `parts` |
//! | `.../elements` | u32 `[elements]` | global ids sorted by part, then id |
//! | `.../offsets` | u64 `[parts + 1]` | where each part starts in `elements`, and the end of the last |
//! | `.../part_of` | u32 `[elements]` | part of each element by global id |
//!
//! Global ids count the elements through the blocks in order. Faces, vertices and rotations are those of
//! [`crate::element::shape`]. A rank reads the rows of its own elements and of those beyond its faces, wherever they stand
//! ([`MeshFile::read_part`]); what it reads and keeps does not depend on the size of the whole mesh.
//!
//! Numbers are chunked and carry checksums, as does the file's own structure (HDF5 1.10 format), so that damage is noticed.
//! They are not compressed: deflate made writing ten times slower to save half of the space, and faster filters are not
//! part of every HDF5 library. Files appear whole or not at all: they are written under another name in the same folder,
//! brought to disk, then renamed; changing a file changes a copy of it.

mod division;
mod error;
mod file;
mod part;
mod reader;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use error::StoreError;
pub use file::MeshFile;

use super::{Mesh, Partitioning};
use crate::files;
use hdf5::types::FixedUnicode;
use reader::Reader;
use std::path::Path;

/// Value of the attribute `format`.
const FORMAT: &str = "solver-mesh";

/// Value of the attribute `version`.
pub const VERSION: u32 = 2;

/// In dataset `face`, marks a boundary.
const BOUNDARY: u8 = 255;

/// A name in the file.
type Name = FixedUnicode<256>;

/// Writes `mesh` to `path`, replacing any file there once the new one is complete.
///
/// # Errors
/// An invalid mesh, names too long for the file, or whatever the file system says.
pub fn write(mesh: &Mesh, path: impl AsRef<Path>) -> Result<(), StoreError> {
    let path = path.as_ref();
    mesh.validate().map_err(|source| StoreError::Mesh { path: path.into(), cause: source })?;
    mesh.partitionings.keys().try_for_each(|name| check_name(name))?;
    replace(path, |temporary| write::create(mesh, temporary, path))
}

/// Opens the mesh file at `path`: reads names and counts, no more.
///
/// # Errors
/// A file that is missing, something else, of another version, or damaged: names the file and the dataset.
pub fn open(path: impl AsRef<Path>) -> Result<MeshFile, StoreError> {
    MeshFile::open(path.as_ref())
}

/// Reads the mesh file at `path` with all its partitionings and checks all of it.
///
/// # Errors
/// As [`open`].
pub fn read(path: impl AsRef<Path>) -> Result<Mesh, StoreError> {
    let file = open(path)?;
    let mut mesh = file.mesh()?;
    for (name, _) in file.partitionings() {
        mesh.partitionings.insert(name.clone(), file.read_partitioning(name)?);
    }
    Ok(mesh)
}

/// True when `path` is a file whose first object says that it is a mesh (which may still turn out to be damaged).
pub fn is_mesh_file(path: impl AsRef<Path>) -> bool {
    match Reader::open(path.as_ref()) {
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
    let file = open(path)?;
    if file.partitionings().iter().any(|p| p.0 == name) {
        return Err(StoreError::PartitioningExists { path: path.into(), name: name.into() });
    }
    check_partitioning(&file, name, partitioning)?;
    drop(file);
    replace(path, |temporary| write::copy_and_add(path, temporary, name, partitioning))
}

/// Adds a partitioning to the mesh file at `path`, in the place of one of this name if there is any.
///
/// # Errors
/// As [`add_partitioning`]; the old one stays when the new one cannot be written.
pub fn replace_partitioning(
    path: impl AsRef<Path>,
    name: &str,
    partitioning: &Partitioning,
) -> Result<(), StoreError> {
    let path = path.as_ref();
    let file = open(path)?;
    check_partitioning(&file, name, partitioning)?;
    let keep = all_but(&file, name);
    replace(path, |temporary| write::copy_with(&file, &keep, Some((name, partitioning)), temporary))
}

/// Removes a partitioning from the mesh file at `path`.
///
/// # Errors
/// A name the file does not have, an unreadable file.
pub fn remove_partitioning(path: impl AsRef<Path>, name: &str) -> Result<(), StoreError> {
    let path = path.as_ref();
    let file = open(path)?;
    let keep = all_but(&file, name);
    if keep.len() == file.partitionings().len() {
        let present = keep.iter().map(|n| (*n).into()).collect();
        return Err(StoreError::PartitioningMissing { path: path.into(), name: name.into(), present });
    }
    // A new file instead of unlinking: HDF5 would leave the space unused.
    replace(path, |temporary| write::copy_with(&file, &keep, None, temporary))
}

fn all_but<'a>(file: &'a MeshFile, name: &str) -> Vec<&'a str> {
    file.partitionings().iter().map(|p| p.0.as_str()).filter(|n| *n != name).collect()
}

fn check_partitioning(file: &MeshFile, name: &str, partitioning: &Partitioning) -> Result<(), StoreError> {
    check_name(name)?;
    let (path, name) = (file.path().into(), name.into());
    let fits = partitioning.validate(file.len());
    fits.map_err(|source| StoreError::Partitioning { path, name, cause: source })
}

/// Writes `path` whole or not at all.
fn replace(path: &Path, fill: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    files::replace(path, fill, |source| StoreError::Io { path: path.into(), action: "write", cause: source })
}

/// Refuses names for partitionings that HDF5 paths or command lines would misread.
///
/// # Errors
/// Anything but 1 to 64 letters, digits, and `_`, `-`, `.`, the first a letter or digit.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fits = (1..=64).contains(&name.len()) && name.chars().all(good);
    if fits && name.starts_with(char::is_alphanumeric) {
        Ok(())
    } else {
        Err(StoreError::PartitioningName(name.into()))
    }
}
