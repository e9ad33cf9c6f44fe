//! Ways to look at a mesh, and the plane of the picture.

/// How a mesh is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// A 2-D mesh as it is.
    Flat,
    /// A 3-D mesh where the coordinate `axis` (0 to 2) has the value `at`.
    Slice {
        /// Number of the coordinate.
        axis: usize,
        /// Its value.
        at: f64,
    },
    /// A boundary of a 3-D mesh from far away, without perspective.
    Boundary {
        /// Its name.
        name: String,
        /// Directions to the right, up, and towards the eye: unit vectors at right angles.
        directions: [[f64; 3]; 3],
    },
}

/// Directions of the picture for an eye in the direction of these angles, in degrees: from the x-axis around z, and above the
/// plane of x and y.
pub fn directions(azimuth: f64, elevation: f64) -> [[f64; 3]; 3] {
    let ((sa, ca), (se, ce)) = (azimuth.to_radians().sin_cos(), elevation.to_radians().sin_cos());
    [[-sa, ca, 0.0], [-se * ca, -se * sa, ce], [ce * ca, ce * sa, se]]
}

/// A part of the plane of the picture: to the right from `low[0]` to `high[0]`, upwards from `low[1]` to `high[1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Lower left corner.
    pub low: [f64; 2],
    /// Upper right corner.
    pub high: [f64; 2],
}

impl Window {
    pub(super) const NOTHING: Window = Window { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };

    /// Width and height.
    pub fn size(&self) -> [f64; 2] {
        [self.high[0] - self.low[0], self.high[1] - self.low[1]]
    }

    pub(super) fn with(self, p: [f64; 2]) -> Window {
        Window {
            low: std::array::from_fn(|d| self.low[d].min(p[d])),
            high: std::array::from_fn(|d| self.high[d].max(p[d])),
        }
    }

    pub(super) fn and(self, other: Window) -> Window {
        Window {
            low: std::array::from_fn(|d| self.low[d].min(other.low[d])),
            high: std::array::from_fn(|d| self.high[d].max(other.high[d])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::geometry::cross;

    #[test]
    fn the_eye_sees_right_handed_axes() {
        for (azimuth, elevation) in [(0.0, 0.0), (-60.0, 30.0), (130.0, -10.0)] {
            let [right, up, eye] = directions(azimuth, elevation);
            let c = cross(&right, &up);
            assert!((0..3).all(|d| (c[d] - eye[d]).abs() < 1e-12));
        }
        assert_eq!(directions(0.0, 0.0)[2], [1.0, 0.0, 0.0]);
    }
}
