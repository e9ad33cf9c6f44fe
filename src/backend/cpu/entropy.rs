//! Bounds of the entropy filter: the least entropy of each element and what lies around it.
//!
//! The filter leaves the least entropy of each element behind its registers (see [`super::kernels::TAIL`]). From there it
//! goes to rows of one value a flux point, where neighbours, on other ranks too, find it.

use super::kernels::TAIL;
use super::lane::{Lane, Scalar};
use crate::backend::discretisation::{Discretisation, Link};
use crate::backend::filter::ROUNDING;
use crate::backend::pieces;
use crate::backend::rows::{FaceRows, RowExchange};
use crate::parallel::Communicator;
use crate::physics::system::System;
use std::sync::Arc;

/// Least entropies where neighbours find them.
pub struct Entropies<T> {
    /// Rows of one value a flux point; those of an element all hold its least entropy.
    rows: FaceRows,
    values: Vec<T>,
    exchange: Option<RowExchange>,
    tolerance: T,
}

impl<T: Scalar> Entropies<T> {
    /// Makes room. Collective.
    pub fn new(disc: &Discretisation, tolerance: f64, communicator: &Arc<dyn Communicator>) -> Self {
        let rows = FaceRows::new(disc, 1, 1);
        Entropies {
            values: vec![T::from_f64(0.0); rows.len],
            exchange: RowExchange::new::<T>(disc, &rows, communicator),
            rows,
            tolerance: T::from_f64(tolerance),
        }
    }

    /// Takes the least entropies from the tails of the packs of `state` (by block; `stride(block)` packs each) and puts the
    /// bounds there. `states` are the face rows of the register evaluated, ghosts included.
    pub fn bound<const D: usize, const V: usize, S: System<D, V>, L: Lane<Scalar = T>>(
        &mut self,
        system: &S,
        disc: &Discretisation,
        state_rows: &FaceRows,
        states: &[T],
        stride: impl Fn(usize) -> usize,
        state: &mut [Vec<L>],
    ) {
        for (b, block) in disc.blocks.iter().enumerate() {
            let (start, length) = self.rows.block(b);
            let (packs, stride) = (&state[b], stride(b));
            let rows = &mut self.values[start..start + block.len() * length];
            pieces::each(rows, length, 1024, &|e, row| {
                let tail = &packs[(e / L::LANES + 1) * stride - TAIL..][..TAIL];
                row.fill(L::scalars(&tail[1..])[e % L::LANES]);
            });
        }
        if let Some(exchange) = &mut self.exchange {
            exchange.start(&self.values);
            exchange.finish(&mut self.values);
        }
        let (rows, values, tolerance) = (&self.rows, &self.values, self.tolerance);
        let rounding =
            T::from_f64(ROUNDING * if size_of::<T>() == 4 { f32::EPSILON.into() } else { f64::EPSILON });
        for (b, block) in disc.blocks.iter().enumerate() {
            let faces = block.faces_per_element();
            pieces::each(&mut state[b], stride(b), 64, &|pack, registers| {
                let last = registers.len() - TAIL;
                let bounds = L::scalars_mut(&mut registers[last..=last]);
                for (lane, bound) in bounds.iter_mut().enumerate() {
                    let e = (pack * L::LANES + lane).min(block.len() - 1);
                    let mut least = values[rows.own(b, e, 0)];
                    for &link in &block.faces[e * faces..(e + 1) * faces] {
                        if let Link::Boundary { slot } = link {
                            let points = disc.boundary_faces[slot as usize].coordinates.len() / 3;
                            let row = &states[state_rows.boundary(slot as usize)..][..points * V];
                            for ghost in row.chunks_exact(V) {
                                let ghost = std::array::from_fn(|v| ghost[v]);
                                least = system.constraints(&ghost)[2].min(least);
                            }
                        } else {
                            least = values[rows.beyond(link)].min(least);
                        }
                    }
                    *bound = least - (rounding * least.abs()).max(tolerance);
                }
            });
        }
    }
}
