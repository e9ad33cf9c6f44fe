//! Bytes that the kernel plan moves: what a stage must at least read and write, whatever the backend does with it.

use super::Engine;
use crate::backend::discretisation::Metrics;
use crate::backend::{Precision, Stage};

/// Bytes of memory traffic of one right-hand side, averaged over the stages of the scheme, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Registers read and written at the solution points.
    pub registers: f64,
    /// Face rows: own ones written, neighbours' read.
    pub faces: f64,
    /// Metric terms, normals and connectivity.
    pub geometry: f64,
}

impl Traffic {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.registers + self.faces + self.geometry
    }
}

/// State-sized arrays a stage reads and writes: the register evaluated, those of its updates, those written; a viscous
/// system writes and reads the half-done right-hand side besides, but needs the state evaluated only in its first pass.
fn arrays(stage: &Stage, viscous: bool) -> usize {
    let mut touched: Vec<usize> = stage.updates.iter().flat_map(|u| u.terms.iter().map(|t| t.0)).collect();
    touched.push(stage.eval);
    touched.sort_unstable();
    touched.dedup();
    let again = viscous && stage.updates.iter().any(|u| u.terms.iter().any(|t| t.0 == stage.eval));
    touched.len() + stage.updates.len() + if viscous { 2 + usize::from(again) } else { 0 }
}

impl Engine {
    /// Memory traffic of one right-hand side on this rank by the kernel plan. `viscous` systems take two passes.
    pub fn traffic(&self, viscous: bool) -> Traffic {
        let size = if self.precision() == Precision::Single { 4.0 } else { 8.0 };
        let variables = self.variables().conserved().len() as f64;
        let stages = &self.scheme().stages;
        let arrays: usize = stages.iter().map(|s| arrays(s, viscous)).sum();
        let arrays = arrays as f64 / stages.len() as f64;
        let mut traffic = Traffic::default();
        for block in &self.discretisation().blocks {
            let elements = block.len() as f64;
            let (points, flux_points) =
                (block.points_per_element() as f64, block.flux_points_per_element() as f64);
            traffic.registers += arrays * elements * points * variables * size;
            // Written once and read once by the neighbour; normal viscous fluxes likewise, and read by their owner.
            let rows = if viscous { 5.0 } else { 2.0 };
            traffic.faces += rows * elements * flux_points * variables * size;
            let (Metrics::Affine { s, jacobian } | Metrics::Pointwise { s, jacobian }) = &block.metrics;
            let normals = match &block.metrics {
                Metrics::Affine { .. } => block.faces_per_element(),
                Metrics::Pointwise { .. } => block.flux_points_per_element(),
            };
            let normals = block.len() * normals * (self.discretisation().dims + 1);
            let numbers = s.len() + jacobian.len() + normals;
            let links = 8.0 * elements * block.faces_per_element() as f64;
            traffic.geometry += (numbers as f64 * size + links) * if viscous { 2.0 } else { 1.0 };
        }
        traffic
    }
}
