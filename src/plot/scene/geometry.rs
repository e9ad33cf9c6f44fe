//! The maps of elements: places out of nodes, Newton's method back, how curved they are, light on faces.

use crate::element::{Shape, basis, lattice, quadrature};
use crate::plot::pieces;
use ndarray::Array2;

/// The map of elements of one shape and order: coefficients of its modes out of nodes.
pub(super) struct Geometry {
    pub(super) shape: Shape,
    order: usize,
    pub(super) to_modes: Array2<f64>,
    /// Nodes on the reference element.
    lattice: Vec<[f64; 3]>,
}

impl Geometry {
    pub(super) fn new(shape: Shape, order: usize) -> Geometry {
        let nodes = lattice::nodes(shape, order);
        let point = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
            std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0))
        };
        Geometry {
            shape,
            order,
            to_modes: to_modes(shape, order, &nodes),
            lattice: nodes.rows().into_iter().map(point).collect(),
        }
    }

    /// Places of reference points out of nodes, `[point][nodes]`.
    pub(super) fn places(&self, points: &[[f64; 3]]) -> Array2<f64> {
        let points = pieces::rows(points, self.shape.dims());
        basis::vandermonde(self.shape, self.order, &points).dot(&self.to_modes)
    }

    /// Largest distance of a node from where the affine map of the element would have it.
    pub(super) fn curvature(&self, nodes: &[[f64; 3]]) -> f64 {
        let vertex = |v: usize| {
            let at = self.shape.vertices()[v];
            let away = |n: &usize| (0..3).map(|d| (self.lattice[*n][d] - at[d]).powi(2)).sum::<f64>();
            (0..nodes.len()).min_by(|a, b| away(a).total_cmp(&away(b))).map_or([0.0; 3], |n| nodes[n])
        };
        let axis = |weights: &&[(usize, f64)]| -> [f64; 3] {
            let parts: Vec<([f64; 3], f64)> = weights.iter().map(|(v, w)| (vertex(*v), *w)).collect();
            std::array::from_fn(|d| parts.iter().map(|(x, w)| x[d] * w).sum())
        };
        let axes: Vec<[f64; 3]> = self.shape.axes().iter().map(axis).collect();
        let start = vertex(0);
        let away = |(x, r): (&[f64; 3], &[f64; 3])| {
            let flat = |d: usize| {
                start[d] + axes.iter().enumerate().map(|(i, a)| 0.5 * (r[i] + 1.0) * a[d]).sum::<f64>()
            };
            (0..3).map(|d| (x[d] - flat(d)).powi(2)).sum::<f64>().sqrt()
        };
        nodes.iter().zip(&self.lattice).map(away).fold(0.0, f64::max)
    }
}

/// Values at points that determine a polynomial of the order to coefficients of the modes, `[modes][points]`.
pub(in crate::plot) fn to_modes(shape: Shape, order: usize, points: &Array2<f64>) -> Array2<f64> {
    // The modes are orthonormal under this rule.
    let (at, weights) = quadrature::rule(shape, 2 * order);
    let mut modes = basis::vandermonde(shape, order, &at);
    modes.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
    modes.t().dot(&basis::interpolation(shape, order, points, &at))
}

/// Places out of nodes.
pub(super) fn placed(matrix: &Array2<f64>, nodes: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let place = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
        std::array::from_fn(|d| row.iter().zip(nodes).map(|(w, x)| w * x[d]).sum())
    };
    matrix.rows().into_iter().map(place).collect()
}

/// One step of Newton's method towards the places wanted; places that it would leave the element from stay.
pub(super) fn approach(
    geometry: &Geometry,
    coefficients: &Array2<f64>,
    wanted: &[[f64; 3]],
    reference: &mut Array2<f64>,
) {
    let dims = geometry.shape.dims();
    let at = basis::vandermonde(geometry.shape, geometry.order, reference).dot(coefficients);
    let slopes = basis::gradients(geometry.shape, geometry.order, reference);
    let slopes: Vec<Array2<f64>> = slopes.iter().map(|s| s.dot(coefficients)).collect();
    for (i, wanted) in wanted.iter().enumerate() {
        // Columns: derivatives of the place; in 2-D the third is a unit vector.
        let column = |j: usize| -> [f64; 3] {
            match slopes.get(j) {
                Some(s) => std::array::from_fn(|d| s[[i, d]]),
                None => std::array::from_fn(|d| if d == j { 1.0 } else { 0.0 }),
            }
        };
        let [a, b, c] = [column(0), column(1), column(2)];
        let away: [f64; 3] = std::array::from_fn(|d| wanted[d] - at[[i, d]]);
        let determinant = dot(&a, &cross(&b, &c));
        let step = [
            dot(&away, &cross(&b, &c)) / determinant,
            dot(&a, &cross(&away, &c)) / determinant,
            dot(&a, &cross(&b, &away)) / determinant,
        ];
        if step[..dims].iter().all(|s| s.abs() < 0.3) {
            (0..dims).for_each(|d| reference[[i, d]] += step[d]);
        }
    }
}

pub(super) fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|d| a[d] * b[d]).sum()
}

/// How much light place `i` of a face gets on the side that is seen: a lamp near the eye, a little to the left and above. 0
/// where the lamp is behind the face.
///
/// `normal`: of the reference face, outwards; `outer`: whether its outer side is seen. (A wall of a body shows the side that is
/// outside of the body, which is the inner one of the elements around it; a channel may show both. That the normal leans away
/// from the eye does not tell: at an outline those of a curved face and of its triangles differ.)
pub(super) fn light(
    normal: &[f64; 3],
    outer: bool,
    tangents: &[Array2<f64>],
    i: usize,
    [right, up, eye]: &[[f64; 3]; 3],
) -> f32 {
    let t: [[f64; 3]; 3] = std::array::from_fn(|j| std::array::from_fn(|d| tangents[j][[i, d]]));
    // The physical normal: the cofactors of the map's derivative times that of the reference face.
    let cofactors = [cross(&t[1], &t[2]), cross(&t[2], &t[0]), cross(&t[0], &t[1])];
    let side = if outer { 1.0 } else { -1.0 };
    let vector: [f64; 3] =
        std::array::from_fn(|d| side * (0..3).map(|j| normal[j] * cofactors[j][d]).sum::<f64>());
    let length = dot(&vector, &vector).sqrt();
    let lamp: [f64; 3] = std::array::from_fn(|d| eye[d] - 0.35 * right[d] + 0.45 * up[d]);
    let cosine = dot(&vector, &lamp) / (length * dot(&lamp, &lamp).sqrt());
    if cosine.is_finite() { cosine.max(0.0) as f32 } else { 1.0 }
}
