//! Node order of VTK's Lagrange cells.
//!
//! Defined by `vtkHigherOrderTriangle`, `...Quadrilateral`, `...Tetra` and `...Hexahedron` of VTK 9; hexahedra in the order
//! of file version 2.2 and later (before, two of the vertical edges were swapped). All start with the vertices, then the
//! interior points of the edges, of the faces, and of the cell.

use crate::element::Shape;
use vtkio::model::CellType;

/// A place in the node lattice: steps along x, y, z.
type Node = [usize; 3];

/// VTK's type of a Lagrange cell. (A wedge would be `LagrangeWedge`, 73, ordered in this file.)
pub fn cell_type(shape: Shape) -> CellType {
    match shape {
        Shape::Line => CellType::LagrangeCurve,
        Shape::Tri => CellType::LagrangeTriangle,
        Shape::Quad => CellType::LagrangeQuadrilateral,
        Shape::Tet => CellType::LagrangeTetrahedron,
        Shape::Hex => CellType::LagrangeHexahedron,
        Shape::Prism => CellType::LagrangeWedge,
        Shape::Pyramid => CellType::LagrangePyramid,
        Shape::Point => CellType::Vertex,
    }
}

/// For each node of a VTK Lagrange cell of `order` (at least 1), its index in the equally spaced lattice of the shape.
///
/// The lattice runs x fastest, then y, then z; in simplices it is truncated where the sum of the steps exceeds the order.
pub fn vtk_order(shape: Shape, order: usize) -> Vec<usize> {
    let p = order.max(1);
    let mut nodes = Vec::with_capacity(shape.points(p));
    match shape {
        Shape::Point | Shape::Prism | Shape::Pyramid => return (0..shape.points(p)).collect(),
        Shape::Line => {
            nodes.extend([[0, 0, 0], [p, 0, 0]]);
            nodes.extend((1..p).map(|i| [i, 0, 0]));
        }
        Shape::Quad => quad(p, &mut nodes),
        Shape::Hex => hex(p, &mut nodes),
        Shape::Tri => triangle([[0, 0, 0], [p, 0, 0], [0, p, 0]], p, &mut nodes),
        Shape::Tet => tet([[0, 0, 0], [p, 0, 0], [0, p, 0], [0, 0, p]], p, &mut nodes),
    }
    nodes.into_iter().map(|node| lattice_index(shape, p, node)).collect()
}

/// Position of a node in the lattice of order `p`.
fn lattice_index(shape: Shape, p: usize, [i, j, k]: Node) -> usize {
    // What remains above a row (or layer) of a simplex is a simplex of lower order.
    let row = |p: usize, j: usize| Shape::Tri.points(p) - Shape::Tri.points(p - j);
    match shape {
        Shape::Point | Shape::Prism | Shape::Pyramid => 0,
        Shape::Line => i,
        Shape::Quad | Shape::Hex => i + (p + 1) * (j + (p + 1) * k),
        Shape::Tri => i + row(p, j),
        Shape::Tet => i + row(p - k, j) + Shape::Tet.points(p) - Shape::Tet.points(p - k),
    }
}

/// Corners of a square, counter-clockwise.
fn ring(p: usize) -> [[usize; 2]; 4] {
    [[0, 0], [p, 0], [p, p], [0, p]]
}

/// Interior points of the sides of a square: bottom, right, top, left, all in the direction of their axis.
fn sides(p: usize, z: usize) -> impl Iterator<Item = Node> {
    let horizontal = move |y| (1..p).map(move |i| [i, y, z]);
    let vertical = move |x| (1..p).map(move |j| [x, j, z]);
    horizontal(0).chain(vertical(p)).chain(horizontal(p)).chain(vertical(0))
}

fn quad(p: usize, nodes: &mut Vec<Node>) {
    nodes.extend(ring(p).map(|[x, y]| [x, y, 0]));
    nodes.extend(sides(p, 0));
    nodes.extend(interior(p).map(|[i, j]| [i, j, 0]));
}

fn hex(p: usize, nodes: &mut Vec<Node>) {
    let ends = [0, p];
    for z in ends {
        nodes.extend(ring(p).map(|[x, y]| [x, y, z]));
    }
    for z in ends {
        nodes.extend(sides(p, z));
    }
    for [x, y] in ring(p) {
        nodes.extend((1..p).map(|k| [x, y, k]));
    }
    for x in ends {
        nodes.extend(interior(p).map(|[j, k]| [x, j, k]));
    }
    for y in ends {
        nodes.extend(interior(p).map(|[i, k]| [i, y, k]));
    }
    for z in ends {
        nodes.extend(interior(p).map(|[i, j]| [i, j, z]));
    }
    nodes.extend((1..p).flat_map(|k| interior(p).map(move |[i, j]| [i, j, k])));
}

/// Interior points of a square, first coordinate fastest.
fn interior(p: usize) -> impl Iterator<Item = [usize; 2]> {
    (1..p).flat_map(move |b| (1..p).map(move |a| [a, b]))
}

/// The point `steps` of `p` along the way from `a` to `b`.
fn between(a: Node, b: Node, steps: usize, p: usize) -> Node {
    std::array::from_fn(|d| (a[d] * (p - steps) + b[d] * steps) / p)
}

/// Interior points of an edge.
fn edge(a: Node, b: Node, p: usize) -> impl Iterator<Item = Node> {
    (1..p).map(move |s| between(a, b, s, p))
}

/// Corners of the lattice strictly inside a simplex: one step from each corner towards all others.
fn inner<const N: usize>(corners: [Node; N], p: usize) -> [Node; N] {
    std::array::from_fn(|c| {
        std::array::from_fn(|d| {
            let others: usize = (0..N).filter(|&o| o != c).map(|o| corners[o][d]).sum();
            (corners[c][d] * (p + 1 - N) + others) / p
        })
    })
}

/// A triangle of order `p`: corners, edges, then the triangle of order `p - 3` inside.
fn triangle(corners: [Node; 3], p: usize, nodes: &mut Vec<Node>) {
    let [a, b, c] = corners;
    if p == 0 {
        return nodes.push(a);
    }
    nodes.extend(corners);
    nodes.extend(edge(a, b, p).chain(edge(b, c, p)).chain(edge(c, a, p)));
    if p >= 3 {
        triangle(inner(corners, p), p - 3, nodes);
    }
}

/// A tetrahedron of order `p`: corners, edges, the insides of the faces, then the tetrahedron of order `p - 4` inside.
fn tet(corners: [Node; 4], p: usize, nodes: &mut Vec<Node>) {
    let [a, b, c, d] = corners;
    if p == 0 {
        return nodes.push(a);
    }
    nodes.extend(corners);
    for (from, to) in [(a, b), (b, c), (c, a), (a, d), (b, d), (c, d)] {
        nodes.extend(edge(from, to, p));
    }
    if p >= 3 {
        for face in [[a, b, d], [c, d, b], [a, d, c], [a, c, b]] {
            triangle(inner(face, p), p - 3, nodes);
        }
    }
    if p >= 4 {
        tet(inner(corners, p), p - 4, nodes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lattice_node_is_named_once() {
        for shape in Shape::ALL {
            for order in 1..=9 {
                let mut seen = vtk_order(shape, order);
                seen.sort_unstable();
                assert_eq!(seen, (0..shape.points(order)).collect::<Vec<_>>(), "{} {order}", shape.name());
            }
        }
    }

    #[test]
    fn vertices_come_first_and_turn_counter_clockwise() {
        assert_eq!(vtk_order(Shape::Line, 3), [0, 3, 1, 2]);
        assert_eq!(vtk_order(Shape::Quad, 1), [0, 1, 3, 2]);
        assert_eq!(vtk_order(Shape::Hex, 1), [0, 1, 3, 2, 4, 5, 7, 6]);
        assert_eq!(vtk_order(Shape::Tri, 2), [0, 2, 5, 1, 4, 3]);
        assert_eq!(vtk_order(Shape::Tet, 2), [0, 2, 5, 9, 1, 4, 3, 6, 7, 8]);
    }
}
