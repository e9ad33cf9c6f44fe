//! The time loop: steps that land exactly on output times and on the end, monitors between them, progress.

pub mod control;
pub mod mesh;

pub use control::Control;

use crate::engine::{Engine, EngineError};
use crate::monitor::{Attempt, Moment, Monitor, MonitorError};
use control::Controller;
use std::time::{Duration, Instant};

/// Time span and step of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Initial time.
    pub tstart: f64,
    /// Final time.
    pub tend: f64,
    /// Step; the first guess where a controller chooses steps.
    pub dt: f64,
    /// Least step; five of them are the tolerance for landing on a time.
    pub dt_min: f64,
    /// When the next target is at most so many steps away, the remaining time is divided into equal steps.
    pub lookahead: u64,
}

impl Span {
    /// From `tstart` to `tend` in steps of `dt`, the last before a target shortened.
    pub fn new(tstart: f64, tend: f64, dt: f64) -> Span {
        Span { tstart, tend, dt, dt_min: 1e-12, lookahead: 1 }
    }
}

/// Lands steps on targets. Times are counted from the last step of another size, because a sum of many steps drifts.
struct Timeline {
    span: Span,
    from: f64,
    taken: u64,
    dt: f64,
}

impl Timeline {
    fn new(span: Span) -> Timeline {
        Timeline { span, from: span.tstart, taken: 0, dt: span.dt }
    }

    /// Counts from `t` on.
    fn restart(&mut self, t: f64) {
        (self.from, self.taken) = (t, 0);
    }

    /// The step to take at `t` towards `target` where one of size `dt` is wanted, and the time it leads to.
    fn next(&mut self, t: f64, target: f64, dt: f64) -> (f64, f64) {
        let Span { dt_min, lookahead, .. } = self.span;
        let dt = dt.max(dt_min);
        if dt != self.dt {
            self.restart(t);
            self.dt = dt;
        }
        let remaining = target - t;
        // A sliver is left out; where steps are as short as can be, that is not to make them much longer.
        let sliver = (5.0 * dt_min).min(1e-3 * dt);
        let steps = ((remaining - sliver) / dt).ceil();
        if steps > 1.0 && steps > lookahead as f64 {
            self.taken += 1;
            return (dt, self.from + self.taken as f64 * dt);
        }
        let (dt, end) = if steps <= 1.0 {
            (remaining, target)
        } else {
            let dt = (remaining / steps).max(dt_min);
            (dt, t + dt)
        };
        self.restart(end);
        (dt, end)
    }
}

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
    /// The engine's scheme was not asked for an estimate.
    #[error(
        "the controller pi needs steps that estimate their error: set 'estimate' in the engine's settings"
    )]
    NoEstimate,
}

/// What a run shows to whoever watches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Where it stands.
    pub now: Moment,
    /// Steps that were rejected, and taken again with smaller ones.
    pub rejected: u64,
    /// Initial and final time.
    pub span: (f64, f64),
    /// Unknowns times right-hand sides a second since the last report: the speed.
    pub dof_per_second: f64,
    /// Wall-clock time since the start of the run.
    pub elapsed: Duration,
    /// Estimated wall-clock time to the end.
    pub left: Option<Duration>,
}

/// Watches a run. Called on every rank; only rank 0 should speak.
pub trait Watcher {
    /// Wall-clock time between reports.
    fn interval(&self) -> Duration;
    /// A report.
    fn report(&mut self, status: &Status);
    /// The run is over.
    fn finish(&mut self, status: &Status);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Watcher for Silent {
    fn interval(&self) -> Duration {
        Duration::MAX
    }
    fn report(&mut self, _: &Status) {}
    fn finish(&mut self, _: &Status) {}
}

/// Runs `engine` over `span` in steps of one size. Collective. Returns where it ended.
///
/// # Errors
/// See [`RunError`].
pub fn run(
    engine: &mut Engine,
    span: Span,
    monitors: &mut [Box<dyn Monitor>],
    watcher: &mut dyn Watcher,
) -> Result<Moment, RunError> {
    run_controlled(engine, span, &Control::Fixed, monitors, watcher)
}

/// Runs `engine` over `span` in steps that `control` chooses. Collective. Returns where it ended. What a controller needs to
/// go on later, the engine keeps ([`Engine::keep`]).
///
/// # Errors
/// See [`RunError`].
pub fn run_controlled(
    engine: &mut Engine,
    span: Span,
    control: &Control,
    monitors: &mut [Box<dyn Monitor>],
    watcher: &mut dyn Watcher,
) -> Result<Moment, RunError> {
    let mut controller = Controller::new(control, &span, engine)?;
    let mut clock = Clock::new(engine, span, watcher.interval());
    let mut timeline = Timeline::new(span);
    let mut now = Moment { t: span.tstart, dt: 0.0, step: 0 };
    let mut rejected = 0;
    for monitor in monitors.iter_mut() {
        monitor.start(engine, &now)?;
    }
    while now.t < span.tend {
        let targets = monitors.iter().filter_map(|m| m.next_time()).filter(|&t| t > now.t);
        let target = targets.fold(span.tend, f64::min);
        let wanted = controller.next(engine, &now)?;
        let (dt, t) = timeline.next(now.t, target, wanted);
        if t <= now.t {
            return Err(RunError::Standstill { t: now.t, dt });
        }
        let begun = Instant::now();
        engine.attempt(now.t, dt)?;
        let (accepted, error) = controller.judge(engine, dt)?;
        let wall = begun.elapsed();
        let attempt = Attempt { number: now.step + rejected, t: now.t, dt, accepted, error, wall };
        for monitor in monitors.iter_mut() {
            monitor.after_attempt(engine, &attempt)?;
        }
        if !accepted {
            if wanted <= span.dt_min {
                let (t, error, dt_min) = (now.t, error.unwrap_or(f64::NAN), span.dt_min);
                return Err(RunError::Rejected { t, dt, error, dt_min });
            }
            rejected += 1;
            timeline.restart(now.t);
            continue;
        }
        engine.accept();
        now = Moment { t, dt, step: now.step + 1 };
        for monitor in monitors.iter_mut() {
            monitor.after_step(engine, &now)?;
        }
        if let Some(status) = clock.tick(engine, &now, rejected)? {
            watcher.report(&status);
        }
    }
    engine.wait()?;
    watcher.finish(&clock.status(&now, rejected));
    Ok(now)
}

/// Measures the speed of a run.
struct Clock {
    start: Instant,
    last: Instant,
    last_step: u64,
    steps_a_look: u64,
    interval: Duration,
    span: (f64, f64),
    unknowns: f64,
    stages: f64,
    speed: f64,
}

impl Clock {
    fn new(engine: &Engine, span: Span, interval: Duration) -> Clock {
        let now = Instant::now();
        Clock {
            start: now,
            last: now,
            last_step: 0,
            steps_a_look: 1,
            interval,
            span: (span.tstart, span.tend),
            unknowns: engine.global_unknowns() as f64,
            stages: engine.scheme().stages.len() as f64,
            speed: 0.0,
        }
    }

    /// A status when it is time for one. Devices run ahead of the host, so it waits for them first.
    fn tick(
        &mut self,
        engine: &mut Engine,
        now: &Moment,
        rejected: u64,
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
        Ok(Some(self.status(now, rejected)))
    }

    fn status(&self, now: &Moment, rejected: u64) -> Status {
        let elapsed = self.start.elapsed();
        let done = now.t - self.span.0;
        let left = (done > 0.0).then(|| elapsed.as_secs_f64() * (self.span.1 - now.t) / done);
        let mean =
            self.unknowns * self.stages * (now.step + rejected) as f64 / elapsed.as_secs_f64().max(1e-9);
        let dof_per_second = if self.speed > 0.0 && now.t < self.span.1 { self.speed } else { mean };
        let left = left.and_then(|s| Duration::try_from_secs_f64(s).ok());
        Status { now: *now, rejected, span: self.span, dof_per_second, elapsed, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times a run passes through.
    fn times(span: Span, target: f64) -> Vec<f64> {
        let mut timeline = Timeline::new(span);
        let mut times = vec![span.tstart];
        while times[times.len() - 1] < target {
            times.push(timeline.next(times[times.len() - 1], target, span.dt).1);
        }
        times
    }

    #[test]
    fn steps_land_on_targets_without_slivers_or_drift() {
        let times = times(Span::new(0.0, 100.0, 0.005), 100.0);
        assert_eq!(times.len(), 20_001);
        assert!(times.iter().enumerate().all(|(n, t)| *t == n as f64 * 0.005));
    }

    #[test]
    fn the_last_step_is_shortened_or_the_last_few_made_equal() {
        let span = Span::new(0.0, 1.0, 0.3);
        assert_eq!(times(span, 1.0), [0.0, 0.3, 0.6, 0.8999999999999999, 1.0]);
        assert_eq!(times(Span { lookahead: 10, ..span }, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}
