//! What is looked at: which element of a mesh each pixel shows, and which place in it.
//!
//! Elements are divided into triangles (those that a slice cuts: into tetrahedra, which the slice cuts into triangles), as
//! finely as their curvature asks for at the size of a pixel. A triangle carries places in the reference element, not values;
//! in elements that are not affine Newton's method then brings each pixel's place to where the pixel is.

use super::PlotError;
use super::pieces::{self, Pieces};
use super::raster::{self, Corner, Fragment};
use crate::element::{Shape, basis, lattice, quadrature};
use crate::engine::fields::Space;
use crate::mesh::local::LocalBlock;
use crate::physics::expr::nearest;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// How a mesh is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// A 2-D mesh as it is.
    Flat,
    /// A 3-D mesh where the coordinate `axis` (0 to 2) has the value `at`.
    Slice {
        /// Number of the coordinate.
        axis: usize,
        /// Its value.
        at: f64,
    },
    /// A boundary of a 3-D mesh from far away, without perspective.
    Boundary {
        /// Its name.
        name: String,
        /// Directions to the right, up, and towards the eye: unit vectors at right angles.
        directions: [[f64; 3]; 3],
    },
}

/// Directions of the picture for an eye in the direction of these angles, in degrees: from the x-axis around z, and above the
/// plane of x and y.
pub fn directions(azimuth: f64, elevation: f64) -> [[f64; 3]; 3] {
    let ((sa, ca), (se, ce)) = (azimuth.to_radians().sin_cos(), elevation.to_radians().sin_cos());
    [[-sa, ca, 0.0], [-se * ca, -se * sa, ce], [ce * ca, ce * sa, se]]
}

/// A part of the plane of the picture: to the right from `low[0]` to `high[0]`, upwards from `low[1]` to `high[1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Lower left corner.
    pub low: [f64; 2],
    /// Upper right corner.
    pub high: [f64; 2],
}

impl Window {
    const NOTHING: Window = Window { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };

    /// Width and height.
    pub fn size(&self) -> [f64; 2] {
        [self.high[0] - self.low[0], self.high[1] - self.low[1]]
    }

    fn with(self, p: [f64; 2]) -> Window {
        Window {
            low: std::array::from_fn(|d| self.low[d].min(p[d])),
            high: std::array::from_fn(|d| self.high[d].max(p[d])),
        }
    }

    fn and(self, other: Window) -> Window {
        Window {
            low: std::array::from_fn(|d| self.low[d].min(other.low[d])),
            high: std::array::from_fn(|d| self.high[d].max(other.high[d])),
        }
    }
}

/// An element's places that pixels show.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Block of the discretisation.
    pub block: usize,
    /// Element in it.
    pub element: usize,
    /// Pixels, row by row.
    pub pixels: Vec<u32>,
    /// Places in the reference element, one a pixel, `[pixel][dims]`.
    pub reference: Array2<f64>,
    /// Where they are, one a pixel, unused coordinates zero.
    pub places: Vec<[f64; 3]>,
    /// How much light a pixel gets, 0 to 1; empty where a picture has no light.
    pub light: Vec<f32>,
}

/// Stands for no boundary.
const NONE: u16 = u16::MAX;
/// Most parts of an element's side, for triangles and for tetrahedra.
const FINEST: (usize, usize) = (64, 8);
/// How far a divided element may be from the true one, in pixels.
const CLOSE: f64 = 0.1;

/// The map of elements of one shape and order: coefficients of its modes out of nodes.
struct Geometry {
    shape: Shape,
    order: usize,
    to_modes: Array2<f64>,
    /// Nodes on the reference element.
    lattice: Vec<[f64; 3]>,
}

impl Geometry {
    fn new(shape: Shape, order: usize) -> Geometry {
        let nodes = lattice::nodes(shape, order);
        let point = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
            std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0))
        };
        Geometry {
            shape,
            order,
            to_modes: to_modes(shape, order, &nodes),
            lattice: nodes.rows().into_iter().map(point).collect(),
        }
    }

    /// Places of reference points out of nodes, `[point][nodes]`.
    fn places(&self, points: &[[f64; 3]]) -> Array2<f64> {
        let points = pieces::rows(points, self.shape.dims());
        basis::vandermonde(self.shape, self.order, &points).dot(&self.to_modes)
    }

    /// Largest distance of a node from where the affine map of the element would have it.
    fn curvature(&self, nodes: &[[f64; 3]]) -> f64 {
        let vertex = |v: usize| {
            let at = self.shape.vertices()[v];
            let away = |n: &usize| (0..3).map(|d| (self.lattice[*n][d] - at[d]).powi(2)).sum::<f64>();
            (0..nodes.len()).min_by(|a, b| away(a).total_cmp(&away(b))).map_or([0.0; 3], |n| nodes[n])
        };
        let axis = |weights: &&[(usize, f64)]| -> [f64; 3] {
            let parts: Vec<([f64; 3], f64)> = weights.iter().map(|(v, w)| (vertex(*v), *w)).collect();
            std::array::from_fn(|d| parts.iter().map(|(x, w)| x[d] * w).sum())
        };
        let axes: Vec<[f64; 3]> = self.shape.axes().iter().map(axis).collect();
        let start = vertex(0);
        let away = |(x, r): (&[f64; 3], &[f64; 3])| {
            let flat = |d: usize| {
                start[d] + axes.iter().enumerate().map(|(i, a)| 0.5 * (r[i] + 1.0) * a[d]).sum::<f64>()
            };
            (0..3).map(|d| (x[d] - flat(d)).powi(2)).sum::<f64>().sqrt()
        };
        nodes.iter().zip(&self.lattice).map(away).fold(0.0, f64::max)
    }
}

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

/// Values at points that determine a polynomial of the order to coefficients of the modes, `[modes][points]`.
pub(super) fn to_modes(shape: Shape, order: usize, points: &Array2<f64>) -> Array2<f64> {
    // The modes are orthonormal under this rule.
    let (at, weights) = quadrature::rule(shape, 2 * order);
    let mut modes = basis::vandermonde(shape, order, &at);
    modes.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
    modes.t().dot(&basis::interpolation(shape, order, points, &at))
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
                let corners = scene.triangles(element, division).into_iter().flatten();
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

    /// What is seen of an element, in the plane of the picture.
    fn triangles(&self, element: Element, division: &Division) -> Vec<[Corner; 3]> {
        let corner = |x: &[f64; 3], reference: [f64; 3]| {
            let (at, depth) = self.project(x);
            Corner { at, depth, reference }
        };
        match self.view {
            View::Flat => {
                let places = placed(&division.places, element.nodes);
                let Pieces { points, pieces } = &division.flat;
                pieces.iter().map(|p| p.map(|i| corner(&places[i], points[i]))).collect()
            }
            View::Boundary { .. } => {
                let ours =
                    division.faces.iter().zip(element.on).filter(|(_, on)| Some(**on) == self.boundary);
                ours.flat_map(|((Pieces { points, pieces }, places, _), _)| {
                    let places = placed(places, element.nodes);
                    pieces.iter().map(|p| p.map(|i| corner(&places[i], points[i]))).collect::<Vec<_>>()
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
                    triangles.extend((2..ring.len()).map(|i| [ring[0], ring[i - 1], ring[i]]));
                }
                triangles
            }
        }
    }

    /// A distance from the slice, none where it is no more than rounding.
    fn snapped(&self, away: f64) -> f64 {
        if away.abs() <= self.tiny { 0.0 } else { away }
    }

    /// Sides of the elements that are seen in a plane, as lines in it; those on boundaries alone if `boundaries` is set.
    /// `pixel`: its size. None of what is seen from far away.
    pub fn sides(&self, pixel: f64, boundaries: bool) -> Vec<Vec<[f64; 2]>> {
        self.visit(pixel, |scene, element, division| {
            let mut lines = vec![];
            for (f, (triangles, places, around)) in division.faces.iter().enumerate() {
                if boundaries && element.on[f] == NONE {
                    continue;
                }
                match scene.view {
                    View::Flat => {
                        lines
                            .push(placed(around, element.nodes).iter().map(|x| scene.project(x).0).collect());
                    }
                    View::Boundary { .. } => {}
                    View::Slice { axis, at } => {
                        let places = placed(places, element.nodes);
                        for piece in &triangles.pieces {
                            let above = piece.map(|i| scene.snapped(places[i][axis] - at));
                            let ends = cut_triangle(&above).map(|(i, j, share)| {
                                let (a, b) = (&places[piece[i]], &places[piece[j]]);
                                scene.project(&std::array::from_fn(|d| a[d] + share * (b[d] - a[d]))).0
                            });
                            let ends: Vec<_> = ends.collect();
                            if ends.len() == 2 {
                                lines.push(ends);
                            }
                        }
                    }
                }
            }
            lines
        })
    }

    /// What each pixel of a picture of so many pixels shows, element by element.
    pub fn show(&self, window: Window, (width, height): (usize, usize)) -> Vec<Shown> {
        let size = window.size();
        let scale = [width as f64 / size[0], height as f64 / size[1]];
        let pixel = (1.0 / scale[0]).min(1.0 / scale[1]);
        let on_picture = |c: Corner| Corner {
            at: [(c.at[0] - window.low[0]) * scale[0], (window.high[1] - c.at[1]) * scale[1]],
            ..c
        };
        let fragments: Vec<(u32, Vec<Fragment>)> = self.visit(pixel, |scene, element, division| {
            let mut found: BTreeMap<u32, Fragment> = BTreeMap::new();
            for triangle in scene.triangles(element, division) {
                raster::triangle((width, height), &triangle.map(on_picture), |fragment| {
                    let place = found.entry(fragment.pixel).or_insert(fragment);
                    if (fragment.outside, fragment.depth) < (place.outside, place.depth) {
                        *place = fragment;
                    }
                });
            }
            let id = element.block.ids[element.index];
            if found.is_empty() { vec![] } else { vec![(id, found.into_values().collect())] }
        });
        // Of several elements at a place the one with the lowest id, as everywhere.
        let mut best = vec![(f32::INFINITY, f32::INFINITY, u32::MAX); width * height];
        for (id, fragments) in &fragments {
            for f in fragments {
                let place = &mut best[f.pixel as usize];
                let key = (f.outside, f.depth, *id);
                if key < *place {
                    *place = key;
                }
            }
        }
        let mut by_id: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (b, block) in self.space.discretisation.blocks.iter().enumerate() {
            by_id.extend(block.ids.iter().enumerate().map(|(e, id)| (*id, (b, e))));
        }
        let target = |pixel: u32| {
            let (x, y) = (f64::from(pixel % width as u32) + 0.5, f64::from(pixel / width as u32) + 0.5);
            [window.low[0] + x / scale[0], window.high[1] - y / scale[1]]
        };
        fragments
            .into_par_iter()
            .filter_map(|(id, mut fragments)| {
                fragments.retain(|f| best[f.pixel as usize].2 == id);
                let &(block, element) = by_id.get(&id)?;
                (!fragments.is_empty()).then(|| self.shown(id, (block, element), &fragments, target))
            })
            .collect()
    }

    /// Places of the pixels that show an element; `target`: where a pixel is in the plane of the picture.
    fn shown(
        &self,
        id: u32,
        (block, element): (usize, usize),
        fragments: &[Fragment],
        target: impl Fn(u32) -> [f64; 2],
    ) -> Shown {
        let shape = self.space.discretisation.blocks[block].operators.shape;
        let found = self.space.mesh.blocks.iter().filter(|m| m.shape == shape);
        let found = found.filter_map(|m| m.ids.binary_search(&id).ok().map(|at| (m, at))).next();
        let (mesh_block, at) = found.expect("the elements come from the mesh");
        let (order, k) = (mesh_block.order, shape.points(mesh_block.order));
        let geometry = &self.geometry[&(shape, order)];
        let nodes = &mesh_block.nodes[at * k..(at + 1) * k];
        let pixels: Vec<u32> = fragments.iter().map(|f| f.pixel).collect();
        let dims = shape.dims();
        let mut reference = Array2::from_shape_fn((pixels.len(), dims), |(i, d)| fragments[i].reference[d]);
        let matrix = ArrayView2::from_shape((nodes.len(), 3), nodes.as_flattened()).expect("sizes agree");
        let coefficients = geometry.to_modes.dot(&matrix);
        let slice = match self.view {
            View::Flat => Some(None),
            View::Slice { axis, at } => Some(Some((axis, at))),
            View::Boundary { .. } => None,
        };
        let affine = geometry.curvature(nodes) <= self.tiny;
        if let (Some(slice), false) = (slice, affine) {
            let wanted: Vec<[f64; 3]> = pixels
                .iter()
                .map(|pixel| {
                    let [u, v] = target(*pixel);
                    match slice {
                        None => [u, v, 0.0],
                        Some((2, at)) => [u, v, at],
                        Some((1, at)) => [u, at, v],
                        Some((_, at)) => [at, u, v],
                    }
                })
                .collect();
            for _ in 0..2 {
                approach(geometry, &coefficients, &wanted, &mut reference);
            }
        }
        let values = basis::vandermonde(shape, order, &reference).dot(&coefficients);
        let places: Vec<[f64; 3]> =
            values.rows().into_iter().map(|row| std::array::from_fn(|d| row[d])).collect();
        let light = match &self.view {
            View::Boundary { directions, .. } => {
                // The nearest to the eye of the faces that a place is on.
                let slopes = basis::gradients(shape, order, &reference);
                let tangents: Vec<Array2<f64>> = slopes.iter().map(|s| s.dot(&coefficients)).collect();
                (0..pixels.len()).map(|i| light(shape, &reference, &tangents, i, directions)).collect()
            }
            _ => vec![],
        };
        Shown { block, element, pixels, reference, places, light }
    }
}

fn none_solid() -> Pieces<4> {
    Pieces { points: vec![], pieces: vec![] }
}

/// Places out of nodes.
fn placed(matrix: &Array2<f64>, nodes: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let place = |row: ndarray::ArrayView1<f64>| -> [f64; 3] {
        std::array::from_fn(|d| row.iter().zip(nodes).map(|(w, x)| w * x[d]).sum())
    };
    matrix.rows().into_iter().map(place).collect()
}

/// One step of Newton's method towards the places wanted; places that it would leave the element from stay.
fn approach(
    geometry: &Geometry,
    coefficients: &Array2<f64>,
    wanted: &[[f64; 3]],
    reference: &mut Array2<f64>,
) {
    let dims = geometry.shape.dims();
    let at = basis::vandermonde(geometry.shape, geometry.order, reference).dot(coefficients);
    let slopes = basis::gradients(geometry.shape, geometry.order, reference);
    let slopes: Vec<Array2<f64>> = slopes.iter().map(|s| s.dot(coefficients)).collect();
    for (i, wanted) in wanted.iter().enumerate() {
        // Columns: derivatives of the place; in 2-D the third is a unit vector.
        let column = |j: usize| -> [f64; 3] {
            match slopes.get(j) {
                Some(s) => std::array::from_fn(|d| s[[i, d]]),
                None => std::array::from_fn(|d| if d == j { 1.0 } else { 0.0 }),
            }
        };
        let [a, b, c] = [column(0), column(1), column(2)];
        let away: [f64; 3] = std::array::from_fn(|d| wanted[d] - at[[i, d]]);
        let determinant = dot(&a, &cross(&b, &c));
        let step = [
            dot(&away, &cross(&b, &c)) / determinant,
            dot(&a, &cross(&away, &c)) / determinant,
            dot(&a, &cross(&b, &away)) / determinant,
        ];
        if step[..dims].iter().all(|s| s.abs() < 0.3) {
            (0..dims).for_each(|d| reference[[i, d]] += step[d]);
        }
    }
}

fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|d| a[d] * b[d]).sum()
}

/// How much light the face gets that place `i` is on: a lamp near the eye, a little to the left and above.
fn light(
    shape: Shape,
    reference: &Array2<f64>,
    tangents: &[Array2<f64>],
    i: usize,
    [right, up, eye]: &[[f64; 3]; 3],
) -> f32 {
    let r: [f64; 3] = std::array::from_fn(|d| reference[[i, d]]);
    // A reference face's plane holds its first vertex and has its normal.
    let away = |f: &&crate::element::shape::Face| {
        let v = shape.vertices()[f.vertices[0]];
        (0..3).map(|d| f.normal[d] * (r[d] - v[d])).sum::<f64>().abs()
    };
    let face = shape.faces().iter().min_by(|a, b| away(a).total_cmp(&away(b)));
    let normal = face.map_or([0.0, 0.0, 1.0], |f| f.normal);
    let t: [[f64; 3]; 3] = std::array::from_fn(|j| std::array::from_fn(|d| tangents[j][[i, d]]));
    // The physical normal: the cofactors of the map's derivative times that of the reference face.
    let cofactors = [cross(&t[1], &t[2]), cross(&t[2], &t[0]), cross(&t[0], &t[1])];
    let vector: [f64; 3] = std::array::from_fn(|d| (0..3).map(|j| normal[j] * cofactors[j][d]).sum());
    let length = dot(&vector, &vector).sqrt();
    let lamp: [f64; 3] = std::array::from_fn(|d| eye[d] - 0.35 * right[d] + 0.45 * up[d]);
    let cosine = dot(&vector, &lamp) / (length * dot(&lamp, &lamp).sqrt());
    if cosine.is_finite() { cosine.abs() as f32 } else { 1.0 }
}

/// Where a plane cuts an edge of a piece: its corners, and the share of the way from the first to the second.
type OnEdge = (usize, usize, f64);

/// Corners, around, of what a plane has in common with a tetrahedron whose corners are so far above it. Corners on the plane
/// count as above it; if none is below, as below, so that a face in the plane is seen from either side.
fn cut_tetrahedron(above: &[f64; 4]) -> Vec<OnEdge> {
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
fn cut_triangle(above: &[f64; 3]) -> impl Iterator<Item = OnEdge> + use<> {
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

    #[test]
    fn the_eye_sees_right_handed_axes() {
        for (azimuth, elevation) in [(0.0, 0.0), (-60.0, 30.0), (130.0, -10.0)] {
            let [right, up, eye] = directions(azimuth, elevation);
            let c = cross(&right, &up);
            assert!((0..3).all(|d| (c[d] - eye[d]).abs() < 1e-12));
        }
        assert_eq!(directions(0.0, 0.0)[2], [1.0, 0.0, 0.0]);
    }
}
