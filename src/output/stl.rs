//! Surfaces as triangles: STL files, read as binary or text, written as binary.

use super::OutputError;
use super::atomic::{failure, write_atomically};
use super::vtk::grid::Grid;
use super::vtk::nodes::layout;
pub use crate::engine::closed_surface::Triangle;
use std::io::{Cursor, Error};
use std::path::Path;

/// Bytes before the triangles of a binary file, of which the last four count them, and bytes of each.
const BINARY: [usize; 2] = [84, 50];

/// The triangles in the bytes of an STL file.
///
/// # Errors
/// What is wrong with them, as the end of a sentence about the file.
pub fn parse(mut bytes: Vec<u8>) -> Result<Vec<Triangle>, String> {
    let count = bytes.get(80..84).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]) as usize);
    let binary = count.and_then(|n| n.checked_mul(BINARY[1])?.checked_add(BINARY[0])) == Some(bytes.len());
    if binary {
        // Some programs begin binary files like those of text.
        bytes[..80].fill(b' ');
    } else if bytes.starts_with(b"solid") {
        bytes = in_one_part(&String::from_utf8_lossy(&bytes))?.into_bytes();
    } else {
        return Err(match count {
            Some(count) => format!(
                "is no STL file: it does not begin with 'solid', as text does, and its {} bytes are not those of the {count} \
                 triangles that its head counts",
                bytes.len()
            ),
            None => "is no STL file: it does not begin with 'solid', as text does, and is too short for a binary one".into(),
        });
    }
    let mut cursor = Cursor::new(bytes);
    let triangles =
        stl_io::create_stl_reader(&mut cursor).and_then(Iterator::collect::<Result<Vec<_>, Error>>).map_err(
            |e| format!("is no whole STL file: {}", e.to_string().chars().take(200).collect::<String>()),
        )?;
    Ok(triangles.into_iter().map(|t| t.vertices.map(|corner| corner.0.map(f64::from))).collect())
}

/// A file of text without what `stl_io` stops at: names, several parts (it reads the first), normals that are not finite.
fn in_one_part(text: &str) -> Result<String, String> {
    let (mut one, mut ended) = (String::with_capacity(text.len() + 32) + "solid \n", false);
    for line in text.lines() {
        match line.split_whitespace().next() {
            None => {}
            Some("solid") => ended = false,
            Some("endsolid") => ended = true,
            Some("facet") => one += "facet normal 0 0 0\n",
            Some(_) => {
                one += line;
                one.push('\n');
            }
        }
    }
    if !ended {
        return Err("is no whole STL file: it does not end with 'endsolid'".into());
    }
    Ok(one + "endsolid\n")
}

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
    if u32::try_from(triangles.len()).is_err() {
        return Err(failure(path, Error::other("more triangles than the format can count")));
    }
    let single = |x: [f64; 3]| stl_io::Vector::new(x.map(|x| x as f32));
    let triangles =
        triangles.iter().map(|t| stl_io::Triangle { normal: single(normal(t)), vertices: t.map(single) });
    write_atomically(path, |temporary| {
        Ok(stl_io::write_stl(&mut std::fs::File::create(temporary)?, triangles)?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tetrahedron.
    const TETRAHEDRON: [Triangle; 4] = {
        let [o, x, y, z] = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        [[o, y, x], [o, x, z], [o, z, y], [x, y, z]]
    };

    fn binary() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.stl");
        write(&path, &TETRAHEDRON).unwrap();
        std::fs::read(path).unwrap()
    }

    fn text(name: &str) -> String {
        let corner = |x: &[f64; 3]| format!("      vertex {:e} {:.6} {}\n", x[0], x[1], x[2]);
        let facet = |t: &Triangle| {
            let corners: String = t.iter().map(corner).collect();
            format!("  facet normal 0 0 0\n    outer loop\n{corners}    endloop\n  endfacet\n")
        };
        format!("solid{name}\n{}endsolid{name}\n", TETRAHEDRON.iter().map(facet).collect::<String>())
    }

    #[test]
    fn triangles_are_read_from_binary_files_and_from_text() {
        assert_eq!(parse(binary()), Ok(TETRAHEDRON.to_vec()));
        for name in ["", " ", " a body", "\ttab"] {
            assert_eq!(parse(text(name).into()), Ok(TETRAHEDRON.to_vec()), "{name:?}");
            assert_eq!(parse(text(name).replace('\n', "\r\n").into()), Ok(TETRAHEDRON.to_vec()), "{name:?}");
        }
        // Parts one after the other, a name that is not UTF-8, a normal of nothing.
        let parts = text(" a") + &text(" b").replacen("normal 0 0 0", "normal nan nan nan", 1);
        let mut parts = parts.into_bytes();
        parts[6] = 0xfc;
        assert_eq!(parse(parts), Ok([TETRAHEDRON, TETRAHEDRON].concat()));
        // A binary file whose head is like that of text.
        let mut misleading = binary();
        misleading[..12].copy_from_slice(b"solid body\n ");
        assert_eq!(parse(misleading), Ok(TETRAHEDRON.to_vec()));
    }

    #[test]
    fn what_is_no_stl_file_is_said() {
        let cut = |n: usize| binary()[..n].to_vec();
        for (bytes, expected) in [
            (vec![], "too short"),
            (cut(83), "too short"),
            (cut(84), "84 bytes are not those of the 4 triangles"),
            (cut(283), "283 bytes"),
            (b"solid x\nfacet\n".to_vec(), "does not end with 'endsolid'"),
            (b"solid x\nfacet\nendsolid".to_vec(), "outer"),
            (format!("solid x\n{}\nendsolid", "y".repeat(100_000)).into_bytes(), "invalid facet"),
            (text("").replace("1e0", "inf").into(), "finite"),
            (text("").replace("endloop", "end").into(), "endloop"),
            (text("")[..100].into(), "does not end with 'endsolid'"),
        ] {
            let got = parse(bytes).unwrap_err();
            assert!(got.contains(expected) && got.len() < 300, "{expected}: {got}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            text in "solid( |\n|facet normal|outer loop|vertex|endloop|endfacet|endsolid|[0-9]|1e9| ){0,60}",
            flips in proptest::collection::vec((0usize..284, any::<u8>()), 0..20),
        ) {
            let _ = parse(text.into_bytes());
            let mut bytes = binary();
            flips.iter().for_each(|(at, to)| bytes[*at] = *to);
            let _ = parse(bytes.clone());
            let _ = parse(bytes.split_off(80));
        }
    }
}
