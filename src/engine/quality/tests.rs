use super::*;
use crate::element::{Shape, lattice};
use crate::mesh::generate::{BoxMesh, Cells};
use std::f64::consts::PI;

const CELLS: [Cells; 5] = [Cells::Tri, Cells::Quad, Cells::TriQuad, Cells::Tet, Cells::Hex];

fn at_order(mesh: &Mesh, order: usize) -> Quality {
    measure(mesh, order, &PointSets::default(), &|_, _, _| ()).unwrap()
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

/// A single element with these nodes, walls all round.
fn single(cells: Cells, nodes: &[[f64; 3]]) -> Mesh {
    let mut mesh = BoxMesh::new(cells, [1; 3]).build();
    assert_eq!(mesh.nodes.len(), nodes.len());
    mesh.nodes.copy_from_slice(nodes);
    mesh
}

/// A single element of any shape and geometry order: the image of its reference element, each face a boundary.
fn image(shape: Shape, order: usize, map: impl Fn([f64; 3]) -> [f64; 3]) -> Mesh {
    let nodes = lattice::nodes(shape, order);
    let links = (0..shape.faces().len() as u16).map(Link::Boundary).collect();
    Mesh {
        uuid: "image".into(),
        dims: shape.dims(),
        nodes: nodes
            .rows()
            .into_iter()
            .map(|r| map(std::array::from_fn(|d| r.get(d).copied().unwrap_or(0.0))))
            .collect(),
        blocks: vec![ElementBlock { shape, order, nodes: (0..nodes.nrows() as u32).collect(), links }],
        boundaries: (0..shape.faces().len()).map(|f| format!("face{f}")).collect(),
        partitionings: Default::default(),
    }
}

/// Moves every node.
fn mapped(mut mesh: Mesh, map: impl Fn([f64; 3]) -> [f64; 3]) -> Mesh {
    mesh.nodes.iter_mut().for_each(|x| *x = map(*x));
    mesh
}

#[test]
fn a_unit_box_of_any_cells_has_unit_volume_and_sides_and_is_closed() {
    for cells in CELLS {
        for (order, warp) in [(1, 0.0), (2, 0.0), (1, 0.04), (3, 0.04)] {
            let mesh = BoxMesh::new(cells, [3, 4, 2]).order(order).warp(warp).shuffle(5).build();
            let quality = at_order(&mesh, 3);
            let what = format!("{cells:?} of order {order} warped by {warp}");
            assert_eq!(quality.measures.len(), mesh.len());
            assert!(near(quality.volume, 1.0, 1e-14), "{what}: {}", quality.volume);
            assert_eq!((quality.low, quality.high[..mesh.dims].to_vec()), ([0.0; 3], vec![1.0; mesh.dims]));
            assert_eq!(quality.boundaries.len(), 2 * mesh.dims);
            let flat = mesh.dims == 2 || warp == 0.0 || order == 1;
            for side in quality.boundaries {
                assert!(near(side.area, 1.0, if flat { 1e-14 } else { 1e-13 }), "{what}: {side:?}");
            }
            assert!(quality.closure.iter().all(|x| x.abs() < 1e-14), "{what}: {:?}", quality.closure);
            for m in quality.measures {
                let exact = warp == 0.0 || (order == 1 && matches!(cells, Cells::Tri | Cells::Tet));
                assert!(if exact { near(m.jacobian, 1.0, 1e-13) } else { m.jacobian > 0.1 }, "{what}: {m:?}");
            }
        }
    }
}

#[test]
fn elements_of_equal_edges_are_ideal_in_every_shape_and_order() {
    let (h, third, up) = (3f64.sqrt() / 2.0, 3f64.sqrt() / 6.0, (2f64 / 3.0).sqrt());
    for shape in Shape::ALL {
        // The element with all edges 2 long, its volume and the areas of its faces.
        let (volume, areas): (f64, &[f64]) = match shape {
            Shape::Line => (2.0, &[1.0; 2]),
            Shape::Tri => (2.0 * h, &[2.0; 3]),
            Shape::Quad => (4.0, &[2.0; 4]),
            Shape::Tet => (8.0 / 72f64.sqrt(), &[2.0 * h; 4]),
            Shape::Hex => (8.0, &[4.0; 6]),
            Shape::Prism => (4.0 * h, &[2.0 * h, 2.0 * h, 4.0, 4.0, 4.0]),
            Shape::Pyramid => (4.0 * 2f64.sqrt() / 3.0, &[4.0, 2.0 * h, 2.0 * h, 2.0 * h, 2.0 * h]),
            Shape::Point => unreachable!("no element"),
        };
        for order in 1..=4 {
            let quality = at_order(
                &image(shape, order, |[x, y, z]| match shape {
                    Shape::Tri | Shape::Prism => [x + 0.5 * y, h * y, z],
                    Shape::Tet => [x + 0.5 * y + 0.5 * z, h * y + third * z, up * z],
                    Shape::Pyramid => [x, y, z / 2f64.sqrt()],
                    _ => [x, y, z],
                }),
                3,
            );
            let what = format!("{} of order {order}", shape.name());
            let m = quality.measures[0];
            assert!(near(m.jacobian, 1.0, 1e-13) && near(m.aspect, 1.0, 1e-6), "{what}: {m:?}");
            assert!(near(quality.volume / volume, 1.0, 1e-13), "{what}: {}", quality.volume);
            for (boundary, area) in quality.boundaries.iter().zip(areas) {
                assert!(near(boundary.area / area, 1.0, 1e-13), "{what}: {boundary:?}, not {area}");
            }
            assert!(quality.closure.iter().all(|x| x.abs() < 1e-13), "{what}: {:?}", quality.closure);
            assert_eq!(quality.affine, u64::from(order == 1));
        }
    }
}

#[test]
fn curved_elements_of_every_shape_are_closed_and_have_the_volume_of_their_map() {
    for shape in Shape::ALL {
        for order in 1..=3 {
            // A shear that grows along x keeps volumes in two and three dimensions whatever its size; of degree `order`.
            let bend = |[x, y, z]: [f64; 3]| match shape.dims() {
                1 => [x + 0.2 * (x * x - 1.0) * f64::from(order > 1), 0.0, 0.0],
                2 => [x, y + 0.3 * x.powi(order as i32), 0.0],
                _ => [x, y + 0.3 * x.powi(order as i32), z - 0.2 * x.powi(order as i32)],
            };
            let quality = at_order(&image(shape, order, bend), 4);
            let what = format!("{} of order {order}", shape.name());
            assert!(near(quality.volume, shape.volume(), 1e-13), "{what}: {}", quality.volume);
            assert!(quality.closure.iter().all(|x| x.abs() < 1e-13), "{what}: {:?}", quality.closure);
            let m = quality.measures[0];
            assert!(
                m.jacobian > 0.1 && (shape == Shape::Line || order > 1 && m.aspect > 1.1 || order == 1),
                "{what}: {m:?}"
            );
        }
    }
}

#[test]
fn affine_elements_are_counted_and_curved_ones_are_not_among_them() {
    for (cells, warp, order, affine) in [
        (Cells::Hex, 0.0, 1, 27),
        (Cells::Quad, 0.05, 1, 0),
        (Cells::Tri, 0.05, 1, 18),
        (Cells::Tri, 0.0, 2, 0),
    ] {
        // Cells of the shear are affine without being right-angled.
        let mesh = mapped(BoxMesh::new(cells, [3; 3]).warp(warp).order(order).build(), |[x, y, z]| {
            [x + 0.4 * y + 0.3 * z, y - 0.2 * z, z]
        });
        assert_eq!(at_order(&mesh, 2).affine, affine, "{cells:?} {warp} {order}");
        let straight = mesh.blocks.iter().filter(|b| b.order == 1);
        let alone: u64 = straight.map(|b| super::affine(b.shape, &b.nodes, &mesh.nodes)).sum();
        assert_eq!(alone, affine);
    }
}

#[test]
fn a_stretched_box_has_the_aspect_ratio_of_its_cells() {
    for cells in [Cells::Quad, Cells::Hex] {
        let flat = BoxMesh::new(cells, [2, 5, 4]).extents([0.0; 3], [3000.0, 1.0, 2.0]).build();
        for m in at_order(&flat, 3).measures {
            assert!(near(m.aspect, 7500.0, 1e-8) && near(m.stretching, 1.0, 1e-14), "{cells:?}: {m:?}");
        }
    }
    // Triangles of equal edges, and the regular tetrahedra are the ideal ones, whichever vertex comes first.
    let h = 3f64.sqrt() / 2.0;
    for seed in 0..4 {
        let equal = BoxMesh::new(Cells::Tri, [3, 3, 1]).shuffle(seed).build();
        // The cell's diagonal runs from (1, 0) to (0, 1).
        for m in at_order(&mapped(equal, |[x, y, _]| [x + 0.5 * y, h * y, 0.0]), 4).measures {
            assert!(near(m.aspect, 1.0, 1e-7) && near(m.jacobian, 1.0, 1e-15), "{seed}: {m:?}");
        }
        // Half a square: the ideal triangle stretched by the square root of 3 across its axis.
        for m in at_order(&BoxMesh::new(Cells::Tri, [3, 3, 1]).shuffle(seed).build(), 4).measures {
            assert!(near(m.aspect, 3f64.sqrt(), 1e-14), "{seed}: {m:?}");
        }
        // Kuhn's tetrahedra: edges 1, 1, 1, and the diagonals. Largest and smallest singular value by hand from the
        // Gram matrix of the map are the same for all six and for any first vertex.
        let tets = at_order(&BoxMesh::new(Cells::Tet, [2; 3]).shuffle(seed).build(), 4).measures;
        assert!(tets.iter().all(|m| near(m.aspect, tets[0].aspect, 1e-13) && m.aspect > 1.5));
    }
}

#[test]
fn sheared_and_tapered_quadrilaterals_follow_the_formulas() {
    for shear in [0.1f64, 1.0, 30.0] {
        let mesh = mapped(BoxMesh::new(Cells::Quad, [2, 2, 1]).build(), |[x, y, _]| [x + shear * y, y, 0.0]);
        // Singular values a and 1/a of [[1, s], [0, 1]]: a^2 + 1/a^2 = 2 + s^2.
        let a = 0.5 * (shear + (shear * shear + 4.0).sqrt());
        for m in at_order(&mesh, 3).measures {
            assert!(near(m.aspect / (a * a), 1.0, 1e-13) && m.jacobian == 1.0, "{shear}: {m:?}");
        }
    }
    // A trapezium whose parallel sides are 2 and 1 long: the Jacobian goes along with their distance, from 2 to 1, and the
    // ends are flux points of every order.
    let tapered = single(Cells::Quad, &[[0.0; 3], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]);
    for order in 0..5 {
        let quality = at_order(&tapered, order);
        assert!(near(quality.measures[0].jacobian, 0.5, 1e-15) && near(quality.volume, 1.5, 1e-15));
        let slanted = quality.boundaries.iter().find(|b| b.name == "right").unwrap();
        assert!(near(slanted.area, 2f64.sqrt(), 1e-15) && slanted.faces == 1);
    }
}

#[test]
fn stretching_compares_neighbours_across_shapes_and_periodic_sides() {
    // Widths 1, 1, 3 (after the map), then back around to the first.
    let wide = |[x, y, z]: [f64; 3]| [if x > 0.7 { 5.0 } else { 3.0 * x }, y, z];
    for (periodic, first) in [(false, 1.0), (true, 3.0)] {
        let mesh = BoxMesh::new(Cells::Quad, [3, 1, 1]).periodic([periodic, false, false]).build();
        let mesh = mapped(mesh, wide);
        let quality = at_order(&mesh, 2);
        for (id, m) in quality.measures.iter().enumerate() {
            let wanted = if mesh.centroid(id)[0] < 1.0 { first } else { 3.0 };
            assert!(near(m.stretching, wanted, 1e-14), "{m:?}");
        }
        assert!(quality.closure.iter().all(|x| x.abs() < 1e-15));
    }
    // Halves of squares beside squares are no jump.
    for m in at_order(&BoxMesh::new(Cells::TriQuad, [4, 4, 1]).build(), 2).measures {
        assert!(near(m.stretching, 1.0, 1e-14));
    }
}

#[test]
fn area_and_arcs_of_an_annulus_converge_with_the_order_of_the_geometry() {
    let mut last = [1.0; 2];
    for order in 1..=4 {
        let mesh = BoxMesh::new(Cells::TriQuad, [2, 4, 1]).order(order).build();
        let quality = at_order(
            &mapped(mesh, |[x, y, _]| {
                let angle = 0.5 * PI * (1.0 - y);
                [(1.0 + x) * angle.sin(), (1.0 + x) * angle.cos(), 0.0].map(|x| x + 0.0)
            }),
            3,
        );
        // Inside out as a whole, since the angle falls with y: the area comes out negative in an imported mesh.
        let area = quality.volume.abs();
        let arc = quality.boundaries.iter().find(|b| b.name == "right").unwrap().area;
        let errors = [(area - 0.75 * PI).abs(), (arc - PI).abs()];
        for (error, last) in errors.iter().zip(last) {
            // Orders 2 q and 2 q + 1 have the same power of the cell's size.
            assert!(*error < 0.2 * last, "order {order}: {errors:?} after {last:?}");
        }
        last = errors;
    }
    assert!(last.iter().all(|e| *e < 1e-6));
}

#[test]
fn a_tangled_element_is_found_and_the_rest_is_measured() {
    for (cells, order) in [(Cells::Quad, 1), (Cells::Hex, 1), (Cells::Quad, 3), (Cells::Tet, 2)] {
        let mut mesh = BoxMesh::new(cells, [4; 3]).order(order).build();
        let good = at_order(&mesh, 3);
        // Pulls an inner vertex along the diagonal, far beyond the others of its element.
        let low: [f64; 3] = std::array::from_fn(|d| if d < mesh.dims { 0.25 } else { 0.0 });
        let vertex = mesh.nodes.iter().position(|x| *x == low).unwrap();
        let touched = |e: &usize| {
            let (b, i) = mesh.locate(*e);
            mesh.blocks[b].element(i).contains(&(vertex as u32))
        };
        let all: Vec<usize> = (0..mesh.len()).filter(touched).collect();
        let beyond: [f64; 3] = std::array::from_fn(|d| if d < mesh.dims { 0.65 } else { 0.0 });
        mesh.nodes[vertex] = beyond;
        let quality = at_order(&mesh, 3);
        let thresholds = Thresholds::default();
        let counts = quality.counts(&thresholds);
        assert!(counts.tangled > 0 && counts.tangled <= all.len() as u64, "{cells:?}: {counts:?}");
        let worst = quality.worst(mesh.len(), &thresholds);
        for (i, &e) in worst.iter().enumerate() {
            let tangled = quality.measures[e].tangled();
            assert_eq!(tangled, i < counts.tangled as usize, "the tangled ones come first");
            assert!(!tangled || all.contains(&e), "{cells:?}: element {e} was not touched");
            assert_eq!(tangled, thresholds.faults(&quality.measures[e]).contains(&Fault::Tangled));
            if !all.contains(&e) {
                assert_eq!(quality.measures[e].jacobian, good.measures[e].jacobian);
            }
        }
        assert_eq!(quality.worst(2, &thresholds), worst[..2]);
        // Only what is inside has moved.
        assert!(near(quality.volume, 1.0, 1e-13), "{}", quality.volume);
        for (now, then) in quality.boundaries.iter().zip(&good.boundaries) {
            assert!(now.name == then.name && near(now.area, then.area, 1e-13), "{}: {}", now.name, now.area);
        }
        assert!(quality.closure.iter().all(|x| x.abs() < 1e-14));
    }
}

#[test]
fn flat_elements_and_absurd_coordinates_are_bad_and_do_no_harm() {
    let flat = single(Cells::Quad, &[[0.0; 3], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [3.0, 0.0, 0.0]]);
    let quality = at_order(&flat, 3);
    let m = quality.measures[0];
    assert!(m.tangled() && m.aspect == f64::INFINITY && quality.volume == 0.0, "{m:?}");
    let point = single(Cells::Quad, &[[1.0, 1.0, 0.0]; 4]);
    assert!(at_order(&point, 3).measures[0].tangled());
    let huge = single(Cells::Quad, &[[0.0; 3], [1e300, 0.0, 0.0], [0.0, 1e300, 0.0], [1e300, 2e300, 0.0]]);
    assert!(at_order(&huge, 3).measures[0].tangled());
}

#[test]
fn meshes_without_connection_are_measured_either_way_round() {
    let mut mesh = BoxMesh::new(Cells::Quad, [3, 3, 1]).warp(0.05).build();
    let connected = at_order(&mesh, 3);
    for block in &mut mesh.blocks {
        block.links.clear();
        // The second element is listed inside out.
        block.nodes[4..8].swap(1, 2);
    }
    let quality = at_order(&mesh, 3);
    for (a, b) in quality.measures.iter().zip(&connected.measures) {
        assert!(
            near(a.jacobian, b.jacobian, 1e-14) && near(a.volume, b.volume, 1e-15) && a.stretching == 1.0
        );
    }
    assert!(near(quality.volume, 1.0, 1e-15) && quality.boundaries.iter().all(|b| b.faces == 0));
}

#[test]
fn the_result_does_not_depend_on_threads_and_progress_counts_every_element() {
    let mesh = BoxMesh::new(Cells::Tri, [40, 40, 1]).warp(0.05).build();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let most = std::sync::atomic::AtomicU64::new(0);
        let watch = |_: &str, done: u64, all: u64| {
            assert_eq!(all, mesh.len() as u64);
            most.fetch_max(done, Ordering::Relaxed);
        };
        let quality = pool.install(|| measure(&mesh, 2, &PointSets::default(), &watch)).unwrap();
        assert_eq!(most.into_inner(), mesh.len() as u64);
        quality
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn histograms_put_values_between_their_edges() {
    let values = [-1.0, f64::NAN, 0.0, 0.5, 0.99, 1.0, 7.0, f64::INFINITY];
    assert_eq!(histogram(values.into_iter(), &[0.0, 0.5, 1.0]), [2, 1, 2, 3]);
    assert_eq!(histogram([].into_iter(), &[1.0]), [0, 0]);
}
