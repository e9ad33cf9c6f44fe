//! The end of a stage: sources, registers, the entropy filter, values on the faces.

use super::{Context, TAIL, Updates, at};
use crate::backend::cpu::lane::{Lane, Work};
use crate::physics::Real;
use crate::physics::system::System;

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Context<'_, D, V, S, L> {
    /// The end of a stage, given the divergence `k`: sources, registers, filter, values on the faces.
    #[inline(always)]
    pub(super) fn finish(
        &self,
        pack: usize,
        k: &mut [L],
        updates: &Updates<L>,
        registers: &mut [L],
        faces: &mut [L],
        next: &mut [L],
        scratch: &mut [L],
    ) {
        let mut factors = self.block.minus_inverse_jacobians(pack);
        let one = [L::from_f64(1.0)];
        if !self.source.is_empty() {
            self.scale(pack, k);
            self.add_source(pack, &registers[updates.eval * k.len()..][..k.len()], k, scratch);
            factors = (&one, 0);
        }
        updates.apply::<V>(factors, k, registers);
        if S::FILTERED && self.block.filter.is_some() {
            self.filtered_faces(pack, registers, updates.next, faces, next, scratch);
        } else {
            self.faces(registers, updates.next, faces, next, scratch);
        }
    }

    /// `k += source(x, t, u)`. Not inlined, since few runs have sources.
    #[inline(never)]
    fn add_source(&self, pack: usize, u: &[L], k: &mut [L], scratch: &mut [L]) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let slots = &mut scratch[..self.source.slots()];
                for (p, (u, k)) in u.chunks_exact(V).zip(k.chunks_exact_mut(V)).enumerate() {
                    // Variables of the expressions: x, y, z, t, then the conserved ones.
                    slots[..3].copy_from_slice(self.block.point(pack, p));
                    slots[3] = L::from_f64(self.time);
                    slots[4..4 + V].copy_from_slice(u);
                    self.source.run(slots);
                    for (k, &slot) in k.iter_mut().zip(self.source.results()) {
                        *k = *k + slots[slot as usize];
                    }
                }
            },
        ));
    }

    /// [`Context::faces`] after the entropy filter; the tail of `registers` holds bounds and takes least entropies.
    #[inline(never)]
    pub fn filtered_faces(
        &self,
        pack: usize,
        registers: &mut [L],
        register: usize,
        faces: &mut [L],
        next: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || self.filter(pack, registers, register, faces, next, scratch),
        ));
    }

    #[inline(always)]
    fn filter(
        &self,
        pack: usize,
        registers: &mut [L],
        register: usize,
        faces: &mut [L],
        next: &mut [L],
        scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let Some(filter) = &block.filter else { return };
        let size = ops.points * V;
        let faces = &mut faces[..ops.flux_points * V];
        let (registers, tail) = registers.split_at_mut(registers.len() - TAIL);
        let u = &mut registers[register * size..][..size];
        ops.interpolate::<L, V>(u, faces, scratch);
        let bounds = filter.bounds(L::Scalar::from_f64(0.0));
        let (d_min, p_min, e_min) = (L::splat(bounds[0]), L::splat(bounds[1]), tail[0]);
        let (zero, one) = (L::from_f64(0.0), L::from_f64(1.0));
        // 1 where all points of an element so far are admissible. What is not a number is not, so no density, no entropy.
        let (mut good, mut least) = (one, L::from_f64(f64::INFINITY));
        for state in u.chunks_exact(V).chain(faces.chunks_exact(V)) {
            let [d, p, e] = self.system.constraints(&at::<L, V>(state, 0));
            good = L::select(d_min.le(d) & p_min.le(p) & e_min.le(e), good, zero);
            least = e.min(least);
        }
        let mut changed = false;
        let mut least = [least];
        for lane in 0..L::LANES {
            if L::scalars(&[good])[lane] > L::Scalar::from_f64(0.5) {
                continue;
            }
            let (element, rest) = L::scalars_mut(scratch).split_at_mut(size);
            let values = L::scalars_mut(u);
            (0..size).for_each(|i| element[i] = values[i * L::LANES + lane]);
            let one = L::Scalar::from_f64(1.0);
            let jacobian = |p: usize| -one / L::scalars(&[block.minus_inverse_jacobian(pack, p)])[lane];
            let bound = L::scalars(&tail[..1])[lane];
            let entropy = filter.filter(self.system, element, jacobian, bound, rest);
            (0..size).for_each(|i| values[i * L::LANES + lane] = element[i]);
            L::scalars_mut(&mut least)[lane] = entropy;
            changed = true;
        }
        if changed {
            ops.interpolate::<L, V>(u, faces, scratch);
        }
        tail[1] = least[0];
        block.scatter::<V>(faces, next);
    }

    /// `k = -k/|J|`.
    #[inline(always)]
    fn scale(&self, pack: usize, k: &mut [L]) {
        let points = self.block.operators.points;
        let variables = k.len() / points;
        for (p, k) in k.chunks_exact_mut(variables).enumerate() {
            let factor = self.block.minus_inverse_jacobian(pack, p);
            for k in k {
                *k = factor * *k;
            }
        }
    }
}
