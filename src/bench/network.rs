//! What messages between ranks take: measured through the communicator's own exchange, or given.

use crate::parallel::{Communicator, Reduce};
use std::sync::Arc;
use std::time::Instant;

/// Time of one cycle of an exchange with one neighbour, both ways at once, by the size of the message: filling the buffer,
/// sending, receiving, reading what came, as a time step does it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Bytes each way and seconds, from small to large; at least two.
    samples: Vec<(f64, f64)>,
}

/// Sizes that are measured, bytes.
const SIZES: [usize; 10] =
    [64, 1 << 10, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 18, 1 << 20, 1 << 22];

impl Network {
    /// A network with this latency, seconds, and bandwidth each way, bytes a second.
    pub fn new(latency: f64, bandwidth: f64) -> Network {
        Network { samples: vec![(0.0, latency), (1e6, latency + 1e6 / bandwidth)] }
    }

    /// Seconds of a cycle with a message of `bytes` each way: linear between the samples, and beyond the largest.
    pub fn seconds(&self, bytes: f64) -> f64 {
        let last = self.samples.len() - 2;
        let i = (0..last).find(|&i| bytes < self.samples[i + 1].0).unwrap_or(last);
        let ((x0, y0), (x1, y1)) = (self.samples[i], self.samples[i + 1]);
        if bytes <= x0 { y0 } else { y0 + (bytes - x0) / (x1 - x0) * (y1 - y0) }
    }

    /// Seconds of the smallest message.
    pub fn latency(&self) -> f64 {
        self.samples[0].1
    }

    /// Bytes a second each way of the largest messages.
    pub fn bandwidth(&self) -> f64 {
        let ((x0, y0), (x1, y1)) = (self.samples[0], self.samples[self.samples.len() - 1]);
        (x1 - x0) / (y1 - y0).max(1e-12)
    }

    /// Bytes each way and seconds that were measured or follow from what was given.
    pub fn samples(&self) -> &[(f64, f64)] {
        &self.samples
    }

    /// Measures between ranks 0 and 1, 2 and 3 and so on, all at once; the slowest pair counts. Collective. `None` for one
    /// rank alone.
    pub fn measure(ranks: &Arc<dyn Communicator>) -> Option<Network> {
        if ranks.size() < 2 {
            return None;
        }
        let samples = SIZES.iter().map(|&bytes| (bytes as f64, cycle(ranks, bytes)));
        let mut samples: Vec<(f64, f64)> = samples.collect();
        // Noise must not make a longer message look faster.
        for i in 1..samples.len() {
            samples[i].1 = samples[i].1.max(samples[i - 1].1);
        }
        Some(Network { samples })
    }
}

/// Tries of each size, of which the median counts.
const TRIES: usize = 7;

/// Time of a try, seconds, and most cycles in it.
const TRY: (f64, f64) = (5e-3, 1000.0);

/// Seconds of a cycle between pairs of ranks. Collective.
fn cycle(ranks: &Arc<dyn Communicator>, bytes: usize) -> f64 {
    let peer = ranks.rank() ^ 1;
    let message = if peer < ranks.size() { vec![(peer, bytes)] } else { vec![] };
    let mut exchange = Arc::clone(ranks).exchange(&message, &message);
    let mut values = vec![1u8; bytes];
    let mut repeat = |cycles: usize| {
        ranks.barrier();
        let start = Instant::now();
        if !message.is_empty() {
            for _ in 0..cycles {
                exchange.send_buffer(0).copy_from_slice(&values);
                exchange.start();
                exchange.finish();
                values.copy_from_slice(exchange.receive_buffer(0));
            }
        }
        let mut seconds = [start.elapsed().as_secs_f64() / cycles as f64];
        ranks.reduce_f64(Reduce::Max, &mut seconds);
        seconds[0].max(1e-9)
    };
    // The first cycles connect the ranks. More ranks than cores take turns, which makes cycles a thousand times as long.
    repeat(2);
    let cycles = (TRY.0 / repeat(2)).clamp(2.0, TRY.1) as usize;
    let mut times: Vec<f64> = (0..TRIES).map(|_| repeat(cycles)).collect();
    times.sort_by(f64::total_cmp);
    times[TRIES / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::threads;

    #[test]
    fn a_given_network_takes_latency_and_bytes_over_bandwidth() {
        let network = Network::new(2e-6, 1e9);
        for (bytes, seconds) in [(0.0, 2e-6), (1e3, 3e-6), (1e6, 1.002e-3), (1e8, 0.100002)] {
            assert!((network.seconds(bytes) / seconds - 1.0).abs() < 1e-12, "{bytes}");
        }
        assert!((network.latency() - 2e-6).abs() < 1e-18 && (network.bandwidth() / 1e9 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn measured_times_lie_between_the_samples_and_grow() {
        let network = Network { samples: vec![(64.0, 1e-6), (1024.0, 2e-6), (4096.0, 8e-6)] };
        assert_eq!(network.seconds(0.0), 1e-6);
        assert_eq!(network.seconds(1024.0), 2e-6);
        assert!((network.seconds(2560.0) - 5e-6).abs() < 1e-18);
        assert!((network.seconds(7168.0) - 14e-6).abs() < 1e-18);
    }

    #[test]
    fn every_rank_finds_the_same_network_and_one_without_partner_waits() {
        let found = threads::run(3, |ranks| Network::measure(&ranks).unwrap());
        assert!(found.iter().all(|n| *n == found[0]));
        assert!(found[0].latency() > 0.0 && found[0].bandwidth() > 0.0);
        assert!(threads::run(1, |ranks| Network::measure(&ranks)).iter().all(Option::is_none));
    }
}
