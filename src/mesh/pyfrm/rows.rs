//! Rows of the compound datasets, and the types they must have in the file.
//!
//! HDF5 converts by the names of fields, so only those of interest are named here. Lengths of the arrays inside a row are
//! part of its type, hence the constants and the table of them.

use super::file::Reader;
use crate::element::Shape;
use crate::mesh::pyfr::PyfrError;
use hdf5::types::{CompoundType, FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, H5Type, Selection};

/// A face as the file names it.
#[derive(Clone, Copy, Debug, Default, H5Type, PartialEq, Eq)]
#[repr(C)]
pub struct FaceRow {
    /// Entry of the codec.
    pub cidx: i16,
    /// Number of the element, or -1.
    pub off: i64,
}

#[derive(H5Type)]
#[repr(C)]
struct ElementRow<const N: usize, const F: usize> {
    nodes: [i64; N],
    faces: [FaceRow; F],
}

#[derive(H5Type)]
#[repr(C)]
struct NodeRow<const D: usize> {
    location: [f64; D],
}

/// All elements of a shape.
pub struct Table {
    pub shape: Shape,
    pub order: usize,
    /// Nodes in lattice order, `[element][node]`.
    pub nodes: Vec<u32>,
    /// What lies beyond each face, `[element][face]`.
    pub beyond: Vec<Beyond>,
}

/// What lies beyond a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// Entry of the codec, not checked yet.
    pub cidx: u16,
    /// Number of the element, not checked yet; [`NO_ELEMENT`] at a boundary.
    pub off: u32,
}

/// Stands for the -1 of the file.
pub const NO_ELEMENT: u32 = u32::MAX;

impl Beyond {
    /// The same in less space; nothing for numbers that cannot be right.
    pub fn of(face: &FaceRow) -> Option<Beyond> {
        let off = match face.off {
            -1 => NO_ELEMENT,
            off => u32::try_from(off).ok().filter(|&off| off != NO_ELEMENT)?,
        };
        Some(Beyond { cidx: u16::try_from(face.cidx).ok()?, off })
    }
}

/// Bytes of rows that are held at a time, besides what is made of them.
const CHUNK: usize = 1 << 22;

/// Highest geometry order that is read.
const MAX_ORDER: usize = 4;

impl Table {
    pub fn len(&self) -> usize {
        self.nodes.len() / self.shape.points(self.order)
    }

    /// Nodes of an element.
    pub fn element(&self, e: usize) -> &[u32] {
        let n = self.shape.points(self.order);
        &self.nodes[e * n..(e + 1) * n]
    }
}

/// Reads the table of the elements of a shape; `nodes` is how many nodes there are.
pub fn table(reader: &Reader, shape: Shape, nodes: usize) -> Result<Table, PyfrError> {
    let object = format!("/eles/{}", shape.name());
    let (dataset, row, _) = reader.compound(&object, 1)?;
    let ty = |name| field(&row, name);
    let Some(TypeDescriptor::FixedArray(of, points)) = ty("nodes") else {
        return Err(reader.invalid(&object, "its rows have no array \"nodes\""));
    };
    if **of != TypeDescriptor::Integer(IntSize::U8) {
        return Err(reader.invalid(&object, format!("its \"nodes\" are of type {of}, not int64")));
    }
    let faces = shape.faces().len();
    match ty("faces") {
        Some(TypeDescriptor::FixedArray(of, n)) if *n == faces && is_face(of) => {}
        _ => {
            let what =
                format!("its rows have no array \"faces\" of {faces} pairs: cidx (int16), off (int64)");
            return Err(reader.invalid(&object, what));
        }
    }
    let read =
        (1..=MAX_ORDER).find(|&p| shape.points(p) == *points).and_then(|p| Some((p, rows_of(shape, p)?)));
    let Some((order, read)) = read else {
        let what = format!(
            "elements of {points} nodes; geometry of order 1 to {MAX_ORDER} is supported, mesh with a lower order"
        );
        return Err(reader.invalid(&object, what));
    };
    let mut table = Table { shape, order, nodes: Vec::new(), beyond: Vec::new() };
    read(reader, &object, &dataset, nodes, &mut table)?;
    Ok(table)
}

/// Reads rows of a certain type.
type Rows = fn(&Reader, &str, &Dataset, usize, &mut Table) -> Result<(), PyfrError>;

/// The reader for elements of a shape and geometry order: nodes and faces of each.
fn rows_of(shape: Shape, order: usize) -> Option<Rows> {
    Some(match (shape, order) {
        (Shape::Tri, 1) => rows::<3, 3>,
        (Shape::Tri, 2) => rows::<6, 3>,
        (Shape::Tri, 3) => rows::<10, 3>,
        (Shape::Tri, 4) => rows::<15, 3>,
        (Shape::Quad, 1) => rows::<4, 4>,
        (Shape::Quad, 2) => rows::<9, 4>,
        (Shape::Quad, 3) => rows::<16, 4>,
        (Shape::Quad, 4) => rows::<25, 4>,
        (Shape::Tet, 1) => rows::<4, 4>,
        (Shape::Tet, 2) => rows::<10, 4>,
        (Shape::Tet, 3) => rows::<20, 4>,
        (Shape::Tet, 4) => rows::<35, 4>,
        (Shape::Hex, 1) => rows::<8, 6>,
        (Shape::Hex, 2) => rows::<27, 6>,
        (Shape::Hex, 3) => rows::<64, 6>,
        (Shape::Hex, 4) => rows::<125, 6>,
        (Shape::Prism, 1) => rows::<6, 5>,
        (Shape::Prism, 2) => rows::<18, 5>,
        (Shape::Prism, 3) => rows::<40, 5>,
        (Shape::Prism, 4) => rows::<75, 5>,
        (Shape::Pyramid, 1) => rows::<5, 5>,
        (Shape::Pyramid, 2) => rows::<14, 5>,
        (Shape::Pyramid, 3) => rows::<30, 5>,
        (Shape::Pyramid, 4) => rows::<55, 5>,
        _ => return None,
    })
}

fn rows<const N: usize, const F: usize>(
    reader: &Reader,
    object: &str,
    dataset: &Dataset,
    nodes: usize,
    table: &mut Table,
) -> Result<(), PyfrError> {
    let count = dataset.size();
    table.nodes.reserve_exact(count * N);
    table.beyond.reserve_exact(count * F);
    each(reader, object, dataset, |e, row: ElementRow<N, F>| {
        for node in row.nodes {
            match u32::try_from(node) {
                Ok(node) if (node as usize) < nodes => table.nodes.push(node),
                _ => {
                    let what = format!("element {e} has node {node}, but there are {nodes} nodes");
                    return Err(reader.invalid(object, what));
                }
            }
        }
        for (f, face) in row.faces.iter().enumerate() {
            let Some(beyond) = Beyond::of(face) else {
                let FaceRow { cidx, off } = face;
                let what =
                    format!("face {f} of element {e} is joined to cidx {cidx}, off {off}, which cannot be");
                return Err(reader.invalid(object, what));
            };
            table.beyond.push(beyond);
        }
        Ok(())
    })
}

/// Coordinates of the nodes (z is 0 in two dimensions), and the dimensions.
pub fn nodes(reader: &Reader) -> Result<(Vec<[f64; 3]>, usize), PyfrError> {
    let object = "/nodes";
    let (dataset, row, _) = reader.compound(object, 1)?;
    let count = dataset.size();
    if count > u32::MAX as usize {
        return Err(
            reader.invalid(object, format!("{count} nodes are more than {} and not supported", u32::MAX))
        );
    }
    let float = |ty: &TypeDescriptor| matches!(ty, TypeDescriptor::Float(FloatSize::U4 | FloatSize::U8));
    let (nodes, dims) = match field(&row, "location") {
        Some(TypeDescriptor::FixedArray(of, 2)) if float(of) => {
            (locations::<2>(reader, object, &dataset)?, 2)
        }
        Some(TypeDescriptor::FixedArray(of, 3)) if float(of) => {
            (locations::<3>(reader, object, &dataset)?, 3)
        }
        _ => {
            let what = "its rows have no array \"location\" of 2 or 3 numbers (float64 or float32)";
            return Err(reader.invalid(object, what));
        }
    };
    match nodes.iter().position(|x| !x.iter().all(|x| x.is_finite())) {
        Some(n) => {
            Err(reader.invalid(object, format!("node {n} is at {:?}: coordinates must be finite", nodes[n])))
        }
        None => Ok((nodes, dims)),
    }
}

fn locations<const D: usize>(
    reader: &Reader,
    object: &str,
    dataset: &Dataset,
) -> Result<Vec<[f64; 3]>, PyfrError> {
    let mut nodes = Vec::with_capacity(dataset.size());
    each(reader, object, dataset, |_, NodeRow::<D> { location }| {
        nodes.push(std::array::from_fn(|d| location.get(d).copied().unwrap_or(0.0)));
        Ok(())
    })?;
    Ok(nodes)
}

/// The pairs of periodic faces called `name`.
pub fn pairs(reader: &Reader, object: &str) -> Result<Vec<[FaceRow; 2]>, PyfrError> {
    let (dataset, row, shape) = reader.compound(object, 2)?;
    if shape[1] != 2 || !is_face(&TypeDescriptor::Compound(row)) {
        return Err(reader.invalid(object, "it is no list of pairs of faces: cidx (int16), off (int64)"));
    }
    let faces = dataset.read_raw::<FaceRow>().map_err(reader.at(object))?;
    Ok(faces.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// Reads a dataset of one dimension piece by piece, and gives each row to `take` with its number.
fn each<T: H5Type>(
    reader: &Reader,
    object: &str,
    dataset: &Dataset,
    mut take: impl FnMut(usize, T) -> Result<(), PyfrError>,
) -> Result<(), PyfrError> {
    let count = dataset.size();
    let step = (CHUNK / size_of::<T>()).max(1);
    for first in (0..count).step_by(step) {
        let piece = Selection::new(first..(first + step).min(count));
        let rows = dataset.read_slice_1d::<T, _>(piece).map_err(reader.at(object))?;
        rows.into_iter().enumerate().try_for_each(|(i, row)| take(first + i, row))?;
    }
    Ok(())
}

fn field<'a>(row: &'a CompoundType, name: &str) -> Option<&'a TypeDescriptor> {
    row.fields.iter().find(|f| f.name == name).map(|f| &f.ty)
}

fn is_face(ty: &TypeDescriptor) -> bool {
    let TypeDescriptor::Compound(row) = ty else { return false };
    field(row, "cidx") == Some(&TypeDescriptor::Integer(IntSize::U2))
        && field(row, "off") == Some(&TypeDescriptor::Integer(IntSize::U8))
}
