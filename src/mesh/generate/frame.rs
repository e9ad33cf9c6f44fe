//! Elements as affine pieces of the grid.

use super::random::SplitMix;
use crate::element::{Shape, lattice};

/// Integer coordinates on the grid, in half cells: cell vertices are even, cell middles odd.
pub type Corner = [i64; 3];

/// An affine element: its first vertex, and the edges from there along the axes of its lattice.
///
/// The edges reach the vertices with lattice coordinates (1, 0, 0), (0, 1, 0) and (0, 0, 1) of order 1; the third edge of a
/// pyramid reaches its apex.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub shape: Shape,
    pub origin: Corner,
    pub edges: [Corner; 3],
}

/// Vertices around the base of a pyramid.
const RING: [usize; 4] = [0, 1, 3, 2];

impl Frame {
    /// Lattice coordinates `at` of a node of order `order`, in half cells times `order`.
    pub fn node(&self, order: i64, at: &[i64; 3]) -> Corner {
        std::array::from_fn(|d| {
            order * self.origin[d] + (0..3).map(|a| at[a] * self.edges[a][d]).sum::<i64>()
        })
    }

    /// Vertex `v`.
    pub fn vertex(&self, v: usize) -> Corner {
        let at = match self.shape {
            Shape::Point => [0; 3],
            Shape::Line | Shape::Quad | Shape::Hex => [v & 1, (v >> 1) & 1, v >> 2],
            Shape::Tri | Shape::Tet => [v == 1, v == 2, v == 3].map(usize::from),
            Shape::Prism => [v % 3 == 1, v % 3 == 2, v > 2].map(usize::from),
            Shape::Pyramid => [v == 1 || v == 3, v == 2 || v == 3, v == 4].map(usize::from),
        };
        self.node(1, &at.map(|i| i as i64))
    }

    /// Face `f`.
    pub fn face(&self, f: usize) -> Frame {
        let face = &self.shape.faces()[f];
        let first = self.vertex(face.vertices[0]);
        let edge = |v: Option<&usize>| v.map_or([0; 3], |&v| sub(self.vertex(v), first));
        let second = if face.shape.dims() > 1 { edge(face.vertices.last()) } else { [0; 3] };
        Frame { shape: face.shape, origin: first, edges: [edge(face.vertices.get(1)), second, [0; 3]] }
    }

    /// The same element with another first vertex and other axes, orientation kept.
    pub fn turned(&self, random: &mut SplitMix) -> Frame {
        let n = self.shape.dims();
        let mut new = *self;
        match self.shape {
            Shape::Point => {}
            Shape::Line | Shape::Quad | Shape::Hex => {
                // A random signed permutation of the axes; a negative one is made positive by turning its last axis.
                let mut axes: Vec<usize> = (0..n).collect();
                let mut odd = random.shuffle(&mut axes);
                let mut turned: Vec<bool> = (0..n).map(|_| random.below(2) == 1).collect();
                odd ^= turned.iter().filter(|t| **t).count() % 2 == 1;
                turned[n - 1] ^= odd;
                for a in 0..n {
                    let edge = self.edges[axes[a]];
                    if turned[a] {
                        new.origin = add(new.origin, edge);
                    }
                    new.edges[a] = if turned[a] { sub([0; 3], edge) } else { edge };
                }
            }
            Shape::Tri | Shape::Tet => {
                let mut vertices: Vec<usize> = (0..=n).collect();
                if random.shuffle(&mut vertices) {
                    vertices.swap(0, 1);
                }
                new.origin = self.vertex(vertices[0]);
                for a in 0..n {
                    new.edges[a] = sub(self.vertex(vertices[a + 1]), new.origin);
                }
            }
            Shape::Prism => {
                // The triangle in any order; against its sense, the prism stands on its head.
                let mut vertices = [0, 1, 2];
                let odd = random.shuffle(&mut vertices);
                let lift = if odd { 3 } else { 0 };
                new.origin = self.vertex(vertices[0] + lift);
                for a in 0..2 {
                    new.edges[a] = sub(self.vertex(vertices[a + 1] + lift), new.origin);
                }
                if odd {
                    new.edges[2] = sub([0; 3], self.edges[2]);
                }
            }
            Shape::Pyramid => {
                let first = random.below(4);
                new.origin = self.vertex(RING[first]);
                for (a, v) in [RING[(first + 1) % 4], RING[(first + 3) % 4], 4].into_iter().enumerate() {
                    new.edges[a] = sub(self.vertex(v), new.origin);
                }
            }
        }
        new
    }
}

/// Sum.
pub fn add(a: Corner, b: Corner) -> Corner {
    std::array::from_fn(|d| a[d] + b[d])
}

/// Difference.
pub fn sub(a: Corner, b: Corner) -> Corner {
    std::array::from_fn(|d| a[d] - b[d])
}

/// Lattice coordinates of the nodes of each shape, by `shape as usize`.
pub struct Lattices(Vec<Vec<[i64; 3]>>);

impl Lattices {
    /// For geometry of order `order`.
    pub fn new(order: usize) -> Lattices {
        let shapes = Shape::ALL.into_iter().chain([Shape::Point]);
        let mut all = vec![Vec::new(); Shape::ALL.len() + 1];
        for shape in shapes {
            all[shape as usize] =
                lattice::indices(shape, order).into_iter().map(|at| at.map(|i| i as i64)).collect();
        }
        Lattices(all)
    }

    /// Of one shape, `[node][axis]`.
    pub fn of(&self, shape: Shape) -> &[[i64; 3]] {
        &self.0[shape as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn volume(f: &Frame) -> i64 {
        let [a, b, c] = f.edges;
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    }

    #[test]
    fn vertices_are_the_lattice_of_order_one() {
        for shape in Shape::ALL {
            let frame = Frame { shape, origin: [1, 2, 3], edges: [[7, 1, 0], [0, 5, 1], [1, 0, 3]] };
            for (v, at) in Lattices::new(1).of(shape).iter().enumerate() {
                assert_eq!(frame.vertex(v), frame.node(1, at), "{shape:?}");
            }
        }
    }

    #[test]
    fn turning_keeps_the_vertices_and_the_orientation_and_reaches_every_position() {
        let mut random = SplitMix(4);
        let rotations = [(Shape::Line, 1), (Shape::Tri, 3), (Shape::Quad, 4), (Shape::Tet, 12)];
        for (shape, count) in
            rotations.into_iter().chain([(Shape::Hex, 24), (Shape::Prism, 6), (Shape::Pyramid, 4)])
        {
            let edges = [[2, 0, 0], [0, 2, 0], if shape == Shape::Pyramid { [1; 3] } else { [0, 0, 2] }];
            let frame = Frame { shape, origin: [4, 6, 8], edges };
            let vertices = |f: &Frame| (0..shape.points(1)).map(|v| f.vertex(v)).collect::<Vec<_>>();
            let set = |f: &Frame| vertices(f).into_iter().collect::<BTreeSet<_>>();
            let mut met = BTreeSet::new();
            for _ in 0..300 {
                let turned = frame.turned(&mut random);
                assert_eq!(set(&turned), set(&frame), "{shape:?}");
                assert_eq!(volume(&turned), volume(&frame), "{shape:?}");
                met.insert(vertices(&turned));
            }
            assert_eq!(met.len(), count, "{shape:?}");
        }
    }
}
