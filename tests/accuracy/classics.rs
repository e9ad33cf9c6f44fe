//! Classical exact solutions between boundaries: a travelling Burgers wave, the break of a dam, sound in a box and out of it.

use super::*;

fn conditions(settings: &mut Settings, of: impl Fn(&str) -> (&'static str, Vec<(&'static str, String)>)) {
    for (side, spec) in settings.boundaries.iter_mut() {
        let (kind, data) = of(side);
        let data = data.into_iter().map(|(key, text)| (key.to_string(), parse(&text))).collect();
        *spec = BoundarySpec { kind: kind.into(), data };
    }
}

/// Order of accuracy of the first variable from two meshes of a unit box.
fn order_of(
    settings: &Settings,
    cells: Cells,
    sizes: [usize; 2],
    end: f64,
    exact: impl Fn([f64; 3], f64, &mut [f64]) + Sync,
) -> f64 {
    let errors = sizes.map(|n| {
        let mut engine = engine(settings, &unit_box(cells, n, false, 0.0), &serial());
        engine.set_initial(|x, out| exact(x, 0.0, out)).unwrap();
        advance(&mut engine, end, stable_steps(settings, cells, n, end));
        engine.error(2 * settings.order + 5, |x, out| exact(x, end, out)).unwrap()[0]
    });
    let order = (errors[0] / errors[1]).ln() / (sizes[1] as f64 / sizes[0] as f64).ln();
    println!("{} {cells:?}: order {order:.2} from errors {errors:?}", settings.system.name);
    order
}

/// `u = 0.5 - 0.4 tanh(0.4 (x - 0.5 - 0.5 t) / (2 nu))`: a shock that viscosity keeps as wide as it is.
#[test]
fn a_viscous_shock_travels_as_it_is() {
    let wave = |x: f64, t: f64| 0.5 - 0.4 * (0.4 * (x - 0.4 - 0.5 * t) / 0.04).tanh();
    let mut settings = settings("burgers", 1, 3, "fixed-value", CPU);
    let text = "0.5 - 0.4*tanh(10*(x - 0.4 - 0.5*t))".to_string();
    conditions(&mut settings, |_| ("fixed-value", vec![("u", text.clone())]));
    let order = order_of(&settings, Cells::Line, [24, 48], 0.3, |x, t, out| out[0] = wave(x[0], t));
    must_be(order, 3, "viscous shock");
}

/// Depth and velocity on the ray `s = x / t` of Stoker's dam break from depth `hl` to `hr`, water at rest on both sides.
fn stoker(g: f64, hl: f64, hr: f64, s: f64) -> [f64; 2] {
    let c = |h: f64| (g * h).sqrt();
    // Between: the velocity behind the rarefaction is that behind the shock.
    let behind = |h: f64| 2.0 * (c(hl) - c(h));
    let (mut low, mut high) = (hr, hl);
    for _ in 0..100 {
        let h = 0.5 * (low + high);
        let shock = (h - hr) * (0.5 * g * (h + hr) / (h * hr)).sqrt();
        if behind(h) > shock { low = h } else { high = h }
    }
    let (h, u) = (low, behind(low));
    match s {
        s if s < -c(hl) => [hl, 0.0],
        s if s < u - c(h) => [(2.0 * c(hl) - s).powi(2) / (9.0 * g), 2.0 / 3.0 * (c(hl) + s)],
        s if s < u * h / (h - hr) => [h, u],
        _ => [hr, 0.0],
    }
}

#[test]
fn a_dam_breaks_as_stoker_says() {
    for riemann in ["rusanov", "hll", "hllc"] {
        let end = 0.15;
        let errors = [100, 400].map(|n| {
            let mut settings = settings("shallow-water", 1, 0, "outflow", CPU);
            settings.system.riemann = riemann.into();
            let mut engine = engine(&settings, &unit_box(Cells::Line, n, false, 0.0), &serial());
            let at = |x: f64, t: f64| {
                if t == 0.0 {
                    [if x < 0.5 { 1.5 } else { 0.5 }, 0.0]
                } else {
                    stoker(2.0, 1.5, 0.5, (x - 0.5) / t)
                }
            };
            engine.set_initial(|x, out| out.copy_from_slice(&at(x[0], 0.0))).unwrap();
            advance(&mut engine, end, n / 2);
            let sizes = engine.integrate(3, 2, |x, u, out| {
                let [h, v] = at(x[0], end);
                out.copy_from_slice(&[(u[0] - h).abs(), (u[1] - h * v).abs()]);
            });
            sizes.unwrap()
        });
        println!("dam break, {riemann}: mean errors {errors:?}");
        for v in 0..2 {
            // Monotone schemes of first order: between h^(1/2) and h at discontinuities.
            let order = (errors[0][v] / errors[1][v]).log(4.0);
            assert!(errors[1][v] < 2e-2 && order > 0.6, "{riemann}, variable {v}: {errors:?}, order {order}");
        }
    }
}

/// Pressure `cos(pi x) sin(pi y) cos(w t)`: walls left and right, open ends at bottom and top.
#[test]
fn sound_stands_in_a_box() {
    let mut settings = settings("acoustics", 2, 3, "wall", CPU);
    conditions(&mut settings, |side| match side {
        "left" | "right" => ("wall", vec![]),
        _ => ("fixed-pressure", vec![("p", "0".into())]),
    });
    let (rho, omega) = (1.2, 1.5 * 2f64.sqrt() * PI);
    let exact = |x: [f64; 3], t: f64, out: &mut [f64]| {
        let ((sx, cx), (sy, cy)) = ((PI * x[0]).sin_cos(), (PI * x[1]).sin_cos());
        let amplitude = PI / (rho * omega) * (omega * t).sin();
        out.copy_from_slice(&[cx * sy * (omega * t).cos(), amplitude * sx * sy, -amplitude * cx * cy]);
    };
    for cells in [Cells::Quad, Cells::Tri] {
        let order = order_of(&settings, cells, [8, 12], 0.3, exact);
        must_be(order, 3, &format!("standing sound, {cells:?}"));
    }
}

/// A pulse that runs against the far field leaves nothing behind.
#[test]
fn sound_leaves_through_the_far_field() {
    let mut settings = settings("acoustics", 2, 4, "far-field", CPU);
    conditions(&mut settings, |side| match side {
        "left" | "right" => ("far-field", vec![]),
        _ => ("wall", vec![]),
    });
    let mut engine = engine(&settings, &unit_box(Cells::Quad, 12, false, 0.0), &serial());
    let pulse = |x: [f64; 3], out: &mut [f64]| {
        out.fill(0.0);
        out[0] = (-100.0 * (x[0] - 0.5).powi(2)).exp();
    };
    engine.set_initial(pulse).unwrap();
    let largest = |engine: &mut Engine| {
        engine.solution().unwrap().iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()))
    };
    let before = largest(&mut engine);
    advance(&mut engine, 1.0, stable_steps(&settings, Cells::Quad, 12, 1.0));
    let after = largest(&mut engine);
    println!("a pulse of {before:.2} leaves {after:.1e}");
    assert!(before > 0.9 && after < 1e-6, "{before} before, {after:e} after");
}
