//! Files that Gmsh wrote: see `tests/fixtures/gmsh/make.py`.

use crate::element::Shape;
use crate::mesh::gmsh::read;
use crate::mesh::raw::RawMesh;
use std::path::PathBuf;

pub const VARIANTS: [&str; 4] = ["2.2a", "2.2b", "4.1a", "4.1b"];

pub fn path(name: &str, variant: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "gmsh", &format!("{name}-{variant}.msh")]
        .iter()
        .collect()
}

fn load(name: &str, variant: &str) -> RawMesh {
    read(&path(name, variant)).unwrap()
}

/// Area or volume of the elements of a shape, from their vertices in lattice order.
fn measure(mesh: &RawMesh, shape: Shape) -> f64 {
    let block = mesh.blocks.iter().find(|b| b.shape == shape).unwrap();
    let n = shape.points(1);
    let volume = |nodes: &[u32]| -> f64 {
        let x = |i: usize| mesh.nodes[nodes[i] as usize];
        let e: [[f64; 3]; 3] =
            std::array::from_fn(|a| match [1, 2, if shape == Shape::Hex { 4 } else { 3 }][a] {
                v if v < n && a < shape.dims() => std::array::from_fn(|d| x(v)[d] - x(0)[d]),
                _ => std::array::from_fn(|d| if d == a { 1.0 } else { 0.0 }),
            });
        let cross = |a: [f64; 3], b: [f64; 3]| {
            [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
        };
        let c = cross(e[0], e[1]);
        let whole: f64 = (0..3).map(|d| c[d] * e[2][d]).sum();
        whole * if shape.is_tensor() { 1.0 } else { 1.0 / if shape == Shape::Tri { 2.0 } else { 6.0 } }
    };
    block.nodes.chunks(n).map(volume).sum()
}

fn group_count(mesh: &RawMesh, shape: Shape, name: &str) -> usize {
    let group = mesh.groups.iter().position(|g| g.name == name).unwrap() as u32;
    let block = mesh.blocks.iter().find(|b| b.shape == shape).unwrap();
    block.groups.iter().filter(|&&g| g == group).count()
}

#[test]
fn the_four_variants_hold_the_same_mesh() {
    for name in ["square", "hex", "tet"] {
        let [mut first, rest @ ..] = VARIANTS.map(|v| load(name, v));
        // Gmsh gives elements new numbers when it writes 2.2.
        let renumber = |mesh: &mut RawMesh| {
            mesh.blocks.iter_mut().for_each(|b| b.numbers = vec![0; b.numbers.len()].into_iter().collect())
        };
        renumber(&mut first);
        for (mut other, variant) in rest.into_iter().zip(&VARIANTS[1..]) {
            renumber(&mut other);
            // Gmsh writes 16 digits as text, one too few to give every double back.
            for (a, b) in first.nodes.iter().flatten().zip(other.nodes.iter_mut().flatten()) {
                assert!((a - *b).abs() < 1e-15, "{name} {variant}");
                *b = *a;
            }
            assert_eq!(first, other, "{name} {variant}");
        }
    }
    assert_eq!(load("sparse", "4.1a"), load("sparse", "4.1b"));
}

#[test]
fn names_groups_and_elements_are_those_of_the_model() {
    for variant in VARIANTS {
        let mesh = load("square", variant);
        let groups: Vec<_> = mesh.groups.iter().map(|g| (g.dim, g.tag, g.name.as_str())).collect();
        let expected = [
            (1, 2, "periodic_x_l"),
            (1, 3, "periodic_x_r"),
            (1, 4, "wall"),
            (2, 1, "fluid"),
            (2, 9, "quad zone"),
        ];
        assert_eq!(groups, expected);
        assert_eq!(mesh.nodes.len(), 9);
        let shapes: Vec<_> = mesh.blocks.iter().map(|b| (b.shape, b.order, b.groups.len())).collect();
        assert_eq!(shapes, [(Shape::Line, 1, 8), (Shape::Tri, 1, 4), (Shape::Quad, 1, 2)]);
        assert_eq!(group_count(&mesh, Shape::Line, "wall"), 4);
        assert_eq!(group_count(&mesh, Shape::Line, "periodic_x_l"), 2);
        // The quadrilaterals are in two groups and belong to the first.
        assert_eq!(group_count(&mesh, Shape::Quad, "fluid"), 2);
        assert!((measure(&mesh, Shape::Quad) - 2.0).abs() < 1e-9);
        assert!((measure(&mesh, Shape::Tri) - 2.0).abs() < 1e-9);

        let mesh = load("hex", variant);
        assert_eq!((mesh.nodes.len(), group_count(&mesh, Shape::Hex, "fluid")), (27, 8));
        assert_eq!(["in", "out", "wall"].map(|n| group_count(&mesh, Shape::Quad, n)), [4, 4, 16]);
        assert!((measure(&mesh, Shape::Hex) - 1.0).abs() < 1e-9);

        let mesh = load("tet", variant);
        assert!((measure(&mesh, Shape::Tet) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn sparse_node_numbers_and_unused_nodes_are_kept() {
    let mesh = load("sparse", "4.1b");
    assert_eq!(mesh.nodes.len(), 5);
    assert_eq!(mesh.nodes[4], [5.0, 5.0, 0.0]);
    assert_eq!(mesh.blocks[1].nodes, [0, 1, 2, 2, 1, 3]);
    assert_eq!(mesh.blocks[1].numbers, (40..42).collect());
}
