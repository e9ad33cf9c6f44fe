//! Fills mesh files.

use super::read::Reader;
use super::{BOUNDARY, FORMAT, Name, StoreError, VERSION};
use crate::mesh::{ElementBlock, Link, Mesh, Partitioning};
use hdf5::{File, FileBuilder, Group, H5Type, Location};
use ndarray::ArrayView;
use std::path::Path;

/// Bytes of a chunk: HDF5's default chunk cache holds one.
const CHUNK: usize = 1 << 20;

/// Level of compression: higher ones cost a lot of time and win a few per cent.
const DEFLATE: u8 = 1;

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
        let coordinates: Vec<f64> = mesh.nodes.iter().flat_map(|x| &x[..mesh.dims]).copied().collect();
        array(&file, "nodes", &coordinates, Some(mesh.dims))?;
        let elements = file.create_group("elements")?;
        for (b, block) in mesh.blocks.iter().enumerate() {
            let (shape, order) = (block.shape.name(), block.order);
            write_block(&elements.create_group(&format!("{b:02}-{shape}-o{order}"))?, block)?;
        }
        if !boundaries.is_empty() {
            array(&file, "boundaries", &boundaries, None)?;
        }
        let group = file.create_group("partitionings")?;
        for (name, partitioning) in &mesh.partitionings {
            write_partitioning(&group, name, partitioning)?;
        }
        file.close()
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
    copied.map_err(|source| StoreError::Io { path: path.into(), action: "copy", source })?;
    let add = || {
        let file = builder().open_rw(temporary)?;
        write_partitioning(&file.group("partitionings")?, name, partitioning)?;
        file.close()
    };
    add().map_err(failed(path))
}

/// Copies a mesh file to `temporary` with the partitionings `keep` only.
pub fn copy_without(reader: &Reader, keep: &[String], temporary: &Path) -> Result<(), StoreError> {
    let copy = || {
        let old = &reader.file;
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
        file.close()
    };
    copy().map_err(failed(&reader.path))
}

fn failed(path: &Path) -> impl Fn(hdf5::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Hdf5 { path: path.clone(), object: "writing".into(), source }
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

/// Writes `[row][column]` values, or a plain list.
fn array<T: H5Type>(at: &Group, name: &str, data: &[T], columns: Option<usize>) -> hdf5::Result<()> {
    let width = columns.unwrap_or(1);
    let rows = data.len() / width;
    let chunk = (CHUNK / (width * size_of::<T>())).clamp(1, rows.max(1));
    let builder = at.new_dataset_builder();
    match columns {
        Some(columns) => {
            let view = ArrayView::from_shape((rows, columns), data)?;
            let builder = builder.with_data(view).chunk((chunk, columns)).shuffle();
            compressed(builder).create(name)
        }
        None => compressed(builder.with_data(ArrayView::from_shape(rows, data)?).chunk((chunk,)).shuffle())
            .create(name),
    }
    .map(drop)
}

/// Compresses, where the HDF5 library can, and adds checksums.
fn compressed<T: H5Type, D: ndarray::Dimension>(
    builder: hdf5::DatasetBuilderData<'_, T, D>,
) -> hdf5::DatasetBuilderData<'_, T, D> {
    let builder = if hdf5::filters::deflate_available() { builder.deflate(DEFLATE) } else { builder };
    builder.fletcher32()
}

fn write_block(group: &Group, block: &ElementBlock) -> hdf5::Result<()> {
    text(group, "shape", block.shape.name())?;
    number(group, "order", block.order as u32)?;
    array(group, "nodes", &block.nodes, Some(block.nodes_per_element()))?;
    let faces = Some(block.shape.faces().len());
    let parts = |link: &Link| match *link {
        Link::Interior { element, face, rotation } => (element, face, rotation),
        Link::Boundary(b) => (u32::from(b), BOUNDARY, 0),
    };
    let neighbour: Vec<u32> = block.links.iter().map(|l| parts(l).0).collect();
    array(group, "neighbour", &neighbour, faces)?;
    let face: Vec<u8> = block.links.iter().map(|l| parts(l).1).collect();
    array(group, "face", &face, faces)?;
    let rotation: Vec<u8> = block.links.iter().map(|l| parts(l).2).collect();
    array(group, "rotation", &rotation, faces)
}

fn write_partitioning(at: &Group, name: &str, partitioning: &Partitioning) -> hdf5::Result<()> {
    let group = at.create_group(name)?;
    number(&group, "parts", partitioning.parts as u32)?;
    array(&group, "part_of", &partitioning.part_of, None)
}
