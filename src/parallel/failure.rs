//! Failing together: one message and one end for the whole job, however many ranks fail.
//!
//! Where all ranks come by anyway (reading files, setting up) they [`agree`] on the outcome and return as usual. A rank that
//! fails where the others do not look ends the job through [`fail`].

use super::Communicator;
use std::fmt::Display;
use std::time::Duration;

/// Some rank failed; the same on every rank but for `quiet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreedError {
    /// What the lowest failing rank reported.
    pub message: String,
    /// That rank.
    pub rank: usize,
    /// How many ranks failed.
    pub failed: usize,
    /// Number of ranks.
    pub size: usize,
    /// True on all ranks but one, which is the one to print the message. All end with the same status.
    pub quiet: bool,
}

impl std::error::Error for AgreedError {}

impl Display for AgreedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // When all ranks failed it is nearly always the same failure, which needs no rank.
        if self.failed < self.size {
            write!(f, "rank {} of {}", self.rank, self.size)?;
            if self.failed > 1 {
                write!(f, " (and {} more)", self.failed - 1)?;
            }
            write!(f, ": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Lets every rank know whether any rank failed: `Ok` where all are `Ok`, otherwise the same error everywhere. Collective.
///
/// The message is the error's `{:#}`, which prints the whole chain of an `anyhow::Error`.
///
/// # Errors
/// [`AgreedError`] with the message of the lowest failing rank.
pub fn agree<T, E: Display>(comm: &dyn Communicator, result: Result<T, E>) -> Result<T, AgreedError> {
    // Messages, which take memory for every rank, are gathered only where there are some.
    let mut failed = [u64::from(result.is_err())];
    comm.sum_u64(&mut failed);
    let result = match result {
        Ok(value) if failed[0] == 0 => return Ok(value),
        result => result,
    };
    // One byte ahead of the message tells an empty message from none.
    let mine = result.as_ref().map_or_else(|error| format!("!{error:#}"), |_| String::new());
    let all = comm.all_gather(mine.as_bytes());
    let mut failures = all.iter().enumerate().filter(|(_, message)| !message.is_empty());
    match (failures.next(), result) {
        (None, Ok(value)) => Ok(value),
        (None, Err(_)) => unreachable!("this rank's own message is among those gathered"),
        (Some((rank, message)), _) => Err(AgreedError {
            message: String::from_utf8_lossy(&message[1..]).into_owned(),
            rank,
            failed: 1 + failures.count(),
            size: comm.size(),
            quiet: comm.rank() != 0,
        }),
    }
}

/// Ends the whole job with status `code` because of a failure on this rank that the others may not share; `report` prints it.
///
/// When several ranks come here at once, the lowest prints and ends the others while they still wait for their turn.
pub fn fail(comm: &dyn Communicator, code: i32, report: impl FnOnce()) -> ! {
    std::thread::sleep(turn(comm.rank()));
    report();
    comm.abort(code)
}

/// How long a failing rank waits before it speaks: long enough that a lower rank's abort arrives first, even on a busy
/// machine. Rank 0 speaks at once.
pub(super) fn turn(rank: usize) -> Duration {
    Duration::from_millis(200) * rank.min(15) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::{serial::Serial, threads};

    #[test]
    fn all_ranks_learn_the_lowest_failure_and_one_prints_it() {
        let results = threads::run(4, |comm| {
            let mine = if comm.rank() % 2 == 1 {
                Err(format!("no file on {}", comm.rank()))
            } else {
                Ok(comm.rank())
            };
            agree(&*comm, mine).unwrap_err()
        });
        for (rank, error) in results.iter().enumerate() {
            assert_eq!(error.to_string(), "rank 1 of 4 (and 1 more): no file on 1");
            assert_eq!(error.quiet, rank != 0);
        }
    }

    #[test]
    fn success_of_all_is_success() {
        assert_eq!(
            threads::run(3, |comm| agree(&*comm, Ok::<_, String>(comm.rank()))),
            [Ok(0), Ok(1), Ok(2)]
        );
    }

    #[test]
    fn a_failure_of_all_is_told_like_a_serial_one() {
        let results =
            threads::run(2, |comm| agree(&*comm, Err::<(), _>("no such file")).unwrap_err().to_string());
        assert_eq!(results, ["no such file", "no such file"]);
        let alone = agree(&Serial, Err::<(), _>("")).unwrap_err();
        assert_eq!((alone.to_string().as_str(), alone.quiet), ("", false));
    }

    #[test]
    fn failing_alone_ends_the_others() {
        let ended = std::panic::catch_unwind(|| {
            threads::run(3, |comm| {
                if comm.rank() == 1 {
                    fail(&*comm, 7, || ());
                }
                comm.barrier();
            })
        });
        assert_eq!(ended.unwrap_err().downcast_ref(), Some(&threads::Aborted { code: 7 }));
    }
}
