//! The one dense solve that building operators needs.

use ndarray::{Array2, s};

/// `numerator * denominator^-1` for a square `denominator`, `[m][n] x [n][n]`, by Gaussian elimination with partial
/// pivoting of the transposed system.
///
/// A singular `denominator` gives entries that are not finite; callers that take points from outside check for that.
pub(super) fn divide_right(numerator: &Array2<f64>, denominator: &Array2<f64>) -> Array2<f64> {
    let (m, n) = numerator.dim();
    assert_eq!(denominator.dim(), (n, n), "the two matrices do not fit");
    // Rows of [denominator^T | numerator^T]: the elimination then runs along contiguous rows.
    let mut a = Array2::zeros((n, n + m));
    a.slice_mut(s![.., ..n]).assign(&denominator.t());
    a.slice_mut(s![.., n..]).assign(&numerator.t());
    for c in 0..n {
        let pivot = (c..n).max_by(|&i, &j| a[[i, c]].abs().total_cmp(&a[[j, c]].abs())).unwrap_or(c);
        if pivot != c {
            for k in c..n + m {
                a.swap([c, k], [pivot, k]);
            }
        }
        let (top, mut below) = a.view_mut().split_at(ndarray::Axis(0), c + 1);
        let row = top.row(c);
        for mut other in below.rows_mut() {
            let factor = other[c] / row[c];
            if factor != 0.0 {
                other.slice_mut(s![c..]).scaled_add(-factor, &row.slice(s![c..]));
            }
        }
    }
    for c in (0..n).rev() {
        let (mut top, below) = a.view_mut().split_at(ndarray::Axis(0), c + 1);
        let mut row = top.row_mut(c);
        for (k, solved) in (c + 1..n).zip(below.rows()) {
            let factor = row[k];
            if factor != 0.0 {
                row.slice_mut(s![n..]).scaled_add(-factor, &solved.slice(s![n..]));
            }
        }
        let pivot = row[c];
        row.slice_mut(s![n..]).mapv_inplace(|x| x / pivot);
    }
    a.slice(s![.., n..]).t().as_standard_layout().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn dividing_undoes_multiplying_even_where_the_first_pivot_is_zero() {
        let d = array![[0.0, 2.0, 1.0], [1.0, -3.0, 0.5], [4.0, 0.25, 7.0]];
        let x = array![[1.0, 2.0, 3.0], [-0.5, 0.125, 9.0]];
        let back = divide_right(&x.dot(&d), &d);
        assert!((&back - &x).iter().all(|e| e.abs() < 1e-14), "{back}");
    }

    #[test]
    fn a_singular_matrix_gives_values_that_are_not_finite() {
        let d = array![[1.0, 2.0], [2.0, 4.0]];
        assert!(divide_right(&array![[1.0, 1.0]], &d).iter().any(|x| !x.is_finite()));
    }
}
