//! What the examples share: random numbers, threads of a rank, pieces of work.
#![allow(dead_code)] // each uses a part

pub mod threefry;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use solver::parallel::{AgreedError, Communicator};
use std::error::Error;
use std::process::ExitCode;

/// Number of threads for a rank: `RAYON_NUM_THREADS`, or its share of the machine's cores, as `solver run` has it.
pub fn threads(comm: &dyn Communicator) -> usize {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok()).filter(|&n| n > 0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    wanted.unwrap_or((cores / comm.local_size()).max(1))
}

/// A pool of so many threads. What `ThreadPool::install` runs, engines included, computes on these.
pub fn pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build()
}

/// `part` of `parts` nearly equal pieces of `0..count`.
pub fn piece(count: u64, part: usize, parts: usize) -> std::ops::Range<u64> {
    let bound = |i: usize| (u128::from(count) * i as u128 / parts as u128) as u64;
    bound(part)..bound(part + 1)
}

/// Makes this thread the only one of a pool of its own, where it is in none yet: what it runs then needs no other thread.
pub fn only_this_thread() -> Option<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok()
}

/// The end of an example: an error in one sentence, from one rank where all have the same.
pub fn end(outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if error.downcast_ref::<AgreedError>().is_none_or(|agreed| !agreed.quiet) {
        eprintln!("error: {error}");
    }
    ExitCode::FAILURE
}
