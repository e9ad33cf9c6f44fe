use super::*;
use crate::element::Shape;
use crate::mesh::generate::{BoxMesh, Cells};

fn meshes() -> Vec<Mesh> {
    vec![
        BoxMesh::new(Cells::Tri, [20, 20, 1]).shuffle(1).build(),
        BoxMesh::new(Cells::TriQuad, [24, 20, 1]).periodic([true, true, false]).shuffle(2).build(),
        BoxMesh::new(Cells::Hex, [10, 10, 10]).periodic([true; 3]).build(),
        BoxMesh::new(Cells::Tet, [6, 6, 6]).shuffle(3).build(),
    ]
}

fn assess(mesh: &Mesh, partitioning: &Partitioning, work: &Work) -> Quality {
    partitioning.validate(mesh.len()).unwrap();
    quality(mesh, partitioning, work, None).unwrap()
}

#[test]
fn parts_are_balanced_repeatable_and_cut_few_faces() {
    for mesh in meshes() {
        for parts in [1, 2, 3, 4, 7, 8, 12, 16] {
            let partitioning = partition(&mesh, parts, None).unwrap();
            assert_eq!(partition(&mesh, parts, None).unwrap(), partitioning);
            let quality = assess(&mesh, &partitioning, &Work::default());
            assert_eq!(quality.sizes.iter().sum::<usize>(), mesh.len());
            assert!(quality.imbalance <= 1.1, "{parts} parts: {quality:?}");
            // Half the faces of all elements would be the cut of a random division.
            let faces: usize = mesh.blocks.iter().map(|b| b.links.len()).sum();
            assert!(quality.cut_faces < faces / 4, "{parts} parts: {quality:?}");
            assert_eq!(quality.cut_faces == 0, parts == 1);
            assert!(quality.neighbours.iter().all(|n| *n < parts));
        }
    }
}

#[test]
fn no_part_is_empty_however_many_there_are() {
    for mesh in [
        BoxMesh::new(Cells::Quad, [5, 4, 1]).build(),
        BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).build(),
        BoxMesh::new(Cells::Hex, [1, 1, 20]).periodic([true; 3]).build(),
    ] {
        for parts in 1..=mesh.len() {
            for work in [Work::default(), Work::Balanced] {
                let partitioning = partition(&mesh, parts, Some(&work)).unwrap();
                partitioning.validate(mesh.len()).unwrap();
            }
        }
        for shares in ["1000:1*3", "1*3:1000", "1e6:1e-6:1"] {
            let shares: Shares = shares.parse().unwrap();
            let parts = shares.parts();
            assert_eq!(partition(&mesh, shares, None).unwrap().parts, parts);
        }
    }
    let mut part_of = vec![3, 3, 3, 3, 1];
    fill_empty(&mut part_of, 4);
    Partitioning { parts: 4, part_of }.validate(5).unwrap();
}

#[test]
fn impossible_divisions_are_refused() {
    let mesh = BoxMesh::new(Cells::Quad, [2, 2, 1]).build();
    assert_eq!(partition(&mesh, 0, None), Err(PartitionError::NoParts));
    assert_eq!(partition(&mesh, 5, None), Err(PartitionError::TooManyParts { parts: 5, elements: 4 }));
    let huge: Shares = "1*18446744073709551615".parse().unwrap();
    assert!(matches!(partition(&mesh, huge, None), Err(PartitionError::TooManyParts { .. })));
    let tri = Work::Given(vec![(Shape::Tri, 1.0)]);
    assert_eq!(partition(&mesh, 2, Some(&tri)), Err(PartitionError::NoWeight("quad")));
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e7] {
        let bad = Work::Given(vec![(Shape::Quad, weight)]);
        assert!(matches!(partition(&mesh, 2, Some(&bad)), Err(PartitionError::Work(_))), "{weight}");
    }
}

/// Triangles on the left, quadrilaterals on the right.
fn halves() -> Mesh {
    let mesh = BoxMesh::new(Cells::TriQuad, [32, 32, 1]).shuffle(4).build();
    assert_eq!(mesh.blocks.iter().map(|b| b.len()).collect::<Vec<_>>(), [1024, 512]);
    mesh
}

#[test]
fn weights_of_shapes_shift_the_balance_as_asked() {
    let mesh = halves();
    // What the elements weigh is what the parts have in equal amounts.
    for (tri, quad) in [(1.0, 9.0), (9.0, 1.0), (1.0, 2.5)] {
        let work = Work::Given(vec![(Shape::Tri, tri), (Shape::Quad, quad)]);
        let partitioning = partition(&mesh, 4, Some(&work)).unwrap();
        let found = assess(&mesh, &partitioning, &work);
        assert!(found.imbalance <= 1.03, "{tri} {quad}: {found:?}");
        for part in 0..4 {
            let load = tri * found.shapes[0].1[part] as f64 + quad * found.shapes[1].1[part] as f64;
            let mean = (1024.0 * tri + 512.0 * quad) / 4.0;
            assert!((load / mean - 1.0).abs() < 0.05, "{tri} {quad}: {found:?}");
        }
    }
}

#[test]
fn balanced_means_each_shape_for_itself() {
    // Columns of triangles, then of quads: by work alone most parts would hold one shape only.
    let mesh = separate();
    let uneven = assess(&mesh, &partition(&mesh, 4, None).unwrap(), &Work::default());
    assert!(uneven.shapes.iter().any(|s| s.1.contains(&0)), "{uneven:?}");
    for parts in [2, 4, 12] {
        let partitioning = partition(&mesh, parts, Some(&Work::Balanced)).unwrap();
        let found = assess(&mesh, &partitioning, &Work::Balanced);
        for (shape, counts) in &found.shapes {
            let mean = counts.iter().sum::<usize>() as f64 / parts as f64;
            let most = *counts.iter().max().unwrap() as f64;
            assert!(most <= 1.1 * mean + 1.0, "{parts} parts, {shape:?}: {found:?}");
        }
    }
}

/// A box of triangles beside one of quadrilaterals, joined along a side.
fn separate() -> Mesh {
    use crate::mesh::raw::{RawBlock, RawMesh};
    let n = 24;
    let node = |i: usize, j: usize| (i + (2 * n + 1) * j) as u32;
    let mut raw = RawMesh::default();
    for j in 0..=n {
        raw.nodes.extend((0..=2 * n).map(|i| [i as f64, j as f64, 0.0]));
    }
    for (dim, name) in [(2, "fluid"), (1, "wall")] {
        raw.groups.push(crate::mesh::raw::Group { dim, tag: dim as i32, name: name.into() });
    }
    let mut blocks = [Shape::Line, Shape::Tri, Shape::Quad].map(|shape| {
        let (nodes, groups, numbers) = Default::default();
        RawBlock { shape, order: 1, nodes, groups, numbers }
    });
    let mut push = |block: usize, nodes: &[u32]| {
        blocks[block].nodes.extend_from_slice(nodes);
        blocks[block].groups.push(u32::from(block == 0));
        let number = blocks[block].numbers.len() as u64 + 1 + 1_000_000 * block as u64;
        blocks[block].numbers.push(number);
    };
    for j in 0..n {
        for i in 0..2 * n {
            let [a, b, c, d] = [node(i, j), node(i + 1, j), node(i, j + 1), node(i + 1, j + 1)];
            if i < n {
                push(1, &[a, b, c]);
                push(1, &[d, c, b]);
            } else {
                push(2, &[a, b, c, d]);
            }
        }
        push(0, &[node(0, j), node(0, j + 1)]);
        push(0, &[node(2 * n, j), node(2 * n, j + 1)]);
    }
    for i in 0..2 * n {
        push(0, &[node(i, 0), node(i + 1, 0)]);
        push(0, &[node(i, n), node(i + 1, n)]);
    }
    raw.blocks = blocks.into();
    crate::mesh::connect::connect(raw).unwrap().mesh
}

#[test]
fn parts_get_the_shares_they_were_promised() {
    for mesh in meshes() {
        for text in ["3:2:1", "1*4:4", "5:1*12"] {
            let shares: Shares = text.parse().unwrap();
            let partitioning = partition(&mesh, shares.clone(), None).unwrap();
            let found = quality(&mesh, &partitioning, &Work::default(), Some(&shares)).unwrap();
            assert!(found.imbalance < 1.1, "{text}: {found:?}");
        }
    }
    // A mesh of equal elements shows it in their numbers.
    let mesh = BoxMesh::new(Cells::Quad, [30, 20, 1]).build();
    let partitioning = partition(&mesh, "3:2:1".parse::<Shares>().unwrap(), None).unwrap();
    let sizes = assess(&mesh, &partitioning, &Work::default()).sizes;
    for (size, wanted) in sizes.iter().zip([300.0, 200.0, 100.0]) {
        assert!((*size as f64 / wanted - 1.0).abs() < 0.03, "{sizes:?}");
    }
}

#[test]
fn elements_are_dealt_out_by_share() {
    let mesh = BoxMesh::new(Cells::Quad, [12, 1, 1]).build();
    assert_eq!(deal(&mesh, &[1.0], &[0.5, 0.25, 0.25]), [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert_eq!(deal(&mesh, &[1.0], &[1.0 / 12.0; 12]), (0..12).collect::<Vec<_>>());
    let last = deal(&mesh, &[1.0], &[0.98, 0.01, 0.01]);
    assert_eq!(last[9..], [0, 1, 2]);
}

/// METIS called directly on the same graph, by both methods with its own defaults: the lower cut.
fn metis_alone(mesh: &Mesh, parts: usize) -> i64 {
    let graph = Graph::new(mesh, TYPICAL_ORDER).unwrap();
    let direct = || metis::Graph::new(1, parts as i32, &graph.starts, &graph.ends).unwrap();
    let mut part_of = vec![0; mesh.len()];
    let _turn = METIS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    direct().part_recursive(&mut part_of).unwrap();
    let recursive = graph.cut(&part_of);
    direct().part_kway(&mut part_of).unwrap();
    recursive.min(graph.cut(&part_of))
}

#[test]
fn cuts_are_as_good_as_those_of_metis_called_directly() {
    let mesh = BoxMesh::new(Cells::Hex, [24; 3]).periodic([true; 3]).build();
    for parts in [2, 6, 16, 64] {
        let partitioning = partition(&mesh, parts, None).unwrap();
        let found = assess(&mesh, &partitioning, &Work::default());
        let alone = metis_alone(&mesh, parts);
        assert!(found.cut_faces as f64 <= 1.05 * alone as f64, "{parts} parts: {} {alone}", found.cut_faces);
        assert!(found.imbalance < 1.03, "{parts} parts: {}", found.imbalance);
    }
}
