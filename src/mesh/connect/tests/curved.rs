//! Straight elements among curved ones, and curved elements at fault.

use super::shapes::Heap;
use super::*;
use crate::element::Shape;
use crate::mesh::connect::straight::Weights;

/// A box of curved elements where x > 1/2 and straight ones, up to noise, elsewhere.
fn half_curved(cells: Cells, order: usize, noise: f64) -> RawMesh {
    let mut raw = BoxMesh::new(cells, [4, 4, 4]).order(order).shuffle(2).raw();
    let dims = raw.groups[0].dim;
    for (i, x) in raw.nodes.iter_mut().enumerate() {
        if x[0] > 0.5 + 1e-9 {
            let s = 0.3 * (x[0] - 0.5).powi(2);
            (0..dims).for_each(|d| x[d] += s * (3.0 * x[(d + 1) % dims]).sin());
        } else {
            (0..dims).for_each(|d| x[d] += noise * (((i * 7 + d * 3) % 11) as f64 / 11.0 - 0.5));
        }
    }
    raw
}

#[test]
fn straight_elements_of_any_order_become_linear_and_their_other_nodes_go() {
    for cells in every() {
        let linear = as_it_is(&BoxMesh::new(cells, [3; 3]).raw()).unwrap().mesh;
        for order in 2..=4 {
            let mut raw = BoxMesh::new(cells, [3; 3]).order(order).raw();
            let count = raw.nodes.len();
            let Connected { mesh, notices, .. } = joined(&raw).unwrap();
            assert!(mesh.blocks.iter().all(|b| b.order == 1), "{cells:?} {order}");
            assert_eq!(mesh.nodes.len(), linear.nodes.len());
            assert_eq!(notices, [Notice::Curved { straight: mesh.len(), curved: 0 }]);
            mesh.validate().unwrap();
            // Bilinear and trilinear elements are straight, too; nodes that belonged to nobody are still told apart.
            raw.nodes.push([0.5; 3]);
            raw.nodes.iter_mut().for_each(|x| x[0] += 0.2 * x[0] * x[1]);
            let tensor = matches!(cells, Cells::Quad | Cells::Hex);
            let Connected { mesh, notices, .. } = joined(&raw).unwrap();
            let straight = mesh.blocks.iter().filter(|b| b.order == 1).map(|b| b.len()).sum::<usize>();
            assert!(straight == mesh.len() || !tensor, "{cells:?} {order}");
            assert!(notices.contains(&Notice::DroppedNodes { count: 1 }));
            let kept = connect_with(raw, &Options { lintol: 0.0, renumber: true }, &silent).unwrap().mesh;
            assert!(kept.nodes.len() == count && kept.blocks.iter().all(|b| b.order == order));
        }
    }
}

#[test]
fn the_tolerance_decides_what_is_straight() {
    let mut raw = BoxMesh::new(Cells::Quad, [1, 1, 1]).order(2).raw();
    raw.nodes[1][1] = 1e-4;
    for (lintol, order) in [(1e-5, 2), (0.9e-4, 2), (1.1e-4, 1)] {
        let options = Options { lintol, ..Options::default() };
        assert_eq!(connect_with(raw.clone(), &options, &silent).unwrap().mesh.blocks[0].order, order);
    }
}

#[test]
fn faces_between_straight_and_curved_elements_are_straight_to_the_last_bit() {
    for cells in every() {
        for order in 2..=4 {
            let mesh = connect(half_curved(cells, order, 1e-7)).unwrap().mesh;
            mesh.validate().unwrap();
            let orders: BTreeSet<usize> = mesh.blocks.iter().map(|b| b.order).collect();
            assert_eq!(orders, BTreeSet::from([1, order]), "{cells:?}");
            let (mut met, mut nodes) = (0, 0);
            for (id, (shape, links)) in mesh.elements().enumerate() {
                let (b, e) = mesh.locate(id);
                let block = &mesh.blocks[b];
                let corners = vertex_nodes(shape, block.order);
                let weights = Weights::new(shape, block.order);
                for (f, link) in links.iter().enumerate() {
                    let Link::Interior { element, .. } = *link else { continue };
                    if block.order == 1 || mesh.blocks[mesh.locate(element as usize).0].order > 1 {
                        continue;
                    }
                    met += 1;
                    let on = shape.faces()[f].vertices;
                    for (n, node) in weights.nodes().iter().enumerate() {
                        if node.parts.iter().all(|(v, _)| on.contains(v)) {
                            nodes += 1;
                            let corner = |v: usize| {
                                let node = block.element(e)[corners[v]];
                                (node, mesh.nodes[node as usize])
                            };
                            let x = mesh.nodes[block.element(e)[n] as usize];
                            assert_eq!(x, node.place(corner), "{cells:?} {order}");
                        }
                    }
                }
            }
            let faces = if mesh.dims == 2 { 4 } else { 16 };
            assert!(met >= faces && nodes > 2 * met, "{cells:?} {order}: {met}");
        }
    }
}

#[test]
fn curved_elements_without_positive_jacobian_are_refused_with_the_place() {
    for cells in every() {
        for order in 2..=4 {
            let mut raw = BoxMesh::new(cells, [2; 3]).order(order).warp(0.02).raw();
            let dims = raw.groups[0].dim;
            // A node on an edge in the middle of the box is pulled through a neighbouring element.
            let at = raw.nodes.iter().position(|x| {
                (x[0] - 0.5 / order as f64).abs() < 0.05 && x[1..dims].iter().all(|x| *x == 0.5)
            });
            let node = at.unwrap();
            (0..dims).for_each(|d| raw.nodes[node][d] -= if d == 0 { 0.0 } else { 0.45 });
            let error = joined(&raw).unwrap_err();
            let text = error.to_string();
            let ConnectError::CurvedTangled { place, at } = error else {
                panic!("{cells:?} {order}: {text}");
            };
            assert!((0..dims).all(|d| (-0.1..=1.1).contains(&at.0[d])), "{text}");
            assert!(text.starts_with(&format!("{} {} at (", place.shape, place.number)), "{text}");
            assert!(text.contains("Optimize"), "{text}");
        }
    }
}

#[test]
fn curved_faces_that_do_not_fit_are_refused() {
    // Two squares whose common edge has a middle of its own in each.
    let mut heap = Heap::new(2);
    heap.add(Shape::Quad, 2, 0, |r| [r[0], r[1], 0.0]);
    heap.add(Shape::Quad, 2, 0, |r| [r[0] + 2.0 + if r == [-1.0, 0.0, 0.0] { 0.2 } else { 0.0 }, r[1], 0.0]);
    heap.close();
    let text = as_it_is(&heap.raw).unwrap_err().to_string();
    assert!(text.contains("nodes are 0.2 apart") && text.contains("same nodes"), "{text}");
    // A curved edge against a straight one.
    let mut heap = Heap::new(2);
    heap.add(Shape::Quad, 1, 0, |r| [r[0], r[1], 0.0]);
    heap.add(Shape::Quad, 2, 0, |r| [r[0] + 2.0 + if r == [-1.0, 0.0, 0.0] { 0.2 } else { 0.0 }, r[1], 0.0]);
    heap.close();
    let text = connect(heap.raw).unwrap_err().to_string();
    assert!(text.contains("different orders"), "{text}");
}
