//! Why runs end early.

use crate::engine::EngineError;
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
         dt-min = {dt_min:e}; the solution breaks down there (look at the last output before), or atol and rtol are too \
         small for the precision: increase them, or improve mesh, order or dissipation"
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
        "at t = {t} the largest wave rate of the solution is {rate}, and the controller cfl finds no step; reduce cfl"
    )]
    WaveRate {
        /// Time.
        t: f64,
        /// The rate.
        rate: f64,
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

/// A solution that is no longer finite.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}; {}: reduce dt, or improve mesh, order or dissipation there", self.limit(), self.last_good())]
pub struct BrokeDown {
    /// Where and when.
    pub error: MonitorError,
    /// The step that waves allow in that element, in the last good state.
    pub stable: Option<f64>,
    /// Time and file of the last good state.
    pub last: Option<(f64, PathBuf)>,
}

impl BrokeDown {
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
}
