//! Periodic patches: names, and which face of one continues which face of the other.

use super::error::{At, ConnectError};
use super::faces::{FaceUse, Faces, Ring, key};
use crate::mesh::rotation_between;
use std::collections::{HashMap, HashSet};

/// Vertices of the two patches match when they are nearer, after the translation, than this fraction of the shortest
/// edge at the vertex. Mesh generators place the nodes of curves that should be copies with errors of 1e-5 edge lengths
/// at worst; neighbouring vertices are an edge length apart.
const TOLERANCE: f64 = 1e-2;

/// A direction to sort points by in which those of a grid rarely coincide.
const DIRECTION: [f64; 3] = [0.754_877_666_246_692_7, 0.569_840_290_998_053_2, 0.324_717_957_244_746];

/// What a group name says.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// An ordinary boundary.
    Boundary,
    /// The `l` (false) or `r` (true) patch of a periodic pair.
    Periodic(String, bool),
}

/// Reads `periodic[ _-]NAME[ _-](l|r)`; a name that does not start with `periodic` is an ordinary boundary.
pub fn parse(name: &str) -> Result<Patch, ConnectError> {
    let Some(rest) = name.strip_prefix("periodic") else { return Ok(Patch::Boundary) };
    let separator = [' ', '_', '-'];
    let inner = || {
        let (middle, side) = rest.strip_prefix(separator)?.rsplit_once(separator)?;
        let plain = !middle.is_empty() && middle.chars().all(char::is_alphanumeric);
        (plain && matches!(side, "l" | "r")).then(|| Patch::Periodic(middle.into(), side == "r"))
    };
    inner().ok_or_else(|| ConnectError::PeriodicName(name.into()))
}

/// Pairs the faces of the `l` and `r` patches called `name`, given as indices into the open faces, and links them.
pub fn join(
    faces: &mut Faces,
    points: &[[f64; 3]],
    name: &str,
    left: &[usize],
    right: &[usize],
) -> Result<(), ConnectError> {
    if left.len() != right.len() {
        let (left, right) = (left.len(), right.len());
        return Err(ConnectError::PeriodicCounts { name: name.into(), left, right });
    }
    let uses = |patch: &[usize]| -> Vec<(FaceUse, Ring)> {
        patch.iter().map(|&i| (faces.open[i], faces.vertices(&faces.open[i]))).collect()
    };
    let (left, right) = (uses(left), uses(right));
    let shift = translation(points, &left, &right);
    let partner = match_vertices(points, &left, &right, shift);
    let by_key: HashMap<_, _> = right.iter().map(|(face, ring)| (face.key, (face, ring))).collect();
    let mut unmatched = (0, None);
    let mut taken = HashSet::new();
    let mut pairs = Vec::with_capacity(left.len());
    for (face, ring) in &left {
        let moved: Option<Vec<u32>> = ring.iter().map(|v| partner.get(v).copied()).collect();
        let found = moved.and_then(|moved| Some((by_key.get(&key(&moved))?, moved)));
        match found {
            Some((&(other, theirs), moved)) if taken.insert(other.key) => {
                let Some(rotation) = rotation_between(&moved, &theirs[..]) else {
                    let at = faces.middle(face);
                    return Err(ConnectError::PeriodicFacing { name: name.into(), at });
                };
                pairs.push((*face, *other, rotation));
            }
            _ => unmatched = (unmatched.0 + 1, unmatched.1.or(Some(*face))),
        }
    }
    if let (count, Some(face)) = unmatched {
        let at = faces.middle(&face);
        let expected = At(std::array::from_fn(|d| at.0[d] + shift[d]));
        return Err(ConnectError::PeriodicUnmatched { name: name.into(), count, at, expected });
    }
    for (a, b, rotation) in pairs {
        faces.link(&a, &b, rotation);
    }
    Ok(())
}

/// From the middle of the box around one patch to that of the other; exact for translated copies, and meaningful for
/// patches that turn out not to match.
fn translation(points: &[[f64; 3]], left: &[(FaceUse, Ring)], right: &[(FaceUse, Ring)]) -> [f64; 3] {
    let middle = |patch: &[(FaceUse, Ring)], d: usize| {
        let along = || patch.iter().flat_map(|(_, ring)| ring.iter().map(|&v| points[v as usize][d]));
        (along().fold(f64::MAX, f64::min) + along().fold(f64::MIN, f64::max)) / 2.0
    };
    std::array::from_fn(|d| middle(right, d) - middle(left, d))
}

/// The vertex of the `r` patch that each vertex of the `l` patch meets, for those that meet one.
fn match_vertices(
    points: &[[f64; 3]],
    left: &[(FaceUse, Ring)],
    right: &[(FaceUse, Ring)],
    shift: [f64; 3],
) -> HashMap<u32, u32> {
    let distance = |a: [f64; 3], b: [f64; 3]| (0..3).map(|d| (a[d] - b[d]).powi(2)).sum::<f64>().sqrt();
    // Shortest edge of the patch at each of its vertices.
    let mut shortest: HashMap<u32, f64> = HashMap::new();
    for (_, ring) in left {
        for (i, &v) in ring.iter().enumerate() {
            let w = ring[(i + 1) % ring.len()];
            let edge = distance(points[v as usize], points[w as usize]);
            for end in [v, w] {
                let known = shortest.entry(end).or_insert(f64::MAX);
                *known = known.min(edge);
            }
        }
    }
    let along = |x: [f64; 3]| (0..3).map(|d| x[d] * DIRECTION[d]).sum::<f64>();
    let mut targets: Vec<(f64, u32)> =
        right.iter().flat_map(|(_, ring)| ring.iter().map(|&v| (along(points[v as usize]), v))).collect();
    targets.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    targets.dedup();
    let mut partner = HashMap::with_capacity(shortest.len());
    for (&v, &edge) in &shortest {
        let x: [f64; 3] = std::array::from_fn(|d| points[v as usize][d] + shift[d]);
        let (s, reach) = (along(x), TOLERANCE * edge);
        let start = targets.partition_point(|t| t.0 < s - reach);
        let near = targets[start..].iter().take_while(|t| t.0 <= s + reach);
        let nearest = near
            .map(|&(_, w)| (distance(x, points[w as usize]), w))
            .filter(|(d, _)| *d <= reach)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, w)) = nearest {
            partner.insert(v, w);
        }
    }
    partner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periodic_names_are_read_as_documented() {
        for (name, expected) in [
            ("wall", Some(Patch::Boundary)),
            ("periodic_x_l", Some(Patch::Periodic("x".into(), false))),
            ("periodic-0-r", Some(Patch::Periodic("0".into(), true))),
            ("periodic top l", Some(Patch::Periodic("top".into(), false))),
            ("periodic", None),
            ("periodic_x", None),
            ("periodic__l", None),
            ("periodic_x_m", None),
            ("periodic_x_y_l", None),
            ("periodicity", None),
        ] {
            assert_eq!(parse(name).ok(), expected, "{name}");
        }
    }
}
