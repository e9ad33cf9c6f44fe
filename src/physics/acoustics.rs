//! Sound of small amplitude in a medium at rest: `dp/dt + rho0 c0^2 div v = 0`, `dv/dt + grad p / rho0 = 0`.
//!
//! A plane wave `p = f(k . x - w t)`, `v = k p / (rho0 w)` with `w = c0 |k|` is an exact solution; so is a standing one, the
//! sum of two that meet (R. J. LeVeque, Finite Volume Methods for Hyperbolic Problems, 2002, section 18.2).
//!
//! # Adding an equation system
//! This file is a worked example. It has all a system needs:
//! 1. a struct with the constants, made from what the case says ([`Acoustics::new`], which checks them);
//! 2. [`System`]: names, the flux through any vector, the common flux of two states;
//! 3. [`Boundary`]: an enum of the conditions, and the state outside for each, given the one inside;
//! 4. a line of the table `systems!` in `src/physics/mod.rs`, with the number of variables in each number of dimensions.
//!
//! Everything is a function of values at a point, generic over [`Real`]: no `if` on data ([`Real::select`] chooses),
//! `#[inline(always)]` and [`array!`](crate::array) instead of closures, so that the kernels become one piece of vector
//! code. Scalars, lanes, shaders, ranks, files and messages follow from that. Rows in `tests/support/problems.rs` put the
//! system into the tests that compare all of these; an exact solution there shows its order of accuracy.

use super::system::{Boundary, BoundaryKind, BoundaryPoint, OutputField, System, dot};
use super::{Real, SystemError, SystemSpec};
use crate::array;

/// Linear acoustics in `D` dimensions; `V = D + 1`: pressure (from that at rest) and velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acoustics {
    /// Density at rest, greater than 0.
    pub rho0: f64,
    /// Speed of sound, greater than 0.
    pub c0: f64,
}

/// How sound meets a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcousticBoundary {
    /// Sound comes in from the state that is given (by default none does), and all that arrives leaves; exactly so for
    /// waves along the normal.
    FarField,
    /// Rigid wall: the normal velocity is reflected.
    Wall,
    /// The pressure is given; without one it is an open end.
    FixedPressure,
}

impl Acoustics {
    /// `acoustics`: the constants `rho0` and `c0`.
    ///
    /// # Errors
    /// One is missing, or out of range.
    pub fn new(spec: &SystemSpec) -> Result<Acoustics, SystemError> {
        Ok(Acoustics {
            rho0: spec.constant("rho0", |rho| rho > 0.0, "greater than 0")?,
            c0: spec.constant("c0", |c| c > 0.0, "greater than 0")?,
        })
    }

    /// The flux of the pressure `p` and the normal velocity `vn`.
    #[inline(always)]
    fn normal_flux<R: Real, const D: usize, const V: usize>(&self, p: R, vn: R, n: &[R; D]) -> [R; V] {
        let force = R::from_f64(1.0 / self.rho0) * p;
        array!(v => if v == 0 { R::from_f64(self.rho0 * self.c0 * self.c0) * vn } else { force * n[v - 1] })
    }
}

#[inline(always)]
fn velocity<R: Real, const D: usize, const V: usize>(u: &[R; V]) -> [R; D] {
    array!(d => u[1 + d])
}

impl<const D: usize, const V: usize> System<D, V> for Acoustics {
    const VISCOUS: bool = false;
    type Boundary = AcousticBoundary;

    fn conserved(&self) -> [&'static str; V] {
        std::array::from_fn(|v| ["p", "u", "v", "w"][v])
    }

    fn primitive(&self) -> [&'static str; V] {
        System::<D, V>::conserved(self)
    }

    fn fields(&self) -> Vec<OutputField> {
        let velocity: &[usize] = &[1, 2, 3];
        vec![
            OutputField { name: "Pressure", primitives: &[0] },
            OutputField { name: "Velocity", primitives: &velocity[..D] },
        ]
    }

    fn boundaries() -> Vec<BoundaryKind<AcousticBoundary>> {
        const AT_REST: &[(&str, f64)] = &[("p", 0.0), ("u", 0.0), ("v", 0.0), ("w", 0.0)];
        let kind = BoundaryKind::new;
        vec![
            kind("far-field", AcousticBoundary::FarField, &[], "Sound leaves; the given state comes in")
                .optional(&AT_REST[..=D]),
            kind("wall", AcousticBoundary::Wall, &[], "Rigid wall"),
            kind("fixed-pressure", AcousticBoundary::FixedPressure, &["p"], "The pressure is given"),
        ]
    }

    #[inline(always)]
    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V] {
        *primitive
    }

    #[inline(always)]
    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V] {
        *u
    }

    #[inline(always)]
    fn flux<R: Real>(&self, u: &[R; V], n: &[R; D]) -> [R; V] {
        self.normal_flux(u[0], dot(&velocity(u), n), n)
    }

    #[inline(always)]
    fn wave_speed<R: Real>(&self, _u: &[R; V], n: &[R; D]) -> R {
        R::from_f64(self.c0) * dot(n, n).sqrt()
    }

    /// The flux of the exact solution of the Riemann problem, which has the pressure `(p_L + p_R)/2 + Z (vn_L - vn_R)/2` and
    /// the normal velocity `(vn_L + vn_R)/2 + (p_L - p_R)/(2 Z)` at the face, with the impedance `Z = rho0 c0`. Every
    /// Riemann solver of a case is this one.
    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; D]) -> [R; V] {
        let (half, z) = (R::from_f64(0.5), self.rho0 * self.c0);
        let (vl, vr) = (dot(&velocity(left), n), dot(&velocity(right), n));
        let p = half * (left[0] + right[0]) + R::from_f64(0.5 * z) * (vl - vr);
        let vn = half * (vl + vr) + R::from_f64(0.5 / z) * (left[0] - right[0]);
        self.normal_flux(p, vn, n)
    }
}

impl<const D: usize, const V: usize> Boundary<D, V, Acoustics> for AcousticBoundary {
    /// At walls and given pressures a mirror image, in which the velocity or the deviation from the pressure is reversed.
    #[inline(always)]
    fn ghost<R: Real>(&self, _: &Acoustics, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        let two = R::from_f64(2.0);
        match self {
            AcousticBoundary::FarField => array!(v => at.data[v]),
            AcousticBoundary::Wall => {
                let twice = two * dot(&velocity(u), at.normal);
                array!(v => if v == 0 { u[0] } else { u[v] - twice * at.normal[v - 1] })
            }
            AcousticBoundary::FixedPressure => {
                array!(v => if v == 0 { two * at.data[0] - u[0] } else { u[v] })
            }
        }
    }
}
