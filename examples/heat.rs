//! Heat in a plate of triangles and quadrilaterals: boundary conditions with data, and a monitor of one's own.
//!
//!     cargo run --release --example heat
//!
//! The left side is kept at zero, heat flows in through the right one, the other two are insulated. A first wave dies
//! out exponentially, and the temperature ends on a slope.

use solver::monitor::MonitorError;
use solver::prelude::*;
use std::collections::BTreeMap;
use std::error::Error;
use std::f64::consts::PI;
use std::sync::Arc;

/// Diffusivity, and the slope of the final state.
const NU: f64 = 0.1;
const SLOPE: f64 = 2.0;

fn exact(x: [f64; 3], t: f64) -> f64 {
    SLOPE * x[0] + (PI * x[0] / 2.0).sin() * (PI * x[1]).cos() * (-1.25 * NU * PI * PI * t).exp()
}

/// A condition with one expression of x, y, z, t.
fn condition(kind: &str, key: &str, text: &str) -> Result<BoundarySpec, Box<dyn Error>> {
    let constants = BTreeMap::from([("nu".to_string(), NU), ("g".to_string(), SLOPE)]);
    let value = Expr::parse(text, &["x", "y", "z", "t"], &constants)?;
    Ok(BoundarySpec { kind: kind.into(), data: [(key.into(), value)].into() })
}

/// Prints at regular times how much is left of the wave: the distance from the final state.
struct Wave {
    /// Time between lines, and lines so far.
    every: f64,
    lines: u32,
}

impl Monitor for Wave {
    fn describe(&self) -> String {
        "looks at the decaying wave after every step".into()
    }

    fn next_time(&self) -> Option<f64> {
        Some(f64::from(self.lines) * self.every)
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.after_step(engine, now)
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if self.next_time().is_some_and(|next| now.t >= next) {
            self.lines += 1;
            // Functions of place and conserved variables, integrated by a rule exact to degree 9.
            let square = engine.integrate(9, 1, |x, u, out| out[0] = (u[0] - SLOPE * x[0]).powi(2))?;
            println!("  t = {:.1}  size of the wave {:.6}", now.t, square[0].sqrt());
        }
        Ok(())
    }
}

/// Runs to t = 1 and compares with the exact solution.
pub fn main() -> Result<(), Box<dyn Error>> {
    // A unit square; its sides are called left, right, bottom and top.
    let mesh = BoxMesh::new(Cells::TriQuad, [6, 6, 1]).warp(0.02).build();
    let system = SystemSpec::new("diffusion").with("nu", NU);
    let mut settings = Settings::new(system, 3);
    settings.scheme = "tvd-rk3".into();
    settings.boundaries = [
        ("left".into(), condition("fixed-value", "u", "0")?),
        ("right".into(), condition("fixed-flux", "q", "-nu*g")?),
        ("bottom".into(), condition("fixed-flux", "q", "0")?),
        ("top".into(), condition("fixed-flux", "q", "0")?),
    ]
    .into();
    let part = LocalMesh::whole(&mesh);
    let mut engine = Engine::new(&settings, part, Arc::new(Serial))?;
    engine.set_initial(|x, out| out[0] = exact(x, 0.0))?;

    let mut monitors: Vec<Box<dyn Monitor>> = vec![Box::new(Wave { every: 0.2, lines: 0 })];
    let end = run(&mut engine, Span::new(0.0, 1.0, 2.5e-4), &mut monitors, &mut Silent)?;
    let error = engine.error(11, |x, out| out[0] = exact(x, end.t))?[0];
    println!("{} steps, L2 error {error:.3e}", end.step);
    assert!(error < 1e-4, "the error is {error}");
    Ok(())
}
