//! Rusanov's flux.

use super::Euler;
use crate::array;
use crate::physics::Real;
use crate::physics::system::dot;

/// Central flux plus `a (left - right)` with `a = |vn_L + vn_R| / 4 + sqrt(gamma (p_L + p_R) / (4 (rho_L + rho_R)))`: half
/// the wave speed, from averages.
#[inline(always)]
pub(super) fn rusanov<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    // One division serves both velocities: 1/a = b/(ab), 1/b = a/(ab). The product is symmetric, so swapping the sides
    // changes no bit.
    let gas = &system.gas;
    let (half, quarter) = (R::from_f64(0.5), R::from_f64(0.25));
    let both = R::from_f64(1.0) / (left[0] * right[0]);
    let (ml, mr): ([R; D], [R; D]) = (array!(d => left[1 + d]), array!(d => right[1 + d]));
    let (il, ir) = (right[0] * both, left[0] * both);
    let (vl, vr) = (dot(&ml, n) * il, dot(&mr, n) * ir);
    let g1 = R::from_f64(gas.gamma - 1.0);
    let pl = g1 * (left[D + 1] - half * dot(&ml, &ml) * il);
    let pr = g1 * (right[D + 1] - half * dot(&mr, &mr) * ir);
    let sound = (R::from_f64(0.25 * gas.gamma) * (pl + pr) / (left[0] + right[0])).sqrt();
    let a = quarter * (vl + vr).abs() + sound;
    let fl: [R; V] = gas.normal_flux(left, n, vl, pl);
    let fr: [R; V] = gas.normal_flux(right, n, vr, pr);
    array!(v => half * (fl[v] + fr[v]) + a * (left[v] - right[v]))
}
