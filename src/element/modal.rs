//! Elements seen by polynomial degree: what filters and sensors work with.

use super::{Operators, basis};
use ndarray::{Array2, Axis, concatenate};

/// From nodal values to modes and back. `P` solution points, as many modes, `F` flux points.
#[derive(Clone, Debug, PartialEq)]
pub struct Modal {
    /// Values at the solution points to coefficients of the orthonormal modes, `[P][P]`, by increasing degree.
    pub to_modes: Array2<f64>,
    /// Coefficients to values at the solution points, then at the flux points, `[P + F][P]`.
    pub at: Array2<f64>,
    /// First mode of each degree, and the number of modes: `[degrees + 1]`. The degree is the largest in one direction on
    /// tensor shapes, the total one on simplices, of prisms the larger of the triangle's and the line's.
    pub starts: Vec<usize>,
}

impl Modal {
    /// The modes of an element.
    pub fn new(ops: &Operators) -> Modal {
        use super::Shape::{Hex, Line, Prism, Quad};
        let at_points = basis::vandermonde(ops.shape, ops.order, &ops.points);
        let at_flux_points = basis::vandermonde(ops.shape, ops.order, &ops.flux_points);
        let identity = Array2::eye(ops.points.nrows());
        let total = basis::mode_degrees(ops.shape, ops.order);
        let modes = basis::modes(ops.shape, ops.order);
        let degree = |(m, total): (&[usize; 3], &usize)| match ops.shape {
            Line | Quad | Hex => m[0].max(m[1]).max(m[2]),
            Prism => (m[0] + m[1]).max(m[2]),
            _ => *total,
        };
        let degrees: Vec<usize> = modes.iter().zip(&total).map(degree).collect();
        let mut sorted: Vec<usize> = (0..degrees.len()).collect();
        sorted.sort_by_key(|&m| degrees[m]);
        let count = |below: usize| degrees.iter().filter(|&&d| d < below).count();
        let at = concatenate(Axis(0), &[at_points.view(), at_flux_points.view()]).expect("as many modes");
        Modal {
            to_modes: super::linear::divide_right(&identity, &at_points).select(Axis(0), &sorted),
            at: at.select(Axis(1), &sorted),
            starts: (0..=ops.order + 1).map(count).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{PointSets, Shape};

    #[test]
    fn modes_give_back_the_values_and_polynomials_of_low_degree_have_no_high_modes() {
        for shape in Shape::ALL {
            let order = 4;
            let ops = Operators::new(shape, order, &PointSets::default()).unwrap();
            let modal = Modal::new(&ops);
            assert_eq!((modal.starts.len(), modal.starts[1]), (order + 2, 1), "one constant");
            assert_eq!(modal.starts[order + 1], ops.points.nrows());
            let linear = |x: ndarray::ArrayView1<f64>| {
                1.0 + x.iter().enumerate().map(|(d, x)| (d as f64 - 0.5) * x).sum::<f64>()
            };
            let u: ndarray::Array1<f64> = ops.points.rows().into_iter().map(linear).collect();
            let modes = modal.to_modes.dot(&u);
            for mode in modes.iter().skip(modal.starts[2]) {
                assert!(mode.abs() < 1e-12, "{} {mode:e}", shape.name());
            }
            let back = modal.at.dot(&modes);
            let points = ops.points.rows().into_iter().chain(ops.flux_points.rows());
            for (x, v) in points.zip(&back) {
                assert!((linear(x) - v).abs() < 1e-12, "{}", shape.name());
            }
        }
    }
}
