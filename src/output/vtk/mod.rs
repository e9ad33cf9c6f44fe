//! VTK files: high-order Lagrange cells (pyramids as linear cells) in one piece a rank ([`piece`]), and the small files that tie pieces and times
//! together ([`series`]).
//!
//! Values are given on the equally spaced node lattice of each element ([`crate::element::lattice`]); [`nodes`] turns that
//! into VTK's cells and order. Elements share no points, since the solution is discontinuous between them.

pub mod nodes;
pub mod piece;
pub mod series;

pub use nodes::vtk_order;
pub use piece::{ElementField, Field, VtkCells, write_elements, write_piece};
pub use series::{Series, piece_name, with_suffix, write_index};
