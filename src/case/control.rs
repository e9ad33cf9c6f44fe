//! What `[solver-time-integrator]` says about the size of steps.

use super::config::TimeConfig;
use super::error::{CaseErrors, ProblemKind};
use super::values::Values;
use super::{Case, Precision};
use crate::backend::{ErrorNorm, Tolerance};
use crate::physics::expr::nearest;
use crate::run::Control;
use crate::run::control::{CONTROLLERS, Cfl, Pi};
use std::collections::BTreeMap;

const SECTION: &str = "solver-time-integrator";
/// Keys of tolerances of single variables begin with this.
const OF_VARIABLE: &str = "atol-";

/// The controller of a case, before the system's variables are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControlConfig {
    /// The controller; the absolute tolerances are not in it.
    pub control: Control,
    /// Absolute tolerance of all variables that have none of their own.
    pub atol: Option<f64>,
    /// Those of single variables.
    pub atol_of: BTreeMap<String, f64>,
}

impl ControlConfig {
    pub(super) fn read(values: &mut Values<'_>) -> Option<ControlConfig> {
        let name = values.choice(SECTION, "controller")?.value;
        match name.as_str() {
            "pi" => pi(values),
            "cfl" => cfl(values),
            "none" => Some(ControlConfig::default()),
            other => {
                let what = format!("'controller = {other}'");
                let names: Vec<&str> = CONTROLLERS.iter().map(|c| c.name).collect();
                let advice = format!("set controller to one of {}", names.join(", "));
                values.report(SECTION, "controller", ProblemKind::NotAvailable { what, advice });
                None
            }
        }
    }
}

/// A number greater than 0.
fn positive(values: &mut Values<'_>, key: &str) -> Option<f64> {
    values.number(SECTION, key, "greater than 0", |x| x > 0.0)
}

fn pi(values: &mut Values<'_>) -> Option<ControlConfig> {
    let mut atol_of = BTreeMap::new();
    let keys: Vec<String> = values.ini.section(SECTION).map_or(vec![], |section| {
        let own = section.entries().iter().map(|e| e.key.clone());
        own.filter(|k| k.starts_with(OF_VARIABLE) && k.len() > OF_VARIABLE.len()).collect()
    });
    for key in &keys {
        if let Some(value) = positive(values, key) {
            atol_of.insert(key[OF_VARIABLE.len()..].to_string(), value);
        }
    }
    // Without it every variable must have its own, which shows when these are known.
    let given = values.ini.get(SECTION, "atol").is_some() || keys.is_empty();
    let atol = if given {
        Some(values.required(SECTION, "atol").and_then(|()| positive(values, "atol")))
    } else {
        None
    };
    let rtol = values
        .required(SECTION, "rtol")
        .and_then(|()| values.number(SECTION, "rtol", "of at least 0", |x| x >= 0.0));
    let norm = values.choice(SECTION, "errest-norm");
    let fraction = "greater than 0 and less than 1";
    let safety = values.number(SECTION, "safety-fact", fraction, |x| x > 0.0 && x < 1.0);
    let least = values.number(SECTION, "min-fact", fraction, |x| x > 0.0 && x < 1.0);
    let most = values.number(SECTION, "max-fact", "of at least 1", |x| x >= 1.0);
    let alpha = positive(values, "pi-alpha");
    let beta = values.number(SECTION, "pi-beta", "of at least 0", |x| x >= 0.0);
    let dt_max = positive(values, "dt-max");
    let norm = if norm?.value == "uniform" { ErrorNorm::Uniform } else { ErrorNorm::L2 };
    let atol = match atol {
        Some(atol) => Some(atol?),
        None => None,
    };
    let control = Control::Pi(Pi {
        tolerance: Tolerance { absolute: vec![], relative: rtol? },
        norm,
        safety: safety?,
        least: least?,
        most: most?,
        alpha: alpha?,
        beta: beta?,
        dt_max: dt_max?,
    });
    Some(ControlConfig { control, atol, atol_of })
}

fn cfl(values: &mut Values<'_>) -> Option<ControlConfig> {
    let number = values.required(SECTION, "cfl").and_then(|()| positive(values, "cfl"));
    let nsteps = values.integer(SECTION, "cfl-nsteps", 1, u64::MAX);
    let dt_max = positive(values, "dt-max");
    let control = Control::Cfl(Cfl { number: number?, nsteps: nsteps?, dt_max: dt_max? });
    Some(ControlConfig { control, ..ControlConfig::default() })
}

impl Case {
    /// The controller of steps for a system with these conserved variables.
    ///
    /// # Errors
    /// Tolerances that are missing, of no variable, or too small for the precision.
    pub fn control(&self, conserved: &[&str]) -> Result<Control, CaseErrors> {
        let TimeConfig { control: ControlConfig { control, atol, atol_of }, .. } = &self.time;
        let Control::Pi(pi) = control else { return Ok(control.clone()) };
        let mut errors = CaseErrors::new();
        let (eps, precision) = match self.backend.precision {
            Precision::Single => (f64::from(f32::EPSILON), "single"),
            Precision::Double => (f64::EPSILON, "double"),
        };
        let mut check = |key: &str, atol: f64| {
            if atol < 10.0 * eps {
                let text = format!(
                    "{atol:e} is below 10 rounding errors of {precision} precision; make it at least {:e}",
                    10.0 * eps
                );
                errors.push(self.problem(SECTION, key, text));
            }
        };
        if let Some(atol) = atol {
            check("atol", *atol);
        }
        atol_of.iter().for_each(|(name, atol)| check(&format!("{OF_VARIABLE}{name}"), *atol));
        for name in atol_of.keys().filter(|name| !conserved.contains(&name.as_str())) {
            let near = nearest(name, conserved.iter().copied());
            let near = near.map_or(String::new(), |n| format!("; did you mean '{OF_VARIABLE}{n}'?"));
            let text = format!("there is no variable '{name}', only {}{near}", conserved.join(", "));
            errors.push(self.problem(SECTION, &format!("{OF_VARIABLE}{name}"), text));
        }
        let mut absolute = vec![];
        for name in conserved {
            match atol_of.get(*name).copied().or(*atol) {
                Some(atol) => absolute.push(atol),
                None => {
                    let text = "missing; add it, or 'atol' for all variables without one of their own";
                    errors.push(self.problem(SECTION, &format!("{OF_VARIABLE}{name}"), text));
                }
            }
        }
        let tolerance = Tolerance { absolute, relative: pi.tolerance.relative };
        errors.into_result(Control::Pi(Pi { tolerance, ..pi.clone() }))
    }
}
