//! Stops a run whose solution is no longer finite, and says where.

use super::{Moment, Monitor, MonitorError};
use crate::engine::Engine;

/// Looks for values that are not finite every so many steps.
#[derive(Clone, Copy, Debug)]
pub struct Nancheck {
    /// Steps between checks.
    pub nsteps: u64,
}

impl Monitor for Nancheck {
    fn describe(&self) -> String {
        format!("looks for values that are not finite every {} steps", self.nsteps)
    }

    fn start(&mut self, _: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        Ok(())
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if !now.step.is_multiple_of(self.nsteps) {
            return Ok(());
        }
        match engine.first_bad_value()? {
            None => Ok(()),
            Some(bad) => Err(MonitorError::not_finite(now, bad)),
        }
    }
}
