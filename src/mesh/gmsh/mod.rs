//! Reads Gmsh files: MSH 2.2 and 4.1, as text and binary of either byte order, into a [`RawMesh`].
//!
//! The formats are those of the Gmsh reference manual, "MSH file format" and "MSH file format version 2 (Legacy)".
//! Read are the sections MeshFormat, PhysicalNames, Entities, Nodes (in 2.2 also ParametricNodes) and Elements; any
//! other is skipped up to its `$End` line, so that periodicity, partitions or post-processing data do no harm. Names
//! of physical groups are put in lower case but not interpreted here.
//!
//! What is kept: every node of the file, in its order, used or not; every element, in its order, one block a shape and
//! order. Points and their physical groups are kept where they bound something, in meshes of lines, and dropped in
//! others. Second-order elements without nodes inside their faces get those, at the end of the list. A volume element
//! that is in several physical groups belongs to the first (4.1 lists the groups of an entity; 2.2 repeats the element,
//! one copy after the other, and the copies are merged here); a boundary element must be in exactly one.
//!
//! The file is read in blocks of some megabytes, whose entries several threads turn into numbers; memory is that of the
//! result, and some tens of megabytes whatever the size of the file. (What cannot be read twice, such as a pipe, is held
//! in memory.) The content is not trusted: counts are compared with what the rest of the file could hold before anything
//! is allocated, and every error says where it was found; it is the first in the file, whatever the threads do.
//!
//! `scan` turns bytes into numbers, `stream` brings the bytes from the file, `bulk` shares long lists out among threads,
//! `v2` and `v4` know the two layouts, `types` the element types and `node_order` how they list their nodes, `build` and
//! `index` collect the result, `serendipity` completes it, `error` says what can be wrong.

mod build;
mod bulk;
mod error;
mod index;
mod node_order;
mod scan;
mod serendipity;
mod stream;
mod types;
mod v2;
mod v4;
mod write;

#[cfg(test)]
mod tests;

pub use error::{GmshError, Place, Problem};
pub use write::{MshWriter, WriteError, write};

use super::raw::RawMesh;
use build::Builder;
use error::{Scan, fault};
use scan::{Encoding, Scanner};
use std::fs::File;
use std::io;
use std::path::Path;
use stream::{Input, Sizes, Stream};

/// Reads the file at `path`.
///
/// # Errors
/// When the file cannot be read, is no Gmsh file of a known version, contradicts itself, or holds what this reader
/// does not support.
pub fn read(path: &Path) -> Result<RawMesh, GmshError> {
    read_watched(path, &|_, _| ())
}

/// Reads the file at `path`; `progress` is told, every few megabytes and by the calling thread, how many bytes of how
/// many are read.
///
/// # Errors
/// As [`read`].
pub fn read_watched(path: &Path, progress: &dyn Fn(u64, u64)) -> Result<RawMesh, GmshError> {
    let file = path.display().to_string();
    let refused = |source| GmshError::Io { file: file.clone(), source };
    let mut input = File::open(path).map_err(refused)?;
    let meta = input.metadata().map_err(refused)?;
    if meta.is_file() {
        let total = usize::try_from(meta.len()).map_err(|_| refused(io::ErrorKind::FileTooLarge.into()))?;
        return read_input(&file, &mut input, total, Sizes::default(), progress);
    }
    let mut data = Vec::new();
    io::Read::read_to_end(&mut input, &mut data).map_err(refused)?;
    read_input(&file, &mut io::Cursor::new(&data), data.len(), Sizes::default(), progress)
}

/// Reads `data`, the content of a file that messages call `file`.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(file: &str, data: &[u8]) -> Result<RawMesh, GmshError> {
    read_input(file, &mut io::Cursor::new(data), data.len(), Sizes::default(), &|_, _| ())
}

/// Reads `input`, which has `total` bytes.
fn read_input(
    file: &str,
    input: &mut dyn Input,
    total: usize,
    sizes: Sizes,
    progress: &dyn Fn(u64, u64),
) -> Result<RawMesh, GmshError> {
    let mut stream = Stream::new(input, total, sizes, progress);
    let fault = match sections(&mut stream) {
        Ok(mesh) => {
            progress(total as u64, total as u64);
            return Ok(mesh);
        }
        Err(fault) => *fault,
    };
    let (encoding, failed) = (stream.encoding, stream.failed.take());
    let file = file.to_string();
    match failed.map_or_else(|| stream::place(input, encoding, fault.at), Err) {
        Ok(place) => Err(GmshError::Content { file, place, problem: fault.problem }),
        Err(source) => Err(GmshError::Io { file, source }),
    }
}

/// The sections this reader knows, as bits of what was met already.
const NAMES: u8 = 1;
const ENTITIES: u8 = 2;
const NODES: u8 = 4;
const ELEMENTS: u8 = 8;

#[derive(Clone, Copy, PartialEq)]
enum Version {
    V2,
    V4,
}

fn sections(s: &mut Stream) -> Scan<RawMesh> {
    let version = format(s)?;
    let mut mesh = Builder::default();
    let mut entities = v4::Entities::default();
    let mut met = 0u8;
    while let Some((at, name)) = section(s)? {
        let bit = match (&name[..], version) {
            (b"PhysicalNames", _) => NAMES,
            (b"Entities", Version::V4) => ENTITIES,
            (b"Nodes", _) | (b"ParametricNodes", Version::V2) => NODES,
            (b"Elements", _) => ELEMENTS,
            _ => {
                s.skip_section(at, &name)?;
                continue;
            }
        };
        if met & bit != 0 {
            return fault(at, Problem::SectionTwice { name: text(&name) });
        }
        if met & ELEMENTS != 0 {
            return fault(at, Problem::SectionLate { name: text(&name) });
        }
        met |= bit;
        match (bit, version) {
            (NAMES, _) => names(s, &mut mesh)?,
            (ENTITIES, _) => v4::entities(s, &mut entities)?,
            (NODES, Version::V2) => v2::nodes(s, &mut mesh, name == b"ParametricNodes")?,
            (NODES, Version::V4) => v4::nodes(s, &mut mesh)?,
            (_, Version::V2) => v2::elements(s, &mut mesh)?,
            (_, Version::V4) => v4::elements(s, &mut mesh, &entities)?,
        }
        s.step(|c| c.end_section(&name))?;
    }
    for (bit, name) in [(NODES, "Nodes"), (ELEMENTS, "Elements")] {
        if met & bit == 0 {
            return fault(s.here()?, Problem::SectionMissing { name });
        }
    }
    mesh.finish()
}

/// Reads the section MeshFormat, with which every file begins, and tells the cursor how numbers are encoded.
fn format(s: &mut Stream) -> Scan<Version> {
    s.step(|c| {
        c.skip_byte_order_mark();
        Ok(())
    })?;
    let at = s.here()?;
    match section(s) {
        Ok(Some((_, name))) if name == b"MeshFormat" => (),
        Ok(Some((_, name))) if name == b"NOD" => return fault(at, Problem::Version { found: "1".into() }),
        _ => return fault(at, Problem::NotMsh),
    }
    let at = s.here()?;
    let found = s.step(|c| c.token("the format version").map(<[u8]>::to_vec))?;
    let version = match &found[..] {
        b"2.2" => Version::V2,
        b"4.1" => Version::V4,
        _ => return fault(at, Problem::Version { found: text(&found) }),
    };
    let (at, file_type) = s.text_count("the file type (0 or 1)")?;
    if file_type > 1 {
        return fault(at, Problem::FileType { found: file_type });
    }
    let (at, size) = s.text_count("the data size")?;
    if size != 8 {
        return fault(at, Problem::DataSize { found: size });
    }
    if file_type == 1 {
        s.step(|c| c.end_line())?;
        let at = s.here()?;
        s.encoding = match s.step(|c| c.bytes())? {
            [1, 0, 0, 0] => Encoding::Little,
            [0, 0, 0, 1] => Encoding::Big,
            found => return fault(at, Problem::ByteOrder { found }),
        };
    }
    s.step(|c| c.end_section(b"MeshFormat"))?;
    Ok(version)
}

/// Opens the next section: its offset and its name without the dollar sign; nothing at the end of the file.
fn section(s: &mut Stream) -> Scan<Option<(usize, Vec<u8>)>> {
    s.step(|c| Ok(c.section()?.map(|(at, name)| (at, name.to_vec()))))
}

/// Reads the section PhysicalNames, which is text in every variant.
fn names(s: &mut Stream, mesh: &mut Builder) -> Scan<()> {
    let (at, count) = s.text_count("the number of physical names")?;
    // The shortest entry is `1 1 ""` and a line end.
    let count = s.announced(at, count, 7, "physical names")?;
    for _ in 0..count {
        let (at, dim) = s.text_count("the dimension of a physical group")?;
        if dim > 3 {
            return fault(at, Problem::Dimension { found: dim.to_string() });
        }
        let tag = s.step(|c| c.text_int("the tag of a physical group"))?;
        let name = s.step(|c| c.quoted("the name of a physical group").map(<[u8]>::to_vec))?;
        mesh.group(at, dim as usize, tag, &name)?;
    }
    Ok(())
}

/// Some bytes of the file in a form fit for a message: short, printable.
fn text(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let mut shown: String = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)])
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if bytes.len() > MOST {
        shown.push_str("...");
    }
    shown
}
