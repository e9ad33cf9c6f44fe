//! The register combinations of a stage.

use crate::backend::cpu::lane::Lane;
use crate::backend::{Precision, Stage};
use std::cell::Cell;

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

    /// Applies them to `registers[register][P][V]` given `k[P][V]`, each point of which is multiplied by its factor,
    /// `factors[p step]`.
    #[inline(always)]
    pub(super) fn apply<const V: usize>(&self, (factors, step): (&[L], usize), k: &[L], registers: &mut [L]) {
        let size = k.len();
        let k = k.as_chunks::<V>().0;
        let registers = Cell::from_mut(registers).as_slice_of_cells();
        let register = |r: usize| registers[r * size..][..size].as_chunks::<V>().0;
        for update in &self.list[..self.len] {
            let into = register(update.into);
            let term = |i: usize| (register(update.terms[i].0), update.terms[i].1);
            let rate = (k, factors, step, update.k);
            match update.len {
                0 => combine::<L, V, 0>([], rate, into),
                1 => combine::<L, V, 1>([term(0)], rate, into),
                2 => combine::<L, V, 2>([term(0), term(1)], rate, into),
                3 => combine::<L, V, 3>([term(0), term(1), term(2)], rate, into),
                _ => combine::<L, V, MOST_TERMS>(
                    // Terms there are none of count nothing.
                    [term(0), term(1), term(2), term(3), term(4), term(5)],
                    rate,
                    into,
                ),
            }
        }
    }
}

/// `into = c k factor + sum of terms`.
#[inline(always)]
fn combine<L: Lane, const V: usize, const T: usize>(
    terms: [(&[[Cell<L>; V]], L); T],
    (k, factors, step, c): (&[[L; V]], &[L], usize, L),
    into: &[[Cell<L>; V]],
) {
    for (p, (k, into)) in k.iter().zip(into).enumerate() {
        let c = c * factors[p * step];
        let mut sums = [L::from_f64(0.0); V];
        for v in 0..V {
            sums[v] = c * k[v];
        }
        for t in 0..T {
            let (register, coefficient) = &terms[t];
            let register = &register[p];
            for v in 0..V {
                sums[v] = coefficient.mul_add(register[v].get(), sums[v]);
            }
        }
        for v in 0..V {
            into[v].set(sums[v]);
        }
    }
}
