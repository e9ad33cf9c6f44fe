//! The passes over one pack of elements: the whole of a stage for inviscid systems, its two halves for viscous ones.
//!
//! All arrays are packs, `[point][variable]`. `registers` is `[register][P][V]` of this pack; rows are those of
//! [`crate::backend::rows`].

mod finish;
mod functions;
mod updates;
mod viscous;

pub use updates::Updates;

use super::boundary::BoundaryValues;
use super::lane::{Lane, MOST_LANES};
use super::layout::{BlockLayout, Pairings};
use crate::array;
use crate::backend::problem::{ArtificialViscosity, Ldg};
use crate::physics::Real;
use crate::physics::expr::Program;
use crate::physics::system::System;

/// What every pass knows.
pub struct Context<'a, const D: usize, const V: usize, S: System<D, V>, L: Lane> {
    /// The equations.
    pub system: &'a S,
    /// The block.
    pub block: &'a BlockLayout<L>,
    /// Permutations of flux points.
    pub pairings: &'a Pairings,
    /// Boundary conditions and their data now.
    pub boundaries: &'a BoundaryValues<L::Scalar, S::Boundary>,
    /// LDG parameters.
    pub ldg: Ldg,
    /// Polynomial order.
    pub order: usize,
    /// Source terms of x, y, z, t and the conserved variables, see [`crate::backend::Problem`].
    pub source: &'a Program,
    /// Time of the stage.
    pub time: f64,
    /// Artificial viscosity, if there is any.
    pub artificial: Option<ArtificialViscosity>,
}

/// Packs at the end of a pack's registers where there is an entropy filter: the bounds of the entropy of its elements in
/// this stage, and their least entropies after it.
pub const TAIL: usize = 2;

/// Packs of scratch memory a pass needs.
pub fn scratch<L: Lane>(block: &BlockLayout<L>, source: &Program, dims: usize, variables: usize) -> usize {
    let ops = &block.operators;
    let (points, faces) = (ops.points * variables, ops.flux_points * variables);
    // own, beyond, common solution, right-hand side, fluxes; viscous: gradients at points and faces.
    let plain = 3 * faces + points + ops.flux_scratch(variables) + dims * points + dims * faces;
    // Values, gradients and fluxes at quadrature points; an element by itself and what its filter needs.
    let quadrature = ops.quadrature.as_ref().map_or(0, |q| q.points * variables * (2 * dims + 1));
    let filter = block
        .filter
        .as_ref()
        .map_or(0, |f| points + f.scratch(variables))
        .max(ops.scratch(variables))
        .max(source.slots());
    plain + quadrature + filter + 2 * MOST_LANES
}

/// Cuts the next `n` packs off a scratch array.
#[inline(always)]
fn cut<'a, L>(scratch: &mut &'a mut [L], n: usize) -> &'a mut [L] {
    let (head, tail) = std::mem::take(scratch).split_at_mut(n);
    *scratch = tail;
    head
}

#[inline(always)]
fn at<L: Copy, const V: usize>(values: &[L], point: usize) -> [L; V] {
    values.as_chunks::<V>().0[point]
}

/// Values of each direction at a point; the directions are `stride` apart.
#[inline(always)]
fn along<L: Lane, const D: usize, const V: usize>(values: &[L], stride: usize, point: usize) -> [[L; V]; D] {
    let mut all = [[L::from_f64(0.0); V]; D];
    for d in 0..D {
        all[d] = at::<L, V>(&values[d * stride..], point);
    }
    all
}

/// `(states of the left side, of the right side)` given those of ours and beyond.
#[inline(always)]
fn sides<L: Lane, const V: usize>(left: L::Mask, own: &[L; V], beyond: &[L; V]) -> ([L; V], [L; V]) {
    (array!(v => L::select(left, own[v], beyond[v])), array!(v => L::select(left, beyond[v], own[v])))
}

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Context<'_, D, V, S, L> {
    /// Prepares the rows of a register's values on the faces.
    #[inline(always)]
    pub fn faces(
        &self,
        registers: &[L],
        register: usize,
        faces: &mut [L],
        next: &mut [L],
        scratch: &mut [L],
    ) {
        let ops = &self.block.operators;
        let size = ops.points * V;
        let faces = &mut faces[..ops.flux_points * V];
        ops.interpolate::<L, V>(&registers[register * size..][..size], faces, scratch);
        self.block.scatter::<V>(faces, next);
    }

    /// A stage of an inviscid system: `states` are the rows of the register evaluated, `next` this pack's rows of the
    /// register evaluated next.
    #[inline(always)]
    pub fn inviscid(
        &self,
        pack: usize,
        updates: &Updates<L>,
        registers: &mut [L],
        states: &[L],
        next: &mut [L],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let own = cut(&mut scratch, faces + MOST_LANES);
        let beyond = cut(&mut scratch, faces + MOST_LANES);
        let k = cut(&mut scratch, size);
        let fluxes = cut(&mut scratch, ops.flux_scratch(V));
        let rule = ops.quadrature.as_ref();
        let at_rule = cut(&mut scratch, rule.map_or(0, |q| q.points * V));
        let fluxes_at_rule = cut(&mut scratch, at_rule.len());
        let u = &registers[updates.eval * size..][..size];
        // The next pack's registers follow this one's in memory.
        let ahead = u.as_ptr().wrapping_add(registers.len());
        ops.interpolate::<L, V>(u, own, scratch);
        block.gather::<V>(pack, states, self.pairings, beyond);
        let common = fluxes.len() - faces;
        self.common_fluxes(
            pack,
            own,
            beyond,
            &mut fluxes[common..],
            #[inline(always)]
            |_, _, _, _| {},
        );
        if let Some(rule) = rule {
            rule.up::<L, V>(u, at_rule);
        }
        let (values, points) = rule.map_or((u, ops.points), |q| (&*at_rule, q.points));
        let values = &values.as_chunks::<V>().0[..points];
        let (metrics, step) = block.flux_metrics::<D>(pack);
        let mut ahead = block.ahead(pack, ahead, size, states, points * D);
        ops.divergence::<L, V>(
            #[inline(always)]
            |d, out| {
                let target = if rule.is_some() { &mut fluxes_at_rule[..] } else { &mut out[..] };
                for (p, (state, target)) in values.iter().zip(target.as_chunks_mut::<V>().0).enumerate() {
                    ahead.part::<L>();
                    *target = self.system.flux(state, &metrics[p * step][d]);
                }
                if let Some(rule) = rule {
                    rule.down::<L, V>(fluxes_at_rule, out);
                }
            },
            fluxes,
            k,
            scratch,
        );
        self.finish(pack, k, updates, registers, own, next, scratch);
    }

    /// Lanes of a face that lie on a boundary; `None` when there are none.
    #[inline(always)]
    fn boundary_mask(&self, pack: usize, face: usize) -> Option<L::Mask> {
        let block = self.block;
        if !block.on_boundary[pack * block.faces + face] {
            return None;
        }
        let slots = &block.slots[(pack * block.faces + face) * L::LANES..][..L::LANES];
        let mut flags = [L::from_f64(0.0)];
        for (flag, &slot) in L::scalars_mut(&mut flags).iter_mut().zip(slots) {
            *flag = L::Scalar::from_f64(if slot == u32::MAX { 0.0 } else { 1.0 });
        }
        Some(L::from_f64(0.5).lt(flags[0]))
    }

    /// Inviscid common fluxes through all faces, outward, times area: `common[F][V]`. `more(boundary lanes, signed area,
    /// (own, beyond), flux)` may change each.
    #[inline(always)]
    fn common_fluxes(
        &self,
        pack: usize,
        own: &[L],
        beyond: &[L],
        common: &mut [L],
        mut more: impl FnMut(Option<L::Mask>, L, (&[L; V], &[L; V]), &mut [L; V]),
    ) {
        let block = self.block;
        for face in 0..block.faces {
            let boundary = if S::VISCOUS { self.boundary_mask(pack, face) } else { None };
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let (normal, area) = block.normal::<D>(pack, face, i);
                let left = L::from_f64(0.0).lt(area);
                let (own, beyond) = (at::<L, V>(own, i), at::<L, V>(beyond, i));
                let (ul, ur) = sides(left, &own, &beyond);
                let flux = self.system.common_flux(&ul, &ur, normal);
                let mut flux = array!(v => flux[v] * area);
                more(boundary, area, (&own, &beyond), &mut flux);
                common.as_chunks_mut::<V>().0[i] = flux;
            }
        }
    }
}
