//! Metric terms of elements and faces from their nodes (docs/src/numerics.md, "Curved elements").
//!
//! # Free stream
//! A uniform flow must stay uniform on curved elements: for every physical direction the discrete divergence of the
//! metric vectors and the lifted face normals have to cancel,
//! `sum_d divergence[d] S_d + lift (outward area vector) = 0`, at every solution point. Two steps ensure it, on every
//! shape and at every order of geometry and solution:
//!
//! 1. Normals of a curved face are the `L2` projection of the exact area vector onto the face's polynomials of the
//!    solution's order. Projection keeps the integral, so that the normals of a closed surface still add up to nothing,
//!    and it depends on the nodes of the face alone, so that both sides agree.
//! 2. The exact `S = |J| J^-1` at the solution points takes the least change that makes the sum above vanish. One
//!    condition is needed for such a change to exist, and the first step has met it.
//!
//! The customary conservative curl form (Kopriva, J. Sci. Comput. 26, 2006) reaches the same for products of lines and,
//! with care, simplices, where derivatives of the basis stay in its space. A pyramid's rational basis has no such
//! property, and the curl form there leaves errors of the order of the geometry's; the form above needs none.

use crate::element::{Operators, Shape, basis, faces, lattice, quadrature};
use ndarray::Array2;
use std::sync::{Arc, OnceLock};

/// Elements whose map deviates from an affine one by less than this part of their extent count as affine.
/// Mesh generators leave noise of this size in coordinates.
const AFFINE_TOLERANCE: f64 = 1e-10;

/// The geometry of one shape and geometry order at the points of a solution operator.
pub struct Geometry {
    operators: Arc<Operators>,
    shape: Shape,
    dims: usize,
    order: usize,
    /// Geometry nodes to solution points, `[P][nodes]`.
    to_points: Array2<f64>,
    /// Geometry nodes to flux points, `[F][nodes]`.
    to_flux_points: Array2<f64>,
    /// Derivative along each reference direction at the solution points, `[P][nodes]`.
    at_points: Vec<Array2<f64>>,
    faces: Vec<FaceGeometry>,
    /// `(sum_d divergence[d] divergence[d]^T + w w^T / w.w)^-1`, `[P][P]`: made when first needed.
    normal_equations: OnceLock<Array2<f64>>,
}

/// Physical vectors `S_d = |J| grad r_d` (`[reference][physical]`) and `|J|` at one point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metric {
    /// `s[d][k]`.
    pub s: [[f64; 3]; 3],
    /// Determinant of the Jacobian.
    pub jacobian: f64,
}

/// Unit normal, outward from the element it was computed from, and area factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Unit vector.
    pub n: [f64; 3],
    /// Length of the unnormalised normal: physical over reference area.
    pub area: f64,
}

impl Geometry {
    /// Geometry of order `order` at the points of `operators`.
    pub fn new(operators: &Arc<Operators>, order: usize) -> Geometry {
        let ops = operators;
        let nodes = lattice::nodes(ops.shape, order);
        Geometry {
            operators: Arc::clone(ops),
            shape: ops.shape,
            dims: ops.shape.dims(),
            order,
            to_points: basis::interpolation(ops.shape, order, &nodes, &ops.points),
            to_flux_points: basis::interpolation(ops.shape, order, &nodes, &ops.flux_points),
            at_points: basis::differentiation(ops.shape, order, &nodes, &ops.points),
            faces: (0..ops.shape.faces().len()).map(|face| FaceGeometry::new(ops, order, face)).collect(),
            normal_equations: OnceLock::new(),
        }
    }

    /// Whether an element of geometry order 1 is the affine image of its reference element.
    pub fn is_affine(&self, nodes: &[[f64; 3]]) -> bool {
        if nodes.len() != self.shape.vertices().len() {
            return false;
        }
        let edges = self.edges(nodes);
        let extent = edges.iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()));
        self.shape.vertices().iter().zip(nodes).all(|(r, x)| {
            (0..3).all(|k| {
                let affine: f64 = (0..self.dims).map(|d| 0.5 * (r[d] + 1.0) * edges[d][k]).sum();
                (x[k] - nodes[0][k] - affine).abs() <= AFFINE_TOLERANCE * extent
            })
        })
    }

    /// Edges at vertex 0 along the reference axes.
    fn edges(&self, nodes: &[[f64; 3]]) -> [[f64; 3]; 3] {
        let mut edges = [[0.0; 3]; 3];
        for (edge, weights) in edges.iter_mut().zip(self.shape.axes()) {
            *edge = std::array::from_fn(|k| weights.iter().map(|&(v, w)| w * nodes[v][k]).sum());
        }
        edges
    }

    /// The one metric of an affine element.
    pub fn affine(&self, nodes: &[[f64; 3]]) -> Metric {
        let jacobian = self.edges(nodes).map(|edge| edge.map(|x| 0.5 * x));
        metric(&jacobian, self.dims)
    }

    /// Exact metric at solution point `p`.
    pub fn at_point(&self, nodes: &[[f64; 3]], p: usize) -> Metric {
        metric(&tangents(&self.at_points, p, nodes), self.dims)
    }

    /// Outward normals at the flux points of a face, in their order.
    pub fn normals(&self, nodes: &[[f64; 3]], face: usize) -> Vec<Normal> {
        if self.dims == 1 {
            return vec![Normal { n: self.shape.faces()[face].normal, area: 1.0 }];
        }
        self.faces[face].area_vectors(nodes).into_iter().map(unit).collect()
    }

    /// Whether the exact metric keeps a free stream by itself: its terms are polynomials of the solution's order.
    pub fn is_exact(&self) -> bool {
        self.shape != Shape::Pyramid && (self.dims - 1) * self.order <= self.operators.order
    }

    /// Changes the metric vectors of an element, `s[P][D][D]` (reference, then physical direction), as little as
    /// possible so that with the outward area vectors `outward[F]` at its flux points a free stream is kept.
    pub fn keep_free_stream(&self, s: &mut [f64], outward: &[[f64; 3]]) {
        let (ops, dims) = (&*self.operators, self.dims);
        let inverse = self.normal_equations.get_or_init(|| ops.free_stream_inverse());
        let points = ops.points.nrows();
        let n = Array2::from_shape_fn((outward.len(), dims), |(f, k)| outward[f][k]);
        let mut residual = ops.lift.dot(&n);
        for (d, divergence) in ops.divergence.iter().enumerate() {
            let own = Array2::from_shape_fn((points, dims), |(p, k)| s[(p * dims + d) * dims + k]);
            residual += &divergence.dot(&own);
        }
        let multiplier = inverse.dot(&residual);
        for (d, divergence) in ops.divergence.iter().enumerate() {
            for ((p, k), change) in divergence.t().dot(&multiplier).indexed_iter() {
                s[(p * dims + d) * dims + k] -= change;
            }
        }
    }

    /// Outward normal of a flat face that is an affine image of the reference face: one for all its points.
    pub fn flat_normal(&self, nodes: &[[f64; 3]], face: usize) -> Normal {
        // Tangents from the face's own vertices, so that it serves affine faces of general elements, too.
        let vertices = self.shape.faces()[face].vertices;
        if self.dims == 1 {
            return Normal { n: self.shape.faces()[face].normal, area: 1.0 };
        }
        let a = difference(nodes[vertices[1]], nodes[vertices[0]]).map(|x| 0.5 * x);
        let vector = if self.dims == 2 {
            [a[1], -a[0], 0.0]
        } else {
            cross(a, difference(nodes[vertices[vertices.len() - 1]], nodes[vertices[0]]).map(|x| 0.5 * x))
        };
        unit(vector)
    }

    /// Coordinates of solution point `p`.
    pub fn point(&self, nodes: &[[f64; 3]], p: usize) -> [f64; 3] {
        combine(&self.to_points, p, nodes)
    }

    /// Coordinates of flux point `i` (over all faces).
    pub fn flux_point(&self, nodes: &[[f64; 3]], i: usize) -> [f64; 3] {
        combine(&self.to_flux_points, i, nodes)
    }
}

/// The geometry of one face of a reference element, in coordinates that run from the first vertex listed to the second
/// and to the last, so that the tangents' cross product points outward.
struct FaceGeometry {
    /// The element's nodes on the face, in lattice order of the face's shape.
    nodes: Vec<usize>,
    /// Derivatives along the face's coordinates at quadrature points, `D - 1` matrices `[Q][nodes]`.
    tangents: Vec<Array2<f64>>,
    /// Values at the quadrature points to those of the projected polynomial at the flux points, `[points][Q]`.
    project: Array2<f64>,
}

impl FaceGeometry {
    fn new(ops: &Operators, order: usize, face: usize) -> FaceGeometry {
        let shape = ops.shape.faces()[face].shape;
        let lattice = lattice::nodes(shape, order);
        let all = lattice::nodes(ops.shape, order);
        let find = |x: [f64; 3]| {
            let meets = |y: &[f64]| y.iter().zip(x).all(|(a, b)| (a - b).abs() < 1e-9);
            (0..all.nrows())
                .find(|&n| meets(&all.row(n).to_vec()))
                .expect("a face's lattice is part of its element's")
        };
        let at_weights = |w: Vec<f64>| faces::from_vertex_weights(ops.shape, face, &w);
        let nodes = lattice.rows().into_iter().map(|x| find(at_weights(ring_weights(shape, &x.to_vec()))));
        let nodes = nodes.collect();
        // The area vector has at most twice the degree of the geometry along each coordinate.
        let (at, weights) = quadrature::rule(shape, ops.order + 2 * order);
        let range = ops.face_range(face);
        let own: Vec<Vec<f64>> = range
            .map(|j| {
                ring_coordinates(&faces::vertex_weights(ops.shape, face, &ops.flux_points.row(j).to_vec()))
            })
            .collect();
        let points = Array2::from_shape_fn((own.len(), shape.dims()), |(j, d)| own[j][d]);
        let mut modes = basis::vandermonde(shape, ops.order, &at);
        modes.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
        FaceGeometry {
            nodes,
            tangents: basis::differentiation(shape, order, &lattice, &at),
            project: basis::vandermonde(shape, ops.order, &points).dot(&modes.t()),
        }
    }

    /// Outward normal times area factor at each flux point, from the nodes of the element.
    fn area_vectors(&self, nodes: &[[f64; 3]]) -> Vec<[f64; 3]> {
        let face: Vec<[f64; 3]> = self.nodes.iter().map(|&n| nodes[n]).collect();
        let exact: Vec<[f64; 3]> = (0..self.project.ncols())
            .map(|q| {
                let t = tangents(&self.tangents, q, &face);
                if self.tangents.len() == 1 { [t[0][1], -t[0][0], 0.0] } else { cross(t[0], t[1]) }
            })
            .collect();
        (0..self.project.nrows()).map(|j| combine(&self.project, j, &exact)).collect()
    }
}

/// Weights of a face's vertices, in the order in which it lists them, of the point with the coordinates `x`.
fn ring_weights(shape: Shape, x: &[f64]) -> Vec<f64> {
    let unit = |d: usize| (1.0 + x[d]) / 2.0;
    match shape {
        Shape::Point => vec![1.0],
        Shape::Line => vec![1.0 - unit(0), unit(0)],
        Shape::Tri => vec![1.0 - unit(0) - unit(1), unit(0), unit(1)],
        _ => {
            let (a, b) = (unit(0), unit(1));
            vec![(1.0 - a) * (1.0 - b), a * (1.0 - b), a * b, (1.0 - a) * b]
        }
    }
}

/// Inverse of [`ring_weights`].
fn ring_coordinates(w: &[f64]) -> Vec<f64> {
    match w.len() {
        1 => vec![],
        2 => vec![2.0 * w[1] - 1.0],
        3 => vec![2.0 * w[1] - 1.0, 2.0 * w[2] - 1.0],
        _ => vec![2.0 * (w[1] + w[2]) - 1.0, 2.0 * (w[2] + w[3]) - 1.0],
    }
}

fn combine(matrix: &Array2<f64>, row: usize, nodes: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|k| nodes.iter().zip(matrix.row(row)).map(|(x, w)| x[k] * w).sum())
}

/// Derivatives of the place along the reference directions, `[direction]`, from the row of each derivative's matrix.
pub(super) fn tangents(derivatives: &[Array2<f64>], row: usize, nodes: &[[f64; 3]]) -> [[f64; 3]; 3] {
    let mut jacobian = [[0.0; 3]; 3];
    for (d, matrix) in derivatives.iter().enumerate() {
        jacobian[d] = combine(matrix, row, nodes);
    }
    jacobian
}

/// From the tangents `x_d = dx/dr_d`: `S` = rows of `|J| J^-1` (cross products of the other two tangents).
pub(super) fn metric(x: &[[f64; 3]; 3], dims: usize) -> Metric {
    if dims == 1 {
        Metric { s: [[1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]], jacobian: x[0][0] }
    } else if dims == 2 {
        let s = [[x[1][1], -x[1][0], 0.0], [-x[0][1], x[0][0], 0.0], [0.0; 3]];
        Metric { s, jacobian: x[0][0] * x[1][1] - x[0][1] * x[1][0] }
    } else {
        let s = [cross(x[1], x[2]), cross(x[2], x[0]), cross(x[0], x[1])];
        Metric { s, jacobian: x[0][0] * s[0][0] + x[0][1] * s[0][1] + x[0][2] * s[0][2] }
    }
}

fn unit(vector: [f64; 3]) -> Normal {
    let area = (vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]).sqrt();
    Normal { n: vector.map(|x| x / area), area }
}

fn difference(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
