//! In which order Gmsh lists the nodes of an element (reference manual, "Node ordering").
//!
//! The order is recursive: the vertices, the nodes inside each edge, those inside each face, those inside the volume,
//! where the nodes inside a face or volume are again listed like a smaller element. So the tables here hold vertices,
//! edges and faces only, and serve every geometry order. Measured against Gmsh 4.15: its reference nodes of lines,
//! triangles, quadrilaterals, tetrahedra, hexahedra and pyramids up to order 6, and the prisms up to order 5 that it
//! makes from straight ones.

use crate::element::{Shape, lattice};

/// Lattice coordinates, each in `0..=order`.
type Node = [usize; 3];

/// Vertices, edges and faces of a shape in Gmsh's order.
struct Skeleton {
    /// Lattice coordinates for order 1. Quadrilaterals are rings.
    vertices: &'static [Node],
    /// Both ends; nodes run from the first to the second.
    edges: &'static [[usize; 2]],
    /// Faces of a volume: the interior nodes start at the first vertex, x running towards the second.
    faces: &'static [&'static [usize]],
}

const PYRAMID_FACES: &[&[usize]] = &[&[0, 1, 4], &[3, 0, 4], &[1, 2, 4], &[2, 3, 4], &[0, 3, 2, 1]];
const PRISM_FACES: &[&[usize]] = &[&[0, 2, 1], &[3, 4, 5], &[0, 1, 4, 3], &[0, 3, 5, 2], &[1, 2, 5, 4]];
const TET_FACES: &[&[usize]] = &[&[0, 2, 1], &[0, 1, 3], &[0, 3, 2], &[3, 1, 2]];
const HEX_FACES: &[&[usize]] =
    &[&[0, 3, 2, 1], &[0, 1, 5, 4], &[0, 4, 7, 3], &[1, 2, 6, 5], &[2, 3, 7, 6], &[4, 5, 6, 7]];

const HEX_VERTICES: &[Node] =
    &[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]];
const PRISM_VERTICES: &[Node] = &[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]];
const PYRAMID_VERTICES: &[Node] = &[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]];
const TET_VERTICES: &[Node] = &[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]];

const HEX_EDGES: &[[usize; 2]] =
    &[[0, 1], [0, 3], [0, 4], [1, 2], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 7], [5, 6], [6, 7]];
const PRISM_EDGES: &[[usize; 2]] = &[[0, 1], [0, 2], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [3, 5], [4, 5]];
const PYRAMID_EDGES: &[[usize; 2]] = &[[0, 1], [0, 3], [0, 4], [1, 2], [1, 4], [2, 3], [2, 4], [3, 4]];
const TET_EDGES: &[[usize; 2]] = &[[0, 1], [1, 2], [2, 0], [3, 0], [3, 2], [3, 1]];

fn skeleton(shape: Shape) -> Skeleton {
    let (vertices, edges, faces): (&[Node], &[[usize; 2]], &[&[usize]]) = match shape {
        Shape::Point => (&[[0; 3]], &[], &[]),
        Shape::Line => (&TET_VERTICES[..2], &[[0, 1]], &[]),
        Shape::Tri => (&TET_VERTICES[..3], &[[0, 1], [1, 2], [2, 0]], &[]),
        Shape::Quad => (&HEX_VERTICES[..4], &[[0, 1], [1, 2], [2, 3], [3, 0]], &[]),
        Shape::Tet => (TET_VERTICES, TET_EDGES, TET_FACES),
        Shape::Hex => (HEX_VERTICES, HEX_EDGES, HEX_FACES),
        Shape::Prism => (PRISM_VERTICES, PRISM_EDGES, PRISM_FACES),
        Shape::Pyramid => (PYRAMID_VERTICES, PYRAMID_EDGES, PYRAMID_FACES),
    };
    Skeleton { vertices, edges, faces }
}

/// Lattice coordinates of the nodes of an element of geometry `order` in Gmsh's order; at order 0 its only node.
pub(super) fn positions(shape: Shape, order: usize) -> Vec<Node> {
    if order == 0 {
        return vec![[0; 3]];
    }
    let Skeleton { vertices, edges, faces } = skeleton(shape);
    let vertex = |v: usize| vertices[v].map(|x| x * order);
    let mut nodes: Vec<Node> = (0..vertices.len()).map(vertex).collect();
    for &[a, b] in edges {
        let [a, b] = [a, b].map(vertex);
        nodes.extend((1..order).map(|i| between(a, &[(b, i)], order)));
    }
    for face in faces {
        let kind = if face.len() == 3 { Shape::Tri } else { Shape::Quad };
        let [origin, x, y] = [face[0], face[1], face[face.len() - 1]].map(vertex);
        nodes.extend(
            inside(kind, order).into_iter().map(|[i, j, _]| between(origin, &[(x, i), (y, j)], order)),
        );
    }
    // The edge of a line is the line itself.
    if shape.dims() > 1 {
        nodes.extend(inside(shape, order));
    }
    nodes
}

/// Lattice position (x fastest, then y, then z) of each node in Gmsh's order.
pub(super) fn to_lattice(shape: Shape, order: usize) -> Vec<usize> {
    let lattice = lattice::indices(shape, order);
    let position = |node| lattice.iter().position(|x| *x == node).expect("every node is on the lattice");
    positions(shape, order).into_iter().map(position).collect()
}

/// The nodes strictly inside an element of geometry `order`, in its lattice coordinates.
fn inside(shape: Shape, order: usize) -> Vec<Node> {
    // The steps of the lattice that the faces take up.
    let shrunk = |shape, walls| match order.checked_sub(walls) {
        Some(order) => positions(shape, order),
        None => Vec::new(),
    };
    let smaller = match shape {
        Shape::Point => Vec::new(),
        Shape::Line => shrunk(Shape::Line, 2),
        Shape::Tri => shrunk(Shape::Tri, 3),
        Shape::Quad => shrunk(Shape::Quad, 2),
        Shape::Tet => shrunk(Shape::Tet, 4),
        Shape::Hex => shrunk(Shape::Hex, 2),
        Shape::Pyramid => shrunk(Shape::Pyramid, 3),
        // A column of inner layers above each node inside the triangle.
        Shape::Prism => {
            let layers = shrunk(Shape::Line, 2);
            let column = |[i, j, _]: Node| layers.iter().map(move |&[k, ..]| [i, j, k]);
            shrunk(Shape::Tri, 3).into_iter().flat_map(column).collect()
        }
    };
    let used = |axis: usize| usize::from(axis < shape.dims());
    smaller.into_iter().map(|x| std::array::from_fn(|d| x[d] + used(d))).collect()
}

/// `origin` plus, for each `(end, i)`, `i` of `order` steps towards `end`.
fn between(origin: Node, steps: &[(Node, usize)], order: usize) -> Node {
    std::array::from_fn(|d| {
        let from = origin[d] as isize;
        let moved = |&(end, i): &(Node, usize)| (end[d] as isize - from) * i as isize / order as isize;
        (from + steps.iter().map(moved).sum::<isize>()) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_of_the_lattice_is_listed_once() {
        for shape in Shape::ALL {
            for order in 1..=6 {
                let mut listed = to_lattice(shape, order);
                listed.sort_unstable();
                assert!(listed.into_iter().eq(0..shape.points(order)), "{shape:?} {order}");
            }
        }
        assert_eq!(to_lattice(Shape::Point, 1), [0]);
    }

    #[test]
    fn the_orders_written_out_in_the_manual_of_gmsh() {
        // The drawings of "Node ordering": triangle 10, quadrilateral 9, the edges of the tetrahedron 10.
        assert_eq!(to_lattice(Shape::Tri, 3), [0, 3, 9, 1, 2, 6, 8, 7, 4, 5]);
        assert_eq!(to_lattice(Shape::Quad, 2), [0, 2, 8, 6, 1, 5, 7, 3, 4]);
        assert_eq!(to_lattice(Shape::Tet, 2), [0, 2, 5, 9, 1, 4, 3, 6, 8, 7]);
    }
}
