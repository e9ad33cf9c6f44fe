//! Point sets: the interpolation points that case files choose by name.
//!
//! | shape | sets |
//! |---|---|
//! | line, quad, hex | `gauss-legendre`, `gauss-legendre-lobatto`: computed, products of the line's |
//! | tri | `williams-shunn`: table, orders 0 to 8; `alpha-opt`: computed |
//! | tet | `shunn-ham`: table, orders 0 to 6; `alpha-opt`: computed |
//!
//! At order 0 every set is the centroid, also those whose points lie on the boundary (Lobatto, `alpha-opt`): one point
//! cannot, and a finite-volume run with such a case file is meaningful.

mod simplex_tables;
mod warp_blend;

use super::{Shape, basis, lattice, quadrature};
use ndarray::{Array1, Array2};

/// Highest order of the sets that are computed; beyond it the operators of one element take hundreds of megabytes and
/// many seconds, which nobody means.
pub fn highest_order(shape: Shape) -> usize {
    match shape {
        Shape::Line | Shape::Tri | Shape::Quad => 20,
        Shape::Tet => 15,
        Shape::Hex => 12,
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
    /// The set is defined, but not at this order.
    #[error(
        "point set '{name}' for shape {} ends at order {highest}, order {order} was asked for; {}",
        shape.name(), advice(*shape, name, *order)
    )]
    TooHigh {
        /// Shape asked for.
        shape: Shape,
        /// Name asked for.
        name: String,
        /// Order asked for.
        order: usize,
        /// Highest order of the set.
        highest: usize,
    },
}

/// What to do about [`PointsError::TooHigh`].
fn advice(shape: Shape, name: &str, order: usize) -> String {
    match names(shape).iter().find(|n| **n == "alpha-opt") {
        Some(other) if *other != name && order <= highest_order(shape) => {
            format!("use '{other}', which goes to order {}", highest_order(shape))
        }
        _ => "choose a lower order".into(),
    }
}

/// Names of the point sets of `shape`, the default first.
pub fn names(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Line | Shape::Quad | Shape::Hex => &["gauss-legendre", "gauss-legendre-lobatto"],
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

/// The interpolation points called `name` for polynomials of order `order`, `[points][dims]`.
///
/// Tensor shapes: x fastest, then y, then z. `alpha-opt`: lattice order. Tables: orbit by orbit.
///
/// # Errors
/// A name the shape does not have (inline lists of points are not read yet and end up here), or an order the set does
/// not reach.
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

/// Points and, where the set is a quadrature rule, weights.
fn rule(shape: Shape, name: &str, order: usize) -> Result<(Array2<f64>, Option<Vec<f64>>), PointsError> {
    if !names(shape).contains(&name) {
        return Err(PointsError::Unknown { shape, name: name.into(), known: names(shape).to_vec() });
    }
    let table = simplex_tables::table(name);
    let highest = table.map_or(highest_order(shape), |t| t.len() - 1);
    if order > highest {
        return Err(PointsError::TooHigh { shape, name: name.into(), order, highest });
    }
    Ok(if let Some(table) = table {
        let (points, weights) = table[order].expand(shape);
        (points, Some(weights))
    } else if order == 0 {
        (lattice::nodes(shape, 0), Some(vec![shape.volume()]))
    } else if shape.is_tensor() {
        let (points, weights) = quadrature::tensor(shape.dims(), &line_rule(name, order));
        (points, Some(weights))
    } else {
        (warp_blend::nodes(shape, order), None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_the_points_of_its_order_inside_the_element_and_weights_that_are_exact() {
        for shape in Shape::ALL {
            for name in names(shape) {
                for order in 0..=10 {
                    let Ok(x) = points(shape, name, order) else {
                        assert!(simplex_tables::table(name).unwrap().len() <= order);
                        continue;
                    };
                    assert_eq!(x.dim(), (shape.points(order), shape.dims()));
                    for row in x.rows() {
                        assert!(row.iter().all(|x| (-1.0 - 1e-14..=1.0 + 1e-14).contains(x)));
                        let inside = shape.is_tensor() || row.sum() <= 2.0 - shape.dims() as f64 + 1e-14;
                        assert!(inside, "{} {name} {order}: {row}", shape.name());
                    }
                    let w = weights(shape, name, order).unwrap();
                    let error = quadrature::tests::worst(shape, &x, &w, order);
                    assert!(error < 2e-14, "{} {name} {order}: {error:e}", shape.name());
                }
            }
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones_and_orders_beyond_a_table_advise_the_computed_set() {
        let text = points(Shape::Tet, "gauss-legendre", 2).unwrap_err().to_string();
        assert_eq!(text, "no point set 'gauss-legendre' for shape tet; it has: shunn-ham, alpha-opt");
        let text = points(Shape::Tet, "shunn-ham", 7).unwrap_err().to_string();
        assert_eq!(
            text,
            "point set 'shunn-ham' for shape tet ends at order 6, order 7 was asked for; \
             use 'alpha-opt', which goes to order 15"
        );
        assert!(points(Shape::Hex, "gauss-legendre", usize::MAX).is_err());
        assert!(matches!(points(Shape::Tri, "[(0, 0)]", 0), Err(PointsError::Unknown { .. })));
    }
}
