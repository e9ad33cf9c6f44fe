//! Meshes: nodes, element blocks, how faces meet, boundaries, partitionings.
//!
//! [`gmsh`] and [`pyfrm`] read the files of others into a [`raw::RawMesh`]; [`connect`] pairs the faces and makes a [`Mesh`]; [`store`] keeps
//! it in HDF5; [`partition`] divides it; [`local`] cuts out what one rank needs; [`generate`] makes small structured
//! meshes without any file; [`order`] sorts by place; [`validate`] checks what every mesh must hold. Nothing here knows polynomials of the solution, physics or backends.
//!
//! A *global element id* is the position of an element in the mesh, counted through the blocks in order. It decides
//! everything that must not depend on the partition, such as which side of a face is called left.

pub mod connect;
pub mod generate;
pub mod gmsh;
mod identity;
pub mod local;
pub mod order;
pub mod partition;
pub mod pyfr;
pub mod pyfrm;
pub mod raw;
pub mod store;
pub mod validate;

use crate::element::{Shape, shape::paired_vertex};
use std::collections::BTreeMap;

/// Watches a long step: called now and then, from any thread, with the name of the stage, how much of it is done, and out
/// of how much. The unit is the stage's own (bytes, elements). Calls are cheap and seldom, but not in order.
pub type Progress<'a> = dyn Fn(&str, u64, u64) + Sync + 'a;

/// The [`Progress`] of who does not care.
pub fn silent(_stage: &str, _done: u64, _total: u64) {}

/// A whole mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    /// Identity, see [`Mesh::identity`]: solutions name the mesh they belong to by it.
    pub uuid: String,
    /// Space dimensions, 1 to 3.
    pub dims: usize,
    /// Node coordinates; z is 0 in two dimensions, y and z in one.
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

    /// Nodes of element `e` of the block, in lattice order.
    pub fn element(&self, e: usize) -> &[u32] {
        let n = self.nodes_per_element();
        &self.nodes[e * n..(e + 1) * n]
    }

    /// What lies beyond the faces of element `e` of the block.
    pub fn links_of(&self, e: usize) -> &[Link] {
        let n = self.shape.faces().len();
        &self.links[e * n..(e + 1) * n]
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

    /// Global id of the first element of each block.
    pub fn first_ids(&self) -> Vec<usize> {
        self.blocks
            .iter()
            .scan(0, |next, block| {
                let first = *next;
                *next += block.len();
                Some(first)
            })
            .collect()
    }

    /// Shape and links of every element, in order of global id.
    pub fn elements(&self) -> impl Iterator<Item = (Shape, &[Link])> {
        self.blocks
            .iter()
            .flat_map(|b| b.links.chunks_exact(b.shape.faces().len()).map(move |links| (b.shape, links)))
    }

    /// Coordinates of the vertices of an element, in the order of [`Shape::vertices`].
    pub fn vertices(&self, id: usize) -> Vec<[f64; 3]> {
        let (b, e) = self.locate(id);
        let block = &self.blocks[b];
        let nodes = block.element(e);
        vertex_nodes(block.shape, block.order).into_iter().map(|v| self.nodes[nodes[v] as usize]).collect()
    }

    /// Mean of the vertices of an element.
    pub fn centroid(&self, id: usize) -> [f64; 3] {
        mean(&self.vertices(id))
    }
}

/// Mean of some points; the origin for none.
pub fn mean(points: &[[f64; 3]]) -> [f64; 3] {
    let n = points.len().max(1) as f64;
    std::array::from_fn(|d| points.iter().map(|x| x[d]).sum::<f64>() / n)
}

/// Lattice coordinates, each in `0..=order`, of the nodes of geometry of that order: x fastest, then y, then z, cut off
/// at `x + y + z = order` for simplices. The list has `shape.points(order)` entries.
pub fn lattice(shape: Shape, order: usize) -> Vec<[usize; 3]> {
    crate::element::lattice::indices(shape, order)
}

/// Position within the lattice of geometry of order `order` (at least 1) of each vertex of the shape.
pub fn vertex_nodes(shape: Shape, order: usize) -> Vec<usize> {
    let corner = |x: f64| if x > 0.0 { order } else { 0 };
    let lattice = lattice(shape, order);
    let find = |v: &[f64; 3]| {
        let at: [usize; 3] = std::array::from_fn(|d| if d < shape.dims() { corner(v[d]) } else { 0 });
        lattice.iter().position(|x| *x == at).expect("vertices are lattice points")
    };
    shape.vertices().iter().map(find).collect()
}

/// The rotation with which two vertex lists of equal length meet, see [`crate::element::shape::paired_vertex`]:
/// `None` unless they are the same vertices in opposite directions.
pub fn rotation_between<T: PartialEq>(ours: &[T], theirs: &[T]) -> Option<usize> {
    let n = ours.len();
    // Two vertices that stand in the same order meet with "rotation 0", but lie on the same side: not a pair.
    let candidates = if n == 2 { 1..2 } else { 0..n };
    let meets = |r: &usize| (0..n).all(|i| ours[i] == theirs[paired_vertex(*r, i, n)]);
    (theirs.len() == n).then(|| candidates.into_iter().find(meets)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lattices_have_the_right_size_and_start_and_end_at_vertices() {
        for shape in Shape::ALL {
            for order in 1..6 {
                assert_eq!(lattice(shape, order).len(), shape.points(order), "{shape:?} {order}");
                assert_eq!(vertex_nodes(shape, order)[0], 0);
                assert_eq!(*vertex_nodes(shape, order).last().unwrap(), shape.points(order) - 1);
            }
            assert_eq!(vertex_nodes(shape, 1), (0..shape.vertices().len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn rotations_are_found_and_lists_in_the_same_direction_are_not_pairs() {
        for n in 2..5 {
            let ours: Vec<usize> = (0..n).collect();
            for r in if n == 2 { 1..2 } else { 0..n } {
                let theirs: Vec<usize> = (0..n).map(|i| paired_vertex(r, i, n)).collect();
                assert_eq!(rotation_between(&ours, &theirs), Some(r));
            }
            assert_eq!(rotation_between(&ours, &ours), None);
        }
    }
}
