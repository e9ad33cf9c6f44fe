//! Warp-and-blend points with optimised alpha (`alpha-opt`).
//!
//! Hesthaven and Warburton, Nodal Discontinuous Galerkin Methods (2008), sections 6.1 (triangle) and 10.1
//! (tetrahedron): the equally spaced lattice is moved so that the edges carry Gauss-Legendre-Lobatto points, and the
//! moves are blended into the interior. The book moves points of an equilateral element; here the same moves are
//! written in barycentric coordinates, where a move by `w` along an edge of length 2 is `+w/2` and `-w/2`.

use crate::element::{Shape, lattice, quadrature};
use ndarray::Array2;

/// Optimised blending parameter, orders 1 to 15 (the book's `Nodes3D`), then 1.
///
/// The book has another table for triangles on their own. Case files written for `alpha-opt` triangles expect this one,
/// and with it the faces of the tetrahedron carry the points of the triangle.
const ALPHA: [f64; 15] = [
    0.0, 0.0, 0.0, 0.1002, 1.1332, 1.5608, 1.3413, 1.2577, 1.1603, 1.10153, 0.608, 0.4523, 0.8856, 0.8717,
    0.9655,
];

/// The move of a line's equally spaced nodes to Gauss-Legendre-Lobatto, divided by `1 - r^2`.
struct Warp {
    /// Interior equally spaced nodes.
    nodes: Vec<f64>,
    /// Move of each over `1 - r^2`; the move vanishes at the ends, so the quotient is a polynomial of order p - 2.
    scaled: Vec<f64>,
}

impl Warp {
    fn new(order: usize) -> Warp {
        let (lobatto, _) = quadrature::gauss_legendre_lobatto(order + 1);
        let nodes: Vec<f64> = (1..order).map(|i| (2 * i) as f64 / order as f64 - 1.0).collect();
        let scaled = nodes.iter().zip(&lobatto[1..]).map(|(r, x)| (x - r) / (1.0 - r * r)).collect();
        Warp { nodes, scaled }
    }

    /// The quotient at `r`, by Lagrange interpolation through the interior nodes.
    fn at(&self, r: f64) -> f64 {
        let term = |i: usize| {
            let others = self.nodes.iter().enumerate().filter(|(j, _)| *j != i);
            others.fold(self.scaled[i], |l, (_, n)| l * (r - n) / (self.nodes[i] - n))
        };
        (0..self.nodes.len()).map(term).sum()
    }

    /// Adds to `shift` the moves along the three edges of the triangle of vertices `v`, for a point with barycentric
    /// coordinates `l` (of the element, so they need not sum to one over the triangle).
    fn triangle(&self, l: &[f64], v: [usize; 3], alpha: f64, shift: &mut [f64]) {
        for e in 0..3 {
            let [opposite, from, to] = [v[e], v[(e + 1) % 3], v[(e + 2) % 3]];
            let blend = 4.0 * l[from] * l[to] * (1.0 + (alpha * l[opposite]).powi(2));
            let half = blend * self.at(l[to] - l[from]) / 2.0;
            shift[to] += half;
            shift[from] -= half;
        }
    }

    /// Adds to `shift` the moves of the four faces of the tetrahedron.
    fn tetrahedron(&self, l: &[f64], alpha: f64, shift: &mut [f64]) {
        // Lattice coordinates are multiples of 1/p computed without error where they vanish or nearly so.
        let on = |a: usize| l[a] < 1e-10;
        let on_edge = (0..4).filter(|a| on(*a)).count() >= 2;
        for a in 0..4 {
            let v = [(a + 1) % 4, (a + 2) % 4, (a + 3) % 4];
            let mut move_ = [0.0; 4];
            self.triangle(l, v, alpha, &mut move_);
            if on_edge {
                // Two faces meet in the edge and both move its points alike: one of them counts.
                if on(a) {
                    shift.copy_from_slice(&move_);
                    return;
                }
                continue;
            }
            let blend: f64 = v.iter().map(|&b| l[b] / (l[b] + l[a] / 2.0)).product();
            for (s, m) in shift.iter_mut().zip(move_) {
                *s += blend * (1.0 + (alpha * l[a]).powi(2)) * m;
            }
        }
    }
}

/// The `alpha-opt` points of a triangle or tetrahedron, order at least 1, `[points][dims]`, in lattice order.
pub(super) fn nodes(shape: Shape, order: usize) -> Array2<f64> {
    let dims = shape.dims();
    let alpha = ALPHA.get(order - 1).copied().unwrap_or(1.0);
    let warp = Warp::new(order);
    let mut points = lattice::nodes(shape, order);
    for (mut x, at) in points.rows_mut().into_iter().zip(lattice::indices(shape, order)) {
        let p = order as f64;
        let rest = order - at.iter().sum::<usize>();
        let l: Vec<f64> = [rest].iter().chain(&at[..dims]).map(|&i| i as f64 / p).collect();
        let mut shift = vec![0.0; dims + 1];
        if dims == 2 {
            warp.triangle(&l, [0, 1, 2], alpha, &mut shift);
        } else {
            warp.tetrahedron(&l, alpha, &mut shift);
        }
        for d in 0..dims {
            x[d] += 2.0 * shift[d + 1];
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_carry_gauss_lobatto_points() {
        for shape in [Shape::Tri, Shape::Tet] {
            for order in 1..=20 {
                let (lobatto, _) = quadrature::gauss_legendre_lobatto(order + 1);
                let x = nodes(shape, order);
                for (i, l) in lobatto.iter().enumerate() {
                    assert!((x[[i, 0]] - l).abs() < 1e-14, "{} {order}", shape.name());
                    assert!(x.row(i).iter().skip(1).all(|x| *x == -1.0));
                }
            }
        }
    }

    #[test]
    fn the_set_maps_onto_itself_when_vertices_are_exchanged() {
        for shape in [Shape::Tri, Shape::Tet] {
            for order in 1..=12 {
                let x = nodes(shape, order);
                let has = |y: Vec<f64>| {
                    x.rows().into_iter().any(|r| r.iter().zip(&y).all(|(a, b)| (a - b).abs() < 1e-13))
                };
                for row in x.rows() {
                    let mut y = row.to_vec();
                    y.rotate_left(1);
                    assert!(has(y));
                    let mut z = row.to_vec();
                    z[0] = 1.0 - shape.dims() as f64 - row.sum();
                    assert!(has(z), "{} {order} {row}", shape.name());
                }
            }
        }
    }

    #[test]
    fn a_face_of_the_tetrahedron_carries_the_points_of_the_triangle() {
        for order in 1..=20 {
            let (tri, tet) = (nodes(Shape::Tri, order), nodes(Shape::Tet, order));
            for i in 0..tri.nrows() {
                assert!((0..2).all(|d| (tri[[i, d]] - tet[[i, d]]).abs() < 1e-14), "{order}");
            }
        }
    }
}
