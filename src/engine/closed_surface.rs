//! Bodies within a closed surface of triangles, such as that of an STL file.
//!
//! A point is inside where the surface winds around it: where the triangles that a ray along x passes leave the body more often
//! than they enter it. The ray meets a triangle where the point's y and z lie in the triangle's shadow on the plane of y and z,
//! by a rule that gives every point of an edge to one of the triangles at it (Sunday, Practical Geometry Algorithms, 2021, chapter
//! 3). All decisions are signs of determinants, exact as `robust` finds them; so no ray slips through between two triangles.
//!
//! Which triangles may have a point in their shadow, a grid over the plane tells.

use robust::{Coord, Coord3D, orient2d, orient3d};
use std::collections::HashMap;
use thiserror::Error;

/// A triangle: its corners, counter-clockwise seen from outside.
pub type Triangle = [[f64; 3]; 3];

/// Why triangles are no closed surface.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SurfaceError {
    /// There are none.
    #[error("it has no triangles")]
    Empty,
    /// A coordinate is infinite or not a number.
    #[error("triangle {0} has a corner at no finite place")]
    NotFinite(usize),
    /// More than can be numbered.
    #[error("it has {0} triangles, and there may be {max}", max = MOST)]
    TooMany(usize),
    /// Edges without a triangle on either side, or between two that are turned in different ways.
    #[error(
        "it is not closed: {edges} of its edges have no triangle on the other side, or one that is turned the other way, such as \
         that from {from:?} to {to:?}; close its holes in the program that it comes from"
    )]
    Open {
        /// How many.
        edges: usize,
        /// Where one of them begins.
        from: [f64; 3],
        /// Where it ends.
        to: [f64; 3],
    },
}

/// Triangles that a surface may have.
const MOST: usize = 100_000_000;

/// Places in the grid for each triangle, at most: triangles that are long and narrow are in many cells.
const PLACES: usize = 8;

/// A closed surface of triangles; it may have several parts, which may lie within each other (a hollow) or overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedSurface {
    triangles: Vec<Triangle>,
    /// Lowest and highest coordinates.
    bounds: [[f64; 3]; 2],
    /// Cells along y and z.
    cells: usize,
    /// Where the triangles of each cell begin in `listed`, cells of one z after each other.
    starts: Vec<u32>,
    listed: Vec<u32>,
}

impl ClosedSurface {
    /// A surface of these triangles. Corners are the same where their coordinates are.
    ///
    /// # Errors
    /// [`SurfaceError`].
    pub fn new(triangles: Vec<Triangle>) -> Result<ClosedSurface, SurfaceError> {
        if triangles.is_empty() {
            return Err(SurfaceError::Empty);
        }
        if triangles.len() > MOST {
            return Err(SurfaceError::TooMany(triangles.len()));
        }
        if let Some(n) = triangles.iter().position(|t| t.as_flattened().iter().any(|x| !x.is_finite())) {
            return Err(SurfaceError::NotFinite(n + 1));
        }
        check_closed(&triangles)?;
        let mut bounds = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for corner in triangles.as_flattened() {
            for d in 0..3 {
                bounds[0][d] = bounds[0][d].min(corner[d]);
                bounds[1][d] = bounds[1][d].max(corner[d]);
            }
        }
        let mut surface = ClosedSurface { triangles, bounds, cells: 1, starts: vec![], listed: vec![] };
        let most = PLACES * surface.triangles.len();
        surface.cells = ((surface.triangles.len() as f64).sqrt() as usize).clamp(1, 4096);
        while surface.cells > 1 && surface.places().map(|(ys, zs)| ys.len() * zs.len()).sum::<usize>() > most
        {
            surface.cells /= 2;
        }
        surface.list();
        Ok(surface)
    }

    /// Whether a place is inside or on the surface.
    pub fn contains(&self, x: [f64; 3]) -> bool {
        if !(0..3).all(|d| (self.bounds[0][d]..=self.bounds[1][d]).contains(&x[d])) {
            return false;
        }
        let cell = self.cell(x, 2) * self.cells + self.cell(x, 1);
        let here = self.starts[cell] as usize..self.starts[cell + 1] as usize;
        let mut turns = 0;
        for &n in &self.listed[here] {
            let triangle = &self.triangles[n as usize];
            let (winds, near) = (shadow(triangle, x), around(triangle, x));
            if winds == 0 && !near {
                continue;
            }
            let [a, b, c] = triangle.map(|[x, y, z]| Coord3D { x, y, z });
            let side = orient3d(a, b, c, Coord3D { x: x[0], y: x[1], z: x[2] });
            if near && side == 0.0 && on(triangle, x) {
                return true;
            }
            // The surface is ahead on the ray where the point is behind it, seen along its own normal.
            if f64::from(winds) * side > 0.0 {
                turns += winds;
            }
        }
        turns != 0
    }

    /// The cell of a coordinate along y or z; grows with it, so that what lies between two values is in a cell between theirs.
    fn cell(&self, x: [f64; 3], along: usize) -> usize {
        let (low, high) = (self.bounds[0][along], self.bounds[1][along]);
        // A body without extent has one cell: a conversion makes 0 of what is not a number.
        let share = (x[along] - low) / (high - low);
        ((share * self.cells as f64) as usize).min(self.cells - 1)
    }

    /// The cells along y and z that each triangle's shadow may touch.
    fn places(&self) -> impl Iterator<Item = (std::ops::Range<usize>, std::ops::Range<usize>)> {
        self.triangles.iter().map(|t| {
            let along = |d: usize| {
                let cells = t.map(|corner| self.cell(corner, d));
                let [a, b, c] = cells;
                a.min(b).min(c)..a.max(b).max(c) + 1
            };
            (along(1), along(2))
        })
    }

    /// Writes down which triangles each cell has.
    fn list(&mut self) {
        let cells = self.cells;
        let mut starts = vec![0; cells * cells + 1];
        for (ys, zs) in self.places() {
            zs.for_each(|z| ys.clone().for_each(|y| starts[z * cells + y + 1] += 1));
        }
        (1..starts.len()).for_each(|n| starts[n] += starts[n - 1]);
        let mut listed = vec![0; starts[cells * cells] as usize];
        let mut next = starts.clone();
        for (n, (ys, zs)) in (0..).zip(self.places()) {
            for z in zs {
                for y in ys.clone() {
                    let next = &mut next[z * cells + y];
                    listed[*next as usize] = n;
                    *next += 1;
                }
            }
        }
        (self.starts, self.listed) = (starts, listed);
    }
}

/// How often the shadow of a triangle on the plane of y and z winds around a place, counter-clockwise seen from high x.
fn shadow(triangle: &Triangle, x: [f64; 3]) -> i32 {
    let flat = |p: [f64; 3]| Coord { x: p[1], y: p[2] };
    let mut winds = 0;
    for n in 0..3 {
        let (a, b) = (triangle[n], triangle[(n + 1) % 3]);
        let up = a[2] <= x[2] && x[2] < b[2];
        let down = b[2] <= x[2] && x[2] < a[2];
        if up || down {
            let side = orient2d(flat(a), flat(b), flat(x));
            winds += i32::from(up && side > 0.0) - i32::from(down && side < 0.0);
        }
    }
    winds
}

/// Whether a place is within the lowest and highest coordinates of a triangle.
fn around(triangle: &Triangle, x: [f64; 3]) -> bool {
    (0..3).all(|d| triangle.iter().any(|c| c[d] <= x[d]) && triangle.iter().any(|c| c[d] >= x[d]))
}

/// Whether a place in the plane of a triangle is in it, edges included; in none where the corners lie on a line.
fn on(triangle: &Triangle, x: [f64; 3]) -> bool {
    let [a, b, c] = triangle;
    let edge = |p: &[f64; 3]| -> [f64; 3] { std::array::from_fn(|d| p[d] - a[d]) };
    let (p, q) = (edge(b), edge(c));
    let normal: [f64; 3] = std::array::from_fn(|d| {
        let (i, j) = ((d + 1) % 3, (d + 2) % 3);
        (p[i] * q[j] - p[j] * q[i]).abs()
    });
    // Seen along the largest part of its normal a triangle is widest.
    let along = (0..3).fold(0, |best, d| if normal[d] > normal[best] { d } else { best });
    let flat = |p: [f64; 3]| Coord { x: p[(along + 1) % 3], y: p[(along + 2) % 3] };
    let sides: [f64; 3] =
        std::array::from_fn(|n| orient2d(flat(triangle[n]), flat(triangle[(n + 1) % 3]), flat(x)));
    let wide = orient2d(flat(*a), flat(*b), flat(*c)) != 0.0;
    wide && (sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0))
}

/// Every edge must be passed as often in one direction as in the other.
fn check_closed(triangles: &[Triangle]) -> Result<(), SurfaceError> {
    let mut numbers: HashMap<[u64; 3], u32> = HashMap::new();
    // Zero has two signs, and is one place.
    let mut number = |corner: &[f64; 3]| {
        let next = numbers.len() as u32;
        *numbers.entry(corner.map(|x| (x + 0.0).to_bits())).or_insert(next)
    };
    let corners: Vec<[u32; 3]> = triangles.iter().map(|t| [&t[0], &t[1], &t[2]].map(&mut number)).collect();
    // Ends, the lower number first; the direction; where it is.
    let mut edges: Vec<([u32; 2], bool, u32)> = (0..)
        .zip(&corners)
        .flat_map(|(t, c)| (0..3).map(move |n| (t, n, c[n as usize], c[(n as usize + 1) % 3])))
        .filter(|(.., a, b)| a != b)
        .map(|(t, n, a, b): (u32, u32, _, _)| ([a.min(b), a.max(b)], a < b, 3 * t + n))
        .collect();
    edges.sort_unstable();
    let open = |same: &&[([u32; 2], bool, u32)]| {
        2 * same.iter().filter(|(_, forward, _)| *forward).count() != same.len()
    };
    let mut all = edges.chunk_by(|a, b| a.0 == b.0).filter(open);
    let Some(first) = all.next() else { return Ok(()) };
    let at = first[0].2 as usize;
    let triangle = &triangles[at / 3];
    Err(SurfaceError::Open { edges: 1 + all.count(), from: triangle[at % 3], to: triangle[(at + 1) % 3] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Triangles of a box, turned outward.
    fn cuboid(low: [f64; 3], high: [f64; 3]) -> Vec<Triangle> {
        let corner = |n: usize| std::array::from_fn(|d| if n >> d & 1 == 0 { low[d] } else { high[d] });
        let quads = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        quads.iter().flat_map(|q| [[q[0], q[1], q[2]], [q[0], q[2], q[3]]]).map(|t| t.map(corner)).collect()
    }

    /// Triangles of a ball of radius 1: an octahedron whose faces are cut into n x n and pushed outward.
    fn ball(n: usize) -> Vec<Triangle> {
        let mut all = vec![];
        for octant in 0..8 {
            let sign = |d: usize| if octant >> d & 1 == 0 { 1.0 } else { -1.0 };
            let even = (0..3).map(sign).product::<f64>() > 0.0;
            let point = |i: usize, j: usize| {
                let s = [i as f64, j as f64, (n - i - j) as f64];
                let length = s.iter().map(|x| x * x).sum::<f64>().sqrt();
                std::array::from_fn(|d| sign(d) * s[d] / length)
            };
            let mut push = |a, b, c| all.push(if even { [a, b, c] } else { [a, c, b] });
            for i in 0..n {
                for j in 0..n - i {
                    push(point(i, j), point(i + 1, j), point(i, j + 1));
                    if i + j + 1 < n {
                        push(point(i + 1, j), point(i + 1, j + 1), point(i, j + 1));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn a_box_holds_what_is_inside_and_on_all_of_its_faces_edges_and_corners() {
        let cube = ClosedSurface::new(cuboid([0.0; 3], [1.0, 2.0, 3.0])).unwrap();
        let steps = [-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5];
        for x in steps {
            for y in steps {
                for z in steps {
                    let inside = [x, y, z].iter().all(|s| (0.0..=1.0).contains(s));
                    assert_eq!(cube.contains([x, 2.0 * y, 3.0 * z]), inside, "{x} {y} {z}");
                }
            }
        }
        assert!(!cube.contains([f64::NAN, 0.5, 0.5]) && !cube.contains([0.5, f64::INFINITY, 0.5]));
    }

    #[test]
    fn a_ball_holds_what_is_within_its_radius() {
        for n in [1, 2, 7, 40] {
            let surface = ClosedSurface::new(ball(n)).unwrap();
            let triangles = &surface.triangles;
            // The flat triangles are within the sphere by the square of their size.
            let inner = if n == 1 { 1.0 / 3f64.sqrt() } else { 1.0 - 1.3 / (n * n) as f64 };
            let mut seen = [0; 2];
            for i in 0..20_000 {
                // Points all over the cube, none of them chosen with regard to the triangles but the first on their corners.
                let share = |p: f64| ((i as f64 * p).fract() - 0.5) * 2.4;
                let x = match i % 10 {
                    0 => triangles[i % triangles.len()][0].map(|x| x * [0.3, 0.7, 1.1, 1.5][i / 10 % 4]),
                    _ => [share(0.754_877_666), share(0.569_840_290_9), share(0.430_159_709)],
                };
                let r = x.iter().map(|x| x * x).sum::<f64>().sqrt();
                if r < inner * 0.999_999 || r > 1.000_001 {
                    assert_eq!(surface.contains(x), r < 1.0, "{n} {x:?}");
                    seen[usize::from(r < 1.0)] += 1;
                }
            }
            assert!(seen[0] > 3000 && seen[1] > 1000, "{n} {seen:?}");
        }
    }

    #[test]
    fn parts_may_overlap_and_a_part_turned_inward_is_a_hollow() {
        let inner = cuboid([0.25; 3], [0.75; 3]);
        let hollow: Vec<Triangle> = inner.iter().map(|[a, b, c]| [*a, *c, *b]).collect();
        let outer = cuboid([0.0; 3], [1.0; 3]);
        let shell = ClosedSurface::new([outer.clone(), hollow.clone()].concat()).unwrap();
        let both = ClosedSurface::new([outer, inner].concat()).unwrap();
        let (middle, wall) = ([0.5; 3], [0.1, 0.5, 0.5]);
        assert!(!shell.contains(middle) && shell.contains(wall));
        assert!(both.contains(middle) && both.contains(wall));
        // All turned inward: what is enclosed is inside all the same.
        assert!(ClosedSurface::new(hollow).unwrap().contains(middle));
    }

    #[test]
    fn a_million_needles_make_no_large_grid() {
        // A fan of narrow triangles, each as long as the body.
        let n = 20_000;
        let rim = |k: usize| {
            let (s, c) = (std::f64::consts::TAU * (k % n) as f64 / n as f64).sin_cos();
            [0.0, c, s]
        };
        let fan = |x: f64, turned: bool| {
            (0..n).map(move |k| {
                let (a, b) = if turned { (k + 1, k) } else { (k, k + 1) };
                [[x, 0.0, 0.0], rim(a), rim(b)]
            })
        };
        let double_cone = ClosedSurface::new(fan(1.0, false).chain(fan(-1.0, true)).collect()).unwrap();
        assert!(double_cone.listed.len() <= PLACES * 2 * n, "{}", double_cone.listed.len());
        assert!(double_cone.contains([0.4, 0.3, 0.4]) && !double_cone.contains([0.6, 0.3, 0.4]));
    }

    #[test]
    fn what_is_no_closed_surface_is_said_with_the_place() {
        let cube = cuboid([0.0; 3], [1.0; 3]);
        assert_eq!(ClosedSurface::new(vec![]), Err(SurfaceError::Empty));
        let holed = ClosedSurface::new(cube[1..].to_vec()).unwrap_err();
        assert!(matches!(holed, SurfaceError::Open { edges: 3, .. }), "{holed}");
        let mut turned = cube.clone();
        turned[0].swap(0, 1);
        assert!(matches!(ClosedSurface::new(turned), Err(SurfaceError::Open { edges: 3, .. })));
        let mut infinite = cube.clone();
        infinite[3][1][2] = f64::NAN;
        assert_eq!(ClosedSurface::new(infinite), Err(SurfaceError::NotFinite(4)));
        // Corners at 0 and at -0 are one.
        let mut signs = cube.clone();
        signs[0].as_flattened_mut().iter_mut().filter(|x| **x == 0.0).for_each(|x| *x = -0.0);
        assert!(ClosedSurface::new(signs).is_ok());
        // A triangle without area changes nothing.
        let [a, b, _] = cube[0];
        assert!(ClosedSurface::new([cube, vec![[a, b, b]]].concat()).unwrap().contains([0.5; 3]));
    }
}
