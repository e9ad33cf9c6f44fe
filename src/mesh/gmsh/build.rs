//! Collects what the two layouts read into a [`RawMesh`].

use super::error::{Problem, Scan, fault};
use super::serendipity::{self, MISSING};
use super::text;
use super::types::{self, Kind, Lattice};
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
    /// Offset of the first element that lacks nodes of its lattice.
    serendipity: Option<usize>,
    points: Points,
}

/// Points and their physical groups, which matter in one dimension only: they wait until the dimension is known.
#[derive(Default)]
struct Points {
    /// Offset, tag and name of each group.
    groups: Vec<(usize, i32, Vec<u8>)>,
    elements: Vec<Point>,
}

/// A point element.
pub(super) struct Point {
    /// Offset in the file.
    pub at: usize,
    /// Number in the file.
    pub number: u64,
    /// Tag of the physical group, if it has one.
    pub physical: Option<i32>,
    /// Number of its node.
    pub node: u64,
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
    /// Adds a physical group.
    pub fn group(&mut self, at: usize, dim: usize, tag: i32, name: &[u8]) -> Scan<()> {
        if dim == 0 {
            self.points.groups.push((at, tag, name.to_vec()));
            return Ok(());
        }
        self.named_group(at, dim, tag, name)
    }

    fn named_group(&mut self, at: usize, dim: usize, tag: i32, name: &[u8]) -> Scan<()> {
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
        block.nodes.reserve(count * lattice.points());
        block.groups.reserve(count);
        block.numbers.reserve(count);
    }

    /// Adds the element `number`; `next` reads the number of its next node in Gmsh's order.
    pub fn element(
        &mut self,
        at: usize,
        number: u64,
        lattice: &Lattice,
        group: u32,
        mut next: impl FnMut() -> Scan<u64>,
    ) -> Scan<()> {
        let block = block_of(&mut self.blocks, lattice);
        let first = block.nodes.len();
        block.nodes.resize(first + lattice.points(), MISSING);
        for &slot in &lattice.to_lattice {
            let tag = next()?;
            let Some(node) = self.index.get(tag) else {
                return fault(at, Problem::UnknownNode { element: number, tag });
            };
            block.nodes[first + slot] = node;
        }
        block.groups.push(group);
        block.numbers.push(number);
        if lattice.is_serendipity() {
            self.serendipity.get_or_insert(at);
        }
        Ok(())
    }

    /// Adds a point, which is forgotten if the mesh has more than one dimension.
    pub fn point(&mut self, point: Point) {
        if self.blocks.iter().all(|b| b.shape.dims() < 2) {
            self.points.elements.push(point);
        }
    }

    /// Takes back the last element if it repeats the one before it in another group, as MSH 2.2 says that an element is
    /// in several groups.
    pub fn merge_copy(&mut self, at: usize, lattice: &Lattice) {
        let block = block_of(&mut self.blocks, lattice);
        let n = lattice.points();
        let (last, elements) = (block.nodes.len() - n, block.groups.len());
        if elements < 2
            || block.groups[elements - 1] == block.groups[elements - 2]
            || block.nodes[last..] != block.nodes[last - n..last]
        {
            return;
        }
        block.nodes.truncate(last);
        block.groups.pop();
        block.numbers.pop();
        let number = block.numbers[elements - 2];
        self.several_groups(at, number, lattice.shape.dims());
    }

    /// Notes that an element of dimension `dim` is in several groups. Whether that is allowed is known at the end only.
    pub fn several_groups(&mut self, at: usize, element: u64, dim: usize) {
        self.several[dim].get_or_insert((at, element));
    }

    /// The mesh, its blocks in the order of [`Shape::ALL`](crate::element::Shape::ALL).
    pub fn finish(mut self) -> Scan<RawMesh> {
        let dims = self.blocks.iter().map(|b| b.shape.dims()).max().unwrap_or(0);
        if dims == 1 {
            self.keep_points()?;
        }
        if let Some((at, element)) = dims.checked_sub(1).and_then(|dim| self.several[dim]) {
            return fault(at, Problem::SeveralGroups { element });
        }
        self.blocks.sort_by_key(|b| (b.shape, b.order));
        let mut completed = 0;
        if let Some(at) = self.serendipity {
            completed = serendipity::complete(&mut self.nodes, &mut self.blocks)
                .or_else(|_| fault(at, Problem::TooManyNodes))?;
        }
        Ok(RawMesh { nodes: self.nodes, groups: self.groups, blocks: self.blocks, completed })
    }

    /// Makes the points, which are the boundary of a one-dimensional mesh, elements like others.
    fn keep_points(&mut self) -> Scan<()> {
        let Points { groups, elements } = std::mem::take(&mut self.points);
        for (at, tag, name) in groups {
            self.named_group(at, 0, tag, &name)?;
        }
        let lattice = types::point();
        for Point { at, number, physical, node } in elements {
            let group = self.group_of(at, number, lattice, physical)?;
            self.element(at, number, lattice, group, || Ok(node))?;
            self.merge_copy(at, lattice);
        }
        Ok(())
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

/// How to read an element of the Gmsh type `number`; an error for what is unknown or not supported.
pub(super) fn element_type(at: usize, element: u64, number: i32) -> Scan<&'static Lattice> {
    match types::find(number) {
        Some(Kind::Lattice(lattice)) => Ok(lattice),
        Some(&Kind::Refused { name, order, complete: true }) => {
            fault(at, Problem::HighOrder { element, name, order, number })
        }
        Some(&Kind::Refused { name, order, .. }) => {
            fault(at, Problem::Incomplete { element, name, order, number })
        }
        None => fault(at, Problem::UnknownType { element, number }),
    }
}
