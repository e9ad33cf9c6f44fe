//! Operators of elements with symmetries ([`crate::element::symmetry`]): applied to the coefficients of the group's
//! characters instead of to values, where they fall into blocks.
//!
//! A value at a point becomes a coefficient by adding and subtracting over its orbit, and comes back the same way. In between
//! stand as many matrices as there are characters, each with that fraction of the rows and columns. A flux along axis `k`
//! changes sign under some of the maps, so its coefficient of character `c` acts on character `c` times those: the
//! coefficients are stored where the matrix that wants them reads them.

use super::matrix::Matrix;
use crate::backend::cpu::lane::{Lane, Scalar, Work};
use crate::element::Operators;
use crate::element::symmetry::{Orbit, Symmetry};
use ndarray::{Array2, Axis, concatenate};

/// All operators of an element, by characters.
pub struct Symmetric<T> {
    /// Coefficients of each character at solution points, and at flux points.
    points: Vec<usize>,
    faces: Vec<usize>,
    /// Values at points or faces to coefficients, in the layouts in which the matrices below read them.
    of_points: Transform,
    of_points_with_faces: Transform,
    of_faces_with_points: Transform,
    of_fluxes: Vec<Transform>,
    of_faces_with_fluxes: Transform,
    of_faces: Transform,
    /// Coefficients to values.
    to_gradient: Vec<Transform>,
    /// One matrix a character.
    interpolate: Vec<Matrix<T>>,
    divergence: Vec<Matrix<T>>,
    gradient: Vec<Matrix<T>>,
    lift: Vec<Matrix<T>>,
    /// Components of the metric terms along the axes: `axes[k][d]` is what axis `k` takes of `S_d`.
    pub axes: [[f64; 3]; 3],
    dims: usize,
}

/// Orbits by size: the points, and where the coefficients go.
#[derive(Default)]
struct Transform {
    ones: Vec<[[u32; 1]; 2]>,
    twos: Vec<[[u32; 2]; 2]>,
    fours: Vec<[[u32; 4]; 2]>,
    eights: Vec<[[u32; 8]; 2]>,
}

impl Transform {
    /// `place(character, number within it)` is where a coefficient goes.
    fn new(orbits: &[Orbit], place: impl Fn(usize, usize) -> usize) -> Transform {
        let mut transform = Transform::default();
        for (orbit, coefficients) in orbits.iter().zip(numbers(orbits)) {
            let places: Vec<usize> = coefficients.iter().map(|&(c, i)| place(c, i)).collect();
            match orbit.points.len() {
                1 => transform.ones.push(pair(&orbit.points, &places)),
                2 => transform.twos.push(pair(&orbit.points, &places)),
                4 => transform.fours.push(pair(&orbit.points, &places)),
                _ => transform.eights.push(pair(&orbit.points, &places)),
            }
        }
        transform
    }

    #[inline(always)]
    fn forward<L: Lane, const V: usize>(&self, values: &[L], coefficients: &mut [L]) {
        let (values, to) = (values.as_chunks::<V>().0, coefficients.as_chunks_mut::<V>().0);
        forward(&self.ones, values, to);
        forward(&self.twos, values, to);
        forward(&self.fours, values, to);
        forward(&self.eights, values, to);
    }

    #[inline(always)]
    fn back<L: Lane, const V: usize, const ADD: bool>(&self, coefficients: &[L], values: &mut [L]) {
        let (from, values) = (coefficients.as_chunks::<V>().0, values.as_chunks_mut::<V>().0);
        back::<L, V, 1, ADD>(&self.ones, from, values);
        back::<L, V, 2, ADD>(&self.twos, from, values);
        back::<L, V, 4, ADD>(&self.fours, from, values);
        back::<L, V, 8, ADD>(&self.eights, from, values);
    }
}

fn pair<const N: usize>(points: &[usize], places: &[usize]) -> [[u32; N]; 2] {
    [std::array::from_fn(|i| points[i] as u32), std::array::from_fn(|i| places[i] as u32)]
}

/// Sums and differences over an orbit, in place.
#[inline(always)]
fn butterfly<L: Lane, const V: usize, const N: usize>(x: &mut [[L; V]; N]) {
    let mut step = 1;
    while step < N {
        for i in 0..N {
            if i & step == 0 {
                for v in 0..V {
                    let (a, b) = (x[i][v], x[i + step][v]);
                    (x[i][v], x[i + step][v]) = (a + b, a - b);
                }
            }
        }
        step *= 2;
    }
}

#[inline(always)]
fn forward<L: Lane, const V: usize, const N: usize>(
    orbits: &[[[u32; N]; 2]],
    values: &[[L; V]],
    to: &mut [[L; V]],
) {
    for [points, places] in orbits {
        let mut x = [values[points[0] as usize]; N];
        for i in 1..N {
            x[i] = values[points[i] as usize];
        }
        butterfly(&mut x);
        for i in 0..N {
            to[places[i] as usize] = x[i];
        }
    }
}

#[inline(always)]
fn back<L: Lane, const V: usize, const N: usize, const ADD: bool>(
    orbits: &[[[u32; N]; 2]],
    from: &[[L; V]],
    values: &mut [[L; V]],
) {
    for [points, places] in orbits {
        let mut x = [from[places[0] as usize]; N];
        for i in 1..N {
            x[i] = from[places[i] as usize];
        }
        butterfly(&mut x);
        for i in 0..N {
            let value = &mut values[points[i] as usize];
            for v in 0..V {
                value[v] = if ADD { value[v] + x[i][v] } else { x[i][v] };
            }
        }
    }
}

/// For each orbit the character of each coefficient and its number within the character.
fn numbers(orbits: &[Orbit]) -> Vec<Vec<(usize, usize)>> {
    let mut next = [0; 8];
    let mut number = |c: usize| {
        next[c] += 1;
        (c, next[c] - 1)
    };
    orbits.iter().map(|orbit| orbit.characters.iter().map(|&c| number(c)).collect()).collect()
}

/// Number of coefficients of each character.
fn sizes(orbits: &[Orbit], characters: usize) -> Vec<usize> {
    (0..characters).map(|c| orbits.iter().filter(|o| o.characters.contains(&c)).count()).collect()
}

/// A matrix between values, `[rows][columns]`, as one between coefficients: `blocks[c]` from character `c ^ flip` of the
/// columns to `c` of the rows. `None` when it does not have the symmetry.
fn blocks(
    matrix: &Array2<f64>,
    rows: &[Orbit],
    columns: &[Orbit],
    flip: usize,
    characters: usize,
) -> Option<Vec<Array2<f64>>> {
    let (to, from) = (by_characters(rows, characters), by_characters(columns, characters));
    let scale = matrix.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    let mut blocks = vec![];
    for (c, to) in to.iter().enumerate() {
        for (other, from) in from.iter().enumerate() {
            // With T the transform, whose rows have as many entries +-1 as the orbit has points: D^-1 T M T' D^-1.
            let block = to.dot(matrix).dot(&from.t());
            if other == c ^ flip {
                blocks.push(block);
            } else if block.iter().any(|x| x.abs() > 1e-10 * scale) {
                return None;
            }
        }
    }
    Some(blocks)
}

/// For each character the matrix that takes values to its coefficients, divided by the size of the orbit: two of them
/// undo the sums of two transforms.
fn by_characters(orbits: &[Orbit], characters: usize) -> Vec<Array2<f64>> {
    let points = orbits.iter().map(|o| o.points.len()).sum();
    let counts = sizes(orbits, characters);
    let mut all: Vec<_> = counts.iter().map(|&n| Array2::zeros((n, points))).collect();
    for (orbit, coefficients) in orbits.iter().zip(numbers(orbits)) {
        for (j, (c, number)) in coefficients.into_iter().enumerate() {
            for (i, &point) in orbit.points.iter().enumerate() {
                let sign = if (i & j).count_ones() & 1 == 0 { 1.0 } else { -1.0 };
                all[c][[number, point]] = sign / orbit.points.len() as f64;
            }
        }
    }
    all
}

fn beside(matrices: &[Array2<f64>], axis: Axis) -> Array2<f64> {
    let views: Vec<_> = matrices.iter().map(|m| m.view()).collect();
    concatenate(axis, &views).expect("blocks of one character have equal sides")
}

impl<T: Scalar> Symmetric<T> {
    /// The operators of an element by characters; `None` when its points or operators are not symmetric.
    pub fn new(ops: &Operators) -> Option<Self> {
        let symmetry = Symmetry::of(ops.shape);
        let (dims, n) = (ops.shape.dims(), symmetry.characters());
        let (points, faces) = (symmetry.orbits(&ops.points)?, symmetry.orbits(&ops.flux_points)?);
        let (p, f) = (sizes(&points, n), sizes(&faces, n));
        let flips = &symmetry.flips[..dims];
        let along = |matrices: &dyn Fn(usize) -> Array2<f64>, k: usize| {
            (1..dims)
                .fold(matrices(0) * symmetry.axes[0][k], |sum, d| sum + matrices(d) * symmetry.axes[d][k])
        };
        let starts = |size: &dyn Fn(usize) -> usize| -> Vec<usize> {
            (0..n).map(|c| (0..c).map(size).sum()).collect()
        };
        let interpolate = blocks(&ops.interpolate, &faces, &points, 0, n)?;
        let lift = blocks(&ops.lift, &points, &faces, 0, n)?;
        let (mut divergence, mut gradient, mut gradient_lift) = (vec![], vec![], vec![]);
        for (k, &flip) in flips.iter().enumerate() {
            divergence.push(blocks(&along(&|d| ops.divergence[d].clone(), k), &points, &points, flip, n)?);
            gradient.push(blocks(&along(&|d| ops.gradient[d].clone(), k), &points, &points, flip, n)?);
            let lifts = along(&|d| &ops.lift * &ops.normals.column(d), k);
            gradient_lift.push(blocks(&lifts, &points, &faces, flip, n)?);
        }
        // What acts on character c: fluxes of the characters that the axes take to c, then the common fluxes.
        let divergence = (0..n).map(|c| {
            let mut all: Vec<_> = divergence.iter().map(|b| b[c].clone()).collect();
            all.push(lift[c].clone());
            Matrix::new(&beside(&all, Axis(1)))
        });
        // What character c acts on: along axis k the character c times those that turn it.
        let gradient = (0..n).map(|c| {
            let of = |k: usize| {
                beside(&[gradient[k][c ^ flips[k]].clone(), gradient_lift[k][c ^ flips[k]].clone()], Axis(1))
            };
            Matrix::new(&beside(&(0..dims).map(of).collect::<Vec<_>>(), Axis(0)))
        });
        let plain = starts(&|c| p[c]);
        let alone = starts(&|c| f[c]);
        let both = starts(&|c| p[c] + f[c]);
        let fluxes = |c: usize, axes: usize| flips[..axes].iter().map(|flip| p[c ^ flip]).sum::<usize>();
        let of_fluxes = starts(&|c| fluxes(c, dims) + f[c]);
        let gradients = starts(&|c| fluxes(c, dims));
        Some(Symmetric {
            of_points: Transform::new(&points, |c, i| plain[c] + i),
            of_points_with_faces: Transform::new(&points, |c, i| both[c] + i),
            of_faces_with_points: Transform::new(&faces, |c, i| both[c] + p[c] + i),
            of_fluxes: (0..dims)
                .map(|k| {
                    Transform::new(&points, |c, i| of_fluxes[c ^ flips[k]] + fluxes(c ^ flips[k], k) + i)
                })
                .collect(),
            of_faces_with_fluxes: Transform::new(&faces, |c, i| of_fluxes[c] + fluxes(c, dims) + i),
            of_faces: Transform::new(&faces, |c, i| alone[c] + i),
            to_gradient: (0..dims)
                .map(|k| {
                    Transform::new(&points, |c, i| gradients[c ^ flips[k]] + fluxes(c ^ flips[k], k) + i)
                })
                .collect(),
            interpolate: interpolate.iter().map(Matrix::new).collect(),
            divergence: divergence.collect(),
            gradient: gradient.collect(),
            lift: lift.iter().map(Matrix::new).collect(),
            axes: inverse(&symmetry.axes),
            points: p,
            faces: f,
            dims,
        })
    }

    /// Packs of working memory for `variables` variables.
    pub fn scratch(&self, variables: usize) -> usize {
        let (points, faces) = (self.points.iter().sum::<usize>(), self.faces.iter().sum::<usize>());
        (self.dims * points + faces + (self.dims * points).max(faces)) * variables
    }

    /// Values at the flux points.
    pub fn interpolate<L: Lane<Scalar = T>, const V: usize>(
        &self,
        u: &[L],
        faces: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let (from, to) = scratch.split_at_mut(u.len());
                self.of_points.forward::<L, V>(u, from);
                apply::<L, V>(&self.interpolate, from, to);
                self.of_faces.back::<L, V, false>(to, faces);
            },
        ));
    }

    /// Divergence of fluxes along the axes, `[D][P][V]`, and lifted common fluxes, `[F][V]`, which follow them.
    pub fn divergence<L: Lane<Scalar = T>, const V: usize>(
        &self,
        fluxes: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let (from, to) = scratch.split_at_mut(fluxes.len());
                let size = out.len();
                for (k, transform) in self.of_fluxes.iter().enumerate() {
                    transform.forward::<L, V>(&fluxes[k * size..][..size], from);
                }
                self.of_faces_with_fluxes.forward::<L, V>(&fluxes[self.dims * size..], from);
                apply::<L, V>(&self.divergence, from, to);
                self.of_points.back::<L, V, false>(to, out);
            },
        ));
    }

    /// Gradients along the axes, `[D][P][V]`, of `u[P][V]` with the common solution `common[F][V]`.
    pub fn gradient<L: Lane<Scalar = T>, const V: usize>(
        &self,
        u: &[L],
        common: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let (from, to) = scratch.split_at_mut(u.len() + common.len());
                self.of_points_with_faces.forward::<L, V>(u, from);
                self.of_faces_with_points.forward::<L, V>(common, from);
                apply::<L, V>(&self.gradient, from, to);
                for (transform, out) in self.to_gradient.iter().zip(out.chunks_exact_mut(u.len())) {
                    transform.back::<L, V, false>(to, out);
                }
            },
        ));
    }

    /// `out += lift common`.
    pub fn add_lift<L: Lane<Scalar = T>, const V: usize>(
        &self,
        common: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        L::vectorize(Work(
            #[inline(always)]
            || {
                let (from, to) = scratch.split_at_mut(common.len());
                self.of_faces.forward::<L, V>(common, from);
                apply::<L, V>(&self.lift, from, to);
                self.of_points.back::<L, V, true>(to, out);
            },
        ));
    }
}

/// The matrix of each character times its coefficients, which follow each other.
#[inline(always)]
fn apply<L: Lane, const V: usize>(matrices: &[Matrix<L::Scalar>], mut from: &[L], mut to: &mut [L]) {
    for matrix in matrices {
        let (x, rest) = from.split_at(matrix.columns() * V);
        let (out, others) = std::mem::take(&mut to).split_at_mut(matrix.rows() * V);
        matrix.multiply::<L, V>(x, out);
        (from, to) = (rest, others);
    }
}

/// Inverse of a matrix of three rows.
fn inverse(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let minor = |i: usize, j: usize| {
        let (a, b, c, d) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
        m[a][c] * m[b][d] - m[a][d] * m[b][c]
    };
    let determinant: f64 = (0..3).map(|j| m[0][j] * minor(0, j)).sum();
    std::array::from_fn(|k| std::array::from_fn(|d| minor(d, k) / determinant))
}
