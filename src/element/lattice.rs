//! Equally spaced node lattices: node order of geometry (x fastest) and of VTK's Lagrange cells.

use super::Shape;
use ndarray::Array2;

/// Lattice indices of the nodes of order `order`, x fastest, then y, then z; in triangles `i + j <= order`, in
/// tetrahedra `i + j + k <= order`, in layer `k` of a pyramid `i, j <= order - k`.
/// Unused indices are zero. The same enumeration serves the modal bases.
pub fn indices(shape: Shape, order: usize) -> Vec<[usize; 3]> {
    let (x, y, z) = (shape.dims() > 0, shape.dims() > 1, shape.dims() > 2);
    let mut all = Vec::with_capacity(shape.points(order));
    for k in 0..=if z { order } else { 0 } {
        let layer = if matches!(shape, Shape::Tet | Shape::Pyramid) { order - k } else { order };
        for j in 0..=if y { layer } else { 0 } {
            let row = if matches!(shape, Shape::Tri | Shape::Tet | Shape::Prism) { layer - j } else { layer };
            all.extend((0..=if x { row } else { 0 }).map(|i| [i, j, k]));
        }
    }
    all
}

/// Equally spaced nodes of order `order` on the reference element, `[points][dims]`, in the order of [`indices`];
/// order 0 is the centroid.
pub fn nodes(shape: Shape, order: usize) -> Array2<f64> {
    let dims = shape.dims();
    if order == 0 {
        return Array2::from_shape_fn((1, dims), |(_, d)| shape.centroid()[d]);
    }
    let at = indices(shape, order);
    Array2::from_shape_fn((at.len(), dims), |(n, d)| {
        // A pyramid's layers shrink about its axis.
        let shift = if shape == Shape::Pyramid && d < 2 { at[n][2] } else { 0 };
        (2 * at[n][d] + shift) as f64 / order as f64 - 1.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lattice_of_order_one_is_the_vertices_in_their_order() {
        for shape in Shape::ALL {
            let nodes = nodes(shape, 1);
            let v = shape.vertices();
            assert_eq!(nodes, Array2::from_shape_fn((v.len(), shape.dims()), |(n, d)| v[n][d]));
        }
    }

    #[test]
    fn lattices_have_the_count_of_their_order_and_balance_about_the_centroid() {
        for shape in Shape::ALL {
            let centre = nodes(shape, 0);
            for order in 0..7 {
                let nodes = nodes(shape, order);
                assert_eq!(nodes.nrows(), shape.points(order));
                if shape == Shape::Pyramid {
                    assert!((0..2).all(|d| nodes.column(d).mean().unwrap().abs() < 1e-14));
                    continue; // its layers have different spacings
                }
                for d in 0..shape.dims() {
                    assert!((nodes.column(d).mean().unwrap() - centre[[0, d]]).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn x_runs_fastest() {
        assert_eq!(
            indices(Shape::Tri, 2),
            [[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [0, 2, 0]]
        );
        assert_eq!(indices(Shape::Hex, 1)[..3], [[0, 0, 0], [1, 0, 0], [0, 1, 0]]);
        assert_eq!(indices(Shape::Tet, 2)[6], [0, 0, 1]);
        assert_eq!(indices(Shape::Prism, 1)[2..4], [[0, 1, 0], [0, 0, 1]]);
        assert_eq!(indices(Shape::Pyramid, 1)[3..], [[1, 1, 0], [0, 0, 1]]);
    }
}
