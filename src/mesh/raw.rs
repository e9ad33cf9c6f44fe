//! What a mesh file says, before faces are paired.

use super::{ElementBlock, Mesh};
use crate::element::Shape;
use std::collections::BTreeMap;

/// Contents of a mesh file: nodes, physical groups, elements of every dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawMesh {
    /// Node coordinates.
    pub nodes: Vec<[f64; 3]>,
    /// Physical groups, names already in lower case.
    pub groups: Vec<Group>,
    /// Elements, one entry for each shape and geometry order met.
    pub blocks: Vec<RawBlock>,
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

impl RawMesh {
    /// The elements of the highest dimension as a mesh without links and boundaries, to be looked at when it cannot be
    /// connected, and the file's number of each element in order of global id. `None` when there are no elements, or
    /// elements with nodes that do not exist.
    pub fn unconnected(&self) -> Option<(Mesh, Vec<u64>)> {
        let dims = self.blocks.iter().filter(|b| !b.numbers.is_empty()).map(|b| b.shape.dims()).max()?;
        let volume = |b: &&RawBlock| b.shape.dims() == dims && !b.numbers.is_empty();
        let mut parts: Vec<&RawBlock> = self.blocks.iter().filter(volume).collect();
        parts.sort_by_key(|b| (b.shape, b.order));
        let (mut blocks, mut numbers): (Vec<ElementBlock>, Vec<u64>) = (vec![], vec![]);
        for part in parts {
            let (shape, order) = (part.shape, part.order);
            let sized = part.nodes.len() == part.numbers.len() * shape.points(order);
            if dims == 0 || order == 0 || !sized || part.nodes.iter().any(|&n| n as usize >= self.nodes.len())
            {
                return None;
            }
            if blocks.last().is_none_or(|b| (b.shape, b.order) != (shape, order)) {
                blocks.push(ElementBlock { shape, order, nodes: vec![], links: vec![] });
            }
            if let Some(block) = blocks.last_mut() {
                block.nodes.extend_from_slice(&part.nodes);
            }
            numbers.extend_from_slice(&part.numbers);
        }
        let flat = |x: &[f64; 3]| std::array::from_fn(|d| if d < dims { x[d] } else { 0.0 });
        let nodes = self.nodes.iter().map(flat).collect();
        let (boundaries, partitionings) = (vec![], BTreeMap::new());
        Some((Mesh { uuid: String::new(), dims, nodes, blocks, boundaries, partitionings }, numbers))
    }
}
