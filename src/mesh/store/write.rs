//! Fills mesh files.

use super::file::MeshFile;
use super::{BOUNDARY, FORMAT, Name, StoreError, VERSION, division, table};
use crate::mesh::{ElementBlock, Link, Mesh, Partitioning};
use hdf5::{File, FileBuilder, Group, Location};
use std::path::Path;

/// Attributes of the root, in the order of the documentation.
pub const ATTRIBUTES: [&str; 5] = ["format", "version", "creator", "uuid", "dims"];

/// Writes everything to `temporary`; messages name `path`.
pub fn create(mesh: &Mesh, temporary: &Path, path: &Path) -> Result<(), StoreError> {
    let boundaries = mesh.boundaries.iter().map(|name| {
        let stored = name.parse::<Name>().ok().filter(|_| !name.contains('\0'));
        stored.ok_or_else(|| StoreError::BoundaryName(name.clone()))
    });
    let boundaries: Vec<Name> = boundaries.collect::<Result<_, _>>()?;
    let fill = || {
        let file = new_file(temporary)?;
        text(&file, "format", FORMAT)?;
        number(&file, "version", VERSION)?;
        text(&file, "creator", concat!("solver ", env!("CARGO_PKG_VERSION")))?;
        text(&file, "uuid", &mesh.uuid)?;
        number(&file, "dims", mesh.dims as u32)?;
        table::write(&file, "nodes", mesh.nodes.len(), Some(mesh.dims), |rows, out: &mut Vec<f64>| {
            out.extend(mesh.nodes[rows].iter().flat_map(|x| &x[..mesh.dims]));
        })?;
        let elements = file.create_group("elements")?;
        for (b, block) in mesh.blocks.iter().enumerate() {
            let (shape, order) = (block.shape.name(), block.order);
            write_block(&elements.create_group(&format!("{b:02}-{shape}-o{order}"))?, block)?;
        }
        if !boundaries.is_empty() {
            table::write(&file, "boundaries", boundaries.len(), None, |rows, out| {
                out.extend_from_slice(&boundaries[rows]);
            })?;
        }
        let group = file.create_group("partitionings")?;
        for (name, partitioning) in &mesh.partitionings {
            division::write(&group, name, partitioning)?;
        }
        closed(file)
    };
    fill().map_err(failed(path))
}

/// Copies the file at `path` to `temporary` and adds a partitioning to the copy.
pub fn copy_and_add(
    path: &Path,
    temporary: &Path,
    name: &str,
    partitioning: &Partitioning,
) -> Result<(), StoreError> {
    let copied = std::fs::copy(path, temporary);
    copied.map_err(|source| StoreError::Io { path: path.into(), action: "copy", cause: source })?;
    let add = || {
        let file = builder().open_rw(temporary)?;
        division::write(&file.group("partitionings")?, name, partitioning)?;
        closed(file)
    };
    add().map_err(failed(path))
}

/// Copies a mesh file to `temporary` with the partitionings `keep` only, and adds one.
pub fn copy_with(
    source: &MeshFile,
    keep: &[&str],
    add: Option<(&str, &Partitioning)>,
    temporary: &Path,
) -> Result<(), StoreError> {
    let copy = || {
        let old = &source.reader.file;
        let file = new_file(temporary)?;
        for name in ATTRIBUTES {
            let attribute = old.attr(name)?;
            match attribute.dtype()?.is::<u32>() {
                true => number(&file, name, attribute.read_scalar::<u32>()?)?,
                false => {
                    let value = attribute.read_scalar::<Name>()?;
                    file.new_attr::<Name>().create(name)?.write_scalar(&value)?;
                }
            }
        }
        old.dataset("nodes")?.copy_to(&file, "nodes")?;
        old.group("elements")?.copy_to(&file, "elements")?;
        if old.link_exists("boundaries") {
            old.dataset("boundaries")?.copy_to(&file, "boundaries")?;
        }
        let (from, to) = (old.group("partitionings")?, file.create_group("partitionings")?);
        keep.iter().try_for_each(|name| from.group(name)?.copy_to(&to, name))?;
        if let Some((name, partitioning)) = add {
            division::write(&to, name, partitioning)?;
        }
        closed(file)
    };
    copy().map_err(failed(source.path()))
}

/// Writes all that is held back and closes the file. Closing alone would hide a failure: groups that are still open keep it open.
fn closed(file: File) -> hdf5::Result<()> {
    file.flush()?;
    file.close()
}

fn failed(path: &Path) -> impl Fn(hdf5::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Hdf5 { path: path.clone(), object: "writing".into(), cause: source }
}

/// Format 1.10: the structure of the file carries checksums.
fn builder() -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|p| p.libver_v110());
    builder
}

fn new_file(path: &Path) -> hdf5::Result<File> {
    builder().create(path)
}

fn text(at: &Location, name: &str, value: &str) -> hdf5::Result<()> {
    let value: Name = value.parse().map_err(|_| format!("\"{value}\" is longer than 256 bytes"))?;
    at.new_attr::<Name>().create(name)?.write_scalar(&value)
}

fn number(at: &Location, name: &str, value: u32) -> hdf5::Result<()> {
    at.new_attr::<u32>().create(name)?.write_scalar(&value)
}

fn write_block(group: &Group, block: &ElementBlock) -> hdf5::Result<()> {
    text(group, "shape", block.shape.name())?;
    number(group, "order", block.order as u32)?;
    let (rows, width) = (block.len(), block.nodes_per_element());
    table::write(group, "nodes", rows, Some(width), |rows, out| {
        out.extend_from_slice(&block.nodes[rows.start * width..rows.end * width]);
    })?;
    let faces = block.shape.faces().len();
    let parts = |link: &Link| match *link {
        Link::Interior { element, face, rotation } => (element, face, rotation),
        Link::Boundary(b) => (u32::from(b), BOUNDARY, 0),
    };
    let links =
        |rows: std::ops::Range<usize>| block.links[rows.start * faces..rows.end * faces].iter().map(parts);
    let columns = Some(faces);
    table::write(group, "neighbour", rows, columns, |rows, out| out.extend(links(rows).map(|l| l.0)))?;
    table::write(group, "face", rows, columns, |rows, out| out.extend(links(rows).map(|l| l.1)))?;
    table::write(group, "rotation", rows, columns, |rows, out| out.extend(links(rows).map(|l| l.2)))
}
