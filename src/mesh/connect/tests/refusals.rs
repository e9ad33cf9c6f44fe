//! Meshes that must be refused, and what is said about them.

use super::shapes::Heap;
use super::*;
use crate::element::Shape;
use crate::mesh::raw::{Group, RawBlock};

/// A raw mesh with one block of volume elements first, boundaries removed where `keep` says no.
fn without(mut raw: RawMesh, names: &[&str]) -> RawMesh {
    let groups = raw.groups.clone();
    for block in &mut raw.blocks {
        let per = block.shape.points(block.order);
        let keep: Vec<usize> = (0..block.numbers.len())
            .filter(|&e| !names.contains(&groups[block.groups[e] as usize].name.as_str()))
            .collect();
        block.nodes = keep.iter().flat_map(|&e| block.nodes[e * per..(e + 1) * per].to_vec()).collect();
        block.groups = keep.iter().map(|&e| block.groups[e]).collect();
        block.numbers = keep.iter().map(|&e| block.numbers.get(e)).collect();
    }
    raw
}

fn refused(raw: &RawMesh) -> (ConnectError, String) {
    let error = joined(raw).unwrap_err();
    let text = error.to_string();
    (error, text)
}

fn squares() -> BoxMesh {
    BoxMesh::new(Cells::Quad, [2, 2, 1])
}

fn block(raw: &mut RawMesh, shape: Shape) -> &mut RawBlock {
    raw.blocks.iter_mut().find(|b| b.shape == shape).unwrap()
}

#[test]
fn missing_boundaries_are_reported_with_their_place() {
    let (error, text) = refused(&without(squares().raw(), &["right"]));
    assert!(matches!(error, ConnectError::Unpaired(_)));
    assert!(text.contains("2 faces are unpaired, between (1, 0.25, 0) and (1, 0.75, 0)"), "{text}");
    assert!(text.contains("all lie on x = 1: is a physical group"), "{text}");
    assert!(text.contains("physical group \"right\" has no elements: should it be there?"), "{text}");
    // Coincident nodes that are not merged leave faces unpaired, too.
    let mut raw = squares().raw();
    raw.nodes.push(raw.nodes[4]);
    block(&mut raw, Shape::Quad).nodes[3] = 9;
    let (error, text) = refused(&raw);
    let ConnectError::Unpaired(unpaired) = error else { panic!("{text}") };
    assert_eq!((unpaired.count, unpaired.coincident, unpaired.hanging), (4, 4, 0), "{text}");
}

#[test]
fn hanging_nodes_are_recognised() {
    let mut heap = Heap::new(2);
    heap.add(Shape::Quad, 1, 0, |r| [r[0], r[1], 0.0]);
    for y in [-0.5, 0.5] {
        heap.add(Shape::Quad, 1, 0, |r| [1.5 + 0.5 * r[0], y + 0.5 * r[1], 0.0]);
    }
    heap.close();
    // The faces in the middle are no boundary.
    let nodes = heap.raw.nodes.clone();
    let lines = block(&mut heap.raw, Shape::Line);
    let inside: Vec<usize> = (0..lines.groups.len())
        .filter(|e| lines.nodes[2 * e..2 * e + 2].iter().all(|&n| nodes[n as usize][0] == 1.0))
        .collect();
    assert_eq!(inside.len(), 3);
    for e in inside.into_iter().rev() {
        lines.nodes.drain(2 * e..2 * e + 2);
        lines.groups.remove(e);
        lines.numbers = lines.numbers.iter().take(lines.groups.len()).collect();
    }
    let (error, text) = refused(&heap.raw);
    let ConnectError::Unpaired(unpaired) = error else { panic!("{text}") };
    assert_eq!((unpaired.count, unpaired.inside, unpaired.hanging), (3, 3, 1), "{text}");
    assert!(text.contains("hanging nodes are not supported"), "{text}");
}

#[test]
fn meshes_without_surface_or_volume_are_refused() {
    assert_eq!(refused(&RawMesh::default()).0, ConnectError::Empty);
    let raw = without(squares().raw(), &["fluid"]);
    assert!(matches!(refused(&raw).0, ConnectError::NotOnAxis { .. }));
}

#[test]
fn surfaces_in_space_are_refused() {
    let mut raw = squares().raw();
    raw.nodes.iter_mut().for_each(|x| x[2] = x[0]);
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::NotPlanar { .. }), "{text}");
}

#[test]
fn degenerate_and_tangled_elements_are_refused() {
    let mut raw = squares().raw();
    raw.nodes[4] = raw.nodes[3];
    assert!(matches!(refused(&raw).0, ConnectError::Degenerate { .. }));
    raw.nodes[4] = [-0.5, -0.5, 0.0];
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::Tangled { .. }), "{text}");
    let mut raw = BoxMesh::new(Cells::Tet, [1, 1, 1]).raw();
    raw.nodes[7] = [0.0; 3];
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::Degenerate { .. }) && text.starts_with("tet "), "{text}");
    let mut raw = BoxMesh::new(Cells::Hex, [1, 1, 1]).raw();
    raw.nodes[7] = [0.1, 0.1, 0.1];
    assert!(matches!(refused(&raw).0, ConnectError::Tangled { .. }));
    raw.nodes[7] = [f64::NAN; 3];
    assert!(matches!(refused(&raw).0, ConnectError::Malformed(_)));
}

#[test]
fn overlapping_and_crowded_elements_are_refused() {
    // The second triangle on the same side of the diagonal as the first.
    let mut raw = BoxMesh::new(Cells::Tri, [1, 1, 1]).raw();
    raw.nodes.push([0.1, 0.1, 0.0]);
    block(&mut raw, Shape::Tri).nodes.splice(3..6, [1, 2, 4]);
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::Overlap { .. }), "{text}");
    // An element listed twice.
    let mut raw = BoxMesh::new(Cells::Hex, [1, 1, 1]).raw();
    let hexes = block(&mut raw, Shape::Hex);
    hexes.nodes.extend_from_within(..);
    hexes.groups.push(0);
    hexes.numbers.push(99);
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::Duplicate { .. }), "{text}");
    // Three triangles on one edge, nothing else shared.
    let mut raw = BoxMesh::new(Cells::Tri, [1, 1, 1]).raw();
    raw.nodes.push([2.0, 1.0, 0.0]);
    let tri = block(&mut raw, Shape::Tri);
    tri.nodes.extend([2, 1, 4]);
    tri.groups.push(0);
    tri.numbers.push(99);
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::Crowded { count: 3, .. }), "{text}");
}

#[test]
fn boundary_elements_must_lie_on_the_outside_once() {
    let line = |ends: [u32; 2], group: u32| {
        let mut raw = squares().raw();
        let lines = block(&mut raw, Shape::Line);
        lines.nodes.extend(ends);
        lines.groups.push(group);
        lines.numbers.push(1000);
        raw
    };
    let (error, text) = refused(&line([1, 4], 1));
    assert!(matches!(error, ConnectError::BoundaryInside { .. }), "{text}");
    assert!(text.contains("line 1000 at (0.5, 0.25, 0)") && text.contains("\"left\""), "{text}");
    let (error, text) = refused(&line([0, 4], 1));
    assert!(matches!(error, ConnectError::BoundaryOffVolume { .. }), "{text}");
    let (error, text) = refused(&line([0, 3], 2));
    assert!(matches!(error, ConnectError::BoundaryTwice { .. }), "{text}");
    assert!(text.contains("\"right\"") && text.contains("\"left\""), "{text}");
}

#[test]
fn groups_without_elements_are_noticed() {
    let mut raw = squares().raw();
    raw.groups.push(Group { dim: 1, tag: 9, name: "ghost".into() });
    let connected = joined(&raw).unwrap();
    assert_eq!(connected.notices, vec![Notice::EmptyBoundary { name: "ghost".into() }]);
    assert!(!connected.mesh.boundaries.contains(&"ghost".to_string()));
    raw.groups.push(Group { dim: 1, tag: 10, name: "periodic".into() });
    assert_eq!(refused(&raw).0, ConnectError::PeriodicName("periodic".into()));
}

#[test]
fn periodic_patches_that_do_not_match_are_refused() {
    let periodic = || squares().periodic([true, false, false]);
    let (error, text) = refused(&without(periodic().raw(), &["periodic_x_r"]));
    assert!(matches!(error, ConnectError::PeriodicMissing { missing: 'r', .. }), "{text}");

    let mut raw = periodic().raw();
    let lines = block(&mut raw, Shape::Line);
    let e = lines.groups.iter().position(|&g| g == 2).unwrap();
    lines.groups[e] = 3;
    let (error, text) = refused(&raw);
    let ConnectError::PeriodicUnmatched(misfit) = error else { panic!("{text}") };
    assert_eq!(misfit.faces, [2, 1], "{text}");

    let mut raw = periodic().raw();
    raw.nodes[5][1] = 0.6;
    let (error, text) = refused(&raw);
    assert!(matches!(&error, ConnectError::PeriodicUnmatched(misfit) if misfit.unmatched == 2), "{text}");
    assert!(text.contains("the first at (0, 0.25, 0), expected at (1, 0.25, 0)"), "{text}");
    assert!(text.contains("translation found is (1, 0, 0)"), "{text}");
    assert!(text.contains("the vertex at (0, 0.5, 0) misses the nearest of the r patch by 0.1;"), "{text}");
    raw.nodes[5][1] = 0.5 + 1e-9;
    check(&joined(&without(periodic().raw(), &[])).unwrap().mesh, [1.0; 3], [true, false, false]);
    joined(&raw).expect("small errors of a mesh generator are forgiven");

    // Left sides of two separate squares: the mesh lies on the same side of both.
    let mut raw = squares().raw();
    raw.nodes = (0..8).map(|n| [[0.0, 1.0, 2.0, 3.0][n % 4], (n / 4) as f64, 0.0]).collect();
    raw.groups = [(2, "fluid"), (1, "periodic_x_l"), (1, "periodic_x_r"), (1, "wall")]
        .map(|(dim, name)| Group { dim, tag: 1, name: name.into() })
        .to_vec();
    let quads = RawBlock {
        shape: Shape::Quad,
        order: 1,
        nodes: vec![0, 1, 4, 5, 2, 3, 6, 7],
        groups: vec![0; 2],
        numbers: (1..3).collect(),
    };
    let sides = [[0, 4], [2, 6], [0, 1], [1, 5], [5, 4], [2, 3], [3, 7], [7, 6]];
    let lines = RawBlock {
        shape: Shape::Line,
        order: 1,
        nodes: sides.concat(),
        groups: vec![1, 2, 3, 3, 3, 3, 3, 3],
        numbers: (3..11).collect(),
    };
    raw.blocks = vec![quads, lines];
    let (error, text) = refused(&raw);
    assert!(matches!(error, ConnectError::PeriodicFacing { .. }), "{text}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    /// Whatever is changed in a raw mesh, it is refused or gives a valid mesh.
    #[test]
    fn spoilt_raw_meshes_are_refused_or_valid(
        cells in 0usize..14,
        periodic: [bool; 3],
        order in 1usize..4,
        edits in proptest::collection::vec((0u8..6, 0usize..1 << 16, -1i64..40), 1..6),
    ) {
        let cells = every().nth(cells).unwrap();
        let periodic = if ALL.contains(&cells) { periodic } else { [false; 3] };
        let mut raw = BoxMesh::new(cells, [2; 3]).periodic(periodic).order(order).shuffle(1).raw();
        for (what, at, value) in edits {
            let blocks = raw.blocks.len();
            let block = &mut raw.blocks[at % blocks];
            let i = at % block.numbers.len().max(1);
            let j = at % block.nodes.len().max(1);
            match what {
                0 => block.nodes.get_mut(j).into_iter().for_each(|n| *n = value as u32),
                1 => block.groups.get_mut(i).into_iter().for_each(|g| *g = value as u32),
                2 => {
                    let nodes = raw.nodes.len();
                    raw.nodes[at % nodes][at % 3] = value as f64 / 8.0;
                }
                3 => drop(block.nodes.pop()),
                4 => {
                    let groups = raw.groups.len();
                    raw.groups[at % groups].name = ["periodic_x_l", "left", "periodic", ""][at % 4].into();
                }
                _ => {
                    let per = block.shape.points(block.order);
                    let whole = block.nodes.len() >= (i + 1) * per && i < block.groups.len();
                    if whole {
                        block.nodes.drain(i * per..(i + 1) * per);
                        block.groups.remove(i);
                        let kept = (0..block.numbers.len()).filter(|&e| e != i);
                        block.numbers = kept.map(|e| block.numbers.get(e)).collect();
                    }
                }
            }
        }
        match joined(&raw) {
            Ok(connected) => connected.mesh.validate().unwrap(),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
