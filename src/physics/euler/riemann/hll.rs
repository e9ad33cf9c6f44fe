//! Fluxes of Harten, Lax and van Leer: the fan of waves is averaged between bounds of its speeds, as a whole (HLL) or in
//! two parts, before and behind the contact (HLLC).

use super::{Euler, Side, two_wave_weights, wave_speeds};
use crate::array;
use crate::physics::Real;

/// `(s_R F_L - s_L F_R + s_L s_R (u_R - u_L)) / (s_R - s_L)` where the bounds have different signs, else the upwind flux.
#[inline(always)]
pub(super) fn hll<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let gas = &system.gas;
    let (l, r) = (Side::new(gas, left, n), Side::new(gas, right, n));
    let (slow, fast) = wave_speeds(gas, (&l, l.enthalpy(left)), (&r, r.enthalpy(right)), n);
    let (a, b, c) = two_wave_weights(slow, fast);
    let (fl, fr) = (l.flux(gas, left, n), r.flux(gas, right, n));
    array!(v => a * fl[v] + b * fr[v] - c * (right[v] - left[v]))
}

/// HLL with the contact, which moves with
/// `s* = (p_R - p_L + rho_L vn_L (s_L - vn_L) - rho_R vn_R (s_R - vn_R)) / (rho_L (s_L - vn_L) - rho_R (s_R - vn_R))`.
#[inline(always)]
pub(super) fn hllc<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let (gas, zero) = (&system.gas, R::from_f64(0.0));
    let (l, r) = (Side::new(gas, left, n), Side::new(gas, right, n));
    let (slow, fast) = wave_speeds(gas, (&l, l.enthalpy(left)), (&r, r.enthalpy(right)), n);
    let (vnl, vnr) = (l.normal_velocity, r.normal_velocity);
    let (ql, qr) = (l.rho * (slow - vnl), r.rho * (fast - vnr));
    let contact = (r.p - l.p + ql * vnl - qr * vnr) / (ql - qr);
    let (fl, fr): ([R; V], [R; V]) = (l.flux(gas, left, n), r.flux(gas, right, n));
    let fsl = star(left, &fl, &l, slow, ql, contact, n);
    let fsr = star(right, &fr, &r, fast, qr, contact, n);
    array!(i => {
        let inner = R::select(zero.le(contact), fsl[i], fsr[i]);
        R::select(zero.le(slow), fl[i], R::select(fast.le(zero), fr[i], inner))
    })
}

/// Flux between an acoustic wave of speed `s` and the contact: `F_k + s_k (u*_k - u_k)`, with `q = rho (s - vn)` and
/// `u*_k = q / (s - s*) [1, v + (s* - vn) n, E / rho + (s* - vn) (s* + p / q)]`.
#[inline(always)]
fn star<R: Real, const D: usize, const V: usize>(
    u: &[R; V],
    f: &[R; V],
    side: &Side<R, D>,
    s: R,
    q: R,
    contact: R,
    n: &[R; D],
) -> [R; V] {
    let factor = q / (s - contact);
    let jump = contact - side.normal_velocity;
    let energy = u[D + 1] * side.inverse + jump * (contact + side.p / q);
    array!(i => {
        let state = match i {
            0 => factor,
            i if i <= D => factor * (side.velocity[i - 1] + jump * n[i - 1]),
            _ => factor * energy,
        };
        f[i] + s * (state - u[i])
    })
}
