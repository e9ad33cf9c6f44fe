use super::*;
use crate::element::Shape;
use crate::engine::Settings;
use crate::engine::region::Region;
use crate::mesh::Mesh;
use crate::mesh::generate::{BoxMesh, Cells};
use crate::mesh::local::cut;
use crate::monitor::integrate::variables;
use crate::output::solution::{self, SolutionBlock, SolutionHeader};
use crate::parallel::serial::Serial;
use crate::parallel::{Communicator, threads};
use crate::physics::SystemSpec;
use std::sync::Arc;

const DT: f64 = 1.0 / 128.0;
/// Steps between outputs.
const EVERY: u64 = 8;

fn mesh() -> Mesh {
    BoxMesh::new(Cells::TriQuad, [3, 3, 1]).periodic([true, true, false]).build()
}

/// A flow that changes in time.
fn engine(mesh: &Mesh, comm: Arc<dyn Communicator>) -> Engine {
    let settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), 2);
    let part: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % comm.size()) as u32).collect();
    let mut engine = Engine::new(&settings, cut(mesh, &part, comm.rank()), comm).unwrap();
    let tau = std::f64::consts::TAU;
    let state = |x: [f64; 3], out: &mut [f64]| {
        out.copy_from_slice(&[1.0 + 0.1 * (tau * x[0]).sin(), 0.5, 0.1 * (tau * x[1]).cos(), 1.0]);
    };
    engine.set_initial(state).unwrap();
    engine
}

fn settings(folder: &Path, averages: &[&str], functions: &[&str]) -> AverageSettings {
    let names = variables(&["rho", "u", "v", "p"], 2);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let parse = |text: &str, names: &[&str]| Expr::parse(text, names, &Default::default()).unwrap();
    let letters = ["a", "b", "c"];
    let list = |prefix: &str, texts: &[&str], names: &[&str]| -> Vec<(String, Expr)> {
        let named = texts.iter().zip(letters);
        named.map(|(text, letter)| (format!("{prefix}-{letter}"), parse(text, names))).collect()
    };
    AverageSettings {
        state: "plugins/tavg-a".into(),
        nsteps: 3,
        dt_out: EVERY as f64 * DT,
        tstart: None,
        continuous: false,
        deviations: Deviations::All,
        precision: Precision::Double,
        averages: list("avg", averages, &names),
        functions: list("fun-avg", functions, &letters[..averages.len()]),
        gradients: true,
        folder: folder.into(),
        name: NameTemplate::parse("mean-{n}").unwrap(),
        vtk: true,
        region: Region::All,
        origin: Origin::default(),
    }
}

/// Steps from `from` to `to`.
fn go(engine: &mut Engine, tavg: &mut Tavg, from: u64, to: u64) {
    for step in from + 1..=to {
        engine.step((step - 1) as f64 * DT, DT).unwrap();
        tavg.after_step(engine, &Moment { t: step as f64 * DT, dt: DT, step }).unwrap();
    }
}

fn moment(step: u64) -> Moment {
    Moment { t: step as f64 * DT, dt: DT, step }
}

/// A run of so many steps; its files.
fn run(settings: AverageSettings, steps: u64) -> Vec<(SolutionHeader, Vec<SolutionBlock>)> {
    let (folder, mut tavg) = (settings.folder.clone(), Tavg::new(settings));
    let mut engine = engine(&mesh(), Arc::new(Serial));
    tavg.start(&mut engine, &moment(0)).unwrap();
    go(&mut engine, &mut tavg, 0, steps);
    files(&folder)
}

fn files(folder: &Path) -> Vec<(SolutionHeader, Vec<SolutionBlock>)> {
    let path = |n: usize| folder.join(format!("mean-{n}.savg"));
    (0..).map(path).take_while(|path| path.exists()).map(|p| solution::read_averages(&p).unwrap()).collect()
}

/// The values of variable `v` of a file.
fn values(file: &(SolutionHeader, Vec<SolutionBlock>), v: usize) -> Vec<f64> {
    let count = file.0.variables.len();
    let rows = |b: &SolutionBlock| {
        let rows = b.values.chunks_exact(b.points()).skip(v).step_by(count);
        rows.flatten().copied().collect::<Vec<f64>>()
    };
    file.1.iter().flat_map(rows).collect()
}

fn near(values: &[f64], exact: f64) -> bool {
    !values.is_empty() && values.iter().all(|x| (x - exact).abs() < 1e-14)
}

#[test]
fn means_functions_and_deviations_are_those_of_the_windows() {
    let folder = tempfile::tempdir().unwrap();
    let window = EVERY as f64 * DT;
    let made = settings(folder.path(), &["t", "2 + 0*rho"], &["a*a - b"]);
    let found = run(made, 3 * EVERY + 2);
    assert_eq!(found.len(), 3);
    let names = ["avg-a", "avg-b", "fun-avg-a", "std-avg-a", "std-avg-b", "std-fun-avg-a"];
    for (n, file) in found.iter().enumerate() {
        assert_eq!(file.0.variables, names);
        let middle = |k: usize| (k as f64 + 0.5) * window;
        assert!(near(&values(file, 0), middle(n)) && near(&values(file, 1), 2.0));
        assert!(near(&values(file, 2), middle(n).powi(2) - 2.0));
        let deviation = |of: &dyn Fn(usize) -> f64| {
            let mean = (0..=n).map(of).sum::<f64>() / (n + 1) as f64;
            ((0..=n).map(|k| (of(k) - mean).powi(2)).sum::<f64>() / (n + 1) as f64).sqrt()
        };
        let exact = [deviation(&middle), 0.0, deviation(&|k| middle(k).powi(2))];
        for (i, exact) in exact.into_iter().enumerate() {
            assert!(near(&values(file, 3 + i), exact), "{n} {i}");
            let [largest, mean] = file.0.state[&format!("deviation/{}", names[i])][..] else { panic!() };
            assert!(near(&[largest, mean], exact));
        }
        let t = (n + 1) as f64 * window;
        assert_eq!((file.0.t, &file.0.state["span"][..]), (t, &[t - window, t][..]));
        assert_eq!(file.0.state["windows"], [(n + 1) as f64]);
        assert!(folder.path().join(format!("mean-{n}.vtu")).exists());
    }
    let list = std::fs::read_to_string(folder.path().join("mean.pvd")).unwrap();
    assert_eq!(list.matches("<DataSet").count(), 3);
}

#[test]
fn continuous_averages_are_since_the_start_and_may_start_late() {
    let folder = tempfile::tempdir().unwrap();
    let (window, start) = (EVERY as f64 * DT, 5.0 * DT);
    let mut made = settings(folder.path(), &["t"], &["2*a"]);
    (made.continuous, made.tstart, made.deviations) = (true, Some(start), Deviations::Summary);
    made.precision = Precision::Single;
    let found = run(made, 3 * EVERY);
    assert_eq!(found.len(), 2);
    for (n, file) in found.iter().enumerate() {
        assert_eq!(file.0.variables, ["avg-a", "fun-avg-a"]);
        let exact = start + 0.5 * (n + 1) as f64 * window;
        assert!(near(&values(file, 0), exact) && near(&values(file, 1), 2.0 * exact));
        assert!(near(&file.0.state["deviation/avg-a"], 0.5 * n as f64 * window));
        assert_eq!(file.0.state["span"], [start, start + (n + 1) as f64 * window]);
    }
}

#[test]
fn means_of_a_flow_are_the_trapezoidal_rule_at_its_points() {
    let folder = tempfile::tempdir().unwrap();
    let mut made = settings(folder.path(), &["rho*u", "grad_rho_x"], &[]);
    (made.nsteps, made.deviations) = (1, Deviations::None);
    let found = run(made, EVERY);
    let mut engine = engine(&mesh(), Arc::new(Serial));
    let mut sum: Vec<Vec<f64>> = vec![];
    for step in 0..=EVERY {
        if step > 0 {
            engine.step((step - 1) as f64 * DT, DT).unwrap();
        }
        let weight = if step == 0 || step == EVERY { 0.5 } else { 1.0 } / EVERY as f64;
        let now = engine.solution().unwrap();
        sum.resize_with(now.len(), Vec::new);
        for (sum, now) in sum.iter_mut().zip(now) {
            sum.resize(now.len(), 0.0);
            sum.iter_mut().zip(now).for_each(|(sum, x)| *sum += weight * x);
        }
    }
    for shape in [Shape::Tri, Shape::Quad] {
        let block = found[0].1.iter().find(|b| b.shape == shape).unwrap();
        let points = block.points();
        for (b, disc) in engine.discretisation().blocks.iter().enumerate() {
            for (e, id) in disc.ids.iter().enumerate().filter(|_| disc.operators.shape == shape) {
                let at = block.ids.binary_search(id).unwrap();
                let momentum = &sum[b][(e * 4 + 1) * points..][..points];
                let mean = &block.values[at * 2 * points..][..points];
                assert!(mean.iter().zip(momentum).all(|(a, b)| (a - b).abs() < 1e-14));
            }
        }
    }
    assert!(values(&found[0], 1).iter().any(|x| x.abs() > 0.1), "there is a gradient");
}

#[test]
fn a_run_that_goes_on_has_the_averages_of_one_that_never_stopped() {
    for (continuous, seen) in [(false, true), (true, false), (true, true)] {
        for stop in [3 * EVERY / 2, EVERY, 2 * EVERY + 1] {
            let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let make = |folder: &Path| {
                let mut made = settings(folder, &["rho*u", "t", "grad_v_y"], &["a*b"]);
                made.continuous = continuous;
                made
            };
            let straight = run(make(folders[0].path()), 4 * EVERY);
            let mut first = Tavg::new(make(folders[1].path()));
            let mut engine = engine(&mesh(), Arc::new(Serial));
            first.start(&mut engine, &moment(0)).unwrap();
            // The solution is written before or after the averages see it.
            go(&mut engine, &mut first, 0, stop - 1);
            engine.step((stop - 1) as f64 * DT, DT).unwrap();
            if seen {
                first.after_step(&mut engine, &moment(stop)).unwrap();
                first.save(&mut engine).unwrap();
            } else {
                first.save(&mut engine).unwrap();
                first.after_step(&mut engine, &moment(stop)).unwrap();
            }
            let mut second = super::tests::engine(&mesh(), Arc::new(Serial));
            let solution = engine.solution().unwrap();
            solution.iter().enumerate().for_each(|(b, u)| second.set_solution(b, u).unwrap());
            let kept = (engine.kept().clone(), engine.kept_fields().clone());
            kept.0.into_iter().for_each(|(name, numbers)| second.keep(name, numbers));
            kept.1.into_iter().for_each(|(name, fields)| second.keep_fields(name, fields));
            let mut tavg = Tavg::new(make(folders[1].path()));
            tavg.resume(&mut second, &moment(stop)).unwrap();
            go(&mut second, &mut tavg, stop, 4 * EVERY);
            assert_eq!(straight.len(), 4);
            assert!(files(folders[1].path()) == straight, "{continuous} {seen} {stop}");
            let lists =
                folders.each_ref().map(|f| std::fs::read_to_string(f.path().join("mean.pvd")).unwrap());
            assert_eq!(lists[0], lists[1]);
        }
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_a_missing_one_begins_afresh() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = engine(&mesh(), Arc::new(Serial));
    let mut tavg = Tavg::new(settings(folder.path(), &["t"], &[]));
    tavg.resume(&mut engine, &moment(3)).unwrap();
    assert_eq!(tavg.next_time(), Some(3.0 * DT + EVERY as f64 * DT));
    tavg.save(&mut engine).unwrap();
    let good = engine.kept()["plugins/tavg-a"].clone();
    let mut other = Tavg::new(settings(folder.path(), &["t", "rho"], &[]));
    let error = other.resume(&mut engine, &moment(3)).unwrap_err().to_string();
    assert!(error.contains("plugins/tavg-a"), "{error}");
    for bad in [vec![], vec![f64::NAN; 7], good[..5].to_vec(), vec![-1.0, 0.5]] {
        engine.keep("plugins/tavg-a".into(), bad);
        let mut again = Tavg::new(settings(folder.path(), &["t"], &[]));
        assert!(again.resume(&mut engine, &moment(3)).is_err());
    }
}

#[test]
fn no_run_can_start_from_averages() {
    let folder = tempfile::tempdir().unwrap();
    let found = run(settings(folder.path(), &["rho"], &[]), EVERY);
    assert_eq!(found.len(), 1);
    let error = solution::read(&folder.path().join("mean-0.savg")).unwrap_err().to_string();
    assert!(error.contains("holds averages over time, not a solution: no run can go on from it"), "{error}");
}

#[test]
fn ranks_leave_no_trace_in_averages() {
    let mesh = mesh();
    let found = |ranks: usize| {
        let folder = tempfile::tempdir().unwrap();
        threads::run(ranks, |comm| {
            let mut made = settings(folder.path(), &["rho*u", "grad_v_y"], &["a/b"]);
            made.vtk = ranks == 2;
            let mut tavg = Tavg::new(made);
            let mut engine = engine(&mesh, comm);
            tavg.start(&mut engine, &moment(0)).unwrap();
            go(&mut engine, &mut tavg, 0, 2 * EVERY);
        });
        files(folder.path())
    };
    let one = found(1);
    assert_eq!(one.len(), 2);
    assert!([2, 3].into_iter().all(|ranks| found(ranks) == one));
}
