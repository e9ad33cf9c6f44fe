//! A vortex carried through a periodic box, without any file: mesh, settings, engine, time loop, error, fields.
//!
//!     cargo run --release --example vortex
//!
//! The error falls with the size of the elements to the power of the order plus one; the last lines read the solution.

use solver::prelude::*;
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;

const GAMMA: f64 = 1.4;
/// Strength and radius of the vortex.
const VORTEX: (f64, f64) = (5.0, 1.5);

/// Density, velocity and pressure at `x` and time `t`: C.-W. Shu, ICASE report 97-65, with a radius. The box is
/// [-10, 10]^2, the stream goes along its diagonal.
fn exact(x: [f64; 3], t: f64, out: &mut [f64]) {
    let (strength, radius) = VORTEX;
    let [a, b] = [x[0] - t, x[1] - t].map(|x| (x + 10.0).rem_euclid(20.0) - 10.0);
    let f = 0.5 * (1.0 - (a * a + b * b) / (radius * radius));
    let swirl = strength / (2.0 * PI * radius) * f.exp();
    let temperature = 1.0 - (GAMMA - 1.0) * strength.powi(2) / (8.0 * GAMMA * PI * PI) * (2.0 * f).exp();
    out[0] = temperature.powf(1.0 / (GAMMA - 1.0));
    out[1] = 1.0 - swirl * b;
    out[2] = 1.0 + swirl * a;
    out[3] = temperature.powf(GAMMA / (GAMMA - 1.0));
}

/// An engine on `n` by `n` squares, in the initial state.
fn engine(n: usize, order: usize) -> Result<Engine, EngineError> {
    let mesh = BoxMesh::new(Cells::Quad, [n, n, 1])
        .extents([-10.0, -10.0, 0.0], [10.0, 10.0, 0.0])
        .periodic([true, true, false])
        .build();
    let system = SystemSpec {
        name: "euler".into(),
        constants: [("gamma".into(), GAMMA)].into(),
        riemann: "hllc".into(),
        ..SystemSpec::default()
    };
    // Everything else as usual: rk4, double precision, all cores of the processor.
    let settings = Settings::new(system, order);
    // One rank, which has all elements.
    let part = cut(&mesh, &vec![0; mesh.len()], 0);
    let mut engine = Engine::new(&settings, part, Arc::new(Serial))?;
    engine.set_initial(|x, out| exact(x, 0.0, out))?;
    Ok(engine)
}

/// Errors on finer and finer meshes, then a look at the solution.
pub fn main() -> Result<(), Box<dyn Error>> {
    let (order, tend) = (3, 1.0);
    println!("L2 error of the density at t = {tend}, order {order}:");
    let mut last: Option<(Engine, f64)> = None;
    for n in [10, 20, 40] {
        let mut engine = engine(n, order)?;
        let span = Span::new(0.0, tend, 0.4 / n as f64);
        let end = run(&mut engine, span, &mut [], &mut Silent)?;
        // A rule of quadrature that is exact for far more than the solution's square.
        let error = engine.error(2 * order + 5, |x, out| exact(x, end.t, out))?[0];
        let rate = last.as_ref().map(|(_, coarse)| format!("  rate {:.2}", (coarse / error).log2()));
        println!("  {n:2} x {n:2} squares  {error:.3e}{}", rate.unwrap_or_default());
        last = Some((engine, error));
    }

    let (mut engine, error) = last.ok_or("no mesh")?;
    assert!(error < 1e-3, "the error is {error}");
    // Conserved variables, block by block, [element][variable][point].
    let solution = engine.solution()?;
    let points = engine.discretisation().blocks[0].points_per_element();
    let density = solution[0].chunks_exact(points).step_by(engine.variables().conserved().len());
    let lowest = density.flatten().copied().fold(f64::INFINITY, f64::min);
    println!("lowest density {lowest:.4} in the core of the vortex");
    // Functions of place and conserved variables, integrated over the box.
    let totals = engine.integrate(2 * order, 2, |_, u, out| out.copy_from_slice(&[u[0], u[3]]))?;
    println!("mass {:.6}, energy {:.6}", totals[0], totals[1]);
    Ok(())
}
