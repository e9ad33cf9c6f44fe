//! The time loop: steps that land exactly on output times and on the end, monitors between them, checkpoints, progress.
//!
//! A run can be stopped and go on: what it needs besides the solution (of the loop, the controller and the monitors) is left
//! with the engine before a solution is written, and written with it ([`restart`]).

pub mod checkpoint;
mod clock;
pub mod control;
mod error;
pub mod mesh;
pub mod restart;
mod timeline;

pub use checkpoint::{Asked, Checkpoints, Stop};
pub use clock::Spent;
pub use control::Control;
pub use error::{BrokeDown, RunError};

use crate::engine::Engine;
use crate::monitor::{Attempt, Moment, Monitor, MonitorError};
use checkpoint::Checkpointer;
use clock::Clock;
use control::Controller;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use timeline::Timeline;

/// Under which name the number of rejected steps is kept with solutions.
const REJECTED: &str = "run/rejected";

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

/// What a run shows to whoever watches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Where it stands.
    pub now: Moment,
    /// Steps that were rejected, and taken again with smaller ones.
    pub rejected: u64,
    /// What decided on the size of the last step, in a word or two.
    pub limit: &'static str,
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

/// How a run is made, beyond its time span.
pub struct Options<'a> {
    /// What chooses the size of steps.
    pub control: Control,
    /// Where a run goes on whose solution the engine has, see [`restart::restore`]; none for one that starts.
    pub from: Option<Moment>,
    /// Checkpoints; none are written without.
    pub checkpoints: Option<Checkpoints>,
    /// What is asked of the run from outside, such as by signals. Called now and then on every rank, all of which then do what
    /// one of them was asked.
    pub asked: &'a dyn Fn() -> Asked,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { control: Control::Fixed, from: None, checkpoints: None, asked: &Asked::default }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Where.
    pub now: Moment,
    /// Steps that were rejected.
    pub rejected: u64,
    /// Why it ended before its final time, if it did.
    pub stopped: Option<Stop>,
    /// Time and file of the last solution that it wrote and that a run can go on from.
    pub last: Option<(f64, PathBuf)>,
    /// What its time was spent on, on this rank.
    pub spent: Spent,
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
    run_with(engine, span, Options::default(), monitors, watcher).map(|end| end.now)
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
    let options = Options { control: control.clone(), ..Options::default() };
    run_with(engine, span, options, monitors, watcher).map(|end| end.now)
}

/// Runs `engine` to the end of `span`, or until it is asked to stop. Collective.
///
/// # Errors
/// See [`RunError`].
pub fn run_with(
    engine: &mut Engine,
    span: Span,
    options: Options<'_>,
    monitors: &mut [Box<dyn Monitor>],
    watcher: &mut dyn Watcher,
) -> Result<End, RunError> {
    // What one monitor saves, another writes.
    monitors.sort_by_key(|m| m.saves_others());
    let mut checkpointer = Checkpointer::new(options.checkpoints.clone(), engine);
    let ended = advance(engine, span, &options, &mut checkpointer, monitors, watcher);
    let last = |checkpointer: &Checkpointer, monitors: &[Box<dyn Monitor>]| {
        let all = monitors.iter().filter_map(|m| m.last_solution()).chain(checkpointer.last());
        all.max_by(|a, b| a.0.total_cmp(&b.0))
    };
    match ended {
        Ok(end) => Ok(End { last: last(&checkpointer, monitors), ..end }),
        Err(error) if error.is_breakdown() => {
            // What is still being written is a good state.
            let comm = std::sync::Arc::clone(engine.communicator());
            for monitor in monitors.iter_mut() {
                monitor.finish(engine)?;
            }
            checkpointer.finish(&*comm)?;
            let last = last(&checkpointer, monitors);
            let (element, fastest) = match &error {
                RunError::Monitor(MonitorError::NotFinite { element, .. }) => (*element, None),
                _ => {
                    let fastest = engine.fastest()?;
                    (fastest.as_ref().map_or(u32::MAX, |f| f.element), fastest)
                }
            };
            let file = last.as_ref().map(|(_, path)| path.as_path());
            let stable = checkpoint::stable_step(engine, file, element);
            Err(RunError::BrokeDown(Box::new(BrokeDown { error: Box::new(error), fastest, stable, last })))
        }
        Err(error) => Err(error),
    }
}

/// The loop of [`run_with`].
fn advance(
    engine: &mut Engine,
    span: Span,
    options: &Options<'_>,
    checkpointer: &mut Checkpointer,
    monitors: &mut [Box<dyn Monitor>],
    watcher: &mut dyn Watcher,
) -> Result<End, RunError> {
    let mut controller = Controller::new(&options.control, &span, engine)?;
    let mut now = options.from.unwrap_or(Moment { t: span.tstart, dt: 0.0, step: 0 });
    let (mut rejected, mut timeline) = (0, Timeline::new(span));
    if options.from.is_some() {
        rejected = engine.kept().get(REJECTED).map_or(0, |n| n.first().map_or(0, |n| *n as u64));
        timeline = Timeline::resume(span, now.t, engine);
    }
    let mut clock = Clock::new(engine, span, &now, rejected, watcher.interval());
    let (mut spent, mut limit, mut stopped) = (Spent::default(), "given", None);
    for monitor in monitors.iter_mut() {
        match options.from {
            Some(_) => monitor.resume(engine, &now)?,
            None => monitor.start(engine, &now)?,
        }
    }
    spent.monitors += clock.start.elapsed();
    while now.t < span.tend {
        let wanted = controller.next(engine, &now)?;
        let targets = monitors.iter().filter_map(|m| m.next_time()).filter(|&t| !now.reached(t));
        let target = targets.fold(span.tend, f64::min);
        let ends = Moment { t: target, dt: wanted, ..now }.reached(span.tend);
        let target = if ends { span.tend } else { target };
        let (dt, t) = timeline.next(now.t, target, wanted);
        if t <= now.t {
            return Err(RunError::Standstill { t: now.t, dt });
        }
        let begun = Instant::now();
        engine.attempt(now.t, dt)?;
        let (accepted, error) = controller.judge(engine, dt)?;
        let wall = begun.elapsed();
        spent.steps += wall;
        limit = if dt < wanted { "output time" } else { controller.limit(wanted) };
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
        let mut saved = false;
        for i in 0..monitors.len() {
            if !saved && monitors[i].writes_solution(&now) {
                save(engine, rejected, &timeline, &controller, monitors)?;
                saved = true;
            }
            monitors[i].after_step(engine, &now)?;
        }
        spent.monitors += begun.elapsed() - wall;
        let order = checkpointer.look(engine, now.step + rejected, options.asked)?;
        if order.write {
            let begun = Instant::now();
            save(engine, rejected, &timeline, &controller, monitors)?;
            checkpointer.write(engine, &now)?;
            spent.checkpoints += begun.elapsed();
        }
        if order.stop.is_some() && now.t < span.tend {
            stopped = order.stop;
            break;
        }
        if let Some(status) = clock.tick(engine, &now, rejected, limit)? {
            watcher.report(&status);
        }
    }
    // Whether or not somebody looked on the way, a run that reports success has a solution.
    if let Some(bad) = engine.first_bad_value()? {
        return Err(MonitorError::not_finite(&now, bad).into());
    }
    engine.wait()?;
    save(engine, rejected, &timeline, &controller, monitors)?;
    let begun = Instant::now();
    for monitor in monitors.iter_mut() {
        monitor.finish(engine)?;
    }
    spent.monitors += begun.elapsed();
    let begun = Instant::now();
    let comm = std::sync::Arc::clone(engine.communicator());
    checkpointer.finish(&*comm)?;
    spent.checkpoints += begun.elapsed();
    spent.total = clock.start.elapsed();
    watcher.finish(&clock.status(&now, rejected, limit));
    Ok(End { now, rejected, stopped, last: None, spent })
}

/// Leaves with `engine` all that it takes to go on from here.
fn save(
    engine: &mut Engine,
    rejected: u64,
    timeline: &Timeline,
    controller: &Controller<'_>,
    monitors: &mut [Box<dyn Monitor>],
) -> Result<(), MonitorError> {
    engine.keep(REJECTED.into(), vec![rejected as f64]);
    timeline.save(engine);
    controller.save(engine);
    monitors.iter_mut().try_for_each(|monitor| monitor.save(engine))
}
