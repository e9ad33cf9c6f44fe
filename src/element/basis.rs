//! Orthonormal modal bases and nodal interpolation.
use super::Shape;
use ndarray::Array2;

/// Values of the orthonormal modal basis of order `order` at `points`, `[points][modes]`.
pub fn vandermonde(_shape: Shape, _order: usize, _points: &Array2<f64>) -> Array2<f64> {
    unimplemented!()
}

/// Matrix that interpolates nodal values at `from` (a unisolvent set of order `order`) to the points `to`, `[to][from]`.
pub fn interpolation(_shape: Shape, _order: usize, _from: &Array2<f64>, _to: &Array2<f64>) -> Array2<f64> {
    unimplemented!()
}
