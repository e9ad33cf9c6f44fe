//! The typed sections on backend, equations, interfaces and time.

use super::control::ControlConfig;
use super::error::ProblemKind;
use super::physics;
use super::values::{Located, Values};
use crate::backend::ShockCapturing;
use crate::physics::expr::nearest;
use crate::run::Control;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use crate::backend::Precision;

/// What a backend computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendKind {
    /// Processor cores.
    Cpu,
    /// A graphics processor.
    Gpu,
}

const BACKENDS: [(&str, BackendKind); 7] = [
    ("cpu", BackendKind::Cpu),
    ("gpu", BackendKind::Gpu),
    ("cuda", BackendKind::Gpu),
    ("hip", BackendKind::Gpu),
    ("metal", BackendKind::Gpu),
    ("opencl", BackendKind::Gpu),
    ("openmp", BackendKind::Cpu),
];

/// What the backend called `name` computes on; knows the classic names `openmp`, `cuda`, `hip`, `opencl`, `metal`.
pub fn backend_kind(name: &str) -> Option<BackendKind> {
    BACKENDS.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
}

/// `[backend]` and the sections of its kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackendConfig {
    /// Floating type.
    pub precision: Precision,
    /// Backend to use when the command line names none; [`backend_kind`] knows it.
    pub name: Option<Located<String>>,
    /// `device-id` by backend: the keys are among `cuda`, `hip`, `opencl`.
    pub device_ids: BTreeMap<String, String>,
}

impl BackendConfig {
    /// The device that the file asks for with the backend called `name`; for `gpu` that of any kind.
    pub fn device_id(&self, name: &str) -> Option<&str> {
        let id = if name == "gpu" { self.device_ids.values().next() } else { self.device_ids.get(name) };
        id.map(String::as_str)
    }

    pub(super) fn read(values: &mut Values<'_>) -> Option<BackendConfig> {
        let precision = values.choice("backend", "precision");
        let name = values.text("backend", "name");
        if let Some(name) = name.as_ref().filter(|n| backend_kind(&n.value).is_none()) {
            let known = BACKENDS.map(|(n, _)| n);
            let kind = ProblemKind::Value {
                value: name.value.clone(),
                expected: format!("one of {}", known.join(", ")),
                nearest: nearest(&name.value, known).map(Into::into),
            };
            values.report("backend", "name", kind);
        }
        let mut device_ids = BTreeMap::new();
        for kind in ["cuda", "hip", "opencl"] {
            let section = format!("backend-{kind}");
            if values.ini.get(&section, "device-id").is_some()
                && let Some(id) = values.text(&section, "device-id")
            {
                device_ids.insert(kind.to_string(), id.value);
            }
        }
        let precision = if precision?.value == "single" { Precision::Single } else { Precision::Double };
        Some(BackendConfig { precision, name, device_ids })
    }
}

/// `[mesh]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshConfig {
    /// Mesh file as written (`~` expanded), to use when the command line names none.
    pub file: Option<PathBuf>,
}

impl MeshConfig {
    pub(super) fn read(values: &mut Values<'_>) -> MeshConfig {
        MeshConfig { file: values.path("mesh", "file") }
    }
}

/// `[solver]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SolverConfig {
    /// Name of the equation system, not checked here.
    pub system: Located<String>,
    /// Polynomial order, at most 20.
    pub order: usize,
    /// Law of viscosity: `none` or one of [`VISCOSITY_LAWS`](crate::physics::navier_stokes::VISCOSITY_LAWS).
    pub viscosity_correction: String,
    /// What keeps shocks in check.
    pub capturing: ShockCapturing,
}

impl SolverConfig {
    pub(super) fn read(values: &mut Values<'_>) -> Option<SolverConfig> {
        let system = values.text("solver", "system");
        let order = values.integer("solver", "order", 0, 20);
        let capturing = physics::capturing(values);
        let viscosity_correction = values.text("solver", "viscosity-correction")?.value;
        Some(SolverConfig {
            system: system?,
            order: order? as usize,
            viscosity_correction,
            capturing: capturing?,
        })
    }
}

/// `[solver-interfaces]`.
#[derive(Clone, Debug, PartialEq)]
pub struct InterfaceConfig {
    /// Name of the Riemann solver, not checked here.
    pub riemann_solver: Located<String>,
    /// Weight of the sides in viscous terms, in [-0.5, 0.5].
    pub ldg_beta: f64,
    /// Penalty on jumps in viscous fluxes, not negative.
    pub ldg_tau: f64,
    /// Least pressure in the Riemann solver `exact`, if given; positive.
    pub p_min: Option<f64>,
}

impl Default for InterfaceConfig {
    fn default() -> Self {
        let riemann_solver = Located { value: "rusanov".into(), line: None };
        InterfaceConfig { riemann_solver, ldg_beta: 0.5, ldg_tau: 0.1, p_min: None }
    }
}

impl InterfaceConfig {
    pub(super) fn read(values: &mut Values<'_>) -> Option<InterfaceConfig> {
        let section = "solver-interfaces";
        let riemann_solver = values.text(section, "riemann-solver");
        let ldg_beta = values.number(section, "ldg-beta", "from -0.5 to 0.5", |b| b.abs() <= 0.5);
        let ldg_tau = values.number(section, "ldg-tau", "of at least 0", |t| t >= 0.0);
        let given = values.ini.get(section, "p-min").is_some();
        let p_min = if given { values.number(section, "p-min", "greater than 0", |p| p > 0.0) } else { None };
        Some(InterfaceConfig {
            riemann_solver: riemann_solver?,
            ldg_beta: ldg_beta?,
            ldg_tau: ldg_tau?,
            p_min,
        })
    }
}

/// `[solver-time-integrator]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeConfig {
    /// Name of the scheme, not checked here.
    pub scheme: Located<String>,
    /// Initial time.
    pub tstart: f64,
    /// Final time, not before the initial one.
    pub tend: f64,
    /// Time step, positive.
    pub dt: f64,
    /// Least time step, positive, at most `dt`.
    pub dt_min: f64,
    /// When the next output or the end is at most this many steps away, these are made equal. 1 (the default for fixed
    /// steps, and the behaviour of PyFR up to 3.1) shortens only the last step; the newest PyFR has 10, which is the default
    /// for steps that a controller chooses.
    pub dt_lookahead: u64,
    /// What chooses the size of steps.
    pub control: ControlConfig,
}

impl Default for TimeConfig {
    fn default() -> Self {
        let scheme = Located { value: "rk4".into(), line: None };
        let control = ControlConfig::default();
        TimeConfig { scheme, tstart: 0.0, tend: 1.0, dt: 1e-3, dt_min: 1e-12, dt_lookahead: 1, control }
    }
}

impl TimeConfig {
    pub(super) fn read(values: &mut Values<'_>) -> Option<TimeConfig> {
        let section = "solver-time-integrator";
        let formulation = values.choice(section, "formulation");
        if let Some(other) = formulation.filter(|f| !matches!(f.value.as_str(), "explicit" | "std")) {
            let what = format!("'formulation = {}'", other.value);
            let advice = "set formulation = explicit and an explicit scheme".into();
            values.report(section, "formulation", ProblemKind::NotAvailable { what, advice });
        }
        let scheme = values.text(section, "scheme");
        let control = ControlConfig::read(values);
        let tstart = values.number(section, "tstart", "", |_| true);
        let tend = values.number(section, "tend", "", |_| true);
        let dt = values.number(section, "dt", "greater than 0", |x| x > 0.0);
        let dt_min = values.number(section, "dt-min", "greater than 0", |x| x > 0.0);
        let dt_lookahead = match values.ini.get(section, "dt-lookahead") {
            Some(_) => values.integer(section, "dt-lookahead", 0, u64::MAX),
            None => {
                let fixed = control.as_ref().is_none_or(|c| c.control == Control::Fixed);
                let (value, text) = if fixed { (1, "1") } else { (10, "10") };
                values.defaults.push((section.into(), "dt-lookahead", text));
                Some(value)
            }
        };
        let time = TimeConfig {
            scheme: scheme?,
            tstart: tstart?,
            tend: tend?,
            dt: dt?,
            dt_min: dt_min?,
            dt_lookahead: dt_lookahead?,
            control: control?,
        };
        if time.tend < time.tstart {
            values.refuse(section, "tend", &time.tend.to_string(), format!("after tstart = {}", time.tstart));
        }
        if time.dt < time.dt_min {
            values.refuse(section, "dt", &time.dt.to_string(), format!("at least dt-min = {}", time.dt_min));
        }
        if !time.advances(time.dt) {
            values.refuse(
                section,
                "dt",
                &time.dt.to_string(),
                "large enough to change the time when it is added",
            );
        }
        Some(time)
    }

    /// Whether adding `interval` to a time of the run changes it. Where not, a loop over time would never end.
    pub(super) fn advances(&self, interval: f64) -> bool {
        let latest = self.tstart.abs().max(self.tend.abs());
        interval > latest * f64::EPSILON
    }
}
