//! Reads Gmsh files: MSH 2.2 and 4.1, as text and binary of either byte order, into a [`RawMesh`].
//!
//! The formats are those of the Gmsh reference manual, "MSH file format" and "MSH file format version 2 (Legacy)".
//! Read are the sections MeshFormat, PhysicalNames, Entities, Nodes (in 2.2 also ParametricNodes) and Elements; any
//! other is skipped up to its `$End` line, so that periodicity, partitions or post-processing data do no harm. Names
//! of physical groups are put in lower case but not interpreted here.
//!
//! What is kept: every node of the file, in its order, used or not; every element, in its order, one block a shape and
//! order. Points and their physical groups are kept where they bound something, in meshes of lines, and dropped in
//! others. Second-order elements without nodes inside their faces get those, at the end of the list. A volume element that is in several physical groups belongs to the
//! first (4.1 lists the groups of an entity; 2.2 repeats the element, one copy after the other, and the copies are
//! merged here); a boundary element must be in exactly one.
//!
//! The whole file is held in memory while it is read: the peak is the size of the file plus that of the result, plus 4
//! bytes a node. The content is not trusted: counts are compared with what the rest of the file could hold before
//! anything is allocated, and every error says where it was found.
//!
//! `scan` turns bytes into numbers, `v2` and `v4` know the two layouts, `types` the element types and
//! `node_order` how they list their nodes, `build` collects the result, `serendipity` completes it, `error` says what can be wrong.

mod build;
mod error;
mod node_order;
mod scan;
mod serendipity;
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
use error::{Fault, Scan, fault};
use scan::{Cursor, Encoding};
use std::path::Path;

/// Reads the file at `path`.
///
/// # Errors
/// When the file cannot be read, is no Gmsh file of a known version, contradicts itself, or holds what this reader
/// does not support.
pub fn read(path: &Path) -> Result<RawMesh, GmshError> {
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(data) => read_bytes(&file, &data),
        Err(source) => Err(GmshError::Io { file, source }),
    }
}

/// Reads `data`, the content of a file that messages call `file`.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(file: &str, data: &[u8]) -> Result<RawMesh, GmshError> {
    let mut cursor = Cursor::new(data);
    sections(&mut cursor).map_err(|fault| {
        let Fault { at, problem } = *fault;
        GmshError::Content { file: file.to_string(), place: cursor.place(at), problem }
    })
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

fn sections(c: &mut Cursor) -> Scan<RawMesh> {
    let version = format(c)?;
    let mut mesh = Builder::default();
    let mut entities = v4::Entities::default();
    let mut met = 0u8;
    while let Some((at, name)) = c.section()? {
        let bit = match (name, version) {
            (b"PhysicalNames", _) => NAMES,
            (b"Entities", Version::V4) => ENTITIES,
            (b"Nodes", _) | (b"ParametricNodes", Version::V2) => NODES,
            (b"Elements", _) => ELEMENTS,
            _ => {
                c.skip_section(at, name)?;
                continue;
            }
        };
        if met & bit != 0 {
            return fault(at, Problem::SectionTwice { name: text(name) });
        }
        if met & ELEMENTS != 0 {
            return fault(at, Problem::SectionLate { name: text(name) });
        }
        met |= bit;
        match (bit, version) {
            (NAMES, _) => names(c, &mut mesh)?,
            (ENTITIES, _) => v4::entities(c, &mut entities)?,
            (NODES, Version::V2) => v2::nodes(c, &mut mesh, name == b"ParametricNodes")?,
            (NODES, Version::V4) => v4::nodes(c, &mut mesh)?,
            (_, Version::V2) => v2::elements(c, &mut mesh)?,
            (_, Version::V4) => v4::elements(c, &mut mesh, &entities)?,
        }
        c.end_section(name)?;
    }
    for (bit, name) in [(NODES, "Nodes"), (ELEMENTS, "Elements")] {
        if met & bit == 0 {
            return fault(c.here(), Problem::SectionMissing { name });
        }
    }
    mesh.finish()
}

/// Reads the section MeshFormat, with which every file begins, and tells the cursor how numbers are encoded.
fn format(c: &mut Cursor) -> Scan<Version> {
    c.skip_byte_order_mark();
    let at = c.here();
    match c.section() {
        Ok(Some((_, b"MeshFormat"))) => (),
        Ok(Some((_, b"NOD"))) => return fault(at, Problem::Version { found: "1".into() }),
        _ => return fault(at, Problem::NotMsh),
    }
    let at = c.here();
    let found = c.token("the format version")?;
    let version = match found {
        b"2.2" => Version::V2,
        b"4.1" => Version::V4,
        _ => return fault(at, Problem::Version { found: text(found) }),
    };
    let at = c.here();
    let file_type = c.text_size("the file type (0 or 1)")?;
    if file_type > 1 {
        return fault(at, Problem::FileType { found: file_type });
    }
    let at = c.here();
    let size = c.text_size("the data size")?;
    if size != 8 {
        return fault(at, Problem::DataSize { found: size });
    }
    if file_type == 1 {
        c.end_line()?;
        let at = c.here();
        c.encoding = match c.bytes()? {
            [1, 0, 0, 0] => Encoding::Little,
            [0, 0, 0, 1] => Encoding::Big,
            found => return fault(at, Problem::ByteOrder { found }),
        };
    }
    c.end_section(b"MeshFormat")?;
    Ok(version)
}

/// Reads the section PhysicalNames, which is text in every variant.
fn names(c: &mut Cursor, mesh: &mut Builder) -> Scan<()> {
    let at = c.here();
    let count = c.text_size("the number of physical names")?;
    // The shortest entry is `1 1 ""` and a line end.
    let count = c.announced(at, count, 7, "physical names")?;
    for _ in 0..count {
        let at = c.text_here();
        let dim = c.text_size("the dimension of a physical group")?;
        if dim > 3 {
            return fault(at, Problem::Dimension { found: dim.to_string() });
        }
        let tag = c.text_int("the tag of a physical group")?;
        let name = c.quoted("the name of a physical group")?;
        mesh.group(at, dim as usize, tag, name)?;
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
