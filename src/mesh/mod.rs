//! Meshes: nodes, element blocks, how faces meet, boundaries, partitionings.
//!
//! [`gmsh`] reads Gmsh files into a [`raw::RawMesh`]; [`connect`] pairs the faces and makes a [`Mesh`]; [`store`] keeps
//! it in HDF5; [`partition`] divides it; [`local`] cuts out what one rank needs; [`generate`] makes small structured
//! meshes without any file. Nothing here knows polynomials of the solution, physics or backends.
//!
//! A *global element id* is the position of an element in the mesh, counted through the blocks in order. It decides
//! everything that must not depend on the partition, such as which side of a face is called left.

pub mod connect;
pub mod generate;
pub mod gmsh;
pub mod local;
pub mod partition;
pub mod raw;
pub mod store;

use crate::element::Shape;
use std::collections::BTreeMap;

/// A whole mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// Identity: solutions name the mesh they belong to by it.
    pub uuid: String,
    /// Space dimensions, 2 or 3.
    pub dims: usize,
    /// Node coordinates; z is 0 in two dimensions.
    pub nodes: Vec<[f64; 3]>,
    /// Elements, one block a shape (and geometry order), in the order of [`Shape::ALL`].
    pub blocks: Vec<ElementBlock>,
    /// Names of the boundaries (lower case), sorted; [`Link::Boundary`] indexes them.
    pub boundaries: Vec<String>,
    /// Partitionings by name: the part of each element by global id.
    pub partitionings: BTreeMap<String, Partitioning>,
}

/// Elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementBlock {
    /// Shape of the elements.
    pub shape: Shape,
    /// Order of the geometry: 1 for straight edges.
    pub order: usize,
    /// Nodes of each element in lattice order (x fastest), `[element][shape.points(order)]`.
    pub nodes: Vec<u32>,
    /// What lies beyond each face, `[element][face]`.
    pub links: Vec<Link>,
}

/// What lies beyond a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Another element (or the same one, through a periodic boundary).
    Interior {
        /// Global id of the neighbour.
        element: u32,
        /// Its face.
        face: u8,
        /// How the two vertex lists meet, see [`crate::element::shape::paired_vertex`].
        rotation: u8,
    },
    /// A boundary, by its index in [`Mesh::boundaries`].
    Boundary(u16),
}

/// A division of the elements into parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Partitioning {
    /// Number of parts; each holds at least one element.
    pub parts: usize,
    /// Part of each element by global id.
    pub part_of: Vec<u32>,
}

impl ElementBlock {
    /// Nodes an element.
    pub fn nodes_per_element(&self) -> usize {
        self.shape.points(self.order)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.nodes.len() / self.nodes_per_element()
    }

    /// True when the block holds no element.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

impl Mesh {
    /// Number of elements of all blocks.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(ElementBlock::len).sum()
    }

    /// True when the mesh holds no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Block and position within it of a global element id.
    pub fn locate(&self, id: usize) -> (usize, usize) {
        let mut first = 0;
        for (b, block) in self.blocks.iter().enumerate() {
            if id < first + block.len() {
                return (b, id - first);
            }
            first += block.len();
        }
        panic!("element {id} is not in a mesh of {first} elements");
    }
}
