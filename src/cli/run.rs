//! `solver run`.

use super::{files, grouped, note, progress, report};
use crate::case::settings::{Plan, evaluate};
use crate::case::{BackendKind, Case, Warning, backend_kind};
use crate::element::quadrature;
use crate::engine::{BACKENDS, BackendChoice, Engine, EngineError, Settings};
use crate::mesh::local::LocalMesh;
use crate::monitor::{Monitor, MonitorError};
use crate::parallel::{AgreedError, Communicator, agree, fail, world};
use crate::physics::unknown;
use crate::run::Control;
use crate::run::mesh::Division;
use crate::run::{RunError, run_controlled};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Run a case, alone or under mpirun
///
/// The mesh may be given, named in the case ([mesh] file = ...), or be the only .smesh file in the current directory; a
/// Gmsh file (.msh) is imported on the fly. Each rank reads its own part of a mesh file. If the mesh holds no partitioning
/// for this number of ranks, the first rank reads all of it and makes one, for which it needs the memory.
#[derive(clap::Args, Debug)]
pub struct Run {
    /// The case file (.ini), after the mesh if one is to be named here
    #[arg(required = true, num_args = 1..=2, value_name = "[MESH] CASE")]
    pub files: Vec<PathBuf>,
    /// Where to compute: cpu, gpu, reference (slow, to compare with), or a classic name (openmp for cpu; cuda, hip, opencl,
    /// metal for gpu); by default the case's choice, else cpu
    #[arg(short, long)]
    pub backend: Option<String>,
    /// Device of the GPU backend: its number in 'solver devices' or a part of its name
    #[arg(short, long)]
    pub device: Option<String>,
    /// Name of the partitioning to use; by default any of the mesh with one part for each rank
    #[arg(short = 'P', long)]
    pub partitioning: Option<String>,
    /// Threads of each rank; by default RAYON_NUM_THREADS, else the machine's cores divided by the ranks on it
    #[arg(short, long)]
    pub threads: Option<usize>,
}

impl Run {
    pub fn execute(self) -> ExitCode {
        let comm = match world() {
            Ok(comm) => comm,
            Err(error) => {
                if !error.quiet() {
                    report(&anyhow!(error));
                }
                return ExitCode::FAILURE;
            }
        };
        let ready = agree(&*comm, threads(self.threads, &*comm));
        let job = ready.and_then(|()| self.prepare(&comm, comm.rank() == 0, |_| ()));
        let mut job = match job {
            Ok(job) => job,
            Err(error) => {
                if !error.quiet {
                    report(&anyhow!("{error}"));
                }
                return ExitCode::FAILURE;
            }
        };
        match job.run(&comm) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if shared(&error) => {
                if comm.rank() == 0 {
                    report(&anyhow!(error));
                }
                ExitCode::FAILURE
            }
            // The other ranks may be waiting for this one.
            Err(error) => fail(&*comm, 1, || report(&anyhow!(error))),
        }
    }

    /// Everything up to the first step. Collective: the ranks agree on the outcome of each part before the next, so that a
    /// rank that fails leaves none waiting. One rank may `speak`; `adjust` has the last word on the settings, on all ranks
    /// the same. The threads have been started before.
    pub fn prepare(
        &self,
        comm: &Arc<dyn Communicator>,
        speak: bool,
        adjust: impl FnOnce(&mut Settings),
    ) -> Result<Job, AgreedError> {
        let Inputs { case, mut plan, mut warnings, mesh_file } = agree(&**comm, self.inputs())?;
        let mesh = agree(&**comm, files::open_mesh(&mesh_file, comm.rank() == 0))?;
        let dims = mesh.dims(&**comm);
        if dims != case.likely_dims() {
            let backend = plan.settings.backend.clone();
            plan = agree(&**comm, case.plan(dims))?;
            plan.settings.backend = backend;
        }
        adjust(&mut plan.settings);
        warnings.append(&mut plan.warnings);
        if speak {
            warnings.iter().for_each(|w| eprintln!("warning: {w}"));
            unmatched(&case, mesh.boundaries()).iter().for_each(note);
            println!("mesh       {}: {}", mesh_file.display(), files::Summary::of(&mesh));
        }
        let ranks = comm.size();
        let division = agree(&**comm, mesh.division(self.partitioning.as_deref(), ranks))?;
        if speak && ranks > 1 && division == Division::Made {
            note(format!(
                "the mesh holds no partitioning for {ranks} ranks; making one ('solver partition {ranks}' keeps one)"
            ));
        }
        let local = mesh.distribute(&division, plan.settings.order, comm)?;
        let engine = agree(&**comm, build(&plan, local, comm))?;
        let monitors = agree(&**comm, case.monitors(dims))?;
        let unknowns = engine.global_unknowns();
        if speak {
            let (system, order) = (&plan.settings.system.name, plan.settings.order);
            let controller = match &plan.control {
                Control::Fixed => String::new(),
                control => format!(", controller {}", control.name()),
            };
            println!(
                "system     {system}, order {order}, {} unknowns, {}{controller}",
                grouped(unknowns),
                plan.settings.scheme
            );
            let ranks = if comm.size() > 1 { format!("{} ranks, each ", comm.size()) } else { String::new() };
            println!("backend    {ranks}{}", engine.description());
        }
        Ok(Job { engine, plan, monitors })
    }

    /// Reads the case and finds the mesh. Everything that can be wrong in the case is found before the mesh is touched.
    fn inputs(&self) -> Result<Inputs> {
        let (mesh_file, case_file) = match &self.files[..] {
            [case] => (None, case),
            [mesh, case] => (Some(mesh.clone()), case),
            _ => bail!("give a case file, or a mesh and a case file"),
        };
        let (case, warnings) = Case::read(case_file)?;
        let mut plan = case.plan(case.likely_dims())?;
        plan.settings.backend = self.backend(&case)?;
        let mesh_file = mesh_file.or_else(|| case.mesh.file.as_ref().map(|f| beside(case_file, f)));
        let mesh_file = mesh_file.map_or_else(files::only_mesh, Ok)?;
        Ok(Inputs { case, plan, warnings, mesh_file })
    }

    /// The command line's choice, else the case's, else the CPU.
    fn backend(&self, case: &Case) -> Result<BackendChoice> {
        let name =
            self.backend.as_deref().or(case.backend.name.as_ref().map(|n| n.value.as_str())).unwrap_or("cpu");
        Ok(match backend(name)? {
            BackendChoice::Gpu(_) => BackendChoice::Gpu(self.device.clone().or_else(|| device(case, name))),
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

/// What the command line and the case file say.
struct Inputs {
    case: Case,
    plan: Plan,
    warnings: Vec<Warning>,
    mesh_file: PathBuf,
}

/// The engine in its initial state.
fn build(plan: &Plan, mesh: LocalMesh, comm: &Arc<dyn Communicator>) -> Result<Engine, EngineError> {
    let mut engine = Engine::new(&plan.settings, mesh, Arc::clone(comm))?;
    let rule = |shape| plan.projection.get(&shape).map(|degree| quadrature::rule(shape, *degree));
    engine.set_initial_projected(rule, |x, out| evaluate(&plan.initial, x, plan.span.tstart, out))?;
    Ok(engine)
}

/// A run that is ready to start.
pub struct Job {
    pub engine: Engine,
    pub plan: Plan,
    monitors: Vec<Box<dyn Monitor>>,
}

impl Job {
    fn run(&mut self, comm: &Arc<dyn Communicator>) -> Result<(), RunError> {
        let mut watcher = progress::Progress::new(comm.rank() == 0);
        let Plan { span, control, .. } = &self.plan;
        let end = run_controlled(&mut self.engine, *span, control, &mut self.monitors, &mut watcher)?;
        if let Some(exact) = &self.plan.exact {
            // Exact enough that the rule's own error does not show.
            let degree = (2 * self.plan.settings.order + 5).max(11);
            let errors = self.engine.error(degree, |x, out| evaluate(exact, x, end.t, out))?;
            if comm.rank() == 0 {
                if errors.iter().any(|e| !e.is_finite()) {
                    note(
                        "the solution is no longer finite; reduce dt ([soln-plugin-nancheck] finds the place)",
                    );
                }
                let names = self.engine.variables().primitive();
                let list: Vec<String> =
                    names.iter().zip(&errors).map(|(n, e)| format!("{n} {e:.6e}")).collect();
                println!("L2 error   {}", list.join("  "));
            }
        }
        if comm.rank() == 0 {
            for path in self.monitors.iter().filter_map(|m| m.written()) {
                println!("results    {}", path.display());
            }
        }
        Ok(())
    }
}

/// Whether every rank has the same error.
fn shared(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Monitor(MonitorError::NotFinite { .. } | MonitorError::Agreed(_))
            | RunError::Rejected { .. }
            | RunError::Standstill { .. }
            | RunError::WaveRate { .. }
            | RunError::NoEstimate
    )
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

/// Starts the thread pool with this thread as one of its members, so that a step needs no hand-over between threads.
pub fn threads(wanted: Option<usize>, comm: &dyn Communicator) -> Result<()> {
    let environment = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cores / comm.local_size()).max(1);
    let threads = wanted.or(environment).unwrap_or(share);
    if threads == 0 {
        bail!("--threads must be at least 1");
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build_global()
        .context("cannot start the threads")
}
