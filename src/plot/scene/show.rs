//! What the picture holds: the sides of elements, and which place of which element each pixel shows.

use super::cut::cut_triangle;
use super::geometry::{approach, light, placed};
use super::{NONE, Scene, View, Window};
use crate::element::basis;
use crate::plot::raster::{self, Corner, Fragment};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What a pixel shows of an element, and the face of it that this is on (in pictures of boundaries).
type Spot = (Fragment, usize);

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

impl Scene<'_> {
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
            depth: c.depth / pixel,
            ..c
        };
        let fragments: Vec<(u32, Vec<Spot>)> = self.visit(pixel, |scene, element, division| {
            let mut found: BTreeMap<u32, Spot> = BTreeMap::new();
            for (face, triangle) in scene.triangles(element, division) {
                raster::triangle((width, height), &triangle.map(on_picture), |fragment| {
                    let place = found.entry(fragment.pixel).or_insert((fragment, face));
                    if fragment.rank < place.0.rank {
                        *place = (fragment, face);
                    }
                });
            }
            let id = element.block.ids[element.index];
            if found.is_empty() { vec![] } else { vec![(id, found.into_values().collect())] }
        });
        // Of several elements at a place the one with the lowest id, as everywhere.
        let mut best = vec![(f64::INFINITY, u32::MAX); width * height];
        for (id, fragments) in &fragments {
            for (f, _) in fragments {
                let place = &mut best[f.pixel as usize];
                let key = (f.rank, *id);
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
                fragments.retain(|(f, _)| best[f.pixel as usize].1 == id);
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
        fragments: &[Spot],
        target: impl Fn(u32) -> [f64; 2],
    ) -> Shown {
        let shape = self.space.discretisation.blocks[block].operators.shape;
        let found = self.space.mesh.blocks.iter().filter(|m| m.shape == shape);
        let found = found.filter_map(|m| m.ids.binary_search(&id).ok().map(|at| (m, at))).next();
        let (mesh_block, at) = found.expect("the elements come from the mesh");
        let (order, k) = (mesh_block.order, shape.points(mesh_block.order));
        let geometry = &self.geometry[&(shape, order)];
        let nodes = &mesh_block.nodes[at * k..(at + 1) * k];
        let pixels: Vec<u32> = fragments.iter().map(|(f, _)| f.pixel).collect();
        let dims = shape.dims();
        let mut reference = Array2::from_shape_fn((pixels.len(), dims), |(i, d)| fragments[i].0.reference[d]);
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
                let slopes = basis::gradients(shape, order, &reference);
                let tangents: Vec<Array2<f64>> = slopes.iter().map(|s| s.dot(&coefficients)).collect();
                let lit = |(i, (fragment, face)): (usize, &Spot)| {
                    light(&shape.faces()[*face].normal, fragment.counter_clockwise, &tangents, i, directions)
                };
                fragments.iter().enumerate().map(lit).collect()
            }
            _ => vec![],
        };
        Shown { block, element, pixels, reference, places, light }
    }
}
