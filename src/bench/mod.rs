//! Measuring: how fast the kernels of a problem run, what the machine could do, and what that means for more ranks.
//!
//! [`workload`] names the standard problems; [`measure`] times the steps of any engine; [`bandwidth`] is the machine's
//! yardstick and [`memory`] what the process takes; [`record`] puts all of it into one line that can be compared over
//! time. [`network`] measures messages between ranks, and [`scaling`] predicts steps on numbers of ranks that are not at
//! hand. `solver bench` and the example `scaling` are the programs around this.

pub mod bandwidth;
pub mod memory;
pub mod network;
pub mod record;
pub mod scaling;
pub mod workload;

use crate::engine::{Engine, EngineError};
use crate::parallel::timed::{Spent, Timed};
use crate::parallel::{Communicator, Reduce};
use std::time::Instant;

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Steps of a repetition; as many as take `seconds` by default.
    pub steps: Option<usize>,
    /// Repetitions, of which the median counts.
    pub repetitions: usize,
    /// Time of a repetition, seconds.
    pub seconds: f64,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort { steps: None, repetitions: 5, seconds: 0.5 }
    }
}

/// Most steps of a repetition that are chosen by time.
const MOST_STEPS: f64 = 10_000.0;

/// What the steps of an engine took.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Unknowns of all ranks.
    pub unknowns: u64,
    /// Right-hand sides a step.
    pub stages: usize,
    /// Steps of a repetition.
    pub steps: usize,
    /// Seconds a step of each repetition, on the slowest rank, from short to long.
    pub step_seconds: Vec<f64>,
    /// Share of the time that a rank waited for messages of others, on average over the ranks.
    pub waiting: f64,
    /// Messages that all ranks sent in one step.
    pub messages: f64,
    /// Bytes of these messages.
    pub message_bytes: f64,
}

impl Timing {
    /// Unknowns times right-hand sides a second: of the median repetition, the slowest, the fastest.
    pub fn rates(&self) -> [f64; 3] {
        let rate = |seconds: f64| self.unknowns as f64 * self.stages as f64 / seconds;
        let n = self.step_seconds.len();
        let median = 0.5 * (self.step_seconds[(n - 1) / 2] + self.step_seconds[n / 2]);
        [rate(median), rate(self.step_seconds[n - 1]), rate(self.step_seconds[0])]
    }
}

/// Times steps of size `dt` from time `t` on. `ranks` is the communicator that the engine was made with. Collective.
///
/// # Errors
/// The device failed.
pub fn measure(
    engine: &mut Engine,
    ranks: &Timed,
    (mut t, dt): (f64, f64),
    effort: Effort,
) -> Result<Timing, EngineError> {
    let unknowns = engine.global_unknowns();
    let mut repeat = |steps: usize| -> Result<f64, EngineError> {
        ranks.barrier();
        let start = Instant::now();
        for _ in 0..steps {
            engine.step(t, dt)?;
            t += dt;
        }
        engine.wait()?;
        let mut seconds = [start.elapsed().as_secs_f64() / steps as f64];
        ranks.reduce_f64(Reduce::Max, &mut seconds);
        // A clock that stood still would make the rate infinite.
        Ok(seconds[0].max(1e-9))
    };
    // The first step compiles kernels and touches memory.
    repeat(1)?;
    let pace = repeat(1)?;
    let chosen = || (effort.seconds / pace).clamp(1.0, MOST_STEPS) as usize;
    let steps = effort.steps.unwrap_or_else(chosen).max(1);
    let before = ranks.spent();
    let mut step_seconds =
        (0..effort.repetitions.max(1)).map(|_| repeat(steps)).collect::<Result<Vec<f64>, _>>()?;
    let Spent { waiting, messages, bytes, .. } = ranks.spent() - before;
    let total: f64 = step_seconds.iter().sum::<f64>() * steps as f64;
    let mut sums = [waiting.as_nanos() as u64, messages, bytes];
    ranks.sum_u64(&mut sums);
    let all_steps = (steps * step_seconds.len()) as f64;
    step_seconds.sort_by(f64::total_cmp);
    Ok(Timing {
        unknowns,
        stages: engine.scheme().stages.len(),
        steps,
        step_seconds,
        waiting: sums[0] as f64 * 1e-9 / (total * ranks.size() as f64),
        messages: sums[1] as f64 / all_steps,
        message_bytes: sums[2] as f64 / all_steps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Precision;
    use crate::engine::BackendChoice;
    use crate::parallel::threads;

    #[test]
    fn the_rates_are_those_of_the_median_the_slowest_and_the_fastest() {
        let timing = Timing {
            unknowns: 100,
            stages: 4,
            steps: 1,
            step_seconds: vec![1.0, 2.0, 4.0, 8.0],
            waiting: 0.0,
            messages: 0.0,
            message_bytes: 0.0,
        };
        assert_eq!(timing.rates(), [400.0 / 3.0, 50.0, 400.0]);
    }

    #[test]
    fn the_bytes_counted_are_those_of_the_rows_between_the_ranks() {
        let workload = workload::find("navier-stokes-hex-p3").unwrap();
        let counts = [4; 3];
        let timings = threads::run(2, |ranks| {
            let timed = Timed::new(ranks);
            let comm: std::sync::Arc<dyn Communicator> = timed.clone();
            let mut engine =
                workload.engine(counts, BackendChoice::Cpu(None), Precision::Double, &comm).unwrap();
            let effort = Effort { steps: Some(2), repetitions: 2, seconds: 0.0 };
            measure(&mut engine, &timed, (0.0, workload::DT), effort).unwrap()
        });
        assert_eq!(timings[0].unknowns, 64 * 64 * 5);
        assert_eq!((timings[0].steps, timings[0].step_seconds.len()), (2, 2));
        assert_eq!(timings[0].messages, timings[1].messages);
        // Four stages, states and fluxes, two ranks with one neighbour each.
        assert_eq!(timings[0].messages, 4.0 * 2.0 * 2.0);
        // Two cuts of 16 faces through the periodic box, each seen from two sides, at least.
        let least = 4.0 * 2.0 * (2.0 * 2.0 * 16.0) * 16.0 * 5.0 * 8.0;
        let ratio = timings[0].message_bytes / least;
        assert!((1.0..1.6).contains(&ratio), "{ratio}");
        assert!((0.0..=1.0).contains(&timings[0].waiting));
    }
}
