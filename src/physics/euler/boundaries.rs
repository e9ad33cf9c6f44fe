//! Boundary conditions of fluids (case-format section 4). Adding one: its variant, its table line, its state.

use super::Euler;
use crate::array;
use crate::physics::Real;
use crate::physics::system::{Boundary, BoundaryKind, BoundaryPoint, dot};

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
}

/// Conditions the Euler equations know in `dims` dimensions.
pub(super) fn inviscid(dims: usize) -> Vec<BoundaryKind<FluidBoundary>> {
    let state: &'static [&'static str] = match dims {
        1 => &["rho", "u", "p"],
        2 => &["rho", "u", "v", "p"],
        _ => &["rho", "u", "v", "w", "p"],
    };
    let kind = |name, condition, keys, doc| BoundaryKind { name, doc, keys, condition };
    vec![
        kind(
            "sup-in-fa",
            FluidBoundary::SupersonicInflow,
            state,
            "Supersonic inflow: the whole state is given",
        ),
        kind("sup-out-fn", FluidBoundary::SupersonicOutflow, &[], "Supersonic outflow: nothing is given"),
        kind("slp-adia-wall", FluidBoundary::SlipWall, &[], "Frictionless (slip) wall"),
        kind(
            "char-riem-inv",
            FluidBoundary::RiemannInvariants,
            state,
            "Far field through Riemann invariants",
        ),
    ]
}

impl<const D: usize, const V: usize> Boundary<D, V, Euler> for FluidBoundary {
    #[inline(always)]
    fn ghost<R: Real>(&self, system: &Euler, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        match self {
            FluidBoundary::SupersonicInflow => {
                let velocity: [R; D] = array!(d => at.data[1 + d]);
                system.gas.conserved(at.data[0], &velocity, at.data[D + 1])
            }
            FluidBoundary::SupersonicOutflow => *u,
            FluidBoundary::SlipWall => {
                let momentum: [R; D] = array!(d => u[1 + d]);
                let twice = R::from_f64(2.0) * dot(&momentum, at.normal);
                array!(v => if (1..=D).contains(&v) { u[v] - twice * at.normal[v - 1] } else { u[v] })
            }
            FluidBoundary::RiemannInvariants => riemann_invariants(system, u, at),
        }
    }
}

/// State behind the characteristics: the outgoing invariant from inside, the incoming one from the far field; entropy and
/// tangential velocity from where the fluid comes.
#[inline(always)]
fn riemann_invariants<R: Real, const D: usize, const V: usize>(
    system: &Euler,
    u: &[R; V],
    at: &BoundaryPoint<R, D>,
) -> [R; V] {
    let gamma = system.gas.gamma;
    let (g, zero) = (R::from_f64(gamma), R::from_f64(0.0));
    let two_over = R::from_f64(2.0 / (gamma - 1.0));
    let (rho_e, p_e) = (at.data[0], at.data[D + 1]);
    let v_e: [R; D] = array!(d => at.data[1 + d]);
    let (rho_i, v_i, p_i) = system.gas.primitive::<R, D, V>(u);
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
    system.gas.conserved(rho_b, &velocity, rho_b * c_b * c_b / g)
}
