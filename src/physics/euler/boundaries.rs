//! Boundary conditions of fluids, with and without viscosity (docs/src/case-reference.md, "Boundaries of
//! `navier-stokes`"). Adding one: its variant, its table line, its states.
//!
//! A viscous boundary has two states: the ghost, which enters the Riemann solver, and the common solution, which enters the
//! gradient; most conditions use one for both. At no-slip walls the ghost has the mirrored velocity, so that nothing flows
//! through, and the common solution the wall's. There the viscous flux is that of the wall state without penalty, so that
//! a wall at rest does no work on the fluid. (Up to version 2 the system whose case files are read here used the interior
//! velocity and the penalty.) An adiabatic wall takes no energy at all; that system only removes the normal part of the
//! interior's temperature gradient, which leaves a remainder of the size of the truncation error.

use super::{Euler, Gas};
use crate::array;
use crate::physics::Real;
use crate::physics::navier_stokes::NavierStokes;
use crate::physics::real::zeros;
use crate::physics::system::{Boundary, BoundaryKind, BoundaryPoint, System, dot};

/// How a fluid meets a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FluidBoundary {
    /// Everything prescribed.
    SupersonicInflow,
    /// Everything taken from inside.
    SupersonicOutflow,
    /// Frictionless wall: the normal velocity is reflected.
    SlipWall,
    /// Far field by one-dimensional Riemann invariants.
    RiemannInvariants,
    /// Wall at rest that lets no heat through.
    AdiabaticWall,
    /// Wall of given temperature that may move along itself.
    IsothermalWall,
    /// Density and velocity given, pressure from inside.
    SubsonicInflow,
    /// Total pressure, total temperature and direction given, pressure from inside.
    TotalInflow,
    /// Pressure given, density and momentum from inside.
    SubsonicOutflow,
}

use FluidBoundary::*;

impl FluidBoundary {
    /// Conditions the Euler equations know in `dims` dimensions.
    pub fn inviscid(dims: usize) -> Vec<BoundaryKind<FluidBoundary>> {
        let state: &'static [&'static str] = match dims {
            1 => &["rho", "u", "p"],
            2 => &["rho", "u", "v", "p"],
            _ => &["rho", "u", "v", "w", "p"],
        };
        let kind = BoundaryKind::new;
        vec![
            kind("sup-in-fa", SupersonicInflow, state, "Supersonic inflow: the whole state is given"),
            kind("sup-out-fn", SupersonicOutflow, &[], "Supersonic outflow: nothing is given"),
            kind("slp-adia-wall", SlipWall, &[], "Frictionless (slip) wall"),
            kind("char-riem-inv", RiemannInvariants, state, "Far field through Riemann invariants"),
            kind(
                "char-riem-inv-mass-flow",
                RiemannInvariants,
                state,
                "The same with its pressure moved until the mass flow through the boundary is the one given",
            )
            .controlled("p"),
            kind(
                "char-riem-inv-pressure",
                RiemannInvariants,
                state,
                "The same with its pressure moved until the mean pressure on the boundary is the one given",
            )
            .controlled("p"),
        ]
    }

    /// Conditions the Navier-Stokes equations know in `dims` dimensions.
    pub fn viscous(dims: usize) -> Vec<BoundaryKind<FluidBoundary>> {
        const VELOCITY: &[(&str, f64)] = &[("u", 0.0), ("v", 0.0), ("w", 0.0)];
        const INFLOW: &[&str] = &["rho", "u", "v", "w"];
        const TOTAL: &[&str] = &["pt", "cpTt", "theta", "phi"];
        let kind = BoundaryKind::new;
        let mut kinds = FluidBoundary::inviscid(dims);
        kinds.extend([
            kind("no-slp-adia-wall", AdiabaticWall, &[], "No-slip wall at rest, no heat flux"),
            kind(
                "no-slp-isot-wall",
                IsothermalWall,
                &["cpTw"],
                "No-slip wall of a given temperature (cpTw = cp T)",
            )
            .optional(&VELOCITY[..dims]),
            kind(
                "sub-in-frv",
                SubsonicInflow,
                &INFLOW[..=dims],
                "Subsonic inflow of given density and velocity",
            ),
            kind("sub-out-fp", SubsonicOutflow, &["p"], "Subsonic outflow of given pressure"),
        ]);
        if dims > 1 {
            let doc = "Subsonic inflow of given total pressure and temperature; angles in degrees";
            kinds.push(kind("sub-in-ftpttang", TotalInflow, &TOTAL[..dims + 1], doc));
        }
        kinds
    }

    /// The state outside that enters the Riemann solver.
    #[inline(always)]
    fn outside<R: Real, const D: usize, const V: usize>(
        self,
        gas: &Gas,
        u: &[R; V],
        at: &BoundaryPoint<R, D>,
    ) -> [R; V] {
        match self {
            SupersonicInflow => {
                let velocity: [R; D] = array!(d => at.data[1 + d]);
                gas.conserved(at.data[0], &velocity, at.data[D + 1])
            }
            SupersonicOutflow => *u,
            SlipWall => {
                let momentum: [R; D] = array!(d => u[1 + d]);
                let twice = R::from_f64(2.0) * dot(&momentum, at.normal);
                array!(v => if (1..=D).contains(&v) { u[v] - twice * at.normal[v - 1] } else { u[v] })
            }
            RiemannInvariants => riemann_invariants(gas, u, at),
            AdiabaticWall => array!(v => if (1..=D).contains(&v) { -u[v] } else { u[v] }),
            IsothermalWall => {
                let two = R::from_f64(2.0);
                let velocity: [R; D] = array!(d => two * at.data[1 + d] - u[1 + d] / u[0]);
                with_temperature(gas, u[0], &velocity, at.data[0])
            }
            SubsonicInflow => {
                let (_, _, p) = gas.primitive::<R, D, V>(u);
                let velocity: [R; D] = array!(d => at.data[1 + d]);
                gas.conserved(at.data[0], &velocity, p)
            }
            TotalInflow => total_inflow(gas, u, at),
            SubsonicOutflow => {
                let velocity: [R; D] = array!(d => u[1 + d] / u[0]);
                gas.conserved(u[0], &velocity, at.data[0])
            }
        }
    }

    /// The state on the boundary that enters the gradient.
    #[inline(always)]
    fn on<R: Real, const D: usize, const V: usize>(
        self,
        gas: &Gas,
        u: &[R; V],
        at: &BoundaryPoint<R, D>,
    ) -> [R; V] {
        match self {
            AdiabaticWall => {
                let momentum: [R; D] = array!(d => u[1 + d]);
                let kinetic = R::from_f64(0.5) * dot(&momentum, &momentum) / u[0];
                array!(v => match v {
                    0 => u[0],
                    v if v <= D => R::from_f64(0.0),
                    _ => u[D + 1] - kinetic,
                })
            }
            IsothermalWall => {
                let velocity: [R; D] = array!(d => at.data[1 + d]);
                with_temperature(gas, u[0], &velocity, at.data[0])
            }
            _ => self.outside(gas, u, at),
        }
    }

    /// Whether the boundary takes its gradient from inside; else it has none.
    fn copies_gradient(self) -> bool {
        !matches!(self, SupersonicInflow | RiemannInvariants | SubsonicInflow | SubsonicOutflow)
    }
}

/// The state of density `rho`, a velocity and `cp_t`, heat capacity times temperature: `E = rho cp_t / gamma + rho v^2 / 2`.
#[inline(always)]
fn with_temperature<R: Real, const D: usize, const V: usize>(
    gas: &Gas,
    rho: R,
    velocity: &[R; D],
    cp_t: R,
) -> [R; V] {
    gas.conserved(rho, velocity, R::from_f64((gas.gamma - 1.0) / gas.gamma) * rho * cp_t)
}

impl<const D: usize, const V: usize> Boundary<D, V, Euler> for FluidBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, system: &Euler, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        self.outside(&system.gas, u, at)
    }
}

impl<const D: usize, const V: usize> Boundary<D, V, NavierStokes> for FluidBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, system: &NavierStokes, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        self.outside(system.gas(), u, at)
    }

    #[inline(always)]
    fn common_solution<R: Real>(
        &self,
        system: &NavierStokes,
        u: &[R; V],
        at: &BoundaryPoint<R, D>,
    ) -> [R; V] {
        self.on(system.gas(), u, at)
    }

    #[inline(always)]
    fn viscous_flux<R: Real>(
        &self,
        system: &NavierStokes,
        u: &[R; V],
        grad: &[[R; V]; D],
        at: &BoundaryPoint<R, D>,
        tau: R,
    ) -> [R; V] {
        if *self == SlipWall {
            return zeros();
        }
        let flux: [R; V] = if self.copies_gradient() {
            system.viscous_flux(&self.on(system.gas(), u, at), grad, at.normal)
        } else {
            zeros()
        };
        match self {
            IsothermalWall => flux,
            // At rest and without heat flux, the wall takes no energy.
            AdiabaticWall => array!(v => if v <= D { flux[v] } else { R::from_f64(0.0) }),
            _ => {
                let ghost = self.outside(system.gas(), u, at);
                array!(v => flux[v] + tau * (u[v] - ghost[v]))
            }
        }
    }
}

/// Inflow of the total pressure `pt` and `cpTt`, heat capacity times total temperature, in the direction of the angles
/// (degrees): `(cos theta, sin theta)`, in three dimensions
/// `(cos theta sin phi, sin theta sin phi, cos phi)`. The speed follows from the pressure inside.
#[inline(always)]
fn total_inflow<R: Real, const D: usize, const V: usize>(
    gas: &Gas,
    u: &[R; V],
    at: &BoundaryPoint<R, D>,
) -> [R; V] {
    let k = (gas.gamma - 1.0) / gas.gamma;
    let (_, _, p) = gas.primitive::<R, D, V>(u);
    let (pt, cp_tt) = (at.data[0], at.data[1]);
    let (zero, two) = (R::from_f64(0.0), R::from_f64(2.0));
    let cooled = cp_tt * (R::from_f64(1.0) - (p / pt).pow(R::from_f64(k)));
    let speed_squared = (two * cooled).max(zero);
    let rho = p / (R::from_f64(k) * (cp_tt - R::from_f64(0.5) * speed_squared));
    let speed = speed_squared.sqrt();
    let degrees = R::from_f64(std::f64::consts::PI / 180.0);
    let theta = at.data[2] * degrees;
    let direction = if D == 2 {
        [theta.cos(), theta.sin(), zero]
    } else {
        let phi = at.data[D] * degrees;
        [theta.cos() * phi.sin(), theta.sin() * phi.sin(), phi.cos()]
    };
    let velocity: [R; D] = array!(d => speed * direction[d]);
    gas.conserved(rho, &velocity, p)
}

/// State behind the characteristics: the outgoing invariant from inside, the incoming one from the far field; entropy and
/// tangential velocity from where the fluid comes.
#[inline(always)]
fn riemann_invariants<R: Real, const D: usize, const V: usize>(
    gas: &Gas,
    u: &[R; V],
    at: &BoundaryPoint<R, D>,
) -> [R; V] {
    let gamma = gas.gamma;
    let (g, zero) = (R::from_f64(gamma), R::from_f64(0.0));
    let two_over = R::from_f64(2.0 / (gamma - 1.0));
    let (rho_e, p_e) = (at.data[0], at.data[D + 1]);
    let v_e: [R; D] = array!(d => at.data[1 + d]);
    let (rho_i, v_i, p_i) = gas.primitive::<R, D, V>(u);
    let (vn_e, vn_i) = (dot(&v_e, at.normal), dot(&v_i, at.normal));
    let (c_e, c_i) = ((g * p_e / rho_e).sqrt(), (g * p_i / rho_i).sqrt());
    let supersonic = c_e.le(vn_e.abs());
    let inflow = vn_i.lt(zero);
    let minus = R::select(supersonic & !inflow, vn_i - two_over * c_i, vn_e - two_over * c_e);
    let plus = R::select(supersonic & inflow, vn_e + two_over * c_e, vn_i + two_over * c_i);
    let vn_b = R::from_f64(0.5) * (plus + minus);
    let c_b = R::from_f64(0.25 * (gamma - 1.0)) * (plus - minus);
    // c^2 / gamma = p / rho and p / rho^gamma conserved along the path: rho_b = rho (c_b^2 rho / (gamma p))^(1/(gamma-1)).
    let rho = R::select(inflow, rho_e, rho_i);
    let p = R::select(inflow, p_e, p_i);
    let rho_b = rho * (rho * c_b * c_b / (g * p)).pow(R::from_f64(1.0 / (gamma - 1.0)));
    let jump = vn_b - R::select(inflow, vn_e, vn_i);
    let velocity: [R; D] = array!(d => R::select(inflow, v_e[d], v_i[d]) + jump * at.normal[d]);
    gas.conserved(rho_b, &velocity, rho_b * c_b * c_b / g)
}
