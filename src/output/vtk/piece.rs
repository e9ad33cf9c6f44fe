//! One `.vtu` file: the cells and values of one rank.

use super::grid::{Grid, Laid, Mark, check};
use super::nodes::CellKind;
use super::series::{escape, real_type, write_vtk_file};
use crate::element::Shape;
use crate::output::atomic::write_atomically;
use crate::output::{OutputError, Precision};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use vtkio::model::{
    Attribute, Attributes, ByteOrder, Cells, DataSet, IOBuffer, UnstructuredGridPiece, Version, VertexNumbers,
};
use vtkio::xml::Compressor;

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
    let cell_data = |laid: &Laid| {
        let cells = laid.count();
        vec![Attribute::scalars("Part", 1).with_data(vec![part; cells])]
    };
    write(path, (CellKind::Lagrange, blocks), fields, (cell_data, &["Part"]), precision)
}

/// Writes a grid as a `.vtu` file, its marks as cell fields. The file appears whole or not at all.
///
/// # Errors
/// [`OutputError::Inconsistent`] when sizes contradict each other, [`OutputError::Write`] when writing fails.
pub fn write_grid(path: &Path, grid: &Grid, precision: Precision) -> Result<(), OutputError> {
    grid.check_marks().map_err(|problem| OutputError::Inconsistent { path: path.to_owned(), problem })?;
    let mark = |m: &Mark, laid: &Laid| Attribute::scalars(&m.name, 1).with_data(laid.repeated(&m.values));
    let cell_data = |laid: &Laid| grid.marks.iter().map(|m| mark(m, laid)).collect();
    let names: Vec<&str> = grid.marks.iter().map(|m| m.name.as_str()).collect();
    write(path, (grid.kind, &grid.cells), &grid.fields, (cell_data, &names), precision)
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
    let attribute =
        |f: &ElementField, laid: &Laid| Attribute::scalars(&f.name, 1).with_data(laid.repeated(&f.values));
    let cell_data = |laid: &Laid| fields.iter().map(|f| attribute(f, laid)).collect();
    let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
    write(path, (CellKind::Lagrange, blocks), &[], (cell_data, &names), Precision::Double)
}

/// `cell_data`: what makes the cell fields, and their names.
fn write(
    path: &Path,
    (kind, blocks): (CellKind, &[VtkCells]),
    fields: &[Field],
    (cell_data, names): (impl FnOnce(&Laid) -> Vec<Attribute>, &[&str]),
    precision: Precision,
) -> Result<(), OutputError> {
    check(kind, blocks, fields)
        .map_err(|problem| OutputError::Inconsistent { path: path.to_owned(), problem })?;
    if blocks.iter().all(VtkCells::is_empty) {
        return write_empty(path, fields, names, precision);
    }
    let laid = Laid::new(blocks, kind);
    let in_vtk_order = |components, values: &[&[f64]]| {
        let all = laid.values(components, values);
        match precision {
            Precision::Single => IOBuffer::F32(all.map(|x| x as f32).collect()),
            Precision::Double => IOBuffer::F64(all.collect()),
        }
    };
    let points: Vec<&[f64]> = blocks.iter().map(|b| &b.points[..]).collect();
    let attributes = fields.iter().map(|f| {
        let values: Vec<&[f64]> = f.values.iter().map(Vec::as_slice).collect();
        let attribute = match f.components {
            1 => Attribute::scalars(&f.name, 1),
            _ => Attribute::vectors(&f.name),
        };
        attribute.with_data(in_vtk_order(f.components, &values))
    });
    let cells = laid.cells();
    let (cell_verts, types) =
        (VertexNumbers::XML { connectivity: cells.connectivity, offsets: cells.offsets }, cells.types);
    let piece = UnstructuredGridPiece {
        points: in_vtk_order(3, &points),
        data: Attributes { point: attributes.collect(), cell: cell_data(&laid) },
        cells: Cells { cell_verts, types },
    };
    let file = vtkio::Vtk {
        version: Version::new_xml(2, 2), // the version that defines the node order of hexahedra
        title: String::new(),
        byte_order: ByteOrder::LittleEndian,
        file_path: None,
        data: DataSet::inline(piece),
    };
    write_atomically(path, |temporary| {
        // The encoder's lz4 beats zlib fifteen-fold in time and no compression at all too, by writing less.
        let encoded = file.try_into_xml_format(Compressor::LZ4, 1).map_err(vtkio::Error::from)?;
        let mut sink = Whole { file: File::create(temporary)?, failure: None };
        let outcome = encoded.write(&mut sink);
        match sink.failure {
            Some(failure) => Err(failure.into()),
            None => Ok(outcome.map_err(vtkio::Error::from)?),
        }
    })
}

/// A piece without cells, of a rank without elements. (The encoder leaves out counts of zero, which VTK insists on.)
fn write_empty(
    path: &Path,
    fields: &[Field],
    names: &[&str],
    precision: Precision,
) -> Result<(), OutputError> {
    let array = |kind: &str, name: &str, components: usize| {
        let name = escape(name);
        format!(
            "<DataArray type=\"{kind}\" Name=\"{name}\" NumberOfComponents=\"{components}\" format=\"ascii\"/>"
        )
    };
    let real = real_type(precision);
    let point_data: String = fields.iter().map(|f| array(real, &f.name, f.components)).collect();
    let cell_data: String = names.iter().map(|name| array("Int32", name, 1)).collect();
    let points = array(real, "Points", 3);
    let cells = [("UInt64", "connectivity"), ("UInt64", "offsets"), ("UInt8", "types")];
    let cells: String = cells.map(|(kind, name)| array(kind, name, 1)).concat();
    let body = format!(
        "<UnstructuredGrid><Piece NumberOfPoints=\"0\" NumberOfCells=\"0\">\n<PointData>{point_data}</PointData>\n\
         <CellData>{cell_data}</CellData>\n<Points>{points}</Points>\n<Cells>{cells}</Cells>\n</Piece></UnstructuredGrid>\n"
    );
    write_vtk_file(path, "UnstructuredGrid", "2.2", &body)
}

/// A file that takes every buffer whole and remembers its first failure.
///
/// The encoder ignores how much of a buffer was taken (which loses data beyond 2 GiB and on a full disk) and the
/// failure of its last flush.
struct Whole {
    file: File,
    failure: Option<io::Error>,
}

impl Write for Whole {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self.file.write_all(buffer) {
            Ok(()) => Ok(buffer.len()),
            Err(e) => {
                let copy = e.kind().into();
                self.failure.get_or_insert(e);
                Err(copy)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
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

    #[test]
    fn values_are_read_back_in_vtk_order_and_in_the_precision_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        let field =
            Field { name: "<&\"Density\">".into(), components: 1, values: vec![vec![0.1, 1.1, 2.1, 3.1]] };
        for precision in [Precision::Single, Precision::Double] {
            write_piece(&path, &[square()], std::slice::from_ref(&field), 3, precision).unwrap();
            let DataSet::UnstructuredGrid { pieces, .. } = vtkio::Vtk::import(&path).unwrap().data else {
                panic!("not an unstructured grid")
            };
            let piece = pieces[0].load_piece_data(None).unwrap();
            assert_eq!(piece.cells.types, [vtkio::model::CellType::LagrangeQuadrilateral]);
            let Attribute::DataArray(density) = &piece.data.point[0] else { panic!("no array") };
            assert_eq!(density.name, field.name);
            match precision {
                Precision::Single => assert_eq!(density.data, IOBuffer::F32(vec![0.1, 1.1, 3.1, 2.1])),
                Precision::Double => assert_eq!(density.data, IOBuffer::F64(vec![0.1, 1.1, 3.1, 2.1])),
            }
        }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_even_in_the_last_bytes() {
        let mut sink = Whole { file: File::options().write(true).open("/dev/full").unwrap(), failure: None };
        let encoded = vtkio::Vtk {
            version: Version::new_xml(2, 2),
            title: String::new(),
            byte_order: ByteOrder::LittleEndian,
            file_path: None,
            data: DataSet::inline(UnstructuredGridPiece {
                points: IOBuffer::F64(vec![]),
                cells: Cells::default(),
                data: Attributes::default(),
            }),
        };
        let _ = encoded.try_into_xml_format(Compressor::None, 0).unwrap().write(&mut sink);
        assert_eq!(sink.failure.unwrap().kind(), io::ErrorKind::StorageFull);
    }
}
