//! A portable high-order flow solver.

pub mod backend;
pub mod element;
pub mod engine;
pub mod mesh;
pub mod parallel;
pub mod physics;
