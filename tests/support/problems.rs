//! Small problems that many tests share: meshes of every shape, systems with exact solutions, engines.
#![allow(dead_code)] // each test uses a part

use solver::backend::Precision;
use solver::engine::{BackendChoice, BoundarySpec, Engine, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells, SIDES};
use solver::mesh::{local, partition};
use solver::parallel::Communicator;
use solver::physics::expr::Expr;
use solver::physics::{SYSTEMS, System, SystemSpec, SystemVisitor, with_system};
use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Arc;

/// Every kind of cell.
pub const CELLS: [Cells; 15] = Cells::ALL;

/// One kind of cell for each shape, and the two mixtures of all.
pub const SHAPES: [Cells; 9] = [
    Cells::Line,
    Cells::Tri,
    Cells::Quad,
    Cells::TriQuad,
    Cells::Tet,
    Cells::Hex,
    Cells::Prism,
    Cells::Pyramid,
    Cells::Mixed,
];

pub fn dims(cells: Cells) -> usize {
    cells.dims()
}

/// A unit box, periodic or with walls on all sides, warped or not, elements shuffled and turned.
pub fn unit_box(cells: Cells, n: usize, periodic: bool, warp: f64) -> Mesh {
    BoxMesh::new(cells, [n; 3]).periodic([periodic; 3]).warp(warp).shuffle(7).build()
}

/// Viscosity and diffusivity of the scalars; density and speed of sound of the acoustic medium.
const NU: f64 = 0.02;
const RHO: f64 = 1.2;
const SOUND: f64 = 1.5;

pub fn system(name: &str) -> SystemSpec {
    let constants = [
        ("gamma", 1.4),
        ("mu", 0.02),
        ("Pr", 0.72),
        ("nu", NU),
        ("ax", 1.0),
        ("ay", 0.7),
        ("az", -0.4),
        ("g", 2.0),
        ("rho0", RHO),
        ("c0", SOUND),
    ];
    let constants = constants.map(|(k, v)| (k.to_string(), v)).into();
    SystemSpec { constants, ..SystemSpec::new(name) }
}

/// Every equation system of so many dimensions with the names of its boundary conditions, from the tables.
pub fn systems(dims: usize) -> Vec<(&'static str, Vec<&'static str>)> {
    struct Conditions;
    impl SystemVisitor for Conditions {
        type Output = Vec<&'static str>;
        fn visit<const D: usize, const V: usize, S: System<D, V>>(self, _: S) -> Vec<&'static str> {
            S::boundaries().into_iter().map(|k| k.name).collect()
        }
    }
    let conditions = |name| {
        let spec = SystemSpec { dims, ..system(name) };
        with_system(&spec, Conditions).ok().map(|conditions| (name, conditions))
    };
    SYSTEMS.iter().filter_map(|s| conditions(s.name)).collect()
}

/// Whether the system is defined in so many dimensions.
pub fn exists(name: &str, dims: usize) -> bool {
    systems(dims).iter().any(|(system, _)| *system == name)
}

/// Direction of the waves below, which all have one wavelength along each axis: across the diagonal of the cube that the
/// tetrahedra of a box share, along which they resolve least.
const DIRECTION: [f64; 3] = [1.0, 1.0, -1.0];

/// Celerities of the simple wave of shallow water are found in so many steps.
const ITERATIONS: usize = 10;

fn phase(dims: usize, x: [f64; 3]) -> f64 {
    (0..dims).map(|d| DIRECTION[d] * x[d]).sum()
}

/// Exact solution of each test system on the periodic unit box, as primitive variables at `x` and time `t`.
pub fn exact(name: &str, dims: usize, x: [f64; 3], t: f64, out: &mut [f64]) {
    let k = 2.0 * PI;
    match name {
        // Density wave carried by a uniform flow; with viscosity only the initial state.
        "euler" | "navier-stokes" => {
            let velocity = [1.0, 0.7, -0.4];
            let phase: f64 = (0..dims).map(|d| DIRECTION[d] * (x[d] - velocity[d] * t)).sum();
            out[0] = 1.0 + 0.2 * (k * phase).sin();
            out[1..=dims].copy_from_slice(&velocity[..dims]);
            out[dims + 1] = 1.0;
        }
        "burgers" => {
            // Hopf and Cole: phi = 5 + cos(k s) exp(-nu N k^2 t), carried by a mean of 1.
            let (sum, square) = (DIRECTION[..dims].iter().sum::<f64>(), dims as f64);
            let phase = k * (phase(dims, x) - sum * t);
            let fade = (-NU * square * k * k * t).exp();
            out[0] = 1.0 + 2.0 * NU * square * k / sum * phase.sin() * fade / (5.0 + phase.cos() * fade);
        }
        "shallow-water" => {
            // A simple wave: each celerity c travels with 3 c - 2, where the velocity is 2 c - 2; g = 2.
            let length = (dims as f64).sqrt();
            let mut c = 1.4;
            for _ in 0..ITERATIONS {
                c = 1.4 + 0.03 * (k * (phase(dims, x) - length * (3.0 * c - 2.0) * t)).sin();
            }
            out[0] = 0.5 * c * c;
            (0..dims).for_each(|d| out[1 + d] = (2.0 * c - 2.0) * DIRECTION[d] / length);
        }
        "acoustics" => {
            let length = (dims as f64).sqrt();
            out[0] = (k * (phase(dims, x) - SOUND * length * t)).sin();
            (0..dims).for_each(|d| out[1 + d] = out[0] / (RHO * SOUND) * DIRECTION[d] / length);
        }
        _ => {
            let velocity = if name == "diffusion" { [0.0; 3] } else { [1.0, 0.7, -0.4] };
            let phase: f64 = (0..dims).map(|d| DIRECTION[d] * (x[d] - velocity[d] * t)).sum();
            out[0] = (k * phase).sin() * (-0.02 * k * k * dims as f64 * t).exp();
        }
    }
}

/// An expression of x, y, z and t.
pub fn parse(text: &str) -> Expr {
    Expr::parse(text, &["x", "y", "z", "t"], &BTreeMap::new()).unwrap()
}

/// The exact solution as an expression, for boundary data.
pub fn exact_expressions(name: &str, dims: usize) -> BTreeMap<String, Expr> {
    let velocity = if name == "diffusion" { [0.0; 3] } else { [1.0, 0.7, -0.4] };
    let wave = |d: usize| format!(" + ({})*({} - ({})*t)", DIRECTION[d], ["x", "y", "z"][d], velocity[d]);
    let phase = (0..dims).fold("0".to_string(), |text, d| text + &wave(d));
    match name {
        "euler" | "navier-stokes" => [
            ("rho", format!("1 + 0.2*sin(2*pi*({phase}))")),
            ("u", "1".into()),
            ("v", "0.7".into()),
            ("w", "-0.4".into()),
            ("p", "1".into()),
            ("cpTw", "3.1 + 0.1*sin(x + t)".into()),
            ("pt", "1.6".into()),
            ("cpTt", "4.5".into()),
            ("theta", "20".into()),
            ("phi", "75".into()),
        ]
        .into_iter()
        .map(|(k, text)| (k.to_string(), parse(&text)))
        .collect(),
        "burgers" | "shallow-water" | "acoustics" => waves(name, dims),
        _ => {
            let decay = 0.02 * 4.0 * PI * PI * dims as f64;
            [("u".to_string(), parse(&format!("sin(2*pi*({phase}))*exp(-{decay}*t)")))].into()
        }
    }
}

/// The exact solutions of the other systems, as in [`exact`].
fn waves(name: &str, dims: usize) -> BTreeMap<String, Expr> {
    let (mut at, length) = ("0".to_string(), (dims as f64).sqrt());
    for d in 0..dims {
        at += &format!(" + ({})*{}", DIRECTION[d], ["x", "y", "z"][d]);
    }
    // Along the direction of the wave.
    let velocity = |speed: String| {
        (0..dims).map(move |d| (["u", "v", "w"][d], format!("({speed})*({})/{length}", DIRECTION[d])))
    };
    let mut data = vec![];
    match name {
        "burgers" => {
            let sum = DIRECTION[..dims].iter().sum::<f64>();
            let (angle, fade) =
                (format!("2*pi*({at} - {sum}*t)"), format!("exp(-{}*4*pi*pi*t)", NU * dims as f64));
            let factor = 2.0 * NU * dims as f64 / sum;
            data.push(("u", format!("1 + {factor}*2*pi*sin({angle})*{fade}/(5 + cos({angle})*{fade})")));
        }
        "shallow-water" => {
            let c = (0..ITERATIONS).fold("1.4".to_string(), |c, _| {
                format!("1.4 + 0.03*sin(2*pi*({at} - {length}*(3*({c}) - 2)*t))")
            });
            data.push(("h", format!("0.5*pow({c}, 2)")));
            data.extend(velocity(format!("2*({c}) - 2")));
        }
        _ => {
            let p = format!("sin(2*pi*({at} - {}*t))", SOUND * length);
            data.extend(velocity(format!("{p}/{}", RHO * SOUND)));
            data.push(("p", p));
        }
    }
    data.into_iter().map(|(key, text)| (key.to_string(), parse(&text))).collect()
}

/// The exact outward flux `(a u - nu grad u) . n` of the scalar systems through each side of the box.
pub fn exact_fluxes(name: &str, dims: usize) -> Vec<(&'static str, Expr)> {
    let velocity = if name == "diffusion" { [0.0; 3] } else { [1.0, 0.7, -0.4] };
    let mut phase = String::new();
    for (d, axis) in ["x", "y", "z"].iter().enumerate().take(dims) {
        phase += &format!(" + ({})*({axis} - ({})*t)", DIRECTION[d], velocity[d]);
    }
    let (decay, slope) = (0.02 * 4.0 * PI * PI * dims as f64, 0.02 * 2.0 * PI);
    (0..2 * dims)
        .map(|side| {
            let outward = if side % 2 == 0 { -1.0 } else { 1.0 };
            let (carried, spread) = (outward * velocity[side / 2], outward * slope * DIRECTION[side / 2]);
            let text = format!(
                "exp(-{decay}*t)*(({carried})*sin(2*pi*(0{phase})) - ({spread})*cos(2*pi*(0{phase})))"
            );
            (SIDES[side], parse(&text))
        })
        .collect()
}

/// Settings for a system, order and boundary condition (on all sides).
pub fn settings(name: &str, dims: usize, order: usize, condition: &str, backend: BackendChoice) -> Settings {
    let mut settings = Settings::new(system(name), order);
    settings.backend = backend;
    let data = if condition == "fixed-flux" {
        [("q".to_string(), parse("0.3 + 0.1*sin(x + t)"))].into()
    } else {
        exact_expressions(name, dims)
    };
    for side in SIDES {
        settings.boundaries.insert(side.into(), BoundarySpec { kind: condition.into(), data: data.clone() });
    }
    settings
}

/// An engine for one rank of `mesh`, divided among the ranks of `communicator`, in its exact initial state.
pub fn engine(settings: &Settings, mesh: &Mesh, communicator: &Arc<dyn Communicator>) -> Engine {
    let parts = partition::partition(mesh, communicator.size(), None).unwrap();
    let local = local::cut(mesh, &parts.part_of, communicator.rank());
    let mut engine = Engine::new(settings, local, Arc::clone(communicator)).unwrap();
    let (name, dims) = (settings.system.name.clone(), mesh.dims);
    engine.set_initial(|x, out| exact(&name, dims, x, 0.0, out)).unwrap();
    engine
}

pub fn serial() -> Arc<dyn Communicator> {
    Arc::new(solver::parallel::serial::Serial)
}

/// The solution after so many steps of 0.001, by global element id.
pub fn steps(mut engine: Engine, steps: usize) -> BTreeMap<u32, Vec<f64>> {
    for n in 0..steps {
        engine.step(0.001 * n as f64, 0.001).unwrap();
    }
    let solution = engine.solution().unwrap();
    by_element(&engine, &solution)
}

/// Values by global element id, whatever the blocks.
pub fn by_element(engine: &Engine, values: &[Vec<f64>]) -> BTreeMap<u32, Vec<f64>> {
    let mut all = BTreeMap::new();
    for (block, values) in engine.discretisation().blocks.iter().zip(values) {
        let size = values.len() / block.len();
        for (id, element) in block.ids.iter().zip(values.chunks_exact(size)) {
            all.insert(*id, element.to_vec());
        }
    }
    all
}

/// Largest difference over the largest value, or over 1 if all are smaller.
pub fn difference(a: &BTreeMap<u32, Vec<f64>>, b: &BTreeMap<u32, Vec<f64>>) -> f64 {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let scale = b.values().flatten().fold(1.0_f64, |m, x| m.max(x.abs()));
    let differ = a.values().flatten().zip(b.values().flatten()).map(|(a, b)| (a - b).abs());
    differ.fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) }) / scale
}

pub fn single(mut settings: Settings) -> Settings {
    settings.precision = Precision::Single;
    settings
}

/// Steps from time 0 to `end`, `steps` equal ones.
pub fn advance(engine: &mut Engine, end: f64, steps: usize) {
    let dt = end / steps as f64;
    for n in 0..steps {
        engine.step(n as f64 * dt, dt).unwrap();
    }
}

/// Steps of rk4 that reach `end` stably, and so small that the error in time does not show beside the one in space.
///
/// The limits are the usual ones of discontinuous polynomials of order p: `h / (2p + 1)` over the speed of the waves, and
/// `h^2 / (p + 1)^4` over the diffusivity, h being the edge of a cell of the box.
pub fn stable_steps(settings: &Settings, cells: Cells, n: usize, end: f64) -> usize {
    let (p, h, d) = (settings.order as f64, 1.0 / n as f64, dims(cells) as f64);
    let simplex = match cells {
        Cells::Line | Cells::Quad | Cells::Hex => 1.0,
        Cells::Tri | Cells::TriQuad | Cells::Tet | Cells::Prism | Cells::HexPrism => 0.5,
        _ => 0.3,
    };
    let speed = match settings.system.name.as_str() {
        "euler" => 1.1 * d + 1.4 * d.sqrt(),
        "shallow-water" => 2.3 * d.sqrt(),
        "acoustics" => SOUND * d.sqrt(),
        "burgers" => 1.45 * d,
        "diffusion" => 0.0,
        _ => 1.1 * d,
    };
    let waves = speed * (2.0 * p + 1.0) / (0.6 * simplex * h);
    let diffusion = settings.system.constants["nu"] * d * (p + 1.0).powi(4) / (0.6 * (simplex * h).powi(2));
    let inviscid = ["euler", "shallow-water", "acoustics"].contains(&settings.system.name.as_str());
    let rate = if inviscid { waves } else { waves + diffusion };
    (end * rate).ceil().max(4.0) as usize
}

/// L2 error of the first variable against the exact solution.
pub fn l2_error(engine: &mut Engine, name: &str, t: f64) -> f64 {
    let (degree, dims) = (2 * engine.discretisation().order + 5, engine.mesh().dims);
    engine.error(degree, |x, out| exact(name, dims, x, t, out)).unwrap()[0]
}

/// Integrals, 1.5-norms and maxima of some functions of the solution of `engine` at a time, with and without gradients.
pub fn function_sums(engine: &mut Engine, gradients: bool) -> Vec<f64> {
    use solver::backend::functions::{Functions, Gather, variables};
    let (primitive, dims) = (engine.variables().primitive(), engine.discretisation().dims);
    let names = variables(&primitive, dims);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (first, last) = (primitive[0], primitive[primitive.len() - 1]);
    let axis = ["x", "y", "z"][dims - 1];
    let texts = match gradients {
        false => vec![format!("{first}*{last} + t"), format!("sin({last}) - 0.3*{first}")],
        true => vec![
            format!("grad_{last}_{axis}*grad_{last}_{axis} + {first}"),
            format!("grad_{first}_x*{last}*t"),
        ],
    };
    let parse = |text: &String| Expr::parse(text, &names, &Default::default()).unwrap();
    let list: Vec<Expr> = texts.iter().map(parse).collect();
    let places = engine.rule_places(|_| None);
    let mut values = vec![];
    for gather in [Gather::Integral, Gather::Power(1.5), Gather::Largest] {
        let functions = Functions { list: list.clone(), gather, primitives: primitive.len(), dims };
        let known = engine.add_functions(functions).unwrap();
        values.extend(engine.gather_known(0.3, &places, &known).unwrap());
    }
    values
}

/// Averages of some functions over three steps, `[last ones, sums]` of each element, kept by the device; without one that keeps
/// them by the host.
pub fn function_averages(engine: &mut Engine, gradients: bool) -> BTreeMap<u32, Vec<f64>> {
    use solver::backend::functions::{Functions, Gather, variables};
    let (primitive, dims) = (engine.variables().primitive(), engine.discretisation().dims);
    let names = variables(&primitive, dims);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (first, last) = (primitive[0], primitive[primitive.len() - 1]);
    let slope = if gradients { format!(" + 0.1*grad_{last}_x*{first}") } else { String::new() };
    let texts = [format!("{first}*{last} + t{slope}"), last.to_string()];
    let list: Vec<Expr> =
        texts.iter().map(|text| Expr::parse(text, &names, &Default::default()).unwrap()).collect();
    let functions =
        Functions { list: list.clone(), gather: Gather::Integral, primitives: primitive.len(), dims };
    let known = engine.add_functions(functions).unwrap();
    let kept = engine.begin_averages(&known).unwrap();
    let mut host: Vec<Vec<f64>> = vec![];
    for n in 0..4 {
        let (t, half) = (1e-4 * n as f64, if n == 0 { 0.0 } else { 0.5e-4 });
        if n > 0 {
            engine.step(t - 1e-4, 1e-4).unwrap();
        }
        if kept {
            assert!(engine.average(&known, t, half).unwrap());
            // What was read can be set.
            let values = engine.averages(&known).unwrap();
            engine.set_averages(&known, &values).unwrap();
            continue;
        }
        let values = engine.evaluate(t, gradients, 2, |point, out| {
            let variables = point.variables(t);
            out.iter_mut().zip(&list).for_each(|(out, f)| *out = f.eval_f64(&variables));
        });
        for (b, values) in values.unwrap().into_iter().enumerate() {
            let points = engine.discretisation().blocks[b].points_per_element();
            if n == 0 {
                host.push(vec![0.0; 2 * values.len()]);
            }
            let elements = host[b].chunks_exact_mut(4 * points).zip(values.chunks_exact(2 * points));
            for (kept, now) in elements {
                let (last, sums) = kept.split_at_mut(2 * points);
                for ((last, sum), now) in last.iter_mut().zip(sums).zip(now) {
                    *sum += half * (*last + now);
                    *last = *now;
                }
            }
        }
    }
    let values = if kept { engine.averages(&known).unwrap() } else { host };
    by_element(engine, &values)
}

/// Averages on `backend` are those of the reference backend, where the host keeps them.
pub fn compare_averages(mesh: &Mesh, system: &str, order: usize, condition: &str, backend: BackendChoice) {
    for gradients in [false, true] {
        let averages =
            |settings: &Settings| function_averages(&mut engine(settings, mesh, &serial()), gradients);
        let with = |backend| settings(system, mesh.dims, order, condition, backend);
        let expected = averages(&with(BackendChoice::Reference));
        for (precise, tolerance) in [(true, 1e-11), (false, 2e-3)] {
            let settings = with(backend.clone());
            let found = averages(&if precise { settings } else { single(settings) });
            let apart = difference(&found, &expected);
            assert!(apart < tolerance, "{system} p{order} on {} elements: {apart:e}", mesh.len());
        }
    }
}

/// Sums on `backend` are those of the reference backend, where the host evaluates them: at the start and after a step.
pub fn compare_sums(mesh: &Mesh, system: &str, order: usize, condition: &str, backend: BackendChoice) {
    let with = |backend| settings(system, mesh.dims, order, condition, backend);
    let sums = |settings: &Settings| {
        let mut engine = engine(settings, mesh, &serial());
        let mut values: Vec<f64> = [false, true].map(|g| function_sums(&mut engine, g)).concat();
        engine.step(0.0, 1e-4).unwrap();
        values.extend([true, false].map(|g| function_sums(&mut engine, g)).concat());
        values
    };
    let expected = sums(&with(BackendChoice::Reference));
    for (precise, tolerance) in [(true, 1e-11), (false, 2e-3)] {
        let settings = with(backend.clone());
        let found = sums(&if precise { settings } else { single(settings) });
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            let what = format!("{system} p{order} on {} elements, number {i}", mesh.len());
            assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}: {a}, not {b}");
        }
    }
}
