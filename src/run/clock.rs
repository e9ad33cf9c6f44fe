//! The speed of a run, and what its time was spent on.

use super::{Span, Status};
use crate::engine::{Engine, EngineError};
use crate::monitor::Moment;
use std::time::{Duration, Instant};

/// What the wall-clock time of a run was spent on, on this rank.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// All of it.
    pub total: Duration,
    /// In steps. Devices run ahead of the host: what they still have to do is waited for where the solution is looked at.
    pub steps: Duration,
    /// In monitors, files of results among them as far as the run had to wait for them.
    pub monitors: Duration,
    /// Writing checkpoints, as far as the run had to wait for them.
    pub checkpoints: Duration,
}

/// Measures the speed of a run.
pub(super) struct Clock {
    pub start: Instant,
    last: Instant,
    /// Step that the run began with, and at the last report; rejected ones count.
    first_step: u64,
    last_step: u64,
    steps_a_look: u64,
    interval: Duration,
    span: (f64, f64),
    /// Time that the run began at.
    from: f64,
    unknowns: f64,
    stages: f64,
    speed: f64,
}

impl Clock {
    pub(super) fn new(engine: &Engine, span: Span, at: &Moment, rejected: u64, interval: Duration) -> Clock {
        let (now, first_step) = (Instant::now(), at.step + rejected);
        Clock {
            start: now,
            last: now,
            first_step,
            last_step: first_step,
            steps_a_look: 1,
            interval,
            span: (span.tstart, span.tend),
            from: at.t,
            unknowns: engine.global_unknowns() as f64,
            stages: engine.scheme().stages.len() as f64,
            speed: 0.0,
        }
    }

    /// A status when it is time for one. Devices run ahead of the host, so it waits for them first.
    pub(super) fn tick(
        &mut self,
        engine: &mut Engine,
        now: &Moment,
        rejected: u64,
        limit: &'static str,
    ) -> Result<Option<Status>, EngineError> {
        // Rejected steps are work, too.
        let step = now.step + rejected;
        if step < self.last_step + self.steps_a_look {
            return Ok(None);
        }
        if self.last.elapsed() < self.interval {
            // Look rarely when steps are short.
            let pace = self.last.elapsed().as_secs_f64() / (step - self.last_step) as f64;
            let wait = self.interval.min(Duration::from_secs(3600)).as_secs_f64();
            self.steps_a_look =
                ((wait / pace.max(1e-9) / 4.0) as u64).clamp(1, 100) + (step - self.last_step);
            return Ok(None);
        }
        engine.wait()?;
        let steps = (step - self.last_step) as f64;
        self.speed = self.unknowns * self.stages * steps / self.last.elapsed().as_secs_f64();
        (self.last, self.last_step, self.steps_a_look) = (Instant::now(), step, 1);
        Ok(Some(self.status(now, rejected, limit)))
    }

    pub(super) fn status(&self, now: &Moment, rejected: u64, limit: &'static str) -> Status {
        let elapsed = self.start.elapsed();
        let done = now.t - self.from;
        let left = (done > 0.0).then(|| elapsed.as_secs_f64() * (self.span.1 - now.t) / done);
        let mean = self.unknowns * self.stages * (now.step + rejected - self.first_step) as f64
            / elapsed.as_secs_f64().max(1e-9);
        let dof_per_second = if self.speed > 0.0 && now.t < self.span.1 { self.speed } else { mean };
        let left = left.and_then(|s| Duration::try_from_secs_f64(s).ok());
        Status { now: *now, rejected, limit, span: self.span, dof_per_second, elapsed, left }
    }
}
