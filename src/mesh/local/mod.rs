//! What one rank needs of a mesh: its own elements, and the geometry of the elements beyond its partition faces.

mod bytes;
mod positions;

pub use bytes::DecodeError;
pub(super) use positions::Positions;

use super::{Link, Mesh};
use crate::element::Shape;

/// A rank's part of a mesh. Elements of a block are in increasing order of global id.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalMesh {
    /// Space dimensions.
    pub dims: usize,
    /// Identity of the whole mesh.
    pub uuid: String,
    /// Elements of the whole mesh.
    pub global_len: usize,
    /// Own elements, one entry for each block of the whole mesh (possibly empty), in the same order.
    pub blocks: Vec<LocalBlock>,
    /// Elements of other ranks that touch ours (geometry only), in increasing order of global id.
    pub ghosts: Vec<Ghost>,
    /// Names of the boundaries of the whole mesh.
    pub boundaries: Vec<String>,
}

/// Own elements of one shape and geometry order.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalBlock {
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Global ids, increasing.
    pub ids: Vec<u32>,
    /// Coordinates of the nodes of each element, `[element][node]` in lattice order.
    pub nodes: Vec<[f64; 3]>,
    /// What lies beyond each face, `[element][face]`.
    pub links: Vec<LocalLink>,
}

/// An element of another rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Ghost {
    /// Global id.
    pub id: u32,
    /// Rank that owns it.
    pub rank: u32,
    /// Shape.
    pub shape: Shape,
    /// Order of the geometry.
    pub order: usize,
    /// Coordinates of its nodes in lattice order.
    pub nodes: Vec<[f64; 3]>,
}

/// What lies beyond a face, from a rank's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalLink {
    /// One of our own elements.
    Own {
        /// Block.
        block: u32,
        /// Position within the block.
        element: u32,
        /// Its face.
        face: u8,
        /// How the vertex lists meet.
        rotation: u8,
    },
    /// An element of another rank.
    Ghost {
        /// Index into [`LocalMesh::ghosts`].
        ghost: u32,
        /// Its face.
        face: u8,
        /// How the vertex lists meet.
        rotation: u8,
    },
    /// A boundary, by index into [`LocalMesh::boundaries`].
    Boundary(u16),
}

impl LocalMesh {
    /// The whole of `mesh`, for a run on one rank.
    pub fn whole(mesh: &Mesh) -> LocalMesh {
        cut(mesh, &vec![0; mesh.len()], 0)
    }
}

/// Cuts rank `rank`'s part out of `mesh`. `part_of[id]` is the part (rank) of each element by global id.
///
/// # Panics
/// If `part_of` does not have one entry for each element.
pub fn cut(mesh: &Mesh, part_of: &[u32], rank: usize) -> LocalMesh {
    let global_len = mesh.len();
    assert_eq!(part_of.len(), global_len, "a partitioning has one entry for each element");
    let own = |id: usize| part_of[id] as usize == rank;
    let first = mesh.first_ids();
    let ids: Vec<Vec<u32>> = (mesh.blocks.iter().zip(&first))
        .map(|(block, &first)| {
            (first..first + block.len()).filter(|&id| own(id)).map(|id| id as u32).collect()
        })
        .collect();

    // Own elements in order of global id are the blocks one after the other.
    let own_links = |b: usize| {
        let (block, first) = (&mesh.blocks[b], first[b]);
        ids[b].iter().flat_map(move |&id| block.links_of(id as usize - first))
    };
    let mut ghost_ids: Vec<u32> = (0..ids.len())
        .flat_map(own_links)
        .filter_map(|link| match link {
            Link::Interior { element, .. } if !own(*element as usize) => Some(*element),
            _ => None,
        })
        .collect();
    ghost_ids.sort_unstable();
    ghost_ids.dedup();

    let positions: Vec<Positions> = ids.iter().map(|ids| Positions::new(ids)).collect();
    let ghost_positions = Positions::new(&ghost_ids);
    let find = |list: &Positions, id: u32| list.find(id).expect("listed above") as u32;
    let localise = |link: &Link| match *link {
        Link::Boundary(b) => LocalLink::Boundary(b),
        Link::Interior { element, face, rotation } if own(element as usize) => {
            let block = mesh.locate(element as usize).0;
            let element = find(&positions[block], element);
            LocalLink::Own { block: block as u32, element, face, rotation }
        }
        Link::Interior { element, face, rotation } => {
            LocalLink::Ghost { ghost: find(&ghost_positions, element), face, rotation }
        }
    };
    let coordinates = |b: usize, id: u32| {
        mesh.blocks[b].element(id as usize - first[b]).iter().map(|&n| mesh.nodes[n as usize])
    };
    let blocks = (mesh.blocks.iter().enumerate())
        .map(|(b, block)| LocalBlock {
            shape: block.shape,
            order: block.order,
            nodes: ids[b].iter().flat_map(|&id| coordinates(b, id)).collect(),
            links: own_links(b).map(localise).collect(),
            ids: ids[b].clone(),
        })
        .collect();
    let ghosts = (ghost_ids.iter())
        .map(|&id| {
            let b = mesh.locate(id as usize).0;
            let (shape, order) = (mesh.blocks[b].shape, mesh.blocks[b].order);
            Ghost { id, rank: part_of[id as usize], shape, order, nodes: coordinates(b, id).collect() }
        })
        .collect();
    LocalMesh {
        dims: mesh.dims,
        uuid: mesh.uuid.clone(),
        global_len,
        blocks,
        ghosts,
        boundaries: mesh.boundaries.clone(),
    }
}

impl LocalMesh {
    /// Number of own elements.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|b| b.ids.len()).sum()
    }

    /// True when the rank owns no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::partition::partition;

    /// A link of the whole mesh, from a rank's point of view.
    fn global(local: &LocalMesh, link: LocalLink) -> Link {
        match link {
            LocalLink::Boundary(b) => Link::Boundary(b),
            LocalLink::Own { block, element, face, rotation } => {
                Link::Interior { element: local.blocks[block as usize].ids[element as usize], face, rotation }
            }
            LocalLink::Ghost { ghost, face, rotation } => {
                Link::Interior { element: local.ghosts[ghost as usize].id, face, rotation }
            }
        }
    }

    #[test]
    fn ranks_cover_the_mesh_once_and_agree_on_what_they_share() {
        for (cells, counts) in [
            (Cells::Tri, [4, 4, 1]),
            (Cells::TriQuad, [4, 4, 1]),
            (Cells::Quad, [2, 1, 1]),
            (Cells::Tet, [2, 2, 2]),
            (Cells::Hex, [3, 3, 3]),
        ] {
            for periodic in [[false; 3], [true; 3]] {
                let mesh =
                    BoxMesh::new(cells, counts).order(2).warp(0.05).periodic(periodic).shuffle(1).build();
                for ranks in [1, 2] {
                    let part_of = partition(&mesh, ranks, None).unwrap().part_of;
                    check(&mesh, &part_of, ranks);
                }
                // Any assignment will do, even one that leaves a rank without elements.
                let scattered: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % 4) as u32).collect();
                check(&mesh, &scattered, 6);
            }
        }
    }

    fn check(mesh: &Mesh, part_of: &[u32], ranks: usize) {
        let locals: Vec<LocalMesh> = (0..ranks).map(|rank| cut(mesh, part_of, rank)).collect();
        let links: Vec<&[Link]> = mesh.elements().map(|e| e.1).collect();
        let mut seen = vec![0; mesh.len()];
        for (rank, local) in locals.iter().enumerate() {
            assert_eq!((local.blocks.len(), local.global_len), (mesh.blocks.len(), mesh.len()));
            for (b, block) in local.blocks.iter().enumerate() {
                assert!(block.ids.is_sorted());
                let (faces, nodes) = (block.shape.faces().len(), block.shape.points(block.order));
                for (e, &id) in block.ids.iter().enumerate() {
                    seen[id as usize] += 1;
                    assert_eq!((part_of[id as usize] as usize, mesh.locate(id as usize).0), (rank, b));
                    let ours: Vec<Link> =
                        block.links[e * faces..][..faces].iter().map(|l| global(local, *l)).collect();
                    assert_eq!(ours, links[id as usize]);
                    assert_eq!(block.nodes[e * nodes..][..nodes], coordinates(mesh, id));
                }
            }
            assert!(local.ghosts.is_sorted_by(|a, b| a.id < b.id));
            for ghost in &local.ghosts {
                assert_ne!(ghost.rank as usize, rank);
                assert_eq!(ghost.rank, part_of[ghost.id as usize]);
                assert_eq!(ghost.nodes, coordinates(mesh, ghost.id));
                // Their owner sees one of ours beyond it: ghosts are mutual.
                let theirs = links[ghost.id as usize].iter();
                assert!(theirs.into_iter().any(
                    |l| matches!(l, Link::Interior { element, .. } if part_of[*element as usize] as usize == rank)
                ));
            }
        }
        assert!(seen.iter().all(|n| *n == 1), "every element belongs to one rank");
    }

    fn coordinates(mesh: &Mesh, id: u32) -> Vec<[f64; 3]> {
        let (b, e) = mesh.locate(id as usize);
        mesh.blocks[b].element(e).iter().map(|&n| mesh.nodes[n as usize]).collect()
    }
}
