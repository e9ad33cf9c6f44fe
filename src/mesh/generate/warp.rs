//! Ready-made smooth warps of the parameters.

use std::f64::consts::PI;

/// Where points move, in parameters: along one direction everywhere, so that the Jacobian determinant of the warp is 1 plus
/// the derivative of the shift along it, which stays above `1 - 2 pi |amplitude|`.
const DIRECTION: [f64; 3] = [1.0, -0.8, 0.6];

/// Phase of the waves along axes that repeat; any that is no multiple of a half turn moves their ends.
const PHASE: f64 = 1.0;

/// Moves the parameters `t` of `dims` dimensions by `amplitude` times the product of `sin 2 pi t` over the axes; along axes
/// that repeat the sine is shifted, so that their ends move, too, both alike. The ends of the other axes stay where they
/// are, to the last bit.
pub fn warp(t: [f64; 3], dims: usize, amplitude: f64, repeats: [bool; 3]) -> [f64; 3] {
    let fixed = |d: usize| !repeats[d] && (t[d] <= 0.0 || t[d] >= 1.0);
    if amplitude == 0.0 || (0..dims).any(fixed) {
        return t;
    }
    let wave = |d: usize| {
        // The two ends of an axis that repeats are to move alike to the last bit.
        let at = if repeats[d] && t[d] >= 1.0 { t[d] - 1.0 } else { t[d] };
        (2.0 * PI * at + if repeats[d] { PHASE } else { 0.0 }).sin()
    };
    let shift = amplitude * (0..dims).map(wave).product::<f64>();
    std::array::from_fn(|d| if d < dims { t[d] + shift * DIRECTION[d] } else { t[d] })
}
