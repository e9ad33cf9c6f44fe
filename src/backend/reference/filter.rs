//! The entropy filter in the reference backend.

use super::{Reference, face_points};
use crate::backend::discretisation::{Discretisation, Link};
use crate::backend::filter::{ElementFilter, ROUNDING};
use crate::backend::problem::EntropyFilter;
use crate::backend::rows::{FaceRows, RowExchange};
use crate::parallel::Communicator;
use crate::physics::system::System;
use std::sync::Arc;

/// The entropy filter's state.
pub(super) struct Filter {
    /// By block.
    elements: Vec<ElementFilter<f64>>,
    tolerance: f64,
    /// Least entropy of each element, by block.
    least: Vec<Vec<f64>>,
    /// The same in rows of one value a flux point, where neighbours find it.
    rows: FaceRows,
    values: Vec<f64>,
    exchange: Option<RowExchange>,
    /// Register whose entropies these are.
    pub(super) of: Option<usize>,
}

impl Filter {
    /// The filter of all blocks. Collective.
    pub(super) fn new(
        disc: &Discretisation,
        settings: &EntropyFilter,
        comm: &Arc<dyn Communicator>,
    ) -> Filter {
        let rows = FaceRows::new(disc, 1, 1);
        Filter {
            elements: disc.blocks.iter().map(|b| ElementFilter::new(&b.operators, settings)).collect(),
            tolerance: settings.e_tol,
            least: disc.blocks.iter().map(|b| vec![0.0; b.len()]).collect(),
            values: vec![0.0; rows.len],
            exchange: RowExchange::new::<f64>(disc, &rows, comm),
            rows,
            of: None,
        }
    }
}

impl<const D: usize, const V: usize, S: System<D, V>> Reference<D, V, S> {
    /// The bound of each element's entropy during a stage, by block; after its ghost states are there.
    pub(super) fn entropy_bounds(&mut self) -> Vec<Vec<f64>> {
        let disc = Arc::clone(&self.faces.disc);
        let Some(filter) = &mut self.filter else { return vec![] };
        if let Some(exchange) = &mut filter.exchange {
            exchange.start(&filter.values);
            exchange.finish(&mut filter.values);
        }
        let mut bounds = filter.least.clone();
        for (b, block) in disc.blocks.iter().enumerate() {
            for (e, bound) in bounds[b].iter_mut().enumerate() {
                for face in 0..block.faces_per_element() {
                    let link = block.faces[e * block.faces_per_element() + face];
                    if !matches!(link, Link::Boundary { .. }) {
                        *bound = bound.min(filter.values[filter.rows.beyond(link)]);
                    }
                }
            }
        }
        for (slot, face) in disc.boundary_faces.iter().enumerate() {
            let bound = &mut bounds[face.block as usize][face.element as usize];
            for j in 0..face.coordinates.len() / 3 {
                let at = self.faces.rows.boundary(slot) + j * V;
                let ghost: [f64; V] = std::array::from_fn(|v| self.faces.states[at + v]);
                *bound = bound.min(self.faces.system.constraints(&ghost)[2]);
            }
        }
        for bound in bounds.iter_mut().flatten() {
            *bound -= filter.tolerance.max(ROUNDING * f64::EPSILON * bound.abs());
        }
        bounds
    }

    /// Filters a register.
    pub(super) fn apply_filter(&mut self, register: usize, bounds: Vec<Vec<f64>>) {
        let disc = Arc::clone(&self.faces.disc);
        let Some(filter) = &mut self.filter else { return };
        for (b, block) in disc.blocks.iter().enumerate() {
            let (points, each) = (block.points_per_element(), &filter.elements[b]);
            let mut scratch = vec![0.0; each.scratch(V)];
            for e in 0..block.len() {
                let values = &mut self.registers[register][b][e * V * points..(e + 1) * V * points];
                let mut u: Vec<f64> = (0..points * V).map(|i| values[i % V * points + i / V]).collect();
                let jacobian = |p: usize| block.metric(e, p, D).1;
                let entropy = each.filter(&self.faces.system, &mut u, jacobian, bounds[b][e], &mut scratch);
                (0..points * V).for_each(|i| values[i % V * points + i / V] = u[i]);
                filter.least[b][e] = entropy;
                for (face, j, _) in face_points(block, e) {
                    filter.values[filter.rows.own(b, e, face) + j] = entropy;
                }
            }
        }
        filter.of = Some(register);
    }
}
