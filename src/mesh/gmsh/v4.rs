//! The layout of MSH 4.1.

use super::build::{Builder, Point, element_type};
use super::error::{Problem, Scan, fault};
use super::scan::{Cursor, Width};
use crate::element::Shape;
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
pub(super) fn entities(c: &mut Cursor, entities: &mut Entities) -> Scan<()> {
    let at = c.here();
    let mut counts = [0; 4];
    for count in &mut counts {
        *count = c.size("a number of entities")?;
    }
    for (dim, count) in (0i32..).zip(counts) {
        // A point has its coordinates, the others a bounding box and the list of what bounds them.
        let (reals, lists) = if dim == 0 { (3, 1) } else { (6, 2) };
        let width = c.bytes_of(Width { ints: 1, sizes: lists, reals });
        for _ in 0..c.announced(at, count, width, "entities")? {
            let tag = c.int("an entity tag")?;
            c.skip_reals(reals)?;
            let physicals = list(c, "physical tags")?;
            let first = if physicals > 0 { Some(c.int("a physical tag")?) } else { None };
            c.skip_ints(physicals.saturating_sub(1))?;
            if dim > 0 {
                let bounding = list(c, "bounding entities")?;
                c.skip_ints(bounding)?;
            }
            entities.groups.insert((dim, tag.unsigned_abs()), Physical { first, several: physicals > 1 });
        }
    }
    Ok(())
}

/// The length of a list of 4-byte integers.
fn list(c: &mut Cursor, what: &'static str) -> Scan<usize> {
    let at = c.here();
    let count = c.size("the length of a list")?;
    c.announced(at, count, c.bytes_of(Width { ints: 1, ..Width::default() }), what)
}

/// What a section of blocks begins with: the number of blocks and of all entries, each of at least `width`.
fn header(c: &mut Cursor, width: Width, what: &'static str) -> Scan<(usize, usize)> {
    let at = c.here();
    let blocks = c.size("the number of blocks")?;
    let entries = c.size("the number of entries")?;
    let _least_tag = c.size("the least tag")?;
    let _greatest_tag = c.size("the greatest tag")?;
    let block = c.bytes_of(Width { ints: 3, sizes: 1, reals: 0 });
    let blocks = c.announced(at, blocks, block, "blocks")?;
    Ok((blocks, c.announced(at, entries, c.bytes_of(width), what)?))
}

/// Compares what the blocks held with what the section announced at `at`.
fn compare(at: usize, announced: usize, held: usize, what: &'static str) -> Scan<()> {
    if announced != held {
        return fault(at, Problem::Miscounted { announced: announced as u64, what, held: held as u64 });
    }
    Ok(())
}

/// Reads the section Nodes.
pub(super) fn nodes(c: &mut Cursor, mesh: &mut Builder) -> Scan<()> {
    let start = c.here();
    let width = Width { ints: 0, sizes: 1, reals: 3 };
    let (blocks, total) = header(c, width, "nodes")?;
    mesh.expect_nodes(total);
    let mut held = 0;
    for _ in 0..blocks {
        let at = c.here();
        let dim = c.int("the dimension of an entity")?;
        let _entity = c.int("an entity tag")?;
        let parametric = c.int("the mark of parametric nodes (0 or 1)")?;
        let parameters = match (parametric, dim) {
            (0, _) => 0,
            (1, 0..=3) => dim as usize,
            (1, _) => return fault(at, Problem::Dimension { found: dim.to_string() }),
            _ => {
                let expected = "the mark of parametric nodes (0 or 1)";
                return fault(at, Problem::Expected { expected, found: parametric.to_string() });
            }
        };
        let count = c.size("the number of nodes of a block")?;
        let count = c.announced(at, count, c.bytes_of(Width { reals: 3 + parameters, ..width }), "nodes")?;
        for _ in 0..count {
            let at = c.here();
            let tag = c.size("a node number")?;
            mesh.node_tag(at, tag)?;
        }
        for _ in 0..count {
            mesh.coordinates([c.real()?, c.real()?, c.real()?]);
            c.skip_reals(parameters)?;
        }
        held += count;
    }
    compare(start, total, held, "nodes")
}

/// Reads the section Elements.
pub(super) fn elements(c: &mut Cursor, mesh: &mut Builder, entities: &Entities) -> Scan<()> {
    let start = c.here();
    // The least an element has is its number and one node.
    let least = Width { ints: 0, sizes: 2, reals: 0 };
    let (blocks, total) = header(c, least, "elements")?;
    let mut held = 0;
    for _ in 0..blocks {
        let block = c.here();
        let dim = c.int("the dimension of an entity")?;
        let tag = c.int("an entity tag")?;
        let kind = c.int("an element type")?;
        let count = c.size("the number of elements of a block")?;
        let count = c.announced(block, count, c.bytes_of(least), "elements")?;
        held += count;
        if count == 0 {
            continue;
        }
        let first = c.here();
        let number = c.size("an element number")?;
        let lattice = element_type(block, number, kind)?;
        let physical = entities.groups.get(&(dim, tag.unsigned_abs()));
        if lattice.shape == Shape::Point {
            points(c, mesh, physical, (first, number), count)?;
            continue;
        }
        if lattice.shape.dims() as i32 != dim {
            return fault(block, Problem::EntityType { dim, number: kind });
        }
        let Some(physical) = physical else {
            return fault(block, Problem::UnknownEntity { element: number, dim, tag });
        };
        if physical.several {
            mesh.several_groups(block, number, lattice.shape.dims());
        }
        let group = mesh.group_of(block, number, lattice, physical.first)?;
        // The number of the first element is read already.
        let width = Width { sizes: lattice.to_lattice.len(), ..Width::default() };
        c.announced(block, count as u64, c.bytes_of(width), "elements")?;
        mesh.expect_elements(lattice, count);
        mesh.element(first, number, lattice, group, || c.size("a node number"))?;
        for _ in 1..count {
            let at = c.here();
            let number = c.size("an element number")?;
            mesh.element(at, number, lattice, group, || c.size("a node number"))?;
        }
    }
    compare(start, total, held, "elements")
}

/// Reads `count` points of an entity, of which offset and number of the `first` are read.
fn points(
    c: &mut Cursor,
    mesh: &mut Builder,
    entity: Option<&Physical>,
    first: (usize, u64),
    count: usize,
) -> Scan<()> {
    if entity.is_some_and(|e| e.several) {
        mesh.several_groups(first.0, first.1, 0);
    }
    let physical = entity.and_then(|e| e.first);
    for i in 0..count {
        let (at, number) = if i == 0 { first } else { (c.here(), c.size("an element number")?) };
        mesh.point(Point { at, number, physical, node: c.size("a node number")? });
    }
    Ok(())
}
