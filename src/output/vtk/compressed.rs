//! A `.vtu` file with compressed arrays within the XML, by the crate vtkio.
//!
//! Smaller than a file of raw arrays where values repeat, and several times as long in the making.

use super::piece::{CellValues, Piece};
use crate::output::atomic::write_atomically;
use crate::output::{OutputError, Precision};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use vtkio::model::{
    Attribute, Attributes, ByteOrder, Cells, DataSet, IOBuffer, UnstructuredGridPiece, Version, VertexNumbers,
};
use vtkio::xml::Compressor;

/// Writes a piece that has cells.
pub(super) fn write(path: &Path, piece: &Piece) -> Result<(), OutputError> {
    let Piece { laid, blocks, fields, cell_data, precision, .. } = piece;
    // The file format counts further, but the encoder keeps the numbers of points and cells of a piece in 32 bits.
    for (total, what) in [(laid.points(), "points"), (laid.count(), "cells")] {
        if u32::try_from(total).is_err() {
            let problem = format!(
                "{total} {what} in one compressed piece, at most {}: write it without compression",
                u32::MAX
            );
            return Err(OutputError::Inconsistent { path: path.to_owned(), problem });
        }
    }
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
    let marks = cell_data.iter().map(|data| match &data.values {
        CellValues::Whole(values) => Attribute::scalars(data.name, 1).with_data(values.clone()),
        CellValues::Real(values) => Attribute::scalars(data.name, 1).with_data(values.clone()),
    });
    let cells = laid.cells();
    let (cell_verts, types) =
        (VertexNumbers::XML { connectivity: cells.connectivity, offsets: cells.offsets }, cells.types);
    let (major, minor) = piece.version();
    let file = vtkio::Vtk {
        version: Version::new_xml(major, minor),
        title: String::new(),
        byte_order: ByteOrder::LittleEndian,
        file_path: None,
        data: DataSet::inline(UnstructuredGridPiece {
            points: in_vtk_order(3, &points),
            data: Attributes { point: attributes.collect(), cell: marks.collect() },
            cells: Cells { cell_verts, types },
        }),
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
