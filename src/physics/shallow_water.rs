//! The shallow-water equations over a flat bottom, without friction: depth `h` and momentum `h v`,
//! `dh/dt + div (h v) = 0`, `d(h v)/dt + div (h v v + g h^2 / 2 I) = 0`.
//!
//! They are the Euler equations of a gas of `gamma = 2` without an energy: waves travel with `sqrt(g h)` relative to the
//! water. The depth must stay positive; there are no dry beds. Exact solutions are simple waves, in which
//! `v - 2 sqrt(g h)` is the same everywhere, and the break of a dam (J. J. Stoker, Water Waves, 1957, section 10.8).

use super::riemann::riemann_solvers;
use super::system::{Boundary, BoundaryKind, BoundaryPoint, OutputField, System, dot};
use super::{Real, SystemError, SystemSpec};
use crate::array;

riemann_solvers! { ShallowWater;
    Rusanov, "rusanov", inline rusanov, "Local Lax-Friedrichs with averaged wave speed (Rusanov 1961)";
    Hll, "hll", inline hll, "Two waves (Harten, Lax, van Leer 1983; speeds of Einfeldt 1988)";
    Hllc, "hllc", inline hllc, "The same with the wave that carries what moves along the face (Toro 2001)";
}

/// The shallow-water equations in `D` dimensions; `V = D + 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShallowWater {
    /// Acceleration of gravity, greater than 0.
    pub g: f64,
    /// Riemann solver of the interfaces.
    pub riemann: RiemannSolver,
}

/// How water meets a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaterBoundary {
    /// The whole state outside is given; the Riemann solver takes of it what comes in.
    FixedState,
    /// The depth is given, the velocity comes from inside: subcritical outflow.
    FixedDepth,
    /// The velocity is given, the depth comes from inside: subcritical inflow.
    FixedVelocity,
    /// Wall: the normal velocity is reflected.
    Wall,
    /// Everything taken from inside: supercritical outflow.
    Outflow,
}

impl ShallowWater {
    /// `shallow-water`: the constant `g`.
    ///
    /// # Errors
    /// It is missing, or out of range; an unknown Riemann solver.
    pub fn new(spec: &SystemSpec) -> Result<ShallowWater, SystemError> {
        let g = spec.constant("g", |g| g > 0.0, "greater than 0")?;
        Ok(ShallowWater { g, riemann: RiemannSolver::from_name(&spec.riemann)? })
    }

    /// The state of a depth and velocity.
    #[inline(always)]
    fn state<R: Real, const D: usize, const V: usize>(&self, h: R, velocity: &[R; D]) -> [R; V] {
        array!(v => if v == 0 { h } else { h * velocity[v - 1] })
    }

    /// `F . n` given the normal velocity.
    #[inline(always)]
    fn normal_flux<R: Real, const D: usize, const V: usize>(&self, u: &[R; V], vn: R, n: &[R; D]) -> [R; V] {
        let pressure = R::from_f64(0.5 * self.g) * u[0] * u[0];
        array!(v => if v == 0 { u[0] * vn } else { u[v] * vn + pressure * n[v - 1] })
    }
}

#[inline(always)]
fn velocity<R: Real, const D: usize, const V: usize>(u: &[R; V]) -> [R; D] {
    let inverse = R::from_f64(1.0) / u[0];
    array!(d => u[1 + d] * inverse)
}

/// Central flux plus `a (left - right)` with `a = |vn_L + vn_R| / 4 + sqrt(g (h_L + h_R) / 8)`: half the wave speed, from
/// averages.
#[inline(always)]
fn rusanov<R: Real, const D: usize, const V: usize>(
    water: &ShallowWater,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let (half, quarter) = (R::from_f64(0.5), R::from_f64(0.25));
    let (vl, vr) = (dot(&velocity(left), n), dot(&velocity(right), n));
    let a = quarter * (vl + vr).abs() + (R::from_f64(0.125 * water.g) * (left[0] + right[0])).sqrt();
    let fl: [R; V] = water.normal_flux(left, vl, n);
    let fr: [R; V] = water.normal_flux(right, vr, n);
    array!(v => half * (fl[v] + fr[v]) + a * (left[v] - right[v]))
}

/// `(s_R F_L - s_L F_R + s_L s_R (u_R - u_L)) / (s_R - s_L)` with the slowest and fastest wave of both sides and of Roe's
/// average, cut at rest: `v = (sqrt(h_L) v_L + sqrt(h_R) v_R) / (sqrt(h_L) + sqrt(h_R))`, `a^2 = g (h_L + h_R) / 2`.
#[inline(always)]
fn hll<R: Real, const D: usize, const V: usize>(
    water: &ShallowWater,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let (zero, g) = (R::from_f64(0.0), R::from_f64(water.g));
    let (vl, vr) = (dot(&velocity(left), n), dot(&velocity(right), n));
    let (sl, sr) = (left[0].sqrt(), right[0].sqrt());
    let v = (sl * vl + sr * vr) / (sl + sr);
    let a = (R::from_f64(0.5 * water.g) * (left[0] + right[0])).sqrt();
    let slow = (v - a).min(vl - (g * left[0]).sqrt()).min(zero);
    let fast = (v + a).max(vr + (g * right[0]).sqrt()).max(zero);
    let fl: [R; V] = water.normal_flux(left, vl, n);
    let fr: [R; V] = water.normal_flux(right, vr, n);
    // Not a common reciprocal: with all waves going one way the weights have to be exactly 1 and 0.
    let width = fast - slow;
    let (to_left, to_right) = (fast / width, slow / width);
    array!(i => to_left * fl[i] - to_right * fr[i] + slow * to_left * (right[i] - left[i]))
}

/// HLL for depth and normal momentum; the velocity along the face goes with the water, from the side it comes from.
#[inline(always)]
fn hllc<R: Real, const D: usize, const V: usize>(
    water: &ShallowWater,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let flux: [R; V] = hll(water, left, right, n);
    let momentum: [R; D] = array!(d => flux[1 + d]);
    let force = dot(&momentum, n);
    let (l, r): ([R; D], [R; D]) = (velocity(left), velocity(right));
    let (vl, vr) = (dot(&l, n), dot(&r, n));
    let from_left = R::from_f64(0.0).le(flux[0]);
    array!(i => {
        if i == 0 {
            flux[0]
        } else {
            let d = i - 1;
            let along = R::select(from_left, l[d] - vl * n[d], r[d] - vr * n[d]);
            force * n[d] + flux[0] * along
        }
    })
}

impl<const D: usize, const V: usize> System<D, V> for ShallowWater {
    const VISCOUS: bool = false;
    type Boundary = WaterBoundary;

    fn conserved(&self) -> [&'static str; V] {
        std::array::from_fn(|v| ["h", "hu", "hv"][v])
    }

    fn primitive(&self) -> [&'static str; V] {
        std::array::from_fn(|v| ["h", "u", "v"][v])
    }

    fn fields(&self) -> Vec<OutputField> {
        let velocity: &[usize] = &[1, 2];
        vec![
            OutputField { name: "Depth", primitives: &[0] },
            OutputField { name: "Velocity", primitives: &velocity[..D] },
        ]
    }

    fn boundaries() -> Vec<BoundaryKind<WaterBoundary>> {
        let state: &'static [&'static str] = &["h", "u", "v"];
        let kind = BoundaryKind::new;
        vec![
            kind(
                "fixed-state",
                WaterBoundary::FixedState,
                &state[..=D],
                "Depth and velocity outside are given",
            ),
            kind("fixed-depth", WaterBoundary::FixedDepth, &["h"], "Subcritical outflow of given depth"),
            kind(
                "fixed-velocity",
                WaterBoundary::FixedVelocity,
                &state[1..=D],
                "Subcritical inflow of given velocity",
            ),
            kind("wall", WaterBoundary::Wall, &[], "Wall without friction"),
            kind("outflow", WaterBoundary::Outflow, &[], "Supercritical outflow: nothing is given"),
        ]
    }

    #[inline(always)]
    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V] {
        let velocity: [R; D] = array!(d => primitive[1 + d]);
        self.state(primitive[0], &velocity)
    }

    #[inline(always)]
    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V] {
        let velocity: [R; D] = velocity(u);
        array!(v => if v == 0 { u[0] } else { velocity[v - 1] })
    }

    #[inline(always)]
    fn flux<R: Real>(&self, u: &[R; V], n: &[R; D]) -> [R; V] {
        self.normal_flux(u, dot(&velocity(u), n), n)
    }

    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; D]) -> [R; V] {
        self.riemann.common_flux(self, left, right, n)
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, u: &[R; V], n: &[R; D]) -> R {
        dot(&velocity(u), n).abs() + (R::from_f64(self.g) * u[0]).sqrt() * dot(n, n).sqrt()
    }
}

impl<const D: usize, const V: usize> Boundary<D, V, ShallowWater> for WaterBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, water: &ShallowWater, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        match self {
            WaterBoundary::FixedState => {
                let velocity: [R; D] = array!(d => at.data[1 + d]);
                water.state(at.data[0], &velocity)
            }
            WaterBoundary::FixedDepth => {
                let velocity: [R; D] = velocity(u);
                water.state(at.data[0], &velocity)
            }
            WaterBoundary::FixedVelocity => {
                let velocity: [R; D] = array!(d => at.data[d]);
                water.state(u[0], &velocity)
            }
            WaterBoundary::Wall => {
                let momentum: [R; D] = array!(d => u[1 + d]);
                let twice = R::from_f64(2.0) * dot(&momentum, at.normal);
                array!(v => if v == 0 { u[0] } else { u[v] - twice * at.normal[v - 1] })
            }
            WaterBoundary::Outflow => *u,
        }
    }
}
