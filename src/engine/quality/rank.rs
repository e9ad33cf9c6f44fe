//! What counts as bad, and which elements are the worst.

use super::{Measures, Quality};
use std::cmp::Ordering;

/// Beyond which an element is listed as bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Least scaled Jacobian.
    pub jacobian: f64,
    /// Largest aspect ratio.
    pub aspect: f64,
    /// Largest stretching.
    pub stretching: f64,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds { jacobian: 0.5, aspect: 20.0, stretching: 5.0 }
    }
}

/// What can be wrong with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The Jacobian is zero or negative at a point: nothing can be computed.
    Tangled,
    /// The scaled Jacobian is below its threshold.
    Jacobian,
    /// The aspect ratio is beyond its threshold.
    Aspect,
    /// The stretching is beyond its threshold.
    Stretching,
}

impl Fault {
    /// A few words for a report.
    pub fn text(self) -> &'static str {
        match self {
            Fault::Tangled => "negative or zero Jacobian",
            Fault::Jacobian => "uneven Jacobian",
            Fault::Aspect => "thin or skewed",
            Fault::Stretching => "size jumps",
        }
    }
}

/// Elements with each fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// See [`Fault::Tangled`].
    pub tangled: u64,
    /// See [`Fault::Jacobian`]; tangled ones included.
    pub jacobian: u64,
    /// See [`Fault::Aspect`].
    pub aspect: u64,
    /// See [`Fault::Stretching`].
    pub stretching: u64,
    /// Any of them.
    pub bad: u64,
}

impl Measures {
    /// Whether the Jacobian is zero, negative or no number anywhere.
    pub fn tangled(&self) -> bool {
        self.jacobian.is_nan() || self.jacobian <= 0.0
    }
}

impl Thresholds {
    /// What is wrong with an element, the gravest first.
    pub fn faults(&self, m: &Measures) -> Vec<Fault> {
        let mut faults = vec![];
        if m.tangled() {
            faults.push(Fault::Tangled);
        } else if m.jacobian < self.jacobian {
            faults.push(Fault::Jacobian);
        }
        if m.aspect > self.aspect {
            faults.push(Fault::Aspect);
        }
        if m.stretching > self.stretching {
            faults.push(Fault::Stretching);
        }
        faults
    }

    /// How many times beyond its threshold the worst measure is; tangled elements are worse than all others, and the more
    /// so the more negative they are.
    fn severity(&self, m: &Measures) -> (f64, f64) {
        let depth = if m.tangled() { 1.0 - m.jacobian.min(0.0) } else { 0.0 };
        let jacobian = if m.tangled() { 0.0 } else { self.jacobian / m.jacobian };
        (depth, jacobian.max(m.aspect / self.aspect).max(m.stretching / self.stretching))
    }
}

impl Quality {
    /// Global ids of the `n` worst elements, the worst first, whether or not they are beyond the thresholds.
    pub fn worst(&self, n: usize, thresholds: &Thresholds) -> Vec<usize> {
        let severity: Vec<(f64, f64)> = self.measures.iter().map(|m| thresholds.severity(m)).collect();
        let worse = |a: &usize, b: &usize| -> Ordering {
            let ((da, a_rest), (db, b_rest)) = (severity[*a], severity[*b]);
            db.total_cmp(&da).then(b_rest.total_cmp(&a_rest)).then(a.cmp(b))
        };
        let mut ids: Vec<usize> = (0..self.measures.len()).collect();
        if n < ids.len() {
            ids.select_nth_unstable_by(n, worse);
            ids.truncate(n);
        }
        ids.sort_unstable_by(worse);
        ids
    }

    /// Size of [`Quality::closure`] as a part of the area of all boundaries: rounding for a closed mesh; 0 without
    /// boundaries.
    pub fn open_part(&self) -> f64 {
        let area: f64 = self.boundaries.iter().map(|b| b.area).sum();
        let size = self.closure.iter().map(|x| x * x).sum::<f64>().sqrt();
        if area > 0.0 { size / area } else { 0.0 }
    }

    /// How many elements are beyond the thresholds.
    pub fn counts(&self, thresholds: &Thresholds) -> Counts {
        let mut counts = Counts::default();
        for m in &self.measures {
            let faults = thresholds.faults(m);
            for fault in &faults {
                match fault {
                    Fault::Tangled => {
                        (counts.tangled, counts.jacobian) = (counts.tangled + 1, counts.jacobian + 1)
                    }
                    Fault::Jacobian => counts.jacobian += 1,
                    Fault::Aspect => counts.aspect += 1,
                    Fault::Stretching => counts.stretching += 1,
                }
            }
            counts.bad += u64::from(!faults.is_empty());
        }
        counts
    }
}

/// Number of values below `edges[0]`, from each edge up to (not including) the next, and from the last on,
/// `[edges + 1]`; `edges` ascend. A NaN counts in the first place.
pub fn histogram(values: impl Iterator<Item = f64>, edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    values.for_each(|x| counts[edges.partition_point(|edge| *edge <= x)] += 1);
    counts
}
