//! Bodies of triangles, `/regions/stl/NAME`, which PyFR keeps with the mesh for the regions of plugins.

use super::file::Reader;
use crate::mesh::pyfr::PyfrError;
use std::path::Path;

/// A body: its name and the corners of its triangles.
pub type Body = (String, Vec<[[f64; 3]; 3]>);

/// Where they are.
const GROUP: &str = "/regions/stl";

/// The bodies in the file at `path`, sorted by name.
///
/// # Errors
/// As [`read`](super::read): a list of something else than triangles.
pub fn bodies(path: &Path) -> Result<Vec<Body>, PyfrError> {
    let reader = Reader::open(path)?;
    reader.members(GROUP)?.into_iter().map(|name| body(&reader, name)).collect()
}

/// The normal of each triangle, if it is there, and its corners.
fn body(reader: &Reader, name: String) -> Result<Body, PyfrError> {
    let object = format!("{GROUP}/{name}");
    let (shape, values) = reader.floats(&object, 3)?;
    let [_, rows @ (3 | 4), 3] = shape[..] else {
        let what =
            format!("its shape {shape:?} is not that of triangles, [triangles][normal and corners][3]");
        return Err(reader.invalid(&object, what));
    };
    let triangle = |of: &[f64]| -> [[f64; 3]; 3] {
        let corners = &of[3 * (rows - 3)..];
        std::array::from_fn(|n| std::array::from_fn(|d| corners[3 * n + d]))
    };
    Ok((name, values.chunks_exact(3 * rows).map(triangle).collect()))
}
