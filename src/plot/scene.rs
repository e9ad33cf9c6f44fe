//! What is looked at: which element of a mesh each pixel shows, and which place in it.
//!
//! Elements are divided into triangles (those that a slice cuts: into tetrahedra, which the slice cuts into triangles), as
//! finely as their curvature asks for at the size of a pixel. A triangle carries places in the reference element, not values;
//! in elements that are not affine Newton's method then brings each pixel's place to where the pixel is.

mod cut;
mod geometry;
mod show;
mod view;

pub(super) use geometry::to_modes;
pub use show::Shown;
pub use view::{View, Window, directions};

use super::PlotError;
use super::pieces::{self, Pieces};
use super::raster::Corner;
use crate::element::Shape;
use crate::engine::fields::Space;
use crate::mesh::local::LocalBlock;
use crate::physics::expr::nearest;
use cut::cut_tetrahedron;
use geometry::{Geometry, placed};
use ndarray::Array2;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Stands for no boundary.
const NONE: u16 = u16::MAX;
/// Most parts of an element's side, for triangles and for tetrahedra.
const FINEST: (usize, usize) = (64, 8);
/// How far a divided element may be from the true one, in pixels.
const CLOSE: f64 = 0.1;

/// [`Scene::on`] of a mesh.
fn boundaries(space: &Space) -> Vec<Vec<u16>> {
    let mesh = &space.mesh;
    let mut on: Vec<Vec<u16>> =
        mesh.blocks.iter().map(|m| vec![NONE; m.ids.len() * m.shape.faces().len()]).collect();
    for face in &space.discretisation.boundary_faces {
        let block = &space.discretisation.blocks[face.block as usize];
        let (shape, id) = (block.operators.shape, block.ids[face.element as usize]);
        for (m, on) in mesh.blocks.iter().zip(&mut on).filter(|(m, _)| m.shape == shape) {
            if let Ok(at) = m.ids.binary_search(&id) {
                on[at * shape.faces().len() + usize::from(face.face)] = face.boundary;
            }
        }
    }
    on
}

/// A mesh as it is looked at.
pub struct Scene<'a> {
    space: &'a Space,
    view: View,
    /// Index of the boundary that is looked at.
    boundary: Option<u16>,
    /// Boundary of each face of the mesh's blocks, `[block][element][face]`; [`NONE`] inside. (An engine's mesh no longer
    /// knows its links.)
    on: Vec<Vec<u16>>,
    geometry: BTreeMap<(Shape, usize), Geometry>,
    /// What of the plane of the picture there is.
    pub bounds: Window,
    /// Length that counts as no distance from a slice.
    tiny: f64,
}

/// An element of a block of the mesh.
#[derive(Clone, Copy)]
struct Element<'a> {
    block: &'a LocalBlock,
    index: usize,
    nodes: &'a [[f64; 3]],
    /// Boundary of each face.
    on: &'a [u16],
}

/// Divisions that elements of one shape and order need, and where their corners are.
struct Division {
    flat: Pieces<3>,
    solid: Pieces<4>,
    /// Corners to places, `[corner][nodes]`.
    places: Array2<f64>,
    /// Faces as triangles with places, and their outlines.
    faces: Vec<(Pieces<3>, Array2<f64>, Array2<f64>)>,
}

impl<'a> Scene<'a> {
    /// A mesh, looked at in this way. One rank holds all of it.
    ///
    /// # Errors
    /// A way of looking that does not go with the mesh; a slice outside of it; a boundary without faces.
    pub fn new(space: &'a Space, view: View) -> Result<Scene<'a>, PlotError> {
        let mesh = &space.mesh;
        let wrong = |advice| Err(PlotError::Dimensions { dims: mesh.dims, advice });
        match (&view, mesh.dims) {
            (View::Flat, 2) | (View::Slice { .. } | View::Boundary { .. }, 3) => {}
            (_, 1) => return wrong("its picture is a line"),
            (_, 2) => return wrong("leave --slice and --boundary out"),
            _ => return wrong("say what to look at, as in --slice z=0.5 or --boundary wall"),
        }
        let mut geometry = BTreeMap::new();
        for block in &mesh.blocks {
            geometry
                .entry((block.shape, block.order))
                .or_insert_with(|| Geometry::new(block.shape, block.order));
        }
        let all = || mesh.blocks.iter().flat_map(|b| &b.nodes);
        let span = |axis: usize| {
            all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x[axis]), high.max(x[axis]))
            })
        };
        let extent = (0..3).map(|d| span(d).1 - span(d).0).fold(0.0, f64::max);
        let (boundary, bounds, tiny) = (None, Window::NOTHING, 1e-10 * extent);
        let mut scene = Scene { space, view, boundary, on: boundaries(space), geometry, bounds, tiny };
        if let View::Boundary { name, .. } = &scene.view {
            let known = &mesh.boundaries;
            let index = known.iter().position(|b| b == name).map(|i| i as u16);
            let faces = |b: u16| scene.on.iter().any(|on| on.contains(&b));
            if !index.is_some_and(faces) {
                return Err(PlotError::Boundary {
                    name: name.clone(),
                    nearest: nearest(name, known.iter().map(String::as_str)).map(String::from),
                    known: known.clone(),
                });
            }
            scene.boundary = index;
        }
        // First with pixels of a size as if all of the mesh were seen, to find out what is.
        let pixel = extent / 1000.0;
        scene.bounds = scene
            .visit(pixel, |scene, element, division| {
                let corners = scene.triangles(element, division).into_iter().flat_map(|(_, corners)| corners);
                vec![corners.fold(Window::NOTHING, |window, corner| window.with(corner.at))]
            })
            .into_iter()
            .fold(Window::NOTHING, Window::and);
        if scene.bounds.low[0].is_finite() {
            return Ok(scene);
        }
        match scene.view {
            View::Slice { axis, at } => {
                let (low, high) = span(axis);
                Err(PlotError::Slice { axis: ["x", "y", "z"][axis.min(2)], at, low, high })
            }
            _ => Err(PlotError::Nothing),
        }
    }

    /// Names of what goes to the right and upwards in the picture; none where these are no coordinates.
    pub fn axes(&self) -> Option<[&'static str; 2]> {
        match self.view {
            View::Flat | View::Slice { axis: 2, .. } => Some(["x", "y"]),
            View::Slice { axis: 1, .. } => Some(["x", "z"]),
            View::Slice { .. } => Some(["y", "z"]),
            View::Boundary { .. } => None,
        }
    }

    /// Where a point is in the plane of the picture, and how far away.
    fn project(&self, x: &[f64; 3]) -> ([f64; 2], f64) {
        match &self.view {
            View::Flat | View::Slice { axis: 2, .. } => ([x[0], x[1]], 0.0),
            View::Slice { axis: 1, .. } => ([x[0], x[2]], 0.0),
            View::Slice { .. } => ([x[1], x[2]], 0.0),
            View::Boundary { directions, .. } => {
                let [u, v, w] = directions.map(|e| (0..3).map(|d| e[d] * x[d]).sum::<f64>());
                ([u, v], -w)
            }
        }
    }

    /// Calls `see` with every element that may be seen and its division for pixels of this size, and puts together what it
    /// gives, in the order of blocks and elements.
    fn visit<T: Send>(&self, pixel: f64, see: impl Fn(&Self, Element, &Division) -> Vec<T> + Sync) -> Vec<T> {
        let mut all = vec![];
        for (block, on) in self.space.mesh.blocks.iter().zip(&self.on) {
            let geometry = &self.geometry[&(block.shape, block.order)];
            let (k, faces) = (block.shape.points(block.order), block.shape.faces().len());
            let element = |index: usize| Element {
                block,
                index,
                nodes: &block.nodes[index * k..(index + 1) * k],
                on: &on[index * faces..(index + 1) * faces],
            };
            let seen = |index: &usize| match self.view {
                View::Flat => true,
                View::Boundary { .. } => self.boundary.is_some_and(|b| element(*index).on.contains(&b)),
                View::Slice { axis, at } => {
                    let nodes = element(*index).nodes.iter().map(|x| x[axis]);
                    let (low, high) =
                        nodes.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
                    // A curved element may bulge beyond its nodes.
                    let slack = self.tiny + if block.order > 1 { 0.3 * (high - low) } else { 0.0 };
                    low - slack <= at && at <= high + slack
                }
            };
            let parts = |index: &usize| {
                let away = geometry.curvature(element(*index).nodes) / pixel;
                let most = if matches!(self.view, View::Slice { .. }) { FINEST.1 } else { FINEST.0 };
                let parts = (away / CLOSE).sqrt().ceil();
                if parts > 1.0 { (parts as usize).min(most).next_power_of_two() } else { 1 }
            };
            let indices: Vec<(usize, usize)> = (0..block.ids.len())
                .into_par_iter()
                .filter(seen)
                .map(|index| (index, parts(&index)))
                .collect();
            let mut divisions: BTreeMap<usize, Division> = BTreeMap::new();
            for (_, n) in &indices {
                divisions.entry(*n).or_insert_with(|| self.divide(geometry, *n));
            }
            let found: Vec<Vec<T>> =
                indices.par_iter().map(|(index, n)| see(self, element(*index), &divisions[n])).collect();
            all.extend(found.into_iter().flatten());
        }
        all
    }

    fn divide(&self, geometry: &Geometry, n: usize) -> Division {
        let shape = geometry.shape;
        let none = || Pieces { points: vec![], pieces: vec![] };
        let (flat, solid) = match self.view {
            View::Flat => (pieces::triangles(shape, n), none_solid()),
            View::Slice { .. } => (none(), pieces::tetrahedra(shape, n)),
            View::Boundary { .. } => (none(), none_solid()),
        };
        let places = geometry.places(if flat.points.is_empty() { &solid.points } else { &flat.points });
        let face = |f: usize| {
            let triangles = pieces::face_triangles(shape, f, n);
            let outline = pieces::outline(shape, f, (2 * n).min(FINEST.0));
            let (places, around) = (geometry.places(&triangles.points), geometry.places(&outline));
            (triangles, places, around)
        };
        Division { flat, solid, places, faces: (0..shape.faces().len()).map(face).collect() }
    }

    /// What is seen of an element, in the plane of the picture; of a boundary with the face that a triangle is of, 0 elsewhere.
    fn triangles(&self, element: Element, division: &Division) -> Vec<(usize, [Corner; 3])> {
        let corner = |x: &[f64; 3], reference: [f64; 3]| {
            let (at, depth) = self.project(x);
            Corner { at, depth, reference }
        };
        match self.view {
            View::Flat => {
                let places = placed(&division.places, element.nodes);
                let Pieces { points, pieces } = &division.flat;
                pieces.iter().map(|p| (0, p.map(|i| corner(&places[i], points[i])))).collect()
            }
            View::Boundary { .. } => {
                let faces = division.faces.iter().zip(element.on).enumerate();
                let ours = faces.filter(|(_, (_, on))| Some(**on) == self.boundary);
                ours.flat_map(|(f, ((Pieces { points, pieces }, places, _), _))| {
                    let places = placed(places, element.nodes);
                    let triangle = |p: &[usize; 3]| (f, p.map(|i| corner(&places[i], points[i])));
                    pieces.iter().map(triangle).collect::<Vec<_>>()
                })
                .collect()
            }
            View::Slice { axis, at } => {
                let places = placed(&division.places, element.nodes);
                let Pieces { points, pieces } = &division.solid;
                let mut triangles = vec![];
                for piece in pieces {
                    let above = piece.map(|i| self.snapped(places[i][axis] - at));
                    let ring = cut_tetrahedron(&above);
                    let on = |&(i, j, share): &(usize, usize, f64)| {
                        let mix = |a: &[f64; 3], b: &[f64; 3]| {
                            std::array::from_fn(|d| a[d] + share * (b[d] - a[d]))
                        };
                        let (i, j) = (piece[i], piece[j]);
                        corner(&mix(&places[i], &places[j]), mix(&points[i], &points[j]))
                    };
                    let ring: Vec<Corner> = ring.iter().map(on).collect();
                    triangles.extend((2..ring.len()).map(|i| (0, [ring[0], ring[i - 1], ring[i]])));
                }
                triangles
            }
        }
    }

    /// A distance from the slice, none where it is no more than rounding.
    fn snapped(&self, away: f64) -> f64 {
        if away.abs() <= self.tiny { 0.0 } else { away }
    }
}

fn none_solid() -> Pieces<4> {
    Pieces { points: vec![], pieces: vec![] }
}

#[cfg(test)]
mod tests;
