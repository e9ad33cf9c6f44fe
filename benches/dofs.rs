//! Speed of the kernels: unknowns (variables x solution points) x right-hand sides a second, with the memory traffic that
//! the kernel plan needs beside the machine's measured bandwidth.
//!
//! `make bench`, or `cargo bench -- [cpu|gpu] [name]`.

use rayon::prelude::*;
use solver::backend::Precision;
use solver::engine::{BackendChoice, Engine, Settings};
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::local;
use solver::parallel::serial::Serial;
use solver::physics::SystemSpec;
use std::f64::consts::TAU;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

struct Workload {
    name: &'static str,
    system: &'static str,
    viscous: bool,
    cells: Cells,
    /// Cells along an axis on the CPU, and on a software GPU.
    counts: [usize; 2],
    order: usize,
}

const fn euler(name: &'static str, cells: Cells, counts: [usize; 2], order: usize) -> Workload {
    Workload { name, system: "euler", viscous: false, cells, counts, order }
}

const WORKLOADS: &[Workload] = &[
    euler("euler-quad-p3", Cells::Quad, [384, 48], 3),
    euler("euler-quad-p4", Cells::Quad, [384, 48], 4),
    euler("euler-hex-p4", Cells::Hex, [32, 6], 4),
    euler("euler-tet-p3", Cells::Tet, [24, 4], 3),
    Workload {
        name: "advection-diffusion-hex-p3",
        system: "advection-diffusion",
        viscous: true,
        cells: Cells::Hex,
        counts: [48, 8],
        order: 3,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let backends = ["cpu", "gpu"];
    let wanted: Vec<&String> = arguments.iter().filter(|a| !backends.contains(&a.as_str())).collect();
    let on = |backend: &str| {
        let named = arguments.iter().any(|a| backends.contains(&a.as_str()));
        !named || arguments.iter().any(|a| a == backend)
    };
    // As `solver run` does: this thread is one of the pool.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global().expect("the pool starts");
    let threads = rayon::current_num_threads();
    println!(
        "copy bandwidth {:.1} GB/s ({threads} threads, read + write of large arrays)\n",
        copy_bandwidth()
    );
    println!(
        "{:<28} {:<9} {:>9} {:>10} {:>12} {:>10} {:>10}",
        "workload", "backend", "MDOF", "MDOF/s", "bytes/DOF", "GB/s", "of copy"
    );
    for workload in
        WORKLOADS.iter().filter(|w| wanted.is_empty() || wanted.iter().any(|n| w.name.contains(n.as_str())))
    {
        for precision in [Precision::Double, Precision::Single] {
            if on("cpu") {
                measure(workload, BackendChoice::Cpu(None), precision, workload.counts[0]);
            }
            if on("gpu") && cfg!(feature = "gpu") {
                measure(workload, BackendChoice::Gpu(None), precision, gpu_count(workload));
            }
        }
    }
}

/// A software device gets a small problem: it is there for correctness.
fn gpu_count(workload: &Workload) -> usize {
    workload.counts[1]
}

fn measure(workload: &Workload, backend: BackendChoice, precision: Precision, count: usize) {
    let bits = if precision == Precision::Single { "f32" } else { "f64" };
    let label = format!("{} {bits}", if matches!(backend, BackendChoice::Cpu(_)) { "cpu" } else { "gpu" });
    let mut engine = match build(workload, backend, precision, count) {
        Ok(engine) => engine,
        Err(error) => return println!("{:<28} {label:<9} {error}", workload.name),
    };
    let (dt, stages) = (1e-6, engine.scheme().stages.len() as f64);
    let unknowns = engine.global_unknowns() as f64;
    let mut steps = |n: usize| {
        let start = Instant::now();
        for _ in 0..n {
            engine.step(0.0, dt).expect("the device works");
        }
        engine.wait().expect("the device works");
        start.elapsed().as_secs_f64() / n as f64
    };
    let warm = steps(2);
    let n = ((0.5 / warm) as usize).clamp(1, 200);
    let mut times: Vec<f64> = (0..5).map(|_| steps(n)).collect();
    times.sort_by(f64::total_cmp);
    let rate = unknowns * stages / times[2];
    let bytes = engine.traffic(workload.viscous).total() / unknowns;
    let (gb, copy) = (rate * bytes / 1e9, copy_bandwidth());
    println!(
        "{:<28} {label:<9} {:>9.2} {:>10.1} {bytes:>12.1} {gb:>10.1} {:>10.2}",
        workload.name,
        unknowns / 1e6,
        rate / 1e6,
        gb / copy
    );
}

fn build(
    workload: &Workload,
    backend: BackendChoice,
    precision: Precision,
    count: usize,
) -> Result<Engine, String> {
    let mesh = BoxMesh::new(workload.cells, [count; 3]).periodic([true; 3]).build();
    let constants = [("gamma", 1.4), ("nu", 1e-3), ("ax", 1.0), ("ay", 0.7), ("az", 0.4)];
    let system = SystemSpec {
        name: workload.system.into(),
        dims: mesh.dims,
        constants: constants.map(|(k, v)| (k.to_string(), v)).into(),
        riemann: "rusanov".into(),
    };
    let settings = Settings { backend, precision, ..Settings::new(system, workload.order) };
    let local = local::cut(&mesh, &vec![0; mesh.len()], 0);
    let dims = mesh.dims;
    drop(mesh);
    let mut engine = Engine::new(&settings, local, Arc::new(Serial)).map_err(|e| e.to_string())?;
    let initial = |x: [f64; 3], out: &mut [f64]| {
        let wave = 0.1 * (TAU * x[0]).sin() * (TAU * x[1]).cos();
        out.fill(0.5);
        out[0] = 1.0 + wave;
        if out.len() > dims {
            out[dims + 1] = 1.0;
        }
    };
    engine.set_initial(initial).map_err(|e| e.to_string())?;
    Ok(engine)
}

/// Bytes read and written a second by copying large arrays, the best of several tries, in GB/s.
fn copy_bandwidth() -> f64 {
    let n = 1 << 25;
    let from = vec![1.0_f64; n];
    let mut to = vec![0.0_f64; n];
    let copy = |to: &mut Vec<f64>| {
        let start = Instant::now();
        to.par_chunks_mut(1 << 16)
            .zip(from.par_chunks(1 << 16))
            .for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&to);
        16.0 * n as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    (0..8).map(|_| copy(&mut to)).fold(0.0, f64::max)
}
