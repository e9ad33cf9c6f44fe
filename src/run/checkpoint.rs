//! Checkpoints: solutions written so that a run can go on from where it was when it is stopped, by the wall clock and when
//! asked from outside. The newest few are kept.

use super::RunError;
use crate::backend::discretisation::Block;
use crate::engine::Engine;
use crate::monitor::background::Background;
use crate::monitor::snapshot::Snapshot;
use crate::monitor::writer::Origin;
use crate::monitor::{Moment, MonitorError};
use crate::output::name::NameTemplate;
use crate::output::solution::{self, Stored};
use crate::output::vtk::with_suffix;
use crate::parallel::{Communicator, Reduce};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Under which name times and steps of the checkpoints are kept with solutions.
const STATE: &str = "run/checkpoints";
/// Wall-clock time between looks at what is asked.
const LOOK: Duration = Duration::from_millis(250);
/// Most steps between looks.
const MOST: u64 = 1000;

/// When and where checkpoints are written.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    /// The folder, made if it is not there.
    pub folder: PathBuf,
    /// Their names; the number is that of the step.
    pub name: NameTemplate,
    /// Wall-clock time between them; none are written by the clock without.
    pub interval: Option<Duration>,
    /// How many of the newest are kept, at least 1.
    pub keep: usize,
    /// Wall-clock time after which the job is ended: the run stops before, with a checkpoint.
    pub time_limit: Option<Duration>,
    /// Texts that make a file describe itself.
    pub origin: Origin,
}

/// What is asked of a run from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// To write a checkpoint.
    pub write: bool,
    /// To write a checkpoint and stop.
    pub stop: bool,
}

/// Why a run stopped before its final time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was asked to.
    Asked,
    /// Its wall-clock time was nearly up.
    TimeLimit,
}

/// What to do after a step, the same on all ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Order {
    pub write: bool,
    pub stop: Option<Stop>,
}

/// Writes the checkpoints of a run, and looks whether one is due.
pub(super) struct Checkpointer {
    settings: Option<Checkpoints>,
    background: Background,
    begun: Instant,
    /// The last one, or the start.
    last: Instant,
    /// Attempt at which to look next; that of the last look, and when it was.
    next: u64,
    seen: Option<(u64, Instant)>,
    /// Time and step of those that are complete, oldest first; the one under way.
    written: VecDeque<(f64, u64)>,
    under_way: Option<(f64, u64)>,
}

impl Checkpointer {
    pub(super) fn new(settings: Option<Checkpoints>, engine: &Engine) -> Checkpointer {
        let state = engine.kept().get(STATE).map_or(&[][..], Vec::as_slice);
        let written = state.chunks_exact(2).map(|c| (c[0], c[1] as u64)).collect();
        let now = Instant::now();
        Checkpointer {
            settings,
            background: Background::default(),
            begun: now,
            last: now,
            next: 0,
            seen: None,
            written,
            under_way: None,
        }
    }

    /// Whether a checkpoint is due after the attempt number `attempt`, or the end. Collective where it is time to look, which
    /// is at the same attempts on all ranks.
    pub(super) fn look(
        &mut self,
        engine: &mut Engine,
        attempt: u64,
        asked: &dyn Fn() -> Asked,
    ) -> Result<Order, RunError> {
        if attempt < self.next {
            return Ok(Order::default());
        }
        // A device may be far behind.
        engine.wait()?;
        let pace = self
            .seen
            .map_or(1.0, |(before, at)| at.elapsed().as_secs_f64() / (attempt - before).max(1) as f64);
        let asked = asked();
        let seconds = |at: Instant| at.elapsed().as_secs_f64();
        let flag = |yes: bool| f64::from(u8::from(yes));
        let mut all = [flag(asked.write), flag(asked.stop), seconds(self.begun), seconds(self.last), pace];
        engine.communicator().reduce_f64(Reduce::Max, &mut all);
        let [write, stop, elapsed, since, pace] = all;
        self.next = attempt + ((LOOK.as_secs_f64() / pace.max(1e-9)) as u64).clamp(1, MOST);
        self.seen = Some((attempt, Instant::now()));
        let Some(settings) = &self.settings else {
            let stop = (stop > 0.0).then_some(Stop::Asked);
            return Ok(Order { write: false, stop });
        };
        let stop = if stop > 0.0 {
            Some(Stop::Asked)
        } else {
            // Time for steps until the next look, and to write twice as long as the last time.
            let mut took = [self.background.took().as_secs_f64()];
            engine.communicator().reduce_f64(Reduce::Max, &mut took);
            let late = |limit: Duration| {
                let limit = limit.as_secs_f64();
                let reserve = 2.0 * took[0] + 2.0 * (LOOK.as_secs_f64() + pace);
                elapsed + reserve.max((0.05 * limit).min(60.0)) > limit
            };
            settings.time_limit.is_some_and(late).then_some(Stop::TimeLimit)
        };
        let due = settings.interval.is_some_and(|interval| since > interval.as_secs_f64());
        Ok(Order { write: write > 0.0 || stop.is_some() || due, stop })
    }

    /// Starts a checkpoint. Collective.
    pub(super) fn write(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), RunError> {
        let comm = std::sync::Arc::clone(engine.communicator());
        self.finish(&*comm)?;
        let Some(settings) = &self.settings else { return Ok(()) };
        let listed = self.written.iter().copied().chain([(now.t, now.step)]);
        engine.keep(STATE.into(), listed.flat_map(|(t, step)| [t, step as f64]).collect());
        let snapshot = Snapshot::take(engine, now, &settings.origin)?;
        let path = settings.path(now.t, now.step);
        self.background.start(move || snapshot.write_solution(&path));
        self.last = Instant::now();
        self.under_way = Some((now.t, now.step));
        Ok(())
    }

    /// Waits for the checkpoint under way; older ones than are to be kept are removed. Collective.
    pub(super) fn finish(&mut self, comm: &dyn Communicator) -> Result<(), MonitorError> {
        self.background.settle(comm)?;
        let Some(settings) = &self.settings else { return Ok(()) };
        if let Some(done) = self.under_way.take() {
            let (path, took) = (settings.path(done.0, done.1), self.background.took());
            log::info!("checkpoint: {} (t = {}) in {:.3} s", path.display(), done.0, took.as_secs_f64());
            self.written.retain(|other| *other != done);
            self.written.push_back(done);
        }
        while self.written.len() > settings.keep.max(1) {
            if let Some((t, step)) = self.written.pop_front()
                && comm.rank() == 0
            {
                // One that is gone already, or may not be removed, does no harm.
                let _ = std::fs::remove_file(settings.path(t, step));
            }
        }
        Ok(())
    }

    /// Time and file of the last one.
    pub(super) fn last(&self) -> Option<(f64, PathBuf)> {
        let (settings, (t, step)) = (self.settings.as_ref()?, self.written.back()?);
        Some((*t, settings.path(*t, *step)))
    }
}

impl Checkpoints {
    fn path(&self, t: f64, step: u64) -> PathBuf {
        with_suffix(&self.folder.join(self.name.format(t, step)), solution::EXTENSION)
    }
}

/// The largest step that is stable in an element, in the solution of a file, by the linear theory of `solver check`. `None`
/// where the file or the element cannot be read, or there is none. Collective.
pub(super) fn stable_step(engine: &mut Engine, file: Option<&Path>, element: u32) -> Option<f64> {
    let of = |block: &Block| block.ids.iter().position(|id| *id == element);
    let space = engine.space();
    let mut rate = [0.0];
    let found = (space.discretisation.blocks.iter().enumerate()).find_map(|(b, block)| Some((b, of(block)?)));
    if let (Some((b, e)), Some(file)) = (found, file)
        && let Ok(stored) = Stored::open(file)
        && stored.header().order == space.discretisation.order
        && stored.header().variables == space.variables.conserved()
    {
        let row = stored
            .blocks()
            .iter()
            .enumerate()
            .find_map(|(n, block)| Some((n, block.ids.binary_search(&element).ok()?)));
        if let Some(values) = row.and_then(|(n, row)| stored.values(n, row..row + 1).ok()) {
            rate[0] = engine.step_rate(b, e, &values);
        }
    }
    engine.communicator().reduce_f64(Reduce::Max, &mut rate);
    (rate[0] > 0.0 && rate[0].is_finite()).then(|| 1.0 / rate[0])
}
