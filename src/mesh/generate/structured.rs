//! A structured mesh, described.

use super::warp::warp;
use super::{Cells, Domain, Patches, Side};
use std::fmt;
use std::sync::Arc;

/// Largest amplitude of a warp. The warp itself is one-to-one up to 0.159 (1 over 2 pi); the rest is for elements, which
/// follow it with straight edges or polynomials. [`Structured::most_warp`] says what coarse meshes bear.
pub const MAX_WARP: f64 = 0.1;

/// A structured mesh: a grid of cells on a [`Domain`]; a builder, whose methods `totals`, `raw`, `build` and `write_msh` make
/// the mesh.
///
/// The volume is the physical group `fluid`; boundaries are those of the domain.
#[derive(Clone, Debug)]
pub struct Structured {
    pub(super) domain: Arc<dyn Domain>,
    pub(super) cells: Cells,
    pub(super) counts: [usize; 3],
    pub(super) order: usize,
    pub(super) warp: f64,
    waves: bool,
    map: Option<Map>,
    pub(super) seed: Option<u64>,
}

/// A map of space.
#[derive(Clone)]
struct Map(Arc<dyn Fn([f64; 3]) -> [f64; 3] + Send + Sync>);

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Map(..)")
    }
}

impl Structured {
    /// `counts` cells along each axis of the parameters (those beyond the dimensions of the cells are ignored), straight, not
    /// shuffled.
    pub fn new(domain: impl Domain + 'static, cells: Cells, counts: [usize; 3]) -> Structured {
        let counts = std::array::from_fn(|d| if d < cells.dims() { counts[d] } else { 1 });
        let domain = Arc::new(domain);
        Structured { domain, cells, counts, order: 1, warp: 0.0, waves: false, map: None, seed: None }
    }

    /// The same grid on another domain.
    pub fn within(mut self, domain: impl Domain + 'static) -> Structured {
        self.domain = Arc::new(domain);
        self
    }

    /// Order of the geometry (default 1); above 1, elements follow the domain, the warp and the map as curves.
    pub fn order(mut self, order: usize) -> Structured {
        self.order = order;
        self
    }

    /// Moves nodes smoothly, by `amplitude` (up to [`MAX_WARP`], better to [`Structured::most_warp`]) times the extents times the product of `sin 2 pi t` over
    /// the axes, t being the parameters from 0 to 1. Sides stay where they are.
    pub fn warp(mut self, amplitude: f64) -> Structured {
        (self.warp, self.waves) = (amplitude, false);
        self
    }

    /// As [`Structured::warp`], but along axes that are periodic or closed the sine is shifted, so that these sides are bent,
    /// too, both of a pair alike.
    pub fn wave(mut self, amplitude: f64) -> Structured {
        (self.warp, self.waves) = (amplitude, true);
        self
    }

    /// Moves every node to where `map` takes it, after the warp. The map must keep orientation; periodic sides must stay
    /// translations of each other. In fewer than three dimensions it gets zeros for the others, and what it makes of them
    /// is dropped.
    pub fn map(mut self, map: impl Fn([f64; 3]) -> [f64; 3] + Send + Sync + 'static) -> Structured {
        self.map = Some(Map(Arc::new(map)));
        self
    }

    /// Permutes the elements, and the vertex at which each one starts (orientation kept), so that faces meet in every
    /// possible way.
    pub fn shuffle(mut self, seed: u64) -> Structured {
        self.seed = Some(seed);
        self
    }

    /// Space dimensions.
    pub fn dims(&self) -> usize {
        self.cells.dims()
    }

    /// Largest amplitude of a warp with which all Jacobians stay positive, as tried with all kinds of cells, orders 1 to 4:
    /// [`MAX_WARP`] from 8 cells an axis on, less with fewer, and less where the domain bends the cells, too.
    pub fn most_warp(&self) -> f64 {
        let least = self.counts[..self.dims()].iter().min().copied().unwrap_or(1);
        let most = match least {
            0..=2 => 0.03,
            3..=7 => 0.06,
            _ => MAX_WARP,
        };
        most * self.domain.warp_share()
    }

    /// The point with parameters `t` of a patch, warped and mapped.
    pub(super) fn position(&self, patch: usize, t: [f64; 3]) -> [f64; 3] {
        // Across the edges of several patches, directions change: nothing may move there.
        let repeats = if self.waves && self.domain.patches() == Patches::One {
            let sides = self.domain.sides();
            std::array::from_fn(|d| !matches!(sides[2 * d], Side::Boundary { .. }))
        } else {
            [false; 3]
        };
        let dims = self.dims();
        let flat = |x: [f64; 3]| std::array::from_fn(|d| if d < dims { x[d] } else { 0.0 });
        let x = flat(self.domain.position(patch, warp(t, dims, self.warp, repeats)));
        match &self.map {
            Some(Map(map)) => flat(map(x)),
            None => x,
        }
    }
}
