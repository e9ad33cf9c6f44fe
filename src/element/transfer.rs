//! Solutions between polynomial orders and sets of points.
//!
//! To the same or a higher order a polynomial stays what it is. To a lower order it becomes the nearest one in the L2 norm
//! of the reference element, which keeps its mean there.

use super::{Shape, anti_alias, basis, quadrature};
use ndarray::Array2;

/// Matrix `[to points][from points]` that takes nodal values at `from`, of order `from_order`, to those at `to`, of order
/// `to_order`. `None` where `from` does not determine a polynomial of its order, as points of a damaged file may.
pub fn transfer(
    shape: Shape,
    (from_order, from): (usize, &Array2<f64>),
    (to_order, to): (usize, &Array2<f64>),
) -> Option<Array2<f64>> {
    let matrix = if to_order >= from_order {
        basis::interpolation(shape, from_order, from, to)
    } else {
        let (rule, weights) = quadrature::rule(shape, 2 * from_order);
        let at_rule = basis::interpolation(shape, from_order, from, &rule);
        let modes = anti_alias::projection(shape, to_order, &rule, &weights)?.dot(&at_rule);
        basis::vandermonde(shape, to_order, to).dot(&modes)
    };
    // A constant stays one.
    let sound = |row: ndarray::ArrayView1<f64>| {
        row.iter().all(|x| x.is_finite() && x.abs() < 1e6) && (row.sum() - 1.0).abs() < 1e-6
    };
    matrix.rows().into_iter().all(sound).then_some(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::points;

    fn nodes(shape: Shape, order: usize) -> Array2<f64> {
        let name = points::PointSets::default().solution_name(shape).to_string();
        points::points(shape, &name, order).unwrap()
    }

    #[test]
    fn polynomials_survive_a_higher_order_and_what_fits_a_lower_one() {
        for shape in Shape::ALL {
            for (from, to) in [(2, 4), (3, 3), (4, 2), (3, 0)] {
                let (a, b) = (nodes(shape, from), nodes(shape, to));
                let matrix = transfer(shape, (from, &a), (to, &b)).unwrap();
                let degree = from.min(to) as i32;
                let f = |x: ndarray::ArrayView1<f64>| (x.sum() + 0.3).powi(degree);
                let values: ndarray::Array1<f64> = a.rows().into_iter().map(f).collect();
                let wanted: ndarray::Array1<f64> = b.rows().into_iter().map(f).collect();
                let error = (matrix.dot(&values) - wanted).iter().fold(0.0f64, |m, x| m.max(x.abs()));
                assert!(error < 1e-10, "{} {from} {to}: {error:e}", shape.name());
            }
        }
    }

    #[test]
    fn points_that_determine_no_polynomial_are_refused() {
        let (good, bad) = (nodes(Shape::Quad, 2), Array2::zeros((9, 2)));
        assert!(transfer(Shape::Quad, (2, &bad), (3, &nodes(Shape::Quad, 3))).is_none());
        assert!(transfer(Shape::Quad, (2, &bad), (1, &good)).is_none());
    }
}
