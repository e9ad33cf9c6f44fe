//! Equation systems, Riemann solvers, boundary states: functions of point values, generic over [`Real`].
//!
//! Nothing here knows a mesh, an index or a backend.

pub mod expr;
pub mod real;

pub use real::Real;
