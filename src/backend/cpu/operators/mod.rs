//! Applies the operators of a reference element to packs of elements.
//!
//! Arrays are `[point][variable]` of packs: solution points `P`, flux points `F`, `V` variables. Tensor shapes work line
//! by line with the one-dimensional operators ([`line`]), their length a compile-time constant; other shapes apply dense
//! matrices ([`Matrix`]), in blocks as far as the points are symmetric ([`symmetric`]).

mod line;
mod matrix;
mod symmetric;

use super::lane::{Lane, Scalar, Work};
use crate::element::{Operators, Shape};
use line::LineOperators;
use matrix::Matrix;
use ndarray::{Array2, Axis, concatenate};
use symmetric::Symmetric;

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
    up: Matrix<T>,
    /// `[P][Q]`.
    down: Matrix<T>,
}

impl<T: Scalar> Rule<T> {
    /// Values at the points of the rule.
    #[inline(always)]
    pub fn up<L: Lane<Scalar = T>, const V: usize>(&self, u: &[L], out: &mut [L]) {
        self.up.multiply::<L, V>(u, out);
    }

    /// Values of the projection at the solution points.
    #[inline(always)]
    pub fn down<L: Lane<Scalar = T>, const V: usize>(&self, values: &[L], out: &mut [L]) {
        self.down.multiply::<L, V>(values, out);
    }
}

enum Kind<T> {
    Symmetric(Box<Symmetric<T>>),
    Tensor(Tensor<T>),
    Dense(Dense<T>),
}

/// One-dimensional operators and where the lines lie.
struct Tensor<T> {
    /// Points a line.
    n: usize,
    line: LineOperators<T>,
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

/// Dense matrices.
struct Dense<T> {
    /// `[F][P]`.
    interpolate: Matrix<T>,
    /// `[P][D P + F]`: divergence of the flux in each direction, then lift.
    divergence: Matrix<T>,
    /// Corrected gradient, `[D P][P]`.
    gradient: Matrix<T>,
    /// Lift of the common solution in each direction, `[D P][F]`.
    gradient_lift: Matrix<T>,
    /// `[P][F]`.
    lift: Matrix<T>,
}

/// Matrices one below the other (axis 0) or side by side (axis 1).
fn joined<T: Scalar>(axis: Axis, matrices: &[&Array2<f64>]) -> Matrix<T> {
    let views: Vec<_> = matrices.iter().map(|m| m.view()).collect();
    Matrix::new(&concatenate(axis, &views).expect("the operators of an element fit each other"))
}

/// Most points a line can have; beyond, dense operators do.
pub const LONGEST_LINE: usize = 12;

/// Calls an expression with `n` bound to the length of a line and the constant `N` to room for it: the same for short
/// lines, which get a function each; the code of long ones takes long to build, and they share one.
macro_rules! for_length {
    ($n:expr, $length:ident, $N:ident => $call:expr) => {
        for_length!(@ $n, $length, $N, $call, 1 2 3 4 5 6)
    };
    (@ $n:expr, $length:ident, $N:ident, $call:expr, $($short:literal)*) => {
        match $n {
            $($short => {
                const $N: usize = $short;
                L::vectorize(Work(#[inline(always)] || {
                    // In here: what is captured is not a constant to the function that the closure ends up in.
                    let $length = $N;
                    $call
                }));
            })*
            $length => {
                const $N: usize = LONGEST_LINE;
                L::vectorize(Work(#[inline(always)] || $call));
            }
        }
    };
}

impl<T: Scalar> ElementOperators<T> {
    /// Converts the operators of a reference element.
    pub fn new(ops: &Operators) -> Self {
        let dims = ops.shape.dims();
        let short = ops.line.as_ref().filter(|line| line.points.len() <= LONGEST_LINE);
        let symmetric = if short.is_none() { Symmetric::new(ops) } else { None };
        let kind = match (short, symmetric) {
            (_, Some(symmetric)) => Kind::Symmetric(Box::new(symmetric)),
            (Some(line), _) => Kind::Tensor(Tensor {
                n: line.points.len(),
                line: LineOperators::new(line),
                directions: (0..dims).map(|d| lines(ops, line.points.len(), d)).collect(),
            }),
            (None, None) => {
                let mut all: Vec<&Array2<f64>> = ops.divergence.iter().collect();
                all.push(&ops.lift);
                let lifts: Vec<_> = (0..dims).map(|d| &ops.lift * &ops.normals.column(d)).collect();
                Kind::Dense(Dense {
                    interpolate: Matrix::new(&ops.interpolate),
                    divergence: joined(Axis(1), &all),
                    gradient: joined(Axis(0), &ops.gradient.iter().collect::<Vec<_>>()),
                    gradient_lift: joined(Axis(0), &lifts.iter().collect::<Vec<_>>()),
                    lift: Matrix::new(&ops.lift),
                })
            }
        };
        let quadrature = ops.quadrature.as_ref().map(|q| Rule {
            points: q.up.nrows(),
            up: Matrix::new(&q.up),
            down: Matrix::new(&q.down),
        });
        let (points, flux_points) = (ops.points.nrows(), ops.flux_points.nrows());
        ElementOperators { points, flux_points, quadrature, dims, kind }
    }

    /// The axes along which fluxes and gradients are wanted: `axes[k][d]` is what axis `k` takes of the reference direction
    /// `d`; `None` when they are these directions.
    pub fn axes(&self) -> Option<&[[f64; 3]; 3]> {
        match &self.kind {
            Kind::Symmetric(symmetric) => Some(&symmetric.axes),
            _ => None,
        }
    }

    /// Packs that `divergence` needs for fluxes and common fluxes of `V` variables.
    pub fn flux_scratch(&self, variables: usize) -> usize {
        (self.dims * self.points + self.flux_points) * variables
    }

    /// Packs of working memory that the functions below need.
    pub fn scratch(&self, variables: usize) -> usize {
        match &self.kind {
            Kind::Symmetric(symmetric) => symmetric.scratch(variables),
            _ => 0,
        }
    }

    /// Values at the flux points: `faces[F][V] = M0 u[P][V]`.
    #[inline(always)]
    pub fn interpolate<L: Lane<Scalar = T>, const V: usize>(
        &self,
        u: &[L],
        faces: &mut [L],
        scratch: &mut [L],
    ) {
        match &self.kind {
            Kind::Symmetric(symmetric) => symmetric.interpolate::<L, V>(u, faces, scratch),
            Kind::Dense(dense) => dense.interpolate.multiply::<L, V>(u, faces),
            Kind::Tensor(tensor) => {
                for lines in &tensor.directions {
                    any_ends::<L, V>(tensor, lines, u, faces);
                }
            }
        }
    }

    /// `out = sum_d divergence[d] f_d + lift common`, where `flux(d, out)` computes `f_d`, `[P][V]`, at once or, where
    /// less memory is then needed at a time, when its turn comes.
    ///
    /// `fluxes` has [`ElementOperators::flux_scratch`] packs; its last `F V` hold the common fluxes on entry.
    #[inline(always)]
    pub fn divergence<L: Lane<Scalar = T>, const V: usize>(
        &self,
        mut flux: impl FnMut(usize, &mut [L]),
        fluxes: &mut [L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        let size = self.points * V;
        let tensor = matches!(self.kind, Kind::Tensor(_));
        for d in 0..self.dims {
            flux(d, &mut fluxes[if tensor { 0 } else { d * size }..][..size]);
            if let Kind::Tensor(tensor) = &self.kind {
                let (fluxes, common) = fluxes.split_at(self.dims * size);
                any_derive::<L, V>(tensor, d, 1.0, &fluxes[..size], common, out, d > 0);
            }
        }
        if !tensor {
            self.divergence_of::<L, V>(fluxes, out, scratch);
        }
    }

    /// [`ElementOperators::divergence`] of fluxes that are all at hand: `[D][P][V]`, then `[F][V]`.
    #[inline(always)]
    pub fn divergence_of<L: Lane<Scalar = T>, const V: usize>(
        &self,
        fluxes: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        let size = self.points * V;
        match &self.kind {
            Kind::Symmetric(symmetric) => symmetric.divergence::<L, V>(fluxes, out, scratch),
            Kind::Dense(dense) => dense.divergence.multiply::<L, V>(fluxes, out),
            Kind::Tensor(tensor) => {
                let (fluxes, common) = fluxes.split_at(self.dims * size);
                for d in 0..self.dims {
                    any_derive::<L, V>(tensor, d, 1.0, &fluxes[d * size..][..size], common, out, d > 0);
                }
            }
        }
    }

    /// Corrected reference gradients `out[D][P][V]` of `u[P][V]` with the common solution `common[F][V]` at the flux points.
    #[inline(always)]
    pub fn gradient<L: Lane<Scalar = T>, const V: usize>(
        &self,
        u: &[L],
        common: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        match &self.kind {
            Kind::Symmetric(symmetric) => symmetric.gradient::<L, V>(u, common, out, scratch),
            Kind::Dense(dense) => {
                dense.gradient.multiply::<L, V>(u, out);
                dense.gradient_lift.add_product::<L, V>(common, out);
            }
            Kind::Tensor(tensor) => {
                for (d, out) in out.chunks_exact_mut(self.points * V).enumerate() {
                    any_derive::<L, V>(tensor, d, -1.0, u, common, out, false);
                }
            }
        }
    }

    /// `out += lift common`.
    #[inline(always)]
    pub fn add_lift<L: Lane<Scalar = T>, const V: usize>(
        &self,
        common: &[L],
        out: &mut [L],
        scratch: &mut [L],
    ) {
        match &self.kind {
            Kind::Symmetric(symmetric) => symmetric.add_lift::<L, V>(common, out, scratch),
            Kind::Dense(dense) => dense.lift.add_product::<L, V>(common, out),
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

/// [`line::ends`] for the tensor's length.
fn any_ends<L: Lane, const V: usize>(tensor: &Tensor<L::Scalar>, lines: &Lines, u: &[L], faces: &mut [L]) {
    for_length!(tensor.n, n, N => line::ends::<L, V, N>(n, lines, &tensor.line, u, faces));
}

/// [`line::derive`] for the tensor's length.
fn any_derive<L: Lane, const V: usize>(
    tensor: &Tensor<L::Scalar>,
    d: usize,
    sign: f64,
    x: &[L],
    common: &[L],
    out: &mut [L],
    add: bool,
) {
    let lines = &tensor.directions[d];
    if add {
        for_length!(tensor.n, n, N => line::derive::<L, V, N, true>(n, lines, &tensor.line, sign, x, common, out));
    } else {
        for_length!(tensor.n, n, N => line::derive::<L, V, N, false>(n, lines, &tensor.line, sign, x, common, out));
    }
}

/// [`line::lift`] for the tensor's length.
fn any_lift<L: Lane, const V: usize>(tensor: &Tensor<L::Scalar>, lines: &Lines, common: &[L], out: &mut [L]) {
    for_length!(tensor.n, n, N => line::lift::<L, V, N>(n, lines, &tensor.line, common, out));
}
