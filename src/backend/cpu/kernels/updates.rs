//! The register combinations of a stage.

use crate::backend::cpu::lane::Lane;
use crate::backend::{Precision, Stage};

/// The register combinations of a stage in the working precision, without allocations.
#[derive(Clone, Copy, Debug)]
pub struct Updates<L> {
    /// Register evaluated, and register whose faces are prepared.
    pub eval: usize,
    /// Register whose values on the faces are prepared.
    pub next: usize,
    len: usize,
    list: [Combination<L>; MOST_UPDATES],
}

#[derive(Clone, Copy, Debug)]
struct Combination<L> {
    into: usize,
    k: L,
    len: usize,
    terms: [(usize, L); MOST_TERMS],
}

/// Most updates a stage may have.
pub const MOST_UPDATES: usize = 4;
/// Most terms an update may have.
pub const MOST_TERMS: usize = 6;

impl<L: Lane> Updates<L> {
    /// The updates of `stage` for a step of `dt`.
    pub fn new(stage: &Stage, dt: f64, precision: Precision) -> Self {
        let zero = L::from_f64(0.0);
        let none = Combination { into: 0, k: zero, len: 0, terms: [(0, zero); MOST_TERMS] };
        let mut list = [none; MOST_UPDATES];
        for (to, update) in list.iter_mut().zip(&stage.updates) {
            (to.into, to.k, to.len) = (update.into, L::from_f64(update.k * dt), update.terms.len());
            for (i, (to, &(register, _))) in to.terms.iter_mut().zip(&update.terms).enumerate() {
                *to = (register, L::from_f64(update.coefficient(i, precision)));
            }
        }
        Updates { eval: stage.eval, next: stage.next, len: stage.updates.len(), list }
    }

    /// Whether the updates can be done one after the other with this much room.
    pub fn supports(stage: &Stage) -> bool {
        let fits =
            stage.updates.len() <= MOST_UPDATES && stage.updates.iter().all(|u| u.terms.len() <= MOST_TERMS);
        let in_order = stage.updates.iter().enumerate().all(|(i, u)| {
            u.terms.iter().all(|&(r, _)| stage.updates[..i].iter().all(|earlier| earlier.into != r))
        });
        fits && in_order
    }

    /// Applies them to `registers[register][P][V]` given `k[P][V]`.
    #[inline(always)]
    pub(super) fn apply(&self, k: &[L], registers: &mut [L]) {
        let size = k.len();
        for update in &self.list[..self.len] {
            let into = update.into * size;
            for i in 0..size {
                let mut sum = update.k * k[i];
                for &(register, c) in &update.terms[..update.len] {
                    sum = c.mul_add(registers[register * size + i], sum);
                }
                registers[into + i] = sum;
            }
        }
    }
}
