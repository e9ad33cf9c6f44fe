//! The two passes of a viscous system.

use super::{Context, Updates, along, at, cut};
use crate::array;
use crate::backend::cpu::lane::{Lane, MOST_LANES, Work};
use crate::backend::problem::ArtificialViscosity;
use crate::backend::sensor;
use crate::physics::Real;
use crate::physics::system::{Boundary, BoundaryPoint, System};

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

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Context<'_, D, V, S, L> {
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

    /// First half of a stage of a viscous system: all of the divergence but the neighbours' share of the viscous common
    /// flux goes to register `into`, the last one, and this side's normal viscous flux to `normal_fluxes`.
    #[inline(always)]
    pub fn viscous_first(
        &self,
        pack: usize,
        eval: usize,
        into: usize,
        registers: &mut [L],
        states: &[L],
        normal_fluxes: &mut [L],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let own = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces + MOST_LANES);
        let solution = cut(&mut scratch, faces);
        let k = cut(&mut scratch, size);
        let fluxes = cut(&mut scratch, ops.flux_scratch(V));
        let gradient = cut(&mut scratch, D * size);
        let face_gradient = cut(&mut scratch, D * faces);
        let rule = ops.quadrature.as_ref();
        let at_rule = cut(&mut scratch, rule.map_or(0, |q| q.points * V));
        let fluxes_at_rule = cut(&mut scratch, D * at_rule.len());
        let gradient_at_rule = cut(&mut scratch, D * at_rule.len());

        let points = rule.map_or(ops.points, |rule| rule.points);
        let next = registers[eval * size..].as_ptr().wrapping_add(registers.len());
        let mut ahead = block.ahead(pack, next, size, states, ops.flux_points + points);
        let (registers, partial) = registers.split_at_mut(into * size);
        let u = &registers[eval * size..][..size];
        ops.interpolate::<L, V>(u, own, scratch);
        block.gather::<V>(pack, states, self.pairings, beyond);
        self.common_solution(pack, own, beyond, solution);
        ops.gradient::<L, V>(u, solution, gradient, scratch);
        self.physical(pack, gradient);
        for d in 0..D {
            let to = &mut face_gradient[d * faces..][..faces];
            ops.interpolate::<L, V>(&gradient[d * size..][..size], to, scratch);
        }

        let artificial = self.artificial.as_ref().map(|settings| self.artificial_viscosity(settings, u));

        let common = &mut fluxes[D * size..];
        self.common_fluxes(
            pack,
            own,
            beyond,
            common,
            #[inline(always)]
            |on_boundary, area, (own, beyond), flux| {
                ahead.part::<L>();
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
        // This side's normal viscous flux takes the place of the common solution.
        let normal = solution;
        for face in 0..block.faces {
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let grad = along::<L, D, V>(face_gradient, faces, i);
                let n = block.normal::<D>(pack, face, i).0;
                let mut flux = self.system.viscous_flux(&at::<L, V>(own, i), &grad, n);
                if let Some(mu) = artificial {
                    diffuse(&mut flux, mu, &grad, n);
                }
                normal.as_chunks_mut::<V>().0[i] = flux;
            }
            if block.on_boundary[pack * block.faces + face] {
                self.boundary_fluxes(pack, face, own, face_gradient, normal);
            }
        }
        self.add_share(pack, normal, common, false);
        block.scatter::<V>(normal, normal_fluxes);

        if let Some(rule) = rule {
            let stride = at_rule.len();
            rule.up::<L, V>(u, at_rule);
            for d in 0..D {
                rule.up::<L, V>(&gradient[d * size..][..size], &mut gradient_at_rule[d * stride..][..stride]);
            }
        }
        let (metrics, step) = block.flux_metrics::<D>(pack);
        let (values, slopes) = if rule.is_some() { (&*at_rule, &*gradient_at_rule) } else { (u, &*gradient) };
        let targets = if rule.is_some() { &mut *fluxes_at_rule } else { &mut fluxes[..D * size] };
        let targets = &mut targets.as_chunks_mut::<V>().0[..D * points];
        for p in 0..points {
            ahead.part::<L>();
            let (state, s) = (at::<L, V>(values, p), &metrics[p * step]);
            let grad = along::<L, D, V>(slopes, points * V, p);
            for d in 0..D {
                let inviscid = self.system.flux(&state, &s[d]);
                let mut flux = self.system.viscous_flux(&state, &grad, &s[d]);
                if let Some(mu) = artificial {
                    diffuse(&mut flux, mu, &grad, &s[d]);
                }
                targets[d * points + p] = array!(v => inviscid[v] + flux[v]);
            }
        }
        if let Some(rule) = rule {
            for (at_rule, fluxes) in
                fluxes_at_rule.chunks_exact(points * V).zip(fluxes.chunks_exact_mut(size))
            {
                rule.down::<L, V>(at_rule, fluxes);
            }
        }
        ops.divergence_of::<L, V>(fluxes, k, scratch);
        for (to, k) in partial.iter_mut().zip(k) {
            k.stream(to);
        }
    }

    /// Second half: lifts the neighbours' share of the viscous common flux onto register `from` and finishes the stage.
    #[inline(always)]
    pub fn viscous_second(
        &self,
        pack: usize,
        from: usize,
        updates: &Updates<L>,
        registers: &mut [L],
        normal_fluxes: &[L],
        next: &mut [L],
        mut scratch: &mut [L],
    ) {
        let (block, ops) = (self.block, &self.block.operators);
        let (size, faces) = (ops.points * V, ops.flux_points * V);
        let share = cut(&mut scratch, faces);
        let beyond = cut(&mut scratch, faces + MOST_LANES);
        let k = cut(&mut scratch, size);
        let state = registers[from * size..].as_ptr().wrapping_add(registers.len());
        let mut ahead = block.ahead(pack, state, size, normal_fluxes, block.faces);
        block.gather::<V>(pack, normal_fluxes, self.pairings, beyond);
        share.fill(L::from_f64(0.0));
        self.add_share(pack, beyond, share, true);
        for _ in 0..block.faces {
            ahead.part::<L>();
        }
        k.copy_from_slice(&registers[from * size..][..size]);
        ops.add_lift::<L, V>(share, k, scratch);
        self.finish(pack, k, updates, registers, share, next, scratch);
    }

    /// Adds one side's share of the viscous common flux, outward times area, to `common[F][V]`: ours, or the neighbour's.
    /// On boundaries all of it is ours.
    #[inline(always)]
    fn add_share(&self, pack: usize, normal: &[L], common: &mut [L], theirs: bool) {
        let block = self.block;
        let (left, right) =
            if theirs { (-self.ldg.beta, self.ldg.beta) } else { (self.ldg.beta, -self.ldg.beta) };
        let (left, right) = (L::from_f64(0.5 + left), L::from_f64(0.5 + right));
        let on_boundary = L::from_f64(if theirs { 0.0 } else { 1.0 });
        for face in 0..block.faces {
            let boundary = self.boundary_mask(pack, face);
            for i in block.face_offsets[face]..block.face_offsets[face + 1] {
                let area = block.normal::<D>(pack, face, i).1;
                let mut weight = L::select(L::from_f64(0.0).lt(area), left, right);
                if let Some(mask) = boundary {
                    weight = L::select(mask, on_boundary, weight);
                }
                let factor = area * weight;
                for (common, normal) in common[i * V..][..V].iter_mut().zip(&normal[i * V..][..V]) {
                    *common = factor.mul_add(*normal, *common);
                }
            }
        }
    }

    /// Turns reference gradients of a pack, `[D][P][V]`, into physical ones: `1/|J| sum_d S_d q_d`.
    #[inline(always)]
    pub(super) fn physical(&self, pack: usize, gradient: &mut [L]) {
        let points = self.block.operators.points;
        let (factors, step) = self.block.minus_inverse_jacobians(pack);
        let size = points * V;
        for p in 0..points {
            let scale = -factors[p * step];
            let mut s = [[scale; D]; D];
            for d in 0..D {
                let metric = self.block.s::<D>(pack, p, d);
                for axis in 0..D {
                    s[axis][d] = scale * metric[axis];
                }
            }
            let q = along::<L, D, V>(gradient, size, p);
            for axis in 0..D {
                let to = &mut gradient[axis * size + p * V..][..V];
                for v in 0..V {
                    let mut sum = s[axis][0] * q[0][v];
                    for d in 1..D {
                        sum = s[axis][d].mul_add(q[d][v], sum);
                    }
                    to[v] = sum;
                }
            }
        }
    }

    /// LDG's common solution at the flux points, `solution[F][V]`.
    #[inline(always)]
    pub(super) fn common_solution(&self, pack: usize, own: &[L], beyond: &[L], solution: &mut [L]) {
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
}
