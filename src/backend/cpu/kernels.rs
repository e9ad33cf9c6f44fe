//! The passes over one pack of elements: the whole of a stage for inviscid systems, its two halves for viscous ones.
//!
//! All arrays are packs, `[point][variable]`. `registers` is `[register][P][V]` of this pack; rows are those of
//! [`crate::backend::rows`].

use super::boundary::BoundaryValues;
use super::lane::{Lane, Work};
use super::layout::{BlockLayout, Pairings};
use crate::array;
use crate::backend::problem::{ArtificialViscosity, Ldg};
use crate::backend::{Precision, Stage, sensor};
use crate::physics::Real;
use crate::physics::expr::Expr;
use crate::physics::system::{Boundary, BoundaryPoint, System};

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
    /// Source terms, see [`crate::backend::Problem`].
    pub source: &'a [Expr],
    /// Time of the stage.
    pub time: f64,
    /// Artificial viscosity, if there is any.
    pub artificial: Option<ArtificialViscosity>,
}

/// Packs at the end of a pack's registers where there is an entropy filter: the bounds of the entropy of its elements in
/// this stage, and their least entropies after it.
pub const TAIL: usize = 2;

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
    fn apply(&self, k: &[L], registers: &mut [L]) {
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

/// Packs of scratch memory a pass needs.
pub fn scratch<L: Lane>(block: &BlockLayout<L>, dims: usize, variables: usize) -> usize {
    let ops = &block.operators;
    let (points, faces) = (ops.points * variables, ops.flux_points * variables);
    // own, beyond, right-hand side, fluxes; viscous: gradients at points and faces, states with common solutions.
    let plain =
        2 * faces + points + ops.flux_scratch(variables) + 2 * dims * points + dims * faces + points + faces;
    // Values, gradients and fluxes at quadrature points; an element by itself and what its filter needs.
    let quadrature = ops.quadrature.as_ref().map_or(0, |q| q.points * variables * (dims + 2));
    let filter = block.filter.as_ref().map_or(0, |f| points + f.scratch(variables));
    plain + quadrature + filter
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
    values[point * V..][..V].try_into().unwrap_or_else(|_| unreachable!("V values were sliced"))
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

/// Adds the flux of artificial viscosity along `n`.
#[inline(always)]
fn diffuse<L: Lane, const D: usize, const V: usize>(
    flux: &mut [L; V],
    mu: L,
    grad: &[[L; V]; D],
    n: &[L; D],
) {
    for v in 0..V {
        let mut slope = grad[0][v] * n[0];
        for d in 1..D {
            slope = grad[d][v].mul_add(n[d], slope);
        }
        flux[v] = flux[v] - mu * slope;
    }
}

/// `(states of the left side, of the right side)` given those of ours and beyond.
#[inline(always)]
fn sides<L: Lane, const V: usize>(left: L::Mask, own: &[L; V], beyond: &[L; V]) -> ([L; V], [L; V]) {
    (array!(v => L::select(left, own[v], beyond[v])), array!(v => L::select(left, beyond[v], own[v])))
}

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Context<'_, D, V, S, L> {
    /// Prepares the rows of a register's values on the faces.
    #[inline(always)]
    pub fn faces(&self, registers: &[L], register: usize, scratch: &mut [L], next: &mut [L::Scalar]) {
        let ops = &self.block.operators;
        let size = ops.points * V;
        let faces = &mut scratch[..ops.flux_points * V];
        ops.interpolate::<L, V>(&registers[register * size..][..size], faces);
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
        states: &[L::Scalar],
        next: &mut [L::Scalar],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let own = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces);
        let k = cut(&mut scratch, size);
        let fluxes = cut(&mut scratch, ops.flux_scratch(V));
        let rule = ops.quadrature.as_ref();
        let at_rule = cut(&mut scratch, rule.map_or(0, |q| q.points * V));
        let fluxes_at_rule = cut(&mut scratch, at_rule.len());
        let u = &registers[updates.eval * size..][..size];
        // The next pack's registers follow this one's in memory.
        let ahead = u.as_ptr().wrapping_add(registers.len());
        ops.interpolate::<L, V>(u, own);
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
        ops.divergence::<L, V>(
            #[inline(always)]
            |d, out| {
                let target = if rule.is_some() { &mut fluxes_at_rule[..] } else { &mut out[..] };
                for p in 0..points {
                    block.prefetch(pack, d * points + p, points * D, ahead, size, states);
                    let flux = self.system.flux(&at::<L, V>(values, p), block.flux_s::<D>(pack, p, d));
                    target[p * V..][..V].copy_from_slice(&flux);
                }
                if let Some(rule) = rule {
                    rule.down::<L, V>(fluxes_at_rule, out);
                }
            },
            fluxes,
            k,
        );
        self.finish(pack, k, updates, registers, own, next, scratch);
    }

    /// The end of a stage, given the divergence `k`: sources, registers, filter, values on the faces.
    #[inline(always)]
    fn finish(
        &self,
        pack: usize,
        k: &mut [L],
        updates: &Updates<L>,
        registers: &mut [L],
        faces: &mut [L],
        next: &mut [L::Scalar],
        scratch: &mut [L],
    ) {
        self.scale(pack, k);
        if !self.source.is_empty() {
            self.add_source(pack, &registers[updates.eval * k.len()..][..k.len()], k);
        }
        updates.apply(k, registers);
        if S::FILTERED && self.block.filter.is_some() {
            self.filtered_faces(pack, registers, updates.next, faces, next, scratch);
        } else {
            self.faces(registers, updates.next, faces, next);
        }
    }

    /// `k += source(x, t, u)`. Not inlined, since few runs have sources.
    #[inline(never)]
    fn add_source(&self, pack: usize, u: &[L], k: &mut [L]) {
        // Variables of the expressions: x, y, z, t, then the conserved ones. No system has more than a dozen.
        let mut variables = [L::from_f64(self.time); 16];
        for (p, (u, k)) in u.chunks_exact(V).zip(k.chunks_exact_mut(V)).enumerate() {
            variables[..3].copy_from_slice(self.block.point(pack, p));
            variables[4..4 + V].copy_from_slice(u);
            for (k, source) in k.iter_mut().zip(self.source) {
                *k = *k + source.eval(&variables[..4 + V]);
            }
        }
    }

    /// [`Context::faces`] after the entropy filter; the tail of `registers` holds bounds and takes least entropies.
    #[inline(never)]
    pub fn filtered_faces(
        &self,
        pack: usize,
        registers: &mut [L],
        register: usize,
        faces: &mut [L],
        next: &mut [L::Scalar],
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
        next: &mut [L::Scalar],
        scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let Some(filter) = &block.filter else { return };
        let size = ops.points * V;
        let faces = &mut faces[..ops.flux_points * V];
        let (registers, tail) = registers.split_at_mut(registers.len() - TAIL);
        let u = &mut registers[register * size..][..size];
        ops.interpolate::<L, V>(u, faces);
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
            ops.interpolate::<L, V>(u, faces);
        }
        tail[1] = least[0];
        block.scatter::<V>(faces, next);
    }

    /// Artificial viscosity of the elements with the states `u[P][V]`.
    #[inline(never)]
    fn artificial_viscosity(&self, settings: &ArtificialViscosity, u: &[L]) -> L {
        let mut result = L::from_f64(0.0);
        L::vectorize(Work(
            #[inline(always)]
            || {
                let Some(sensor) = &self.block.sensor else { return };
                let points = self.block.operators.points;
                let (mut highest, mut low) = (L::from_f64(0.0), L::from_f64(0.0));
                for (m, row) in sensor.modes.chunks_exact(points).enumerate() {
                    let mut mode = L::from_f64(0.0);
                    for (state, &w) in u.chunks_exact(V).zip(row) {
                        mode = L::splat(w).mul_add(state[0], mode);
                    }
                    let sum = if m < sensor.low { &mut low } else { &mut highest };
                    *sum = *sum + mode * mode;
                }
                result = sensor::viscosity(settings, self.order, highest, low + highest);
            },
        ));
        result
    }

    /// First half of a stage of a viscous system: all of the divergence but the viscous common flux goes to register
    /// `into`, this side's normal viscous flux to `normal_fluxes` (on boundaries the boundary's).
    #[inline(always)]
    pub fn viscous_first(
        &self,
        pack: usize,
        eval: usize,
        into: usize,
        registers: &mut [L],
        states: &[L::Scalar],
        normal_fluxes: &mut [L::Scalar],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let own = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces);
        let k = cut(&mut scratch, size);
        let fluxes = cut(&mut scratch, ops.flux_scratch(V));
        let reference = cut(&mut scratch, D * size);
        let gradient = cut(&mut scratch, D * size);
        let face_gradient = cut(&mut scratch, D * faces);
        let both = cut(&mut scratch, size + faces);
        let rule = ops.quadrature.as_ref();
        let at_rule = cut(&mut scratch, rule.map_or(0, |q| q.points * V));
        let fluxes_at_rule = cut(&mut scratch, at_rule.len());
        let gradient_at_rule = cut(&mut scratch, D * at_rule.len());

        let (u, solution) = both.split_at_mut(size);
        u.copy_from_slice(&registers[eval * size..][..size]);
        ops.interpolate::<L, V>(u, own);
        block.gather::<V>(pack, states, self.pairings, beyond);
        self.common_solution(pack, own, beyond, solution);
        ops.gradient::<L, V>(both, reference);
        for p in 0..ops.points {
            // -(-1/|J|) sum_d S_d q_d
            let scale = -block.minus_inverse_jacobian(pack, p);
            for v in 0..V {
                for axis in 0..D {
                    let mut sum = block.s::<D>(pack, p, 0)[axis] * reference[p * V + v];
                    for d in 1..D {
                        sum = block.s::<D>(pack, p, d)[axis].mul_add(reference[d * size + p * V + v], sum);
                    }
                    gradient[axis * size + p * V + v] = scale * sum;
                }
            }
        }
        for d in 0..D {
            ops.interpolate::<L, V>(&gradient[d * size..][..size], &mut face_gradient[d * faces..][..faces]);
        }

        let artificial =
            self.artificial.as_ref().map(|settings| self.artificial_viscosity(settings, &both[..size]));

        // This side's normal viscous flux takes the place of the states gathered from beyond once those are used.
        let common = fluxes.len() - faces;
        self.common_fluxes(
            pack,
            own,
            beyond,
            &mut fluxes[common..],
            #[inline(always)]
            |on_boundary, area, (own, beyond), flux| {
                // Penalty tau (u_L - u_R); on boundaries it belongs to the boundary's own flux.
                let penalty = L::from_f64(self.ldg.tau) * area;
                for v in 0..V {
                    let inner = flux[v] + penalty.abs() * (own[v] - beyond[v]);
                    flux[v] = match on_boundary {
                        None => inner,
                        Some(mask) => L::select(mask, flux[v], inner),
                    };
                }
            },
        );
        let normal = &mut beyond[..];
        for face in 0..block.faces {
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let grad = along::<L, D, V>(face_gradient, faces, i);
                let n = block.normal::<D>(pack, face, i).0;
                let mut flux = self.system.viscous_flux(&at::<L, V>(own, i), &grad, n);
                if let Some(mu) = artificial {
                    diffuse(&mut flux, mu, &grad, n);
                }
                normal[i * V..][..V].copy_from_slice(&flux);
            }
            if block.on_boundary[pack * block.faces + face] {
                self.boundary_fluxes(pack, face, own, face_gradient, normal);
            }
        }
        block.scatter::<V>(normal, normal_fluxes);

        let u = &both[..size];
        if let Some(rule) = rule {
            let stride = at_rule.len();
            rule.up::<L, V>(u, at_rule);
            for d in 0..D {
                rule.up::<L, V>(&gradient[d * size..][..size], &mut gradient_at_rule[d * stride..][..stride]);
            }
        }
        let (values, slopes, points) = match rule {
            Some(rule) => (&*at_rule, &*gradient_at_rule, rule.points),
            None => (u, &*gradient, ops.points),
        };
        ops.divergence::<L, V>(
            #[inline(always)]
            |d, out| {
                let target = if rule.is_some() { &mut fluxes_at_rule[..] } else { &mut out[..] };
                for p in 0..points {
                    let (state, s) = (at::<L, V>(values, p), block.flux_s::<D>(pack, p, d));
                    let grad = along::<L, D, V>(slopes, values.len(), p);
                    let (inviscid, viscous) =
                        (self.system.flux(&state, s), self.system.viscous_flux(&state, &grad, s));
                    for v in 0..V {
                        target[p * V + v] = inviscid[v] + viscous[v];
                    }
                    if let Some(mu) = artificial {
                        let mut flux = [L::from_f64(0.0); V];
                        diffuse(&mut flux, mu, &grad, s);
                        for v in 0..V {
                            target[p * V + v] = target[p * V + v] + flux[v];
                        }
                    }
                }
                if let Some(rule) = rule {
                    rule.down::<L, V>(fluxes_at_rule, out);
                }
            },
            fluxes,
            k,
        );
        registers[into * size..][..size].copy_from_slice(k);
    }

    /// Second half: lifts the viscous common flux onto register `from` and finishes the stage.
    #[inline(always)]
    pub fn viscous_second(
        &self,
        pack: usize,
        from: usize,
        updates: &Updates<L>,
        registers: &mut [L],
        normal_fluxes: &[L::Scalar],
        next: &mut [L::Scalar],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let own = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces);
        let k = cut(&mut scratch, size);
        let stride = block.rows_stride;
        let rows = block.rows_start + pack * L::LANES * stride;
        block.read_rows::<V>(&normal_fluxes[rows..rows + L::LANES * stride], own);
        block.gather::<V>(pack, normal_fluxes, self.pairings, beyond);
        let (plus, minus) = (L::from_f64(0.5 + self.ldg.beta), L::from_f64(0.5 - self.ldg.beta));
        for face in 0..block.faces {
            let boundary = self.boundary_mask(pack, face);
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let area = block.normal::<D>(pack, face, i).1;
                let left = L::from_f64(0.0).lt(area);
                let (weight, other) = (L::select(left, plus, minus), L::select(left, minus, plus));
                for v in i * V..(i + 1) * V {
                    // Products and one sum, no fma: both sides get the same bits.
                    let inner = weight * own[v] + other * beyond[v];
                    own[v] = area
                        * match boundary {
                            None => inner,
                            Some(mask) => L::select(mask, own[v], inner),
                        };
                }
            }
        }
        k.copy_from_slice(&registers[from * size..][..size]);
        ops.add_lift::<L, V>(own, k);
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
        more: impl Fn(Option<L::Mask>, L, (&[L; V], &[L; V]), &mut [L; V]),
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
                common[i * V..][..V].copy_from_slice(&flux);
            }
        }
    }

    /// LDG's common solution at the flux points, `solution[F][V]`.
    #[inline(always)]
    fn common_solution(&self, pack: usize, own: &[L], beyond: &[L], solution: &mut [L]) {
        let block = self.block;
        let (plus, minus) = (L::from_f64(0.5 + self.ldg.beta), L::from_f64(0.5 - self.ldg.beta));
        for face in 0..block.faces {
            let boundary = self.boundary_mask(pack, face);
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let left = L::from_f64(0.0).lt(block.normal::<D>(pack, face, i).1);
                let (weight, other) = (L::select(left, minus, plus), L::select(left, plus, minus));
                for v in i * V..(i + 1) * V {
                    let inner = weight * own[v] + other * beyond[v];
                    solution[v] = inner;
                }
            }
            if boundary.is_some() {
                self.boundary_solution(pack, face, own, solution);
            }
        }
    }

    /// Replaces the common solution by the boundary's, lane by lane: boundaries are few.
    fn boundary_solution(&self, pack: usize, face: usize, own: &[L], solution: &mut [L]) {
        let block = self.block;
        for lane in 0..L::LANES {
            let slot = block.slots[(pack * block.faces + face) * L::LANES + lane];
            if slot == u32::MAX {
                continue;
            }
            let pick = |packs: &[L], i: usize| L::scalars(&packs[i..=i])[lane];
            for (j, i) in (block.face_offsets[face]..block.face_offsets[face + 1]).enumerate() {
                let n = block.normal::<D>(pack, face, i).0;
                let normal: [L::Scalar; D] = std::array::from_fn(|d| pick(n, d));
                let u = std::array::from_fn(|v| pick(own, i * V + v));
                let (condition, data) = self.boundaries.at(slot as usize, j);
                let on = condition.common_solution(self.system, &u, &BoundaryPoint { normal: &normal, data });
                for v in 0..V {
                    L::scalars_mut(&mut solution[i * V + v..=i * V + v])[lane] = on[v];
                }
            }
        }
    }

    /// Replaces this side's normal viscous flux by the boundary's, lane by lane: boundaries are few.
    fn boundary_fluxes(
        &self,
        pack: usize,
        face: usize,
        own: &[L],
        face_gradient: &[L],
        normal_flux: &mut [L],
    ) {
        let block = self.block;
        let faces = block.operators.flux_points * V;
        let tau = L::Scalar::from_f64(self.ldg.tau);
        for lane in 0..L::LANES {
            let slot = block.slots[(pack * block.faces + face) * L::LANES + lane];
            if slot == u32::MAX {
                continue;
            }
            let pick = |packs: &[L], i: usize| L::scalars(&packs[i..=i])[lane];
            for (j, i) in (block.face_offsets[face]..block.face_offsets[face + 1]).enumerate() {
                let n = block.normal::<D>(pack, face, i).0;
                let normal: [L::Scalar; D] = std::array::from_fn(|d| pick(n, d));
                let u = std::array::from_fn(|v| pick(own, i * V + v));
                let grad = std::array::from_fn(|d| {
                    std::array::from_fn(|v| pick(face_gradient, d * faces + i * V + v))
                });
                let (condition, data) = self.boundaries.at(slot as usize, j);
                let point = BoundaryPoint { normal: &normal, data };
                let flux = condition.viscous_flux(self.system, &u, &grad, &point, tau);
                for v in 0..V {
                    L::scalars_mut(&mut normal_flux[i * V + v..=i * V + v])[lane] = flux[v];
                }
            }
        }
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
