//! Runs that go on: the same bits as one that never stopped, on other ranks, in another precision, at another order; and what is
//! said where that is not possible.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed without MPI
mod support;

use cases::{Folder, WAVE, msh};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::output::solution::{self, SolutionBlock, SolutionHeader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A wave in a mesh of triangles and quads with another scheme, controller and all monitors that have a state.
const ADAPTIVE: &str = "\
[constants]
gamma = 1.4
Pr = 0.72
mu = 0.001

[solver]
system = navier-stokes
order = 2

[solver-time-integrator]
scheme = rk34
controller = pi
atol = 1e-6
rtol = 1e-6
tend = 0.12
dt = 0.001

[solver-interfaces]
riemann-solver = hllc
ldg-beta = 0.5
ldg-tau = 0.1

[soln-plugin-nancheck]
nsteps = 10

[soln-plugin-dtstats]
file = steps.csv

[soln-plugin-integrate]
nsteps = 3
file = energy.csv
int-energy = p/(gamma - 1) + 0.5*rho*(u*u + v*v)
int-slope = grad_rho_x*grad_rho_x

[soln-plugin-writer]
dt-out = 0.03
basedir = results
basename = wave-{n:03d}

[soln-ics]
rho = 1 + 0.2*sin(2*pi*(x + y))
u = 1
v = 0.5
p = 1
";

fn folder(case: &str) -> Folder {
    let folder = Folder::new();
    let mesh = BoxMesh::new(Cells::TriQuad, [6, 6, 1]).periodic([true; 3]).shuffle(3);
    folder.put("mesh.msh", msh(&mesh.raw()));
    folder.put("case.ini", case);
    folder.succeed(&["import", "mesh.msh"]);
    folder
}

fn read(folder: &Folder, name: &str) -> (SolutionHeader, Vec<SolutionBlock>) {
    solution::read(&folder.path(name)).unwrap()
}

fn bits(blocks: &[SolutionBlock]) -> Vec<u64> {
    blocks.iter().flat_map(|b| b.values.iter().map(|x| x.to_bits())).collect()
}

/// The same solution, bit for bit, and the same state of all parts of the program.
fn same(a: &(SolutionHeader, Vec<SolutionBlock>), b: &(SolutionHeader, Vec<SolutionBlock>)) {
    assert_eq!((a.0.t.to_bits(), a.0.dt.to_bits(), a.0.step), (b.0.t.to_bits(), b.0.dt.to_bits(), b.0.step));
    assert!(bits(&a.1) == bits(&b.1), "other values");
    // Checkpoints are written by the wall clock.
    let state = |header: &SolutionHeader| {
        let mut state = header.state.clone();
        state.remove("run/checkpoints");
        state
    };
    assert_eq!(state(&a.0), state(&b.0));
}

/// The columns of a file that do not come from the wall clock.
fn rows(folder: &Folder, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.path(name)).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let wall = header.iter().position(|name| *name == "wtime");
    let keep = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(i, _)| Some(*i) != wall);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    text.lines().map(keep).collect()
}

#[test]
fn a_run_that_goes_on_is_the_run_that_never_stopped() {
    for (case, last) in [(WAVE, "results/wave-0.10.ssoln"), (ADAPTIVE, "results/wave-004.ssoln")] {
        let (whole, parts) = (folder(case), folder(case));
        whole.succeed(&["run", "case.ini"]);
        // Stops by itself in the middle of an interval of the writer.
        let tend = if case == WAVE { "0.06" } else { "0.05" };
        let end = format!("solver-time-integrator.tend={tend}");
        parts.succeed(&["run", "case.ini", "--set", &end]);
        let middle = if case == WAVE { "results/wave-0.05.ssoln" } else { "results/wave-001.ssoln" };
        parts.succeed(&["restart", middle, "case.ini"]);
        same(&read(&whole, last), &read(&parts, last));
        let files = |folder: &Folder| folder.files().into_iter().filter(|f| f.starts_with("results/"));
        assert!(files(&whole).eq(files(&parts)));
        let text = |folder: &Folder| std::fs::read_to_string(folder.path("results/wave.pvd")).unwrap();
        assert_eq!(text(&whole), text(&parts));
    }
}

#[test]
fn the_order_of_a_solution_may_change() {
    let folder = folder(WAVE);
    folder.succeed(&["run", "case.ini", "--set", "solver-time-integrator.tend=0.05"]);
    let error = |out: &str| -> f64 {
        let line = out.lines().find(|line| line.starts_with("L2 error")).unwrap();
        line.split_whitespace().nth(3).unwrap().parse().unwrap()
    };
    let exact = "[solution]\nrho = 1 + 0.2*sin(2*pi*(x + y - 1.5*t))\nu = 1\nv = 0.5\np = 1\n";
    folder.put("exact.ini", format!("{WAVE}{exact}"));
    let mut found = vec![];
    for order in ["3", "5", "2"] {
        let order = format!("solver.order={order}");
        let here = ["restart", "results/wave-0.05.ssoln", "exact.ini", "--set", &order];
        let (out, _) = folder.succeed(&[&here[..], &["--set", "soln-plugin-writer.basename=o-{n}"]].concat());
        assert!(out.contains("step 25"), "{out}");
        found.push(error(&out));
    }
    // At the higher order the error is what the first half of the run left; at the lower one it is that of the lower order.
    assert!(found[1] < 1.2 * found[0] && found[2] > found[0] && found[2] < 40.0 * found[0], "{found:?}");
}

#[test]
fn precision_and_backend_may_change() {
    let folder = folder(WAVE);
    folder.succeed(&["run", "case.ini"]);
    let whole = read(&folder, "results/wave-0.10.ssoln");
    for (change, bound) in [
        (["--set", "backend.precision=single"], 1e-5),
        (["-b", "reference"], 1e-12),
        #[cfg(feature = "gpu")]
        (["-b", "gpu"], 1e-12),
    ] {
        if change[1] == "gpu" && std::env::var("SOLVER_SKIP_GPU").is_ok_and(|v| v == "1") {
            continue;
        }
        let name = ["--set", "soln-plugin-writer.basename=changed-{n}"];
        folder.succeed(&[&["restart", "results/wave-0.05.ssoln"][..], &change, &name].concat());
        let files = folder.files();
        let last =
            files.iter().rfind(|f| f.starts_with("results/changed-") && f.ends_with(".ssoln")).unwrap();
        let changed = read(&folder, last);
        assert_eq!(changed.0.step, 50);
        for (a, b) in whole.1.iter().zip(&changed.1) {
            let error = a.values.iter().zip(&b.values).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
            assert!(error < bound && a.values.len() == b.values.len(), "{change:?}: {error:e}");
        }
    }
}

#[cfg(feature = "mpi")]
#[test]
fn ranks_may_change() {
    if support::skip_mpi() {
        return;
    }
    let last = "results/wave-004.ssoln";
    let whole = folder(ADAPTIVE);
    whole.succeed(&["run", "case.ini"]);
    for (first, second) in [(2, 3), (3, 1), (1, 2)] {
        let parts = folder(ADAPTIVE);
        let end = ["--set", "solver-time-integrator.tend=0.05"];
        cases::succeed(&mut parts.parallel(first, &[&["run", "case.ini"][..], &end].concat()));
        cases::succeed(&mut parts.parallel(second, &["restart", "results/wave-001.ssoln", "case.ini"]));
        same(&read(&whole, last), &read(&parts, last));
        for file in ["steps.csv", "energy.csv"] {
            assert_eq!(rows(&whole, file), rows(&parts, file), "{file}");
        }
    }
}

#[test]
fn what_cannot_go_on_is_said_in_a_sentence_and_nothing_is_lost() {
    let folder = folder(WAVE);
    folder.succeed(&["run", "case.ini"]);
    let other = BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true; 3]);
    folder.put("other.msh", msh(&other.raw()));
    folder.put("other/note", "");
    folder.succeed(&["import", "other.msh", "other/mesh.smesh"]);
    folder.put("scalar.ini", SCALAR);
    folder.put("cut.ssoln", &std::fs::read(folder.path("results/wave-0.05.ssoln")).unwrap()[..5000]);
    folder.put("broken.ini", WAVE.replace("order = 3", "order = three"));
    let before = folder.files();
    let middle = "results/wave-0.05.ssoln";
    for (arguments, words) in [
        (&["restart", "results/wave-0.10.ssoln"][..], &["t = 0.1, where the case ends", "later end"][..]),
        (
            &["restart", "other/mesh.smesh", middle],
            &["belongs to another mesh", "changed after it was written"],
        ),
        (&["restart", middle, "scalar.ini"], &["variables rho, rhou, rhov, E", "the case has u"]),
        (&["restart", "cut.ssoln"], &["cut.ssoln"]),
        (&["restart", "gone.ssoln"], &["there is no solution file 'gone.ssoln'"]),
        (&["restart", "mesh.smesh", "mesh.smesh"], &["'mesh.smesh' is no solution (.ssoln)"]),
        (&["restart", middle, "broken.ini"], &["broken.ini:", "order"]),
        (&["restart", middle, "--set", "solver.ordre=2"], &["solver.ordre: there is no such key"]),
    ] {
        let message = folder.fail(arguments);
        assert!(words.iter().all(|word| message.contains(word)), "{arguments:?}: {message}");
        assert_eq!(folder.files(), before, "{arguments:?}");
    }
}

const SCALAR: &str = "\
[constants]
nu = 0.01
ax = 1.0
ay = 0.7

[solver]
system = advection-diffusion
order = 3

[solver-time-integrator]
scheme = tvd-rk3
tend = 0.2
dt = 0.0005

[solver-interfaces]
riemann-solver = rusanov
ldg-beta = 0.5
ldg-tau = 0.1

[soln-ics]
u = sin(2*pi*x)*cos(2*pi*y)
";

/// Starts a run that would take long, and waits until it has written `file`.
fn started(folder: &Folder, mut command: Command, file: &str) -> std::process::Child {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| folder.path(file).exists());
    child
}

fn wait_for(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// The newest checkpoint.
fn checkpoint(folder: &Folder) -> Option<String> {
    folder.files().into_iter().rfind(|file| file.starts_with("checkpoint-"))
}

const LONG: [&str; 4] = ["run", "case.ini", "--set", "solver-time-integrator.tend=1000"];

#[cfg(unix)]
#[test]
fn a_run_that_is_told_to_stop_writes_a_checkpoint_and_goes_on_from_it() {
    for name in ["-TERM", "-INT"] {
        let parts = folder(ADAPTIVE);
        let child = started(&parts, parts.command(&LONG), "results/wave-001.ssoln");
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{text}");
        let file = checkpoint(&parts).unwrap();
        assert!(text.contains(&format!("go on with solver restart mesh.smesh ./{file}")), "{text}");
        // Where it stopped is up to the clock; the run that never stopped goes two steps further.
        let (t, step) = (read(&parts, &file).0.t, read(&parts, &file).0.step);
        let end = format!("solver-time-integrator.tend={}", t + 0.02);
        parts.succeed(&["restart", &file, "--set", &end, "--set", "soln-plugin-writer.dt-out=0.03"]);
        let whole = folder(ADAPTIVE);
        whole.succeed(&["run", "case.ini", "--set", &end]);
        assert!(step > 10);
        for file in ["steps.csv", "energy.csv"] {
            assert_eq!(rows(&whole, file), rows(&parts, file), "{file}");
        }
    }
}

#[cfg(unix)]
#[test]
fn checkpoints_come_when_asked_for_and_by_the_clock_and_the_newest_are_kept() {
    let folder = folder(ADAPTIVE);
    let mut child = started(&folder, folder.command(&LONG), "results/wave-001.ssoln");
    signal(&child, "-USR1");
    wait_for(|| checkpoint(&folder).is_some());
    assert_eq!(child.try_wait().unwrap(), None, "it goes on");
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let clock = ["--set", "checkpoint.interval=0:0.4", "--set", "checkpoint.keep=3", "--time-limit", "0:6"];
    let output = folder.command(&[&LONG[..], &clock].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("before the time limit"), "{text}");
    let kept = folder.files().iter().filter(|f| f.starts_with("checkpoint-")).count();
    // Those of the first run are not its own.
    assert!((3..=5).contains(&kept), "{:?}", folder.files());
    let go_on =
        folder.command(&["restart", &checkpoint(&folder).unwrap(), "--time-limit", "0:2"]).output().unwrap();
    assert_eq!(go_on.status.code(), Some(3));
}

#[test]
fn a_blow_up_says_where_and_when_and_which_state_is_good() {
    let folder = folder(&WAVE.replace("tend = 0.1", "tend = 10").replace("dt = 0.002", "dt = 0.02"));
    let output = folder.command(&["run", "case.ini"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{text}");
    for words in [
        "the solution is no longer finite at t = ",
        " in element ",
        " near (",
        "in the last good state steps up to about ",
        "the last good state is results/wave-",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let last = folder.files().into_iter().rfind(|f| f.ends_with(".ssoln")).unwrap();
    assert!(text.contains(&last), "{text}");
    assert!(read(&folder, &last).1.iter().all(|b| b.values.iter().all(|x| x.is_finite())));
}

#[test]
fn a_part_of_the_mesh_is_written_and_integrated_and_no_run_goes_on_from_it() {
    // Nodes every 1/6: those of 3 x 3 cells have one in the box, and no run of ranks changes that.
    let region = "region = box((0, 0), (0.34, 0.34)) - sphere((5, 5), 0.1)\n";
    let integrate = "[soln-plugin-integrate]\nnsteps = 25\nfile = part.csv\nint-area = 1\nint-mass = rho\n";
    let case = WAVE.replace("[soln-plugin-writer]\n", &format!("[soln-plugin-writer]\n{region}"));
    let folder = folder(&format!("{case}{integrate}{region}"));
    folder.succeed(&["run", "case.ini"]);
    let (header, blocks) = read(&folder, "results/wave-0.10.ssoln");
    let area: f64 = blocks
        .iter()
        .map(|b| b.ids.len() as f64 * if b.reference_points.len() == 32 { 1.0 } else { 0.5 })
        .sum();
    assert_eq!((area, header.step), (9.0, 50));
    let rows = std::fs::read_to_string(folder.path("part.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        rows.lines().skip(1).map(|row| row.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| (row[1] - 0.25).abs() < 1e-12 && (row[2] - 0.25).abs() < 0.06), "{rows:?}");
    let message = folder.fail(&["restart", "results/wave-0.05.ssoln"]);
    assert!(message.contains("has no values for element"), "{message}");
    for (text, words) in [
        ("box((5, 5), (6, 6))", "a region that holds no element"),
        ("nowhere", "the boundary 'nowhere', which the mesh has not"),
        ("box((0, 0))", "has box with 1 arguments"),
    ] {
        let set = format!("soln-plugin-integrate.region={text}");
        let message = folder.fail(&["run", "case.ini", "--set", &set]);
        assert!(message.contains(words), "{message}");
    }
}
