//! Elements of higher geometry order whose nodes lie where those of a straight element would.

use super::collect::{Block, Volume};
use super::error::Notice;
use super::{CHUNK, Stage};
use crate::element::{Shape, basis, lattice};
use crate::mesh::Progress;
use rayon::prelude::*;

/// The place of each lattice node within the straight element: parts of its vertices.
pub struct Weights {
    nodes: Vec<NodeWeights>,
}

/// A node of the straight element, or of a straight face: `sum of part * vertex / total`.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeWeights {
    /// Vertices and their parts, which have no common divisor; none is zero.
    pub parts: Vec<(usize, u32)>,
    /// Sum of the parts.
    pub total: u32,
}

impl Weights {
    /// Of the nodes of geometry order `order`. Whole numbers, because every position on an edge or face must come out the
    /// same in every bit whatever element and shape it is computed from.
    pub fn new(shape: Shape, order: usize) -> Weights {
        let from = lattice::nodes(shape, 1);
        let matrix = basis::interpolation(shape, 1, &from, &lattice::nodes(shape, order));
        // All parts are multiples of 1/order^3, or in layers of a pyramid of 1/(order * layer).
        let all = order.pow(3) as f64 * (1..=order).fold(1, |l, n| l / gcd(l, n) * n) as f64;
        let nodes = matrix.rows().into_iter().map(|row| {
            let whole = row.iter().map(|w| (w * all).round() as usize).enumerate();
            let parts: Vec<(usize, usize)> = whole.filter(|(_, w)| *w > 0).collect();
            let common = parts.iter().fold(0, |g, (_, w)| gcd(g, *w)).max(1);
            let parts: Vec<_> = parts.into_iter().map(|(v, w)| (v, (w / common) as u32)).collect();
            NodeWeights { total: parts.iter().map(|p| p.1).sum(), parts }
        });
        Weights { nodes: nodes.collect() }
    }

    /// The weights of each node.
    pub fn nodes(&self) -> &[NodeWeights] {
        &self.nodes
    }
}

impl NodeWeights {
    /// The place, given the index and the coordinates of each vertex. Summed in the order of the indices, so that it is the
    /// same in every bit from all elements around an edge or face.
    pub fn place(&self, vertex: impl Fn(usize) -> (u32, [f64; 3])) -> [f64; 3] {
        let mut terms = [(0, [0.0; 3], 0.0); 8];
        let terms = &mut terms[..self.parts.len()];
        for (term, &(v, part)) in terms.iter_mut().zip(&self.parts) {
            let (index, x) = vertex(v);
            *term = (index, x, f64::from(part));
        }
        terms.sort_unstable_by_key(|t| t.0);
        let total = f64::from(self.total);
        std::array::from_fn(|d| terms.iter().map(|(_, x, part)| part * x[d]).sum::<f64>() / total)
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Moves straight elements to the blocks of order 1. Returns the number of nodes in use before, if there were elements of
/// higher order at all.
pub fn recognise(
    volume: &mut Volume,
    lintol: f64,
    progress: &Progress,
    notices: &mut Vec<Notice>,
) -> Option<usize> {
    let higher = volume.blocks.iter().filter(|b| b.order > 1).map(Block::len).sum();
    if higher == 0 {
        return None;
    }
    let mut used = vec![false; volume.nodes.len()];
    volume.blocks.iter().flat_map(|b| &b.nodes).for_each(|&n| used[n as usize] = true);
    let used = used.into_iter().filter(|u| *u).count();

    let stage = Stage::new("looking for straight elements", higher, progress);
    let mut curved = 0;
    let mut done: Vec<Block> = Vec::new();
    for block in std::mem::take(&mut volume.blocks) {
        if block.order == 1 {
            done.push(block);
            continue;
        }
        let straight = find(volume, &block, lintol, &stage);
        for part in split(block, &straight) {
            curved += if part.order > 1 { part.len() } else { 0 };
            match done.iter_mut().find(|b| (b.shape, b.order) == (part.shape, part.order)) {
                Some(same) => {
                    same.nodes.extend(part.nodes);
                    same.origin.extend(part.origin);
                }
                None if part.len() > 0 => done.push(part),
                None => {}
            }
        }
    }
    volume.blocks = done;
    volume.arrange();
    notices.push(Notice::Curved { straight: higher - curved, curved });
    Some(used)
}

/// Which elements of a block are straight.
fn find(volume: &Volume, block: &Block, lintol: f64, stage: &Stage) -> Vec<bool> {
    let weights = Weights::new(block.shape, block.order);
    let per = block.per_element();
    let is_straight = |nodes: &[u32]| {
        let (vertices, n) = volume.vertices(block, nodes);
        let tolerance = lintol * extent(&vertices[..n]);
        nodes.iter().zip(weights.nodes()).all(|(&node, weights)| {
            let place = weights.place(|v| (nodes[block.corners[v]], vertices[v]));
            distance(place, volume.nodes[node as usize]) < tolerance
        })
    };
    let pieces = block.nodes.par_chunks(per * CHUNK).map(|piece| {
        let found: Vec<bool> = piece.chunks_exact(per).map(is_straight).collect();
        stage.add(found.len());
        found
    });
    pieces.collect::<Vec<_>>().concat()
}

/// The straight elements, as order 1, and the others.
fn split(block: Block, straight: &[bool]) -> [Block; 2] {
    let count = straight.iter().filter(|s| **s).count();
    let mut linear = Vec::with_capacity(count * block.corners.len());
    let elements = || block.nodes.chunks_exact(block.per_element()).zip(straight);
    for (nodes, _) in elements().filter(|(_, s)| **s) {
        linear.extend(block.corners.iter().map(|&c| nodes[c]));
    }
    let origin = |wanted: bool| -> Vec<u32> {
        block.origin.iter().zip(straight).filter(|(_, s)| **s == wanted).map(|(o, _)| *o).collect()
    };
    let linear = Block::new(block.shape, 1, linear, origin(true));
    if count == 0 {
        return [linear, block];
    }
    let curved = elements().filter(|(_, s)| !**s).flat_map(|(nodes, _)| nodes).copied().collect();
    [linear, Block::new(block.shape, block.order, curved, origin(false))]
}

/// Longest side of the box around some points.
pub fn extent(points: &[[f64; 3]]) -> f64 {
    let side = |d: usize| {
        let along = || points.iter().map(|x| x[d]);
        along().fold(f64::MIN, f64::max) - along().fold(f64::MAX, f64::min)
    };
    (0..3).map(side).fold(0.0, f64::max)
}

/// Distance of two points.
pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|d| (a[d] - b[d]).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_linear_interpolation() {
        for shape in Shape::ALL {
            for order in 1..=6 {
                let weights = Weights::new(shape, order);
                let nodes = lattice::nodes(shape, order);
                assert_eq!(weights.nodes().len(), nodes.nrows());
                for (n, node) in weights.nodes().iter().enumerate() {
                    let x = node.place(|v| (v as u32, shape.vertices()[v]));
                    for d in 0..shape.dims() {
                        assert!((x[d] - nodes[[n, d]]).abs() < 1e-14, "{} {order} {n}", shape.name());
                    }
                }
            }
        }
    }

    #[test]
    fn a_node_of_an_edge_or_face_has_the_same_weights_in_every_shape() {
        for order in 2..=4 {
            // The weights that occur on edges (two vertices) and on faces of three.
            let on = |shape: Shape, count: usize| {
                let mut all: Vec<Vec<u32>> = Weights::new(shape, order)
                    .nodes()
                    .iter()
                    .filter(|n| n.parts.len() == count)
                    .map(|n| {
                        let mut parts: Vec<u32> = n.parts.iter().map(|p| p.1).collect();
                        parts.sort_unstable();
                        parts
                    })
                    .collect();
                all.sort();
                all.dedup();
                all
            };
            let edges = on(Shape::Line, 2);
            let triangles = on(Shape::Tri, 3);
            for shape in Shape::ALL {
                assert_eq!(on(shape, 2), edges, "{} {order}", shape.name());
                let three = on(shape, 3);
                assert!(three.is_empty() || three == triangles, "{} {order}", shape.name());
            }
        }
    }
}
