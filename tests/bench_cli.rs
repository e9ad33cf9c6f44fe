//! `solver bench`: one line and one record for each measurement, of standard problems and of one's own case.

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed without MPI
mod support;

use cases::{Folder, WAVE};
use serde_json::Value;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::store;

/// As little work as there can be.
const QUICK: [&str; 7] = ["bench", "--small", "--steps", "1", "--repetitions", "2", "--seconds=0.01"];

fn records(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn a_standard_problem_is_a_line_and_a_record_for_each_precision() {
    let folder = Folder::new();
    let (out, err) =
        folder.succeed(&[&QUICK[..], &["-w", "euler-quad-p3", "--on", "1x1", "--json=a.json"]].concat());
    assert_eq!(err, "");
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.starts_with("workload") && out.contains("euler-quad-p3                f64"), "{out}");
    let found = records(&std::fs::read_to_string(folder.path("a.json")).unwrap());
    let of = |key: &str| found.iter().map(|r| r[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("precision"), ["f64", "f32"]);
    assert_eq!(of("dofs"), [48 * 48 * 16 * 4; 2]);
    assert_eq!(of("threads-a-rank"), [1; 2]);
    for record in &found {
        for key in ["dofs-per-second", "copy-bytes-per-second", "fraction-of-triad", "plan-bytes-per-dof"] {
            assert!(record[key].as_f64().is_some_and(|x| x > 0.0), "{key}: {record}");
        }
        assert!(record["date"].as_str().is_some_and(|d| d.starts_with("20") && d.ends_with('Z')), "{record}");
    }
}

#[test]
fn a_case_is_measured_as_it_would_run_and_writes_nothing() {
    let folder = Folder::new();
    let mesh = BoxMesh::new(Cells::Quad, [8, 8, 1]).periodic([true; 3]).build();
    store::write(&mesh, folder.path("mesh.smesh")).unwrap();
    folder.put("case.ini", WAVE);
    let (out, _) =
        folder.succeed(&[&QUICK[..], &["--in-process", "--json", "mesh.smesh", "case.ini"]].concat());
    let found = records(&out);
    assert_eq!(found.len(), 1, "{out}");
    assert_eq!(found[0]["dofs"], 64 * 16 * 4);
    assert_eq!(found[0]["precision"], "f64");
    assert_eq!(found[0]["workload"], "mesh.smesh case.ini");
    assert_eq!(folder.files(), ["case.ini", "mesh.smesh"]);
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let folder = Folder::new();
    let message = folder.fail(&["bench", "-w", "euler-quad-p5"]);
    assert!(
        message.contains("unknown workload 'euler-quad-p5'") && message.contains("euler-quad-p"),
        "{message}"
    );
    assert!(folder.fail(&["bench", "-w", "tet", "--repetitions", "0"]).contains("must be positive"));
    assert!(folder.fail(&["bench", "--in-process", "-b", "gpx", "-w", "tet"]).contains("'gpx'"));
    let (out, _) = folder.succeed(&["bench", "--list"]);
    assert!(out.lines().count() > 10 && out.contains("navier-stokes-mixed-p3\n"), "{out}");
}

#[test]
#[cfg(feature = "mpi")]
fn ranks_are_started_and_their_messages_counted() {
    if support::skip_mpi() {
        return;
    }
    let folder = Folder::new();
    let quick = [&QUICK[..], &["-w", "navier-stokes-hex-p3", "-p", "f64", "--json"]].concat();
    let mut alone = folder.command(&[&quick[..], &["--on", "2x1"]].concat());
    // What the tests give mpirun to work as root goes through the environment.
    for (name, value) in support::mpirun(2).get_envs() {
        alone.env(name, value.unwrap_or_default());
    }
    let (started, _) = cases::succeed(&mut alone);
    let (joined, _) = cases::succeed(&mut folder.parallel(2, &[&quick[..], &["-t", "1"]].concat()));
    for text in [started, joined] {
        let found = records(&text);
        assert_eq!((found.len(), &found[0]["ranks"], &found[0]["threads-a-rank"]), (1, &2.into(), &1.into()));
        // Four stages, states and fluxes, each rank to the other.
        assert_eq!(found[0]["halo-messages-per-step"], 16.0);
        assert!(found[0]["halo-bytes-per-step"].as_f64().is_some_and(|b| b > 1e5), "{text}");
    }
}
