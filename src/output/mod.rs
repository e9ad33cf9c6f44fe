//! Results on disk: HDF5 solutions for restart ([`solution`]), VTK files for ParaView ([`vtk`]), triangles
//! of boundaries ([`stl`]), rows of numbers ([`growing`]), and the names of files ([`name`]).
//!
//! Writers take plain arrays and file names; [`collect`] and [`stream`] make these of a solution and the space it lives in. What is
//! written, when, and by which rank is decided above. Every file appears whole or not at all ([`atomic`]), so a crash at any instant leaves the files that were already there.

pub mod atomic;
pub mod collect;
pub mod growing;
pub mod name;
mod number_format;
pub mod pyfrs;
pub mod solution;
pub mod stl;
pub mod stream;
pub mod surface;
pub mod vtk;

use std::path::PathBuf;

pub use crate::backend::Precision;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The file system, HDF5 or VTK layer failed while writing.
    #[error("cannot write {}: {cause}; {advice}", path.display())]
    Write {
        /// The file that should have appeared.
        path: PathBuf,
        /// What failed.
        cause: Cause,
        /// What the user can do about it.
        advice: &'static str,
    },
    /// A file that exists could not be read at all.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What failed.
        cause: Cause,
    },
    /// A file was read, but its content is not what it should be.
    #[error("{}: {item}: {problem}; the file is damaged or was not written by this program", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Dataset, attribute or line.
        item: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of averages where a solution is wanted.
    #[error(
        "{} holds averages over time, not a solution: no run can go on from it; take a file that [soln-plugin-writer] wrote \
         ({})",
        path.display(), solution::EXTENSION
    )]
    Averages {
        /// The file.
        path: PathBuf,
    },
    /// Rows cannot be added to a data set of a file.
    #[error(
        "{}: rows cannot go to the data set '{dataset}': {problem}; give another file or file-dataset, or move the file away",
        path.display()
    )]
    Rows {
        /// The file.
        path: PathBuf,
        /// Name of the data set.
        dataset: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The arrays handed in for writing contradict each other (an error of the calling code).
    #[error("cannot write {}: {problem}", path.display())]
    Inconsistent {
        /// The file that should have appeared.
        path: PathBuf,
        /// Which arrays, with the sizes found and expected.
        problem: String,
    },
}

/// The failure beneath an [`OutputError`].
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// File system.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// HDF5 library.
    #[error("{0}")]
    Hdf5(#[from] hdf5::Error),
    /// VTK encoder.
    #[error("{0}")]
    Vtk(#[from] vtkio::Error),
}
