//! Boxes.

use super::{Cells, Domain, GenerateError, Side, Structured};
use crate::mesh::Mesh;
use crate::mesh::raw::RawMesh;

/// Names of the sides: x-, x+, y-, y+, z-, z+.
pub const SIDES: [&str; 6] = ["left", "right", "bottom", "top", "back", "front"];

/// A box, rectangle or interval. Boundaries: those of [`SIDES`], but of periodic axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuboid {
    /// Lower corner.
    pub low: [f64; 3],
    /// Upper corner.
    pub high: [f64; 3],
    /// Which axes are periodic.
    pub periodic: [bool; 3],
}

impl Default for Cuboid {
    /// From 0 to 1 along each axis, not periodic.
    fn default() -> Cuboid {
        Cuboid { low: [0.0; 3], high: [1.0; 3], periodic: [false; 3] }
    }
}

impl Domain for Cuboid {
    fn name(&self) -> &'static str {
        "box"
    }

    fn sides(&self) -> [Side; 6] {
        std::array::from_fn(|side| {
            if self.periodic[side / 2] {
                Side::Periodic
            } else {
                Side::Boundary { axis: 0, names: &SIDES[side..=side] }
            }
        })
    }

    fn warp_share(&self) -> f64 {
        1.0
    }

    fn position(&self, _: usize, t: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|d| self.low[d] + (self.high[d] - self.low[d]) * t[d])
    }

    fn check(&self, cells: Cells, _: [usize; 3]) -> Result<(), GenerateError> {
        (0..cells.dims()).try_for_each(|d| check_extent(d, self.low[d], self.high[d]))
    }
}

/// Refuses an axis along which there is no room.
pub(super) fn check_extent(axis: usize, low: f64, high: f64) -> Result<(), GenerateError> {
    let what = ["upper x", "upper y", "upper z"][axis];
    if high > low && (high - low).is_finite() {
        return Ok(());
    }
    Err(GenerateError::Size {
        what,
        value: high,
        expected: format!("a number larger than the lower one, {low}"),
    })
}

/// A box of `counts` cells an axis; a builder around [`Structured`] for meshes that are known to be sound.
///
/// Sides of axes that are not periodic are the boundaries of [`SIDES`]; periodic ones are the physical groups
/// `periodic_x_l`, `periodic_x_r` and so on, as in a file.
#[derive(Clone, Debug)]
pub struct BoxMesh {
    cells: Cells,
    cuboid: Cuboid,
    mesh: Structured,
}

impl BoxMesh {
    /// A unit interval, square or cube of `counts` cells (those beyond its dimensions are ignored), not periodic, straight.
    ///
    /// # Panics
    /// If a count is zero.
    pub fn new(cells: Cells, counts: [usize; 3]) -> BoxMesh {
        let counts = std::array::from_fn(|d| if d < cells.dims() { counts[d] } else { 1 });
        assert!(counts.iter().all(|n| *n > 0), "a box needs at least one cell along every axis");
        let cuboid = Cuboid::default();
        BoxMesh { cells, mesh: Structured::new(cuboid.clone(), cells, counts), cuboid }
    }

    /// Space dimensions.
    pub fn dims(&self) -> usize {
        self.cells.dims()
    }

    /// Reaches from `low` to `high` along each axis.
    pub fn extents(mut self, low: [f64; 3], high: [f64; 3]) -> BoxMesh {
        (self.cuboid.low, self.cuboid.high) = (low, high);
        self
    }

    /// Which axes are periodic.
    pub fn periodic(mut self, axes: [bool; 3]) -> BoxMesh {
        self.cuboid.periodic = axes;
        self
    }

    /// As [`Structured::order`]; 0 is taken as 1.
    pub fn order(mut self, order: usize) -> BoxMesh {
        self.mesh = self.mesh.order(order.max(1));
        self
    }

    /// As [`Structured::warp`].
    pub fn warp(mut self, amplitude: f64) -> BoxMesh {
        self.mesh = self.mesh.warp(amplitude);
        self
    }

    /// As [`Structured::wave`].
    pub fn wave(mut self, amplitude: f64) -> BoxMesh {
        self.mesh = self.mesh.wave(amplitude);
        self
    }

    /// As [`Structured::map`].
    pub fn map(mut self, map: impl Fn([f64; 3]) -> [f64; 3] + Send + Sync + 'static) -> BoxMesh {
        self.mesh = self.mesh.map(map);
        self
    }

    /// As [`Structured::shuffle`].
    pub fn shuffle(mut self, seed: u64) -> BoxMesh {
        self.mesh = self.mesh.shuffle(seed);
        self
    }

    /// The same mesh, whose outputs return errors instead of panicking.
    pub fn structured(&self) -> Structured {
        self.mesh.clone().within(self.cuboid.clone())
    }

    /// The mesh as a file would say it.
    ///
    /// # Panics
    /// If it cannot be, see [`GenerateError`].
    pub fn raw(&self) -> RawMesh {
        self.structured().raw().unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The mesh, connected.
    ///
    /// # Panics
    /// As [`BoxMesh::raw`], or if a map tangles elements.
    pub fn build(&self) -> Mesh {
        self.structured().build().unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}
