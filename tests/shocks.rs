//! Shocks: the cases of `configs/` that have some, on coarse meshes. Density and pressure are looked at after every step, at
//! solution and flux points.

#[path = "support/problems.rs"]
mod problems;

use problems::{by_element, difference, serial};
use solver::case::settings::{Plan, evaluate};
use solver::case::{Case, Ini};
use solver::engine::{BackendChoice, Engine};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{local, partition};
use solver::parallel::{Communicator, threads};
use solver::physics::euler::{Gas, riemann::P_MIN, riemann::exact::state_at};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The gas of all the cases.
const GAS: Gas = Gas { gamma: 1.4 };

/// A case of `configs/` with some keys changed.
fn plan(name: &str, dims: usize, changes: &[(&str, &str, &str)], backend: BackendChoice) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let (mut ini, _) = Ini::parse(name, &text);
    for (section, key, value) in changes {
        ini.set(section, key, value);
    }
    let (case, warnings) = Case::from_ini(ini, &text).unwrap_or_else(|e| panic!("{e}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let mut plan = case.plan(dims).unwrap_or_else(|e| panic!("{e}"));
    plan.settings.backend = backend;
    plan
}

/// An engine for one rank of the mesh, in the initial state of the plan.
fn start(plan: &Plan, mesh: &BoxMesh, comm: &Arc<dyn Communicator>) -> Engine {
    let mesh = mesh.build();
    let parts = partition::partition(&mesh, comm.size(), None).unwrap();
    let part = local::cut(&mesh, &parts.part_of, comm.rank());
    let mut engine = Engine::new(&plan.settings, part, Arc::clone(comm)).unwrap();
    engine.set_initial(|x, out| evaluate(&plan.initial, x, 0.0, out)).unwrap();
    engine
}

/// Least density and pressure at the solution and flux points; below all numbers if one is not finite.
fn least(engine: &mut Engine) -> [f64; 2] {
    let variables = engine.variables().conserved().len();
    let mut least = [f64::INFINITY; 2];
    let mut look = |state: &[f64]| {
        let kinetic = state[1..variables - 1].iter().map(|m| m * m).sum::<f64>() / (2.0 * state[0]);
        let values = [state[0], (GAS.gamma - 1.0) * (state[variables - 1] - kinetic)];
        for (least, value) in least.iter_mut().zip(values) {
            *least = if value.is_finite() { least.min(value) } else { f64::NEG_INFINITY };
        }
    };
    let solution = engine.solution().unwrap();
    let mut state = vec![0.0; variables];
    for (block, values) in engine.discretisation().blocks.iter().zip(&solution) {
        let points = block.points_per_element();
        for element in values.chunks_exact(points * variables) {
            let rows: Vec<&[f64]> = element.chunks_exact(points).collect();
            for p in 0..points {
                (0..variables).for_each(|v| state[v] = rows[v][p]);
                look(&state);
            }
            for weights in block.operators.interpolate.rows() {
                let at = |row: &[f64]| row.iter().zip(&weights).map(|(u, w)| u * w).sum();
                (0..variables).for_each(|v| state[v] = at(rows[v]));
                look(&state);
            }
        }
    }
    least
}

/// Steps of size `dt` from 0 to `tend`; the least density and pressure on the way. Ends early when one is not finite.
fn march(engine: &mut Engine, tend: f64, dt: f64) -> [f64; 2] {
    let steps = (tend / dt).round() as usize;
    let mut lowest = [f64::INFINITY; 2];
    for n in 0..steps {
        engine.step(n as f64 * dt, dt).unwrap();
        let now = least(engine);
        lowest = std::array::from_fn(|k| lowest[k].min(now[k]));
        if now.contains(&f64::NEG_INFINITY) {
            break;
        }
    }
    lowest
}

/// Integrals of density and energy.
fn mass_and_energy(engine: &mut Engine) -> [f64; 2] {
    let (degree, last) = (2 * engine.discretisation().order + 1, engine.variables().conserved().len() - 1);
    let totals = engine.integrate(degree, 2, |_, u, out| out.copy_from_slice(&[u[0], u[last]])).unwrap();
    [totals[0], totals[1]]
}

/// Larger relative change of mass and energy.
fn drift(before: [f64; 2], after: [f64; 2]) -> f64 {
    (0..2).map(|k| ((after[k] - before[k]) / before[k]).abs()).fold(0.0, f64::max)
}

/// A shock tube: its file, the states on both sides, when it ends, its step on 200 elements.
struct Tube {
    file: &'static str,
    left: [f64; 3],
    right: [f64; 3],
    /// Least density and pressure of the exact solution.
    lowest: [f64; 2],
    tend: f64,
    dt: f64,
}

const SOD: Tube = Tube {
    file: "sod.ini",
    left: [1.0, 0.0, 1.0],
    right: [0.125, 0.0, 0.1],
    lowest: [0.125, 0.1],
    tend: 0.2,
    dt: 2e-4,
};

const LAX: Tube = Tube {
    file: "lax.ini",
    left: [0.445, 0.698, 3.528],
    right: [0.5, 0.0, 0.571],
    lowest: [0.3446, 0.571],
    tend: 0.13,
    dt: 1e-4,
};

impl Tube {
    /// A tube of `n` elements, in two dimensions a strip of two rows.
    fn mesh(cells: Cells, n: usize) -> BoxMesh {
        BoxMesh::new(cells, [n, 2, 1]).extents([0.0; 3], [1.0, 2.0 / n as f64, 1.0])
    }

    /// Mean over the tube of the error of the density, at the end.
    fn error(&self, engine: &mut Engine, height: f64) -> f64 {
        let exact = |x: [f64; 3]| state_at(&GAS, P_MIN, &self.left, &self.right, (x[0] - 0.5) / self.tend)[0];
        let error = engine.integrate(7, 1, |x, u, out| out[0] = (u[0] - exact(x)).abs()).unwrap()[0];
        error / height
    }

    /// The error on `n` elements, after checking that nothing on the way was too low.
    fn run(&self, cells: Cells, n: usize, changes: &[(&str, &str, &str)], backend: BackendChoice) -> f64 {
        let plan = plan(self.file, cells.dims(), changes, backend);
        let mut engine = start(&plan, &Tube::mesh(cells, n), &serial());
        let [rho, p] = march(&mut engine, self.tend, self.dt * 200.0 / n as f64);
        // The entropy left of the jump is lower than right of it. So at first, while elements right of it border on it, it
        // is no bound there, and density and pressure fall below those of both sides; the pressure soon recovers. Beside a
        // contact, less density means more entropy: there it can always fall a little too low.
        assert!(rho > 0.02 && p > 0.01, "{} {cells:?} {n}: density {rho}, pressure {p}", self.file);
        let [rho, p] = least(&mut engine);
        let [low, floor] = self.lowest;
        assert!(rho > 0.3 * low && p > 0.95 * floor, "{} {cells:?} {n}: {rho} {p}", self.file);
        self.error(&mut engine, if cells.dims() == 2 { 2.0 / n as f64 } else { 1.0 })
    }

    /// Errors on `n` and on `2 n` elements: how small the second, in units of `1 / n`, and how much smaller.
    fn converges(&self, cells: Cells, n: usize, limit: f64) {
        let [coarse, fine] = [n, 2 * n].map(|n| self.run(cells, n, &[], BackendChoice::Cpu(None)));
        let rate = (coarse / fine).log2();
        println!("{} {cells:?}: {coarse:.3e}, {fine:.3e}, rate {rate:.2}", self.file);
        let limit = limit / n as f64;
        assert!(fine < limit && rate > 0.7, "{} {cells:?}: {coarse:e} {fine:e} {rate}", self.file);
    }
}

#[test]
fn sod_and_lax_approach_the_exact_solution() {
    for (cells, n) in [(Cells::Line, 50), (Cells::Quad, 25), (Cells::TriQuad, 25)] {
        SOD.converges(cells, n, 0.27);
        LAX.converges(cells, n, 0.56);
    }
}

#[test]
fn the_case_files_know_the_exact_solution() {
    for tube in [SOD, LAX] {
        let plan = plan(tube.file, 1, &[], BackendChoice::Cpu(None));
        for i in 0..1000 {
            let x = (i as f64 + 0.5) / 1000.0;
            let mut known = [0.0; 3];
            evaluate(plan.exact.as_ref().unwrap(), [x, 0.0, 0.0], tube.tend, &mut known);
            let exact = state_at(&GAS, P_MIN, &tube.left, &tube.right, (x - 0.5) / tube.tend);
            let error = known.iter().zip(exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error < 1e-5, "{} at {x}: {known:?}, not {exact:?}", tube.file);
        }
    }
}

/// The box of the double Mach reflection, with `n` cells of its height.
fn wedge(n: usize) -> BoxMesh {
    BoxMesh::new(Cells::Quad, [23 * n / 6, n, 1]).extents([1.0 / 6.0, 0.0, 0.0], [4.0, 1.0, 0.0])
}

/// Runs the double Mach reflection on `wedge(n)`, and checks that it stays positive and that mass is what flowed in.
fn double_mach(n: usize, tend: f64, dt: f64, changes: &[(&str, &str, &str)], backend: BackendChoice) {
    let mut engine = start(&plan("double-mach.ini", 2, changes, backend), &wedge(n), &serial());
    let [before, _] = mass_and_energy(&mut engine);
    let [rho, p] = march(&mut engine, tend, dt);
    // Ahead of the shock 1.4 and 1.
    assert!(rho > 0.5 && p > 0.3, "density {rho}, pressure {p}");
    let [after, _] = mass_and_energy(&mut engine);
    // Through the left side, and from above behind the shock, whose place there is slope + speed t.
    let (left, above) = (8.0 * 7.144709581221619, 8.0 * 4.125);
    let came = tend * (left + above * (0.5773502691896258 + 0.5 * 11.547005383792516 * tend));
    let error = (after - before - came).abs() / came;
    println!("mass {before} + {came} = {after}, off by {error:.1e} of what came");
    assert!(error < 2e-2, "{before} + {came}, not {after}");
}

#[test]
fn the_double_mach_reflection_stays_positive_and_keeps_its_mass() {
    double_mach(12, 0.05, 5e-4, &[], BackendChoice::Cpu(None));
}

#[test]
fn the_viscous_shock_tube_stays_positive_and_keeps_mass_and_energy() {
    let plan = plan("viscous-shock-tube.ini", 2, &[], BackendChoice::Cpu(None));
    let mesh = BoxMesh::new(Cells::Quad, [16, 8, 1]).extents([0.0; 3], [1.0, 0.5, 0.0]);
    let mut engine = start(&plan, &mesh, &serial());
    let before = mass_and_energy(&mut engine);
    let [rho, p] = march(&mut engine, 0.2, 8e-4);
    let drift = drift(before, mass_and_energy(&mut engine));
    println!("density {rho}, pressure {p}, drift {drift:e}");
    assert!(rho > 0.1 && p > 0.01, "density {rho}, pressure {p}");
    assert!(drift < 1e-12, "{drift:e}");
}

/// A blast dies within `fatal` steps without the filter; with it, it goes on and keeps its mass and energy.
fn blast(name: &str, mesh: &BoxMesh, (fatal, steps, dt): (usize, usize, f64)) {
    let run = |changes: &[(&str, &str, &str)], steps: usize| {
        let mut engine = start(&plan(name, mesh.dims(), changes, BackendChoice::Cpu(None)), mesh, &serial());
        let before = mass_and_energy(&mut engine);
        let lowest = march(&mut engine, steps as f64 * dt, dt);
        (lowest, drift(before, mass_and_energy(&mut engine)))
    };
    let ([rho, p], _) = run(&[("solver", "shock-capturing", "none")], fatal);
    assert!(rho == f64::NEG_INFINITY || p == f64::NEG_INFINITY, "{name} survives without the filter");
    let ([rho, p], drift) = run(&[], steps);
    println!("{name}: density {rho:e}, pressure {p:e}, drift {drift:e}");
    // The filter's own least values.
    assert!(rho >= 0.99e-6 && p >= 0.99e-6, "{name}: density {rho:e}, pressure {p:e}");
    assert!(drift < 1e-12, "{name}: {drift:e}");
}

#[test]
fn blasts_need_the_filter_and_keep_mass_and_energy_with_it() {
    blast("blast-waves.ini", &BoxMesh::new(Cells::Line, [50, 1, 1]), (20, 1188, 3.2e-5));
    let square = BoxMesh::new(Cells::TriQuad, [12; 3]).extents([-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]);
    blast("blast-disc.ini", &square, (20, 400, 5e-5));
}

#[test]
fn a_blast_is_the_same_on_any_number_of_ranks() {
    let square = BoxMesh::new(Cells::TriQuad, [8; 3]).extents([-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]);
    let run = |comm: &Arc<dyn Communicator>| {
        let plan = plan("blast-disc.ini", 2, &[], BackendChoice::Cpu(None));
        let mut engine = start(&plan, &square, comm);
        (0..40).for_each(|n| engine.step(n as f64 * 1e-4, 1e-4).unwrap());
        let solution = engine.solution().unwrap();
        by_element(&engine, &solution)
    };
    let parts: BTreeMap<_, _> = threads::run(3, |comm| run(&comm)).into_iter().flatten().collect();
    assert_eq!(difference(&parts, &run(&serial())), 0.0);
}

#[test]
fn a_tube_needs_artificial_viscosity_and_keeps_mass_and_energy_with_it() {
    let run = |capturing: &str| {
        let changes = [("solver", "shock-capturing", capturing)];
        let plan = plan("artificial-viscosity.ini", 2, &changes, BackendChoice::Cpu(None));
        let mut engine = start(&plan, &Tube::mesh(Cells::Quad, 50), &serial());
        let before = mass_and_energy(&mut engine);
        let lowest = march(&mut engine, SOD.tend, 2e-4);
        let drift = drift(before, mass_and_energy(&mut engine));
        (lowest, SOD.error(&mut engine, 2.0 / 50.0), drift)
    };
    let ([rho, p], error, drift) = run("artificial-viscosity");
    println!("density {rho}, pressure {p}, error {error:e}, drift {drift:e}");
    assert!(rho > 0.02 && p > 0.01 && error < 1e-2, "density {rho}, pressure {p}, error {error:e}");
    assert!(drift < 1e-12, "{drift:e}");
    assert_eq!(run("none").0, [f64::NEG_INFINITY; 2], "the run survives without artificial viscosity");
}

/// The device to test: number or name, the best one by default; `None` where the person wants no such tests.
#[cfg(feature = "gpu")]
fn device() -> Option<BackendChoice> {
    let skip = std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1");
    (!skip).then(|| BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok()))
}

#[cfg(feature = "gpu")]
#[test]
fn shocks_on_the_gpu_are_those_of_the_cpu() {
    let Some(device) = device() else { return };
    let changes = [("backend", "precision", "single"), ("solver", "order", "2")];
    let run = |backend| SOD.run(Cells::Line, 50, &changes, backend);
    let (cpu, gpu) = (run(BackendChoice::Cpu(None)), run(device.clone()));
    println!("error {cpu:e} and {gpu:e}");
    assert!((gpu / cpu - 1.0).abs() < 0.05, "{cpu:e} {gpu:e}");
    double_mach(6, 0.05, 1e-3, &changes, device);
}
