//! The Euler equations of an ideal gas, 1-D to 3-D.
//!
//! Conserved: density, momentum, total energy a volume; primitive: density, velocity, pressure.
//! `E = p / (gamma - 1) + rho |v|^2 / 2`. `V = D + 2`.

mod boundaries;
pub mod riemann;

use crate::array;
pub use boundaries::FluidBoundary;
use riemann::{P_MIN, RiemannSolver};

use super::system::{BoundaryKind, OutputField, System, dot};
use super::{Real, SystemError, SystemSpec};

/// The Euler equations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Euler {
    /// The gas.
    pub gas: Gas,
    /// Riemann solver of the interfaces.
    pub riemann: RiemannSolver,
    /// Pressure below which the iterations of the Riemann solver `exact` do not go; greater than 0.
    pub p_min: f64,
}

/// An ideal gas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gas {
    /// Ratio of specific heats.
    pub gamma: f64,
}

impl Gas {
    /// Density, velocity and pressure of a state.
    #[inline(always)]
    pub fn primitive<R: Real, const D: usize, const V: usize>(&self, u: &[R; V]) -> (R, [R; D], R) {
        let inverse = R::from_f64(1.0) / u[0];
        let velocity: [R; D] = array!(d => u[1 + d] * inverse);
        let momentum: [R; D] = array!(d => u[1 + d]);
        let kinetic = R::from_f64(0.5) * dot(&momentum, &velocity);
        (u[0], velocity, R::from_f64(self.gamma - 1.0) * (u[D + 1] - kinetic))
    }

    /// The state of a density, velocity and pressure.
    #[inline(always)]
    pub fn conserved<R: Real, const D: usize, const V: usize>(
        &self,
        rho: R,
        velocity: &[R; D],
        p: R,
    ) -> [R; V] {
        let kinetic = R::from_f64(0.5) * rho * dot(velocity, velocity);
        let energy = p * R::from_f64(1.0 / (self.gamma - 1.0)) + kinetic;
        array!(v => match v {
            0 => rho,
            v if v <= D => rho * velocity[v - 1],
            _ => energy,
        })
    }

    /// `F . n` given the normal velocity `vn = v . n` and the pressure.
    #[inline(always)]
    pub fn normal_flux<R: Real, const D: usize, const V: usize>(
        &self,
        u: &[R; V],
        n: &[R; D],
        vn: R,
        p: R,
    ) -> [R; V] {
        array!(v => match v {
            0 => u[0] * vn,
            v if v <= D => u[v] * vn + p * n[v - 1],
            _ => (u[D + 1] + p) * vn,
        })
    }
}

impl Euler {
    /// A gas of the ratio `gamma` of specific heats, with a Riemann solver and the usual [`P_MIN`].
    pub fn ideal(gamma: f64, riemann: RiemannSolver) -> Euler {
        Euler { gas: Gas { gamma }, riemann, p_min: P_MIN }
    }

    /// The system a case asks for.
    ///
    /// # Errors
    /// A missing constant, or one out of range; an unknown Riemann solver; a `p-min` that is not positive.
    pub fn new(spec: &SystemSpec) -> Result<Euler, SystemError> {
        let gamma = spec.constant("gamma", |g| g > 1.0, "greater than 1")?;
        let riemann = RiemannSolver::from_name(&spec.riemann)?;
        let p_min = spec.p_min.unwrap_or(P_MIN);
        if !(p_min.is_finite() && p_min > 0.0) {
            return Err(SystemError::PressureFloor(p_min));
        }
        Ok(Euler { gas: Gas { gamma }, riemann, p_min })
    }
}

/// Names of the first `V` of `[first, axes..., last]`.
fn names<const D: usize, const V: usize>(
    first: &'static str,
    axes: [&'static str; 3],
    last: &'static str,
) -> [&'static str; V] {
    std::array::from_fn(|v| match v {
        0 => first,
        v if v <= D => axes[v - 1],
        _ => last,
    })
}

impl<const D: usize, const V: usize> System<D, V> for Euler {
    const VISCOUS: bool = false;
    const FILTERED: bool = true;
    type Boundary = FluidBoundary;

    fn conserved(&self) -> [&'static str; V] {
        names::<D, V>("rho", ["rhou", "rhov", "rhow"], "E")
    }

    fn primitive(&self) -> [&'static str; V] {
        names::<D, V>("rho", ["u", "v", "w"], "p")
    }

    fn fields(&self) -> Vec<OutputField> {
        let velocity: &[usize] = &[1, 2, 3];
        let pressure: &[usize] = &[2, 3, 4];
        vec![
            OutputField { name: "Density", primitives: &[0] },
            OutputField { name: "Velocity", primitives: &velocity[..D] },
            OutputField { name: "Pressure", primitives: &pressure[D - 1..D] },
        ]
    }

    fn boundaries() -> Vec<BoundaryKind<FluidBoundary>> {
        FluidBoundary::inviscid(D)
    }

    #[inline(always)]
    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V] {
        let velocity: [R; D] = array!(d => primitive[1 + d]);
        self.gas.conserved(primitive[0], &velocity, primitive[D + 1])
    }

    #[inline(always)]
    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V] {
        let (rho, velocity, p) = self.gas.primitive::<R, D, V>(u);
        array!(v => match v {
            0 => rho,
            v if v <= D => velocity[v - 1],
            _ => p,
        })
    }

    #[inline(always)]
    fn flux<R: Real>(&self, u: &[R; V], n: &[R; D]) -> [R; V] {
        let (_, velocity, p) = self.gas.primitive::<R, D, V>(u);
        self.gas.normal_flux(u, n, dot(&velocity, n), p)
    }

    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; D]) -> [R; V] {
        self.riemann.common_flux(self, left, right, n)
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, u: &[R; V], n: &[R; D]) -> R {
        let (rho, velocity, p) = self.gas.primitive::<R, D, V>(u);
        let sound = (R::from_f64(self.gas.gamma) * p / rho).sqrt();
        dot(&velocity, n).abs() + sound * dot(n, n).sqrt()
    }

    /// The entropy is `p / rho^gamma`.
    #[inline(always)]
    fn constraints<R: Real>(&self, u: &[R; V]) -> [R; 3] {
        let (rho, _, p) = self.gas.primitive::<R, D, V>(u);
        [rho, p, p * rho.pow(R::from_f64(-self.gas.gamma))]
    }
}
