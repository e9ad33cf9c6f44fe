//! Surfaces as triangles: binary STL files.
//!
//! Layout: 80 bytes of text, the number of triangles (u32), then for each its unit normal and three corners (f32, counter-clockwise
//! seen from where the normal points to) and two bytes of zeros; all little-endian.

use super::OutputError;
use super::atomic::{failure, write_atomically};
use super::vtk::grid::Grid;
use super::vtk::nodes::layout;
use std::io::{BufWriter, Error, Write};
use std::path::Path;

/// A triangle: its corners.
pub type Triangle = [[f64; 3]; 3];

/// The triangles of a grid of surfaces, four-sided cells cut along a diagonal. Of Lagrange cells the corners only.
pub fn triangles(grid: &Grid) -> Vec<Triangle> {
    let mut all = vec![];
    for block in &grid.cells {
        let layout = layout(block.shape, block.order, grid.kind);
        for element in block.points.chunks_exact(3 * block.nodes_per_element()) {
            let corner = |node: usize| -> [f64; 3] {
                let at = 3 * layout.order[node];
                [element[at], element[at + 1], element[at + 2]]
            };
            for cell in &layout.cells {
                let c = &cell.nodes;
                for n in 2..c.len() {
                    all.push([corner(c[0]), corner(c[n - 1]), corner(c[n])]);
                }
            }
        }
    }
    all
}

/// Writes triangles, whole or not at all.
///
/// # Errors
/// [`OutputError::Write`] when writing fails, or when there are more triangles than the format can count.
pub fn write(path: &Path, triangles: &[Triangle]) -> Result<(), OutputError> {
    let count = u32::try_from(triangles.len())
        .map_err(|_| failure(path, Error::other("more triangles than the format can count")))?;
    write_atomically(path, |temporary| {
        let mut file = BufWriter::new(std::fs::File::create(temporary)?);
        let mut head = [b' '; 80];
        // Not "solid", which begins files of text.
        let title = b"triangles of a boundary, binary";
        head[..title.len()].copy_from_slice(title);
        file.write_all(&head)?;
        file.write_all(&count.to_le_bytes())?;
        for triangle in triangles {
            for x in [normal(triangle)].iter().chain(triangle).flatten() {
                file.write_all(&(*x as f32).to_le_bytes())?;
            }
            file.write_all(&[0; 2])?;
        }
        Ok(file.flush()?)
    })
}

/// Unit normal; zero where the corners lie on a line.
fn normal(triangle: &Triangle) -> [f64; 3] {
    let edge = |n: usize| -> [f64; 3] { std::array::from_fn(|d| triangle[n][d] - triangle[0][d]) };
    let (a, b) = (edge(1), edge(2));
    let n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 { n.map(|x| x / length) } else { [0.0; 3] }
}
