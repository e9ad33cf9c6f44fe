//! The volume elements of a raw mesh: sorted into blocks, checked, turned to positive volume.

use super::error::{At, ConnectError, Notice, Place};
use super::faces::FaceUse;
use crate::element::Shape;
use crate::mesh::raw::{Numbers, RawMesh};
use crate::mesh::{lattice, mean, vertex_nodes};
use rayon::prelude::*;

/// Volume elements of one shape and geometry order, nodes still numbered as in the raw mesh.
pub struct VolumeBlock {
    pub shape: Shape,
    pub order: usize,
    /// Global id of the first element.
    pub first: usize,
    /// Raw nodes, `[element][node]`.
    pub nodes: Vec<u32>,
    /// The file's numbers.
    pub numbers: Numbers,
    /// Lattice positions of the vertices.
    pub corners: Vec<usize>,
}

/// All volume elements.
pub struct Volume<'a> {
    pub raw: &'a RawMesh,
    pub dims: usize,
    pub blocks: Vec<VolumeBlock>,
}

/// An element is degenerate when the sine of the (solid) angle at a vertex is below this: far below any mesh on which
/// anything could be computed, far above round-off.
const MIN_SINE: f64 = 1e-12;

/// z may vary by this fraction of the extents of a plane mesh.
const PLANE_TOLERANCE: f64 = 1e-8;

impl VolumeBlock {
    pub fn per_element(&self) -> usize {
        self.shape.points(self.order)
    }

    pub fn len(&self) -> usize {
        self.numbers.len()
    }
}

impl<'a> Volume<'a> {
    /// Collects the elements of the highest dimension, by shape and geometry order.
    pub fn collect(raw: &'a RawMesh) -> Result<Volume<'a>, ConnectError> {
        check(raw)?;
        let dims = raw.blocks.iter().filter(|b| !b.numbers.is_empty()).map(|b| b.shape.dims()).max();
        let dims = match dims {
            None | Some(0) => return Err(ConnectError::Empty),
            Some(1) => return Err(ConnectError::OneDimensional),
            Some(dims) => dims,
        };
        let mut parts: Vec<_> =
            raw.blocks.iter().filter(|b| b.shape.dims() == dims && !b.numbers.is_empty()).collect();
        parts.sort_by_key(|b| (b.shape, b.order));
        let mut blocks: Vec<VolumeBlock> = Vec::new();
        let mut first = 0;
        for part in parts {
            let (shape, order) = (part.shape, part.order);
            if blocks.last().is_none_or(|b| (b.shape, b.order) != (shape, order)) {
                let corners = vertex_nodes(shape, order);
                let (nodes, numbers) = Default::default();
                blocks.push(VolumeBlock { shape, order, first, nodes, numbers, corners });
            }
            let block = blocks.last_mut().expect("just pushed");
            block.nodes.extend_from_slice(&part.nodes);
            block.numbers.append(&part.numbers);
            first += part.numbers.len();
        }
        at_most("elements", first, u32::MAX as usize)?;
        Ok(Volume { raw, dims, blocks })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(VolumeBlock::len).sum()
    }

    /// Block and position within it of an element.
    pub fn locate(&self, id: u32) -> (&VolumeBlock, usize) {
        let b = self.blocks.partition_point(|b| b.first <= id as usize) - 1;
        (&self.blocks[b], id as usize - self.blocks[b].first)
    }

    /// An element, for messages.
    pub fn place(&self, id: u32) -> Place {
        let (block, e) = self.locate(id);
        let nodes = &block.nodes[e * block.per_element()..];
        let vertices: Vec<[f64; 3]> =
            block.corners.iter().map(|&c| self.raw.nodes[nodes[c] as usize]).collect();
        Place { shape: block.shape.name(), number: block.numbers.get(e), at: At(mean(&vertices)) }
    }

    /// The elements of two faces, for messages.
    pub fn places(&self, a: &FaceUse, b: &FaceUse) -> Box<[Place; 2]> {
        Box::new([a, b].map(|face| self.place(face.element)))
    }

    /// Refuses a two-dimensional mesh that leaves its plane of constant z.
    pub fn check_plane(&self) -> Result<(), ConnectError> {
        let used = || self.blocks.iter().flat_map(|b| b.nodes.iter().map(|&n| self.raw.nodes[n as usize]));
        let Some([_, _, other]) = used().next() else { return Ok(()) };
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for x in used() {
            for d in 0..2 {
                (low[d], high[d]) = (low[d].min(x[d]), high[d].max(x[d]));
            }
        }
        let tolerance = PLANE_TOLERANCE * (high[0] - low[0]).max(high[1] - low[1]).max(0.0);
        for block in &self.blocks {
            let bad = |n: &u32| (self.raw.nodes[*n as usize][2] - other).abs() > tolerance;
            if let Some(i) = block.nodes.par_iter().position_first(bad) {
                let place = self.place((block.first + i / block.per_element()) as u32);
                return Err(ConnectError::NotPlanar {
                    place,
                    z: self.raw.nodes[block.nodes[i] as usize][2],
                    other,
                });
            }
        }
        Ok(())
    }

    /// Turns elements with negative volume over; refuses those with no volume or a Jacobian that changes sign.
    pub fn orient(&mut self) -> Result<Option<Notice>, ConnectError> {
        let mut count = 0;
        for b in 0..self.blocks.len() {
            let points = &self.raw.nodes;
            let (dims, per) = (self.dims, self.blocks[b].per_element());
            let block = &mut self.blocks[b];
            let (shape, corners) = (block.shape, &block.corners);
            let swapped = transposition(shape, block.order);
            let (flipped, bad) = block
                .nodes
                .par_chunks_exact_mut(per)
                .enumerate()
                .map(|(e, nodes)| {
                    let mut vertices = [[0.0; 3]; 8];
                    for (v, &c) in corners.iter().enumerate() {
                        vertices[v] = points[nodes[c] as usize];
                    }
                    match orientation(shape, dims, &vertices[..corners.len()]) {
                        Orientation::Positive => (0, None),
                        Orientation::Negative => {
                            let old = nodes.to_vec();
                            nodes.iter_mut().zip(&swapped).for_each(|(n, &s)| *n = old[s]);
                            (1, None)
                        }
                        wrong => (0, Some((e, wrong))),
                    }
                })
                .reduce(|| (0, None), |a, b| (a.0 + b.0, first_of(a.1, b.1)));
            count += flipped;
            if let Some((e, wrong)) = bad {
                let place = self.place((self.blocks[b].first + e) as u32);
                return Err(match wrong {
                    Orientation::Tangled(vertex) => ConnectError::Tangled { place, vertex: At(vertex) },
                    Orientation::Degenerate(vertex) => ConnectError::Degenerate { place, vertex: At(vertex) },
                    Orientation::Positive | Orientation::Negative => unreachable!("filtered above"),
                });
            }
        }
        Ok((count > 0).then(|| Notice::Flipped { count, elements: self.len() }))
    }
}

/// Sign of an element's Jacobian at its vertices.
#[derive(Clone, Copy)]
enum Orientation {
    Positive,
    Negative,
    Tangled([f64; 3]),
    Degenerate([f64; 3]),
}

fn first_of(
    a: Option<(usize, Orientation)>,
    b: Option<(usize, Orientation)>,
) -> Option<(usize, Orientation)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Jacobians of the straight element at its vertices: one for simplices, one a vertex for products of lines.
fn orientation(shape: Shape, dims: usize, vertices: &[[f64; 3]]) -> Orientation {
    let checked = if shape.is_tensor() { vertices.len() } else { 1 };
    let (mut positive, mut negative) = (0, None);
    for v in 0..checked {
        let mut edges = [[0.0; 3], [0.0; 3], [0.0, 0.0, 1.0]];
        let mut sign = 1.0;
        for (axis, edge) in edges.iter_mut().enumerate().take(dims) {
            // Vertex numbers of products of lines are bit fields; those of simplices count the axes.
            let other = if shape.is_tensor() { v ^ (1 << axis) } else { axis + 1 };
            sign *= if other > v { 1.0 } else { -1.0 };
            for d in 0..dims {
                edge[d] = vertices[other][d] - vertices[v][d];
            }
        }
        let [a, b, c] = edges;
        let det = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0]);
        let scale: f64 = edges.iter().map(|e| e.iter().map(|x| x * x).sum::<f64>().sqrt()).product();
        if det.abs() <= MIN_SINE * scale || !det.is_finite() {
            return Orientation::Degenerate(vertices[v]);
        } else if det * sign > 0.0 {
            positive += 1;
        } else {
            negative = Some(vertices[v]);
        }
    }
    match negative {
        None => Orientation::Positive,
        Some(_) if positive == 0 => Orientation::Negative,
        Some(vertex) => Orientation::Tangled(vertex),
    }
}

/// Lattice permutation that exchanges x and y, hence the sign of the Jacobian.
fn transposition(shape: Shape, order: usize) -> Vec<usize> {
    let nodes = lattice(shape, order);
    let find = |at: [usize; 3]| nodes.iter().position(|x| *x == at).expect("the lattice is symmetric");
    nodes.iter().map(|&[i, j, k]| find([j, i, k])).collect()
}

/// Refuses indices out of range and nodes without finite coordinates.
fn check(raw: &RawMesh) -> Result<(), ConnectError> {
    at_most("nodes", raw.nodes.len(), u32::MAX as usize)?;
    if let Some(n) = raw.nodes.par_iter().position_first(|x| !x.iter().all(|x| x.is_finite())) {
        return Err(ConnectError::Malformed(format!("coordinates {} are not finite", At(raw.nodes[n]))));
    }
    for block in &raw.blocks {
        let (shape, order, elements) = (block.shape.name(), block.order, block.numbers.len());
        let malformed = |what: String| Err(ConnectError::Malformed(format!("{shape} elements: {what}")));
        if !(1..=crate::mesh::validate::MAX_ORDER).contains(&order) {
            return malformed(format!("geometry order {order}"));
        }
        let per = block.shape.points(order);
        if block.nodes.len() != elements * per || block.groups.len() != elements {
            let (nodes, groups) = (block.nodes.len(), block.groups.len());
            return malformed(format!("{elements} elements with {nodes} nodes and {groups} groups"));
        }
        if let Some(i) = block.nodes.par_iter().position_first(|&n| n as usize >= raw.nodes.len()) {
            return malformed(format!(
                "element {} has a node that does not exist",
                block.numbers.get(i / per)
            ));
        }
        if let Some(i) = block.groups.iter().position(|&g| g as usize >= raw.groups.len()) {
            return malformed(format!("element {} has a group that does not exist", block.numbers.get(i)));
        }
    }
    Ok(())
}

/// Refuses counts above a limit.
pub fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), ConnectError> {
    if count > limit { Err(ConnectError::TooMany { what, count, limit }) } else { Ok(()) }
}
