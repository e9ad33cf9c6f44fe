//! A `.vtu` file with its arrays as they are behind the XML (VTK calls that raw appended data).
//!
//! Our own, and not by the crate of [`super::compressed`], which encodes arrays as text: a run that writes every few steps
//! waits for that text. The format is that of VTK's "XML file formats"; beyond it, readers in other languages want the arrays
//! one right after the other, and a new line at their end.

use super::grid::Laid;
use super::nodes::Layout;
use super::piece::{CellValues, Piece};
use super::series::{escape, real_type};
use crate::output::atomic::write_atomically;
use crate::output::{OutputError, Precision};
use bytemuck::Pod;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Numbers converted at a time.
const CHUNK: usize = 1 << 14;

/// What writes the bytes of an array.
type Fill<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// One array: its tag without the place, its bytes, and what writes them.
struct Array<'a> {
    tag: String,
    bytes: u64,
    write: Fill<'a>,
}

impl<'a> Array<'a> {
    fn new<T: Pod>(
        (kind, name, components): (&str, &str, usize),
        count: usize,
        write: impl Fn(&mut dyn Write) -> io::Result<()> + 'a,
    ) -> Array<'a> {
        let name = escape(name);
        let tag = format!("<DataArray type=\"{kind}\" Name=\"{name}\" NumberOfComponents=\"{components}\"");
        Array { tag, bytes: (count * size_of::<T>()) as u64, write: Box::new(write) }
    }

    /// Numbers that are there already.
    fn of<T: Pod>(kind: &str, name: &str, values: &'a [T]) -> Array<'a> {
        Array::new::<T>((kind, name, 1), values.len(), move |out| out.write_all(bytemuck::cast_slice(values)))
    }

    /// Values at the nodes of all blocks, `[element][lattice node][component]` each, nodes in VTK's order.
    fn nodal(
        name: &str,
        components: usize,
        laid: &'a Laid,
        values: Vec<&'a [f64]>,
        precision: Precision,
    ) -> Array<'a> {
        let count = laid.points() * components;
        let head = (real_type(precision), name, components);
        match precision {
            Precision::Single => Array::new::<f32>(head, count, move |out| {
                reordered(out, laid, components, &values, |x| x as f32)
            }),
            Precision::Double => {
                Array::new::<f64>(head, count, move |out| reordered(out, laid, components, &values, |x| x))
            }
        }
    }
}

/// Writes a piece, whole or not at all.
pub(super) fn write(path: &Path, piece: &Piece) -> Result<(), OutputError> {
    let Piece { laid, blocks, fields, cell_data, precision, .. } = piece;
    let nodes = laid.points();
    let corners: usize = laid.blocks().map(|(b, layout)| b.len() * corners_of(layout)).sum();
    let points = blocks.iter().map(|b| &b.points[..]).collect();
    let points = vec![Array::nodal("Points", 3, laid, points, *precision)];
    // Half the size where that is enough.
    let narrow = i32::try_from(nodes.max(corners)).is_ok();
    let cells = match narrow {
        true => cells::<i32>("Int32", laid, corners, |i| i as i32),
        false => cells::<i64>("Int64", laid, corners, |i| i as i64),
    };
    let nodal = fields.iter().map(|f| {
        let values = f.values.iter().map(Vec::as_slice).collect();
        Array::nodal(&f.name, f.components, laid, values, *precision)
    });
    let marks = cell_data.iter().map(|data| match &data.values {
        CellValues::Whole(values) => Array::of("Int32", data.name, values),
        CellValues::Real(values) => Array::of("Float64", data.name, values),
    });
    let parts =
        [("Points", points), ("Cells", cells), ("PointData", nodal.collect()), ("CellData", marks.collect())];
    let mut body = String::new();
    let mut place = 0;
    for (part, arrays) in &parts {
        body += &format!("<{part}>\n");
        for array in arrays {
            body += &format!("{} format=\"appended\" offset=\"{place}\"/>\n", array.tag);
            place += 8 + array.bytes;
        }
        body += &format!("</{part}>\n");
    }
    let (major, minor) = piece.version();
    let order = if cfg!(target_endian = "big") { "BigEndian" } else { "LittleEndian" };
    let head = format!(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"{major}.{minor}\" byte_order=\"{order}\" \
         header_type=\"UInt64\">\n<UnstructuredGrid>\n<Piece NumberOfPoints=\"{nodes}\" NumberOfCells=\"{}\">\n{body}\
         </Piece>\n</UnstructuredGrid>\n<AppendedData encoding=\"raw\">\n_",
        laid.count()
    );
    write_atomically(path, |temporary| {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(temporary)?);
        out.write_all(head.as_bytes())?;
        for array in parts.iter().flat_map(|(_, arrays)| arrays) {
            out.write_all(&array.bytes.to_ne_bytes())?;
            (array.write)(&mut out)?;
        }
        out.write_all(b"\n</AppendedData>\n</VTKFile>\n")?;
        Ok(out.flush()?)
    })
}

/// Nodes, ends and types of all cells, on points that are stored element by element in VTK's order.
fn cells<'a, T: Pod>(
    kind: &str,
    laid: &'a Laid,
    corners: usize,
    number: impl Fn(usize) -> T + Copy + 'a,
) -> Vec<Array<'a>> {
    let nodes = move |out: &mut dyn Write| {
        let mut chunk = Chunk::new(out);
        let mut first = 0;
        for (block, layout) in laid.blocks() {
            for _ in 0..block.len() {
                let all = layout.cells.iter().flat_map(|cell| &cell.nodes);
                chunk.put(all.map(|&node| number(laid.point(first + node))))?;
                first += block.nodes_per_element();
            }
        }
        chunk.end()
    };
    let ends = move |out: &mut dyn Write| {
        let mut chunk = Chunk::new(out);
        let mut end = 0;
        for (block, layout) in laid.blocks() {
            for _ in 0..block.len() {
                chunk.put(layout.cells.iter().map(|cell| {
                    end += cell.nodes.len();
                    number(end)
                }))?;
            }
        }
        chunk.end()
    };
    let types = move |out: &mut dyn Write| {
        let mut chunk = Chunk::new(out);
        for (block, layout) in laid.blocks() {
            for _ in 0..block.len() {
                chunk.put(layout.cells.iter().map(|cell| cell.kind as u8))?;
            }
        }
        chunk.end()
    };
    vec![
        Array::new::<T>((kind, "connectivity", 1), corners, nodes),
        Array::new::<T>((kind, "offsets", 1), laid.count(), ends),
        Array::new::<u8>(("UInt8", "types", 1), laid.count(), types),
    ]
}

/// Nodes of the cells of an element, those of each cell counted.
fn corners_of(layout: &Layout) -> usize {
    layout.cells.iter().map(|cell| cell.nodes.len()).sum()
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
        chunk.put(laid.values(components, values).map(number))?;
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error() {
        let mut out = File::options().write(true).open("/dev/full").unwrap();
        let mut chunk = Chunk::new(&mut out);
        chunk.put(0..3_u64).unwrap();
        assert_eq!(chunk.end().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
