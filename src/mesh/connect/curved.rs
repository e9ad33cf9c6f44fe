//! Curved elements: the sign of their Jacobians, and how their faces meet others.

use super::collect::{Block, Volume};
use super::error::{At, ConnectError};
use super::faces::Shell;
use super::orient::{Sign, determinant, refusal};
use super::straight::{NodeWeights, Weights, distance, extent};
use super::{CHUNK, Stage};
use crate::element::{Shape, basis, lattice, quadrature, shape::paired_vertex};
use crate::mesh::{Link, Progress};
use ndarray::{Array2, Axis, concatenate};
use rayon::prelude::*;

/// A Jacobian counts as zero below this part of the largest of the element: round-off, and corners where two curved
/// sides meet at 180 degrees. Only points inside matter to the scheme there.
const ZERO: f64 = 1e-9;

/// Nodes of periodic faces may be off by this part of the face's element; mesh generators are not exact there.
const PERIODIC_TOLERANCE: f64 = 1e-3;

/// Nodes of faces inside the mesh may be off by this part of an element at least, whatever `lintol` is.
const ROUND_OFF: f64 = 1e-9;

/// Highest lattice order at which Jacobians are looked at; with the points of a quadrature rule this finds what is
/// wrong with an element, short of a proof that nothing is.
const SAMPLE_ORDER: usize = 3;

/// Looks at the Jacobian of elements of one shape and order in some points.
pub struct Sampler {
    /// Weights of the nodes in the derivatives, `[sample][node][direction]`.
    derivatives: Vec<Vec<[f64; 3]>>,
    /// Weights of the nodes in the coordinates, `[sample][node]`.
    coordinates: Array2<f64>,
    dims: usize,
}

impl Sampler {
    /// Samples at lattice nodes and at the points of a rule that would integrate the Jacobian of a simplex.
    pub fn new(shape: Shape, order: usize) -> Sampler {
        let nodes = lattice::nodes(shape, order);
        let inside = quadrature::rule(shape, (order.min(SAMPLE_ORDER) - 1) * shape.dims()).0;
        let on = lattice::nodes(shape, order.min(SAMPLE_ORDER));
        let at = concatenate(Axis(0), &[on.view(), inside.view()]).expect("both are points of the shape");
        let slopes = basis::differentiation(shape, order, &nodes, &at);
        let coordinates = basis::interpolation(shape, order, &nodes, &at);
        let mut sampler = Sampler { derivatives: Vec::new(), coordinates, dims: shape.dims() };
        let mut kept = Vec::new();
        for s in 0..at.nrows() {
            let row = |n: usize| std::array::from_fn(|d| slopes.get(d).map_or(0.0, |m| m[[s, n]]));
            let row: Vec<[f64; 3]> = (0..nodes.nrows()).map(row).collect();
            // The derivatives have no value at the apex of a pyramid.
            if !(shape == Shape::Pyramid && at[[s, 2]] > 1.0 - 1e-12) {
                sampler.derivatives.push(row);
                kept.push(s);
            }
        }
        sampler.coordinates = sampler.coordinates.select(Axis(0), &kept);
        sampler
    }

    /// Sign of the Jacobian of an element.
    pub fn sign(&self, volume: &Volume, block: &Block, nodes: &[u32]) -> Sign {
        let (vertices, n) = volume.vertices(block, nodes);
        let repeated =
            (1..n).find(|&v| block.corners[..v].iter().any(|&c| nodes[c] == nodes[block.corners[v]]));
        if let Some(v) = repeated {
            return Sign::Zero(vertices[v]);
        }
        let points: Vec<[f64; 3]> = nodes.iter().map(|&n| volume.nodes[n as usize]).collect();
        let jacobians: Vec<f64> = self.derivatives.iter().map(|row| self.jacobian(row, &points)).collect();
        let size = jacobians.iter().fold(0.0_f64, |m, j| m.max(j.abs()));
        let scale = extent(&points).powi(self.dims as i32);
        let at = |s: usize| -> [f64; 3] {
            std::array::from_fn(|d| points.iter().zip(self.coordinates.row(s)).map(|(x, w)| w * x[d]).sum())
        };
        if !size.is_finite() || size <= 1e-12 * scale {
            return Sign::Zero(at(0));
        }
        let is = |sign: f64| jacobians.iter().filter(|j| **j * sign > ZERO * size).count();
        match (is(1.0), is(-1.0)) {
            (_, 0) => Sign::Positive,
            (0, _) => Sign::Negative,
            (positive, negative) => {
                let sign = if positive < negative { 1.0 } else { -1.0 };
                let worst = (0..jacobians.len())
                    .max_by(|&a, &b| (jacobians[a] * sign).total_cmp(&(jacobians[b] * sign)));
                Sign::Mixed(at(worst.expect("there are samples")))
            }
        }
    }

    fn jacobian(&self, row: &[[f64; 3]], points: &[[f64; 3]]) -> f64 {
        let mut tangents = [[0.0; 3]; 3];
        for (w, x) in row.iter().zip(points) {
            for (tangent, w) in tangents.iter_mut().zip(w) {
                (0..3).for_each(|d| tangent[d] += w * x[d]);
            }
        }
        (self.dims..3).for_each(|d| tangents[d][d] = 1.0);
        determinant(&tangents)
    }
}

/// The nodes of a face of elements of one shape and order.
struct FaceNodes {
    /// Each node of the face that is no vertex: its parts by position in the face's list of vertices, its lattice
    /// position, and its weights. Sorted by the parts.
    nodes: Vec<([u32; 4], usize, NodeWeights)>,
}

impl FaceNodes {
    fn all(block: &Block) -> Vec<FaceNodes> {
        let weights = Weights::new(block.shape, block.order);
        let of = |ring: &[usize]| {
            let mut nodes = Vec::new();
            for (n, node) in weights.nodes().iter().enumerate().filter(|(_, node)| node.parts.len() > 1) {
                let mut parts = [0; 4];
                let on = node.parts.iter().all(|&(v, part)| {
                    let at = ring.iter().position(|u| *u == v);
                    at.inspect(|&i| parts[i] = part).is_some()
                });
                if on {
                    nodes.push((parts, n, node.clone()));
                }
            }
            nodes.sort_by_key(|n| n.0);
            FaceNodes { nodes }
        };
        block.shape.faces().iter().map(|f| of(f.vertices)).collect()
    }
}

/// What was found at the faces of a piece of a block: nodes with new places, and the first face that does not fit.
#[derive(Default)]
struct Fit {
    moved: Vec<(u32, [f64; 3])>,
    bad: Option<ConnectError>,
}

/// Puts the nodes of curved elements on faces that they share with straight ones exactly onto those, and checks that
/// the faces of curved elements fit those of their neighbours.
///
/// # Errors
/// Faces that do not fit; elements tangled by moving nodes.
pub fn fit(
    volume: &mut Volume,
    links: &[Vec<Link>],
    lintol: f64,
    progress: &Progress,
) -> Result<(), ConnectError> {
    let curved = volume.blocks.iter().filter(|b| b.order > 1).map(Block::len).sum();
    if curved == 0 {
        return Ok(());
    }
    let stage = Stage::new("fitting curved faces", curved, progress);
    let fitter = Fitter {
        volume,
        shells: volume.blocks.iter().map(Shell::new).collect(),
        faces: volume.blocks.iter().map(FaceNodes::all).collect(),
        lintol,
    };
    let mut moved = Vec::new();
    for (b, block) in volume.blocks.iter().enumerate().filter(|(_, block)| block.order > 1) {
        let faces = block.shape.faces().len();
        let pieces = links[b].par_chunks(faces * CHUNK).enumerate().map(|(piece, links)| {
            let mut fit = Fit::default();
            for (e, links) in links.chunks_exact(faces).enumerate() {
                for (f, link) in links.iter().enumerate() {
                    if let (Link::Interior { .. }, None) = (link, &fit.bad) {
                        fitter.face(b, piece * CHUNK + e, f, link, &mut fit);
                    }
                }
            }
            stage.add(links.len() / faces);
            fit
        });
        for fit in pieces.collect::<Vec<_>>() {
            if let Some(error) = fit.bad {
                return Err(error);
            }
            moved.extend(fit.moved);
        }
    }
    moved.iter().for_each(|&(node, x)| volume.nodes[node as usize] = x);
    if moved.is_empty() { Ok(()) } else { recheck(volume) }
}

/// Looks at the Jacobians of curved elements again.
fn recheck(volume: &Volume) -> Result<(), ConnectError> {
    for block in volume.blocks.iter().filter(|b| b.order > 1) {
        let sampler = Sampler::new(block.shape, block.order);
        let signs = block.nodes.par_chunks_exact(block.per_element()).enumerate();
        let bad = signs.find_map_first(|(e, nodes)| {
            let sign = sampler.sign(volume, block, nodes);
            (sign != Sign::Positive).then_some((e, sign))
        });
        if let Some((e, sign)) = bad {
            let sign = if sign == Sign::Negative {
                Sign::Mixed(volume.nodes[block.element(e)[0] as usize])
            } else {
                sign
            };
            return Err(refusal(volume, (block.first + e) as u32, sign));
        }
    }
    Ok(())
}

struct Fitter<'a> {
    volume: &'a Volume,
    shells: Vec<Shell>,
    faces: Vec<Vec<FaceNodes>>,
    lintol: f64,
}

impl Fitter<'_> {
    /// Looks at face `f` of element `e` of block `b`, which is curved.
    fn face(&self, b: usize, e: usize, f: usize, link: &Link, fit: &mut Fit) {
        let Link::Interior { element, face: their_face, rotation } = *link else { return };
        let volume = self.volume;
        let block = &volume.blocks[b];
        let (their_block, their_element) = volume.locate(element);
        let theirs = &volume.blocks[their_block];
        let (our_nodes, their_nodes) = (block.element(e), theirs.element(their_element));
        let x = |node: u32| volume.nodes[node as usize];
        let (vertices, n) = volume.vertices(block, our_nodes);
        let (their_vertices, their_n) = volume.vertices(theirs, their_nodes);
        let extent = extent(&vertices[..n]).max(self::extent(&their_vertices[..their_n]));
        let (ring, their_ring) = (
            self.shells[b].ring(f, our_nodes),
            self.shells[their_block].ring(their_face as usize, their_nodes),
        );
        let paired = |i: usize| paired_vertex(rotation as usize, i, ring.len());
        let first = their_ring[paired(0)];
        let tolerance =
            extent * if first == ring[0] { (1.01 * self.lintol).max(ROUND_OFF) } else { PERIODIC_TOLERANCE };
        let mut worst = 0.0_f64;
        if theirs.order != block.order {
            // Curves of different orders meet in straight lines or not at all.
            for (_, n, weights) in &self.faces[b][f].nodes {
                let node = our_nodes[*n];
                let place = weights.place(|v| (our_nodes[block.corners[v]], vertices[v]));
                worst = worst.max(distance(place, x(node)));
                fit.moved.push((node, place));
            }
        } else {
            let shift: [f64; 3] = std::array::from_fn(|d| x(first)[d] - x(ring[0])[d]);
            let across = &self.faces[their_block][their_face as usize].nodes;
            for (parts, n, _) in &self.faces[b][f].nodes {
                let mut wanted = [0; 4];
                (0..ring.len()).for_each(|i| wanted[paired(i)] = parts[i]);
                let found =
                    across.binary_search_by_key(&wanted, |n| n.0).expect("faces of one shape and order");
                let other = their_nodes[across[found].1];
                if other != our_nodes[*n] {
                    let here: [f64; 3] = std::array::from_fn(|d| x(our_nodes[*n])[d] + shift[d]);
                    worst = worst.max(distance(here, x(other)));
                }
            }
        }
        if worst > tolerance {
            let points: Vec<[f64; 3]> = ring.iter().map(|&v| x(v)).collect();
            fit.bad = Some(ConnectError::FaceGap {
                elements: Box::new([volume.place((block.first + e) as u32), volume.place(element)]),
                at: At(crate::mesh::mean(&points)),
                distance: worst,
                orders: [block.order, theirs.order],
            });
        }
    }
}
