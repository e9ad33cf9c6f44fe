//! An open mesh file: what it holds is known, the numbers stay in the file until they are asked for.

use super::reader::Reader;
use super::table::Table;
use super::{BOUNDARY, Name, StoreError, check_name};
use crate::element::Shape;
use crate::mesh::validate::{InvalidMesh, MAX_ORDER};
use crate::mesh::{ElementBlock, Link, Mesh};
use hdf5::Group;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

/// An open mesh file. Opening reads and checks names, counts and attributes only.
pub struct MeshFile {
    pub(super) reader: Reader,
    uuid: String,
    dims: usize,
    pub(super) nodes: Table<f64>,
    pub(super) blocks: Vec<Block>,
    boundaries: Vec<String>,
    partitionings: Vec<(String, usize)>,
}

/// A block of elements in a file.
pub(super) struct Block {
    /// Path of its group.
    pub name: String,
    pub shape: Shape,
    pub order: usize,
    /// Global id of the first element.
    pub first: usize,
    /// Rows of the mesh's nodes, `[element][node]`.
    pub nodes: Table<u32>,
    /// Neighbours or boundaries, `[element][face]`.
    pub neighbour: Table<u32>,
    /// Faces of the neighbours, `[element][face]`.
    pub face: Table<u8>,
    /// How vertex lists meet, `[element][face]`.
    pub rotation: Table<u8>,
}

impl Block {
    /// Elements.
    pub fn len(&self) -> usize {
        self.nodes.rows
    }
}

impl MeshFile {
    pub(super) fn open(path: &Path) -> Result<MeshFile, StoreError> {
        let reader = Reader::open(path)?;
        let dims = reader.number(&reader.file, "dims")? as usize;
        let mesh = |source| StoreError::Mesh { path: path.into(), cause: source };
        if !Shape::ALL.iter().any(|s| s.dims() == dims && !s.faces().is_empty()) {
            return Err(mesh(InvalidMesh::Dims(dims)));
        }
        let uuid = reader.text(&reader.file, "uuid")?;
        if uuid.is_empty() {
            return Err(reader.invalid(&reader.file, "attribute \"uuid\" is empty".into()));
        }
        let nodes = Table::<f64>::open(&reader, &reader.file, "nodes", Some(dims))?;
        at_most(&reader, "nodes", nodes.rows, u32::MAX as usize)?;
        let mut blocks: Vec<Block> = Vec::new();
        let elements = reader.group("elements")?;
        for name in reader.members(&elements)? {
            let group = elements.group(&name).map_err(reader.at(&name))?;
            let first = blocks.last().map_or(0, |b| b.first + b.len());
            let block = Block::open(&reader, &group, dims, first)?;
            if blocks.last().is_some_and(|last| (last.shape, last.order) >= (block.shape, block.order)) {
                let what = "blocks must be ordered by shape, then geometry order, and not repeat";
                return Err(reader.invalid(&group, what.into()));
            }
            at_most(&reader, "elements", first + block.len(), u32::MAX as usize)?;
            blocks.push(block);
        }
        if blocks.is_empty() {
            return Err(mesh(InvalidMesh::Empty));
        }
        let boundaries = boundaries(&reader)?;
        let partitionings = partitionings(&reader)?;
        Ok(MeshFile { uuid, dims, nodes, blocks, boundaries, partitionings, reader })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.reader.path
    }

    /// Identity of the mesh.
    pub fn uuid(&self) -> &str {
        &self.uuid
    }

    /// Space dimensions.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes.rows
    }

    /// Shape, geometry order and number of elements of each block.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = (Shape, usize, usize)> {
        self.blocks.iter().map(|b| (b.shape, b.order, b.len()))
    }

    /// Number of elements of all blocks.
    pub fn len(&self) -> usize {
        self.blocks.last().map_or(0, |b| b.first + b.len())
    }

    /// Never true: a mesh file holds elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of the boundaries, sorted.
    pub fn boundaries(&self) -> &[String] {
        &self.boundaries
    }

    /// Name and number of parts of each partitioning, sorted by name.
    pub fn partitionings(&self) -> &[(String, usize)] {
        &self.partitionings
    }

    /// Bytes of numbers read from the file so far, counted in whole chunks, as they are read.
    pub fn bytes_read(&self) -> u64 {
        self.reader.bytes_read.load(Ordering::Relaxed)
    }

    /// The whole mesh, checked, without its partitionings.
    ///
    /// # Errors
    /// A damaged file.
    pub fn mesh(&self) -> Result<Mesh, StoreError> {
        let mut nodes = Vec::with_capacity(self.nodes.rows);
        self.nodes.pieces(|piece| nodes.extend(piece.chunks_exact(self.dims).map(point)))?;
        let blocks = self.blocks.iter().map(|block| {
            let (shape, order) = (block.shape, block.order);
            Ok(ElementBlock { shape, order, nodes: block.nodes.all()?, links: self.all_links(block)? })
        });
        let mesh = Mesh {
            uuid: self.uuid.clone(),
            dims: self.dims,
            nodes,
            blocks: blocks.collect::<Result<_, StoreError>>()?,
            boundaries: self.boundaries.clone(),
            partitionings: BTreeMap::new(),
        };
        mesh.validate().map_err(|source| self.fault(source))?;
        Ok(mesh)
    }

    fn all_links(&self, block: &Block) -> Result<Vec<Link>, StoreError> {
        let mut links = Vec::with_capacity(block.neighbour.rows * block.neighbour.columns);
        let step = 1 << 17;
        for start in (0..block.len()).step_by(step) {
            let rows = start..(start + step).min(block.len());
            let read = (
                block.neighbour.read(rows.clone())?,
                block.face.read(rows.clone())?,
                block.rotation.read(rows)?,
            );
            links.extend(self.decode(block, &read.0, &read.1, &read.2)?);
        }
        Ok(links)
    }

    /// Links of elements `ids` of a block, `[element][face]`.
    pub(super) fn links(&self, block: &Block, ids: &[u32]) -> Result<Vec<Link>, StoreError> {
        let neighbour = block.neighbour.gather(ids, block.first)?;
        let face = block.face.gather(ids, block.first)?;
        let rotation = block.rotation.gather(ids, block.first)?;
        self.decode(block, &neighbour, &face, &rotation)
    }

    fn decode(
        &self,
        block: &Block,
        neighbour: &[u32],
        face: &[u8],
        rotation: &[u8],
    ) -> Result<Vec<Link>, StoreError> {
        let link = |((&element, &face), &rotation): ((&u32, &u8), &u8)| match (face, u16::try_from(element)) {
            (BOUNDARY, Ok(b)) => Ok(Link::Boundary(b)),
            (BOUNDARY, Err(_)) => {
                let object = format!("{}/neighbour", block.name);
                let what = format!("boundary {element} does not exist");
                Err(StoreError::Invalid { path: self.reader.path.clone(), object, what })
            }
            _ => Ok(Link::Interior { element, face, rotation }),
        };
        neighbour.iter().zip(face).zip(rotation).map(link).collect()
    }

    /// A fault of the mesh itself.
    pub(super) fn fault(&self, source: InvalidMesh) -> StoreError {
        StoreError::Mesh { path: self.reader.path.clone(), cause: source }
    }
}

/// A row of `/nodes`; missing coordinates are 0.
pub(super) fn point(row: &[f64]) -> [f64; 3] {
    std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0))
}

impl Block {
    fn open(reader: &Reader, group: &Group, dims: usize, first: usize) -> Result<Block, StoreError> {
        let name = reader.text(group, "shape")?;
        let shape = Shape::from_name(&name).filter(|s| s.dims() == dims);
        let shape = shape.ok_or_else(|| {
            reader.invalid(group, format!("there are no elements of shape \"{name}\" in {dims} dimensions"))
        })?;
        let order = reader.number(group, "order")? as usize;
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(reader.invalid(group, format!("geometry order {order} is not 1 to {MAX_ORDER}")));
        }
        let faces = Some(shape.faces().len());
        let block = Block {
            name: group.name(),
            shape,
            order,
            first,
            nodes: Table::open(reader, group, "nodes", Some(shape.points(order)))?,
            neighbour: Table::open(reader, group, "neighbour", faces)?,
            face: Table::open(reader, group, "face", faces)?,
            rotation: Table::open(reader, group, "rotation", faces)?,
        };
        let rows = [block.nodes.rows, block.neighbour.rows, block.face.rows, block.rotation.rows];
        if rows[0] == 0 || rows != [rows[0]; 4] {
            let [a, b, c, d] = rows;
            return Err(reader.invalid(group, format!("datasets of {a}, {b}, {c} and {d} rows")));
        }
        Ok(block)
    }
}

fn at_most(reader: &Reader, what: &'static str, count: usize, limit: usize) -> Result<(), StoreError> {
    if count > limit {
        let source = InvalidMesh::TooMany { what, count, limit };
        return Err(StoreError::Mesh { path: reader.path.clone(), cause: source });
    }
    Ok(())
}

fn boundaries(reader: &Reader) -> Result<Vec<String>, StoreError> {
    if !reader.file.link_exists("boundaries") {
        return Ok(Vec::new());
    }
    let names = Table::<Name>::open(reader, &reader.file, "boundaries", None)?;
    at_most(reader, "boundaries", names.rows, u16::MAX as usize)?;
    let names = names.all()?;
    let names: Vec<String> = (names.iter())
        .map(|name| reader.utf8(&reader.file, "/boundaries", name))
        .collect::<Result<_, _>>()?;
    match names.iter().enumerate().find(|(i, n)| n.is_empty() || *i > 0 && names[i - 1] >= **n) {
        Some((_, name)) => {
            let source = InvalidMesh::Boundary(name.clone());
            Err(StoreError::Mesh { path: reader.path.clone(), cause: source })
        }
        None => Ok(names),
    }
}

/// Names and parts of the partitionings.
fn partitionings(reader: &Reader) -> Result<Vec<(String, usize)>, StoreError> {
    let all = reader.group("partitionings")?;
    let one = |name: String| {
        let group = all.group(&name).map_err(reader.at(&name))?;
        if check_name(&name).is_err() {
            return Err(reader.invalid(&group, "it is no name for a partitioning".into()));
        }
        let parts = reader.number(&group, "parts")? as usize;
        Ok((name, parts))
    };
    reader.members(&all)?.into_iter().map(one).collect()
}
