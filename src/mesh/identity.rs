//! The identity of a mesh, made of its content: a mesh that is imported once more is the same, one that was changed is another,
//! and solutions know theirs.

use super::{Link, Mesh};
use uuid::Uuid;

/// Links that are put into numbers at once.
const CHUNK: usize = 1 << 16;

impl Mesh {
    /// A UUID (version 5, RFC 9562) of nodes, elements, what lies beyond their faces, and names of boundaries; partitionings
    /// do not count.
    pub fn identity(&self) -> String {
        // One array after the other, each in the name space of what came before.
        let mut id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("solver-mesh {}", self.dims).as_bytes());
        let mut add = |bytes: &[u8]| id = Uuid::new_v5(&id, bytes);
        add(self.boundaries.join("\n").as_bytes());
        add(bytemuck::cast_slice(&self.nodes));
        for block in &self.blocks {
            add(format!("{} {}", block.shape.name(), block.order).as_bytes());
            add(bytemuck::cast_slice(&block.nodes));
            for links in block.links.chunks(CHUNK) {
                let numbers: Vec<[u32; 2]> = links.iter().map(number).collect();
                add(bytemuck::cast_slice(&numbers));
            }
        }
        id.to_string()
    }
}

fn number(link: &Link) -> [u32; 2] {
    match *link {
        Link::Interior { element, face, rotation } => [element, u32::from(face) << 8 | u32::from(rotation)],
        Link::Boundary(boundary) => [u32::MAX, u32::from(boundary)],
    }
}

#[cfg(test)]
mod tests {
    use crate::mesh::generate::{BoxMesh, Cells};

    #[test]
    fn the_identity_is_that_of_the_content() {
        let mesh = || BoxMesh::new(Cells::Quad, [3, 2, 1]).build();
        let first = mesh().identity();
        assert_eq!(mesh().uuid, first);
        assert_eq!(mesh().identity(), first);
        let mut moved = mesh();
        moved.nodes[0][0] += 1e-15;
        let mut renamed = mesh();
        renamed.boundaries[0].push('a');
        let periodic = BoxMesh::new(Cells::Quad, [3, 2, 1]).periodic([true, false, false]).build();
        for other in [moved, renamed, periodic] {
            assert_ne!(other.identity(), first);
        }
    }
}
