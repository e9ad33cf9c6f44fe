//! The schemes converge at the order they promise, diffusion decays as it should, and uniform flow stays uniform.
//!
//! Every measured order is printed; `cargo test --test accuracy -- --nocapture` shows them.

#[path = "accuracy/classics.rs"]
mod classics;
#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::problem::Ldg;
use solver::engine::{BackendChoice, BoundarySpec, Engine, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells};
use std::f64::consts::PI;

const CPU: BackendChoice = BackendChoice::Cpu(None);

/// The kinds of cell that the tests of boundaries and of uniform flow take; others tell them nothing more.
const FEW: [Cells; 5] = [Cells::Quad, Cells::Tri, Cells::TriQuad, Cells::Hex, Cells::Tet];

/// Cells a direction of the two meshes an order is measured with: fine enough to see it, coarse enough to be quick.
fn sizes(cells: Cells, p: usize) -> [usize; 2] {
    match (cells, p) {
        (Cells::Hex, 1) => [12, 16],
        (Cells::Hex, 2) => [8, 12],
        (Cells::Hex, 3) => [4, 6],
        (Cells::Hex, _) => [3, 5],
        (Cells::Tet, 1 | 2) => [6, 8],
        (Cells::Tet, 3) => [4, 6],
        (Cells::Tet, _) => [3, 4],
        (Cells::Prism, 1) => [8, 12],
        (Cells::Prism, 2) => [6, 8],
        (Cells::Prism, 3) => [4, 6],
        (Cells::Prism, _) => [4, 5],
        (Cells::Pyramid, 1) => [6, 8],
        (Cells::Pyramid, 2) => [4, 6],
        (Cells::Pyramid, 3) => [4, 5],
        (Cells::Pyramid, _) => [3, 4],
        (Cells::Mixed, 1) => [12, 15],
        (Cells::Mixed, 2) => [9, 12],
        (Cells::Mixed, 3) => [6, 9],
        (Cells::Mixed, _) => [9, 12],
        (_, 1) => [16, 32],
        (_, 2 | 3) => [8, 16],
        (_, _) => [6, 10],
    }
}

/// The order of accuracy in the first variable, from the errors on two meshes.
fn order(
    settings: &Settings,
    cells: Cells,
    end: f64,
    sizes: [usize; 2],
    mesh: impl Fn(usize) -> Mesh,
) -> f64 {
    let errors = sizes.map(|n| {
        let mut engine = engine(settings, &mesh(n), &serial());
        advance(&mut engine, end, stable_steps(settings, cells, n, end));
        l2_error(&mut engine, &settings.system.name, end)
    });
    let order = (errors[0] / errors[1]).ln() / (sizes[1] as f64 / sizes[0] as f64).ln();
    println!(
        "{} {cells:?} p = {}: order {order:.2} (errors {:.2e}, {:.2e} on {sizes:?} cells a direction)",
        settings.system.name, settings.order, errors[0], errors[1]
    );
    order
}

fn must_be(order: f64, p: usize, what: &str) {
    assert!((order - (p + 1) as f64).abs() < 0.2, "{what} p = {p}: order {order}");
}

/// Checks the order on periodic meshes of straight elements.
fn converges(system: &str, cells: Cells, orders: impl IntoIterator<Item = usize>, backend: &BackendChoice) {
    for p in orders {
        let mut settings = settings(system, dims(cells), p, "", backend.clone());
        // The wave is a contact, for which HLLC is upwind; see also `rusanov_converges_too`.
        settings.system.riemann = "hllc".into();
        let end = match (system, cells) {
            (_, Cells::Tet) if system.ends_with("diffusion") => 0.05,
            _ => end_of(system),
        };
        let order = order(&settings, cells, end, sizes(cells, p), |n| unit_box(cells, n, true, 0.0));
        must_be(order, p, &format!("{system} {cells:?}"));
    }
}

#[test]
fn a_carried_and_spread_wave_converges_on_quadrilaterals() {
    converges("advection-diffusion", Cells::Quad, 1..=5, &CPU);
}

#[test]
fn a_carried_and_spread_wave_converges_on_triangles() {
    converges("advection-diffusion", Cells::Tri, 1..=5, &CPU);
}

#[test]
fn a_carried_and_spread_wave_converges_on_mixed_meshes() {
    converges("advection-diffusion", Cells::TriQuad, 1..=5, &CPU);
}

#[test]
fn a_carried_and_spread_wave_converges_on_hexahedra() {
    converges("advection-diffusion", Cells::Hex, 1..=5, &CPU);
}

#[test]
fn a_carried_and_spread_wave_converges_on_tetrahedra() {
    converges("advection-diffusion", Cells::Tet, 1..=5, &CPU);
}

#[test]
fn a_density_wave_converges_on_quadrilaterals() {
    converges("euler", Cells::Quad, 1..=5, &CPU);
}

#[test]
fn a_density_wave_converges_on_triangles() {
    converges("euler", Cells::Tri, 1..=5, &CPU);
}

#[test]
fn a_density_wave_converges_on_mixed_meshes() {
    converges("euler", Cells::TriQuad, 1..=5, &CPU);
}

#[test]
fn a_density_wave_converges_on_hexahedra() {
    converges("euler", Cells::Hex, 1..=5, &CPU);
}

#[test]
fn a_density_wave_converges_on_tetrahedra() {
    converges("euler", Cells::Tet, 1..=5, &CPU);
}

#[test]
fn a_burgers_wave_converges() {
    converges("burgers", Cells::Line, 1..=3, &CPU);
    converges("burgers", Cells::Quad, [2, 3], &CPU);
    converges("burgers", Cells::Tri, [2, 3], &CPU);
    converges("burgers", Cells::Hex, [2], &CPU);
}

#[test]
fn a_simple_wave_of_shallow_water_converges() {
    converges("shallow-water", Cells::Line, 1..=4, &CPU);
    converges("shallow-water", Cells::Quad, [2, 3], &CPU);
    converges("shallow-water", Cells::Tri, [2, 3], &CPU);
}

#[test]
fn a_sound_wave_converges() {
    converges("acoustics", Cells::Quad, [2, 3], &CPU);
    converges("acoustics", Cells::Tri, [2, 3], &CPU);
    converges("acoustics", Cells::Hex, [2], &CPU);
    converges("acoustics", Cells::Tet, [2], &CPU);
}

/// Rusanov's flux spreads contacts with the speed of sound; at even orders that delays the last half order.
#[test]
fn rusanov_converges_too() {
    for (cells, p, sizes) in [(Cells::Quad, 2, [24, 32]), (Cells::Quad, 3, [8, 16]), (Cells::Tri, 2, [8, 16])]
    {
        let settings = settings("euler", 2, p, "", CPU);
        let order = order(&settings, cells, 0.5, sizes, |n| unit_box(cells, n, true, 0.0));
        must_be(order, p, &format!("Rusanov {cells:?}"));
    }
}

/// Without a direction LDG is only known to converge with order p at odd p (Arnold, Brezzi, Cockburn, Marini 2002).
#[test]
fn ldg_without_direction_converges() {
    for (cells, p) in [(Cells::Quad, 2), (Cells::Tri, 2), (Cells::Quad, 3), (Cells::Tri, 3)] {
        for system in ["advection-diffusion", "diffusion"] {
            let mut settings = settings(system, 2, p, "", CPU);
            settings.ldg = Ldg { beta: 0.0, tau: 0.1 };
            let order = order(&settings, cells, 0.05, [8, 16], |n| unit_box(cells, n, true, 0.0));
            if p % 2 == 0 {
                must_be(order, p, &format!("beta = 0, {system} {cells:?}"));
            } else {
                assert!(order > p as f64, "beta = 0, {system} {cells:?} p = {p}: order {order}");
            }
        }
    }
}

/// Order and meshes with which the tests below look at one order of each shape.
fn one_order(cells: Cells) -> (usize, [usize; 2]) {
    match cells {
        Cells::Hex => (3, [6, 8]),
        Cells::Tet => (2, [6, 8]),
        _ => (3, [8, 16]),
    }
}

/// Long enough for the errors to leave the state that interpolation put them in.
fn end_of(system: &str) -> f64 {
    if system.ends_with("diffusion") { 0.03 } else { 0.1 }
}

#[test]
fn warped_meshes_converge() {
    for cells in FEW {
        // Straight elements of unlike shape, and curved ones.
        for (system, curve) in [("advection-diffusion", 1), ("euler", 2)] {
            let (p, sizes) = one_order(cells);
            let mut settings = settings(system, dims(cells), p, "", CPU);
            settings.system.riemann = "hllc".into();
            let order = order(&settings, cells, end_of(system), sizes, |n| {
                BoxMesh::new(cells, [n; 3]).periodic([true; 3]).warp(0.04).order(curve).shuffle(3).build()
            });
            must_be(order, p, &format!("{system} on warped {cells:?}"));
        }
    }
}

/// Boundaries that are given the exact solution, on all sides.
fn converges_between_boundaries(system: &str, condition: &str, kinds: &[Cells]) {
    for &cells in kinds {
        let (p, sizes) = one_order(cells);
        let mut settings = settings(system, dims(cells), p, condition, CPU);
        settings.system.riemann = "hllc".into();
        let order = order(&settings, cells, end_of(system), sizes, |n| unit_box(cells, n, false, 0.0));
        must_be(order, p, &format!("{condition}, {system} {cells:?}"));
    }
}

#[test]
fn fixed_values_converge() {
    converges_between_boundaries("advection-diffusion", "fixed-value", &FEW);
    converges_between_boundaries("diffusion", "fixed-value", &FEW);
}

#[test]
fn supersonic_inflow_data_converge() {
    converges_between_boundaries("euler", "sup-in-fa", &FEW);
}

#[test]
fn the_far_field_converges() {
    converges_between_boundaries("euler", "char-riem-inv", &FEW);
}

#[test]
fn given_states_of_the_other_systems_converge() {
    converges_between_boundaries("burgers", "fixed-value", &[Cells::Line, Cells::Tri]);
    converges_between_boundaries("shallow-water", "fixed-state", &[Cells::Line, Cells::Tri]);
    converges_between_boundaries("acoustics", "far-field", &[Cells::Quad, Cells::Tri]);
}

#[test]
fn fixed_fluxes_converge() {
    for cells in FEW {
        for system in ["advection-diffusion", "diffusion"] {
            let (p, sizes) = one_order(cells);
            let mut settings = settings(system, dims(cells), p, "fixed-value", CPU);
            // Where the flow leaves, the value stays given: the whole flux there makes small disturbances grow.
            let inflow = ["left", "bottom", "front"];
            for (side, q) in exact_fluxes(system, dims(cells)) {
                if system == "diffusion" || inflow.contains(&side) {
                    let data = [("q".to_string(), q)].into();
                    settings.boundaries.insert(side.into(), BoundarySpec { kind: "fixed-flux".into(), data });
                }
            }
            let order = order(&settings, cells, end_of(system), sizes, |n| unit_box(cells, n, false, 0.0));
            must_be(order, p, &format!("fixed-flux, {system} {cells:?}"));
        }
    }
}

/// The rate at which the norm of the solution decays between two times.
fn decay(engine: &mut Engine, times: [f64; 2], steps: [usize; 2]) -> f64 {
    let norm =
        |engine: &mut Engine| engine.integrate(16, 1, |_, u, out| out[0] = u[0] * u[0]).unwrap()[0].sqrt();
    advance(engine, times[0], steps[0]);
    let before = norm(engine);
    // Nothing depends on time itself, so it may start from 0 again.
    advance(engine, times[1] - times[0], steps[1]);
    (before / norm(engine)).ln() / (times[1] - times[0])
}

#[test]
fn a_sine_decays_at_the_analytic_rate() {
    for (cells, n) in [(Cells::Quad, 6), (Cells::Tri, 6)] {
        for (periodic, k) in [(true, 2.0 * PI), (false, PI)] {
            let mut settings = settings("diffusion", 2, 6, "fixed-value", CPU);
            for condition in settings.boundaries.values_mut() {
                condition.data = [("u".to_string(), parse("0"))].into();
            }
            let mut engine = engine(&settings, &unit_box(cells, n, periodic, 0.0), &serial());
            engine.set_initial(|x, out| out[0] = (k * x[0]).sin() * (k * x[1]).sin()).unwrap();
            let steps = stable_steps(&settings, cells, n, 0.05);
            let rate = decay(&mut engine, [0.05, 0.1], [steps, steps]);
            let exact = 0.02 * 2.0 * k * k;
            println!("{cells:?} periodic {periodic}: decay rate off by {:.1e}", rate / exact - 1.0);
            assert!((rate / exact - 1.0).abs() < 1e-8, "{cells:?} periodic {periodic}: {rate}, not {exact}");
        }
    }
}

/// Cells along each side of the boxes of uniform flow.
const CELLS_A_SIDE: usize = 3;

fn uniform(system: &str, dims: usize, out: &mut [f64]) {
    let state: &[f64] = match (system, dims) {
        ("euler", 2) => &[1.1, 0.6, -0.3, 0.9],
        ("euler", _) => &[1.1, 0.6, -0.3, 0.2, 0.9],
        ("shallow-water", _) => &[1.1, 0.6, -0.3],
        _ => &[0.7],
    };
    out.copy_from_slice(state);
}

/// Largest deviation from a uniform state.
fn deviation(settings: &Settings, cells: Cells, mesh: &Mesh) -> f64 {
    let mut engine = engine(settings, mesh, &serial());
    let (system, d) = (settings.system.name.clone(), mesh.dims);
    engine.set_initial(|_, out| uniform(&system, d, out)).unwrap();
    let before = engine.solution().unwrap();
    let end = if ["euler", "shallow-water"].contains(&system.as_str()) { 0.02 } else { 0.004 };
    advance(&mut engine, end, stable_steps(settings, cells, CELLS_A_SIDE, end).max(10));
    let after = engine.solution().unwrap();
    difference_of(&before, &after)
}

/// Largest difference; all values here are about 1 or zero.
fn difference_of(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let differ = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs());
    differ.fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) })
}

/// Gives all boundaries the uniform state.
fn surround(settings: &mut Settings, dims: usize) {
    let system = settings.system.name.clone();
    let names: &[&str] = match (system.as_str(), dims) {
        ("euler", 2) => &["rho", "u", "v", "p"],
        ("euler", _) => &["rho", "u", "v", "w", "p"],
        ("shallow-water", _) => &["h", "u", "v"],
        _ => &["u"],
    };
    let mut state = vec![0.0; names.len()];
    uniform(&system, dims, &mut state);
    for spec in settings.boundaries.values_mut() {
        let data = names.iter().zip(&state);
        spec.data = data.map(|(name, x)| (name.to_string(), parse(&x.to_string()))).collect();
    }
}

fn stays_uniform(system: &str, riemann: &str, conditions: &[&str]) {
    let mut worst = 0.0_f64;
    for cells in FEW.into_iter().filter(|&cells| exists(system, dims(cells))) {
        for (p, condition) in (0..=4).flat_map(|p| conditions.iter().map(move |c| (p, c))) {
            let mut settings = settings(system, dims(cells), p, condition, CPU);
            settings.system.riemann = riemann.into();
            surround(&mut settings, dims(cells));
            for curve in [1, 2] {
                let mesh = BoxMesh::new(cells, [CELLS_A_SIDE; 3]).periodic([condition.is_empty(); 3]);
                let mesh = mesh.warp(0.06).order(curve).shuffle(5).build();
                let off = deviation(&settings, cells, &mesh);
                assert!(
                    off < 1e-12,
                    "{system} {riemann} {cells:?} p = {p} '{condition}' curve {curve}: {off:e}"
                );
                worst = worst.max(off);
            }
        }
    }
    println!("uniform state, {system} {riemann}: off by {worst:.1e} at most");
}

#[test]
fn a_uniform_flow_stays_uniform() {
    stays_uniform("euler", "hllc", &["", "sup-in-fa", "char-riem-inv"]);
    stays_uniform("euler", "rusanov", &["", "char-riem-inv"]);
}

#[test]
fn a_uniform_current_stays_uniform() {
    stays_uniform("shallow-water", "hllc", &["", "fixed-state"]);
}

#[test]
fn a_uniform_scalar_stays_uniform() {
    stays_uniform("advection-diffusion", "rusanov", &["", "fixed-value"]);
    stays_uniform("burgers", "", &["", "outflow"]);
}

#[test]
fn a_flow_along_slip_walls_stays_uniform() {
    for cells in FEW {
        for p in 0..=3 {
            let settings = settings("euler", dims(cells), p, "slp-adia-wall", CPU);
            let mesh =
                BoxMesh::new(cells, [CELLS_A_SIDE; 3]).periodic([true, false, false]).warp(0.06).shuffle(5);
            let mut engine = engine(&settings, &mesh.build(), &serial());
            engine
                .set_initial(|_, out| {
                    out.fill(0.0);
                    (out[0], out[1], out[dims(cells) + 1]) = (1.2, 0.8, 0.9);
                })
                .unwrap();
            let before = engine.solution().unwrap();
            advance(&mut engine, 0.02, 10);
            let off = difference_of(&before, &engine.solution().unwrap());
            assert!(off < 1e-12, "{cells:?} p = {p}: {off:e}");
        }
    }
}

/// A wall is a mirror: the flow beside it is half of one that is its own mirror image.
#[test]
fn slip_walls_are_mirrors() {
    let state = |x: [f64; 3], out: &mut [f64]| {
        let across = (PI * x[1]).cos();
        out.copy_from_slice(&[
            1.0 + 0.2 * (2.0 * PI * x[0]).sin() * across,
            0.3 + 0.1 * across,
            0.2 * (PI * x[1]).sin(),
            1.0 + 0.3 * across,
        ]);
    };
    let settings = settings("euler", 2, 3, "slp-adia-wall", CPU);
    let values = |low: f64, rows: usize, periodic: bool| {
        let mesh = BoxMesh::new(Cells::Quad, [4, rows, 1]).extents([0.0, low, 0.0], [1.0; 3]);
        let mut engine = engine(&settings, &mesh.periodic([true, periodic, false]).build(), &serial());
        engine.set_initial(state).unwrap();
        advance(&mut engine, 0.2, 60);
        engine
    };
    let (mut half, mut whole) = (values(0.0, 4, false), values(-1.0, 8, true));
    let integrals = |engine: &mut Engine| {
        // The upper half alone.
        let moments = |x: [f64; 3], u: &[f64], out: &mut [f64]| {
            let inside = if x[1] > 0.0 { 1.0 } else { 0.0 };
            (0..4).for_each(|v| {
                (out[2 * v], out[2 * v + 1]) = (inside * u[v], inside * u[v] * (x[0] + x[1] * x[1]))
            });
        };
        engine.integrate(9, 8, moments).unwrap()
    };
    let (half, whole) = (integrals(&mut half), integrals(&mut whole));
    for (a, b) in half.iter().zip(&whole) {
        assert!((a - b).abs() < 1e-13, "{half:?} beside a wall, {whole:?} beside a mirror image");
    }
}

/// The same orders on a graphics device.
#[cfg(feature = "gpu")]
mod gpu {
    use super::*;

    fn device() -> Option<BackendChoice> {
        let skip = std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1");
        (!skip).then_some(BackendChoice::Gpu(None))
    }

    #[test]
    fn gpu_a_carried_and_spread_wave_converges() {
        let Some(gpu) = device() else { return };
        converges("advection-diffusion", Cells::Quad, [2], &gpu);
        converges("advection-diffusion", Cells::Tri, [3], &gpu);
        converges("advection-diffusion", Cells::Tet, [1], &gpu);
    }

    #[test]
    fn gpu_a_density_wave_converges() {
        let Some(gpu) = device() else { return };
        converges("euler", Cells::Tri, [2], &gpu);
        converges("euler", Cells::Quad, [4], &gpu);
        converges("euler", Cells::Hex, [3], &gpu);
    }
}

/// Curved elements follow a smooth warp with geometry of the solution's order.
#[test]
fn curved_elements_converge_on_every_shape() {
    for cells in SHAPES {
        for p in 1..=4 {
            let mut settings = settings("euler", dims(cells), p, "", CPU);
            settings.system.riemann = "hllc".into();
            let curved = |n| {
                let counts = if cells == Cells::Mixed { [n, 2 * n / 3, n] } else { [n; 3] };
                BoxMesh::new(cells, counts).periodic([true; 3]).order(p).warp(0.03).shuffle(7).build()
            };
            let order = order(&settings, cells, 0.1, sizes(cells, p), curved);
            must_be(order, p, &format!("curved {cells:?}"));
        }
    }
}
