//! Puts kernels together: constants, operators and physics of a block around the skeletons of `shaders/`.

use super::chunks::Chunks;
use super::emit::{elementary, literal};
use super::extra::Extra;
use super::fragments::*;
use super::functions::Traced;
use super::kernels::{Source, Use, fill};
use super::operators::{dense, face_functions, tensor};
use super::partition::{Partition, partition, tile_per_variable};
use super::physics::Physics;
use super::plan::{CONTROLS_AT, Plan};
use crate::backend::discretisation::{Block, Metrics};
use crate::backend::filter::{ROUNDS, excess};
use crate::backend::{BackendError, Gather};
use std::fmt::Write;

const LOAD: &str = include_str!("../../../shaders/load.wgsl");
const FILL_TILE: &str = include_str!("../../../shaders/fill_tile.wgsl");
const FACES: &str = include_str!("../../../shaders/faces.wgsl");
const GRADIENT: &str = include_str!("../../../shaders/gradient.wgsl");

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

/// Kernels of one block.
pub struct BlockShader<'a> {
    physics: &'a Physics,
    partition: Partition,
    tensor: bool,
    /// Whether fluxes are evaluated at quadrature points.
    rule: bool,
    chunks: &'a Chunks,
    /// Everything before the physics and the entry point.
    head: String,
    name: String,
}

impl<'a> BlockShader<'a> {
    /// `capacity` is the number of elements of the block's largest piece.
    ///
    /// # Errors
    /// An element too large for the device.
    pub fn new(
        physics: &'a Physics,
        block: &Block,
        capacity: usize,
        chunks: &'a Chunks,
        limits: Limits,
    ) -> Result<BlockShader<'a>, BackendError> {
        let ops = &*block.operators;
        let partition = partition(physics, ops, limits)?;
        let Partition { elements, threads, chunk } = partition;
        let (points, flux_points) = (ops.points.nrows(), ops.flux_points.nrows());
        let (v, d) = (physics.variables, physics.dims);
        let extra = Extra::new(physics, block, capacity, None);
        // The filter puts one number a solution and flux point there.
        let filter = if physics.filter.is_some() { points + flux_points } else { 0 };
        let tile = elements * (chunk * tile_per_variable(physics, points, extra.rule_points)).max(filter);
        let mut head = String::new();
        for (name, value) in [
            ("TILE", tile),
            ("Q", extra.rule_points),
            ("KQ", (elements * extra.rule_points).div_ceil(threads)),
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
            ("GHOST_BASE", chunks.ghost_base),
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
        head.push_str(&extra.constants);
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
        let rule = ops.quadrature.is_some();
        if rule {
            head.push_str(match block.metrics {
                Metrics::Affine { .. } => {
                    "fn rule_smats(element: u32, q: u32) -> array<real, D * D> { return smats(element, 0u); }\n"
                }
                Metrics::Pointwise { .. } => include_str!("../../../shaders/rule_pointwise.wgsl"),
            });
        }
        let name = format!("{} of order {}", ops.shape.name(), ops.order);
        Ok(BlockShader { physics, partition, tensor: ops.line.is_some(), rule, chunks, head, name })
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

    /// Bindings of a kernel that reads the face arrays `read` of any element, and uses `more`.
    fn bindings(&self, parameters: bool, read: &[&str], more: &[(&str, Use)]) -> Vec<(String, Use)> {
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
        if self.physics.has_extra() || self.rule {
            list.push(("extra", Use::Read));
        }
        list.extend(more);
        let mut list: Vec<_> = list.into_iter().map(|(n, u)| (n.to_string(), u)).collect();
        read.iter().for_each(|name| list.extend(self.chunks.bindings(name, Use::Read)));
        list
    }

    /// The whole stage of a system without second derivatives.
    pub fn advective(&self, plan: &Plan) -> Source {
        let mut bindings = self.bindings(true, &["face_in"], &[("face_out", Use::Write)]);
        bindings.extend(plan.bindings());
        let source = if self.physics.source.is_some() { SOURCE } else { "" };
        let main = fill(
            include_str!("../../../shaders/advective.wgsl"),
            &[
                ("FLUX", if self.rule { RULE_FLUX } else { POINT_FLUX }),
                ("SOURCE", source),
                ("UPDATE", &plan.update(true)),
            ],
        );
        let parts = [
            &*self.physics.elementary,
            &self.physics.element,
            self.rule_functions(),
            self.physics.source.as_deref().unwrap_or_default(),
            &self.gather("face_in"),
            LOAD,
            include_str!("../../../shaders/trace.wgsl"),
            include_str!("../../../shaders/divergence.wgsl"),
            FILL_TILE,
            FACES,
            &main,
        ];
        self.source("stage", bindings, &parts)
    }

    /// First pass of a stage with second derivatives. Register `r0` is evaluated.
    pub fn viscous_first(&self) -> Source {
        let bindings = self.bindings(
            false,
            &["face_in"],
            &[
                ("normal_flux_out", Use::Write),
                ("part_out", Use::Write),
                ("ghost_kinds", Use::Indices),
                ("ghost_data", Use::Read),
                ("r0", Use::Read),
            ],
        );
        let artificial = self.physics.artificial.is_some();
        let (point_flux, rule_flux) = match (self.rule, artificial) {
            (false, false) => (VISCOUS_POINT_FLUX, String::new()),
            (false, true) => (DIFFUSED_POINT_FLUX, String::new()),
            (true, false) => ("", fill(VISCOUS_RULE_FLUX, &[("DIFFUSE", "")])),
            (true, true) => {
                let diffuse = "fluxes[k] = diffused(fluxes[k], slopes[k], s, viscosity_of[item / Q]);";
                ("", fill(VISCOUS_RULE_FLUX, &[("DIFFUSE", diffuse)]))
            }
        };
        let normal =
            if artificial { "g = diffused_normal(g, gradient, normal, viscosity_of[e]);" } else { "" };
        let main = fill(
            include_str!("../../../shaders/viscous1.wgsl"),
            &[
                ("POINT_FLUX", point_flux),
                ("RULE_FLUX", &rule_flux),
                ("VISCOSITY", if artificial { "    find_viscosity(group, lid, &u);" } else { "" }),
                ("NORMAL_DIFFUSION", normal),
            ],
        );
        let parts = [
            &*self.physics.elementary,
            &self.physics.element,
            self.rule_functions(),
            self.physics.artificial.as_deref().unwrap_or_default(),
            &self.gather("face_in"),
            LOAD,
            if self.rule { FILL_TILE } else { "" },
            include_str!("../../../shaders/trace.wgsl"),
            include_str!("../../../shaders/divergence.wgsl"),
            GRADIENT,
            &main,
        ];
        self.source("first pass", bindings, &parts)
    }

    /// Second pass.
    pub fn viscous_second(&self, plan: &Plan) -> Source {
        let mut bindings =
            self.bindings(true, &["normal_flux"], &[("part", Use::Read), ("face_out", Use::Write)]);
        bindings.extend(plan.bindings());
        let source = self.physics.source.as_deref();
        let main = fill(
            include_str!("../../../shaders/viscous2.wgsl"),
            &[("SOURCE", if source.is_some() { LATER_SOURCE } else { "" }), ("UPDATE", &plan.update(false))],
        );
        let parts = [
            if source.is_some() { &*self.physics.elementary } else { "" },
            source.unwrap_or_default(),
            &self.gather("normal_flux"),
            include_str!("../../../shaders/trace.wgsl"),
            FILL_TILE,
            FACES,
            &main,
        ];
        self.source("second pass", bindings, &parts)
    }

    /// Sums of functions of register `r0` over elements, or (`averages`) a look at them for averages over time, see
    /// [`super::functions`].
    pub(super) fn functions(&self, known: &Traced, averages: bool) -> Source {
        let mut more = match averages {
            true => vec![("averages", Use::Write)],
            false => vec![("weights", Use::Read), ("sums", Use::Write)],
        };
        more.push(("r0", Use::Read));
        if known.gradients {
            more.extend([("ghost_kinds", Use::Indices), ("ghost_data", Use::Read)]);
        }
        let read: &[&str] = if known.gradients { &["face_in"] } else { &[] };
        let bindings = self.bindings(true, read, &more);
        let weight = match known.gather {
            Gather::Largest => "real(1.0)",
            _ => "weights[item % P] / inverse_jacobian(group.first + item / P, item % P)",
        };
        let joined = match known.gather {
            Gather::Largest => "select(sum, term, term > sum || term != term)",
            _ => "sum + term",
        };
        let call = match known.gradients {
            true => "functions(u[k], gradient[k], parameters[0])",
            false => "functions(u[k], parameters[0])",
        };
        let main = fill(
            match averages {
                true => include_str!("../../../shaders/average.wgsl"),
                false => include_str!("../../../shaders/functions.wgsl"),
            },
            &[
                ("JOINED", joined),
                ("WEIGHT", weight),
                ("GRADIENTS", if known.gradients { GRADIENTS } else { "" }),
                ("CALL", call),
            ],
        );
        let library = match (known.elementary, known.gradients) {
            (true, _) => elementary(self.physics.precision),
            (false, true) => &self.physics.elementary,
            (false, false) => "",
        };
        let count = format!("const FUNCTIONS: u32 = {}u;\n", known.count);
        let gather = if known.gradients { self.gather("face_in") } else { String::new() };
        let with = |text: &'static str| if known.gradients { text } else { "" };
        let parts = [
            library,
            if known.gradients { &*self.physics.element } else { "" },
            &known.text,
            &count,
            &gather,
            LOAD,
            with(include_str!("../../../shaders/trace.wgsl")),
            with(GRADIENT),
            &main,
        ];
        self.source(if averages { "averages" } else { "sums of functions" }, bindings, &parts)
    }

    /// What both sides of a flux point have in face array `name`.
    fn gather(&self, name: &str) -> String {
        self.chunks.reader("row", name, "V") + include_str!("../../../shaders/gather.wgsl")
    }

    fn rule_functions(&self) -> &'static str {
        if self.rule { include_str!("../../../shaders/quadrature.wgsl") } else { "" }
    }

    /// Bounds of the entropies of elements, [`POINTS`] a workgroup; `None` without a filter.
    pub fn bounds(&self) -> Option<Source> {
        let bindings = self.bindings(false, &["face_in", "entropies"], &[("bounds", Use::Write)]);
        let (functions, _) = self.physics.filter.as_ref()?;
        let rows = self.chunks.reader("row", "face_in", "V");
        let entropies = self.chunks.reader("entropy", "entropies", "1");
        let parts = [functions, &*rows, &entropies, include_str!("../../../shaders/entropy.wgsl")];
        Some(self.source("bounds of entropies", bindings, &parts))
    }

    /// The entropy filter on register `r0`; `None` without.
    pub fn filter(&self) -> Option<Source> {
        let bindings = self.bindings(
            false,
            &[],
            &[
                ("face_out", Use::Write),
                ("entropies_out", Use::Write),
                ("bounds", Use::Read),
                ("r0", Use::Write),
            ],
        );
        let (functions, settings) = self.physics.filter.as_ref()?;
        let excess: Vec<String> =
            (0..ROUNDS).map(|round| format!("real({:?})", excess(settings.f_tol, round))).collect();
        let scale = if settings.linearised { "" } else { include_str!("../../../shaders/filter_modes.wgsl") };
        let main = fill(
            include_str!("../../../shaders/filter.wgsl"),
            &[("EXCESS", &excess.join(", ")), ("SCALE", scale)],
        );
        let parts = [&**functions, LOAD, FILL_TILE, FACES, &main];
        Some(self.source("entropy filter", bindings, &parts))
    }

    /// Face values of register `r0`.
    pub fn interpolate(&self) -> Source {
        let bindings = self.bindings(false, &[], &[("face_out", Use::Write), ("r0", Use::Read)]);
        let parts = [LOAD, FILL_TILE, FACES, include_str!("../../../shaders/interpolate.wgsl")];
        self.source("face values", bindings, &parts)
    }
}

fn points_source(
    physics: &Physics,
    limits: Limits,
    label: &str,
    constants: &[(&str, usize)],
    faces: Vec<(String, Use)>,
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
    let bindings = bindings.iter().map(|&(n, u)| (n.to_string(), u)).chain(faces).collect();
    Source { label: label.into(), bindings, body, precision: physics.precision }
}

/// Invocations a workgroup of the kernels that work point by point.
pub const POINTS: usize = 64;

/// Ghost states of `ghosts` flux points.
pub fn ghost(physics: &Physics, limits: Limits, chunks: &Chunks, ghosts: usize) -> Source {
    let (chunk, start) = chunks.find(chunks.ghost_base);
    let main =
        fill(include_str!("../../../shaders/ghost.wgsl"), &[("GHOSTS", &chunks.name("face_out", chunk))]);
    points_source(
        physics,
        limits,
        "ghost states",
        &[("GHOSTS", ghosts), ("GHOST_START", start)],
        // A buffer that is written to can't be bound again to be read.
        chunks.bindings("face_out", Use::Write),
        &[
            ("ghost_own", Use::Indices),
            ("ghost_normals", Use::Read),
            ("ghost_kinds", Use::Indices),
            ("ghost_data", Use::Read),
        ],
        &[&physics.ghost, &chunks.reader("row", "face_out", "V"), &main],
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
        vec![],
        &[
            ("parameters", Use::Parameters),
            ("ghost_points", Use::Read),
            ("ghost_kinds", Use::Indices),
            ("ghost_data", Use::Write),
        ],
        &[physics.data.as_ref()?, &main],
    ))
}

/// Sizes of the errors of a step, two numbers an element of a piece with `elements` elements of `points` points.
pub fn step_error(physics: &Physics, limits: Limits, points: usize, elements: usize) -> Source {
    points_source(
        physics,
        limits,
        "errors of a step",
        &[("P", points), ("ELEMENTS", elements), ("T", POINTS)],
        vec![],
        &[
            ("parameters", Use::Parameters),
            ("errors", Use::Read),
            ("values", Use::Read),
            ("sizes", Use::Write),
        ],
        &[include_str!("../../../shaders/step_error.wgsl")],
    )
}

/// Collects `points` flux points for other ranks.
pub fn pack(physics: &Physics, limits: Limits, chunks: &Chunks, points: usize) -> Source {
    points_source(
        physics,
        limits,
        "pack",
        &[("POINTS", points)],
        chunks.bindings("face_in", Use::Read),
        &[("send_points", Use::Indices), ("send", Use::Write)],
        &[&chunks.reader("row", "face_in", "V"), include_str!("../../../shaders/pack.wgsl")],
    )
}
