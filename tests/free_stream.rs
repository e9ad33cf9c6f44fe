//! A uniform flow stays uniform, whatever the elements look like: every shape, every mixture that can share a face,
//! curved geometry of orders 1 to 4, both backends.

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::engine::{BackendChoice, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells};

const STEPS: usize = 100;

fn curved(cells: Cells, order: usize) -> Mesh {
    let n = if dims(cells) < 3 { 4 } else { 2 };
    let counts = if cells == Cells::Mixed { [3, 2, 3] } else { [n; 3] };
    BoxMesh::new(cells, counts).periodic([true; 3]).order(order).warp(0.04).shuffle(3).build()
}

/// Largest departure from the uniform state after [`STEPS`] steps, relative to the largest value.
fn departure(settings: &Settings, mesh: &Mesh) -> f64 {
    let mut engine = engine(settings, mesh, &serial());
    let dims = mesh.dims;
    let uniform = |_: [f64; 3], out: &mut [f64]| {
        out[0] = 1.3;
        out[1..=dims].copy_from_slice(&[0.9, -0.7, 0.4][..dims]);
        out[dims + 1] = 1.1;
    };
    engine.set_initial(uniform).unwrap();
    let before = engine.solution().unwrap();
    advance(&mut engine, 0.2, STEPS);
    let after = engine.solution().unwrap();
    let (mut worst, mut scale) = (0.0_f64, 0.0_f64);
    for (a, b) in before.iter().flatten().zip(after.iter().flatten()) {
        worst = if b.is_nan() { f64::INFINITY } else { worst.max((a - b).abs()) };
        scale = scale.max(a.abs());
    }
    worst / scale
}

fn keeps_the_free_stream(backend: &BackendChoice, p: usize, cells: &[Cells], orders: &[usize]) {
    let mut worst = 0.0_f64;
    for &cells in cells {
        for &order in orders {
            let mut settings = settings("euler", dims(cells), p, "", backend.clone());
            settings.system.riemann = "hllc".into();
            let found = departure(&settings, &curved(cells, order));
            println!("{cells:?} geometry order {order}, p = {p}: {found:.1e}");
            assert!(found < 1e-12, "{cells:?} geometry order {order}, p = {p}: {found:e}");
            worst = worst.max(found);
        }
    }
    println!("p = {p}: {worst:.1e} at most after {STEPS} steps");
}

#[test]
fn curved_elements_keep_a_free_stream() {
    for p in [1, 2, 3, 4] {
        keeps_the_free_stream(&BackendChoice::Cpu(None), p, &CELLS, &[1, 2, 3, 4]);
    }
}

/// `SOLVER_SKIP_GPU=1` skips this on machines without any device; `SOLVER_TEST_DEVICE` names one.
#[cfg(feature = "gpu")]
#[test]
fn curved_elements_keep_a_free_stream_on_the_gpu() {
    if std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1") {
        return;
    }
    let gpu = BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok());
    keeps_the_free_stream(&gpu, 2, &CELLS, &[2, 3, 4]);
    keeps_the_free_stream(&gpu, 4, &[Cells::Quad, Cells::Hex, Cells::Mixed], &[3]);
}
