//! Pi from random points in a square, on everything the library computes on: one thread, the threads of a process, several
//! ranks of a process, ranks under mpirun, a graphics device. All of them count the same points.
//!
//!     cargo run --release --example pi -- [SAMPLES]
//!     cargo build --release --example pi && mpirun -n 2 target/release/examples/pi
//!
//! What comes out: a table of the ways with samples, estimate, error and samples a second; it ends with an error if two ways
//! count differently. Without a graphics device it ends with an error, too, unless `SOLVER_SKIP_GPU=1` says that there is
//! none; built without the feature `gpu` it leaves that line out.
//!
//! A draw of the generator is a function of its number (`common/threefry.rs`), so that the work can be divided in any way: the
//! first rank scatters ranges of draws, each rank counts, one sum over the ranks ends it. A draw makes two points of 16 bits
//! a coordinate, all odd: the middles of the cells of a lattice, which makes an error of 1.7e-7 beside which the one of
//! chance, 1.64 / sqrt(samples), is large up to 10^13 samples. Integers only: no way rounds differently.

#[path = "common/mod.rs"]
pub mod common;

use common::threefry::{threefry, words};
use rayon::prelude::*;
use solver::parallel::{Communicator, agree, scatter, serial::Serial, threads, world};
use std::error::Error;
use std::f64::consts::PI;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// The generator's key, that of `pi.wgsl` too.
const KEY: [u32; 2] = [0x5049_0000, 0];

/// What a way found.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who computed.
    pub way: String,
    /// Points.
    pub samples: u64,
    /// Those within the circle.
    pub inside: u64,
    /// Wall-clock time.
    pub seconds: f64,
}

/// Whether a point of two odd coordinates below 2^16 lies within the circle of that radius: just when the sum of their
/// squares has room in 32 bits. (It is never 2^32: squares of odd numbers leave the rest 1 by 8.)
fn within(word: u32) -> bool {
    let (a, b) = ((word & 0xffff) | 1, (word >> 16) | 1);
    (a * a).checked_add(b * b).is_some()
}

/// Points within the circle of a range of draws, counted by this thread.
pub fn count(draws: Range<u64>) -> u64 {
    let of = |n: u64| threefry(KEY, words(n)).into_iter().filter(|&word| within(word)).count() as u64;
    draws.map(of).sum()
}

/// The same by all threads of the pool.
fn count_on_threads(draws: Range<u64>) -> u64 {
    const TASK: u64 = 1 << 14;
    let tasks = (draws.end - draws.start).div_ceil(TASK);
    let task = |i: u64| draws.start + i * TASK..draws.end.min(draws.start + (i + 1) * TASK);
    (0..tasks).into_par_iter().map(|i| count(task(i))).sum()
}

/// The same by the device.
#[cfg(feature = "gpu")]
fn count_on(device: &solver::backend::gpu::Device, draws: Range<u64>) -> Result<u64, Box<dyn Error>> {
    // Draws an invocation, and a call.
    const PIECE: u64 = 1 << 10;
    const CALL: u64 = 1 << 28;
    let mut inside = 0;
    for first in draws.clone().step_by(CALL as usize) {
        let count = CALL.min(draws.end - first);
        let [low, high] = words(first);
        let invocations = count.div_ceil(PIECE);
        let input = [low, high, count as u32, PIECE as u32];
        let groups = invocations.div_ceil(64) as u32;
        let counts = device.compute(include_str!("pi.wgsl"), &input, invocations as usize, groups)?;
        inside += counts.into_iter().map(u64::from).sum::<u64>();
    }
    Ok(inside)
}

/// All draws, divided among the ranks: the first one tells each its range, and everyone learns the sum. Collective.
fn divided(
    comm: &Arc<dyn Communicator>,
    draws: u64,
    count: impl FnOnce(Range<u64>) -> Result<u64, Box<dyn Error>>,
) -> Result<u64, Box<dyn Error>> {
    let message = |rank: usize| {
        let range = common::piece(draws, rank, comm.size());
        [range.start.to_ne_bytes(), range.end.to_ne_bytes()].concat()
    };
    let mine = scatter(comm, 0, message);
    let bound = |i: usize| mine.as_chunks::<8>().0.get(i).map_or(0, |b| u64::from_ne_bytes(*b));
    // A rank that fails alone would leave the others waiting in the sum.
    let mut sum = [agree(&**comm, count(bound(0)..bound(1)))?];
    comm.sum_u64(&mut sum);
    Ok(sum[0])
}

/// Every way there is, with the ranks of `comm`; the rows are complete on every rank. Collective.
///
/// # Errors
/// Two ways count differently; there is no graphics device, and nobody said so.
pub fn compare(comm: &Arc<dyn Communicator>, samples: u64) -> Result<Vec<Row>, Box<dyn Error>> {
    let draws = samples.div_ceil(2);
    let mut rows: Vec<Row> = vec![];
    let mut add = |way: String, run: &mut dyn FnMut() -> Result<u64, Box<dyn Error>>| {
        // So that a way's time is not that of ranks late from the one before.
        comm.barrier();
        let start = Instant::now();
        let inside = run()?;
        comm.barrier();
        let row = Row { way, samples: 2 * draws, inside, seconds: start.elapsed().as_secs_f64() };
        let same = rows.first().is_none_or(|first| first.inside == inside);
        let differs = format!("{} counted {inside} points, others {:?}", row.way, rows.first());
        rows.push(row);
        agree(&**comm, if same { Ok(()) } else { Err(differs) })?;
        Ok::<(), Box<dyn Error>>(())
    };
    let (ranks, threads_each) = (comm.size(), common::threads(&**comm));
    let pool = common::pool(threads_each)?;
    let alone: Arc<dyn Communicator> = Arc::new(Serial);
    // Ways of one process are computed by every rank, each for itself.
    add("one thread".into(), &mut || divided(&alone, draws, |range| Ok(count(range))))?;
    add(format!("pool of {threads_each} threads"), &mut || {
        divided(&alone, draws, |range| Ok(pool.install(|| count_on_threads(range))))
    })?;
    add("3 ranks in a process".into(), &mut || {
        let body = |rank: Arc<dyn Communicator>| {
            divided(&rank, draws, |range| Ok(count(range))).map_err(|e| e.to_string())
        };
        let mut counts = threads::run(3, body);
        Ok(counts.swap_remove(2)?)
    })?;
    if ranks > 1 {
        add(format!("{ranks} ranks of {threads_each} threads"), &mut || {
            divided(comm, draws, |range| Ok(pool.install(|| count_on_threads(range))))
        })?;
    }
    #[cfg(feature = "gpu")]
    if std::env::var_os("SOLVER_SKIP_GPU").is_none_or(|skip| skip != "1") {
        let opened = solver::backend::gpu::Device::open(None, comm.local_rank());
        let device = agree(&**comm, opened)?;
        // The driver's start belongs to no way.
        agree(&**comm, count_on(&device, 0..1))?;
        let on = if ranks > 1 { format!("{ranks} ranks on ") } else { String::new() };
        add(format!("{on}{}", device.info.name), &mut || {
            divided(comm, draws, |range| count_on(&device, range))
        })?;
    }
    Ok(rows)
}

/// The table.
pub fn print(rows: &[Row]) {
    println!("{:36} {:>13} {:>10} {:>10} {:>12}", "way", "samples", "pi", "error", "samples/s");
    for Row { way, samples, inside, seconds } in rows {
        let pi = 4.0 * *inside as f64 / *samples as f64;
        let way: String = way.chars().take(36).collect();
        println!(
            "{way:36} {samples:>13} {pi:>10.7} {:>10.1e} {:>12.3e}",
            (pi - PI).abs(),
            *samples as f64 / seconds
        );
    }
    #[cfg(feature = "gpu")]
    if std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|skip| skip == "1") {
        println!("{:36} left out: SOLVER_SKIP_GPU=1", "graphics device");
    }
    if let [first, ..] = rows {
        println!("all of them counted {} points within the circle", first.inside);
    }
}

fn main() -> std::process::ExitCode {
    common::end(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let samples = match std::env::args().nth(1) {
        None => 1 << 26,
        Some(text) => match text.parse::<f64>() {
            Ok(n) if (1.0..1e15).contains(&n) => n as u64,
            _ => return Err(format!("'{text}' is no number of samples, such as 1e9").into()),
        },
    };
    let comm = world()?;
    let rows = compare(&comm, samples)?;
    if comm.rank() == 0 {
        print(&rows);
    }
    Ok(())
}
