//! Integrals over the boundaries of the mesh.

use super::geometry::{metric, tangents};
use super::{Engine, EngineError};
use crate::element::{Operators, Shape, basis, faces, lattice, quadrature};
use crate::parallel::sum::{ExactSum, total};
use ndarray::{Array2, ArrayView2};
use std::collections::BTreeMap;

/// Interpolation of solution and geometry of one shape and geometry order to the points of a rule on one of its faces.
struct FaceSampler {
    /// Solution points to the rule's points, `[Q][P]`.
    solution: Array2<f64>,
    /// Geometry nodes to the rule's points, `[Q][nodes]`.
    geometry: Array2<f64>,
    /// Derivatives of the geometry there, `D` times `[Q][nodes]`.
    derivatives: Vec<Array2<f64>>,
    weights: Vec<f64>,
}

impl FaceSampler {
    /// For a rule exact to `degree` on face `face` of elements with geometry of order `order`.
    fn new(ops: &Operators, order: usize, face: usize, degree: usize) -> FaceSampler {
        let shape = ops.shape;
        let (own, weights) = quadrature::rule(shape.faces()[face].shape, degree);
        let points = faces::to_element(shape, face, &own);
        let nodes = lattice::nodes(shape, order);
        FaceSampler {
            solution: basis::interpolation(shape, ops.order, &ops.points, &points),
            geometry: basis::interpolation(shape, order, &nodes, &points),
            derivatives: basis::differentiation(shape, order, &nodes, &points),
            weights,
        }
    }
}

/// The solution at a point of a boundary, on its inner side.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceValues<'a> {
    /// Coordinates.
    pub at: [f64; 3],
    /// Unit outward normal.
    pub normal: [f64; 3],
    /// Conserved variables.
    pub conserved: &'a [f64],
    /// Their gradients, `[direction][variable]`; empty where they were not asked for.
    pub gradient: &'a [f64],
}

impl Engine {
    /// Integrals over the boundary called `name` of `count` functions of place, conserved variables and unit outward normal,
    /// by a rule exact to `degree` on each face: `integrand(coordinates, conserved, normal, out)`. The state is the one
    /// inside. Zeros where the mesh has no such boundary. Collective; the same bits on any number of ranks.
    ///
    /// # Errors
    /// The device failed.
    pub fn integrate_boundary(
        &mut self,
        name: &str,
        degree: usize,
        count: usize,
        integrand: impl Fn([f64; 3], &[f64], [f64; 3], &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let own = |values: SurfaceValues, out: &mut [f64]| {
            integrand(values.at, values.conserved, values.normal, out);
        };
        self.integrate_surface(name, 0.0, |_| degree, false, count, own)
    }

    /// Integrals over the boundary called `name` at time `t` of `count` functions, by rules exact to
    /// `degree(shape of the face)`: `integrand(point, out)`; the gradients are there if `gradients` is set, corrected by the
    /// common solutions on all faces ([`crate::backend::faces`]). Zeros where the mesh has no such boundary. Collective; the
    /// same bits on any number of ranks.
    ///
    /// # Errors
    /// The device failed.
    pub fn integrate_surface(
        &mut self,
        name: &str,
        t: f64,
        degree: impl Fn(Shape) -> usize,
        gradients: bool,
        count: usize,
        integrand: impl Fn(SurfaceValues, &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let solution = self.solution()?;
        if gradients {
            self.gradients.prepare(&solution, t);
        }
        let disc = &*self.discretisation;
        let boundary = self.mesh.boundaries.iter().position(|b| b == name);
        let ours = disc.boundary_faces.iter().filter(|f| Some(usize::from(f.boundary)) == boundary);
        let variables = self.variables.conserved().len();
        let mut samplers: BTreeMap<(Shape, usize, u8), FaceSampler> = BTreeMap::new();
        let mut sums = vec![ExactSum::default(); count];
        let (mut state, mut out) = (vec![0.0; variables], vec![0.0; count]);
        let mut slopes = vec![0.0; if gradients { disc.dims * variables } else { 0 }];
        for face in ours {
            let (b, e) = (face.block as usize, face.element as usize);
            let block = &disc.blocks[b];
            let (ops, id) = (&block.operators, block.ids[e]);
            let shape = ops.shape;
            let found = self.mesh.blocks.iter().filter(|m| m.shape == shape);
            let found = found.filter_map(|m| m.ids.binary_search(&id).ok().map(|at| (m, at))).next();
            let Some((mesh_block, at)) = found else { continue };
            let order = mesh_block.order;
            let sampler = samplers.entry((shape, order, face.face)).or_insert_with(|| {
                let own = shape.faces()[usize::from(face.face)].shape;
                FaceSampler::new(ops, order, face.face.into(), degree(own))
            });
            let k = shape.points(order);
            let nodes = &mesh_block.nodes[at * k..(at + 1) * k];
            let points = block.points_per_element();
            let from = &solution[b][e * variables * points..(e + 1) * variables * points];
            let from = ArrayView2::from_shape((variables, points), from).expect("sizes agree");
            let values = from.dot(&sampler.solution.t());
            let gradient: Vec<Array2<f64>> = match gradients {
                true => self.gradients.gradient(b, e, &from.to_owned(), t),
                false => vec![],
            };
            let gradient: Vec<Array2<f64>> = gradient.iter().map(|g| g.dot(&sampler.solution.t())).collect();
            let reference = shape.faces()[usize::from(face.face)].normal;
            for (q, weight) in sampler.weights.iter().enumerate() {
                let s = metric(&tangents(&sampler.derivatives, q, nodes), disc.dims).s;
                let vector: [f64; 3] =
                    std::array::from_fn(|d| (0..disc.dims).map(|i| reference[i] * s[i][d]).sum());
                let area = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
                let row = sampler.geometry.row(q);
                let at = std::array::from_fn(|d| nodes.iter().zip(row).map(|(x, w)| x[d] * w).sum());
                state.iter_mut().zip(values.column(q)).for_each(|(to, from)| *to = *from);
                let columns = gradient.iter().flat_map(|g| g.column(q));
                slopes.iter_mut().zip(columns).for_each(|(to, from)| *to = *from);
                let normal = vector.map(|x| x / area);
                integrand(SurfaceValues { at, normal, conserved: &state, gradient: &slopes }, &mut out);
                for (sum, value) in sums.iter_mut().zip(&out) {
                    sum.add(value * weight * area);
                }
            }
        }
        Ok(total(&*self.communicator, &sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;
    use std::sync::Arc;

    fn engine(cells: Cells, n: [usize; 3], warped: bool) -> Engine {
        let mesh = BoxMesh::new(cells, n);
        let mesh = if warped { mesh.order(2).warp(0.05) } else { mesh };
        let mesh = mesh.build();
        let mut settings = Settings::new(SystemSpec::new("diffusion").with("nu", 1.0), 2);
        for name in &mesh.boundaries {
            let data = [("q".to_string(), Expr::constant(0.0))].into();
            settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-flux".into(), data });
        }
        Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap()
    }

    #[test]
    fn fluxes_through_the_boundaries_are_integrals_of_divergences_on_every_shape() {
        for (cells, n, warped) in [
            (Cells::Line, [3, 1, 1], false),
            (Cells::TriQuad, [2, 2, 1], false),
            (Cells::TriQuad, [2, 2, 1], true),
            (Cells::Mixed, [3, 2, 3], false),
        ] {
            let mut engine = engine(cells, n, warped);
            // u x has the divergence (dims + 1) u for a linear u without constant.
            engine.set_initial(|x, out| out[0] = x[0] + 2.0 * x[1] - x[2]).unwrap();
            let dims = engine.discretisation().dims;
            let inside = engine.integrate(8, 1, |_, u, out| out[0] = u[0] * (dims + 1) as f64).unwrap()[0];
            let flux = |x: [f64; 3], u: &[f64], n: [f64; 3], out: &mut [f64]| {
                out[0] = u[0] * x.iter().zip(n).map(|(x, n)| x * n).sum::<f64>();
                out[1] = 1.0;
            };
            let (mut sum, mut area) = (0.0, 0.0);
            for name in engine.mesh().boundaries.clone() {
                let found = engine.integrate_boundary(&name, 8, 2, flux).unwrap();
                (sum, area) = (sum + found[0], area + found[1]);
            }
            // Exact where curved, too: place and solution are polynomials of the same order.
            assert!((sum - inside).abs() < 1e-12, "{cells:?} {sum} {inside}");
            let box_area = [2.0, 4.0, 6.0][dims - 1];
            assert!((area - box_area).abs() < 1e-12, "{cells:?} {area}");
            assert_eq!(engine.integrate_boundary("none", 2, 1, |_, _, _, out| out[0] = 1.0).unwrap(), [0.0]);
        }
    }
}
