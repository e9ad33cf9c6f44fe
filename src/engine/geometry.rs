//! Metric terms of elements and faces from their nodes (case-format section 7).

use crate::element::{Operators, Shape, basis, lattice};
use ndarray::Array2;

/// Elements whose map deviates from an affine one by less than this part of their extent count as affine.
/// Mesh generators leave noise of this size in coordinates.
const AFFINE_TOLERANCE: f64 = 1e-10;

/// Derivative matrices of the geometry of one shape and geometry order, at the points of a solution operator.
pub struct Geometry {
    shape: Shape,
    dims: usize,
    /// Geometry nodes to solution points, `[P][nodes]`.
    to_points: Array2<f64>,
    /// Geometry nodes to flux points, `[F][nodes]`.
    to_flux_points: Array2<f64>,
    /// Derivative along each reference direction at the solution points, `[P][nodes]`.
    at_points: Vec<Array2<f64>>,
    /// The same at the flux points, `[F][nodes]`.
    at_flux_points: Vec<Array2<f64>>,
    /// Reference normals at the flux points, `[F][D]`.
    normals: Array2<f64>,
    face_offsets: Vec<usize>,
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
    /// Geometry of order `order` at the points of `ops`.
    pub fn new(ops: &Operators, order: usize) -> Geometry {
        let nodes = lattice::nodes(ops.shape, order);
        let derivative = |to: &Array2<f64>| basis::differentiation(ops.shape, order, &nodes, to);
        Geometry {
            shape: ops.shape,
            dims: ops.shape.dims(),
            to_points: basis::interpolation(ops.shape, order, &nodes, &ops.points),
            to_flux_points: basis::interpolation(ops.shape, order, &nodes, &ops.flux_points),
            at_points: derivative(&ops.points),
            at_flux_points: derivative(&ops.flux_points),
            normals: ops.normals.clone(),
            face_offsets: ops.face_offsets.clone(),
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

    /// Metric at solution point `p`.
    pub fn at_point(&self, nodes: &[[f64; 3]], p: usize) -> Metric {
        metric(&tangents(&self.at_points, p, nodes), self.dims)
    }

    /// Outward normal at flux point `i` (over all faces), from the metric there.
    pub fn normal(&self, nodes: &[[f64; 3]], i: usize) -> Normal {
        let metric = metric(&tangents(&self.at_flux_points, i, nodes), self.dims);
        self.outward(&metric, i)
    }

    /// Outward normal of a flat face that is an affine image of the reference face: one for all its points.
    pub fn flat_normal(&self, nodes: &[[f64; 3]], face: usize) -> Normal {
        // Tangents from the face's own vertices, so that it serves affine faces of general elements, too.
        let vertices = self.shape.faces()[face].vertices;
        let a = difference(nodes[vertices[1]], nodes[vertices[0]]).map(|x| 0.5 * x);
        let vector = if self.dims == 2 {
            [a[1], -a[0], 0.0]
        } else {
            cross(a, difference(nodes[vertices[vertices.len() - 1]], nodes[vertices[0]]).map(|x| 0.5 * x))
        };
        unit(vector)
    }

    fn outward(&self, metric: &Metric, i: usize) -> Normal {
        unit(std::array::from_fn(|k| (0..self.dims).map(|d| self.normals[[i, d]] * metric.s[d][k]).sum()))
    }

    /// Coordinates of solution point `p`.
    pub fn point(&self, nodes: &[[f64; 3]], p: usize) -> [f64; 3] {
        combine(&self.to_points, p, nodes)
    }

    /// Coordinates of flux point `i` (over all faces).
    pub fn flux_point(&self, nodes: &[[f64; 3]], i: usize) -> [f64; 3] {
        combine(&self.to_flux_points, i, nodes)
    }

    /// Flux points of a face.
    pub fn face(&self, face: usize) -> std::ops::Range<usize> {
        self.face_offsets[face]..self.face_offsets[face + 1]
    }
}

fn combine(matrix: &Array2<f64>, row: usize, nodes: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|k| nodes.iter().zip(matrix.row(row)).map(|(x, w)| x[k] * w).sum())
}

fn tangents(derivatives: &[Array2<f64>], row: usize, nodes: &[[f64; 3]]) -> [[f64; 3]; 3] {
    let mut jacobian = [[0.0; 3]; 3];
    for (d, matrix) in derivatives.iter().enumerate() {
        jacobian[d] = combine(matrix, row, nodes);
    }
    jacobian
}

/// From the tangents `x_d = dx/dr_d`: `S` = rows of `|J| J^-1` (cross products of the other two tangents).
fn metric(x: &[[f64; 3]; 3], dims: usize) -> Metric {
    if dims == 2 {
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
