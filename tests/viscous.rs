//! Viscous flow: a manufactured solution of the Navier-Stokes equations, Couette's flow, a driven cavity.
//!
//! Every measured order is printed; `cargo test --test viscous -- --nocapture` shows them.

#[path = "viscous/cavity.rs"]
mod cavity;
#[path = "viscous/couette.rs"]
mod couette;
#[path = "viscous/manufactured.rs"]
mod manufactured;
#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::problem::Ldg;
use solver::engine::estimate::{StepInputs, stable_step};
use solver::engine::{BackendChoice, BoundarySpec, Engine, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::local::LocalMesh;
use solver::physics::SystemSpec;

const CPU: BackendChoice = BackendChoice::Cpu(None);

/// A state of primitive variables at a place and time.
type State<'a> = dyn Fn([f64; 3], f64, &mut [f64]) + Sync + 'a;

/// An engine for the whole of `mesh` in the state of time 0, and the largest stable step as far as it can be estimated.
fn start(settings: &Settings, mesh: &Mesh, state: &State<'_>) -> (Engine, f64) {
    let mut engine = Engine::new(settings, LocalMesh::whole(mesh), serial()).unwrap();
    let initial = |x: [f64; 3], out: &mut [f64]| state(x, 0.0, out);
    engine.set_initial(initial).unwrap();
    let inputs = StepInputs {
        order: settings.order,
        points: &settings.points,
        variables: &**engine.variables(),
        scheme: engine.scheme(),
        ldg: settings.ldg,
    };
    let step = stable_step(mesh, &inputs, &initial).unwrap().unwrap();
    (engine, step.dt)
}

/// Steps to `end`, with some distance from the limit: the estimate is exact only on boxes, and less so for diffusion.
fn steps(end: f64, limit: f64) -> usize {
    (end / (0.6 * limit)).ceil() as usize
}

/// L2 errors of the primitive variables at `end`, starting from the exact state.
fn errors(settings: &Settings, mesh: &Mesh, end: f64, exact: &State<'_>) -> Vec<f64> {
    let (mut engine, dt) = start(settings, mesh, exact);
    advance(&mut engine, end, steps(end, dt));
    engine.error(2 * settings.order + 3, |x, out| exact(x, end, out)).unwrap()
}

/// Orders from errors on two meshes of so many cells a direction.
fn orders(what: &str, sizes: [usize; 2], errors: [Vec<f64>; 2]) -> Vec<f64> {
    let ratio = (sizes[1] as f64 / sizes[0] as f64).ln();
    let orders: Vec<f64> = errors[0].iter().zip(&errors[1]).map(|(a, b)| (a / b).ln() / ratio).collect();
    let [coarse, fine] = errors.map(|e| e.iter().map(|x| format!("{x:.1e}")).collect::<Vec<_>>().join(" "));
    println!("{what}: orders {orders:.2?} (errors {coarse}, {fine} on {sizes:?} cells)");
    orders
}
