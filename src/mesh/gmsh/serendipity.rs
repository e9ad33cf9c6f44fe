//! Completes second-order elements that the file lists without the nodes inside their faces and volumes.
//!
//! The missing nodes are put where the serendipity interpolation of the listed ones puts them, so that the geometry is
//! the same as before. Only quadrilateral faces and hexahedra have such nodes. Elements that share a face, boundary
//! elements included, share its new node, so that the mesh stays conforming.

use crate::element::{Shape, lattice};
use crate::mesh::raw::RawBlock;
use crate::mesh::vertex_nodes;
use std::collections::HashMap;

/// Stands for a node that the file does not list; no node has this index.
pub(super) const MISSING: u32 = u32::MAX;

/// Order of the geometry of all these elements.
const ORDER: usize = 2;

/// A quadrilateral that is a face, or the element itself in two dimensions: lattice positions of its nodes.
struct Patch {
    corners: [usize; 4],
    edges: [usize; 4],
    centre: usize,
}

/// More nodes than indices.
#[derive(Debug, PartialEq)]
pub(super) struct TooManyNodes;

/// Adds the nodes marked [`MISSING`] in `blocks` to `nodes`; the number of elements of the highest dimension that were
/// completed. Complete elements are as they were, and their faces lend their nodes to neighbours without.
pub(super) fn complete(nodes: &mut Vec<[f64; 3]>, blocks: &mut [RawBlock]) -> Result<usize, TooManyNodes> {
    let dims = blocks.iter().map(|b| b.shape.dims()).max().unwrap_or(0);
    let patched: Vec<_> =
        blocks.iter_mut().filter(|b| b.order == ORDER).map(|b| (patches(b.shape), b)).collect();
    let mut centres = HashMap::new();
    for (patches, block) in &patched {
        for element in block.nodes.chunks_exact(block.shape.points(ORDER)) {
            for patch in patches.iter().filter(|p| element[p.centre] != MISSING) {
                centres.entry(patch.key(element)).or_insert(element[patch.centre]);
            }
        }
    }
    let mut completed = 0;
    for (patches, block) in patched {
        let (shape, volume) = (block.shape, volume(block.shape));
        for element in block.nodes.chunks_exact_mut(shape.points(ORDER)) {
            completed += usize::from(shape.dims() == dims && element.contains(&MISSING));
            for patch in patches.iter().filter(|p| element[p.centre] == MISSING).collect::<Vec<_>>() {
                element[patch.centre] = match centres.get(&patch.key(element)) {
                    Some(&node) => node,
                    None => {
                        let node = push(nodes, mean(nodes, element, &patch.corners, &patch.edges))?;
                        centres.insert(patch.key(element), node);
                        node
                    }
                };
            }
            if let Some((corners, edges, centre)) = &volume
                && element[*centre] == MISSING
            {
                element[*centre] = push(nodes, mean(nodes, element, corners, edges))?;
            }
        }
    }
    Ok(completed)
}

impl Patch {
    /// The same for faces with the same vertices.
    fn key(&self, element: &[u32]) -> [u32; 4] {
        let mut key = self.corners.map(|c| element[c]);
        key.sort_unstable();
        key
    }
}

/// The quadrilateral faces of a shape.
fn patches(shape: Shape) -> Vec<Patch> {
    let at = lattice::indices(shape, ORDER);
    let vertices = vertex_nodes(shape, ORDER);
    let middle = |nodes: &[usize]| {
        let mean = std::array::from_fn(|d| nodes.iter().map(|&n| at[n][d]).sum::<usize>() / nodes.len());
        at.iter().position(|x| *x == mean).expect("the middle of second order is on the lattice")
    };
    let rings: Vec<[usize; 4]> = match shape {
        Shape::Quad => vec![[0, 1, 3, 2]],
        _ => shape.faces().iter().filter_map(|f| f.vertices.try_into().ok()).collect(),
    };
    let patch = |ring: [usize; 4]| {
        let corners = ring.map(|v| vertices[v]);
        let edges = std::array::from_fn(|i| middle(&[corners[i], corners[(i + 1) % 4]]));
        Patch { corners, edges, centre: middle(&corners) }
    };
    rings.into_iter().map(patch).collect()
}

/// Lattice positions of the corners, edges and centre of the only shape with a node in its volume.
fn volume(shape: Shape) -> Option<(Vec<usize>, Vec<usize>, usize)> {
    let at = lattice::indices(shape, ORDER);
    let with = |odd: usize| -> Vec<usize> {
        (0..at.len()).filter(|&i| at[i].iter().filter(|x| **x == 1).count() == odd).collect()
    };
    (shape == Shape::Hex).then(|| (with(0), with(1), with(3)[0]))
}

/// The serendipity interpolation at the centre of the quadrilateral of 8 nodes and of the hexahedron of 20: corners
/// weigh -1/4 each, edges 1/2 and 1/4 (Zienkiewicz and Taylor, The Finite Element Method, volume 1, section 8.7).
fn mean(nodes: &[[f64; 3]], element: &[u32], corners: &[usize], edges: &[usize]) -> [f64; 3] {
    let edge = if corners.len() == 4 { 0.5 } else { 0.25 };
    std::array::from_fn(|d| {
        let sum = |at: &[usize]| at.iter().map(|&i| nodes[element[i] as usize][d]).sum::<f64>();
        edge * sum(edges) - 0.25 * sum(corners)
    })
}

/// Appends a node and gives its index.
fn push(nodes: &mut Vec<[f64; 3]>, x: [f64; 3]) -> Result<u32, TooManyNodes> {
    let node = u32::try_from(nodes.len()).ok().filter(|n| *n != MISSING).ok_or(TooManyNodes)?;
    nodes.push(x);
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::lattice::indices;

    /// Two hexahedra side by side in x and the quadrilateral between them, of second order; `keep` says of which
    /// lattice coordinates nodes are listed. The map is a polynomial that serendipity elements reproduce.
    fn pair(keep: impl Fn(&[usize; 3]) -> bool) -> (Vec<[f64; 3]>, Vec<RawBlock>) {
        let mut nodes = Vec::new();
        let mut index = HashMap::new();
        let mut node = |at: [usize; 3]| {
            *index.entry(at).or_insert_with(|| {
                nodes.push(map(at));
                nodes.len() as u32 - 1
            })
        };
        let mut list = |shape: Shape, to: &dyn Fn([usize; 3]) -> [usize; 3]| -> Vec<u32> {
            indices(shape, 2).into_iter().map(|x| if keep(&x) { node(to(x)) } else { MISSING }).collect()
        };
        let quad = list(Shape::Quad, &|[i, j, _]| [2, i, j]);
        // The second is turned: its x runs along z.
        let hexes = [list(Shape::Hex, &|x| x), list(Shape::Hex, &|[i, j, k]| [2 + k, i, j])].concat();
        let block = |shape, nodes: Vec<u32>, count| RawBlock {
            shape,
            order: 2,
            nodes,
            groups: vec![0; count],
            numbers: (1..=count as u64).collect(),
        };
        let blocks = vec![block(Shape::Quad, quad, 1), block(Shape::Hex, hexes, 2)];
        (nodes, blocks)
    }

    fn map(at: [usize; 3]) -> [f64; 3] {
        let [x, y, z] = at.map(|x| x as f64 - 1.3);
        [x + 0.1 * y * y * z - 0.2 * z, y + 0.3 * x * x * y * z, z - 0.1 * x * y * z + 0.2 * z * z * x * y]
    }

    fn corner_or_edge(x: &[usize; 3]) -> bool {
        x.iter().filter(|x| **x == 1).count() < 2
    }

    #[test]
    fn added_nodes_lie_where_the_serendipity_geometry_has_them() {
        let (mut nodes, mut blocks) = pair(corner_or_edge);
        assert_eq!(complete(&mut nodes, &mut blocks), Ok(2));
        // Each hexahedron has an inner node, and of 11 faces between and around them each has one node.
        assert_eq!(nodes.len(), 12 + 20 + 11 + 2);
        for (e, hex) in blocks[1].nodes.chunks(27).enumerate() {
            for (&n, [i, j, k]) in hex.iter().zip(indices(Shape::Hex, 2)) {
                let expected = map(if e == 0 { [i, j, k] } else { [2 + k, i, j] });
                for d in 0..3 {
                    assert!((nodes[n as usize][d] - expected[d]).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn shared_faces_get_one_node() {
        let (mut nodes, mut blocks) = pair(corner_or_edge);
        complete(&mut nodes, &mut blocks).unwrap();
        let (quad, hexes) = (&blocks[0].nodes, &blocks[1].nodes);
        let on_face = |e: usize, face: &dyn Fn(&[usize; 3]) -> bool| -> Vec<u32> {
            let at = indices(Shape::Hex, 2);
            (0..27).filter(|&i| face(&at[i])).map(|i| hexes[27 * e + i]).collect()
        };
        assert_eq!(&on_face(0, &|x| x[0] == 2), quad);
        assert_eq!(&on_face(1, &|x| x[2] == 0), quad);
    }

    #[test]
    fn complete_elements_stay_and_lend_the_nodes_of_their_faces() {
        let (nodes, blocks) = pair(|_| true);
        let mut same = (nodes.clone(), blocks.clone());
        assert_eq!(complete(&mut same.0, &mut same.1), Ok(0));
        assert_eq!(same, (nodes.clone(), blocks.clone()));
        // Only the second hexahedron is incomplete: the node of the common face is that of the first.
        let (mut nodes, mut mixed) = (nodes, blocks.clone());
        let at = indices(Shape::Hex, 2);
        let missing = (0..27).filter(|&i| !corner_or_edge(&at[i]));
        missing.for_each(|i| mixed[1].nodes[27 + i] = MISSING);
        let before = nodes.len();
        assert_eq!(complete(&mut nodes, &mut mixed), Ok(1));
        assert_eq!(nodes.len(), before + 6);
        let centre = at.iter().position(|x| *x == [1, 1, 0]).unwrap();
        assert_eq!(mixed[1].nodes[27 + centre], blocks[1].nodes[27 + centre]);
    }
}
