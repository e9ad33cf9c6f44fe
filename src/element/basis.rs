//! Orthonormal modal bases and nodal interpolation.
//!
//! Tensor shapes: products of Legendre polynomials, complete to order p in each direction. Prisms: the triangle's times
//! the line's. Pyramids: the rational functions `P_i(x / v) P_j(y / v) v^m P_k(z)` with `v = (1 - z) / 2`,
//! `m = max(i, j)`, `k <= p - m` (Bergot, Cohen and Durufle, J. Sci. Comput. 42, 2010), which contain all polynomials of
//! degree p and are polynomials on every face, but whose derivatives leave their space. Simplices: the
//! Proriol-Koornwinder-Dubiner polynomials of total degree up to p (Dubiner, J. Sci. Comput. 6, 1991; Hesthaven and
//! Warburton 2008, sections 6.1 and 10.1). The latter are usually written in collapsed coordinates, which do not exist at
//! a vertex and have no gradient there; here the Jacobi recurrence runs in its homogeneous form `v^n P_n(u / v)`, a
//! polynomial in `u` and `v`, so there is nothing to divide by and every point is as good as any other.

use super::linear::divide_right;
use super::{Shape, lattice};
use ndarray::{Array2, Axis, concatenate, s};
use std::ops::{Add, Mul, Sub};

/// A value with its gradient: derivatives come out of the same recurrences as the values.
#[derive(Clone, Copy)]
struct Jet {
    value: f64,
    gradient: [f64; 3],
}

impl Jet {
    fn constant(value: f64) -> Jet {
        Jet { value, gradient: [0.0; 3] }
    }

    fn coordinate(x: &[f64; 3], axis: usize) -> Jet {
        let mut gradient = [0.0; 3];
        gradient[axis] = 1.0;
        Jet { value: x[axis], gradient }
    }
}

impl Add for Jet {
    type Output = Jet;
    fn add(self, o: Jet) -> Jet {
        Jet {
            value: self.value + o.value,
            gradient: std::array::from_fn(|d| self.gradient[d] + o.gradient[d]),
        }
    }
}

impl Sub for Jet {
    type Output = Jet;
    fn sub(self, o: Jet) -> Jet {
        self + o * -1.0
    }
}

impl Mul for Jet {
    type Output = Jet;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "the product rule adds")]
    fn mul(self, o: Jet) -> Jet {
        let gradient = std::array::from_fn(|d| self.gradient[d] * o.value + self.value * o.gradient[d]);
        Jet { value: self.value * o.value, gradient }
    }
}

impl Mul<f64> for Jet {
    type Output = Jet;
    fn mul(self, s: f64) -> Jet {
        Jet { value: self.value * s, gradient: self.gradient.map(|g| g * s) }
    }
}

/// `v^n P_n^(alpha, 0)(u / v)` for `n = 0..=highest`.
fn jacobi(alpha: usize, highest: usize, u: Jet, v: Jet) -> Vec<Jet> {
    let a = alpha as f64;
    let mut p = vec![Jet::constant(1.0)];
    for n in 0..highest {
        let k = n as f64;
        let scale = 2.0 * (k + 1.0) * (k + a + 1.0);
        let linear = (2.0 * k + a + 1.0) * (2.0 * k + a + 2.0) / scale;
        let mut next = u * linear;
        if alpha > 0 {
            next = next + v * (a * a * (2.0 * k + a + 1.0) / (scale * (2.0 * k + a)));
        }
        next = next * p[n];
        if n > 0 {
            let back = 2.0 * k * (k + a) * (2.0 * k + a + 2.0) / (scale * (2.0 * k + a));
            next = next - v * v * p[n - 1] * back;
        }
        p.push(next);
    }
    p
}

/// All modes at one point, in the order of [`modes`].
fn evaluate(shape: Shape, order: usize, modes: &[[usize; 3]], x: &[f64; 3]) -> Vec<Jet> {
    let [r, s, t] = std::array::from_fn(|d| Jet::coordinate(x, d));
    let c = Jet::constant;
    let lines = |u: &[Jet]| u.iter().map(|&u| jacobi(0, order, u, c(1.0))).collect::<Vec<_>>();
    match shape {
        Shape::Point => vec![c(1.0)],
        Shape::Prism => {
            let triangle = evaluate(Shape::Tri, order, &self::modes(Shape::Tri, order), x);
            let line = lines(&[t]);
            let norm = |k: usize| (k as f64 + 0.5).sqrt();
            let layer = |k: usize| triangle.iter().map(move |a| (*a, k));
            (0..=order).flat_map(layer).map(|(a, k)| a * line[0][k] * norm(k)).collect()
        }
        Shape::Pyramid => {
            // At the apex itself the limit along the axis is taken: a height above the least that divides nothing by zero
            // and changes no digit of what the nodes determine.
            let mut v = (c(1.0) - t) * 0.5;
            v.value = v.value.max(1e-100);
            let inverse = Jet { value: 1.0 / v.value, gradient: v.gradient.map(|g| -g / v.value / v.value) };
            let wide = [jacobi(0, order, r, v), jacobi(0, order, s, v)];
            let flat = lines(&[r * inverse, s * inverse]);
            let high: Vec<_> = (0..=order).map(|m| jacobi(2 * m + 2, order - m, t, c(1.0))).collect();
            modes
                .iter()
                .map(|&[i, j, k]| {
                    let m = i.max(j);
                    let norm = ((2 * i + 1) * (2 * j + 1) * (2 * k + 2 * m + 3)) as f64 / 8.0;
                    let layer = if i >= j { wide[0][i] * flat[1][j] } else { flat[0][i] * wide[1][j] };
                    layer * high[m][k] * norm.sqrt()
                })
                .collect()
        }
        Shape::Line | Shape::Quad | Shape::Hex => {
            let l = lines(&[r, s, t][..shape.dims()]);
            let normed = |d: usize, i: usize| l[d][i] * (i as f64 + 0.5).sqrt();
            modes.iter().map(|m| (1..l.len()).fold(normed(0, m[0]), |p, d| p * normed(d, m[d]))).collect()
        }
        Shape::Tri => {
            let v = (c(1.0) - s) * 0.5;
            let a = jacobi(0, order, r + c(1.0) - v, v);
            let b: Vec<_> = (0..=order).map(|i| jacobi(2 * i + 1, order - i, s, c(1.0))).collect();
            let norm = |i: usize, j: usize| ((2 * i + 1) * (i + j + 1)) as f64 / 2.0;
            modes.iter().map(|&[i, j, _]| a[i] * b[i][j] * norm(i, j).sqrt()).collect()
        }
        Shape::Tet => {
            let v = (s + t) * -0.5;
            let w = (c(1.0) - t) * 0.5;
            let a = jacobi(0, order, r + c(1.0) - v, v);
            let b: Vec<_> = (0..=order).map(|i| jacobi(2 * i + 1, order - i, s + c(1.0) - w, w)).collect();
            let e: Vec<_> = (0..=order).map(|ij| jacobi(2 * ij + 2, order - ij, t, c(1.0))).collect();
            let norm = |i: usize, j: usize, k: usize| {
                ((2 * i + 1) * (i + j + 1)) as f64 * (2 * (i + j + k) + 3) as f64 / 4.0
            };
            modes.iter().map(|&[i, j, k]| a[i] * b[i][j] * e[i + j][k] * norm(i, j, k).sqrt()).collect()
        }
    }
}

/// Calls `put(point, mode, jet)` for every pair. `points`: `[points][dims]`.
fn for_each(shape: Shape, order: usize, points: &Array2<f64>, mut put: impl FnMut(usize, usize, Jet)) {
    let modes = modes(shape, order);
    for (n, row) in points.rows().into_iter().enumerate() {
        let x = std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0));
        for (m, jet) in evaluate(shape, order, &modes, &x).into_iter().enumerate() {
            put(n, m, jet);
        }
    }
}

/// Indices of the modes: degree in x, y, z on tensor shapes, the triple of the Dubiner polynomial on simplices, the two
/// together on prisms, `i, j, k` of the module's formula on pyramids; unused ones zero. The first index runs fastest; mode 0 is the constant.
pub fn modes(shape: Shape, order: usize) -> Vec<[usize; 3]> {
    lattice::indices(shape, order)
}

/// Total polynomial degree of each mode, `[modes]` (up to `dims * order` on tensor shapes; there the largest degree
/// in one direction, where that is wanted, is the largest entry of [`modes`]). On a pyramid `max(i, j) + k`.
pub fn mode_degrees(shape: Shape, order: usize) -> Vec<usize> {
    let degree = |m: &[usize; 3]| match shape {
        Shape::Pyramid => m[0].max(m[1]) + m[2],
        _ => m.iter().sum(),
    };
    modes(shape, order).iter().map(degree).collect()
}

/// Values of the orthonormal modal basis of order `order` at `points`, `[points][modes]`.
pub fn vandermonde(shape: Shape, order: usize, points: &Array2<f64>) -> Array2<f64> {
    let mut v = Array2::zeros((points.nrows(), shape.points(order)));
    for_each(shape, order, points, |n, m, jet| v[[n, m]] = jet.value);
    v
}

/// Derivatives of the orthonormal modal basis in each reference direction at `points`, `dims` matrices `[points][modes]`.
pub fn gradients(shape: Shape, order: usize, points: &Array2<f64>) -> Vec<Array2<f64>> {
    let mut g = vec![Array2::zeros((points.nrows(), shape.points(order))); shape.dims()];
    for_each(shape, order, points, |n, m, jet| {
        for (d, g) in g.iter_mut().enumerate() {
            g[[n, m]] = jet.gradient[d];
        }
    });
    g
}

/// Matrix that interpolates nodal values at `from` (a unisolvent set of order `order`) to the points `to`, `[to][from]`.
///
/// Entries are not finite when `from` does not determine a polynomial.
pub fn interpolation(shape: Shape, order: usize, from: &Array2<f64>, to: &Array2<f64>) -> Array2<f64> {
    divide_right(&vandermonde(shape, order, to), &vandermonde(shape, order, from))
}

/// Matrices that take nodal values at `from` (a unisolvent set of order `order`) to the derivatives in each reference
/// direction at the points `to`, `dims` matrices `[to][from]`.
pub fn differentiation(shape: Shape, order: usize, from: &Array2<f64>, to: &Array2<f64>) -> Vec<Array2<f64>> {
    if shape.dims() == 0 {
        return vec![];
    }
    // All directions in one solve: factorising costs as much as applying.
    let gradients = gradients(shape, order, to);
    let views: Vec<_> = gradients.iter().map(|g| g.view()).collect();
    let stacked = concatenate(Axis(0), &views).expect("all have the same columns");
    let all = divide_right(&stacked, &vandermonde(shape, order, from));
    let n = to.nrows();
    (0..shape.dims()).map(|d| all.slice(s![d * n..(d + 1) * n, ..]).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{points, quadrature};

    fn near(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) -> bool {
        a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
    }

    #[test]
    fn the_modes_are_orthonormal() {
        for shape in Shape::ALL {
            for order in 0..=10 {
                let (x, w) = quadrature::rule(shape, 2 * order);
                let v = vandermonde(shape, order, &x);
                let weighted = Array2::from_shape_fn(v.dim(), |(q, m)| w[q] * v[[q, m]]);
                assert!(
                    near(&v.t().dot(&weighted), &Array2::eye(v.ncols()), 2e-13),
                    "{} {order}",
                    shape.name()
                );
            }
        }
    }

    #[test]
    fn gradients_at_the_vertices_are_finite_and_agree_with_difference_quotients() {
        for shape in Shape::ALL {
            let mut x = lattice::nodes(shape, 1);
            if shape == Shape::Pyramid {
                x = x.slice(s![..4, ..]).to_owned(); // a rational function has no gradient at the apex
            }
            let h = 1e-6;
            for (d, g) in gradients(shape, 4, &x).iter().enumerate() {
                let moved = |h: f64| {
                    let mut x = x.clone();
                    x.column_mut(d).mapv_inplace(|x| x + h);
                    vandermonde(shape, 4, &x)
                };
                let quotient = (moved(h) - moved(-h)) / (2.0 * h);
                assert!(near(g, &quotient, 1e-5), "{}", shape.name());
            }
        }
    }

    #[test]
    fn polynomials_up_to_the_order_are_interpolated_and_differentiated_exactly() {
        for shape in Shape::ALL {
            for name in points::names(shape) {
                let highest = if *name == "shunn-ham" { 6 } else { 8 };
                // The hex repeats the line in three directions; its full matrices are slow to check, not different.
                for order in 0..=if shape.dims() == 3 && !shape.is_simplex() { 4 } else { highest } {
                    let from = points::points(shape, name, order).unwrap();
                    let to = lattice::nodes(shape, 3);
                    let interpolate = interpolation(shape, order, &from, &to);
                    let differentiate = differentiation(shape, order, &from, &to);
                    for power in lattice::indices(shape, order) {
                        if shape == Shape::Pyramid && power.iter().sum::<usize>() > order {
                            continue;
                        }
                        let value = |x: &[f64], power: [usize; 3]| -> f64 {
                            x.iter().zip(power).map(|(x, a)| x.powi(a as i32)).product()
                        };
                        let at = |points: &Array2<f64>, f: &dyn Fn(&[f64]) -> f64| {
                            points
                                .rows()
                                .into_iter()
                                .map(|r| f(&r.to_vec()))
                                .collect::<ndarray::Array1<f64>>()
                        };
                        let nodal = at(&from, &|x| value(x, power));
                        let error = interpolate.dot(&nodal) - at(&to, &|x| value(x, power));
                        assert!(error.iter().all(|e| e.abs() < 1e-11), "{} {name} {order}", shape.name());
                        for d in 0..shape.dims() {
                            let slope = |x: &[f64]| {
                                let mut lower = power;
                                lower[d] = lower[d].saturating_sub(1);
                                power[d] as f64 * value(x, lower)
                            };
                            let error = differentiate[d].dot(&nodal) - at(&to, &slope);
                            assert!(error.iter().all(|e| e.abs() < 1e-11), "{} {name} {order}", shape.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn mode_degrees_start_with_the_constant_and_reach_the_order() {
        assert_eq!(mode_degrees(Shape::Tri, 2), [0, 1, 2, 1, 2, 2]);
        assert_eq!(mode_degrees(Shape::Quad, 1), [0, 1, 1, 2]);
        for shape in [Shape::Tri, Shape::Tet] {
            assert_eq!(mode_degrees(shape, 5).into_iter().max(), Some(5));
        }
    }
}
