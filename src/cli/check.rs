//! `solver check`.

mod json;
mod text;

use super::files;
use super::job::beside;
use crate::case::origin::Effective;
use crate::case::settings::{Plan, evaluate};
use crate::case::{BackendKind, Case, CaseErrors, Override, Problem, Warning, backend_kind};
use crate::engine::EngineError;
use crate::engine::estimate::{Size, StableStep, StepInputs, stable_step};
use crate::mesh::{Link, Mesh};
use crate::monitor::{Expected, Outlook, bodies, lost_end, shared_names};
use crate::physics::expr::nearest;
use crate::physics::variables::{Variables, VariablesOf};
use crate::physics::{System, SystemVisitor, with_system};
use crate::run::Control;
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

/// Say everything that can be known of a run without starting it
///
/// Reads the case and the mesh and reports: every value in force and where it comes from (a line
/// of the file, a default, the environment); what has no effect; which section belongs to which
/// boundary of the mesh; the size of the problem, the memory it takes and the output it will
/// write; the time step that stays stable, beside that of the case.
///
/// Errors are all that would keep the run from starting; there may be several, and the exit
/// status is 1 then. Warnings are about what will not happen as the file says. Nothing is
/// written.
///
/// The stable time step is that of the initial state, from the linear theory of the scheme: an
/// estimate, exact for waves on boxes, to some tens of percent elsewhere. The rates of waves and
/// of diffusion are added, which is on the safe side: where both matter a run may bear somewhat
/// more. Flows that speed up need less. Artificial viscosity and sources are not in it.
///
///   solver check case.ini                      the mesh that the case names
///   solver check channel.smesh case.ini        another one
///   solver check case.ini --set solver.order=4 as 'solver run' would with this
///   solver check case.ini --json | jq .size    for programs
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Check {
    /// The case file (.ini), after the mesh (.smesh, .msh, .pyfrm) if one is to be named here; by default it is the one that the
    /// case names, else the only .smesh file here
    #[arg(required = true, num_args = 1..=2, value_name = "[MESH] CASE")]
    files: Vec<PathBuf>,
    /// A value that takes the place of the case's, as in --set solver-time-integrator.tend=2.5; may be given again
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    overrides: Vec<Override>,
    /// Leave out the list of values in force
    #[arg(short, long)]
    quiet: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Everything that was found. What could not be found out for errors is missing.
#[derive(Default)]
struct Report {
    case: PathBuf,
    mesh_file: Option<PathBuf>,
    mesh: Option<Mesh>,
    errors: Vec<Fault>,
    warnings: Vec<Fault>,
    values: Vec<Effective>,
    system: Option<Overview>,
    boundaries: Vec<Boundary>,
    size: Option<Size>,
    device: Vec<(&'static str, u64)>,
    step: Option<Step>,
    output: Vec<(String, Expected)>,
}

/// An error or warning, and where it belongs.
struct Fault {
    text: String,
    place: Option<crate::case::Place>,
}

struct Overview {
    name: String,
    order: usize,
    scheme: String,
    backend: String,
    precision: &'static str,
    span: crate::run::Span,
    control: Control,
}

impl Overview {
    /// Steps of a run, where they are all of the case's size.
    fn steps(&self) -> Option<f64> {
        let steps = ((self.span.tend - self.span.tstart) / self.span.dt).ceil();
        (self.control == Control::Fixed).then_some(steps)
    }
}

/// A boundary of the mesh, or a section without one.
struct Boundary {
    name: String,
    /// Faces in the mesh; none where the mesh has no such boundary.
    faces: Option<u64>,
    /// Its condition and the line of its section.
    condition: Option<(String, Option<usize>)>,
}

struct Step {
    dt: f64,
    /// The largest stable one; none where no step is.
    stable: Option<StableStep>,
}

impl Check {
    pub fn execute(self) -> Result<ExitCode> {
        let quiet = self.quiet;
        let as_json = self.json;
        let report = self.report()?;
        if as_json {
            line!("{:#}", json::report(&report));
        } else {
            text::print(&report, quiet);
        }
        Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn report(self) -> Result<Report> {
        let (mesh, case) = files::mesh_and_case(&self.files)?;
        let mut report = Report { case: case.clone(), ..Report::default() };
        match Case::read_with(&report.case, &self.overrides) {
            Ok((case, warnings)) => {
                report.warn(warnings);
                report.values = case.values();
                let named = || case.mesh.file.as_ref().map(|f| beside(&report.case, f));
                match mesh.cloned().or_else(named).map_or_else(files::only_mesh, Ok) {
                    Ok(path) => {
                        report.mesh_file = Some(path.clone());
                        match files::read_mesh(&path, true) {
                            Ok(mesh) => report.mesh = Some(mesh),
                            Err(error) => report.fail(&error),
                        }
                    }
                    Err(error) => report.fail(&error),
                }
                report.plan(&case);
            }
            Err(errors) => report.refuse(errors),
        }
        Ok(report)
    }
}

impl Report {
    fn warn(&mut self, warnings: Vec<Warning>) {
        let fault = |w: Warning| Fault { text: w.to_string(), place: Some(w.place) };
        self.warnings.extend(warnings.into_iter().map(fault));
    }

    fn refuse(&mut self, errors: CaseErrors) {
        let fault = |p: Problem| Fault { text: p.to_string(), place: Some(*p.place) };
        self.errors.extend(errors.problems.into_iter().map(fault));
    }

    fn fail(&mut self, error: &anyhow::Error) {
        self.errors.push(Fault { text: format!("{error:#}"), place: None });
    }

    /// Looks at the case for the mesh, if there is one.
    fn plan(&mut self, case: &Case) {
        let dims = self.mesh.as_ref().map_or_else(|| case.likely_dims(), |m| m.dims);
        let plan = match case.plan(dims) {
            Ok(plan) => plan,
            Err(errors) => {
                self.match_boundaries(case);
                return self.refuse(errors);
            }
        };
        let plan = Plan { warnings: vec![], ..self.taking_warnings(plan) };
        let backend = case.backend.name.as_ref().map_or("cpu", |n| n.value.as_str()).to_string();
        if backend_kind(&backend) == Some(BackendKind::Gpu) && !cfg!(feature = "gpu") {
            self.errors.push(Fault { text: EngineError::NoGpu.to_string(), place: None });
        }
        self.match_boundaries(case);
        let settings = &plan.settings;
        self.system = Some(Overview {
            name: settings.system.name.clone(),
            order: settings.order,
            scheme: settings.scheme.clone(),
            backend,
            precision: match settings.precision {
                crate::backend::Precision::Single => "single",
                crate::backend::Precision::Double => "double",
            },
            span: plan.span,
            control: plan.control.clone(),
        });
        self.measure(case, &plan);
    }

    fn taking_warnings(&mut self, mut plan: Plan) -> Plan {
        self.warn(std::mem::take(&mut plan.warnings));
        plan
    }

    /// Which section belongs to which boundary.
    fn match_boundaries(&mut self, case: &Case) {
        let Some(mesh) = &self.mesh else { return };
        let mut faces = vec![0; mesh.boundaries.len()];
        for link in mesh.blocks.iter().flat_map(|b| &b.links) {
            if let Link::Boundary(boundary) = link
                && let Some(count) = faces.get_mut(usize::from(*boundary))
            {
                *count += 1;
            }
        }
        let unmatched = case.boundaries().iter().filter(|b| !mesh.boundaries.contains(&b.name));
        let spare: Vec<&str> = unmatched.clone().map(|b| b.name.as_str()).collect();
        for (name, faces) in mesh.boundaries.iter().zip(faces) {
            let section = case.boundaries().iter().find(|b| b.name == *name);
            let condition = section.map(|s| (s.kind.value.clone(), s.line));
            if condition.is_none() {
                let advice = nearest(name, spare.iter().copied())
                    .map_or(String::new(), |near| format!(" (did you mean it with [soln-bcs-{near}]?)"));
                let text = format!("{}{advice}", EngineError::NoCondition(name.clone()));
                self.errors.push(Fault { text, place: None });
            }
            self.boundaries.push(Boundary { name: name.clone(), faces: Some(faces), condition });
        }
        for section in unmatched {
            let warning = section.problem("type", "matches no boundary of the mesh, it is ignored");
            self.warnings.push(Fault { text: warning.to_string(), place: Some(*warning.place) });
            let condition = Some((section.kind.value.clone(), section.line));
            self.boundaries.push(Boundary { name: section.name.clone(), faces: None, condition });
        }
    }

    /// Sizes, time step, output.
    fn measure(&mut self, case: &Case, plan: &Plan) {
        struct Ask;
        impl SystemVisitor for Ask {
            type Output = Box<dyn Variables>;
            fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Self::Output {
                Box::new(VariablesOf::<D, V, S>(system))
            }
        }
        let settings = &plan.settings;
        // A plan exists only for systems and schemes that do.
        let (Some(mesh), Ok(variables), Ok(scheme)) =
            (&self.mesh, with_system(&settings.system, Ask), settings.scheme())
        else {
            return;
        };
        let (dims, boundaries) = (mesh.dims, mesh.boundaries.clone());
        let size = Size::of(mesh, settings.order, variables.conserved().len());
        self.device = size.device_memory(scheme.registers, variables.is_viscous(), settings.precision);
        let inputs = StepInputs {
            order: settings.order,
            points: &settings.points,
            variables: &*variables,
            scheme: &scheme,
            ldg: settings.ldg,
        };
        let start = plan.span.tstart;
        match stable_step(mesh, &inputs, &|x, out| evaluate(&plan.initial, x, start, out)) {
            Ok(stable) => {
                let limit = stable.as_ref().map(|s| s.cfl);
                match (&plan.control, limit) {
                    (Control::Fixed, _) | (_, None) => {
                        self.judge(plan.span.dt, stable.as_ref(), &settings.scheme);
                    }
                    (Control::Cfl(cfl), Some(limit)) if cfl.number > 1.05 * limit => {
                        let text = format!(
                            "cfl = {} is {:.2} times the estimated limit of stability, {limit:.3}; reduce it",
                            cfl.number,
                            cfl.number / limit
                        );
                        self.warnings.push(Fault { text, place: None });
                    }
                    // A first step that is too large is rejected.
                    _ => {}
                }
                self.step = Some(Step { dt: plan.span.dt, stable });
            }
            Err(error) => self.errors.push(Fault { text: error.to_string(), place: None }),
        }
        let components = |n: usize| if n > 1 { 3 } else { 1 };
        let outlook = Outlook {
            span: (plan.span.tstart, plan.span.tend),
            steps: self.system.as_ref().and_then(|s| s.steps()).map(|steps| steps as u64),
            size: &size,
            components: variables.fields().iter().map(|f| components(f.primitives.len())).sum(),
            precision: settings.precision,
        };
        match case.monitors(dims) {
            Ok(monitors) => {
                let regions = monitors.iter().filter_map(|m| Some((m.describe(), m.region()?)));
                for (what, region) in regions {
                    let found = bodies::check(&region, &boundaries, dims).into_iter();
                    self.errors.extend(found.map(|e| Fault { text: format!("{what}: {e}"), place: None }));
                }
                let objections = monitors.iter().filter_map(|m| m.objection(&boundaries));
                self.errors.extend(objections.map(|e| Fault { text: e.to_string(), place: None }));
                let (span, checkpoints) = ((plan.span.tstart, plan.span.tend), case.checkpoints());
                let shared = shared_names(&monitors, (&checkpoints.folder, &checkpoints.name), span);
                let told = lost_end(&monitors, span).into_iter().chain(shared);
                self.warnings.extend(told.map(|text| Fault { text, place: None }));
                self.output = monitors.iter().map(|m| (m.describe(), m.expected(&outlook))).collect();
            }
            Err(errors) => self.refuse(errors),
        }
        self.size = Some(size);
    }

    /// Compares the case's time step with the stable one.
    fn judge(&mut self, dt: f64, stable: Option<&StableStep>, scheme: &str) {
        let text = match stable {
            None => {
                format!("no time step of the scheme {scheme} is stable at this order; choose another scheme")
            }
            Some(stable) if dt > 1.5 * stable.dt => format!(
                "dt = {dt} is {:.1} times the estimated limit of stability, {:.3e}; reduce it",
                dt / stable.dt,
                stable.dt
            ),
            Some(_) => return,
        };
        self.warnings.push(Fault { text, place: None });
    }
}
