//! Functions of the solution, lane by lane: their sums over elements, and averages over time. What an element has is the same
//! wherever it is computed.

use super::lane::{Lane, Scalar};
use super::layout::BlockLayout;
use super::{Cpu, Rows};
use crate::backend::functions::{Functions, Gather};
use crate::backend::{memory, pieces};
use crate::physics::Real;
use crate::physics::expr::Program;
use crate::physics::system::System;

/// Packs a task takes.
const GROUP: usize = 8;

/// Functions that were made known.
pub struct Known<L: Lane> {
    /// What computes them.
    pub program: Program,
    /// What becomes of their values.
    pub gather: Gather,
    /// Whether they take gradients.
    pub gradients: bool,
    /// Weights of the solution points, by block.
    weights: Vec<Vec<L::Scalar>>,
    /// Values looked at last and sums over time, by block `[pack][last ones, sums][point]`, where there are averages.
    pub averages: Vec<Vec<L>>,
}

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Cpu<D, V, S, L> {
    /// Takes functions, or leaves them to the host. (Without second derivatives there is no pass that makes gradients, and
    /// for the sake of monitors alone there is to be no code for it.)
    pub(super) fn know(&mut self, functions: &Functions) -> Option<usize> {
        let gradients = functions.needs_gradients();
        if functions.needs_places() || (gradients && !S::VISCOUS) {
            return None;
        }
        let weights = |weights: &[f64]| weights.iter().map(|w| <L::Scalar as Real>::from_f64(*w)).collect();
        self.functions.push(Known {
            program: Program::new(&functions.list, functions.variables()),
            gather: functions.gather,
            gradients,
            weights: self.disc.blocks.iter().map(|b| weights(&b.operators.weights)).collect(),
            averages: vec![],
        });
        Some(self.functions.len() - 1)
    }

    /// Brings the rows `now` up to date where functions need gradients; false where that cannot be done now. Collective.
    fn rows_for(&mut self, number: usize, register: usize, t: f64) -> bool {
        if self.functions[number].gradients {
            // Preparing rows would filter the solution: that is for the next stage to do.
            if self.entropies.is_some() && self.prepared != Some(register) {
                return false;
            }
            self.prepare(register);
            self.ghosts(t);
            if let (Some(exchange), read) = self.travelling(Rows::Next) {
                exchange.start::<L::Scalar>(L::scalars(read));
                exchange.finish::<L::Scalar>(L::scalars_mut(read));
            }
        }
        self.scratch.reserve(self.scratch_size);
        true
    }

    /// Sums of functions over the elements, by block, `[element][function]`. Collective.
    pub(super) fn summed(&mut self, number: usize, register: usize, t: f64) -> Option<Vec<Vec<f64>>> {
        if !self.rows_for(number, register, t) {
            return None;
        }
        let known = &self.functions[number];
        let count = known.program.results().len();
        let zero = L::from_f64(0.0);
        let blocks = self.blocks.iter().enumerate().map(|(b, block)| {
            let context = self.context(block);
            let (size, stride) = (self.size(b), self.stride(b));
            let mut sums = vec![0.0; block.elements * count];
            pieces::each(&mut sums, GROUP * L::LANES * count, 1, &|g, sums| {
                let (mut slots, mut out) = (vec![zero; known.program.slots()], vec![zero; count]);
                self.scratch.with(|scratch| {
                    for (i, sums) in sums.chunks_mut(L::LANES * count).enumerate() {
                        let pack = g * GROUP + i;
                        let u = &self.state[b][pack * stride + register * size..][..size];
                        let weights = &known.weights[b];
                        context.sums(
                            pack,
                            (known, weights),
                            u,
                            &self.now,
                            t,
                            (&mut slots, &mut out),
                            scratch,
                        );
                        for (lane, element) in sums.chunks_mut(count).enumerate() {
                            let sums = element.iter_mut().zip(&out);
                            sums.for_each(|(to, x)| *to = L::scalars(std::slice::from_ref(x))[lane].to_f64());
                        }
                    }
                });
            });
            sums
        });
        Some(blocks.collect())
    }

    /// Makes room for averages.
    pub(super) fn make_averages(&mut self, number: usize) {
        let count = 2 * self.functions[number].program.results().len();
        let zero = L::from_f64(0.0);
        let room = |b: &BlockLayout<L>| memory::filled(b.packs * count * b.operators.points, zero);
        self.functions[number].averages = self.blocks.iter().map(room).collect();
    }

    /// One look at the solution for averages; false where it cannot be done now. Collective.
    pub(super) fn averaged(&mut self, number: usize, register: usize, t: f64, half: f64) -> bool {
        if !self.rows_for(number, register, t) {
            return false;
        }
        let mut averages = std::mem::take(&mut self.functions[number].averages);
        let known = &self.functions[number];
        let count = 2 * known.program.results().len();
        for (b, (block, averages)) in self.blocks.iter().zip(&mut averages).enumerate() {
            let context = self.context(block);
            let (size, stride) = (self.size(b), self.stride(b));
            let each = count * block.operators.points;
            pieces::each(averages, GROUP * each, 1, &|g, averages| {
                let mut slots = vec![L::from_f64(0.0); known.program.slots()];
                self.scratch.with(|scratch| {
                    for (i, averages) in averages.chunks_exact_mut(each).enumerate() {
                        let pack = g * GROUP + i;
                        let u = &self.state[b][pack * stride + register * size..][..size];
                        context.average(pack, known, u, &self.now, (t, half), averages, &mut slots, scratch);
                    }
                });
            });
        }
        self.functions[number].averages = averages;
        true
    }

    /// Calls `each(value of an element, value of a lane)` for all of them, block by block.
    fn each_average(&mut self, number: usize, mut each: impl FnMut(usize, usize, &mut L::Scalar)) {
        let known = &mut self.functions[number];
        let count = 2 * known.program.results().len();
        for (b, (block, averages)) in self.blocks.iter().zip(&mut known.averages).enumerate() {
            let size = count * block.operators.points;
            for (pack, averages) in averages.chunks_exact_mut(size).enumerate() {
                for (i, value) in L::scalars_mut(averages).iter_mut().enumerate() {
                    let element = pack * L::LANES + i % L::LANES;
                    if element < block.elements {
                        each(b, element * size + i / L::LANES, value);
                    }
                }
            }
        }
    }

    /// Averages, block by block `[element][last ones, sums][point]`.
    pub(super) fn averages(&mut self, number: usize) -> Vec<Vec<f64>> {
        let count = 2 * self.functions[number].program.results().len();
        let size = |b: &BlockLayout<L>| b.elements * count * b.operators.points;
        let mut values: Vec<Vec<f64>> = self.blocks.iter().map(|b| vec![0.0; size(b)]).collect();
        self.each_average(number, |b, i, value| values[b][i] = value.to_f64());
        values
    }

    /// Sets them.
    pub(super) fn set_averages(&mut self, number: usize, values: &[Vec<f64>]) {
        self.each_average(number, |b, i, value| *value = Real::from_f64(values[b][i]));
    }
}
