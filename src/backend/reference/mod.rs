//! The definition of the scheme: scalar `f64` loops, dense matrices, one simple pass after the other.
//!
//! Slow on purpose. The real backends are compared with it; read it to see what they compute.

mod filter;

use super::discretisation::{Block, Link, Normals};
use super::faces::{Faces, face_points, vector};
use super::problem::{Ldg, Problem, ShockCapturing};
use super::rows::RowExchange;
use super::sensor;
use super::{Backend, BackendError, Stage, StepError, Tolerance};
use crate::physics::expr::Expr;
use crate::physics::system::{Boundary, BoundaryPoint, System};
use filter::Filter;
use ndarray::Array2;
use std::sync::Arc;

/// The reference backend.
pub struct Reference<const D: usize, const V: usize, S: System<D, V>> {
    ldg: Ldg,
    source: Vec<Expr>,
    capturing: ShockCapturing,
    filter: Option<Filter>,
    /// States at flux points, and the ghosts'.
    faces: Faces<D, V, S>,
    /// By block.
    normals: Vec<Normals>,
    /// `[register][block]`, each `[element][variable][point]`.
    registers: Vec<Vec<Vec<f64>>>,
    /// Normal viscous fluxes at flux points (left to right), and the ghosts'.
    fluxes: Vec<f64>,
    flux_exchange: Option<RowExchange>,
}

impl<const D: usize, const V: usize, S: System<D, V>> Reference<D, V, S> {
    /// Makes the backend; all registers are zero. Collective.
    pub fn new(problem: Problem<D, V, S>) -> Self {
        let disc = problem.discretisation;
        let communicator = &problem.communicator;
        let register: Vec<_> =
            disc.blocks.iter().map(|b| vec![0.0; b.len() * b.points_per_element() * V]).collect();
        let filter = match problem.capturing {
            ShockCapturing::EntropyFilter(settings) if S::FILTERED => {
                Some(Filter::new(&disc, &settings, communicator))
            }
            _ => None,
        };
        let beta = problem.ldg.beta;
        let faces = Faces::new(problem.system, problem.boundaries, Arc::clone(&disc), beta, communicator);
        let flux_exchange = match S::VISCOUS {
            true => RowExchange::new::<f64>(&disc, &faces.rows, communicator),
            false => None,
        };
        Reference {
            ldg: problem.ldg,
            source: problem.source,
            capturing: problem.capturing,
            filter,
            normals: problem.normals,
            registers: vec![register; problem.registers],
            fluxes: vec![0.0; faces.rows.len],
            faces,
            flux_exchange,
        }
    }

    /// Du/dt of register `of` at time `t`, block by block.
    fn right_hand_side(&mut self, of: usize, t: f64) -> Vec<Vec<f64>> {
        let disc = Arc::clone(&self.faces.disc);
        self.faces.fill(&self.registers[of], t);
        let gradients = if S::VISCOUS { self.gradients(of, t) } else { vec![] };
        if let Some(exchange) = &mut self.flux_exchange {
            exchange.start(&self.fluxes);
            exchange.finish(&mut self.fluxes);
        }
        let blocks = disc.blocks.iter().enumerate();
        blocks.map(|(b, block)| self.divergence(of, b, block, &gradients, t)).collect()
    }

    /// Gradients at the solution points, `[block][element][direction]` matrices `[variable][point]`; fills `fluxes`.
    fn gradients(&mut self, of: usize, t: f64) -> Vec<Vec<Vec<Array2<f64>>>> {
        let disc = Arc::clone(&self.faces.disc);
        let mut all = vec![];
        for (b, block) in disc.blocks.iter().enumerate() {
            let mut elements = vec![];
            for e in 0..block.len() {
                let u = element(&self.registers[of][b], block, e, V);
                let gradient = self.faces.gradient(b, e, &u, t);
                self.viscous_normal_fluxes(of, b, block, e, &gradient, t);
                elements.push(gradient);
            }
            all.push(elements);
        }
        all
    }

    /// Normal viscous fluxes of this element's side, and of the boundaries it touches.
    fn viscous_normal_fluxes(
        &mut self,
        of: usize,
        b: usize,
        block: &Block,
        e: usize,
        gradient: &[Array2<f64>],
        t: f64,
    ) {
        let faces: Vec<Array2<f64>> =
            gradient.iter().map(|g| g.dot(&block.operators.interpolate.t())).collect();
        let artificial = self.artificial_viscosity(of, b, block, e);
        for (i, (face, j, link)) in face_points(block, e).enumerate() {
            let own = self.faces.rows.own(b, e, face) + j * V;
            let u = std::array::from_fn(|v| self.faces.states[own + v]);
            let grad = std::array::from_fn(|d| std::array::from_fn(|v| faces[d][[v, i]]));
            let normal = vector(block.normal(&self.normals[b], e, i, D).0);
            let mut flux = self.faces.system.viscous_flux(&u, &grad, &normal);
            diffuse(&mut flux, artificial, &grad, &normal);
            self.fluxes[own..own + V].copy_from_slice(&flux);
            if let Link::Boundary { slot } = link {
                let slot = slot as usize;
                let boundary = &self.faces.boundaries[self.faces.disc.boundary_faces[slot].boundary as usize];
                let at = BoundaryPoint { normal: &normal, data: &self.faces.data(slot, j, t) };
                let flux = boundary.condition.viscous_flux(&self.faces.system, &u, &grad, &at, self.ldg.tau);
                let ghost = self.faces.rows.boundary(slot) + j * V;
                self.fluxes[ghost..ghost + V].copy_from_slice(&flux);
            }
        }
    }

    /// Common normal flux at a flux point, outward from the element, times the area factor.
    fn common_flux(
        &self,
        b: usize,
        block: &Block,
        e: usize,
        i: usize,
        (face, j, link): (usize, usize, Link),
    ) -> [f64; V] {
        let own = self.faces.rows.own(b, e, face) + j * V;
        let beyond = self.faces.beyond(link, j);
        let (left, right, sign) = if link.is_left() { (own, beyond, 1.0) } else { (beyond, own, -1.0) };
        let take = |from: &[f64], at: usize| -> [f64; V] { std::array::from_fn(|v| from[at + v]) };
        let (normal, area) = block.normal(&self.normals[b], e, i, D);
        let (ul, ur) = (take(&self.faces.states, left), take(&self.faces.states, right));
        let mut flux = self.faces.system.common_flux(&ul, &ur, &vector(normal));
        if S::VISCOUS {
            let (gl, gr) = (take(&self.fluxes, left), take(&self.fluxes, right));
            let Ldg { beta, tau } = self.ldg;
            for v in 0..V {
                flux[v] += match link {
                    Link::Boundary { .. } => gr[v],
                    _ => (0.5 + beta) * gl[v] + (0.5 - beta) * gr[v] + tau * (ul[v] - ur[v]),
                };
            }
        }
        flux.map(|f| sign * area * f)
    }

    /// Artificial viscosity of an element.
    fn artificial_viscosity(&self, of: usize, b: usize, block: &Block, e: usize) -> f64 {
        let ShockCapturing::ArtificialViscosity(settings) = &self.capturing else { return 0.0 };
        let (matrix, low) = sensor::modes(&block.operators);
        let modes = matrix.dot(&element(&self.registers[of][b], block, e, V).row(0));
        let energy = |m: ndarray::ArrayView1<f64>| m.iter().map(|m| m * m).sum::<f64>();
        let highest = energy(modes.slice(ndarray::s![low..]));
        sensor::viscosity(settings, block.operators.order, highest, energy(modes.view()))
    }

    fn divergence(
        &self,
        of: usize,
        b: usize,
        block: &Block,
        gradients: &[Vec<Vec<Array2<f64>>>],
        t: f64,
    ) -> Vec<f64> {
        let ops = &block.operators;
        let (points, flux_points) = (block.points_per_element(), block.flux_points_per_element());
        let mut result = vec![];
        for e in 0..block.len() {
            let u = element(&self.registers[of][b], block, e, V);
            let mut common = Array2::zeros((flux_points, V));
            for (i, at) in face_points(block, e).enumerate() {
                let flux = self.common_flux(b, block, e, i, at);
                (0..V).for_each(|v| common[[i, v]] = flux[v]);
            }
            let gradient = if S::VISCOUS { &gradients[b][e][..] } else { &[] };
            let artificial = self.artificial_viscosity(of, b, block, e);
            let mut sum = ops.lift.dot(&common);
            for d in 0..D {
                let flux = match &ops.quadrature {
                    None => self.fluxes_at(&u, gradient, artificial, &|p| {
                        vector(&block.metric(e, p, D).0[d * D..(d + 1) * D])
                    }),
                    Some(rule) => {
                        let gradient: Vec<_> = gradient.iter().map(|g| g.dot(&rule.up.t())).collect();
                        let s = |p: usize| vector(&block.quadrature_metric(e, p, D)[d * D..(d + 1) * D]);
                        rule.down.dot(&self.fluxes_at(&u.dot(&rule.up.t()), &gradient, artificial, &s))
                    }
                };
                sum = sum + ops.divergence[d].dot(&flux);
            }
            let mut rates =
                Array2::from_shape_fn((points, V), |(p, v)| -sum[[p, v]] / block.metric(e, p, D).1);
            // Without sources there may be no coordinates.
            let sources = if self.source.is_empty() { 0 } else { points };
            for p in 0..sources {
                let mut variables = vec![0.0; 4 + V];
                variables[..D].copy_from_slice(&block.points[(e * points + p) * D..][..D]);
                variables[3] = t;
                (0..V).for_each(|v| variables[4 + v] = u[[v, p]]);
                for (v, source) in self.source.iter().enumerate() {
                    rates[[p, v]] += source.eval_f64(&variables);
                }
            }
            result.extend(rates.t().iter());
        }
        result
    }

    /// Fluxes along the vectors `s(point)`, `[point][variable]`, from `u[variable][point]` and gradients likewise.
    fn fluxes_at(
        &self,
        u: &Array2<f64>,
        gradient: &[Array2<f64>],
        artificial: f64,
        s: &dyn Fn(usize) -> [f64; D],
    ) -> Array2<f64> {
        let mut fluxes = Array2::zeros((u.ncols(), V));
        for p in 0..u.ncols() {
            let state: [f64; V] = std::array::from_fn(|v| u[[v, p]]);
            let s = s(p);
            let mut flux = self.faces.system.flux(&state, &s);
            if S::VISCOUS {
                let grad = std::array::from_fn(|k| std::array::from_fn(|v| gradient[k][[v, p]]));
                let viscous = self.faces.system.viscous_flux(&state, &grad, &s);
                (0..V).for_each(|v| flux[v] += viscous[v]);
                diffuse(&mut flux, artificial, &grad, &s);
            }
            (0..V).for_each(|v| fluxes[[p, v]] = flux[v]);
        }
        fluxes
    }
}

/// Adds the flux of artificial viscosity along `n`.
fn diffuse<const D: usize, const V: usize>(flux: &mut [f64; V], mu: f64, grad: &[[f64; V]; D], n: &[f64; D]) {
    for v in 0..V {
        flux[v] -= mu * (0..D).map(|d| grad[d][v] * n[d]).sum::<f64>();
    }
}

/// Element `e` of a block's register as a matrix `[variable][point]`.
fn element(register: &[f64], block: &Block, e: usize, variables: usize) -> Array2<f64> {
    let points = block.points_per_element();
    Array2::from_shape_fn((variables, points), |(v, p)| register[(e * variables + v) * points + p])
}

impl<const D: usize, const V: usize, S: System<D, V>> Backend for Reference<D, V, S> {
    fn description(&self) -> String {
        "reference (scalar f64)".into()
    }

    fn write(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &[f64],
    ) -> Result<(), BackendError> {
        if let Some(filter) = &mut self.filter {
            filter.of = None;
        }
        let start = first * self.faces.disc.blocks[block].points_per_element() * V;
        self.registers[register][block][start..start + values.len()].copy_from_slice(values);
        Ok(())
    }

    fn read(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &mut [f64],
    ) -> Result<(), BackendError> {
        let start = first * self.faces.disc.blocks[block].points_per_element() * V;
        values.copy_from_slice(&self.registers[register][block][start..start + values.len()]);
        Ok(())
    }

    fn stage(&mut self, stage: &Stage, t: f64, dt: f64) -> Result<(), BackendError> {
        let time = t + stage.c * dt;
        if self.filter.as_ref().is_some_and(|f| f.of != Some(stage.eval)) {
            let none = self.faces.disc.blocks.iter().map(|b| vec![f64::NEG_INFINITY; b.len()]).collect();
            self.apply_filter(stage.eval, none);
        }
        let k = self.right_hand_side(stage.eval, time);
        let bounds = self.entropy_bounds();
        let mut results = vec![];
        for update in &stage.updates {
            let blocks: Vec<Vec<f64>> = (0..k.len())
                .map(|b| {
                    let value = |i: usize| {
                        let terms = update.terms.iter().map(|&(r, c)| c * self.registers[r][b][i]);
                        terms.sum::<f64>() + update.k * dt * k[b][i]
                    };
                    (0..k[b].len()).map(value).collect()
                })
                .collect();
            results.push((update.into, blocks));
        }
        for (into, blocks) in results {
            self.registers[into] = blocks;
        }
        self.apply_filter(stage.next, bounds);
        Ok(())
    }

    fn step_error(
        &mut self,
        error: usize,
        solution: usize,
        tolerance: &Tolerance,
    ) -> Result<StepError, BackendError> {
        let mut sum = StepError::default();
        for (b, block) in self.faces.disc.blocks.iter().enumerate() {
            for e in 0..block.len() {
                let of = |register: usize| element(&self.registers[register][b], block, e, V);
                let (errors, values) = (of(error), of(solution));
                let (mut squares, mut largest) = (0.0, 0.0_f64);
                for p in 0..block.points_per_element() {
                    for v in 0..V {
                        let scale = tolerance.relative.mul_add(values[[v, p]].abs(), tolerance.absolute[v]);
                        let ratio = errors[[v, p]].abs() / scale;
                        squares = ratio.mul_add(ratio, squares);
                        largest = largest.max(ratio);
                    }
                }
                sum.add(squares, largest);
            }
        }
        Ok(sum)
    }

    fn control(&mut self, boundary: usize, value: f64, slope: f64) {
        self.faces.controls[boundary] = [value, slope];
    }

    fn wait(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn memory(&self) -> u64 {
        let values: usize =
            self.registers.iter().flatten().map(Vec::len).sum::<usize>() + 2 * self.faces.rows.len;
        8 * values as u64
    }
}
