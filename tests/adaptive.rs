//! Steps of adaptive size: the same on any number of ranks, near those of other backends, within their tolerance.

#[path = "support/cases.rs"]
mod cases;
#[path = "support/problems.rs"]
mod problems;
mod support;

use cases::{Folder, msh};
use problems::*;
use solver::backend::{ErrorNorm, Tolerance};
use solver::engine::scheme::estimators;
use solver::engine::{BackendChoice, Engine, Settings};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::monitor::{Attempt, Moment, Monitor, MonitorError};
use solver::parallel::threads;
use solver::run::control::{Cfl, PI_STATE, Pi};
use solver::run::{Control, RunError, Silent, Span, run_controlled};
use std::sync::{Arc, Mutex};

/// Notes every attempt.
struct Notes(Arc<Mutex<Vec<Attempt>>>);

impl Monitor for Notes {
    fn describe(&self) -> String {
        "notes attempts".into()
    }
    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }
    fn after_step(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }
    fn after_attempt(&mut self, _: &mut Engine, attempt: &Attempt) -> Result<(), MonitorError> {
        self.0.lock().unwrap().push(*attempt);
        Ok(())
    }
}

fn adaptive(system: &str, order: usize, scheme: &str, backend: BackendChoice) -> Settings {
    let mut settings = settings(system, 2, order, "sup-in-fa", backend);
    (settings.scheme, settings.estimate) = (scheme.into(), true);
    settings
}

fn tolerance(settings: &Settings, size: f64) -> Tolerance {
    let variables = if settings.system.name == "euler" { 4 } else { 1 };
    Tolerance { absolute: vec![size; variables], relative: size }
}

/// A controller with wide limits, which follows the error at once.
fn pi(settings: &Settings, size: f64, norm: ErrorNorm) -> Pi {
    Pi { norm, least: 0.3, most: 2.5, ..Pi::new(tolerance(settings, size)) }
}

fn advance_by(
    engine: &mut Engine,
    control: &Control,
    span: Span,
) -> Result<(Moment, Vec<Attempt>), RunError> {
    let notes = Arc::default();
    let mut monitors: Vec<Box<dyn Monitor>> = vec![Box::new(Notes(Arc::clone(&notes)))];
    let end = run_controlled(engine, span, control, &mut monitors, &mut Silent)?;
    let attempts = notes.lock().unwrap().clone();
    Ok((end, attempts))
}

/// Steps that begin with a far too large one, so that some are rejected.
const SPAN: Span = Span { tstart: 0.0, tend: 0.08, dt: 0.05, dt_min: 1e-12, lookahead: 10 };

/// Time, size and error of each attempt to the last bit.
fn bits(attempts: &[Attempt]) -> Vec<[u64; 3]> {
    attempts.iter().map(|a| [a.t, a.dt, a.error.unwrap()].map(f64::to_bits)).collect()
}

#[test]
fn ranks_leave_no_trace_in_adaptive_steps() {
    // Elements that do not fill up the lanes of vectors.
    let mesh = unit_box(Cells::TriQuad, 5, true, 0.05);
    for norm in [ErrorNorm::L2, ErrorNorm::Uniform] {
        let on = |ranks: usize| {
            threads::run(ranks, |comm| {
                let settings = adaptive("euler", 2, "rk34", BackendChoice::Cpu(None));
                let mut engine = engine(&settings, &mesh, &comm);
                let control = Control::Pi(pi(&settings, 1e-6, norm));
                let (end, attempts) = advance_by(&mut engine, &control, SPAN).unwrap();
                assert_eq!(end.t, SPAN.tend);
                let solution = engine.solution().unwrap();
                (bits(&attempts), attempts, by_element(&engine, &solution))
            })
        };
        let one = on(1).remove(0);
        let rejected = one.1.iter().filter(|a| !a.accepted).count();
        assert!(rejected > 0 && one.1.len() > rejected + 5, "{:?}", one.1);
        for ranks in [2, 3] {
            for (steps, _, solution) in on(ranks) {
                assert_eq!(steps, one.0, "{ranks} ranks, {norm:?}");
                for (id, values) in solution {
                    assert_eq!(values, one.2[&id], "{ranks} ranks, element {id}");
                }
            }
        }
    }
}

#[test]
fn backends_measure_the_same_error() {
    #[cfg_attr(not(feature = "gpu"), allow(unused_mut))]
    let mut backends = vec![BackendChoice::Cpu(None)];
    #[cfg(feature = "gpu")]
    if std::env::var_os("SOLVER_SKIP_GPU").is_none_or(|v| v != "1") {
        backends.push(BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok()));
    }
    let mesh = unit_box(Cells::TriQuad, 3, true, 0.05);
    for scheme in estimators() {
        let measure = |backend: &BackendChoice, precise: bool| {
            let settings = adaptive("euler", 2, scheme, backend.clone());
            let settings = if precise { settings } else { single(settings) };
            let mut engine = engine(&settings, &mesh, &serial());
            let tolerance = Tolerance { absolute: vec![1e-5, 1e-4, 1e-3, 1e-2], relative: 1e-4 };
            let mut errors = vec![];
            // There and back: the registers of the solution change places, and one attempt is not accepted.
            for (t, accepted) in [(0.0, true), (0.01, false), (0.01, true), (0.02, true)] {
                engine.attempt(t, 0.01).unwrap();
                for norm in [ErrorNorm::L2, ErrorNorm::Uniform] {
                    errors.push(engine.step_error(&tolerance, norm).unwrap().unwrap());
                }
                if accepted {
                    engine.accept();
                }
            }
            (errors, l2_error(&mut engine, "euler", 0.03))
        };
        let reference = measure(&BackendChoice::Reference, true);
        assert_eq!(reference.0[2..4], reference.0[4..6], "a rejected step leaves no trace");
        assert!(reference.0.iter().all(|e| *e > 1e-6 && *e < 1e4), "{reference:?}");
        for backend in &backends {
            for (precise, accuracy) in [(true, 1e-9), (false, 2e-2)] {
                let found = measure(backend, precise);
                let near = |a: f64, b: f64| (a / b - 1.0).abs() < accuracy;
                let all = found.0.iter().zip(&reference.0).all(|(a, b)| near(*a, *b));
                assert!(all && near(found.1, reference.1), "{backend:?} {scheme}: {found:?} {reference:?}");
            }
        }
    }
}

#[test]
#[cfg(feature = "gpu")]
fn the_gpu_takes_nearly_the_steps_of_the_processor() {
    if std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1") {
        return;
    }
    let mesh = unit_box(Cells::Quad, 3, true, 0.0);
    let on = |backend: BackendChoice| {
        let settings = adaptive("euler", 3, "rk45", backend);
        let mut engine = engine(&settings, &mesh, &serial());
        let control = Control::Pi(pi(&settings, 1e-6, ErrorNorm::L2));
        advance_by(&mut engine, &control, SPAN).unwrap().1
    };
    let cpu = on(BackendChoice::Cpu(None));
    let gpu = on(BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok()));
    assert_eq!(cpu.len(), gpu.len());
    for (a, b) in cpu.iter().zip(&gpu) {
        assert_eq!(a.accepted, b.accepted);
        assert!((a.dt / b.dt - 1.0).abs() < 1e-7, "{a:?} {b:?}");
    }
}

#[test]
fn errors_in_time_follow_the_tolerance() {
    let mesh = BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([true, true, false]).build();
    for scheme in estimators() {
        let steps_and_error = |size: f64| {
            let mut settings = adaptive("advection-diffusion", 3, scheme, BackendChoice::Cpu(None));
            let control = Control::Pi(pi(&settings, size, ErrorNorm::L2));
            let mut adaptive = engine(&settings, &mesh, &serial());
            let (end, attempts) = advance_by(&mut adaptive, &control, Span { dt: 1e-3, ..SPAN }).unwrap();
            assert_eq!(end.step, attempts.iter().filter(|a| a.accepted).count() as u64);
            // The same in so many steps that only the error in space is left.
            (settings.scheme, settings.estimate) = ("rk4".into(), false);
            let mut fine = engine(&settings, &mesh, &serial());
            advance(&mut fine, SPAN.tend, 800);
            let values = [&mut adaptive, &mut fine].map(|e| e.solution().unwrap());
            let squares = values[0].iter().flatten().zip(values[1].iter().flatten());
            let sum: f64 = squares.map(|(a, b)| (a - b) * (a - b)).sum();
            (attempts.len() as f64, (sum / 256.0).sqrt())
        };
        let (coarse, fine) = (steps_and_error(1e-6), steps_and_error(1e-9));
        assert!(coarse.1 < 1e-4 && fine.1 < coarse.1 / 50.0, "{scheme}: {coarse:?} {fine:?}");
        assert!(fine.0 > 2.0 * coarse.0, "{scheme}: {coarse:?} {fine:?}");
    }
}

#[test]
fn a_controller_goes_on_with_the_state_it_left() {
    let mesh = unit_box(Cells::Quad, 3, true, 0.0);
    let settings = adaptive("euler", 2, "rk34", BackendChoice::Cpu(None));
    let control = Control::Pi(pi(&settings, 1e-6, ErrorNorm::L2));
    let mut first = engine(&settings, &mesh, &serial());
    let begin = advance_by(&mut first, &control, Span { lookahead: 1, ..SPAN }).unwrap();
    let state = first.kept()[PI_STATE].clone();
    assert_eq!(state[1], begin.1.last().unwrap().error.unwrap());
    let mut second = engine(&settings, &mesh, &serial());
    let values = first.solution().unwrap();
    values.iter().enumerate().for_each(|(b, u)| second.set_solution(b, u).unwrap());
    second.keep(PI_STATE.into(), state);
    let span = Span { tstart: 0.08, tend: 0.2, ..SPAN };
    let [a, b] = [first, second].map(|mut engine| {
        let attempts = advance_by(&mut engine, &control, span).unwrap().1;
        (bits(&attempts), engine.solution().unwrap())
    });
    assert_eq!(a, b);
    let mut fresh = engine(&settings, &mesh, &serial());
    values.iter().enumerate().for_each(|(b, u)| fresh.set_solution(b, u).unwrap());
    assert_ne!(bits(&advance_by(&mut fresh, &control, span).unwrap().1), a.0);
}

#[test]
fn a_step_that_cannot_shrink_ends_the_run() {
    let mesh = unit_box(Cells::Quad, 2, true, 0.0);
    let settings = adaptive("euler", 2, "rk34", BackendChoice::Cpu(None));
    let control = Control::Pi(pi(&settings, 1e-14, ErrorNorm::Uniform));
    let mut too_coarse = engine(&settings, &mesh, &serial());
    let error = advance_by(&mut too_coarse, &control, Span { dt_min: 0.01, ..SPAN }).unwrap_err();
    let text = error.to_string();
    for words in ["dt-min = 1e-2", "waves are fastest in element ", "increase atol and rtol"] {
        assert!(text.contains(words), "{text}");
    }
    let RunError::BrokeDown(broke_down) = error else { panic!("{error}") };
    assert!(matches!(*broke_down.error, RunError::Rejected { t: 0.0, dt: 0.01, .. }), "{text}");
    // A solution that is not finite is an error of 100, never an accepted step.
    let mut broken = engine(&settings, &mesh, &serial());
    let mut values = broken.solution().unwrap();
    values[0][0] = f64::NAN;
    broken.set_solution(0, &values[0]).unwrap();
    let error = advance_by(&mut broken, &control, Span { dt_min: 1e-3, ..SPAN }).unwrap_err();
    let why = |error: RunError| match error {
        RunError::BrokeDown(broke_down) => (*broke_down.error, broke_down.fastest.unwrap().element),
        error => panic!("{error}"),
    };
    assert!(matches!(why(error), (RunError::Rejected { error: 100.0, .. }, 0)));
    let cfl = Control::Cfl(Cfl { number: 1.0, nsteps: 1, dt_max: 1.0 });
    let error = advance_by(&mut broken, &cfl, SPAN).unwrap_err();
    assert!(matches!(why(error), (RunError::WaveRate { t: 0.0, .. }, 0)));
    let mut plain = settings.clone();
    plain.estimate = false;
    let error = advance_by(&mut engine(&plain, &mesh, &serial()), &control, SPAN).unwrap_err();
    assert!(matches!(error, RunError::NoEstimate), "{error}");
}

#[test]
fn cfl_steps_are_those_of_the_fastest_wave() {
    let mesh = BoxMesh::new(Cells::Quad, [4, 2, 1]).periodic([true, true, false]).build();
    let mut settings = settings("advection-diffusion", 2, 2, "fixed-value", BackendChoice::Cpu(None));
    settings.scheme = "ssp-rk-3-4".into();
    let mut engine = engine(&settings, &mesh, &serial());
    let cfl = Control::Cfl(Cfl { number: 0.9, nsteps: 2, dt_max: 1.0 });
    let (end, attempts) = advance_by(&mut engine, &cfl, Span { tend: 1.0, lookahead: 1, ..SPAN }).unwrap();
    // Speeds 1 and 0.7 over half sizes 1/8 and 1/4, order 2.
    let dt = 0.9 / ((8.0 + 2.8) * 5.0);
    assert_eq!(end.t, 1.0);
    assert!(attempts.iter().rev().skip(1).all(|a| (a.dt / dt - 1.0).abs() < 1e-12), "{attempts:?}");
    assert_eq!(attempts.len(), 60);
}

const VORTICES: &str = "\
[constants]
gamma = 1.4
mu = 1e-3
Pr = 0.71

[solver]
system = navier-stokes
order = 3

[solver-time-integrator]
scheme = rk34
controller = pi
tstart = 0
tend = 0.1
dt = 0.05
dt-max = 0.05
atol = 1e-6
rtol = 1e-6
errest-norm = uniform
safety-fact = 0.9
min-fact = 0.3
max-fact = 2.5

[solver-interfaces]
riemann-solver = rusanov
ldg-beta = 0.5
ldg-tau = 0.1

[soln-plugin-dtstats]
flushsteps = 1
file = dtstats
[soln-plugin-integrate]
nsteps = 5
file = integrals.csv
k = (2*pi)
vor = (grad_v_x - grad_u_y)
int-E = rho*(u*u + v*v)
int-enst = rho*%(vor)s*%(vor)s
[soln-plugin-integrate-largest]
nsteps = 1000
file = largest.csv
norm = inf
quad-deg = 9
int-p = p
[soln-ics]
rho = 1
u = sin(2*pi*x)*cos(2*pi*y)
v = -cos(2*pi*x)*sin(2*pi*y)
p = 20 + 0.25*(cos(4*pi*x) + cos(4*pi*y))
";

/// The columns of a CSV file, with their names.
fn table(folder: &Folder, name: &str) -> (String, Vec<Vec<String>>) {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap().to_string();
    (header, lines.map(|l| l.split(',').map(String::from).collect()).collect())
}

#[test]
fn the_program_writes_its_steps_and_integrals_the_same_on_two_ranks() {
    let mesh = BoxMesh::new(Cells::Quad, [6, 6, 1]).periodic([true, true, false]).raw();
    let run = |ranks: usize| {
        let folder = Folder::new();
        folder.put("mesh.msh", msh(&mesh));
        folder.put("case.ini", VORTICES);
        let out = match ranks {
            1 => folder.succeed(&["run", "mesh.msh", "case.ini"]).0,
            _ => {
                let mut command = folder.parallel(ranks, &["run", "mesh.msh", "case.ini"]);
                let output = support::run(&mut command, cases::LIMIT);
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8_lossy(&output.stdout).into_owned()
            }
        };
        assert!(out.contains("rk34, controller pi") && out.contains("rejected"), "{out}");
        ["dtstats.csv", "integrals.csv", "largest.csv"].map(|name| table(&folder, name))
    };
    let [(header, steps), (names, integrals), (_, largest)] = run(1);
    assert_eq!(header, "n,t,dt,action,wtime,error");
    assert_eq!(names, "t,int-E,int-enst");
    let number = |text: &String| text.parse::<f64>().unwrap();
    assert_eq!(steps[0][..4], ["0", "0", "0.05", "reject"]);
    assert!(steps.iter().all(|s| (s[3] == "accept") == (number(&s[5]) < 1.0)), "{steps:?}");
    for pair in steps.windows(2) {
        let dt = if pair[0][3] == "accept" { number(&pair[0][2]) } else { 0.0 };
        assert!((number(&pair[1][1]) - number(&pair[0][1]) - dt).abs() < 1e-14, "{pair:?}");
    }
    // Kinetic energy and enstrophy of the vortices, and how the first falls: dE/dt = -2 mu enstrophy.
    let first: Vec<f64> = integrals[0].iter().map(number).collect();
    let k2 = 4.0 * std::f64::consts::PI.powi(2);
    assert!((first[1] - 0.5).abs() < 1e-4 && (first[2] / k2 - 1.0).abs() < 1e-2, "{first:?} {k2}");
    let last: Vec<f64> = integrals.last().unwrap().iter().map(number).collect();
    let rate = (last[1] - first[1]) / last[0];
    assert!((rate / (-2.0 * 1e-3 * first[2]) - 1.0).abs() < 0.2, "{first:?} {last:?}");
    assert!((number(&largest[0][1]) - 20.5).abs() < 0.02, "{largest:?}");
    if support::skip_mpi() || !cfg!(feature = "mpi") {
        return;
    }
    let [(_, two), (_, two_integrals), _] = run(2);
    let without_time = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
        rows.iter().map(|row| [&row[..4], &row[5..]].concat()).collect()
    };
    assert_eq!(without_time(&two), without_time(&steps));
    assert_eq!(two_integrals, integrals);
}
