//! Solvers linearised at Roe's average.

use super::{Euler, RoeAverage, Side, two_wave_weights};
use crate::array;
use crate::physics::Real;
use crate::physics::system::dot;

/// Acoustic waves slower than this are spread (a speed, in the units of the case).
const HARTEN: f64 = 1e-3;

/// `|speed|`, but `(speed^2 + e^2) / (2 e)` where that is less than `e`: it never vanishes, so that a rarefaction through
/// the speed of sound does not become a shock that expands (Harten 1983).
#[inline(always)]
fn spread<R: Real>(speed: R) -> R {
    let absolute = speed.abs();
    let parabola = (speed * speed + R::from_f64(HARTEN * HARTEN)) * R::from_f64(0.5 / HARTEN);
    R::select(absolute.lt(R::from_f64(HARTEN)), parabola, absolute)
}

/// Mean flux less half the sum over all waves of `|speed| strength wave` (P. L. Roe 1981; Toro 2009, section 11.2).
///
/// The waves of the three speeds `vn - a`, `vn`, `vn + a` are, with `dv' = dv - n dvn` along the face,
/// `[1, v -+ a n, H -+ a vn] (dp -+ rho a dvn) / (2 a^2)` and
/// `[1, v, v^2/2] (drho - dp/a^2) + rho [0, dv', v . dv']`.
#[inline(always)]
pub(super) fn roe<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let (gas, half) = (&system.gas, R::from_f64(0.5));
    let (l, r) = (Side::new(gas, left, n), Side::new(gas, right, n));
    let mean = RoeAverage::new(gas, (&l, l.enthalpy(left)), (&r, r.enthalpy(right)), n);
    let (v, vn, a) = (&mean.velocity, mean.normal_velocity, mean.sound);
    let inverse = R::from_f64(1.0) / mean.sound_squared;
    let (dp, dvn) = (r.p - l.p, r.normal_velocity - l.normal_velocity);
    let along: [R; D] = array!(d => r.velocity[d] - l.velocity[d] - dvn * n[d]);
    let kick = mean.rho * a * dvn;
    let backward = spread(vn - a) * half * inverse * (dp - kick);
    let forward = spread(vn + a) * half * inverse * (dp + kick);
    let carried = vn.abs();
    let entropy = carried * (r.rho - l.rho - dp * inverse);
    let shear = carried * mean.rho;
    // Both acoustic waves: their sum along [1, v, H], their difference along [0, n, vn].
    let (sum, difference) = (backward + forward, a * (forward - backward));
    let (fl, fr): ([R; V], [R; V]) = (l.flux(gas, left, n), r.flux(gas, right, n));
    array!(i => {
        let waves = match i {
            0 => sum + entropy,
            i if i <= D => (sum + entropy) * v[i - 1] + difference * n[i - 1] + shear * along[i - 1],
            _ => sum * mean.enthalpy + difference * vn + entropy * half * dot(v, v) + shear * dot(v, &along),
        };
        half * (fl[i] + fr[i] - waves)
    })
}

/// RoeM (Kim, Kim, Rho, Hong, Journal of Computational Physics 185, 2003, 342-374): two bounds of the wave speeds as in
/// HLL, and between them the jump less what of it no acoustic wave carries, `B dq`, weighted by functions of the Mach
/// number that damp the instabilities of shocks along the grid.
///
/// `F* = (b1 F_L - b2 F_R) / (b1 - b2) + b1 b2 / (b1 - b2) (du - g B dq)` with `du` in terms of `rho H` instead of `E`,
/// `B dq = (drho - f dp / a^2) [1, v, H] + rho [0, dv - n dvn, dH]`, `f = M^h`, `g = f / (1 + M)`,
/// `h = 1 - min(p_L / p_R, p_R / p_L)`.
#[inline(always)]
pub(super) fn roem<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let (gas, one) = (&system.gas, R::from_f64(1.0));
    let (l, r) = (Side::new(gas, left, n), Side::new(gas, right, n));
    let (hl, hr) = (l.enthalpy(left), r.enthalpy(right));
    let mean = RoeAverage::new(gas, (&l, hl), (&r, hr), n);
    let (vn, a) = (mean.normal_velocity, mean.sound);
    let (weight_l, weight_r, weight) =
        two_wave_weights((vn - a).min(l.normal_velocity - a), (vn + a).max(r.normal_velocity + a));
    // Not zero, so that its power is defined for a base that is.
    let mach = vn.abs() / a + R::from_f64(1e-15);
    let f = mach.pow(one - (l.p / r.p).min(r.p / l.p));
    let g = f / (one + mach);
    let dvn = r.normal_velocity - l.normal_velocity;
    let entropy = r.rho - l.rho - f * (r.p - l.p) / mean.sound_squared;
    let (fl, fr): ([R; V], [R; V]) = (l.flux(gas, left, n), r.flux(gas, right, n));
    array!(i => {
        let (jump, carried) = match i {
            0 => (right[0] - left[0], entropy),
            i if i <= D => {
                let along = r.velocity[i - 1] - l.velocity[i - 1] - dvn * n[i - 1];
                (right[i] - left[i], entropy * mean.velocity[i - 1] + mean.rho * along)
            }
            _ => (r.rho * hr - l.rho * hl, entropy * mean.enthalpy + mean.rho * (hr - hl)),
        };
        weight_l * fl[i] + weight_r * fr[i] - weight * (jump - g * carried)
    })
}
