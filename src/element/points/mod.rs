//! Point sets: the interpolation points that case files choose by name.
//!
//! | shape | sets |
//! |---|---|
//! | line, quad, hex | `gauss-legendre`, `gauss-legendre-lobatto`: computed, products of the line's |
//! | tri | `williams-shunn`: table, orders 0 to 8; `alpha-opt`: computed |
//! | tet | `shunn-ham`: table, orders 0 to 6; `alpha-opt`: computed |
//! | pri | `williams-shunn~gauss-legendre` and kin: a triangle's set times a line's |
//! | pyr | `gauss-legendre`, `gauss-legendre-lobatto`: layers at the line's heights, each a square of its own order |
//!
//! Beyond a table's last order `alpha-opt` takes its place ([`substitute`] tells), so that no shape ends before its
//! [`highest_order`]. Instead of a name there may be a list of points, `[(x, y), ...]`.
//!
//! At order 0 every set is the centroid, also those whose points lie on the boundary (Lobatto, `alpha-opt`): one point
//! cannot, and a finite-volume run with such a case file is meaningful.

mod list;
mod simplex_tables;
mod warp_blend;

use super::{Shape, basis, lattice, quadrature};
use ndarray::{Array1, Array2};

/// Highest order of the sets that are computed; beyond it the operators of one element take hundreds of megabytes and
/// many seconds, which nobody means.
pub fn highest_order(shape: Shape) -> usize {
    match shape {
        Shape::Point | Shape::Line | Shape::Tri | Shape::Quad => 20,
        Shape::Tet => 15,
        Shape::Hex | Shape::Prism | Shape::Pyramid => 12,
    }
}

/// What can be wrong with the choice of a point set.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PointsError {
    /// The shape has no set of this name.
    #[error("no point set '{name}' for shape {}; it has: {}", shape.name(), known.join(", "))]
    Unknown {
        /// Shape asked for.
        shape: Shape,
        /// Name asked for.
        name: String,
        /// Names this shape has.
        known: Vec<&'static str>,
    },
    /// Beyond what is computed.
    #[error(
        "order {order} was asked for; elements of shape {} go to order {}: choose a lower one",
        shape.name(), highest_order(*shape)
    )]
    TooHigh {
        /// Shape asked for.
        shape: Shape,
        /// Order asked for.
        order: usize,
    },
    /// Anti-aliasing without a rule.
    #[error(
        "anti-alias asks for a quadrature rule; add quad-deg (the degree to integrate exactly, such as twice the order) to \
         [solver-{section}-{}]", shape.name()
    )]
    NoRule {
        /// Element or face shape.
        shape: Shape,
        /// `elements` or `interfaces`.
        section: &'static str,
    },
    /// A rule that cannot tell the solution's polynomials apart.
    #[error(
        "a quadrature rule of degree {degree} is too weak for order {order} on shape {}; set quad-deg to {} or more",
        shape.name(), 2 * order
    )]
    WeakRule {
        /// Element or face shape.
        shape: Shape,
        /// Degree of the rule.
        degree: usize,
        /// Order of the solution.
        order: usize,
    },
    /// A rule of far too many points.
    #[error("quadrature rules of shape {} go to degree {}; {degree} was asked for", shape.name(), super::anti_alias::HIGHEST_DEGREE)]
    StrongRule {
        /// Element or face shape.
        shape: Shape,
        /// Degree asked for.
        degree: usize,
    },
    /// A list of points that is none, or does not serve.
    #[error("the list of points for shape {} {reason}", shape.name())]
    List {
        /// Shape asked for.
        shape: Shape,
        /// What is wrong and what is wanted.
        reason: String,
    },
}

/// Names of the point sets of `shape`, the default first.
pub fn names(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Point => &["point"],
        Shape::Line | Shape::Quad | Shape::Hex | Shape::Pyramid => {
            &["gauss-legendre", "gauss-legendre-lobatto"]
        }
        Shape::Prism => &[
            "williams-shunn~gauss-legendre",
            "williams-shunn~gauss-legendre-lobatto",
            "alpha-opt~gauss-legendre",
            "alpha-opt~gauss-legendre-lobatto",
        ],
        Shape::Tri => &["williams-shunn", "alpha-opt"],
        Shape::Tet => &["shunn-ham", "alpha-opt"],
    }
}

/// The set a shape uses when the case file names none.
pub fn default_name(shape: Shape) -> &'static str {
    names(shape)[0]
}

/// The line rule a tensor set is the product of.
pub(super) fn line_rule(name: &str, order: usize) -> (Vec<f64>, Vec<f64>) {
    match name {
        "gauss-legendre-lobatto" => quadrature::gauss_legendre_lobatto(order + 1),
        _ => quadrature::gauss_legendre(order + 1),
    }
}

/// The set that stands in for the table `name` at an order the table does not reach.
pub fn substitute(name: &str, order: usize) -> Option<&'static str> {
    let triangle = name.split('~').next().unwrap_or(name);
    let table = simplex_tables::table(triangle)?;
    (order >= table.len()).then_some("alpha-opt")
}

/// The interpolation points called `name` for polynomials of order `order`, `[points][dims]`.
///
/// Tensor shapes: x fastest, then y, then z. `alpha-opt`: lattice order. Tables: orbit by orbit. Prisms: the triangle's
/// order, then z. Lists: as listed.
///
/// # Errors
/// A name the shape does not have, an order above [`highest_order`], or a list that does not determine a polynomial.
pub fn points(shape: Shape, name: &str, order: usize) -> Result<Array2<f64>, PointsError> {
    Ok(rule(shape, name, order)?.0)
}

/// The weights that integrate the polynomials of order `order` exactly from their values at [`points`]; they sum to
/// the volume of the element.
///
/// Those weights are unique, so the tables' own, which are exact beyond `order`, are the same numbers; they are taken
/// where there are any. Tables and Gauss sets have positive weights; those of `alpha-opt` may vanish or be negative.
///
/// # Errors
/// As [`points`].
pub fn weights(shape: Shape, name: &str, order: usize) -> Result<Vec<f64>, PointsError> {
    let (points, weights) = rule(shape, name, order)?;
    Ok(weights.unwrap_or_else(|| {
        let (at, w) = quadrature::rule(shape, order);
        Array1::from(w).dot(&basis::interpolation(shape, order, &points, &at)).to_vec()
    }))
}

/// The weakest triangular rule of the Williams-Shunn family that integrates `degree` exactly, if one does: points
/// `[points][2]` and weights. It is the same seen from every vertex.
pub(super) fn williams_shunn(degree: usize) -> Option<(Array2<f64>, Vec<f64>)> {
    let table = simplex_tables::table("williams-shunn")?;
    table.iter().find(|rule| rule.degree >= degree).map(|rule| rule.expand(Shape::Tri))
}

/// Points and, where the set is a quadrature rule exact to `order`, weights.
fn rule(shape: Shape, name: &str, order: usize) -> Result<(Array2<f64>, Option<Vec<f64>>), PointsError> {
    if order > highest_order(shape) {
        return Err(PointsError::TooHigh { shape, order });
    }
    if list::is_list(name) {
        return Ok((list::points(shape, name, order)?, None));
    }
    if !names(shape).contains(&name) {
        return Err(PointsError::Unknown { shape, name: name.into(), known: names(shape).to_vec() });
    }
    if order == 0 || shape == Shape::Point {
        return Ok((lattice::nodes(shape, 0), Some(vec![shape.volume()])));
    }
    Ok(match shape {
        Shape::Prism => {
            let (triangle, line) = name.split_once('~').unwrap_or((name, ""));
            let (points, weights) = rule(Shape::Tri, triangle, order)?;
            let weighted = weights.is_some();
            let line = line_rule(line, order);
            let (points, weights) = quadrature::prism(&(points, weights.unwrap_or_default()), &line);
            (points, weighted.then_some(weights))
        }
        Shape::Pyramid => {
            // The upper layers have too few points to be exact: the weights follow from the basis instead.
            let layer = |k: usize| line_rule(name, order - k);
            (quadrature::pyramid(&line_rule(name, order), layer).0, None)
        }
        _ if shape.is_tensor() => {
            let (points, weights) = quadrature::tensor(shape.dims(), &line_rule(name, order));
            (points, Some(weights))
        }
        _ => match simplex_tables::table(name).and_then(|table| table.get(order)) {
            Some(table) => {
                let (points, weights) = table.expand(shape);
                (points, Some(weights))
            }
            None => (warp_blend::nodes(shape, order), None),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_the_points_of_its_order_inside_the_element_and_weights_that_are_exact() {
        for shape in Shape::ALL {
            for name in names(shape) {
                for order in 0..=if shape.dims() == 3 { 8 } else { 10 } {
                    let x = points(shape, name, order).unwrap();
                    assert_eq!(x.dim(), (shape.points(order), shape.dims()));
                    for row in x.rows() {
                        assert!(row.iter().all(|x| (-1.0 - 1e-14..=1.0 + 1e-14).contains(x)));
                        let inside = match shape {
                            Shape::Pyramid => row[0].abs().max(row[1].abs()) <= (1.0 - row[2]) / 2.0 + 1e-14,
                            Shape::Prism => row[0] + row[1] <= 1e-14,
                            Shape::Tri | Shape::Tet => row.sum() <= 2.0 - shape.dims() as f64 + 1e-14,
                            _ => true,
                        };
                        assert!(inside, "{} {name} {order}: {row}", shape.name());
                    }
                    let w = weights(shape, name, order).unwrap();
                    let error = quadrature::tests::worst(shape, &x, &w, order);
                    let digits = if shape == Shape::Pyramid { 2e-13 } else { 2e-14 };
                    assert!(error < digits, "{} {name} {order}: {error:e}", shape.name());
                }
            }
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones_and_orders_beyond_a_table_take_the_computed_set() {
        let text = points(Shape::Tet, "gauss-legendre", 2).unwrap_err().to_string();
        assert_eq!(text, "no point set 'gauss-legendre' for shape tet; it has: shunn-ham, alpha-opt");
        assert_eq!(points(Shape::Tet, "shunn-ham", 7).unwrap(), points(Shape::Tet, "alpha-opt", 7).unwrap());
        assert_eq!((substitute("shunn-ham", 6), substitute("shunn-ham", 7)), (None, Some("alpha-opt")));
        assert_eq!(substitute("williams-shunn~gauss-legendre", 9), Some("alpha-opt"));
        assert_eq!(substitute("gauss-legendre", 15), None);
        let text = points(Shape::Hex, "gauss-legendre", usize::MAX).unwrap_err().to_string();
        assert!(text.contains("go to order 12"), "{text}");
    }

    #[test]
    fn pyramid_layers_have_points_of_their_own_order() {
        let x = points(Shape::Pyramid, "gauss-legendre", 1).unwrap();
        let a = 1.0 / 3.0f64.sqrt();
        assert!((x[[0, 0]] + a * (1.0 + a) / 2.0).abs() < 1e-15 && (x[[0, 2]] + a).abs() < 1e-15);
        assert_eq!((x[[4, 0]], x[[4, 1]]), (0.0, 0.0));
        let x = points(Shape::Pyramid, "gauss-legendre-lobatto", 2).unwrap();
        assert_eq!(x.row(13).to_vec(), [0.0, 0.0, 1.0]);
        assert_eq!(x.row(9).to_vec(), [-0.5, -0.5, 0.0]);
    }
}
