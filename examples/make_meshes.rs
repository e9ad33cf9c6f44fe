//! Makes the Gmsh files of the folder `meshes`: boxes of the library's own generator, written as MSH 2.2 text.
//!
//!     cargo run --release --example make_meshes
//!
//! The files are what Gmsh itself would write for such a box: nodes, physical groups with names, elements of the volume
//! and of its sides.

use solver::element::Shape;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::raw::RawMesh;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

/// Every mesh: name of its file, and the box.
pub fn meshes() -> [(&'static str, BoxMesh); 3] {
    [
        // 20 x 20 squares of side 1, both pairs of sides joined.
        (
            "vortex",
            BoxMesh::new(Cells::Quad, [20, 20, 1])
                .extents([-10.0, -10.0, 0.0], [10.0, 10.0, 0.0])
                .periodic([true, true, false]),
        ),
        // Quadrilaterals and triangles, slightly bent, with four boundaries: left, right, bottom, top.
        ("plate", BoxMesh::new(Cells::TriQuad, [8, 8, 1]).warp(0.02)),
        // Tetrahedra, periodic along all axes.
        ("cube", BoxMesh::new(Cells::Tet, [4, 4, 4]).periodic([true; 3])),
    ]
}

/// Straight-sided shapes: their number in MSH files, and the order in which those list the nodes (around, not row by row).
const TYPES: [(Shape, u32, &[usize]); 5] = [
    (Shape::Line, 1, &[0, 1]),
    (Shape::Tri, 2, &[0, 1, 2]),
    (Shape::Quad, 3, &[0, 1, 3, 2]),
    (Shape::Tet, 4, &[0, 1, 2, 3]),
    (Shape::Hex, 5, &[0, 1, 3, 2, 4, 5, 7, 6]),
];

/// A mesh of straight-sided elements as MSH 2.2 text.
pub fn msh(mesh: &RawMesh) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n");
    writeln!(text, "$PhysicalNames\n{}", mesh.groups.len())?;
    for group in &mesh.groups {
        writeln!(text, "{} {} \"{}\"", group.dim, group.tag, group.name)?;
    }
    writeln!(text, "$EndPhysicalNames\n$Nodes\n{}", mesh.nodes.len())?;
    for (i, [x, y, z]) in mesh.nodes.iter().enumerate() {
        writeln!(text, "{} {x} {y} {z}", i + 1)?;
    }
    let elements: usize = mesh.blocks.iter().map(|b| b.groups.len()).sum();
    writeln!(text, "$EndNodes\n$Elements\n{elements}")?;
    let mut number = 0;
    for block in &mesh.blocks {
        let (_, kind, order) =
            TYPES.iter().find(|(shape, ..)| *shape == block.shape && block.order == 1).ok_or_else(|| {
                format!("no straight-sided elements: {:?} of order {}", block.shape, block.order)
            })?;
        for (nodes, &group) in block.nodes.chunks_exact(order.len()).zip(&block.groups) {
            number += 1;
            let tag = mesh.groups[group as usize].tag;
            write!(text, "{number} {kind} 2 {tag} {tag}")?;
            order.iter().try_for_each(|&i| write!(text, " {}", nodes[i] + 1))?;
            text.push('\n');
        }
    }
    text.push_str("$EndElements\n");
    Ok(text)
}

/// Writes the files.
pub fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes");
    for (name, mesh) in meshes() {
        let text = msh(&mesh.raw())?;
        let path = folder.join(format!("{name}.msh"));
        std::fs::write(&path, &text)?;
        println!("{}: {} bytes", path.display(), text.len());
    }
    Ok(())
}
