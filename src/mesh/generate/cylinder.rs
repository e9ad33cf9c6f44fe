//! A cylinder in a box: the usual mesh of the flow past one.

use super::annulus::planar;
use super::domain::{check_around, check_growth, positive, stretched};
use super::{Cells, Domain, GenerateError, Side};
use std::f64::consts::{FRAC_PI_4, TAU};

/// The box around a cylinder along z with its axis through the origin.
///
/// Parameters: from the cylinder outwards, around, along z. A quarter of the cells around faces each side of the box, on
/// which they are equally wide; the first starts in the corner of `right` and `bottom`. Boundaries: `wall`, `left`,
/// `right`, `bottom`, `top`; in three dimensions `back` (low z) and `front`, unless it is periodic.
#[derive(Clone, Debug, PartialEq)]
pub struct Cylinder {
    /// Radius of the cylinder.
    pub radius: f64,
    /// Lower corner of the box; z is without meaning in two dimensions.
    pub low: [f64; 3],
    /// Upper corner.
    pub high: [f64; 3],
    /// How many times as thick as the one before each layer of cells is, counted from the wall.
    pub growth: f64,
    /// Layers of cells between the wall and the box, for `growth`.
    pub layers: usize,
    /// True for a cylinder that repeats along z.
    pub periodic: bool,
}

/// Points around at which the map is checked.
const SAMPLES: usize = 720;

impl Cylinder {
    /// The points on the circle and on the outline of the box that parameter `t` joins.
    fn ends(&self, t: f64) -> [[f64; 2]; 2] {
        let t = t.rem_euclid(1.0);
        let (sin, cos) = (TAU * t - FRAC_PI_4).sin_cos();
        let ([x0, y0, _], [x1, y1, _]) = (self.low, self.high);
        let quarter = ((4.0 * t) as usize).min(3);
        let along = 4.0 * t - quarter as f64;
        let [from, to] = match quarter {
            0 => [[x1, y0], [x1, y1]],
            1 => [[x1, y1], [x0, y1]],
            2 => [[x0, y1], [x0, y0]],
            _ => [[x0, y0], [x1, y0]],
        };
        [[self.radius * cos, self.radius * sin], std::array::from_fn(|d| from[d] + along * (to[d] - from[d]))]
    }
}

impl Domain for Cylinder {
    fn name(&self) -> &'static str {
        "cylinder in a box"
    }

    fn sides(&self) -> [Side; 6] {
        let [back, front] = if self.periodic {
            [Side::Periodic; 2]
        } else {
            [Side::named(&["back"]), Side::named(&["front"])]
        };
        let outline = Side::Boundary { axis: 1, names: &["right", "top", "left", "bottom"] };
        [Side::named(&["wall"]), outline, Side::Joined, Side::Joined, back, front]
    }

    /// None: the map has kinks along the rays to the corners of the box, and cells of very different sizes.
    fn warp_share(&self) -> f64 {
        0.0
    }

    fn position(&self, _: usize, t: [f64; 3]) -> [f64; 3] {
        let s = stretched(t[0], self.growth, self.layers);
        let [wall, outline] = self.ends(t[1]);
        // Written so that the sides of the box are met to the last bit.
        let [x, y] = std::array::from_fn(|d| wall[d] * (1.0 - s) + outline[d] * s);
        [x, y, self.low[2] + (self.high[2] - self.low[2]) * t[2]]
    }

    fn check(&self, cells: Cells, counts: [usize; 3]) -> Result<(), GenerateError> {
        planar("cylinder in a box", cells)?;
        positive("radius", self.radius)?;
        check_growth(self.growth, self.layers)?;
        check_around("cylinder in a box", counts[1], 4)?;
        for d in 0..cells.dims() {
            super::cuboid::check_extent(d, self.low[d], self.high[d])?;
        }
        // Along a ray from the wall to the box the Jacobian is linear, and it is positive on a box that holds the circle:
        // it is positive everywhere if rays leave the circle outwards.
        for i in 0..SAMPLES {
            let [wall, outline] = self.ends(i as f64 / SAMPLES as f64);
            let outwards = (0..2).map(|d| (outline[d] - wall[d]) * wall[d]).sum::<f64>() / self.radius;
            if outwards <= 0.01 * self.radius {
                return Err(GenerateError::Size {
                    what: "radius",
                    value: self.radius,
                    expected: format!(
                        "smaller, or the box larger and less lopsided about the origin, where the cylinder stands: near ({:.4}, {:.4}) \
                         there is no room between them",
                        wall[0], wall[1]
                    ),
                });
            }
        }
        Ok(())
    }
}
