//! Why a mesh cannot be generated.

use crate::mesh::connect::ConnectError;
use crate::mesh::gmsh::WriteError;

/// Why a mesh cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A count of zero.
    #[error("a mesh needs at least one cell along every axis, but the counts are {0:?}")]
    NoCells([usize; 3]),
    /// An order of the geometry that no mesh has.
    #[error("geometry order {0}: it must be 1 to {most}", most = crate::mesh::validate::MAX_ORDER)]
    Order(usize),
    /// More than the indices of a mesh can tell apart.
    #[error(
        "{count} {what} are more than the {limit} a mesh can hold; lower the counts of cells or the order"
    )]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there would be (`u64::MAX`: at least so many).
        count: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The system has not that much memory.
    #[error("{bytes} bytes of memory for {what} are not to be had; lower the counts of cells or the order")]
    Memory {
        /// What it is for.
        what: &'static str,
        /// How much.
        bytes: u64,
    },
    /// Too few cells for all shapes of the mixture to occur.
    #[error(
        "a mesh of {counts:?} cells would have no {missing} elements; a mixture of {cells} needs at least {least:?} cells"
    )]
    TooFew {
        /// Cells along each axis.
        counts: [usize; 3],
        /// Name of the mixture.
        cells: String,
        /// A shape that is missing.
        missing: &'static str,
        /// Cells with which all occur.
        least: [usize; 3],
    },
    /// Cells that the region cannot have.
    #[error("a {domain} cannot be made of {cells} elements; choose from {choice}")]
    Cells {
        /// The region.
        domain: &'static str,
        /// The cells.
        cells: String,
        /// Those it can be made of.
        choice: &'static str,
    },
    /// A number of cells around the axis that does not close.
    #[error("{count} cells around: a {domain} needs at least 3, and a multiple of {multiple}")]
    Around {
        /// The region.
        domain: &'static str,
        /// How many.
        count: usize,
        /// What it must be a multiple of.
        multiple: usize,
    },
    /// A size that makes no sense.
    #[error("{what} {value}: it must be {expected}")]
    Size {
        /// Which size.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What would do.
        expected: String,
    },
    /// A warp that would tangle the elements.
    #[error("warp {0}: at most {most} either way, or elements would be tangled", most = super::MAX_WARP)]
    Warp(f64),
    /// The elements do not make a mesh: a map of one's own that tangles them.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
