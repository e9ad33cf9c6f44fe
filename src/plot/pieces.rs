//! Reference elements divided into triangles and tetrahedra.

use crate::element::Shape;
use ndarray::Array2;
use std::collections::BTreeMap;

/// A reference element, or one of its faces, in pieces of `N` corners.
#[derive(Clone, Debug)]
pub struct Pieces<const N: usize> {
    /// Reference coordinates of the corners, unused ones zero.
    pub points: Vec<[f64; 3]>,
    /// Positions of each piece's corners among these.
    pub pieces: Vec<[usize; N]>,
}

/// Vertices of the simplices that an element is made of.
fn triangles_of(shape: Shape) -> &'static [[usize; 3]] {
    match shape {
        Shape::Tri => &[[0, 1, 2]],
        Shape::Quad => &[[0, 1, 3], [0, 3, 2]],
        _ => &[],
    }
}

fn tetrahedra_of(shape: Shape) -> &'static [[usize; 4]] {
    match shape {
        Shape::Tet => &[[0, 1, 2, 3]],
        Shape::Hex => &[[0, 1, 3, 7], [0, 1, 5, 7], [0, 2, 3, 7], [0, 2, 6, 7], [0, 4, 5, 7], [0, 4, 6, 7]],
        Shape::Prism => &[[0, 1, 2, 5], [0, 1, 5, 4], [0, 4, 5, 3]],
        Shape::Pyramid => &[[0, 1, 3, 4], [0, 3, 2, 4]],
        _ => &[],
    }
}

/// A 2-D element, each side in `n` parts.
pub fn triangles(shape: Shape, n: usize) -> Pieces<3> {
    refine(shape.vertices(), triangles_of(shape), n)
}

/// A 3-D element, each edge in `n` parts.
pub fn tetrahedra(shape: Shape, n: usize) -> Pieces<4> {
    refine(shape.vertices(), tetrahedra_of(shape), n)
}

/// A face of a 3-D element, each side in `n` parts; corners follow each other counter-clockwise as seen from outside.
pub fn face_triangles(shape: Shape, face: usize, n: usize) -> Pieces<3> {
    match shape.faces()[face].vertices {
        [a, b, c] => refine(shape.vertices(), &[[*a, *b, *c]], n),
        [a, b, c, d] => refine(shape.vertices(), &[[*a, *b, *c], [*a, *c, *d]], n),
        _ => Pieces { points: vec![], pieces: vec![] },
    }
}

/// The sides of a face, each in `n` parts, as points that follow each other around it; of a face that is a line the line.
pub fn outline(shape: Shape, face: usize, n: usize) -> Vec<[f64; 3]> {
    let corners = shape.faces()[face].vertices;
    let vertex = |i: usize| shape.vertices()[corners[i % corners.len()]];
    let sides = if corners.len() == 2 { 1 } else { corners.len() };
    let mut points = vec![vertex(0)];
    for i in 0..sides {
        let (a, b) = (vertex(i), vertex(i + 1));
        let part = |k: usize| std::array::from_fn(|d| a[d] + (b[d] - a[d]) * k as f64 / n as f64);
        points.extend((1..=n).map(part));
    }
    points
}

/// Divides simplices, each edge into `n` parts (Freudenthal: the cells of a grid, each cut along the orders in which one can
/// walk its edges; those with falling coordinates make up one simplex). Triangles keep the sense of rotation of theirs.
fn refine<const N: usize>(vertices: &[[f64; 3]], simplices: &[[usize; N]], n: usize) -> Pieces<N> {
    let (mut points, mut pieces) = (vec![], vec![]);
    let mut known: BTreeMap<[i64; 3], usize> = BTreeMap::new();
    let dims = N - 1;
    let orders: &[&[usize]] = match dims {
        2 => &[&[0, 1], &[1, 0]],
        _ => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
    };
    for simplex in simplices {
        let corners: Vec<[f64; 3]> = simplex.iter().map(|&v| vertices[v]).collect();
        for cell in 0..n.pow(dims as u32) {
            let first: Vec<usize> = (0..dims).map(|d| cell / n.pow(d as u32) % n).collect();
            for order in orders {
                let mut at = first.clone();
                let mut path = vec![at.clone()];
                for &d in *order {
                    at[d] += 1;
                    path.push(at.clone());
                }
                if path.iter().any(|p| p.windows(2).any(|pair| pair[0] < pair[1])) {
                    continue;
                }
                // One walk goes to the left around a cell of a square, the other to the right.
                if **order == [1, 0] {
                    path.swap(1, 2);
                }
                pieces.push(std::array::from_fn(|i| {
                    let place = path[i].iter().enumerate().fold(corners[0], |x, (d, steps)| {
                        let share = *steps as f64 / n as f64;
                        std::array::from_fn(|c| x[c] + share * (corners[d + 1][c] - corners[d][c]))
                    });
                    let key = place.map(|x| (x * 1e9).round() as i64);
                    *known.entry(key).or_insert_with(|| {
                        points.push(place);
                        points.len() - 1
                    })
                }));
            }
        }
    }
    Pieces { points, pieces }
}

/// Points as rows of the first `dims` coordinates.
pub fn rows(points: &[[f64; 3]], dims: usize) -> Array2<f64> {
    Array2::from_shape_fn((points.len(), dims), |(i, d)| points[i][d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_faces_turn_like_the_face() {
        for shape in [Shape::Tet, Shape::Hex, Shape::Prism, Shape::Pyramid] {
            for (f, face) in shape.faces().iter().enumerate() {
                let Pieces { points, pieces } = face_triangles(shape, f, 3);
                assert_eq!(pieces.len(), 9 * (face.vertices.len() - 2));
                for [a, b, c] in pieces.iter().map(|p| p.map(|i| points[i])) {
                    let (u, v): ([f64; 3], [f64; 3]) =
                        (std::array::from_fn(|d| b[d] - a[d]), std::array::from_fn(|d| c[d] - a[d]));
                    let across = |d: usize| {
                        let (e, f) = ((d + 1) % 3, (d + 2) % 3);
                        u[e] * v[f] - u[f] * v[e]
                    };
                    assert!((0..3).map(|d| across(d) * face.normal[d]).sum::<f64>() > 1e-3, "{shape:?} {f}");
                }
            }
        }
    }

    #[test]
    fn pieces_fill_every_shape_exactly() {
        for n in [1, 2, 3, 4] {
            for shape in [Shape::Tri, Shape::Quad] {
                let Pieces { points, pieces } = triangles(shape, n);
                let area = |p: &[usize; 3]| {
                    let [a, b, c] = p.map(|i| points[i]);
                    0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).abs()
                };
                let sum: f64 = pieces.iter().map(area).sum();
                assert!((sum - shape.volume()).abs() < 1e-12, "{shape:?} {n} {sum}");
            }
            for shape in [Shape::Tet, Shape::Hex, Shape::Prism, Shape::Pyramid] {
                let Pieces { points, pieces } = tetrahedra(shape, n);
                let volume = |p: &[usize; 4]| {
                    let [a, b, c, d] = p.map(|i| points[i]);
                    let [u, v, w]: [[f64; 3]; 3] = [b, c, d].map(|x| std::array::from_fn(|k| x[k] - a[k]));
                    let cross =
                        [v[1] * w[2] - v[2] * w[1], v[2] * w[0] - v[0] * w[2], v[0] * w[1] - v[1] * w[0]];
                    (0..3).map(|k| u[k] * cross[k]).sum::<f64>().abs() / 6.0
                };
                let sum: f64 = pieces.iter().map(volume).sum();
                assert!((sum - shape.volume()).abs() < 1e-12, "{shape:?} {n} {sum}");
            }
        }
    }
}
