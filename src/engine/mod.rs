//! The engine: discretisation, physics and a backend put together. Gives `du/dt` and advances in time.

pub mod discretise;
pub mod geometry;
pub mod scheme;
