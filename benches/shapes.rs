//! What an element of each shape costs: time of one right-hand side (with its share of the Runge-Kutta update) of the
//! Euler equations on one thread, straight (one metric an element) and curved (one a point).
//!
//! `cargo bench --bench shapes -- [shape]`. The default weights of `solver partition` come from here
//! (`src/mesh/partition/weights.rs`). Every figure is the least of many, as whatever else runs only adds; on Linux the
//! processor's own time counts.

use solver::engine::{Engine, Settings};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::local::LocalMesh;
use solver::parallel::serial::Serial;
use solver::physics::SystemSpec;
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Instant;

const CELLS: [Cells; 6] = [Cells::Tri, Cells::Quad, Cells::Tet, Cells::Hex, Cells::Prism, Cells::Pyramid];

/// Unknowns of a problem: several times any cache.
const UNKNOWNS: f64 = 1e6;

/// Steps of a problem in a round, of which the shortest counts.
const STEPS: usize = 12;

/// Times that everything is repeated.
const ROUNDS: usize = 3;

const ORDERS: std::ops::RangeInclusive<usize> = 1..=6;

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    let cells: Vec<Cells> =
        CELLS.into_iter().filter(|c| wanted.as_ref().is_none_or(|w| c.name() == *w)).collect();
    let mut least = vec![[[f64::INFINITY; 2]; 16]; cells.len()];
    for round in 1..=ROUNDS {
        for (cells, least) in cells.iter().zip(&mut least) {
            for order in ORDERS {
                for curved in [false, true] {
                    let least = &mut least[order][usize::from(curved)];
                    *least = least.min(time(*cells, order, curved));
                }
            }
        }
        println!("round {round}: nanoseconds an element and right-hand side, f64, one thread");
        println!(
            "{:<8} {:>5} {:>10} {:>10} {:>12} {:>12}",
            "shape", "order", "straight", "curved", "a point", "a point"
        );
        for (cells, least) in cells.iter().zip(&least) {
            for order in ORDERS {
                let [straight, curved] = least[order];
                let points = cells.shapes()[0].points(order) as f64;
                let (a, b) = (straight / points, curved / points);
                println!(
                    "{:<8} {order:>5} {straight:>10.0} {curved:>10.0} {a:>12.2} {b:>12.2}",
                    cells.name()
                );
            }
        }
    }
}

/// Seconds that this thread has computed.
fn now() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.elapsed().as_secs_f64(), |n| n * 1e-9)
}

/// Nanoseconds an element and right-hand side.
fn time(cells: Cells, order: usize, curved: bool) -> f64 {
    let shape = cells.shapes()[0];
    let dims = shape.dims();
    let a_cell = BoxMesh::new(cells, cells.least()).build().len() as f64
        / cells.least()[..dims].iter().product::<usize>() as f64;
    let points = shape.points(order) as f64;
    let cell_count = UNKNOWNS / (points * (dims + 2) as f64 * a_cell);
    let count = (cell_count.powf(1.0 / dims as f64).round() as usize).max(4);
    let mesh = BoxMesh::new(cells, [count; 3]).periodic([true; 3]);
    let mesh = if curved { mesh.order(2).warp(0.03) } else { mesh }.build();
    let system = SystemSpec::new("euler").with("gamma", 1.4);
    let settings = Settings::new(system, order);
    let mut engine =
        Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).expect("the engine is built");
    let initial = |x: [f64; 3], out: &mut [f64]| {
        out.fill(0.5);
        out[0] = 1.0 + 0.1 * (TAU * x[0]).sin() * (TAU * x[1]).cos();
        out[dims + 1] = 1.0;
    };
    engine.set_initial(initial).expect("the state is finite");
    let stages = engine.scheme().stages.len();
    let mut least = f64::INFINITY;
    for _ in 0..STEPS {
        let start = now();
        engine.step(0.0, 1e-7).and_then(|()| engine.wait()).expect("the backend works");
        least = least.min(now() - start);
    }
    least * 1e9 / (mesh.len() * stages) as f64
}
