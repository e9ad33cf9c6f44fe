//! Writes the size of `du/dt` to a CSV file.

use super::rows::Rows;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::Engine;
use crate::parallel::agree;
use std::path::PathBuf;

/// Appends a row `t,value of each conserved variable` every so many steps: the norm over all solution points of `du/dt`,
/// `(sum |du/dt|^p)^(1/p)`, without weights: it grows with the number of points.
#[derive(Debug)]
pub struct Residual {
    /// Steps between rows.
    pub nsteps: u64,
    /// The norm's exponent, infinite for the maximum.
    pub norm: f64,
    rows: Rows,
}

impl Residual {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, file: PathBuf, header: bool, norm: f64) -> Residual {
        Residual { nsteps, norm, rows: Rows::new(file, header) }
    }
}

impl Monitor for Residual {
    fn describe(&self) -> String {
        let header = if self.rows.header { "with" } else { "without" };
        let (file, nsteps, norm) = (self.rows.path.display(), self.nsteps, self.norm);
        format!("writes the {norm}-norm of du/dt to {file} ({header} header) every {nsteps} steps")
    }

    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.rows.resume(&**engine.communicator(), 0, |t| t > now.t)
    }

    fn files(&self, _: (f64, f64)) -> Vec<PathBuf> {
        vec![self.rows.path.clone()]
    }

    fn expected(&self, run: &Outlook) -> Expected {
        let rows = run.steps.map_or(0, |steps| steps / self.nsteps.max(1));
        // About twenty characters a number.
        Expected { files: 1, bytes: rows.saturating_mul(20 * (1 + run.size.variables)) }
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if !now.step.is_multiple_of(self.nsteps) {
            return Ok(());
        }
        let rate = engine.right_hand_side(now.t)?;
        let norms = engine.norms(&rate, self.norm);
        let written = if engine.communicator().rank() == 0 {
            let names = [vec!["t"], engine.variables().conserved()].concat();
            self.rows.append(&names, &[vec![now.t], norms].concat())
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }
}
