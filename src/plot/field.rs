//! Values of a function of place and solution in every pixel of a picture.

use super::scene::{Shown, to_modes};
use crate::element::{Shape, basis};
use crate::engine::fields::Space;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Values of the pixels of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[row][column]`; `None` outside of the mesh.
    pub values: Vec<Option<f64>>,
    /// How much light each pixel gets, 0 to 1; empty where there is none.
    pub light: Vec<f32>,
}

impl Raster {
    /// Least and largest of the values that are numbers; `None` if there is none.
    pub fn range(&self) -> Option<(f64, f64)> {
        let finite = self.values.iter().flatten().filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
        (low <= high).then_some((low, high))
    }

    /// How many pixels of the mesh have a value that is not finite.
    pub fn not_finite(&self) -> usize {
        self.values.iter().flatten().filter(|x| !x.is_finite()).count()
    }
}

/// Evaluates `function(place, values of the polynomials there)` in the pixels that `shown` lists.
///
/// `data`: values at the solution points of any number of functions that are polynomials in each element, block by block
/// `[element][function][point]`, as [`crate::engine::Engine::solution`] returns them.
pub fn raster(
    space: &Space,
    shown: &[Shown],
    (width, height): (usize, usize),
    data: &[Vec<f64>],
    function: impl Fn([f64; 3], &[f64]) -> f64 + Sync,
) -> Raster {
    let order = space.discretisation.order;
    let mut modes: BTreeMap<Shape, Array2<f64>> = BTreeMap::new();
    for block in &space.discretisation.blocks {
        let ops = &block.operators;
        modes.entry(ops.shape).or_insert_with(|| to_modes(ops.shape, order, &ops.points));
    }
    let evaluate = |shown: &Shown| -> Vec<f64> {
        let block = &space.discretisation.blocks[shown.block];
        let (shape, points) = (block.operators.shape, block.points_per_element());
        let count = data[shown.block].len() / (block.len() * points);
        let from = &data[shown.block][shown.element * count * points..(shown.element + 1) * count * points];
        let from = ArrayView2::from_shape((count, points), from).expect("sizes agree");
        let coefficients = from.dot(&modes[&shape].t());
        let values = basis::vandermonde(shape, order, &shown.reference).dot(&coefficients.t());
        let mut state = vec![0.0; count];
        let value = |(row, place): (ndarray::ArrayView1<f64>, &[f64; 3])| {
            state.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
            function(*place, &state)
        };
        values.rows().into_iter().zip(&shown.places).map(value).collect()
    };
    let all: Vec<Vec<f64>> = shown.par_iter().map(evaluate).collect();
    let lit = shown.iter().any(|s| !s.light.is_empty());
    let mut raster = Raster {
        width,
        height,
        values: vec![None; width * height],
        light: vec![1.0; if lit { width * height } else { 0 }],
    };
    for (shown, values) in shown.iter().zip(all) {
        for (pixel, value) in shown.pixels.iter().zip(values) {
            raster.values[*pixel as usize] = Some(value);
        }
        for (pixel, light) in shown.pixels.iter().zip(&shown.light) {
            raster.light[*pixel as usize] = *light;
        }
    }
    raster
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use crate::plot::scene::{Scene, View, Window};
    use std::sync::Arc;

    /// A linear function on a warped mesh is that function in every pixel, on every shape, and every pixel is covered.
    #[test]
    fn pixels_show_the_polynomial_itself_on_every_shape_straight_and_curved() {
        let flat = [Cells::Tri, Cells::Quad, Cells::TriQuad].map(|c| (c, View::Flat));
        let slices = [Cells::Tet, Cells::Hex, Cells::Prism, Cells::Pyramid, Cells::Mixed]
            .into_iter()
            .zip([0, 1, 2, 0, 1])
            .map(|(c, axis)| (c, View::Slice { axis, at: [0.31, 0.5, 0.0][axis] }));
        for (cells, view) in flat.into_iter().chain(slices) {
            for (order, warp) in [(1, 0.0), (1, 0.03), (3, 0.03)] {
                let mesh = BoxMesh::new(cells, [2; 3]).order(order).warp(warp).shuffle(3).build();
                let system = SystemSpec::new("advection-diffusion").with("ax", 1.0).with("nu", 0.0);
                let system = system.with("ay", 0.0).with("az", 0.0);
                let settings = Settings::new(system, 3);
                let mut settings = settings;
                for name in &mesh.boundaries {
                    let spec = crate::engine::BoundarySpec { kind: "fixed-flux".into(), data: data() };
                    settings.boundaries.insert(name.clone(), spec);
                }
                let engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial));
                let mut engine = engine.unwrap();
                let exact = |x: [f64; 3]| 1.0 + 2.0 * x[0] - 3.0 * x[1] + 0.5 * x[2];
                engine.set_initial(|x, out| out[0] = exact(x)).unwrap();
                let (space, solution) = (engine.space(), engine.solution().unwrap());
                let scene = Scene::new(&space, view.clone()).unwrap();
                let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
                let Window { low, high } = scene.bounds;
                assert!(low.iter().all(|x| near(*x, 0.0)) && high.iter().all(|x| near(*x, 1.0)), "{low:?}");
                let pixels = (60, 50);
                let shown = scene.show(scene.bounds, pixels);
                let picture = raster(&space, &shown, pixels, &solution, |_, u| u[0]);
                // On warped cells what is left is what two steps of Newton leave.
                let close = if warp == 0.0 { 1e-10 } else { 1e-6 };
                for (i, value) in picture.values.iter().enumerate() {
                    let (u, v) = ((i % 60) as f64 + 0.5, (i / 60) as f64 + 0.5);
                    let (u, v) = (u / 60.0, 1.0 - v / 50.0);
                    let x = match view {
                        View::Slice { axis: 0, at } => [at, u, v],
                        View::Slice { axis: 1, at } => [u, at, v],
                        View::Slice { at, .. } => [u, v, at],
                        _ => [u, v, 0.0],
                    };
                    let value = value.unwrap_or(f64::NAN);
                    assert!((value - exact(x)).abs() < close, "{cells:?} {order} {warp} {x:?}: {value}");
                }
                let places = raster(&space, &shown, pixels, &solution, |x, _| exact(x));
                let exact = |i: usize| {
                    let (u, v) = ((i % 60) as f64 + 0.5, (i / 60) as f64 + 0.5);
                    (u / 60.0, 1.0 - v / 50.0)
                };
                for shown in &shown {
                    for (pixel, x) in shown.pixels.iter().zip(&shown.places) {
                        let (u, v) = exact(*pixel as usize);
                        let found = match view {
                            View::Slice { axis: 0, .. } => [x[1], x[2]],
                            View::Slice { axis: 1, .. } => [x[0], x[2]],
                            _ => [x[0], x[1]],
                        };
                        let away = (found[0] - u).abs().max((found[1] - v).abs());
                        assert!(away < 1e-6, "{cells:?} {order} {warp}: {found:?} {u} {v}");
                    }
                }
                assert_eq!(places.not_finite(), 0);
            }
        }
    }

    fn data() -> BTreeMap<String, crate::physics::expr::Expr> {
        [("q".to_string(), crate::physics::expr::Expr::constant(0.0))].into()
    }
}
