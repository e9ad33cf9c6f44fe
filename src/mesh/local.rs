//! What one rank needs of a mesh: its own elements, and the geometry of the elements beyond its partition faces.

use super::Mesh;
use crate::element::Shape;

/// A rank's part of a mesh. Elements of a block are in increasing order of global id.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMesh {
    /// Space dimensions.
    pub dims: usize,
    /// Identity of the whole mesh.
    pub uuid: String,
    /// Elements of the whole mesh.
    pub global_len: usize,
    /// Own elements, one entry for each block of the whole mesh (possibly empty), in the same order.
    pub blocks: Vec<LocalBlock>,
    /// Elements of other ranks that touch ours (geometry only), in increasing order of global id.
    pub ghosts: Vec<Ghost>,
    /// Names of the boundaries of the whole mesh.
    pub boundaries: Vec<String>,
}

/// Own elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalBlock {
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Global ids, increasing.
    pub ids: Vec<u32>,
    /// Coordinates of the nodes of each element, `[element][node]` in lattice order.
    pub nodes: Vec<[f64; 3]>,
    /// What lies beyond each face, `[element][face]`.
    pub links: Vec<LocalLink>,
}

/// An element of another rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Ghost {
    /// Global id.
    pub id: u32,
    /// Rank that owns it.
    pub rank: u32,
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Coordinates of its nodes in lattice order.
    pub nodes: Vec<[f64; 3]>,
}

/// What lies beyond a face, from a rank's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalLink {
    /// One of our own elements.
    Own {
        /// Block.
        block: u32,
        /// Position within the block.
        element: u32,
        /// Its face.
        face: u8,
        /// How the vertex lists meet.
        rotation: u8,
    },
    /// An element of another rank.
    Ghost {
        /// Index into [`LocalMesh::ghosts`].
        ghost: u32,
        /// Its face.
        face: u8,
        /// How the vertex lists meet.
        rotation: u8,
    },
    /// A boundary, by index into [`LocalMesh::boundaries`].
    Boundary(u16),
}

/// Cuts rank `rank`'s part out of `mesh`. `part_of[id]` is the part (rank) of each element by global id.
pub fn cut(_mesh: &Mesh, _part_of: &[u32], _rank: usize) -> LocalMesh {
    unimplemented!()
}
