//! How many ranks pay: predicts time steps from what a rank computes and what crosses its surface, and compares the
//! prediction with what can be measured here. The model is `solver::bench::scaling`.
//!
//!     cargo build --release --example scaling
//!     mpirun -n 2 target/release/examples/scaling check           measured against predicted, on these ranks
//!     target/release/examples/scaling table --help                any number of ranks, from given figures
//!
//! `check` measures three things that hold for any problem: the speed of the kernels of problems of several sizes, each rank
//! with one of its own and all at once; messages between two ranks; and what a division of a mesh looks like. From these it
//! predicts problems that the ranks then solve together, of one size (strong) and of one size a rank (weak).

use clap::Parser;
use solver::backend::Precision;
use solver::bench::network::Network;
use solver::bench::scaling::{Memory, Prediction, Problem, Quality, Share, Speed, predict, shares};
use solver::bench::workload::{DT, Workload, find};
use solver::bench::{Effort, measure, memory};
use solver::engine::estimate::Size;
use solver::engine::{BackendChoice, Engine};
use solver::mesh::partition::{Work, partition};
use solver::parallel::timed::Timed;
use solver::parallel::{Communicator, serial::Serial, world};
use std::error::Error;
use std::sync::Arc;

/// Predicts time steps on many ranks
#[derive(Parser, Debug)]
enum Arguments {
    /// Measures what the model needs, on the ranks there are, and compares predictions with measurements
    Check {
        /// Problems of the comparison: names of 'solver bench --list', of one shape
        #[arg(short, long, value_delimiter = ',', default_value = "euler-quad-p4,navier-stokes-hex-p3")]
        workload: Vec<String>,
        /// Seconds of a measurement
        #[arg(long, default_value_t = 0.3)]
        seconds: f64,
        /// Smaller problems, to try the program out
        #[arg(long)]
        quick: bool,
    },
    /// Prints predictions for up to so many ranks
    Table(Table),
}

#[derive(clap::Args, Debug)]
struct Table {
    /// The problem: a name of 'solver bench --list', of one shape
    #[arg(short, long, default_value = "navier-stokes-hex-p4")]
    workload: String,
    /// Unknowns (variables times points) of the whole problem
    #[arg(long, default_value_t = 1e10)]
    unknowns: f64,
    /// Numbers of ranks
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,2000,5000,10000,20000,50000,100000")]
    ranks: Vec<f64>,
    /// Speed of a rank, unknowns times right-hand sides a second, while the other cores of its machine are busy too; or
    /// several as UNKNOWNS:SPEED, by the size of the rank ('check' prints them)
    #[arg(long, value_delimiter = ',', default_value = "50e6")]
    speed: Vec<String>,
    /// Time of a short message between two ranks, seconds
    #[arg(long, default_value_t = 2e-6)]
    latency: f64,
    /// Bytes a second, each way, for one rank: that of its machine's network divided by the ranks on it
    #[arg(long, default_value_t = 0.4e9)]
    bandwidth: f64,
    /// Part of the time of interior elements during which messages move by themselves, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    overlap: f64,
    /// Reductions over all ranks in a step
    #[arg(long, default_value_t = 0.0)]
    reductions: f64,
    /// Bytes that the MPI library keeps for every other rank
    #[arg(long, default_value_t = 0.0)]
    bytes_a_rank: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    match Arguments::parse() {
        Arguments::Check { workload, seconds, quick } => check(&workload, seconds, quick),
        Arguments::Table(table) => table.print().map(drop),
    }
}

/// A standard problem of one shape.
fn workload(name: &str) -> Result<Workload, String> {
    let found =
        find(name).ok_or_else(|| format!("there is no workload '{name}'; see solver bench --list"))?;
    match found.cells.shapes().len() {
        1 => Ok(found),
        _ => Err(format!("'{name}' has elements of several shapes; the model takes one")),
    }
}

impl Table {
    fn print(&self) -> Result<Vec<Prediction>, Box<dyn Error>> {
        let workload = workload(&self.workload)?;
        let one = workload.problem(1.0, 8.0);
        let elements = self.unknowns / one.element_unknowns;
        let problem = Problem { elements, reductions: self.reductions, ..one };
        let speed = Speed::new(self.speed.iter().map(|s| sample(s)).collect::<Result<_, _>>()?);
        let positive = [self.unknowns, self.latency, self.bandwidth].into_iter().chain(self.ranks.clone());
        if !positive.clone().all(|x| x > 0.0 && f64::is_finite(x)) || !(0.0..=1.0).contains(&self.overlap) {
            return Err("sizes, times and numbers of ranks must be positive, --overlap from 0 to 1".into());
        }
        let network = Network::new(self.latency, self.bandwidth);
        // Divisions look alike from some tens of parts on; those of fewer are compact, too.
        let (quality, memory) = typical(&workload)?;
        println!(
            "{}: {:.3e} unknowns in {:.3e} elements; a division in 64 parts: {:.2} faces / elements^({}/{}), {} \
             neighbours at most, imbalance {:.3}",
            workload.name,
            self.unknowns,
            elements,
            quality.surface,
            problem.dims - 1,
            problem.dims,
            quality.neighbours,
            quality.imbalance
        );
        println!(
            "\n{:>7} {:>12} {:>12} {:>9} {:>11} {:>11} {:>11} {:>9} {:>7} {:>11}",
            "ranks",
            "elements",
            "unknowns",
            "halo",
            "kernels",
            "exchange",
            "step",
            "speed-up",
            "of",
            "memory"
        );
        println!(
            "{:>7} {:>12} {:>12} {:>9} {:>11} {:>11} {:>11} {:>9} {:>7} {:>11}",
            "", "a rank", "a rank", "kB", "ms", "ms", "ms", "", "ideal", "MB a rank"
        );
        let of = |ranks: f64| {
            let share = Share::of(&problem, ranks, &quality);
            (share, predict(&problem, &share, ranks, &speed, &network, self.overlap))
        };
        let (_, first) = of(self.ranks[0]);
        let mut all = vec![];
        for &ranks in &self.ranks {
            let (share, step) = of(ranks);
            let gain = first.step() / step.step();
            let memory = Memory { rank: self.bytes_a_rank, ..memory };
            println!(
                "{ranks:>7.0} {:>12.0} {:>12.3e} {:>9.1} {:>11.4} {:>11.4} {:>11.4} {gain:>9.1} {:>7.3} {:>11.1}",
                share.elements,
                share.elements * problem.element_unknowns,
                share.faces * problem.face_bytes / 1e3,
                step.kernels * 1e3,
                (step.exchange + step.reductions) * 1e3,
                step.step() * 1e3,
                gain * self.ranks[0] / ranks,
                memory.of(&share, ranks) / 1e6,
            );
            all.push(step);
        }
        Ok(all)
    }
}

/// `SPEED` or `UNKNOWNS:SPEED`.
fn sample(text: &str) -> Result<(f64, f64), String> {
    let number = |t: &str| t.trim().parse::<f64>().ok().filter(|x| *x > 0.0 && x.is_finite());
    let parts = text.split_once(':').map_or((Some(1.0), number(text)), |(a, b)| (number(a), number(b)));
    match parts {
        (Some(unknowns), Some(rate)) => Ok((unknowns, rate)),
        _ => Err(format!("'{text}' is not a speed, such as 50e6 or 100000:60e6")),
    }
}

/// How a box of the workload's elements is divided into 64 parts, and what a rank of it keeps in memory.
fn typical(workload: &Workload) -> Result<(Quality, Memory), Box<dyn Error>> {
    let count = if workload.cells.dims() == 2 { 96 } else { 20 };
    let mesh = workload.mesh([count; 3]).build();
    let division = partition(&mesh, 64, Some(&Work::Measured { order: workload.order }))?;
    let problem = workload.problem(mesh.len() as f64, 8.0);
    let variables = problem.element_unknowns / workload.cells.shapes()[0].points(workload.order) as f64;
    let size = Size::of(&mesh, workload.order, variables as usize);
    // The registers of rk4.
    let device = size.device_memory(3, workload.viscous(), Precision::Double);
    let bytes: u64 = device.iter().chain(&size.host_memory()).map(|s| s.1).sum();
    let nodes = workload.cells.shapes()[0].points(1) as f64 * 24.0;
    let rows = 2.0 + if workload.viscous() { 1.0 } else { 0.0 };
    let memory = Memory {
        element: bytes as f64 / mesh.len() as f64,
        face: problem.face_bytes * (rows + 2.0 * problem.exchanges) + nodes,
        fixed: memory::resident().map_or(3e7, |r| r.now as f64),
        rank: 0.0,
    };
    Ok((Quality::of(&mesh, &division), memory))
}

/// Seconds a step of a workload on `count` cells along each axis (so many along the first), and unknowns. Collective over
/// `ranks`.
fn time(
    workload: &Workload,
    counts: [usize; 3],
    ranks: &Arc<Timed>,
    effort: Effort,
) -> Result<(f64, f64, f64), Box<dyn Error>> {
    let comm: Arc<dyn Communicator> = Arc::clone(ranks) as _;
    let backend = BackendChoice::Cpu(None);
    let mut engine: Engine = workload.engine(counts, backend, Precision::Double, &comm)?;
    let timing = measure(&mut engine, ranks, (0.0, DT), effort)?;
    let [rate, ..] = timing.rates();
    Ok((timing.unknowns as f64 * timing.stages as f64 / rate, timing.unknowns as f64, timing.waiting))
}

/// Cells along the axes of a problem `times` as large as one of `count` along each.
fn longer(count: usize, times: usize) -> [usize; 3] {
    [count * times, count, count]
}

fn check(names: &[String], seconds: f64, quick: bool) -> Result<(), Box<dyn Error>> {
    let comm = world()?;
    let (ranks, speak) = (comm.size(), comm.rank() == 0);
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let effort = Effort { steps: None, repetitions: 5, seconds };
    let alone = || Timed::new(Arc::new(Serial));
    let network = Network::measure(&comm);
    if let Some(network) = network.as_ref().filter(|_| speak) {
        println!("messages, bytes each way and microseconds a cycle:");
        let list = network.samples().iter().map(|(bytes, s)| format!("{bytes:.0}: {:.2}", s * 1e6));
        println!("  {}", list.collect::<Vec<_>>().join("  "));
        println!("latency {:.2e} s, bandwidth {:.2e} B/s", network.latency(), network.bandwidth());
    }
    let network = network.unwrap_or(Network::new(1e-6, 1e9));
    for name in names {
        let workload = workload(name)?;
        let sizes: &[usize] = match (workload.cells.dims(), quick) {
            (2, false) => &[32, 64, 128, 192],
            (2, true) => &[8, 16],
            (_, false) => &[6, 8, 12, 16],
            (_, true) => &[2, 4],
        };
        // The speed of kernels: on one rank while the others wait, and on all at once. Each has a box of its own.
        let mut speeds = [vec![], vec![]];
        for &count in sizes {
            for busy in [false, true] {
                comm.barrier();
                let own =
                    if busy || speak { Some(time(&workload, [count; 3], &alone(), effort)?) } else { None };
                comm.barrier();
                // The slowest rank decides.
                let mut step = [own.map_or(0.0, |o| o.0)];
                comm.reduce_f64(solver::parallel::Reduce::Max, &mut step);
                let elements = workload.mesh([count; 3]).build().len() as f64;
                let unknowns = elements * workload.problem(1.0, 8.0).element_unknowns;
                let stages = workload.problem(1.0, 8.0).stages;
                speeds[usize::from(busy)].push((unknowns, unknowns * stages / step[0]));
            }
        }
        let [single, all] = speeds.map(Speed::new);
        if speak {
            println!("\n{name}: unknowns:speed of a rank alone, and of each of {ranks}");
            for speed in [&single, &all] {
                let list = speed.samples().iter().map(|(n, rate)| format!("{n:.0}:{rate:.3e}"));
                println!("  {}", list.collect::<Vec<_>>().join(","));
            }
            println!(
                "  {:<7} {:>5} {:>12} {:>12} {:>12} {:>7} {:>9} {:>9}",
                "", "ranks", "unknowns", "measured us", "predicted us", "ratio", "exchange", "waiting"
            );
        }
        for &count in &sizes[1..] {
            for (what, n, times) in [("", 1, 1), ("strong", ranks, 1), ("weak", ranks, ranks)] {
                if ranks == 1 && n == ranks && !what.is_empty() {
                    continue;
                }
                let counts = longer(count, times);
                comm.barrier();
                let measured = if n > 1 {
                    Some(time(&workload, counts, &Timed::new(Arc::clone(&comm)), effort)?)
                } else if speak {
                    Some(time(&workload, counts, &alone(), effort)?)
                } else {
                    None
                };
                comm.barrier();
                let Some((step, unknowns, waiting)) = measured.filter(|_| speak) else { continue };
                let mesh = workload.mesh(counts).build();
                let division = partition(&mesh, n, Some(&Work::Measured { order: workload.order }))?;
                let problem = workload.problem(mesh.len() as f64, 8.0);
                let speed = if n == 1 { &single } else { &all };
                let parts = shares(&mesh, &division);
                let predictions = parts.iter().map(|s| predict(&problem, s, n as f64, speed, &network, 0.0));
                let slowest = predictions.max_by(|a, b| a.step().total_cmp(&b.step())).ok_or("no parts")?;
                println!(
                    "  {what:<7} {n:>5} {unknowns:>12.0} {:>12.1} {:>12.1} {:>7.3} {:>9.4} {waiting:>9.4}",
                    step * 1e6,
                    slowest.step() * 1e6,
                    slowest.step() / step,
                    slowest.exchange / slowest.step(),
                );
            }
        }
    }
    Ok(())
}

/// The table of the default figures.
#[allow(dead_code)] // the tests run it
pub fn default_table() -> Result<Vec<Prediction>, Box<dyn Error>> {
    match Arguments::parse_from(["scaling", "table"]) {
        Arguments::Table(table) => table.print(),
        Arguments::Check { .. } => unreachable!("the table was asked for"),
    }
}
