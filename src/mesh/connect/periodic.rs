//! Periodic patches: names, and which face of one continues which face of the other.

use super::error::{At, ConnectError, Misfit};
use super::faces::{Face, Faces, Ring, key};
use super::straight::distance;
use rayon::prelude::*;

/// Vertices of the two patches match when they are nearer, after the translation, than this fraction of the shortest
/// edge at the vertex. Mesh generators place the nodes of curves that should be copies with errors of 1e-5 edge lengths
/// at worst; neighbouring vertices are an edge length apart.
const TOLERANCE: f64 = 1e-2;

/// A direction to sort points by in which those of a grid rarely coincide.
pub const DIRECTION: [f64; 3] = [0.754_877_666_246_692_7, 0.569_840_290_998_053_2, 0.324_717_957_244_746];

/// Of how many vertices without a partner the distance to the nearest is measured for a message.
const MEASURED: usize = 200;

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
pub fn join(faces: &Faces, name: &str, left: &[u32], right: &[u32]) -> Result<(), ConnectError> {
    let [left, right] = [left, right].map(|members| Patched::new(faces, members));
    let shift = translation(&left, &right);
    let partners = left.partners(&right, shift);
    let found: Vec<Option<(u32, Ring)>> = left
        .faces
        .par_iter()
        .map(|face| {
            let partner = |v: &u32| partners[left.vertices.binary_search(v).expect("a vertex of the patch")];
            let moved = faces.vertices(face).try_map(partner)?;
            let key = key(&moved);
            let i = right.faces.binary_search_by(|f| f.key.cmp(&key)).ok()?;
            Some((i as u32, moved))
        })
        .collect();
    let mut taken = vec![false; right.faces.len()];
    let (mut unmatched, mut first) = (0, None);
    for (face, found) in left.faces.iter().zip(&found) {
        let free = found.is_some_and(|(i, _)| !std::mem::replace(&mut taken[i as usize], true));
        if !free {
            unmatched += 1;
            first = first.or(Some(face));
        }
    }
    if left.faces.len() != right.faces.len() || unmatched > 0 {
        return Err(ConnectError::PeriodicUnmatched(Box::new(Misfit {
            name: name.into(),
            faces: [left.faces.len(), right.faces.len()],
            unmatched: unmatched.max(taken.iter().filter(|t| !**t).count()),
            first: first.map(|face| faces.middle(face)),
            shift: At(shift),
            worst: left.worst(&right, shift, &partners),
        })));
    }
    let bad = left.faces.par_iter().zip(&found).filter_map(|(face, found)| {
        let (i, moved) = (*found)?;
        let other = &right.faces[i as usize];
        match faces.rotation(face, other, &moved) {
            Some(rotation) => faces.link(face, other, rotation),
            None => return Some(face),
        }
        None
    });
    match bad.min() {
        Some(face) => Err(ConnectError::PeriodicFacing { name: name.into(), at: faces.middle(face) }),
        None => Ok(()),
    }
}

/// A patch.
struct Patched<'a> {
    all: &'a Faces<'a>,
    /// Sorted by key.
    faces: Vec<Face>,
    /// Sorted.
    vertices: Vec<u32>,
}

/// From the middle of the box around one patch to that of the other; exact for translated copies, and meaningful for
/// patches that turn out not to match.
fn translation(left: &Patched, right: &Patched) -> [f64; 3] {
    let middle = |patch: &Patched, d: usize| {
        let along = || patch.vertices.iter().map(|&v| patch.point(v)[d]);
        (along().fold(f64::MAX, f64::min) + along().fold(f64::MIN, f64::max)) / 2.0
    };
    std::array::from_fn(|d| middle(right, d) - middle(left, d))
}

fn along(x: [f64; 3]) -> f64 {
    (0..3).map(|d| x[d] * DIRECTION[d]).sum()
}

impl<'a> Patched<'a> {
    fn new(all: &'a Faces<'a>, members: &[u32]) -> Patched<'a> {
        let mut faces: Vec<Face> = members.iter().map(|&i| all.open[i as usize]).collect();
        faces.par_sort_unstable();
        let mut vertices: Vec<u32> = faces.iter().flat_map(|f| f.key).filter(|v| *v != u32::MAX).collect();
        vertices.par_sort_unstable();
        vertices.dedup();
        Patched { all, faces, vertices }
    }

    fn point(&self, vertex: u32) -> [f64; 3] {
        self.all.volume.nodes[vertex as usize]
    }

    /// Shortest edge of the patch at each of its vertices; for points, the length of their element.
    fn shortest_edges(&self) -> Vec<f64> {
        let mut shortest = vec![f64::MAX; self.vertices.len()];
        let mut shorten = |v: u32, length: f64| {
            let known = &mut shortest[self.vertices.binary_search(&v).expect("a vertex of the patch")];
            *known = known.min(length);
        };
        for face in &self.faces {
            let ring = self.all.vertices(face);
            for (i, &v) in ring.iter().enumerate() {
                let w = ring[(i + 1) % ring.len()];
                let length =
                    if v == w { self.all.size(face) } else { distance(self.point(v), self.point(w)) };
                shorten(v, length);
                shorten(w, length);
            }
        }
        shortest
    }

    /// The vertex of the other patch that each vertex meets, for those that meet one.
    fn partners(&self, other: &Patched, shift: [f64; 3]) -> Vec<Option<u32>> {
        let mut targets: Vec<(f64, u32)> =
            other.vertices.par_iter().map(|&v| (along(other.point(v)), v)).collect();
        targets.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let edges = self.shortest_edges();
        let of = |(&v, &edge): (&u32, &f64)| {
            let x = moved(self.point(v), shift);
            let (s, reach) = (along(x), TOLERANCE * edge);
            let start = targets.partition_point(|t| t.0 < s - reach);
            let near = targets[start..].iter().take_while(|t| t.0 <= s + reach);
            near.map(|&(_, w)| (distance(x, other.point(w)), w))
                .filter(|(d, _)| *d <= reach)
                .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
                .map(|(_, w)| w)
        };
        self.vertices.par_iter().zip(&edges).map(of).collect()
    }

    /// The largest distance, among the first vertices without a partner, to the nearest vertex of the other patch, and
    /// the vertex.
    fn worst(&self, other: &Patched, shift: [f64; 3], partners: &[Option<u32>]) -> Option<(f64, At)> {
        let lonely = self.vertices.iter().zip(partners).filter(|(_, p)| p.is_none());
        let nearest = lonely.take(MEASURED).map(|(&v, _)| {
            let x = self.point(v);
            let to = |&w: &u32| distance(moved(x, shift), other.point(w));
            (other.vertices.par_iter().map(to).reduce(|| f64::MAX, f64::min), At(x))
        });
        nearest.max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

fn moved(x: [f64; 3], shift: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|d| x[d] + shift[d])
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
