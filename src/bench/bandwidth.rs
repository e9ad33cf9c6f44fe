//! What the memory of the machine gives: large arrays copied, and the triad of J. D. McCalpin, "Memory bandwidth and machine
//! balance in current high performance computers", IEEE TCCA Newsletter, 1995 (STREAM). Bytes are counted as there: what the
//! program reads and writes, without what the processor reads before it writes.

use crate::parallel::Communicator;
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;

/// Bytes a second that all ranks of all machines move together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bandwidth {
    /// `a = b`: 16 bytes a number.
    pub copy: f64,
    /// `a = b + s c`: 24 bytes a number. `None` for graphics devices.
    pub triad: Option<f64>,
}

/// Numbers of each of the three arrays of a machine, which the ranks on it share.
const LENGTH: usize = 1 << 25;

/// Numbers that a task takes: 128 KiB of each array.
const CHUNK: usize = 1 << 14;

/// Tries, of which the best counts.
const TRIES: usize = 6;

/// Measures the memory of the processors with the threads of the global pool. Collective: all ranks measure at once.
pub fn processors(ranks: &dyn Communicator) -> Bandwidth {
    of_length((LENGTH / ranks.local_size()).max(1 << 21), ranks)
}

fn of_length(n: usize, ranks: &dyn Communicator) -> Bandwidth {
    // Zeros come from the system untouched: every thread touches those first that it works on, as a run does.
    let mut arrays = [vec![0.0_f64; n], vec![0.0; n], vec![0.0; n]];
    for array in &mut arrays {
        array.par_chunks_mut(CHUNK).for_each(|chunk| chunk.fill(1.0));
    }
    let [a, b, c] = &mut arrays;
    let mut best = [0.0_f64; 2];
    for _ in 0..TRIES {
        ranks.barrier();
        let start = Instant::now();
        a.par_chunks_mut(CHUNK).zip(b.par_chunks(CHUNK)).for_each(|(a, b)| a.copy_from_slice(b));
        black_box(&a);
        best[0] = best[0].max(16.0 * n as f64 / start.elapsed().as_secs_f64());
        ranks.barrier();
        let start = Instant::now();
        let s = black_box(0.5);
        a.par_chunks_mut(CHUNK).zip(b.par_chunks(CHUNK)).zip(c.par_chunks(CHUNK)).for_each(|((a, b), c)| {
            a.iter_mut().zip(b).zip(c).for_each(|((a, b), c)| *a = b + s * c);
        });
        black_box(&a);
        best[1] = best[1].max(24.0 * n as f64 / start.elapsed().as_secs_f64());
    }
    let mut sums = best.map(|x| x as u64);
    ranks.sum_u64(&mut sums);
    Bandwidth { copy: sums[0] as f64, triad: Some(sums[1] as f64) }
}

/// Measures the memory of the graphics device that `choice` names (as [`crate::engine::BackendChoice::Gpu`] does), on every
/// rank at once. Collective.
///
/// # Errors
/// There is no such device, or it failed; on some rank.
#[cfg(feature = "gpu")]
pub fn device(
    choice: Option<&str>,
    ranks: &dyn Communicator,
) -> Result<Bandwidth, crate::parallel::AgreedError> {
    use crate::backend::gpu::Device;
    let device = crate::parallel::agree(ranks, Device::open(choice, ranks.local_rank()))?;
    let mut sum = [crate::parallel::agree(ranks, device.copy_bandwidth())? as u64];
    ranks.sum_u64(&mut sum);
    Ok(Bandwidth { copy: sum[0] as f64, triad: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::serial::Serial;

    #[test]
    fn memory_moves_between_a_hundred_megabytes_and_a_hundred_terabytes_a_second() {
        let found = of_length(1 << 20, &Serial);
        for rate in [found.copy, found.triad.unwrap()] {
            assert!((1e8..1e14).contains(&rate), "{found:?}");
        }
    }
}
