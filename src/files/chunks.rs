//! Chunks of HDF5 data sets are looked at before HDF5 reads them.
//!
//! The library takes it for granted that a chunk has its size once its filters have been undone, and copies that many bytes:
//! a chunk that inflates to less, or is stored with less, has it read (and, with some versions, write) beyond its buffers. A
//! file of a few kilobytes ends the program that way. So nothing is read before the chunks that hold it were found whole.
//!
//! What escapes: chunks without filters whose size is wrong in an index of the oldest kind, which HDF5 tells only since 1.10.5.

use flate2::{Decompress, FlushDecompress, Status};
use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::{Dataset, Error, Result};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5i::hid_t;
use std::ops::Range;
use std::ptr::null_mut;

/// Bytes of the checksum behind a chunk.
const CHECKSUM: u64 = 4;
/// So many dimensions are more than the library has room for.
const DIMENSIONS: usize = 32;
/// The most parameters of a filter that the crate has room for.
const PARAMETERS: usize = 32;
/// Bytes that are inflated at a time.
const WINDOW: usize = 64 << 10;

unsafe extern "C" {
    /// Since HDF5 1.10.2; `hdf5_sys` has no name for it.
    fn H5Dget_chunk_storage_size(dataset: hid_t, corner: *const u64, bytes: *mut u64) -> herr_t;
}

/// Looks at the chunks of a data set that hold `rows` (of its first dimension), and that it holds its numbers itself.
///
/// # Errors
/// What is wrong with it.
pub fn check(dataset: &Dataset, rows: Range<usize>) -> Result<()> {
    let properties = dataset.dcpl()?;
    if !properties.get_external()?.is_empty() {
        return wrong("it keeps its numbers in another file");
    }
    let (shape, kind) = (dataset.shape(), dataset.dtype()?.size() as u64);
    let size = |extents: &[usize]| extents.iter().try_fold(kind, |n, &extent| n.checked_mul(extent as u64));
    match properties.get_layout()? {
        Layout::Contiguous => return Ok(()),
        Layout::Compact if size(&shape).is_some_and(|size| size <= dataset.storage_size()) => return Ok(()),
        Layout::Compact => return wrong("it holds less than its shape says"),
        Layout::Chunked => {}
        _ => return wrong("it is put together from others"),
    }
    let chunk = dataset.chunk().unwrap_or_default();
    if !(1..DIMENSIONS).contains(&shape.len()) || chunk.len() != shape.len() || chunk.contains(&0) {
        return wrong("its chunks are of another shape");
    }
    let Some(bytes) = size(&chunk).filter(|bytes| *bytes <= u64::from(u32::MAX)) else {
        return wrong("its chunks are too large");
    };
    let filters = filters(dataset)?;
    if let Some(other) =
        filters.iter().find(|f| !matches!(f, Filter::Deflate(_) | Filter::Shuffle | Filter::Fletcher32))
    {
        return wrong(&format!("it is packed with {other:?}, which is not read here"));
    }
    if !filters.is_empty() && properties.get_chunk_opts()?.is_some_and(|options| !options.is_empty()) {
        return wrong("only some of its chunks are packed, which is not read here");
    }
    let first = rows.start / chunk[0].max(1);
    let counts: Vec<usize> = (shape.iter().zip(&chunk).enumerate())
        .map(|(d, (n, chunk))| if d == 0 { rows.end.div_ceil(*chunk) - first } else { n.div_ceil(*chunk) })
        .collect();
    if rows.is_empty() || counts.contains(&0) {
        return Ok(());
    }
    let file = dataset.file()?.size();
    let mut place = vec![0; counts.len()];
    loop {
        let corner: Vec<u64> = (0..place.len())
            .map(|d| ((place[d] + if d == 0 { first } else { 0 }) * chunk[d]) as u64)
            .collect();
        let stored = stored(dataset, &corner)?;
        // As many chunks as the shape says may be missing, which this loop would not live to see.
        if stored == 0 {
            return wrong(&format!("its chunk at {corner:?} is missing"));
        }
        if stored > file {
            return wrong("a chunk is larger than the file");
        }
        one(dataset, &corner, &filters, stored, bytes)?;
        // The next one, the last dimension first.
        let Some(d) = (0..place.len()).rev().find(|d| place[*d] + 1 < counts[*d]) else { return Ok(()) };
        place[d] += 1;
        place[d + 1..].fill(0);
    }
}

/// [`check`] of all rows.
///
/// # Errors
/// The same.
pub fn check_all(dataset: &Dataset) -> Result<()> {
    check(dataset, 0..dataset.shape().first().copied().unwrap_or(0))
}

/// The filters of a data set. [`Dataset::filters`] takes those that it cannot tell for none, and panics at one of many parameters.
///
/// # Errors
/// Such filters.
pub fn filters(dataset: &Dataset) -> Result<Vec<Filter>> {
    let properties = dataset.dcpl()?;
    let list = properties.id();
    hdf5::sync::sync(|| {
        // SAFETY: the list is open while `properties` lives.
        let count = unsafe { hdf5_sys::h5p::H5Pget_nfilters(list) };
        for i in 0..u32::try_from(count).unwrap_or(0) {
            let (mut flags, mut parameters) = (0, 0);
            // SAFETY: as above; the flags and the number of parameters are written to their places, and nothing else is asked for.
            unsafe {
                let (values, name, config) = (null_mut(), null_mut(), null_mut());
                hdf5_sys::h5p::H5Pget_filter2(list, i, &mut flags, &mut parameters, values, 0, name, config);
            }
            if parameters > PARAMETERS {
                return wrong("it is packed with a filter of many parameters, which is not read here");
            }
        }
        Ok(())
    })?;
    properties.get_filters()
}

/// Looks at the chunk of `stored` bytes at `corner`, which is to have so many `bytes`.
fn one(dataset: &Dataset, corner: &[u64], filters: &[Filter], stored: u64, bytes: u64) -> Result<()> {
    let short = || wrong(&format!("its chunk at {corner:?} has not the {bytes} bytes of a chunk"));
    // The checksum tells nothing of sizes, and is looked at by HDF5.
    if !filters.iter().any(|f| matches!(f, Filter::Deflate(_))) {
        let sums = filters.iter().filter(|f| matches!(f, Filter::Fletcher32)).count() as u64;
        return if stored == bytes + CHECKSUM * sums { Ok(()) } else { short() };
    }
    let (content, skipped) = raw(dataset, corner, stored as usize)?;
    // What the chunk is before and after each filter that is undone counts, not what is in it.
    let mut stream = &content[..];
    let mut length = stored;
    let mut inflated = false;
    for (i, filter) in filters.iter().enumerate().rev() {
        // A filter that made a chunk larger may have been left out.
        if skipped >> i & 1 == 1 {
            continue;
        }
        match filter {
            Filter::Fletcher32 => {
                let Some(left) = length.checked_sub(CHECKSUM) else { return short() };
                length = left;
                if !inflated {
                    stream = &stream[..left as usize];
                }
            }
            Filter::Deflate(_) if inflated => return wrong("it is deflated twice, which is not read here"),
            // What is inside may have a checksum of its own.
            Filter::Deflate(_) => match inflated_length(stream, bytes + CHECKSUM) {
                Some(found) => (length, inflated) = (found, true),
                None => return short(),
            },
            _ => {}
        }
    }
    if length == bytes { Ok(()) } else { short() }
}

/// How many bytes a stream of deflate holds, if it is whole and they are no more than `most`. Nothing is kept of them, so that a
/// chunk that claims to be huge takes no memory.
fn inflated_length(stream: &[u8], most: u64) -> Option<u64> {
    let mut inflater = Decompress::new(true);
    let mut window = vec![0; WINDOW];
    loop {
        let before = (inflater.total_in(), inflater.total_out());
        let rest = stream.get(before.0 as usize..)?;
        let status = inflater.decompress(rest, &mut window, FlushDecompress::None).ok()?;
        let length = inflater.total_out();
        if length > most {
            return None;
        }
        match status {
            Status::StreamEnd => return Some(length),
            // It goes on neither with more room nor with more bytes, of which there are none.
            _ if (inflater.total_in(), length) == before => return None,
            _ => {}
        }
    }
}

/// Bytes that the chunk at `corner` takes in the file; 0 where there is none.
fn stored(dataset: &Dataset, corner: &[u64]) -> Result<u64> {
    let mut bytes = 0;
    hdf5::sync::sync(|| {
        // SAFETY: the data set is open while `dataset` lives, `corner` has a number for each of its dimensions, and one number is
        // written to `bytes`.
        let status = unsafe { H5Dget_chunk_storage_size(dataset.id(), corner.as_ptr(), &mut bytes) };
        hdf5::h5check(status)
    })?;
    Ok(bytes)
}

/// The chunk at `corner`, of `bytes` bytes, as it is in the file, and which of its filters were left out, a bit each.
fn raw(dataset: &Dataset, corner: &[u64], bytes: usize) -> Result<(Vec<u8>, u32)> {
    let (mut content, mut skipped) = (vec![0_u8; bytes], 0);
    hdf5::sync::sync(|| {
        // SAFETY: as above; the chunk takes the `bytes` bytes that `stored` told of, for which there is room.
        let status = unsafe {
            hdf5_sys::h5d::H5Dread_chunk1(
                dataset.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                corner.as_ptr(),
                &mut skipped,
                content.as_mut_ptr().cast(),
            )
        };
        hdf5::h5check(status)
    })?;
    Ok((content, skipped))
}

fn wrong<T>(what: &str) -> Result<T> {
    Err(Error::Internal(what.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    /// A data set of 3 chunks of 4 numbers each, the second of which is made of `bytes`.
    fn checked(filters: &[Filter], bytes: &[u8], rows: Range<usize>) -> Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let file = hdf5::File::create(&path).unwrap();
        let mut builder = file.new_dataset::<f64>().shape([12]).chunk([4]);
        builder = builder.set_filters(filters);
        let dataset = builder.create("a").unwrap();
        dataset.write_raw(&[1.0_f64; 12]).unwrap();
        file.flush().unwrap();
        if !bytes.is_empty() {
            let corner = [4_u64];
            hdf5::sync::sync(|| {
                // SAFETY: the data set is open, of one dimension, and as many bytes are read as there are.
                let status = unsafe {
                    hdf5_sys::h5d::H5Dwrite_chunk(
                        dataset.id(),
                        hdf5_sys::h5p::H5P_DEFAULT,
                        0,
                        corner.as_ptr(),
                        bytes.len(),
                        bytes.as_ptr().cast(),
                    )
                };
                hdf5::h5check(status)
            })
            .unwrap();
        }
        file.flush().unwrap();
        check(&dataset, rows)
    }

    #[test]
    fn compact_data_sets_and_odd_filters_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let compact = file.new_dataset::<f64>().shape([12]).layout(Layout::Compact).create("a").unwrap();
        check_all(&compact).unwrap();
        let many = Filter::user(300, &[1; 40]);
        let filtered = file.new_dataset::<f64>().shape([12]).chunk([4]).set_filters(&[many]);
        // A filter that is not there may be refused before.
        if let Ok(dataset) = filtered.create("b") {
            assert!(filters(&dataset).is_err() && check_all(&dataset).is_err());
        }
    }

    #[test]
    fn a_data_set_without_its_chunks_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let dataset = file.new_dataset::<f64>().shape([1 << 60, 3]).chunk([1, 1]).create("a").unwrap();
        let error = check_all(&dataset).unwrap_err().to_string();
        assert!(error.contains("chunk at [0, 0] is missing"), "{error}");
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(vec![], Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn whole_chunks_are_read_and_others_are_not() {
        let all = [
            vec![],
            vec![Filter::Fletcher32],
            vec![Filter::Deflate(6)],
            vec![Filter::Shuffle, Filter::Deflate(3), Filter::Fletcher32],
            vec![Filter::Fletcher32, Filter::Deflate(3)],
        ];
        for filters in &all {
            checked(filters, &[], 0..12).unwrap();
            checked(filters, &[], 5..5).unwrap();
        }
        for (filters, bytes) in [
            (&all[1], vec![0; 32]),
            (&all[1], vec![0; 20]),
            (&all[2], deflated(&[0; 16])),
            (&all[2], deflated(&[0; 33])),
            (&all[2], deflated(&[0; 1000])),
            (&all[2], deflated(&[7; 32])[..8].to_vec()),
            (&all[2], vec![1; 40]),
            (&all[3], deflated(&[0; 32])),
            (&all[3], vec![0; 2]),
            (&all[4], deflated(&[0; 32])),
        ] {
            let error = checked(filters, &bytes, 0..12).unwrap_err().to_string();
            assert!(error.contains("chunk at [4]"), "{filters:?}: {error}");
            // Nobody asked for it.
            checked(filters, &bytes, 0..4).unwrap();
            checked(filters, &bytes, 8..12).unwrap();
            assert!(checked(filters, &bytes, 7..9).is_err());
        }
        let padded = [&deflated(&[0; 32])[..], &[0; 4]].concat();
        checked(&all[3], &padded, 0..12).unwrap();
    }
}
