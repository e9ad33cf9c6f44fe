//! The two passes of a viscous system.

use super::{Context, Updates, along, at, cut};
use crate::backend::cpu::lane::{Lane, Work};
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
}
