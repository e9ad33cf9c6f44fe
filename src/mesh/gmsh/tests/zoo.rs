//! Every element type that Gmsh writes arrives with each node where Gmsh has it: meshes of one element of each shape
//! (`zoo` in `tests/fixtures/gmsh/make.py`), bent by a polynomial map of the order of the geometry.

use super::fixtures::path;
use crate::element::{Shape, basis, lattice};
use crate::mesh::connect::{Notice, connect};
use crate::mesh::gmsh::read;
use crate::mesh::raw::{RawBlock, RawMesh};
use ndarray::Array2;

const VARIANTS: [(usize, &str); 4] = [(1, "2.2a"), (2, "4.1a"), (3, "2.2b"), (4, "4.1b")];

/// Vertices before the map.
fn straight(dims: usize) -> Vec<[f64; 3]> {
    let cube = || (0..8).map(|i| [f64::from(i % 2), f64::from(i / 2 % 2), f64::from(i / 4)]);
    match dims {
        1 => [0.0, 1.0, 2.5, 3.0].map(|x| [x, 0.0, 0.0]).to_vec(),
        2 => {
            [[0.0, 0.0], [1.0, 0.0], [1.25, 1.0], [0.25, 1.0], [2.0, 0.25]].map(|[x, y]| [x, y, 0.0]).to_vec()
        }
        _ => cube().chain([[0.5, 0.5, 1.75], [2.0, 0.0, 0.25], [2.0, 1.0, 0.25], [1.5, 0.5, 1.5]]).collect(),
    }
}

/// `warp` of `make.py`.
fn map([x, y, z]: [f64; 3], dims: usize, order: usize) -> [f64; 3] {
    let along = [(x + 2.0 * y + 3.0 * z) / 8.0, (2.0 * x - y + z) / 4.0, (y - x + 2.0 * z) / 4.0];
    std::array::from_fn(|d| [x, y, z][d] + if d < dims { along[d].powi(order as i32) / 10.0 } else { 0.0 })
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|d| (a[d] - b[d]).abs()).fold(0.0, f64::max)
}

/// Gmsh places nodes to 1e-10 or so, and writes text with 16 digits.
const TOLERANCE: f64 = 1e-9;

fn row(matrix: &Array2<f64>, row: usize) -> [f64; 3] {
    std::array::from_fn(|d| matrix[[row, d]])
}

/// The elements of a block, `[element][node]`, as matrices of coordinates `[node][3]`.
fn elements<'a>(mesh: &'a RawMesh, block: &'a RawBlock) -> impl Iterator<Item = Array2<f64>> + 'a {
    let n = block.shape.points(block.order);
    block
        .nodes
        .chunks(n)
        .map(move |nodes| Array2::from_shape_fn((n, 3), |(i, d)| mesh.nodes[nodes[i] as usize][d]))
}

/// Checks that each element is a straight one under the map.
fn check(mesh: &RawMesh, dims: usize, order: usize) {
    for block in &mesh.blocks {
        let (shape, name) = (block.shape, block.shape.name());
        if shape == Shape::Point {
            continue;
        }
        assert_eq!(block.order, order);
        let nodes = lattice::nodes(shape, order);
        let vertices = lattice::nodes(shape, 1);
        let to_vertices = basis::interpolation(shape, order, &nodes, &vertices);
        // Anywhere in the element: the nodes of another order.
        let probes = lattice::nodes(shape, order + 3);
        let to_probes = basis::interpolation(shape, order, &nodes, &probes);
        for x in elements(mesh, block) {
            let bent = to_vertices.dot(&x);
            let mut corners = Array2::zeros((bent.nrows(), 3));
            for v in 0..bent.nrows() {
                let known = straight(dims);
                let same = known.iter().find(|&&x| distance(map(x, dims, order), row(&bent, v)) < TOLERANCE);
                let corner =
                    same.unwrap_or_else(|| panic!("{name} {order}: no vertex at {:?}", row(&bent, v)));
                (0..3).for_each(|d| corners[[v, d]] = corner[d]);
            }
            for (to, at) in [(&Array2::eye(nodes.nrows()), &nodes), (&to_probes, &probes)] {
                let straight = basis::interpolation(shape, 1, &vertices, at).dot(&corners);
                let found = to.dot(&x);
                for i in 0..at.nrows() {
                    let error = distance(row(&found, i), map(row(&straight, i), dims, order));
                    assert!(error < TOLERANCE, "{name} {order}: point {i} is off by {error}");
                }
            }
            if shape.dims() == dims {
                assert!(jacobian(shape, order, &nodes, &x).iter().all(|j| *j > 0.0), "{name} {order}");
            }
        }
    }
}

/// Determinant of the map at the nodes. `x`: `[node][3]`.
fn jacobian(shape: Shape, order: usize, nodes: &Array2<f64>, x: &Array2<f64>) -> Vec<f64> {
    let slopes: Vec<_> =
        basis::differentiation(shape, order, nodes, nodes).iter().map(|d| d.dot(x)).collect();
    let at = |n: usize| {
        let e: [[f64; 3]; 3] = std::array::from_fn(|a| match slopes.get(a) {
            Some(slope) => row(slope, n),
            None => std::array::from_fn(|d| if d == a { 1.0 } else { 0.0 }),
        });
        let [a, b, c] = e;
        (0..3).map(|i| a[i] * (b[(i + 1) % 3] * c[(i + 2) % 3] - b[(i + 2) % 3] * c[(i + 1) % 3])).sum()
    };
    (0..nodes.nrows()).map(at).collect()
}

/// Shapes and counts of the elements, boundary included.
fn census(mesh: &RawMesh) -> Vec<(Shape, usize)> {
    mesh.blocks.iter().map(|b| (b.shape, b.groups.len())).collect()
}

fn expected(dims: usize) -> Vec<(Shape, usize)> {
    match dims {
        1 => vec![(Shape::Line, 3), (Shape::Point, 2)],
        2 => vec![(Shape::Line, 5), (Shape::Tri, 1), (Shape::Quad, 1)],
        _ => vec![
            (Shape::Tri, 8),
            (Shape::Quad, 6),
            (Shape::Tet, 1),
            (Shape::Hex, 1),
            (Shape::Prism, 1),
            (Shape::Pyramid, 1),
        ],
    }
}

#[test]
fn nodes_of_every_type_and_order_arrive_at_their_places() {
    for dims in 1..=3 {
        for (order, variant) in VARIANTS {
            let mesh = read(&path(&format!("zoo{dims}d-{order}"), variant)).unwrap();
            assert_eq!((census(&mesh), mesh.completed), (expected(dims), 0));
            check(&mesh, dims, order);
        }
    }
}

#[test]
fn serendipity_elements_arrive_complete_with_the_same_geometry() {
    // Polynomials of total degree 2 are what the incomplete elements can represent too.
    for (dims, completed) in [(2, 1), (3, 3)] {
        let whole = read(&path(&format!("zoo{dims}d-2"), "4.1a")).unwrap();
        let mesh = read(&path(&format!("zoo{dims}d-incomplete"), "4.1b")).unwrap();
        assert_eq!((census(&mesh), mesh.completed), (expected(dims), completed));
        check(&mesh, dims, 2);
        // No node was added twice.
        assert_eq!(mesh.nodes.len(), whole.nodes.len());
    }
}

#[test]
fn meshes_of_every_type_and_order_are_conforming() {
    let connected = |name: &str, variant: &str| {
        let connected = connect(read(&path(name, variant)).unwrap()).unwrap();
        connected.mesh.validate().unwrap();
        assert_eq!(connected.mesh.boundaries, ["wall"], "{name}");
        connected.notices
    };
    for dims in 1..=3 {
        for (order, variant) in VARIANTS {
            let notices = connected(&format!("zoo{dims}d-{order}"), variant);
            assert!(!notices.iter().any(|n| matches!(n, Notice::Completed { .. } | Notice::Flipped { .. })));
        }
    }
    for (dims, count) in [(2, 1), (3, 3)] {
        let notices = connected(&format!("zoo{dims}d-incomplete"), "4.1b");
        assert!(notices.contains(&Notice::Completed { count }));
    }
}

#[test]
fn points_at_the_ends_of_a_mesh_of_lines_are_its_boundary() {
    for (order, variant) in VARIANTS {
        let mesh = read(&path(&format!("zoo1d-{order}"), variant)).unwrap();
        let ends = &mesh.blocks[1];
        for (&node, x) in ends.nodes.iter().zip([0.0, 3.0]) {
            assert!(distance(mesh.nodes[node as usize], map([x, 0.0, 0.0], 1, order)) < TOLERANCE);
        }
        assert!(ends.groups.iter().all(|&g| mesh.groups[g as usize].name == "wall"));
    }
}
