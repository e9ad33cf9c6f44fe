//! Reads the mesh files of PyFR 3 (`.pyfrm`, format versions 1 and 2), HDF5 files of this layout:
//!
//! | Object | Type and shape | Content |
//! |---|---|---|
//! | `/version` | integer | 1 or 2 |
//! | `/codec` | strings `[codec]` | what a face can be joined to, see below |
//! | `/nodes` | compound `[nodes]` | `location` f64 (or f32) `[dims]`; `valency` is not read |
//! | `/eles/T` | compound `[elements]` | for T = tri, quad, tet, hex, pri, pyr: `nodes` i64 `[nodes an element]`, `faces` `[faces]` of `cidx` i16 and `off` i64; other fields are not read |
//! | `/periodic/NAME` | compound `[pairs][2]` | `cidx` i16 and `off` i64 of the faces on either side |
//! | `/regions/stl/NAME` | f64 (or f32) `[triangles][4][3]` | normal and corners, see [`bodies`] |
//!
//! An entry of the codec is `eles/T/face/N` (version 1: `eles/T/N`), face N of elements of type T, of which `off` is the
//! number, or `bc/NAME`, a boundary, with `off` = -1; others occur but do not join faces. Lattice orders and face
//! numbers are the same as here, which is why nothing is permuted.
//!
//! What comes out is what a Gmsh reader would give: elements, and boundary elements made of the faces, in physical
//! groups. [`super::connect`] then joins faces by their nodes as for any other mesh. The connectivity of the file has
//! to say the same, apart from the periodic faces that it lists: this is checked here, so that a file that was
//! misunderstood or damaged is refused. Partitionings are dropped, because elements are numbered anew.
//!
//! The file is not trusted: types, sizes and every index are checked before they are used.

mod assemble;
mod bodies;
mod codec;
mod file;
mod rows;
#[cfg(test)]
mod tests;

use super::pyfr::PyfrError;
use super::raw::RawMesh;
pub use bodies::{Body, bodies};
use file::Reader;
use std::fmt;
use std::path::Path;

/// Something of the file that the mesh does not have.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Partitionings, because elements are numbered anew.
    Partitionings(Vec<String>),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Partitionings(names) => {
                let names = names.join(", ");
                write!(f, "partitionings are not taken over ({names}); make them with 'solver partition'")
            }
        }
    }
}

/// Content of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Pyfrm {
    /// Elements, and boundary elements of order 1 in the physical groups of boundary dimension. Numbers of the elements
    /// are their places in `/eles/T`, from 0.
    pub raw: RawMesh,
    /// What was left out.
    pub notices: Vec<Notice>,
}

/// Reads the file at `path`.
///
/// # Errors
/// When the file cannot be read, is something else, contradicts itself, or holds what is not supported: names the
/// dataset, and the element and face.
pub fn read(path: &Path) -> Result<Pyfrm, PyfrError> {
    let reader = Reader::open(path)?;
    let notices = reader.partitionings();
    let notices = if notices.is_empty() { vec![] } else { vec![Notice::Partitionings(notices)] };
    Ok(Pyfrm { raw: assemble::raw(&reader)?, notices })
}

/// The identity that PyFR gave the mesh at `path`, which its solutions name.
///
/// # Errors
/// As [`read`], and a file without one.
pub fn uuid(path: &Path) -> Result<String, PyfrError> {
    Reader::open(path)?.uuid()
}

/// True when the file at `path` has the extension `pyfrm` or is an HDF5 file of that layout (which may still be at
/// fault).
pub fn is_pyfrm(path: &Path) -> bool {
    let named = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pyfrm"));
    let known = || {
        use PyfrError::{OldLayout, Version};
        matches!(Reader::open(path), Ok(_) | Err(OldLayout { .. } | Version { .. }))
    };
    named || known()
}
