//! `solver run` under `mpirun`: the same bits on any number of ranks and threads, and one message when it fails.
#![cfg(feature = "mpi")]

#[path = "support/cases.rs"]
mod cases;
mod support;
#[path = "support/vtu.rs"]
mod vtu;

use cases::{Folder, WAVE, end, fail, msh, succeed};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::store;
use solver::output::solution;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vtu::Vtu;

/// One job at a time: two would fight for the cores. None when tests with MPI are left out.
fn turn() -> Option<MutexGuard<'static, ()>> {
    static TURN: Mutex<()> = Mutex::new(());
    (!support::skip_mpi()).then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

const SCALAR: &str = "\
[constants]
nu = 0.01
ax = 1.0
ay = 0.7
az = -0.4

[solver]
system = advection-diffusion
order = 2

[solver-time-integrator]
scheme = tvd-rk3
tend = 0.05
dt = 0.0005

[solver-interfaces]
riemann-solver = rusanov
ldg-beta = 0.5
ldg-tau = 0.1

[soln-plugin-writer]
dt-out = 0.05
basedir = results
basename = wave-{t:.2f}

[soln-bcs-left]
type = fixed-value
u = sin(10*t)

[soln-bcs-right]
type = fixed-flux
q = 0.1*y

[soln-ics]
u = sin(2*pi*x)*cos(2*pi*y)
";

/// The wave, a hundred steps.
fn wave() -> String {
    WAVE.replace("dt = 0.002", "dt = 0.001").replace("dt-out = 0.05", "dt-out = 0.1")
}

fn folder(mesh: &BoxMesh, case: &str) -> Folder {
    let folder = Folder::new();
    folder.put("mesh.msh", msh(&mesh.raw()));
    folder.put("case.ini", case);
    folder.succeed(&["import", "mesh.msh"]);
    folder
}

fn square() -> BoxMesh {
    BoxMesh::new(Cells::TriQuad, [6, 6, 1]).periodic([true; 3]).shuffle(5).warp(0.03)
}

/// Values of each element by its global id.
fn values(folder: &Folder, file: &str) -> BTreeMap<u32, Vec<u64>> {
    let (header, blocks) = solution::read(&folder.path(file)).unwrap();
    let mut all = BTreeMap::new();
    for block in blocks {
        let size = block.points() * header.variables.len();
        for (id, values) in block.ids.iter().zip(block.values.chunks_exact(size)) {
            all.insert(*id, values.iter().map(|x| x.to_bits()).collect());
        }
    }
    all
}

const NOTE: &str = "the mesh holds no partitioning for";

/// Runs on 1, 2 and 4 ranks, of 1 and 2 threads, without and with stored partitionings; all must end with the same bits.
fn same_on_any_ranks(mesh: &BoxMesh, case: &str, file: &str) {
    let folder = folder(mesh, case);
    folder.succeed(&["run", "-t", "1", "case.ini"]);
    let one = values(&folder, file);
    assert!(one.values().flatten().any(|x| f64::from_bits(*x) != 0.0));
    let same = |ranks: usize, threads: &str, stored: bool| {
        std::fs::remove_dir_all(folder.path("results")).unwrap();
        let (_, err) = succeed(&mut folder.parallel(ranks, &["run", "-t", threads, "case.ini"]));
        assert_eq!(err.matches(NOTE).count(), usize::from(ranks > 1 && !stored), "{ranks} ranks:\n{err}");
        assert_eq!(values(&folder, file), one, "{ranks} ranks, {threads} threads, stored {stored}");
    };
    for (ranks, threads) in [(1, "2"), (2, "1"), (2, "2"), (4, "1"), (4, "2")] {
        same(ranks, threads, false);
    }
    for ranks in ["2", "4"] {
        folder.succeed(&["partition", ranks]);
    }
    same(2, "1", true);
    same(4, "1", true);
}

#[test]
fn a_flow_has_the_same_bits_on_any_ranks_and_threads() {
    let Some(_turn) = turn() else { return };
    same_on_any_ranks(&square(), &wave(), "results/wave-0.10.ssoln");
}

#[test]
fn a_scalar_in_a_box_has_the_same_bits_on_any_ranks_and_threads() {
    let Some(_turn) = turn() else { return };
    let mesh = BoxMesh::new(Cells::Tet, [2, 3, 2]).periodic([false, true, true]).shuffle(5);
    same_on_any_ranks(&mesh, SCALAR, "results/wave-0.05.ssoln");
}

#[test]
fn a_gmsh_file_imported_on_the_fly_is_one_mesh_for_all_ranks() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    let (out, _) = succeed(&mut folder.parallel(4, &["run", "mesh.msh", "case.ini"]));
    assert_eq!(out.matches("mesh       mesh.msh").count(), 1, "{out}");
    assert!(out.contains("4 ranks, each"), "{out}");
    let (header, blocks) = solution::read(&folder.path("results/wave-0.10.ssoln")).unwrap();
    assert_eq!((header.step, blocks.iter().map(|b| b.ids.len()).sum::<usize>()), (100, 54));
}

#[test]
fn ranks_write_pieces_and_an_index() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    succeed(&mut folder.parallel(4, &["run", "case.ini"]));
    let mut wanted = vec!["wave.pvd".to_string()];
    for t in ["0.00", "0.10"] {
        wanted.extend(["ssoln", "pvtu"].map(|e| format!("wave-{t}.{e}")));
        wanted.extend((0..4).map(|r| format!("wave-{t}.p{r}.vtu")));
    }
    wanted.sort();
    let files = folder.files();
    let found: Vec<&str> = files.iter().filter_map(|f| f.strip_prefix("results/")).collect();
    assert_eq!(found, wanted);
    let index = std::fs::read_to_string(folder.path("results/wave-0.10.pvtu")).unwrap();
    let mut cells = 0;
    for rank in 0..4 {
        let piece = format!("wave-0.10.p{rank}.vtu");
        assert_eq!(index.matches(&piece).count(), 1, "{index}");
        cells += Vtu::read(&folder.path("results").join(piece)).cells;
    }
    assert_eq!(cells, 54);
    let series = std::fs::read_to_string(folder.path("results/wave.pvd")).unwrap();
    assert!(series.contains("wave-0.10.pvtu") && !series.contains(".p0.vtu"), "{series}");
}

#[test]
fn ranks_share_the_files_of_a_series() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    folder.succeed(&["run", "case.ini"]);
    let solutions = ["results/wave-0.00.ssoln", "results/wave-0.10.ssoln"];
    folder.succeed(&[&["export", "volume"], &solutions[..], &["-o", "one.pvd"]].concat());
    succeed(&mut folder.parallel(3, &[&["export", "volume"], &solutions[..], &["-o", "three.pvd"]].concat()));
    let read = |name: &str| std::fs::read(folder.path(name)).unwrap();
    for n in 0..2 {
        assert_eq!(read(&format!("one-00{n}.vtu")), read(&format!("three-00{n}.vtu")));
    }
    let list = String::from_utf8(read("three.pvd")).unwrap();
    assert_eq!(list.replace("three", "one").as_bytes(), read("one.pvd"));
    let message = fail(&mut folder.parallel(2, &["export", "volume", "missing.ssoln"]));
    assert_eq!(message.matches("missing.ssoln").count(), 1, "{message}");
}

/// The numbers of an array of all pieces of a `.pvtu` file, sorted: pieces have elements in another order than the whole.
fn sorted(pieces: &[Vtu], name: &str) -> Vec<f64> {
    let of = |vtu: &Vtu| vtu.arrays.iter().find(|(_, n, _)| n == name).map(|(.., numbers)| numbers.clone());
    let mut all: Vec<f64> = pieces.iter().flat_map(|vtu| of(vtu).unwrap_or_default()).collect();
    all.sort_by(f64::total_cmp);
    all
}

#[test]
fn ranks_export_a_part_of_the_mesh_each() {
    let Some(_turn) = turn() else { return };
    let folder = Folder::new();
    let case = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/cavity.ini");
    let sets = [
        "solver-time-integrator.tend=0.002",
        "soln-plugin-writer.dt-out=0.001",
        "soln-plugin-writer.basename=flow-{n}",
    ];
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    folder.succeed(&["generate", "box", "6", "5", "-o", "box.smesh"]);
    folder.succeed(&["run", "box.smesh", case].into_iter().chain(sets).collect::<Vec<_>>());
    let all = folder.files();
    let solutions: Vec<&str> = all.iter().map(String::as_str).filter(|f| f.ends_with(".ssoln")).collect();
    assert_eq!(solutions.len(), 3, "{all:?}");
    let last = solutions[2];
    let read = |name: String| Vtu::read(&folder.path(&name));
    for (kind, fields) in
        [("volume", ["-f", "vorticity"]), ("boundary", ["-f", "vorticity"]), ("volume", ["-f", "Pressure"])]
    {
        let export = |output: &'static str| {
            let mut arguments = vec!["export", kind, "box.smesh", last, "-p", "double", "-o", output];
            arguments.extend(fields);
            arguments.extend(["--merge"].iter().filter(|_| fields[1] == "Pressure"));
            arguments
        };
        folder.succeed(&export("one.vtu"));
        succeed(&mut folder.parallel(3, &export("three.pvtu")));
        let (one, three) = ([read("one.vtu".into())], [0, 1, 2].map(|r| read(format!("three.p{r}.vtu"))));
        assert_eq!(three.iter().map(|vtu| vtu.cells).sum::<usize>(), one[0].cells, "{kind}");
        if fields[1] == "vorticity" {
            for name in ["Points", "vorticity"] {
                let (one, three) = (sorted(&one, name), sorted(&three, name));
                let far = one.iter().zip(&three).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(one.len() == three.len() && far < 1e-12, "{kind}, {name}: {far:e}");
            }
        }
        let parts = sorted(&three, "Part");
        assert!([0.0, 1.0, 2.0].iter().all(|rank| parts.contains(rank)), "{kind}: {parts:?}");
        let index = std::fs::read_to_string(folder.path("three.pvtu")).unwrap();
        assert!((0..3).all(|r| index.contains(&format!("three.p{r}.vtu"))), "{index}");
        assert!(
            index.contains("\"Part\"") && index.contains("\"Boundary\"") == (kind == "boundary"),
            "{index}"
        );
    }
    // Without a name; a series; what is one file.
    succeed(&mut folder.parallel(2, &["export", "volume", "box.smesh", last]));
    let name = last.replace(".ssoln", "-volume");
    assert_eq!(read(format!("{name}.p0.vtu")).cells + read(format!("{name}.p1.vtu")).cells, 30);
    let series = ["export", "volume", "--pieces", "box.smesh", solutions[0], last, "-o", "all.pvd"];
    succeed(&mut folder.parallel(2, &series));
    let list = std::fs::read_to_string(folder.path("all.pvd")).unwrap();
    assert!(list.contains("all-000.pvtu") && list.contains("all-001.pvtu"), "{list}");
    let hdf = ["export", "volume", "--pieces", "box.smesh", last, "-o", "a.vtkhdf"];
    let message = fail(&mut folder.parallel(2, &hdf));
    assert_eq!(message.matches("one rank").count(), 1, "{message}");
}

/// The job ends with one message, which holds these words, and writes nothing new.
fn one_message(folder: &Folder, arguments: &[&str], words: &[&str]) {
    let before = folder.files();
    let message = fail(&mut folder.parallel(4, arguments));
    for word in words {
        assert_eq!(message.matches(word).count(), 1, "'{word}':\n{message}");
    }
    assert_eq!(folder.files(), before, "{message}");
}

#[test]
fn what_fails_on_all_ranks_is_told_once() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    folder.put("bad.ini", wave().replace("scheme = rk4", "scheme = rk5"));
    folder.put("bad.msh", "nonsense");
    one_message(&folder, &["run", "none.ini"], &["none.ini: cannot be read"]);
    one_message(&folder, &["run", "bad.ini"], &["did you mean 'rk45'"]);
    one_message(&folder, &["run", "none.smesh", "case.ini"], &["no mesh file 'none.smesh'"]);
    one_message(&folder, &["run", "bad.msh", "case.ini"], &["bad.msh"]);
    one_message(&folder, &["run", "-b", "gpx", "case.ini"], &["unknown backend 'gpx'"]);
}

#[test]
fn a_wrong_partitioning_is_told_once() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    folder.succeed(&["partition", "2", "--name", "halves"]);
    one_message(
        &folder,
        &["run", "-P", "quarters", "case.ini"],
        &["no partitioning called 'quarters'; it has: halves"],
    );
    one_message(
        &folder,
        &["run", "-P", "halves", "case.ini"],
        &["'halves' has 2 parts, but the run has 4 ranks"],
    );
}

#[test]
fn a_writer_that_fails_on_one_rank_ends_the_job() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    folder.put("results", "in the way");
    one_message(&folder, &["run", "case.ini"], &["cannot write results"]);
    std::fs::remove_file(folder.path("results")).unwrap();
    // The piece of one rank only: its name is taken by a folder.
    folder.put("results/wave-0.00.p2.vtu/file", "in the way");
    let message = fail(&mut folder.parallel(4, &["run", "case.ini"]));
    assert_eq!(message.matches("wave-0.00.p2.vtu").count(), 1, "{message}");
    assert!(message.contains("rank 2 of 4: "), "{message}");
}

#[test]
fn a_blow_up_is_told_once_with_its_place() {
    let Some(_turn) = turn() else { return };
    let case = WAVE.replace("dt = 0.002", "dt = 0.05").replace("tend = 0.1", "tend = 100");
    let folder = folder(&square(), &case);
    let message = end(&mut folder.parallel(4, &["run", "case.ini"]), 4);
    for word in ["no longer finite at t = ", "element ", "near (", "reduce dt"] {
        assert_eq!(message.matches(word).count(), 1, "{message}");
    }
    // The place is the same on one rank.
    let alone = end(&mut folder.command(&["run", "case.ini"]), 4);
    assert_eq!(message.lines().next(), alone.lines().next());
}

#[test]
fn an_initial_state_that_one_rank_alone_finds_bad_ends_the_job() {
    let Some(_turn) = turn() else { return };
    // Not a number near one corner only.
    let case = wave().replace("p = 1", "p = sqrt(x + y - 0.05)");
    one_message(&folder(&square(), &case), &["run", "case.ini"], &["the initial state is not finite"]);
}

#[test]
fn an_element_that_one_rank_alone_finds_bad_ends_the_job() {
    let Some(_turn) = turn() else { return };
    let walls =
        ["left", "right", "bottom", "top"].map(|w| format!("\n[soln-bcs-{w}]\ntype = slp-adia-wall\n"));
    let folder = Folder::new();
    folder.put("case.ini", format!("{WAVE}{}", walls.concat()));
    let mut mesh = BoxMesh::new(Cells::Quad, [8, 8, 1]).build();
    // Of the element in this corner alone.
    let corner = mesh.nodes.iter_mut().find(|x| **x == [0.0; 3]).unwrap();
    *corner = [0.2, 0.2, 0.0];
    store::write(&mesh, folder.path("mesh.smesh")).unwrap();
    one_message(&folder, &["run", "case.ini"], &["the Jacobian"]);
}

#[test]
fn ranks_that_are_told_different_things_do_not_begin() {
    let Some(_turn) = turn() else { return };
    let folder = folder(&square(), &wave());
    folder.put("other.ini", wave().replace("rusanov", "hllc"));
    std::fs::copy(folder.path("mesh.smesh"), folder.path("other.smesh")).unwrap();
    folder.succeed(&["generate", "box", "6", "6", "--periodic", "x,y", "-o", "other.smesh"]);
    let program = env!("CARGO_BIN_EXE_solver");
    for (mesh, case, what) in [
        ("mesh.smesh", "other.ini", "the case is another"),
        ("other.smesh", "case.ini", "the mesh is another"),
    ] {
        let mut command = support::mpirun(1);
        command.args([program, "run", "mesh.smesh", "case.ini", ":", "-np", "1", program, "run", mesh, case]);
        command.current_dir(folder.path("")).env("HDF5_USE_FILE_LOCKING", "FALSE").env_remove("RUST_LOG");
        let message = fail(&mut command);
        assert!(message.contains(what), "{message}");
    }
    folder.succeed(&["run", "mesh.smesh", "case.ini"]);
    let solutions: Vec<String> = folder.files().into_iter().filter(|f| f.ends_with(".ssoln")).collect();
    let later = "solver-time-integrator.tend=0.2";
    let [first, second] = [0, 1].map(|i| ["restart", "mesh.smesh", &solutions[i], "--set", later]);
    let mut command = support::mpirun(1);
    command.arg(program).args(first).args([":", "-np", "1", program]).args(second);
    command.current_dir(folder.path("")).env("HDF5_USE_FILE_LOCKING", "FALSE").env_remove("RUST_LOG");
    let message = fail(&mut command);
    assert!(message.contains("the solution is another"), "{message}");
}
