//! A portable high-order flow solver.

pub mod case;
pub mod element;
pub mod mesh;
pub mod physics;
