//! Where the parameters of a structured mesh lie in space, and what is beyond their ends.

use super::{Cells, GenerateError};
use std::fmt::Debug;

/// A region that the unit cube of parameters covers (its first axes, in fewer dimensions), once or in several patches.
pub trait Domain: Debug + Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// What is beyond each side of the parameters: first axis low and high, second, third.
    fn sides(&self) -> [Side; 6];

    /// How many copies of the unit cube there are, and how they meet.
    fn patches(&self) -> Patches {
        Patches::One
    }

    /// The part of a warp's amplitude that elements bear here, compared with a box.
    fn warp_share(&self) -> f64 {
        0.5
    }

    /// The point with parameters `t` (from 0 to 1) of a patch. The map keeps orientation.
    fn position(&self, patch: usize, t: [f64; 3]) -> [f64; 3];

    /// Refuses sizes that make no such region, and cells or counts that it cannot have.
    ///
    /// # Errors
    /// Says what is wrong with which size.
    fn check(&self, cells: Cells, counts: [usize; 3]) -> Result<(), GenerateError>;
}

/// What is beyond a side of the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    /// Boundaries: as many equal spans along `axis` as there are names; usually one.
    Boundary {
        /// Axis of the parameters along which the names follow each other.
        axis: usize,
        /// Names of the boundaries.
        names: &'static [&'static str],
    },
    /// The opposite side, moved by a translation: the physical groups `periodic_x_l` and `periodic_x_r` (`y`, `z`).
    Periodic,
    /// The opposite side or another patch, which has the same points.
    Joined,
}

impl Side {
    /// One boundary.
    pub const fn named(name: &'static [&'static str; 1]) -> Side {
        Side::Boundary { axis: 0, names: name }
    }
}

/// How copies of the unit cube of parameters meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patches {
    /// A single one.
    One,
    /// Six, one on each face of a cube, the third axis outwards. Patch `2 d` is the low face across axis `d`, `2 d + 1` the
    /// high one; the first two parameters run along the other two axes, in cyclic order on high faces, in the opposite
    /// order on low ones. The numbers of cells along both are the same.
    CubeSurface,
}

impl Patches {
    /// How many.
    pub fn count(self) -> usize {
        match self {
            Patches::One => 1,
            Patches::CubeSurface => 6,
        }
    }

    /// The point of the cube from 0 to `high` in which the point `(a, b)` of a patch of [`Patches::CubeSurface`] lies, `a` and
    /// `b` from 0 to `high`.
    pub fn on_cube<T: Copy + Default>(patch: usize, a: T, b: T, high: T) -> [T; 3] {
        let axis = patch / 2;
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        let mut x = [T::default(); 3];
        if patch % 2 == 1 {
            (x[axis], x[u], x[v]) = (high, a, b);
        } else {
            (x[u], x[v]) = (b, a);
        }
        x
    }
}

/// Where `t` goes when each of `count` cells is `growth` times as long as the one before: from 0 to 1 like `t`, smooth
/// within the cells, too.
pub fn stretched(t: f64, growth: f64, count: usize) -> f64 {
    let rate = growth.ln() * count as f64;
    if rate.abs() < 1e-9 { t } else { (rate * t).exp_m1() / rate.exp_m1() }
}

/// Refuses a size that is not a positive, finite number.
pub(super) fn positive(what: &'static str, value: f64) -> Result<(), GenerateError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(GenerateError::Size { what, value, expected: "a positive number".into() })
    }
}

/// Refuses a growth that leaves no digits to tell the cells apart.
pub(super) fn check_growth(growth: f64, count: usize) -> Result<(), GenerateError> {
    positive("growth", growth)?;
    let whole = growth.ln() * count as f64;
    if whole.abs() > 25.0 {
        let most = (25.0 / count as f64).exp();
        return Err(GenerateError::Size {
            what: "growth",
            value: growth,
            expected: format!("between {:.4} and {most:.4} with {count} cells", 1.0 / most),
        });
    }
    Ok(())
}

/// Refuses fewer cells around than keep two elements from sharing all vertices of a face.
pub(super) fn check_around(domain: &'static str, count: usize, multiple: usize) -> Result<(), GenerateError> {
    if count < 3 || !count.is_multiple_of(multiple) {
        return Err(GenerateError::Around { domain, count, multiple });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_grow_by_the_ratio_asked_for() {
        for growth in [0.8, 1.0, 1.2] {
            let x = |i: usize| stretched(i as f64 / 10.0, growth, 10);
            assert_eq!((x(0), (x(10) - 1.0).abs() < 1e-14), (0.0, true));
            for i in 1..10 {
                assert!(((x(i + 1) - x(i)) / (x(i) - x(i - 1)) - growth).abs() < 1e-12);
            }
        }
        assert!(
            check_growth(1.2, 30).is_ok() && check_growth(2.0, 100).is_err() && check_growth(0.0, 1).is_err()
        );
    }
}
