//! One part of a mesh, read from a file.

use super::StoreError;
use super::division::Division;
use super::file::{Block, MeshFile, point};
use crate::element::Shape;
use crate::mesh::local::{Ghost, LocalBlock, LocalLink, LocalMesh, Positions};
use crate::mesh::validate::{InvalidMesh, ONE_SIDED, impossible_link, reverse};
use crate::mesh::{Link, Partitioning};
use rayon::prelude::*;

/// Ids of some elements, block by block, with their links.
struct Elements {
    /// Global ids, increasing, `[block][element]`.
    ids: Vec<Vec<u32>>,
    /// Where an id stands in its block's list.
    positions: Vec<Positions>,
    /// `[block][element][face]`.
    links: Vec<Vec<Link>>,
}

impl MeshFile {
    /// Reads part `part` of the partitioning `name` and no more of the mesh than that: the elements of the part, and
    /// the nodes and links of those beyond its faces. Equal to [`cut`](crate::mesh::local::cut) of the whole mesh.
    ///
    /// Everything that is read is checked. When all parts have been read without an error, all links are known to be
    /// mutual and every element is known to be in one part.
    ///
    /// # Errors
    /// No such partitioning or part; a damaged file.
    pub fn read_part(&self, name: &str, part: usize) -> Result<LocalMesh, StoreError> {
        let division = Division::open(self, name)?;
        if part >= division.parts {
            let (path, parts) = (self.path().into(), division.parts);
            return Err(StoreError::NoPart { path, name: name.into(), parts, part });
        }
        self.assemble(division.ids(part)?, |others| division.owners(others))
    }

    /// Reads the whole mesh for a run on one rank.
    ///
    /// # Errors
    /// A damaged file.
    pub fn read_all(&self) -> Result<LocalMesh, StoreError> {
        self.assemble((0..self.len()).map(|id| id as u32).collect(), |_| Ok(vec![]))
    }

    /// Reads a partitioning.
    ///
    /// # Errors
    /// No such partitioning; a damaged file.
    pub fn read_partitioning(&self, name: &str) -> Result<Partitioning, StoreError> {
        Division::open(self, name)?.whole()
    }

    /// Reads the elements `ids` (increasing, existing). `owners` says who has the others that touch them.
    fn assemble(
        &self,
        ids: Vec<u32>,
        owners: impl FnOnce(&[u32]) -> Result<Vec<u32>, StoreError>,
    ) -> Result<LocalMesh, StoreError> {
        let own = self.elements(&ids)?;
        drop(ids);
        let ghost_ids = self.beyond(&own)?;
        let ranks = owners(&ghost_ids)?;
        let ghosts = self.elements(&ghost_ids)?;
        self.check_mutual(&own, &ghosts)?;

        let own_nodes = self.element_nodes(&own.ids)?;
        let ghost_nodes = self.element_nodes(&ghosts.ids)?;
        let coordinates = self.coordinates(own_nodes.iter().chain(&ghost_nodes))?;
        let places = Positions::new(&ghost_ids);
        let localise = |link: &Link| self.localise(&own, &places, link);
        let own_lists = own.ids.iter().zip(&own.links).zip(own_nodes);
        let blocks = (self.blocks.iter().zip(own_lists))
            .map(|(block, ((ids, links), nodes))| LocalBlock {
                shape: block.shape,
                order: block.order,
                ids: ids.clone(),
                nodes: coordinates.of(&nodes),
                links: links.par_iter().map(localise).collect(),
            })
            .collect();
        let mut ghost_list = Vec::with_capacity(ghost_ids.len());
        for ((block, ids), nodes) in self.blocks.iter().zip(&ghosts.ids).zip(&ghost_nodes) {
            let (shape, order) = (block.shape, block.order);
            for (&id, nodes) in ids.iter().zip(nodes.chunks_exact(block.nodes.columns)) {
                let rank = ranks[ghost_list.len()];
                ghost_list.push(Ghost { id, rank, shape, order, nodes: coordinates.of(nodes) });
            }
        }
        Ok(LocalMesh {
            dims: self.dims(),
            uuid: self.uuid().into(),
            global_len: self.len(),
            blocks,
            ghosts: ghost_list,
            boundaries: self.boundaries().to_vec(),
        })
    }

    /// Splits increasing ids into blocks and reads the links of the elements.
    fn elements(&self, ids: &[u32]) -> Result<Elements, StoreError> {
        let mut rest = ids;
        let ids: Vec<Vec<u32>> = (self.blocks.iter())
            .map(|block| {
                let end = rest.partition_point(|id| (*id as usize) < block.first + block.len());
                let (here, others) = rest.split_at(end);
                rest = others;
                here.to_vec()
            })
            .collect();
        let links = self.blocks.iter().zip(&ids).map(|(block, ids)| self.links(block, ids));
        let links = links.collect::<Result<_, _>>()?;
        Ok(Elements { positions: ids.iter().map(|ids| Positions::new(ids)).collect(), ids, links })
    }

    /// The block of an element that exists.
    fn block_of(&self, id: usize) -> Option<usize> {
        (id < self.len()).then(|| self.blocks.partition_point(|b| b.first + b.len() <= id))
    }

    /// Checks the links of our own elements; returns the ids of the elements beyond them that are not ours, increasing.
    fn beyond(&self, own: &Elements) -> Result<Vec<u32>, StoreError> {
        let shape_of = |id: usize| self.block_of(id).map(|b| self.blocks[b].shape);
        let mut beyond = Vec::new();
        self.each_link(own, |shape, id, face, link| {
            if let Some(what) = impossible_link(shape, id, face, link, self.boundaries().len(), shape_of) {
                return Err(what);
            }
            if let Link::Interior { element, .. } = *link
                && own.find(self, element).is_none()
            {
                beyond.push(element);
            }
            Ok(())
        })?;
        beyond.sort_unstable();
        beyond.dedup();
        Ok(beyond)
    }

    /// Checks that what lies beyond our faces, ours or not, points back.
    fn check_mutual(&self, own: &Elements, ghosts: &Elements) -> Result<(), StoreError> {
        self.each_link(own, |_, id, face, link| {
            let Link::Interior { element, face: theirs, rotation } = *link else { return Ok(()) };
            let back = own.link(self, element, theirs).or_else(|| ghosts.link(self, element, theirs));
            if back == Some(reverse(id, face, rotation)) { Ok(()) } else { Err(ONE_SIDED) }
        })
    }

    /// Calls `check(shape, id, face, link)` for every face; its error becomes one with the element and the face.
    fn each_link(
        &self,
        elements: &Elements,
        mut check: impl FnMut(Shape, usize, usize, &Link) -> Result<(), &'static str>,
    ) -> Result<(), StoreError> {
        for ((block, ids), links) in self.blocks.iter().zip(&elements.ids).zip(&elements.links) {
            for (&id, links) in ids.iter().zip(links.chunks_exact(block.neighbour.columns)) {
                for (face, link) in links.iter().enumerate() {
                    let id = id as usize;
                    check(block.shape, id, face, link)
                        .map_err(|what| self.fault(InvalidMesh::Link { element: id, face, what }))?;
                }
            }
        }
        Ok(())
    }

    fn localise(&self, own: &Elements, ghosts: &Positions, link: &Link) -> LocalLink {
        match *link {
            Link::Boundary(b) => LocalLink::Boundary(b),
            Link::Interior { element, face, rotation } => match own.find(self, element) {
                Some((block, position)) => {
                    LocalLink::Own { block: block as u32, element: position as u32, face, rotation }
                }
                None => {
                    let ghost = ghosts.find(element).expect("neighbours are ours or ghosts") as u32;
                    LocalLink::Ghost { ghost, face, rotation }
                }
            },
        }
    }

    /// Nodes of some elements, `[block][element][node]`, checked to exist.
    fn element_nodes(&self, ids: &[Vec<u32>]) -> Result<Vec<Vec<u32>>, StoreError> {
        let read = |(block, ids): (&Block, &Vec<u32>)| {
            let nodes = block.nodes.gather(ids, block.first)?;
            match nodes.iter().position(|n| *n as usize >= self.nodes()) {
                Some(i) => Err(self.fault(InvalidMesh::Node {
                    element: ids[i / block.nodes.columns] as usize,
                    node: nodes[i],
                    nodes: self.nodes(),
                })),
                None => Ok(nodes),
            }
        };
        self.blocks.iter().zip(ids).map(read).collect()
    }

    /// Reads the coordinates of all nodes that the lists name.
    fn coordinates<'a>(
        &self,
        lists: impl Iterator<Item = &'a Vec<u32>> + Clone,
    ) -> Result<Coordinates, StoreError> {
        let ids = distinct(lists, self.nodes());
        let at: Vec<[f64; 3]> = self.nodes.gather(&ids, 0)?.chunks_exact(self.dims()).map(point).collect();
        match at.iter().position(|x| !x.iter().all(|x| x.is_finite())) {
            Some(i) => {
                let what = "coordinates must be finite";
                Err(self.fault(InvalidMesh::Coordinates { node: ids[i] as usize, at: at[i], what }))
            }
            None => Ok(Coordinates { positions: Positions::new(&ids), at }),
        }
    }
}

impl Elements {
    /// Block and position within the block's list.
    fn find(&self, file: &MeshFile, id: u32) -> Option<(usize, usize)> {
        let block = file.block_of(id as usize)?;
        Some((block, self.positions[block].find(id)?))
    }

    fn link(&self, file: &MeshFile, id: u32, face: u8) -> Option<Link> {
        let (block, position) = self.find(file, id)?;
        self.links[block].get(position * file.blocks[block].neighbour.columns + face as usize).copied()
    }
}

/// The ids, all below `total`, that occur in the lists, increasing.
fn distinct<'a>(lists: impl Iterator<Item = &'a Vec<u32>> + Clone, total: usize) -> Vec<u32> {
    let count: usize = lists.clone().map(Vec::len).sum();
    if total / 32 > count {
        let mut ids: Vec<u32> = lists.flatten().copied().collect();
        ids.par_sort_unstable();
        ids.dedup();
        return ids;
    }
    // A bit for every node of the mesh takes no more memory than the lists do.
    let mut seen = vec![0u64; total.div_ceil(64)];
    lists.flatten().for_each(|id| seen[*id as usize / 64] |= 1 << (id % 64));
    let bits = |(word, &bits): (usize, &u64)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| (word * 64 + bit) as u32)
    };
    seen.iter().enumerate().flat_map(bits).collect()
}

/// Coordinates of some nodes.
struct Coordinates {
    positions: Positions,
    at: Vec<[f64; 3]>,
}

impl Coordinates {
    fn of(&self, nodes: &[u32]) -> Vec<[f64; 3]> {
        let place = |n: &u32| self.at[self.positions.find(*n).expect("every node was read")];
        if nodes.len() < 1000 {
            nodes.iter().map(place).collect()
        } else {
            nodes.par_iter().map(place).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_listed_once_however_many_there_are() {
        let lists = [vec![7, 3, 64, 63, 7], vec![], vec![3, 500]];
        for total in [501, 512, 1 << 20] {
            assert_eq!(distinct(lists.iter(), total), [3, 7, 63, 64, 500]);
        }
    }
}
