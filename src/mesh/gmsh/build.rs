//! Collects what the two layouts read into a [`RawMesh`].

use super::error::{Problem, Scan, fault};
use super::index::NodeIndex;
use super::text;
use super::types::{Kind, Lattice, TYPES};
use crate::element::Shape;
use crate::mesh::raw::{Group, Numbers, RawBlock, RawMesh};
use std::collections::{HashMap, HashSet};

/// A mesh being read.
#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<[f64; 3]>,
    groups: Vec<Group>,
    names: HashSet<String>,
    pub tables: Tables,
    pub elements: Elements,
}

/// What elements refer to by numbers.
#[derive(Default)]
pub(super) struct Tables {
    nodes: NodeIndex,
    /// Index of a group by its dimension and its tag without the sign.
    groups: HashMap<(usize, u32), u32>,
}

/// The elements of a file, or of a part of it.
#[derive(Default)]
pub(super) struct Elements {
    /// One for each pair of shape and order met.
    blocks: Vec<RawBlock>,
    /// By dimension: offset and number of the first element that is in several groups.
    several: [Option<(usize, u64)>; 4],
    /// An element that repeats the one before it in another group is left out: so MSH 2.2 says that an element is in
    /// several groups.
    pub merge_copies: bool,
    /// The group looked up last: most elements ask for the same as the one before.
    last_group: Option<((usize, u32), u32)>,
    /// Nodes of the element being read.
    element: Vec<u32>,
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
        if self.tables.groups.insert((dim, tag.unsigned_abs()), self.groups.len() as u32).is_some() {
            return fault(at, Problem::TagTwice { dim, tag });
        }
        if !self.names.insert(name.clone()) {
            return fault(at, Problem::NameTwice { name });
        }
        self.groups.push(Group { dim, tag, name });
        Ok(())
    }

    /// Prepares for `count` nodes, a count known to fit in the file.
    pub fn expect_nodes(&mut self, count: usize) {
        self.nodes.reserve_exact(count);
        self.tables.nodes.expect(count);
    }

    /// Numbers the next node; its coordinates follow, before or after the numbers of other nodes.
    pub fn node_tag(&mut self, at: usize, tag: u64) -> Scan<()> {
        if self.tables.nodes.is_full() {
            return fault(at, Problem::TooManyNodes);
        }
        if !self.tables.nodes.insert(tag) {
            return fault(at, Problem::NodeTwice { tag });
        }
        Ok(())
    }

    /// Numbers the next nodes; false, and nothing is changed, if one of the numbers is wrong.
    pub fn node_tags(&mut self, tags: &Numbers) -> bool {
        self.tables.nodes.insert_all(tags)
    }

    /// Adds the coordinates of the next nodes.
    pub fn coordinates(&mut self, x: &[[f64; 3]]) {
        self.nodes.extend_from_slice(x);
    }

    /// The mesh, its blocks in the order of [`Shape::ALL`](crate::element::Shape::ALL).
    pub fn finish(self) -> Scan<RawMesh> {
        let Elements { mut blocks, several, .. } = self.elements;
        let dims = blocks.iter().map(|b| b.shape.dims()).max().unwrap_or(0);
        if let Some((at, element)) = dims.checked_sub(1).and_then(|dim| several[dim]) {
            return fault(at, Problem::SeveralGroups { element });
        }
        blocks.sort_by_key(|b| (b.shape, b.order));
        Ok(RawMesh { nodes: self.nodes, groups: self.groups, blocks })
    }
}

impl Elements {
    /// No elements yet, of a part of the same file.
    pub fn part(&self) -> Elements {
        Elements { merge_copies: self.merge_copies, ..Elements::default() }
    }

    /// Index of the group of an element whose physical tag is `physical`.
    pub fn group_of(
        &mut self,
        tables: &Tables,
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
                let Some(&group) = tables.groups.get(&key) else {
                    return fault(at, Problem::UnnamedGroup { element, dim, tag });
                };
                self.last_group = Some((key, group));
                Ok(group)
            }
        }
    }

    /// Prepares for `count` more elements, a count known to fit in the file.
    pub fn expect(&mut self, lattice: &Lattice, count: usize) {
        let block = block_of(&mut self.blocks, lattice.shape, lattice.order);
        block.nodes.reserve(count * lattice.to_lattice.len());
        block.groups.reserve(count);
    }

    /// Adds the element `number`; `next` reads the number of its next node in Gmsh's order. Nothing is changed if
    /// that fails.
    pub fn element(
        &mut self,
        tables: &Tables,
        at: usize,
        number: u64,
        lattice: &Lattice,
        group: u32,
        mut next: impl FnMut() -> Scan<u64>,
    ) -> Scan<()> {
        let nodes = &mut self.element;
        nodes.clear();
        nodes.resize(lattice.to_lattice.len(), 0);
        for &slot in lattice.to_lattice {
            let tag = next()?;
            let Some(node) = tables.nodes.get(tag) else {
                return fault(at, Problem::UnknownNode { element: number, tag });
            };
            nodes[slot] = node;
        }
        let block = block_of(&mut self.blocks, lattice.shape, lattice.order);
        if self.merge_copies
            && block.groups.last().is_some_and(|&last| last != group)
            && block.nodes.ends_with(nodes)
        {
            let first = block.numbers.get(block.numbers.len() - 1);
            self.several_groups(at, first, lattice.shape.dims());
            return Ok(());
        }
        block.nodes.extend_from_slice(nodes);
        block.groups.push(group);
        block.numbers.push(number);
        Ok(())
    }

    /// Notes that an element of dimension `dim` is in several groups. Whether that is allowed is known at the end only.
    pub fn several_groups(&mut self, at: usize, element: u64, dim: usize) {
        self.several[dim].get_or_insert((at, element));
    }

    /// Adds the elements of the next part of the file. False, and nothing is changed, if there may be copies on both
    /// sides of the border.
    pub fn append(&mut self, part: Elements) -> bool {
        let may_be_copy = |(ours, theirs): (&RawBlock, &RawBlock)| {
            let first = &theirs.nodes[..theirs.shape.points(theirs.order)];
            (ours.shape, ours.order) == (theirs.shape, theirs.order) && ours.nodes.ends_with(first)
        };
        let mut pairs =
            part.blocks.iter().flat_map(|theirs| self.blocks.iter().map(move |ours| (ours, theirs)));
        if self.merge_copies && pairs.any(may_be_copy) {
            return false;
        }
        for theirs in part.blocks {
            let ours = block_of(&mut self.blocks, theirs.shape, theirs.order);
            ours.nodes.extend_from_slice(&theirs.nodes);
            ours.groups.extend_from_slice(&theirs.groups);
            ours.numbers.append(&theirs.numbers);
        }
        for (ours, theirs) in self.several.iter_mut().zip(part.several) {
            *ours = ours.or(theirs);
        }
        true
    }
}

/// The block of elements of this kind, new if it is the first of its kind.
fn block_of(blocks: &mut Vec<RawBlock>, shape: Shape, order: usize) -> &mut RawBlock {
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
