//! What a plane has in common with tetrahedra and triangles.

/// Where a plane cuts an edge of a piece: its corners, and the share of the way from the first to the second.
pub(super) type OnEdge = (usize, usize, f64);

/// Corners, around, of what a plane has in common with a tetrahedron whose corners are so far above it. Corners on the plane
/// count as above it; if none is below, as below, so that a face in the plane is seen from either side.
pub(super) fn cut_tetrahedron(above: &[f64; 4]) -> Vec<OnEdge> {
    let below = lower(above);
    let (low, high): (Vec<usize>, Vec<usize>) = (0..4).partition(|i| below[*i]);
    let on = |i: usize, j: usize| (i, j, share(above, i, j));
    match (&low[..], &high[..]) {
        (&[a], &[b, c, d]) | (&[b, c, d], &[a]) => vec![on(a, b), on(a, c), on(a, d)],
        (&[a, b], &[c, d]) => vec![on(a, c), on(a, d), on(b, d), on(b, c)],
        _ => vec![],
    }
}

/// The same of a triangle: two ends, or nothing.
pub(super) fn cut_triangle(above: &[f64; 3]) -> impl Iterator<Item = OnEdge> + use<> {
    let below = lower(above);
    let ends: Vec<OnEdge> = [(0, 1), (1, 2), (2, 0)]
        .into_iter()
        .filter(|(i, j)| below[*i] != below[*j])
        .map(|(i, j)| (i, j, share(above, i, j)))
        .collect();
    ends.into_iter()
}

fn lower<const N: usize>(above: &[f64; N]) -> [bool; N] {
    if above.iter().any(|x| *x < 0.0) { above.map(|x| x < 0.0) } else { above.map(|x| x <= 0.0) }
}

fn share<const N: usize>(above: &[f64; N], i: usize, j: usize) -> f64 {
    let length = above[i] - above[j];
    if length == 0.0 { 0.0 } else { (above[i] / length).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_cut_tetrahedra_in_triangles_and_quadrilaterals() {
        assert_eq!(cut_tetrahedron(&[1.0, 1.0, 2.0, 3.0]).len(), 0);
        assert_eq!(cut_tetrahedron(&[-1.0, 1.0, 1.0, 3.0]), [(0, 1, 0.5), (0, 2, 0.5), (0, 3, 0.25)]);
        assert_eq!(cut_tetrahedron(&[-1.0, -1.0, 1.0, 1.0]).len(), 4);
        // A face in the plane, from below and from above.
        assert_eq!(cut_tetrahedron(&[-1.0, 0.0, 0.0, 0.0]), [(0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0)]);
        assert_eq!(cut_tetrahedron(&[1.0, 0.0, 0.0, 0.0]), [(0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0)]);
        assert_eq!(cut_triangle(&[-1.0, 1.0, 3.0]).collect::<Vec<_>>(), [(0, 1, 0.5), (2, 0, 0.75)]);
    }
}
