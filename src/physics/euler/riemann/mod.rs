//! Riemann solvers of the ideal gas. Adding one: its function and a line of the table below.
//!
//! A solver sees the states on both sides and the unit normal from left to right, and gives the flux between them. None
//! turns the states into the frame of the face: the waves along the normal need the normal velocity alone, and the rest of
//! the velocity is carried with the fluid; so one function serves one, two and three dimensions. What several need is
//! here: a side's primitive state (`Side`), Roe's averages (`RoeAverage`), bounds of the wave speeds, fluxes weighted
//! by such bounds.
//!
//! The formulas are those of the system whose case files are read here, but for one mistake of it: the slowest wave of
//! `hll` and `hllc` is bounded by the left state's own speed of sound, not by the right one's.

pub mod exact;
mod hll;
mod roe;
mod rusanov;

use super::{Euler, Gas};
use crate::array;
use crate::physics::Real;
use crate::physics::riemann::riemann_solvers;
use crate::physics::system::dot;

riemann_solvers! { Euler;
    Rusanov, "rusanov", inline rusanov::rusanov, "Local Lax-Friedrichs with averaged wave speed (Rusanov 1961)";
    Hll, "hll", apart hll::hll, "Two waves (Harten, Lax, van Leer 1983; speeds of Einfeldt 1988)";
    Hllc, "hllc", inline hll::hllc, "Harten-Lax-van Leer with contact wave (Toro, Spruce, Speares 1994)";
    Roe, "roe", apart roe::roe, "Linearised, all waves, with Harten's entropy fix (Roe 1981)";
    Roem, "roem", apart roe::roem, "Roe without shock instability (Kim, Kim, Rho, Hong 2003)";
    Exact, "exact", apart exact::exact, "Exact solution by Newton's method (Toro 2009, chapter 4)";
}

/// Pressure below which `exact` does not go, unless the case sets `p-min`.
pub const P_MIN: f64 = 5.0 * f64::EPSILON;

/// The primitive state on one side of an interface.
struct Side<R, const D: usize> {
    rho: R,
    /// `1 / rho`.
    inverse: R,
    velocity: [R; D],
    /// Velocity along the normal.
    normal_velocity: R,
    p: R,
}

impl<R: Real, const D: usize> Side<R, D> {
    #[inline(always)]
    fn new<const V: usize>(gas: &Gas, u: &[R; V], n: &[R; D]) -> Side<R, D> {
        let inverse = R::from_f64(1.0) / u[0];
        let velocity: [R; D] = array!(d => u[1 + d] * inverse);
        let momentum: [R; D] = array!(d => u[1 + d]);
        let kinetic = R::from_f64(0.5) * dot(&momentum, &velocity);
        let p = R::from_f64(gas.gamma - 1.0) * (u[D + 1] - kinetic);
        Side { rho: u[0], inverse, velocity, normal_velocity: dot(&velocity, n), p }
    }

    /// Speed of sound.
    #[inline(always)]
    fn sound(&self, gas: &Gas) -> R {
        (R::from_f64(gas.gamma) * self.p * self.inverse).sqrt()
    }

    /// Total enthalpy a mass, `(E + p) / rho`.
    #[inline(always)]
    fn enthalpy<const V: usize>(&self, u: &[R; V]) -> R {
        (u[D + 1] + self.p) * self.inverse
    }

    /// `F . n` of the state `u`, whose primitives these are.
    #[inline(always)]
    fn flux<const V: usize>(&self, gas: &Gas, u: &[R; V], n: &[R; D]) -> [R; V] {
        gas.normal_flux(u, n, self.normal_velocity, self.p)
    }
}

/// The average state at which the jump of the fluxes is the Jacobian times the jump of the states (Roe 1981).
struct RoeAverage<R, const D: usize> {
    rho: R,
    velocity: [R; D],
    normal_velocity: R,
    /// Total enthalpy a mass.
    enthalpy: R,
    /// Speed of sound and its square.
    sound: R,
    sound_squared: R,
}

impl<R: Real, const D: usize> RoeAverage<R, D> {
    /// Weights are the square roots of the densities; `hl` and `hr` are the total enthalpies a mass.
    #[inline(always)]
    fn new(gas: &Gas, (l, hl): (&Side<R, D>, R), (r, hr): (&Side<R, D>, R), n: &[R; D]) -> RoeAverage<R, D> {
        let (sl, sr) = (l.rho.sqrt(), r.rho.sqrt());
        let weight = R::from_f64(1.0) / (sl + sr);
        let velocity: [R; D] = array!(d => (sl * l.velocity[d] + sr * r.velocity[d]) * weight);
        let enthalpy = (sl * hl + sr * hr) * weight;
        let kinetic = R::from_f64(0.5) * dot(&velocity, &velocity);
        let sound_squared = R::from_f64(gas.gamma - 1.0) * (enthalpy - kinetic);
        RoeAverage {
            rho: sl * sr,
            velocity,
            normal_velocity: dot(&velocity, n),
            enthalpy,
            sound: sound_squared.sqrt(),
            sound_squared,
        }
    }
}

/// Bounds of the slowest and the fastest wave: the acoustic waves of the average and of each side (Einfeldt 1988).
#[inline(always)]
fn wave_speeds<R: Real, const D: usize>(
    gas: &Gas,
    (l, hl): (&Side<R, D>, R),
    (r, hr): (&Side<R, D>, R),
    n: &[R; D],
) -> (R, R) {
    let average = RoeAverage::new(gas, (l, hl), (r, hr), n);
    let (vn, a) = (average.normal_velocity, average.sound);
    ((vn - a).min(l.normal_velocity - l.sound(gas)), (vn + a).max(r.normal_velocity + r.sound(gas)))
}

/// The fan between bounds `slow` and `fast` of the wave speeds, cut at rest: weights `(a, b, c)` of
/// `a F_left + b F_right - c (right - left)`.
///
/// With all waves going one way the weights are exactly 1 and 0, so that nothing travels upstream.
#[inline(always)]
fn two_wave_weights<R: Real>(slow: R, fast: R) -> (R, R, R) {
    let zero = R::from_f64(0.0);
    let (slow, fast) = (slow.min(zero), fast.max(zero));
    // Not a common reciprocal: fast / fast is 1, fast (1 / fast) may not be.
    let width = fast - slow;
    let a = fast / width;
    (a, -slow / width, -slow * a)
}
