//! Divides a mesh into parts (METIS).
//!
//! G. Karypis and V. Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", SIAM J. Sci.
//! Comput. 20 (1998): recursive bisection for few parts, k-way for many. The graph's vertices are the elements, weighted
//! by the work an element of their shape takes ([`Work`]); its edges are the interior faces (periodic ones too), weighted
//! by the points exchanged over them. Parts may get different shares of the work ([`Shares`]). The same mesh gives the same
//! parts on every run.

mod graph;
mod quality;
#[cfg(test)]
mod tests;
mod weights;

pub use quality::{Quality, quality};
pub use weights::{Shares, TYPICAL_ORDER, Work};

use super::validate::InvalidPartitioning;
use super::{Mesh, Partitioning};
use graph::{Graph, integers};
use metis::option::{Seed, UFactor};
use std::sync::Mutex;

/// Recursive bisection is used up to this number of parts, where it cuts fewer faces than the k-way method.
const MAX_RECURSIVE: usize = 8;

/// Below this number of elements both methods are tried.
const TRY_BOTH: usize = 200_000;

/// When the smallest part would have less work than so many of the heaviest elements, METIS leaves parts empty (and prints
/// about it): elements are dealt out in order instead.
const MIN_PER_PART: usize = 4;

/// Thousandths by which the k-way method may exceed a part's share.
const TOLERANCE: i32 = 20;

/// METIS draws from the C library's generator, which is one for the whole process: calls take turns.
static METIS: Mutex<()> = Mutex::new(());

/// Why a mesh cannot be divided.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// What is said about the parts cannot be understood.
    #[error(
        "'{0}' says nothing about parts: give their number (4), or their weights (3:2:1, or 1*4 for four of weight 1), \
         each from 1e-6 to 1e6"
    )]
    Shares(String),
    /// What is said about the weight of a shape cannot be understood.
    #[error(
        "'{0}' is no weight of a shape: give SHAPE:WEIGHT once for every shape of the mesh, such as hex:3 and tet:1, with \
         weights from 1e-6 to 1e6, or 'balanced' alone"
    )]
    Work(String),
    /// A shape of the mesh has no weight.
    #[error("the mesh holds elements of shape {0}, which have no weight: give {0}:WEIGHT as well")]
    NoWeight(&'static str),
    /// Shares for another number of parts.
    #[error("shares of {shares} parts say nothing about {parts} parts")]
    SharesFor {
        /// Parts there are.
        parts: usize,
        /// Parts with shares.
        shares: usize,
    },
    /// METIS gave up.
    #[error("METIS: {0}")]
    Metis(String),
}

/// Divides the elements of `mesh` into parts: a number of equal ones, or parts with [`Shares`]. Each gets its share of the
/// work (by default as measured at [`TYPICAL_ORDER`]), with few faces between them.
///
/// # Errors
/// No parts, more parts than elements, a mesh too large for 32-bit indices, a shape without weight.
pub fn partition(
    mesh: &Mesh,
    shares: impl Into<Shares>,
    work: Option<&Work>,
) -> Result<Partitioning, PartitionError> {
    let shares = shares.into();
    let (elements, parts) = (mesh.len(), shares.parts());
    if parts == 0 {
        return Err(PartitionError::NoParts);
    } else if parts > elements {
        return Err(PartitionError::TooManyParts { parts, elements });
    }
    let typical = Work::default();
    let work = work.unwrap_or(&typical);
    let weights = work.of_blocks(mesh)?;
    let fractions = shares.fractions();
    let part_of = if parts == 1 {
        vec![0; elements]
    } else if too_small(mesh, &weights, &fractions) {
        deal(mesh, &weights, &fractions)
    } else {
        let mut part_of = by_metis(mesh, &shares, work, &weights)?;
        fill_empty(&mut part_of, parts);
        part_of
    };
    let partitioning = Partitioning { parts, part_of };
    partitioning.validate(elements).map_err(|e: InvalidPartitioning| PartitionError::Metis(e.to_string()))?;
    Ok(partitioning)
}

/// Whether the smallest part is too small for METIS.
fn too_small(mesh: &Mesh, weights: &[f64], fractions: &[f64]) -> bool {
    let total: f64 = mesh.blocks.iter().zip(weights).map(|(b, w)| b.len() as f64 * w).sum();
    let heaviest = weights.iter().copied().fold(0.0, f64::max);
    let least = fractions.iter().copied().fold(1.0, f64::min);
    total * least < MIN_PER_PART as f64 * heaviest
}

/// What METIS shall divide, and how.
struct Problem<'a> {
    graph: &'a Graph,
    parts: i32,
    /// Weights of an element, that many.
    constraints: usize,
    /// `[element][constraint]`; `None` where all weigh the same.
    vertices: Option<Vec<i32>>,
    /// `[part][constraint]`; `None` where all parts get the same.
    targets: Option<Vec<f32>>,
}

/// Runs METIS on the graph of elements, by the method that suits the number of parts, or both.
fn by_metis(mesh: &Mesh, shares: &Shares, work: &Work, weights: &[f64]) -> Result<Vec<u32>, PartitionError> {
    let count = shares.parts();
    let parts = i32::try_from(count).map_err(|_| PartitionError::TooLarge { what: "parts", count })?;
    let graph = Graph::new(mesh, work.order())?;
    let least = shares.fractions().iter().copied().fold(1.0, f64::min);
    let (constraints, vertices) = vertex_weights(mesh, work, weights, least)?;
    let targets = (!shares.equal()).then(|| {
        shares.fractions().iter().flat_map(|f| std::iter::repeat_n(*f as f32, constraints)).collect()
    });
    let problem = Problem { graph: &graph, parts, constraints, vertices, targets };
    let methods: &[bool] = match (mesh.len() <= TRY_BOTH, count <= MAX_RECURSIVE) {
        (true, _) => &[true, false],
        (false, true) => &[true],
        (false, false) => &[false],
    };
    let mut best: Option<(f64, i64, Vec<i32>)> = None;
    let mut consider = |part_of: Vec<i32>| {
        // Excess within the tolerance is as good as none.
        let excess = (problem.imbalance(&part_of) - 1.0 - f64::from(TOLERANCE + 1) / 1000.0).max(0.0);
        let cut = graph.cut(&part_of);
        if best.as_ref().is_none_or(|b| (excess, cut) < (b.0, b.1)) {
            best = Some((excess, cut, part_of));
        }
    };
    // Import numbers elements along a space-filling curve, pieces of which are compact: on large structured meshes they can
    // be better than what METIS finds.
    consider(deal(mesh, weights, &shares.fractions()).into_iter().map(|p| p as i32).collect());
    for &recursive in methods {
        consider(problem.solve(recursive)?);
    }
    Ok(best.map_or_else(Vec::new, |b| b.2).into_iter().map(|p| p as u32).collect())
}

/// Number of weights an element and the weights, `[element][weight]`, `None` where all are the same. The smallest part gets
/// the fraction `least` of everything.
fn vertex_weights(
    mesh: &Mesh,
    work: &Work,
    weights: &[f64],
    least: f64,
) -> Result<(usize, Option<Vec<i32>>), PartitionError> {
    let count = |shape| mesh.blocks.iter().filter(|b| b.shape == shape).map(|b| b.len()).sum::<usize>();
    let mut shapes: Vec<_> = mesh.blocks.iter().map(|b| b.shape).collect();
    shapes.dedup();
    // Shapes with too few elements to go round count with the first.
    shapes.sort_by_key(|s| std::cmp::Reverse(count(*s)));
    shapes.retain(|s| count(*s) as f64 * least >= MIN_PER_PART as f64);
    let rows: Vec<Vec<i32>> = if *work == Work::Balanced && shapes.len() > 1 {
        let column = |shape| shapes.iter().position(|s| *s == shape).unwrap_or(0);
        let row = |shape| (0..shapes.len()).map(|c| i32::from(c == column(shape))).collect();
        mesh.blocks.iter().map(|b| row(b.shape)).collect()
    } else {
        let counts: Vec<usize> = mesh.blocks.iter().map(|b| b.len()).collect();
        integers(weights, &counts).into_iter().map(|w| vec![w]).collect()
    };
    let constraints = rows.first().map_or(1, Vec::len);
    if rows.iter().all(|row| *row == rows[0]) {
        return Ok((constraints, None));
    }
    let count = mesh.len() * constraints;
    i32::try_from(count).map_err(|_| PartitionError::TooLarge { what: "weights", count })?;
    let mut all = Vec::with_capacity(count);
    for (block, row) in mesh.blocks.iter().zip(&rows) {
        (0..block.len()).for_each(|_| all.extend_from_slice(row));
    }
    Ok((constraints, Some(all)))
}

impl Problem<'_> {
    fn solve(&self, recursive: bool) -> Result<Vec<i32>, PartitionError> {
        let failed = |error: String| PartitionError::Metis(error);
        let Graph { starts, ends, points } = self.graph;
        let mut part_of = vec![0; starts.len() - 1];
        let mut graph = metis::Graph::new(self.constraints as i32, self.parts, starts, ends)
            .map_err(|e| failed(e.to_string()))?
            .set_option(Seed(1));
        if let Some(points) = points {
            graph = graph.set_adjwgt(points);
        }
        if let Some(weights) = &self.vertices {
            graph = graph.set_vwgt(weights);
        }
        if let Some(targets) = &self.targets {
            graph = graph.set_tpwgts(targets);
        }
        if !recursive {
            graph = graph.set_option(UFactor(TOLERANCE));
        }
        let _turn = METIS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let done = if recursive { graph.part_recursive(&mut part_of) } else { graph.part_kway(&mut part_of) };
        done.map_err(|e| failed(e.to_string()))?;
        Ok(part_of)
    }

    /// Largest ratio of a part's weight to its target, over all constraints.
    fn imbalance(&self, part_of: &[i32]) -> f64 {
        let n = self.constraints;
        let mut load = vec![0u64; self.parts as usize * n];
        for (id, &part) in part_of.iter().enumerate() {
            for c in 0..n {
                let weight = self.vertices.as_ref().map_or(1, |w| w[id * n + c]);
                load[part as usize * n + c] += weight as u64;
            }
        }
        let mut worst = 0.0_f64;
        for c in 0..n {
            let total: u64 = load.iter().skip(c).step_by(n).sum();
            for part in 0..self.parts as usize {
                let equal = 1.0 / f64::from(self.parts);
                let target = self.targets.as_ref().map_or(equal, |t| f64::from(t[part * n + c]));
                worst = worst.max(load[part * n + c] as f64 / (total as f64 * target).max(1.0));
            }
        }
        worst
    }
}

/// Deals out elements in order of global id: each part begins where the work before it exceeds the shares before it, and
/// holds one element at least.
fn deal(mesh: &Mesh, weights: &[f64], fractions: &[f64]) -> Vec<u32> {
    let (elements, parts) = (mesh.len(), fractions.len());
    let work = mesh.blocks.iter().zip(weights).flat_map(|(b, w)| std::iter::repeat_n(*w, b.len()));
    let total: f64 = mesh.blocks.iter().zip(weights).map(|(b, w)| b.len() as f64 * w).sum();
    let mut part_of = Vec::with_capacity(elements);
    let (mut part, mut done, mut share, mut own) = (0, 0.0, fractions[0], 0);
    for (id, w) in work.enumerate() {
        let (left, parts_left) = (elements - id, parts - part - 1);
        let full = done + 0.5 * w > share * total || left <= parts_left;
        if own > 0 && parts_left > 0 && full {
            (part, own) = (part + 1, 0);
            share += fractions[part];
        }
        part_of.push(part as u32);
        (done, own) = (done + w, own + 1);
    }
    part_of
}

/// Gives every empty part an element of the part with the most elements.
fn fill_empty(part_of: &mut [u32], parts: usize) {
    let mut sizes = vec![0usize; parts];
    part_of.iter().for_each(|p| sizes[*p as usize] += 1);
    for empty in 0..parts {
        if sizes[empty] > 0 {
            continue;
        }
        let donor = (0..parts).filter(|&p| sizes[p] > 1).max_by_key(|&p| sizes[p]);
        let given = donor.and_then(|donor| part_of.iter().rposition(|&p| p as usize == donor));
        if let (Some(donor), Some(e)) = (donor, given) {
            part_of[e] = empty as u32;
            (sizes[donor], sizes[empty]) = (sizes[donor] - 1, 1);
        }
    }
}
