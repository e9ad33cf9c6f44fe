//! Meshes that must connect, and how.

mod curved;
mod order;
mod refusals;
mod shapes;

use super::*;
use crate::element::shape::paired_vertex;
use crate::mesh::generate::{BoxMesh, Cells, SIDES};
use crate::mesh::silent;
use crate::mesh::{Link, lattice, vertex_nodes};
use std::collections::BTreeSet;

/// Cells that any counts and periodic axes suit; the tests of `generate` connect the others, too.
const ALL: [Cells; 5] = [Cells::Tri, Cells::Quad, Cells::TriQuad, Cells::Tet, Cells::Hex];

/// All cells of two and three dimensions.
fn every() -> impl Iterator<Item = Cells> {
    Cells::ALL.into_iter().filter(|cells| *cells != Cells::Line)
}

/// Keeps the raw mesh for more.
fn joined(raw: &RawMesh) -> Result<Connected, ConnectError> {
    connect(raw.clone())
}

/// In the order of the raw mesh, all elements of the order they have there.
fn as_it_is(raw: &RawMesh) -> Result<Connected, ConnectError> {
    connect_with(raw.clone(), &Options { lintol: 0.0, renumber: false }, &silent)
}

/// Vertices of face `f` of element `id`.
fn face(mesh: &Mesh, id: usize, f: usize) -> Vec<[f64; 3]> {
    let vertices = mesh.vertices(id);
    let shape = mesh.blocks[mesh.locate(id).0].shape;
    shape.faces()[f].vertices.iter().map(|&v| vertices[v]).collect()
}

/// Checks a mesh of the box from 0 to `high`: links are valid, paired vertices coincide but for whole periods along one
/// axis, boundary faces lie on their side. Returns the rotations met.
fn check(mesh: &Mesh, high: [f64; 3], periodic: [bool; 3]) -> BTreeSet<(usize, u8)> {
    mesh.validate().unwrap();
    let mut rotations = BTreeSet::new();
    for (id, (_, links)) in mesh.elements().enumerate() {
        for (f, link) in links.iter().enumerate() {
            let ours = face(mesh, id, f);
            match *link {
                Link::Interior { element, face: their_face, rotation } => {
                    let theirs = face(mesh, element as usize, their_face as usize);
                    let n = ours.len();
                    rotations.insert((n, rotation));
                    let gap = |i: usize| -> [f64; 3] {
                        let other = theirs[paired_vertex(rotation as usize, i, n)];
                        std::array::from_fn(|d| ours[i][d] - other[d])
                    };
                    let wrapped: Vec<usize> = (0..3).filter(|&d| gap(0)[d].abs() > 1e-12).collect();
                    assert!(wrapped.len() <= 1, "{id} {f}: {:?}", gap(0));
                    for d in wrapped {
                        assert!(periodic[d] && (gap(0)[d].abs() - high[d]).abs() < 1e-12, "{id} {f}");
                    }
                    for i in 1..n {
                        (0..3).for_each(|d| assert!((gap(i)[d] - gap(0)[d]).abs() < 1e-12, "{id} {f}"));
                    }
                }
                Link::Boundary(b) => {
                    let side = SIDES.iter().position(|s| *s == mesh.boundaries[b as usize]).unwrap();
                    let at = if side % 2 == 0 { 0.0 } else { high[side / 2] };
                    assert!(ours.iter().all(|x| x[side / 2] == at), "{id} {f}");
                }
            }
        }
    }
    rotations
}

#[test]
fn boxes_of_every_shape_are_closed_and_their_faces_meet() {
    let high = [1.0, 2.0, 1.5];
    for cells in ALL {
        for periodic in [[false; 3], [true; 3], [true, false, true], [false, true, false]] {
            for seed in [None, Some(1), Some(2)] {
                let mut box_mesh =
                    BoxMesh::new(cells, [4, 6, 3]).extents([0.0; 3], high).warp(0.05).periodic(periodic);
                if let Some(seed) = seed {
                    box_mesh = box_mesh.shuffle(seed);
                }
                let mesh = box_mesh.build();
                let rotations = check(&mesh, high, periodic);
                if seed.is_some() && mesh.dims == 3 {
                    let n = if cells == Cells::Tet { 3 } else { 4 };
                    assert_eq!(rotations, (0..n as u8).map(|r| (n, r)).collect(), "all rotations are met");
                }
                let names = (0..2 * mesh.dims).filter(|s| !periodic[s / 2]).map(|s| SIDES[s]);
                assert_eq!(
                    mesh.boundaries,
                    names.map(String::from).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
                );
            }
        }
    }
}

#[test]
fn boxes_one_cell_wide_are_their_own_periodic_neighbours() {
    for cells in [Cells::Tri, Cells::Quad, Cells::Tet, Cells::Hex] {
        for counts in [[1, 1, 1], [2, 1, 1], [2, 2, 1], [1, 3, 2]] {
            let mesh = BoxMesh::new(cells, counts).periodic([true; 3]).shuffle(7).build();
            check(&mesh, [1.0; 3], [true; 3]);
            let own = mesh.elements().enumerate().any(|(id, (_, links))| {
                links.iter().any(|l| matches!(l, Link::Interior { element, .. } if *element as usize == id))
            });
            assert_eq!(
                own,
                counts.contains(&1)
                    && matches!(cells, Cells::Quad | Cells::Hex)
                    && counts[..mesh.dims].contains(&1)
            );
        }
    }
}

#[test]
fn numbers_of_elements_and_faces_are_right_and_obey_eulers_formula() {
    let [nx, ny, nz] = [3, 4, 2];
    for cells in ALL {
        let mesh = BoxMesh::new(cells, [nx, ny, nz]).shuffle(3).build();
        let expected = match cells {
            Cells::Tri => 2 * nx * ny,
            Cells::Quad => nx * ny,
            Cells::TriQuad => nx * ny * 3 / 2,
            Cells::Tet => 6 * nx * ny * nz,
            Cells::Hex => nx * ny * nz,
            _ => unreachable!("not in the list"),
        };
        assert_eq!(mesh.len(), expected, "{cells:?}");
        let boundary = mesh.elements().flat_map(|e| e.1).filter(|l| matches!(l, Link::Boundary(_))).count();
        let interior =
            mesh.elements().flat_map(|e| e.1).filter(|l| matches!(l, Link::Interior { .. })).count();
        let on_sides = match cells {
            Cells::Tet => 4 * (nx * ny + ny * nz + nz * nx),
            Cells::Hex => 2 * (nx * ny + ny * nz + nz * nx),
            _ => 2 * (nx + ny),
        };
        assert_eq!(boundary, on_sides, "{cells:?}");
        let faces = boundary + interior / 2;
        let mut edges = BTreeSet::new();
        for block in &mesh.blocks {
            for e in 0..block.len() {
                for face in block.shape.faces() {
                    let ring: Vec<u32> = face.vertices.iter().map(|&v| block.element(e)[v]).collect();
                    for (i, &a) in ring.iter().enumerate() {
                        let b = ring[(i + 1) % ring.len()];
                        edges.insert((a.min(b), a.max(b)));
                    }
                }
            }
        }
        let (v, e, f, c) = (mesh.nodes.len() as i64, edges.len() as i64, faces as i64, mesh.len() as i64);
        assert_eq!(if mesh.dims == 3 { v - e + f - c } else { v - e + c }, 1, "{cells:?}");
    }
}

#[test]
fn nodes_of_curved_elements_stand_in_lattice_order() {
    for cells in ALL {
        for order in 1..4 {
            let mesh = BoxMesh::new(cells, [2, 2, 2]).order(order).shuffle(5).build();
            for block in &mesh.blocks {
                assert_eq!(block.order, order);
                for e in 0..block.len() {
                    // The vertices along the axes: 1, 2, 3 of simplices, 1, 2, 4 of products.
                    let corner = |a: usize| {
                        let v = if block.shape.is_tensor() && a > 0 { 1 << (a - 1) } else { a };
                        mesh.nodes[block.element(e)[vertex_nodes(block.shape, order)[v]] as usize]
                    };
                    for (n, at) in lattice(block.shape, order).into_iter().enumerate() {
                        let x = mesh.nodes[block.element(e)[n] as usize];
                        for d in 0..3 {
                            let edge =
                                |a: usize| (corner(a + 1)[d] - corner(0)[d]) * at[a] as f64 / order as f64;
                            let expected = corner(0)[d] + (0..mesh.dims).map(edge).sum::<f64>();
                            assert!((x[d] - expected).abs() < 1e-14);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn mirrored_elements_are_turned_over_and_counted() {
    for cells in ALL {
        for order in 1..4 {
            let mut raw = BoxMesh::new(cells, [2, 4, 3]).order(order).warp(0.05).shuffle(1).raw();
            let straight = as_it_is(&raw).unwrap();
            let curved = Notice::Curved { straight: 0, curved: straight.mesh.len() };
            let notices: Vec<Notice> = (order > 1).then_some(curved).into_iter().collect();
            assert_eq!(straight.notices, notices);
            raw.nodes.iter_mut().for_each(|x| x[0] = 1.0 - x[0]);
            raw.groups.iter_mut().for_each(|g| {
                g.name = match g.name.as_str() {
                    "left" => "right".into(),
                    "right" => "left".into(),
                    other => other.into(),
                }
            });
            let Connected { mesh, notices: more, .. } = as_it_is(&raw).unwrap();
            let flipped = Notice::Flipped { count: mesh.len(), elements: mesh.len() };
            assert_eq!(more, [notices, vec![flipped]].concat());
            check(&mesh, [1.0; 3], [false; 3]);
            // Turned over twice is unchanged, higher-order nodes included.
            raw.nodes.iter_mut().for_each(|x| x[0] = 1.0 - x[0]);
            let volume = raw.blocks.iter_mut().filter(|b| b.shape.dims() == mesh.dims);
            volume.zip(&mesh.blocks).for_each(|(raw, block)| raw.nodes.clone_from(&block.nodes));
            let again = as_it_is(&raw).unwrap().mesh;
            let nodes = |m: &Mesh| m.blocks.iter().map(|b| b.nodes.clone()).collect::<Vec<_>>();
            assert_eq!(nodes(&again), nodes(&straight.mesh));
        }
    }
}

#[test]
fn planes_of_constant_z_are_moved_to_zero_and_unused_nodes_dropped() {
    let mut raw = BoxMesh::new(Cells::TriQuad, [2, 2, 1]).raw();
    raw.nodes.iter_mut().for_each(|x| x[2] = -10.0);
    raw.nodes.insert(0, [7.0; 3]);
    raw.blocks.iter_mut().for_each(|b| b.nodes.iter_mut().for_each(|n| *n += 1));
    let Connected { mesh, notices, .. } = joined(&raw).unwrap();
    check(&mesh, [1.0; 3], [false; 3]);
    assert_eq!((mesh.nodes.len(), notices), (9, vec![Notice::DroppedNodes { count: 1 }]));
}
