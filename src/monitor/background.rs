//! Files are written beside the computation, by a thread that holds a copy of what it writes.
//!
//! At most one such job runs at a time: the next one waits for it, so that a disk that cannot keep up slows the run down
//! instead of filling the memory. Jobs do not communicate, and do not use the pool of threads, which is busy with the run.
//!
//! Where the pool has a thread for every core, a job takes turns with one of them, and the others wait for that one at the end of
//! each pass over the mesh. Passes take a few milliseconds, and so do the turns that Linux gives by itself: jobs ask for
//! shorter ones.

use crate::output::OutputError;
use crate::parallel::{AgreedError, Communicator, agree};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Writes files in a thread of its own, one job after the other.
#[derive(Debug, Default)]
pub struct Background {
    running: Option<Running>,
    /// What the last job took.
    took: Duration,
}

#[derive(Debug)]
struct Running {
    outcome: Receiver<(Result<(), String>, Duration)>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts a job; the one before has to be settled.
    pub fn start(&mut self, job: impl FnOnce() -> Result<(), OutputError> + Send + 'static) {
        let (send, outcome) = channel();
        let work = move || {
            take_short_turns();
            let begun = Instant::now();
            let result = job().map_err(|error| error.to_string());
            // Nobody listens where the run has failed meanwhile.
            let _ = send.send((result, begun.elapsed()));
        };
        let name = "solver-output".to_string();
        // Where there are no more threads the sender is gone with the job, which `settle` reports.
        let thread = Builder::new().name(name).spawn(work).ok();
        self.running = Some(Running { outcome, thread });
    }

    /// Waits for the job that was started last, if any; all ranks learn whether theirs were done. Collective.
    ///
    /// # Errors
    /// What went wrong, on some rank.
    pub fn settle(&mut self, comm: &dyn Communicator) -> Result<(), AgreedError> {
        let result = self.running.take().map_or(Ok(()), |running| {
            let (result, took) = running.outcome.recv().unwrap_or_else(|_| {
                let text =
                    "the thread that writes results failed; see above, and run again from the last file";
                (Err(text.to_string()), Duration::ZERO)
            });
            self.took = took;
            // It has nothing left to do; a panic was reported as one.
            running.thread.map(JoinHandle::join);
            result
        });
        agree(comm, result)
    }

    /// Whether a job has been started and not settled.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// What the last job that was settled took.
    pub fn took(&self) -> Duration {
        self.took
    }
}

/// Asks that this thread runs for a tenth of a millisecond at a time, as often as its share of the core allows. Linux 6.12 and later
/// do so; whatever else is asked takes no notice.
fn take_short_turns() {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        const TURN: u64 = 100_000;
        let size = size_of::<libc::sched_attr>();
        let mut attributes = libc::sched_attr {
            size: size as u32,
            sched_policy: 0,
            sched_flags: 0,
            sched_nice: 0,
            sched_priority: 0,
            sched_runtime: 0,
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: the kernel fills, of this thread (0), at most the `size` bytes of the structure, which is plain numbers.
        let known = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) } == 0;
        if known && attributes.sched_policy == libc::SCHED_OTHER as u32 {
            attributes.sched_runtime = TURN;
            // SAFETY: the kernel reads `size` bytes of the structure, which says so. Nothing depends on whether it did as asked.
            let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::serial::Serial;
    use crate::parallel::threads;
    use std::path::PathBuf;

    #[test]
    fn a_job_runs_while_others_work_and_its_outcome_is_told_once() {
        let mut background = Background::default();
        let (send, receive) = channel::<()>();
        background.start(move || {
            receive.recv().expect("the other end is there");
            Ok(())
        });
        assert!(background.is_running());
        send.send(()).unwrap();
        background.settle(&Serial).unwrap();
        assert!(!background.is_running());
        background.settle(&Serial).unwrap();
    }

    #[test]
    fn a_failure_of_one_rank_is_known_to_all() {
        let failures = threads::run(3, |comm| {
            let mut background = Background::default();
            let fails = comm.rank() == 1;
            background.start(move || {
                let problem = "no room".to_string();
                if fails {
                    Err(OutputError::Inconsistent { path: PathBuf::from("a"), problem })
                } else {
                    Ok(())
                }
            });
            background.settle(&*comm).unwrap_err().to_string()
        });
        assert!(failures.iter().all(|text| text.contains("no room") && text.contains("rank 1 of 3")));
    }

    #[test]
    fn a_job_that_panics_is_a_failure_like_others() {
        let mut background = Background::default();
        background.start(|| panic!("as a test"));
        assert!(background.settle(&Serial).unwrap_err().to_string().contains("failed"));
    }
}
