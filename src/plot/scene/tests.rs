//! Boundaries as they are looked at from outside and from behind.

use super::*;
use crate::engine::{BoundarySpec, Engine, Settings};
use crate::mesh::Mesh;
use crate::mesh::generate::{BoxMesh, Cells, Shell, Structured};
use crate::mesh::local::LocalMesh;
use crate::parallel::serial::Serial;
use crate::physics::SystemSpec;
use crate::physics::expr::Expr;
use crate::plot::field::raster;
use std::sync::Arc;

const PIXELS: (usize, usize) = (160, 160);

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|d| a[d] * b[d]).sum()
}

/// An engine that has the mesh; what it would solve does not matter.
fn engine(mesh: &Mesh) -> Engine {
    let system = SystemSpec::new("diffusion").with("nu", 1.0);
    let mut settings = Settings::new(system, 1);
    for name in &mesh.boundaries {
        let data = [("q".to_string(), Expr::constant(0.0))].into();
        settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-flux".into(), data });
    }
    Engine::new(&settings, LocalMesh::whole(mesh), Arc::new(Serial)).unwrap()
}

fn look(name: &str, (azimuth, elevation): (f64, f64)) -> View {
    View::Boundary { name: name.into(), directions: directions(azimuth, elevation) }
}

/// How much light a place with this normal gets.
fn lit(normal: [f64; 3], [right, up, eye]: [[f64; 3]; 3]) -> f64 {
    let lamp: [f64; 3] = std::array::from_fn(|d| eye[d] - 0.35 * right[d] + 0.45 * up[d]);
    (dot(normal, lamp) / (dot(normal, normal) * dot(lamp, lamp)).sqrt()).max(0.0)
}

/// Spheres and ellipsoids, the latter of elements that are divided differently. Depth and light tell the front from the back.
#[test]
fn every_pixel_of_a_closed_surface_shows_its_front() {
    for (cells, n, stretch) in [
        (Cells::Hex, 6, [1.0; 3]),
        (Cells::Prism, 4, [1.0; 3]),
        (Cells::Hex, 5, [1.0, 0.6, 0.3]),
        (Cells::Prism, 4, [0.5, 0.9, 1.0]),
    ] {
        let domain = Shell { inner: 0.5, outer: 1.0, growth: 1.0, layers: 1 };
        let mesh = Structured::new(domain, cells, [n, n, 1]).order(4);
        let mesh = mesh.map(move |x| std::array::from_fn(|d| stretch[d] * x[d]));
        let space = engine(&mesh.build().unwrap()).space();
        for (name, radius) in [("outer", 1.0), ("inner", 0.5)] {
            for eye in [(-60.0, 30.0), (-45.0, 35.0), (90.0, 90.0)] {
                front(
                    &space,
                    look(name, eye),
                    stretch.map(|s| s * radius),
                    &format!("{cells:?} {stretch:?} {name} {eye:?}"),
                );
            }
        }
    }
}

/// Holds what is seen of an ellipsoid with these half axes against it.
fn front(space: &Space, view: View, axes: [f64; 3], what: &str) {
    let View::Boundary { directions, .. } = view else { unreachable!() };
    let [right, up, eye] = directions;
    let scene = Scene::new(space, view).unwrap();
    let Window { low, high } = scene.bounds;
    // Some room around the outline.
    let middle: [f64; 2] = std::array::from_fn(|d| 0.5 * (low[d] + high[d]));
    let half = 0.53 * (high[0] - low[0]).max(high[1] - low[1]);
    let window = Window { low: middle.map(|x| x - half), high: middle.map(|x| x + half) };
    let pixel = 2.0 * half / PIXELS.0 as f64;
    // Where the line of sight through a point enters the ellipsoid and leaves it, or a negative number.
    let scaled = |x: [f64; 3]| -> [f64; 3] { std::array::from_fn(|d| x[d] / axes[d]) };
    let through = |u: f64, v: f64| {
        let start = scaled(std::array::from_fn(|d| u * right[d] + v * up[d]));
        let along = scaled(eye);
        let (a, b) = (dot(along, along), dot(start, along));
        let inside = b * b - a * (dot(start, start) - 1.0);
        (-b / a, inside.max(0.0).sqrt() / a, inside)
    };
    let shown = scene.show(window, PIXELS);
    let data: Vec<Vec<f64>> =
        space.discretisation.blocks.iter().map(|b| vec![0.0; b.len() * b.points_per_element()]).collect();
    let depth = raster(space, &shown, PIXELS, &data, |x, _| dot(x, eye));
    for (i, found) in depth.values.iter().enumerate() {
        let (x, y) = ((i % PIXELS.0) as f64 + 0.5, (i / PIXELS.0) as f64 + 0.5);
        let (u, v) = (window.low[0] + x * pixel, window.high[1] - y * pixel);
        let length = u.hypot(v).max(1e-9);
        let moved = |pixels: f64| {
            let share = 1.0 + pixels * pixel / length;
            through(share * u, share * v).2
        };
        if length > pixel {
            assert!(found.is_some() || moved(0.3) < 0.0, "{what}: hole at {x} {y}");
            assert!(found.is_none() || moved(-0.8) > 0.0, "{what}: beyond the outline at {x} {y}");
        }
        let Some(found) = found else { continue };
        // A place not far aside, on the front.
        let around = (0..8).map(|k| f64::from(k).to_radians() * 45.0).map(|angle| {
            let (middle, half, _) = through(u + 0.6 * pixel * angle.cos(), v + 0.6 * pixel * angle.sin());
            middle + half
        });
        let (middle, half, _) = through(u, v);
        let (low, high) = around.fold((middle + half, middle + half), |(a, b), w| (a.min(w), b.max(w)));
        // Triangles of a curved face turn a little beyond its outline.
        let slack = if half > 6.0 * pixel { pixel } else { 8.0 * pixel };
        assert!(
            (low - slack..=high + slack).contains(found),
            "{what}: {found}, not {low} to {high} at {x} {y}"
        );
    }
    for shown in &shown {
        assert!(shown.reference.iter().all(|r| (-1.0 - 1e-9..=1.0 + 1e-9).contains(r)), "{what}");
        for ((place, light), i) in shown.places.iter().zip(&shown.light).zip(&shown.pixels) {
            let (x, y) = ((*i as usize % PIXELS.0) as f64 + 0.5, (*i as usize / PIXELS.0) as f64 + 0.5);
            let aside = (dot(*place, right) - window.low[0]) / pixel - x;
            let above = (window.high[1] - dot(*place, up)) / pixel - y;
            assert!(aside.hypot(above) < 0.5, "{what}: {aside} {above} from {x} {y}");
            let expected = lit(scaled(scaled(*place)), directions);
            assert!(
                (f64::from(*light) - expected).abs() < 0.05,
                "{what}: {light}, not {expected} at {x} {y}"
            );
        }
    }
}

#[test]
fn a_wall_seen_from_behind_has_the_light_of_one_seen_from_outside() {
    let mesh = BoxMesh::new(Cells::Tet, [2; 3]).build();
    let space = engine(&mesh).space();
    let right = mesh.boundaries.iter().find(|b| *b == "right").unwrap();
    for eye in [(0.0, 0.0), (180.0, 0.0), (40.0, 20.0), (140.0, -20.0)] {
        let scene = Scene::new(&space, look(right, eye)).unwrap();
        let seen = directions(eye.0, eye.1);
        let expected = lit([seen[2][0].signum(), 0.0, 0.0], seen);
        let shown = scene.show(scene.bounds, (60, 60));
        let light: Vec<f32> = shown.iter().flat_map(|s| s.light.iter().copied()).collect();
        assert!(light.len() > 1500, "{eye:?}");
        assert!(light.iter().all(|l| (f64::from(*l) - expected).abs() < 1e-6), "{eye:?} {}", light[0]);
        assert!(expected > 0.4);
    }
}
