//! Collects what the two layouts read into a [`RawMesh`].

use super::error::{Problem, Scan, fault};
use super::text;
use super::types::{Kind, Lattice, TYPES};
use crate::mesh::raw::{Group, RawBlock, RawMesh};
use std::collections::{HashMap, HashSet};

/// A mesh being read.
#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<[f64; 3]>,
    index: NodeIndex,
    groups: Vec<Group>,
    names: HashSet<String>,
    /// Index of a group by its dimension and its tag without the sign.
    group_index: HashMap<(usize, u32), u32>,
    /// The group looked up last: most elements ask for the same as the one before.
    last_group: Option<((usize, u32), u32)>,
    /// One for each pair of shape and order met.
    blocks: Vec<RawBlock>,
    /// By dimension: offset and number of the first element that is in several groups.
    several: [Option<(usize, u64)>; 4],
}

/// Index of each node by its number in the file: a table up to four times as long as there are nodes, and a hash map
/// for the numbers beyond it.
#[derive(Default)]
struct NodeIndex {
    count: u32,
    dense: Vec<u32>,
    dense_limit: usize,
    sparse: HashMap<u64, u32>,
}

/// Marks an unused entry of the dense table.
const NONE: u32 = u32::MAX;

impl NodeIndex {
    fn get(&self, tag: u64) -> Option<u32> {
        match usize::try_from(tag).ok().and_then(|tag| self.dense.get(tag)) {
            Some(&index) => (index != NONE).then_some(index),
            None => self.sparse.get(&tag).copied(),
        }
    }

    /// Gives `tag` the next index; false if it has one.
    fn insert(&mut self, tag: u64) -> bool {
        let index = self.count;
        self.count += 1;
        match usize::try_from(tag) {
            Ok(tag) if tag < self.dense_limit => {
                if tag >= self.dense.len() {
                    self.dense.resize(tag + 1, NONE);
                }
                std::mem::replace(&mut self.dense[tag], index) == NONE
            }
            _ => self.sparse.insert(tag, index).is_none(),
        }
    }
}

impl Builder {
    /// Adds a physical group; those of points are dropped, as the points themselves are.
    pub fn group(&mut self, at: usize, dim: usize, tag: i32, name: &[u8]) -> Scan<()> {
        if dim == 0 {
            return Ok(());
        }
        let Ok(name) = std::str::from_utf8(name) else {
            return fault(at, Problem::NotUtf8 { found: text(name) });
        };
        let name = name.to_lowercase();
        if self.group_index.insert((dim, tag.unsigned_abs()), self.groups.len() as u32).is_some() {
            return fault(at, Problem::TagTwice { dim, tag });
        }
        if !self.names.insert(name.clone()) {
            return fault(at, Problem::NameTwice { name });
        }
        self.groups.push(Group { dim, tag, name });
        Ok(())
    }

    /// Prepares for `count` more nodes, a count known to fit in the file.
    pub fn expect_nodes(&mut self, count: usize) {
        self.nodes.reserve_exact(count);
        self.index.dense_limit = count.saturating_mul(4).saturating_add(1);
    }

    /// Numbers the next node; its coordinates follow, before or after the numbers of other nodes.
    pub fn node_tag(&mut self, at: usize, tag: u64) -> Scan<()> {
        if self.index.count == NONE {
            return fault(at, Problem::TooManyNodes);
        }
        if !self.index.insert(tag) {
            return fault(at, Problem::NodeTwice { tag });
        }
        Ok(())
    }

    /// Adds the coordinates of the next node.
    pub fn coordinates(&mut self, x: [f64; 3]) {
        self.nodes.push(x);
    }

    /// Index of the group of an element whose physical tag is `physical`.
    pub fn group_of(
        &mut self,
        at: usize,
        element: u64,
        lattice: &Lattice,
        physical: Option<i32>,
    ) -> Scan<u32> {
        let dim = lattice.shape.dims();
        let Some(tag) = physical else {
            return fault(at, Problem::NoGroup { element, shape: lattice.shape.name(), dim });
        };
        let key = (dim, tag.unsigned_abs());
        match self.last_group {
            Some((last, group)) if last == key => Ok(group),
            _ => {
                let Some(&group) = self.group_index.get(&key) else {
                    return fault(at, Problem::UnnamedGroup { element, dim, tag });
                };
                self.last_group = Some((key, group));
                Ok(group)
            }
        }
    }

    /// Prepares for `count` more elements, a count known to fit in the file.
    pub fn expect_elements(&mut self, lattice: &Lattice, count: usize) {
        let block = block_of(&mut self.blocks, lattice);
        block.nodes.reserve(count * lattice.to_lattice.len());
        block.groups.reserve(count);
    }

    /// Adds the element `number`; `next` reads the number of its next node in Gmsh's order. With `copies`, an element
    /// that repeats the one before it in another group is left out: so MSH 2.2 says that an element is in several groups.
    pub fn element(
        &mut self,
        at: usize,
        number: u64,
        lattice: &Lattice,
        group: u32,
        copies: bool,
        mut next: impl FnMut() -> Scan<u64>,
    ) -> Scan<()> {
        let block = block_of(&mut self.blocks, lattice);
        let n = lattice.to_lattice.len();
        let first = block.nodes.len();
        block.nodes.resize(first + n, 0);
        for &slot in lattice.to_lattice {
            let tag = next()?;
            let Some(node) = self.index.get(tag) else {
                return fault(at, Problem::UnknownNode { element: number, tag });
            };
            block.nodes[first + slot] = node;
        }
        if copies
            && block.groups.last().is_some_and(|&last| last != group)
            && block.nodes[first..] == block.nodes[first - n..first]
        {
            block.nodes.truncate(first);
            let element = block.numbers.get(block.numbers.len() - 1);
            self.several_groups(at, element, lattice.shape.dims());
            return Ok(());
        }
        block.groups.push(group);
        block.numbers.push(number);
        Ok(())
    }

    /// Notes that an element of dimension `dim` is in several groups. Whether that is allowed is known at the end only.
    pub fn several_groups(&mut self, at: usize, element: u64, dim: usize) {
        self.several[dim].get_or_insert((at, element));
    }

    /// The mesh, its blocks in the order of [`Shape::ALL`](crate::element::Shape::ALL).
    pub fn finish(mut self) -> Scan<RawMesh> {
        let dims = self.blocks.iter().map(|b| b.shape.dims()).max().unwrap_or(0);
        if let Some((at, element)) = dims.checked_sub(1).and_then(|dim| self.several[dim]) {
            return fault(at, Problem::SeveralGroups { element });
        }
        self.blocks.sort_by_key(|b| (b.shape, b.order));
        Ok(RawMesh { nodes: self.nodes, groups: self.groups, blocks: self.blocks })
    }
}

/// The block of elements of this kind, new if it is the first of its kind.
fn block_of<'a>(blocks: &'a mut Vec<RawBlock>, lattice: &Lattice) -> &'a mut RawBlock {
    let (shape, order) = (lattice.shape, lattice.order);
    let position = blocks.iter().position(|b| b.shape == shape && b.order == order).unwrap_or_else(|| {
        let (nodes, groups, numbers) = Default::default();
        blocks.push(RawBlock { shape, order, nodes, groups, numbers });
        blocks.len() - 1
    });
    &mut blocks[position]
}

/// How to read an element of the Gmsh type `number`, nothing for a point; an error for what is unknown or not supported.
pub(super) fn element_type(at: usize, element: u64, number: i32) -> Scan<Option<&'static Lattice>> {
    match TYPES.iter().find(|row| row.number == number).map(|row| &row.kind) {
        Some(Kind::Lattice(lattice)) => Ok(Some(lattice)),
        Some(Kind::Point) => Ok(None),
        Some(&Kind::Curved { name, order }) => fault(at, Problem::Curved { element, name, order, number }),
        Some(&Kind::ShapeNotYet { name }) => fault(at, Problem::ShapeNotYet { element, name, number }),
        None => fault(at, Problem::UnknownType { element, number }),
    }
}
