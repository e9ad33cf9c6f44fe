//! The CPU backend: rayon threads over packs of elements, SIMD lanes across the elements of a pack.
//!
//! # Memory
//! Per pack of `L` elements: all registers, `[register][point][variable][lane]`, so that a pass over a pack works on one
//! contiguous piece; geometry likewise. Face rows (see [`super::rows`]) exist twice: the states neighbours read during a
//! stage, and those written for the next. Which instruction set is used is found out at start ([`Isa`]); results do not
//! depend on it, nor on the number of threads or ranks: an element's arithmetic is the same wherever it runs.
//!
//! # A stage
//! Inviscid systems take one pass (`kernels::inviscid`), viscous ones two. Halo rows travel while the packs that touch
//! no other rank are computed.
#![doc = include_str!("tuning.md")]

mod boundary;
mod entropy;
mod functions;
mod isa;
mod kernels;
pub mod lane;
#[cfg(test)]
mod lane_tests;
mod layout;
mod operators;
mod scratch;
mod step_error;
#[cfg(all(target_arch = "x86_64", any(feature = "avx2", feature = "avx512")))]
mod x86;

pub use isa::{Isa, create, create_for};

use super::discretisation::Discretisation;
use super::problem::{ArtificialViscosity, Ldg, Problem, ShockCapturing};
use super::rows::{FaceRows, RowExchange};
use super::{Backend, BackendError, Functions, Precision, Stage, StepError, Tolerance, memory, pieces};
use crate::physics::Real;
use crate::physics::expr::Program;
use crate::physics::system::System;
use boundary::BoundaryValues;
use entropy::Entropies;
use functions::Known;
use kernels::{Context, TAIL, Updates};
use lane::{Lane, Scalar, Work};
use layout::{BlockLayout, Pairings};
use scratch::Scratch;
use std::ops::Range;
use std::sync::Arc;

/// State and geometry of one rank.
struct Cpu<const D: usize, const V: usize, S: System<D, V>, L: Lane> {
    system: S,
    ldg: Ldg,
    source: Program,
    artificial: Option<ArtificialViscosity>,
    /// What the entropy filter knows, if there is one.
    entropies: Option<Entropies<L::Scalar>>,
    /// Time of the stage under way.
    time: f64,
    disc: Arc<Discretisation>,
    blocks: Vec<BlockLayout<L>>,
    pairings: Pairings,
    boundaries: BoundaryValues<L::Scalar, S::Boundary>,
    rows: FaceRows,
    /// Registers of the scheme; a viscous system has one more, for the half-done right-hand side.
    registers: usize,
    registers_held: usize,
    /// By block: `[pack][register][P][V]`.
    state: Vec<Vec<L>>,
    /// Rows of the states neighbours read now, and of those written for the next stage.
    now: Vec<L>,
    next: Vec<L>,
    /// Rows of normal viscous fluxes.
    fluxes: Vec<L>,
    /// Register whose values the rows `now` hold.
    prepared: Option<usize>,
    state_exchange: Option<RowExchange>,
    flux_exchange: Option<RowExchange>,
    scratch: Scratch<L>,
    scratch_size: usize,
    /// Functions that are summed now and then.
    functions: Vec<Known<L>>,
    precision: Precision,
}

/// Which part of the packs: those that touch no other rank, or the rest.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Interior,
    Rest,
}

impl<L: Lane> BlockLayout<L> {
    fn part(&self, part: Part) -> Range<usize> {
        match part {
            Part::Interior => 0..self.interior,
            Part::Rest => self.interior..self.packs,
        }
    }
}

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Cpu<D, V, S, L> {
    fn boxed(problem: Problem<D, V, S>) -> Result<Box<dyn Backend>, BackendError> {
        let disc = problem.discretisation;
        let rows = FaceRows::new(&disc, V, L::LANES);
        if u32::try_from(rows.len).is_err() {
            return Err(BackendError::Memory {
                device: "the CPU backend".into(),
                what: "face values of one rank".into(),
                needed: rows.len as u64,
                limit: u32::MAX.into(),
            });
        }
        let pairings = Pairings::new(&disc);
        let capturing = match problem.capturing {
            ShockCapturing::EntropyFilter(_) if !S::FILTERED => ShockCapturing::None,
            other => other,
        };
        let source = Program::new(&problem.source, 4 + V);
        let sources = !source.is_empty();
        // The normals go as they are laid out, before the large arrays come.
        let blocks = problem.normals.into_iter().enumerate();
        let blocks: Vec<_> = blocks
            .map(|(b, given)| BlockLayout::<L>::new(&disc, b, &given, &rows, &pairings, &capturing, sources))
            .collect();
        let (mut entropies, mut artificial) = (None, None);
        match capturing {
            ShockCapturing::EntropyFilter(settings) => {
                entropies = Some(Entropies::new(&disc, settings.e_tol, &problem.communicator));
            }
            ShockCapturing::ArtificialViscosity(settings) => artificial = Some(settings),
            ShockCapturing::None => {}
        }
        let tail = if entropies.is_some() { TAIL } else { 0 };
        memory::give_back();
        let registers_held = problem.registers + usize::from(S::VISCOUS);
        let zero = L::from_f64(0.0);
        let state = blocks
            .iter()
            .map(|b| memory::filled(b.packs * (registers_held * b.operators.points * V + tail), zero))
            .collect();
        // One more, since whole packs are read from the middle of rows.
        let row_packs = rows.len / L::LANES + 1;
        let exchange = || RowExchange::new::<L::Scalar>(&disc, &rows, &problem.communicator);
        let (state_exchange, flux_exchange) = (exchange(), if S::VISCOUS { exchange() } else { None });
        let scratch_size = blocks.iter().map(|b| kernels::scratch(b, &source, D, V)).max().unwrap_or(0);
        Ok(Box::new(Cpu {
            system: problem.system,
            ldg: problem.ldg,
            source,
            artificial,
            entropies,
            time: 0.0,
            boundaries: BoundaryValues::new(&disc, problem.boundaries),
            blocks,
            pairings,
            registers: problem.registers,
            registers_held,
            state,
            now: memory::filled(row_packs, zero),
            next: memory::filled(row_packs, zero),
            fluxes: memory::filled(if S::VISCOUS { row_packs } else { 0 }, zero),
            prepared: None,
            rows,
            disc,
            state_exchange,
            flux_exchange,
            scratch: Scratch(vec![]),
            scratch_size,
            functions: vec![],
            precision: problem.precision,
        }))
    }

    /// Values of one register of a pack of block `b`.
    fn size(&self, b: usize) -> usize {
        self.blocks[b].operators.points * V
    }

    /// Packs that a pack of block `b` takes: its registers and what the filter keeps beside them.
    fn stride(&self, b: usize) -> usize {
        self.registers_held * self.size(b) + if self.entropies.is_some() { TAIL } else { 0 }
    }

    /// Bounds of the entropies of all elements in the stage that evaluates the rows `now`, to the tails of the packs.
    fn bound_entropies(&mut self) {
        let (blocks, held) = (&self.blocks, self.registers_held);
        if let Some(entropies) = &mut self.entropies {
            let stride = |b: usize| held * blocks[b].operators.points * V + TAIL;
            let states = L::scalars(&self.now);
            let (system, disc, rows) = (&self.system, &self.disc, &self.rows);
            entropies.bound::<D, V, S, L>(system, disc, rows, states, stride, &mut self.state);
        }
    }

    /// What passes over a block know.
    fn context<'a>(&'a self, block: &'a BlockLayout<L>) -> Context<'a, D, V, S, L> {
        Context {
            system: &self.system,
            block,
            pairings: &self.pairings,
            boundaries: &self.boundaries,
            ldg: self.ldg,
            order: self.disc.order,
            source: &self.source,
            time: self.time,
            artificial: self.artificial,
        }
    }

    /// Fills the rows `now` from a register, where a stage did not prepare them.
    fn prepare(&mut self, register: usize) {
        if self.prepared == Some(register) {
            return;
        }
        let filtered = self.entropies.is_some();
        if filtered {
            // Nothing is known yet that could bound entropies.
            for b in 0..self.blocks.len() {
                let stride = self.stride(b);
                for pack in self.state[b].chunks_exact_mut(stride) {
                    pack[stride - TAIL] = L::from_f64(f64::NEG_INFINITY);
                }
            }
        }
        for part in [Part::Interior, Part::Rest] {
            self.each_pack(
                part,
                Rows::Next,
                #[inline(always)]
                |context, pack, registers, _, rows, scratch| {
                    let (faces, rest) = scratch.split_at_mut(context.block.operators.flux_points * V);
                    if S::FILTERED && filtered {
                        context.filtered_faces(pack, registers, register, faces, rows, rest);
                    } else {
                        context.faces(registers, register, faces, rows, rest);
                    }
                },
            );
        }
        std::mem::swap(&mut self.now, &mut self.next);
        self.prepared = Some(register);
    }

    /// Runs `pass(context, pack, registers of the pack, rows read, rows written by the pack, scratch)` over a part of the
    /// packs.
    #[inline(always)]
    fn each_pack(
        &mut self,
        part: Part,
        written: Rows,
        pass: impl Fn(&Context<D, V, S, L>, usize, &mut [L], &[L], &mut [L], &mut [L]) + Sync + Copy,
    ) {
        self.scratch.reserve(self.scratch_size);
        let (read, write) = match written {
            Rows::Next => (&self.now, &mut self.next),
            Rows::Fluxes => (&self.now, &mut self.fluxes),
            Rows::NextFromFluxes => (&self.fluxes, &mut self.next),
        };
        for (block, state) in self.blocks.iter().zip(&mut self.state) {
            let range = block.part(part);
            if range.is_empty() {
                continue;
            }
            let context = Context {
                system: &self.system,
                block,
                pairings: &self.pairings,
                boundaries: &self.boundaries,
                ldg: self.ldg,
                order: self.disc.order,
                source: &self.source,
                time: self.time,
                artificial: self.artificial,
            };
            let tail = if self.entropies.is_some() { TAIL } else { 0 };
            let size = self.registers_held * block.operators.points * V + tail;
            // A pack has as many elements as a pack of a row has values.
            let (start, stride) = (block.rows_start / L::LANES, block.rows_stride);
            let rows = &mut write[start + range.start * stride..start + range.end * stride];
            let state = &mut state[range.start * size..range.end * size];
            let (scratch, context) = (&self.scratch, &context);
            let group = (range.len() / (8 * rayon::current_num_threads())).clamp(1, 16);
            pieces::each_of_two((state, group * size), (rows, group * stride), &|g, state, rows| {
                scratch.with(|scratch| {
                    L::vectorize(Work(
                        #[inline(always)]
                        || {
                            for i in 0..state.len() / size {
                                let registers = &mut state[i * size..][..size];
                                let rows = &mut rows[i * stride..][..stride];
                                pass(context, range.start + g * group + i, registers, read, rows, scratch);
                            }
                            L::fence();
                        },
                    ));
                });
            });
        }
    }

    /// Ghost states of the boundaries at time `t` for the states in the rows `now`.
    fn ghosts(&mut self, t: f64) {
        self.time = t;
        self.boundaries.update(&self.disc, t);
        let states = &mut L::scalars_mut(&mut self.now)[..self.rows.len];
        self.boundaries.ghosts::<D, V, S>(&self.system, &self.disc, &self.rows, states);
    }

    fn inviscid_stage(&mut self, updates: &Updates<L>) {
        self.overlapped(
            Rows::Next,
            #[inline(always)]
            |context, pack, registers, states, next, scratch| {
                context.inviscid(pack, updates, registers, states, next, scratch);
            },
        );
    }

    fn viscous_stage(&mut self, updates: &Updates<L>) {
        let partial = self.registers;
        self.overlapped(
            Rows::Fluxes,
            #[inline(always)]
            |context, pack, registers, states, fluxes, scratch| {
                context.viscous_first(pack, updates.eval, partial, registers, states, fluxes, scratch);
            },
        );
        self.overlapped(
            Rows::NextFromFluxes,
            #[inline(always)]
            |context, pack, registers, fluxes, next, scratch| {
                context.viscous_second(pack, partial, updates, registers, fluxes, next, scratch);
            },
        );
    }

    /// Runs a pass over all packs while the rows it reads travel: those that touch no other rank first.
    #[inline(always)]
    fn overlapped(
        &mut self,
        rows: Rows,
        pass: impl Fn(&Context<D, V, S, L>, usize, &mut [L], &[L], &mut [L], &mut [L]) + Sync + Copy,
    ) {
        if let (Some(exchange), read) = self.travelling(rows) {
            exchange.start::<L::Scalar>(L::scalars(read));
        }
        self.each_pack(Part::Interior, rows, pass);
        if let (Some(exchange), read) = self.travelling(rows) {
            exchange.finish::<L::Scalar>(L::scalars_mut(read));
        }
        self.each_pack(Part::Rest, rows, pass);
    }

    /// The exchange of the rows a pass reads, and those rows.
    fn travelling(&mut self, rows: Rows) -> (Option<&mut RowExchange>, &mut [L]) {
        match rows {
            Rows::Next | Rows::Fluxes => (self.state_exchange.as_mut(), &mut self.now),
            Rows::NextFromFluxes => (self.flux_exchange.as_mut(), &mut self.fluxes),
        }
    }
}

/// Which rows a pass reads and writes.
#[derive(Clone, Copy)]
enum Rows {
    /// Reads the states, writes the next ones.
    Next,
    /// Reads the states, writes normal viscous fluxes.
    Fluxes,
    /// Reads normal viscous fluxes, writes the next states.
    NextFromFluxes,
}

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Backend for Cpu<D, V, S, L> {
    fn description(&self) -> String {
        let precision = match self.precision {
            Precision::Single => "f32",
            Precision::Double => "f64",
        };
        let (name, lanes, threads) = (L::NAME, L::LANES, rayon::current_num_threads());
        format!("CPU, {threads} thread{}, {precision}, {name} x {lanes}", if threads == 1 { "" } else { "s" })
    }

    fn write(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &[f64],
    ) -> Result<(), BackendError> {
        let (size, points) = (self.size(block), self.blocks[block].operators.points);
        let elements = self.blocks[block].elements;
        let held = self.stride(block);
        let range = first..first + values.len() / size;
        let packs = range.start / L::LANES..range.end.div_ceil(L::LANES);
        let state = &mut self.state[block][packs.start * held..packs.end * held];
        pieces::each(state, held, 16, &|i, state| {
            let to = L::scalars_mut(&mut state[register * size..(register + 1) * size]);
            for lane in 0..L::LANES {
                // Lanes beyond the last element hold copies of it.
                let element = ((packs.start + i) * L::LANES + lane).min(elements - 1);
                if !range.contains(&element) {
                    continue;
                }
                let from = &values[(element - first) * size..][..size];
                for v in 0..V {
                    for p in 0..points {
                        to[(p * V + v) * L::LANES + lane] = L::Scalar::from_f64(from[v * points + p]);
                    }
                }
            }
        });
        if self.prepared == Some(register) {
            self.prepared = None;
        }
        Ok(())
    }

    fn read(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &mut [f64],
    ) -> Result<(), BackendError> {
        let (size, points) = (self.size(block), self.blocks[block].operators.points);
        let held = self.stride(block);
        let state = &self.state[block];
        pieces::each(values, size, 64, &|i, to| {
            let (pack, lane) = ((first + i) / L::LANES, (first + i) % L::LANES);
            let from = L::scalars(&state[pack * held + register * size..][..size]);
            for v in 0..V {
                for p in 0..points {
                    to[v * points + p] = from[(p * V + v) * L::LANES + lane].to_f64();
                }
            }
        });
        Ok(())
    }

    fn add_functions(&mut self, functions: &Functions) -> Result<Option<usize>, BackendError> {
        Ok(self.know(functions))
    }

    fn sum_functions(
        &mut self,
        number: usize,
        register: usize,
        t: f64,
    ) -> Result<Option<Vec<Vec<f64>>>, BackendError> {
        Ok(self.summed(number, register, t))
    }

    fn add_averages(&mut self, number: usize) -> Result<(), BackendError> {
        self.make_averages(number);
        Ok(())
    }

    fn drop_averages(&mut self, number: usize) {
        self.functions[number].averages.clear();
    }

    fn average(&mut self, number: usize, register: usize, t: f64, half: f64) -> Result<bool, BackendError> {
        Ok(self.averaged(number, register, t, half))
    }

    fn read_averages(&mut self, number: usize) -> Result<Vec<Vec<f64>>, BackendError> {
        Ok(self.averages(number))
    }

    fn write_averages(&mut self, number: usize, values: &[Vec<f64>]) -> Result<(), BackendError> {
        self.set_averages(number, values);
        Ok(())
    }

    fn stage(&mut self, stage: &Stage, t: f64, dt: f64) -> Result<(), BackendError> {
        if !Updates::<L>::supports(stage) {
            return Err(BackendError::Unsupported("the scheme's register combinations are too long".into()));
        }
        self.prepare(stage.eval);
        let updates = Updates::<L>::new(stage, dt, self.precision);
        self.ghosts(t + stage.c * dt);
        self.bound_entropies();
        if S::VISCOUS {
            self.viscous_stage(&updates);
        } else {
            self.inviscid_stage(&updates);
        }
        std::mem::swap(&mut self.now, &mut self.next);
        self.prepared = Some(stage.next);
        Ok(())
    }

    fn step_error(
        &mut self,
        error: usize,
        solution: usize,
        tolerance: &Tolerance,
    ) -> Result<StepError, BackendError> {
        Ok(self.sum_errors(error, solution, tolerance))
    }

    fn control(&mut self, boundary: usize, value: f64, slope: f64) {
        self.boundaries.control(boundary, value, slope);
    }

    fn wait(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn memory(&self) -> u64 {
        let packs = self.state.iter().map(Vec::len).sum::<usize>() + 2 * self.now.len() + self.fluxes.len();
        (packs * size_of::<L>()) as u64
    }
}
