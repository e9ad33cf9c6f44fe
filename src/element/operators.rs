//! The operator matrices of one reference element (case-format section 7).

use super::Shape;
use super::points::PointsError;
use ndarray::Array2;
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
    /// flux. The right-hand side is `sum_d divergence[d] Ft_d + lift (F* |n|)`.
    pub divergence: Vec<Array2<f64>>,
    /// M4 - M6 M0 split by direction: `D` matrices `[P][P]`. The corrected reference gradient is
    /// `gradient[d] u + lift (u_c n_d)`.
    pub gradient: Vec<Array2<f64>>,
    /// Quadrature weights of the solution points, exact for the polynomials of the basis; they sum to the volume.
    pub weights: Vec<f64>,
    /// The one-dimensional operators a tensor shape is a product of.
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
    /// Unknown name for the shape, or a set that does not reach this order.
    pub fn new(_shape: Shape, _order: usize, _sets: &PointSets) -> Result<Operators, PointsError> {
        unimplemented!()
    }
}
