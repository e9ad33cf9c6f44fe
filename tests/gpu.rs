//! The GPU backend computes what the reference backend defines, on whatever device there is (a software driver will do).
//! `SOLVER_SKIP_GPU=1` skips these tests on machines without any.
#![cfg(feature = "gpu")]

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::gpu::{self, Device, Limits};
use solver::backend::problem::{BoundaryData, Ldg};
use solver::backend::reference::Reference;
use solver::backend::{
    ArtificialViscosity, Backend, BackendError, EntropyFilter, ErrorNorm, Precision, Problem, ShockCapturing,
    Stage, Tolerance, Update,
};
use solver::element::{AntiAlias, PointSets, RuleChoice, Shape};
use solver::engine::discretise::discretise;
use solver::engine::placing::place_points;
use solver::engine::{BackendChoice, Engine, Settings};
use solver::mesh::generate::{BoxMesh, Cells, SIDES};
use solver::mesh::{Mesh, local, partition};
use solver::parallel::{Communicator, threads};
use solver::physics::expr::Expr;
use solver::physics::{
    Boundary, BoundaryKind, BoundaryPoint, OutputField, Real, System, SystemSpec, SystemVisitor, with_system,
};
use std::collections::BTreeMap;
use std::sync::Arc;

fn skip() -> bool {
    std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1")
}

/// The device to test: number or name, the best one by default.
fn device() -> BackendChoice {
    BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok())
}

#[test]
fn a_kernel_of_ones_own_computes_and_a_mistake_in_it_leaves_the_device_usable() {
    if skip() {
        return;
    }
    let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0).unwrap();
    let arrays = "@group(0) @binding(0) var<storage, read> input: array<u32>;\n\
        @group(0) @binding(1) var<storage, read_write> output: array<u32>;\n";
    let kernel = |body: &str| {
        format!(
            "{arrays}@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3<u32>) {{ {body} }}"
        )
    };
    let good = kernel("output[id.x] = input[id.x] * 2u + arrayLength(&output);");
    let works = || assert_eq!(device.compute(&good, &[1, 2, 3], 3, 3).unwrap(), [5, 7, 9]);
    works();
    // What is not written is zero, and beyond the arrays there is nothing to read or to write.
    let beyond = device.compute(&kernel("output[id.x + 1u] = input[0];"), &[7], 3, 50_000).unwrap();
    assert_eq!(beyond[0], 0);
    assert!(device.compute(&good, &[], 0, 1).unwrap().is_empty());
    assert_eq!(device.compute(&good, &[], 2, 0).unwrap(), [0, 0]);
    let mistakes = [
        kernel("output[id.x] = 1.5;"),
        "fn main(".into(),
        good.replace("fn main", "fn other"),
        good.replace("@binding(1)", "@binding(2)"),
        good.replace("read_write> output: array<u32>", "read_write> output: array<mat4x4<f32>>"),
        good.clone(),
    ];
    for (i, wgsl) in mistakes.iter().enumerate() {
        let workgroups = if *wgsl == good { u32::MAX } else { 1 };
        let error = device.compute(wgsl, &[1], 1, workgroups).unwrap_err();
        assert!(matches!(error, BackendError::Unsupported(_)), "{i}: {error}");
        works();
    }
}

fn right_hand_side(settings: &Settings, mesh: &Mesh) -> BTreeMap<u32, Vec<f64>> {
    let mut engine = engine(settings, mesh, &serial());
    let values = engine.right_hand_side(0.3).unwrap();
    by_element(&engine, &values)
}

fn compare(mesh: &Mesh, system: &str, order: usize, condition: &str) {
    compare_with(mesh, system, order, &[condition]);
}

/// The sides of the box take the conditions in turn.
fn compare_with(mesh: &Mesh, system: &str, order: usize, conditions: &[&str]) {
    let with = |backend: BackendChoice| {
        let mut settings = settings(system, mesh.dims, order, conditions[0], backend.clone());
        for (side, condition) in SIDES.iter().zip(conditions.iter().cycle()) {
            let other = problems::settings(system, mesh.dims, order, condition, backend.clone());
            settings.boundaries.insert((*side).into(), other.boundaries[*side].clone());
        }
        settings
    };
    let reference = right_hand_side(&with(BackendChoice::Reference), mesh);
    let gpu = with(device());
    let blocks = mesh.blocks.len();
    let what = format!("{system} {conditions:?} p{order} on {} elements of {blocks} blocks", mesh.len());
    let double = difference(&right_hand_side(&gpu, mesh), &reference);
    assert!(double < 2e-12, "{what}: {double:e}");
    let single = difference(&right_hand_side(&single(gpu), mesh), &reference);
    assert!(single < 2e-3, "{what}, f32: {single:e}");
}

#[test]
fn the_gpu_computes_what_the_reference_defines() {
    if skip() {
        return;
    }
    for cells in SHAPES {
        for (system, conditions) in systems(dims(cells)) {
            // Compiling the larger kernels is what takes time.
            let few = cells == Cells::Mixed || system == "navier-stokes";
            for &order in if few { &[2][..] } else { &[0, 1, 4] } {
                compare(&unit_box(cells, 2, true, 0.0), system, order, conditions[0]);
            }
            compare(&unit_box(cells, 2, true, 0.05), system, 3, conditions[0]);
        }
    }
}

#[test]
fn boundaries_are_those_of_the_reference() {
    if skip() {
        return;
    }
    for (cells, warp, order) in [(Cells::TriQuad, 0.05, 2), (Cells::Hex, 0.0, 1)] {
        let mesh = unit_box(cells, 2, false, warp);
        for (system, conditions) in systems(mesh.dims) {
            // A condition a side, so that few kernels serve all.
            for few in conditions.chunks(2 * mesh.dims) {
                compare_with(&mesh, system, order, few);
            }
        }
    }
}

#[test]
fn high_orders_fit_the_device() {
    if skip() {
        return;
    }
    compare(&unit_box(Cells::Quad, 2, true, 0.05), "euler", 8, "sup-in-fa");
    compare(&unit_box(Cells::Hex, 1, true, 0.0), "advection-diffusion", 8, "fixed-value");
    compare(&unit_box(Cells::Hex, 1, true, 0.0), "euler", 8, "sup-in-fa");
}

#[test]
fn curved_elements_are_those_of_the_reference() {
    if skip() {
        return;
    }
    for cells in [Cells::Quad, Cells::Tet] {
        let mesh = BoxMesh::new(cells, [2; 3]).order(2).warp(0.05).shuffle(3).build();
        compare(&mesh, "euler", 2, "char-riem-inv");
        compare(&mesh, "advection-diffusion", 2, "fixed-value");
    }
}

fn steps(mut engine: Engine, steps: usize) -> BTreeMap<u32, Vec<f64>> {
    for n in 0..steps {
        engine.step(0.001 * n as f64, 0.001).unwrap();
    }
    let solution = engine.solution().unwrap();
    by_element(&engine, &solution)
}

#[test]
fn steps_equal_those_of_the_reference() {
    if skip() {
        return;
    }
    for scheme in ["rk4", "tvd-rk3", "rk45", "ssp-rk-4-10"] {
        for (system, conditions) in systems(2) {
            let mesh = unit_box(Cells::TriQuad, 2, false, 0.03);
            let run = |backend, n| {
                let mut settings = settings(system, 2, 2, conditions[0], backend);
                settings.scheme = scheme.into();
                steps(engine(&settings, &mesh, &serial()), n)
            };
            let error = difference(&run(device(), 40), &run(BackendChoice::Reference, 40));
            assert!(error < 1e-12, "{system} {scheme}: {error:e}");
        }
    }
}

#[test]
fn ranks_equal_serial() {
    if skip() {
        return;
    }
    let software =
        Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0).unwrap().info.kind == "software";
    for cells in [Cells::TriQuad, Cells::Hex] {
        for (system, conditions) in systems(dims(cells)) {
            let mesh = unit_box(cells, 2, false, 0.03);
            let settings = settings(system, mesh.dims, 2, conditions[0], device());
            let serial = steps(engine(&settings, &mesh, &serial()), 3);
            for ranks in [2, 4] {
                let parts = threads::run(ranks, |comm| steps(engine(&settings, &mesh, &comm), 3));
                let all: BTreeMap<_, _> = parts.into_iter().flatten().collect();
                // Cards may contract products and sums differently from kernel to kernel.
                let limit = if software { 0.0 } else { 1e-13 };
                let error = difference(&all, &serial);
                assert!(error <= limit, "{ranks} ranks {cells:?} {system}: {error:e}");
            }
        }
    }
}

#[test]
fn an_unknown_device_is_refused_with_the_names_there_are() {
    if skip() {
        return;
    }
    let error = Device::open(Some("no such card"), 0).err().unwrap().to_string();
    assert!(error.contains("there is no device 'no such card'"), "{error}");
    assert!(error.contains(&gpu::devices()[0].name), "{error}");
}

/// A system's first boundary condition with constant data, on rank `comm.rank()` of `mesh` divided as `part_of` says.
struct Make<'a, F> {
    mesh: &'a Mesh,
    part_of: Vec<u32>,
    order: usize,
    precision: Precision,
    comm: Arc<dyn Communicator>,
    sets: PointSets,
    make: F,
}

/// What to make of a problem.
trait MakeBackend {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError>;
}

struct OnReference;
impl MakeBackend for OnReference {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        Ok(Box::new(Reference::new(problem)))
    }
}

struct OnGpu(Option<Limits>);
impl MakeBackend for OnGpu {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0)?;
        match self.0 {
            Some(limits) => gpu::create_within(problem, &device, limits),
            None => gpu::create(problem, &device),
        }
    }
}

impl<F: MakeBackend> SystemVisitor for Make<'_, F> {
    /// The backend, and by block: elements, variables, points.
    type Output = Result<(Box<dyn Backend>, Vec<[usize; 3]>), BackendError>;
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Self::Output {
        let part = local::cut(self.mesh, &self.part_of, self.comm.rank());
        let (mut disc, normals) = discretise(&part, self.order, &self.sets).unwrap();
        place_points(&part, &mut disc);
        let disc = Arc::new(disc);
        let sizes = disc.blocks.iter().map(|b| [b.len(), V, b.points_per_element()]).collect();
        let kind = S::boundaries().remove(0);
        let data =
            BoundaryData { condition: kind.condition, data: vec![Expr::constant(1.0); kind.keys.len()] };
        let problem = Problem {
            system,
            boundaries: vec![data; part.boundaries.len()],
            discretisation: disc,
            normals,
            ldg: Ldg { beta: 0.3, tau: 0.2 },
            registers: 4,
            source: vec![],
            capturing: Default::default(),
            precision: self.precision,
            communicator: self.comm,
        };
        Ok((self.make.make(problem)?, sizes))
    }
}

/// Registers after `stages`, started from smooth but different values, block by block.
fn run<F: MakeBackend>(system_name: &str, make: Make<F>, stages: &[Stage]) -> Vec<f64> {
    let spec = SystemSpec { dims: make.mesh.dims, ..system(system_name) };
    registers(with_system(&spec, make).unwrap().unwrap(), stages)
}

fn registers((mut backend, sizes): (Box<dyn Backend>, Vec<[usize; 3]>), stages: &[Stage]) -> Vec<f64> {
    advance(&mut *backend, &sizes, stages, 0.01)
}

fn advance(backend: &mut dyn Backend, sizes: &[[usize; 3]], stages: &[Stage], dt: f64) -> Vec<f64> {
    let mut out = vec![];
    for register in 0..4 {
        for (b, &[elements, variables, points]) in sizes.iter().enumerate() {
            // A sane gas: the last variable, its energy, is large.
            let value = |i: usize| {
                let base = if i / points % variables + 1 == variables { 9.0 } else { 1.0 };
                base + 0.01 * ((i * 7 + register) % 11) as f64
            };
            let values: Vec<f64> = (0..elements * variables * points).map(value).collect();
            backend.write(register, b, 0, &values).unwrap();
        }
    }
    for stage in stages {
        backend.stage(stage, 0.1, dt).unwrap();
    }
    backend.wait().unwrap();
    for register in 0..4 {
        for (b, n) in sizes.iter().enumerate() {
            let mut values = vec![0.0; n.iter().product()];
            backend.read(register, b, 0, &mut values).unwrap();
            out.extend(values);
        }
    }
    out
}

fn update(into: usize, terms: &[(usize, f64)], k: f64) -> Update {
    Update { into, terms: terms.to_vec(), k }
}

/// Stages no scheme has: swapped registers, a register evaluated that was not announced, one announced but not written.
fn strange_stages() -> Vec<Stage> {
    vec![
        Stage {
            eval: 0,
            c: 0.3,
            updates: vec![
                update(0, &[(1, 0.9), (0, 0.1)], 0.1),
                update(1, &[(0, 1.0)], 0.0),
                update(3, &[], 1.0),
            ],
            next: 2,
        },
        Stage { eval: 2, c: 0.0, updates: vec![update(2, &[(2, 1.0)], 0.2)], next: 1 },
        Stage { eval: 0, c: 1.0, updates: vec![update(1, &[(1, 0.5), (2, 0.5)], -0.1)], next: 1 },
        Stage { eval: 1, c: 1.0, updates: vec![update(0, &[(1, 1.0)], 0.3)], next: 0 },
    ]
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}, value {i}: {a} instead of {b}");
    }
}

#[test]
fn small_devices_and_strange_stages_change_nothing() {
    if skip() {
        return;
    }
    for (cells, name) in
        [(Cells::Hex, "euler"), (Cells::TriQuad, "euler"), (Cells::TriQuad, "advection-diffusion")]
    {
        let mesh = unit_box(cells, 2, false, 0.02);
        let (part_of, order, precision) = (vec![0; mesh.len()], 2, Precision::Double);
        let reference = Make {
            mesh: &mesh,
            part_of: part_of.clone(),
            order,
            precision,
            comm: serial(),
            sets: PointSets::default(),
            make: OnReference,
        };
        let expected = run(name, reference, &strange_stages());
        // Few invocations, several rows of workgroups, and room for two or three variables at a time.
        let small = Limits { workgroup_memory: 2500, invocations: 16, row: 2 };
        for limits in [None, Some(small)] {
            let make = OnGpu(limits);
            let made = Make {
                mesh: &mesh,
                part_of: part_of.clone(),
                order,
                precision,
                comm: serial(),
                sets: PointSets::default(),
                make,
            };
            let found = run(name, made, &strange_stages());
            assert_close(&found, &expected, 1e-11, &format!("{name} {cells:?} {limits:?}"));
        }
    }
}

/// A device that binds no more than so many bytes, and what the problem has besides fluxes.
#[derive(Clone, Copy)]
struct Divided {
    binding: u64,
    source: bool,
    capturing: ShockCapturing,
}

impl MakeBackend for Divided {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        mut problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        let disc = &problem.discretisation;
        let values = disc.blocks.iter().map(|b| b.len() * b.points_per_element() * V * size_of::<f64>());
        let large = values.max().unwrap() as u64 > self.binding;
        assert!(large || self.binding == u64::MAX, "nothing is divided");
        if self.source {
            problem.source = vec![parse("0.1*sin(x + 2*y)*cos(t)"); V];
        }
        problem.capturing = self.capturing;
        let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0)?;
        // Whether it is the buffer that is limited or the binding, arrays are divided.
        let buffer = if self.source { self.binding } else { u64::MAX };
        gpu::create(problem, &device.with_limits(self.binding, buffer))
    }
}

#[test]
fn arrays_larger_than_a_binding_are_divided_and_nothing_changes() {
    if skip() {
        return;
    }
    let none = ShockCapturing::None;
    let filter = ShockCapturing::EntropyFilter(EntropyFilter::default());
    let viscosity =
        ShockCapturing::ArtificialViscosity(ArtificialViscosity { max: 0.1, s0: 0.01, kappa: 1.0 });
    for (cells, n, name, source, capturing, rule) in [
        (Cells::Hex, 7, "euler", false, none, false),
        (Cells::TriQuad, 32, "euler", true, filter, true),
        (Cells::TriQuad, 32, "navier-stokes", true, viscosity, false),
        (Cells::Hex, 7, "navier-stokes", false, none, false),
    ] {
        let mesh = unit_box(cells, n, false, 0.3 / n as f64);
        let visit = |ranks: usize, binding: u64| -> Vec<Vec<f64>> {
            let part_of = partition::partition(&mesh, ranks, None).unwrap().part_of;
            threads::run(ranks, |comm| {
                let mut sets = PointSets::default();
                if rule {
                    let degree = RuleChoice::Degree(6);
                    let rules: BTreeMap<_, _> = Shape::ALL.map(|s| (s, degree)).into();
                    let (volume, surface) = (true, true);
                    let (volume_rules, face_rules) = (rules.clone(), rules);
                    sets.anti_alias = AntiAlias { volume, surface, volume_rules, face_rules };
                }
                let make = Divided { binding, source, capturing };
                let (part_of, communicator) = (part_of.clone(), comm.clone());
                let made =
                    Make { mesh: &mesh, part_of, order: 2, precision: Precision::Double, comm, sets, make };
                let spec = SystemSpec { dims: mesh.dims, ..system(name) };
                let (mut backend, sizes) = with_system(&spec, made).unwrap().unwrap();
                let absolute = vec![1e-3; sizes[0][1]];
                let mut out = advance(&mut *backend, &sizes, &strange_stages(), 1e-4);
                let error = backend.step_error(1, 0, &Tolerance { absolute, relative: 1e-3 }).unwrap();
                out.push(error.norm(ErrorNorm::L2, 1, &*communicator));
                out
            })
        };
        for ranks in if cells == Cells::Hex { 1..3 } else { 1..2 } {
            let whole = visit(ranks, u64::MAX);
            assert!(whole.iter().flatten().all(|x| x.is_finite()), "{name} {cells:?}");
            assert!(whole == visit(ranks, 140_000), "{name} {cells:?} on {ranks} ranks");
        }
    }
}

#[test]
fn a_rank_without_elements_takes_part() {
    if skip() {
        return;
    }
    for name in ["euler", "diffusion"] {
        let mesh = unit_box(Cells::Quad, 2, true, 0.0);
        let results = threads::run(2, |comm| {
            let part_of = vec![1; mesh.len()];
            let precision = Precision::Double;
            let make = Make {
                mesh: &mesh,
                part_of,
                order: 1,
                precision,
                comm,
                sets: PointSets::default(),
                make: OnGpu(None),
            };
            run(name, make, &strange_stages())
        });
        let make = Make {
            mesh: &mesh,
            part_of: vec![0; mesh.len()],
            order: 1,
            precision: Precision::Double,
            comm: serial(),
            sets: PointSets::default(),
            make: OnReference,
        };
        assert!(results[0].is_empty());
        assert_close(&results[1], &run(name, make, &strange_stages()), 1e-11, name);
    }
}

#[test]
fn what_does_not_fit_is_said() {
    if skip() {
        return;
    }
    let mesh = unit_box(Cells::Hex, 1, true, 0.0);
    let make = Make {
        mesh: &mesh,
        part_of: vec![0],
        order: 6,
        precision: Precision::Double,
        comm: serial(),
        sets: PointSets::default(),
        make: OnGpu(Some(Limits { workgroup_memory: 4096, invocations: 64, row: 2 })),
    };
    let spec = SystemSpec { dims: 3, ..system("euler") };
    let error =
        with_system(&spec, make).unwrap().and_then(|(mut b, _)| b.stage(&strange_stages()[0], 0.0, 0.1));
    assert!(
        matches!(&error, Err(BackendError::Memory { what, .. }) if what.contains("hex of order 6")),
        "{error:?}"
    );
}

/// Three variables with coupled, nonlinear second derivatives: what Navier-Stokes asks of the kernels, in a few lines.
#[derive(Clone, Copy, Debug)]
struct Coupled;

impl<const D: usize> System<D, 3> for Coupled {
    const VISCOUS: bool = true;
    type Boundary = Coupled;

    fn conserved(&self) -> [&'static str; 3] {
        ["a", "b", "c"]
    }
    fn primitive(&self) -> [&'static str; 3] {
        ["a", "b", "c"]
    }
    fn fields(&self) -> Vec<OutputField> {
        vec![]
    }
    fn boundaries() -> Vec<BoundaryKind<Coupled>> {
        vec![BoundaryKind::new("wall", Coupled, &["a", "b"], "")]
    }
    fn to_conserved<R: Real>(&self, primitive: &[R; 3]) -> [R; 3] {
        *primitive
    }
    fn to_primitive<R: Real>(&self, u: &[R; 3]) -> [R; 3] {
        *u
    }
    fn flux<R: Real>(&self, u: &[R; 3], n: &[R; D]) -> [R; 3] {
        std::array::from_fn(|v| u[v] * u[(v + 1) % 3] * (n[0] + n[D - 1]))
    }
    fn common_flux<R: Real>(&self, left: &[R; 3], right: &[R; 3], n: &[R; D]) -> [R; 3] {
        let (l, r) = (System::<D, 3>::flux(self, left, n), System::<D, 3>::flux(self, right, n));
        std::array::from_fn(|v| R::from_f64(0.5) * (l[v] + r[v]) + R::from_f64(0.7) * (left[v] - right[v]))
    }
    fn viscous_flux<R: Real>(&self, u: &[R; 3], grad: &[[R; 3]; D], n: &[R; D]) -> [R; 3] {
        std::array::from_fn(|v| {
            let mut flux = R::from_f64(-0.02) * u[v] * grad[0][(v + 1) % 3] * n[D - 1];
            for d in 0..D {
                flux = flux - R::from_f64(0.01 * (v + 1) as f64) * grad[d][v] * n[d];
            }
            flux
        })
    }
}

impl<const D: usize> Boundary<D, 3, Coupled> for Coupled {
    fn ghost<R: Real>(&self, _: &Coupled, u: &[R; 3], at: &BoundaryPoint<R, D>) -> [R; 3] {
        [at.data[0], at.data[1] * at.normal[0], u[2]]
    }
}

#[test]
fn coupled_second_derivatives_are_those_of_the_reference() {
    if skip() {
        return;
    }
    let small = Limits { workgroup_memory: 5000, invocations: 64, row: 32768 };
    for (cells, order) in [(Cells::TriQuad, 2), (Cells::Hex, 1), (Cells::Tet, 1)] {
        let mesh = unit_box(cells, 2, false, if cells == Cells::Hex { 0.0 } else { 0.03 });
        for limits in [None, Some(small)] {
            fn make<F: MakeBackend>(mesh: &Mesh, order: usize, make: F) -> Make<'_, F> {
                let part_of = vec![0; mesh.len()];
                Make {
                    mesh,
                    part_of,
                    order,
                    precision: Precision::Double,
                    comm: serial(),
                    sets: PointSets::default(),
                    make,
                }
            }
            fn visit<F: MakeBackend>(make: Make<F>) -> (Box<dyn Backend>, Vec<[usize; 3]>) {
                match make.mesh.dims {
                    2 => make.visit::<2, 3, _>(Coupled).unwrap(),
                    _ => make.visit::<3, 3, _>(Coupled).unwrap(),
                }
            }
            let expected = registers(visit(make(&mesh, order, OnReference)), &strange_stages());
            let found = registers(visit(make(&mesh, order, OnGpu(limits))), &strange_stages());
            assert_close(&found, &expected, 1e-11, &format!("{cells:?} {limits:?}"));
        }
    }
}

#[test]
fn functions_are_summed_and_averaged_as_on_the_host() {
    if skip() {
        return;
    }
    // Compiling the kernels is what takes time.
    for (cells, system) in
        [(Cells::TriQuad, "navier-stokes"), (Cells::Tet, "advection-diffusion"), (Cells::Quad, "euler")]
    {
        let list = systems(dims(cells));
        let (_, conditions) = list.iter().find(|(name, _)| *name == system).unwrap();
        let mesh = unit_box(cells, 2, false, 0.05);
        compare_sums(&mesh, system, 2, conditions[0], device());
        compare_averages(&mesh, system, 2, conditions[0], device());
    }
}

#[test]
fn ranks_leave_no_trace_in_sums_of_functions() {
    if skip() {
        return;
    }
    let mesh = unit_box(Cells::TriQuad, 3, true, 0.05);
    let settings = settings("navier-stokes", 2, 2, "", device());
    let sums = |ranks: usize| {
        threads::run(ranks, |comm| {
            let mut engine = engine(&settings, &mesh, &comm);
            engine.step(0.0, 1e-4).unwrap();
            [false, true].map(|gradients| function_sums(&mut engine, gradients))
        })
    };
    let one = sums(1).remove(0);
    assert!(sums(3).into_iter().all(|sums| sums == one));
}
