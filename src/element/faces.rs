//! Where the points of a face lie on its element, and back.

use super::Shape;
use ndarray::Array2;

/// Affine-bilinear map of a face: `origin + a u + b v + a b w`, the last only on quadrilaterals.
struct Map([[f64; 3]; 4]);

impl Map {
    /// Of face `face`, whose coordinates run along the element's free axes in increasing order on a tensor shape, and
    /// else from the first vertex listed to the second and to the last.
    fn new(shape: Shape, face: usize) -> Map {
        let face = &shape.faces()[face];
        let mut vertices = face.vertices.to_vec();
        if shape.is_tensor() {
            vertices.sort_unstable();
        } else if face.shape == Shape::Quad {
            vertices.swap(2, 3); // ring to lattice order
        }
        let v = |i: usize| shape.vertices()[vertices[i]];
        // Written about the face's middle, so that coordinates which are constant on the face come out exact.
        let row = |c: &dyn Fn(usize) -> f64| std::array::from_fn(c);
        Map(match face.shape {
            Shape::Line => {
                let (a, b) = (v(0), v(1));
                [row(&|d| (a[d] + b[d]) / 2.0), row(&|d| (b[d] - a[d]) / 2.0), [0.0; 3], [0.0; 3]]
            }
            Shape::Tri => {
                let (a, b, c) = (v(0), v(1), v(2));
                [
                    row(&|d| (b[d] + c[d]) / 2.0),
                    row(&|d| (b[d] - a[d]) / 2.0),
                    row(&|d| (c[d] - a[d]) / 2.0),
                    [0.0; 3],
                ]
            }
            Shape::Point => [v(0), [0.0; 3], [0.0; 3], [0.0; 3]],
            _ => {
                let (a, b, c, e) = (v(0), v(1), v(2), v(3));
                [
                    row(&|d| (a[d] + b[d] + c[d] + e[d]) / 4.0),
                    row(&|d| (b[d] + e[d] - a[d] - c[d]) / 4.0),
                    row(&|d| (c[d] + e[d] - a[d] - b[d]) / 4.0),
                    row(&|d| (a[d] + e[d] - b[d] - c[d]) / 4.0),
                ]
            }
        })
    }
}

/// Points given in the reference coordinates of the face's own shape, `[points][dims - 1]`, as points of the element,
/// `[points][dims]`.
///
/// On a tensor shape the face's coordinates run along the element's free axes in increasing order; else its vertices, in
/// the order of [`Shape::faces`], take the place of the face shape's (a quadrilateral's as the ring 0 1 3 2).
pub fn to_element(shape: Shape, face: usize, points: &Array2<f64>) -> Array2<f64> {
    let Map([origin, u, v, w]) = Map::new(shape, face);
    Array2::from_shape_fn((points.nrows(), shape.dims()), |(n, d)| {
        let a = if points.ncols() > 0 { points[[n, 0]] } else { 0.0 };
        let b = if points.ncols() > 1 { points[[n, 1]] } else { 0.0 };
        origin[d] + a * u[d] + b * v[d] + a * b * w[d]
    })
}

/// Weights of the vertices of face `face`, in the order in which it lists them, that give back the point `x` of that
/// face: linear, barycentric or bilinear.
pub fn vertex_weights(shape: Shape, face: usize, x: &[f64]) -> Vec<f64> {
    let face = &shape.faces()[face];
    if face.shape == Shape::Point {
        return vec![1.0];
    }
    let v = |i: usize| &shape.vertices()[face.vertices[i]];
    let last = face.vertices.len() - 1;
    let along = |from: &[f64; 3], to: &[f64; 3]| -> [f64; 3] { std::array::from_fn(|d| to[d] - from[d]) };
    let dot = |a: &[f64; 3], b: &[f64; 3]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    // Faces are parallelograms or triangles: two edges at the first vertex span them.
    let place = along(v(0), &std::array::from_fn(|d| x.get(d).copied().unwrap_or(0.0)));
    let e = along(v(0), v(1));
    if last == 1 {
        let a = dot(&place, &e) / dot(&e, &e);
        return vec![1.0 - a, a];
    }
    let f = along(v(0), v(last));
    let (ee, ef, ff) = (dot(&e, &e), dot(&e, &f), dot(&f, &f));
    let (pe, pf) = (dot(&place, &e), dot(&place, &f));
    let det = ee * ff - ef * ef;
    let (a, b) = ((pe * ff - pf * ef) / det, (pf * ee - pe * ef) / det);
    if last == 2 {
        vec![1.0 - a - b, a, b]
    } else {
        vec![(1.0 - a) * (1.0 - b), a * (1.0 - b), a * b, (1.0 - a) * b]
    }
}

/// The point of face `face` that has these vertex weights; inverse of [`vertex_weights`].
pub fn from_vertex_weights(shape: Shape, face: usize, weights: &[f64]) -> [f64; 3] {
    let vertices = shape.faces()[face].vertices;
    std::array::from_fn(|d| weights.iter().zip(vertices).map(|(w, v)| w * shape.vertices()[*v][d]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{lattice, quadrature};

    #[test]
    fn points_of_a_face_lie_on_it_and_its_coordinates_come_back() {
        for shape in Shape::ALL {
            for (f, face) in shape.faces().iter().enumerate() {
                let x = to_element(shape, f, &quadrature::rule(face.shape, 5).0);
                let on = shape.vertices()[face.vertices[0]];
                for row in x.rows() {
                    let above: f64 = (0..shape.dims()).map(|d| face.normal[d] * (row[d] - on[d])).sum();
                    assert!(above.abs() < 4e-16);
                    let w = vertex_weights(shape, f, &row.to_vec());
                    assert!(w.iter().all(|w| *w > 0.0) && (w.iter().sum::<f64>() - 1.0).abs() < 1e-15);
                    let back = from_vertex_weights(shape, f, &w);
                    assert!((0..shape.dims()).all(|d| (back[d] - row[d]).abs() < 1e-15));
                }
            }
        }
    }

    #[test]
    fn vertices_of_the_face_shape_are_the_faces_vertices() {
        for shape in Shape::ALL {
            for (f, face) in shape.faces().iter().enumerate() {
                let x = to_element(shape, f, &lattice::nodes(face.shape, 1));
                for v in face.vertices {
                    let v = &shape.vertices()[*v];
                    assert!(x.rows().into_iter().any(|r| r.iter().zip(v).all(|(a, b)| a == b)));
                }
            }
        }
    }
}
