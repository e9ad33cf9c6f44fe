//! Faces of the volume elements, matched by their vertices.
//!
//! A face belongs to the bucket of its smallest vertex, which is one of few faces. A bucket holds elements, each once
//! however many of its faces belong there, so that all buckets together take a fraction of what a list of faces would.
//! Buckets are matched in parallel, and no two of them have a face in common.

use super::collect::{Block, Volume};
use super::error::{At, ConnectError, Notice};
use super::straight::extent;
use super::{CHUNK, Stage, unpaired};
use crate::mesh::{Link, Progress, mean, rotation_between};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// The vertices of a face in increasing order, padded with `u32::MAX`: equal for faces that coincide.
pub type Key = [u32; 4];

/// A face of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Face {
    pub key: Key,
    pub element: u32,
    pub face: u8,
}

/// The vertices (nodes) of a face, counter-clockwise seen from outside; one to four.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Padded with `u32::MAX`.
    vertices: [u32; 4],
    len: usize,
}

impl std::ops::Deref for Ring {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.vertices[..self.len]
    }
}

impl Ring {
    /// The face of other vertices, where all have one.
    pub fn try_map(&self, of: impl Fn(&u32) -> Option<u32>) -> Option<Ring> {
        let mut mapped = *self;
        for (slot, v) in mapped.vertices.iter_mut().zip(self.iter()) {
            *slot = of(v)?;
        }
        Some(mapped)
    }
}

/// Lattice positions of the vertices of each face of a block's elements.
pub struct Shell {
    /// Four a face, the first repeated where there are fewer, and how many there are.
    faces: Vec<([usize; 4], usize)>,
}

impl Shell {
    pub fn new(block: &Block) -> Shell {
        let faces = block.shape.faces().iter().map(|f| {
            let mut at = [block.corners[f.vertices[0]]; 4];
            at.iter_mut().zip(f.vertices).for_each(|(at, &v)| *at = block.corners[v]);
            (at, f.vertices.len())
        });
        Shell { faces: faces.collect() }
    }

    /// Face `f` of an element with these nodes.
    pub fn ring(&self, f: usize, nodes: &[u32]) -> Ring {
        let (at, len) = self.faces[f];
        let mut vertices = at.map(|i| nodes[i]);
        vertices[len..].fill(u32::MAX);
        Ring { vertices, len }
    }

    /// The smallest vertex of face `f`.
    fn least(&self, f: usize, nodes: &[u32]) -> u32 {
        let [a, b, c, d] = self.faces[f].0.map(|i| nodes[i]);
        a.min(b).min(c.min(d))
    }
}

/// A [`Link`] that threads may write.
#[derive(Debug)]
struct Slot([AtomicU32; 2]);

/// In the second half of a [`Slot`], marks a face whose neighbour is not known (yet), and a boundary.
const OPEN: u32 = u32::MAX;
const BOUNDARY: u32 = u32::MAX - 1;

impl Slot {
    fn open() -> Slot {
        Slot([AtomicU32::new(0), AtomicU32::new(OPEN)])
    }

    fn set(&self, first: u32, second: u32) {
        self.0[0].store(first, Relaxed);
        self.0[1].store(second, Relaxed);
    }

    fn is_open(&self) -> bool {
        self.0[1].load(Relaxed) == OPEN
    }

    fn into_link(self) -> Link {
        match self.0.map(AtomicU32::into_inner) {
            [boundary, OPEN | BOUNDARY] => Link::Boundary(boundary as u16),
            [element, how] => Link::Interior { element, face: how as u8, rotation: (how >> 8) as u8 },
        }
    }
}

/// All faces, and what was found beyond them.
pub struct Faces<'a> {
    pub volume: &'a Volume,
    shells: Vec<Shell>,
    buckets: Buckets,
    /// Faces of one element only, sorted by key.
    pub open: Vec<Face>,
    /// Links of each block, `[element][face]`.
    links: Vec<Vec<Slot>>,
}

/// Sorts vertices into a key.
pub fn key(vertices: &[u32]) -> Key {
    let mut key = [u32::MAX; 4];
    key[..vertices.len()].copy_from_slice(vertices);
    key.sort_unstable();
    key
}

/// Elements by the smallest vertices of their faces.
struct Buckets {
    /// Where the bucket of each node ends; it begins where the one before ends.
    ends: Vec<usize>,
    /// Global ids, in no particular order within a bucket.
    elements: Vec<AtomicU32>,
    /// Which faces of the element belong to the bucket, a bit each.
    faces: Vec<AtomicU8>,
}

impl Buckets {
    fn fill(volume: &Volume, shells: &[Shell], stage: &Stage) -> Buckets {
        let ends: Vec<AtomicUsize> = (0..volume.nodes.len()).map(|_| AtomicUsize::new(0)).collect();
        each_owner(volume, shells, stage, |vertex, _, _| {
            ends[vertex as usize].fetch_add(1, Relaxed);
        });
        let mut total = 0;
        for end in &ends {
            total += end.swap(total, Relaxed);
        }
        let elements: Vec<AtomicU32> = (0..total).into_par_iter().map(|_| AtomicU32::new(0)).collect();
        let faces: Vec<AtomicU8> = (0..total).into_par_iter().map(|_| AtomicU8::new(0)).collect();
        // Takes each start to the end of its bucket.
        each_owner(volume, shells, stage, |vertex, element, mask| {
            let at = ends[vertex as usize].fetch_add(1, Relaxed);
            elements[at].store(element, Relaxed);
            faces[at].store(mask, Relaxed);
        });
        Buckets { ends: ends.into_iter().map(AtomicUsize::into_inner).collect(), elements, faces }
    }

    /// Elements with a face in the bucket, and which faces.
    fn of(&self, vertex: u32) -> impl Iterator<Item = (u32, u8)> + '_ {
        let start = if vertex == 0 { 0 } else { self.ends[vertex as usize - 1] };
        let range = start..self.ends[vertex as usize];
        self.elements[range.clone()]
            .iter()
            .zip(&self.faces[range])
            .map(|(element, faces)| (element.load(Relaxed), faces.load(Relaxed)))
    }
}

/// Calls `visit` with every vertex that is the smallest of some face of an element, the element, and which faces these
/// are, a bit each.
fn each_owner(volume: &Volume, shells: &[Shell], stage: &Stage, visit: impl Fn(u32, u32, u8) + Sync) {
    for (block, shell) in volume.blocks.iter().zip(shells) {
        let (per, faces) = (block.per_element(), shell.faces.len());
        block.nodes.par_chunks(per * CHUNK).enumerate().for_each(|(piece, nodes)| {
            for (e, nodes) in nodes.chunks_exact(per).enumerate() {
                let mut owners = [0; 6];
                (0..faces).for_each(|f| owners[f] = shell.least(f, nodes));
                for f in 0..faces {
                    let mask = |same: &[u32]| {
                        let bits = same.iter().enumerate().map(|(i, o)| u8::from(*o == owners[f]) << i);
                        bits.fold(0, |a, b| a | b)
                    };
                    if mask(&owners[..f]) == 0 {
                        let element = (block.first + piece * CHUNK + e) as u32;
                        visit(owners[f], element, mask(&owners[..faces]));
                    }
                }
            }
            stage.add(nodes.len() / per);
        });
    }
}

impl<'a> Faces<'a> {
    /// Matches all faces, and links those that two elements share.
    ///
    /// # Errors
    /// Faces of more than two elements, or of two on the same side.
    pub fn pair(volume: &'a Volume, progress: &Progress) -> Result<Faces<'a>, ConnectError> {
        let stage = Stage::new("matching faces", 2 * volume.len() + volume.nodes.len(), progress);
        let shells: Vec<Shell> = volume.blocks.iter().map(Shell::new).collect();
        let buckets = Buckets::fill(volume, &shells, &stage);
        let count = |b: &Block| b.len() * b.shape.faces().len();
        let links =
            volume.blocks.iter().map(|b| (0..count(b)).into_par_iter().map(|_| Slot::open()).collect());
        let links = links.collect();
        let mut faces = Faces { volume, shells, buckets, open: Vec::new(), links };
        let pieces: Vec<_> = (0..volume.nodes.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|piece| {
                let vertices = piece * CHUNK..volume.nodes.len().min((piece + 1) * CHUNK);
                let (mut open, mut bucket) = (Vec::new(), Vec::new());
                stage.add(vertices.len());
                vertices.into_iter().try_for_each(|v| faces.pair_bucket(v as u32, &mut bucket, &mut open))?;
                Ok(open)
            })
            .collect();
        for piece in pieces {
            faces.open.extend(piece?);
        }
        Ok(faces)
    }

    /// Links the faces whose smallest vertex is `vertex`; `bucket` is room for them.
    fn pair_bucket(
        &self,
        vertex: u32,
        bucket: &mut Vec<Face>,
        open: &mut Vec<Face>,
    ) -> Result<(), ConnectError> {
        bucket.clear();
        bucket.extend(self.of_bucket(vertex));
        bucket.sort_unstable();
        for same in bucket.chunk_by(|a, b| a.key == b.key) {
            match same {
                [one] => open.push(*one),
                [a, b] => match self.rotation(a, b, &self.vertices(a)) {
                    Some(rotation) => self.link(a, b, rotation),
                    None => {
                        let (elements, at) = (self.volume.places(a, b), self.middle(a));
                        return Err(if self.is_copy(a.element, b.element) {
                            ConnectError::Duplicate { elements }
                        } else {
                            ConnectError::Overlap { elements, at }
                        });
                    }
                },
                [a, b, ..] => {
                    let (at, count) = (self.middle(a), same.len());
                    return Err(ConnectError::Crowded { count, at, elements: self.volume.places(a, b) });
                }
                [] => {}
            }
        }
        Ok(())
    }

    fn of_bucket(&self, vertex: u32) -> impl Iterator<Item = Face> + '_ {
        self.buckets.of(vertex).flat_map(move |(element, mask)| {
            let (b, e) = self.volume.locate(element);
            let (shell, nodes) = (&self.shells[b], self.volume.blocks[b].element(e));
            let mine = (0..shell.faces.len()).filter(move |f| mask >> f & 1 == 1);
            mine.map(move |f| Face { key: key(&shell.ring(f, nodes)), element, face: f as u8 })
        })
    }

    /// Vertices of a face.
    pub fn vertices(&self, face: &Face) -> Ring {
        let (b, e) = self.volume.locate(face.element);
        self.shells[b].ring(face.face as usize, self.volume.blocks[b].element(e))
    }

    /// How two faces meet, given the vertices of `b` that those of `a` coincide with, in the order of `a`: nothing if
    /// their elements lie on the same side.
    pub fn rotation(&self, a: &Face, b: &Face, of_a: &[u32]) -> Option<usize> {
        // Points have no order that would tell the sides apart; but lines run from face 0 to face 1.
        if of_a.len() == 1 && a.face == b.face { None } else { rotation_between(of_a, &self.vertices(b)) }
    }

    /// True when two elements have the same vertices.
    fn is_copy(&self, a: u32, b: u32) -> bool {
        let [a, b] = [a, b].map(|id| {
            let (block, e) = self.volume.locate(id);
            let block = &self.volume.blocks[block];
            let mut vertices: Vec<u32> = block.corners.iter().map(|&c| block.element(e)[c]).collect();
            vertices.sort_unstable();
            vertices
        });
        a == b
    }

    /// Mean of the vertices of a face.
    pub fn middle(&self, face: &Face) -> At {
        let points: Vec<[f64; 3]> =
            self.vertices(face).iter().map(|&n| self.volume.nodes[n as usize]).collect();
        At(mean(&points))
    }

    /// Extent of the element of a face.
    pub fn size(&self, face: &Face) -> f64 {
        let (b, e) = self.volume.locate(face.element);
        let block = &self.volume.blocks[b];
        let (vertices, n) = self.volume.vertices(block, block.element(e));
        extent(&vertices[..n])
    }

    /// All faces with this key.
    pub fn find(&self, key: Key) -> Vec<Face> {
        let mut found: Vec<Face> = self.of_bucket(key[0]).filter(|f| f.key == key).collect();
        found.sort_unstable();
        found
    }

    /// Makes two faces neighbours.
    pub fn link(&self, a: &Face, b: &Face, rotation: usize) {
        for (here, there) in [(a, b), (b, a)] {
            self.slot(here).set(there.element, u32::from(there.face) | (rotation as u32) << 8);
        }
    }

    /// Makes a face part of a boundary.
    pub fn bound(&self, face: &Face, boundary: u16) {
        self.slot(face).set(u32::from(boundary), BOUNDARY);
    }

    fn slot(&self, face: &Face) -> &Slot {
        let (b, e) = self.volume.locate(face.element);
        &self.links[b][e * self.shells[b].faces.len() + face.face as usize]
    }

    /// Links of each block, `[element][face]`.
    ///
    /// # Errors
    /// Faces that have neither neighbour nor boundary.
    pub fn finish(mut self, notices: &[Notice]) -> Result<Vec<Vec<Link>>, ConnectError> {
        let open = std::mem::take(&mut self.open);
        let mut left: Vec<Face> = open.into_par_iter().filter(|f| self.slot(f).is_open()).collect();
        if left.is_empty() {
            drop(self.buckets);
            // A slot is as large as a link: the collection takes place where the slots are.
            let links = self.links.into_iter();
            return Ok(links.map(|slots| slots.into_iter().map(Slot::into_link).collect()).collect());
        }
        left.par_sort_unstable_by_key(|f| (f.element, f.face));
        let unused = notices.iter().filter_map(|notice| match notice {
            Notice::EmptyBoundary { name } => Some(name.clone()),
            _ => None,
        });
        Err(unpaired::explain(&self, &left, unused.collect()))
    }
}
