//! What an element of each shape costs: time of one right-hand side (with its share of the Runge-Kutta update) of the
//! Euler equations on one thread, straight (one metric an element) and curved (one a point).
//!
//! `cargo bench --bench shapes -- [shape]`. The default weights of `solver partition` come from here
//! (`src/mesh/partition/cost.rs`). Every figure is the least of many, as whatever else runs only adds.

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

/// Steps of a problem, of which the shortest counts.
const STEPS: usize = 25;

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    println!("nanoseconds an element and right-hand side, f64, one thread");
    println!(
        "{:<8} {:>5} {:>10} {:>10} {:>12} {:>12}",
        "shape", "order", "straight", "curved", "a point", "a point"
    );
    for cells in CELLS.into_iter().filter(|c| wanted.as_ref().is_none_or(|w| c.name() == *w)) {
        for order in 0..=6 {
            let (points, straight) = time(cells, order, false);
            let (_, curved) = time(cells, order, true);
            println!(
                "{:<8} {order:>5} {straight:>10.0} {curved:>10.0} {:>12.2} {:>12.2}",
                cells.name(),
                straight / points,
                curved / points
            );
        }
    }
}

/// Points of an element, and nanoseconds an element and right-hand side.
fn time(cells: Cells, order: usize, curved: bool) -> (f64, f64) {
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
        let start = Instant::now();
        engine.step(0.0, 1e-7).and_then(|()| engine.wait()).expect("the backend works");
        least = least.min(start.elapsed().as_secs_f64());
    }
    (points, least * 1e9 / (mesh.len() * stages) as f64)
}
