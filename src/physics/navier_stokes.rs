//! The compressible Navier-Stokes equations of an ideal gas: the Euler equations plus
//! `G = -[0, tau, v . tau + (mu gamma / Pr) grad e]` with
//! `tau = mu (grad v + grad v^T - 2/3 div v I)` (the trace factor of three dimensions in two, too) and the internal energy
//! a mass `e = E / rho - |v|^2 / 2`.
//!
//! Constants: `gamma`, `mu`, `Pr`; with Sutherland's law also `cpTref` and `cpTs`.

use super::euler::riemann::RiemannSolver;
use super::euler::{Euler, FluidBoundary, Gas};
use super::real::zeros;
use super::system::{BoundaryKind, OutputField, System, dot};
use super::{Choice, Real, SystemError, SystemSpec, find};
use crate::array;

/// The Navier-Stokes equations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NavierStokes {
    /// Gas and Riemann solver: the inviscid part.
    pub euler: Euler,
    /// Dynamic viscosity, with Sutherland's law that at the reference temperature.
    pub mu: f64,
    /// Prandtl number.
    pub prandtl: f64,
    /// How the viscosity depends on temperature.
    pub law: ViscosityLaw,
}

/// How the viscosity depends on temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViscosityLaw {
    /// Not at all.
    Constant,
    /// Sutherland (1893): `mu (cpTref + cpTs) / (cpT + cpTs) (cpT / cpTref)^(3/2)`.
    Sutherland {
        /// Heat capacity times the reference temperature.
        reference: f64,
        /// Heat capacity times Sutherland's temperature.
        sutherland: f64,
    },
}

/// Makes a law from what a case says.
pub type MakeLaw = fn(&SystemSpec) -> Result<ViscosityLaw, SystemError>;

/// Names of the laws of viscosity.
pub const VISCOSITY_LAWS: &[Choice<MakeLaw>] = &[
    Choice { name: "none", doc: "Constant viscosity", value: |_| Ok(ViscosityLaw::Constant) },
    Choice {
        name: "sutherland",
        doc: "Sutherland's law, with the constants cpTref and cpTs",
        value: |spec| {
            Ok(ViscosityLaw::Sutherland {
                reference: spec.constant("cpTref", |t| t > 0.0, "greater than 0")?,
                sutherland: spec.constant("cpTs", |t| t >= 0.0, "not negative")?,
            })
        },
    },
];

impl NavierStokes {
    /// The system a case asks for.
    ///
    /// # Errors
    /// A missing constant, or one out of range; an unknown Riemann solver or law of viscosity.
    pub fn new(spec: &SystemSpec) -> Result<NavierStokes, SystemError> {
        let law = if spec.viscosity.is_empty() { "none" } else { &spec.viscosity };
        Ok(NavierStokes {
            euler: Euler::new(spec)?,
            mu: spec.constant("mu", |mu| mu >= 0.0, "not negative")?,
            prandtl: spec.constant("Pr", |pr| pr > 0.0, "greater than 0")?,
            law: find("viscosity-correction", law, VISCOSITY_LAWS)?(spec)?,
        })
    }

    /// The gas.
    #[inline(always)]
    pub fn gas(&self) -> &Gas {
        &self.euler.gas
    }

    /// The inviscid common flux.
    pub fn riemann(&self) -> RiemannSolver {
        self.euler.riemann
    }

    /// Viscosity at the internal energy `e`.
    #[inline(always)]
    fn viscosity<R: Real>(&self, e: R) -> R {
        match self.law {
            ViscosityLaw::Constant => R::from_f64(self.mu),
            ViscosityLaw::Sutherland { reference, sutherland } => {
                let cp_t = R::from_f64(self.gas().gamma) * e;
                let ratio = cp_t * R::from_f64(1.0 / reference);
                let factor = R::from_f64(self.mu * (reference + sutherland));
                factor / (cp_t + R::from_f64(sutherland)) * ratio * ratio.sqrt()
            }
        }
    }
}

/// Velocity, internal energy and their gradients (`velocity_gradient[direction][component]`).
struct Slopes<R, const D: usize> {
    velocity: [R; D],
    energy: R,
    velocity_gradient: [[R; D]; D],
    energy_gradient: [R; D],
}

/// From conserved variables and their gradients, by the quotient rule.
#[inline(always)]
fn slopes<R: Real, const D: usize, const V: usize>(u: &[R; V], grad: &[[R; V]; D]) -> Slopes<R, D> {
    let inverse = R::from_f64(1.0) / u[0];
    let velocity: [R; D] = array!(i => u[1 + i] * inverse);
    let total = u[D + 1] * inverse;
    let mut velocity_gradient: [[R; D]; D] = [zeros(); D];
    for d in 0..D {
        velocity_gradient[d] = array!(i => (grad[d][1 + i] - velocity[i] * grad[d][0]) * inverse);
    }
    let energy_gradient: [R; D] = array!(d => {
        (grad[d][D + 1] - total * grad[d][0]) * inverse - dot(&velocity, &velocity_gradient[d])
    });
    let energy = total - R::from_f64(0.5) * dot(&velocity, &velocity);
    Slopes { velocity, energy, velocity_gradient, energy_gradient }
}

impl<const D: usize, const V: usize> System<D, V> for NavierStokes {
    const VISCOUS: bool = true;
    const FILTERED: bool = true;
    type Boundary = FluidBoundary;

    fn conserved(&self) -> [&'static str; V] {
        System::<D, V>::conserved(&self.euler)
    }

    fn primitive(&self) -> [&'static str; V] {
        System::<D, V>::primitive(&self.euler)
    }

    fn fields(&self) -> Vec<OutputField> {
        System::<D, V>::fields(&self.euler)
    }

    fn boundaries() -> Vec<BoundaryKind<FluidBoundary>> {
        FluidBoundary::viscous(D)
    }

    #[inline(always)]
    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V] {
        System::<D, V>::to_conserved(&self.euler, primitive)
    }

    #[inline(always)]
    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V] {
        System::<D, V>::to_primitive(&self.euler, u)
    }

    #[inline(always)]
    fn flux<R: Real>(&self, u: &[R; V], n: &[R; D]) -> [R; V] {
        System::<D, V>::flux(&self.euler, u, n)
    }

    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; D]) -> [R; V] {
        System::<D, V>::common_flux(&self.euler, left, right, n)
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, u: &[R; V], n: &[R; D]) -> R {
        System::<D, V>::wave_speed(&self.euler, u, n)
    }

    /// The larger of those of a compressed momentum, `4/3 mu / rho`, and of heat, `gamma mu / (Pr rho)`.
    #[inline(always)]
    fn diffusivity<R: Real>(&self, u: &[R; V]) -> R {
        let (rho, _, p) = self.gas().primitive::<R, D, V>(u);
        let energy = p / (R::from_f64(self.gas().gamma - 1.0) * rho);
        R::from_f64((4.0f64 / 3.0).max(self.gas().gamma / self.prandtl)) * self.viscosity(energy) / rho
    }

    #[inline(always)]
    fn constraints<R: Real>(&self, u: &[R; V]) -> [R; 3] {
        System::<D, V>::constraints(&self.euler, u)
    }

    #[inline(always)]
    fn viscous_flux<R: Real>(&self, u: &[R; V], grad: &[[R; V]; D], n: &[R; D]) -> [R; V] {
        let Slopes { velocity, energy, velocity_gradient, energy_gradient } = slopes(u, grad);
        let mu = self.viscosity(energy);
        let mut divergence = velocity_gradient[0][0];
        for d in 1..D {
            divergence = divergence + velocity_gradient[d][d];
        }
        let trace = R::from_f64(2.0 / 3.0) * divergence;
        let traction: [R; D] = array!(i => {
            let across: [R; D] = array!(d => velocity_gradient[d][i] + velocity_gradient[i][d]);
            mu * (dot(&across, n) - trace * n[i])
        });
        let conductivity = R::from_f64(self.gas().gamma / self.prandtl) * mu;
        let heat = conductivity * dot(&energy_gradient, n);
        array!(v => match v {
            0 => R::from_f64(0.0),
            v if v <= D => -traction[v - 1],
            _ => -(dot(&velocity, &traction) + heat),
        })
    }
}
