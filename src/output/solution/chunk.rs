//! Rows of numbers into a dataset with checksums, a chunk at a time and past HDF5's filters.
//!
//! A run waits for its output, so this is counted in passes over memory: HDF5 would take the numbers in order (a copy of
//! everything), copy them into a chunk, copy that once more with its checksum behind it, and take that checksum word by word.
//! Here the rows are brought together in a chunk that stays in cache, and the chunk with its checksum goes to the file as it is.
//! What is in the file is the same.

use super::rows::Rows;
use crate::output::Cause;
use bytemuck::Pod;
use hdf5::Dataset;

/// Lanes of the checksum's sums.
const LANES: usize = 16;
/// Words a lane after which sums are reduced, so that they fit in 32 bits: `128 * 129 / 2 * 65535 < 2^32`.
const ROUNDS: usize = 128;

/// Writes all rows into a dataset of this shape, a row for each place along the first dimension, in chunks of `per_chunk` rows
/// each, whose one filter is Fletcher's checksum; `number` makes what is stored.
///
/// # Errors
/// What HDF5 says.
///
/// # Panics
/// The rows are of another size.
pub(super) fn write<T: Pod>(
    dataset: &Dataset,
    shape: &[usize],
    per_chunk: usize,
    rows: &Rows,
    number: impl Fn(f64) -> T,
) -> Result<(), Cause> {
    let (elements, size) = (shape[0], shape[1..].iter().product());
    if elements * size == 0 {
        return Ok(());
    }
    // HDF5 takes the bytes as they are.
    assert_eq!(rows.size(), size, "numbers of a row");
    let bytes = per_chunk * size * size_of::<T>();
    // One more number, where the checksum finds room; at the end of the rows zeros fill the last chunk.
    let mut chunk = vec![T::zeroed(); per_chunk * size + 4_usize.div_ceil(size_of::<T>())];
    let mut offset = vec![0; shape.len()];
    for first in (0..elements).step_by(per_chunk) {
        let here = per_chunk.min(elements - first);
        for (e, to) in chunk[..here * size].chunks_exact_mut(size).enumerate() {
            for (to, from) in to.iter_mut().zip(rows.row(first + e).as_chunks().0) {
                *to = number(f64::from_ne_bytes(*from));
            }
        }
        chunk[here * size..].fill(T::zeroed());
        let all: &mut [u8] = bytemuck::cast_slice_mut(&mut chunk);
        let sum = fletcher32(&all[..bytes]);
        all[bytes..bytes + 4].copy_from_slice(&sum.to_le_bytes());
        offset[0] = first as u64;
        put(dataset, &offset, &all[..bytes + 4])?;
    }
    Ok(())
}

/// Writes the chunk that begins at `offset`: its bytes as the filters leave them.
fn put(dataset: &Dataset, offset: &[u64], bytes: &[u8]) -> Result<(), Cause> {
    hdf5::sync::sync(|| {
        // SAFETY: the dataset is open while `dataset` lives, `offset` has a number for each of its dimensions (those of
        // the shape it was made with), and the library reads as many bytes as it is told there are.
        let status = unsafe {
            hdf5_sys::h5d::H5Dwrite_chunk(
                dataset.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                0,
                offset.as_ptr(),
                bytes.len(),
                bytes.as_ptr().cast(),
            )
        };
        hdf5::h5check(status)
    })?;
    Ok(())
}

/// Fletcher's checksum of 16-bit words, high byte first, as HDF5 defines it (an even number of bytes).
///
/// J. Fletcher, An Arithmetic Checksum for Serial Transmissions, IEEE Transactions on Communications 30 (1982): the sum of the
/// words, and that of all sums on the way, modulo 65535. Words are added in lanes here; a word `r` rounds and `l` lanes after the first
/// of `n` counts `n - LANES r - l` times in the second sum, which is `LANES` times what its lane's own second sum counts, less `l`.
/// Exchanging the bytes of a word multiplies it by 256 modulo 65535, so that is done once, at the end.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (0_u64, 0_u64);
    let mut add = |words: usize, sum: u64, sum_of_sums: u64| {
        second = reduced(second + words as u64 * first + sum_of_sums);
        first = reduced(first + sum);
    };
    for block in bytes.chunks(2 * LANES * ROUNDS) {
        let (rounds, rest) = block.as_chunks::<{ 2 * LANES }>();
        let (mut sums, mut sums_of_sums) = ([0_u32; LANES], [0_u32; LANES]);
        for round in rounds {
            for l in 0..LANES {
                sums[l] += u32::from(u16::from_le_bytes([round[2 * l], round[2 * l + 1]]));
                sums_of_sums[l] += sums[l];
            }
        }
        let all = |sums: &[u32], factor: &dyn Fn(usize) -> u64| -> u64 {
            sums.iter().enumerate().map(|(l, sum)| factor(l) * u64::from(*sum)).sum()
        };
        let of_sums = all(&sums_of_sums, &|_| LANES as u64) - all(&sums, &|l| l as u64);
        add(rounds.len() * LANES, all(&sums, &|_| 1), of_sums);
        for word in rest.as_chunks().0 {
            let word = u64::from(u16::from_le_bytes(*word));
            add(1, word, word);
        }
    }
    (reduced(256 * second) as u32) << 16 | reduced(256 * first) as u32
}

/// Modulo 65535, where only zero itself is zero.
fn reduced(sum: u64) -> u64 {
    if sum == 0 { 0 } else { (sum - 1) % 65535 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word by word.
    fn plain(bytes: &[u8]) -> u32 {
        let (mut first, mut second) = (0, 0);
        for word in bytes.chunks_exact(2) {
            first = reduced(first + u64::from(u16::from_be_bytes([word[0], word[1]])));
            second = reduced(second + first);
        }
        (second as u32) << 16 | first as u32
    }

    #[test]
    fn the_checksum_is_that_of_its_definition_at_every_length() {
        let mut seed = 1_u64;
        let mut bytes = |n: usize| -> Vec<u8> {
            let mut next = || {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 56) as u8
            };
            (0..n).map(|_| next()).collect()
        };
        for n in (0..200).step_by(2).chain([4094, 4096, 4098, 100_000]) {
            let all = bytes(n);
            assert_eq!(fletcher32(&all), plain(&all), "{n} bytes");
        }
        for byte in [0, 1, 255] {
            let all = vec![byte; 1 << 19];
            assert_eq!(fletcher32(&all), plain(&all), "bytes of {byte}");
        }
    }

    #[test]
    fn what_is_written_is_what_the_library_reads() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let values: Vec<f64> = (0..7 * 6).map(|i| f64::from(i).sin()).collect();
        for per_chunk in [1, 2, 3, 7] {
            let name = format!("of{per_chunk}");
            let dataset = file.new_dataset::<f64>().chunk([per_chunk, 2, 3]).fletcher32().shape([7, 2, 3]);
            let dataset = dataset.create(name.as_str()).unwrap();
            write(&dataset, &[7, 2, 3], per_chunk, &Rows::all(&values, 7), |x| x).unwrap();
            assert_eq!(dataset.read_raw::<f64>().unwrap(), values);
            let single = file.new_dataset::<f32>().chunk([per_chunk, 6]).fletcher32().shape([7, 6]);
            let single = single.create(format!("single{name}").as_str()).unwrap();
            write(&single, &[7, 6], per_chunk, &Rows::all(&values, 7), |x| x as f32).unwrap();
            let wanted: Vec<f32> = values.iter().map(|x| *x as f32).collect();
            assert_eq!(single.read_raw::<f32>().unwrap(), wanted);
        }
    }
}
