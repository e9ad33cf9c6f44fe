//! What an element becomes in VTK: its cells and the order of their nodes.
//!
//! Node orders are those of `vtkHigherOrderTriangle`, `...Quadrilateral`, `...Tetra`, `...Hexahedron` and `...Wedge` of VTK
//! 9; hexahedra in the order of file version 2.2 and later (before, two of the vertical edges were swapped). All start with
//! the vertices, then the interior points of the edges, of the faces, and of the cell.
//!
//! VTK has a number for Lagrange pyramids but no cell behind it, so a pyramid is written as the linear cells between the
//! nodes of its lattice (`pyramid_cells`).

use crate::element::{Shape, lattice};
use std::collections::HashMap;
use vtkio::model::CellType;

/// A place in the node lattice: steps along x, y, z.
type Node = [usize; 3];

/// A cell of VTK.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Type of the cell.
    pub kind: CellType,
    /// Its nodes, as positions in the list of [`vtk_order`].
    pub nodes: Vec<usize>,
}

/// What fills an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellKind {
    /// One Lagrange cell of the element's order; linear cells in a pyramid.
    #[default]
    Lagrange,
    /// Linear cells between the nodes of its lattice.
    Linear,
}

/// The nodes of an element as VTK gets them, and its cells.
#[derive(Clone, Debug)]
pub struct Layout {
    /// For each node as VTK gets it, its index in the lattice of the shape.
    pub order: Vec<usize>,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// Nodes and cells of an element of `order` (at least 1).
pub fn layout(shape: Shape, order: usize, kind: CellKind) -> Layout {
    match kind {
        CellKind::Lagrange => Layout { order: vtk_order(shape, order), cells: cells(shape, order) },
        CellKind::Linear => {
            let cells = linear_cells(shape, order.max(1));
            Layout { order: (0..shape.points(order.max(1))).collect(), cells }
        }
    }
}

/// Version of a `.vtu` file with elements of these shapes and orders: 2.2 defines the order of nodes of hexahedra of order 2 and
/// more, which has been another one; there are programs that read files up to 1.0 alone, which is enough for all else.
pub fn version(kind: CellKind, elements: impl IntoIterator<Item = (Shape, usize)>) -> (u32, u32) {
    let reordered = |(shape, order): (Shape, usize)| shape == Shape::Hex && order > 1;
    let any = kind == CellKind::Lagrange && elements.into_iter().any(reordered);
    if any { (2, 2) } else { (1, 0) }
}

/// Linear cells that fill an element, without gap or overlap, on the nodes of its lattice of order `p`.
fn linear_cells(shape: Shape, p: usize) -> Vec<Cell> {
    let index: HashMap<Node, usize> = lattice::indices(shape, p).into_iter().zip(0..).collect();
    let cell =
        |kind: CellType, nodes: &[Node]| Cell { kind, nodes: nodes.iter().map(|n| index[n]).collect() };
    let layer = |[i, j]: [usize; 2], k: usize| [i, j, k];
    let square = |i: usize, j: usize| [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
    let squares = || (0..p).flat_map(move |j| (0..p).map(move |i| square(i, j)));
    match shape {
        Shape::Point => vec![cell(CellType::Vertex, &[[0; 3]])],
        Shape::Line => (0..p).map(|i| cell(CellType::Line, &[[i, 0, 0], [i + 1, 0, 0]])).collect(),
        Shape::Tri => {
            triangles(p).iter().map(|t| cell(CellType::Triangle, &t.map(|x| layer(x, 0)))).collect()
        }
        Shape::Quad => squares().map(|s| cell(CellType::Quad, &s.map(|x| layer(x, 0)))).collect(),
        Shape::Hex => {
            let column =
                |k: usize| squares().map(move |s| [s.map(|x| layer(x, k)), s.map(|x| layer(x, k + 1))]);
            (0..p).flat_map(column).map(|ends| cell(CellType::Hexahedron, ends.as_flattened())).collect()
        }
        Shape::Prism => {
            let all = triangles(p);
            let column =
                |k: usize| all.iter().map(move |t| [t.map(|x| layer(x, k)), t.map(|x| layer(x, k + 1))]);
            (0..p).flat_map(column).map(|ends| cell(CellType::Wedge, ends.as_flattened())).collect()
        }
        Shape::Tet => tetrahedra(p).iter().map(|t| cell(CellType::Tetra, t)).collect(),
        Shape::Pyramid => pyramid_cells(p),
    }
}

/// Triangles of the lattice of a triangle of order `p`, counter-clockwise.
fn triangles(p: usize) -> Vec<[[usize; 2]; 3]> {
    let mut all = vec![];
    for (i, j) in (0..p).flat_map(|j| (0..p - j).map(move |i| (i, j))) {
        all.push([[i, j], [i + 1, j], [i, j + 1]]);
        if i + j + 2 <= p {
            all.push([[i + 1, j], [i + 1, j + 1], [i, j + 1]]);
        }
    }
    all
}

/// Tetrahedra of the lattice of a tetrahedron of order `p`, right-handed.
///
/// In the coordinates `a = x + y + z, b = y + z, c = z` it is `p >= a >= b >= c >= 0`, which is made of whole simplices of
/// Kuhn's division of the unit cubes (along their edges from the lowest corner to the highest, in each order of the axes).
fn tetrahedra(p: usize) -> Vec<[Node; 4]> {
    let mut all = vec![];
    let inside = |v: &Node| p >= v[0] && v[0] >= v[1] && v[1] >= v[2];
    for corner in lattice::indices(Shape::Hex, p).into_iter().filter(|v| v.iter().all(|x| *x < p)) {
        // Odd orders of the axes make left-handed simplices.
        for (axes, odd) in [
            ([0, 1, 2], false),
            ([1, 2, 0], false),
            ([2, 0, 1], false),
            ([0, 2, 1], true),
            ([1, 0, 2], true),
            ([2, 1, 0], true),
        ] {
            let mut nodes = [corner; 4];
            for (step, axis) in axes.into_iter().enumerate() {
                nodes[step + 1..].iter_mut().for_each(|node| node[axis] += 1);
            }
            if nodes.iter().all(inside) {
                let mut nodes = nodes.map(|[a, b, c]| [a - b, b - c, c]);
                if odd {
                    nodes.swap(2, 3);
                }
                all.push(nodes);
            }
        }
    }
    all
}

/// The cells that fill an element of `order` (at least 1): a Lagrange cell, or the linear cells of a pyramid.
pub fn cells(shape: Shape, order: usize) -> Vec<Cell> {
    let kind = match shape {
        Shape::Point => CellType::Vertex,
        Shape::Line => CellType::LagrangeCurve,
        Shape::Tri => CellType::LagrangeTriangle,
        Shape::Quad => CellType::LagrangeQuadrilateral,
        Shape::Tet => CellType::LagrangeTetrahedron,
        Shape::Hex => CellType::LagrangeHexahedron,
        Shape::Prism => CellType::LagrangeWedge,
        Shape::Pyramid => return pyramid_cells(order.max(1)),
    };
    vec![Cell { kind, nodes: (0..shape.points(order.max(1))).collect() }]
}

/// For each node of an element of `order` (at least 1) as VTK gets it, its index in the equally spaced lattice of the
/// shape ([`lattice::indices`]). Pyramids and points keep the order of the lattice.
pub fn vtk_order(shape: Shape, order: usize) -> Vec<usize> {
    let p = order.max(1);
    let lattice = lattice::indices(shape, p);
    let mut nodes = Vec::with_capacity(lattice.len());
    match shape {
        Shape::Point | Shape::Pyramid => nodes.extend_from_slice(&lattice),
        Shape::Line => {
            nodes.extend([[0, 0, 0], [p, 0, 0]]);
            nodes.extend((1..p).map(|i| [i, 0, 0]));
        }
        Shape::Quad => quad(p, &mut nodes),
        Shape::Hex => hex(p, &mut nodes),
        Shape::Prism => wedge(p, &mut nodes),
        Shape::Tri => triangle([[0, 0, 0], [p, 0, 0], [0, p, 0]], p, &mut nodes),
        Shape::Tet => tet([[0, 0, 0], [p, 0, 0], [0, p, 0], [0, 0, p]], p, &mut nodes),
    }
    let index: HashMap<Node, usize> = lattice.into_iter().zip(0..).collect();
    nodes.into_iter().map(|node| index[&node]).collect()
}

/// Linear cells that fill a pyramid of order `p`, without gap or overlap, on the nodes of its lattice.
///
/// Between the layer of `n` by `n` squares and the one of `n - 1` by `n - 1` above it, whose nodes lie over the middles of
/// those squares: an upright pyramid on each lower square, a hanging one below each upper square, and a tetrahedron
/// between every inner edge below and the edge above that crosses it.
fn pyramid_cells(p: usize) -> Vec<Cell> {
    // What remains above a layer is a pyramid of lower order.
    let node = |i: usize, j: usize, k: usize| {
        Shape::Pyramid.points(p) - Shape::Pyramid.points(p - k) + i + (p - k + 1) * j
    };
    let mut cells = vec![];
    for k in 0..p {
        let n = p - k;
        let pyramid = |base: [[usize; 2]; 4], layer, apex| {
            let nodes = base.iter().map(|&[i, j]| node(i, j, layer)).chain([apex]).collect();
            Cell { kind: CellType::Pyramid, nodes }
        };
        let tet = |nodes: [usize; 4]| Cell { kind: CellType::Tetra, nodes: nodes.into() };
        for (i, j) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))) {
            let base = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
            cells.push(pyramid(base, k, node(i, j, k + 1)));
            if i > 0 && j > 0 {
                let base = [[i - 1, j - 1], [i - 1, j], [i, j], [i, j - 1]];
                cells.push(pyramid(base, k + 1, node(i, j, k)));
            }
            if j > 0 {
                let across = [node(i, j - 1, k + 1), node(i, j, k + 1)];
                cells.push(tet([node(i, j, k), node(i + 1, j, k), across[1], across[0]]));
            }
            if i > 0 {
                let across = [node(i - 1, j, k + 1), node(i, j, k + 1)];
                cells.push(tet([node(i, j, k), node(i, j + 1, k), across[0], across[1]]));
            }
        }
    }
    cells
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

/// A triangle times a line, along z.
fn wedge(p: usize, nodes: &mut Vec<Node>) {
    let ends = [0, p];
    let corners = |z| [[0, 0, z], [p, 0, z], [0, p, z]];
    let side = |s: usize, z| edge(corners(z)[s], corners(z)[(s + 1) % 3], p);
    // Here the insides of triangles are rows of the lattice, not triangles within triangles as in `triangle`.
    let inside = |z| (1..p).flat_map(move |j| (1..p - j).map(move |i| [i, j, z]));
    nodes.extend(ends.into_iter().flat_map(corners));
    for z in ends {
        nodes.extend((0..3).flat_map(|s| side(s, z)));
    }
    for [x, y, _] in corners(0) {
        nodes.extend((1..p).map(|k| [x, y, k]));
    }
    nodes.extend(ends.into_iter().flat_map(inside));
    for s in 0..3 {
        nodes.extend((1..p).flat_map(|z| side(s, z)));
    }
    nodes.extend((1..p).flat_map(inside));
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
        assert_eq!(vtk_order(Shape::Prism, 1), [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            vtk_order(Shape::Prism, 2),
            [0, 2, 5, 12, 14, 17, 1, 4, 3, 13, 16, 15, 6, 8, 11, 7, 10, 9]
        );
    }

    #[test]
    fn linear_cells_fill_every_shape_right_handed() {
        for shape in Shape::ALL.into_iter().filter(|s| *s != Shape::Pyramid) {
            for p in 1..=5 {
                let nodes = lattice::indices(shape, p);
                // The determinant of the edges at each vertex that has them all, in units of a step of the lattice.
                let (mut total, mut count) = (0, 0);
                for cell in linear_cells(shape, p) {
                    let edge = |n: usize| {
                        [0, 1, 2].map(|d| nodes[cell.nodes[n]][d] as i64 - nodes[cell.nodes[0]][d] as i64)
                    };
                    // Neighbours of the first vertex along the axes of the cell.
                    let (a, b, c) = match cell.kind {
                        CellType::Line => (edge(1), [0, 1, 0], [0, 0, 1]),
                        CellType::Triangle => (edge(1), edge(2), [0, 0, 1]),
                        CellType::Quad => (edge(1), edge(3), [0, 0, 1]),
                        CellType::Tetra => (edge(1), edge(2), edge(3)),
                        CellType::Wedge => (edge(1), edge(2), edge(3)),
                        CellType::Hexahedron => (edge(1), edge(3), edge(4)),
                        other => panic!("{other:?}"),
                    };
                    let volume = a[0] * (b[1] * c[2] - b[2] * c[1])
                        + a[1] * (b[2] * c[0] - b[0] * c[2])
                        + a[2] * (b[0] * c[1] - b[1] * c[0]);
                    assert_eq!(volume, 1, "{} {p} {cell:?}", shape.name());
                    (total, count) = (total + volume, count + 1);
                }
                assert_eq!((total, count), ((p as i64).pow(shape.dims() as u32), p.pow(shape.dims() as u32)));
            }
        }
    }

    /// Faces of a linear cell, vertices counter-clockwise seen from outside.
    fn faces(cell: &Cell) -> Vec<Vec<usize>> {
        let sides: &[&[usize]] = match cell.kind {
            CellType::Pyramid => &[&[0, 3, 2, 1], &[0, 1, 4], &[1, 2, 4], &[2, 3, 4], &[3, 0, 4]],
            CellType::Tetra => &[&[0, 2, 1], &[0, 1, 3], &[1, 2, 3], &[2, 0, 3]],
            other => panic!("{other:?}"),
        };
        sides.iter().map(|side| side.iter().map(|&v| cell.nodes[v]).collect()).collect()
    }

    #[test]
    fn linear_cells_fill_a_pyramid_without_gap_or_overlap() {
        for p in 1..=7 {
            // Integer coordinates: the base from -p to p, the height 2 p.
            let nodes: Vec<[i64; 3]> = (lattice::indices(Shape::Pyramid, p).iter())
                .map(|&[i, j, k]| [2 * i + k, 2 * j + k, 2 * k].map(|x| x as i64 - p as i64))
                .collect();
            // Six times the volume of a tetrahedron.
            let volume = |v: [usize; 4]| {
                let [a, b, c] = [1, 2, 3].map(|i| [0, 1, 2].map(|d| nodes[v[i]][d] - nodes[v[0]][d]));
                a[0] * (b[1] * c[2] - b[2] * c[1])
                    + a[1] * (b[2] * c[0] - b[0] * c[2])
                    + a[2] * (b[0] * c[1] - b[1] * c[0])
            };
            let cells = cells(Shape::Pyramid, p);
            let mut total = 0;
            let mut open = std::collections::HashSet::new();
            for cell in &cells {
                let c = &cell.nodes;
                let parts = match cell.kind {
                    CellType::Pyramid => vec![[c[0], c[1], c[2], c[4]], [c[0], c[2], c[3], c[4]]],
                    _ => vec![[c[0], c[1], c[2], c[3]]],
                };
                for part in parts {
                    assert!(volume(part) > 0, "order {p}: {cell:?} is inside out");
                    total += volume(part);
                }
                // A face meets the same one of another cell, run the other way round.
                for mut face in faces(cell) {
                    let start = (0..face.len()).min_by_key(|&i| face[i]).unwrap();
                    face.rotate_left(start);
                    let mut other = face.clone();
                    other[1..].reverse();
                    if !open.remove(&other) {
                        assert!(open.insert(face), "order {p}: two cells on one side of a face");
                    }
                }
            }
            assert_eq!(total, 16 * (p as i64).pow(3), "order {p}: six times 4 p^2 by 2 p by a third");
            // What meets nothing is the surface: squares on the base and triangles on four sides.
            assert_eq!(open.len(), p * p + 4 * p * p, "order {p}");
            for face in open {
                let on = |plane: &dyn Fn([i64; 3]) -> i64| face.iter().all(|&v| plane(nodes[v]) == p as i64);
                let side = |d: usize, sign: i64| on(&|x| sign * x[d] + (x[2] + p as i64) / 2);
                let outside = on(&|x| -x[2]) || (0..2).any(|d| side(d, 1) || side(d, -1));
                assert!(outside, "order {p}: {face:?} is left open");
            }
        }
    }
}
