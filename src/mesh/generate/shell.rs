//! Spherical shells.

use super::annulus::check_rings;
use super::domain::{check_growth, stretched};
use super::{Cells, Domain, GenerateError, Patches, Side};
use std::f64::consts::FRAC_PI_4;

/// The shell between two spheres about the origin: six patches, one on each face of a cube that is blown up to a sphere,
/// with equal angles between grid lines (Ronchi, Iacono and Paolucci 1996).
///
/// Parameters: two along a face of the cube, then outwards. Boundaries: `inner`, `outer`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shell {
    /// Radius of the inner sphere.
    pub inner: f64,
    /// Radius of the outer sphere.
    pub outer: f64,
    /// How many times as thick as the one before each layer of cells is, counted outwards.
    pub growth: f64,
    /// Layers of cells between the spheres, for `growth`.
    pub layers: usize,
}

impl Domain for Shell {
    fn name(&self) -> &'static str {
        "shell"
    }

    fn sides(&self) -> [Side; 6] {
        let joined = Side::Joined;
        [joined, joined, joined, joined, Side::named(&["inner"]), Side::named(&["outer"])]
    }

    fn patches(&self) -> Patches {
        Patches::CubeSurface
    }

    fn position(&self, patch: usize, t: [f64; 3]) -> [f64; 3] {
        let cube = Patches::on_cube(patch, t[0], t[1], 1.0);
        let x = cube.map(|c| (FRAC_PI_4 * (2.0 * c - 1.0)).tan());
        let r = self.inner + (self.outer - self.inner) * stretched(t[2], self.growth, self.layers);
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        x.map(|x| r * x / length)
    }

    fn check(&self, cells: Cells, counts: [usize; 3]) -> Result<(), GenerateError> {
        check_rings(self.inner, self.outer)?;
        check_growth(self.growth, self.layers)?;
        // Diagonals of faces that stand on the sphere would not meet across the edges of the cube.
        if cells.dims() != 3 || cells.split_sideways() {
            let choice = "hex, pri, pyr, hex+pri, hex+pyr and pri+pyr";
            return Err(GenerateError::Cells { domain: "shell", cells: cells.name(), choice });
        }
        if counts[0] != counts[1] {
            let expected = format!("{}, as along the other axis of a face of the cube", counts[0]);
            return Err(GenerateError::Size { what: "number of cells", value: counts[1] as f64, expected });
        }
        Ok(())
    }
}
