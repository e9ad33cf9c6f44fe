use super::*;
use crate::element::{Shape, basis, lattice, quadrature};
use crate::mesh::raw::{RawBlock, RawMesh};
use crate::mesh::{Link, gmsh, silent};
use ndarray::{Array2, ArrayView1};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::f64::consts::PI;

/// What integration over a mesh gives, and which of its faces meet.
#[derive(Debug, Default)]
struct Report {
    volume: f64,
    least_jacobian: f64,
    areas: BTreeMap<String, f64>,
    /// Shape of the face, shapes of the elements on either side.
    pairs: BTreeSet<(Shape, Shape, Shape)>,
    shapes: BTreeMap<Shape, usize>,
}

/// Shape of a face, its vertices in order, and the shape of the element whose face it is; none for one on a side.
type FaceUse = (Shape, Vec<u32>, Option<Shape>);

/// Nodes of a shape and order on each of its faces: those in the plane of the face.
fn face_nodes(shape: Shape, order: usize) -> Vec<Vec<usize>> {
    let at = lattice::nodes(shape, order);
    let on = |face: &crate::element::shape::Face| {
        let v = shape.vertices()[face.vertices[0]];
        let off =
            |x: ArrayView1<f64>| (0..x.len()).map(|d| (x[d] - v[d]) * face.normal[d]).sum::<f64>().abs();
        (0..at.nrows()).filter(|n| off(at.row(*n)) < 1e-12).collect()
    };
    shape.faces().iter().map(on).collect()
}

/// Calls `f` with the weight, the tangents along the reference axes, at the points of a rule that is exact for Jacobians.
fn integrate(raw: &RawMesh, block: &RawBlock, mut f: impl FnMut(usize, f64, &[[f64; 3]])) {
    let (shape, order) = (block.shape, block.order);
    if shape == Shape::Point {
        (0..block.groups.len()).for_each(|e| f(e, 1.0, &[]));
        return;
    }
    let (points, weights) = quadrature::rule(shape, shape.dims() * order);
    let d = basis::differentiation(shape, order, &lattice::nodes(shape, order), &points);
    for (e, nodes) in block.nodes.chunks(shape.points(order)).enumerate() {
        let x = Array2::from_shape_fn((nodes.len(), 3), |(n, k)| raw.nodes[nodes[n] as usize][k]);
        let tangents: Vec<Array2<f64>> = d.iter().map(|d| d.dot(&x)).collect();
        for (i, weight) in weights.iter().enumerate() {
            let at: Vec<[f64; 3]> = tangents.iter().map(|t| std::array::from_fn(|k| t[[i, k]])).collect();
            f(e, *weight, &at);
        }
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|d| a[(d + 1) % 3] * b[(d + 2) % 3] - a[(d + 2) % 3] * b[(d + 1) % 3])
}

/// Signed measure of a volume element, absolute one of a face.
fn measure(t: &[[f64; 3]], signed: bool) -> f64 {
    let length = |x: [f64; 3]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    match (t, signed) {
        ([], _) => 1.0,
        ([a], true) => a[0],
        ([a], false) => length(*a),
        ([a, b], true) => cross(*a, *b)[2],
        ([a, b], false) => length(cross(*a, *b)),
        ([a, b, c], _) => (0..3).map(|d| cross(*a, *b)[d] * c[d]).sum(),
        _ => unreachable!(),
    }
}

/// Integrates, and checks that every face is shared by two elements or is one of a side, with all its nodes.
fn examine(mesh: &Structured) -> Report {
    let raw = mesh.raw().unwrap();
    let totals = mesh.totals().unwrap();
    let mut report = Report { least_jacobian: f64::MAX, ..Report::default() };
    let mut faces: HashMap<Vec<u32>, Vec<FaceUse>> = HashMap::new();
    for block in &raw.blocks {
        let volume = block.shape.dims() == mesh.dims();
        integrate(&raw, block, |e, weight, tangents| {
            let m = measure(tangents, volume);
            if volume {
                report.volume += weight * m;
                report.least_jacobian = report.least_jacobian.min(m);
            } else {
                let name = &raw.groups[block.groups[e] as usize].name;
                *report.areas.entry(name.clone()).or_default() += weight * m;
            }
        });
        let on = face_nodes(block.shape, block.order);
        let corners = crate::mesh::vertex_nodes(block.shape, block.order);
        for nodes in block.nodes.chunks(block.shape.points(block.order)) {
            let mut use_face = |of: Shape, mut all: Vec<u32>, ring: Vec<u32>, owner| {
                all.sort_unstable();
                faces.entry(all).or_default().push((of, ring, owner));
            };
            if !volume {
                // The ring of a quadrilateral is 0 1 3 2.
                let mut ring: Vec<u32> = corners.iter().map(|&c| nodes[c]).collect();
                if ring.len() == 4 {
                    ring.swap(2, 3);
                }
                use_face(block.shape, nodes.to_vec(), ring, None);
                continue;
            }
            *report.shapes.entry(block.shape).or_default() += 1;
            for (face, on) in block.shape.faces().iter().zip(&on) {
                let ring = face.vertices.iter().map(|&v| nodes[corners[v]]).collect();
                use_face(face.shape, on.iter().map(|&n| nodes[n]).collect(), ring, Some(block.shape));
            }
        }
    }
    let mut sides = 0;
    for (key, uses) in &faces {
        let [(of, ours, a), (_, theirs, b)] = &uses[..] else {
            panic!("{mesh:?}: {} uses of {key:?}", uses.len())
        };
        match (a, b) {
            (Some(a), Some(b)) => {
                let rotation = crate::mesh::rotation_between(ours, theirs);
                assert!(rotation.is_some() || ours.len() == 1, "{ours:?} {theirs:?}");
                report.pairs.insert((*of, *a.min(b), *a.max(b)));
            }
            (Some(_), None) | (None, Some(_)) => sides += 1,
            (None, None) => panic!("a face without element"),
        }
    }
    assert_eq!(sides, totals.faces);
    assert_eq!(raw.nodes.len() as u64, totals.nodes);
    let counts: Vec<_> = report.shapes.iter().map(|(s, n)| (*s, *n as u64)).collect();
    assert_eq!(counts, totals.elements);
    let used: BTreeSet<u32> = raw.blocks.iter().flat_map(|b| b.nodes.iter().copied()).collect();
    assert_eq!(used.len(), raw.nodes.len(), "no node is left over");
    report
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs()
}

/// Counts with which every mixture shows all it has.
const COUNTS: [usize; 3] = [4, 3, 4];

const LOW: [f64; 3] = [-1.0, 0.5, 2.0];
const HIGH: [f64; 3] = [1.0, 2.0, 5.0];

fn cuboid(cells: Cells, counts: [usize; 3], periodic: [bool; 3]) -> Structured {
    Structured::new(Cuboid { low: LOW, high: HIGH, periodic }, cells, counts)
}

/// Volume of the box in `dims` dimensions, and areas of its sides across each axis.
fn sizes(dims: usize) -> (f64, [f64; 3]) {
    let along = |d: usize| if d < dims { HIGH[d] - LOW[d] } else { 1.0 };
    let volume = (0..3).map(along).product::<f64>();
    (volume, std::array::from_fn(|d| volume / along(d)))
}

#[test]
fn boxes_of_all_cells_and_orders_conform_and_have_their_volume_and_sides() {
    for cells in Cells::ALL {
        let (volume, areas) = sizes(cells.dims());
        for order in 1..=4 {
            for (counts, warp) in [(COUNTS, 0.0), (COUNTS, 0.06), ([2, 3, 2], 0.03)] {
                let mesh = cuboid(cells, counts, [false; 3]).order(order).warp(warp).shuffle(order as u64);
                assert!(warp == 0.0 || warp == mesh.most_warp());
                let report = examine(&mesh);
                assert!(close(report.volume, volume, 1e-12), "{cells:?} {order} {warp} {}", report.volume);
                assert!(report.least_jacobian > 0.0, "{cells:?} {order} {warp} {}", report.least_jacobian);
                assert_eq!(report.areas.len(), 2 * cells.dims());
                for (side, name) in SIDES.iter().enumerate().take(2 * cells.dims()) {
                    assert!(close(report.areas[*name], areas[side / 2], 1e-12), "{cells:?} {name}");
                }
                assert!(report.shapes.keys().eq(cells.shapes()), "{cells:?} {:?}", report.shapes);
            }
        }
    }
}

#[test]
fn periodic_waves_keep_volume_and_move_both_sides_of_a_pair_alike() {
    for cells in Cells::ALL {
        let dims = cells.dims();
        for (order, periodic) in [(1, [true; 3]), (2, [true, false, true]), (4, [true; 3])] {
            // Odd counts: the patterns do not fit the period.
            for counts in [[4, 4, 3], [5, 3, 5]] {
                let mesh = cuboid(cells, counts, periodic).order(order).wave(0.06);
                let report = examine(&mesh);
                assert!(report.least_jacobian > 0.0, "{cells:?} {order} {}", report.least_jacobian);
                let all = (0..dims).all(|d| periodic[d]);
                assert!(!all || close(report.volume, sizes(dims).0, 1e-12), "{cells:?} {}", report.volume);
                let raw = mesh.raw().unwrap();
                for d in (0..dims).filter(|d| periodic[*d]) {
                    let name = |end: &str| format!("periodic_{}_{end}", ["x", "y", "z"][d]);
                    let (low, high) = (patch(&raw, &name("l")), patch(&raw, &name("r")));
                    let moved = low.iter().map(|face| {
                        let lift = |mut x: [i64; 3]| {
                            x[d] += ((HIGH[d] - LOW[d]) * GRAIN) as i64;
                            x
                        };
                        face.iter().map(|x| lift(*x)).collect()
                    });
                    assert_eq!(moved.collect::<BTreeSet<_>>(), high, "{cells:?} {order} {d}");
                    assert!(
                        dims == 1 || high.iter().any(|f| f.iter().any(|x| x[d] != (HIGH[d] * GRAIN) as i64))
                    );
                }
            }
        }
    }
}

/// Points are compared after rounding to one part in this number.
const GRAIN: f64 = 1048576.0;

/// The nodes of each face of a group, rounded.
fn patch(raw: &RawMesh, name: &str) -> BTreeSet<BTreeSet<[i64; 3]>> {
    let group = raw.groups.iter().position(|g| g.name == name).unwrap() as u32;
    let mut faces = BTreeSet::new();
    for block in &raw.blocks {
        let of_group = block.nodes.chunks(block.shape.points(block.order)).zip(&block.groups);
        for (nodes, _) in of_group.filter(|face| *face.1 == group) {
            let round = |n: &u32| raw.nodes[*n as usize].map(|x| (x * GRAIN).round() as i64);
            faces.insert(nodes.iter().map(round).collect());
        }
    }
    faces
}

#[test]
fn the_largest_warp_keeps_fine_elements_positive() {
    // Those that bear least, at the orders that follow the warp least.
    for cells in [Cells::Tri, Cells::TriQuad, Cells::Tet, Cells::Prism, Cells::PyramidTet, Cells::Mixed] {
        for order in 1..=2 {
            let mesh = cuboid(cells, [8, 8, 8], [true; 3]).order(order).wave(MAX_WARP);
            assert_eq!(mesh.most_warp(), MAX_WARP);
            let least = examine(&mesh).least_jacobian;
            assert!(least > 0.0, "{cells:?} {order} {least}");
        }
    }
}

#[test]
fn mixtures_make_every_pair_of_shapes_meet_that_can() {
    use Shape::{Hex, Prism, Pyramid, Quad, Tet, Tri};
    let pairs = |cells, periodic| examine(&cuboid(cells, [6, 4, 6], periodic)).pairs;
    let mut expected = BTreeSet::new();
    for (face, shapes) in [(Quad, [Hex, Prism, Pyramid]), (Tri, [Tet, Prism, Pyramid])] {
        for (i, a) in shapes.into_iter().enumerate() {
            expected.extend(shapes[i..].iter().map(|b| (face, a.min(*b), a.max(*b))));
        }
    }
    assert_eq!(pairs(Cells::Mixed, [false; 3]), expected);
    assert_eq!(pairs(Cells::Mixed, [true; 3]), expected);
    let meet = |cells, pair| assert!(pairs(cells, [false; 3]).contains(&pair), "{cells:?} {pair:?}");
    meet(Cells::HexPrism, (Quad, Hex, Prism));
    meet(Cells::HexPyramid, (Quad, Hex, Pyramid));
    meet(Cells::HexPyramidTet, (Quad, Hex, Pyramid));
    meet(Cells::HexPyramidTet, (Tri, Tet, Pyramid));
    meet(Cells::PrismTet, (Tri, Tet, Prism));
    meet(Cells::PrismPyramid, (Quad, Prism, Pyramid));
    meet(Cells::PyramidTet, (Tri, Tet, Pyramid));
}

#[test]
fn cells_are_divided_into_as_many_elements_as_documented() {
    let [nx, ny, nz] = [4, 2, 6];
    let n = nx * ny * nz;
    for (cells, expected) in [
        (Cells::Line, vec![(Shape::Line, nx)]),
        (Cells::Tri, vec![(Shape::Tri, 2 * nx * ny)]),
        (Cells::Quad, vec![(Shape::Quad, nx * ny)]),
        (Cells::TriQuad, vec![(Shape::Tri, nx * ny), (Shape::Quad, nx * ny / 2)]),
        (Cells::Tet, vec![(Shape::Tet, 6 * n)]),
        (Cells::Hex, vec![(Shape::Hex, n)]),
        (Cells::Prism, vec![(Shape::Prism, 2 * n)]),
        (Cells::Pyramid, vec![(Shape::Pyramid, 6 * n)]),
        (Cells::HexPrism, vec![(Shape::Hex, n / 2), (Shape::Prism, n)]),
        (Cells::HexPyramid, vec![(Shape::Hex, n / 2), (Shape::Pyramid, 3 * n)]),
        (Cells::HexPyramidTet, vec![(Shape::Tet, 4 * n), (Shape::Hex, n / 2), (Shape::Pyramid, n)]),
        (Cells::PrismTet, vec![(Shape::Tet, 3 * n), (Shape::Prism, n)]),
        (Cells::PrismPyramid, vec![(Shape::Prism, n), (Shape::Pyramid, 3 * n)]),
        (Cells::PyramidTet, vec![(Shape::Tet, 8 * n), (Shape::Pyramid, 2 * n)]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(s, n)| (s, n as u64)).collect();
        let totals = cuboid(cells, [nx, ny, nz], [true; 3]).totals().unwrap();
        assert_eq!(totals.elements, expected, "{cells:?}");
    }
}

#[test]
fn the_least_counts_of_a_mixture_suffice_and_fewer_are_refused() {
    for cells in Cells::ALL {
        for periodic in [[false; 3], [true; 3]] {
            let totals = cuboid(cells, cells.least(), periodic).totals().unwrap();
            assert!(totals.elements.iter().map(|e| e.0).eq(cells.shapes().iter().copied()), "{cells:?}");
        }
        if cells.least() != [1; 3] {
            let refused = cuboid(cells, [1; 3], [false; 3]).totals().unwrap_err();
            assert!(matches!(refused, GenerateError::TooFew { .. }), "{refused}");
        }
    }
}

fn ring(cells: Cells, counts: [usize; 3], periodic: bool) -> Structured {
    let domain = Annulus { inner: 0.5, outer: 1.5, length: 2.0, growth: 1.3, layers: counts[0], periodic };
    Structured::new(domain, cells, counts)
}

#[test]
fn rings_and_pipes_are_round_closed_and_named() {
    let area = PI * (1.5 * 1.5 - 0.5 * 0.5);
    for cells in Cells::ALL.into_iter().filter(|c| c.dims() > 1) {
        let length = if cells.dims() == 3 { 2.0 } else { 1.0 };
        for (order, tolerance) in [(1, 0.03), (2, 2e-4), (3, 1e-4), (4, 5e-7)] {
            let report = examine(&ring(cells, [3, 16, 4], false).order(order));
            assert!(
                close(report.volume, area * length, tolerance),
                "{cells:?} {order} {}",
                report.volume / area
            );
            assert!(report.least_jacobian > 0.0, "{cells:?} {order}");
            assert!(close(report.areas["inner"], PI * length, tolerance));
            assert!(close(report.areas["outer"], 3.0 * PI * length, tolerance));
            if cells.dims() == 3 {
                assert!(close(report.areas["front"], area, tolerance));
                assert!(close(report.areas["back"], area, tolerance));
            }
            assert_eq!(report.areas.len(), 2 * cells.dims() - 2);
            let bent = examine(&ring(cells, [4, 15, 4], true).order(order).wave(0.03).shuffle(1));
            assert!(bent.least_jacobian > 0.0, "{cells:?} {order} {}", bent.least_jacobian);
            assert!(
                close(bent.volume, area * length, 2.0 * tolerance),
                "{cells:?} {order} {}",
                bent.volume / area
            );
            assert!(cells.dims() == 2 || bent.areas.contains_key("periodic_z_l"));
        }
    }
    // Straight edges: polygons.
    let polygons = 8.0 * (2.0 * PI / 16.0).sin() * (1.5 * 1.5 - 0.5 * 0.5);
    assert!(close(examine(&ring(Cells::Tri, [3, 16, 1], false)).volume, polygons, 1e-12));
}

fn cylinder(cells: Cells, counts: [usize; 3]) -> Structured {
    let (low, high) = ([-3.0, -2.0, 0.0], [6.0, 2.5, 1.5]);
    let domain = Cylinder { radius: 0.5, low, high, growth: 1.2, layers: counts[0], periodic: false };
    Structured::new(domain, cells, counts)
}

#[test]
fn cylinders_fill_their_box_but_for_the_cylinder() {
    for cells in Cells::ALL.into_iter().filter(|c| c.dims() > 1) {
        let depth = if cells.dims() == 3 { 1.5 } else { 1.0 };
        for (order, tolerance) in [(1, 1e-2), (2, 1e-5), (3, 1e-5), (4, 1e-7)] {
            let report = examine(&cylinder(cells, [5, 16, 3]).order(order).shuffle(2));
            let volume = (9.0 * 4.5 - PI * 0.25) * depth;
            assert!(close(report.volume, volume, tolerance), "{cells:?} {order} {}", report.volume / volume);
            assert!(report.least_jacobian > 0.0, "{cells:?} {order}");
            for (name, length) in [("left", 4.5), ("right", 4.5), ("bottom", 9.0), ("top", 9.0)] {
                assert!(close(report.areas[name], length * depth, 1e-12), "{cells:?} {name}");
            }
            assert!(close(report.areas["wall"], PI * depth, 3.0 * tolerance), "{}", report.areas["wall"]);
        }
    }
}

fn shell(cells: Cells, counts: [usize; 3]) -> Structured {
    let domain = Shell { inner: 0.5, outer: 1.0, growth: 1.1, layers: counts[2] };
    Structured::new(domain, cells, counts)
}

#[test]
fn shells_close_around_the_origin() {
    let kinds =
        [Cells::Hex, Cells::Prism, Cells::Pyramid, Cells::HexPrism, Cells::HexPyramid, Cells::PrismPyramid];
    for cells in kinds {
        for (order, tolerance) in [(1, 0.12), (2, 5e-3), (3, 1e-3), (4, 5e-5)] {
            for mesh in [shell(cells, [4, 4, 3]), shell(cells, [5, 5, 3]).warp(0.03).shuffle(9)] {
                let report = examine(&mesh.order(order));
                let volume = 4.0 / 3.0 * PI * (1.0 - 0.125);
                assert!(
                    close(report.volume, volume, tolerance),
                    "{cells:?} {order} {}",
                    report.volume / volume
                );
                assert!(report.least_jacobian > 0.0, "{cells:?} {order}");
                assert!(close(report.areas["inner"], PI, tolerance));
                assert!(close(report.areas["outer"], 4.0 * PI, tolerance));
            }
        }
    }
    assert_eq!(examine(&shell(Cells::Hex, [1, 1, 1])).shapes[&Shape::Hex], 6);
}

#[test]
fn maps_of_ones_own_move_every_node() {
    let shear = |x: [f64; 3]| [x[0] + 0.3 * x[1] + x[2], 2.0 * x[1], x[2] + 0.1 * x[0]];
    let mesh = cuboid(Cells::Mixed, COUNTS, [false; 3]).order(2).map(shear);
    // Determinant of the shear: 2 (1 - 0.1).
    assert!(close(examine(&mesh).volume, 9.0 * 1.8, 1e-12));
    // Whatever it makes of z, a plane stays one.
    let raw = cuboid(Cells::Quad, [2, 2, 1], [false; 3]).map(|[x, y, _]| [x, y, 7.0]).raw().unwrap();
    assert!(raw.nodes.iter().all(|x| x[2] == 0.0));
}

#[test]
fn huge_and_empty_meshes_are_refused_before_anything_is_allocated() {
    let refused = |mesh: Structured| mesh.raw().unwrap_err();
    let many = |mesh| matches!(refused(mesh), GenerateError::TooMany { .. });
    for cells in Cells::ALL {
        assert!(many(cuboid(cells, [usize::MAX; 3], [false; 3])), "{cells:?}");
        assert!(many(cuboid(cells, [1 << 32, 3, 3], [true; 3])), "{cells:?}");
        let counts: [usize; 3] =
            std::array::from_fn(|d| if d < cells.dims() { 1 << (31 / cells.dims()) } else { 1 });
        assert!(many(cuboid(cells, counts, [false; 3]).order(10)), "{cells:?}");
        assert!(matches!(refused(cuboid(cells, [0, 1, 1], [false; 3])), GenerateError::NoCells(_)));
        assert!(matches!(refused(cuboid(cells, COUNTS, [false; 3]).order(0)), GenerateError::Order(0)));
        assert!(matches!(refused(cuboid(cells, COUNTS, [false; 3]).order(11)), GenerateError::Order(11)));
    }
    assert!(many(shell(Cells::Hex, [1 << 40, 1 << 40, 1])));
}

#[test]
fn nonsense_is_refused_with_what_to_do() {
    let says = |mesh: Structured, text: &str| {
        let error = mesh.totals().unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    says(cuboid(Cells::Mixed, [2, 2, 1], [false; 3]), "needs at least [2, 2, 2] cells");
    says(cuboid(Cells::Hex, COUNTS, [false; 3]).warp(0.2), "warp 0.2: at most 0.1 either way");
    says(cuboid(Cells::Hex, COUNTS, [false; 3]).warp(f64::NAN), "warp NaN");
    let flat = Cuboid { high: [1.0, 0.0, 1.0], ..Cuboid::default() };
    says(
        Structured::new(flat, Cells::Quad, [2, 2, 1]),
        "upper y 0: it must be a number larger than the lower one, 0",
    );
    says(ring(Cells::Quad, [2, 2, 1], false), "2 cells around: a ring needs at least 3");
    says(ring(Cells::Line, [2, 5, 1], false), "cannot be made of line elements");
    says(cylinder(Cells::Quad, [4, 18, 1]), "a multiple of 4");
    assert_eq!(cylinder(Cells::Quad, [9, 16, 1]).most_warp(), 0.0);
    says(shell(Cells::Tet, [2, 2, 2]), "choose from hex, pri");
    says(shell(Cells::Hex, [2, 3, 2]), "number of cells 3: it must be 2");
    let inside_out = Annulus { inner: 2.0, outer: 1.0, length: 1.0, growth: 1.0, layers: 1, periodic: false };
    says(Structured::new(inside_out, Cells::Quad, [2, 8, 1]), "larger than the inner radius 2");
    let tight = Cylinder {
        radius: 1.0,
        low: [-1.0, -3.0, 0.0],
        high: [3.0, 3.0, 1.0],
        growth: 1.0,
        layers: 2,
        periodic: false,
    };
    says(Structured::new(tight, Cells::Quad, [2, 8, 1]), "no room between them");
}

/// The mesh as a file and back.
fn through_a_file(mesh: &Structured) -> RawMesh {
    let mut text = Vec::new();
    let totals = mesh.write_msh(&mut text, &silent).unwrap();
    assert_eq!(totals, mesh.totals().unwrap());
    gmsh::read_bytes("test.msh", &text).unwrap()
}

#[test]
fn files_of_all_cells_and_orders_are_read_back_to_the_last_bit() {
    for cells in Cells::ALL {
        for order in 1..=4 {
            for periodic in [[false; 3], [true, false, true]] {
                let mesh = cuboid(cells, [3, 2, 3], periodic).order(order).wave(0.03).shuffle(5);
                let raw = mesh.raw().unwrap();
                assert_eq!(through_a_file(&mesh), raw, "{cells:?} {order}");
                // The writer of whole meshes goes block by block, which is where the reader puts them.
                let mut text = Vec::new();
                gmsh::write(&raw, &mut text).unwrap();
                assert_eq!(gmsh::read_bytes("test.msh", &text).unwrap(), raw, "{cells:?} {order}");
            }
        }
    }
    let refused = cuboid(Cells::Tet, COUNTS, [false; 3]).order(5).write_msh(Vec::new(), &silent).unwrap_err();
    assert!(refused.to_string().contains("writes no tri elements of geometry order 5"), "{refused}");
}

#[test]
fn files_of_all_regions_are_read_back_to_the_last_bit() {
    for mesh in [
        ring(Cells::TriQuad, [3, 9, 1], false),
        ring(Cells::Mixed, [3, 9, 2], true),
        cylinder(Cells::Quad, [3, 12, 1]),
        cylinder(Cells::Prism, [3, 12, 2]),
        shell(Cells::PrismPyramid, [3, 3, 2]),
    ] {
        for order in [1, 3] {
            let mesh = mesh.clone().order(order);
            assert_eq!(through_a_file(&mesh), mesh.raw().unwrap());
        }
    }
}

#[test]
fn connecting_finds_every_neighbour_and_every_boundary() {
    for cells in Cells::ALL {
        for order in [1, 3] {
            for periodic in [[false; 3], [true; 3]] {
                let mesh = cuboid(cells, [3, 3, 3], periodic).order(order).wave(0.06).shuffle(3);
                let connected = mesh.build().unwrap();
                connected.validate().unwrap();
                assert_eq!(connected.nodes.len() as u64, mesh.totals().unwrap().nodes);
                let sides = if periodic[0] { 0 } else { 2 * cells.dims() };
                assert_eq!(connected.boundaries.len(), sides, "{cells:?} {order}");
                let open = connected.elements().flat_map(|e| e.1).filter(|l| matches!(l, Link::Boundary(_)));
                let expected = if periodic[0] { 0 } else { mesh.totals().unwrap().faces };
                assert_eq!(open.count() as u64, expected, "{cells:?} {order}");
            }
        }
    }
    for mesh in [
        ring(Cells::Mixed, [3, 9, 2], true),
        cylinder(Cells::HexPrism, [4, 12, 2]),
        shell(Cells::Pyramid, [3, 3, 2]),
        shell(Cells::HexPrism, [3, 3, 2]),
    ] {
        mesh.clone().build().unwrap().validate().unwrap();
        mesh.order(2).shuffle(3).build().unwrap().validate().unwrap();
    }
}
