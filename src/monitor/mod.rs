//! Monitors look at the solution between steps: they write it, watch it, measure it.
//!
//! Adding one: a file here with its struct, and an
//! entry in the table of `case::monitors`. Monitors run in
//! order on all ranks together, so they may communicate.

pub mod action;
pub mod background;
pub mod bodies;
pub mod dtstats;
pub mod fluidforce;
pub mod integrate;
pub mod modal_filter;
pub mod nancheck;
pub mod outlet;
mod outlook;
pub mod record;
pub mod residual;
pub mod rows;
pub mod sampler;
pub mod snapshot;
pub mod tavg;
pub mod writer;

pub use dtstats::Dtstats;
pub use fluidforce::Fluidforce;
pub use integrate::Integrate;
pub use modal_filter::ModalFilter;
pub use nancheck::Nancheck;
pub use outlet::Outlet;
pub use outlook::{Expected, Outlook, lost_end, shared_names};
pub use residual::Residual;
pub use sampler::Sampler;
pub use tavg::Tavg;
pub use writer::Writer;

use crate::engine::fields::BadValue;
use crate::engine::locate::Outside;
use crate::engine::region::Region;
use crate::engine::{Engine, EngineError};
use crate::output::OutputError;
use crate::parallel::AgreedError;
use std::path::PathBuf;
use std::time::Duration;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Time.
    pub t: f64,
    /// Size of the last step; 0 before the first.
    pub dt: f64,
    /// Steps done.
    pub step: u64,
}

impl Moment {
    /// Whether `time` has come. Times that differ from this one by rounding alone have: `3 * 0.1` is not 0.3, and outputs every
    /// 0.1 and every 0.3 are to see the same step.
    pub fn reached(&self, time: f64) -> bool {
        self.t >= time - (1e-9 * self.dt).max(4.0 * f64::EPSILON * time.abs())
    }
}

/// One attempt at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt {
    /// Attempts before it.
    pub number: u64,
    /// Time at its start.
    pub t: f64,
    /// Its size.
    pub dt: f64,
    /// Whether it counts; if not, a smaller one follows from the same time.
    pub accepted: bool,
    /// Estimate of its error in units of the tolerance, where there is one.
    pub error: Option<f64>,
    /// Wall-clock time of this rank. Devices run ahead of the host, but an estimate waits for them.
    pub wall: Duration,
}

/// Why a monitor ends a run.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file could not be written, on some rank.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A rank failed.
    #[error(transparent)]
    Agreed(#[from] AgreedError),
    /// The solution that a run goes on from holds something else under a monitor's name.
    #[error(
        "the solution's state '{name}' is none that its plugin can go on from: it comes from another version or was \
         damaged; start from another solution, or rename the section to start the plugin afresh"
    )]
    State {
        /// Name of the state.
        name: String,
    },
    /// Points outside of the mesh.
    #[error("the points of {}: {outside}", file.display())]
    Outside {
        /// File that was to hold the solution there.
        file: PathBuf,
        /// Which points.
        outside: Outside,
    },
    /// A boundary that the mesh does not have.
    #[error(
        "[soln-plugin-fluidforce-{boundary}]: the mesh has no boundary '{boundary}'{}; {}",
        near.as_ref().map_or(String::new(), |n| format!(", did you mean '{n}'?")),
        if known.is_empty() { "it has none at all".into() } else { format!("there are: {}", known.join(", ")) }
    )]
    NoBoundary {
        /// The name.
        boundary: String,
        /// The nearest one there is.
        near: Option<String>,
        /// All there are.
        known: Vec<String>,
    },
    /// A system without pressure.
    #[error(
        "[soln-plugin-fluidforce-{boundary}]: the system has no pressure and momentum, so there is no force; remove the \
         section"
    )]
    NoForce {
        /// The boundary.
        boundary: String,
    },
    /// A region of a plugin that is not there. The same on all ranks.
    #[error("a plugin is to look at {what}; correct its key 'region'")]
    NoRegion {
        /// What it names.
        what: String,
    },
    /// The solution is no longer finite.
    #[error(
        "the solution is no longer finite at t = {t} (step {step}, dt = {dt:e}): {variable} = {value} in element {element} \
         near ({:.6}, {:.6}, {:.6})", at[0], at[1], at[2]
    )]
    NotFinite {
        /// Time.
        t: f64,
        /// Step.
        step: u64,
        /// Its size.
        dt: f64,
        /// Conserved variable.
        variable: &'static str,
        /// Its value.
        value: f64,
        /// Global element id.
        element: u32,
        /// Where.
        at: [f64; 3],
    },
}

/// The elements of this rank in a region, see [`Engine::elements_in`]. Collective.
fn region_elements(engine: &Engine, region: &Region) -> Result<Vec<Vec<u32>>, MonitorError> {
    if let Some(name) = engine.missing_boundary(region) {
        return Err(MonitorError::no_region_boundary(name));
    }
    let region = &bodies::load(&**engine.communicator(), region, engine.discretisation().dims)?;
    let elements = engine.elements_in(region);
    let mut count = [elements.iter().map(Vec::len).sum::<usize>() as u64];
    engine.communicator().sum_u64(&mut count);
    if count[0] == 0 {
        return Err(MonitorError::NoRegion { what: "a region that holds no element".into() });
    }
    Ok(elements)
}

impl MonitorError {
    /// A region names a boundary that is not there.
    fn no_region_boundary(name: &str) -> MonitorError {
        MonitorError::NoRegion { what: format!("the boundary '{name}', which the mesh has not") }
    }

    /// A value that is not finite, seen at a moment.
    pub fn not_finite(now: &Moment, bad: BadValue) -> MonitorError {
        let BadValue { element, variable, value, at } = bad;
        MonitorError::NotFinite { t: now.t, step: now.step, dt: now.dt, variable, value, element, at }
    }
}

/// Something that looks at the solution between steps.
pub trait Monitor: Send {
    /// What it does and when, in a line for people.
    fn describe(&self) -> String;

    /// The next time at which a step must end, so that this monitor sees exactly that time.
    fn next_time(&self) -> Option<f64> {
        None
    }

    /// Called at the start of a fresh run. Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError>;

    /// Called instead of [`Monitor::start`] where a run goes on from a solution: the engine keeps what [`Monitor::save`] left
    /// ([`Engine::kept`], [`Engine::kept_fields`]), or nothing where the run before had no such monitor. Nothing that the
    /// run before wrote is written again. Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        let _ = (engine, now);
        Ok(())
    }

    /// Leaves with the engine what this monitor needs to go on later ([`Engine::keep`], [`Engine::keep_fields`]), such that a
    /// run that goes on is the same as one that never stopped. Called on all monitors before one of them writes a solution.
    /// Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn save(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        let _ = engine;
        Ok(())
    }

    /// Whether it writes solutions that runs go on from: it then runs after the others, so that they have seen the step.
    fn saves_others(&self) -> bool {
        false
    }

    /// Whether [`Monitor::after_step`] at `now` will write a solution that a run can go on from. The same on all ranks.
    fn writes_solution(&self, now: &Moment) -> bool {
        let _ = now;
        false
    }

    /// Called at the end of a run, also of one that is stopped before its final time: waits for what is still being written.
    /// Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn finish(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        let _ = engine;
        Ok(())
    }

    /// Called after every step. Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError>;

    /// Called after every attempt at a step, before [`Monitor::after_step`] where it counts. Collective.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn after_attempt(&mut self, engine: &mut Engine, attempt: &Attempt) -> Result<(), MonitorError> {
        let _ = (engine, attempt);
        Ok(())
    }

    /// The part of the mesh that it looks at, where it is not all of it.
    fn region(&self) -> Option<Region> {
        None
    }

    /// Why it cannot work on a mesh with these boundaries, as far as that is known before the run.
    fn objection(&self, boundaries: &[String]) -> Option<MonitorError> {
        let _ = boundaries;
        None
    }

    /// Whether it will write the state at the end of a run over `span` to a file that runs can go on from; none where it writes no
    /// such files.
    fn writes_end(&self, span: (f64, f64)) -> Option<bool> {
        let _ = span;
        None
    }

    /// What it will write in a whole run.
    fn expected(&self, _run: &Outlook) -> Expected {
        Expected::default()
    }

    /// The files that it will write in a run over `span`, one for each time that it writes one; of very many outputs the first.
    /// What stands behind a file that is shared, such as a data set in it, is a part of the name here.
    fn files(&self, span: (f64, f64)) -> Vec<PathBuf> {
        let _ = span;
        vec![]
    }

    /// Time and file of the last complete solution it wrote that a run can go on from.
    fn last_solution(&self) -> Option<(f64, PathBuf)> {
        None
    }

    /// Files written last, for people.
    fn written(&self) -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
mod tests;
