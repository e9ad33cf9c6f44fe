//! One-dimensional operators along the lines of a tensor shape.
//!
//! Points lie symmetric to the middle of a line, so a derivative turns what is even about it into what is odd and back.
//! Split so, it takes half the multiplications, and half as many coefficients to keep in registers.

use super::Lines;
use crate::backend::cpu::lane::{Lane, Scalar};
use crate::element::LineOperators as Operators;
use std::cell::Cell;

/// Operators of a line of `n` points, `h = n / 2`, `m = n - h`.
pub struct LineOperators<T> {
    /// Interpolation to both ends, `[2][n]`.
    ends: Vec<T>,
    /// Corrected derivative of the even part, which is odd, `[h][m]`, the middle point last.
    odd: Vec<T>,
    /// Corrected derivative of the odd part, which is even, `[m][h]`.
    even: Vec<T>,
    /// Lift of half the sum of the two ends, `[m]`, and of half their difference, `[h]`, for outward normal fluxes.
    lift_even: Vec<T>,
    lift_odd: Vec<T>,
}

impl<T: Scalar> LineOperators<T> {
    /// Converts the operators of a line to the working precision.
    pub fn new(line: &Operators) -> Self {
        let n = line.points.len();
        let (h, m) = (n / 2, n - n / 2);
        let convert = |x: f64| T::from_f64(x);
        // Value at the mirror image of column k; the middle is its own.
        let d = |i: usize, k: usize| line.divergence[[i, k]];
        let odd = |i: usize, k: usize| if k < h { 0.5 * (d(i, k) + d(i, n - 1 - k)) } else { d(i, k) };
        let even = |i: usize, k: usize| 0.5 * (d(i, k) - d(i, n - 1 - k));
        let lift = |i: usize| (line.lift[[i, 0]], line.lift[[i, 1]]);
        LineOperators {
            ends: line.ends.iter().map(|&x| convert(x)).collect(),
            odd: (0..h).flat_map(|i| (0..m).map(move |k| convert(odd(i, k)))).collect(),
            even: (0..m).flat_map(|i| (0..h).map(move |k| convert(even(i, k)))).collect(),
            lift_even: (0..m).map(|i| convert(0.5 * (lift(i).0 + lift(i).1))).collect(),
            lift_odd: (0..h).map(|i| convert(0.5 * (lift(i).0 - lift(i).1))).collect(),
        }
    }
}

// The functions below take the number of points twice: `n`, and `N`, the room for them. For short lines both are the same
// constant, and loops over `n` unroll; long ones share the code for the longest.

/// The rows of the `n` points of a line.
#[inline(always)]
fn rows<T, const N: usize>(values: &[T], start: usize, stride: usize, n: usize) -> [&T; N] {
    let mut rows = [&values[start]; N];
    for k in 1..n {
        rows[k] = &values[start + k * stride];
    }
    rows
}

/// `faces = ends u` along the lines of one direction.
#[inline(always)]
pub fn ends<L: Lane, const V: usize, const N: usize>(
    n: usize,
    lines: &Lines,
    operators: &LineOperators<L::Scalar>,
    u: &[L],
    faces: &mut [L],
) {
    let ends = &operators.ends[..2 * n];
    let (mut to_minus, mut to_plus) = ([L::from_f64(0.0); N], [L::from_f64(0.0); N]);
    for k in 0..n {
        (to_minus[k], to_plus[k]) = (L::splat(ends[k]), L::splat(ends[n + k]));
    }
    let u = u.as_chunks::<V>().0;
    let faces = faces.as_chunks_mut::<V>().0;
    for (l, &start) in lines.starts.iter().enumerate() {
        let line: [_; N] = rows(u, start, lines.stride, n);
        let (mut minus, mut plus) = ([L::from_f64(0.0); V], [L::from_f64(0.0); V]);
        for v in 0..V {
            (minus[v], plus[v]) = (to_minus[0] * line[0][v], to_plus[0] * line[0][v]);
            for k in 1..n {
                minus[v] = to_minus[k].mul_add(line[k][v], minus[v]);
                plus[v] = to_plus[k].mul_add(line[k][v], plus[v]);
            }
        }
        faces[lines.minus + l] = minus;
        faces[lines.plus + l] = plus;
    }
}

/// `out (+)= derivative x + lift (sign common_minus, common_plus)` along the lines of one direction.
#[inline(always)]
pub fn derive<L: Lane, const V: usize, const N: usize, const ADD: bool>(
    n: usize,
    lines: &Lines,
    operators: &LineOperators<L::Scalar>,
    sign: f64,
    x: &[L],
    common: &[L],
    out: &mut [L],
) {
    let (h, m) = (n / 2, n - n / 2);
    let (odd, even) = (&operators.odd[..h * m], &operators.even[..m * h]);
    let (lift_even, lift_odd) = (&operators.lift_even[..m], &operators.lift_odd[..h]);
    let zero = L::from_f64(0.0);
    let (mut to_odd, mut to_even) = ([[zero; N]; N], [[zero; N]; N]);
    let (mut sum_lift, mut difference_lift) = ([zero; N], [zero; N]);
    for i in 0..m {
        for k in 0..h {
            to_even[i][k] = L::splat(even[i * h + k]);
        }
        sum_lift[i] = L::splat(lift_even[i]);
    }
    for i in 0..h {
        for k in 0..m {
            to_odd[i][k] = L::splat(odd[i * m + k]);
        }
        difference_lift[i] = L::splat(lift_odd[i]);
    }
    let sign = L::from_f64(sign);
    let (x, common) = (x.as_chunks::<V>().0, common.as_chunks::<V>().0);
    let out = Cell::from_mut(out).as_slice_of_cells().as_chunks::<V>().0;
    for (l, &start) in lines.starts.iter().enumerate() {
        let line: [_; N] = rows(x, start, lines.stride, n);
        let to: [_; N] = rows(out, start, lines.stride, n);
        let (minus, plus) = (&common[lines.minus + l], &common[lines.plus + l]);
        for v in 0..V {
            let minus = sign * minus[v];
            let (sum, difference) = (minus + plus[v], minus - plus[v]);
            let (mut sums, mut differences) = ([zero; N], [zero; N]);
            for k in 0..h {
                sums[k] = line[k][v] + line[n - 1 - k][v];
                differences[k] = line[k][v] - line[n - 1 - k][v];
            }
            if m > h {
                sums[h] = line[h][v];
            }
            for i in 0..m {
                let mut e = sum_lift[i] * sum;
                for k in 0..h {
                    e = to_even[i][k].mul_add(differences[k], e);
                }
                if i == h {
                    to[h][v].set(if ADD { to[h][v].get() + e } else { e });
                    continue;
                }
                let mut o = difference_lift[i] * difference;
                for k in 0..m {
                    o = to_odd[i][k].mul_add(sums[k], o);
                }
                let (low, high) = (&to[i][v], &to[n - 1 - i][v]);
                low.set(if ADD { low.get() + (e + o) } else { e + o });
                high.set(if ADD { high.get() + (e - o) } else { e - o });
            }
        }
    }
}

/// `out += lift (common_minus, common_plus)` along the lines of one direction.
#[inline(always)]
pub fn lift<L: Lane, const V: usize, const N: usize>(
    n: usize,
    lines: &Lines,
    operators: &LineOperators<L::Scalar>,
    common: &[L],
    out: &mut [L],
) {
    let (h, m) = (n / 2, n - n / 2);
    let (even, odd) = (&operators.lift_even[..m], &operators.lift_odd[..h]);
    let common = common.as_chunks::<V>().0;
    let out = Cell::from_mut(out).as_slice_of_cells().as_chunks::<V>().0;
    for (l, &start) in lines.starts.iter().enumerate() {
        let to: [_; N] = rows(out, start, lines.stride, n);
        let (minus, plus) = (&common[lines.minus + l], &common[lines.plus + l]);
        for v in 0..V {
            let (sum, difference) = (minus[v] + plus[v], minus[v] - plus[v]);
            for i in 0..m {
                let (low, high) = (&to[i][v], &to[n - 1 - i][v]);
                if i == h {
                    low.set(L::splat(even[i]).mul_add(sum, low.get()));
                    continue;
                }
                let (e, o) = (L::splat(even[i]) * sum, L::splat(odd[i]) * difference);
                low.set(low.get() + (e + o));
                high.set(high.get() + (e - o));
            }
        }
    }
}
