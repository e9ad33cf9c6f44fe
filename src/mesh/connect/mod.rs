//! Makes a [`Mesh`] of what a file says.
//!
//! The steps, each in a file of its own:
//!
//! 1. `collect`: the elements of the highest dimension are the volume, those of one dimension less the boundaries; arrays
//!    are moved, not copied.
//! 2. `straight`: elements of higher geometry order that are straight become order 1.
//! 3. `renumber`: elements along a space-filling curve, nodes by first use; all that follows then finds its data near.
//! 4. `orient`: elements with negative volume are turned over, tangled ones refused; `curved` has the Jacobians for it.
//! 5. `faces`: faces are matched by their vertices; `boundary` gives the rest to boundaries, `periodic` joins patches,
//!    `unpaired` explains what is left over.
//! 6. `curved`: where a curved face meets a straight one, its nodes are put exactly onto the straight face.
//!
//! Nothing depends on the number of threads.

mod boundary;
mod collect;
mod curved;
mod error;
mod faces;
mod orient;
mod periodic;
mod renumber;
mod straight;
#[cfg(test)]
mod tests;
mod unpaired;

use super::raw::{Numbers, RawMesh};
use super::{ElementBlock, Mesh, Progress, silent};
pub use error::{At, ConnectError, Misfit, Notice, Place, Side, Unpaired};
use faces::Faces;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A connected mesh, and what its owner may want to know about how it came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// The mesh.
    pub mesh: Mesh,
    /// Nothing to worry about.
    pub notices: Vec<Notice>,
    /// Which elements of the file the elements of the mesh are.
    pub origin: Origin,
}

/// Which elements of a file the elements of a mesh are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Origin {
    /// Numbers in the file.
    numbers: Numbers,
    /// Where among these each element of each block has its own.
    places: Vec<Vec<u32>>,
}

impl Origin {
    /// The number that the file gives to element `element` of block `block` of the mesh.
    ///
    /// # Panics
    /// When there is no such element.
    pub fn number(&self, block: usize, element: usize) -> u64 {
        self.numbers.get(self.places[block][element] as usize)
    }
}

/// Choices of [`connect_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// An element of geometry order 2 or more is straight when every node is nearer than this part of the element's extent
    /// to the place that its vertices give. 0 leaves all elements as they are.
    pub lintol: f64,
    /// Orders elements along a space-filling curve within each block, and nodes by first use. Without it, both keep the
    /// order of the raw mesh (straight elements of a curved block follow those that were of order 1 already).
    pub renumber: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { lintol: 1e-5, renumber: true }
    }
}

/// As [`connect_with`], with the default options and nobody watching.
///
/// # Errors
/// As [`connect_with`].
pub fn connect(raw: RawMesh) -> Result<Connected, ConnectError> {
    connect_with(raw, &Options::default(), &silent)
}

/// Sorts elements into blocks, pairs interior and periodic faces, assigns boundaries.
///
/// Two-dimensional meshes are moved to z = 0, one-dimensional ones to y = z = 0.
///
/// # Errors
/// Names the elements, coordinates or physical groups at fault.
pub fn connect_with(raw: RawMesh, options: &Options, progress: &Progress) -> Result<Connected, ConnectError> {
    let mut notices = Vec::new();
    if raw.completed > 0 {
        notices.push(Notice::Completed { count: raw.completed });
    }
    let (mut volume, mut surfaces, groups) = collect::collect(raw)?;
    let nodes = volume.nodes.len();
    let used = straight::recognise(&mut volume, options.lintol, progress, &mut notices);
    let off_volume = renumber::renumber(&mut volume, &mut surfaces, &groups, options.renumber, progress);
    let dropped = nodes - used.unwrap_or(volume.nodes.len());
    if dropped > 0 {
        notices.push(Notice::DroppedNodes { count: dropped });
    }
    volume.flatten()?;
    notices.extend(orient::orient(&mut volume, progress)?);

    let mut faces = Faces::pair(&volume, progress)?;
    if let Some(error) = off_volume {
        return Err(error);
    }
    let boundaries = boundary::assign(&mut faces, &groups, &surfaces, &mut notices)?;
    drop(surfaces);
    let links = faces.finish(&notices)?;
    curved::fit(&mut volume, &links, options.lintol, progress)?;

    let mut origin = Origin { numbers: volume.numbers, places: Vec::new() };
    let blocks = volume.blocks.into_iter().zip(links).map(|(block, links)| {
        origin.places.push(block.origin);
        ElementBlock { shape: block.shape, order: block.order, nodes: block.nodes, links }
    });
    let mut mesh = Mesh {
        uuid: String::new(),
        dims: volume.dims,
        nodes: volume.nodes,
        blocks: blocks.collect(),
        boundaries,
        partitionings: BTreeMap::new(),
    };
    mesh.uuid = mesh.identity();
    Ok(Connected { mesh, notices, origin })
}

/// Elements (or nodes) a task of a parallel loop takes at once, and after how many progress is told.
const CHUNK: usize = 1 << 12;

/// A stage of the work, of which threads report what they have done.
struct Stage<'a> {
    name: &'static str,
    total: u64,
    done: AtomicU64,
    progress: &'a Progress<'a>,
}

impl<'a> Stage<'a> {
    fn new(name: &'static str, total: usize, progress: &'a Progress<'a>) -> Stage<'a> {
        progress(name, 0, total as u64);
        Stage { name, total: total as u64, done: AtomicU64::new(0), progress }
    }

    fn add(&self, count: usize) {
        let done = self.done.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        (self.progress)(self.name, done.min(self.total), self.total);
    }
}
