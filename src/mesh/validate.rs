//! What every mesh must hold, whatever it was made from.

use super::{ElementBlock, Link, Mesh, Partitioning};
use crate::element::Shape;
use rayon::prelude::*;

/// Highest geometry order a mesh may have. Gmsh stops at 10; the bound keeps sizes of untrusted files sane.
pub const MAX_ORDER: usize = 10;

/// Why a mesh is not one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidMesh {
    /// Dimensions other than 1, 2 and 3.
    #[error("a mesh has 1 to 3 dimensions, not {0}")]
    Dims(usize),
    /// A count that its index type cannot hold.
    #[error("{count} {what} are more than the {limit} a mesh can hold")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// No elements.
    #[error("the mesh holds no elements")]
    Empty,
    /// An element block that has no place in the mesh.
    #[error("element block {block} ({shape}, geometry order {order}): {what}")]
    Block {
        /// Position of the block.
        block: usize,
        /// Name of its shape.
        shape: &'static str,
        /// Order of its geometry.
        order: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An element that refers to a node that does not exist.
    #[error("element {element} has node {node}, but there are {nodes} nodes")]
    Node {
        /// Global id of the element.
        element: usize,
        /// The node.
        node: u32,
        /// Number of nodes.
        nodes: usize,
    },
    /// A node without a place.
    #[error("node {node} lies at ({}, {}, {}): {what}", .at[0], .at[1], .at[2])]
    Coordinates {
        /// The node.
        node: usize,
        /// Its coordinates.
        at: [f64; 3],
        /// What is wrong with them.
        what: &'static str,
    },
    /// A face whose neighbour does not exist or does not agree.
    #[error("face {face} of element {element}: {what}")]
    Link {
        /// Global id of the element.
        element: usize,
        /// Its face.
        face: usize,
        /// What is wrong with the link.
        what: &'static str,
    },
    /// Boundary names that are not sorted, unique and not empty.
    #[error("boundary name \"{0}\" is empty, repeated or out of order")]
    Boundary(String),
    /// A partitioning that does not fit the mesh.
    #[error("partitioning \"{name}\": {error}")]
    Partitioning {
        /// Its name.
        name: String,
        /// What is wrong.
        error: InvalidPartitioning,
    },
}

/// Why a division into parts is not one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidPartitioning {
    /// One entry for each element is needed.
    #[error("it divides {entries} elements, but the mesh has {elements}")]
    Length {
        /// Elements it divides.
        entries: usize,
        /// Elements of the mesh.
        elements: usize,
    },
    /// A part out of range.
    #[error("element {element} is in part {part}, but there are {parts} parts (counted from 0)")]
    Part {
        /// Global id of the element.
        element: usize,
        /// Its part.
        part: u32,
        /// Number of parts.
        parts: usize,
    },
    /// A part without elements, or no parts at all.
    #[error("part {part} of {parts} holds no element")]
    EmptyPart {
        /// The part.
        part: usize,
        /// Number of parts.
        parts: usize,
    },
}

impl Partitioning {
    /// Checks that this divides `elements` elements into parts that all hold one at least.
    ///
    /// # Errors
    /// Says which element or part is at fault.
    pub fn validate(&self, elements: usize) -> Result<(), InvalidPartitioning> {
        let (entries, parts) = (self.part_of.len(), self.parts);
        if entries != elements {
            return Err(InvalidPartitioning::Length { entries, elements });
        }
        if parts > elements || parts == 0 {
            return Err(InvalidPartitioning::EmptyPart { part: elements.min(parts), parts });
        }
        let mut seen = vec![false; parts];
        for (element, &part) in self.part_of.iter().enumerate() {
            match seen.get_mut(part as usize) {
                Some(seen) => *seen = true,
                None => return Err(InvalidPartitioning::Part { element, part, parts }),
            }
        }
        match seen.iter().position(|s| !s) {
            Some(part) => Err(InvalidPartitioning::EmptyPart { part, parts }),
            None => Ok(()),
        }
    }
}

impl Mesh {
    /// Checks everything the rest of the program relies on: ranges, sizes, links that point back, names, partitionings.
    ///
    /// # Errors
    /// The first fault found, with the element, face, node or name.
    pub fn validate(&self) -> Result<(), InvalidMesh> {
        if !(1..=3).contains(&self.dims) {
            return Err(InvalidMesh::Dims(self.dims));
        }
        self.validate_nodes()?;
        self.validate_blocks()?;
        self.validate_names()?;
        let first = self.first_ids();
        for (block, first) in self.blocks.iter().zip(&first) {
            self.validate_links(block, *first)?;
        }
        let elements = self.len();
        for (name, partitioning) in &self.partitionings {
            let named = |error| InvalidMesh::Partitioning { name: name.clone(), error };
            partitioning.validate(elements).map_err(named)?;
        }
        Ok(())
    }

    fn validate_nodes(&self) -> Result<(), InvalidMesh> {
        at_most("nodes", self.nodes.len(), u32::MAX as usize)?;
        let bad = |x: &[f64; 3]| {
            if !x.iter().all(|x| x.is_finite()) {
                Some("coordinates must be finite")
            } else if x[self.dims..].iter().all(|x| *x == 0.0) {
                None
            } else if self.dims == 2 {
                Some("z must be 0 in two dimensions")
            } else {
                Some("y and z must be 0 in one dimension")
            }
        };
        match self.nodes.par_iter().enumerate().find_map_first(|(node, x)| Some((node, *x, bad(x)?))) {
            Some((node, at, what)) => Err(InvalidMesh::Coordinates { node, at, what }),
            None => Ok(()),
        }
    }

    fn validate_blocks(&self) -> Result<(), InvalidMesh> {
        let mut first = 0;
        for (b, block) in self.blocks.iter().enumerate() {
            let (shape, order) = (block.shape, block.order);
            let wrong = |what| Err(InvalidMesh::Block { block: b, shape: shape.name(), order, what });
            if shape.dims() != self.dims {
                return wrong("the shape does not have the dimensions of the mesh");
            }
            if !(1..=MAX_ORDER).contains(&order) {
                return wrong("the geometry order must be 1 to 10");
            }
            if b > 0 && (self.blocks[b - 1].shape, self.blocks[b - 1].order) >= (shape, order) {
                return wrong("blocks must be ordered by shape, then geometry order, and not repeat");
            }
            if block.is_empty() || block.nodes.len() % block.nodes_per_element() != 0 {
                return wrong("the number of nodes is not a positive multiple of the nodes an element");
            }
            if block.links.len() != block.len() * shape.faces().len() {
                return wrong("the number of links is not elements times faces");
            }
            let n = self.nodes.len();
            if let Some(i) = block.nodes.par_iter().position_first(|&node| node as usize >= n) {
                let element = first + i / block.nodes_per_element();
                return Err(InvalidMesh::Node { element, node: block.nodes[i], nodes: n });
            }
            first += block.len();
        }
        if first == 0 {
            return Err(InvalidMesh::Empty);
        }
        at_most("elements", first, u32::MAX as usize)
    }

    fn validate_names(&self) -> Result<(), InvalidMesh> {
        at_most("boundaries", self.boundaries.len(), u16::MAX as usize)?;
        let mut last = "";
        for name in &self.boundaries {
            if name.as_str() <= last {
                return Err(InvalidMesh::Boundary(name.clone()));
            }
            last = name;
        }
        Ok(())
    }

    /// Links of `block`, whose first element has global id `first`.
    fn validate_links(&self, block: &ElementBlock, first: usize) -> Result<(), InvalidMesh> {
        let faces = block.shape.faces().len();
        let bad = |i: usize, link: &Link| self.bad_link(block.shape, first + i / faces, i % faces, link);
        match block.links.par_iter().enumerate().find_map_first(|(i, link)| Some((i, bad(i, link)?))) {
            Some((i, what)) => Err(InvalidMesh::Link { element: first + i / faces, face: i % faces, what }),
            None => Ok(()),
        }
    }

    fn bad_link(&self, shape: Shape, id: usize, face: usize, link: &Link) -> Option<&'static str> {
        let find = |mut local: usize| {
            self.blocks.iter().find_map(|b| {
                let here = local < b.len();
                local -= if here { 0 } else { b.len() };
                here.then_some((b, local))
            })
        };
        let shape_of = |element| find(element).map(|(b, _)| b.shape);
        let impossible = impossible_link(shape, id, face, link, self.boundaries.len(), shape_of);
        let Link::Interior { element, face: theirs, rotation } = *link else { return impossible };
        impossible.or_else(|| {
            let (block, local) = find(element as usize)?;
            let back = block.links_of(local)[theirs as usize];
            (back != reverse(id, face, rotation)).then_some(ONE_SIDED)
        })
    }
}

/// What is wrong with a link whose neighbour's link is another one than [`reverse`].
pub(super) const ONE_SIDED: &str = "its neighbour does not point back";

/// What is wrong with the link of a face when its own numbers are impossible, given the shape of every element.
pub(super) fn impossible_link(
    shape: Shape,
    id: usize,
    face: usize,
    link: &Link,
    boundaries: usize,
    shape_of: impl Fn(usize) -> Option<Shape>,
) -> Option<&'static str> {
    let (element, theirs, rotation) = match *link {
        Link::Boundary(b) if (b as usize) < boundaries => return None,
        Link::Boundary(_) => return Some("its boundary does not exist"),
        Link::Interior { element, face, rotation } => (element as usize, face as usize, rotation),
    };
    let Some(their_shape) = shape_of(element) else {
        return Some("its neighbour does not exist");
    };
    let kind = shape.faces()[face].shape;
    let n = kind.vertices().len();
    if their_shape.faces().get(theirs).is_none_or(|f| f.shape != kind) {
        return Some("its neighbour has no such face");
    }
    if (element, theirs) == (id, face) {
        return Some("it is its own neighbour");
    }
    // Lines all run from face 0 to face 1.
    if n == 1 && theirs == face {
        return Some("its neighbour lies on the same side");
    }
    // Lists of two vertices that run in opposite directions meet in one way only.
    if rotation as usize >= n || (n == 2 && rotation != 1) {
        return Some("its rotation is impossible");
    }
    None
}

/// The link with which the neighbour of face `face` of element `id` points back.
pub(super) fn reverse(id: usize, face: usize, rotation: u8) -> Link {
    Link::Interior { element: id as u32, face: face as u8, rotation }
}

fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), InvalidMesh> {
    if count > limit { Err(InvalidMesh::TooMany { what, count, limit }) } else { Ok(()) }
}
