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
//!
//! # Arrays larger than a binding
//!
//! Devices bind buffers up to some size (from 128 MiB on; often 2 or 4 GiB). Blocks whose arrays are larger are cut into
//! pieces of consecutive elements with arrays and dispatches of their own (`split.rs`), and face arrays into chunks
//! ([`chunks`]): a kernel writes the chunk of its piece and binds all of them to read. Results are the same bits. What
//! belongs to boundaries, and what goes to other ranks, must fit one binding; if it does not, more ranks are the way.
//!
//! # Halos
//!
//! Rows for other ranks are packed on the device and copied to a kept staging buffer that is mapped when the submission
//! that packed them is done, while the interior elements of the next one are computed. What is received is written to a
//! second kept staging buffer, mapped while the device does not use it, and copied to its rows before the other elements.
//!
//! # Bytes that move
//!
//! Numbers that each kernel reads and writes for an unknown (variable at a solution point). `f` is flux points a solution
//! point: `2 d / (p + 1)` for tensor shapes, 2 for tetrahedra of order 3, 1.7 for prisms of order 3. `a` is the registers
//! that the updates of a stage read and write, the evaluated one excepted. Geometry is `g = (d^2 + 1) / V` numbers at
//! every point and `n = f (d + 1) / V` at the faces where elements are curved; where they are straight it is one set
//! an element or face and next to nothing, as are links. Operators and pairings stay in caches.
//!
//! | kernel | registers | faces | geometry, curved | a stage |
//! |---|---|---|---|---|
//! | stage | `1 + a` | own and other state, own written: `3 f` | `g + n` | one |
//! | first pass | state, part written: `2` | own and other state, flux written: `3 f` | `g + n` | one, of systems with second derivatives |
//! | second pass | part `1`, `a`, state if it is updated | own and other flux, state written: `3 f` | `1 / V + n` | the same |
//! | entropy filter | `1`, and `1` more where it changes anything | entropies: `f / V` | `1 / V` where it does | one, where there is one |
//! | face values | `1` | `f` | | after writes from outside |
//! | errors of a step | `2` | | | once a step, adaptive |
//! | functions: sums over elements | `1` | with gradients own and other state: `2 f` | `1 / V`, with gradients `g` | when a monitor asks |
//! | functions: averages over time | `1`, and `4 / V` each | the same | with gradients `g` | the same |
//! | ghosts, data, pack | | surfaces only | | one |
//!
//! With rk4, `1 + a` is 3.25 on average. Of double precision and Euler hexahedra of order 4 (`f` = 1.2) that makes
//! `8 (3.25 + 3.6)` = 55 bytes an unknown. `Engine::traffic`, on which the shares of bandwidth that `solver bench` prints
//! rest, counts what any backend must move: own rows once (`2 f` in place of `3 f`, `5 f` in place of `6 f` in two passes), here
//! 46 bytes. It asks for more than the kernels do, then: 0.5 of the bandwidth by that plan is 0.6 in fact.
//!
//! On a card, with `solver devices` for its number:
//!
//! ```sh
//! solver bench -b gpu -d 0 --on 1x1 --json=card.json          # everything, f64 and f32, with the share of the card's copy
//! solver bench -b gpu -d 0 --on 1x1 -w euler-hex-p4 -p f64    # one of them (--list names them)
//! solver bench -b gpu -d 0 --on 1x1 -p f32 mesh.smesh case.ini
//! ```
//!
//! No card could be reached when this was written: there are no figures yet.

mod blocks;
mod buffers;
pub mod chunks;
mod compute;
mod device;
pub mod emit;
mod extra;
mod fragments;
mod functions;
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
use crate::parallel::agree;
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
use std::sync::Arc;
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
    let precision = problem.precision;
    let mut memory = Memory { device: device.clone(), precision, bytes: 0 };
    let memory_ref = &mut memory;
    let made = arrays::<D, V, S>(memory_ref, &problem);
    // The others would wait for a rank that failed.
    let communicator = &problem.communicator;
    let made = if communicator.size() == 1 { made? } else { agree(&**communicator, made)? };
    let Arrays { physics, rows, ghosts, pairs, chunks, pieces, states, fluxes } = made;
    let disc = Arc::clone(&problem.discretisation);
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
        functions: vec![],
        tracer: functions::tracer(problem.system, precision),
        memory: 0,
    };
    gpu.boundary_kernels()?;
    gpu.memory = memory.bytes;
    device.check()?;
    Ok(Box::new(gpu))
}

/// What a backend holds before it knows of other ranks.
struct Arrays {
    physics: Physics,
    rows: FaceRows,
    ghosts: Ghosts,
    pairs: Pairs,
    chunks: Chunks,
    pieces: Vec<PieceArrays>,
    states: Vec<FaceArray>,
    fluxes: Option<FaceArray>,
}

/// Makes them. Nothing of it is collective.
fn arrays<const D: usize, const V: usize, S: System<D, V>>(
    memory: &mut Memory,
    problem: &Problem<D, V, S>,
) -> Result<Arrays, BackendError> {
    let (device, precision) = (memory.device.clone(), problem.precision);
    device.check()?;
    if precision == Precision::Double && !device.device.features().contains(wgpu::Features::SHADER_F64) {
        return Err(BackendError::Unsupported(format!(
            "{} has no double precision; use precision = single, or run on the processor (-b cpu)",
            device.info.name
        )));
    }
    let physics = Physics::new(problem)?;
    let disc = &problem.discretisation;
    let rows = FaceRows::new(disc, V, 1);
    let ghosts = Ghosts::new(memory, disc, &rows, &problem.boundaries, physics.keys)?;
    let pairs = Pairs::new(memory, disc)?;
    // Kernels count flux points with 32 bits.
    if u32::try_from(rows.len / V).is_err() {
        return Err(BackendError::Memory {
            device: device.info.name.clone(),
            what: "the face states of a rank (use more ranks)".into(),
            needed: (rows.len * size_of(precision)) as u64,
            limit: (V * size_of(precision)) as u64 * u64::from(u32::MAX),
        });
    }
    let parts = split(memory, disc, &physics)?;
    let most = memory.limit() as usize / (V * size_of(precision));
    let chunks = Chunks::fewest(disc, &rows, &parts, most);
    let mut pieces: Vec<PieceArrays> = vec![];
    for piece in parts {
        let operators = match pieces.last() {
            Some(last) if last.piece.block == piece.block => last.operators.clone(),
            _ => operators_of(memory, &disc.blocks[piece.block])?,
        };
        let (registers, normals) = (problem.registers, &problem.normals[piece.block]);
        pieces.push(PieceArrays::new(
            memory, disc, piece, &rows, &chunks, &pairs, operators, normals, registers, &physics,
        )?);
    }
    // A viscous stage reads face states only in its first pass and writes them in its second: one array is enough.
    let arrays = if S::VISCOUS { 1 } else { 2 };
    let states: Vec<FaceArray> =
        (0..arrays).map(|_| chunks.array(memory, "face states", V)).collect::<Result<_, _>>()?;
    let fluxes = match S::VISCOUS {
        true => Some(chunks.array(memory, "face fluxes", V)?),
        false => None,
    };
    Ok(Arrays { physics, rows, ghosts, pairs, chunks, pieces, states, fluxes })
}

/// Largest part of a register read at a time.
const STAGING_BYTES: u64 = 64 << 20;
