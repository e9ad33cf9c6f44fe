//! Runs that are killed, and disks that fill up: what was complete stays, nothing half-written takes a final name, and a restart
//! works.
#![cfg(unix)]

#[path = "support/cases.rs"]
mod cases;
#[allow(dead_code)] // ranks are not needed without MPI
mod support;

use cases::{Folder, WAVE, msh};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::output::solution;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Kills without MPI; a quarter of these with it. SOLVER_KILLS asks for another number.
const KILLS: u32 = 24;

fn kills() -> u32 {
    std::env::var("SOLVER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS)
}

/// A run that writes constantly: outputs every second step, checkpoints all the time.
fn busy() -> Folder {
    let folder = Folder::new();
    let mesh = BoxMesh::new(Cells::TriQuad, [8, 8, 1]).periodic([true; 3]).shuffle(3);
    folder.put("mesh.msh", msh(&mesh.raw()));
    let case = WAVE
        .replace("tend = 0.1", "tend = 100")
        .replace("dt-out = 0.05", "dt-out = 0.004")
        .replace("wave-{t:.2f}", "wave-{n:05d}");
    let checkpoint = "[checkpoint]\ninterval = 0.0001\nkeep = 3\n";
    let residual = "[soln-plugin-residual]\nnsteps = 1\nfile = residual.csv\n";
    folder.put("case.ini", format!("{case}{checkpoint}{residual}"));
    folder.succeed(&["import", "mesh.msh"]);
    folder.succeed(&["partition", "2"]);
    folder
}

/// The same, which samples every step into an HDF5 file, too.
fn sampling() -> Folder {
    let folder = busy();
    let case = std::fs::read_to_string(folder.path("case.ini")).unwrap();
    let sampler = "[soln-plugin-sampler]\nnsteps = 1\nsamp-pts = [(0.5, 0.5)]\nfile = rows.h5\nfile-format = hdf5\n\
                   file-dataset = samples\n";
    folder.put("case.ini", format!("{case}{sampler}"));
    folder
}

/// A moment that differs from kill to kill, in milliseconds after the first file: golden-ratio steps spread evenly.
fn moment(i: u32) -> Duration {
    Duration::from_micros((f64::from(i) * 0.618_033_988_749_895).fract().mul_add(120_000.0, 0.0) as u64)
}

fn quiet(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the run has written something new.
fn under_way(folder: &Folder, before: usize) {
    let begun = Instant::now();
    while folder.files().len() <= before {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Every file under a final name is whole; the newest solution.
fn sound(folder: &Folder) -> String {
    let mut newest = (-1.0, String::new());
    for name in folder.files() {
        let temporary = name.rsplit('/').next().is_some_and(|n| n.starts_with(".partial-"));
        if name.ends_with(".ssoln") {
            let (header, blocks) =
                solution::read(&folder.path(&name)).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(blocks.iter().all(|b| b.values.iter().all(|x| x.is_finite())), "{name}");
            if header.t > newest.0 {
                newest = (header.t, name);
            }
        } else if name.ends_with(".vtu") || name.ends_with(".pvtu") || name.ends_with(".pvd") {
            let text = std::fs::read(folder.path(&name)).unwrap();
            assert!(text.ends_with(b"</VTKFile>\n") || text.ends_with(b"</VTKFile>"), "{name} is not whole");
        } else {
            let known =
                ["mesh.msh", "mesh.smesh", "case.ini", "residual.csv", "rows.h5"].contains(&name.as_str());
            assert!(known || temporary, "{name} is nobody's");
        }
    }
    // Every step has its row, whatever was killed in between; a run that starts afresh goes on below.
    if let Ok(rows) = hdf5::File::open(folder.path("rows.h5")) {
        let times: Vec<f64> = rows.dataset("samples_t").unwrap().read_raw().unwrap();
        assert_eq!(rows.dataset("samples").unwrap().shape(), [times.len(), 1, 4]);
        for pair in times.windows(2) {
            assert!(pair[1] == 0.0 || (pair[1] - pair[0] - 0.002).abs() < 1e-9, "{pair:?}");
        }
    } else {
        assert!(!folder.path("rows.h5").exists(), "the rows are not whole");
    }
    // What the pvd names is there.
    if let Ok(series) = std::fs::read_to_string(folder.path("results/wave.pvd")) {
        for file in series.split("file=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(folder.path(&format!("results/{file}")).exists(), "{file} is listed and not there");
        }
    }
    newest.1
}

fn clean(folder: &Folder) {
    for name in folder.files() {
        if name.contains("wave") || name.contains("checkpoint-") || name.contains(".partial-") {
            std::fs::remove_file(folder.path(&name)).unwrap();
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_whole_files_and_goes_on() {
    let folder = busy();
    let mut restarted = 0;
    for i in 0..kills() {
        let newest = sound(&folder);
        let arguments = if newest.is_empty() { vec!["run", "case.ini"] } else { vec!["restart", &newest] };
        let before = folder.files().len();
        let mut run = quiet(&mut folder.command(&arguments));
        under_way(&folder, before);
        std::thread::sleep(moment(i));
        run.kill().unwrap();
        run.wait().unwrap();
        let after = sound(&folder);
        let time = |name: &str| solution::read(&folder.path(name)).unwrap().0.t;
        if !newest.is_empty() && !after.is_empty() {
            restarted += u32::from(time(&after) > time(&newest));
        }
        if i % 12 == 11 {
            clean(&folder);
        }
    }
    assert!(restarted > kills() / 2, "only {restarted} of {} went on", kills());
}

#[test]
fn rows_in_an_hdf5_file_outlive_runs_that_are_killed_without_a_gap() {
    let folder = sampling();
    for i in 0..kills().div_ceil(3) {
        let newest = sound(&folder);
        let arguments = if newest.is_empty() { vec!["run", "case.ini"] } else { vec!["restart", &newest] };
        let before = folder.files().len();
        let mut run = quiet(&mut folder.command(&arguments));
        under_way(&folder, before);
        std::thread::sleep(moment(i));
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let newest = sound(&folder);
    assert!(!newest.is_empty() && folder.path("rows.h5").exists());
    let t = solution::read(&folder.path(&newest)).unwrap().0.t;
    folder.succeed(&["restart", &newest, "--set", &format!("solver-time-integrator.tend={}", t + 0.01)]);
    sound(&folder);
}

#[cfg(feature = "mpi")]
#[test]
fn a_job_that_loses_a_rank_ends_within_seconds_and_goes_on() {
    if support::skip_mpi() {
        return;
    }
    let folder = busy();
    for i in 0..kills().div_ceil(4) {
        let newest = sound(&folder);
        let arguments = if newest.is_empty() { vec!["run", "case.ini"] } else { vec!["restart", &newest] };
        let before = folder.files().len();
        let mut job = quiet(&mut folder.parallel(2, &arguments));
        under_way(&folder, before);
        std::thread::sleep(moment(i));
        // One rank, or all of them and mpirun.
        let ranks = Command::new("pgrep").args(["-P", &job.id().to_string(), "solver"]).output().unwrap();
        let ranks = String::from_utf8(ranks.stdout).unwrap();
        let ranks: Vec<&str> = ranks.split_whitespace().collect();
        assert!(!ranks.is_empty(), "no rank was found");
        let all = i % 3 == 2;
        let victims = if all { &ranks[..] } else { &ranks[i as usize % ranks.len()..][..1] };
        Command::new("kill").arg("-9").args(victims).status().unwrap();
        let begun = Instant::now();
        while job.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the job hangs");
            std::thread::sleep(Duration::from_millis(5));
        }
        sound(&folder);
        if i % 4 == 3 {
            clean(&folder);
        }
    }
    let newest = sound(&folder);
    if !newest.is_empty() {
        let t = solution::read(&folder.path(&newest)).unwrap().0.t;
        let end = format!("solver-time-integrator.tend={}", t + 0.01);
        folder.succeed(&["restart", &newest, "--set", &end]);
    }
}

/// `solver` with files of at most so many KiB: what a full disk does to it, on any machine.
fn limited(folder: &Folder, kib: u32, arguments: &[&str]) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_solver");
    // The signal that comes with the limit would end the program.
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec {program} {}", arguments.join(" "));
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(folder.path(""));
    support::run(&mut command, cases::LIMIT)
}

#[test]
fn a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_written() {
    let folder = busy();
    folder.succeed(&["run", "case.ini", "--set", "solver-time-integrator.tend=0.02"]);
    let newest = sound(&folder);
    let before = folder.files();
    for arguments in [&["run", "case.ini"][..], &["restart", &newest, "case.ini"]] {
        // Room for the text of the results, not for a solution.
        let output = limited(&folder, 16, arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        for words in ["cannot write", ".ssoln", "the disk or the quota is full"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        sound(&folder);
        let after = folder.files();
        assert!(before.iter().all(|file| after.contains(file)), "{after:?}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_ends_the_run_with_a_sentence() {
    let folder = busy();
    // A file stands where the folder should be, which stops a superuser, too.
    let output = folder
        .command(&["run", "case.ini", "--set", "soln-plugin-writer.basedir=case.ini"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot write case.ini/") && text.contains("basedir"), "{text}");
    sound(&folder);
}
