//! How much work elements take, and how much of it the parts get.

use super::PartitionError;
use crate::element::Shape;
use crate::mesh::Mesh;
use std::str::FromStr;

/// Least and largest weight that may be given.
const LIMITS: [f64; 2] = [1e-6, 1e6];

/// Shares of the parts: how many parts, and how much work each gets in relation to the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Weight, and number of parts that have it, in the order of the parts.
    runs: Vec<(f64, usize)>,
}

impl From<usize> for Shares {
    /// So many equal parts.
    fn from(parts: usize) -> Shares {
        Shares { runs: vec![(1.0, parts)] }
    }
}

impl FromStr for Shares {
    type Err = PartitionError;

    /// A number of equal parts (`4`), or weights separated by colons (`3:2:1`), where `W*N` stands for N parts of weight W
    /// (`1*4`, `3:1*2`).
    fn from_str(text: &str) -> Result<Shares, PartitionError> {
        let wrong = || PartitionError::Shares(text.into());
        let count = |n: &str| n.trim().parse::<usize>().map_err(|_| wrong());
        if !text.contains([':', '*']) {
            return Ok(Shares::from(count(text)?));
        }
        let run = |item: &str| {
            let (w, n) = match item.split_once('*') {
                Some((w, n)) => (w, count(n)?),
                None => (item, 1),
            };
            Ok((weight(w).ok_or_else(wrong)?, n))
        };
        let runs: Vec<(f64, usize)> = text.split(':').map(run).collect::<Result<_, _>>()?;
        if runs.iter().any(|r| r.1 == 0) { Err(wrong()) } else { Ok(Shares { runs }) }
    }
}

impl Shares {
    /// Number of parts.
    pub fn parts(&self) -> usize {
        self.runs.iter().fold(0, |sum, r| sum.saturating_add(r.1))
    }

    /// Fraction of all work that each part gets. Takes memory for every part.
    pub fn fractions(&self) -> Vec<f64> {
        let sum: f64 = self.runs.iter().map(|r| r.0 * r.1 as f64).sum();
        self.runs.iter().flat_map(|r| std::iter::repeat_n(r.0 / sum, r.1)).collect()
    }

    /// True when all parts get the same.
    pub fn equal(&self) -> bool {
        self.runs.iter().all(|r| r.0 == self.runs[0].0)
    }
}

/// How elements of different shapes are weighed against each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// By the time they take in a run of this polynomial order, as measured.
    Measured {
        /// Order of the solution.
        order: usize,
    },
    /// By these weights; every shape of the mesh needs one.
    Given(Vec<(Shape, f64)>),
    /// Not at all: the elements of each shape are distributed evenly for themselves.
    Balanced,
}

/// Order of the solution for which meshes are divided when nobody says another.
pub const TYPICAL_ORDER: usize = 3;

impl Default for Work {
    fn default() -> Work {
        Work::Measured { order: TYPICAL_ORDER }
    }
}

impl Work {
    /// From the arguments of a command line: `balanced`, or `SHAPE:WEIGHT` for every shape; none for the measured weights.
    ///
    /// # Errors
    /// An unknown shape, one named twice, a weight that is not a positive number of reasonable size.
    pub fn from_arguments<T: AsRef<str>>(arguments: &[T], order: usize) -> Result<Work, PartitionError> {
        let mut given: Vec<(Shape, f64)> = Vec::new();
        for argument in arguments.iter().map(AsRef::as_ref) {
            if argument == "balanced" && arguments.len() == 1 {
                return Ok(Work::Balanced);
            }
            let wrong = || PartitionError::Work(argument.into());
            let (name, w) = argument.split_once(':').ok_or_else(wrong)?;
            let shape = Shape::from_name(name).ok_or_else(wrong)?;
            if given.iter().any(|g| g.0 == shape) {
                return Err(wrong());
            }
            given.push((shape, weight(w).ok_or_else(wrong)?));
        }
        Ok(if given.is_empty() { Work::Measured { order } } else { Work::Given(given) })
    }

    /// Weight of an element of `shape`; positive.
    pub(super) fn of(&self, shape: Shape) -> Result<f64, PartitionError> {
        match self {
            Work::Measured { order } => Ok(nanoseconds(shape, *order)),
            Work::Balanced => Ok(1.0),
            Work::Given(list) => match list.iter().find(|w| w.0 == shape).map(|w| w.1) {
                Some(w) if in_limits(w) => Ok(w),
                Some(w) => Err(PartitionError::Work(format!("{}:{w}", shape.name()))),
                None => Err(PartitionError::NoWeight(shape.name())),
            },
        }
    }

    /// The order whose numbers of points weigh the faces.
    pub(super) fn order(&self) -> usize {
        match self {
            Work::Measured { order } => *order,
            _ => TYPICAL_ORDER,
        }
    }

    /// Weight of the elements of each block.
    pub(super) fn of_blocks(&self, mesh: &Mesh) -> Result<Vec<f64>, PartitionError> {
        mesh.blocks.iter().map(|b| self.of(b.shape)).collect()
    }
}

fn in_limits(w: f64) -> bool {
    (LIMITS[0]..=LIMITS[1]).contains(&w)
}

/// A weight as the user writes it.
fn weight(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|w| in_limits(*w))
}

/// Time that a straight element takes in one right-hand side of the Euler equations, with its share of the Runge-Kutta
/// update, in nanoseconds on one thread, at orders 1 to 6; only ratios matter.
///
/// Measured, not guessed: `cargo bench --bench shapes`, 21 November 2026, f64, AVX-512 (Zen 4), the least of 12 steps on a
/// million unknowns, other work on the machine. The shapes differ in more than their points: products of lines work line
/// by line, the others by dense matrices.
const MEASURED: [(Shape, [f64; 6]); 6] = [
    (Shape::Tri, [83.0, 168.0, 235.0, 309.0, 420.0, 603.0]),
    (Shape::Quad, [112.0, 214.0, 298.0, 396.0, 432.0, 753.0]),
    (Shape::Tet, [220.0, 481.0, 859.0, 1637.0, 2907.0, 5329.0]),
    (Shape::Hex, [409.0, 749.0, 1301.0, 2770.0, 3959.0, 5862.0]),
    (Shape::Prism, [333.0, 770.0, 1938.0, 4788.0, 10265.0, 21885.0]),
    (Shape::Pyramid, [266.0, 604.0, 1323.0, 2910.0, 6623.0, 12650.0]),
];

/// Time that an element takes in one right-hand side, in nanoseconds. Beyond the orders measured it grows with the points.
fn nanoseconds(shape: Shape, order: usize) -> f64 {
    let points = |order| shape.points(order) as f64;
    // Lines fill one-dimensional meshes alone.
    let Some((_, measured)) = MEASURED.iter().find(|m| m.0 == shape) else { return points(order) };
    let nearest = order.clamp(1, measured.len());
    measured[nearest - 1] * points(order) / points(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fractions(text: &str) -> Vec<f64> {
        text.parse::<Shares>().unwrap().fractions()
    }

    #[test]
    fn shares_are_read_as_they_are_written() {
        assert_eq!(fractions("4"), [0.25; 4]);
        assert_eq!(fractions("1*4"), [0.25; 4]);
        assert_eq!(fractions("3:2:1"), [3.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0]);
        assert_eq!(fractions("2:1*2"), [0.5, 0.25, 0.25]);
        assert_eq!(fractions("0.5*2:1"), [0.25, 0.25, 0.5]);
        assert_eq!("7".parse::<Shares>().unwrap(), Shares::from(7));
        // Nothing is allocated for the parts before they are compared with the elements.
        assert_eq!("1*18446744073709551615:1".parse::<Shares>().unwrap().parts(), usize::MAX);
    }

    #[test]
    fn impossible_shares_are_refused() {
        for text in [
            "",
            "-1",
            "1.5",
            "x",
            "3:",
            ":3",
            "3::1",
            "0:1",
            "-1:2",
            "nan:1",
            "1e7:1",
            "1e-9:1",
            "inf:1",
            "2*0",
            "2*-1",
            "*3",
            "2*",
            "1*2*3",
            "1*99999999999999999999",
        ] {
            assert_eq!(text.parse::<Shares>(), Err(PartitionError::Shares(text.into())), "{text}");
        }
    }

    #[test]
    fn shapes_are_weighed_as_the_arguments_say() {
        let given = Work::from_arguments(&["hex:3", "tet:0.5"], 2).unwrap();
        assert_eq!(given, Work::Given(vec![(Shape::Hex, 3.0), (Shape::Tet, 0.5)]));
        assert_eq!((given.of(Shape::Hex), given.of(Shape::Tet)), (Ok(3.0), Ok(0.5)));
        assert_eq!(given.of(Shape::Quad), Err(PartitionError::NoWeight("quad")));
        assert_eq!(Work::from_arguments(&["balanced"], 2).unwrap(), Work::Balanced);
        assert_eq!(Work::from_arguments::<&str>(&[], 2).unwrap(), Work::Measured { order: 2 });
        for bad in
            ["hex", "hex:0", "hex:-1", "hex:nan", "hex:inf", "hex:1e300", "box:1", "hex:", ":1", "hex:1:2"]
        {
            assert_eq!(Work::from_arguments(&[bad], 2), Err(PartitionError::Work(bad.into())));
        }
        for bad in [["balanced", "hex:1"], ["hex:1", "hex:2"]] {
            assert!(Work::from_arguments(&bad, 2).is_err());
        }
        assert!(Work::Given(vec![(Shape::Hex, f64::NAN)]).of(Shape::Hex).is_err());
    }
}
