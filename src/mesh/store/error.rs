//! What can be wrong with a mesh file.

use super::VERSION;
use crate::mesh::validate::{InvalidMesh, InvalidPartitioning};
use std::path::PathBuf;

/// Why a mesh file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused something.
    #[error("cannot {action} {}: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        cause: std::io::Error,
    },
    /// The HDF5 library refused something.
    #[error("{}: {object}: {cause}", .path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// The dataset, group or attribute.
        object: String,
        /// Why it failed.
        cause: hdf5::Error,
    },
    /// The file is something else.
    #[error("{} is not a mesh file: {why}; import Gmsh files first", .path.display())]
    NotAMesh {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The file was written by an earlier or a later version of this program.
    #[error("{} has mesh format version {version}, but this program knows version {VERSION}; {}", .path.display(), advice(*.version))]
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
    #[error("{}: {cause}", .path.display())]
    Mesh {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: InvalidMesh,
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
    /// A part that the partitioning does not have.
    #[error("partitioning \"{name}\" of {} has {parts} parts, counted from 0, hence no part {part}", .path.display())]
    NoPart {
        /// The file.
        path: PathBuf,
        /// The partitioning.
        name: String,
        /// Its parts.
        parts: usize,
        /// The part asked for.
        part: usize,
    },
    /// A partitioning that does not fit the mesh of the file.
    #[error("partitioning \"{name}\" does not fit {}: {cause}", .path.display())]
    Partitioning {
        /// The file.
        path: PathBuf,
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: InvalidPartitioning,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn advice(version: u32) -> &'static str {
    if version < VERSION { "import the mesh again" } else { "use a newer version of this program" }
}
