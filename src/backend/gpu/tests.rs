//! Traced functions and elementary functions, evaluated on a device; see also `tests/gpu`.

use super::buffers::{Memory, decode, read_staging, size_of};
use super::emit::{Functions, elementary};
use super::kernels::{Kernel, Source, Use};
use super::recorder::{Dispatch, Recorder};
use super::trace::{Graph, Symbol, trace};
use super::*;
use crate::backend::Stage;
use crate::backend::discretisation::Discretisation;
use crate::physics::Real;
use crate::physics::euler::Euler;
use crate::physics::euler::riemann::RiemannSolver;
use crate::physics::every::{Examine, PointFunction, show_all};
use crate::physics::real::{Function, Function2};
use std::sync::Arc;

const PRECISIONS: [Precision; 2] = [Precision::Double, Precision::Single];

fn skip() -> bool {
    std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1")
}

/// A kernel that evaluates a graph of one array `x` of `inputs` numbers at many points.
fn evaluator(graph: &Graph, inputs: usize, points: usize) -> Source {
    let mut functions = Functions::default();
    let name = functions.add("f", graph).unwrap();
    let outputs = graph.outputs.len();
    let library = if functions.elementary { elementary(graph.precision) } else { "" };
    let body = format!(
        "{library}{}
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
            if id.x >= {points}u {{ return; }}
            var x: array<real, {inputs}>;
            for (var i = 0u; i < {inputs}u; i++) {{ x[i] = values[id.x * {inputs}u + i]; }}
            var y = {name}(x);
            for (var i = 0u; i < {outputs}u; i++) {{ results[id.x * {outputs}u + i] = y[i]; }}
        }}",
        functions.text
    );
    let bindings = vec![("values".into(), Use::Read), ("results".into(), Use::Write)];
    Source { label: "evaluator".into(), bindings, body, precision: graph.precision }
}

/// Values of `graph` at `points` (each `inputs` numbers) on the best device.
fn on_device(device: &Device, graph: &Graph, inputs: usize, points: &[f64]) -> Vec<f64> {
    let precision = graph.precision;
    let mut memory = Memory { device: device.clone(), precision, bytes: 0 };
    let count = points.len() / inputs;
    let n = count * graph.outputs.len();
    let values = memory.values("values", points.iter().copied()).unwrap();
    let results = memory.numbers("results", n).unwrap();
    let staging =
        memory.empty("staging", results.size(), BufferUsages::MAP_READ | BufferUsages::COPY_DST).unwrap();
    let kernel = Kernel::new(device, &evaluator(graph, inputs, count)).unwrap();
    let bindings = kernel.bind(device, 0, |name| if name == "values" { &values } else { &results });
    let mut recorder = Recorder::new(&mut memory, 32768).unwrap();
    let dispatch =
        Dispatch { kernel: &kernel, bindings: &bindings, offsets: vec![], groups: count.div_ceil(64) };
    recorder.run([dispatch]);
    recorder.encoder().copy_buffer_to_buffer(&results, 0, &staging, 0, results.size());
    let done = recorder.submit();
    let mut out = vec![0.0; n];
    let bytes = (n * size_of(precision)) as u64;
    read_staging(device, &staging, bytes, done, |bytes| decode(bytes, precision, &mut out)).unwrap();
    device.check().unwrap();
    out
}

/// Pseudorandom numbers in 0..1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// Largest error of `f` over points made by `point`, each number relative to `scale` or itself if that is larger.
fn error(
    device: &Device,
    precision: Precision,
    inputs: usize,
    point: &mut dyn FnMut(&mut Random) -> Vec<f64>,
    f: &dyn Fn(&mut super::trace::Inputs) -> Vec<Symbol>,
    exact: &dyn Fn(&[f64]) -> Vec<f64>,
    scale: f64,
) -> (f64, Vec<f64>) {
    let mut random = Random(1);
    let mut points = vec![];
    for _ in 0..2000 {
        let mut p = point(&mut random);
        if precision == Precision::Single {
            p.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        points.extend(p);
    }
    let graph = trace(precision, |i| f(i));
    let results = on_device(device, &graph, inputs, &points);
    let mut worst = (0.0, vec![]);
    for (x, y) in points.chunks_exact(inputs).zip(results.chunks_exact(graph.outputs.len())) {
        for (mut exact, y) in exact(x).into_iter().zip(y) {
            if precision == Precision::Single {
                exact = f64::from(exact as f32);
            }
            let error = if exact == *y || (exact.is_nan() && y.is_nan()) {
                0.0
            } else {
                let e = (exact - y).abs() / exact.abs().max(scale);
                if e.is_nan() { f64::INFINITY } else { e }
            };
            if error > worst.0 {
                worst = (error, [x, &[*y, exact]].concat());
            }
        }
    }
    worst
}

#[test]
fn elementary_functions_are_those_of_the_standard_library() {
    if skip() {
        return;
    }
    let device = Device::open(None, 0).unwrap();
    // Exponents of ten from the first to the second number, of either sign if the third says so.
    let ranges: &[(Function, f64, f64, bool)] = &[
        (Function::Sin, -8.0, 5.0, true),
        (Function::Cos, -8.0, 5.0, true),
        (Function::Tan, -8.0, 5.0, true),
        (Function::Sin, 5.0, 11.9, true),
        (Function::Cos, 5.0, 11.9, true),
        (Function::Asin, -8.0, 0.0, true),
        (Function::Acos, -8.0, 0.0, true),
        (Function::Atan, -20.0, 20.0, true),
        (Function::Exp, -8.0, 2.845, true),
        (Function::Exp, 2.845, 3.5, true),
        (Function::Log, -300.0, 300.0, false),
        (Function::Log, -0.01, 0.01, false),
        (Function::Tanh, -20.0, 3.0, true),
    ];
    for &(function, low, high, signs) in ranges {
        let mut point = |r: &mut Random| {
            let sign = if signs && r.next() < 0.5 { -1.0 } else { 1.0 };
            vec![sign * 10f64.powf(r.between(low, high))]
        };
        let f = |i: &mut super::trace::Inputs| vec![i.array::<1>("x")[0].function(function)];
        let exact = |x: &[f64]| vec![Real::function(x[0], function)];
        // Results below the normal range may be flushed to zero.
        // Nor is a sine of a large angle close to a multiple of pi relatively exact.
        let (scale, limit) = if low == 5.0 { (1.0, 2e-14) } else { (1e-300, 2e-15) };
        let (e, at) = error(&device, Precision::Double, 1, &mut point, &f, &exact, scale);
        assert!(e < limit, "{function:?} from 1e{low} to 1e{high}: {e:e} at {at:?}");
        if low >= -20.0 && high <= 3.0 {
            let (e, at) = error(&device, Precision::Single, 1, &mut point, &f, &exact, 1.0);
            assert!(e < 2e-5, "{function:?} from 1e{low} to 1e{high}, f32: {e:e} at {at:?}");
        }
    }
    let two = |function: Function2, point: &mut dyn FnMut(&mut Random) -> Vec<f64>, precision, scale| {
        let f = |i: &mut super::trace::Inputs| {
            let x = i.array::<2>("x");
            vec![x[0].function2(function, x[1])]
        };
        error(&device, precision, 2, point, &f, &|x| vec![Real::function2(x[0], function, x[1])], scale)
    };
    type Points = Box<dyn FnMut(&mut Random) -> Vec<f64>>;
    let mut cases: Vec<(Function2, Points)> = vec![
        (Function2::Pow, Box::new(|r| vec![10f64.powf(r.between(-30.0, 30.0)), r.between(-10.0, 10.0)])),
        (Function2::Pow, Box::new(|r| vec![10f64.powf(r.between(-0.1, 0.1)), r.between(-3000.0, 3000.0)])),
        (Function2::Pow, Box::new(|r| vec![-r.between(0.0, 4.0), r.between(-9.0, 9.0).round()])),
        (Function2::Pow, Box::new(|r| vec![r.between(-4.0, 0.0), r.between(-9.0, 9.0)])),
        (Function2::Atan2, Box::new(|r| vec![r.between(-1.0, 1.0), r.between(-1.0, 1.0)])),
        (Function2::Modulo, Box::new(|r| vec![r.between(-99.0, 99.0), r.between(-2.0, 2.0)])),
        (Function2::Modulo, Box::new(|r| vec![r.between(-9.0, 9.0).round(), r.between(1.0, 4.0).round()])),
    ];
    for (i, (function, point)) in cases.iter_mut().enumerate() {
        let (e, at) = two(*function, point, Precision::Double, if i == 5 { 1.0 } else { 1e-300 });
        // Exponents in the thousands cost a digit.
        let limit = if i == 1 { 4e-15 } else { 2e-15 };
        assert!(e < limit, "{function:?} {i}: {e:e} at {at:?}");
        if i > 1 {
            let (e, at) = two(
                *function,
                point,
                Precision::Single,
                if *function == Function2::Pow { 1e-30 } else { 1.0 },
            );
            assert!(e < 5e-5, "{function:?} {i}, f32: {e:e} at {at:?}");
        }
    }
    for (x, y) in
        [(0.0, 2.0), (0.0, -1.0), (0.0, 0.0), (2.0, 0.0), (1.0, 1e9), (-1.0, 3.0), (f64::INFINITY, 0.5)]
    {
        let mut point = |_: &mut Random| vec![x, y];
        assert_eq!(two(Function2::Pow, &mut point, Precision::Double, 1e-300).0, 0.0, "pow({x}, {y})");
    }
}

fn tolerance(precision: Precision) -> f64 {
    if precision == Precision::Double { 1e-13 } else { 1e-5 }
}

/// Compares what a function's graph gives on a device with what the function gives.
struct TracedAndScalar(Device);

impl Examine for TracedAndScalar {
    fn examine<F: PointFunction>(
        &mut self,
        name: &str,
        arguments: &dyn Fn(&mut dyn FnMut() -> f64) -> Vec<f64>,
        function: F,
    ) {
        let inputs = arguments(&mut || 0.3).len();
        for precision in PRECISIONS {
            let mut point = |r: &mut Random| arguments(&mut || r.next());
            let traced = |i: &mut super::trace::Inputs| function.eval(&i.list("x", inputs));
            let (e, at) = error(&self.0, precision, inputs, &mut point, &traced, &|x| function.eval(x), 10.0);
            assert!(e < tolerance(precision), "{name} {precision:?}: {e:e} at {at:?}");
        }
    }
}

#[test]
fn traced_physics_equals_scalar_physics() {
    if skip() {
        return;
    }
    show_all(&mut TracedAndScalar(Device::open(None, 0).unwrap()));
}

#[test]
fn choices_are_those_of_scalar_code() {
    if skip() {
        return;
    }
    let device = Device::open(None, 0).unwrap();
    fn f<R: Real>(x: &[R]) -> Vec<R> {
        let mask = (x[0].lt(x[1]) & x[1].le(x[0] + x[0])) | !x[0].le(x[1]);
        vec![x[0].min(x[1]), x[0].max(x[1]), R::select(mask, x[0], x[1])]
    }
    let mut i = 0;
    let values = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let mut point = |_: &mut Random| {
        i += 1;
        vec![values[i % 7], values[i / 7 % 7]]
    };
    for precision in PRECISIONS {
        let (e, at) = error(&device, precision, 2, &mut point, &|i| f(&i.list("x", 2)), &|x| f(x), 1.0);
        assert_eq!(e, 0.0, "{precision:?} at {at:?}");
    }
}

/// A rank without anything on it.
fn empty_problem(precision: Precision) -> Problem<2, 4, Euler> {
    let system = Euler::ideal(1.4, RiemannSolver::Rusanov);
    let discretisation = Discretisation {
        dims: 2,
        order: 1,
        blocks: vec![],
        pairings: vec![],
        boundary_faces: vec![],
        halo_points: vec![],
        messages: vec![],
    };
    Problem {
        system,
        boundaries: vec![],
        discretisation: Arc::new(discretisation),
        normals: vec![],
        ldg: crate::backend::problem::Ldg { beta: 0.5, tau: 0.1 },
        registers: 2,
        source: vec![],
        capturing: Default::default(),
        precision,
        communicator: Arc::new(crate::parallel::serial::Serial),
    }
}

#[test]
fn a_problem_without_elements_runs() {
    if skip() {
        return;
    }
    let device = Device::open(None, 0).unwrap();
    let mut backend = create(empty_problem(Precision::Double), &device).unwrap();
    backend.stage(&Stage::right_hand_side(0, 1), 0.0, 1.0).unwrap();
    backend.wait().unwrap();
}

#[test]
fn double_precision_is_refused_where_there_is_none() {
    if skip() {
        return;
    }
    let device = Device::without_double();
    create(empty_problem(Precision::Single), &device).unwrap();
    let error = create(empty_problem(Precision::Double), &device).err().unwrap();
    assert!(matches!(&error, BackendError::Unsupported(m) if m.contains("precision = single")), "{error}");
}

#[test]
fn failures_of_the_device_are_errors() {
    if skip() {
        return;
    }
    let memory = |device: &Device| Memory { device: device.clone(), precision: Precision::Double, bytes: 0 };
    let device = Device::open(None, 0).unwrap();
    let error = memory(&device).numbers("a register", 1 << 40).err().unwrap();
    assert!(matches!(&error, BackendError::Memory { what, .. } if what == "a register"), "{error}");

    let body = "@compute @workgroup_size(1) fn main() { no such thing }".into();
    let source = Source { label: "wrong".into(), bindings: vec![], body, precision: Precision::Double };
    assert!(matches!(Kernel::new(&device, &source).err(), Some(BackendError::Device(_))));

    let device = Device::open(None, 0).unwrap();
    let mut backend = create(empty_problem(Precision::Double), &device).unwrap();
    device.device.destroy();
    let _ = backend.wait();
    assert!(matches!(backend.wait(), Err(BackendError::Device(_))));
    assert!(create(empty_problem(Precision::Double), &device).is_err());
}
