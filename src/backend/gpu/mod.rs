//! The GPU backend: compute shaders on any Vulkan, Metal or DirectX 12 device, through wgpu.
//!
//! Physics is traced ([`trace`]) and printed as WGSL ([`emit`], [`physics`]); the skeletons of `shaders/` are put around it
//! for each block ([`shader`]). A stage is one kernel a block for systems without second derivatives, two for the others
//! (module docs of [`crate::backend::discretisation`] have the formulas). Stages are recorded and submitted together; the
//! host waits only for the halo, and while it does, the elements that touch no other rank are computed.
//!
//! Operators: tensor shapes apply 1-D operators line by line; every invocation takes a whole line, so the coefficients are
//! the same for all and stand in the shader as literals (bounded: `(p + 1)^2` of them). Dense operators of the other shapes
//! lie in a buffer, because there every invocation takes a row of its own; neighbouring invocations read neighbouring words.
//!
//! In single precision everything on the device is single, boundary data that depend on time included.

mod blocks;
mod buffers;
mod device;
pub mod emit;
mod halo;
mod kernels;
pub mod physics;
mod recorder;
pub mod shader;
#[cfg(test)]
mod tests;
pub mod trace;

pub use device::{Device, DeviceInfo, devices};
pub use kernels::{Source, Use};
pub use shader::Limits;

use super::discretisation::Discretisation;
use super::rows::FaceRows;
use super::{Backend, BackendError, Precision, Problem, Stage};
use crate::physics::System;
use blocks::{BlockArrays, Ghosts, Pairs, Part, register_bytes};
use buffers::{Memory, decode, encode, read_staging, size_of};
use halo::Halo;
use kernels::{Kernel, ROW};
use physics::Physics;
use recorder::{Dispatch, PARAMETER_BYTES, Recorder};
use shader::{BlockShader, POINTS, Plan};
use std::collections::HashMap;
use std::sync::Arc;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Makes the backend on `device`; all registers are zero. Collective.
///
/// # Errors
/// The device lacks double precision or memory, or refuses the kernels.
pub fn create<const D: usize, const V: usize, S: System<D, V>>(
    problem: Problem<D, V, S>,
    device: &Device,
) -> Result<Box<dyn Backend>, BackendError> {
    let limits = device.device.limits();
    let limits = Limits {
        workgroup_memory: limits.max_compute_workgroup_storage_size as usize,
        invocations: limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x)
            as usize,
        row: ROW.min(limits.max_compute_workgroups_per_dimension),
    };
    create_within(problem, device, limits)
}

/// [`create`] with kernels made for a smaller device (tests).
///
/// # Errors
/// As [`create`].
pub fn create_within<const D: usize, const V: usize, S: System<D, V>>(
    problem: Problem<D, V, S>,
    device: &Device,
    limits: Limits,
) -> Result<Box<dyn Backend>, BackendError> {
    device.check()?;
    let precision = problem.precision;
    if precision == Precision::Double && !device.device.features().contains(wgpu::Features::SHADER_F64) {
        return Err(BackendError::Unsupported(format!(
            "{} has no double precision; use precision = single, or run on the processor (-b cpu)",
            device.info.name
        )));
    }
    let physics = Physics::new(&problem)?;
    let disc = problem.discretisation;
    let rows = FaceRows::new(&disc, V, 1);
    let mut memory = Memory { device: device.clone(), precision, bytes: 0 };
    let memory_ref = &mut memory;
    let ghosts = Ghosts::new(memory_ref, &disc, &rows, &problem.boundaries, physics.keys)?;
    let pairs = Pairs::new(memory_ref, &disc)?;
    let mut blocks = vec![];
    for index in 0..disc.blocks.len() {
        blocks.push(match disc.blocks[index].is_empty() {
            true => None,
            false => Some(BlockArrays::new(
                memory_ref,
                &disc,
                index,
                &rows,
                &pairs,
                problem.registers,
                S::VISCOUS,
            )?),
        });
    }
    // A viscous stage reads face states only in its first pass and writes them in its second: one array is enough.
    let arrays = if S::VISCOUS { 1 } else { 2 };
    let states: Vec<Buffer> =
        (0..arrays).map(|_| memory_ref.numbers("face states", rows.len)).collect::<Result<_, _>>()?;
    let fluxes = match S::VISCOUS {
        true => Some(memory_ref.numbers("face fluxes", rows.len)?),
        false => None,
    };
    let communicator = &problem.communicator;
    let all: Vec<&Buffer> = states.iter().collect();
    let state_halo = Halo::new(memory_ref, &physics, limits, &disc, &rows, communicator, &all)?;
    let flux_halo = match &fluxes {
        Some(fluxes) => Halo::new(memory_ref, &physics, limits, &disc, &rows, communicator, &[fluxes])?,
        None => None,
    };
    let largest = disc.blocks.iter().map(|b| register_bytes(b, V, precision)).max().unwrap_or(0);
    let staging = memory_ref.empty(
        "staging buffer",
        (largest as u64).min(STAGING_BYTES),
        BufferUsages::MAP_READ | BufferUsages::COPY_DST,
    )?;
    let recorder = Recorder::new(memory_ref, limits.row)?;
    let mut gpu = Gpu {
        limits,
        device: device.clone(),
        physics,
        disc,
        rows,
        recorder,
        blocks,
        pairs,
        ghosts,
        states,
        now: 0,
        fluxes,
        state_halo,
        flux_halo,
        staging,
        prepared: None,
        compiled: HashMap::new(),
        passes: HashMap::new(),
        ghost: None,
        data: None,
        memory: 0,
    };
    gpu.boundary_kernels()?;
    gpu.memory = memory.bytes;
    device.check()?;
    Ok(Box::new(gpu))
}

/// Largest piece of a register read at a time.
const STAGING_BYTES: u64 = 64 << 20;

/// A kernel of a block with its buffers, one set for each face array that can be read.
struct Bound {
    kernel: Arc<Kernel>,
    sets: Vec<BindGroup>,
    parameters: bool,
    /// Elements a workgroup.
    elements: usize,
}

/// A kernel of the boundaries.
struct Points {
    kernel: Kernel,
    sets: Vec<BindGroup>,
}

/// What a pass over the blocks does.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Pass {
    Interpolate(usize),
    Advective(Plan),
    ViscousFirst(usize),
    ViscousSecond(Plan),
}

struct Gpu {
    device: Device,
    limits: Limits,
    physics: Physics,
    disc: Arc<Discretisation>,
    rows: FaceRows,
    recorder: Recorder,
    /// By block, `None` for those without elements.
    blocks: Vec<Option<BlockArrays>>,
    pairs: Pairs,
    ghosts: Ghosts,
    /// Face states: the array `now` is read in a stage, the other one is written.
    states: Vec<Buffer>,
    now: usize,
    fluxes: Option<Buffer>,
    state_halo: Option<Halo>,
    flux_halo: Option<Halo>,
    staging: Buffer,
    /// Register whose values the face states hold.
    prepared: Option<usize>,
    /// Kernels by text: blocks, registers and stages that need the same one share it.
    compiled: HashMap<String, Arc<Kernel>>,
    /// By block.
    passes: HashMap<Pass, Arc<Vec<Option<Bound>>>>,
    ghost: Option<Points>,
    data: Option<Points>,
    memory: u64,
}

impl Gpu {
    fn boundary_kernels(&mut self) -> Result<(), BackendError> {
        if self.ghosts.count == 0 {
            return Ok(());
        }
        let ghost_base = self.rows.boundary_start / self.physics.variables;
        let (ghosts, parameters) = (&self.ghosts, &self.recorder.parameters);
        let buffer = |name: &str, array: usize| match name {
            "face_out" => &self.states[array],
            "ghost_own" => &ghosts.own,
            "ghost_normals" => &ghosts.normals,
            "ghost_kinds" => &ghosts.kinds,
            "ghost_data" => &ghosts.data,
            "ghost_points" => &ghosts.points,
            _ => parameters,
        };
        let bound = |source: Source, arrays: usize| -> Result<Points, BackendError> {
            let kernel = Kernel::new(&self.device, &source)?;
            let sets = (0..arrays)
                .map(|a| kernel.bind(&self.device, PARAMETER_BYTES, |name| buffer(name, a)))
                .collect();
            Ok(Points { kernel, sets })
        };
        let ghost =
            bound(shader::ghost(&self.physics, self.limits, ghosts.count, ghost_base), self.states.len())?;
        let data = shader::data(&self.physics, self.limits, ghosts.count).map(|s| bound(s, 1)).transpose()?;
        (self.ghost, self.data) = (Some(ghost), data);
        Ok(())
    }

    /// The kernels of a pass, compiled when first asked for.
    fn pass(&mut self, pass: &Pass) -> Result<Arc<Vec<Option<Bound>>>, BackendError> {
        if let Some(known) = self.passes.get(pass) {
            return Ok(known.clone());
        }
        let mut list = vec![];
        for index in 0..self.blocks.len() {
            list.push(match self.blocks[index].is_some() {
                true => Some(self.bound(index, pass)?),
                false => None,
            });
        }
        let list = Arc::new(list);
        self.passes.insert(pass.clone(), list.clone());
        Ok(list)
    }

    fn bound(&mut self, index: usize, pass: &Pass) -> Result<Bound, BackendError> {
        let v = self.physics.variables;
        let (face_base, ghost_base) = (self.rows.block(index).0 / v, self.rows.boundary_start / v);
        let block = &self.disc.blocks[index];
        let shader = BlockShader::new(&self.physics, block, face_base, ghost_base, self.limits)?;
        let evaluated;
        let (source, registers) = match pass {
            Pass::Interpolate(r) => (shader.interpolate(), {
                evaluated = [*r];
                &evaluated[..]
            }),
            Pass::ViscousFirst(r) => (shader.viscous_first(), {
                evaluated = [*r];
                &evaluated[..]
            }),
            Pass::Advective(plan) => (shader.advective(plan), &plan.registers[..]),
            Pass::ViscousSecond(plan) => (shader.viscous_second(plan), &plan.registers[..]),
        };
        let text = source.text();
        let kernel = match self.compiled.get(&text) {
            Some(kernel) => kernel.clone(),
            None => {
                let kernel = Arc::new(Kernel::new(&self.device, &source)?);
                self.compiled.insert(text, kernel.clone());
                kernel
            }
        };
        let elements = shader.elements();
        let Some(arrays) = &self.blocks[index] else {
            return Err(BackendError::Unsupported("a block without elements has no kernels".into()));
        };
        let in_place = matches!(pass, Pass::Interpolate(_)) || self.states.len() == 1;
        let unused = &arrays.links;
        let buffer = |name: &str, now: usize| match name {
            "range" => &arrays.ranges,
            "parameters" => &self.recorder.parameters,
            "links" => &arrays.links,
            "pairs" => &self.pairs.buffer,
            "metrics" => &arrays.metrics,
            "normals" => &arrays.normals,
            "operators" => arrays.operators.as_ref().unwrap_or(unused),
            "face_in" => &self.states[now],
            "face_out" => &self.states[if in_place { now } else { 1 - now }],
            "normal_flux" | "normal_flux_out" => self.fluxes.as_ref().unwrap_or(unused),
            "part" | "part_out" => arrays.part.as_ref().unwrap_or(unused),
            "ghost_kinds" => &self.ghosts.kinds,
            "ghost_data" => &self.ghosts.data,
            register => {
                let local: usize = register.trim_start_matches('r').parse().unwrap_or(0);
                &arrays.registers[registers[local]]
            }
        };
        let sets = (0..self.states.len())
            .map(|now| kernel.bind(&self.device, PARAMETER_BYTES, |name| buffer(name, now)))
            .collect();
        let parameters = source.bindings.iter().any(|(_, u)| *u == Use::Parameters);
        self.device.check()?;
        Ok(Bound { kernel, sets, parameters, elements })
    }

    /// Records a pass over a part of all blocks.
    fn record(&mut self, pass: &Pass, part: Part, parameters: u32) -> Result<(), BackendError> {
        let list = self.pass(pass)?;
        let dispatches = list.iter().zip(&self.disc.blocks).filter_map(|(bound, block)| {
            let bound = bound.as_ref()?;
            let mut offsets = vec![part.offset()];
            if bound.parameters {
                offsets.push(parameters);
            }
            Some(Dispatch {
                kernel: &bound.kernel,
                bindings: &bound.sets[self.now],
                offsets,
                groups: part.range(block).1.div_ceil(bound.elements),
            })
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

    /// Runs a pass over all blocks, exchanging rows meanwhile: of the face fluxes if `fluxes`, else of the face states,
    /// together with the ghost states.
    fn exchanged(&mut self, pass: &Pass, fluxes: bool, parameters: &[f64]) -> Result<(), BackendError> {
        let array = if fluxes { 0 } else { self.now };
        let halo = if fluxes { &mut self.flux_halo } else { &mut self.state_halo };
        let packed = halo.as_mut().map(|halo| halo.pack(&mut self.recorder, array));
        let mut place = self.recorder.place(parameters)?;
        if !fluxes {
            self.boundaries(place);
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
            halo.transfer(packed, buffer)?;
        }
        place = self.recorder.place(parameters)?;
        self.record(pass, Part::Rest, place)
    }
}

impl Backend for Gpu {
    fn description(&self) -> String {
        let info = &self.device.info;
        let precision = if self.physics.precision == Precision::Double { "f64" } else { "f32" };
        format!("{} ({}, {}), {precision}", info.name, info.api, info.driver)
    }

    fn write(&mut self, register: usize, block: usize, values: &[f64]) -> Result<(), BackendError> {
        // Writes overtake what is recorded and not submitted.
        self.recorder.flush();
        if self.prepared == Some(register) {
            self.prepared = None;
        }
        if let Some(arrays) = &self.blocks[block] {
            // In pieces, so that the conversion does not double the memory of the host.
            let piece = 1 << 20;
            for (i, values) in values.chunks(piece).enumerate() {
                let bytes = encode(values.iter().copied(), self.physics.precision);
                let at = i * piece * size_of(self.physics.precision);
                self.device.queue.write_buffer(&arrays.registers[register], at as u64, &bytes);
            }
        }
        self.device.check()
    }

    fn read(&mut self, register: usize, block: usize, values: &mut [f64]) -> Result<(), BackendError> {
        self.recorder.flush();
        let Some(arrays) = &self.blocks[block] else {
            return self.device.check();
        };
        let precision = self.physics.precision;
        let size = size_of(precision);
        let piece = self.staging.size() as usize / size;
        for (i, values) in values.chunks_mut(piece).enumerate() {
            let bytes = (values.len() * size) as u64;
            let place = (i * piece * size) as u64;
            // Copies take multiples of four bytes from buffers rounded up to sixteen.
            self.recorder.encoder().copy_buffer_to_buffer(
                &arrays.registers[register],
                place,
                &self.staging,
                0,
                bytes,
            );
            let done = self.recorder.submit();
            read_staging(&self.device, &self.staging, bytes, done, |bytes| decode(bytes, precision, values))?;
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
        }
        // Not prepared while unfinished, should the device fail.
        self.prepared = None;
        let plan = Plan::new(stage);
        let parameters = Plan::parameters(stage, t, dt, self.physics.precision);
        if self.physics.viscous {
            self.exchanged(&Pass::ViscousFirst(stage.eval), false, &parameters)?;
            self.exchanged(&Pass::ViscousSecond(plan), true, &parameters)?;
        } else {
            self.exchanged(&Pass::Advective(plan), false, &parameters)?;
            self.now = 1 - self.now;
        }
        self.prepared = Some(stage.next);
        self.device.check()
    }

    fn wait(&mut self) -> Result<(), BackendError> {
        let done = self.recorder.submit();
        self.device.wait(Some(done))
    }

    fn memory(&self) -> u64 {
        self.memory
    }
}
