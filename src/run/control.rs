//! Controllers: what chooses the size of the steps (docs/src/numerics-time.md, "Controllers"). Adding one: a line of the
//! table, a variant, and its arms in `Controller`.

use super::{RunError, Span};
use crate::backend::{ErrorNorm, Tolerance};
use crate::engine::Engine;
use crate::monitor::Moment;
use crate::physics::Choice;

/// Every controller: name, line of help, whether it needs a scheme that estimates its error.
pub const CONTROLLERS: &[Choice<bool>] = &[
    Choice { name: "none", doc: "Steps of the size dt", value: false },
    Choice {
        name: "pi",
        doc: "Steps whose estimated error stays within a tolerance; too large ones are repeated",
        value: true,
    },
    Choice {
        name: "cfl",
        doc: "Steps in proportion to the time in which waves cross an element",
        value: false,
    },
];

/// How the size of steps is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Control {
    /// It is given.
    #[default]
    Fixed,
    /// A proportional-integral controller of the error (K. Gustafsson, ACM Trans. Math. Softw. 17, 1991).
    Pi(Pi),
    /// In proportion to the time in which waves cross an element.
    Cfl(Cfl),
}

/// The law of [`Control::Pi`]: after a step with the error `err` the next one is longer by
/// `safety err^(-alpha/q) err_before^(beta/q)`, within the limits, `q` the order of the scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct Pi {
    /// What errors are measured in.
    pub tolerance: Tolerance,
    /// How the errors of all values make one.
    pub norm: ErrorNorm,
    /// Safety factor, below 1.
    pub safety: f64,
    /// Least factor between steps, below 1.
    pub least: f64,
    /// Greatest factor between steps, at least 1.
    pub most: f64,
    /// Exponent of the error.
    pub alpha: f64,
    /// Exponent of the error before.
    pub beta: f64,
    /// Longest step.
    pub dt_max: f64,
}

impl Pi {
    /// The usual law for a tolerance.
    pub fn new(tolerance: Tolerance) -> Pi {
        let norm = ErrorNorm::default();
        Pi { tolerance, norm, safety: 0.8, least: 0.9, most: 1.1, alpha: 0.58, beta: 0.42, dt_max: 100.0 }
    }
}

/// The law of [`Control::Cfl`]: `dt = number / (rate (2 p + 1))` with the rate of [`Engine::wave_rate`] and the order `p`
/// of the polynomials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cfl {
    /// The number; 1 and more are stable with the usual schemes, see `solver check`.
    pub number: f64,
    /// Steps between looks at the solution, which is evaluated on the host.
    pub nsteps: u64,
    /// Longest step.
    pub dt_max: f64,
}

impl Control {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Control::Fixed => "none",
            Control::Pi(_) => "pi",
            Control::Cfl(_) => "cfl",
        }
    }

    /// Whether steps must estimate their error ([`crate::engine::Settings::estimate`]).
    pub fn estimates(&self) -> bool {
        matches!(self, Control::Pi(_))
    }
}

/// Under which name the controller `pi` keeps its state with solutions: the size of the next step, and the error before.
pub const PI_STATE: &str = "intg/pi";

/// The same for the controller `cfl`: the size of the next step.
const CFL_STATE: &str = "intg/cfl";

/// A controller at work.
pub(super) struct Controller<'a> {
    control: &'a Control,
    /// Size of the next step.
    dt: f64,
    /// The error of the last accepted step.
    before: f64,
}

impl<'a> Controller<'a> {
    /// The controller at the start of a run. Where `engine` keeps the state of one that ended, it goes on with that.
    pub(super) fn new(
        control: &'a Control,
        span: &Span,
        engine: &Engine,
    ) -> Result<Controller<'a>, RunError> {
        let mut controller = Controller { control, dt: span.dt, before: 1.0 };
        if let Control::Pi(pi) = control {
            if engine.scheme().error.is_none() {
                return Err(RunError::NoEstimate);
            }
            if let Some(&[dt, before]) = engine.kept().get(PI_STATE).map(Vec::as_slice)
                && [dt, before].iter().all(|x| x.is_finite() && *x > 0.0)
            {
                (controller.dt, controller.before) = (dt, before);
            }
            controller.dt = controller.dt.min(pi.dt_max);
        }
        if let (Control::Cfl(_), Some(&[dt])) = (control, engine.kept().get(CFL_STATE).map(Vec::as_slice))
            && dt.is_finite()
            && dt > 0.0
        {
            controller.dt = dt;
        }
        Ok(controller)
    }

    /// Leaves with `engine` what it takes to go on.
    pub(super) fn save(&self, engine: &mut Engine) {
        match self.control {
            Control::Fixed => {}
            Control::Pi(_) => engine.keep(PI_STATE.into(), vec![self.dt, self.before]),
            Control::Cfl(_) => engine.keep(CFL_STATE.into(), vec![self.dt]),
        }
    }

    /// What decides on a step of the size that was chosen last, in a word or two.
    pub(super) fn limit(&self, dt: f64) -> &'static str {
        match self.control {
            Control::Fixed => "given",
            Control::Pi(Pi { dt_max, .. }) | Control::Cfl(Cfl { dt_max, .. }) if dt >= *dt_max => "dt-max",
            Control::Pi(_) => "error",
            Control::Cfl(_) => "waves",
        }
    }

    /// The size of the next step.
    pub(super) fn next(&mut self, engine: &mut Engine, now: &Moment) -> Result<f64, RunError> {
        if let Control::Cfl(cfl) = self.control
            && now.step.is_multiple_of(cfl.nsteps)
        {
            let rate = engine.wave_rate()?;
            if !rate.is_finite() {
                return Err(RunError::WaveRate { t: now.t, rate });
            }
            if rate == 0.0 && engine.variables().is_viscous() {
                return Err(RunError::NoWaves { t: now.t });
            }
            let degrees = (2 * engine.discretisation().order + 1) as f64;
            self.dt = (cfl.number / (rate * degrees)).min(cfl.dt_max);
        }
        Ok(self.dt)
    }

    /// Whether the attempt at a step of `dt` counts, and its error where there is an estimate. Chooses the size of the next.
    pub(super) fn judge(&mut self, engine: &mut Engine, dt: f64) -> Result<(bool, Option<f64>), RunError> {
        let Control::Pi(pi) = self.control else { return Ok((true, None)) };
        let Some(error) = engine.step_error(&pi.tolerance, pi.norm)? else {
            return Err(RunError::NoEstimate);
        };
        let error = if error.is_nan() { 100.0 } else { error };
        let order = engine.scheme().order as f64;
        let factor = pi.safety * error.powf(-pi.alpha / order) * self.before.powf(pi.beta / order);
        self.dt = (dt * factor.max(pi.least).min(pi.most)).min(pi.dt_max);
        let accepted = error < 1.0;
        if accepted {
            // An error of zero (a solution at rest) says nothing of the next.
            self.before = if error > 0.0 { error } else { self.before };
        }
        Ok((accepted, Some(error)))
    }
}
