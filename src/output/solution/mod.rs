//! HDF5 solution files (`.ssoln`): everything a restart or an export needs besides the mesh.
//!
//! Layout, version 1 (dimensions in brackets; texts are UTF-8 of fixed length, padded with zero bytes):
//!
//! | object | content |
//! |---|---|
//! | attributes of `/` | `format` = `solver-solution`, `version` = 1, `creator`, `mesh-uuid`, `system`, `order`, `dims`, `precision` (`single` or `double`), `variables` \[variable\] (names of the conserved ones), `t`, `dt`, `step` |
//! | `/config` | effective case text, in pieces of up to 256 bytes to be joined |
//! | `/config-source` | the case file as the user wrote it, likewise |
//! | `/state/NAME` | numbers that a part of the program needs to continue (a step-size controller, a writer's count); names may be in groups, as `bcs/outlet` of a controlled boundary |
//! | `/solution/NN-SHAPE-pP` | one group a block, attributes `shape`, `order`, `point-set` |
//! | `.../ids` | \[element\] u32, global element ids, ascending |
//! | `.../values` | \[element\]\[variable\]\[point\], f32 or f64, conserved variables at the solution points |
//! | `.../gradients` | \[element\]\[variable\]\[direction\]\[point\], f32 or f64, gradients of the primitive variables at the solution points, for people; attribute `variables` \[variable\] (their names); absent in files without |
//! | `.../points` | \[point\]\[dimension\] f64, reference coordinates of the solution points |
//! | `/kept/NAME` | names of fields that a part of the program needs to continue (an average so far); absent in files without |
//! | `.../kept/NAME` | \[element\]\[field\]\[point\] f64, these fields at the solution points |
//!
//! Averages over time (`.savg`) have the same layout with `format` = `solver-averages` and their names as `variables`.
//!
//! Values are in the mesh's own element numbering, so a file does not depend on the number of ranks or the backend.
//! Elements carry their own order and points: a restart can change both. All data is chunked with checksums
//! (Fletcher's, which sees everything but words of zeros turned into words of ones), and the metadata of HDF5 1.10 is
//! checksummed too, so a damaged file is an error and not a wrong solution. Nothing is compressed: the low bits of a
//! flow are noise, on which deflate spends far more time than the disk (and without it shuffling the bytes gains
//! nothing); a file that was compressed later (`h5repack`) is read as well.

mod chunk;
mod read;
mod rows;
mod stored;
mod summary;
mod write;

pub(super) use read::possible;
pub use read::{read, read_averages};
pub use rows::{BlockRows, GradientRows, Rows};
pub use stored::{Stored, StoredBlock};
pub use summary::{BlockSummary, Summary, summarise};
pub use write::{write, write_averages, write_rows};

use super::Precision;
use crate::element::Shape;
use std::collections::BTreeMap;

/// File name extension.
pub const EXTENSION: &str = ".ssoln";
/// File name extension of averages.
pub const AVERAGES_EXTENSION: &str = ".savg";

const FORMAT: &str = "solver-solution";
/// Format of averages over time, which no run can start from.
const AVERAGES: &str = "solver-averages";
const VERSION: u32 = 1;
/// Longest text in an attribute, and length of the pieces of longer texts, in bytes.
const TEXT: usize = 256;
type Text = hdf5::types::FixedUnicode<TEXT>;
/// Most words of a state's name, which are groups but for the last.
const STATE_DEPTH: usize = 4;
/// Most states.
const MAX_STATES: usize = 10_000;
/// Far above what conditioning allows; keeps sizes computed from a damaged file sane.
const MAX_ORDER: usize = 40;

/// What a solution belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct SolutionHeader {
    /// Identity of the mesh.
    pub mesh_uuid: String,
    /// Effective case text: every key with the value in force.
    pub config: String,
    /// The case file as the user wrote it.
    pub config_source: String,
    /// Physical time.
    pub t: f64,
    /// Time step in use.
    pub dt: f64,
    /// Accepted steps so far.
    pub step: u64,
    /// Name of the equation system.
    pub system: String,
    /// Polynomial order of the run.
    pub order: usize,
    /// Space dimensions.
    pub dims: usize,
    /// Floating point type of the values in the file.
    pub precision: Precision,
    /// Names of the conserved variables.
    pub variables: Vec<String>,
    /// Numbers that parts of the program need to continue where they were, by name: words separated by `/`.
    pub state: BTreeMap<String, Vec<f64>>,
    /// Names of the fields beside the solution that parts of the program need to continue, by name of the part.
    pub kept: BTreeMap<String, Vec<String>>,
}

/// Gradients of variables, for people: no run needs them to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Names of the variables.
    pub names: Vec<String>,
    /// `[element][variable][direction][point]`.
    pub values: Vec<f64>,
}

/// Elements of one shape and order.
#[derive(Clone, Debug, PartialEq)]
pub struct SolutionBlock {
    /// Shape of all elements.
    pub shape: Shape,
    /// Polynomial order of all elements.
    pub order: usize,
    /// Global element ids, ascending; no id occurs twice in a solution.
    pub ids: Vec<u32>,
    /// Conserved variables, `[element][variable][point]`.
    pub values: Vec<f64>,
    /// Reference coordinates of the solution points, `[point][dimension]`.
    pub reference_points: Vec<f64>,
    /// Name of the set of solution points.
    pub points_name: String,
    /// The fields of [`SolutionHeader::kept`], `[element][field][point]`.
    pub kept: BTreeMap<String, Vec<f64>>,
    /// Gradients of the primitive variables, in files that have them.
    pub gradients: Option<Gradients>,
}

impl SolutionBlock {
    /// Solution points of one element.
    pub fn points(&self) -> usize {
        self.shape.points(self.order)
    }

    /// The same without a copy of its numbers.
    pub fn rows(&self) -> BlockRows<'_> {
        BlockRows {
            shape: self.shape,
            order: self.order,
            ids: self.ids.clone(),
            values: Rows::all(&self.values, self.ids.len()),
            reference_points: self.reference_points.clone(),
            points_name: self.points_name.clone(),
            kept: self
                .kept
                .iter()
                .map(|(name, values)| (name.clone(), Rows::all(values, self.ids.len())))
                .collect(),
            gradients: self.gradients.as_ref().map(|g| GradientRows {
                names: g.names.clone(),
                values: Rows::all(&g.values, self.ids.len()),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
