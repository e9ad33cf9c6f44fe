//! The lowest eigenvalue of `f'' = -lambda f` on [0, pi] with `f = 0` at both ends, which is 1, and its eigenfunction,
//! `sin x`, by time steps: whatever diffusion begins with, what decays slowest is left in the end, as `exp(-lambda t)`. It
//! is the power method, with the Runge-Kutta polynomial of the discrete operator as the matrix.
//!
//!     cargo run --release --example eigenproblem
//!     cargo build --release --example eigenproblem && mpirun -n 2 target/release/examples/eigenproblem
//!
//! What comes out: a table of orders and numbers of elements with the eigenvalue, its error and rate of convergence, the
//! error of the eigenfunction (L2, both of norm 1), the time at which the rate of decay had settled, and the steps taken.
//! Everything is computed on one domain, and again on two, which exchange the states at the face between them in every stage
//! of every step: two ranks of this process, and those of mpirun where there are more than one. It ends with an error if one
//! bit of the eigenvalue or of the function differs. It takes a few seconds, but much longer under mpirun where two ranks share
//! a core, since a rank that waits for the other keeps it busy.
//!
//! Expect twice the order for the eigenvalue, down to the rounding errors (order 4 on 12 elements: 13 digits), and the order
//! plus one for the function, down to what is left of the second mode when the rate has settled, about 1e-7.

#[path = "common/mod.rs"]
mod common;

use solver::engine::estimate::{StepInputs, stable_step};
use solver::parallel::{agree, threads, world};
use solver::prelude::{BoundarySpec, BoxMesh, Cells, cut, partition};
use solver::prelude::{Communicator, Engine, Expr, Serial, Settings, SystemSpec};
use std::collections::BTreeMap;
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;

/// Time between two looks at the rate of decay.
const INTERVAL: f64 = 0.25;

/// The rate has settled when it changes by less than this.
const SETTLED: f64 = 1e-12;

/// What decays slowest.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// The rate of its decay.
    pub eigenvalue: f64,
    /// L2 distance from `sin x`, when both have the norm 1.
    pub error: f64,
    /// When the rate had settled.
    pub t: f64,
    /// After how many steps.
    pub steps: usize,
    /// Values at the points of every element, by its number.
    pub values: BTreeMap<u32, Vec<f64>>,
}

/// Not symmetric, so that the second mode must decay as well; zero at both ends.
fn bump(x: f64) -> f64 {
    x * (PI - x) * (1.0 + 0.5 * x)
}

/// The mode on the ranks of `comm`, complete on each. Collective.
///
/// # Errors
/// The rate does not settle, or the engine fails.
pub fn solve(elements: usize, order: usize, comm: &Arc<dyn Communicator>) -> Result<Mode, Box<dyn Error>> {
    let mesh = BoxMesh::new(Cells::Line, [elements, 1, 1]).extents([0.0; 3], [PI, 1.0, 1.0]).build();
    let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), order);
    let zero = BoundarySpec { kind: "fixed-value".into(), data: [("u".into(), Expr::constant(0.0))].into() };
    settings.boundaries = [("left".into(), zero.clone()), ("right".into(), zero)].into();
    // The ends hold the value the better, the larger the penalty: with the usual 0.1, on so few elements, an error that sits
    // there decays more slowly than what is looked for. The inverse of the size of an element is enough.
    settings.ldg.tau = elements as f64 / PI;
    let parts = partition(&mesh, comm.size(), None)?;
    let part = cut(&mesh, &parts.part_of, comm.rank());
    let mut engine = Engine::new(&settings, part, Arc::clone(comm))?;
    let initial = |x: [f64; 3], out: &mut [f64]| out[0] = bump(x[0]);
    engine.set_initial(initial)?;

    let variables = Arc::clone(engine.variables());
    let inputs = StepInputs {
        order,
        points: &settings.points,
        variables: &*variables,
        scheme: engine.scheme(),
        ldg: settings.ldg,
    };
    let limit = stable_step(&mesh, &inputs, &initial)?.ok_or("no stable step is known")?.dt;
    let each = (INTERVAL / (0.8 * limit)).ceil() as usize;
    let dt = INTERVAL / each as f64;

    // The sum of a square over all ranks is exact, and so the same on any number of them.
    let square = |engine: &mut Engine| engine.integrate(2 * order, 1, |_, u, out| out[0] = u[0] * u[0]);
    let (mut before, mut last, mut steps) = (square(&mut engine)?[0], f64::INFINITY, 0);
    let eigenvalue = loop {
        for _ in 0..each {
            engine.step(steps as f64 * dt, dt)?;
            steps += 1;
        }
        let now = square(&mut engine)?[0];
        let rate = (before / now).ln() / (2.0 * INTERVAL);
        if (rate - last).abs() < SETTLED {
            break rate;
        }
        if steps > 80 * each {
            return Err(format!("the rate of decay does not settle: {last}, {rate}").into());
        }
        (before, last) = (now, rate);
    };

    let norm = square(&mut engine)?[0].sqrt();
    let off = |x: [f64; 3], u: &[f64], out: &mut [f64]| {
        out[0] = (u[0] / norm - (2.0 / PI).sqrt() * x[0].sin()).powi(2);
    };
    let error = engine.integrate(2 * order + 9, 1, off)?[0].sqrt();
    Ok(Mode { eigenvalue, error, t: steps as f64 * dt, steps, values: everywhere(&mut engine)? })
}

/// The values of all ranks' elements, by their number in the whole mesh. Collective.
fn everywhere(engine: &mut Engine) -> Result<BTreeMap<u32, Vec<f64>>, Box<dyn Error>> {
    let solution = engine.solution()?;
    let points = engine.discretisation().blocks.first().map_or(0, |block| block.points_per_element());
    // All ranks have elements of the same points, but a rank may have none.
    let mut most = [points as f64];
    engine.communicator().reduce_f64(solver::parallel::Reduce::Max, &mut most);
    let mut bytes = vec![];
    for (block, all) in engine.discretisation().blocks.iter().zip(&solution) {
        for (id, values) in block.ids.iter().zip(all.chunks_exact(block.points_per_element())) {
            bytes.extend(u64::from(*id).to_ne_bytes());
            bytes.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
        }
    }
    let mut values = BTreeMap::new();
    for bytes in engine.communicator().all_gather(&bytes) {
        for element in bytes.as_chunks::<8>().0.chunks_exact(1 + most[0] as usize) {
            let id = u64::from_ne_bytes(element[0]) as u32;
            values.insert(id, element[1..].iter().map(|value| f64::from_ne_bytes(*value)).collect());
        }
    }
    Ok(values)
}

/// One domain, two ranks of this process, and the ranks of `comm`. Collective.
///
/// # Errors
/// They differ, or one of them fails.
pub fn same_on_all(
    elements: usize,
    order: usize,
    comm: &Arc<dyn Communicator>,
) -> Result<Mode, Box<dyn Error>> {
    // Elements are too few to share among threads: each rank is a pool of its own.
    let _own = common::only_this_thread();
    let alone: Arc<dyn Communicator> = Arc::new(Serial);
    let one = solve(elements, order, &alone)?;
    let check = |what: String, mode: &Mode| {
        let bits = |mode: &Mode| (mode.eigenvalue.to_bits(), mode.error.to_bits());
        let same = bits(&one) == bits(mode) && one.values == mode.values;
        if same { Ok(()) } else { Err(format!("{what}: {} is not {}", mode.eigenvalue, one.eigenvalue)) }
    };
    let halves = threads::run(2, |rank| {
        let _own = common::only_this_thread();
        solve(elements, order, &rank).map_err(|e| e.to_string())
    });
    let here = halves.into_iter().try_for_each(|half| check("two ranks of this process".into(), &half?));
    agree(&**comm, here)?;
    if comm.size() > 1 {
        let many = solve(elements, order, comm)?;
        agree(&**comm, check(format!("{} ranks", comm.size()), &many))?;
    }
    Ok(one)
}

fn main() -> std::process::ExitCode {
    common::end(run())
}

fn run() -> Result<(), Box<dyn Error>> {
    let comm = world()?;
    let first = comm.rank() == 0;
    if first {
        println!("order elements  eigenvalue          error    rate  function  settled at  steps");
    }
    for order in 1..=4 {
        let mut coarse: Option<f64> = None;
        for elements in [3, 6, 12] {
            let mode = same_on_all(elements, order, &comm)?;
            let off = (mode.eigenvalue - 1.0).abs();
            // What is left of the rounding errors of thousands of steps has no rate.
            let rate = coarse.filter(|_| off > 1e-12).map(|coarse| format!("{:.2}", (coarse / off).log2()));
            coarse = Some(off);
            if first {
                println!(
                    "{order:>5} {elements:>8}  {:.15} {off:>8.1e} {:>7}  {:>8.1e} {:>11.2} {:>6}",
                    mode.eigenvalue,
                    rate.unwrap_or_default(),
                    mode.error,
                    mode.t,
                    mode.steps
                );
            }
        }
    }
    if first {
        let ranks = comm.size();
        let many = if ranks > 1 { format!(" and on {ranks} ranks under mpirun") } else { String::new() };
        println!("on two ranks of this process{many} the same, bit for bit");
    }
    Ok(())
}
