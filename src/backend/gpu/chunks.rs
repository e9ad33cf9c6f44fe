//! Where face arrays lie in buffers. Rows of all elements, of the halo and of the boundaries follow each other
//! ([`FaceRows`]); where they exceed what one buffer or binding holds, they are divided into chunks of whole pieces of
//! blocks and whole rows of ghosts. A kernel writes to one chunk, that of its piece, and reads from any: it binds all of
//! them and chooses by the number of the flux point. With one chunk there is nothing to choose, and no text for it.

use super::buffers::Memory;
use super::kernels::Use;
use super::split::Piece;
use crate::backend::BackendError;
use crate::backend::discretisation::Discretisation;
use crate::backend::rows::FaceRows;
use std::fmt::Write;
use wgpu::Buffer;

/// Division of face arrays into buffers; numbers are flux points.
#[derive(Clone, Debug)]
pub struct Chunks {
    /// First flux point of each chunk, and one past the last.
    starts: Vec<usize>,
    /// First flux point of the boundaries, which are in one chunk.
    pub ghost_base: usize,
}

impl Chunks {
    /// Chunks that begin at the given flux points, the first of which is 0, and `len` flux points in all.
    pub fn new(mut starts: Vec<usize>, len: usize, ghost_base: usize) -> Chunks {
        starts.push(len);
        Chunks { starts, ghost_base }
    }

    /// As few chunks of at most `most` flux points as there can be. A larger row of ghosts is a chunk of its own (making
    /// the buffer says that it is too large).
    pub(super) fn fewest(disc: &Discretisation, rows: &FaceRows, pieces: &[Piece], most: usize) -> Chunks {
        let (mut starts, mut end) = (vec![0], 0);
        let ghost_base = rows.boundary_start / rows.variables;
        let total = rows.len / rows.variables;
        let flux_points =
            pieces.iter().map(|p| p.elements.len() * disc.blocks[p.block].flux_points_per_element());
        let ghosts = disc.halo_points.iter().copied().chain([total - ghost_base]);
        for points in flux_points.chain(ghosts) {
            let start = starts[starts.len() - 1];
            if end > start && end + points - start > most {
                starts.push(end);
            }
            end += points;
        }
        debug_assert_eq!(end, total);
        Chunks::new(starts, total, ghost_base)
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Chunk of a flux point, and its place in there.
    pub(super) fn find(&self, point: usize) -> (usize, usize) {
        let chunk = self.starts[1..self.count()].partition_point(|&s| s <= point);
        (chunk, point - self.starts[chunk])
    }

    /// Name of a chunk of array `name` in kernels that bind all of them.
    pub(super) fn name(&self, name: &str, chunk: usize) -> String {
        if self.count() == 1 { name.into() } else { format!("{name}_{chunk}") }
    }

    /// Bindings of all chunks of array `name`.
    pub(super) fn bindings(&self, name: &str, access: Use) -> Vec<(String, Use)> {
        (0..self.count()).map(|chunk| (self.name(name, chunk), access)).collect()
    }

    /// WGSL: `function(q)` is the row of flux point `q` in array `name`, `width` numbers.
    pub(super) fn reader(&self, function: &str, name: &str, width: &str) -> String {
        let mut text =
            format!("fn {function}(q: u32) -> array<real, {width}> {{\n    var row: array<real, {width}>;\n");
        for chunk in 0..self.count() {
            let (start, end, name) = (self.starts[chunk], self.starts[chunk + 1], self.name(name, chunk));
            let place = if start == 0 { "q".into() } else { format!("(q - {start}u)") };
            let _ = match chunk + 1 < self.count() {
                true => writeln!(text, "    if q < {end}u {{"),
                false => writeln!(text, "    {{"),
            };
            let _ = writeln!(
                text,
                "        for (var v = 0u; v < {width}; v++) {{ row[v] = {name}[{place} * {width} + v]; }}\n        return row;\n    }}"
            );
        }
        text.push_str("}\n");
        text
    }

    /// A face array of `variables` numbers a flux point, all zero.
    pub(super) fn array(
        &self,
        memory: &mut Memory,
        what: &str,
        variables: usize,
    ) -> Result<FaceArray, BackendError> {
        let chunks = self.starts.windows(2).map(|w| memory.numbers(what, (w[1] - w[0]) * variables));
        Ok(FaceArray(chunks.collect::<Result<_, _>>()?))
    }
}

/// A face array: its chunks.
pub(super) struct FaceArray(Vec<Buffer>);

impl FaceArray {
    /// A chunk.
    pub(super) fn chunk(&self, chunk: usize) -> &Buffer {
        &self.0[chunk]
    }
}

/// An array's name and chunk from the name of a binding ([`Chunks::name`]).
pub(super) fn parse_name(binding: &str) -> (&str, Option<usize>) {
    match binding.rsplit_once('_').map(|(name, chunk)| (name, chunk.parse())) {
        Some((name, Ok(chunk))) => (name, Some(chunk)),
        _ => (binding, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flux_point_is_in_the_chunk_that_begins_before_it() {
        let chunks = Chunks::new(vec![0, 10, 25], 40, 30);
        let found = [0, 9, 10, 24, 25, 39].map(|q| chunks.find(q));
        assert_eq!(found, [(0, 0), (0, 9), (1, 0), (1, 14), (2, 0), (2, 14)]);
        assert_eq!(Chunks::new(vec![0], 40, 30).find(39), (0, 39));
    }

    #[test]
    fn names_of_chunks_are_read_back() {
        assert_eq!(parse_name(&Chunks::new(vec![0, 10], 20, 15).name("face_in", 1)), ("face_in", Some(1)));
        assert_eq!(parse_name(&Chunks::new(vec![0], 20, 15).name("face_in", 0)), ("face_in", None));
    }
}
