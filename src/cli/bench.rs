//! `solver bench`.

mod children;
mod table;

use super::job::{self, Choices};
use super::{note, print_all, report, run};
use crate::backend::Precision;
use crate::bench::record::{self, Record, RecordError};
use crate::bench::workload::{self, WORKLOADS, Workload};
use crate::bench::{Effort, memory};
use crate::engine::{BackendChoice, Engine, Settings};
use crate::files;
use crate::parallel::timed::Timed;
use crate::parallel::{AgreedError, Communicator, agree, fail, world};
use crate::physics::unknown;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use table::Table;

/// Measure how fast problems run, beside what the machine's memory could do
///
/// Without a case, standard problems are measured in double and single precision: boxes of
/// quadrilaterals, hexahedra, tetrahedra, prisms and of all shapes, straight and curved. With a
/// case, the problem that 'solver run' would run, with its time step, but without any output.
///
/// Each measurement is a process of its own, on 1 thread, on all cores with threads, and on all
/// cores with ranks (which this program starts through mpirun, or what MPIRUN names). Under
/// mpirun, or with one --in-process, it is measured on what was started.
///
/// Columns: MDOF: million unknowns (variables times points); MDOF/s: unknowns times right-hand
/// sides a second, the median repetition, with the slowest and the fastest; B/DOF: memory traffic
/// of an unknown and right-hand side by the kernels' plan; GB/s: of that, what was reached; copy,
/// triad: the share of what copying large arrays and the triad of STREAM gave right after; wait:
/// the share of the time that ranks waited for each other; peak: bytes of memory an unknown at
/// the most, all of the program included.
///
///   solver bench                               everything: several minutes
///   solver bench -w hex -p f64 --on 1x1,1x2    some of it: one rank with one thread, and with two
///   solver bench channel.smesh case.ini        a case of your own
///   solver bench -b gpu -w navier-stokes       on a graphics device
///   mpirun -n 8 solver bench -w euler-hex-p4   on more machines
///   solver bench --json=today.json             all figures, for programs and for comparison over time
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Bench {
    /// A case file (.ini), after the mesh if one is to be named here
    #[arg(num_args = 0..=2, value_name = "[MESH] CASE")]
    files: Vec<PathBuf>,
    /// Standard problems whose names contain this, or the one called so; several times for more
    #[arg(short, long, value_name = "NAME", conflicts_with = "files")]
    workload: Vec<String>,
    /// List the standard problems
    #[arg(long)]
    list: bool,
    /// Where to compute: cpu, gpu or reference; by default the case's choice, else cpu
    #[arg(short, long)]
    backend: Option<String>,
    /// Device of the GPU backend: its number in 'solver devices' or a part of its name
    #[arg(short, long)]
    device: Option<String>,
    /// Precision: f64, f32 or both; by default the case's, or both
    #[arg(short, long, value_parser = ["f64", "f32", "both"])]
    precision: Option<String>,
    /// Threads of each rank
    #[arg(short, long)]
    threads: Option<usize>,
    /// What to measure on, as RANKSxTHREADS; by default 1x1, and all cores as threads and as ranks
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "threads")]
    on: Vec<children::Layout>,
    /// Small problems, as software graphics devices get anyway
    #[arg(long)]
    small: bool,
    /// Steps of a repetition; by default as many as take --seconds
    #[arg(long)]
    steps: Option<usize>,
    /// Repetitions, of which the median counts
    #[arg(long, default_value_t = Effort::default().repetitions)]
    repetitions: usize,
    /// Time of a repetition
    #[arg(long, default_value_t = Effort::default().seconds)]
    seconds: f64,
    /// Write all figures as a JSON array to a file, or instead of the table
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    json: Option<PathBuf>,
    /// Measure in this process
    #[arg(long)]
    in_process: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Workload(Workload),
    Case,
}

impl Bench {
    pub fn execute(self) -> ExitCode {
        if self.list {
            WORKLOADS.iter().for_each(|w| say!("{}", w.name));
            return ExitCode::SUCCESS;
        }
        let comm = match world() {
            Ok(comm) => comm,
            Err(error) => {
                if !error.quiet() {
                    report(&anyhow!(error));
                }
                return ExitCode::FAILURE;
            }
        };
        let done = if self.in_process || comm.size() > 1 {
            self.here(&comm).and_then(|found| {
                let written = if comm.rank() == 0 { self.put(&found) } else { Ok(()) };
                agree(&*comm, written.map(|()| found.whole))
            })
        } else {
            let found = self.subjects().and_then(|subjects| self.in_children(&subjects));
            agree(&*comm, found.and_then(|found| self.put(&found).map(|()| found.whole)))
        };
        match done {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                if !error.quiet {
                    report(&anyhow!("{error}"));
                }
                ExitCode::FAILURE
            }
        }
    }

    /// What to measure, each in these precisions; none: that of the case.
    fn subjects(&self) -> Result<Vec<(Subject, Option<Precision>)>> {
        if let Some(path) = self.json.as_ref().filter(|_| !self.json_only()) {
            super::files::check_table(path)?;
        }
        if !(self.seconds > 0.0 && self.seconds.is_finite()) || self.repetitions == 0 || self.steps == Some(0)
        {
            bail!("--seconds, --repetitions and --steps must be positive");
        }
        let precisions = match self.precision.as_deref() {
            Some("f64") => vec![Some(Precision::Double)],
            Some("f32") => vec![Some(Precision::Single)],
            None if !self.files.is_empty() => vec![None],
            _ => vec![Some(Precision::Double), Some(Precision::Single)],
        };
        let mut subjects = vec![];
        if !self.files.is_empty() {
            subjects.push(Subject::Case);
        } else if self.workload.is_empty() {
            subjects.extend(WORKLOADS.iter().map(|w| Subject::Workload(*w)));
        }
        for text in &self.workload {
            let found = workload::matching(text);
            if found.is_empty() {
                return Err(unknown("workload", text, WORKLOADS.iter().map(|w| w.name)).into());
            }
            subjects.extend(found.into_iter().map(Subject::Workload));
        }
        Ok(subjects.iter().flat_map(|s| precisions.iter().map(|p| (*s, *p))).collect())
    }

    /// Measures on the ranks and threads there are. Collective.
    fn here(&self, comm: &Arc<dyn Communicator>) -> Result<Found, AgreedError> {
        agree(&**comm, job::threads(self.threads, &**comm))?;
        let subjects = agree(&**comm, self.subjects())?;
        let backend = agree(&**comm, self.backend())?;
        let mut small = vec![u8::from(self.small || software(&backend))];
        comm.broadcast(0, &mut small);
        let speak = comm.rank() == 0;
        let (mut found, mut table) = (Found::new(), Table::new(speak && !self.json_only()));
        for (subject, precision) in subjects {
            memory::reset_peak();
            match self.measure(subject, precision, &backend, small[0] == 1, comm) {
                Ok(record) => {
                    let record = record.to_json();
                    agree(&**comm, table.row(&record))?;
                    found.records.push(record);
                }
                Err(error) => {
                    found.whole = false;
                    if speak {
                        note(format!("{}: {error}", self.name(subject)));
                    }
                }
            }
        }
        Ok(found)
    }

    fn measure(
        &self,
        subject: Subject,
        precision: Option<Precision>,
        backend: &BackendChoice,
        small: bool,
        comm: &Arc<dyn Communicator>,
    ) -> Result<Record, AgreedError> {
        let timed = Timed::new(Arc::clone(comm));
        let ranks: Arc<dyn Communicator> = timed.clone();
        let (engine, backend, at) = match subject {
            Subject::Workload(w) => {
                let precision = precision.unwrap_or_default();
                let made = w.engine(w.counts(small), backend.clone(), precision, &ranks);
                (agree(&*ranks, made)?, backend.clone(), (0.0, workload::DT))
            }
            Subject::Case => self.case(precision, &ranks)?,
        };
        match record::take(&self.name(subject), engine, &timed, &backend, at, self.effort()) {
            Ok(record) => Ok(record),
            Err(RecordError::Bandwidth(error)) => Err(error),
            // The other ranks may be waiting for this one.
            Err(error) => fail(&**comm, 1, || report(&anyhow!(error))),
        }
    }

    /// The engine of the case, where it runs, and its first step.
    fn case(
        &self,
        precision: Option<Precision>,
        ranks: &Arc<dyn Communicator>,
    ) -> Result<(Engine, BackendChoice, (f64, f64)), AgreedError> {
        let (files, backend, device) = (self.files.clone(), self.backend.clone(), self.device.clone());
        let run = run::Run { files, choices: Choices { backend, device, ..Choices::default() } };
        let adjust = |settings: &mut Settings| {
            settings.precision = precision.unwrap_or(settings.precision);
        };
        let job = job::prepare(&run.choices, || run.inputs(), ranks, false, adjust)?;
        let span = job.plan.span;
        Ok((job.engine, job.plan.settings.backend, (span.tstart, span.dt)))
    }

    /// The backend for the standard problems.
    fn backend(&self) -> Result<BackendChoice> {
        Ok(match job::backend(self.backend.as_deref().unwrap_or("cpu"))? {
            BackendChoice::Gpu(_) => BackendChoice::Gpu(self.device.clone()),
            other => other,
        })
    }

    fn effort(&self) -> Effort {
        Effort { steps: self.steps, repetitions: self.repetitions, seconds: self.seconds }
    }

    fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::Workload(workload) => workload.name.into(),
            Subject::Case => self.files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(" "),
        }
    }

    /// Whether JSON takes the place of the table.
    fn json_only(&self) -> bool {
        self.json.as_ref().is_some_and(|path| path.as_os_str() == "-")
    }

    /// Writes the records where they are wanted.
    fn put(&self, found: &Found) -> Result<()> {
        let Some(path) = &self.json else { return Ok(()) };
        let text = serde_json::to_string_pretty(&found.records)?;
        if self.json_only() {
            return print_all(&(text + "\n"));
        }
        let text = text + "\n";
        files::replace(path, |temporary| std::fs::write(temporary, text), |error| error)
            .with_context(|| format!("cannot write '{}'", path.display()))
    }
}

/// What was measured.
struct Found {
    records: Vec<Value>,
    /// Whether nothing failed.
    whole: bool,
}

impl Found {
    fn new() -> Found {
        Found { records: vec![], whole: true }
    }
}

/// Whether the backend is a graphics device made of software.
fn software(backend: &BackendChoice) -> bool {
    #[cfg(feature = "gpu")]
    if let BackendChoice::Gpu(choice) = backend {
        let device = crate::backend::gpu::Device::open(choice.as_deref(), 0);
        return device.is_ok_and(|d| d.info.kind == "software");
    }
    let _ = backend;
    false
}
