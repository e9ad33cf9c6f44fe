//! The exact solution of the Riemann problem of an ideal gas, up to three steps of Newton's method (E. F. Toro, Riemann
//! Solvers and Numerical Methods for Fluid Dynamics, 3rd edition, 2009, chapter 4).
//!
//! Between the outer waves, each a shock or a rarefaction, the pressure is that at which the sum of `Acoustic::change`
//! over both sides and the jump of the velocity vanishes. Which wave a side has is chosen point by point, so both are computed.
//! Where the sides part so fast that a vacuum opens between them, the pressure there is the floor `p_min`.

use super::Side;
use crate::array;
use crate::physics::Real;
use crate::physics::euler::{Euler, Gas};

/// Density, velocity along the normal and pressure.
pub type Line<R> = [R; 3];

/// Pressures beyond this ratio, or outside those of both sides, are guessed by more than the linearised equations.
const SMOOTH: f64 = 2.0;

/// Newton steps.
const STEPS: usize = 3;

/// The outer wave of one side.
struct Acoustic<R> {
    rho: R,
    p: R,
    sound: R,
}

impl<R: Real> Acoustic<R> {
    #[inline(always)]
    fn new(gas: &Gas, rho: R, p: R) -> Acoustic<R> {
        Acoustic { rho, p, sound: (R::from_f64(gas.gamma) * p / rho).sqrt() }
    }

    /// `sqrt(A / (p + B))` of a shock to the pressure `p`: the inverse of the mass that crosses it (Toro, equation 4.8).
    #[inline(always)]
    fn inverse_mass(&self, gas: &Gas, p: R) -> R {
        let g = gas.gamma;
        let a = R::from_f64(2.0 / (g + 1.0)) / self.rho;
        (a / (p + R::from_f64((g - 1.0) / (g + 1.0)) * self.p)).sqrt()
    }

    /// The change of velocity across the wave that leads to the pressure `p`, and its derivative by `p` (Toro, equations
    /// 4.6, 4.7, 4.37).
    #[inline(always)]
    fn change(&self, gas: &Gas, p: R) -> (R, R) {
        let (g, one) = (gas.gamma, R::from_f64(1.0));
        let jump = p - self.p;
        let shock = self.inverse_mass(gas, p);
        let below = p + R::from_f64((g - 1.0) / (g + 1.0)) * self.p;
        let shock_slope = shock * (one - R::from_f64(0.5) * jump / below);
        let ratio = p / self.p;
        let power = ratio.pow(R::from_f64(0.5 * (g - 1.0) / g));
        let rarefaction = R::from_f64(2.0 / (g - 1.0)) * self.sound * (power - one);
        let rarefaction_slope = power / (ratio * self.rho * self.sound);
        let compressed = self.p.lt(p);
        (
            R::select(compressed, jump * shock, rarefaction),
            R::select(compressed, shock_slope, rarefaction_slope),
        )
    }

    /// The state at rest beside this wave, which leaves to the left: density, velocity, pressure. `v` is the velocity
    /// before the wave; pressure `p` and velocity `u >= 0` are those behind it (Toro, section 4.5).
    #[inline(always)]
    fn at_rest(&self, gas: &Gas, v: R, p: R, u: R) -> Line<R> {
        let (g, zero, one) = (gas.gamma, R::from_f64(0.0), R::from_f64(1.0));
        let ratio = p / self.p;
        let compressed = self.p.lt(p);
        let z = R::from_f64(0.5 * (g - 1.0) / g);
        let shock = v - self.sound * (R::from_f64(0.5 * (g + 1.0) / g) * ratio + z).sqrt();
        let g6 = R::from_f64((g - 1.0) / (g + 1.0));
        let shocked = self.rho * (ratio + g6) / (g6 * ratio + one);
        // A rarefaction is isentropic: sound is a power of the pressure, density one of the sound.
        let cooled = ratio.pow(z);
        let head = v - self.sound;
        let inside = zero.lt(u - self.sound * cooled);
        // Where the fan has ended in a vacuum there is no sound left.
        let sonic =
            (R::from_f64(2.0 / (g + 1.0)) * (self.sound + R::from_f64(0.5 * (g - 1.0)) * v)).max(zero);
        let thinned = R::select(inside, sonic / self.sound, cooled);
        let density = self.rho * thinned.pow(R::from_f64(2.0 / (g - 1.0)));
        let fan_p = density * sonic * sonic * R::from_f64(1.0 / g);
        let fan = [density, R::select(inside, sonic, u), R::select(inside, fan_p, p)];
        let behind = [shocked, u, p];
        let before = zero.le(R::select(compressed, shock, head));
        let ahead = [self.rho, v, self.p];
        array!(i => R::select(before, ahead[i], R::select(compressed, behind[i], fan[i])))
    }
}

/// Pressure and velocity between the outer waves.
#[inline(always)]
pub fn star<R: Real>(gas: &Gas, p_min: f64, left: &Line<R>, right: &Line<R>) -> (R, R) {
    let (l, r) = (Acoustic::new(gas, left[0], left[2]), Acoustic::new(gas, right[0], right[2]));
    let (half, floor) = (R::from_f64(0.5), R::from_f64(p_min));
    let du = right[1] - left[1];
    let mut p = guess(gas, &l, &r, du).max(floor);
    let mut u = R::from_f64(0.0);
    for _ in 0..STEPS {
        let ((fl, sl), (fr, sr)) = (l.change(gas, p), r.change(gas, p));
        let next = (p - (fl + fr + du) / (sl + sr)).max(floor);
        // The changes at the new pressure, by their tangents.
        let step = next - p;
        u = half * (left[1] + right[1]) + half * ((fr + sr * step) - (fl + sl * step));
        p = next;
    }
    (p, u)
}

/// First pressure: the linearised equations' where the sides differ little, else that between two rarefactions or two shocks
/// (Toro, section 9.5.2).
#[inline(always)]
fn guess<R: Real>(gas: &Gas, l: &Acoustic<R>, r: &Acoustic<R>, du: R) -> R {
    let (g, zero, half) = (gas.gamma, R::from_f64(0.0), R::from_f64(0.5));
    let impedance = R::from_f64(0.25) * (l.rho + r.rho) * (l.sound + r.sound);
    let linear = (half * (l.p + r.p) - half * du * impedance).max(zero);
    let (low, high) = (l.p.min(r.p), l.p.max(r.p));
    // [(c_L + c_R - (g-1)/2 du) / (c_L / p_L^z + c_R / p_R^z)]^(1/z) with p_L^z taken out.
    let z = 0.5 * (g - 1.0) / g;
    let together = (l.sound + r.sound - R::from_f64(0.5 * (g - 1.0)) * du).max(zero);
    let apart = l.sound + r.sound * (l.p / r.p).pow(R::from_f64(z));
    let rarefactions = l.p * (together / apart).pow(R::from_f64(1.0 / z));
    let (wl, wr) = (l.inverse_mass(gas, linear), r.inverse_mass(gas, linear));
    let shocks = (wl * l.p + wr * r.p - du) / (wl + wr);
    let near = high.le(R::from_f64(SMOOTH) * low) & low.le(linear) & linear.le(high);
    R::select(near, linear, R::select(linear.lt(low), rarefactions, shocks))
}

/// The state on the ray `x / t = speed` between the states `left` and `right`.
///
/// Each is `[density, velocity, pressure]`; `p_min` is the least pressure, for instance [`P_MIN`](super::P_MIN).
///
/// ```
/// use solver::physics::euler::{Gas, riemann::{P_MIN, exact::state_at}};
/// // Sod's tube at x / t = 1, between the contact and the shock.
/// let [rho, u, p]: [f64; 3] = state_at(&Gas { gamma: 1.4 }, P_MIN, &[1.0, 0.0, 1.0], &[0.125, 0.0, 0.1], 1.0);
/// assert!((rho - 0.26557).abs() < 1e-4 && (u - 0.92745).abs() < 1e-4 && (p - 0.30313).abs() < 1e-4);
/// ```
pub fn state_at<R: Real>(gas: &Gas, p_min: f64, left: &Line<R>, right: &Line<R>, speed: R) -> Line<R> {
    // What moves with the ray sees it at rest.
    let (left, right) = ([left[0], left[1] - speed, left[2]], [right[0], right[1] - speed, right[2]]);
    let [rho, u, p] = at_rest(gas, p_min, &left, &right).0;
    [rho, u + speed, p]
}

/// The state at `x / t = 0`, and whether it came from the left.
#[inline(always)]
fn at_rest<R: Real>(gas: &Gas, p_min: f64, left: &Line<R>, right: &Line<R>) -> (Line<R>, R::Mask) {
    let (p, u) = star(gas, p_min, left, right);
    // The right side is the left one in a mirror.
    let from_left = R::from_f64(0.0).le(u);
    let near: Line<R> = array!(i => R::select(from_left, left[i], right[i]));
    let facing = R::select(from_left, R::from_f64(1.0), R::from_f64(-1.0));
    let wave = Acoustic::new(gas, near[0], near[2]);
    let [rho, v, p] = wave.at_rest(gas, facing * near[1], p, facing * u);
    ([rho, facing * v, p], from_left)
}

/// The flux of the exact solution at `x / t = 0`. The velocity along the face is that of the side the fluid comes from.
#[inline(always)]
pub(super) fn exact<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let gas = &system.gas;
    let (l, r) = (Side::new(gas, left, n), Side::new(gas, right, n));
    let (vl, vr) = (l.normal_velocity, r.normal_velocity);
    let ([rho, vn, p], from_left) = at_rest(gas, system.p_min, &[l.rho, vl, l.p], &[r.rho, vr, r.p]);
    let velocity: [R; D] = array!(d => {
        R::select(from_left, l.velocity[d] - vl * n[d], r.velocity[d] - vr * n[d]) + vn * n[d]
    });
    let u: [R; V] = gas.conserved(rho, &velocity, p);
    gas.normal_flux(&u, n, vn, p)
}
