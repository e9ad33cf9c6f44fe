//! One scalar carried by a constant velocity `a` and spread by a constant diffusivity `nu`:
//! `du/dt + div (a u - nu grad u) = 0`. With `a = 0` it is the heat equation.
//!
//! A sine wave `sin(k . x - k . a t) exp(-nu |k|^2 t)` is an exact solution.

use super::system::{Boundary, BoundaryKind, BoundaryPoint, OutputField, System, dot};
use super::{Real, SystemError, SystemSpec};
use crate::array;

/// Linear advection and diffusion of one scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdvectionDiffusion {
    /// Velocity; components beyond the space dimensions are zero.
    pub velocity: [f64; 3],
    /// Diffusivity, not negative.
    pub nu: f64,
}

/// How the scalar meets a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarBoundary {
    /// The value outside is given.
    FixedValue,
    /// The outward normal flux is given: the whole of it, `(a u - nu grad u) . n`.
    FixedFlux,
}

impl AdvectionDiffusion {
    /// `advection-diffusion`: constants `ax`, `ay`, `az` (default 0) and `nu`.
    ///
    /// # Errors
    /// A missing constant, or one out of range.
    pub fn new(spec: &SystemSpec) -> Result<AdvectionDiffusion, SystemError> {
        let mut velocity = [0.0; 3];
        for (d, name) in ["ax", "ay", "az"].into_iter().enumerate().take(spec.dims) {
            if spec.constants.contains_key(name) {
                velocity[d] = spec.constant(name, |_| true, "finite")?;
            }
        }
        Ok(AdvectionDiffusion { velocity, nu: spec.constant("nu", |nu| nu >= 0.0, "not negative")? })
    }

    /// `diffusion`: the constant `nu` alone.
    ///
    /// # Errors
    /// A missing constant, or one out of range.
    pub fn diffusion(spec: &SystemSpec) -> Result<AdvectionDiffusion, SystemError> {
        Ok(AdvectionDiffusion {
            velocity: [0.0; 3],
            nu: spec.constant("nu", |nu| nu >= 0.0, "not negative")?,
        })
    }

    #[inline(always)]
    fn speed<R: Real, const D: usize>(&self, n: &[R; D]) -> R {
        let velocity: [R; D] = array!(d => R::from_f64(self.velocity[d]));
        dot(&velocity, n)
    }
}

impl<const D: usize> System<D, 1> for AdvectionDiffusion {
    const VISCOUS: bool = true;
    type Boundary = ScalarBoundary;

    fn conserved(&self) -> [&'static str; 1] {
        ["u"]
    }

    fn primitive(&self) -> [&'static str; 1] {
        ["u"]
    }

    fn fields(&self) -> Vec<OutputField> {
        vec![OutputField { name: "u", primitives: &[0] }]
    }

    fn boundaries() -> Vec<BoundaryKind<ScalarBoundary>> {
        vec![
            BoundaryKind::new(
                "fixed-value",
                ScalarBoundary::FixedValue,
                &["u"],
                "The value u outside is given (Dirichlet)",
            ),
            BoundaryKind::new(
                "fixed-flux",
                ScalarBoundary::FixedFlux,
                &["q"],
                "The outward normal flux q is given (Neumann, Robin)",
            ),
        ]
    }

    #[inline(always)]
    fn to_conserved<R: Real>(&self, primitive: &[R; 1]) -> [R; 1] {
        *primitive
    }

    #[inline(always)]
    fn to_primitive<R: Real>(&self, u: &[R; 1]) -> [R; 1] {
        *u
    }

    #[inline(always)]
    fn flux<R: Real>(&self, u: &[R; 1], n: &[R; D]) -> [R; 1] {
        [self.speed(n) * u[0]]
    }

    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; 1], right: &[R; 1], n: &[R; D]) -> [R; 1] {
        // Upwind; every Riemann solver reduces to it here.
        let half_speed = R::from_f64(0.5) * self.speed(n);
        [half_speed * (left[0] + right[0]) + half_speed.abs() * (left[0] - right[0])]
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, _u: &[R; 1], n: &[R; D]) -> R {
        self.speed(n).abs()
    }

    #[inline(always)]
    fn diffusivity<R: Real>(&self, _u: &[R; 1]) -> R {
        R::from_f64(self.nu)
    }

    #[inline(always)]
    fn viscous_flux<R: Real>(&self, _u: &[R; 1], grad: &[[R; 1]; D], n: &[R; D]) -> [R; 1] {
        let slope: [R; D] = array!(d => grad[d][0]);
        [R::from_f64(-self.nu) * dot(&slope, n)]
    }
}

impl<const D: usize> Boundary<D, 1, AdvectionDiffusion> for ScalarBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, _: &AdvectionDiffusion, u: &[R; 1], at: &BoundaryPoint<R, D>) -> [R; 1] {
        match self {
            ScalarBoundary::FixedValue => [at.data[0]],
            ScalarBoundary::FixedFlux => *u,
        }
    }

    #[inline(always)]
    fn viscous_flux<R: Real>(
        &self,
        system: &AdvectionDiffusion,
        u: &[R; 1],
        grad: &[[R; 1]; D],
        at: &BoundaryPoint<R, D>,
        tau: R,
    ) -> [R; 1] {
        match self {
            ScalarBoundary::FixedValue => {
                let flux = system.viscous_flux(&[at.data[0]], grad, at.normal);
                [flux[0] + tau * (u[0] - at.data[0])]
            }
            // The advective part leaves with the inner state (the ghost equals it); the rest makes the whole flux q.
            ScalarBoundary::FixedFlux => [at.data[0] - system.speed(at.normal) * u[0]],
        }
    }
}
