//! Structured meshes without any file: boxes, rings, a cylinder in a box, spherical shells, for tests, examples,
//! benchmarks and trials.
//!
//! A [`Structured`] mesh is a grid of cells in parameters from 0 to 1. [`Cells`] says what each cell is made of (`fill`
//! divides it so that faces meet by construction), a [`Domain`] where the parameters lie in space and what is beyond
//! their ends. Order of the geometry, warp, further maps and shuffling are the same for all.
//!
//! `frame` holds elements as affine pieces of the grid, `grid` walks over them and numbers the nodes (`numbering`),
//! `output` makes a [`crate::mesh::raw::RawMesh`] or a file of them, which is streamed.

mod annulus;
mod cells;
mod cuboid;
mod cylinder;
mod domain;
mod error;
mod fill;
mod frame;
mod grid;
mod numbering;
mod output;
mod random;
mod shell;
mod structured;
#[cfg(test)]
mod tests;
mod warp;

pub use annulus::Annulus;
pub use cells::Cells;
pub use cuboid::{BoxMesh, Cuboid, SIDES};
pub use cylinder::Cylinder;
pub use domain::{Domain, Patches, Side, stretched};
pub use error::GenerateError;
pub use output::Totals;
pub use shell::Shell;
pub use structured::{MAX_WARP, Structured};
