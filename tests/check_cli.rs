//! `solver check`: what it says of a case and its mesh before anything is run.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed here
mod support;

use cases::{Folder, WAVE};
use serde_json::Value;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{Mesh, store};

fn periodic() -> Mesh {
    BoxMesh::new(Cells::Quad, [4, 4, 1]).periodic([true; 3]).build()
}

fn folder(mesh: &Mesh, case: &str) -> Folder {
    let folder = Folder::new();
    store::write(mesh, folder.path("mesh.smesh")).unwrap();
    folder.put("case.ini", case);
    folder
}

/// Output and exit status.
fn check(folder: &Folder, arguments: &[&str]) -> (String, Option<i32>) {
    let arguments = [&["check"], arguments].concat();
    let output = support::run(&mut folder.command(&arguments), cases::LIMIT);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

fn json(folder: &Folder, arguments: &[&str]) -> (Value, Option<i32>) {
    let (out, status) = check(folder, &[arguments, &["--json"]].concat());
    (serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}")), status)
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
}

#[test]
fn a_case_that_can_run_is_told_with_its_sizes_step_and_values() {
    let folder = folder(&periodic(), &format!("{WAVE}[DEFAULT]\nprecision = single\n"));
    let (out, status) = check(&folder, &["case.ini"]);
    assert_eq!(status, Some(0), "{out}");
    has(
        &out,
        &[
            "mesh       mesh.smesh: 2-D, 16 quad elements, 25 nodes, no boundaries\n",
            "system     euler, order 3, 1,024 unknowns, rk4\n",
            "backend    cpu, double precision\n",
            "time       0 to 0.1 in steps of 0.002: about 50 steps\n",
            "stable dt  about 0.0",
            "registers 24.6 kB",
            "7 files, up to",
            "[solver-interfaces]\n  riemann-solver = rusanov",
            "ready      nothing stands in the way of a run\n",
        ],
    );
    let line = |key: &str| out.lines().find(|l| l.trim().starts_with(key)).unwrap_or_default().to_string();
    assert!(line("anti-alias = none").ends_with("  default"), "{out}");
    assert!(line("order = 3").ends_with("  line 9"), "{out}");
    assert!(line("vtk = true").ends_with("  default"), "{out}");
    let (quiet, _) = check(&folder, &["mesh.smesh", "case.ini", "-q"]);
    assert!(!quiet.contains("[solver-interfaces]"));
    assert_eq!(folder.files(), ["case.ini", "mesh.smesh"], "nothing is written");
}

#[test]
fn the_stable_step_is_one_that_a_run_survives_and_a_far_larger_one_is_warned_of() {
    let folder = folder(&periodic(), WAVE);
    let (report, _) = json(&folder, &["case.ini"]);
    let stable = report["time-step"]["stable"].as_f64().unwrap();
    // rho 0.8 to 1.2, c up to 1.32, half sizes 1/8: (1 + 0.5 + 2 c) 8 = 33 at most; c_a = 0.29.
    assert!((0.0085..0.0095).contains(&stable), "{stable}");
    assert_eq!(report["ready"], true);
    assert_eq!(report["warnings"], Value::Array(vec![]));
    assert_eq!(report["system"]["steps"], 50.0);
    assert_eq!(report["size"]["unknowns"], 1024);
    let run =
        WAVE.replace("dt = 0.002", &format!("dt = {}", 0.95 * stable)).replace("tend = 0.1", "tend = 2");
    folder.put("run.ini", run);
    let (out, _) = folder.succeed(&["run", "mesh.smesh", "run.ini"]);
    has(&out, &["done: t = 2"]);
    folder.put("fast.ini", WAVE.replace("dt = 0.002", "dt = 0.05"));
    let (out, status) = check(&folder, &["fast.ini"]);
    assert_eq!(status, Some(0));
    has(&out, &["warning: dt = 0.05 is 5.", "times the estimated limit of stability", "1 warning\n"]);
    folder.put("euler.ini", WAVE.replace("rk4", "euler"));
    has(&check(&folder, &["euler.ini"]).0, &["no time step of the scheme euler is stable at this order"]);
}

#[test]
fn boundaries_are_matched_with_sections_and_missing_ones_keep_the_run_from_starting() {
    let mesh = BoxMesh::new(Cells::Quad, [4, 2, 1]).periodic([false, true, true]).build();
    let bcs = "[soln-bcs-left]\ntype = sup-out-fn\n[soln-bcs-rigth]\ntype = slp-adia-wall\n";
    let folder = folder(&mesh, &format!("{WAVE}{bcs}"));
    let (out, status) = check(&folder, &["case.ini"]);
    assert_eq!(status, Some(1));
    has(
        &out,
        &[
            "boundaries left   2 faces: sup-out-fn (line 34)\n",
            "           right  2 faces: MISSING\n",
            "           rigth  not in the mesh: slp-adia-wall (line 36)\n",
            "add a section [soln-bcs-right] (did you mean it with [soln-bcs-rigth]?)",
            "[soln-bcs-rigth] type: matches no boundary of the mesh, it is ignored",
            "not ready  1 error\n",
        ],
    );
    let (report, status) = json(&folder, &["case.ini"]);
    assert_eq!((status, &report["ready"]), (Some(1), &Value::Bool(false)));
    assert_eq!(report["boundaries"][0]["type"], "sup-out-fn");
    assert_eq!(report["boundaries"][1]["line"], Value::Null);
    assert_eq!(report["warnings"][0]["line"], 37);
}

#[test]
fn regions_are_looked_for_in_the_mesh_and_on_disk() {
    let mesh = BoxMesh::new(Cells::Hex, [2, 2, 2]).periodic([true; 3]).build();
    let case = "[solver]\nsystem = diffusion\norder = 1\n[constants]\nnu = 1\n[soln-ics]\nu = x\n\
                [solver-time-integrator]\nscheme = rk4\ntend = 0.01\ndt = 0.001\n\
                [soln-plugin-writer]\ndt-out = 0.01\nbasename = a-{n}\nregion = * - wall\n\
                [soln-plugin-integrate]\nnsteps = 1\nfile = a.csv\nint-a = u\nregion = stl('ball')\n\
                [soln-plugin-sampler-middle]\nnsteps = 1\nfile = b.csv\nsamp-pts = [(0.5, 0.5, 0.5)]\n";
    let folder = folder(&mesh, case);
    let (out, status) = check(&folder, &["case.ini"]);
    assert_eq!(status, Some(1));
    has(
        &out,
        &["the boundary 'wall', which the mesh has not", "none called 'ball' or 'ball.stl'", "2 errors"],
    );
    let triangles: Vec<[[f64; 3]; 3]> = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]
        .map(|c| c.map(|n: usize| std::array::from_fn(|d| f64::from(u8::from(n == d + 1)))))
        .into();
    solver::output::stl::write(&folder.path("ball.stl"), &triangles).unwrap();
    let (out, _) = check(&folder, &["case.ini"]);
    has(&out, &["the boundary 'wall', which the mesh has not", "1 error"]);
    // No number of dimensions suits both.
    folder.put("case.ini", case.replace("(0.5, 0.5, 0.5)", "(0.5, 0.5)"));
    let (out, _) = check(&folder, &["case.ini"]);
    has(&out, &["a body in 3-D, but the mesh is 2-D"]);
}

#[test]
fn every_mistake_is_listed_with_its_line_and_without_a_mesh_no_run_starts() {
    let folder =
        folder(&periodic(), &WAVE.replace("order = 3", "order = x").replace("tend = 0.1", "tend = ?"));
    let (report, status) = json(&folder, &["case.ini"]);
    assert_eq!(status, Some(1));
    let lines: Vec<_> = report["errors"].as_array().unwrap().iter().map(|e| e["line"].clone()).collect();
    assert_eq!(lines, [9, 15]);
    assert_eq!(
        (&report["errors"][0]["section"], &report["errors"][0]["key"]),
        (&"solver".into(), &"order".into())
    );

    let alone = Folder::new();
    alone.put("case.ini", WAVE);
    let (out, status) = check(&alone, &["case.ini"]);
    assert_eq!(status, Some(1));
    has(&out, &["error: no mesh was named", "system     euler, order 3, rk4\n", "[solver]\n"]);
    let (out, status) = check(&alone, &["none.ini"]);
    assert_eq!(status, Some(1));
    has(&out, &["error: none.ini: cannot be read"]);
}

#[test]
fn what_a_run_would_find_out_later_is_found() {
    let force = "[soln-plugin-fluidforce-wal]\nnsteps = 1\nfile = force\n";
    let folder = folder(&periodic(), &format!("{WAVE}{force}"));
    let (out, status) = check(&folder, &["case.ini", "-q"]);
    assert_eq!(status, Some(1), "{out}");
    has(&out, &["error: [soln-plugin-fluidforce-wal]: the mesh has no boundary 'wal'; it has none at all"]);
    folder.put("case.ini", WAVE);
    let (out, status) = check(&folder, &["case.ini", "-q", "--set", "solver-time-integrator.tend=0.12"]);
    assert_eq!(status, Some(0), "{out}");
    has(&out, &["warning: the state at the end, t = 0.12, will be in no file"]);
    let cfl = ["solver-time-integrator.controller=cfl", "solver-time-integrator.cfl=3"];
    let (out, _) = check(&folder, &["case.ini", "-q", "--set", cfl[0], "--set", cfl[1]]);
    has(&out, &["cfl = 3 is 1.", "of the stable 2.0", "times the estimated limit of stability"]);
    let (out, status) = check(&folder, &["case.ini", "-q", "--set", "solver-plugin-nirf.frame=1"]);
    assert_eq!(status, Some(1));
    has(
        &out,
        &[
            "--set solver-plugin-nirf.frame: there is no such section",
            "and one that might change the results",
        ],
    );
}

#[test]
fn outputs_that_take_each_others_place_are_told() {
    let folder = folder(&periodic(), WAVE);
    let second = |name: &str| {
        format!("{WAVE}[soln-plugin-writer-b]\ndt-out = 0.1\nbasedir = results\nbasename = {name}\n")
    };
    let rows = |name: &str| format!("[soln-plugin-residual-{name}]\nnsteps = 10\nfile = rows/{name}/a.csv\n");
    let named = |name: &str| format!("{WAVE}[checkpoint]\nbasedir = results\nbasename = {name}\n");
    for (case, parts) in [
        (WAVE.replace(".2f", ".0f"), &["2 outputs take the place", "results/wave-0.ssoln"][..]),
        (second("wave-{t:.2f}"), &["wave-0.00.ssoln has two plugins, one writes", "every 0.05", "every 0.1"]),
        // Other files of one list.
        (second("wave_{n}"), &["results/wave.pvd has two plugins"]),
        (format!("{WAVE}{}{}", rows("a"), rows("b").replace("rows/b", "rows/a")), &["rows/a/a.csv has two"]),
        (named("wave-{t:.2f}"), &["results/wave-0.00.ssoln has the name of a checkpoint"]),
    ] {
        folder.put("case.ini", &case);
        let (out, status) = check(&folder, &["case.ini", "-q"]);
        assert_eq!(status, Some(0), "{out}");
        has(&out, &[&["warning: ", "1 warning\n"], parts].concat());
        let (_, err) = folder.succeed(&["run", "case.ini"]);
        has(&err, &[&["warning: "], parts].concat());
    }
    // Folders are made.
    folder.put("case.ini", format!("{WAVE}{}{}", rows("a"), rows("b")) + &named("save-{n}")[WAVE.len()..]);
    let (out, _) = check(&folder, &["case.ini", "-q"]);
    has(&out, &["nothing stands in the way of a run"]);
    assert!(!out.contains("warning"), "{out}");
    folder.succeed(&["run", "case.ini"]);
    assert!(folder.path("rows/b/a.csv").exists());
}

#[test]
fn states_and_elements_that_cannot_be_run_are_errors_with_their_place() {
    let folder = folder(&periodic(), &WAVE.replace("p = 1\n", "p = 1/(x - x)\n"));
    let (out, status) = check(&folder, &["case.ini", "-q"]);
    assert_eq!(status, Some(1));
    has(&out, &["error: the initial state is not finite: p = "]);
    folder.put("case.ini", WAVE.replace("p = 1\n", "p = -1\n"));
    has(
        &check(&folder, &["case.ini", "-q"]).0,
        &["error: the initial state is not finite: its wave speed = NaN at"],
    );
}

#[test]
fn tables_are_written_over_no_mesh_and_damaged_meshes_say_why() {
    let folder = folder(&periodic(), WAVE);
    folder.succeed(&["run", "case.ini"]);
    let solution = "results/wave-0.10.ssoln";
    let before = std::fs::read(folder.path(solution)).unwrap();
    for output in [solution, "mesh.smesh", "case.ini"] {
        let message = folder.fail(&["sample", solution, "--point", "0.3,0.3", "-o", output]);
        assert!(message.contains("name another file to write"), "{output}: {message}");
    }
    assert_eq!(std::fs::read(folder.path(solution)).unwrap(), before);
    let mesh = std::fs::read(folder.path("mesh.smesh")).unwrap();
    folder.put("cut.smesh", &mesh[..mesh.len() / 2]);
    for arguments in
        [&["run", "cut.smesh", "case.ini"][..], &["partition", "2", "cut.smesh"], &["mesh", "cut.smesh"]]
    {
        let message = folder.fail(arguments);
        assert!(!message.contains("neither") && message.contains("cut.smesh"), "{arguments:?}: {message}");
    }
    #[cfg(target_os = "linux")]
    {
        let piped = format!("exec \"$0\" sample {solution} --point 0.3,0.3 -o /dev/stdout | cat");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &piped, env!("CARGO_BIN_EXE_solver")]).current_dir(folder.path(""));
        assert!(cases::succeed(&mut command).0.starts_with("x,y,"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn lines_that_cannot_be_printed_are_an_error() {
    let folder = folder(&periodic(), WAVE);
    for arguments in ["check case.ini", "info mesh.smesh", "partition list", "keys"] {
        let full = format!("exec \"$0\" {arguments} >/dev/full");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &full, env!("CARGO_BIN_EXE_solver")]).current_dir(folder.path(""));
        let message = cases::fail(&mut command);
        assert!(message.contains("cannot print"), "{arguments}: {message}");
    }
}
