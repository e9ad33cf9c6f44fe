//! From a case to what the library takes: engine settings, initial state, time span, monitors. This is where names are
//! looked up in the tables of the layers below, so that every mistake is found before any mesh is loaded.

use super::ini::Ini;
use super::values::Values;
use super::{Case, CaseErrors, Problem, SPACE, Warning, monitors, outlets};
use crate::backend::ShockCapturing;
use crate::backend::problem::Ldg;
use crate::element::Shape;
use crate::engine::{BackendChoice, BoundarySpec, EngineError, Settings};
use crate::monitor::Monitor;
use crate::monitor::writer::Origin;
use crate::physics::expr::Expr;
use crate::physics::{BoundaryKind, System, SystemError, SystemSpec, SystemVisitor, unknown, with_system};
use crate::run::{Control, Span};
use std::collections::BTreeMap;
use std::path::Path;

/// Everything a run needs besides the mesh.
#[derive(Debug)]
pub struct Plan {
    /// What to solve and how; the backend is the CPU until the caller chooses.
    pub settings: Settings,
    /// Initial state: an expression of x, y, z for each primitive variable.
    pub initial: Vec<Expr>,
    /// Degrees of the rules that project it, by shape; other shapes interpolate it.
    pub projection: BTreeMap<Shape, usize>,
    /// Exact solution, an expression of x, y, z, t for each primitive variable.
    pub exact: Option<Vec<Expr>>,
    /// Time span.
    pub span: Span,
    /// What chooses the size of steps.
    pub control: Control,
    /// Keys that have no effect.
    pub warnings: Vec<Warning>,
}

/// What the case needs to know of a system.
struct Facts {
    primitive: Vec<&'static str>,
    conserved: Vec<&'static str>,
    /// [`System::FILTERED`] and [`System::VISCOUS`].
    filtered: bool,
    viscous: bool,
    boundaries: Vec<Keys>,
}

/// Keys of a boundary condition.
struct Keys {
    kind: &'static str,
    required: &'static [&'static str],
    optional: Vec<&'static str>,
}

struct Ask;
impl SystemVisitor for Ask {
    type Output = Facts;
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Facts {
        let keys = |k: BoundaryKind<S::Boundary>| Keys {
            kind: k.name,
            required: k.keys,
            optional: k.optional.iter().map(|(name, _)| *name).collect(),
        };
        let boundaries = S::boundaries().into_iter().map(keys).collect();
        Facts {
            primitive: system.primitive().to_vec(),
            conserved: system.conserved().to_vec(),
            filtered: S::FILTERED,
            viscous: S::VISCOUS,
            boundaries,
        }
    }
}

impl Case {
    /// Space dimensions the initial state speaks of: three if it sets `w`, one if it sets a density and no `v`, else two.
    /// The mesh has the last word.
    pub fn likely_dims(&self) -> usize {
        let sets = |key| self.ini().get("soln-ics", key).is_some();
        if sets("w") {
            3
        } else if sets("rho") && !sets("v") {
            1
        } else {
            2
        }
    }

    /// Whether the monitors are without mistakes for some number of dimensions that the initial state leaves open, as that of a
    /// scalar does.
    ///
    /// # Errors
    /// Every mistake in them, for the likely number of dimensions.
    pub(super) fn check_monitors(&self) -> Result<(), CaseErrors> {
        let likely = self.likely_dims();
        let sets = |key| self.ini().get("soln-ics", key).is_some();
        let is_open = !["rho", "v", "w"].into_iter().any(sets);
        let other = |dims: usize| dims != likely && is_open && self.monitors(dims).is_ok();
        self.monitors(likely)
            .map(drop)
            .or_else(|errors| if (1..=3).any(other) { Ok(()) } else { Err(errors) })
    }

    /// The plan for a mesh of `dims` dimensions.
    ///
    /// # Errors
    /// Every mistake.
    pub fn plan(&self, dims: usize) -> Result<Plan, CaseErrors> {
        let mut errors = CaseErrors::new();
        let mut warnings = vec![];
        let mut settings = Settings::new(self.system(dims), self.solver.order);
        settings.points = self.point_sets.clone();
        settings.ldg = Ldg { beta: self.interfaces.ldg_beta, tau: self.interfaces.ldg_tau };
        settings.capturing = self.solver.capturing;
        settings.scheme = self.time.scheme.value.clone();
        settings.precision = self.backend.precision;
        settings.estimate = self.time.control.control.estimates();
        if let Err(error) = settings.scheme() {
            let key = if matches!(error, EngineError::FilteredEstimate) { "controller" } else { "scheme" };
            errors.push(self.problem("solver-time-integrator", key, error.to_string()));
        }
        let Some(facts) = self.facts(&settings.system, &mut errors) else {
            return errors.into_result(()).map(|()| unreachable!("an unknown system is an error"));
        };
        let what = match settings.capturing {
            ShockCapturing::EntropyFilter(_) if !facts.filtered => Some("the entropy filter"),
            ShockCapturing::ArtificialViscosity(_) if !facts.viscous => Some("artificial viscosity"),
            _ => None,
        };
        if let Some(what) = what {
            let error = EngineError::Capturing { what, system: settings.system.name.clone() };
            errors.push(self.problem("solver", "shock-capturing", error.to_string()));
        }
        let initial = errors.take(self.ics(&facts.primitive));
        warnings.extend(self.unused_ics(&facts.primitive));
        let exact = errors.take(self.exact(&facts.primitive));
        settings.source = errors.take(self.source(&facts.conserved)).unwrap_or_default();
        warnings.extend(self.unused_source(&facts.conserved));
        for section in self.boundaries() {
            let Some(keys) = facts.boundaries.iter().find(|k| k.kind == section.kind.value) else {
                let names = facts.boundaries.iter().map(|k| k.kind);
                let error = unknown("boundary condition", &section.kind.value, names);
                errors.push(section.problem("type", error.to_string()));
                continue;
            };
            let mut spec = BoundarySpec { kind: section.kind.value.clone(), ..Default::default() };
            let given = keys.optional.iter().filter(|key| section.has(key));
            let outlet = outlets::kind(section);
            for key in keys.required.iter().chain(given) {
                // What moves a controlled pressure says where it starts.
                let value = match outlet {
                    Some(outlet) if *key == "p" => section.constant(outlet.first).map(Expr::constant),
                    _ => section.expr(key),
                };
                if let Some(expr) = errors.take(value) {
                    spec.data.insert((*key).into(), expr);
                }
            }
            let controls = outlet.map(|outlet| outlet.keys());
            let known = keys.required.iter().chain(&keys.optional).chain(controls.iter().flatten());
            let known: Vec<_> = known.copied().collect();
            warnings.extend(section.unused(&known));
            settings.boundaries.insert(section.name.clone(), spec);
        }
        let control = errors.take(self.control(&facts.conserved));
        let span = Span {
            tstart: self.time.tstart,
            tend: self.time.tend,
            dt: self.time.dt,
            dt_min: self.time.dt_min,
            lookahead: self.time.dt_lookahead,
        };
        settings.backend = BackendChoice::Cpu(None);
        let plan = errors.into_result((initial, exact, control))?;
        let (Some(initial), Some(exact), Some(control)) = plan else {
            unreachable!("what is missing was reported")
        };
        let projection = self.projection.clone();
        Ok(Plan { settings, initial, projection, exact, span, control, warnings })
    }

    /// Names of the conserved variables on a mesh of `dims` dimensions.
    ///
    /// # Errors
    /// Every mistake in the choice of the system and its constants.
    pub fn conserved(&self, dims: usize) -> Result<Vec<&'static str>, CaseErrors> {
        let mut errors = CaseErrors::new();
        let facts = self.facts(&self.system(dims), &mut errors);
        errors.into_result(facts.map(|facts| facts.conserved).unwrap_or_default())
    }

    /// The system in `dims` dimensions.
    fn system(&self, dims: usize) -> SystemSpec {
        SystemSpec {
            name: self.solver.system.value.clone(),
            dims,
            constants: self.numbers(),
            riemann: self.interfaces.riemann_solver.value.clone(),
            p_min: match self.solver.capturing {
                // A filter may let pressures fall to zero, the Riemann solver `exact` may not.
                ShockCapturing::EntropyFilter(filter) if filter.p_min > 0.0 => Some(filter.p_min),
                _ => self.interfaces.p_min,
            },
            viscosity: self.solver.viscosity_correction.clone(),
        }
    }

    /// The constants that systems may ask for: numbers, and what expressions of constants amount to. One that is no such
    /// expression is NaN, which a system that asks for it refuses.
    fn numbers(&self) -> BTreeMap<String, f64> {
        let mut numbers = self.constants.numbers.clone();
        let known = crate::case::keys::find("constants").map_or(&[][..], |section| section.keys);
        for name in known.iter().map(|key| key.name).filter(|name| self.constants.texts.contains_key(*name)) {
            numbers.insert(name.into(), self.constant(name).unwrap_or(f64::NAN));
        }
        numbers
    }

    /// Facts of the system; every mistake in its constants and choices is reported, not only the first.
    fn facts(&self, spec: &SystemSpec, errors: &mut CaseErrors) -> Option<Facts> {
        let mut spec = spec.clone();
        // Each mistake is reported, then mended with something valid to get at the next.
        for _ in 0..32 {
            let error = match with_system(&spec, Ask) {
                Ok(facts) => return Some(facts),
                Err(error) => error,
            };
            errors.push(self.system_problem(&error));
            match error {
                SystemError::MissingConstant { name, .. } | SystemError::BadConstant { name, .. } => {
                    spec.constants.insert(name.into(), 1.5);
                }
                SystemError::Unknown { what: "riemann-solver", known, .. } => {
                    spec.riemann = known.first().map_or_else(String::new, |k| (*k).into());
                }
                _ => return None,
            }
        }
        None
    }

    fn system_problem(&self, error: &SystemError) -> Problem {
        if let SystemError::BadConstant { name, value, .. } = error
            && value.is_nan()
            && let Err(problem) = self.constant(name)
        {
            return problem;
        }
        if let SystemError::Unknown { what: "system", name, .. } = error
            && ["ac-", "inc-"].iter().any(|start| name.starts_with(start))
        {
            let text = format!(
                "there is no incompressible system such as '{name}' here; a compressible one at a Mach number of about 0.1 comes near"
            );
            return self.problem("solver", "system", text);
        }
        let (section, key) = match error {
            SystemError::Unknown { what: "riemann-solver", .. } => ("solver-interfaces", "riemann-solver"),
            SystemError::PressureFloor(_) => ("solver-interfaces", "p-min"),
            SystemError::MissingConstant { name, .. } | SystemError::BadConstant { name, .. } => {
                ("constants", *name)
            }
            _ => ("solver", "system"),
        };
        self.problem(section, key, error.to_string())
    }

    /// The values in force, with a path of the mesh that holds in any folder.
    fn portable(&self) -> String {
        let file = self.mesh.file.as_ref().and_then(|file| std::path::absolute(file).ok());
        // What would read as a comment or a variable cannot be written, and stays as it was.
        let file =
            file.as_deref().and_then(Path::to_str).filter(|file| !file.contains(['$', ';', '#', '\r']));
        match (file, Ini::parse("values in force", self.effective())) {
            (Some(file), (mut ini, _)) => {
                ini.set("mesh", "file", &file.replace('%', "%%"));
                ini.to_string()
            }
            (None, _) => self.effective().into(),
        }
    }

    /// What makes a solution of this case describe itself.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            system: self.solver.system.value.clone(),
            config: self.portable(),
            config_source: self.source_text.clone(),
            mesh_file: self.mesh.file.clone().unwrap_or_default(),
        }
    }

    /// The monitors of the case on a mesh of `dims` dimensions.
    ///
    /// # Errors
    /// Every mistake in their sections.
    pub fn monitors(&self, dims: usize) -> Result<Vec<Box<dyn Monitor>>, CaseErrors> {
        let origin = self.origin();
        let mut values = Values::new(self.ini(), CaseErrors::new());
        let facts = self.facts(&self.system(dims), &mut CaseErrors::new());
        let facts = facts.map(|facts| monitors::Facts { primitive: facts.primitive, dims });
        let boundaries = self.boundaries();
        let time = Some(&self.time);
        let monitors = monitors::read(&mut values, time, boundaries, &origin, &self.shared, facts.as_ref());
        values.errors.into_result(monitors)
    }
}

/// Evaluates one expression a variable at a place (and time, where the expressions have one).
pub fn evaluate(exprs: &[Expr], x: [f64; 3], t: f64, out: &mut [f64]) {
    let point = [x[0], x[1], x[2], t];
    debug_assert!(SPACE.len() < point.len());
    out.iter_mut().zip(exprs).for_each(|(value, expr)| *value = expr.eval_f64(&point));
}
