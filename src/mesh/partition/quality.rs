//! How good a division is.

use super::{PartitionError, Shares, Work};
use crate::element::Shape;
use crate::mesh::{Link, Mesh, Partitioning};
use std::collections::HashSet;

/// How good a division is.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Faces between elements of different parts.
    pub cut_faces: usize,
    /// Elements of each part.
    pub sizes: Vec<usize>,
    /// Elements of each shape in each part, for the shapes of the mesh.
    pub shapes: Vec<(Shape, Vec<usize>)>,
    /// Largest ratio of a part's work to what it should have, at least 1.
    pub imbalance: f64,
    /// Number of parts that share faces with each part.
    pub neighbours: Vec<usize>,
    /// Connected pieces of each part; 1 is best.
    pub pieces: Vec<usize>,
}

impl Quality {
    /// Parts that are not connected, with their pieces.
    pub fn torn(&self) -> impl Iterator<Item = (usize, usize)> {
        self.pieces.iter().copied().enumerate().filter(|p| p.1 > 1)
    }
}

/// Assesses a valid partitioning of `mesh` with respect to the work of the elements and the shares of the parts (equal
/// ones by default).
///
/// # Errors
/// A shape without weight; shares for another number of parts.
pub fn quality(
    mesh: &Mesh,
    partitioning: &Partitioning,
    work: &Work,
    shares: Option<&Shares>,
) -> Result<Quality, PartitionError> {
    let Partitioning { parts, part_of } = partitioning;
    let fractions = match shares {
        Some(shares) if shares.parts() == *parts => shares.fractions(),
        Some(shares) => return Err(PartitionError::SharesFor { parts: *parts, shares: shares.parts() }),
        None => Shares::from(*parts).fractions(),
    };
    let mut shapes: Vec<(Shape, Vec<usize>)> = Vec::new();
    let mut load = vec![0.0; *parts];
    let mut id = 0;
    for (block, weight) in mesh.blocks.iter().zip(work.of_blocks(mesh)?) {
        if shapes.last().is_none_or(|s| s.0 != block.shape) {
            shapes.push((block.shape, vec![0; *parts]));
        }
        let Some((_, counts)) = shapes.last_mut() else { continue };
        for &part in &part_of[id..id + block.len()] {
            counts[part as usize] += 1;
            load[part as usize] += weight;
        }
        id += block.len();
    }
    let total: f64 = load.iter().sum();
    let ratios = load.iter().zip(&fractions).map(|(load, share)| load / (share * total));
    let sizes = (0..*parts).map(|part| shapes.iter().map(|s| s.1[part]).sum()).collect();

    let mut ends = 0;
    let mut pairs: HashSet<(u32, u32)> = HashSet::new();
    let mut forest = Forest::new(part_of.len());
    for (id, (_, links)) in mesh.elements().enumerate() {
        for link in links {
            let Link::Interior { element, .. } = *link else { continue };
            let (ours, theirs) = (part_of[id], part_of[element as usize]);
            if ours == theirs {
                forest.join(id as u32, element);
            } else {
                ends += 1;
                pairs.insert((ours, theirs));
            }
        }
    }
    let mut neighbours = vec![0; *parts];
    pairs.iter().for_each(|p| neighbours[p.0 as usize] += 1);
    let mut pieces = vec![0; *parts];
    for id in 0..part_of.len() as u32 {
        pieces[part_of[id as usize] as usize] += usize::from(forest.root(id) == id);
    }
    // Every cut face has two ends.
    let imbalance = ratios.fold(1.0, f64::max);
    Ok(Quality { cut_faces: ends / 2, sizes, shapes, imbalance, neighbours, pieces })
}

/// Sets of elements that are joined bit by bit: R. E. Tarjan, "Efficiency of a good but not linear set union algorithm",
/// J. ACM 22 (1975), with path halving.
struct Forest(Vec<u32>);

impl Forest {
    fn new(len: usize) -> Forest {
        Forest((0..len as u32).collect())
    }

    /// The element that stands for the set of `id`.
    fn root(&mut self, mut id: u32) -> u32 {
        while self.0[id as usize] != id {
            let above = self.0[self.0[id as usize] as usize];
            self.0[id as usize] = above;
            id = above;
        }
        id
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        // The lower one stands for both: neighbours have near ids, so paths stay short.
        self.0[a.max(b) as usize] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};

    #[test]
    fn the_figures_are_those_of_a_division_made_by_hand() {
        // A row of six quads: a a b a c c.
        let mesh = BoxMesh::new(Cells::Quad, [6, 1, 1]).build();
        let mut part_of = vec![0; 6];
        for id in 0..6 {
            let column = (mesh.centroid(id)[0] * 6.0) as usize;
            part_of[id] = [0, 0, 1, 0, 2, 2][column];
        }
        let partitioning = Partitioning { parts: 3, part_of };
        let found = quality(&mesh, &partitioning, &Work::default(), None).unwrap();
        assert_eq!((found.cut_faces, &found.sizes[..]), (3, &[3, 1, 2][..]));
        assert_eq!((&found.neighbours[..], &found.pieces[..]), (&[2, 1, 1][..], &[2, 1, 1][..]));
        assert_eq!(found.torn().collect::<Vec<_>>(), [(0, 2)]);
        assert!((found.imbalance - 1.5).abs() < 1e-12, "{found:?}");
        let shares = "3:1:2".parse().unwrap();
        let found = quality(&mesh, &partitioning, &Work::Balanced, Some(&shares)).unwrap();
        assert!((found.imbalance - 1.0).abs() < 1e-12, "{found:?}");
        let shares = Shares::from(4);
        assert!(quality(&mesh, &partitioning, &Work::Balanced, Some(&shares)).is_err());
    }
}
