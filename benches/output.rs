//! What writing results costs a run: its wall-clock time with an output every so many steps over that without any, the two in
//! turn, on the same engine. The ratio is the median of those of neighbours, which a machine that is slower at times leaves alone.
//!
//! A third run, beside each pair, writes as many bytes from a buffer, in a thread of its own, and nothing else is done with them: what the
//! machine takes for new pages of files, which is much on virtual ones. Results can cost less than that, since a run gives back the memory
//! of files that are written, and these bytes keep theirs.
//!
//! `cargo bench --bench output -- [workload] [steps between outputs] [folder]`; by default Navier-Stokes on hexes of order 4
//! (16^3 elements), 10 steps, a folder below the system's temporary one.

use solver::backend::Precision;
use solver::bench::workload::{self, DT};
use solver::engine::{BackendChoice, Engine};
use solver::monitor::background::Background;
use solver::monitor::writer::{Origin, Writer};
use solver::monitor::{Moment, Monitor, MonitorError};
use solver::output::name::NameTemplate;
use solver::parallel::serial::Serial;
use solver::run::{Options, Silent, Span, run_with};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Elements along each axis, in three and in two dimensions.
const COUNTS: [usize; 2] = [16, 128];
/// Outputs of a run: for the last one it waits, which longer runs hardly notice.
const OUTPUTS: u64 = 24;
/// Bytes written at once where nothing else is done with them.
const BUFFER: usize = 1 << 18;
/// Rounds of runs, at least, and for how many seconds more are made.
const ROUNDS: usize = 3;
const SECONDS: f64 = 40.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let name = arguments.first().map_or("navier-stokes-hex-p4", String::as_str);
    let Some(workload) = workload::find(name) else {
        eprintln!("error: no workload '{name}'; 'solver bench --help' lists them");
        return ExitCode::FAILURE;
    };
    let every: u64 = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let parent = arguments.get(2).map_or_else(std::env::temp_dir, PathBuf::from);
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    let counts = [COUNTS[usize::from(workload.cells.dims() == 2)]; 3];
    let mut engine = workload
        .engine(counts, BackendChoice::Cpu(None), Precision::Double, &(Arc::new(Serial) as _))
        .expect("the workload is sound");
    println!("{name}, {} unknowns, an output every {every} steps", engine.global_unknowns());
    println!(
        "{:<28} {:>6} {:>9} {:>9} {:>8} {:>12} {:>7}",
        "output", "MB", "without", "with", "ratio", "bytes alone", "rounds"
    );
    for (what, vtk) in [("solution files", false), ("solution and VTK files", true)] {
        let mut rounds = vec![];
        let mut bytes = 0;
        let begun = Instant::now();
        // The first one warms up.
        while rounds.len() <= ROUNDS || begun.elapsed().as_secs_f64() < SECONDS {
            let none = time(&mut engine, every, vec![]);
            let folder = tempfile::tempdir_in(&parent).expect("a folder for the results of a run");
            let with = time(&mut engine, every, vec![writer(vtk, every, folder.path())]);
            bytes = size(folder.path()) / OUTPUTS as usize;
            drop(folder);
            let folder = tempfile::tempdir_in(&parent).expect("a folder for bytes");
            let file = folder.path().join("bytes");
            let alone = time(
                &mut engine,
                every,
                vec![Box::new(Bytes { every, bytes, file, background: Background::default() })],
            );
            rounds.push([none, with, alone]);
        }
        rounds.remove(0);
        let [none, with] = [0, 1].map(|i| median(rounds.iter().map(|round| round[i])));
        let [ratio, alone] = [1, 2].map(|i| median(rounds.iter().map(|round| round[i] / round[0])));
        println!(
            "{what:<28} {:>6.1} {none:>7.3} s {with:>7.3} s {ratio:>8.3} {alone:>12.3} {:>7}",
            bytes as f64 / 1e6,
            rounds.len()
        );
    }
    ExitCode::SUCCESS
}

/// Bytes of the files in a folder and those below it.
fn size(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let of = |path: PathBuf| match path.is_dir() {
        true => size(&path),
        false => fs::metadata(&path).map_or(0, |m| m.len() as usize),
    };
    entries.map(of).sum()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What writes results.
fn writer(vtk: bool, every: u64, folder: &Path) -> Box<dyn Monitor> {
    let name = NameTemplate::parse("bench-{n}").expect("a name");
    let origin = Origin { system: "bench".into(), ..Origin::default() };
    let state = "plugins/writer".to_string();
    let vtk = vtk.then_some(Precision::Single);
    Box::new(Writer::new(folder, name, every as f64 * DT, vtk, origin, state))
}

/// Writes bytes, with nothing to find out for them, in the same kind of thread.
struct Bytes {
    every: u64,
    bytes: usize,
    file: PathBuf,
    background: Background,
}

impl Monitor for Bytes {
    fn describe(&self) -> String {
        format!("{} bytes every {} steps", self.bytes, self.every)
    }

    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }

    fn after_step(&mut self, _: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if now.step.is_multiple_of(self.every) {
            self.background.settle(&Serial).expect("bytes are written");
            let (file, bytes) = (self.file.with_extension(now.step.to_string()), self.bytes);
            self.background.start(move || {
                let mut file = File::create(file).expect("a file for bytes");
                let buffer = vec![1; BUFFER];
                for start in (0..bytes).step_by(BUFFER) {
                    file.write_all(&buffer[..BUFFER.min(bytes - start)]).expect("room for bytes");
                }
                Ok(())
            });
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Engine) -> Result<(), MonitorError> {
        self.background.settle(&Serial).expect("bytes are written");
        Ok(())
    }
}

/// Seconds of a run from some moment on.
fn time(engine: &mut Engine, every: u64, mut monitors: Vec<Box<dyn Monitor>>) -> f64 {
    let steps = every * OUTPUTS;
    let span = Span::new(0.0, steps as f64 * DT, DT);
    let from = Some(Moment { t: 0.0, dt: DT, step: 0 });
    let begun = Instant::now();
    run_with(engine, span, Options { from, ..Options::default() }, &mut monitors, &mut Silent)
        .expect("it runs");
    begun.elapsed().as_secs_f64()
}
