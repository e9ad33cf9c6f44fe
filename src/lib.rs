//! A portable high-order flow solver.

pub mod backend;
pub mod case;
pub mod cli;
pub mod element;
pub mod engine;
pub mod files;
pub mod mesh;
pub mod monitor;
pub mod output;
pub mod parallel;
pub mod physics;
pub mod run;
