//! How long random walks stay in an interval: many short tasks of very different length, which make threads and ranks wait
//! for each other when everyone is given the same number of them.
//!
//!     cargo run --release --example random_walks -- [WALKS]
//!     cargo build --release --example random_walks && mpirun -n 2 target/release/examples/random_walks
//!
//! A walk starts at 0 and goes one to the left or to the right until it reaches -a or a. There are `WALKS` (20,000) of each
//! of five intervals, and one task is one walk. What comes out: a table of the ways to divide the tasks, with the balance of
//! the work (the mean of the workers' steps over their maximum: 1 is perfect) and the speed; and a table of the intervals,
//! with the mean time beside the exact one and the greatest distance between the distribution of times and the exact one.
//! It ends with an error if two ways disagree in one time of one walk, or if the times are not those of theory.
//!
//! Threads of a pool take tasks from each other (rayon), which balances whatever comes. Ranks cannot; there it helps to deal
//! the tasks in turn instead of in blocks. The numbers of a walk are a function of its own number, so that it takes the same
//! way wherever it is computed.

#[path = "common/mod.rs"]
mod common;

use common::threefry::{threefry, words};
use rayon::prelude::*;
use solver::parallel::{Communicator, agree, serial::Serial, threads, world};
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Half the widths of the intervals, from short walks to long ones.
pub const HALVES: [u32; 5] = [4, 8, 16, 32, 64];

/// Steps of walk `number` until it is at `-half` or `half`.
fn walk(number: u64, half: u32) -> u32 {
    let (mut place, mut steps) = (0_i32, 0);
    // A draw is good for 64 steps; its number is that of the walk's 64 steps, the walk is the key.
    for draw in 0.. {
        for mut word in threefry(words(number), words(draw)) {
            for _ in 0..32 {
                place += 1 - 2 * (word & 1) as i32;
                word >>= 1;
                steps += 1;
                if place.unsigned_abs() == half {
                    return steps;
                }
            }
        }
    }
    unreachable!("a walk leaves any interval")
}

/// Tasks: `walks` of every interval, one interval after the other.
#[derive(Clone, Copy)]
struct Tasks {
    walks: u64,
}

impl Tasks {
    fn count(self) -> u64 {
        self.walks * HALVES.len() as u64
    }

    fn run(self, task: u64) -> u32 {
        walk(task, HALVES[(task / self.walks) as usize])
    }
}

/// What a way gave.
#[derive(Clone, Debug)]
pub struct Row {
    /// How the tasks were divided.
    pub way: String,
    /// Steps of every walk, by its number.
    pub times: Vec<u32>,
    /// Steps that each worker, thread or rank, has computed.
    pub work: Vec<u64>,
    /// Wall-clock time.
    pub seconds: f64,
}

impl Row {
    /// Mean work of a worker over the most of one: by so much all were busy if all are as fast.
    pub fn balance(&self) -> f64 {
        let most = self.work.iter().max().copied().unwrap_or(0).max(1);
        self.work.iter().sum::<u64>() as f64 / (self.work.len() as f64 * most as f64)
    }
}

/// Adds up 32-bit numbers.
fn total(times: &[u32]) -> u64 {
    times.iter().map(|&t| u64::from(t)).sum()
}

/// Every thread of the pool has one block of the tasks.
fn blocks_on_threads(tasks: Tasks, pool: &rayon::ThreadPool) -> (Vec<u32>, Vec<u64>) {
    let block = |thread: rayon::BroadcastContext<'_>| -> Vec<u32> {
        let range = common::piece(tasks.count(), thread.index(), thread.num_threads());
        range.map(|task| tasks.run(task)).collect()
    };
    let blocks = pool.broadcast(block);
    let work = blocks.iter().map(|times| total(times)).collect();
    (blocks.concat(), work)
}

/// The tasks of these numbers; threads without any take some from others.
fn stolen_by_threads(
    tasks: Tasks,
    numbers: impl IndexedParallelIterator<Item = u64>,
    pool: &rayon::ThreadPool,
) -> (Vec<u32>, Vec<u64>) {
    let work: Vec<AtomicU64> = (0..pool.current_num_threads()).map(|_| AtomicU64::new(0)).collect();
    let task = |number| {
        let steps = tasks.run(number);
        if let Some(mine) = rayon::current_thread_index().and_then(|thread| work.get(thread)) {
            mine.fetch_add(u64::from(steps), Ordering::Relaxed);
        }
        steps
    };
    // Pieces of so many walks at most: long enough to be worth the hand-over, short enough to balance the last ones.
    let times = pool.install(|| numbers.with_max_len(32).map(task).collect());
    (times, work.into_iter().map(AtomicU64::into_inner).collect())
}

/// The tasks divided among ranks; everyone gets all times and everyone's work. Collective.
fn on_ranks(
    tasks: Tasks,
    comm: &dyn Communicator,
    pool: &rayon::ThreadPool,
    dealt: bool,
) -> (Vec<u32>, Vec<u64>) {
    let (rank, size) = (comm.rank(), comm.size());
    let mine = common::piece(tasks.count(), rank, size);
    let mut numbers: Vec<u64> = mine.collect();
    if dealt {
        numbers = (rank as u64..tasks.count()).step_by(size).collect();
    }
    let (times, _) = stolen_by_threads(tasks, numbers.into_par_iter(), pool);
    let bytes: Vec<u8> = times.iter().flat_map(|time| time.to_ne_bytes()).collect();
    let read = |bytes: &Vec<u8>| -> Vec<u32> {
        bytes.as_chunks::<4>().0.iter().map(|time| u32::from_ne_bytes(*time)).collect()
    };
    let parts: Vec<Vec<u32>> = comm.all_gather(&bytes).iter().map(read).collect();
    let work = parts.iter().map(|times| total(times)).collect();
    let all = match dealt {
        false => parts.concat(),
        true => (0..tasks.count() as usize).map(|task| parts[task % size][task / size]).collect(),
    };
    (all, work)
}

/// Every way there is, with so many threads, ranks in this process, and the ranks of `comm`; the rows are the same on every
/// rank but for threads' work and seconds. Collective.
///
/// # Errors
/// Two ways differ.
pub fn compare(
    comm: &Arc<dyn Communicator>,
    walks: u64,
    threads_each: usize,
    ranks_here: usize,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let tasks = Tasks { walks };
    let (one, pool) = (&common::pool(1)?, &common::pool(threads_each)?);
    let here = |dealt: bool| {
        // Each rank of this process computes with one thread.
        let body = |rank: Arc<dyn Communicator>| Ok(on_ranks(tasks, &*rank, &common::pool(1)?, dealt));
        let mut results = threads::run(ranks_here, body);
        results.swap_remove(ranks_here - 1)
    };
    type Way<'a> = (String, Box<dyn Fn() -> Result<(Vec<u32>, Vec<u64>), rayon::ThreadPoolBuildError> + 'a>);
    let t = threads_each;
    let every = || (0..tasks.count() as usize).into_par_iter().map(|task| task as u64);
    let mut ways: Vec<Way<'_>> = vec![
        ("one thread".into(), Box::new(|| Ok(on_ranks(tasks, &Serial, one, false)))),
        (format!("{t} threads, a block each"), Box::new(|| Ok(blocks_on_threads(tasks, pool)))),
        (
            format!("{t} threads that take from each other"),
            Box::new(|| Ok(stolen_by_threads(tasks, every(), pool))),
        ),
        (format!("{ranks_here} ranks in a process, a block each"), Box::new(|| here(false))),
        (format!("{ranks_here} ranks in a process, in turn"), Box::new(|| here(true))),
    ];
    if comm.size() > 1 {
        let ranks = comm.size();
        let both = [(false, "a block each"), (true, "in turn")];
        ways.extend(both.map(|(dealt, how)| -> Way<'_> {
            (format!("{ranks} ranks, {how}"), Box::new(move || Ok(on_ranks(tasks, &**comm, pool, dealt))))
        }));
    }
    let mut rows: Vec<Row> = vec![];
    for (way, run) in ways {
        comm.barrier();
        let start = Instant::now();
        let (times, work) = run()?;
        comm.barrier();
        let seconds = start.elapsed().as_secs_f64();
        let same = rows.first().is_none_or(|first| first.times == times);
        agree(
            &**comm,
            if same { Ok(()) } else { Err(format!("{way}: walks differ from those of one thread")) },
        )?;
        rows.push(Row { way, times, work, seconds });
    }
    Ok(rows)
}

/// The probability that a walk from 0 is still between `-half` and `half` after `n` steps, for `n` from 0 to `last`: the sum
/// over the eigenvalues `cos(pi k / 2a)` of the walk that ends at both sides (W. Feller, An Introduction to Probability
/// Theory and Its Applications, volume 1, XIV.5).
pub fn still_there(half: u32, last: u32) -> Vec<f64> {
    let angle = |k: u32| PI * f64::from(k) / f64::from(2 * half);
    // Odd k only: the eigenvectors of the others are zero at the start.
    let modes = (1..2 * half).step_by(2).map(|k| {
        let sign = if k % 4 == 1 { 1.0 } else { -1.0 };
        (angle(k).cos(), sign / (f64::from(half) * (0.5 * angle(k)).tan()))
    });
    let mut modes: Vec<(f64, f64)> = modes.collect();
    let sum = |modes: &mut Vec<(f64, f64)>| {
        let sum: f64 = modes.iter().map(|(_, part)| part).sum();
        modes.iter_mut().for_each(|(eigenvalue, part)| *part *= *eigenvalue);
        sum
    };
    (0..=last).map(|_| sum(&mut modes)).collect()
}

/// How the times of one interval's walks compare with theory.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Half the interval's width.
    pub half: u32,
    /// Mean time; its exact value is `half^2`.
    pub mean: f64,
    /// How many standard errors it is off; the variance is `2 a^2 (a^2 - 1) / 3`.
    pub deviation: f64,
    /// Greatest difference between the parts of walks and the probabilities that are still there after some time, times the
    /// root of the number of walks (Kolmogorov, Smirnov): beyond 1.63 once in a hundred.
    pub distance: f64,
}

/// Compares the times of all walks.
pub fn with_theory(times: &[u32]) -> Vec<Comparison> {
    let walks = times.len() / HALVES.len();
    let of = |(half, times): (u32, &[u32])| {
        let (a, n) = (f64::from(half), walks as f64);
        let mean = total(times) as f64 / n;
        let error = (2.0 * a * a * (a * a - 1.0) / 3.0 / n).sqrt();
        let mut ended = vec![0_u32; times.iter().max().map_or(0, |&last| last as usize) + 1];
        times.iter().for_each(|&time| ended[time as usize] += 1);
        let (mut left, mut distance) = (n, 0.0_f64);
        for (ended, exact) in ended.iter().zip(still_there(half, ended.len() as u32)) {
            left -= f64::from(*ended);
            distance = distance.max((left / n - exact).abs());
        }
        Comparison { half, mean, deviation: (mean - a * a) / error, distance: distance * n.sqrt() }
    };
    HALVES.into_iter().zip(times.chunks_exact(walks)).map(of).collect()
}

/// Both tables.
pub fn print(rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    println!("{} walks, {} steps", first.times.len(), total(&first.times));
    println!("{:36} {:>8} {:>9} {:>9} {:>9}", "way", "workers", "balance", "seconds", "steps/s");
    for row in rows {
        println!(
            "{:36} {:>8} {:>9.3} {:>9.3} {:>9.2e}",
            row.way,
            row.work.len(),
            row.balance(),
            row.seconds,
            total(&row.times) as f64 / row.seconds
        );
    }
    println!("all of them the same walks\n");
    println!("{:>6} {:>12} {:>8} {:>16} {:>10}", "a", "mean time", "exact", "standard errors", "distance");
    for c in with_theory(&first.times) {
        let Comparison { half, mean, deviation, distance } = c;
        println!("{half:>6} {mean:>12.3} {:>8} {deviation:>16.2} {distance:>10.2}", half * half);
    }
}

fn main() -> std::process::ExitCode {
    common::end(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let walks = match std::env::args().nth(1) {
        None => 20_000,
        Some(text) => match text.parse() {
            Ok(n) if (1..100_000_000).contains(&n) => n,
            _ => return Err(format!("'{text}' is no number of walks, such as 20000").into()),
        },
    };
    let comm = world()?;
    // With fewer than two threads there would be nothing to balance.
    let rows = compare(&comm, walks, common::threads(&*comm).max(2), 3)?;
    if comm.rank() == 0 {
        print(&rows);
    }
    let comparisons = with_theory(&rows[0].times);
    match comparisons.iter().find(|c| c.deviation.abs() > 4.0 || c.distance > 2.2) {
        Some(off) => Err(format!("these are not the times of theory: {off:?}").into()),
        None => Ok(()),
    }
}
