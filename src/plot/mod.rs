//! Pictures of solutions and of monitors' files, without a window and without the system's fonts.
//!
//! [`scene`] says what is looked at (a 2-D mesh, a slice, a boundary) and which element, and where in it, each pixel shows;
//! [`field`] evaluates the solution's polynomials at these places, pixel by pixel, so that a picture shows no interpolation
//! but the solution's own. [`figure`] and [`lines`] put axes, a colour bar and text around it; [`encode`] makes files.
//!
//! Nothing here knows names of variables or equations: what is drawn is a function of place and solution that the caller
//! gives.

pub mod axes;
pub mod colour;
pub mod contour;
pub mod encode;
pub mod field;
pub mod figure;
pub mod image;
pub mod lines;
mod pieces;
mod raster;
pub mod scene;
pub mod text;
pub mod ticks;

pub use image::Image;

use std::path::PathBuf;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// A slice that meets no element.
    #[error("the slice {axis} = {at} is outside of the mesh, which goes from {axis} = {low} to {high}")]
    Slice {
        /// `x`, `y` or `z`.
        axis: &'static str,
        /// Where it should be.
        at: f64,
        /// Least coordinate of the mesh.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// A way of looking that is for meshes of other dimensions.
    #[error("the mesh is {dims}-D: {advice}")]
    Dimensions {
        /// Dimensions of the mesh.
        dims: usize,
        /// What to do.
        advice: &'static str,
    },
    /// A boundary that the mesh does not have, or that has no faces.
    #[error(
        "the mesh has no faces on a boundary '{name}'{}; its boundaries: {}",
        nearest.as_ref().map_or(String::new(), |n| format!(", did you mean '{n}'?")),
        if known.is_empty() { "none".into() } else { known.join(", ") }
    )]
    Boundary {
        /// As asked for.
        name: String,
        /// The most similar one.
        nearest: Option<String>,
        /// All of the mesh.
        known: Vec<String>,
    },
    /// No pixel shows anything.
    #[error("nothing of the mesh is in the picture; look at --window")]
    Nothing,
    /// A size in which nothing can be drawn, or that nobody can want.
    #[error("a picture of {0} x {1} pixels cannot be drawn: each side may have {least} to {most}", least = LEAST, most = MOST)]
    Size(usize, usize),
    /// The file system or an encoder failed.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What failed.
        cause: String,
    },
}

/// Least and largest side of a picture, in pixels: room for axes with text; more than a poster.
pub const LEAST: usize = 150;
/// See [`LEAST`].
pub const MOST: usize = 8192;
