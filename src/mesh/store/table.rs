//! Datasets of numbers, read and written in pieces: no copy of the whole stands beside what it becomes.

use super::StoreError;
use super::reader::Reader;
use crate::files::chunks;
use hdf5::filters::Filter;
use hdf5::{Dataset, Group, H5Type};
use ndarray::{ArrayView, s};
use std::marker::PhantomData;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a chunk. Chunks carry the checksums, hence are read whole: a rank whose part touches a chunk reads all of it.
/// Small ones waste less of that (the parts of METIS are as wide as a few chunks), but each costs a microsecond or two.
pub const CHUNK: usize = 1 << 15;

/// Bytes read or written by one call.
const PIECE: usize = 1 << 20;

/// Deflate packs at best 1,032 bytes into one; a compressed dataset that claims more than this many times the size of the
/// whole file is a lie, and memory for it is not asked for.
const MAX_RATIO: u64 = 1_100;

/// A dataset `[rows][columns]`, or `[rows]`, of a mesh file.
pub struct Table<T> {
    dataset: Dataset,
    path: PathBuf,
    object: String,
    /// Numbers a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Rows that are read together anyway.
    chunk: usize,
    plain: bool,
    bytes_read: Arc<AtomicU64>,
    of: PhantomData<T>,
}

impl<T: H5Type + Copy> Table<T> {
    /// Opens the dataset `name`, which must be `[n][columns]`, or `[n]` without `columns`, and fit the file.
    pub fn open(
        reader: &Reader,
        group: &Group,
        name: &str,
        columns: Option<usize>,
    ) -> Result<Table<T>, StoreError> {
        let object = format!("{}/{name}", group.name().trim_end_matches('/'));
        let at = reader.at(&object);
        let invalid = |what| StoreError::Invalid { path: reader.path.clone(), object: object.clone(), what };
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
        let filters = chunks::filters(&dataset).map_err(&at)?;
        let packed = filters.iter().any(|f| !matches!(f, Filter::Fletcher32 | Filter::Shuffle));
        let most = reader.len.saturating_mul(if packed { MAX_RATIO } else { 1 });
        let width = columns.unwrap_or(1);
        let bytes = width.checked_mul(rows).and_then(|n| n.checked_mul(size_of::<T>()));
        if bytes.is_none_or(|bytes| bytes as u64 > most) {
            return Err(invalid(format!(
                "its shape {shape:?} is too large for a file of {} bytes",
                reader.len
            )));
        }
        reader.check_type::<T>(&dataset, &object)?;
        let chunk = dataset.chunk().map_or(1, |c| c[0]).max(1);
        Ok(Table {
            dataset,
            path: reader.path.clone(),
            object,
            columns: width,
            rows,
            chunk,
            plain: columns.is_none(),
            bytes_read: Arc::clone(&reader.bytes_read),
            of: PhantomData,
        })
    }

    /// Some rows, one after the other.
    pub fn read(&self, rows: Range<usize>) -> Result<Vec<T>, StoreError> {
        let chunks = rows.end.div_ceil(self.chunk) - rows.start / self.chunk;
        self.bytes_read
            .fetch_add((chunks * self.chunk * self.columns * size_of::<T>()) as u64, Ordering::Relaxed);
        let at =
            |source| StoreError::Hdf5 { path: self.path.clone(), object: self.object.clone(), cause: source };
        chunks::check(&self.dataset, rows.clone()).map_err(&at)?;
        let values = if self.plain {
            self.dataset.read_slice_1d::<T, _>(s![rows]).map(|a| a.into_raw_vec_and_offset().0)
        } else {
            self.dataset.read_slice_2d::<T, _>(s![rows, ..]).map(|a| a.into_raw_vec_and_offset().0)
        };
        values.map_err(at)
    }

    /// Calls `take` with all rows in pieces.
    pub fn pieces(&self, mut take: impl FnMut(&[T])) -> Result<(), StoreError> {
        let step = rows_in(PIECE, self.columns, size_of::<T>()).next_multiple_of(self.chunk);
        for start in (0..self.rows).step_by(step) {
            take(&self.read(start..(start + step).min(self.rows))?);
        }
        Ok(())
    }

    /// All rows.
    pub fn all(&self) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::with_capacity(self.rows * self.columns);
        self.pieces(|piece| all.extend_from_slice(piece))?;
        Ok(all)
    }

    /// Rows `ids[i] - first`, increasing and below the number of rows. What lies between is read over when it is less than
    /// a chunk.
    pub fn gather(&self, ids: &[u32], first: usize) -> Result<Vec<T>, StoreError> {
        let most = rows_in(PIECE, self.columns, size_of::<T>());
        let row = |i: usize| ids[i] as usize - first;
        let mut values = Vec::with_capacity(ids.len() * self.columns);
        let mut i = 0;
        while i < ids.len() {
            let start = row(i);
            let mut next = i + 1;
            while next < ids.len() && row(next) - row(next - 1) <= self.chunk && row(next) < start + most {
                next += 1;
            }
            let piece = self.read(start..row(next - 1) + 1)?;
            if row(next - 1) - start == next - 1 - i {
                values.extend_from_slice(&piece);
            } else {
                for j in i..next {
                    values.extend_from_slice(&piece[(row(j) - start) * self.columns..][..self.columns]);
                }
            }
            i = next;
        }
        Ok(values)
    }
}

/// Writes a dataset `[rows][columns]`, or `[rows]` without `columns`. `fill` appends the numbers of some rows.
pub fn write<T: H5Type>(
    at: &Group,
    name: &str,
    rows: usize,
    columns: Option<usize>,
    mut fill: impl FnMut(Range<usize>, &mut Vec<T>),
) -> hdf5::Result<()> {
    let width = columns.unwrap_or(1);
    let chunk = rows_in(CHUNK, width, size_of::<T>()).min(rows.max(1));
    let step = rows_in(PIECE, width, size_of::<T>()).next_multiple_of(chunk);
    let builder = at.new_dataset::<T>().fletcher32();
    let dataset = match columns {
        Some(width) => builder.chunk((chunk, width)).shape((rows, width)).create(name)?,
        None => builder.chunk((chunk,)).shape((rows,)).create(name)?,
    };
    let mut buffer = Vec::with_capacity(step.min(rows) * width);
    for start in (0..rows).step_by(step) {
        let end = (start + step).min(rows);
        buffer.clear();
        fill(start..end, &mut buffer);
        match columns {
            Some(width) => {
                let view = ArrayView::from_shape((end - start, width), &buffer)?;
                dataset.write_slice(view, s![start..end, ..])?;
            }
            None => dataset.write_slice(ArrayView::from_shape(end - start, &buffer)?, s![start..end])?,
        }
    }
    Ok(())
}

/// Rows that fit in so many bytes, at least one.
fn rows_in(bytes: usize, columns: usize, size: usize) -> usize {
    (bytes / (columns * size).max(1)).max(1)
}
