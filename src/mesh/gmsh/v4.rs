//! The layout of MSH 4.1.

use super::build::{Builder, Elements, Point, Tables, element_type};
use super::bulk::{self, Entries};
use super::error::{Problem, Scan, fault};
use super::scan::{Cursor, Encoding, Scanner, Width};
use super::stream::Stream;
use super::types::Lattice;
use crate::element::Shape;
use crate::mesh::raw::Numbers;
use std::collections::HashMap;

/// Physical groups of the entities by dimension and tag (without the sign, which is an orientation).
#[derive(Default)]
pub(super) struct Entities {
    groups: HashMap<(i32, u32), Physical>,
}

/// Physical groups of one entity.
#[derive(Clone, Copy)]
struct Physical {
    first: Option<i32>,
    several: bool,
}

/// Reads the section Entities.
pub(super) fn entities(s: &mut Stream, entities: &mut Entities) -> Scan<()> {
    let at = s.here()?;
    let mut counts = [0; 4];
    for count in &mut counts {
        *count = s.size("a number of entities")?;
    }
    for (dim, count) in (0i32..).zip(counts) {
        // A point has its coordinates, the others a bounding box and the list of what bounds them.
        let (reals, lists) = if dim == 0 { (3, 1) } else { (6, 2) };
        let width = s.bytes_of(Width { ints: 1, sizes: lists, reals });
        for _ in 0..s.announced(at, count, width, "entities")? {
            let tag = s.int("an entity tag")?;
            s.skip_reals(reals)?;
            let physicals = list(s, "physical tags")?;
            let first = if physicals > 0 { Some(s.int("a physical tag")?) } else { None };
            s.skip_ints(physicals.saturating_sub(1))?;
            if dim > 0 {
                let bounding = list(s, "bounding entities")?;
                s.skip_ints(bounding)?;
            }
            entities.groups.insert((dim, tag.unsigned_abs()), Physical { first, several: physicals > 1 });
        }
    }
    Ok(())
}

/// The length of a list of 4-byte integers.
fn list(s: &mut Stream, what: &'static str) -> Scan<usize> {
    let at = s.here()?;
    let count = s.size("the length of a list")?;
    s.announced(at, count, s.bytes_of(Width { ints: 1, ..Width::default() }), what)
}

/// What a section of blocks begins with: the number of blocks and of all entries, each of at least `width`.
fn header(s: &mut Stream, width: Width, what: &'static str) -> Scan<(usize, usize)> {
    let at = s.here()?;
    let blocks = s.size("the number of blocks")?;
    let entries = s.size("the number of entries")?;
    let _least_tag = s.size("the least tag")?;
    let _greatest_tag = s.size("the greatest tag")?;
    let block = s.bytes_of(Width { ints: 3, sizes: 1, reals: 0 });
    let blocks = s.announced(at, blocks, block, "blocks")?;
    Ok((blocks, s.announced(at, entries, s.bytes_of(width), what)?))
}

/// Compares what the blocks held with what the section announced at `at`.
fn compare(at: usize, announced: usize, held: usize, what: &'static str) -> Scan<()> {
    if announced != held {
        return fault(at, Problem::Miscounted { announced: announced as u64, what, held: held as u64 });
    }
    Ok(())
}

/// Reads the section Nodes.
pub(super) fn nodes(s: &mut Stream, mesh: &mut Builder) -> Scan<()> {
    let start = s.here()?;
    let width = Width { ints: 0, sizes: 1, reals: 3 };
    let (blocks, total) = header(s, width, "nodes")?;
    mesh.expect_nodes(total);
    let mut held = 0;
    for _ in 0..blocks {
        let at = s.here()?;
        let dim = s.int("the dimension of an entity")?;
        let _entity = s.int("an entity tag")?;
        let parametric = s.int("the mark of parametric nodes (0 or 1)")?;
        let parameters = match (parametric, dim) {
            (0, _) => 0,
            (1, 0..=3) => dim as usize,
            (1, _) => return fault(at, Problem::Dimension { found: dim.to_string() }),
            _ => {
                let expected = "the mark of parametric nodes (0 or 1)";
                return fault(at, Problem::Expected { expected, found: parametric.to_string() });
            }
        };
        let count = s.size("the number of nodes of a block")?;
        let count = s.announced(at, count, s.bytes_of(Width { reals: 3 + parameters, ..width }), "nodes")?;
        bulk::read(s, &mut Tags(mesh), count)?;
        bulk::read(s, &mut Coordinates { mesh, parameters }, count)?;
        held += count;
    }
    compare(start, total, held, "nodes")
}

/// The numbers of the nodes of a block.
struct Tags<'a>(&'a mut Builder);

impl Entries for Tags<'_> {
    type Part = Numbers;

    fn bytes(&self, _: Encoding) -> usize {
        8
    }

    fn part(&self) -> Numbers {
        Numbers::default()
    }

    fn read_part(&self, c: &mut Cursor, part: &mut Numbers) -> Scan<()> {
        part.push(c.size("a node number")?);
        Ok(())
    }

    fn append(&mut self, part: Numbers) -> bool {
        self.0.node_tags(&part)
    }

    fn read(&mut self, c: &mut impl Scanner) -> Scan<()> {
        let at = c.here()?;
        let tag = c.size("a node number")?;
        self.0.node_tag(at, tag)
    }
}

/// The coordinates of the nodes of a block.
struct Coordinates<'a> {
    mesh: &'a mut Builder,
    parameters: usize,
}

impl Coordinates<'_> {
    fn node(&self, c: &mut impl Scanner) -> Scan<[f64; 3]> {
        let x = [c.real()?, c.real()?, c.real()?];
        c.skip_reals(self.parameters)?;
        Ok(x)
    }
}

impl Entries for Coordinates<'_> {
    type Part = Vec<[f64; 3]>;

    fn bytes(&self, encoding: Encoding) -> usize {
        (if encoding == Encoding::Text { 16 } else { 8 }) * (3 + self.parameters)
    }

    fn part(&self) -> Vec<[f64; 3]> {
        Vec::new()
    }

    fn read_part(&self, c: &mut Cursor, part: &mut Vec<[f64; 3]>) -> Scan<()> {
        part.push(self.node(c)?);
        Ok(())
    }

    fn append(&mut self, part: Vec<[f64; 3]>) -> bool {
        self.mesh.coordinates(&part);
        true
    }

    fn read(&mut self, c: &mut impl Scanner) -> Scan<()> {
        let node = self.node(c)?;
        self.mesh.coordinates(&[node]);
        Ok(())
    }
}

/// Reads the section Elements.
pub(super) fn elements(s: &mut Stream, mesh: &mut Builder, entities: &Entities) -> Scan<()> {
    let start = s.here()?;
    // The least an element has is its number and one node.
    let least = Width { ints: 0, sizes: 2, reals: 0 };
    let (blocks, total) = header(s, least, "elements")?;
    let Builder { tables, elements, .. } = mesh;
    let mut held = 0;
    for _ in 0..blocks {
        let block = s.here()?;
        let dim = s.int("the dimension of an entity")?;
        let tag = s.int("an entity tag")?;
        let kind = s.int("an element type")?;
        let count = s.size("the number of elements of a block")?;
        let count = s.announced(block, count, s.bytes_of(least), "elements")?;
        held += count;
        if count == 0 {
            continue;
        }
        let first = s.here()?;
        let number = s.size("an element number")?;
        let lattice = element_type(block, number, kind)?;
        let physical = entities.groups.get(&(dim, tag.unsigned_abs()));
        if lattice.shape == Shape::Point {
            points(s, elements, physical, (first, number), count)?;
            continue;
        }
        if lattice.shape.dims() as i32 != dim {
            return fault(block, Problem::EntityType { dim, number: kind });
        }
        let Some(physical) = physical else {
            return fault(block, Problem::UnknownEntity { element: number, dim, tag });
        };
        if physical.several {
            elements.several_groups(block, number, lattice.shape.dims());
        }
        let group = elements.group_of(tables, block, number, lattice, physical.first)?;
        // The number of the first element is read already.
        let width = Width { sizes: lattice.to_lattice.len(), ..Width::default() };
        s.announced(block, count as u64, s.bytes_of(width), "elements")?;
        elements.expect(lattice, count);
        elements.element(tables, first, number, lattice, group, || s.size("a node number"))?;
        bulk::read(s, &mut List { tables, elements, lattice, group }, count - 1)?;
    }
    compare(start, total, held, "elements")
}

/// Reads `count` points of an entity, of which offset and number of the `first` are read.
fn points(
    s: &mut Stream,
    elements: &mut Elements,
    entity: Option<&Physical>,
    first: (usize, u64),
    count: usize,
) -> Scan<()> {
    if entity.is_some_and(|e| e.several) {
        elements.several_groups(first.0, first.1, 0);
    }
    let physical = entity.and_then(|e| e.first);
    for i in 0..count {
        let (at, number) = if i == 0 { first } else { (s.here()?, s.size("an element number")?) };
        elements.point(Point { at, number, physical, node: s.size("a node number")? });
    }
    Ok(())
}

/// Elements of a block.
struct List<'a> {
    tables: &'a Tables,
    elements: &'a mut Elements,
    lattice: &'static Lattice,
    group: u32,
}

impl Entries for List<'_> {
    type Part = Elements;

    fn bytes(&self, _: Encoding) -> usize {
        8 * (1 + self.lattice.to_lattice.len())
    }

    fn part(&self) -> Elements {
        self.elements.part()
    }

    fn read_part(&self, c: &mut Cursor, part: &mut Elements) -> Scan<()> {
        element(c, self.tables, part, self.lattice, self.group)
    }

    fn append(&mut self, part: Elements) -> bool {
        self.elements.append(part)
    }

    fn read(&mut self, c: &mut impl Scanner) -> Scan<()> {
        element(c, self.tables, self.elements, self.lattice, self.group)
    }
}

fn element(
    c: &mut impl Scanner,
    tables: &Tables,
    elements: &mut Elements,
    lattice: &Lattice,
    group: u32,
) -> Scan<()> {
    let at = c.here()?;
    let number = c.size("an element number")?;
    elements.element(tables, at, number, lattice, group, || c.size("a node number"))
}
