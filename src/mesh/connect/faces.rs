//! Faces of the volume elements, matched by their vertices.

use super::error::{At, ConnectError};
use super::volume::Volume;
use crate::element::shape::Face;
use crate::mesh::{Link, mean, rotation_between};
use rayon::prelude::*;

/// The vertices of a face in increasing order, padded with `u32::MAX`: equal for faces that coincide.
pub type Key = [u32; 4];

/// A face of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaceUse {
    pub key: Key,
    pub element: u32,
    pub face: u8,
}

/// The vertices (raw nodes) of a face, counter-clockwise seen from outside; two to four.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    vertices: [u32; 4],
    len: usize,
}

impl std::ops::Deref for Ring {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.vertices[..self.len]
    }
}

/// Marks faces whose neighbour is not known yet.
const OPEN: Link = Link::Boundary(u16::MAX);

/// All faces, and what was found beyond them.
pub struct Faces<'a> {
    volume: &'a Volume<'a>,
    /// Every face of every element, sorted by key.
    all: Vec<FaceUse>,
    /// Faces of one element only, sorted by key.
    pub open: Vec<FaceUse>,
    /// Links of each block, `[element][face]`.
    links: Vec<Vec<Link>>,
}

/// Sorts vertices into a key.
pub fn key(vertices: &[u32]) -> Key {
    let mut key = [u32::MAX; 4];
    key[..vertices.len()].copy_from_slice(vertices);
    key.sort_unstable();
    key
}

/// The face of an element with these nodes, whose vertices are at `corners`.
fn ring(face: &Face, nodes: &[u32], corners: &[usize]) -> Ring {
    let mut ring = Ring { vertices: [u32::MAX; 4], len: face.vertices.len() };
    ring.vertices.iter_mut().zip(face.vertices).for_each(|(slot, &v)| *slot = nodes[corners[v]]);
    ring
}

impl<'a> Faces<'a> {
    /// Lists and sorts all faces, and links those that two elements share.
    pub fn pair(volume: &'a Volume<'a>) -> Result<Faces<'a>, ConnectError> {
        let mut all = Vec::with_capacity(volume.blocks.iter().map(|b| b.len() * b.shape.faces().len()).sum());
        for block in &volume.blocks {
            let faces = block.shape.faces();
            all.par_extend(block.nodes.par_chunks_exact(block.per_element()).enumerate().flat_map_iter(
                |(e, nodes)| {
                    let element = (block.first + e) as u32;
                    faces.iter().enumerate().map(move |(f, face)| {
                        let key = key(&ring(face, nodes, &block.corners));
                        FaceUse { key, element, face: f as u8 }
                    })
                },
            ));
        }
        all.par_sort_unstable();
        let links = volume.blocks.iter().map(|b| vec![OPEN; b.len() * b.shape.faces().len()]).collect();
        let mut faces = Faces { volume, all: Vec::new(), open: Vec::new(), links };
        for same in all.chunk_by(|a, b| a.key == b.key) {
            match same {
                [one] => faces.open.push(*one),
                [a, b] => match rotation_between(&faces.vertices(a), &faces.vertices(b)) {
                    Some(rotation) => faces.link(a, b, rotation),
                    None => {
                        let at = faces.middle(a);
                        return Err(ConnectError::Overlap { elements: volume.places(a, b), at });
                    }
                },
                [a, b, ..] => {
                    let (at, count) = (faces.middle(a), same.len());
                    return Err(ConnectError::Crowded { count, at, elements: volume.places(a, b) });
                }
                [] => {}
            }
        }
        faces.all = all;
        Ok(faces)
    }

    /// Vertices of a face.
    pub fn vertices(&self, face: &FaceUse) -> Ring {
        let (block, e) = self.volume.locate(face.element);
        ring(
            &block.shape.faces()[face.face as usize],
            &block.nodes[e * block.per_element()..],
            &block.corners,
        )
    }

    /// Mean of the vertices of a face.
    pub fn middle(&self, face: &FaceUse) -> At {
        let vertices: Vec<[f64; 3]> =
            self.vertices(face).iter().map(|&n| self.volume.raw.nodes[n as usize]).collect();
        At(mean(&vertices))
    }

    /// The one or two faces with this key.
    pub fn find(&self, key: Key) -> &[FaceUse] {
        let start = self.all.partition_point(|f| f.key < key);
        let end = start + self.all[start..].iter().take_while(|f| f.key == key).count();
        &self.all[start..end]
    }

    /// Makes two faces neighbours.
    pub fn link(&mut self, a: &FaceUse, b: &FaceUse, rotation: usize) {
        for (here, there) in [(a, b), (b, a)] {
            let rotation = rotation as u8;
            *self.slot(here) = Link::Interior { element: there.element, face: there.face, rotation };
        }
    }

    /// Makes a face part of a boundary.
    pub fn bound(&mut self, face: &FaceUse, boundary: u16) {
        *self.slot(face) = Link::Boundary(boundary);
    }

    fn slot(&mut self, face: &FaceUse) -> &mut Link {
        let b = self.volume.blocks.partition_point(|b| b.first <= face.element as usize) - 1;
        let block = &self.volume.blocks[b];
        let e = face.element as usize - block.first;
        &mut self.links[b][e * block.shape.faces().len() + face.face as usize]
    }

    /// Links of each block, `[element][face]`.
    ///
    /// # Errors
    /// Faces that have neither neighbour nor boundary.
    pub fn finish(mut self) -> Result<Vec<Vec<Link>>, ConnectError> {
        let open = std::mem::take(&mut self.open);
        let mut left: Vec<&FaceUse> = open.iter().filter(|f| *self.slot(f) == OPEN).collect();
        left.sort_by_key(|f| (f.element, f.face));
        if left.is_empty() {
            return Ok(self.links);
        }
        let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
        for face in &left {
            let At(x) = self.middle(face);
            for d in 0..3 {
                (low[d], high[d]) = (low[d].min(x[d]), high[d].max(x[d]));
            }
        }
        let first = left.iter().take(3).map(|f| (self.volume.place(f.element), self.middle(f))).collect();
        Err(ConnectError::Unpaired { count: left.len(), first, low: At(low), high: At(high) })
    }
}
