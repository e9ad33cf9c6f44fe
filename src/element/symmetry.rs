//! Symmetries of the reference elements, as far as operators can use them: commuting reflections and half turns.
//!
//! Each shape has up to three such maps that take it to itself, so the group they generate has two, four or eight elements,
//! and every point set that treats vertices alike is made of its orbits. Written in coefficients of the group's characters
//! (sums and differences over an orbit) the operators of such points fall into as many independent blocks, and applying them
//! takes that many times fewer multiplications. The components of a vector along suitable axes only change sign.

use super::Shape;
use ndarray::Array2;

/// A map of the reference element to itself.
type Map = fn([f64; 3]) -> [f64; 3];

/// Maps that commute and are each their own inverse, and axes along which each of them only changes signs.
#[derive(Clone, Debug)]
pub struct Symmetry {
    maps: &'static [Map],
    /// Reference coordinates of the axes: `axes[d][k]` is component `d` of axis `k`.
    pub axes: [[f64; 3]; 3],
    /// For each axis the maps that turn it around, one bit a map.
    pub flips: [usize; 3],
}

/// Points that the maps take to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Orbit {
    /// The points, `2^r` of them: number `i` is the image of the first under the product of the maps in the bits of `i`.
    pub points: Vec<usize>,
    /// The characters that live on it, one bit a map, such that the coefficient of number `j` is the sum of the values at
    /// points `i` times `(-1)^(number of common bits of i and j)`.
    pub characters: Vec<usize>,
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const DIAGONALS: [[f64; 3]; 3] = [[1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.0, 1.0]];

impl Symmetry {
    /// That of a shape.
    pub fn of(shape: Shape) -> Symmetry {
        const X: Map = |[x, y, z]| [-x, y, z];
        const Y: Map = |[x, y, z]| [x, -y, z];
        const Z: Map = |[x, y, z]| [x, y, -z];
        const SWAP: Map = |[x, y, z]| [y, x, z];
        let (maps, axes, flips): (&'static [Map], _, _) = match shape {
            Shape::Point => (&[], IDENTITY, [0; 3]),
            Shape::Line => (&[X], IDENTITY, [1, 0, 0]),
            Shape::Quad | Shape::Pyramid => (&[X, Y], IDENTITY, [1, 2, 0]),
            Shape::Hex => (&[X, Y, Z], IDENTITY, [1, 2, 4]),
            Shape::Tri => (&[SWAP], DIAGONALS, [0, 1, 0]),
            Shape::Prism => (&[SWAP, Z], DIAGONALS, [0, 1, 2]),
            // Vertices 0 and 1 change places, and 2 and 3; then 0 and 2, and 1 and 3: half turns of the cube around the
            // tetrahedron, whose axes join the middles of opposite edges.
            Shape::Tet => (
                &[|[x, y, z]| [-x - y - z - 2.0, z, y], |[x, y, z]| [z, -x - y - z - 2.0, x]],
                [[1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]],
                [2, 1, 3],
            ),
        };
        Symmetry { maps, axes, flips }
    }

    /// Number of characters, and of elements of the group.
    pub fn characters(&self) -> usize {
        1 << self.maps.len()
    }

    /// The orbits of points, `[n][D]`; `None` when the image of a point is not one of them.
    pub fn orbits(&self, points: &Array2<f64>) -> Option<Vec<Orbit>> {
        let coordinates: Vec<[f64; 3]> = points
            .rows()
            .into_iter()
            .map(|row| std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0)))
            .collect();
        let near = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        let image = |point: usize, element: usize| {
            let mut x = coordinates[point];
            for (i, map) in self.maps.iter().enumerate() {
                if element >> i & 1 == 1 {
                    x = map(x);
                }
            }
            coordinates.iter().position(|other| near(other, &x))
        };
        let mut seen = vec![false; coordinates.len()];
        let mut orbits = vec![];
        for first in 0..coordinates.len() {
            if seen[first] {
                continue;
            }
            let images: Vec<usize> =
                (0..self.characters()).map(|g| image(first, g)).collect::<Option<_>>()?;
            // Elements that leave the point alone, and the products of them with the steps taken so far.
            let fixed: Vec<usize> = (0..images.len()).filter(|&g| images[g] == first).collect();
            let (mut steps, mut reached) = (vec![], fixed.clone());
            for g in 1..images.len() {
                if !reached.contains(&g) {
                    let more: Vec<usize> = reached.iter().map(|h| h ^ g).collect();
                    reached.extend(more);
                    steps.push(g);
                }
            }
            let size = 1 << steps.len();
            let product =
                |bits: usize| (0..steps.len()).filter(|k| bits >> k & 1 == 1).fold(0, |g, k| g ^ steps[k]);
            let sign = |character: usize, g: usize| (character & g).count_ones() & 1;
            let character = |j: usize| {
                (0..images.len()).find(|&c| {
                    fixed.iter().all(|&g| sign(c, g) == 0)
                        && (0..steps.len()).all(|k| sign(c, steps[k]) as usize == j >> k & 1)
                })
            };
            let points: Vec<usize> = (0..size).map(|i| images[product(i)]).collect();
            let characters = (0..size).map(character).collect::<Option<_>>()?;
            points.iter().for_each(|&p| seen[p] = true);
            orbits.push(Orbit { points, characters });
        }
        Some(orbits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{Operators, PointSets};

    const SHAPES: [Shape; 7] =
        [Shape::Line, Shape::Tri, Shape::Quad, Shape::Tet, Shape::Hex, Shape::Prism, Shape::Pyramid];

    #[test]
    fn maps_are_their_own_inverse_commute_and_turn_axes_as_said() {
        for shape in SHAPES {
            let symmetry = Symmetry::of(shape);
            let dims = shape.dims();
            let x = [0.2, -0.7, 0.1];
            for (i, map) in symmetry.maps.iter().enumerate() {
                let near = |a: [f64; 3], b: [f64; 3]| (0..3).all(|d| (a[d] - b[d]).abs() < 1e-14);
                assert!(near(map(map(x)), x), "{shape:?}");
                assert!(symmetry.maps.iter().all(|other| near(map(other(x)), other(map(x)))), "{shape:?}");
                for k in 0..dims {
                    let ahead = map(std::array::from_fn(|d| x[d] + symmetry.axes[d][k]));
                    let sign = if symmetry.flips[k] >> i & 1 == 1 { -1.0 } else { 1.0 };
                    let turned = std::array::from_fn(|d| map(x)[d] + sign * symmetry.axes[d][k]);
                    assert!(near(ahead, turned), "{shape:?}, map {i}, axis {k}");
                }
            }
        }
    }

    #[test]
    fn solution_and_flux_points_are_made_of_orbits() {
        for shape in SHAPES {
            for order in 0..=6 {
                let Ok(operators) = Operators::new(shape, order, &PointSets::default()) else { continue };
                for points in [&operators.points, &operators.flux_points] {
                    let orbits =
                        Symmetry::of(shape).orbits(points).unwrap_or_else(|| panic!("{shape:?} p{order}"));
                    let mut all: Vec<usize> = orbits.iter().flat_map(|o| o.points.clone()).collect();
                    all.sort_unstable();
                    assert!(all.into_iter().eq(0..points.nrows()), "{shape:?} p{order}");
                }
            }
        }
    }
}
