//! What a mesh file says, before faces are paired.

use crate::element::Shape;

/// Contents of a mesh file: nodes, physical groups, elements of every dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawMesh {
    /// Node coordinates.
    pub nodes: Vec<[f64; 3]>,
    /// Physical groups, names already in lower case.
    pub groups: Vec<Group>,
    /// Elements, one entry for each shape and geometry order met.
    pub blocks: Vec<RawBlock>,
    /// Elements of the highest dimension that the file lists without the nodes inside faces and volume (serendipity
    /// elements of second order), which the reader added.
    pub completed: usize,
}

/// A physical group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Dimension of its elements.
    pub dim: usize,
    /// Number elements refer to it by.
    pub tag: i32,
    /// Lower-case name.
    pub name: String,
}

/// Elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBlock {
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Indices into [`RawMesh::nodes`] in lattice order, `[element][node]`.
    pub nodes: Vec<u32>,
    /// Index into [`RawMesh::groups`] of each element.
    pub groups: Vec<u32>,
    /// The file's own number of each element, for messages.
    pub numbers: Vec<u64>,
}
