//! Point sets.
use super::Shape;
use ndarray::Array2;

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
    #[error("point set '{name}' for shape {} ends at order {highest}, order {order} was asked for", shape.name())]
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

/// The interpolation points called `name` for polynomials of order `order`, `[points][dims]`.
pub fn points(_shape: Shape, _name: &str, _order: usize) -> Result<Array2<f64>, PointsError> {
    unimplemented!()
}
