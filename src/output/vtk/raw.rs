//! The arrays of a grid as they go into a file of [`super::appended`].

use super::appended::{Arrays, Head, Part, write as write_file};
use super::grid::Laid;
use super::nodes::Layout;
use super::piece::{CellValues, Piece};
use super::series::real_type;
use crate::output::{OutputError, Precision};
use bytemuck::Pod;
use std::io::{self, Write};
use std::path::Path;

/// Numbers converted at a time.
const CHUNK: usize = 1 << 14;

/// Writes a piece, whole or not at all.
pub(super) fn write(path: &Path, piece: &Piece) -> Result<(), OutputError> {
    let Piece { laid, blocks, fields, cell_data, precision, .. } = piece;
    let cells =
        Cells::new(laid.blocks().map(|(block, layout)| (block.len(), layout)).collect(), laid.points());
    let real = |part: Part, name: &str, components: usize| {
        real_head(part, name, components, laid.points(), *precision)
    };
    let mut heads = vec![real(Part::Points, "Points", 3)];
    heads.extend(cells.heads());
    heads.extend(fields.iter().map(|f| real(Part::PointData, &f.name, f.components)));
    heads.extend(cell_data.iter().map(|data| match &data.values {
        CellValues::Whole(values) => Head::new::<i32>(Part::CellData, ("Int32", data.name, 1), values.len()),
        CellValues::Real(values) => Head::new::<f64>(Part::CellData, ("Float64", data.name, 1), values.len()),
    }));
    write_file(path, piece.version(), (laid.points(), laid.count()), &heads, |arrays| {
        let points: Vec<&[f64]> = blocks.iter().map(|b| &b.points[..]).collect();
        nodal(&mut arrays.array(0), laid, 3, &points, *precision)?;
        let mut next = 1;
        cells.write(arrays, &mut next, |node| laid.point(node))?;
        for field in *fields {
            let values: Vec<&[f64]> = field.values.iter().map(Vec::as_slice).collect();
            nodal(&mut arrays.array(next), laid, field.components, &values, *precision)?;
            next += 1;
        }
        for data in cell_data {
            let bytes = match &data.values {
                CellValues::Whole(values) => bytemuck::cast_slice(values),
                CellValues::Real(values) => bytemuck::cast_slice(values),
            };
            arrays.array(next).write_all(bytes)?;
            next += 1;
        }
        Ok(())
    })
}

/// An array of numbers at all points.
pub(in crate::output) fn real_head(
    part: Part,
    name: &str,
    components: usize,
    points: usize,
    precision: Precision,
) -> Head {
    let head = (real_type(precision), name, components);
    match precision {
        Precision::Single => Head::new::<f32>(part, head, points * components),
        Precision::Double => Head::new::<f64>(part, head, points * components),
    }
}

/// Cells of elements that come one after the other, each with nodes of its own in VTK's order.
pub(in crate::output) struct Cells<'a> {
    /// Elements and what becomes of one, block by block.
    blocks: Vec<(usize, &'a Layout)>,
    /// Nodes of all cells, those of each cell counted.
    corners: usize,
    /// Whether 32 bits are enough for all numbers: half the size.
    narrow: bool,
}

impl<'a> Cells<'a> {
    /// Those of so many elements with each layout, on so many points.
    pub fn new(blocks: Vec<(usize, &'a Layout)>, points: usize) -> Cells<'a> {
        let of = |layout: &Layout| layout.cells.iter().map(|cell| cell.nodes.len()).sum::<usize>();
        let corners = blocks.iter().map(|(count, layout)| count * of(layout)).sum();
        Cells { narrow: i32::try_from(points.max(corners)).is_ok(), blocks, corners }
    }

    /// Number of cells.
    pub fn count(&self) -> usize {
        self.blocks.iter().map(|(count, layout)| count * layout.cells.len()).sum()
    }

    /// Their arrays: nodes of all cells, the end of each cell in these, types.
    pub fn heads(&self) -> [Head; 3] {
        let whole = |name: &str, count: usize| match self.narrow {
            true => Head::new::<i32>(Part::Cells, ("Int32", name, 1), count),
            false => Head::new::<i64>(Part::Cells, ("Int64", name, 1), count),
        };
        [
            whole("connectivity", self.corners),
            whole("offsets", self.count()),
            Head::new::<u8>(Part::Cells, ("UInt8", "types", 1), self.count()),
        ]
    }

    /// Fills the arrays, the first of which is the one with number `next`, which is counted up. `point`: the point of each node.
    pub fn write(
        &self,
        arrays: &mut Arrays,
        next: &mut usize,
        point: impl Fn(usize) -> usize,
    ) -> io::Result<()> {
        match self.narrow {
            true => self.numbers(arrays, *next, |node| point(node) as i32, |end| end as i32),
            false => self.numbers(arrays, *next, |node| point(node) as i64, |end| end as i64),
        }?;
        *next += 3;
        Ok(())
    }

    fn numbers<T: Pod>(
        &self,
        arrays: &mut Arrays,
        first: usize,
        point: impl Fn(usize) -> T,
        end: impl Fn(usize) -> T,
    ) -> io::Result<()> {
        let mut out = arrays.array(first);
        let mut chunk = Chunk::new(&mut out);
        let mut start = 0;
        for (count, layout) in &self.blocks {
            for _ in 0..*count {
                let all = layout.cells.iter().flat_map(|cell| &cell.nodes);
                chunk.put(all.map(|&node| point(start + node)))?;
                start += layout.order.len();
            }
        }
        chunk.end()?;
        drop(out);
        let mut out = arrays.array(first + 1);
        let mut chunk = Chunk::new(&mut out);
        let mut ends = 0;
        for (count, layout) in &self.blocks {
            for _ in 0..*count {
                chunk.put(layout.cells.iter().map(|cell| {
                    ends += cell.nodes.len();
                    end(ends)
                }))?;
            }
        }
        chunk.end()?;
        drop(out);
        let mut out = arrays.array(first + 2);
        let mut chunk = Chunk::new(&mut out);
        for (count, layout) in &self.blocks {
            for _ in 0..*count {
                chunk.put(layout.cells.iter().map(|cell| cell.kind as u8))?;
            }
        }
        chunk.end()
    }
}

/// Values at the nodes of all blocks, `[element][lattice node][component]` each, nodes in VTK's order.
fn nodal(
    out: &mut dyn Write,
    laid: &Laid,
    components: usize,
    values: &[&[f64]],
    precision: Precision,
) -> io::Result<()> {
    match precision {
        Precision::Single => reordered(out, laid, components, values, |x| x as f32),
        Precision::Double => reordered(out, laid, components, values, |x| x),
    }
}

/// Values `[element][lattice node][component]` of all blocks with the nodes of each element in VTK's order.
fn reordered<T: Pod>(
    out: &mut dyn Write,
    laid: &Laid,
    components: usize,
    values: &[&[f64]],
    number: impl Fn(f64) -> T + Copy,
) -> io::Result<()> {
    let mut chunk = Chunk::new(out);
    if laid.is_merged() {
        let mut all = laid.values(components, values).map(number).peekable();
        while all.peek().is_some() {
            chunk.put(all.by_ref().take(CHUNK))?;
        }
        return chunk.end();
    }
    for (values, (block, layout)) in values.iter().zip(laid.blocks()) {
        for element in values.chunks_exact(block.nodes_per_element() * components) {
            if components == 1 {
                chunk.put(layout.order.iter().map(|&node| number(element[node])))?;
            } else {
                let node = |&node: &usize| &element[node * components..][..components];
                chunk.put(layout.order.iter().flat_map(node).map(|&x| number(x)))?;
            }
        }
    }
    chunk.end()
}

/// Collects numbers to write many at once.
struct Chunk<'o, T> {
    out: &'o mut dyn Write,
    numbers: Vec<T>,
}

impl<'o, T: Pod> Chunk<'o, T> {
    fn new(out: &'o mut dyn Write) -> Self {
        Chunk { out, numbers: Vec::with_capacity(2 * CHUNK) }
    }

    fn put(&mut self, numbers: impl Iterator<Item = T>) -> io::Result<()> {
        self.numbers.extend(numbers);
        if self.numbers.len() >= CHUNK {
            self.out.write_all(bytemuck::cast_slice(&self.numbers))?;
            self.numbers.clear();
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        self.out.write_all(bytemuck::cast_slice(&self.numbers))
    }
}
