//! Writes the size of `du/dt` to a CSV file.

use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::Engine;
use crate::output::{OutputError, atomic};
use crate::parallel::agree;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// Appends a row `t,value of each conserved variable` every so many steps: the norm over all solution points of `du/dt`,
/// without weights.
#[derive(Debug)]
pub struct Residual {
    /// Steps between rows.
    pub nsteps: u64,
    /// The file.
    pub file: PathBuf,
    /// Whether an empty file gets a line of names.
    pub header: bool,
    /// The norm's exponent, infinite for the maximum.
    pub norm: f64,
    open: Option<File>,
}

impl Residual {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, file: PathBuf, header: bool, norm: f64) -> Residual {
        Residual { nsteps, file, header, norm, open: None }
    }

    fn append(&mut self, names: &[&str], row: &str) -> Result<(), OutputError> {
        let failed = |e: std::io::Error| atomic::failure(&self.file, e);
        if self.open.is_none() {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.file).map_err(failed)?;
            if self.header && file.metadata().map_err(failed)?.len() == 0 {
                writeln!(file, "t,{}", names.join(",")).map_err(failed)?;
            }
            self.open = Some(file);
        }
        match &mut self.open {
            Some(file) => file.write_all(row.as_bytes()).map_err(failed),
            None => Ok(()),
        }
    }
}

impl Monitor for Residual {
    fn describe(&self) -> String {
        let header = if self.header { "with" } else { "without" };
        let (file, nsteps, norm) = (self.file.display(), self.nsteps, self.norm);
        format!("writes the {norm}-norm of du/dt to {file} ({header} header) every {nsteps} steps")
    }

    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
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
            let values: Vec<String> = norms.iter().map(f64::to_string).collect();
            self.append(&engine.variables().conserved(), &format!("{},{}\n", now.t, values.join(",")))
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }
}
