//! The viscous Burgers equation: one scalar that carries itself, in every direction alike,
//! `du/dt + sum_d d/dx_d (u^2 / 2 - nu du/dx_d) = 0`. With `nu = 0` its waves steepen into shocks.
//!
//! Exact solutions, functions of `s = sum_d k_d x_d` with `K = sum_d k_d` and `N = sum_d k_d^2`: the travelling wave
//! `u = c / K - a tanh(a K (s - c t) / (2 nu N))`; and, by E. Hopf (1950) and J. D. Cole (1951),
//! `u = U - (2 nu N / K) phi' / phi (s - K U t, t)` with any solution `phi` of the heat equation
//! `dphi/dt = nu N phi''`.

use super::real::zeros;
use super::system::{Boundary, BoundaryKind, BoundaryPoint, OutputField, System, dot};
use super::{Real, SystemError, SystemSpec};
use crate::array;

/// The Burgers equation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burgers {
    /// Viscosity, not negative.
    pub nu: f64,
}

/// How the scalar meets a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurgersBoundary {
    /// The value outside is given. Where the flow leaves, it only enters the viscous flux.
    FixedValue,
    /// Nothing is given: the scalar leaves as it comes, without a gradient along the normal.
    Outflow,
}

impl Burgers {
    /// `burgers`: the constant `nu`.
    ///
    /// # Errors
    /// It is missing, or out of range.
    pub fn new(spec: &SystemSpec) -> Result<Burgers, SystemError> {
        Ok(Burgers { nu: spec.constant("nu", |nu| nu >= 0.0, "not negative")? })
    }
}

/// Half the sum of the components: `u^2 / 2` points in every direction.
#[inline(always)]
fn half_sum<R: Real, const D: usize>(n: &[R; D]) -> R {
    let halves: [R; D] = [R::from_f64(0.5); D];
    dot(&halves, n)
}

impl<const D: usize> System<D, 1> for Burgers {
    const VISCOUS: bool = true;
    type Boundary = BurgersBoundary;

    fn conserved(&self) -> [&'static str; 1] {
        ["u"]
    }

    fn primitive(&self) -> [&'static str; 1] {
        ["u"]
    }

    fn fields(&self) -> Vec<OutputField> {
        vec![OutputField { name: "u", primitives: &[0] }]
    }

    fn boundaries() -> Vec<BoundaryKind<BurgersBoundary>> {
        let kind = BoundaryKind::new;
        vec![
            kind("fixed-value", BurgersBoundary::FixedValue, &["u"], "The value u outside is given"),
            kind("outflow", BurgersBoundary::Outflow, &[], "Nothing is given"),
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
        [half_sum(n) * u[0] * u[0]]
    }

    /// Godunov's flux, the exact solution of the Riemann problem (1959): the larger of the squares that move towards the
    /// face. Every Riemann solver of a case is this one.
    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; 1], right: &[R; 1], n: &[R; D]) -> [R; 1] {
        let (zero, half_sum) = (R::from_f64(0.0), half_sum(n));
        // Against the direction in which positive values move, the sides change places.
        let with = zero.le(half_sum);
        let behind = R::select(with, left[0], right[0]).max(zero);
        let ahead = R::select(with, right[0], left[0]).min(zero);
        [half_sum * (behind * behind).max(ahead * ahead)]
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, u: &[R; 1], n: &[R; D]) -> R {
        // Half the sum of n is the factor of u^2.
        (R::from_f64(2.0) * half_sum(n) * u[0]).abs()
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

impl<const D: usize> Boundary<D, 1, Burgers> for BurgersBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, _: &Burgers, u: &[R; 1], at: &BoundaryPoint<R, D>) -> [R; 1] {
        match self {
            BurgersBoundary::FixedValue => [at.data[0]],
            BurgersBoundary::Outflow => *u,
        }
    }

    #[inline(always)]
    fn viscous_flux<R: Real>(
        &self,
        system: &Burgers,
        u: &[R; 1],
        grad: &[[R; 1]; D],
        at: &BoundaryPoint<R, D>,
        tau: R,
    ) -> [R; 1] {
        match self {
            BurgersBoundary::FixedValue => {
                let flux = system.viscous_flux(&[at.data[0]], grad, at.normal);
                [flux[0] + tau * (u[0] - at.data[0])]
            }
            BurgersBoundary::Outflow => zeros(),
        }
    }
}
