//! One `.vtu` file: the cells and values of one rank.

use super::grid::{Grid, Laid, Mark, check};
use super::nodes::{CellKind, version};
use super::{compressed, raw};
use crate::element::Shape;
use crate::output::{OutputError, Precision};
use std::path::Path;

/// Elements of one shape and order: each one Lagrange cell in the file, pyramids several linear ones.
#[derive(Clone, Debug)]
pub struct VtkCells {
    /// Shape of all elements.
    pub shape: Shape,
    /// Polynomial order of geometry and values, at least 1 (constant values go on elements of order 1).
    pub order: usize,
    /// Node coordinates, `[element][lattice node][3]`, lattice x fastest, then y, then z.
    pub points: Vec<f64>,
}

impl VtkCells {
    /// Number of nodes of one element.
    pub fn nodes_per_element(&self) -> usize {
        self.shape.points(self.order)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.points.len() / (3 * self.nodes_per_element())
    }

    /// True when the block has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named quantity at the nodes.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name shown by the viewer.
    pub name: String,
    /// 1 for a scalar, 3 for a vector.
    pub components: usize,
    /// For each block of cells: `[element][lattice node][component]`.
    pub values: Vec<Vec<f64>>,
}

/// A named number of each element.
#[derive(Clone, Debug)]
pub struct ElementField {
    /// Name shown by the viewer.
    pub name: String,
    /// `[element]`, all blocks one after the other.
    pub values: Vec<f64>,
}

/// How the arrays of a file are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As they are, behind the XML: what takes least time, and what most programs read.
    #[default]
    Raw,
    /// Compressed (LZ4) within the XML.
    Compressed,
}

/// What a file holds.
pub(super) struct Piece<'a> {
    pub laid: Laid<'a>,
    pub kind: CellKind,
    pub blocks: &'a [VtkCells],
    pub fields: &'a [Field],
    pub cell_data: Vec<CellData<'a>>,
    pub precision: Precision,
}

impl Piece<'_> {
    /// Version of the file format.
    pub fn version(&self) -> (u32, u32) {
        let blocks = self.blocks.iter().filter(|b| !b.is_empty());
        version(self.kind, blocks.map(|b| (b.shape, b.order)))
    }
}

/// Numbers of cells.
pub(super) struct CellData<'a> {
    pub name: &'a str,
    pub values: CellValues,
}

pub(super) enum CellValues {
    Whole(Vec<i32>),
    Real(Vec<f64>),
}

/// Writes the blocks of one rank as a `.vtu` file with the given point fields and the cell field `Part`, the rank.
///
/// Coordinates and values are stored in `precision`. The file appears whole or not at all.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other, [`OutputError::Write`] when writing fails.
pub fn write_piece(
    path: &Path,
    blocks: &[VtkCells],
    fields: &[Field],
    rank: usize,
    precision: Precision,
) -> Result<(), OutputError> {
    let part = i32::try_from(rank).unwrap_or(i32::MAX);
    let cell_data =
        |laid: &Laid| vec![CellData { name: "Part", values: CellValues::Whole(vec![part; laid.count()]) }];
    write(path, (CellKind::Lagrange, blocks), fields, cell_data, (precision, Encoding::Raw, false))
}

/// Writes a grid as a `.vtu` file, its marks as cell fields. The file appears whole or not at all.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other, [`OutputError::Write`] when writing fails.
pub fn write_grid(
    path: &Path,
    grid: &Grid,
    precision: Precision,
    encoding: Encoding,
) -> Result<(), OutputError> {
    grid.check_marks().map_err(|problem| OutputError::Inconsistent { path: path.to_owned(), problem })?;
    let cell_data = |laid: &Laid| {
        let values = |m: &Mark| CellValues::Whole(laid.repeated(&m.values));
        grid.marks.iter().map(|m| CellData { name: &m.name, values: values(m) }).collect()
    };
    write(path, (grid.kind, &grid.cells), &grid.fields, cell_data, (precision, encoding, grid.merged))
}

/// Writes elements with numbers of their own, as cell fields of a `.vtu` file in double precision. The file appears whole
/// or not at all.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other, [`OutputError::Write`] when writing fails.
pub fn write_elements(path: &Path, blocks: &[VtkCells], fields: &[ElementField]) -> Result<(), OutputError> {
    let elements: usize = blocks.iter().map(VtkCells::len).sum();
    if let Some(field) = fields.iter().find(|f| f.values.len() != elements) {
        let problem =
            format!("field {:?}: {} values for {elements} elements", field.name, field.values.len());
        return Err(OutputError::Inconsistent { path: path.to_owned(), problem });
    }
    let cell_data = |laid: &Laid| {
        let values = |f: &ElementField| CellValues::Real(laid.repeated(&f.values));
        fields.iter().map(|f| CellData { name: &f.name, values: values(f) }).collect()
    };
    write(path, (CellKind::Lagrange, blocks), &[], cell_data, (Precision::Double, Encoding::Raw, false))
}

/// `cell_data`: what makes the cell fields.
fn write<'a>(
    path: &Path,
    (kind, blocks): (CellKind, &'a [VtkCells]),
    fields: &'a [Field],
    cell_data: impl FnOnce(&Laid) -> Vec<CellData<'a>>,
    (precision, encoding, merged): (Precision, Encoding, bool),
) -> Result<(), OutputError> {
    check(blocks, fields).map_err(|problem| OutputError::Inconsistent { path: path.to_owned(), problem })?;
    let laid = Laid::new(blocks, kind).merge(merged);
    let piece = Piece { cell_data: cell_data(&laid), laid, kind, blocks, fields, precision };
    match encoding {
        // The encoder of compressed files leaves out counts of zero, which VTK insists on.
        Encoding::Compressed if !blocks.iter().all(VtkCells::is_empty) => compressed::write(path, &piece),
        _ => raw::write(path, &piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> VtkCells {
        VtkCells {
            shape: Shape::Quad,
            order: 1,
            points: vec![0., 0., 0., 1., 0., 0., 0., 1., 0., 1., 1., 0.],
        }
    }

    /// What VTK's own reader makes of these files is the subject of `tests/vtk_output.rs`.
    #[test]
    fn values_are_stored_in_vtk_order_and_in_the_precision_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        let field =
            Field { name: "<&\"Density\">".into(), components: 1, values: vec![vec![0.1, 1.1, 2.1, 3.1]] };
        for precision in [Precision::Single, Precision::Double] {
            write_piece(&path, &[square()], std::slice::from_ref(&field), 3, precision).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let end = bytes.windows(2).position(|w| w == b"\n_").unwrap();
            let head = std::str::from_utf8(&bytes[..end]).unwrap();
            let line = head.lines().find(|l| l.contains("&lt;&amp;&quot;Density&quot;&gt;")).unwrap();
            let offset: usize =
                line.split("offset=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            let data = &bytes[end + 2 + offset..];
            let size = u64::from_le_bytes(data[..8].try_into().unwrap()) as usize;
            let wanted = [0.1, 1.1, 3.1, 2.1];
            match precision {
                Precision::Single => {
                    let values: Vec<f32> = bytemuck::pod_collect_to_vec(&data[8..8 + size]);
                    assert_eq!(values, wanted.map(|x| x as f32));
                }
                Precision::Double => {
                    let values: Vec<f64> = bytemuck::pod_collect_to_vec(&data[8..8 + size]);
                    assert_eq!(values, wanted);
                }
            }
        }
    }

    #[test]
    fn compressed_files_hold_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        let field = Field { name: "Density".into(), components: 1, values: vec![vec![0.1, 1.1, 2.1, 3.1]] };
        let marks = vec![Mark { name: "Boundary".into(), values: vec![7] }];
        let grid = Grid { cells: vec![square()], fields: vec![field], marks, ..Grid::default() };
        write_grid(&path, &grid, Precision::Double, Encoding::Compressed).unwrap();
        let vtkio::model::DataSet::UnstructuredGrid { pieces, .. } = vtkio::Vtk::import(&path).unwrap().data
        else {
            panic!("not an unstructured grid")
        };
        let piece = pieces[0].load_piece_data(None).unwrap();
        assert_eq!(piece.cells.types, [vtkio::model::CellType::LagrangeQuadrilateral]);
        let array = |a: &vtkio::model::Attribute| match a {
            vtkio::model::Attribute::DataArray(a) => (a.name.clone(), a.data.clone()),
            _ => panic!("no array"),
        };
        let density = vtkio::IOBuffer::F64(vec![0.1, 1.1, 3.1, 2.1]);
        assert_eq!(array(&piece.data.point[0]), ("Density".into(), density));
        assert_eq!(array(&piece.data.cell[0]), ("Boundary".into(), vtkio::IOBuffer::I32(vec![7])));
    }

    #[test]
    fn contradicting_sizes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        let write = |blocks: &[VtkCells], fields: &[Field]| {
            write_piece(&path, blocks, fields, 0, Precision::Double).unwrap_err().to_string()
        };
        assert!(write(&[VtkCells { order: 2, ..square() }], &[]).contains("multiple of 27"));
        assert!(write(&[VtkCells { order: 0, ..square() }], &[]).contains("order 1 or more"));
        let field = Field { name: "Velocity".into(), components: 3, values: vec![vec![0.0; 4]] };
        assert!(write(&[square()], std::slice::from_ref(&field)).contains("expected [12]"));
        assert!(write(&[square()], &[Field { components: 2, ..field }]).contains("1 or 3"));
        assert!(!path.exists());
    }
}
