//! The volume and boundary elements of a raw mesh, checked, without copies of what is large.

use super::CHUNK;
use super::error::{At, ConnectError, Place};
use super::faces::Face;
use crate::element::Shape;
use crate::mesh::raw::{Group, Numbers, RawBlock, RawMesh};
use crate::mesh::{mean, vertex_nodes};
use rayon::prelude::*;

/// Volume elements of one shape and geometry order.
pub struct Block {
    pub shape: Shape,
    pub order: usize,
    /// Global id of the first element.
    pub first: usize,
    /// Indices into [`Volume::nodes`], `[element][node]` in lattice order.
    pub nodes: Vec<u32>,
    /// Position of each element in [`Volume::numbers`].
    pub origin: Vec<u32>,
    /// Lattice positions of the vertices.
    pub corners: Vec<usize>,
}

/// All volume elements.
pub struct Volume {
    pub dims: usize,
    pub nodes: Vec<[f64; 3]>,
    /// In the order of shape and geometry order, none empty.
    pub blocks: Vec<Block>,
    /// The file's numbers of the elements.
    pub numbers: Numbers,
}

/// Boundary elements of one shape, reduced to their vertices.
pub struct Surface {
    pub shape: Shape,
    /// `[element][vertex]`.
    pub vertices: Vec<u32>,
    /// Index of the physical group of each element.
    pub groups: Vec<u32>,
    /// The file's numbers.
    pub numbers: Numbers,
}

/// Coordinates beyond the dimensions of a mesh may vary by this fraction of its extent.
const PLANE_TOLERANCE: f64 = 1e-8;

impl Block {
    pub fn new(shape: Shape, order: usize, nodes: Vec<u32>, origin: Vec<u32>) -> Block {
        Block { shape, order, first: 0, nodes, origin, corners: vertex_nodes(shape, order) }
    }

    pub fn per_element(&self) -> usize {
        self.shape.points(self.order)
    }

    pub fn len(&self) -> usize {
        self.origin.len()
    }

    /// Nodes of element `e` of the block.
    pub fn element(&self, e: usize) -> &[u32] {
        let per = self.per_element();
        &self.nodes[e * per..(e + 1) * per]
    }
}

impl Volume {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(Block::len).sum()
    }

    /// Sorts the blocks and sets their first ids.
    pub fn arrange(&mut self) {
        self.blocks.sort_by_key(|b| (b.shape, b.order));
        let mut first = 0;
        for block in &mut self.blocks {
            block.first = first;
            first += block.len();
        }
    }

    /// Block and position within it of an element.
    pub fn locate(&self, id: u32) -> (usize, usize) {
        let b = self.blocks.partition_point(|b| b.first <= id as usize) - 1;
        (b, id as usize - self.blocks[b].first)
    }

    /// Coordinates of the vertices of an element: the first of the eight, and how many they are.
    pub fn vertices(&self, block: &Block, nodes: &[u32]) -> ([[f64; 3]; 8], usize) {
        let mut vertices = [[0.0; 3]; 8];
        for (x, &c) in vertices.iter_mut().zip(&block.corners) {
            *x = self.nodes[nodes[c] as usize];
        }
        (vertices, block.corners.len())
    }

    /// An element, for messages.
    pub fn place(&self, id: u32) -> Place {
        let (b, e) = self.locate(id);
        let block = &self.blocks[b];
        let (vertices, n) = self.vertices(block, block.element(e));
        Place {
            shape: block.shape.name(),
            number: self.numbers.get(block.origin[e] as usize),
            at: At(mean(&vertices[..n])),
        }
    }

    /// The elements of two faces, for messages.
    pub fn places(&self, a: &Face, b: &Face) -> Box<[Place; 2]> {
        Box::new([a, b].map(|face| self.place(face.element)))
    }

    /// Lower and upper corner of the box around all nodes.
    pub fn bounds(&self) -> [[f64; 3]; 2] {
        let join = |a: [[f64; 3]; 2], b: [[f64; 3]; 2]| {
            [0, 1].map(|s| {
                std::array::from_fn(|d| if s == 0 { a[0][d].min(b[0][d]) } else { a[1][d].max(b[1][d]) })
            })
        };
        self.nodes.par_iter().map(|&x| [x, x]).reduce(|| [[f64::MAX; 3], [f64::MIN; 3]], join)
    }

    /// Moves a two-dimensional mesh to z = 0, a one-dimensional one to y = z = 0.
    ///
    /// # Errors
    /// A mesh that varies along those axes.
    pub fn flatten(&mut self) -> Result<(), ConnectError> {
        let (dims, other) = (self.dims, self.nodes[0]);
        if dims == 3 {
            return Ok(());
        }
        let [low, high] = self.bounds();
        let extent = (0..dims).map(|d| high[d] - low[d]).fold(0.0, f64::max);
        let off = |x: &[f64; 3]| (dims..3).any(|d| (x[d] - other[d]).abs() > PLANE_TOLERANCE * extent);
        if first(&self.nodes, off).is_some() {
            for block in &self.blocks {
                let Some(i) = block.nodes.par_iter().position_first(|&n| off(&self.nodes[n as usize])) else {
                    continue;
                };
                let place = self.place((block.first + i / block.per_element()) as u32);
                let at = At(self.nodes[block.nodes[i] as usize]);
                return Err(if dims == 2 {
                    ConnectError::NotPlanar { place, z: at.0[2], other: other[2] }
                } else {
                    ConnectError::NotOnAxis { place, at, other: At(other) }
                });
            }
        }
        self.nodes.par_iter_mut().for_each(|x| x[dims..].fill(0.0));
        Ok(())
    }
}

/// Takes a raw mesh apart.
///
/// # Errors
/// A mesh without elements, or one that contradicts itself.
pub fn collect(raw: RawMesh) -> Result<(Volume, Vec<Surface>, Vec<Group>), ConnectError> {
    check(&raw)?;
    let dims = raw.blocks.iter().filter(|b| !b.numbers.is_empty()).map(|b| b.shape.dims()).max();
    let dims = dims.filter(|d| *d > 0).ok_or(ConnectError::Empty)?;
    let mut parts: Vec<RawBlock> = raw.blocks;
    parts.retain(|b| !b.numbers.is_empty());
    parts.sort_by_key(|b| (b.shape, b.order));
    let mut volume = Volume { dims, nodes: raw.nodes, blocks: Vec::new(), numbers: Numbers::default() };
    let mut surfaces = Vec::new();
    for mut part in parts {
        if part.shape.dims() == dims {
            let start = volume.numbers.len();
            at_most("elements", start + part.numbers.len(), u32::MAX as usize)?;
            volume.numbers.append(&part.numbers);
            let origin = start as u32..volume.numbers.len() as u32;
            match volume.blocks.last_mut() {
                Some(last) if (last.shape, last.order) == (part.shape, part.order) => {
                    last.nodes.append(&mut part.nodes);
                    last.origin.extend(origin);
                }
                _ => volume.blocks.push(Block::new(part.shape, part.order, part.nodes, origin.collect())),
            }
        } else if part.shape.dims() + 1 == dims {
            surfaces.push(surface(part));
        }
    }
    volume.arrange();
    Ok((volume, surfaces, raw.groups))
}

fn surface(part: RawBlock) -> Surface {
    let vertices = if part.order == 1 {
        part.nodes
    } else {
        let corners = vertex_nodes(part.shape, part.order);
        let elements = part.nodes.chunks_exact(part.shape.points(part.order));
        elements.flat_map(|nodes| corners.iter().map(|&c| nodes[c])).collect()
    };
    Surface { shape: part.shape, vertices, groups: part.groups, numbers: part.numbers }
}

/// Refuses indices out of range and nodes without finite coordinates.
fn check(raw: &RawMesh) -> Result<(), ConnectError> {
    at_most("nodes", raw.nodes.len(), u32::MAX as usize)?;
    if let Some(n) = first(&raw.nodes, |x| !x.iter().all(|x| x.is_finite())) {
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
        if let Some(i) = first(&block.nodes, |&n| n as usize >= raw.nodes.len()) {
            return malformed(format!(
                "element {} has a node that does not exist",
                block.numbers.get(i / per)
            ));
        }
        if let Some(i) = first(&block.groups, |&g| g as usize >= raw.groups.len()) {
            return malformed(format!("element {} has a group that does not exist", block.numbers.get(i)));
        }
    }
    Ok(())
}

/// Position of the first bad item: pieces first, for a search that looks around after each item is slow.
fn first<T: Sync>(items: &[T], bad: impl Fn(&T) -> bool + Sync) -> Option<usize> {
    let piece = items.par_chunks(CHUNK).position_first(|piece| piece.iter().any(&bad))? * CHUNK;
    items[piece..].iter().position(bad).map(|i| piece + i)
}

/// Refuses counts above a limit.
pub fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), ConnectError> {
    if count > limit { Err(ConnectError::TooMany { what, count, limit }) } else { Ok(()) }
}
