//! What may be the matter with faces that have neither neighbour nor boundary.

use super::error::{At, ConnectError, Side, Unpaired};
use super::faces::{Face, Faces};
use super::periodic::DIRECTION;
use super::straight::{distance, extent};
use crate::mesh::mean;

/// A face lies on a side of the mesh when it is nearer than this part of the mesh's extent.
const ON_SIDE: f64 = 1e-6;

/// Points nearer than this part of a face are the same.
const SAME: f64 = 1e-6;

/// Of how many faces inside the mesh the neighbourhood is searched.
const SEARCHED: usize = 10_000;

/// The refusal of a mesh with these faces. `unused` are boundary names that no element has.
pub fn explain(faces: &Faces, left: &[Face], unused: Vec<String>) -> ConnectError {
    let volume = faces.volume;
    let mesh = volume.bounds();
    let size = extent(&mesh);
    let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
    let mut sides: Vec<Side> =
        (0..2 * volume.dims).map(|s| Side { axis: s / 2, at: mesh[s % 2][s / 2], faces: 0 }).collect();
    let mut inside = Vec::new();
    for face in left {
        let At(middle) = faces.middle(face);
        for d in 0..3 {
            (low[d], high[d]) = (low[d].min(middle[d]), high[d].max(middle[d]));
        }
        let ring = faces.vertices(face);
        let on = |s: &Side| {
            ring.iter().all(|&v| (volume.nodes[v as usize][s.axis] - s.at).abs() <= ON_SIDE * size)
        };
        match sides.iter_mut().find(|s| on(s)) {
            Some(side) => side.faces += 1,
            None => inside.push(*face),
        }
    }
    sides.retain(|s| s.faces > 0);
    let (coincident, hanging) = neighbourhood(faces, &inside);
    ConnectError::Unpaired(Box::new(Unpaired {
        count: left.len(),
        first: left.iter().take(3).map(|f| (volume.place(f.element), faces.middle(f))).collect(),
        low: At(low),
        high: At(high),
        sides,
        inside: inside.len(),
        coincident,
        hanging,
        unused,
    }))
}

/// How many faces lie on top of another one, and how many have a vertex of another one in the middle of an edge or of
/// themselves.
fn neighbourhood(faces: &Faces, inside: &[Face]) -> (usize, usize) {
    let inside = &inside[..inside.len().min(SEARCHED)];
    let along = |x: [f64; 3]| (0..3).map(|d| x[d] * DIRECTION[d]).sum::<f64>();
    let sorted = |points: Vec<[f64; 3]>| {
        let mut points: Vec<(f64, [f64; 3])> = points.into_iter().map(|x| (along(x), x)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let corners = |face: &Face| -> Vec<[f64; 3]> {
        faces.vertices(face).iter().map(|&v| faces.volume.nodes[v as usize]).collect()
    };
    let vertices = sorted(inside.iter().flat_map(corners).collect());
    let middles = sorted(inside.iter().map(|f| mean(&corners(f))).collect());
    let near = |points: &[(f64, [f64; 3])], x: [f64; 3], reach: f64| {
        let start = points.partition_point(|p| p.0 < along(x) - reach);
        let window = points[start..].iter().take_while(|p| p.0 <= along(x) + reach);
        window.filter(|p| distance(p.1, x) <= reach).take(2).count()
    };
    let (mut coincident, mut hanging) = (0, 0);
    for face in inside {
        let x = corners(face);
        let reach = SAME * extent(&x);
        // Each finds itself.
        coincident += usize::from(x.len() > 1 && near(&middles, mean(&x), reach) > 1);
        let edges = (0..x.len()).map(|i| mean(&[x[i], x[(i + 1) % x.len()]]));
        let any = x.len() > 1 && edges.chain([mean(&x)]).any(|m| near(&vertices, m, reach) > 0);
        hanging += usize::from(any);
    }
    (coincident, hanging)
}
