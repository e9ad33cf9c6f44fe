//! How the flux points of two elements meet on a shared face.

use super::shape::paired_vertex;
use super::{Operators, faces};

/// Distance, in reference coordinates, up to which two flux points are the same.
const TOLERANCE: f64 = 1e-9;

/// For each flux point of face `face` of `ours`, the index within face `their_face` of `theirs` of the flux point at the
/// same place, when the faces meet with `rotation` (see [`super::shape::paired_vertex`]).
///
/// `None` when the two faces' point sets do not coincide.
pub fn pair(
    ours: &Operators,
    face: usize,
    theirs: &Operators,
    their_face: usize,
    rotation: usize,
) -> Option<Vec<u16>> {
    let shape = ours.shape.faces().get(face)?.shape;
    let vertices = ours.shape.faces()[face].vertices.len();
    let (range, their_range) = (ours.face_range(face), theirs.face_offsets.get(their_face..their_face + 2)?);
    let count = their_range[1] - their_range[0];
    if theirs.shape.faces()[their_face].shape != shape || range.len() != count || rotation >= vertices {
        return None;
    }
    let mut taken = vec![false; count];
    range
        .map(|j| {
            let weights = faces::vertex_weights(ours.shape, face, &ours.flux_points.row(j).to_vec());
            let mut across = vec![0.0; vertices];
            for (i, w) in weights.into_iter().enumerate() {
                across[paired_vertex(rotation, i, vertices)] = w;
            }
            let x = faces::from_vertex_weights(theirs.shape, their_face, &across);
            let found = (0..count).find(|k| {
                let y = theirs.flux_points.row(their_range[0] + k);
                !taken[*k] && y.iter().zip(x).all(|(y, x)| (y - x).abs() < TOLERANCE)
            })?;
            taken[found] = true;
            u16::try_from(found).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{PointSets, Shape};

    /// Corners of a face laid out in physical space so that face `b` meets face `a` with the rotation given.
    fn place(op: &Operators, face: usize, corners: &[[f64; 3]], j: usize) -> [f64; 3] {
        let x = op.flux_points.row(op.face_offsets[face] + j).to_vec();
        let w = faces::vertex_weights(op.shape, face, &x);
        std::array::from_fn(|d| w.iter().zip(corners).map(|(w, c)| w * c[d]).sum())
    }

    #[test]
    fn paired_points_are_at_the_same_place_for_every_shape_face_and_rotation() {
        let sets = PointSets::default();
        // An irregular planar quadrilateral, so that no wrong rotation fits by accident.
        let corners = [[0.0, 0.0, 0.1], [1.0, 0.2, 0.3], [1.3, 1.1, 0.7], [-0.2, 0.8, 0.5]];
        for order in [0, 1, 3, 4] {
            let all: Vec<_> = Shape::ALL.map(|s| Operators::new(s, order, &sets).unwrap()).into();
            for a in &all {
                for b in &all {
                    for (f, face) in a.shape.faces().iter().enumerate() {
                        for (g, other) in b.shape.faces().iter().enumerate() {
                            let n = face.vertices.len();
                            for rotation in 0..n {
                                let pairs = pair(a, f, b, g, rotation);
                                if face.shape != other.shape {
                                    assert_eq!(pairs, None);
                                    continue;
                                }
                                let pairs = pairs.unwrap();
                                let mut theirs = [[0.0; 3]; 4];
                                for i in 0..n {
                                    theirs[paired_vertex(rotation, i, n)] = corners[i];
                                }
                                for (j, k) in pairs.iter().enumerate() {
                                    let x = place(a, f, &corners[..n], j);
                                    let y = place(b, g, &theirs[..n], *k as usize);
                                    assert!((0..3).all(|d| (x[d] - y[d]).abs() < 1e-12));
                                }
                                let back = pair(b, g, a, f, rotation).unwrap();
                                assert!(
                                    pairs.iter().enumerate().all(|(j, k)| back[*k as usize] as usize == j)
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn faces_with_different_points_and_indices_out_of_range_do_not_pair() {
        let lobatto = PointSets {
            flux: [(Shape::Line, "gauss-legendre-lobatto".to_string())].into(),
            ..PointSets::default()
        };
        let a = Operators::new(Shape::Quad, 3, &PointSets::default()).unwrap();
        let b = Operators::new(Shape::Tri, 3, &lobatto).unwrap();
        let c = Operators::new(Shape::Tri, 2, &PointSets::default()).unwrap();
        assert_eq!(pair(&a, 0, &b, 0, 1), None);
        assert_eq!(pair(&a, 0, &c, 0, 1), None);
        assert_eq!(pair(&a, 4, &a, 0, 1), None);
        assert_eq!(pair(&a, 0, &a, 4, 1), None);
        assert_eq!(pair(&a, 0, &a, 0, 2), None);
    }
}
