//! A portable high-order flow solver.

pub mod element;
pub mod mesh;
pub mod output;
pub mod physics;
