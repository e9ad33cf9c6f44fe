//! Parts of a mesh as messages: one rank that has the whole mesh sends the others what is theirs.
//!
//! Numbers in the byte order of the machine, each list behind its length. Both ends are the same program.

use super::{Ghost, LocalBlock, LocalLink, LocalMesh};
use crate::element::Shape;
use bytemuck::{Pod, pod_read_unaligned};

/// A message that is no part of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the mesh arrived damaged, at byte {0} of its message")]
pub struct DecodeError(pub usize);

/// A link in 64 bits: kind, face, rotation, block or nothing; then the index.
type PackedLink = [u32; 2];

impl LocalMesh {
    /// The part as a message, see [`LocalMesh::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        out.numbers(&[self.dims as u64, self.global_len as u64]);
        out.numbers(self.uuid.as_bytes());
        out.numbers(self.boundaries.join("\0").as_bytes());
        out.numbers(&[self.blocks.len() as u64, self.ghosts.len() as u64]);
        for block in &self.blocks {
            out.numbers(&[shape_number(block.shape), block.order as u32]);
            out.numbers(&block.ids);
            out.numbers(&block.nodes);
            out.numbers::<PackedLink>(&block.links.iter().map(pack).collect::<Vec<_>>());
        }
        for ghost in &self.ghosts {
            out.numbers(&[ghost.id, ghost.rank, shape_number(ghost.shape), ghost.order as u32]);
            out.numbers(&ghost.nodes);
        }
        out.0
    }

    /// The part that [`LocalMesh::to_bytes`] made into a message.
    ///
    /// # Errors
    /// A message that is cut off or something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<LocalMesh, DecodeError> {
        let mut input = Reader { bytes, at: 0 };
        let [dims, global_len] = input.array::<u64, 2>()?;
        let uuid = input.text()?;
        let boundaries = input.text()?;
        let boundaries =
            if boundaries.is_empty() { vec![] } else { boundaries.split('\0').map(Into::into).collect() };
        let [blocks, ghosts] = input.array::<u64, 2>()?;
        let blocks = (0..blocks).map(|_| {
            let [shape, order] = input.array::<u32, 2>()?;
            Ok(LocalBlock {
                shape: input.shape(shape)?,
                order: order as usize,
                ids: input.numbers()?,
                nodes: input.numbers()?,
                links: input.numbers::<PackedLink>()?.into_iter().map(unpack).collect(),
            })
        });
        let blocks = blocks.collect::<Result<_, _>>()?;
        let ghosts = (0..ghosts).map(|_| {
            let [id, rank, shape, order] = input.array::<u32, 4>()?;
            Ok(Ghost { id, rank, shape: input.shape(shape)?, order: order as usize, nodes: input.numbers()? })
        });
        let ghosts = ghosts.collect::<Result<_, _>>()?;
        let (dims, global_len) = (dims as usize, global_len as usize);
        Ok(LocalMesh { dims, uuid, global_len, blocks, ghosts, boundaries })
    }
}

fn shape_number(shape: Shape) -> u32 {
    Shape::ALL.iter().position(|s| *s == shape).map_or(u32::MAX, |i| i as u32)
}

fn pack(link: &LocalLink) -> PackedLink {
    let head = |kind: u32, face: u8, rotation: u8, block: u32| {
        kind | u32::from(face) << 2 | u32::from(rotation) << 10 | block << 18
    };
    match *link {
        LocalLink::Own { block, element, face, rotation } => [head(0, face, rotation, block), element],
        LocalLink::Ghost { ghost, face, rotation } => [head(1, face, rotation, 0), ghost],
        LocalLink::Boundary(b) => [head(2, 0, 0, 0), u32::from(b)],
    }
}

fn unpack([head, index]: PackedLink) -> LocalLink {
    let (face, rotation) = ((head >> 2) as u8, (head >> 10) as u8);
    match head & 3 {
        0 => LocalLink::Own { block: head >> 18, element: index, face, rotation },
        1 => LocalLink::Ghost { ghost: index, face, rotation },
        _ => LocalLink::Boundary(index as u16),
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn numbers<T: Pod>(&mut self, list: &[T]) {
        self.0.extend_from_slice(&(list.len() as u64).to_ne_bytes());
        self.0.extend_from_slice(bytemuck::cast_slice(list));
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], DecodeError> {
        let end = self.at.checked_add(count).ok_or(DecodeError(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError(self.at))?;
        self.at = end;
        Ok(taken)
    }

    fn numbers<T: Pod>(&mut self) -> Result<Vec<T>, DecodeError> {
        let count: u64 = pod_read_unaligned(self.take(8)?);
        let bytes = (count as usize).checked_mul(size_of::<T>()).ok_or(DecodeError(self.at))?;
        Ok(bytemuck::pod_collect_to_vec(self.take(bytes)?))
    }

    fn array<T: Pod, const N: usize>(&mut self) -> Result<[T; N], DecodeError> {
        self.numbers()?.try_into().map_err(|_| DecodeError(self.at))
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        String::from_utf8(self.numbers()?).map_err(|_| DecodeError(self.at))
    }

    fn shape(&self, number: u32) -> Result<Shape, DecodeError> {
        Shape::ALL.get(number as usize).copied().ok_or(DecodeError(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::super::cut;
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};

    #[test]
    fn parts_survive_the_journey_and_damaged_messages_do_not_panic() {
        for (cells, periodic) in
            [(Cells::TriQuad, [false; 3]), (Cells::Tet, [true; 3]), (Cells::Quad, [true; 3])]
        {
            let mesh = BoxMesh::new(cells, [2; 3]).order(2).warp(0.05).periodic(periodic).shuffle(1).build();
            let part_of: Vec<u32> = (0..mesh.len()).map(|id| (id % 3) as u32).collect();
            for rank in 0..4 {
                let part = cut(&mesh, &part_of, rank);
                let bytes = part.to_bytes();
                assert_eq!(LocalMesh::from_bytes(&bytes).unwrap(), part);
                for len in (0..bytes.len()).step_by(7) {
                    assert!(LocalMesh::from_bytes(&bytes[..len]).is_err());
                }
                for byte in 0..bytes.len() {
                    let mut damaged = bytes.clone();
                    damaged[byte] ^= 0xff;
                    drop(LocalMesh::from_bytes(&damaged));
                }
            }
        }
    }
}
