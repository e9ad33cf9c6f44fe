//! All a backend needs to know of a run: physics, boundary data, discretisation, communicator.

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
    /// Direction and penalty of LDG; unused by inviscid systems.
    pub ldg: Ldg,
    /// Number of registers the scheme needs.
    pub registers: usize,
    /// Working precision.
    pub precision: Precision,
    /// The ranks.
    pub communicator: Arc<dyn Communicator>,
}

/// Parameters of the local discontinuous Galerkin treatment of second derivatives (case-format section 8).
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
    /// Its data as expressions of x, y, z, t (always these four, in this order).
    pub data: Vec<Expr>,
}

/// Position of the time among the variables of boundary expressions.
pub const TIME: usize = 3;
