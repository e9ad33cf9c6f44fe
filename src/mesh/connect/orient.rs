//! Turns elements to positive volume.

use super::collect::{Block, Volume};
use super::curved::Sampler;
use super::error::{At, ConnectError, Notice};
use super::{CHUNK, Stage};
use crate::element::Shape;
use crate::mesh::{Progress, lattice};
use rayon::prelude::*;

/// An element is degenerate when the sine of the (solid) angle at a vertex is below this: far below any mesh on which
/// anything could be computed, far above round-off.
const MIN_SINE: f64 = 1e-12;

/// Sign of an element's Jacobian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    Positive,
    Negative,
    /// Of both signs; a place where it has the rarer one.
    Mixed([f64; 3]),
    /// Zero there.
    Zero([f64; 3]),
}

/// Turns elements with negative volume over.
///
/// # Errors
/// Elements without volume, or with a Jacobian that changes sign.
pub fn orient(volume: &mut Volume, progress: &Progress) -> Result<Option<Notice>, ConnectError> {
    let elements = volume.len();
    let stage = Stage::new("checking Jacobians", elements, progress);
    let mut count = 0;
    for b in 0..volume.blocks.len() {
        let mut nodes = std::mem::take(&mut volume.blocks[b].nodes);
        let block = &volume.blocks[b];
        let per = block.per_element();
        let mirror = mirror(block.shape, block.order);
        let signs = Signs::new(block);
        let (flipped, bad) = nodes
            .par_chunks_mut(per * CHUNK)
            .enumerate()
            .map(|(piece, nodes)| {
                let (mut flipped, mut bad) = (0, None);
                let mut old = vec![0; per];
                for (e, nodes) in nodes.chunks_exact_mut(per).enumerate() {
                    match signs.of(volume, block, nodes) {
                        Sign::Positive => {}
                        Sign::Negative => {
                            old.copy_from_slice(nodes);
                            nodes.iter_mut().zip(&mirror).for_each(|(n, &s)| *n = old[s]);
                            flipped += 1;
                        }
                        wrong => bad = bad.or(Some((piece * CHUNK + e, wrong))),
                    }
                }
                stage.add(nodes.len() / per);
                (flipped, bad)
            })
            .reduce(|| (0, None), |a, b| (a.0 + b.0, a.1.into_iter().chain(b.1).min_by_key(|bad| bad.0)));
        volume.blocks[b].nodes = nodes;
        count += flipped;
        if let Some((e, sign)) = bad {
            return Err(refusal(volume, (volume.blocks[b].first + e) as u32, sign));
        }
    }
    Ok((count > 0).then_some(Notice::Flipped { count, elements }))
}

/// What is wrong with an element whose Jacobian does not have one sign.
pub fn refusal(volume: &Volume, element: u32, sign: Sign) -> ConnectError {
    let place = volume.place(element);
    let curved = volume.blocks[volume.locate(element).0].order > 1;
    match sign {
        Sign::Zero(at) => ConnectError::Degenerate { place, vertex: At(at) },
        Sign::Mixed(at) if curved => ConnectError::CurvedTangled { place, at: At(at) },
        Sign::Mixed(at) => ConnectError::Tangled { place, vertex: At(at) },
        Sign::Positive | Sign::Negative => unreachable!("nothing is wrong with them"),
    }
}

/// Finds the sign of the Jacobians of a block.
enum Signs {
    /// By the vertices: each with its neighbours in positive order.
    Straight(Vec<[usize; 4]>),
    /// By samples inside.
    Curved(Sampler),
}

impl Signs {
    fn new(block: &Block) -> Signs {
        if block.order == 1 {
            Signs::Straight(corners(block.shape))
        } else {
            Signs::Curved(Sampler::new(block.shape, block.order))
        }
    }

    fn of(&self, volume: &Volume, block: &Block, nodes: &[u32]) -> Sign {
        match self {
            Signs::Straight(corners) => {
                let (vertices, _) = volume.vertices(block, nodes);
                straight_sign(corners, volume.dims, &vertices)
            }
            Signs::Curved(sampler) => sampler.sign(volume, block, nodes),
        }
    }
}

/// The vertices at which the Jacobian of a straight element is checked, each followed by its neighbours along the edges,
/// in positive order. One for simplices, which have the same everywhere. The apex of a pyramid is left out: there four
/// edges meet, and the Jacobian takes the values that it has at the base.
fn corners(shape: Shape) -> Vec<[usize; 4]> {
    let (dims, x) = (shape.dims(), shape.vertices());
    if dims == 1 {
        return vec![[0, 1, 0, 0]];
    }
    let rings = || shape.faces().iter().map(|f| f.vertices);
    let joined = |a: usize, b: usize| {
        rings().any(|r| {
            let at = |v: usize| r.iter().position(|u| *u == v);
            let (Some(i), Some(j)) = (at(a), at(b)) else { return false };
            (i + 1) % r.len() == j || (j + 1) % r.len() == i
        })
    };
    let mut corners = Vec::new();
    for v in 0..if x.len() == dims + 1 { 1 } else { x.len() } {
        let near: Vec<usize> = (0..x.len()).filter(|&w| w != v && joined(v, w)).collect();
        if near.len() == dims {
            let mut corner = [v; 4];
            corner[1..=dims].copy_from_slice(&near);
            if determinant(&edges(&corner, dims, x)) < 0.0 {
                corner.swap(1, 2);
            }
            corners.push(corner);
        }
    }
    corners
}

/// Edges from a vertex to its neighbours; unit vectors for the dimensions that are not there.
fn edges(corner: &[usize; 4], dims: usize, x: &[[f64; 3]]) -> [[f64; 3]; 3] {
    let mut edges = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for (edge, &w) in edges.iter_mut().zip(&corner[1..=dims]) {
        *edge = std::array::from_fn(|d| x[w][d] - x[corner[0]][d]);
    }
    edges
}

/// Determinant of the matrix of these rows.
pub fn determinant([a, b, c]: &[[f64; 3]; 3]) -> f64 {
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
}

fn straight_sign(corners: &[[usize; 4]], dims: usize, vertices: &[[f64; 3]]) -> Sign {
    let (mut positive, mut negative) = (0, None);
    for corner in corners {
        let edges = edges(corner, dims, vertices);
        let det = determinant(&edges);
        let square: f64 = edges.iter().map(|e| e.iter().map(|x| x * x).sum::<f64>()).product();
        if !det.is_finite() || det * det <= MIN_SINE * MIN_SINE * square {
            return Sign::Zero(vertices[corner[0]]);
        } else if det > 0.0 {
            positive += 1;
        } else {
            negative = negative.or(Some(vertices[corner[0]]));
        }
    }
    match negative {
        None => Sign::Positive,
        Some(_) if positive == 0 => Sign::Negative,
        Some(vertex) => Sign::Mixed(vertex),
    }
}

/// Lattice permutation that turns an element over: exchanges x and y, or turns a line round.
fn mirror(shape: Shape, order: usize) -> Vec<usize> {
    let nodes = lattice(shape, order);
    let find = |at: [usize; 3]| nodes.iter().position(|x| *x == at).expect("the lattice is symmetric");
    let mirrored = |&[i, j, k]: &[usize; 3]| if shape.dims() == 1 { [order - i, 0, 0] } else { [j, i, k] };
    nodes.iter().map(|x| find(mirrored(x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_elements_are_positive_and_their_mirror_images_negative() {
        for shape in Shape::ALL {
            let corners = corners(shape);
            assert!(!corners.is_empty());
            let x = shape.vertices();
            assert_eq!(straight_sign(&corners, shape.dims(), x), Sign::Positive, "{}", shape.name());
            let mirrored: Vec<[f64; 3]> = mirror(shape, 1).into_iter().map(|v| x[v]).collect();
            assert_eq!(straight_sign(&corners, shape.dims(), &mirrored), Sign::Negative, "{}", shape.name());
        }
    }
}
