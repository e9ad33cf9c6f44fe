//! Writes the time steps taken to a CSV file (docs/src/monitors.md).

use super::rows::Rows;
use super::{Attempt, Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::Engine;
use crate::parallel::agree;
use std::path::PathBuf;

/// Names of the columns.
const COLUMNS: [&str; 6] = ["n", "t", "dt", "action", "wtime", "error"];

/// Appends a row `n,t,dt,action,wtime,error` for every attempt at a step: its number from 0, the time at its start, its
/// size, `accept` or `reject`, its wall-clock time on the first rank in seconds, and the estimate of its error, empty where
/// there is none.
#[derive(Debug)]
pub struct Dtstats {
    rows: Rows,
}

impl Dtstats {
    /// A monitor that has not opened its file yet.
    pub fn new(file: PathBuf, header: bool) -> Dtstats {
        Dtstats { rows: Rows::new(file, header) }
    }
}

impl Monitor for Dtstats {
    fn describe(&self) -> String {
        let header = if self.rows.header { "with" } else { "without" };
        format!("writes every attempt at a step to {} ({header} header)", self.rows.path.display())
    }

    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        // Rows have the time at which their attempt started.
        self.rows.resume(&**engine.communicator(), 1, |t| t >= now.t)
    }

    fn after_step(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }

    fn after_attempt(&mut self, engine: &mut Engine, attempt: &Attempt) -> Result<(), MonitorError> {
        let Attempt { number, t, dt, accepted, error, wall } = attempt;
        let written = if engine.communicator().rank() == 0 {
            let action = if *accepted { "accept" } else { "reject" };
            let error = error.map_or(String::new(), |e| e.to_string());
            let wall = wall.as_secs_f64();
            self.rows.append_text(&COLUMNS, &format!("{number},{t},{dt},{action},{wall},{error}"))
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }

    fn files(&self, _: (f64, f64)) -> Vec<PathBuf> {
        vec![self.rows.path.clone()]
    }

    fn expected(&self, run: &Outlook) -> Expected {
        Expected { files: 1, bytes: run.steps.map_or(0, |steps| steps.saturating_mul(80)) }
    }
}
