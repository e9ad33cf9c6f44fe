//! An order of points in which those that are near in space are near in the list: along a Hilbert curve.
//!
//! Skilling, "Programming the Hilbert curve", AIP Conference Proceedings 707 (2004). Its pieces of any size are compact,
//! so that the order suits caches of any size, and neighbouring ranges of it make fair partitions. Reverse Cuthill-McKee
//! gives a smaller bandwidth but long thin levels, and needs the graph.

use rayon::prelude::*;

/// Maps points to positions along a Hilbert curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    dims: usize,
    low: [f64; 3],
    scale: [f64; 3],
}

impl Curve {
    /// A curve through the box from `low` to `high` in `dims` dimensions (1 to 3). `cell` is the mean extent of an element
    /// along each axis: lengths are measured in it, so that flat elements count as cubes.
    pub fn new(dims: usize, low: [f64; 3], high: [f64; 3], cell: [f64; 3]) -> Curve {
        let cells: [f64; 3] = std::array::from_fn(|d| (high[d] - low[d]) / cell[d]);
        let most = cells[..dims].iter().copied().filter(|c| c.is_finite()).fold(1.0, f64::max);
        let steps = (1u64 << bits(dims)) as f64;
        let scale = std::array::from_fn(|d| {
            let scale = steps / (cell[d] * most);
            if d < dims && scale.is_finite() { scale } else { 0.0 }
        });
        Curve { dims, low, scale }
    }

    /// Position of a point on the curve; points outside the box count as on its sides.
    pub fn position(&self, x: [f64; 3]) -> u64 {
        let last = (1u64 << bits(self.dims)) - 1;
        // Casts saturate, and take what is not a number to 0.
        let at = std::array::from_fn(|d| (((x[d] - self.low[d]) * self.scale[d]) as u64).min(last) as u32);
        hilbert(at, self.dims)
    }
}

/// The numbers 0 to `count - 1` in increasing order of `key`, equal ones in their own order.
pub fn sorted_by_key(count: usize, key: impl Fn(usize) -> u64 + Sync) -> Vec<u32> {
    let mut keys: Vec<(u64, u32)> = (0..count).into_par_iter().map(|i| (key(i), i as u32)).collect();
    keys.par_sort_unstable();
    keys.into_par_iter().map(|(_, i)| i).collect()
}

/// Bits an axis, so that a position has 64 at most (31 in one dimension: coordinates are 32-bit numbers).
fn bits(dims: usize) -> u32 {
    [31, 31, 21][dims - 1]
}

/// Position along the Hilbert curve of a point of the integer grid.
fn hilbert(mut x: [u32; 3], dims: usize) -> u64 {
    let bits = bits(dims);
    if dims == 1 {
        return x[0] as u64;
    }
    // Undo the rotations and reflections of the nested cubes, from the largest down.
    let mut q = 1u32 << (bits - 1);
    while q > 1 {
        let p = q - 1;
        for d in 0..dims {
            // Branches on these bits are as good as random: masks instead.
            let set = 0u32.wrapping_sub(u32::from(x[d] & q != 0));
            let t = (x[0] ^ x[d]) & p & !set;
            x[0] ^= (p & set) | t;
            x[d] ^= t;
        }
        q >>= 1;
    }
    // Gray encode.
    for d in 1..dims {
        x[d] ^= x[d - 1];
    }
    let mut t = 0;
    let mut q = 1u32 << (bits - 1);
    while q > 1 {
        if x[dims - 1] & q != 0 {
            t ^= q - 1;
        }
        q >>= 1;
    }
    x[..dims].iter_mut().for_each(|x| *x ^= t);
    // The bits of the axes interleaved, the first axis highest.
    (0..bits).rev().fold(0, |position, b| {
        x[..dims].iter().fold(position, |position, x| position << 1 | u64::from(x >> b & 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Visiting order of a grid of `n` cells an axis.
    fn visit(dims: usize, n: usize) -> Vec<[usize; 3]> {
        let curve = Curve::new(dims, [0.0; 3], [n as f64; 3], [1.0; 3]);
        let axis = |d: usize| if d < dims { n } else { 1 };
        let cell = |i: usize| [i % n, i / n % n, i / (n * n)];
        let count = axis(0) * axis(1) * axis(2);
        let order = sorted_by_key(count, |i| curve.position(cell(i).map(|x| x as f64 + 0.5)));
        order.into_iter().map(|i| cell(i as usize)).collect()
    }

    #[test]
    fn the_curve_visits_every_cell_of_a_grid_and_steps_to_a_neighbour_each_time() {
        for (dims, n) in [(1, 16), (2, 16), (2, 64), (3, 8), (3, 16)] {
            let path = visit(dims, n);
            for pair in path.windows(2) {
                let step: usize = (0..3).map(|d| pair[0][d].abs_diff(pair[1][d])).sum();
                assert_eq!(step, 1, "{dims} dimensions, {n} cells: {pair:?}");
            }
        }
    }

    #[test]
    fn boxes_without_extent_and_points_outside_are_no_trouble() {
        for dims in 1..4 {
            let flat = Curve::new(dims, [1.0; 3], [1.0; 3], [0.0; 3]);
            assert_eq!(flat.position([1.0; 3]), 0);
            let curve = Curve::new(dims, [0.0; 3], [1.0; 3], [0.1; 3]);
            curve.position([-1.0, 2.0, f64::NAN]);
            curve.position([f64::MAX; 3]);
        }
    }
}
