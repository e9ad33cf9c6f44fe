//! A square cavity whose lid moves along itself, at the Reynolds number 100: velocities on the centre lines against those
//! of U. Ghia, K. N. Ghia and C. T. Shin, J. Comput. Phys. 48 (1982) 387-411.
//!
//! `configs/cavity.ini` is the same flow on a finer mesh, run for longer.

use super::*;
use ndarray::Array2;

/// Tables I and II: velocity (`u` on the vertical line, `v` on the horizontal one), place on the line, value.
const TABLE: &str = include_str!("../fixtures/cavity/ghia-100.txt");

/// Component of the velocity (0 or 1), place, value.
fn table() -> Vec<(usize, f64, f64)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        (usize::from(words[0] == "v"), words[1].parse().unwrap(), words[2].parse().unwrap())
    };
    lines.map(entry).collect()
}

/// Walls of one temperature, the upper one moving with velocity 1; density 1, Mach number 0.1 of the lid.
fn cavity(order: usize) -> (Settings, f64) {
    let (gamma, mach) = (1.4, 0.1);
    let p = 1.0 / (gamma * mach * mach);
    let system = SystemSpec::new("navier-stokes").with("gamma", gamma).with("Pr", 0.72).with("mu", 0.01);
    let mut settings = Settings::new(system.riemann("rusanov"), order);
    for side in ["left", "right", "bottom", "top"] {
        let lid = if side == "top" { 1.0 } else { 0.0 };
        let data = [("cpTw", gamma / (gamma - 1.0) * p), ("u", lid)];
        let data = data.map(|(key, x)| (key.into(), parse(&x.to_string()))).into();
        settings.boundaries.insert(side.into(), BoundarySpec { kind: "no-slp-isot-wall".into(), data });
    }
    (settings, p)
}

/// The velocity where the table has it, on a regular grid of `n` by `n` squares; the mean of the elements on both sides.
fn velocities(engine: &mut Engine, n: usize, table: &[(usize, f64, f64)]) -> Vec<f64> {
    // Seen from an element: the place along the line, and the line on one of its sides.
    let along = |at: f64| 2.0 * (at * n as f64 - (at * n as f64).floor().min(n as f64 - 1.0)) - 1.0;
    let mut points = vec![];
    for side in [-1.0, 1.0] {
        for &(component, at, _) in table {
            points.extend(if component == 0 { [side, along(at)] } else { [along(at), side] });
        }
    }
    let points = Array2::from_shape_vec((2 * table.len(), 2), points).unwrap();
    let mut found = vec![vec![]; table.len()];
    let solution = engine.solution().unwrap();
    engine.sample(
        &solution,
        |_, _| (points.clone(), vec![]),
        |sample| {
            for (i, x) in sample.coordinates.iter().enumerate() {
                let (component, at, _) = table[i % table.len()];
                if (x[component] - 0.5).abs() < 1e-9 && (x[1 - component] - at).abs() < 1e-9 {
                    found[i % table.len()].push(sample.values[[1 + component, i]] / sample.values[[0, i]]);
                }
            }
        },
    );
    found.iter().map(|values| values.iter().sum::<f64>() / values.len() as f64).collect()
}

#[test]
fn a_driven_cavity_flows_as_published() {
    let (n, end, table) = (6, 10.0, table());
    let (settings, p) = cavity(3);
    let mesh = BoxMesh::new(Cells::Quad, [n, n, 1]).build();
    let at_rest = move |_: [f64; 3], _: f64, out: &mut [f64]| out.copy_from_slice(&[1.0, 0.0, 0.0, p]);
    let (mut engine, dt) = start(&settings, &mesh, &at_rest);
    advance(&mut engine, end, (end / (0.9 * dt)).ceil() as usize);
    let velocities = velocities(&mut engine, n, &table);
    let mut worst = [0.0f64; 2];
    for (&(component, at, published), found) in table.iter().zip(&velocities) {
        println!("{} at {at:.4}: {found:8.5}, published {published:8.5}", ["u", "v"][component]);
        worst[component] = worst[component].max((found - published).abs());
    }
    println!("cavity at t = {end}, {n} x {n}: velocities off by {worst:?} at most");
    assert!(worst.iter().all(|w| *w < 0.02), "off by {worst:?}");
}
