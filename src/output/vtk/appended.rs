//! A `.vtu` file of one piece with its arrays as they are behind the XML (VTK calls that raw appended data), filled in any
//! order: all at once, or a few elements at a time.
//!
//! Our own, and not by the crate of [`super::compressed`], which encodes arrays as text: a run that writes every few steps
//! waits for that text. The format is that of VTK's "XML file formats"; beyond it, readers in other languages want the arrays
//! one right after the other, and a new line at their end.

use super::series::escape;
use crate::output::OutputError;
use crate::output::atomic::write_atomically;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes of an array that are written at once: the buffers of all arrays stay in cache.
const CHUNK: usize = 1 << 18;

/// The parts of a piece, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::output) enum Part {
    Points,
    Cells,
    PointData,
    CellData,
}

const PARTS: [(Part, &str); 4] = [
    (Part::Points, "Points"),
    (Part::Cells, "Cells"),
    (Part::PointData, "PointData"),
    (Part::CellData, "CellData"),
];

/// What the XML says of an array.
#[derive(Clone, Debug)]
pub(in crate::output) struct Head {
    part: Part,
    tag: String,
    bytes: u64,
}

impl Head {
    /// `count` numbers of type `T`, which VTK calls `kind`, in tuples of so many components.
    pub fn new<T>(part: Part, (kind, name, components): (&str, &str, usize), count: usize) -> Head {
        let name = escape(name);
        let tag = format!("<DataArray type=\"{kind}\" Name=\"{name}\" NumberOfComponents=\"{components}\"");
        Head { part, tag, bytes: (count * size_of::<T>()) as u64 }
    }
}

/// Writes a piece of so many points and cells, whole or not at all. `heads` are in the order of the parts; `fill` writes all bytes of
/// each array.
///
/// # Errors
/// [`OutputError::Write`] when writing fails.
pub(in crate::output) fn write(
    path: &Path,
    (major, minor): (u32, u32),
    (points, cells): (usize, usize),
    heads: &[Head],
    fill: impl FnOnce(&mut Arrays) -> io::Result<()>,
) -> Result<(), OutputError> {
    debug_assert!(heads.is_sorted_by_key(|head| head.part as usize), "the order of the file");
    let mut body = String::new();
    let mut place = 0;
    for (part, name) in PARTS {
        body += &format!("<{name}>\n");
        for head in heads.iter().filter(|head| head.part == part) {
            body += &format!("{} format=\"appended\" offset=\"{place}\"/>\n", head.tag);
            place += 8 + head.bytes;
        }
        body += &format!("</{name}>\n");
    }
    let order = if cfg!(target_endian = "big") { "BigEndian" } else { "LittleEndian" };
    let head = format!(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"UnstructuredGrid\" version=\"{major}.{minor}\" byte_order=\"{order}\" \
         header_type=\"UInt64\">\n<UnstructuredGrid>\n<Piece NumberOfPoints=\"{points}\" NumberOfCells=\"{cells}\">\n{body}\
         </Piece>\n</UnstructuredGrid>\n<AppendedData encoding=\"raw\">\n_"
    );
    write_atomically(path, |temporary| {
        let mut file = File::create(temporary)?;
        file.write_all(head.as_bytes())?;
        let mut arrays = Arrays::new(file, head.len() as u64, heads);
        fill(&mut arrays)?;
        let mut file = arrays.end()?;
        Ok(file.write_all(b"\n</AppendedData>\n</VTKFile>\n")?)
    })
}

/// The arrays of a file, each of which grows on its own.
pub(in crate::output) struct Arrays {
    file: File,
    arrays: Vec<Array>,
}

struct Array {
    /// Where the next bytes belong in the file, and where the array ends.
    next: u64,
    end: u64,
    /// Those that are not written yet.
    buffer: Vec<u8>,
}

impl Arrays {
    fn new(file: File, mut place: u64, heads: &[Head]) -> Arrays {
        let array = |head: &Head| {
            let next = place;
            place += 8 + head.bytes;
            let mut buffer = Vec::with_capacity(CHUNK.min(8 + head.bytes as usize));
            buffer.extend_from_slice(&head.bytes.to_ne_bytes());
            Array { next, end: place, buffer }
        };
        Arrays { file, arrays: heads.iter().map(array).collect() }
    }

    /// What appends to the `i`-th array.
    pub fn array(&mut self, i: usize) -> impl Write + '_ {
        Appender { file: &mut self.file, array: &mut self.arrays[i] }
    }

    /// The file behind the last array, when all are there.
    fn end(mut self) -> io::Result<File> {
        let mut last = self.file.stream_position()?;
        for array in &mut self.arrays {
            flush(&mut self.file, array)?;
            if array.next != array.end {
                return Err(io::Error::other("an array is not complete, which is an error of this program"));
            }
            last = array.end;
        }
        self.file.seek(SeekFrom::Start(last))?;
        Ok(self.file)
    }
}

/// Brings to the file what is in the buffer.
fn flush(file: &mut File, array: &mut Array) -> io::Result<()> {
    let mut buffer = std::mem::take(&mut array.buffer);
    put(file, array, &buffer)?;
    // What is complete needs no room any more.
    if array.next < array.end {
        buffer.clear();
        array.buffer = buffer;
    }
    Ok(())
}

/// Writes the next bytes of an array.
fn put(file: &mut File, array: &mut Array, bytes: &[u8]) -> io::Result<()> {
    if array.next + bytes.len() as u64 > array.end {
        return Err(io::Error::other("an array is too long, which is an error of this program"));
    }
    if !bytes.is_empty() {
        file.seek(SeekFrom::Start(array.next))?;
        file.write_all(bytes)?;
        array.next += bytes.len() as u64;
    }
    Ok(())
}

struct Appender<'a> {
    file: &'a mut File,
    array: &'a mut Array,
}

impl Write for Appender<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.array.buffer.len() + bytes.len() > CHUNK {
            flush(self.file, self.array)?;
        }
        if bytes.len() > CHUNK {
            put(self.file, self.array, bytes)?;
        } else {
            self.array.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> Vec<Head> {
        vec![
            Head::new::<u8>(Part::Points, ("UInt8", "a", 1), 3),
            Head::new::<u32>(Part::CellData, ("UInt32", "b", 1), 2),
        ]
    }

    #[test]
    fn arrays_grow_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        write(&path, (1, 0), (3, 1), &heads(), |arrays| {
            arrays.array(1).write_all(&7_u32.to_ne_bytes())?;
            arrays.array(0).write_all(b"ab")?;
            arrays.array(1).write_all(&8_u32.to_ne_bytes())?;
            arrays.array(0).write_all(b"c")
        })
        .unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let begin = bytes.windows(2).position(|w| w == b"\n_").unwrap() + 2;
        let wanted = [
            &3_u64.to_ne_bytes()[..],
            b"abc",
            &8_u64.to_ne_bytes(),
            &7_u32.to_ne_bytes(),
            &8_u32.to_ne_bytes(),
        ];
        assert!(bytes[begin..].starts_with(&wanted.concat()));
        assert!(bytes[begin..].ends_with(b"\n</AppendedData>\n</VTKFile>\n"));
    }

    #[test]
    fn large_arrays_come_out_in_order_however_they_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        let all: Vec<u32> = (0..1_000_003).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
        let bytes: &[u8] = bytemuck::cast_slice(&all);
        let heads = [0, 1].map(|_| Head::new::<u32>(Part::PointData, ("UInt32", "a", 1), all.len()));
        for step in [12_345, CHUNK - 1, CHUNK + 7, bytes.len()] {
            write(&path, (1, 0), (1, 1), &heads, |arrays| {
                for piece in bytes.chunks(step) {
                    (0..2).try_for_each(|i| arrays.array(i).write_all(piece))?;
                }
                Ok(())
            })
            .unwrap();
            let found = std::fs::read(&path).unwrap();
            let begin = found.windows(2).position(|w| w == b"\n_").unwrap() + 2;
            for i in 0..2 {
                let data = &found[begin + i * (8 + bytes.len()) + 8..][..bytes.len()];
                assert!(data == bytes, "pieces of {step}, array {i}");
            }
        }
    }

    #[test]
    fn arrays_of_another_length_than_announced_make_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vtu");
        for text in ["ab", "abcd"] {
            let result = write(&path, (1, 0), (3, 1), &heads(), |arrays| {
                arrays.array(1).write_all(&[0; 8])?;
                arrays.array(0).write_all(text.as_bytes())
            });
            assert!(result.is_err() && !path.exists());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut arrays = Arrays::new(full, 0, &heads());
        arrays.array(0).write_all(b"abc").unwrap();
        arrays.array(1).write_all(&[0; 8]).unwrap();
        assert_eq!(arrays.end().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
