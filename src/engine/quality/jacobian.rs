//! What a Jacobian matrix says about an element: determinant, oriented areas, ratio of its singular values.
//!
//! Matrices are three rows of three: row `d` is the tangent `dx/dr_d`. Those of directions an element does not have are
//! filled up with unit vectors ([`padded`]), which leaves determinant and cofactors what they are in fewer dimensions.

/// Tangents `dx/dr_d`, `[reference][physical]`.
pub type Tangents = [[f64; 3]; 3];

/// Cosine of the angle below which two rows count as orthogonal.
const ORTHOGONAL: f64 = 1e-15;

/// Sweeps over all pairs; Jacobi's rotations converge quadratically, and three rows never took more than seven.
const SWEEPS: usize = 30;

/// `tangents` with unit vectors in the rows from `dims` on.
pub fn padded(mut tangents: Tangents, dims: usize) -> Tangents {
    for (d, row) in tangents.iter_mut().enumerate().skip(dims) {
        *row = [0.0; 3];
        row[d] = 1.0;
    }
    tangents
}

/// Determinant.
pub fn determinant(x: &Tangents) -> f64 {
    dot(x[0], cross(x[1], x[2]))
}

/// Rows `|J| grad r_d`, `[reference][physical]`: the oriented area of a face whose reference normal is `n` is
/// `sum_d n_d` times these.
pub fn cofactors(x: &Tangents) -> Tangents {
    [cross(x[1], x[2]), cross(x[2], x[0]), cross(x[0], x[1])]
}

/// Ratio of the largest to the smallest singular value of the first `dims` rows (infinite for a singular matrix).
pub fn aspect(x: &Tangents, dims: usize) -> f64 {
    let [large, small] = extremes(*x, dims);
    if small > 0.0 { large / small } else { f64::INFINITY }
}

/// Square of the product of the Frobenius norms of the matrix and its inverse, which takes no iteration: what
/// [`least_spread`] says of an aspect ratio, or more.
pub fn spread(x: &Tangents, dims: usize) -> f64 {
    let square = |rows: &[[f64; 3]]| rows.iter().map(|r| dot(*r, *r)).sum::<f64>();
    let det = determinant(x);
    let inverse = match dims {
        1 => return 1.0,
        2 => square(&x[..2]),
        _ => square(&cofactors(x)),
    };
    let spread = square(&x[..dims]) * inverse / (det * det);
    if spread.is_nan() { f64::INFINITY } else { spread }
}

/// The [`spread`] that a matrix of aspect ratio `a` has at least: `(a + 1/a)^2` in two dimensions, where it is exact, and
/// `(a + 1/a + 1)^2` in three, where it is exact when the middle singular value is the geometric mean of the others.
pub fn least_spread(a: f64, dims: usize) -> f64 {
    if dims == 1 { 1.0 } else { (a + 1.0 / a + (dims - 2) as f64).powi(2) }
}

/// Largest and smallest singular value by one-sided Jacobi rotations (Hestenes, J. SIAM 6, 1958), which find small values
/// next to large ones to full relative precision; boundary layers need that.
fn extremes(mut x: Tangents, dims: usize) -> [f64; 2] {
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..dims {
            for q in p + 1..dims {
                let (a, b, c) = (dot(x[p], x[p]), dot(x[q], x[q]), dot(x[p], x[q]));
                if c.abs() <= ORTHOGONAL * (a * b).sqrt() {
                    continue;
                }
                turned = true;
                let zeta = (b - a) / (2.0 * c);
                let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                let sine = cosine * tangent;
                let (row_p, row_q) = (x[p], x[q]);
                for k in 0..3 {
                    x[p][k] = cosine * row_p[k] - sine * row_q[k];
                    x[q][k] = sine * row_p[k] + cosine * row_q[k];
                }
            }
        }
        if !turned {
            break;
        }
    }
    let norms = x[..dims].iter().map(|r| dot(*r, *r).sqrt());
    norms.fold([0.0, f64::INFINITY], |[large, small], n| [n.max(large), n.min(small)])
}

pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rotation by `a` about z, then by `b` about x.
    fn rotation(a: f64, b: f64) -> Tangents {
        let (ca, sa, cb, sb) = (a.cos(), a.sin(), b.cos(), b.sin());
        [[ca, -sa, 0.0], [sa * cb, ca * cb, -sb], [sa * sb, ca * sb, cb]]
    }

    fn product(a: &Tangents, b: &Tangents) -> Tangents {
        std::array::from_fn(|i| std::array::from_fn(|j| dot(a[i], [b[0][j], b[1][j], b[2][j]])))
    }

    #[test]
    fn the_ratio_of_singular_values_survives_rotations_up_to_boundary_layers() {
        for ratio in [1.0f64, 1.5, 20.0, 1e4, 1e7] {
            for middle in [1.0, ratio.sqrt(), ratio] {
                let scaled = [[ratio, 0.0, 0.0], [0.0, middle, 0.0], [0.0, 0.0, 1.0]];
                let x = product(&product(&rotation(0.3, 1.1), &scaled), &rotation(-0.8, 0.4));
                let found = aspect(&x, 3);
                // The rotated entries themselves hold the small value to 1e-16 of the large one.
                assert!((found / ratio - 1.0).abs() < 1e-14 + 4e-16 * ratio, "{ratio} {middle}: {found}");
                assert!(spread(&x, 3) > least_spread(ratio, 3) * (1.0 - 1e-7));
            }
        }
    }

    #[test]
    fn fewer_dimensions_are_padded() {
        let x = padded([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [9.0; 3]], 2);
        assert_eq!(
            (determinant(&x), cofactors(&x)[0], cofactors(&x)[1]),
            (6.0, [2.0, 0.0, 0.0], [-1.0, 3.0, 0.0])
        );
        let line = padded([[2.5, 0.0, 0.0], [9.0; 3], [9.0; 3]], 1);
        assert_eq!((determinant(&line), cofactors(&line)[0], aspect(&line, 1)), (2.5, [1.0, 0.0, 0.0], 1.0));
    }

    #[test]
    fn a_shear_has_the_golden_ratio_squared() {
        let x = padded([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0; 3]], 2);
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        let a = aspect(&x, 2);
        assert!((a - golden * golden).abs() < 1e-14 && (spread(&x, 2) - least_spread(a, 2)).abs() < 1e-13);
    }

    #[test]
    fn singular_matrices_have_no_finite_ratio() {
        assert_eq!(aspect(&[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0; 3]], 3), f64::INFINITY);
        assert_eq!(aspect(&padded([[0.0; 3]; 3], 2), 2), f64::INFINITY);
        assert_eq!(spread(&padded([[0.0; 3]; 3], 2), 2), f64::INFINITY);
    }
}
