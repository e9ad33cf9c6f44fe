//! What writing results costs a run: its wall-clock time with an output every so many steps over that without any, the two in
//! turn, on the same engine. The ratio is the median of those of neighbours, which a machine that is slower at times leaves alone.
//!
//! `cargo bench --bench output -- [workload] [steps between outputs] [folder]`; by default Navier-Stokes on hexes of order 4
//! (16^3 elements), 10 steps, a folder below the system's temporary one.

use solver::backend::Precision;
use solver::bench::workload::{self, DT};
use solver::engine::{BackendChoice, Engine};
use solver::monitor::writer::{Origin, Writer};
use solver::monitor::{Moment, Monitor};
use solver::output::name::NameTemplate;
use solver::parallel::serial::Serial;
use solver::run::{Options, Silent, Span, run_with};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Elements along each axis, in three and in two dimensions.
const COUNTS: [usize; 2] = [16, 128];
/// Outputs of a run: for the last one it waits, which longer runs hardly notice.
const OUTPUTS: u64 = 24;
/// Pairs of runs, at least, and how many seconds more are made.
const PAIRS: usize = 3;
const SECONDS: f64 = 40.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let name = arguments.first().map_or("navier-stokes-hex-p4", String::as_str);
    let Some(workload) = workload::find(name) else {
        eprintln!("error: no workload '{name}'; 'solver bench --help' lists them");
        return ExitCode::FAILURE;
    };
    let every: u64 = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(10);
    let folder = match arguments.get(2) {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder for the results");
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
    let counts = [COUNTS[usize::from(workload.cells.dims() == 2)]; 3];
    let mut engine = workload
        .engine(counts, BackendChoice::Cpu(None), Precision::Double, &(Arc::new(Serial) as _))
        .expect("the workload is sound");
    println!("{name}, {} unknowns, an output every {every} steps", engine.global_unknowns());
    println!("{:<28} {:>9} {:>9} {:>8} {:>6}", "output", "without", "with", "ratio", "pairs");
    for (what, vtk) in [("solution files", false), ("solution and VTK files", true)] {
        let mut pairs = vec![];
        let begun = Instant::now();
        // The first one warms up.
        while pairs.len() <= PAIRS || begun.elapsed().as_secs_f64() < SECONDS {
            let without = time(&mut engine, every, None, folder.path());
            pairs.push([without, time(&mut engine, every, Some(vtk), folder.path())]);
        }
        pairs.remove(0);
        let [without, with] = [0, 1].map(|i| median(pairs.iter().map(|pair| pair[i])));
        let ratio = median(pairs.iter().map(|[without, with]| with / without));
        println!("{what:<28} {without:>7.3} s {with:>7.3} s {ratio:>8.3} {:>6}", pairs.len());
    }
    ExitCode::SUCCESS
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of a run from some moment on, with outputs or without.
fn time(engine: &mut Engine, every: u64, vtk: Option<bool>, folder: &Path) -> f64 {
    let steps = every * OUTPUTS;
    let span = Span::new(0.0, steps as f64 * DT, DT);
    let from = Some(Moment { t: 0.0, dt: DT, step: 0 });
    let mut monitors: Vec<Box<dyn Monitor>> = vec![];
    if let Some(vtk) = vtk {
        let name = NameTemplate::parse("bench-{n}").expect("a name");
        let origin = Origin { system: "bench".into(), ..Origin::default() };
        let state = "plugins/writer".to_string();
        let vtk = vtk.then_some(Precision::Single);
        monitors.push(Box::new(Writer::new(folder, name, every as f64 * DT, vtk, origin, state)));
    }
    let begun = Instant::now();
    run_with(engine, span, Options { from, ..Options::default() }, &mut monitors, &mut Silent)
        .expect("it runs");
    begun.elapsed().as_secs_f64()
}
