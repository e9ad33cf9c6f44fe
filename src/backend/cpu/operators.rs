//! Applies the operators of a reference element to packs of elements.
//!
//! Arrays are `[point][variable]` of packs: solution points `P`, flux points `F`, `V` variables. Tensor shapes work line
//! by line with the one-dimensional operators, their length a compile-time constant; other shapes apply dense matrices
//! in blocks of four rows kept in registers.

use super::lane::{Lane, Scalar, Work};
use crate::array;
use crate::element::{Operators, Shape};
use ndarray::Array2;

/// Operators of one shape and order in the working precision.
pub struct ElementOperators<T> {
    /// Solution points.
    pub points: usize,
    /// Flux points of all faces.
    pub flux_points: usize,
    /// Where fluxes are evaluated, if not at the solution points.
    pub quadrature: Option<Rule<T>>,
    /// Space dimensions.
    dims: usize,
    kind: Kind<T>,
}

/// To the points of a quadrature rule and back.
pub struct Rule<T> {
    /// Number of points.
    pub points: usize,
    /// `[Q][P]`.
    up: Vec<T>,
    /// `[P][Q]`.
    down: Vec<T>,
}

impl<T: Scalar> Rule<T> {
    /// Values at the points of the rule.
    #[inline(always)]
    pub fn up<L: Lane<Scalar = T>, const V: usize>(&self, u: &[L], out: &mut [L]) {
        multiply::<L, V>(&self.up, self.up.len() / self.points, u, out);
    }

    /// Values of the projection at the solution points.
    #[inline(always)]
    pub fn down<L: Lane<Scalar = T>, const V: usize>(&self, values: &[L], out: &mut [L]) {
        multiply::<L, V>(&self.down, self.points, values, out);
    }
}

enum Kind<T> {
    Tensor(Tensor<T>),
    Dense(Dense<T>),
}

/// One-dimensional operators and where the lines lie.
struct Tensor<T> {
    /// Points a line.
    n: usize,
    /// Corrected derivative, `[n][n]`.
    derivative: Vec<T>,
    /// Interpolation to both ends, `[2][n]`.
    ends: Vec<T>,
    /// Lift from the two ends, `[2][n]`, for outward normal fluxes.
    lift: Vec<T>,
    /// Lines of each direction.
    directions: Vec<Lines>,
}

/// The lines of one direction: line `l` runs over the points `starts[l] + i stride` and ends in flux points `minus + l`
/// and `plus + l`.
struct Lines {
    starts: Vec<usize>,
    stride: usize,
    minus: usize,
    plus: usize,
}

/// Dense matrices, rows times columns.
struct Dense<T> {
    /// `[F][P]`.
    interpolate: Vec<T>,
    /// `[P][D P + F]`: divergence of the flux in each direction, then lift.
    divergence: Vec<T>,
    /// `D` times `[P][P + F]`: corrected gradient, then lift of the common solution.
    gradient: Vec<Vec<T>>,
    /// `[P][F]`.
    lift: Vec<T>,
}

fn convert<T: Scalar>(matrix: &Array2<f64>) -> Vec<T> {
    matrix.iter().map(|&x| T::from_f64(x)).collect()
}

/// Matrices side by side.
fn beside<T: Scalar>(matrices: &[&Array2<f64>]) -> Vec<T> {
    let rows = matrices[0].nrows();
    (0..rows).flat_map(|r| matrices.iter().flat_map(move |m| m.row(r).to_vec())).map(T::from_f64).collect()
}

/// Most points a line can have: the length is a compile-time constant, and code for long ones takes long to build. Beyond,
/// dense operators do.
pub const LONGEST_LINE: usize = 9;

/// Calls an expression with the constant `N` bound to a run-time line length.
macro_rules! for_length {
    ($n:expr, $N:ident => $call:expr) => {
        for_length!(@ $n, $N, $call, 1 2 3 4 5 6 7 8 9)
    };
    (@ $n:expr, $N:ident, $call:expr, $($length:literal)*) => {
        match $n {
            $($length => {
                const $N: usize = $length;
                // A function of its own for each length.
                L::vectorize(Work(#[inline(always)] || $call));
            })*
            _ => unreachable!("longer lines use dense operators"),
        }
    };
}

impl<T: Scalar> ElementOperators<T> {
    /// Converts the operators of a reference element.
    pub fn new(ops: &Operators) -> Self {
        let dims = ops.shape.dims();
        let kind = match &ops.line {
            Some(line) if line.points.len() <= LONGEST_LINE => Kind::Tensor(Tensor {
                n: line.points.len(),
                derivative: convert(&line.divergence),
                ends: convert(&line.ends),
                lift: convert(&line.lift.t().to_owned()),
                directions: (0..dims).map(|d| lines(ops, line.points.len(), d)).collect(),
            }),
            _ => {
                let mut all: Vec<&Array2<f64>> = ops.divergence.iter().collect();
                all.push(&ops.lift);
                let gradient = (0..dims).map(|d| {
                    let lift = &ops.lift * &ops.normals.column(d);
                    beside(&[&ops.gradient[d], &lift])
                });
                Kind::Dense(Dense {
                    interpolate: convert(&ops.interpolate),
                    divergence: beside(&all),
                    gradient: gradient.collect(),
                    lift: convert(&ops.lift),
                })
            }
        };
        let quadrature = ops.quadrature.as_ref().map(|q| Rule {
            points: q.up.nrows(),
            up: convert(&q.up),
            down: convert(&q.down),
        });
        let (points, flux_points) = (ops.points.nrows(), ops.flux_points.nrows());
        ElementOperators { points, flux_points, quadrature, dims, kind }
    }

    /// Packs that `divergence` needs for fluxes and common fluxes of `V` variables.
    pub fn flux_scratch(&self, variables: usize) -> usize {
        (self.dims * self.points + self.flux_points) * variables
    }

    /// Values at the flux points: `faces[F][V] = M0 u[P][V]`.
    #[inline(always)]
    pub fn interpolate<L: Lane<Scalar = T>, const V: usize>(&self, u: &[L], faces: &mut [L]) {
        match &self.kind {
            Kind::Dense(dense) => multiply::<L, V>(&dense.interpolate, self.points, u, faces),
            Kind::Tensor(tensor) => {
                for lines in &tensor.directions {
                    any_ends::<L, V>(tensor, lines, u, faces);
                }
            }
        }
    }

    /// `out = sum_d divergence[d] f_d + lift common`, where `flux(d, out)` computes `f_d`, `[P][V]`.
    ///
    /// `scratch` has [`ElementOperators::flux_scratch`] packs; its last `F V` hold the common fluxes on entry.
    #[inline(always)]
    pub fn divergence<L: Lane<Scalar = T>, const V: usize>(
        &self,
        mut flux: impl FnMut(usize, &mut [L]),
        scratch: &mut [L],
        out: &mut [L],
    ) {
        let size = self.points * V;
        match &self.kind {
            Kind::Dense(dense) => {
                for d in 0..self.dims {
                    flux(d, &mut scratch[d * size..(d + 1) * size]);
                }
                multiply::<L, V>(&dense.divergence, self.dims * self.points + self.flux_points, scratch, out);
            }
            Kind::Tensor(tensor) => {
                let (fluxes, common) = scratch.split_at_mut(self.dims * size);
                let fluxes = &mut fluxes[..size];
                for (d, lines) in tensor.directions.iter().enumerate() {
                    flux(d, fluxes);
                    any_derive::<L, V>(tensor, lines, [1.0, 1.0], fluxes, common, out, d > 0);
                }
            }
        }
    }

    /// Corrected reference gradients `out[D][P][V]` of `u` with the common solution at the flux points:
    /// `both` is `u[P][V]` followed by `common[F][V]`.
    #[inline(always)]
    pub fn gradient<L: Lane<Scalar = T>, const V: usize>(&self, both: &[L], out: &mut [L]) {
        let size = self.points * V;
        match &self.kind {
            Kind::Dense(dense) => {
                for d in 0..self.dims {
                    let out = &mut out[d * size..(d + 1) * size];
                    multiply::<L, V>(&dense.gradient[d], self.points + self.flux_points, both, out);
                }
            }
            Kind::Tensor(tensor) => {
                let (u, common) = both.split_at(size);
                for (d, lines) in tensor.directions.iter().enumerate() {
                    let out = &mut out[d * size..(d + 1) * size];
                    any_derive::<L, V>(tensor, lines, [-1.0, 1.0], u, common, out, false);
                }
            }
        }
    }

    /// `out += lift common`.
    #[inline(always)]
    pub fn add_lift<L: Lane<Scalar = T>, const V: usize>(&self, common: &[L], out: &mut [L]) {
        match &self.kind {
            Kind::Dense(dense) => {
                for (p, row) in dense.lift.chunks_exact(self.flux_points).enumerate() {
                    for v in 0..V {
                        let mut sum = out[p * V + v];
                        for (i, &m) in row.iter().enumerate() {
                            sum = L::splat(m).mul_add(common[i * V + v], sum);
                        }
                        out[p * V + v] = sum;
                    }
                }
            }
            Kind::Tensor(tensor) => {
                for lines in &tensor.directions {
                    any_lift::<L, V>(tensor, lines, common, out);
                }
            }
        }
    }
}

/// Where the lines of direction `d` lie in a tensor shape.
fn lines(ops: &Operators, n: usize, d: usize) -> Lines {
    let faces = ops.shape.faces();
    let face = |sign: f64| {
        let f = faces
            .iter()
            .position(|f| f.normal[d] == sign)
            .expect("a tensor shape has a face at both ends of an axis");
        ops.face_offsets[f]
    };
    let stride = n.pow(d as u32);
    let other = ops.points.nrows() / n;
    // The free axes of the face in increasing order, first fastest: below `d` they keep their strides, above they skip it.
    let starts = (0..other).map(|l| l % stride + (l / stride) * stride * n).collect();
    debug_assert!(matches!(ops.shape, Shape::Line | Shape::Quad | Shape::Hex));
    Lines { starts, stride, minus: face(-1.0), plus: face(1.0) }
}

// The functions below know lanes and variables only, so that the kernels of all systems share the code for each length:
// it is most of what there is to build.

/// [`ends`] for the tensor's length.
fn any_ends<L: Lane, const V: usize>(tensor: &Tensor<L::Scalar>, lines: &Lines, u: &[L], faces: &mut [L]) {
    for_length!(tensor.n, N => ends::<L, V, N>(lines, &tensor.ends, u, faces));
}

/// [`derive`] for the tensor's length.
fn any_derive<L: Lane, const V: usize>(
    tensor: &Tensor<L::Scalar>,
    lines: &Lines,
    signs: [f64; 2],
    x: &[L],
    common: &[L],
    out: &mut [L],
    add: bool,
) {
    for_length!(tensor.n, N => derive::<L, V, N>(
        lines, &tensor.derivative, &tensor.lift, signs, x, common, out, add));
}

/// [`lift`] for the tensor's length.
fn any_lift<L: Lane, const V: usize>(tensor: &Tensor<L::Scalar>, lines: &Lines, common: &[L], out: &mut [L]) {
    for_length!(tensor.n, N => lift::<L, V, N>(lines, &tensor.lift, common, out));
}

/// `faces = ends u` along the lines of one direction.
#[inline(always)]
fn ends<L: Lane, const V: usize, const N: usize>(
    lines: &Lines,
    ends: &[L::Scalar],
    u: &[L],
    faces: &mut [L],
) {
    let ends: &[L::Scalar] = &ends[..2 * N];
    for (l, &start) in lines.starts.iter().enumerate() {
        for v in 0..V {
            let first = u[start * V + v];
            let (mut minus, mut plus) = (L::splat(ends[0]) * first, L::splat(ends[N]) * first);
            for k in 1..N {
                let x = u[(start + k * lines.stride) * V + v];
                minus = L::splat(ends[k]).mul_add(x, minus);
                plus = L::splat(ends[N + k]).mul_add(x, plus);
            }
            faces[(lines.minus + l) * V + v] = minus;
            faces[(lines.plus + l) * V + v] = plus;
        }
    }
}

/// `out (+)= derivative x + lift[0] signs[0] common_minus + lift[1] signs[1] common_plus` along the lines of one direction.
#[inline(always)]
fn derive<L: Lane, const V: usize, const N: usize>(
    lines: &Lines,
    derivative: &[L::Scalar],
    lift: &[L::Scalar],
    signs: [f64; 2],
    x: &[L],
    common: &[L],
    out: &mut [L],
    add: bool,
) {
    let (derivative, lift) = (&derivative[..N * N], &lift[..2 * N]);
    let signs = [L::from_f64(signs[0]), L::from_f64(signs[1])];
    for (l, &start) in lines.starts.iter().enumerate() {
        for v in 0..V {
            let line: [L; N] = array!(k => x[(start + k * lines.stride) * V + v]);
            let minus = signs[0] * common[(lines.minus + l) * V + v];
            let plus = signs[1] * common[(lines.plus + l) * V + v];
            for i in 0..N {
                let mut sum = L::splat(lift[i]) * minus;
                sum = L::splat(lift[N + i]).mul_add(plus, sum);
                for k in 0..N {
                    sum = L::splat(derivative[i * N + k]).mul_add(line[k], sum);
                }
                let target = &mut out[(start + i * lines.stride) * V + v];
                *target = if add { *target + sum } else { sum };
            }
        }
    }
}

/// `out += lift common` along the lines of one direction.
#[inline(always)]
fn lift<L: Lane, const V: usize, const N: usize>(
    lines: &Lines,
    lift: &[L::Scalar],
    common: &[L],
    out: &mut [L],
) {
    let lift = &lift[..2 * N];
    for (l, &start) in lines.starts.iter().enumerate() {
        for v in 0..V {
            let (minus, plus) = (common[(lines.minus + l) * V + v], common[(lines.plus + l) * V + v]);
            for i in 0..N {
                let target = &mut out[(start + i * lines.stride) * V + v];
                *target = L::splat(lift[N + i]).mul_add(plus, L::splat(lift[i]).mul_add(minus, *target));
            }
        }
    }
}

/// `out[rows][V] = matrix[rows][columns] x[columns][V]`.
fn multiply<L: Lane, const V: usize>(matrix: &[L::Scalar], columns: usize, x: &[L], out: &mut [L]) {
    L::vectorize(Work(
        #[inline(always)]
        || dense::<L, V>(matrix, columns, x, out),
    ));
}

#[inline(always)]
fn dense<L: Lane, const V: usize>(matrix: &[L::Scalar], columns: usize, x: &[L], out: &mut [L]) {
    const ROWS: usize = 4;
    let (x, rows) = (&x[..columns * V], matrix.len() / columns);
    let mut row = 0;
    while row + ROWS <= rows {
        let m = &matrix[row * columns..(row + ROWS) * columns];
        let mut sums = [[L::from_f64(0.0); V]; ROWS];
        for (k, x) in x.chunks_exact(V).enumerate() {
            for r in 0..ROWS {
                let c = L::splat(m[r * columns + k]);
                for v in 0..V {
                    sums[r][v] = c.mul_add(x[v], sums[r][v]);
                }
            }
        }
        for r in 0..ROWS {
            out[(row + r) * V..(row + r + 1) * V].copy_from_slice(&sums[r]);
        }
        row += ROWS;
    }
    for row in row..rows {
        let mut sums = [L::from_f64(0.0); V];
        for (x, &m) in x.chunks_exact(V).zip(&matrix[row * columns..(row + 1) * columns]) {
            let c = L::splat(m);
            for v in 0..V {
                sums[v] = c.mul_add(x[v], sums[v]);
            }
        }
        out[row * V..(row + 1) * V].copy_from_slice(&sums);
    }
}
