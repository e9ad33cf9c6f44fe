//! Collects what the two layouts read into a [`RawMesh`].

use super::error::{Problem, Scan, fault};
use super::index::NodeIndex;
use super::serendipity::{self, MISSING};
use super::text;
use super::types::{self, Kind, Lattice};
use crate::element::Shape;
use crate::mesh::raw::{Group, Numbers, RawBlock, RawMesh};
use std::collections::{HashMap, HashSet};

/// A mesh being read.
#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<[f64; 3]>,
    groups: Vec<Group>,
    names: HashSet<String>,
    /// Offset, tag and name of the groups of points, which wait until the dimension of the mesh is known.
    point_groups: Vec<(usize, i32, Vec<u8>)>,
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
    /// Offset of the first element that lacks nodes of its lattice.
    serendipity: Option<usize>,
    /// Points matter in one dimension only: they wait until the dimension is known.
    points: Vec<Point>,
    /// An element that repeats the one before it in another group is left out: so MSH 2.2 says that an element is in
    /// several groups.
    pub merge_copies: bool,
    /// The group looked up last: most elements ask for the same as the one before.
    last_group: Option<((usize, u32), u32)>,
    /// Nodes of the element being read.
    element: Vec<u32>,
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

impl Builder {
    /// Adds a physical group.
    pub fn group(&mut self, at: usize, dim: usize, tag: i32, name: &[u8]) -> Scan<()> {
        if dim == 0 {
            self.point_groups.push((at, tag, name.to_vec()));
            return Ok(());
        }
        self.named_group(at, dim, tag, name)
    }

    fn named_group(&mut self, at: usize, dim: usize, tag: i32, name: &[u8]) -> Scan<()> {
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
    pub fn finish(mut self) -> Scan<RawMesh> {
        let dims = self.elements.blocks.iter().map(|b| b.shape.dims()).max().unwrap_or(0);
        if dims == 1 {
            self.keep_points()?;
        }
        let Elements { mut blocks, several, serendipity, .. } = self.elements;
        if let Some((at, element)) = dims.checked_sub(1).and_then(|dim| several[dim]) {
            return fault(at, Problem::SeveralGroups { element });
        }
        blocks.sort_by_key(|b| (b.shape, b.order));
        let mut completed = 0;
        if let Some(at) = serendipity {
            completed = serendipity::complete(&mut self.nodes, &mut blocks)
                .or_else(|_| fault(at, Problem::TooManyNodes))?;
        }
        Ok(RawMesh { nodes: self.nodes, groups: self.groups, blocks, completed })
    }

    /// Makes the points, which are the boundary of a one-dimensional mesh, elements like others.
    fn keep_points(&mut self) -> Scan<()> {
        for (at, tag, name) in std::mem::take(&mut self.point_groups) {
            self.named_group(at, 0, tag, &name)?;
        }
        let lattice = types::point();
        let Builder { tables, elements, .. } = self;
        for Point { at, number, physical, node } in std::mem::take(&mut elements.points) {
            let group = elements.group_of(tables, at, number, lattice, physical)?;
            elements.element(tables, at, number, lattice, group, || Ok(node))?;
        }
        Ok(())
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
        block.nodes.reserve(count * lattice.points());
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
        nodes.resize(lattice.points(), MISSING);
        for &slot in &lattice.to_lattice {
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
        if lattice.is_serendipity() {
            self.serendipity.get_or_insert(at);
        }
        Ok(())
    }

    /// Adds a point, which is forgotten if the mesh has more than one dimension.
    pub fn point(&mut self, point: Point) {
        if self.may_be_lines() {
            self.points.push(point);
        }
    }

    /// True unless the mesh has more than one dimension.
    fn may_be_lines(&self) -> bool {
        self.blocks.iter().all(|b| b.shape.dims() < 2)
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
        if self.may_be_lines() {
            self.points.extend(part.points);
        }
        self.serendipity = self.serendipity.or(part.serendipity);
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
