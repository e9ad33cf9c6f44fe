//! Divides a mesh into parts (METIS).
//!
//! G. Karypis and V. Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", SIAM J. Sci.
//! Comput. 20 (1998): recursive bisection for few parts, k-way for many. The graph's vertices are the elements, weighted
//! by the work an element of their shape takes; its edges are the interior faces (periodic ones too), weighted by the
//! points exchanged over them. The same mesh gives the same parts on every run.

use super::validate::InvalidPartitioning;
use super::{Link, Mesh, Partitioning};
use crate::element::Shape;
use metis::option::Seed;
use std::sync::Mutex;

/// Recursive bisection is used up to this number of parts, where it cuts fewer faces than the k-way method.
const MAX_RECURSIVE: usize = 8;

/// With fewer elements a part than this, METIS leaves parts empty (and prints about it): elements are dealt out in order.
const MIN_PER_PART: usize = 4;

/// Polynomial order for whose numbers of points the default weights are made; the ratios between shapes vary little.
const TYPICAL_ORDER: usize = 3;

/// METIS draws from the C library's generator, which is one for the whole process: calls take turns.
static METIS: Mutex<()> = Mutex::new(());

/// Why a mesh cannot be divided.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PartitionError {
    /// No parts.
    #[error("a mesh cannot be divided into 0 parts")]
    NoParts,
    /// More parts than elements.
    #[error("{elements} elements cannot be divided into {parts} parts; use at most one part an element")]
    TooManyParts {
        /// Parts asked for.
        parts: usize,
        /// Elements of the mesh.
        elements: usize,
    },
    /// The graph does not fit METIS's 32-bit indices.
    #[error("{count} {what} are more than METIS (with 32-bit indices) can handle")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// A shape of the mesh has no positive weight.
    #[error("the weight of shape {0} must be positive")]
    Weight(&'static str),
    /// METIS gave up.
    #[error("METIS: {0}")]
    Metis(String),
}

/// How good a division is.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Faces between elements of different parts.
    pub cut_faces: usize,
    /// Elements of each part.
    pub sizes: Vec<usize>,
    /// Work of the busiest part over the mean, at least 1.
    pub imbalance: f64,
}

/// Relative work an element of `shape` takes, from `weights` or else its number of solution points.
fn weight(shape: Shape, weights: Option<&[(Shape, u32)]>) -> Option<u64> {
    match weights {
        Some(weights) => weights.iter().find(|w| w.0 == shape).map(|w| u64::from(w.1)).filter(|w| *w > 0),
        None => Some(shape.points(TYPICAL_ORDER) as u64),
    }
}

/// Divides the elements of `mesh` into `parts` parts of about equal work and with few faces between them.
///
/// `weights` is the relative work of an element of each shape; by default it grows with the number of points.
///
/// # Errors
/// No parts, more parts than elements, a mesh too large for 32-bit indices, a shape without weight.
pub fn partition(
    mesh: &Mesh,
    parts: usize,
    weights: Option<&[(Shape, u32)]>,
) -> Result<Partitioning, PartitionError> {
    let elements = mesh.len();
    if parts == 0 {
        return Err(PartitionError::NoParts);
    } else if parts > elements {
        return Err(PartitionError::TooManyParts { parts, elements });
    }
    let mut work = Vec::with_capacity(elements);
    for block in &mesh.blocks {
        let weight = weight(block.shape, weights).ok_or(PartitionError::Weight(block.shape.name()))?;
        work.extend(std::iter::repeat_n(weight, block.len()));
    }
    let part_of = if parts == 1 {
        vec![0; elements]
    } else if elements < MIN_PER_PART * parts {
        (0..elements).map(|e| (e * parts / elements) as u32).collect()
    } else {
        let mut part_of = by_metis(mesh, parts, &work)?;
        fill_empty(&mut part_of, parts, &work);
        part_of
    };
    let partitioning = Partitioning { parts, part_of };
    partitioning.validate(elements).map_err(|e: InvalidPartitioning| PartitionError::Metis(e.to_string()))?;
    Ok(partitioning)
}

/// Counts cut faces, sizes and balance of a valid partitioning of `mesh`; `weights` as for [`partition`], shapes without
/// weight count nothing.
pub fn quality(mesh: &Mesh, partitioning: &Partitioning, weights: Option<&[(Shape, u32)]>) -> Quality {
    let part_of = &partitioning.part_of;
    let mut ends = 0;
    let mut sizes = vec![0; partitioning.parts];
    let mut work = vec![0; partitioning.parts];
    for (id, (shape, links)) in mesh.elements().enumerate() {
        let part = part_of[id] as usize;
        sizes[part] += 1;
        work[part] += weight(shape, weights).unwrap_or(0);
        ends += neighbours(links).filter(|n| part_of[*n as usize] as usize != part).count();
    }
    let mean = work.iter().sum::<u64>() as f64 / work.len() as f64;
    let busiest = work.iter().max().copied().unwrap_or(0) as f64;
    // Every cut face has two ends.
    Quality { cut_faces: ends / 2, sizes, imbalance: if mean > 0.0 { busiest / mean } else { 1.0 } }
}

fn neighbours(links: &[Link]) -> impl Iterator<Item = u32> {
    links.iter().filter_map(|link| match link {
        Link::Interior { element, .. } => Some(*element),
        Link::Boundary(_) => None,
    })
}

/// Runs METIS on the graph of elements.
fn by_metis(mesh: &Mesh, parts: usize, work: &[u64]) -> Result<Vec<u32>, PartitionError> {
    let Adjacency { starts, ends, points } = adjacency(mesh)?;
    let (work, points) = (scaled(work), scaled(&points));
    let index =
        |what, count: usize| i32::try_from(count).map_err(|_| PartitionError::TooLarge { what, count });
    let parts_i32 = index("parts", parts)?;
    let mut part_of = vec![0; mesh.len()];
    let failed = |error: String| PartitionError::Metis(error);
    let graph = metis::Graph::new(1, parts_i32, &starts, &ends)
        .map_err(|e| failed(e.to_string()))?
        .set_option(Seed(1));
    let graph = graph.set_vwgt(&work).set_adjwgt(&points);
    let _turn = METIS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if parts <= MAX_RECURSIVE { graph.part_recursive(&mut part_of) } else { graph.part_kway(&mut part_of) }
        .map_err(|e| failed(e.to_string()))?;
    Ok(part_of.into_iter().map(|p| p as u32).collect())
}

/// Which elements have faces in common.
struct Adjacency {
    /// Start of each element's list of neighbours, and the end of the last.
    starts: Vec<i32>,
    /// The lists.
    ends: Vec<i32>,
    /// Points on the faces between, for each entry of the lists.
    points: Vec<u64>,
}

/// Elements that share several faces (periodic meshes two elements wide) are listed once; none is its own neighbour.
fn adjacency(mesh: &Mesh) -> Result<Adjacency, PartitionError> {
    let count = mesh.blocks.iter().map(|b| b.links.len()).sum();
    for (what, count) in [("elements", mesh.len() + 1), ("element faces", count)] {
        i32::try_from(count).map_err(|_| PartitionError::TooLarge { what, count })?;
    }
    let mut starts = Vec::with_capacity(mesh.len() + 1);
    let (mut ends, mut points) = (Vec::with_capacity(count), Vec::with_capacity(count));
    starts.push(0);
    for (id, (shape, links)) in mesh.elements().enumerate() {
        let mut list: Vec<(u32, u64)> = (links.iter().zip(shape.faces()))
            .filter_map(|(link, face)| match link {
                Link::Interior { element, .. } if *element as usize != id => {
                    Some((*element, face.shape.points(TYPICAL_ORDER) as u64))
                }
                _ => None,
            })
            .collect();
        list.sort_unstable();
        for same in list.chunk_by(|a, b| a.0 == b.0) {
            ends.push(same[0].0 as i32);
            points.push(same.iter().map(|x| x.1).sum());
        }
        starts.push(ends.len() as i32);
    }
    Ok(Adjacency { starts, ends, points })
}

/// Divides weights by their common factor, then so far that their sum fits METIS's integers; at least 1 each.
fn scaled(weights: &[u64]) -> Vec<i32> {
    let gcd = |mut a: u64, mut b: u64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let factor = weights.iter().fold(0, |g, &w| gcd(g, w)).max(1);
    let sum: u128 = weights.iter().map(|&w| u128::from(w / factor)).sum();
    // Raising small weights to 1 adds at most one for each.
    let room = (i32::MAX as u128).saturating_sub(weights.len() as u128).max(1);
    let excess = sum.div_ceil(room).max(1) as u64;
    weights.iter().map(|w| (w / factor / excess).max(1) as i32).collect()
}

/// Gives every empty part an element of the part with the most work that can spare one.
fn fill_empty(part_of: &mut [u32], parts: usize, work: &[u64]) {
    let (mut sizes, mut load) = (vec![0usize; parts], vec![0u64; parts]);
    for (&p, &w) in part_of.iter().zip(work) {
        sizes[p as usize] += 1;
        load[p as usize] += w;
    }
    for empty in 0..parts {
        if sizes[empty] > 0 {
            continue;
        }
        let donor = (0..parts).filter(|&p| sizes[p] > 1).max_by_key(|&p| load[p]);
        let given = donor.and_then(|donor| part_of.iter().rposition(|&p| p as usize == donor));
        if let (Some(donor), Some(e)) = (donor, given) {
            part_of[e] = empty as u32;
            (sizes[donor], sizes[empty]) = (sizes[donor] - 1, 1);
            (load[donor], load[empty]) = (load[donor] - work[e], work[e]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::generate::{BoxMesh, Cells};

    fn meshes() -> Vec<Mesh> {
        vec![
            BoxMesh::new(Cells::Tri, [20, 20, 1]).shuffle(1).build(),
            BoxMesh::new(Cells::TriQuad, [24, 20, 1]).periodic([true, true, false]).shuffle(2).build(),
            BoxMesh::new(Cells::Hex, [10, 10, 10]).periodic([true; 3]).build(),
            BoxMesh::new(Cells::Tet, [6, 6, 6]).shuffle(3).build(),
        ]
    }

    #[test]
    fn parts_are_balanced_repeatable_and_cut_few_faces() {
        for mesh in meshes() {
            for parts in [1, 2, 3, 4, 7, 8, 12, 16] {
                let partitioning = partition(&mesh, parts, None).unwrap();
                partitioning.validate(mesh.len()).unwrap();
                assert_eq!(partition(&mesh, parts, None).unwrap(), partitioning);
                let quality = quality(&mesh, &partitioning, None);
                assert_eq!(quality.sizes.iter().sum::<usize>(), mesh.len());
                assert!(quality.imbalance <= 1.1, "{parts} parts: {quality:?}");
                // Half the faces of all elements would be the cut of a random division.
                let faces: usize = mesh.blocks.iter().map(|b| b.links.len()).sum();
                assert!(quality.cut_faces < faces / 4, "{parts} parts: {quality:?}");
                assert_eq!(quality.cut_faces == 0, parts == 1);
            }
        }
    }

    #[test]
    fn no_part_is_empty_however_many_there_are() {
        for mesh in [
            BoxMesh::new(Cells::Quad, [5, 4, 1]).build(),
            BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).build(),
            BoxMesh::new(Cells::Hex, [1, 1, 20]).periodic([true; 3]).build(),
        ] {
            for parts in 1..=mesh.len() {
                partition(&mesh, parts, None).unwrap().validate(mesh.len()).unwrap();
            }
        }
        let mut part_of = vec![3, 3, 3, 3, 1];
        fill_empty(&mut part_of, 4, &[1; 5]);
        Partitioning { parts: 4, part_of }.validate(5).unwrap();
    }

    #[test]
    fn impossible_divisions_are_refused() {
        let mesh = BoxMesh::new(Cells::Quad, [2, 2, 1]).build();
        assert_eq!(partition(&mesh, 0, None), Err(PartitionError::NoParts));
        assert_eq!(partition(&mesh, 5, None), Err(PartitionError::TooManyParts { parts: 5, elements: 4 }));
        assert_eq!(partition(&mesh, 2, Some(&[(Shape::Tri, 1)])), Err(PartitionError::Weight("quad")));
    }

    #[test]
    fn weights_shift_the_balance() {
        let mesh = BoxMesh::new(Cells::TriQuad, [20, 20, 1]).build();
        let weights = [(Shape::Tri, 1), (Shape::Quad, 9)];
        let partitioning = partition(&mesh, 4, Some(&weights)).unwrap();
        assert!(quality(&mesh, &partitioning, Some(&weights)).imbalance <= 1.1);
    }

    #[test]
    fn weights_never_overflow() {
        assert_eq!(scaled(&[64, 64, 16]), vec![4, 4, 1]);
        let large = scaled(&[u64::MAX, u64::MAX, 1]);
        assert!(large.iter().map(|w| i64::from(*w)).sum::<i64>() <= i64::from(i32::MAX));
        assert_eq!(large[2], 1);
    }
}
