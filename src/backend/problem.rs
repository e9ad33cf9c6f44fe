//! All a backend needs to know of a run: physics, boundary data, discretisation, communicator.

use super::discretisation::Normals;
use super::{Discretisation, Precision};
use crate::parallel::Communicator;
use crate::physics::System;
use crate::physics::expr::Expr;
use std::sync::Arc;

/// A problem for a system in `D` dimensions with `V` variables.
pub struct Problem<const D: usize, const V: usize, S: System<D, V>> {
    /// The equations.
    pub system: S,
    /// Condition and data of each boundary of the mesh, by boundary index.
    pub boundaries: Vec<BoundaryData<S::Boundary>>,
    /// Elements, metrics, faces of this rank.
    pub discretisation: Arc<Discretisation>,
    /// Normals of the faces of each block of the discretisation.
    pub normals: Vec<Normals>,
    /// Direction and penalty of LDG; unused by inviscid systems.
    pub ldg: Ldg,
    /// Number of registers the scheme needs.
    pub registers: usize,
    /// Source terms: one expression of x, y, z, t and the conserved variables (in this order) for each conserved variable,
    /// added to its time derivative. Empty for none.
    pub source: Vec<Expr>,
    /// What keeps shocks in check.
    pub capturing: ShockCapturing,
    /// Working precision.
    pub precision: Precision,
    /// The ranks.
    pub communicator: Arc<dyn Communicator>,
}

/// Parameters of the local discontinuous Galerkin treatment of second derivatives (docs/src/numerics.md, "Viscous terms").
///
/// Common solution `(1/2 + beta) u_R + (1/2 - beta) u_L`; common normal flux
/// `(1/2 + beta) G_L + (1/2 - beta) G_R + tau (u_L - u_R)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ldg {
    /// Upwinding direction, -1/2 to 1/2.
    pub beta: f64,
    /// Penalty.
    pub tau: f64,
}

/// A boundary condition and its data.
#[derive(Clone, Debug)]
pub struct BoundaryData<B> {
    /// The condition.
    pub condition: B,
    /// Its data as expressions of x, y, z, t and the boundary's control (always these five, in this order).
    pub data: Vec<Expr>,
}

/// Position of the time among the variables of boundary expressions.
pub const TIME: usize = 3;

/// Position of the boundary's control among the variables of boundary expressions: a number that
/// [`super::Backend::control`] sets during a run.
pub const CONTROL: usize = 4;

/// What keeps shocks in check (docs/src/numerics-time.md).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ShockCapturing {
    /// Nothing.
    #[default]
    None,
    /// The entropy filter.
    EntropyFilter(EntropyFilter),
    /// Artificial viscosity.
    ArtificialViscosity(ArtificialViscosity),
}

/// The entropy filter: after every stage the solution of an element is filtered, as much as it takes, until density,
/// pressure and entropy at all its points are above their bounds (T. Dzanic, F. D. Witherden, J. Comput. Phys. 468, 2022).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntropyFilter {
    /// Least density.
    pub d_min: f64,
    /// Least pressure.
    pub p_min: f64,
    /// How far the entropy may fall below the least one around before.
    pub e_tol: f64,
    /// Where the search for the strength of the filter ends.
    pub f_tol: f64,
    /// Most steps of that search.
    pub niters: usize,
    /// Only squeeze the solution towards its mean.
    pub linearised: bool,
}

impl Default for EntropyFilter {
    fn default() -> Self {
        EntropyFilter { d_min: 1e-6, p_min: 1e-6, e_tol: 1e-6, f_tol: 1e-4, niters: 2, linearised: false }
    }
}

/// Artificial viscosity, constant in an element, where the density's modes do not decay (P.-O. Persson, J. Peraire, AIAA
/// 2006-112).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArtificialViscosity {
    /// Most viscosity.
    pub max: f64,
    /// Sensor value, without the order's part: `log10(s0 / p^4)` is the middle of the ramp.
    pub s0: f64,
    /// Half the width of the ramp.
    pub kappa: f64,
}
