//! Who am I, who are my neighbours: the ranks of a run behind one trait.
//!
//! [`serial`] is one rank; [`threads`] runs several ranks as threads of one process (tests, examples); `mpi` is the
//! real thing. Nothing outside this module names MPI. Reductions are exact or order-independent, so that results never
//! depend on the number of ranks: floating-point sums go through [`sum`].

mod buffer;
mod checks;
pub mod failure;
pub mod launch;
#[cfg(feature = "mpi")]
pub mod mpi;
mod order;
pub mod serial;
pub mod sum;
pub mod threads;
pub mod timed;

pub use failure::{AgreedError, agree, fail};
pub use launch::world;

use std::sync::Arc;

/// Order-independent reductions of `f64` and `u64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Smallest value; NaN counts as smaller than everything, so that it is never lost.
    Min,
    /// Largest value; NaN counts as larger than everything.
    Max,
}

/// The ranks of a run. All methods but the queries are collective: every rank calls them, in the same order.
pub trait Communicator: Send + Sync {
    /// This rank, `0..size`.
    fn rank(&self) -> usize;
    /// Number of ranks.
    fn size(&self) -> usize;
    /// This rank among those on the same machine; chooses the device.
    fn local_rank(&self) -> usize;
    /// Number of ranks on the same machine; divides the processor's cores.
    fn local_size(&self) -> usize;
    /// Waits for every rank.
    fn barrier(&self);
    /// Elementwise minimum or maximum over the ranks, in place.
    fn reduce_f64(&self, op: Reduce, values: &mut [f64]);
    /// Elementwise wrapping sum over the ranks, in place.
    fn sum_u64(&self, values: &mut [u64]);
    /// Every rank's bytes, in the order of ranks, on every rank.
    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>>;
    /// `bytes` of rank `root` on every rank.
    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>);
    /// A repeated exchange of messages of fixed size with some ranks: sends `(rank, bytes)` and receives `(rank, bytes)`.
    /// Both sides must agree on sizes; between two ranks there is at most one message each way.
    ///
    /// # Panics
    /// When the two sides of a message disagree, or a rank is out of range or named twice.
    fn exchange(self: Arc<Self>, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Box<dyn Exchange>;
    /// Ends every rank of the job with exit status `code`. A rank that fails alone must come here, usually through
    /// [`fail`]: merely returning leaves the others waiting.
    fn abort(&self, code: i32) -> !;
}

/// A repeated exchange of messages with neighbours. Buffers are allocated once, aligned to 64 bytes.
///
/// The cycle is: fill the send buffers, [`Exchange::start`], compute, [`Exchange::finish`], read the receive buffers.
pub trait Exchange: Send {
    /// Buffer of the `i`-th send. Not to be touched between `start` and `finish`.
    fn send_buffer(&mut self, i: usize) -> &mut [u8];
    /// Buffer of the `i`-th receive, valid after `finish`.
    fn receive_buffer(&self, i: usize) -> &[u8];
    /// Starts all sends and receives.
    fn start(&mut self);
    /// Lets the messages advance without waiting; called now and then during computation.
    fn progress(&mut self) {}
    /// Waits for all of them.
    fn finish(&mut self);
}

/// Every rank's bytes, in the order of ranks, on rank `root`; nothing on the others. Collective.
///
/// Unlike [`Communicator::all_gather`] this takes the memory on one rank only.
pub fn gather(comm: &Arc<dyn Communicator>, root: usize, bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let lengths = comm.all_gather(&(bytes.len() as u64).to_ne_bytes());
    let length = |rank: usize| lengths[rank].as_slice().try_into().map_or(0, u64::from_ne_bytes) as usize;
    let others: Vec<usize> = (0..comm.size()).filter(|&r| r != root && length(r) > 0).collect();
    if comm.rank() != root {
        if !bytes.is_empty() {
            let mut exchange = Arc::clone(comm).exchange(&[(root, bytes.len())], &[]);
            exchange.send_buffer(0).copy_from_slice(bytes);
            exchange.start();
            exchange.finish();
        } else {
            Arc::clone(comm).exchange(&[], &[]);
        }
        return None;
    }
    let receives: Vec<_> = others.iter().map(|&r| (r, length(r))).collect();
    let mut exchange = Arc::clone(comm).exchange(&[], &receives);
    exchange.start();
    exchange.finish();
    let mut all = vec![vec![]; comm.size()];
    all[root] = bytes.to_vec();
    for (i, &rank) in others.iter().enumerate() {
        all[rank] = exchange.receive_buffer(i).to_vec();
    }
    Some(all)
}

/// Longest message of [`scatter`], bytes.
const PIECE: usize = 1 << 26;

/// What rank `root` makes for each rank, on that rank. Collective; only `root` calls `make(rank)`, for one rank after the
/// other, so that it holds one message at a time.
pub fn scatter(comm: &Arc<dyn Communicator>, root: usize, mut make: impl FnMut(usize) -> Vec<u8>) -> Vec<u8> {
    let me = comm.rank();
    let mut mine = Vec::new();
    for rank in 0..comm.size() {
        let bytes = if me == root { make(rank) } else { Vec::new() };
        if rank == root {
            if me == root {
                mine = bytes;
            }
            continue;
        }
        let mut length = (bytes.len() as u64).to_ne_bytes().to_vec();
        comm.broadcast(root, &mut length);
        let length = length.as_slice().try_into().map_or(0, u64::from_ne_bytes) as usize;
        for start in (0..length).step_by(PIECE) {
            let count = PIECE.min(length - start);
            let message = |at: bool, peer: usize| if at { vec![(peer, count)] } else { vec![] };
            let mut exchange =
                Arc::clone(comm).exchange(&message(me == root, rank), &message(me == rank, root));
            if me == root {
                exchange.send_buffer(0).copy_from_slice(&bytes[start..start + count]);
            }
            exchange.start();
            exchange.finish();
            if me == rank {
                mine.extend_from_slice(exchange.receive_buffer(0));
            }
        }
    }
    mine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_gets_what_was_made_for_it() {
        for size in [1, 2, 5] {
            for root in 0..size {
                let make = |rank: usize| vec![rank as u8 + 1; rank * 1000];
                let got = threads::run(size, |comm| {
                    let me = comm.rank();
                    scatter(&comm, root, |rank| if me == root { make(rank) } else { unreachable!() })
                });
                assert_eq!(got, (0..size).map(make).collect::<Vec<_>>());
            }
        }
    }
}
