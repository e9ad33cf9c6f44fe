use super::*;
use crate::engine::{BoundarySpec, Settings};
use crate::mesh::Mesh;
use crate::mesh::generate::{Annulus, BoxMesh, Cells, Structured};
use crate::mesh::local::{LocalBlock, cut};
use crate::parallel::serial::Serial;
use crate::parallel::{Communicator, threads};
use crate::physics::SystemSpec;
use crate::physics::expr::Expr;
use std::sync::Arc;

fn engine(mesh: &Mesh, order: usize, comm: Arc<dyn Communicator>) -> Engine {
    let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), order);
    for name in &mesh.boundaries {
        let data = [("q".to_string(), Expr::constant(0.0))].into();
        settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-flux".into(), data });
    }
    let part: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % comm.size()) as u32).collect();
    Engine::new(&settings, cut(mesh, &part, comm.rank()), comm).unwrap()
}

/// Numbers that look random, from 0 to 1.
fn scatter(n: usize) -> f64 {
    (0.754877666 * (n + 1) as f64 + 0.569840291 * ((n * n) % 97) as f64).fract()
}

/// Points inside, on faces, edges and corners, of every element: the images of points of the reference element.
fn images(block: &LocalBlock, of: usize) -> Vec<(u32, [f64; 3])> {
    let (shape, order) = (block.shape, block.order);
    let vertices = shape.vertices();
    let mut reference: Vec<Vec<f64>> = vertices.iter().map(|v| v.to_vec()).collect();
    for face in shape.faces() {
        let mean = |d: usize| {
            face.vertices.iter().map(|&v| vertices[v][d]).sum::<f64>() / face.vertices.len() as f64
        };
        reference.push((0..3).map(mean).collect());
        let (a, b) = (vertices[face.vertices[0]], vertices[face.vertices[face.vertices.len() - 1]]);
        reference.push((0..3).map(|d| 0.3 * a[d] + 0.7 * b[d]).collect());
    }
    for i in 0..of {
        let weights: Vec<f64> = (0..vertices.len()).map(|v| 0.02 + scatter(i * 8 + v)).collect();
        let sum: f64 = weights.iter().sum();
        let mean = |d: usize| vertices.iter().zip(&weights).map(|(v, w)| v[d] * w / sum).sum();
        reference.push((0..3).map(mean).collect());
    }
    let to = Array2::from_shape_fn((reference.len(), shape.dims()), |(i, d)| reference[i][d]);
    let matrix = basis::interpolation(shape, order, &lattice::nodes(shape, order), &to);
    let k = shape.points(order);
    let image = |nodes: &[[f64; 3]], i: usize| -> [f64; 3] {
        std::array::from_fn(|d| nodes.iter().zip(matrix.row(i)).map(|(x, w)| x[d] * w).sum())
    };
    let elements = block.ids.iter().zip(block.nodes.chunks_exact(k));
    elements.flat_map(|(id, nodes)| (0..reference.len()).map(move |i| (*id, image(nodes, i)))).collect()
}

fn meshes() -> Vec<(Mesh, usize)> {
    let mut meshes = vec![];
    for (cells, n) in [
        (Cells::Line, [5, 1, 1]),
        (Cells::TriQuad, [3, 3, 1]),
        (Cells::Hex, [2, 2, 2]),
        (Cells::Prism, [2, 2, 2]),
        (Cells::HexPyramidTet, [3, 2, 2]),
        (Cells::Mixed, [3, 2, 3]),
    ] {
        meshes.push((BoxMesh::new(cells, n).shuffle(3).build(), 3));
        for order in if n[2] > 1 { 2..=2 } else { 2..=4 } {
            meshes.push((BoxMesh::new(cells, n).order(order).warp(0.05).shuffle(3).build(), order));
        }
    }
    meshes
}

#[test]
fn points_are_found_in_the_lowest_element_that_holds_them_and_polynomials_come_back_to_rounding() {
    for (mesh, order) in meshes() {
        let mut engine = engine(&mesh, order, Arc::new(Serial));
        let dims = engine.discretisation().dims;
        let points: Vec<(u32, [f64; 3])> = engine.mesh().blocks.iter().flat_map(|b| images(b, 3)).collect();
        let all: Vec<[f64; 3]> = points.iter().map(|p| p.1).collect();
        // Linear in space: in the polynomials of a curved element of the same order, too.
        let exact = |x: &[f64; 3]| 0.5 + x[0] - 2.0 * x[1] + 0.25 * x[2];
        engine.set_initial(|x, out| out[0] = exact(&x)).unwrap();
        let probes = engine.probes(&all).unwrap();
        let mut seen = vec![0; all.len()];
        for (point, place) in probes.places() {
            seen[point] += 1;
            assert!(place.element <= points[point].0, "{dims} {:?} {place:?}", points[point]);
            // What was made inside an element is in no other.
            let block = engine.mesh().blocks.iter().find(|b| b.ids.contains(&place.element)).unwrap();
            if excess(block.shape, &place.reference) < -1e-6 {
                assert_eq!(place.element, points[point].0);
            }
        }
        assert!(seen.iter().all(|n| *n == 1));
        let mut worst = [0.0_f64; 2];
        let slopes = [1.0, -2.0, 0.25];
        let visit = |values: ProbeValues| {
            worst[0] = worst[0].max((values.conserved[0] - exact(&all[values.point])).abs());
            assert_eq!(values.gradient.len(), dims);
            for (found, exact) in values.gradient.iter().zip(slopes) {
                worst[1] = worst[1].max((found - exact).abs());
            }
        };
        engine.probe(0.0, &probes, true, visit).unwrap();
        assert!(worst[0] < 1e-12, "{dims} {order} {worst:?}");
        // Gradients of curved pyramids leave the space of the solution.
        let pyramids = engine.mesh().blocks.iter().any(|b| b.shape == Shape::Pyramid && b.order > 1);
        assert!(worst[1] < if pyramids { 0.1 } else { 1e-9 }, "{dims} {order} {worst:?}");
    }
}

#[test]
fn higher_polynomials_come_back_to_rounding_on_straight_elements() {
    for (cells, n) in [
        (Cells::Line, [3, 1, 1]),
        (Cells::TriQuad, [2, 2, 1]),
        (Cells::Prism, [1, 2, 2]),
        (Cells::HexPyramidTet, [3, 2, 2]),
    ] {
        let mesh = BoxMesh::new(cells, n).build();
        let mut engine = engine(&mesh, 4, Arc::new(Serial));
        let all: Vec<[f64; 3]> =
            engine.mesh().blocks.iter().flat_map(|b| images(b, 4)).map(|p| p.1).collect();
        let exact = |x: &[f64; 3]| (x[0] - 0.5 * x[1] + 0.3).powi(3) + x[2].powi(4) - x[1];
        engine.set_initial(|x, out| out[0] = exact(&x)).unwrap();
        let probes = engine.probes(&all).unwrap();
        let visit = |values: ProbeValues| {
            let error = (values.conserved[0] - exact(&all[values.point])).abs();
            assert!(error < 1e-12 && values.gradient.is_empty(), "{cells:?} {error}");
        };
        engine.probe(0.0, &probes, false, visit).unwrap();
    }
}

#[test]
fn rings_of_few_elements_of_high_order_hold_the_points_between_their_circles() {
    for order in 2..=5 {
        let ring = Annulus { inner: 0.5, outer: 1.0, length: 1.0, growth: 1.0, layers: 1, periodic: false };
        let mesh = Structured::new(ring, Cells::Quad, [1, 6, 1]).order(order).build().unwrap();
        let engine = engine(&mesh, 1, Arc::new(Serial));
        let points = |radii: [f64; 2]| -> Vec<[f64; 3]> {
            (0..200)
                .map(|i| {
                    let (s, c) = (std::f64::consts::TAU * scatter(i)).sin_cos();
                    let r = radii[0] + (radii[1] - radii[0]) * scatter(i + 1000);
                    [r * c, r * s, 0.0]
                })
                .collect()
        };
        // Elements of order 2 follow the circles to some thousandths.
        assert!(engine.probes(&points([0.51, 0.98])).is_ok(), "{order}");
        let outside = engine.probes(&points([1.02, 1.1])).unwrap_err();
        assert_eq!((outside.count, outside.total, outside.first.len()), (200, 200, 5));
        assert!(engine.probes(&points([0.0, 0.48])).is_err_and(|e| e.count == 200));
    }
}

#[test]
fn points_outside_are_named() {
    let mesh = BoxMesh::new(Cells::Quad, [2, 2, 1]).build();
    let engine = engine(&mesh, 1, Arc::new(Serial));
    let error = engine.probes(&[[0.5, 0.5, 0.0], [0.5, 1.25, 0.0], [f64::NAN, 0.0, 0.0]]).unwrap_err();
    let text =
        "2 of 3 points are outside of the mesh: (0.5, 1.25), (NaN, 0); move them into it, or leave them out";
    assert_eq!(error.to_string(), text);
    assert_eq!(engine.probes(&[]).unwrap().places().count(), 0);
}

#[test]
fn ranks_agree_on_the_elements_of_points() {
    let mesh = BoxMesh::new(Cells::TriQuad, [4, 4, 1]).order(2).warp(0.05).shuffle(1).build();
    let places = |ranks: usize| {
        let found = threads::run(ranks, |comm| {
            let engine = engine(&mesh, 2, comm);
            let points: Vec<[f64; 3]> =
                (0..60).map(|i| [(i % 9) as f64 / 8.0, (i / 9) as f64 / 8.0, 0.0]).collect();
            engine.probes(&points).unwrap().places().collect::<Vec<_>>()
        });
        let mut all: Vec<(usize, Place)> = found.into_iter().flatten().collect();
        all.sort_by_key(|p| p.0);
        all
    };
    let one = places(1);
    assert_eq!(one.len(), 60);
    assert!([2, 3].into_iter().all(|ranks| places(ranks) == one));
}
