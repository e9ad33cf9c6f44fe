//! Puts kernels together: constants, operators and physics of a block around the skeletons of `shaders/`.

use super::emit::literal;
use super::kernels::{Source, Use, fill};
use super::operators::{dense, face_functions, tensor};
use super::physics::Physics;
use super::plan::{CONTROLS_AT, Plan};
use crate::backend::discretisation::{Block, Metrics};
use crate::backend::{BackendError, Precision};
use crate::element::Operators;
use std::fmt::Write;

/// Limits of a device that shape the kernels.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory shared by a workgroup.
    pub workgroup_memory: usize,
    /// Invocations a workgroup.
    pub invocations: usize,
    /// Workgroups in a row of a dispatch; larger numbers take several rows.
    pub row: u32,
}

/// How the elements of a block are given to workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Elements a workgroup.
    pub elements: usize,
    /// Invocations a workgroup.
    pub threads: usize,
    /// Variables in workgroup memory at a time.
    pub chunk: usize,
}

/// Aims: at least about 128 invocations a workgroup, all variables in workgroup memory at once, never more than 32 KiB
/// of it (so that several workgroups share a processor of the device).
///
/// # Errors
/// Not even one variable of one element fits.
pub fn partition(
    physics: &Physics,
    operators: &Operators,
    limits: Limits,
) -> Result<Partition, BackendError> {
    let (points, flux_points) = (operators.points.nrows(), operators.flux_points.nrows());
    let size = if physics.precision == Precision::Double { 8 } else { 4 };
    let variable = (physics.dims * points + flux_points) * size;
    let memory = limits.workgroup_memory.min(32 << 10);
    let width = points.max(flux_points);
    let mut elements = (128 / width).max(1);
    while elements > 1 && elements * variable * physics.variables > memory {
        elements -= 1;
    }
    let most = physics.variables.min(memory / (elements * variable));
    if most == 0 {
        return Err(BackendError::Memory {
            device: "the device's workgroups".into(),
            what: format!("one variable of a {} of order {}", operators.shape.name(), operators.order),
            needed: variable as u64,
            limit: memory as u64,
        });
    }
    // Chunks of about the same size.
    let chunk = physics.variables.div_ceil(physics.variables.div_ceil(most));
    let threads = (elements * width).next_multiple_of(32).min(limits.invocations).min(512);
    Ok(Partition { elements, threads, chunk })
}

/// Kernels of one block.
pub struct BlockShader<'a> {
    physics: &'a Physics,
    partition: Partition,
    tensor: bool,
    /// Everything before the physics and the entry point.
    head: String,
    name: String,
}

impl<'a> BlockShader<'a> {
    /// `face_base` is the first flux point of the block in the face arrays, `ghost_base` that of the boundaries.
    ///
    /// # Errors
    /// An element too large for the device.
    pub fn new(
        physics: &'a Physics,
        block: &Block,
        face_base: usize,
        ghost_base: usize,
        limits: Limits,
    ) -> Result<BlockShader<'a>, BackendError> {
        let ops = &*block.operators;
        let partition = partition(physics, ops, limits)?;
        let Partition { elements, threads, chunk } = partition;
        let (points, flux_points) = (ops.points.nrows(), ops.flux_points.nrows());
        let (v, d) = (physics.variables, physics.dims);
        let mut head = String::new();
        for (name, value) in [
            ("V", v),
            ("D", d),
            ("P", points),
            ("F", flux_points),
            ("FACES", block.faces_per_element()),
            ("E", elements),
            ("T", threads),
            ("KP", (elements * points).div_ceil(threads)),
            ("KF", (elements * flux_points).div_ceil(threads)),
            ("VC", chunk),
            ("VI", v.min(chunk * d)),
            ("FACE_BASE", face_base),
            ("GHOST_BASE", ghost_base),
            ("KEYS", physics.keys),
            ("ROW", limits.row as usize),
        ] {
            let _ = writeln!(head, "const {name}: u32 = {value}u;");
        }
        if physics.viscous {
            for (name, value) in ["RIGHT_WEIGHT", "LEFT_WEIGHT", "PENALTY"].iter().zip(physics.ldg) {
                let value = literal(value, physics.precision, "LDG parameters")?;
                let _ = writeln!(head, "const {name}: real = {value};");
            }
        }
        head.push_str(&face_functions(&ops.face_offsets));
        head.push_str(include_str!("../../../shaders/element.wgsl"));
        head.push_str(match block.metrics {
            Metrics::Affine { .. } => include_str!("../../../shaders/affine.wgsl"),
            Metrics::Pointwise { .. } => include_str!("../../../shaders/pointwise.wgsl"),
        });
        head.push_str(&match &ops.line {
            Some(line) => tensor(ops, line, d, physics.precision)?,
            None => dense(ops, d),
        });
        let name = format!("{} of order {}", ops.shape.name(), ops.order);
        Ok(BlockShader { physics, partition, tensor: ops.line.is_some(), head, name })
    }

    /// Elements a workgroup takes.
    pub fn elements(&self) -> usize {
        self.partition.elements
    }

    fn source(&self, label: &str, bindings: Vec<(String, Use)>, parts: &[&str]) -> Source {
        // Loops over the variables of a chunk have constant bounds where chunks are whole, so that drivers unroll them.
        let v = self.physics.variables;
        let (chunk, faces) = (self.partition.chunk, v.min(self.partition.chunk * self.physics.dims));
        let bound = |name: &str, chunk: usize| match v.is_multiple_of(chunk) {
            true => format!("v < {name}"),
            false => format!("v < {name} && c + v < V"),
        };
        let bounds = [("CHUNK", &*bound("VC", chunk)), ("FACES_CHUNK", &*bound("VI", faces))];
        let mut body = self.head.clone();
        parts.iter().for_each(|p| body.push_str(&fill(p, &bounds)));
        let label = format!("{label}, {}", self.name);
        Source { label, bindings, body, precision: self.physics.precision }
    }

    fn bindings(&self, parameters: bool, more: &[(&str, Use)]) -> Vec<(String, Use)> {
        let mut list = vec![("range", Use::Range)];
        if parameters {
            list.push(("parameters", Use::Parameters));
        }
        list.extend([
            ("links", Use::Indices),
            ("pairs", Use::Indices),
            ("metrics", Use::Read),
            ("normals", Use::Read),
        ]);
        if !self.tensor {
            list.push(("operators", Use::Read));
        }
        list.extend(more);
        list.into_iter().map(|(n, u)| (n.to_string(), u)).collect()
    }

    /// The whole stage of a system without second derivatives.
    pub fn advective(&self, plan: &Plan) -> Source {
        let mut bindings = self.bindings(true, &[("face_in", Use::Read), ("face_out", Use::Write)]);
        bindings.extend(plan.bindings());
        let main = fill(
            include_str!("../../../shaders/advective.wgsl"),
            &[("EVAL", "r0"), ("UPDATE", &plan.update(true))],
        );
        let parts = [
            &self.physics.element,
            include_str!("../../../shaders/trace.wgsl"),
            include_str!("../../../shaders/divergence.wgsl"),
            include_str!("../../../shaders/faces.wgsl"),
            &main,
        ];
        self.source("stage", bindings, &parts)
    }

    /// First pass of a stage with second derivatives. Register `r0` is evaluated.
    pub fn viscous_first(&self) -> Source {
        let bindings = self.bindings(
            false,
            &[
                ("face_in", Use::Read),
                ("normal_flux_out", Use::Write),
                ("part_out", Use::Write),
                ("ghost_kinds", Use::Indices),
                ("ghost_data", Use::Read),
                ("r0", Use::Read),
            ],
        );
        let main = fill(include_str!("../../../shaders/viscous1.wgsl"), &[("EVAL", "r0")]);
        let parts = [
            &self.physics.element,
            include_str!("../../../shaders/trace.wgsl"),
            include_str!("../../../shaders/divergence.wgsl"),
            &main,
        ];
        self.source("first pass", bindings, &parts)
    }

    /// Second pass.
    pub fn viscous_second(&self, plan: &Plan) -> Source {
        let mut bindings =
            self.bindings(true, &[("normal_flux", Use::Read), ("part", Use::Read), ("face_out", Use::Write)]);
        bindings.extend(plan.bindings());
        let main = fill(include_str!("../../../shaders/viscous2.wgsl"), &[("UPDATE", &plan.update(false))]);
        let parts =
            [include_str!("../../../shaders/trace.wgsl"), include_str!("../../../shaders/faces.wgsl"), &main];
        self.source("second pass", bindings, &parts)
    }

    /// Face values of register `r0`.
    pub fn interpolate(&self) -> Source {
        let bindings = self.bindings(false, &[("face_out", Use::Write), ("r0", Use::Read)]);
        let main = fill(include_str!("../../../shaders/interpolate.wgsl"), &[("EVAL", "r0")]);
        self.source("face values", bindings, &[include_str!("../../../shaders/faces.wgsl"), &main])
    }
}

fn points_source(
    physics: &Physics,
    limits: Limits,
    label: &str,
    constants: &[(&str, usize)],
    bindings: &[(&str, Use)],
    parts: &[&str],
) -> Source {
    let mut body = String::new();
    let (v, d, keys) = (physics.variables, physics.dims, physics.keys);
    for (name, value) in
        [("V", v), ("D", d), ("KEYS", keys), ("ROW", limits.row as usize)].iter().chain(constants)
    {
        let _ = writeln!(body, "const {name}: u32 = {value}u;");
    }
    parts.iter().for_each(|p| body.push_str(p));
    let bindings = bindings.iter().map(|&(n, u)| (n.to_string(), u)).collect();
    Source { label: label.into(), bindings, body, precision: physics.precision }
}

/// Invocations a workgroup of the kernels that work point by point.
pub const POINTS: usize = 64;

/// Ghost states of `ghosts` flux points whose rows begin at `ghost_base`.
pub fn ghost(physics: &Physics, limits: Limits, ghosts: usize, ghost_base: usize) -> Source {
    points_source(
        physics,
        limits,
        "ghost states",
        &[("GHOSTS", ghosts), ("GHOST_BASE", ghost_base)],
        &[
            ("face_out", Use::Write),
            ("ghost_own", Use::Indices),
            ("ghost_normals", Use::Read),
            ("ghost_kinds", Use::Indices),
            ("ghost_data", Use::Read),
        ],
        &[&physics.ghost, include_str!("../../../shaders/ghost.wgsl")],
    )
}

/// Boundary data that depend on time, if any.
pub fn data(physics: &Physics, limits: Limits, ghosts: usize) -> Option<Source> {
    let control = match physics.controlled {
        true => format!("parameters[{CONTROLS_AT}u + kind]"),
        false => "real(0.0)".into(),
    };
    let main = fill(include_str!("../../../shaders/data.wgsl"), &[("CONTROL", &control)]);
    Some(points_source(
        physics,
        limits,
        "boundary data",
        &[("GHOSTS", ghosts), ("BOUNDARIES", physics.boundaries)],
        &[
            ("parameters", Use::Parameters),
            ("ghost_points", Use::Read),
            ("ghost_kinds", Use::Indices),
            ("ghost_data", Use::Write),
        ],
        &[physics.data.as_ref()?, &main],
    ))
}

/// Collects `points` flux points for other ranks.
pub fn pack(physics: &Physics, limits: Limits, points: usize) -> Source {
    points_source(
        physics,
        limits,
        "pack",
        &[("POINTS", points)],
        &[("face_in", Use::Read), ("send_points", Use::Indices), ("send", Use::Write)],
        &[include_str!("../../../shaders/pack.wgsl")],
    )
}
