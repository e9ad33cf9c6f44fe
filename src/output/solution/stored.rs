//! A solution file whose values are read a few elements at a time: what a rank needs of it to continue a run.

use super::read::{self, Problem, at, fail};
use super::rows::repeated_id;
use super::{SolutionHeader, TEXT};
use crate::element::Shape;
use crate::files::chunks;
use crate::output::{OutputError, Precision};
use hdf5::{Dataset, H5Type};
use ndarray::s;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A solution file that is open.
pub struct Stored {
    path: PathBuf,
    header: SolutionHeader,
    blocks: Vec<StoredBlock>,
}

/// Elements of one shape and order in a file.
pub struct StoredBlock {
    /// Shape of all elements.
    pub shape: Shape,
    /// Polynomial order of all elements.
    pub order: usize,
    /// Global element ids, ascending.
    pub ids: Vec<u32>,
    /// Reference coordinates of the solution points, `[point][dimension]`.
    pub reference_points: Vec<f64>,
    /// Name of the set of solution points.
    pub points_name: String,
    values: Dataset,
    kept: Vec<Dataset>,
}

impl Stored {
    /// Opens a solution file and checks everything in it but the values.
    ///
    /// # Errors
    /// As [`super::read`].
    pub fn open(path: &Path) -> Result<Stored, OutputError> {
        let (file, bytes) = read::open(path)?;
        let place = |(item, problem)| OutputError::Malformed { path: path.to_owned(), item, problem };
        let header = read::read_header(&file, bytes).map_err(place)?;
        let mut blocks = vec![];
        read::each_block(&file, |group| {
            let open = read::open_block(group, bytes, &header)?;
            let block = StoredBlock {
                shape: open.shape,
                order: open.order,
                ids: read::numbers(&open.ids, "ids", bytes)?,
                reference_points: read::numbers(&open.points, "points", bytes)?,
                points_name: open.points_name,
                values: open.values,
                kept: open.kept,
            };
            if let Some(w) = block.ids.windows(2).find(|w| w[0] >= w[1]) {
                return fail("ids", format!("{} is followed by {}, not ascending", w[0], w[1]));
            }
            blocks.push(block);
            Ok(())
        })
        .map_err(place)?;
        if let Some(id) = repeated_id(blocks.iter().map(|b| &b.ids[..])) {
            return Err(place(("solution".into(), format!("element {id} occurs twice"))));
        }
        Ok(Stored { path: path.into(), header, blocks })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the solution belongs to.
    pub fn header(&self) -> &SolutionHeader {
        &self.header
    }

    /// The blocks of elements.
    pub fn blocks(&self) -> &[StoredBlock] {
        &self.blocks
    }

    /// Conserved variables of the elements `rows` of a block (by their place in its ids), `[element][variable][point]`.
    ///
    /// # Errors
    /// Damaged data.
    pub fn values(&self, block: usize, rows: Range<usize>) -> Result<Vec<f64>, OutputError> {
        let values = &self.blocks[block].values;
        let read = match self.header.precision {
            Precision::Double => rows_of::<f64>(values, rows),
            Precision::Single => rows_of::<f32>(values, rows),
        };
        read.map_err(|(item, problem)| self.malformed(block, item, problem))
    }

    /// The fields kept under the `n`-th name of [`SolutionHeader::kept`] in the elements `rows` of a block,
    /// `[element][field][point]`.
    ///
    /// # Errors
    /// Damaged data.
    pub fn kept(&self, block: usize, n: usize, rows: Range<usize>) -> Result<Vec<f64>, OutputError> {
        let read = rows_of::<f64>(&self.blocks[block].kept[n], rows);
        read.map_err(|(item, problem)| self.malformed(block, item, problem))
    }

    /// An error in a block of this file.
    pub fn malformed(&self, block: usize, item: String, problem: String) -> OutputError {
        let StoredBlock { shape, order, .. } = &self.blocks[block];
        // Names in a file may be long.
        let item = item.chars().take(TEXT).collect::<String>();
        let item = format!("solution/{block:02}-{}-p{order}/{item}", shape.name());
        OutputError::Malformed { path: self.path.clone(), item, problem }
    }
}

/// Some elements of a dataset, whose size has been compared with that of the file.
fn rows_of<T: H5Type + Copy + Into<f64>>(values: &Dataset, rows: Range<usize>) -> Result<Vec<f64>, Problem> {
    chunks::check(values, rows.clone()).map_err(at("values"))?;
    let piece = values.read_slice::<T, _, ndarray::Ix3>(s![rows, .., ..]).map_err(at("values"))?;
    Ok(piece.into_iter().map(Into::into).collect())
}
