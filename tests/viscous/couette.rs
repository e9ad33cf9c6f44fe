//! Couette's flow between a wall at rest and one that moves along itself, both of the same temperature: linear velocity,
//! parabolic temperature, uniform pressure.
//!
//! With constant viscosity the stress is constant and carries all of the work of the moving wall as heat to both walls:
//! `(mu cp / Pr) T'' = -mu u'^2`, so that `cp T = cp Tw + Pr U^2 y (1 - y) / 2`.

use super::*;

const GAMMA: f64 = 1.4;
const PRANDTL: f64 = 0.72;
/// Of both walls: heat capacity times temperature.
const CP_TW: f64 = 3.5;
/// Velocity of the upper wall: fast enough for the heat of friction to matter.
const SPEED: f64 = 2.0;
const PRESSURE: f64 = 1.0;

fn cp_t(y: f64) -> f64 {
    CP_TW + 0.5 * PRANDTL * SPEED * SPEED * y * (1.0 - y)
}

fn density(y: f64) -> f64 {
    GAMMA / (GAMMA - 1.0) * PRESSURE / cp_t(y)
}

fn exact(x: [f64; 3], _: f64, out: &mut [f64]) {
    out.copy_from_slice(&[density(x[1]), SPEED * x[1], 0.0, PRESSURE]);
}

fn couette(order: usize, beta: f64, mu: f64) -> Settings {
    let system = SystemSpec::new("navier-stokes").with("gamma", GAMMA).with("Pr", PRANDTL).with("mu", mu);
    let mut settings = Settings::new(system.riemann("rusanov"), order);
    settings.ldg = Ldg { beta, tau: 0.1 };
    for (side, speed) in [("bottom", 0.0), ("top", SPEED)] {
        let data = [("cpTw", CP_TW), ("u", speed)].map(|(key, x)| (key.into(), parse(&x.to_string())));
        let spec = BoundarySpec { kind: "no-slp-isot-wall".into(), data: data.into() };
        settings.boundaries.insert(side.into(), spec);
    }
    settings
}

fn channel(cells: Cells, n: usize) -> Mesh {
    BoxMesh::new(cells, [n, n, 1]).periodic([true, false, false]).warp(0.03).shuffle(7).build()
}

/// L2 errors of the velocity along the walls and of the temperature (times the heat capacity).
fn errors_of(engine: &mut Engine) -> Vec<f64> {
    let squares = engine.integrate(2 * engine.discretisation().order + 5, 2, |x, u, out| {
        let energy = (u[3] - 0.5 * (u[1] * u[1] + u[2] * u[2]) / u[0]) / u[0];
        out[0] = (u[1] / u[0] - SPEED * x[1]).powi(2);
        out[1] = (GAMMA * energy - cp_t(x[1])).powi(2);
    });
    squares.unwrap().into_iter().map(f64::sqrt).collect()
}

fn run(settings: &Settings, mesh: &Mesh, from: &State<'_>, end: f64) -> Vec<f64> {
    let (mut engine, dt) = start(settings, mesh, from);
    advance(&mut engine, end, steps(end, dt));
    errors_of(&mut engine)
}

#[test]
fn couette_flow_converges() {
    for (cells, p) in [Cells::Quad, Cells::Tri].into_iter().flat_map(|c| (1..=3).map(move |p| (c, p))) {
        let sizes = if p == 1 { [8, 16] } else { [4, 8] };
        let settings = couette(p, 0.5, 0.2);
        let errors = sizes.map(|n| run(&settings, &channel(cells, n), &exact, 0.2));
        let what = format!("Couette {cells:?} p = {p}");
        for order in orders(&what, sizes, errors) {
            assert!((order - (p + 1) as f64).abs() < 0.35, "{what}: order {order}");
        }
    }
}

/// Whatever the start, of the right mass: the steady state is that which the exact flow turns into.
#[test]
fn a_uniform_flow_becomes_couette_flow() {
    // Mean density: by the midpoint rule in many points, far more exact than the flow.
    let mean = (0..1000).map(|i| density((i as f64 + 0.5) / 1000.0)).sum::<f64>() / 1000.0;
    let uniform = move |_: [f64; 3], _: f64, out: &mut [f64]| {
        out.copy_from_slice(&[mean, SPEED, 0.0, PRESSURE]);
    };
    for cells in [Cells::Quad, Cells::Tri] {
        let (settings, mesh) = (couette(2, 0.5, 0.5), channel(cells, 3));
        let steady = run(&settings, &mesh, &exact, 7.0);
        let reached = run(&settings, &mesh, &uniform, 7.0);
        println!("Couette {cells:?}: errors {steady:?} from the exact flow, {reached:?} from a uniform one");
        for (a, b) in steady.iter().zip(&reached) {
            assert!((a / b - 1.0).abs() < 1e-2 && *b < 1e-2, "{cells:?}: {steady:?}, {reached:?}");
        }
    }
}
