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
pub mod chunks;
mod device;
pub mod emit;
mod extra;
mod fragments;
mod halo;
mod kernels;
mod operators;
mod partition;
pub mod physics;
pub mod plan;
mod recorder;
pub mod shader;
mod split;
mod state;
mod step_error;
#[cfg(test)]
mod tests;
pub mod trace;

pub use device::{Device, DeviceInfo, devices};
pub use kernels::{Source, Use};
pub use shader::Limits;

use super::rows::FaceRows;
use super::{Backend, BackendError, Precision, Problem};
use crate::physics::System;
use blocks::{Ghosts, Pairs, PieceArrays, operators_of};
use buffers::{Memory, size_of};
use chunks::{Chunks, FaceArray};
use halo::Halo;
use kernels::ROW;
use physics::Physics;
use recorder::Recorder;
use split::split;
use state::Gpu;
use std::collections::HashMap;
use step_error::StepErrors;
use wgpu::{Buffer, BufferUsages};

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
    // Kernels count flux points with 32 bits.
    if u32::try_from(rows.len / V).is_err() {
        return Err(BackendError::Memory {
            device: device.info.name.clone(),
            what: "the face states of a rank (use more ranks)".into(),
            needed: (rows.len * size_of(precision)) as u64,
            limit: (V * size_of(precision)) as u64 * u64::from(u32::MAX),
        });
    }
    let parts = split(memory_ref, &disc, &physics)?;
    let most = memory_ref.limit() as usize / (V * size_of(precision));
    let chunks = Chunks::fewest(&disc, &rows, &parts, most);
    let mut pieces: Vec<PieceArrays> = vec![];
    for piece in parts {
        let operators = match pieces.last() {
            Some(last) if last.piece.block == piece.block => last.operators.clone(),
            _ => operators_of(memory_ref, &disc.blocks[piece.block])?,
        };
        let registers = problem.registers;
        pieces.push(PieceArrays::new(
            memory_ref, &disc, piece, &rows, &chunks, &pairs, operators, registers, &physics,
        )?);
    }
    // A viscous stage reads face states only in its first pass and writes them in its second: one array is enough.
    let arrays = if S::VISCOUS { 1 } else { 2 };
    let states: Vec<FaceArray> =
        (0..arrays).map(|_| chunks.array(memory_ref, "face states", V)).collect::<Result<_, _>>()?;
    let fluxes = match S::VISCOUS {
        true => Some(chunks.array(memory_ref, "face fluxes", V)?),
        false => None,
    };
    let communicator = &problem.communicator;
    let halo = |memory: &mut Memory, physics: &Physics, rows: &FaceRows, arrays: &[FaceArray]| {
        Halo::new(memory, physics, limits, &disc, rows, &chunks, communicator, arrays)
    };
    let state_halo = halo(memory_ref, &physics, &rows, &states)?;
    let flux_halo = match &fluxes {
        Some(fluxes) => halo(memory_ref, &physics, &rows, std::slice::from_ref(fluxes))?,
        None => None,
    };
    let entropies = match physics.filter {
        Some(_) => {
            let rows = FaceRows::new(&disc, 1, 1);
            let values = chunks.array(memory_ref, "entropies", 1)?;
            let scalar = Physics { variables: 1, ..physics.clone() };
            let halo = halo(memory_ref, &scalar, &rows, std::slice::from_ref(&values))?;
            Some((values, halo))
        }
        None => None,
    };
    let largest = pieces.iter().map(|p| p.registers.first().map_or(0, Buffer::size)).max().unwrap_or(0);
    let staging = memory_ref.empty(
        "staging buffer",
        largest.min(STAGING_BYTES),
        BufferUsages::MAP_READ | BufferUsages::COPY_DST,
    )?;
    let recorder = Recorder::new(memory_ref, limits.row)?;
    let mut gpu = Gpu {
        limits,
        device: device.clone(),
        physics,
        disc,
        recorder,
        pieces,
        chunks,
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
        entropies,
        controls: vec![[0.0; 2]; problem.boundaries.len()],
        step_errors: StepErrors::default(),
        memory: 0,
    };
    gpu.boundary_kernels()?;
    gpu.memory = memory.bytes;
    device.check()?;
    Ok(Box::new(gpu))
}

/// Largest part of a register read at a time.
const STAGING_BYTES: u64 = 64 << 20;
