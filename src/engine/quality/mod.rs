//! How good the elements of a mesh are, for a scheme of a given order.
//!
//! | Measure | What it is | Best | In trouble |
//! |---|---|---|---|
//! | scaled Jacobian | smallest `det J` over the largest `abs(det J)` of the element, at solution and flux points | 1 | 0 or less: tangled |
//! | aspect ratio | largest over smallest singular value of the map from the ideal element (equal edges), largest over the points | 1 | large: thin or skewed |
//! | stretching | ratio of the mean Jacobian to that of a face neighbour, the larger over the smaller, largest over the faces | 1 | large: sizes jump |
//!
//! The scaled Jacobian sees what the scheme sees: an element that is tangled between the points of order 2 may show it at
//! those of order 6. Stretching is the ratio of volumes for elements of one shape; between shapes the volumes of the
//! reference elements are taken out, so that the two triangles of a square and the square count as equal.
//!
//! [`measure`] judges every element and never stops at a bad one; [`Thresholds`] say what is bad; [`Quality::worst`] lists.

mod jacobian;
mod rank;
mod tables;
#[cfg(test)]
mod tests;

pub use rank::{Counts, Fault, Thresholds, histogram};

use crate::element::points::PointsError;
use crate::element::{PointSets, Shape};
use crate::mesh::{ElementBlock, Link, Mesh};
use crate::parallel::sum::ExactSum;
use jacobian::{aspect, cofactors, determinant, dot, least_spread, spread};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use tables::{Affinity, Tables};

/// Elements a task: enough to pay for the task, few enough to share out and to show progress.
const CHUNK: usize = 1024;

/// What is measured of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Scaled Jacobian, at most 1; 0 or less when the determinant is at any point; 0 for no volume at all.
    pub jacobian: f64,
    /// Aspect ratio, at least 1; infinite for a flat element.
    pub aspect: f64,
    /// Stretching, at least 1; 1 without neighbours.
    pub stretching: f64,
    /// Volume; area or length in fewer dimensions.
    pub volume: f64,
}

/// A boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryArea {
    /// Its name.
    pub name: String,
    /// Number of faces.
    pub faces: u64,
    /// Area; length in two dimensions, count in one.
    pub area: f64,
}

/// What [`measure`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// Measures of each element by global id.
    pub measures: Vec<Measures>,
    /// Number of straight elements that are affine images of their reference element (one metric serves all their points).
    pub affine: u64,
    /// Lower corner of the box that holds the nodes of the elements.
    pub low: [f64; 3],
    /// Its upper corner.
    pub high: [f64; 3],
    /// Sum of the volumes.
    pub volume: f64,
    /// The boundaries in the order of the mesh.
    pub boundaries: Vec<BoundaryArea>,
    /// Integral of the outward normal over all boundaries: zero for a closed mesh, up to rounding (periodic sides, which are
    /// no boundaries, cancel in pairs).
    pub closure: [f64; 3],
}

/// What a task finds.
struct Part {
    measures: Vec<Measures>,
    affine: u64,
    low: [f64; 3],
    high: [f64; 3],
    /// Boundary, area and oriented area of each boundary face.
    faces: Vec<(u16, f64, [f64; 3])>,
}

/// Measures every element of `mesh` at the solution and flux points that `sets` names for polynomials of order `order`.
///
/// A mesh whose blocks have no links (one that could not be connected) is measured without neighbours and boundaries, and
/// elements that are inside out as a whole count as if they were turned, as an import turns them. `progress` is called from
/// any thread with the name of the work, the number of elements done and that of all.
///
/// # Errors
/// A point set that is unknown or does not reach the order.
pub fn measure(
    mesh: &Mesh,
    order: usize,
    sets: &PointSets,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<Quality, PointsError> {
    let mut measures = Vec::with_capacity(mesh.len());
    let (mut low, mut high, mut affine) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3], 0);
    let mut sums = vec![(0, ExactSum::default()); mesh.boundaries.len()];
    let mut closure: [ExactSum; 3] = Default::default();
    let (done, all) = (AtomicU64::new(0), mesh.len() as u64);
    for block in &mesh.blocks {
        let tables = Tables::new(block.shape, block.order, order, sets)?;
        let starts: Vec<usize> = (0..block.len()).step_by(CHUNK).collect();
        let parts: Vec<Part> = starts
            .into_par_iter()
            .map(|start| {
                let end = block.len().min(start + CHUNK);
                let part = chunk(mesh, block, &tables, start..end);
                let here = (end - start) as u64;
                progress("measuring elements", here + done.fetch_add(here, Ordering::Relaxed), all);
                part
            })
            .collect();
        for part in parts {
            measures.extend(part.measures);
            affine += part.affine;
            for d in 0..3 {
                (low[d], high[d]) = (low[d].min(part.low[d]), high[d].max(part.high[d]));
            }
            for (boundary, area, vector) in part.faces {
                if let Some((faces, sum)) = sums.get_mut(boundary as usize) {
                    *faces += 1;
                    sum.add(area);
                }
                closure.iter_mut().zip(vector).for_each(|(sum, x)| sum.add(x));
            }
        }
    }
    stretch(mesh, &mut measures);
    let areas = mesh.boundaries.iter().zip(sums);
    Ok(Quality {
        volume: measures.iter().map(|m| m.volume).collect::<ExactSum>().value(),
        measures,
        affine,
        low,
        high,
        boundaries: areas
            .map(|(name, (faces, sum))| BoundaryArea { name: name.clone(), faces, area: sum.value() })
            .collect(),
        closure: closure.map(|sum| sum.value()),
    })
}

/// How many of these straight elements are affine images of their reference element. `elements`: `[element][vertex]`,
/// indices into `nodes`; those that do not exist count as not affine.
pub fn affine(shape: Shape, elements: &[u32], nodes: &[[f64; 3]]) -> u64 {
    let per = shape.vertices().len();
    if shape.is_simplex() || shape == Shape::Line {
        return (elements.len() / per) as u64;
    }
    let affinity = Affinity::new(shape, 1);
    let place = |e: &[u32]| e.iter().map(|&n| nodes.get(n as usize).copied()).collect::<Option<Vec<_>>>();
    let is = |e: &[u32], scratch: &mut Vec<f64>| {
        place(e).is_some_and(|nodes| affinity.tangents(&nodes, scratch).is_some())
    };
    let all = elements.par_chunks_exact(per);
    all.map_init(Vec::new, |scratch, e| u64::from(is(e, scratch))).sum()
}

/// Some elements of a block.
fn chunk(mesh: &Mesh, block: &ElementBlock, tables: &Tables, elements: std::ops::Range<usize>) -> Part {
    let (low, high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    let (measures, faces) = (Vec::with_capacity(elements.len()), vec![]);
    let mut part = Part { measures, affine: 0, low, high, faces };
    let connected = !block.links.is_empty();
    let mut scratch = Scratch::default();
    let mut nodes = Vec::with_capacity(block.nodes_per_element());
    for e in elements {
        nodes.clear();
        nodes.extend(block.element(e).iter().map(|&n| mesh.nodes[n as usize]));
        for x in &nodes {
            for d in 0..3 {
                (part.low[d], part.high[d]) = (part.low[d].min(x[d]), part.high[d].max(x[d]));
            }
        }
        let (measured, affine) = judge(tables, &nodes, !connected, &mut scratch);
        part.measures.push(measured);
        part.affine += u64::from(affine && block.order == 1);
        if connected {
            for (f, link) in block.links_of(e).iter().enumerate() {
                if let Link::Boundary(boundary) = *link {
                    let (area, vector) = face(tables, f, &nodes, &mut scratch.tangents);
                    part.faces.push((boundary, area, vector));
                }
            }
        }
    }
    part
}

/// Memory of a task.
#[derive(Default)]
struct Scratch {
    tangents: Vec<f64>,
    spreads: Vec<f64>,
}

/// Measures of the element with these nodes, without stretching, and whether it is affine. `turn`: an element whose
/// determinant is nowhere positive counts with the other sign.
fn judge(tables: &Tables, nodes: &[[f64; 3]], turn: bool, scratch: &mut Scratch) -> (Measures, bool) {
    let Scratch { tangents, spreads } = scratch;
    let affine = tables.affinity.tangents(nodes, tangents);
    let (mut least, mut most, ratio, mut volume) = match affine {
        // One point speaks for all.
        Some(same) => {
            let det = determinant(&same);
            let ratio = aspect(&tables.affinity.seen_from_ideal(&same), tables.dims);
            (det, det, ratio, det * tables.shape.volume())
        }
        None => {
            let (derivatives, weights) = &tables.volume;
            derivatives.fill(nodes, tangents);
            let of = |(q, w): (usize, &f64)| w * determinant(&derivatives.at(tangents, q));
            let volume = weights.iter().enumerate().map(of).sum();
            tables.points.fill(nodes, tangents);
            let (least, most, ratio) = extremes(tables, tangents, spreads);
            (least, most, ratio, volume)
        }
    };
    if turn && most < 0.0 {
        (least, most, volume) = (-most, -least, -volume);
    }
    let scale = most.abs().max(least.abs());
    let jacobian = if scale > 0.0 { least / scale } else { 0.0 };
    (Measures { jacobian, aspect: ratio, stretching: 1.0, volume }, affine.is_some())
}

/// Smallest and largest determinant (NaN if any is) and largest aspect ratio over the points, from the tangents there.
fn extremes(tables: &Tables, tangents: &[f64], spreads: &mut Vec<f64>) -> (f64, f64, f64) {
    let (points, dims) = (&tables.points, tables.dims);
    let (mut least, mut most, mut widest) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    spreads.clear();
    for p in 0..points.len() {
        let at = points.at(tangents, p);
        let det = determinant(&at);
        if det < least || det.is_nan() {
            least = det;
        }
        if det > most || det.is_nan() {
            most = det;
        }
        spreads.push(spread(&at, dims));
        if spreads[p] > spreads[widest] {
            widest = p;
        }
    }
    // Singular values cost more than all the rest: only where they may be the most different.
    let mut ratio = aspect(&points.at(tangents, widest), dims);
    for p in 0..points.len() {
        if p != widest && spreads[p] > least_spread(ratio, dims) {
            ratio = ratio.max(aspect(&points.at(tangents, p), dims));
        }
    }
    (least, most, ratio)
}

/// Area of a face and the integral of its outward normal.
fn face(tables: &Tables, f: usize, nodes: &[[f64; 3]], tangents: &mut Vec<f64>) -> (f64, [f64; 3]) {
    let (derivatives, weights) = &tables.faces[f];
    let normal = tables.shape.faces()[f].normal;
    derivatives.fill(nodes, tangents);
    let (mut area, mut vector) = (0.0, [0.0; 3]);
    for (q, w) in weights.iter().enumerate() {
        let s = cofactors(&derivatives.at(tangents, q));
        let n: [f64; 3] = std::array::from_fn(|k| (0..tables.dims).map(|d| normal[d] * s[d][k]).sum());
        area += w * dot(n, n).sqrt();
        (0..3).for_each(|k| vector[k] += w * n[k]);
    }
    (area, vector)
}

/// Fills in the stretching of every element that has neighbours.
fn stretch(mesh: &Mesh, measures: &mut [Measures]) {
    let mut size = Vec::with_capacity(measures.len());
    for block in &mesh.blocks {
        let reference = block.shape.volume();
        size.extend(measures[size.len()..][..block.len()].iter().map(|m| (m.volume / reference).abs()));
    }
    let mut rest = measures;
    let mut own = &size[..];
    for block in &mesh.blocks {
        let (here, after) = rest.split_at_mut(block.len());
        let (sizes, after_sizes) = own.split_at(block.len());
        (rest, own) = (after, after_sizes);
        if block.links.is_empty() {
            continue;
        }
        here.par_iter_mut().enumerate().for_each(|(e, measures)| {
            for link in block.links_of(e) {
                if let Link::Interior { element, .. } = *link {
                    let (a, b) = (sizes[e], size[element as usize]);
                    let ratio = if a > 0.0 && b > 0.0 { (a / b).max(b / a) } else { f64::INFINITY };
                    measures.stretching = measures.stretching.max(ratio);
                }
            }
        });
    }
}
