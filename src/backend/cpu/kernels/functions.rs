//! Functions of the solution over the elements of a pack.

use super::{Context, along, at, cut};
use crate::backend::cpu::functions::Known;
use crate::backend::cpu::lane::{Lane, MOST_LANES, Work};
use crate::backend::functions::{Gather, fill};
use crate::physics::system::System;

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Context<'_, D, V, S, L> {
    /// Sums functions at time `t` over the elements of a pack with the states `u[P][V]`: `out[function]`. `states` are the rows
    /// of these states, read only where gradients are needed; `weights` those of the solution points; `slots` the room that
    /// the program takes. Not inlined: monitors call it, stages do not.
    #[inline(never)]
    pub fn sums(
        &self,
        pack: usize,
        (known, weights): (&Known<L>, &[L::Scalar]),
        u: &[L],
        states: &[L],
        t: f64,
        (slots, out): (&mut [L], &mut [L]),
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                out.fill(L::from_f64(0.0));
                self.each_point(
                    pack,
                    known,
                    u,
                    states,
                    t,
                    slots,
                    scratch,
                    #[inline(always)]
                    |p, slots| {
                        let weight = -(L::splat(weights[p]) / self.block.minus_inverse_jacobian(pack, p));
                        for (out, &slot) in out.iter_mut().zip(known.program.results()) {
                            let term = known.gather.term(slots[slot as usize]);
                            *out = match known.gather {
                                // What is not a number is neither larger nor lost.
                                Gather::Largest => L::select(term.le(*out), *out, larger(term, *out)),
                                _ => term.mul_add(weight, *out),
                            };
                        }
                    },
                );
            },
        ));
    }

    /// One look at functions at time `t` for averages of the elements of a pack, `averages[last ones, sums][point]`: adds `half`
    /// times the last ones and those now to the sums. Otherwise as [`Context::sums`].
    #[inline(never)]
    pub fn average(
        &self,
        pack: usize,
        known: &Known<L>,
        u: &[L],
        states: &[L],
        (t, half): (f64, f64),
        averages: &mut [L],
        slots: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let points = self.block.operators.points;
                let (last, sums) = averages.split_at_mut(averages.len() / 2);
                let half = L::from_f64(half);
                self.each_point(
                    pack,
                    known,
                    u,
                    states,
                    t,
                    slots,
                    scratch,
                    #[inline(always)]
                    |p, slots| {
                        for (f, &slot) in known.program.results().iter().enumerate() {
                            let (at, value) = (f * points + p, slots[slot as usize]);
                            sums[at] = sums[at] + half * (last[at] + value);
                            last[at] = value;
                        }
                    },
                );
            },
        ));
    }

    /// Evaluates functions at the points of a pack and calls `visit(point, slots)` with the values in the slots.
    #[inline(always)]
    fn each_point(
        &self,
        pack: usize,
        known: &Known<L>,
        u: &[L],
        states: &[L],
        t: f64,
        slots: &mut [L],
        scratch: &mut [L],
        mut visit: impl FnMut(usize, &[L]),
    ) {
        let with_gradients = S::VISCOUS && known.gradients;
        let (gradient, rest) = scratch.split_at_mut(if with_gradients { D * u.len() } else { 0 });
        if with_gradients {
            self.gradients(pack, u, states, gradient, rest);
        }
        let t = L::from_f64(t);
        for p in 0..self.block.operators.points {
            let state = at::<L, V>(u, p);
            let slopes = with_gradients.then(|| along::<L, D, V>(gradient, u.len(), p));
            fill::<D, V, S, L>(self.system, &state, slopes.as_ref(), t, slots);
            known.program.run(slots);
            visit(p, slots);
        }
    }

    /// Corrected physical gradients of the states `u` of a pack, `[D][P][V]`.
    #[inline(always)]
    fn gradients(&self, pack: usize, u: &[L], states: &[L], gradient: &mut [L], mut scratch: &mut [L]) {
        let ops = &self.block.operators;
        let faces = ops.flux_points * V;
        let own = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces + MOST_LANES);
        let solution = cut(&mut scratch, faces);
        ops.interpolate::<L, V>(u, own, scratch);
        self.block.gather::<V>(pack, states, self.pairings, beyond);
        self.common_solution(pack, own, beyond, solution);
        ops.gradient::<L, V>(u, solution, gradient, scratch);
        self.physical(pack, gradient);
    }
}

/// The larger one of two that are not in order: the new one, unless the old one is not a number.
#[inline(always)]
fn larger<L: Lane>(new: L, old: L) -> L {
    L::select(old.le(old), new, old)
}
