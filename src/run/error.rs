//! Why runs end early.

use crate::engine::EngineError;
use crate::engine::wave_rate::Fastest;
use crate::monitor::MonitorError;
use std::path::PathBuf;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A monitor ended the run.
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// No step is small enough for the controller.
    #[error(
        "a step of the least size was rejected at t = {t}: dt = {dt:e}, error {error:.3e} (below 1 is accepted), \
         dt-min = {dt_min:e}"
    )]
    Rejected {
        /// Time.
        t: f64,
        /// Step.
        dt: f64,
        /// Its error.
        error: f64,
        /// Least step.
        dt_min: f64,
    },
    /// A step too small to be noticed.
    #[error(
        "at t = {t} a step of {dt:e} no longer changes the time; increase dt-min, or the tolerances of the controller"
    )]
    Standstill {
        /// Time.
        t: f64,
        /// Step.
        dt: f64,
    },
    /// Waves without a speed.
    #[error(
        "the largest wave rate of the solution at t = {t} is {rate}, which leaves the controller cfl without a step"
    )]
    WaveRate {
        /// Time.
        t: f64,
        /// The rate.
        rate: f64,
    },
    /// Diffusion alone, of which the controller `cfl` knows nothing.
    #[error(
        "the controller cfl follows waves, of which the solution at t = {t} has none, only diffusion; set controller = none \
         in [solver-time-integrator], for which 'solver check' tells a stable dt, or pi"
    )]
    NoWaves {
        /// Time.
        t: f64,
    },
    /// The solution broke down.
    #[error(transparent)]
    BrokeDown(Box<BrokeDown>),
    /// The engine's scheme was not asked for an estimate.
    #[error(
        "the controller pi needs steps that estimate their error: set 'estimate' in the engine's settings"
    )]
    NoEstimate,
}

impl RunError {
    /// Whether it is the solution that ends the run. Then all ranks have the error.
    pub(super) fn is_breakdown(&self) -> bool {
        matches!(
            self,
            RunError::Monitor(MonitorError::NotFinite { .. })
                | RunError::Rejected { .. }
                | RunError::WaveRate { .. }
        )
    }
}

/// A solution that broke down: it is no longer finite, or no step leads on.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}{}; {}: {}", self.place(), self.limit(), self.last_good(), self.advice())]
pub struct BrokeDown {
    /// What was noticed: [`MonitorError::NotFinite`], [`RunError::Rejected`] or [`RunError::WaveRate`].
    pub error: Box<RunError>,
    /// Where waves are fastest, if what was noticed names no place.
    pub fastest: Option<Fastest>,
    /// The step that is stable in that element, in the last good state.
    pub stable: Option<f64>,
    /// Time and file of the last good state.
    pub last: Option<(f64, PathBuf)>,
}

impl BrokeDown {
    fn place(&self) -> String {
        self.fastest.as_ref().map_or(String::new(), |Fastest { rate, element, at }| {
            let how = if rate.is_finite() { "fastest" } else { "without a speed" };
            let [x, y, z] = at;
            format!("; waves are {how} in element {element} near ({x:.6}, {y:.6}, {z:.6})")
        })
    }

    fn limit(&self) -> String {
        self.stable.map_or(String::new(), |dt| {
            format!("; in the last good state steps up to about {dt:.2e} were stable in that element")
        })
    }

    fn last_good(&self) -> String {
        match &self.last {
            Some((t, path)) => format!("the last good state is {} (t = {t})", path.display()),
            None => "no good state was written before (add [soln-plugin-writer] or [checkpoint])".into(),
        }
    }

    fn advice(&self) -> &'static str {
        match *self.error {
            RunError::Rejected { .. } => {
                "increase atol and rtol, if they are too small for the precision, or improve mesh, order or dissipation there"
            }
            RunError::WaveRate { .. } => "reduce cfl, or improve mesh, order or dissipation there",
            _ => "reduce dt, or improve mesh, order or dissipation there",
        }
    }
}
