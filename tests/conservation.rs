//! What flows out of one element flows into the next: on a periodic mesh the totals stay what they were.

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::Precision;
use solver::engine::{BackendChoice, Engine, Settings};
use solver::mesh::generate::Cells;

const STEPS: usize = 1000;

/// Integrals of the conserved variables, by a rule that is exact for them on straight elements.
fn totals(engine: &mut Engine) -> Vec<f64> {
    let (degree, count) = (2 * engine.discretisation().order + 3, engine.variables().conserved().len());
    engine.integrate(degree, count, |_, u, out| out.copy_from_slice(u)).unwrap()
}

/// Largest change of a total over [`STEPS`] steps, compared with the integral of the variable's size.
fn drift(settings: &Settings, cells: Cells, warp: f64) -> f64 {
    let mesh = unit_box(cells, if dims(cells) == 2 { 4 } else { 2 }, true, warp);
    let mut engine = engine(settings, &mesh, &serial());
    let names = engine.variables().conserved().len();
    if settings.system.name == "euler" {
        // Sound waves in all directions too, for every flux to matter.
        let dims = mesh.dims;
        engine
            .set_initial(|x, out| {
                exact("euler", dims, x, 0.0, out);
                out[1] += 0.2 * (std::f64::consts::TAU * x[1]).sin();
                out[dims + 1] += 0.3 * (std::f64::consts::TAU * (x[0] - x[1])).cos();
            })
            .unwrap();
    }
    let sizes = engine
        .integrate(9, names, |_, u, out| out.iter_mut().zip(u).for_each(|(o, u)| *o = u.abs()))
        .unwrap();
    let before = totals(&mut engine);
    let dt = 1.0 / stable_steps(settings, cells, 4, 1.0) as f64;
    advance(&mut engine, STEPS as f64 * dt, STEPS);
    let after = totals(&mut engine);
    let changes = before.iter().zip(&after).zip(&sizes).map(|((a, b), size)| (b - a).abs() / size);
    changes.fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) })
}

/// Checks all shapes, straight and warped, in a precision.
fn conserves(system: &str, riemann: &str, precision: Precision, limit: f64) {
    let mut worst = 0.0_f64;
    let all = CELLS.into_iter().filter(|&cells| exists(system, dims(cells)));
    for (cells, warp) in all.flat_map(|cells| [(cells, 0.0), (cells, 0.05)]) {
        let p = if dims(cells) == 2 { 3 } else { 2 };
        let mut settings = settings(system, dims(cells), p, "", BackendChoice::Cpu(None));
        settings.system.riemann = riemann.into();
        settings.precision = precision;
        let drift = drift(&settings, cells, warp);
        println!("{system} {riemann} {precision:?} {cells:?} warp {warp}: drift {drift:.1e}");
        assert!(drift < limit, "{system} {riemann} {precision:?} {cells:?} warp {warp}: {drift:e}");
        worst = worst.max(drift);
    }
    println!("{system} {riemann} {precision:?}: drift {worst:.1e} at most over {STEPS} steps");
}

#[test]
fn rusanov_keeps_mass_momentum_and_energy() {
    conserves("euler", "rusanov", Precision::Double, 1e-12);
}

#[test]
fn hllc_keeps_mass_momentum_and_energy() {
    conserves("euler", "hllc", Precision::Double, 1e-12);
}

#[test]
fn hllc_keeps_the_volume_and_momentum_of_water() {
    conserves("shallow-water", "hllc", Precision::Double, 1e-12);
}

#[test]
fn ldg_keeps_the_amount_of_a_scalar() {
    conserves("advection-diffusion", "rusanov", Precision::Double, 1e-12);
    conserves("diffusion", "rusanov", Precision::Double, 1e-12);
}

#[test]
fn single_precision_keeps_the_totals_to_its_rounding() {
    conserves("euler", "rusanov", Precision::Single, 1e-5);
    conserves("euler", "hllc", Precision::Single, 1e-5);
    conserves("advection-diffusion", "rusanov", Precision::Single, 1e-5);
}
