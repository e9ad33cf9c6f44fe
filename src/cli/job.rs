//! A run from the command line: what is said on it, everything up to the first step, and what is said at the end.

use super::{files, grouped, note, progress, report, signals, warning};
use crate::case::settings::{Plan, evaluate};
use crate::case::{BackendKind, Case, Override, Warning, backend_kind, checkpoint};
use crate::element::quadrature;
use crate::engine::{BACKENDS, BackendChoice, Engine, Settings};
use crate::mesh::local::LocalMesh;
use crate::monitor::{Moment, Monitor, MonitorError, lost_end, shared_names};
use crate::output::solution::{SolutionHeader, Stored};
use crate::parallel::timed::Timed;
use crate::parallel::{AgreedError, Communicator, Reduce, agree, fail, world};
use crate::physics::unknown;
use crate::run::mesh::Division;
use crate::run::restart::{RestartError, restore, same_mesh};
use crate::run::{Checkpoints, Control, End, Options, RunError, Stop, run_with};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Exit status of a run that was stopped before its final time, and can go on.
pub const STOPPED: u8 = 3;
/// Exit status of a run whose solution broke down.
pub const BROKE_DOWN: u8 = 4;

/// What runs and restarts have in common.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Choices {
    /// Where to compute: cpu, gpu, reference (slow, to compare with), or a classic name (openmp for cpu; cuda, hip, opencl,
    /// metal for gpu); by default the case's choice, else cpu
    #[arg(short, long)]
    pub backend: Option<String>,
    /// Device of the GPU backend: its number in 'solver devices' or a part of its name
    #[arg(short, long)]
    pub device: Option<String>,
    /// What PyFR has for its progress bar, which is shown anyway
    #[arg(short = 'p', hide = true)]
    pub with_bar: bool,
    /// Name of the partitioning to use; by default any of the mesh with one part for each rank
    #[arg(short = 'P', long)]
    pub partitioning: Option<String>,
    /// Threads of each rank; by default RAYON_NUM_THREADS, else the machine's cores divided by the ranks on it
    #[arg(short, long)]
    pub threads: Option<usize>,
    /// A value that takes the place of the case's, as in --set solver-time-integrator.tend=2.5; may be given again
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    pub overrides: Vec<Override>,
    /// Wall-clock time that the job has: minutes, or [days-]hours:minutes:seconds; the run stops before, with a checkpoint
    #[arg(long, value_name = "TIME", value_parser = wall_time)]
    pub time_limit: Option<Duration>,
    /// How to show progress: a bar (on a terminal), lines (elsewhere), json (a line each for programs), none
    #[arg(long, value_enum, default_value_t = progress::Style::Auto, hide_default_value = true)]
    pub progress: progress::Style,
}

/// What the command line and the case file say.
pub struct Inputs {
    pub case: Case,
    pub plan: Plan,
    pub warnings: Vec<Warning>,
    pub mesh_file: PathBuf,
    /// What to go on from.
    pub solution: Option<PathBuf>,
}

/// Runs what `inputs` says, which every rank reads.
pub fn execute(choices: &Choices, inputs: impl FnOnce() -> Result<Inputs>) -> ExitCode {
    let comm = match world() {
        Ok(comm) => comm,
        Err(error) => {
            if !error.quiet() {
                report(&anyhow!(error));
            }
            return ExitCode::FAILURE;
        }
    };
    if comm.rank() != 0 {
        // What all ranks do is told by one.
        log::set_max_level(log::max_level().min(log::LevelFilter::Warn));
    }
    let timed = Timed::new(comm);
    let comm: Arc<dyn Communicator> = Arc::clone(&timed) as _;
    let ready = agree(&*comm, threads(choices.threads, &*comm));
    let job = ready.and_then(|()| prepare(choices, inputs, &comm, comm.rank() == 0, |_| ()));
    let mut job = match job {
        Ok(job) => job,
        Err(error) => {
            if !error.quiet {
                report(&anyhow!("{error}"));
            }
            return ExitCode::FAILURE;
        }
    };
    match job.run(choices, &timed) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(_)) => ExitCode::from(STOPPED),
        Err(error) if shared(&error) => {
            let status = match error {
                RunError::BrokeDown(_) | RunError::Rejected { .. } | RunError::WaveRate { .. } => BROKE_DOWN,
                _ => 1,
            };
            if comm.rank() == 0 {
                report(&anyhow!(error));
            }
            ExitCode::from(status)
        }
        // The other ranks may be waiting for this one.
        Err(error) => fail(&*comm, 1, || report(&anyhow!(error))),
    }
}

/// Everything up to the first step. Collective: the ranks agree on the outcome of each part before the next, so that a
/// rank that fails leaves none waiting. One rank may `speak`; `adjust` has the last word on the settings, on all ranks
/// the same. The threads have been started before.
pub fn prepare(
    choices: &Choices,
    inputs: impl FnOnce() -> Result<Inputs>,
    comm: &Arc<dyn Communicator>,
    speak: bool,
    adjust: impl FnOnce(&mut Settings),
) -> Result<Job, AgreedError> {
    let begun = Instant::now();
    let ready = |what: &str| log::info!("{:.3} s: {what}", begun.elapsed().as_secs_f64());
    let Inputs { mut case, mut plan, mut warnings, mesh_file, solution } = agree(&**comm, inputs())?;
    agree(&**comm, same_everywhere(&**comm, "case", case.effective()))?;
    ready("the case is read");
    plan.settings.backend = agree(&**comm, choices.backend(&case))?;
    case.mesh.file = Some(mesh_file.clone());
    let mesh = agree(&**comm, files::open_mesh(&mesh_file, comm.rank() == 0))?;
    agree(&**comm, same_everywhere(&**comm, "mesh", mesh.uuid()))?;
    let dims = mesh.dims(&**comm);
    if dims != case.likely_dims() {
        let backend = plan.settings.backend.clone();
        plan = agree(&**comm, case.plan(dims))?;
        plan.settings.backend = backend;
    }
    adjust(&mut plan.settings);
    warnings.append(&mut plan.warnings);
    if speak {
        warnings.iter().for_each(warning);
        unmatched(&case, mesh.boundaries()).iter().for_each(note);
        say!("mesh       {}: {}", mesh_file.display(), files::Summary::of(&mesh));
    }
    let ranks = comm.size();
    let division = agree(&**comm, mesh.division(choices.partitioning.as_deref(), ranks))?;
    if speak && ranks > 1 && division == Division::Made {
        note(format!(
            "the mesh holds no partitioning for {ranks} ranks; making one ('solver partition {ranks}' keeps one)"
        ));
    }
    let local = mesh.distribute(&division, plan.settings.order, comm)?;
    ready("every rank has its part of the mesh");
    let (engine, from) = agree(&**comm, build(&plan, local, comm, solution.as_deref()))?;
    ready("the backend has the solution");
    let monitors = agree(&**comm, case.monitors(dims))?;
    monitors.iter().for_each(|monitor| log::info!("plugin: {}", monitor.describe()));
    let mut checkpoints = case.checkpoints();
    checkpoints.time_limit = choices.time_limit.or(checkpoints.time_limit);
    let unknowns = engine.global_unknowns();
    if speak {
        // Where a run goes on, outputs are counted from elsewhere.
        let span = (plan.span.tstart, plan.span.tend);
        lost_end(&monitors, span).filter(|_| from.is_none()).iter().for_each(note);
        shared_names(&monitors, (&checkpoints.folder, &checkpoints.name), span).iter().for_each(warning);
        let (system, order) = (&plan.settings.system.name, plan.settings.order);
        let controller = match &plan.control {
            Control::Fixed => String::new(),
            control => format!(", controller {}", control.name()),
        };
        say!(
            "system     {system}, order {order}, {} unknowns, {}{controller}",
            grouped(unknowns),
            plan.settings.scheme
        );
        let ranks = if comm.size() > 1 { format!("{} ranks, each ", comm.size()) } else { String::new() };
        say!("backend    {ranks}{}", engine.description());
        if let (Some(from), Some(file)) = (&from, &solution) {
            say!("goes on    from {}: t = {}, step {}", file.display(), from.t, from.step);
        }
    }
    Ok(Job { engine, plan, monitors, checkpoints, from, mesh_file })
}

/// Whether every rank has what the first one has: files of the nodes of a cluster may differ, and ranks that compute different
/// things wait for each other for ever, or worse, do not. Collective.
fn same_everywhere(comm: &dyn Communicator, what: &str, text: &str) -> Result<()> {
    let mut first = text.as_bytes().to_vec();
    comm.broadcast(0, &mut first);
    if first == text.as_bytes() {
        return Ok(());
    }
    bail!(
        "the {what} is another one than that of rank 0; do all ranks have the same files, arguments and environment?"
    )
}

impl Choices {
    /// The command line's choice, else the case's, else the CPU.
    fn backend(&self, case: &Case) -> Result<BackendChoice> {
        let name =
            self.backend.as_deref().or(case.backend.name.as_ref().map(|n| n.value.as_str())).unwrap_or("cpu");
        Ok(match backend(name)? {
            BackendChoice::Gpu(_) => {
                // Who asks for a make of cards is not served by the processor in their place.
                #[cfg(feature = "gpu")]
                if ["cuda", "hip", "metal"].contains(&name)
                    && crate::backend::gpu::devices().iter().all(|device| device.kind == "software")
                {
                    bail!(
                        "the backend '{name}' asks for a graphics card, and this machine has none with a driver of Vulkan, \
                         Metal or DirectX 12; run with -b gpu to take a software driver, or with -b cpu"
                    );
                }
                BackendChoice::Gpu(self.device.clone().or_else(|| device(case, name)))
            }
            other => other,
        })
    }
}

/// The backend called `name`, or by a classic name; its device is left open.
pub fn backend(name: &str) -> Result<BackendChoice> {
    match (BACKENDS.iter().find(|b| b.name == name), backend_kind(name)) {
        (Some(choice), _) => Ok((choice.value)()),
        (None, Some(BackendKind::Cpu)) => Ok(BackendChoice::Cpu(None)),
        (None, Some(BackendKind::Gpu)) => Ok(BackendChoice::Gpu(None)),
        (None, None) => {
            let known = BACKENDS.iter().map(|b| b.name).chain(["openmp", "cuda", "hip", "opencl", "metal"]);
            Err(unknown("backend", name, known).into())
        }
    }
}

/// The engine in its initial state, or in that of a solution to go on from.
fn build(
    plan: &Plan,
    mesh: LocalMesh,
    comm: &Arc<dyn Communicator>,
    solution: Option<&Path>,
) -> Result<(Engine, Option<Moment>)> {
    // The engine is made by all ranks together.
    let opened = solution.map(Stored::open).transpose().map_err(RestartError::from);
    let opened =
        opened.and_then(|stored| stored.iter().try_for_each(|s| same_mesh(s, &mesh)).map(|()| stored));
    let stored = agree(&**comm, opened)?;
    if let Some(stored) = &stored {
        let SolutionHeader { t, dt, step, state, kept, .. } = stored.header();
        let text = format!("{t:?} {dt:?} {step} {state:?} {kept:?}");
        agree(&**comm, same_everywhere(&**comm, "solution", &text))?;
    }
    let mut engine = Engine::new(&plan.settings, mesh, Arc::clone(comm))?;
    if let Some(stored) = &stored {
        let from = restore(&mut engine, stored)?;
        return Ok((engine, Some(from)));
    }
    let rule = |shape| plan.projection.get(&shape).map(|degree| quadrature::rule(shape, *degree));
    engine.set_initial_projected(rule, |x, out| evaluate(&plan.initial, x, plan.span.tstart, out))?;
    Ok((engine, None))
}

/// A run that is ready to start.
pub struct Job {
    pub engine: Engine,
    pub plan: Plan,
    monitors: Vec<Box<dyn Monitor>>,
    checkpoints: Checkpoints,
    /// Where the solution that it goes on from stands.
    pub from: Option<Moment>,
    pub mesh_file: PathBuf,
}

impl Job {
    /// Runs it; why it stopped, if it did.
    fn run(&mut self, choices: &Choices, timed: &Timed) -> Result<Option<Stop>, RunError> {
        let speaks = timed.rank() == 0;
        let mut watcher = progress::Progress::new(choices.progress, speaks);
        let Plan { span, control, .. } = &self.plan;
        let signals = signals::watch();
        if let (Err(error), true) = (&signals, speaks) {
            note(format!("signals end this run without a checkpoint: {error}"));
        }
        let options = Options {
            control: control.clone(),
            from: self.from,
            checkpoints: Some(self.checkpoints.clone()),
            asked: &|| signals.as_ref().map(signals::Signals::take).unwrap_or_default(),
        };
        let before = timed.spent().waiting;
        let end = run_with(&mut self.engine, *span, options, &mut self.monitors, &mut watcher)?;
        let mut waiting = [(timed.spent().waiting - before).as_secs_f64()];
        timed.reduce_f64(Reduce::Max, &mut waiting);
        if let (Some(exact), None) = (&self.plan.exact, end.stopped) {
            // Exact enough that the rule's own error does not show.
            let degree = (2 * self.plan.settings.order + 5).max(11);
            let errors = self.engine.error(degree, |x, out| evaluate(exact, x, end.now.t, out))?;
            if speaks {
                let names = self.engine.variables().primitive();
                let list: Vec<String> =
                    names.iter().zip(&errors).map(|(n, e)| format!("{n} {e:.6e}")).collect();
                say!("L2 error   {}", list.join("  "));
            }
        }
        if speaks {
            self.conclude(&end, (timed.size() > 1).then_some(waiting[0]));
        }
        Ok(end.stopped)
    }

    /// Says where results are, where time went, and how to go on.
    fn conclude(&self, end: &End, waiting: Option<f64>) {
        say!("time       {}", times(end, waiting));
        for path in self.monitors.iter().filter_map(|m| m.written()) {
            say!("results    {}", path.display());
        }
        let Some(stop) = end.stopped else { return };
        let why = match stop {
            Stop::Asked => "as asked",
            Stop::TimeLimit => "before the time limit",
        };
        let (t, tend) = (end.now.t, self.plan.span.tend);
        say!("stopped    {why}, at t = {t} of {tend}");
        if let Some((_, file)) = &end.last {
            say!("go on with solver restart {} {}", self.mesh_file.display(), file.display());
        }
    }
}

/// Where the time of a run went; `waiting`: the longest that a rank waited for the halos of others.
fn times(end: &End, waiting: Option<f64>) -> String {
    let total = end.spent.total.as_secs_f64().max(1e-9);
    let share = |name: &str, seconds: f64| format!("{name} {:.1} %", 100.0 * seconds / total);
    let steps = share("steps", end.spent.steps.as_secs_f64());
    let waiting = waiting.map(|waiting| format!(" ({:.1} % waiting for halos)", 100.0 * waiting / total));
    let mut parts = vec![steps + &waiting.unwrap_or_default()];
    parts.push(share("monitors and results", end.spent.monitors.as_secs_f64()));
    parts.push(share("checkpoints", end.spent.checkpoints.as_secs_f64()));
    format!("{}: {}", progress::duration(end.spent.total), parts.join(", "))
}

/// Whether every rank has the same error.
fn shared(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Monitor(MonitorError::NotFinite { .. } | MonitorError::Agreed(_))
            | RunError::BrokeDown(_)
            | RunError::Rejected { .. }
            | RunError::Standstill { .. }
            | RunError::WaveRate { .. }
            | RunError::NoEstimate
    )
}

/// A wall-clock time of the command line.
fn wall_time(text: &str) -> Result<Duration, String> {
    checkpoint::duration(text)
        .ok_or_else(|| "give minutes, or [days-]hours:minutes:seconds, more than 0".into())
}

/// The device the case asks for; the ways to spread ranks over devices are what happens anyway.
fn device(case: &Case, backend: &str) -> Option<String> {
    let id = case.backend.device_id(backend)?;
    (!["local-rank", "round-robin"].contains(&id)).then(|| id.into())
}

/// A path in a case file is relative to that file.
pub(super) fn beside(case: &Path, file: &Path) -> PathBuf {
    case.parent().map_or_else(|| file.into(), |folder| folder.join(file))
}

/// Boundary sections that match nothing in the mesh.
fn unmatched(case: &Case, boundaries: &[String]) -> Vec<String> {
    let absent = case.boundaries().iter().filter(|b| !boundaries.contains(&b.name));
    absent.map(|b| format!("[soln-bcs-{}] matches no boundary of the mesh", b.name)).collect()
}

/// More threads than any machine has cores: what is asked for beyond is a slip, and takes minutes to start.
const MOST_THREADS: usize = 4096;

/// Starts the thread pool with this thread as one of its members, so that a step needs no hand-over between threads.
pub fn threads(wanted: Option<usize>, comm: &dyn Communicator) -> Result<()> {
    let environment = match std::env::var("RAYON_NUM_THREADS") {
        Ok(text) if !text.trim().is_empty() => Some(text.trim().parse::<usize>().map_err(|_| {
            anyhow!("the environment has RAYON_NUM_THREADS={text}, which is no number of threads")
        })?),
        _ => None,
    };
    let environment = environment.filter(|&n| n > 0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cores / comm.local_size()).max(1);
    let threads = wanted.or(environment).unwrap_or(share);
    if threads == 0 {
        bail!("--threads must be at least 1");
    }
    if threads > MOST_THREADS {
        let whose = if wanted.is_some() { "--threads" } else { "RAYON_NUM_THREADS" };
        bail!("{whose} is {threads}, and at most {MOST_THREADS} are started; this machine has {cores} cores");
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build_global()
        .context("cannot start the threads")
}
