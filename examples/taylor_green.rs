//! The Taylor-Green vortex at Re = 1600, whose large eddies break down into turbulence: kinetic energy and enstrophy
//! against time, read from the solution without any file.
//!
//!     cargo run --release --example taylor_green -- [CELLS] [ORDER] [TEND] [DT] [single|double] > taylor-green.csv
//!
//! Without arguments a coarse one that takes seconds. With `32 3 5 0.00078 single` it is the usual test of methods.

use solver::backend::Precision;
use solver::parallel::sum::ExactSum;
use solver::prelude::*;
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;

const GAMMA: f64 = 1.4;
/// Mach number 0.1 of the largest velocity, 1.
const PRESSURE: f64 = 1.0 / (GAMMA * 0.01);

fn initial([x, y, z]: [f64; 3], out: &mut [f64]) {
    let p = PRESSURE + ((2.0 * x).cos() + (2.0 * y).cos()) * ((2.0 * z).cos() + 2.0) / 16.0;
    // At uniform temperature.
    out[0] = p / PRESSURE;
    out[1] = x.sin() * y.cos() * z.cos();
    out[2] = -x.cos() * y.sin() * z.cos();
    out[3] = 0.0;
    out[4] = p;
}

/// Means of `rho |v|^2 / 2` and `rho |curl v|^2 / 2`, by the quadrature of the solution points and the gradient of each
/// element's polynomial.
fn energy_and_enstrophy(engine: &mut Engine) -> Result<[f64; 2], EngineError> {
    let solution = engine.solution()?;
    let (mut energy, mut enstrophy, mut volume) = (ExactSum::default(), ExactSum::default(), 0.0);
    for (block, values) in engine.discretisation().blocks.iter().zip(&solution) {
        let (ops, points) = (&block.operators, block.points_per_element());
        for (e, u) in values.chunks_exact(5 * points).enumerate() {
            let velocity = |v: usize, p: usize| u[(1 + v) * points + p] / u[p];
            for p in 0..points {
                let (s, jacobian) = block.metric(e, p, 3);
                // gradient[direction][component]
                let mut gradient = [[0.0; 3]; 3];
                for (d, derivative) in ops.differentiate.iter().enumerate() {
                    for v in 0..3 {
                        let slope: f64 = (0..points).map(|q| derivative[[p, q]] * velocity(v, q)).sum();
                        (0..3).for_each(|k| gradient[k][v] += s[d * 3 + k] * slope / jacobian);
                    }
                }
                let g = &gradient;
                let curl = [g[1][2] - g[2][1], g[2][0] - g[0][2], g[0][1] - g[1][0]];
                let weight = ops.weights[p] * jacobian;
                let squares = |a: &dyn Fn(usize) -> f64| (0..3).map(|k| a(k) * a(k)).sum::<f64>();
                energy.add(weight * 0.5 * u[p] * squares(&|v| velocity(v, p)));
                enstrophy.add(weight * 0.5 * u[p] * squares(&|k| curl[k]));
                volume += weight;
            }
        }
    }
    Ok([energy.value() / volume, enstrophy.value() / volume])
}

/// A coarse one.
pub fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Whoever runs this as a test has arguments of its own.
    let argument = |i: usize, default: f64| arguments.get(i).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (cells, order) = (argument(0, 4.0) as usize, argument(1, 3.0) as usize);
    let (tend, dt) = (argument(2, 0.2), argument(3, 0.01));
    let mesh = BoxMesh::new(Cells::Hex, [cells; 3]).extents([-PI; 3], [PI; 3]).periodic([true; 3]).build();
    let system =
        SystemSpec::new("navier-stokes").with("gamma", GAMMA).with("mu", 1.0 / 1600.0).with("Pr", 0.71);
    let mut settings = Settings::new(system, order);
    // The least work for a time: three stages go nearly as far as four.
    settings.scheme = "tvd-rk3".into();
    if arguments.get(4).is_some_and(|a| a == "single") {
        settings.precision = Precision::Single;
    }
    let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial))?;
    engine.set_initial(initial)?;
    println!("t,energy,enstrophy");
    let rows = 50;
    for row in 0..=rows {
        let t = tend * row as f64 / rows as f64;
        let [energy, enstrophy] = energy_and_enstrophy(&mut engine)?;
        println!("{t},{energy},{enstrophy}");
        if row < rows {
            let span =
                Span { lookahead: u64::MAX, ..Span::new(t, tend * (row + 1) as f64 / rows as f64, dt) };
            run(&mut engine, span, &mut [], &mut Silent)?;
        }
    }
    Ok(())
}
