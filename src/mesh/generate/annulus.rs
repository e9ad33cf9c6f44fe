//! Rings and pipes.

use super::domain::{check_around, check_growth, positive, stretched};
use super::{Cells, Domain, GenerateError, Side};
use std::f64::consts::TAU;

/// The ring between two circles about the origin, or the pipe along z over it.
///
/// Parameters: from the inner circle outwards, around, along z. Boundaries: `inner`, `outer`; in three dimensions `back`
/// (z = 0) and `front`, unless it is periodic.
#[derive(Clone, Debug, PartialEq)]
pub struct Annulus {
    /// Radius of the inner circle.
    pub inner: f64,
    /// Radius of the outer circle.
    pub outer: f64,
    /// Length along z; without meaning in two dimensions.
    pub length: f64,
    /// How many times as thick as the one before each layer of cells is, counted outwards.
    pub growth: f64,
    /// Layers of cells between the circles, for `growth`.
    pub layers: usize,
    /// True for a pipe that repeats along z.
    pub periodic: bool,
}

impl Domain for Annulus {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn sides(&self) -> [Side; 6] {
        let [back, front] = if self.periodic {
            [Side::Periodic; 2]
        } else {
            [Side::named(&["back"]), Side::named(&["front"])]
        };
        [Side::named(&["inner"]), Side::named(&["outer"]), Side::Joined, Side::Joined, back, front]
    }

    fn position(&self, _: usize, t: [f64; 3]) -> [f64; 3] {
        let r = self.inner + (self.outer - self.inner) * stretched(t[0], self.growth, self.layers);
        let (sin, cos) = (TAU * t[1]).sin_cos();
        [r * cos, r * sin, self.length * t[2]]
    }

    fn check(&self, cells: Cells, counts: [usize; 3]) -> Result<(), GenerateError> {
        planar("ring", cells)?;
        check_rings(self.inner, self.outer)?;
        check_growth(self.growth, self.layers)?;
        check_around("ring", counts[1], 1)?;
        if cells.dims() == 3 { positive("length", self.length) } else { Ok(()) }
    }
}

/// Refuses radii that leave nothing between them.
pub(super) fn check_rings(inner: f64, outer: f64) -> Result<(), GenerateError> {
    positive("inner radius", inner)?;
    positive("outer radius", outer)?;
    if inner < outer {
        return Ok(());
    }
    let expected = format!("larger than the inner radius {inner}");
    Err(GenerateError::Size { what: "outer radius", value: outer, expected })
}

/// Refuses lines where a surface or a volume is to be covered.
pub(super) fn planar(domain: &'static str, cells: Cells) -> Result<(), GenerateError> {
    if cells.dims() > 1 {
        return Ok(());
    }
    Err(GenerateError::Cells {
        domain,
        cells: cells.name(),
        choice: "quad, tri and the shapes of three dimensions",
    })
}
