//! A communicator that counts what its exchanges take: time spent waiting, messages, bytes. The figures of benchmarks come
//! from here, whatever the backend: all of them exchange through the communicator.

use super::{Communicator, Exchange, Reduce};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What the exchanges of one rank took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time in [`Exchange::start`]: handing messages over.
    pub sending: Duration,
    /// Time in [`Exchange::finish`]: waiting for those of others.
    pub waiting: Duration,
    /// Cycles of exchanges.
    pub exchanges: u64,
    /// Messages sent.
    pub messages: u64,
    /// Bytes sent.
    pub bytes: u64,
}

impl std::ops::Sub for Spent {
    type Output = Spent;

    fn sub(self, before: Spent) -> Spent {
        Spent {
            sending: self.sending.saturating_sub(before.sending),
            waiting: self.waiting.saturating_sub(before.waiting),
            exchanges: self.exchanges - before.exchanges,
            messages: self.messages - before.messages,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// Nanoseconds, cycles, messages and bytes.
#[derive(Default)]
struct Counters {
    sending: AtomicU64,
    waiting: AtomicU64,
    exchanges: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// Another communicator with a clock.
pub struct Timed {
    ranks: Arc<dyn Communicator>,
    counters: Arc<Counters>,
}

impl Timed {
    /// The same ranks, watched.
    pub fn new(ranks: Arc<dyn Communicator>) -> Arc<Timed> {
        Arc::new(Timed { ranks, counters: Arc::default() })
    }

    /// What the exchanges made by this communicator took so far on this rank.
    pub fn spent(&self) -> Spent {
        let c = &self.counters;
        Spent {
            sending: Duration::from_nanos(c.sending.load(Relaxed)),
            waiting: Duration::from_nanos(c.waiting.load(Relaxed)),
            exchanges: c.exchanges.load(Relaxed),
            messages: c.messages.load(Relaxed),
            bytes: c.bytes.load(Relaxed),
        }
    }
}

impl Communicator for Timed {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn local_rank(&self) -> usize {
        self.ranks.local_rank()
    }

    fn local_size(&self) -> usize {
        self.ranks.local_size()
    }

    fn barrier(&self) {
        self.ranks.barrier();
    }

    fn reduce_f64(&self, op: Reduce, values: &mut [f64]) {
        self.ranks.reduce_f64(op, values);
    }

    fn sum_u64(&self, values: &mut [u64]) {
        self.ranks.sum_u64(values);
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.ranks.all_gather(bytes)
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) {
        self.ranks.broadcast(root, bytes);
    }

    fn exchange(self: Arc<Self>, sends: &[(usize, usize)], receives: &[(usize, usize)]) -> Box<dyn Exchange> {
        let exchange = Arc::clone(&self.ranks).exchange(sends, receives);
        let (messages, bytes) = (sends.len() as u64, sends.iter().map(|s| s.1 as u64).sum());
        Box::new(TimedExchange { exchange, messages, bytes, counters: Arc::clone(&self.counters) })
    }

    fn abort(&self, code: i32) -> ! {
        self.ranks.abort(code)
    }
}

struct TimedExchange {
    exchange: Box<dyn Exchange>,
    messages: u64,
    bytes: u64,
    counters: Arc<Counters>,
}

impl Exchange for TimedExchange {
    fn send_buffer(&mut self, i: usize) -> &mut [u8] {
        self.exchange.send_buffer(i)
    }

    fn receive_buffer(&self, i: usize) -> &[u8] {
        self.exchange.receive_buffer(i)
    }

    fn start(&mut self) {
        let begin = Instant::now();
        self.exchange.start();
        self.counters.sending.fetch_add(begin.elapsed().as_nanos() as u64, Relaxed);
        self.counters.exchanges.fetch_add(1, Relaxed);
        self.counters.messages.fetch_add(self.messages, Relaxed);
        self.counters.bytes.fetch_add(self.bytes, Relaxed);
    }

    fn progress(&mut self) {
        self.exchange.progress();
    }

    fn finish(&mut self) {
        let begin = Instant::now();
        self.exchange.finish();
        self.counters.waiting.fetch_add(begin.elapsed().as_nanos() as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::threads;

    #[test]
    fn what_travels_and_the_wait_for_it_are_counted() {
        let spent = threads::run(2, |ranks| {
            let timed = Timed::new(ranks);
            let other = 1 - timed.rank();
            let mut exchange = Arc::clone(&timed).exchange(&[(other, 24)], &[(other, 24)]);
            let before = timed.spent();
            for cycle in 0..3 {
                exchange.send_buffer(0).fill(cycle);
                if timed.rank() == 0 {
                    std::thread::sleep(Duration::from_millis(20));
                }
                exchange.start();
                exchange.progress();
                exchange.finish();
                assert_eq!(exchange.receive_buffer(0), [cycle; 24]);
            }
            timed.spent() - before
        });
        for rank in &spent {
            assert_eq!((rank.exchanges, rank.messages, rank.bytes), (3, 3, 72));
        }
        // Rank 1 waits for the one that comes late.
        assert!(spent[1].waiting >= Duration::from_millis(40), "{spent:?}");
    }
}
