//! Two elements of any two shapes that can share a face, meeting in every way; meshes of lines.

use super::*;
use crate::element::{Shape, lattice, shape::Face};
use crate::mesh::raw::{Group, RawBlock};
use std::collections::BTreeMap;

type Point = [f64; 3];

/// A mesh made of elements given by the place of their reference coordinates; nodes at one place are one.
#[derive(Default)]
pub struct Heap {
    pub raw: RawMesh,
    at: BTreeMap<[i64; 3], u32>,
}

impl Heap {
    pub fn new(dims: usize) -> Heap {
        let mut heap = Heap::default();
        let group = |dim, name: &str| Group { dim, tag: 1, name: name.into() };
        heap.raw.groups = vec![group(dims, "anything"), group(dims - 1, "wall")];
        heap
    }

    fn node(&mut self, x: Point) -> u32 {
        let nodes = &mut self.raw.nodes;
        *self.at.entry(x.map(|x| (x * 1e6).round() as i64)).or_insert_with(|| {
            nodes.push(x);
            nodes.len() as u32 - 1
        })
    }

    /// Adds an element of the group with this number; `place` maps reference coordinates.
    pub fn add(&mut self, shape: Shape, order: usize, group: u32, place: impl Fn(Point) -> Point) {
        let nodes: Vec<u32> = if shape == Shape::Point {
            vec![self.node(place([0.0; 3]))]
        } else {
            let points = lattice::nodes(shape, order);
            let x = |r: ndarray::ArrayView1<f64>| std::array::from_fn(|d| r.get(d).copied().unwrap_or(0.0));
            points.rows().into_iter().map(|r| self.node(place(x(r)))).collect()
        };
        let blocks = &mut self.raw.blocks;
        let b = blocks.iter().position(|b| (b.shape, b.order) == (shape, order)).unwrap_or_else(|| {
            blocks.push(RawBlock {
                shape,
                order,
                nodes: vec![],
                groups: vec![],
                numbers: Default::default(),
            });
            blocks.len() - 1
        });
        blocks[b].nodes.extend(nodes);
        blocks[b].groups.push(group);
        let number = blocks[b].groups.len() as u64;
        blocks[b].numbers.push(number);
    }

    /// Adds boundary elements on all faces that one element has only.
    pub fn close(&mut self) {
        let dims = self.raw.groups[0].dim;
        let mut met: BTreeMap<Vec<u32>, (Shape, Vec<u32>, usize)> = BTreeMap::new();
        for block in self.raw.blocks.iter().filter(|b| b.shape.dims() == dims) {
            let corners = vertex_nodes(block.shape, block.order);
            for nodes in block.nodes.chunks_exact(block.shape.points(block.order)) {
                for face in block.shape.faces() {
                    let ring: Vec<u32> = face.vertices.iter().map(|&v| nodes[corners[v]]).collect();
                    let mut key = ring.clone();
                    key.sort_unstable();
                    met.entry(key).or_insert((face.shape, ring, 0)).2 += 1;
                }
            }
        }
        for (shape, mut ring, count) in met.into_values() {
            if count == 1 {
                if ring.len() == 4 {
                    ring.swap(2, 3);
                }
                let x: Vec<Point> = ring.iter().map(|&n| self.raw.nodes[n as usize]).collect();
                let vertices = shape.vertices();
                self.add(shape, 1, 1, |r| x[vertices.iter().position(|v| *v == r).unwrap_or(0)]);
            }
        }
    }
}

fn sub(a: Point, b: Point) -> Point {
    std::array::from_fn(|d| a[d] - b[d])
}

fn axpy(a: f64, x: Point, y: Point) -> Point {
    std::array::from_fn(|d| a * x[d] + y[d])
}

fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// First vertex of a face, its two edges from there (the second along z in two dimensions), and a step outwards.
fn frame(face: &Face, x: &[Point], ring: &[usize]) -> (Point, [Point; 3]) {
    let v = |i: usize| x[face.vertices[ring[i]]];
    let outward = face.normal.map(|n| 0.7 * n);
    let (a, b) = match ring.len() {
        1 => ([0.0, 1.0, 0.0], [0.0, 0.0, 1.0]),
        2 => (sub(v(1), v(0)), [0.0, 0.0, 1.0]),
        n => (sub(v(1), v(0)), sub(v(n - 1), v(0))),
    };
    (v(0), [a, b, outward])
}

/// The affine map that takes one frame to another, its third vector reversed.
fn affine(from: (Point, [Point; 3]), to: (Point, [Point; 3])) -> impl Fn(Point) -> Point {
    let [a, b, c] = from.1;
    let volume: f64 = a.iter().zip(cross(b, c)).map(|(x, y)| x * y).sum();
    let dual = [cross(b, c), cross(c, a), cross(a, b)];
    move |x| {
        let r = sub(x, from.0);
        let part = |d: [f64; 3]| r.iter().zip(d).map(|(x, y)| x * y).sum::<f64>() / volume;
        let [s, t, u] = dual.map(part);
        axpy(-u, to.1[2], axpy(t, to.1[1], axpy(s, to.1[0], to.0)))
    }
}

/// A bend that takes no straight line to a straight one and keeps the plane or line of a mesh.
fn bend(x: Point, dims: usize) -> Point {
    let s = 0.04;
    let [a, b, c] = x;
    let moved = [a + s * (b * b + c * c), b + s * (a * c - a * a), c + s * a * b];
    std::array::from_fn(|d| if d < dims && dims > 1 { moved[d] } else { x[d] })
}

#[test]
fn any_two_shapes_that_can_share_a_face_meet_in_every_way() {
    let mut pairs = BTreeSet::new();
    for (a, b) in Shape::ALL.iter().flat_map(|a| Shape::ALL.map(|b| (*a, b))) {
        for (f, face) in a.faces().iter().enumerate() {
            for (g, other) in b.faces().iter().enumerate().filter(|(_, g)| g.shape == face.shape) {
                let n = face.vertices.len();
                let rotations = match n {
                    1 if f == g => continue,
                    2 => 1..2,
                    _ => 0..n,
                };
                for rotation in rotations {
                    for order in 1..=3 {
                        let paired: Vec<usize> = (0..n).map(|i| paired_vertex(rotation, i, n)).collect();
                        let ours = frame(face, a.vertices(), &(0..n).collect::<Vec<_>>());
                        let place = affine(frame(other, b.vertices(), &paired), ours);
                        let dims = a.dims();
                        let mut heap = Heap::new(dims);
                        heap.add(a, order, 0, |r| bend(r, dims));
                        heap.add(b, order, 0, |r| bend(place(r), dims));
                        heap.close();
                        let what = format!("{} {f}, {} {g}, {rotation}, order {order}", a.name(), b.name());
                        let connected = as_it_is(&heap.raw).unwrap_or_else(|e| panic!("{what}: {e}"));
                        let flips = |n: &Notice| matches!(n, Notice::Flipped { .. });
                        assert!(!connected.notices.iter().any(flips), "{what}");
                        let mesh = connected.mesh;
                        mesh.validate().unwrap();
                        // Blocks are in the order of shapes.
                        let [first, second] = if a <= b { [0, 1] } else { [1, 0] };
                        let links: Vec<_> = mesh.elements().collect();
                        let found = links[first].1[f];
                        let [face, rotation] = [g, rotation].map(|x| x as u8);
                        assert_eq!(
                            found,
                            Link::Interior { element: second as u32, face, rotation },
                            "{what}"
                        );
                        pairs.insert((a.min(b), a.max(b), face));
                    }
                }
            }
        }
    }
    let kinds: BTreeSet<_> = pairs.into_iter().map(|(a, b, _)| (a, b)).collect();
    assert_eq!(kinds.len(), 1 + 3 + 9, "1-D: one, 2-D: three, 3-D: all of ten but tet with hex");
}

#[test]
fn elements_listed_with_negative_volume_are_turned_over_whatever_their_shape() {
    for shape in Shape::ALL {
        for order in 1..=3 {
            let dims = shape.dims();
            let build = |mirror: f64| {
                let mut heap = Heap::new(dims);
                heap.add(shape, order, 0, |r| {
                    let x = bend(r, dims);
                    [mirror * x[0], x[1], x[2]]
                });
                heap.close();
                as_it_is(&heap.raw).unwrap()
            };
            let flipped = Notice::Flipped { count: 1, elements: 1 };
            assert!(!build(1.0).notices.contains(&flipped), "{} {order}", shape.name());
            let mirrored = build(-1.0);
            assert!(mirrored.notices.contains(&flipped), "{} {order}", shape.name());
            mirrored.mesh.validate().unwrap();
        }
    }
}

/// Lines from 0 to `n`, two physical points at the ends called `names`; `turned` lines are listed backwards.
fn lines(n: usize, order: usize, names: [&str; 2], turned: &[usize]) -> RawMesh {
    let mut heap = Heap::new(1);
    heap.raw.groups.pop();
    heap.raw.groups.extend(names.map(|name| Group { dim: 0, tag: 1, name: name.into() }));
    for e in 0..n {
        let way = if turned.contains(&e) { -0.5 } else { 0.5 };
        // Stretched, so that lines of higher order are not uniform.
        let stretch = |x: f64| x + 0.02 * x * x;
        heap.add(Shape::Line, order, 0, |r| [stretch(e as f64 + 0.5 + way * r[0]), 2.0, -1.0]);
    }
    let end = n as f64 + 0.02 * (n * n) as f64;
    heap.add(Shape::Point, 1, 1, |_| [0.0, 2.0, -1.0]);
    heap.add(Shape::Point, 1, 2, |_| [end, 2.0, -1.0]);
    heap.raw
}

#[test]
fn lines_make_one_dimensional_meshes() {
    for order in 1..=4 {
        for options in [Options::default(), Options { lintol: 0.0, renumber: false }] {
            let raw = lines(5, order, ["inlet", "outlet"], &[0, 3]);
            let Connected { mesh, notices, .. } = connect_with(raw, &options, &silent).unwrap();
            mesh.validate().unwrap();
            assert!(notices.contains(&Notice::Flipped { count: 2, elements: 5 }));
            assert_eq!((mesh.dims, mesh.len(), mesh.nodes.len()), (1, 5, 5 * order + 1));
            assert_eq!(mesh.boundaries, ["inlet", "outlet"]);
            let links: Vec<_> = mesh.elements().flat_map(|e| e.1.to_vec()).collect();
            let interior = |element, face| Link::Interior { element, face, rotation: 0 };
            assert_eq!(links[..3], [Link::Boundary(0), interior(1, 0), interior(0, 1)]);
            assert_eq!(links[8..], [interior(3, 1), Link::Boundary(1)]);
        }
    }
}

#[test]
fn lines_join_at_periodic_points_even_when_there_is_one_only() {
    for n in [1, 2, 7] {
        let raw = lines(n, 1, ["periodic_x_l", "periodic_x_r"], &[0]);
        let mesh = connect(raw).unwrap().mesh;
        mesh.validate().unwrap();
        let last = n as u32 - 1;
        let first = mesh.blocks[0].links_of(0)[0];
        assert_eq!(first, Link::Interior { element: last, face: 1, rotation: 0 });
    }
}

#[test]
fn meshes_of_lines_are_refused_with_reasons() {
    let error = |raw: RawMesh| connect(raw).unwrap_err();
    let mut open = lines(3, 1, ["a", "b"], &[]);
    open.blocks.pop();
    let text = error(open).to_string();
    assert!(text.contains("2 faces are unpaired") && text.contains("1 on x = 0"), "{text}");
    let mut crossed = lines(3, 1, ["a", "b"], &[]);
    crossed.nodes[1][0] = 5.0;
    assert!(matches!(error(crossed), ConnectError::Overlap { .. }));
    let mut off = lines(3, 1, ["a", "b"], &[]);
    off.nodes[1][2] = 0.0;
    assert!(matches!(error(off), ConnectError::NotOnAxis { .. }));
}
