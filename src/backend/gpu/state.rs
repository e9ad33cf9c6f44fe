//! A run on a device: which kernels a stage takes, in which order, and what waits for what.

use super::Device;
use super::blocks::{Ghosts, Pairs, Part, PieceArrays};
use super::buffers::{decode, encode, read_staging, size_of};
use super::chunks::{Chunks, FaceArray, parse_name};
use super::functions::{Known, Tracer};
use super::halo::Halo;
use super::kernels::{Kernel, Source, Use};
use super::physics::{Physics, huge};
use super::plan::Plan;
use super::recorder::{Dispatch, PARAMETER_BYTES, Recorder};
use super::shader::{self, BlockShader, Limits, POINTS};
use super::step_error::StepErrors;
use crate::backend::discretisation::Discretisation;
use crate::backend::{Backend, BackendError, Functions, Precision, Stage, StepError, Tolerance};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use wgpu::{BindGroup, Buffer};

/// A kernel of a piece with its buffers, one set for each face array that can be read.
pub(super) struct Bound {
    kernel: Arc<Kernel>,
    sets: Vec<BindGroup>,
    parameters: bool,
    /// Elements a workgroup.
    elements: usize,
}

/// A kernel of the boundaries.
pub(super) struct Points {
    kernel: Kernel,
    sets: Vec<BindGroup>,
}

/// What a pass over all elements does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Pass {
    Interpolate(usize),
    Advective(Plan),
    ViscousFirst(usize),
    ViscousSecond(Plan),
    /// Bounds of entropies.
    Bounds,
    /// The entropy filter on a register.
    Filter(usize),
    /// Sums of functions of a register.
    Sums(usize, usize),
    /// A look at functions of a register for their averages.
    Averages(usize, usize),
}

/// The backend: arrays, kernels and pending work of one rank.
pub(super) struct Gpu {
    pub(super) device: Device,
    pub(super) limits: Limits,
    pub(super) physics: Physics,
    pub(super) disc: Arc<Discretisation>,
    pub(super) recorder: Recorder,
    pub(super) pieces: Vec<PieceArrays>,
    pub(super) chunks: Chunks,
    pub(super) pairs: Pairs,
    pub(super) ghosts: Ghosts,
    /// Face states: the array `now` is read in a stage, the other one is written.
    pub(super) states: Vec<FaceArray>,
    pub(super) now: usize,
    pub(super) fluxes: Option<FaceArray>,
    pub(super) state_halo: Option<Halo>,
    pub(super) flux_halo: Option<Halo>,
    pub(super) staging: Buffer,
    /// Register whose values the face states hold.
    pub(super) prepared: Option<usize>,
    /// Kernels by text: pieces, blocks, registers and stages that need the same one share it.
    pub(super) compiled: HashMap<String, Arc<Kernel>>,
    /// By piece.
    pub(super) passes: HashMap<Pass, Arc<Vec<Bound>>>,
    pub(super) ghost: Option<Points>,
    pub(super) data: Option<Points>,
    /// Least entropies, one value a flux point, and their exchange, where there is a filter.
    pub(super) entropies: Option<(FaceArray, Option<Halo>)>,
    /// Value and slope in time of each boundary's control.
    pub(super) controls: Vec<[f64; 2]>,
    /// What adds up the errors of steps, made when first needed.
    pub(super) step_errors: StepErrors,
    /// Functions that are summed now and then, and what makes shaders of them.
    pub(super) functions: Vec<Known>,
    pub(super) tracer: Tracer,
    pub(super) memory: u64,
}

impl Gpu {
    fn values_per_element(&self, block: usize) -> usize {
        self.disc.blocks[block].points_per_element() * self.physics.variables
    }

    /// Makes the kernels of the boundaries.
    pub(super) fn boundary_kernels(&mut self) -> Result<(), BackendError> {
        if self.ghosts.count == 0 {
            return Ok(());
        }
        let (ghosts, parameters) = (&self.ghosts, &self.recorder.parameters);
        let buffer = |name: &str, array: usize| match parse_name(name) {
            ("face_out", chunk) => self.states[array].chunk(chunk.unwrap_or(0)),
            ("ghost_own", _) => &ghosts.own,
            ("ghost_normals", _) => &ghosts.normals,
            ("ghost_kinds", _) => &ghosts.kinds,
            ("ghost_data", _) => &ghosts.data,
            ("ghost_points", _) => &ghosts.points,
            _ => parameters,
        };
        let bound = |source: Source, arrays: usize| -> Result<Points, BackendError> {
            let kernel = Kernel::new(&self.device, &source)?;
            let sets = (0..arrays)
                .map(|a| kernel.bind(&self.device, PARAMETER_BYTES, |name| buffer(name, a)))
                .collect();
            Ok(Points { kernel, sets })
        };
        let ghost = shader::ghost(&self.physics, self.limits, &self.chunks, ghosts.count);
        let ghost = bound(ghost, self.states.len())?;
        let data = shader::data(&self.physics, self.limits, ghosts.count).map(|s| bound(s, 1)).transpose()?;
        (self.ghost, self.data) = (Some(ghost), data);
        Ok(())
    }

    /// The kernels of a pass, compiled when first asked for.
    fn pass(&mut self, pass: &Pass) -> Result<Arc<Vec<Bound>>, BackendError> {
        if let Some(known) = self.passes.get(pass) {
            return Ok(known.clone());
        }
        let list = (0..self.pieces.len()).map(|index| self.bound(index, pass));
        let list = Arc::new(list.collect::<Result<Vec<_>, _>>()?);
        self.passes.insert(pass.clone(), list.clone());
        Ok(list)
    }

    /// The kernel of a text, compiled when first asked for.
    pub(super) fn compile(&mut self, source: &Source) -> Result<Arc<Kernel>, BackendError> {
        let text = source.text();
        if let Some(kernel) = self.compiled.get(&text) {
            return Ok(kernel.clone());
        }
        let kernel = Arc::new(Kernel::new(&self.device, source)?);
        self.compiled.insert(text, kernel.clone());
        Ok(kernel)
    }

    fn bound(&mut self, index: usize, pass: &Pass) -> Result<Bound, BackendError> {
        let piece = &self.pieces[index].piece;
        let block = &self.disc.blocks[piece.block];
        let shader = BlockShader::new(&self.physics, block, piece.capacity, &self.chunks, self.limits)?;
        let evaluated;
        let none = || BackendError::Unsupported("there is no filter".into());
        let (source, registers) = match pass {
            Pass::Interpolate(r) => (shader.interpolate(), {
                evaluated = [*r];
                &evaluated[..]
            }),
            Pass::ViscousFirst(r) => (shader.viscous_first(), {
                evaluated = [*r];
                &evaluated[..]
            }),
            Pass::Bounds => (shader.bounds().ok_or_else(none)?, &[][..]),
            Pass::Filter(r) => (shader.filter().ok_or_else(none)?, {
                evaluated = [*r];
                &evaluated[..]
            }),
            Pass::Sums(number, r) | Pass::Averages(number, r) => {
                let averages = matches!(pass, Pass::Averages(..));
                evaluated = [*r];
                (self.functions_source(&shader, *number, averages), &evaluated[..])
            }
            Pass::Advective(plan) => (shader.advective(plan), &plan.registers[..]),
            Pass::ViscousSecond(plan) => (shader.viscous_second(plan), &plan.registers[..]),
        };
        let elements = if *pass == Pass::Bounds { POINTS } else { shader.elements() };
        let kernel = self.compile(&source)?;
        let arrays = &self.pieces[index];
        let in_place = matches!(pass, Pass::Interpolate(_) | Pass::Filter(_)) || self.states.len() == 1;
        let unused = &arrays.links;
        let buffer = |binding: &str, now: usize| {
            let (name, chunk) = parse_name(binding);
            // Without a number it is the chunk of the piece, which a kernel writes to.
            let chunk = chunk.unwrap_or(arrays.chunk);
            match name {
                "range" => &arrays.ranges,
                "parameters" => &self.recorder.parameters,
                "links" => &arrays.links,
                "pairs" => &self.pairs.buffer,
                "metrics" => &arrays.metrics,
                "normals" => &arrays.normals,
                "operators" => arrays.operators.as_ref().unwrap_or(unused),
                "face_in" => self.states[now].chunk(chunk),
                "face_out" => self.states[if in_place { now } else { 1 - now }].chunk(chunk),
                "normal_flux" | "normal_flux_out" => self.fluxes.as_ref().map_or(unused, |f| f.chunk(chunk)),
                "part" | "part_out" => arrays.part.as_ref().unwrap_or(unused),
                "ghost_kinds" => &self.ghosts.kinds,
                "ghost_data" => &self.ghosts.data,
                "extra" => arrays.extra.as_ref().unwrap_or(unused),
                "weights" | "sums" | "averages" => match pass {
                    Pass::Sums(number, _) | Pass::Averages(number, _) => {
                        self.functions[*number].buffer(index, name).unwrap_or(unused)
                    }
                    _ => unused,
                },
                "bounds" => arrays.bounds.as_ref().unwrap_or(unused),
                "entropies" | "entropies_out" => self.entropies.as_ref().map_or(unused, |e| e.0.chunk(chunk)),
                register => {
                    let local: usize = register.trim_start_matches('r').parse().unwrap_or(0);
                    &arrays.registers[registers[local]]
                }
            }
        };
        let sets = (0..self.states.len())
            .map(|now| kernel.bind(&self.device, PARAMETER_BYTES, |name| buffer(name, now)))
            .collect();
        let parameters = source.bindings.iter().any(|(_, u)| *u == Use::Parameters);
        self.device.check()?;
        Ok(Bound { kernel, sets, parameters, elements })
    }

    /// Records a pass over a part of all pieces.
    pub(super) fn record(&mut self, pass: &Pass, part: Part, parameters: u32) -> Result<(), BackendError> {
        let list = self.pass(pass)?;
        let dispatches = list.iter().zip(&self.pieces).map(|(bound, arrays)| {
            let piece = &arrays.piece;
            let (_, elements) = part.range(&piece.elements, self.disc.blocks[piece.block].interior);
            let mut offsets = vec![part.offset()];
            if bound.parameters {
                offsets.push(parameters);
            }
            Dispatch {
                kernel: &bound.kernel,
                bindings: &bound.sets[self.now],
                offsets,
                groups: elements.div_ceil(bound.elements),
            }
        });
        self.recorder.run(dispatches);
        Ok(())
    }

    /// Ghost states and, before them, data that change with time.
    fn boundaries(&mut self, parameters: u32) {
        let groups = self.ghosts.count.div_ceil(POINTS);
        if let Some(Points { kernel, sets }) = &self.data {
            self.recorder.run([Dispatch { kernel, bindings: &sets[0], offsets: vec![parameters], groups }]);
        }
        if let Some(Points { kernel, sets }) = &self.ghost {
            self.recorder.run([Dispatch { kernel, bindings: &sets[self.now], offsets: vec![], groups }]);
        }
    }

    /// Lifts the bounds of all entropies: nothing is known yet.
    fn unbounded(&mut self) -> Result<(), BackendError> {
        self.recorder.flush();
        let precision = self.physics.precision;
        for arrays in &self.pieces {
            if let Some(bounds) = &arrays.bounds {
                let bytes = encode(arrays.piece.elements.clone().map(|_| -huge(precision)), precision);
                self.device.queue.write_buffer(bounds, 0, &bytes);
            }
        }
        self.device.check()
    }

    /// Brings the least entropies of the neighbours on other ranks.
    fn exchange_entropies(&mut self) -> Result<(), BackendError> {
        if let Some((values, Some(halo))) = &mut self.entropies {
            let packed = halo.pack(&mut self.recorder, 0);
            halo.transfer(&mut self.recorder, packed, values)?;
        }
        Ok(())
    }

    /// Runs a pass over all elements, exchanging rows meanwhile: of the face fluxes if `fluxes`, else of the face states,
    /// together with the ghost states.
    pub(super) fn exchanged(
        &mut self,
        pass: &Pass,
        fluxes: bool,
        parameters: &[f64],
    ) -> Result<(), BackendError> {
        let array = if fluxes { 0 } else { self.now };
        let halo = if fluxes { &mut self.flux_halo } else { &mut self.state_halo };
        let packed = halo.as_mut().map(|halo| halo.pack(&mut self.recorder, array));
        let mut place = self.recorder.place(parameters)?;
        if !fluxes {
            self.boundaries(place);
            if self.entropies.is_some() {
                self.record(&Pass::Bounds, Part::Whole, 0)?;
            }
        }
        let Some(packed) = packed else {
            return self.record(pass, Part::Whole, place);
        };
        self.record(pass, Part::Interior, place)?;
        self.recorder.submit();
        let (halo, buffer) = match &self.fluxes {
            Some(buffer) if fluxes => (&mut self.flux_halo, buffer),
            _ => (&mut self.state_halo, &self.states[array]),
        };
        if let Some(halo) = halo {
            halo.transfer(&mut self.recorder, packed, buffer)?;
        }
        place = self.recorder.place(parameters)?;
        self.record(pass, Part::Rest, place)
    }
}

/// The pieces of a block that hold some of `count` elements from `first` on, with `each` values an element: which of the values
/// of these elements are theirs, and the first of the piece's own values that is among them.
fn pieces_of(
    pieces: &[PieceArrays],
    block: usize,
    first: usize,
    count: usize,
    each: usize,
) -> impl Iterator<Item = (&PieceArrays, Range<usize>, usize)> {
    pieces.iter().filter(move |p| p.piece.block == block).filter_map(move |p| {
        let own = &p.piece.elements;
        let (start, end) = (own.start.max(first), own.end.min(first + count));
        (start < end).then(|| (p, (start - first) * each..(end - first) * each, (start - own.start) * each))
    })
}

impl Backend for Gpu {
    fn description(&self) -> String {
        let info = &self.device.info;
        let precision = if self.physics.precision == Precision::Double { "f64" } else { "f32" };
        format!("{} ({}, {}), {precision}", info.name, info.api, info.driver)
    }

    fn write(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values_of: &[f64],
    ) -> Result<(), BackendError> {
        // Writes overtake what is recorded and not submitted.
        self.recorder.flush();
        if self.prepared == Some(register) {
            self.prepared = None;
        }
        let each = self.values_per_element(block);
        for (arrays, values, start) in pieces_of(&self.pieces, block, first, values_of.len() / each, each) {
            let values = &values_of[values];
            // Part by part, so that the conversion does not double the memory of the host.
            let part = 1 << 20;
            for (i, values) in values.chunks(part).enumerate() {
                let bytes = encode(values.iter().copied(), self.physics.precision);
                let at = (start + i * part) * size_of(self.physics.precision);
                self.device.queue.write_buffer(&arrays.registers[register], at as u64, &bytes);
            }
        }
        self.device.check()
    }

    fn read(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values_of: &mut [f64],
    ) -> Result<(), BackendError> {
        self.recorder.flush();
        let precision = self.physics.precision;
        let size = size_of(precision);
        let part = self.staging.size() as usize / size;
        let each = self.values_per_element(block);
        for (arrays, values, start) in pieces_of(&self.pieces, block, first, values_of.len() / each, each) {
            let values = &mut values_of[values];
            for (i, values) in values.chunks_mut(part).enumerate() {
                let bytes = (values.len() * size) as u64;
                let place = ((start + i * part) * size) as u64;
                // Copies take multiples of four bytes from buffers rounded up to sixteen.
                self.recorder.encoder().copy_buffer_to_buffer(
                    &arrays.registers[register],
                    place,
                    &self.staging,
                    0,
                    bytes,
                );
                let done = self.recorder.submit();
                let decode = |bytes: &[u8]| decode(bytes, precision, values);
                read_staging(&self.device, &self.staging, bytes, done, decode)?;
            }
        }
        self.device.check()
    }

    fn stage(&mut self, stage: &Stage, t: f64, dt: f64) -> Result<(), BackendError> {
        self.device.check()?;
        if self.recorder.is_full() {
            self.recorder.flush();
        }
        if self.prepared != Some(stage.eval) {
            self.record(&Pass::Interpolate(stage.eval), Part::Whole, 0)?;
            if self.entropies.is_some() {
                self.unbounded()?;
                self.record(&Pass::Filter(stage.eval), Part::Whole, 0)?;
            }
        }
        self.exchange_entropies()?;
        // Not prepared while unfinished, should the device fail.
        self.prepared = None;
        let plan = Plan::new(stage);
        let controls = self.physics.controlled.then_some(&self.controls[..]);
        let parameters = Plan::parameters(stage, t, dt, self.physics.precision, controls);
        if self.physics.viscous {
            self.exchanged(&Pass::ViscousFirst(stage.eval), false, &parameters)?;
            self.exchanged(&Pass::ViscousSecond(plan), true, &parameters)?;
        } else {
            self.exchanged(&Pass::Advective(plan), false, &parameters)?;
            self.now = 1 - self.now;
        }
        if self.entropies.is_some() {
            self.record(&Pass::Filter(stage.next), Part::Whole, 0)?;
        }
        self.prepared = Some(stage.next);
        self.device.check()
    }

    fn step_error(
        &mut self,
        error: usize,
        solution: usize,
        tolerance: &Tolerance,
    ) -> Result<StepError, BackendError> {
        self.sum_errors(error, solution, tolerance)
    }

    fn add_functions(&mut self, functions: &Functions) -> Result<Option<usize>, BackendError> {
        self.know(functions)
    }

    fn sum_functions(
        &mut self,
        number: usize,
        register: usize,
        t: f64,
    ) -> Result<Option<Vec<Vec<f64>>>, BackendError> {
        self.summed(number, register, t).map(Some)
    }

    fn add_averages(&mut self, number: usize) -> Result<(), BackendError> {
        self.make_averages(number)
    }

    fn drop_averages(&mut self, number: usize) {
        self.forget_averages(number);
    }

    fn average(&mut self, number: usize, register: usize, t: f64, half: f64) -> Result<bool, BackendError> {
        self.averaged(number, register, t, half).map(|()| true)
    }

    fn read_averages(&mut self, number: usize) -> Result<Vec<Vec<f64>>, BackendError> {
        self.averages(number)
    }

    fn write_averages(&mut self, number: usize, values: &[Vec<f64>]) -> Result<(), BackendError> {
        self.set_averages(number, values)
    }

    fn control(&mut self, boundary: usize, value: f64, slope: f64) {
        self.controls[boundary] = [value, slope];
    }

    fn wait(&mut self) -> Result<(), BackendError> {
        let done = self.recorder.submit();
        self.device.wait(Some(done))
    }

    fn memory(&self) -> u64 {
        self.memory
    }
}
