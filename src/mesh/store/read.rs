//! Reads mesh files, trusting nothing in them.

use super::{BOUNDARY, FORMAT, Name, StoreError, VERSION};
use crate::element::Shape;
use crate::mesh::validate::{InvalidMesh, MAX_ORDER};
use crate::mesh::{ElementBlock, Link, Mesh, Partitioning};
use hdf5::{Container, File, Group, H5Type, Location};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Deflate packs at best 1,032 bytes into one; a dataset that claims to hold more than this many times the size of the
/// whole file is a lie, and memory for it is not asked for.
const MAX_RATIO: u64 = 1_100;

/// An open mesh file of the right format and version.
pub struct Reader {
    pub path: PathBuf,
    pub file: File,
    /// Bytes of the whole file.
    len: u64,
}

impl Reader {
    /// Opens a file and checks its format and version.
    pub fn open(path: &Path) -> Result<Reader, StoreError> {
        let io = |source| StoreError::Io { path: path.into(), action: "read", source };
        let file = std::fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        drop(file);
        let not = |why: String| StoreError::NotAMesh { path: path.into(), why };
        if !metadata.is_file() {
            return Err(not("it is not a regular file".into()));
        }
        let file = File::open(path).map_err(|e| not(format!("HDF5 cannot open it ({e})")))?;
        let reader = Reader { path: path.into(), file, len: metadata.len() };
        match reader.text(&reader.file, "format") {
            Ok(format) if format == FORMAT => {}
            Ok(format) => return Err(not(format!("its format is \"{format}\""))),
            Err(_) => return Err(not("it lacks the attribute \"format\"".into())),
        }
        match reader.number(&reader.file, "version")? {
            VERSION => Ok(reader),
            version => Err(StoreError::Version { path: path.into(), version }),
        }
    }

    /// The whole mesh.
    pub fn mesh(&self) -> Result<Mesh, StoreError> {
        let dims = self.number(&self.file, "dims")? as usize;
        if !matches!(dims, 2 | 3) {
            return Err(StoreError::Mesh { path: self.path.clone(), source: InvalidMesh::Dims(dims) });
        }
        let uuid = self.text(&self.file, "uuid")?;
        if uuid.is_empty() {
            return Err(self.invalid(&self.file, "attribute \"uuid\" is empty".into()));
        }
        let (coordinates, _) = self.array::<f64>(&self.file, "nodes", Some(dims))?;
        let nodes = coordinates.chunks_exact(dims).map(|x| [x[0], x[1], x.get(2).copied().unwrap_or(0.0)]);
        let mut mesh = Mesh {
            uuid,
            dims,
            nodes: nodes.collect(),
            blocks: Vec::new(),
            boundaries: self.boundaries()?,
            partitionings: BTreeMap::new(),
        };
        drop(coordinates);
        for group in self.blocks()? {
            mesh.blocks.push(self.block(&group)?);
        }
        for name in self.partitionings()? {
            let group = self.open_group("partitionings")?.group(&name).map_err(self.at(&name))?;
            let parts = self.number(&group, "parts")? as usize;
            let (part_of, _) = self.array::<u32>(&group, "part_of", None)?;
            mesh.partitionings.insert(name, Partitioning { parts, part_of });
        }
        mesh.validate().map_err(|source| StoreError::Mesh { path: self.path.clone(), source })?;
        Ok(mesh)
    }

    /// Number of elements, from the shapes of the datasets.
    pub fn elements(&self) -> Result<usize, StoreError> {
        self.blocks()?.iter().try_fold(0usize, |sum, group| {
            let dataset = group.dataset("neighbour").map_err(self.at(&group.name()))?;
            Ok(sum.saturating_add(
                dataset.get_shape().map_err(self.at(&dataset.name()))?.first().copied().unwrap_or(0),
            ))
        })
    }

    /// Names of the partitionings, sorted.
    pub fn partitionings(&self) -> Result<Vec<String>, StoreError> {
        self.members(&self.open_group("partitionings")?)
    }

    fn boundaries(&self) -> Result<Vec<String>, StoreError> {
        if !self.file.link_exists("boundaries") {
            return Ok(Vec::new());
        }
        let (names, _) = self.array::<Name>(&self.file, "boundaries", None)?;
        names.iter().map(|name| self.utf8(&self.file, "/boundaries", name)).collect()
    }

    /// Element blocks in order.
    fn blocks(&self) -> Result<Vec<Group>, StoreError> {
        let elements = self.open_group("elements")?;
        let names = self.members(&elements)?;
        names.iter().map(|name| elements.group(name).map_err(self.at(name))).collect()
    }

    fn block(&self, group: &Group) -> Result<ElementBlock, StoreError> {
        let name = self.text(group, "shape")?;
        let shape = Shape::from_name(&name).filter(|s| s.dims() > 1);
        let shape =
            shape.ok_or_else(|| self.invalid(group, format!("there are no elements of shape \"{name}\"")))?;
        let order = self.number(group, "order")? as usize;
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(self.invalid(group, format!("geometry order {order} is not 1 to {MAX_ORDER}")));
        }
        let faces = Some(shape.faces().len());
        let (nodes, elements) = self.array::<u32>(group, "nodes", Some(shape.points(order)))?;
        let (neighbour, rows) = self.array::<u32>(group, "neighbour", faces)?;
        let (face, face_rows) = self.array::<u8>(group, "face", faces)?;
        let (rotation, rotation_rows) = self.array::<u8>(group, "rotation", faces)?;
        if [rows, face_rows, rotation_rows] != [elements; 3] {
            let what = format!("datasets of {elements}, {rows}, {face_rows} and {rotation_rows} rows");
            return Err(self.invalid(group, what));
        }
        let mut links = Vec::with_capacity(neighbour.len());
        for ((&element, &face), &rotation) in neighbour.iter().zip(&face).zip(&rotation) {
            links.push(match (face, u16::try_from(element)) {
                (BOUNDARY, Ok(b)) => Link::Boundary(b),
                (BOUNDARY, Err(_)) => {
                    return Err(self.invalid(group, format!("boundary {element} does not exist")));
                }
                _ => Link::Interior { element, face, rotation },
            });
        }
        Ok(ElementBlock { shape, order, nodes, links })
    }

    fn open_group(&self, name: &str) -> Result<Group, StoreError> {
        self.file.group(name).map_err(self.at(name))
    }

    /// Names in a group, sorted (their order in the file differs between HDF5 versions).
    fn members(&self, group: &Group) -> Result<Vec<String>, StoreError> {
        let mut names = group.member_names().map_err(self.at(&group.name()))?;
        names.sort();
        Ok(names)
    }

    /// Reads a dataset of two dimensions, the second being `columns`, or of one. Returns the values and the rows.
    fn array<T: H5Type>(
        &self,
        group: &Group,
        name: &str,
        columns: Option<usize>,
    ) -> Result<(Vec<T>, usize), StoreError> {
        let object = format!("{}/{name}", group.name().trim_end_matches('/'));
        let at = self.at(&object);
        let invalid =
            |what: String| StoreError::Invalid { path: self.path.clone(), object: object.clone(), what };
        let dataset = group.dataset(name).map_err(&at)?;
        let shape = dataset.get_shape().map_err(&at)?;
        let rows = match (shape.as_slice(), columns) {
            (&[rows, width], Some(columns)) if width == columns => rows,
            (&[rows], None) => rows,
            (_, columns) => {
                let expected = columns.map_or("[n]".into(), |c| format!("[n, {c}]"));
                return Err(invalid(format!("its shape is {shape:?}, not {expected}")));
            }
        };
        let bytes = columns.unwrap_or(1).checked_mul(rows).and_then(|n| n.checked_mul(size_of::<T>()));
        if bytes.is_none_or(|bytes| bytes as u64 > self.len.saturating_mul(MAX_RATIO)) {
            return Err(invalid(format!(
                "its shape {shape:?} is too large for a file of {} bytes",
                self.len
            )));
        }
        self.check_type::<T>(&dataset, &object)?;
        Ok((dataset.read_raw::<T>().map_err(&at)?, rows))
    }

    /// Refuses other types, of whatever byte order: HDF5 would clip silently.
    fn check_type<T: H5Type>(&self, container: &Container, object: &str) -> Result<(), StoreError> {
        let found = container.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))?;
        let expected = T::type_descriptor();
        if found == expected {
            return Ok(());
        }
        let what = format!("its type is {found}, not {expected}");
        Err(StoreError::Invalid { path: self.path.clone(), object: object.into(), what })
    }

    fn number(&self, at: &Location, name: &str) -> Result<u32, StoreError> {
        self.attribute(at, name)
    }

    fn text(&self, at: &Location, name: &str) -> Result<String, StoreError> {
        let text = self.attribute::<Name>(at, name)?;
        self.utf8(at, name, &text)
    }

    fn attribute<T: H5Type>(&self, at: &Location, name: &str) -> Result<T, StoreError> {
        let object = format!("{}, attribute \"{name}\"", at.name());
        let attribute = at.attr(name).map_err(self.at(&object))?;
        self.check_type::<T>(&attribute, &object)?;
        attribute.read_scalar::<T>().map_err(self.at(&object))
    }

    /// HDF5 does not promise that its UTF-8 is any.
    fn utf8(&self, at: &Location, name: &str, text: &Name) -> Result<String, StoreError> {
        let text = std::str::from_utf8(text.as_bytes());
        text.map(String::from).map_err(|_| self.invalid(at, format!("{name} is not UTF-8")))
    }

    fn invalid(&self, at: &Location, what: String) -> StoreError {
        StoreError::Invalid { path: self.path.clone(), object: at.name(), what }
    }

    fn at(&self, object: &str) -> impl Fn(hdf5::Error) -> StoreError {
        let (path, object) = (self.path.clone(), object.to_string());
        move |source| StoreError::Hdf5 { path: path.clone(), object: object.clone(), source }
    }
}
