//! VTK files: high-order Lagrange cells (pyramids as linear cells) in one piece a rank ([`piece`]), the small files that tie
//! pieces and times together ([`series`]), and all times in one HDF5 file ([`hdf`]).
//!
//! Values are given on the equally spaced node lattice of each element ([`crate::element::lattice`]); [`nodes`] turns that
//! into VTK's cells and order. Elements share no points, since the solution is discontinuous between them.

pub(super) mod appended;
mod compressed;
pub mod grid;
pub mod hdf;
mod merge;
pub mod nodes;
pub mod piece;
pub(super) mod raw;
pub mod series;

pub use grid::{Grid, Mark};
pub use hdf::write_hdf;
pub use nodes::{CellKind, vtk_order};
pub use piece::{ElementField, Encoding, Field, VtkCells, write_elements, write_grid, write_piece};
pub use series::{Series, piece_name, with_suffix, write_index};
