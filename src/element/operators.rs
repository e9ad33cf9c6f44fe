//! The operator matrices of one reference element.
//!
//! Flux reconstruction in its nodal discontinuous Galerkin form (Huynh, AIAA 2007-4079; Williams and Jameson, J. Sci.
//! Comput. 59, 2014, for simplices). The numbers M0 to M6 are the customary ones of the operator matrices:
//!
//! | | maps |
//! |---|---|
//! | M0 | values at solution points to values at flux points |
//! | M1 | vectors at solution points to their divergence there |
//! | M2 | vectors at solution points to their normal components at flux points |
//! | M3 | jumps of the normal flux at flux points to the correction of the divergence |
//! | M4 | values at solution points to their reference gradient there |
//! | M6 | jumps of the value at flux points to the correction of the gradient: M3 times the normal |
//!
//! M3: column `j`, of a flux point on face `f`, is the polynomial whose inner product with every mode `psi_k` equals
//! `int_f L_j psi_k ds`, where `L_j` is the nodal basis of the face's flux points and `ds` belongs to the face's own
//! parametrisation. So `M3_ij = sum_k psi_k(x_i) int_f L_j psi_k ds`, integrated exactly.

use super::anti_alias::{self, AntiAlias, Quadrature};
use super::points::{self, PointsError};
use super::{Shape, basis, faces, linear, quadrature, tensor};
use ndarray::{Array2, Axis, concatenate};
use std::collections::BTreeMap;

/// Names of the point sets to use: solution points per element shape, flux points per face shape.
///
/// A shape that is not listed uses the default set of its shape (`gauss-legendre`, `williams-shunn`, `shunn-ham`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointSets {
    /// `[solver-elements-SHAPE] soln-pts`.
    pub solution: BTreeMap<Shape, String>,
    /// `[solver-interfaces-SHAPE] flux-pts`.
    pub flux: BTreeMap<Shape, String>,
    /// `[solver] anti-alias`.
    pub anti_alias: AntiAlias,
}

impl PointSets {
    /// Name of the solution point set of an element shape.
    pub fn solution_name(&self, shape: Shape) -> &str {
        self.solution.get(&shape).map_or(points::default_name(shape), String::as_str)
    }

    /// Name of the flux point set of a face shape.
    pub fn flux_name(&self, shape: Shape) -> &str {
        self.flux.get(&shape).map_or(points::default_name(shape), String::as_str)
    }
}

/// Operators of one element shape at one order. `P` solution points, `F` flux points (all faces together), `D` dimensions.
///
/// Matrices act on columns of nodal values of one variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Operators {
    /// Shape of the element.
    pub shape: Shape,
    /// Polynomial order.
    pub order: usize,
    /// Solution points, `[P][D]`. Tensor shapes: x fastest, then y, then z.
    pub points: Array2<f64>,
    /// Flux points, `[F][D]`, face by face in the order of [`Shape::faces`]. On a tensor shape the points of a face run
    /// over its free axes in increasing order, the first fastest, so that point `j` ends line `j` across the element.
    pub flux_points: Array2<f64>,
    /// First flux point of each face, `[faces + 1]`.
    pub face_offsets: Vec<usize>,
    /// Reference normal at each flux point, `[F][D]`, in the face's parametrisation (not unit length).
    pub normals: Array2<f64>,
    /// M0: solution points to flux points, `[F][P]`.
    pub interpolate: Array2<f64>,
    /// M4: derivative in each reference direction, `D` matrices `[P][P]`.
    pub differentiate: Vec<Array2<f64>>,
    /// M3: normal-flux jump at the flux points to divergence correction at the solution points, `[P][F]`.
    pub lift: Array2<f64>,
    /// M1 - M3 M2 split by direction: `D` matrices `[P][P]`; divergence of the transformed flux less the lifted own normal
    /// flux (on a pyramid in weak form: its rational basis has derivatives outside its space, and only the
    /// weak form conserves). The right-hand side is `sum_d divergence[d] Ft_d + lift (F* |n|)`.
    pub divergence: Vec<Array2<f64>>,
    /// M4 - M6 M0 split by direction: `D` matrices `[P][P]`. The corrected reference gradient is
    /// `gradient[d] u + lift (u_c n_d)`.
    pub gradient: Vec<Array2<f64>>,
    /// Quadrature weights of the solution points, exact for the polynomials of the basis; they sum to the volume
    /// (see [`points::weights`]).
    pub weights: Vec<f64>,
    /// Where fluxes are evaluated instead of at the solution points, with `anti-alias = flux`.
    pub quadrature: Option<Quadrature>,
    /// The one-dimensional operators a tensor shape is a product of; the dense matrices are then their products to the
    /// last bit. `None` on simplices, and when the faces use another family of points than the element: the flux points
    /// are not the ends of the lines of solution points then.
    pub line: Option<LineOperators>,
}

/// Operators of a line of `N = p + 1` points on `[-1, 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LineOperators {
    /// Points, `[N]`.
    pub points: Vec<f64>,
    /// Derivative, `[N][N]`.
    pub differentiate: Array2<f64>,
    /// Interpolation to -1 and +1, `[2][N]`.
    pub ends: Array2<f64>,
    /// Lift from the end values' normal flux (outward at both ends) to the points, `[N][2]`.
    pub lift: Array2<f64>,
    /// `differentiate + lift[:, 0] ends[0] - lift[:, 1] ends[1]`: corrected derivative of a flux along the axis.
    /// (The own normal flux at -1 points against the axis, hence the sign.)
    pub divergence: Array2<f64>,
}

impl Operators {
    /// Builds the operators of `shape` at polynomial order `order` on the named point sets.
    ///
    /// # Errors
    /// Unknown name for the shape, an order above the highest, or a list of points that does not serve.
    pub fn new(shape: Shape, order: usize, sets: &PointSets) -> Result<Operators, PointsError> {
        let name = sets.solution_name(shape);
        let points = points::points(shape, name, order)?;
        let weights = points::weights(shape, name, order)?;
        let product = shape.is_tensor() && points::names(shape).contains(&name);
        let line = product.then(|| LineOperators::new(&points::line_rule(name, order).0));

        let flux = FluxPoints::new(shape, order, sets)?;
        let meets =
            |face: Shape| face == Shape::Point || (sets.flux_name(face) == name && !sets.anti_alias.surface);
        let same_family = shape.faces().iter().all(|f| meets(f.shape));
        let differentiate = match &line {
            Some(line) => {
                (0..shape.dims()).map(|d| tensor::along(shape.dims(), d, &line.differentiate)).collect()
            }
            None => basis::differentiation(shape, order, &points, &points),
        };
        let line = line.filter(|_| same_family);
        let (interpolate, lift) = match &line {
            Some(line) => tensor::interpolate_and_lift(shape, line),
            None => {
                (basis::interpolation(shape, order, &points, &flux.points), flux.lift(shape, order, &points))
            }
        };
        let divergence: Vec<_> = match &line {
            Some(line) => {
                (0..shape.dims()).map(|d| tensor::along(shape.dims(), d, &line.divergence)).collect()
            }
            None if shape == Shape::Pyramid => weak_divergence(shape, order, &points),
            None => (0..shape.dims())
                .map(|d| {
                    let normal = flux.normals.column(d).insert_axis(Axis(1));
                    &differentiate[d] - &lift.dot(&(&interpolate * &normal))
                })
                .collect(),
        };
        // Split by direction the two corrections are one: M6 is M3 times a normal component, and so is M2 from M0.
        let gradient = divergence.clone();
        let quadrature = sets.anti_alias.volume_rule(shape, order, &points)?;
        Ok(Operators {
            shape,
            order,
            points,
            flux_points: flux.points,
            face_offsets: flux.offsets,
            normals: flux.normals,
            interpolate,
            differentiate,
            lift,
            divergence,
            gradient,
            weights,
            quadrature,
            line,
        })
    }

    /// `(sum_d divergence[d] divergence[d]^T + w w^T / w.w)^-1`, `[P][P]`, with the quadrature weights `w`.
    ///
    /// The least change of a vector field that changes its discrete divergence by `r` is
    /// `divergence[d]^T` of this times `r`. No change of the field changes the mean of its divergence, so the sum alone is
    /// singular, in the direction `w`; the second term mends that and has no effect on an `r` without mean.
    pub fn free_stream_inverse(&self) -> Array2<f64> {
        let norm: f64 = self.weights.iter().map(|w| w * w).sum();
        let mean = |(i, j): (usize, usize)| self.weights[i] * self.weights[j] / norm;
        let mut sum = Array2::from_shape_fn((self.weights.len(), self.weights.len()), mean);
        for divergence in &self.divergence {
            sum += &divergence.dot(&divergence.t());
        }
        linear::divide_right(&Array2::eye(self.weights.len()), &sum)
    }

    /// Flux points of face `face`.
    pub fn face_range(&self, face: usize) -> std::ops::Range<usize> {
        self.face_offsets[face]..self.face_offsets[face + 1]
    }
}

/// The divergence less the lifted own normal flux in weak form: `-sum_k psi_k(x_i) int d_d psi_k f`.
///
/// Elsewhere this is the strong form to the last digit but rounding. A pyramid's basis is rational and its derivatives
/// leave the space, so that only the weak form conserves.
fn weak_divergence(shape: Shape, order: usize, solution: &Array2<f64>) -> Vec<Array2<f64>> {
    let (at, weights) = quadrature::rule(shape, 2 * order);
    let mut values = basis::interpolation(shape, order, solution, &at);
    for (mut row, w) in values.rows_mut().into_iter().zip(weights) {
        row *= -w;
    }
    let modes = basis::vandermonde(shape, order, solution);
    basis::gradients(shape, order, &at).iter().map(|g| modes.dot(&g.t().dot(&values))).collect()
}

/// The flux points of all faces.
struct FluxPoints {
    /// Per face, in the face's own coordinates, and weights where they are those of a rule.
    own: Vec<(Array2<f64>, Option<Vec<f64>>)>,
    points: Array2<f64>,
    normals: Array2<f64>,
    offsets: Vec<usize>,
}

impl FluxPoints {
    fn new(shape: Shape, order: usize, sets: &PointSets) -> Result<FluxPoints, PointsError> {
        let dims = shape.dims();
        let (mut own, mut offsets) = (Vec::new(), vec![0]);
        let (mut points, mut normals) = (Array2::zeros((0, dims)), Array2::zeros((0, dims)));
        for (f, face) in shape.faces().iter().enumerate() {
            let (set, weights) = match sets.anti_alias.face_rule(face.shape, order)? {
                Some((points, weights)) => (points, Some(weights)),
                None => (points::points(face.shape, sets.flux_name(face.shape), order)?, None),
            };
            let normal = Array2::from_shape_fn((set.nrows(), dims), |(_, d)| face.normal[d]);
            points = stack(&points, &faces::to_element(shape, f, &set));
            normals = stack(&normals, &normal);
            offsets.push(points.nrows());
            own.push((set, weights));
        }
        Ok(FluxPoints { own, points, normals, offsets })
    }

    /// M3 at the solution points `solution`, `[P][F]`.
    fn lift(&self, shape: Shape, order: usize, solution: &Array2<f64>) -> Array2<f64> {
        let mut moments = Array2::zeros((0, shape.points(order)));
        for (f, face) in shape.faces().iter().enumerate() {
            let (own, rule) = &self.own[f];
            if let Some(weights) = rule {
                // The points are a rule: what they hold is projected onto the face's polynomials, not interpolated.
                let project = anti_alias::projection(face.shape, order, own, weights)
                    .expect("checked when the rule was chosen");
                let (at, weights) = quadrature::rule(face.shape, 2 * order);
                let mut polynomials = basis::vandermonde(face.shape, order, &at);
                polynomials.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
                let modes = basis::vandermonde(shape, order, &faces::to_element(shape, f, &at));
                moments = stack(&moments, &project.t().dot(&polynomials.t().dot(&modes)));
                continue;
            }
            let (at, weights) = quadrature::rule(face.shape, 2 * order);
            let mut nodal = basis::interpolation(face.shape, order, own, &at);
            for (mut row, w) in nodal.rows_mut().into_iter().zip(weights) {
                row *= w;
            }
            let modes = basis::vandermonde(shape, order, &faces::to_element(shape, f, &at));
            moments = stack(&moments, &nodal.t().dot(&modes));
        }
        basis::vandermonde(shape, order, solution).dot(&moments.t())
    }
}

/// The rows of `a`, then those of `b`.
fn stack(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    concatenate(Axis(0), &[a.view(), b.view()]).expect("both have the same columns")
}

#[cfg(test)]
mod tests;
