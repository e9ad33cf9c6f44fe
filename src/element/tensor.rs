//! Operators of a line and their tensor products, which are the operators of quadrilaterals and hexahedra.

use super::operators::LineOperators;
use super::{Shape, basis};
use ndarray::{Array2, array};

impl LineOperators {
    /// Operators on the given points of `[-1, 1]`, ascending.
    pub fn new(points: &[f64]) -> LineOperators {
        let order = points.len() - 1;
        let column = Array2::from_shape_fn((points.len(), 1), |(i, _)| points[i]);
        let both = array![[-1.0], [1.0]];
        let differentiate = basis::differentiation(Shape::Line, order, &column, &column).swap_remove(0);
        let ends = basis::interpolation(Shape::Line, order, &column, &both);
        // sum_k psi_k(x_i) psi_k(+-1): the derivative of the Radau correction function ("DG" scheme).
        let at = |x: &Array2<f64>| basis::vandermonde(Shape::Line, order, x);
        let lift = at(&column).dot(&at(&both).t());
        let divergence = Array2::from_shape_fn(differentiate.dim(), |(i, j)| {
            differentiate[[i, j]] + lift[[i, 0]] * ends[[0, j]] - lift[[i, 1]] * ends[[1, j]]
        });
        LineOperators { points: points.to_vec(), differentiate, ends, lift, divergence }
    }
}

/// Axis across which face `face` of a tensor shape lies, and which end of the line it is (0 at -1, 1 at +1).
pub(super) fn axis_and_end(shape: Shape, face: usize) -> (usize, usize) {
    let normal = shape.faces()[face].normal;
    let axis = normal.iter().position(|n| *n != 0.0).unwrap_or(0);
    (axis, usize::from(normal[axis] > 0.0))
}

/// Index of the first point of line `line` along `axis`, and the distance to the next, among the points of a tensor shape with
/// `n` points in each direction. Lines are numbered over the other axes in increasing order, the first fastest.
pub(super) fn line_start(n: usize, axis: usize, line: usize) -> (usize, usize) {
    let stride = n.pow(axis as u32);
    (line / stride * stride * n + line % stride, stride)
}

/// The `[P][P]` matrix that applies the `[N][N]` matrix `line` along `axis`.
pub(super) fn along(dims: usize, axis: usize, line: &Array2<f64>) -> Array2<f64> {
    let n = line.nrows();
    let count = n.pow(dims as u32);
    let mut full = Array2::zeros((count, count));
    for l in 0..count / n {
        let (first, stride) = line_start(n, axis, l);
        for ((i, j), value) in line.indexed_iter() {
            full[[first + i * stride, first + j * stride]] = *value;
        }
    }
    full
}

/// The `[F][P]` interpolation and `[P][F]` lift, all faces together, that act line by line.
pub(super) fn interpolate_and_lift(shape: Shape, line: &LineOperators) -> (Array2<f64>, Array2<f64>) {
    let n = line.points.len();
    let (count, per_face) = (n.pow(shape.dims() as u32), n.pow(shape.dims() as u32 - 1));
    let faces = shape.faces().len();
    let mut interpolate = Array2::zeros((faces * per_face, count));
    let mut lift = Array2::zeros((count, faces * per_face));
    for face in 0..faces {
        let (axis, end) = axis_and_end(shape, face);
        for l in 0..per_face {
            let (first, stride) = line_start(n, axis, l);
            for i in 0..n {
                interpolate[[face * per_face + l, first + i * stride]] = line.ends[[end, i]];
                lift[[first + i * stride, face * per_face + l]] = line.lift[[i, end]];
            }
        }
    }
    (interpolate, lift)
}
