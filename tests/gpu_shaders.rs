//! Shaders of every system, shape, kind of metric, order and precision are valid WGSL. Needs no device.
#![cfg(feature = "gpu")]

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::gpu::Source;
use solver::backend::gpu::chunks::Chunks;
use solver::backend::gpu::physics::Physics;
use solver::backend::gpu::plan::Plan;
use solver::backend::gpu::shader::{self, BlockShader, Limits};
use solver::backend::problem::{BoundaryData, Ldg};
use solver::backend::{
    ArtificialViscosity, EntropyFilter, Precision, Problem, ShockCapturing, Stage, Update,
};
use solver::element::{AntiAlias, PointSets, RuleChoice, Shape};
use solver::engine::discretise::discretise;
use solver::engine::scheme::{STEPPERS, Scheme};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::local;
use solver::physics::euler::riemann::RIEMANN_SOLVERS;
use solver::physics::expr::Expr;
use solver::physics::{System, SystemSpec, SystemVisitor, with_system};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

fn validate(source: &Source, seen: &mut HashSet<String>) {
    let text = source.text();
    if !seen.insert(text.clone()) {
        return;
    }
    assert!(!text.contains("{{"), "{}: a placeholder is left", source.label);
    let module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|e| panic!("{}: {}\n{text}", source.label, e.emit_to_string(&text)));
    let capabilities = match source.precision {
        Precision::Double => naga::valid::Capabilities::FLOAT64,
        Precision::Single => naga::valid::Capabilities::empty(),
    };
    let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities);
    if let Err(e) = validator.validate(&module) {
        panic!("{}: {}\n{text}", source.label, e.emit_to_string(&text));
    }
}

/// Validates everything a problem of one system needs on a mesh at an order.
struct Check<'a> {
    cells: Cells,
    order: usize,
    warp: f64,
    precision: Precision,
    limits: Limits,
    options: Options,
    seen: &'a mut HashSet<String>,
}

/// Sources, quadrature and what keeps shocks in check.
#[derive(Clone, Copy, Default)]
struct Options {
    source: bool,
    quadrature: bool,
    capturing: ShockCapturing,
}

impl SystemVisitor for Check<'_> {
    type Output = ();
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) {
        let mesh = BoxMesh::new(self.cells, [2; 3])
            .order(if self.warp == 0.0 { 1 } else { 2 })
            .warp(self.warp)
            .build();
        let local = local::LocalMesh::whole(&mesh);
        let mut sets = PointSets::default();
        if self.options.quadrature {
            let degree = RuleChoice::Degree(2 * self.order + 2);
            let rules: BTreeMap<_, _> = Shape::ALL.map(|s| (s, degree)).into();
            sets.anti_alias =
                AntiAlias { volume: true, surface: true, volume_rules: rules.clone(), face_rules: rules };
        }
        let (disc, normals) = discretise(&local, self.order, &sets).unwrap();
        // Every condition of the system, with data that need the device's elementary functions.
        let data = Expr::parse(
            "1.5 + 0.1*sin(x)*exp(-t)*pow(tanh(y), 2.5)",
            &["x", "y", "z", "t"],
            &Default::default(),
        );
        let boundaries = S::boundaries()
            .into_iter()
            .map(|k| BoundaryData {
                condition: k.condition,
                data: vec![data.clone().unwrap(); k.keys.len() + k.optional.len()],
            })
            .collect();
        let problem = Problem {
            system,
            boundaries,
            discretisation: Arc::new(disc),
            normals,
            ldg: Ldg { beta: 0.5, tau: 0.1 },
            registers: 3,
            source: if self.options.source { vec![data.unwrap(); V] } else { vec![] },
            capturing: self.options.capturing,
            precision: self.precision,
            communicator: serial(),
        };
        let physics = Physics::new(&problem).unwrap();
        // Face arrays in one buffer, or in several.
        let starts = if self.limits.row == 2 { vec![0, 300, 1000] } else { vec![0] };
        let chunks = Chunks::new(starts, 1100, 1000);
        validate(&shader::ghost(&physics, self.limits, &chunks, 100), self.seen);
        validate(&shader::data(&physics, self.limits, 100).unwrap(), self.seen);
        validate(&shader::pack(&physics, self.limits, &chunks, 100), self.seen);
        let mut stages = vec![Stage::right_hand_side(1, 2)];
        let forms = |scheme: Scheme| [scheme.estimating(), Some(scheme)].into_iter().flatten();
        stages.extend(STEPPERS.iter().flat_map(|s| forms((s.value)())).flat_map(|scheme| scheme.stages));
        // Both registers written are read by the other update.
        let swap = |into, from| Update { into, terms: vec![(from, 1.0), (2, 0.5)], k: 0.1 };
        stages.push(Stage { eval: 0, c: 0.0, updates: vec![swap(0, 1), swap(1, 0)], next: 1 });
        // Schemes have many stages that differ in numbers only.
        let plans: HashSet<Plan> = stages.iter().map(Plan::new).collect();
        for block in &problem.discretisation.blocks {
            validate(
                &shader::step_error(&physics, self.limits, block.points_per_element(), block.len()),
                self.seen,
            );
            let shader = BlockShader::new(&physics, block, block.len(), &chunks, self.limits).unwrap();
            validate(&shader.interpolate(), self.seen);
            if let (Some(bounds), Some(filter)) = (shader.bounds(), shader.filter()) {
                validate(&bounds, self.seen);
                validate(&filter, self.seen);
            }
            if S::VISCOUS {
                validate(&shader.viscous_first(), self.seen);
            }
            for plan in &plans {
                validate(
                    &if S::VISCOUS { shader.viscous_second(plan) } else { shader.advective(plan) },
                    self.seen,
                );
            }
        }
    }
}

#[test]
fn generated_shaders_are_valid() {
    let usual = Limits { workgroup_memory: 32 << 10, invocations: 1024, row: 32768 };
    let small = Limits { workgroup_memory: 16 << 10, invocations: 128, row: 2 };
    let mut seen = HashSet::new();
    for cells in SHAPES {
        for (name, _) in systems(dims(cells)) {
            for precision in [Precision::Single, Precision::Double] {
                for (order, warp, limits) in
                    [(0, 0.0, usual), (1, 0.05, usual), (3, 0.0, usual), (3, 0.05, small), (6, 0.0, usual)]
                {
                    for riemann in RIEMANN_SOLVERS.iter().take(if name == "euler" { 9 } else { 1 }) {
                        let mut spec = SystemSpec { dims: dims(cells), ..system(name) };
                        spec.riemann = riemann.name.into();
                        let (options, seen) = (Options::default(), &mut seen);
                        with_system(&spec, Check { cells, order, warp, precision, limits, options, seen })
                            .unwrap();
                    }
                }
            }
        }
    }
    assert!(seen.len() > 300, "{}", seen.len());
}

#[test]
fn shaders_with_sources_quadrature_and_shock_capturing_are_valid() {
    let usual = Limits { workgroup_memory: 32 << 10, invocations: 1024, row: 32768 };
    let small = Limits { workgroup_memory: 16 << 10, invocations: 128, row: 2 };
    let viscosity =
        ShockCapturing::ArtificialViscosity(ArtificialViscosity { max: 0.1, s0: 0.01, kappa: 1.0 });
    let filter =
        |linearised| ShockCapturing::EntropyFilter(EntropyFilter { linearised, ..EntropyFilter::default() });
    let all = [
        Options { source: true, ..Options::default() },
        Options { quadrature: true, ..Options::default() },
        Options { capturing: filter(false), ..Options::default() },
        Options { capturing: filter(true), ..Options::default() },
        Options { capturing: viscosity, ..Options::default() },
        Options { source: true, quadrature: true, capturing: filter(false) },
        Options { source: true, quadrature: true, capturing: viscosity },
    ];
    let mut seen = HashSet::new();
    for cells in SHAPES {
        for (name, _) in systems(dims(cells)) {
            for (i, &options) in all.iter().enumerate() {
                for (order, warp, limits) in [(1, 0.05, usual), (3, 0.0, small)] {
                    let precision = if i % 2 == 0 { Precision::Double } else { Precision::Single };
                    let spec = SystemSpec { dims: dims(cells), ..system(name) };
                    let seen = &mut seen;
                    with_system(&spec, Check { cells, order, warp, precision, limits, options, seen })
                        .unwrap();
                }
            }
        }
    }
}
