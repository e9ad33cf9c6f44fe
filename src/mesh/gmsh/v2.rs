//! The layout of MSH 2.2.

use super::build::{Builder, Point, element_type};
use super::error::{Problem, Scan, fault};
use super::scan::{Cursor, Encoding, Width};
use crate::element::Shape;

/// Reads the section Nodes, or ParametricNodes: the same with the entity and the parameters of each node at its end.
pub(super) fn nodes(c: &mut Cursor, mesh: &mut Builder, parametric: bool) -> Scan<()> {
    let width = Width { ints: if parametric { 3 } else { 1 }, sizes: 0, reals: 3 };
    let count = announced(c, width, "nodes")?;
    mesh.expect_nodes(count);
    for _ in 0..count {
        let at = c.here();
        let tag = c.count("a node number")?;
        mesh.node_tag(at, tag)?;
        mesh.coordinates([c.real()?, c.real()?, c.real()?]);
        if parametric {
            let dim = c.int("the dimension of an entity")?;
            c.skip_ints(1)?;
            c.skip_reals(if dim == 1 || dim == 2 { dim as usize } else { 0 })?;
        }
    }
    Ok(())
}

/// Reads the section Elements.
pub(super) fn elements(c: &mut Cursor, mesh: &mut Builder) -> Scan<()> {
    // The least in text: number, type, number of tags, one node (of a point); in binary the number and the node.
    let ints = if c.encoding == Encoding::Text { 4 } else { 2 };
    let announced = announced(c, Width { ints, ..Width::default() }, "elements")?;
    let mut held = 0;
    while held < announced {
        let at = c.here();
        if c.encoding == Encoding::Text {
            let number = c.count("an element number")?;
            let kind = c.int("an element type")?;
            let tags = tags(c)?;
            element(c, mesh, at, number, kind, tags)?;
            held += 1;
        } else {
            let kind = c.int("an element type")?;
            let follow = c.count("a number of elements")?;
            let tags = tags(c)?;
            let width = c.bytes_of(Width { ints: tags + 2, ..Width::default() });
            let follow = c.announced(at, follow, width, "elements")?;
            held += follow;
            if held > announced {
                let (announced, held) = (announced as u64, held as u64);
                return fault(at, Problem::Miscounted { announced, what: "elements", held });
            }
            for _ in 0..follow {
                let at = c.here();
                let number = c.count("an element number")?;
                element(c, mesh, at, number, kind, tags)?;
            }
        }
    }
    Ok(())
}

/// The number of entries of a section, which is text in either encoding.
fn announced(c: &mut Cursor, width: Width, what: &'static str) -> Scan<usize> {
    let at = c.text_here();
    let count = c.text_size("the number of entries")?;
    if c.encoding != Encoding::Text {
        c.end_line()?;
    }
    c.announced(at, count, c.bytes_of(width), what)
}

/// The number of tags of an element.
fn tags(c: &mut Cursor) -> Scan<usize> {
    let at = c.here();
    let count = c.count("the number of tags")?;
    c.announced(at, count, c.bytes_of(Width { ints: 1, ..Width::default() }), "tags")
}

/// Reads the tags and nodes of an element; the first tag is its physical group, 0 for none.
fn element(c: &mut Cursor, mesh: &mut Builder, at: usize, number: u64, kind: i32, tags: usize) -> Scan<()> {
    let physical = if tags > 0 { c.int("a physical tag")? } else { 0 };
    c.skip_ints(tags.saturating_sub(1))?;
    let physical = (physical != 0).then_some(physical);
    let lattice = element_type(at, number, kind)?;
    if lattice.shape == Shape::Point {
        mesh.point(Point { at, number, physical, node: c.count("a node number")? });
        return Ok(());
    }
    let group = mesh.group_of(at, number, lattice, physical)?;
    mesh.element(at, number, lattice, group, || c.count("a node number"))?;
    mesh.merge_copy(at, lattice);
    Ok(())
}
