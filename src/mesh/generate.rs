//! Small structured meshes without any file: boxes, for tests, examples and benchmarks.

use super::Mesh;
use super::connect::{Options, connect_with};
use super::raw::{Group, RawBlock, RawMesh};
use super::{lattice, silent};
use crate::element::Shape;
use std::f64::consts::PI;

/// What the cells of a box are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Two triangles a cell.
    Tri,
    /// Quadrilaterals.
    Quad,
    /// Quadrilaterals and pairs of triangles like a chequerboard (periodic with even counts or without).
    TriQuad,
    /// Six tetrahedra a cell (Kuhn's subdivision, which matches that of the neighbouring cells).
    Tet,
    /// Hexahedra.
    Hex,
}

/// Names of the sides: x-, x+, y-, y+, z-, z+.
pub const SIDES: [&str; 6] = ["left", "right", "bottom", "top", "back", "front"];

/// A box of `counts` cells an axis; a builder.
///
/// Sides of axes that are not periodic are the boundaries of [`SIDES`]; periodic ones are the physical groups
/// `periodic_x_l`, `periodic_x_r` and so on, as in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxMesh {
    cells: Cells,
    counts: [usize; 3],
    low: [f64; 3],
    high: [f64; 3],
    periodic: [bool; 3],
    order: usize,
    warp: f64,
    seed: Option<u64>,
}

/// Integer coordinates on the grid of cell vertices.
type Corner = [i64; 3];

/// An affine cell: its first vertex and the edges along its reference axes.
#[derive(Clone, Copy)]
struct Frame {
    shape: Shape,
    origin: Corner,
    edges: [Corner; 3],
}

impl BoxMesh {
    /// A unit square or cube of `counts` cells (the third count is ignored in two dimensions), not periodic, straight.
    ///
    /// # Panics
    /// If a count is zero.
    pub fn new(cells: Cells, counts: [usize; 3]) -> BoxMesh {
        let dims = if matches!(cells, Cells::Tet | Cells::Hex) { 3 } else { 2 };
        let counts = if dims == 3 { counts } else { [counts[0], counts[1], 1] };
        assert!(counts.iter().all(|n| *n > 0), "a box needs at least one cell along every axis");
        BoxMesh {
            cells,
            counts,
            low: [0.0; 3],
            high: [1.0; 3],
            periodic: [false; 3],
            order: 1,
            warp: 0.0,
            seed: None,
        }
    }

    /// Space dimensions.
    pub fn dims(&self) -> usize {
        if matches!(self.cells, Cells::Tet | Cells::Hex) { 3 } else { 2 }
    }

    /// Reaches from `low` to `high` along each axis.
    pub fn extents(mut self, low: [f64; 3], high: [f64; 3]) -> BoxMesh {
        (self.low, self.high) = (low, high);
        self
    }

    /// Which axes are periodic.
    pub fn periodic(mut self, axes: [bool; 3]) -> BoxMesh {
        self.periodic = axes;
        self
    }

    /// Order of the geometry (default 1); above 1, elements follow the warp as curves.
    pub fn order(mut self, order: usize) -> BoxMesh {
        self.order = order.max(1);
        self
    }

    /// Moves interior nodes smoothly by `amplitude` times the extents times the product of `sin 2 pi x` over the axes
    /// (x from 0 to 1). Sides stay where they are. The map is invertible below an amplitude of about 0.1.
    pub fn warp(mut self, amplitude: f64) -> BoxMesh {
        self.warp = amplitude;
        self
    }

    /// Permutes the elements, and the vertex at which each one starts (orientation kept), so that faces meet in every
    /// possible way.
    pub fn shuffle(mut self, seed: u64) -> BoxMesh {
        self.seed = Some(seed);
        self
    }

    /// The mesh as a file would say it.
    ///
    /// # Panics
    /// If there are more nodes than 32-bit indices.
    pub fn raw(&self) -> RawMesh {
        let mut random = SplitMix(self.seed.unwrap_or(0));
        let mut frames = self.frames();
        if self.seed.is_some() {
            for i in (1..frames.len()).rev() {
                frames.swap(i, random.below(i + 1));
            }
            for frame in &mut frames {
                *frame = rotated(*frame, &mut random);
            }
        }
        let dims = self.dims();
        let mut raw = RawMesh { nodes: self.nodes(), ..RawMesh::default() };
        raw.groups.push(Group { dim: dims, tag: 1, name: "fluid".into() });
        for side in 0..2 * dims {
            let axis = side / 2;
            let name = if self.periodic[axis] {
                format!("periodic_{}_{}", ["x", "y", "z"][axis], ["l", "r"][side % 2])
            } else {
                SIDES[side].into()
            };
            raw.groups.push(Group { dim: dims - 1, tag: side as i32 + 2, name });
        }
        for frame in &frames {
            for face in frame.shape.faces() {
                let corners: Vec<Corner> = face.vertices.iter().map(|&v| frame.corner(v)).collect();
                if let Some(side) = self.side(&corners) {
                    self.push(&mut raw, face_frame(face.shape, &corners), side as u32 + 1);
                }
            }
            self.push(&mut raw, *frame, 0);
        }
        raw
    }

    /// The mesh, connected: elements and nodes in the order of [`BoxMesh::raw`], of the geometry order asked for.
    ///
    /// # Panics
    /// As [`BoxMesh::raw`], or if the warp tangles elements.
    pub fn build(&self) -> Mesh {
        let as_it_is = Options { lintol: 0.0, renumber: false };
        match connect_with(self.raw(), &as_it_is, &silent) {
            Ok(connected) => connected.mesh,
            Err(error) => panic!("{self:?}: {error}"),
        }
    }

    /// The elements, cell by cell.
    fn frames(&self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let [nx, ny, nz] = self.counts.map(|n| n as i64);
        let unit: [Corner; 3] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
        for (k, j, i) in (0..nz).flat_map(|k| (0..ny).flat_map(move |j| (0..nx).map(move |i| (k, j, i)))) {
            let origin = [i, j, k];
            let whole = |shape| Frame { shape, origin, edges: unit };
            match self.cells {
                Cells::Quad => frames.push(whole(Shape::Quad)),
                Cells::Hex => frames.push(whole(Shape::Hex)),
                Cells::TriQuad if (i + j) % 2 == 0 => frames.push(whole(Shape::Quad)),
                Cells::Tri | Cells::TriQuad => {
                    frames.push(whole(Shape::Tri));
                    let edges = [[-1, 0, 0], [0, -1, 0], [0, 0, 1]];
                    frames.push(Frame { shape: Shape::Tri, origin: add(origin, [1, 1, 0]), edges });
                }
                // One tetrahedron for each order in which a path from corner to corner takes the axes; odd ones have
                // two vertices swapped to stay positive.
                Cells::Tet => {
                    for [a, b, even] in [[0, 1, 1], [1, 2, 1], [2, 0, 1], [1, 0, 0], [0, 2, 0], [2, 1, 0]] {
                        let (first, second) = (unit[a], add(unit[a], unit[b]));
                        let edges = if even == 1 { [first, second, [1; 3]] } else { [second, first, [1; 3]] };
                        frames.push(Frame { shape: Shape::Tet, origin, edges });
                    }
                }
            }
        }
        frames
    }

    /// The side of the box (index into [`SIDES`]) in which all corners lie.
    fn side(&self, corners: &[Corner]) -> Option<usize> {
        (0..2 * self.dims()).find(|side| {
            let at = if side % 2 == 0 { 0 } else { self.counts[side / 2] as i64 };
            corners.iter().all(|x| x[side / 2] == at)
        })
    }

    /// Nodes an axis: those of the cell vertices, and `order - 1` between two.
    fn node_counts(&self) -> [usize; 3] {
        std::array::from_fn(|d| if d < self.dims() { self.counts[d] * self.order + 1 } else { 1 })
    }

    fn nodes(&self) -> Vec<[f64; 3]> {
        let [nx, ny, nz] = self.node_counts();
        assert!(nx * ny * nz <= u32::MAX as usize, "too many nodes for 32-bit indices");
        let direction = [1.0, -0.8, 0.6];
        let mut nodes = Vec::with_capacity(nx * ny * nz);
        for (k, j, i) in (0..nz).flat_map(|k| (0..ny).flat_map(move |j| (0..nx).map(move |i| (k, j, i)))) {
            let t: [f64; 3] =
                std::array::from_fn(|d| [i, j, k][d] as f64 / (self.counts[d] * self.order) as f64);
            let inside = (0..self.dims()).all(|d| t[d] > 0.0 && t[d] < 1.0);
            let shift = if inside {
                self.warp * t[..self.dims()].iter().map(|t| (2.0 * PI * t).sin()).product::<f64>()
            } else {
                0.0
            };
            nodes.push(std::array::from_fn(|d| {
                let along = if d < self.dims() { t[d] + shift * direction[d] } else { return 0.0 };
                self.low[d] + (self.high[d] - self.low[d]) * along
            }));
        }
        nodes
    }

    /// Appends an element to the block of its shape.
    fn push(&self, raw: &mut RawMesh, frame: Frame, group: u32) {
        let order = self.order;
        let number = raw.blocks.iter().map(|b| b.numbers.len() as u64).sum::<u64>() + 1;
        let b = raw.blocks.iter().position(|b| b.shape == frame.shape).unwrap_or_else(|| {
            let (nodes, groups, numbers) = Default::default();
            raw.blocks.push(RawBlock { shape: frame.shape, order, nodes, groups, numbers });
            raw.blocks.len() - 1
        });
        let block = &mut raw.blocks[b];
        let [nx, ny, _] = self.node_counts().map(|n| n as i64);
        for at in lattice(frame.shape, order) {
            let x: Corner = std::array::from_fn(|d| {
                order as i64 * frame.origin[d] + (0..3).map(|a| at[a] as i64 * frame.edges[a][d]).sum::<i64>()
            });
            block.nodes.push((x[0] + nx * (x[1] + ny * x[2])) as u32);
        }
        block.groups.push(group);
        block.numbers.push(number);
    }
}

impl Frame {
    /// Vertex `v`.
    fn corner(&self, v: usize) -> Corner {
        let reference = self.shape.vertices()[v];
        (0..self.shape.dims())
            .fold(self.origin, |x, a| if reference[a] > 0.0 { add(x, self.edges[a]) } else { x })
    }
}

/// The face whose vertices, counter-clockwise, are `corners`.
fn face_frame(shape: Shape, corners: &[Corner]) -> Frame {
    let edge = |v: usize| sub(corners[v], corners[0]);
    let second = if shape == Shape::Line { [0; 3] } else { edge(corners.len() - 1) };
    Frame { shape, origin: corners[0], edges: [edge(1), second, [0; 3]] }
}

/// The same element with another first vertex and other axes, orientation kept.
fn rotated(frame: Frame, random: &mut SplitMix) -> Frame {
    let n = frame.shape.dims();
    if frame.shape.is_tensor() {
        // A random signed permutation of the axes; a negative one is made positive by turning its last axis.
        let mut axes: Vec<usize> = (0..n).collect();
        let mut odd = shuffle(&mut axes, random);
        let mut turned: Vec<bool> = (0..n).map(|_| random.below(2) == 1).collect();
        odd ^= turned.iter().filter(|t| **t).count() % 2 == 1;
        turned[n - 1] ^= odd;
        let mut new = frame;
        for a in 0..n {
            let edge = frame.edges[axes[a]];
            if turned[a] {
                new.origin = add(new.origin, edge);
            }
            new.edges[a] = if turned[a] { sub([0; 3], edge) } else { edge };
        }
        new
    } else {
        let mut vertices: Vec<usize> = (0..=n).collect();
        if shuffle(&mut vertices, random) {
            vertices.swap(0, 1);
        }
        let mut new = frame;
        new.origin = frame.corner(vertices[0]);
        for a in 0..n {
            new.edges[a] = sub(frame.corner(vertices[a + 1]), new.origin);
        }
        new
    }
}

/// Shuffles; true when the permutation is odd.
fn shuffle(items: &mut [usize], random: &mut SplitMix) -> bool {
    let mut odd = false;
    for i in (1..items.len()).rev() {
        let j = random.below(i + 1);
        items.swap(i, j);
        odd ^= i != j;
    }
    odd
}

fn add(a: Corner, b: Corner) -> Corner {
    std::array::from_fn(|d| a[d] + b[d])
}

fn sub(a: Corner, b: Corner) -> Corner {
    std::array::from_fn(|d| a[d] - b[d])
}

/// SplitMix64 (Steele, Lea and Flood 2014): repeatable everywhere, good enough to shuffle.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}
