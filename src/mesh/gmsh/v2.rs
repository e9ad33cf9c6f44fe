//! The layout of MSH 2.2.

use super::build::{Builder, Elements, Point, Tables, element_type};
use super::bulk::{self, Entries};
use super::error::{Problem, Scan, fault};
use super::scan::{Cursor, Encoding, Scanner, Width};
use super::stream::Stream;
use crate::element::Shape;
use crate::mesh::raw::Numbers;

/// Reads the section Nodes, or ParametricNodes: the same with the entity and the parameters of each node at its end.
pub(super) fn nodes(s: &mut Stream, mesh: &mut Builder, parametric: bool) -> Scan<()> {
    let width = Width { ints: if parametric { 3 } else { 1 }, sizes: 0, reals: 3 };
    let count = announced(s, width, "nodes")?;
    mesh.expect_nodes(count);
    bulk::read(s, &mut Nodes { mesh, parametric }, count)
}

struct Nodes<'a> {
    mesh: &'a mut Builder,
    parametric: bool,
}

impl Nodes<'_> {
    /// Reads a node; `tag` takes its number and where that stands.
    fn node(
        c: &mut impl Scanner,
        parametric: bool,
        tag: impl FnOnce(usize, u64) -> Scan<()>,
    ) -> Scan<[f64; 3]> {
        let at = c.here()?;
        tag(at, c.count("a node number")?)?;
        let x = [c.real()?, c.real()?, c.real()?];
        if parametric {
            let dim = c.int("the dimension of an entity")?;
            c.skip_ints(1)?;
            c.skip_reals(if dim == 1 || dim == 2 { dim as usize } else { 0 })?;
        }
        Ok(x)
    }
}

impl Entries for Nodes<'_> {
    type Part = (Numbers, Vec<[f64; 3]>);

    fn bytes(&self, encoding: Encoding) -> usize {
        match encoding {
            Encoding::Text => 48,
            // The number of parameters depends on the node.
            _ if self.parametric => 0,
            _ => 4 + 3 * 8,
        }
    }

    fn part(&self) -> Self::Part {
        Default::default()
    }

    fn read_part(&self, c: &mut Cursor, (tags, nodes): &mut Self::Part) -> Scan<()> {
        let mut number = 0;
        nodes.push(Self::node(c, self.parametric, |_, tag| {
            number = tag;
            Ok(())
        })?);
        tags.push(number);
        Ok(())
    }

    fn append(&mut self, (tags, nodes): Self::Part) -> bool {
        let new = self.mesh.node_tags(&tags);
        if new {
            self.mesh.coordinates(&nodes);
        }
        new
    }

    fn read(&mut self, c: &mut impl Scanner) -> Scan<()> {
        let node = Self::node(c, self.parametric, |at, tag| self.mesh.node_tag(at, tag))?;
        self.mesh.coordinates(&[node]);
        Ok(())
    }
}

/// Reads the section Elements.
pub(super) fn elements(s: &mut Stream, mesh: &mut Builder) -> Scan<()> {
    // The least in text: number, type, number of tags, one node (of a point); in binary the number and the node.
    let ints = if s.encoding == Encoding::Text { 4 } else { 2 };
    let announced = announced(s, Width { ints, ..Width::default() }, "elements")?;
    mesh.elements.merge_copies = true;
    let Builder { tables, elements, .. } = mesh;
    if s.encoding == Encoding::Text {
        return bulk::read(s, &mut List { tables, elements, block: None }, announced);
    }
    let mut held = 0;
    while held < announced {
        let at = s.here()?;
        let kind = s.int("an element type")?;
        let follow = s.count("a number of elements")?;
        let tags = tags(s)?;
        let width = s.bytes_of(Width { ints: tags + 2, ..Width::default() });
        let follow = s.announced(at, follow, width, "elements")?;
        held += follow;
        if held > announced {
            let (announced, held) = (announced as u64, held as u64);
            return fault(at, Problem::Miscounted { announced, what: "elements", held });
        }
        bulk::read(s, &mut List { tables, elements, block: Some((kind, tags)) }, follow)?;
    }
    Ok(())
}

/// Elements of a text file, or of a block of a binary one, whose type and number of tags stand before it.
struct List<'a> {
    tables: &'a Tables,
    elements: &'a mut Elements,
    block: Option<(i32, usize)>,
}

impl Entries for List<'_> {
    type Part = Elements;

    fn bytes(&self, encoding: Encoding) -> usize {
        match self.block {
            None => {
                if encoding == Encoding::Text {
                    64
                } else {
                    0
                }
            }
            Some((kind, tags)) => match element_type(0, 0, kind) {
                Ok(lattice) => 4 * (1 + tags + lattice.to_lattice.len()),
                Err(_) => 0,
            },
        }
    }

    fn part(&self) -> Elements {
        self.elements.part()
    }

    fn read_part(&self, c: &mut Cursor, part: &mut Elements) -> Scan<()> {
        element(c, self.tables, part, self.block)
    }

    fn append(&mut self, part: Elements) -> bool {
        self.elements.append(part)
    }

    fn read(&mut self, c: &mut impl Scanner) -> Scan<()> {
        element(c, self.tables, self.elements, self.block)
    }
}

/// Reads an element; the first tag is its physical group, 0 for none.
fn element(
    c: &mut impl Scanner,
    tables: &Tables,
    elements: &mut Elements,
    block: Option<(i32, usize)>,
) -> Scan<()> {
    let at = c.here()?;
    let number = c.count("an element number")?;
    let (kind, tags) = match block {
        Some(block) => block,
        None => (c.int("an element type")?, tags(c)?),
    };
    let physical = if tags > 0 { c.int("a physical tag")? } else { 0 };
    c.skip_ints(tags.saturating_sub(1))?;
    let physical = (physical != 0).then_some(physical);
    let lattice = element_type(at, number, kind)?;
    if lattice.shape == Shape::Point {
        elements.point(Point { at, number, physical, node: c.count("a node number")? });
        return Ok(());
    }
    let group = elements.group_of(tables, at, number, lattice, physical)?;
    elements.element(tables, at, number, lattice, group, || c.count("a node number"))
}

/// The number of entries of a section, which is text in either encoding.
fn announced(s: &mut Stream, width: Width, what: &'static str) -> Scan<usize> {
    let (at, count) = s.text_count("the number of entries")?;
    if s.encoding != Encoding::Text {
        s.step(|c| c.end_line())?;
    }
    s.announced(at, count, s.bytes_of(width), what)
}

/// The number of tags of an element.
fn tags(c: &mut impl Scanner) -> Scan<usize> {
    let at = c.here()?;
    let count = c.count("the number of tags")?;
    c.announced(at, count, c.bytes_of(Width { ints: 1, ..Width::default() }), "tags")
}
