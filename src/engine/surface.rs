//! The boundaries of the mesh: integrals over them, and values at points of their faces.

use super::fields::Space;
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

/// Values of one face of a boundary at sample points.
pub struct FaceSample<'a> {
    /// Number of the boundary: its place in [`crate::mesh::local::LocalMesh::boundaries`].
    pub boundary: usize,
    /// Global id of the element.
    pub element: u32,
    /// Shape of the face.
    pub shape: Shape,
    /// Order of the element's geometry.
    pub geometry_order: usize,
    /// Coordinates, `[point][3]`.
    pub coordinates: &'a [[f64; 3]],
    /// Unit outward normals, `[point][3]`.
    pub normals: &'a [[f64; 3]],
    /// The element's values, `[value][point]`.
    pub values: &'a Array2<f64>,
}

/// From elements of one shape, order and geometry order to points of one of their faces.
struct FacePoints {
    /// Solution points to the points, `[Q][P]`.
    solution: Array2<f64>,
    /// The element's nodes on the face, in lattice order of the face's shape.
    nodes: Vec<usize>,
    /// These to the points, `[Q][nodes]`. (A pyramid's own geometry has no derivative at its apex.)
    geometry: Array2<f64>,
    /// Their derivatives there along the face's coordinates, `D - 1` matrices `[Q][nodes]`.
    derivatives: Vec<Array2<f64>>,
}

impl FacePoints {
    /// `own`: the points in coordinates of the face's shape that turn counter-clockwise seen from outside, or have the
    /// element on their left.
    fn new(ops: &Operators, order: usize, face: usize, own: &Array2<f64>) -> FacePoints {
        let (shape, face_shape) = (ops.shape, ops.shape.faces()[face].shape);
        let place = |x: &Array2<f64>| faces::to_element(shape, face, &turned(shape, face, x));
        let face_lattice = lattice::nodes(face_shape, order);
        let (wanted, all) = (place(&face_lattice), lattice::nodes(shape, order));
        let meets = |n: usize, row: &[f64]| all.row(n).iter().zip(row).all(|(a, b)| (a - b).abs() < 1e-9);
        let find = |row: &[f64]| (0..all.nrows()).find(|&n| meets(n, row));
        let find = |row: &[f64]| find(row).expect("a face's lattice is part of its element's");
        FacePoints {
            solution: basis::interpolation(shape, ops.order, &ops.points, &place(own)),
            nodes: wanted.rows().into_iter().map(|row| find(&row.to_vec())).collect(),
            geometry: basis::interpolation(face_shape, order, &face_lattice, own),
            derivatives: basis::differentiation(face_shape, order, &face_lattice, own),
        }
    }

    /// Coordinates and unit outward normals of the points, of an element with these nodes.
    fn place(&self, ops: &Operators, face: usize, nodes: &[[f64; 3]]) -> (Vec<[f64; 3]>, Vec<[f64; 3]>) {
        let own: Vec<[f64; 3]> = self.nodes.iter().map(|&n| nodes[n]).collect();
        let at = |q: usize| -> [f64; 3] {
            let row = self.geometry.row(q);
            std::array::from_fn(|d| own.iter().zip(row).map(|(x, w)| x[d] * w).sum())
        };
        let normal = |q: usize| -> [f64; 3] {
            let t = tangents(&self.derivatives, q, &own);
            let n = match self.derivatives.len() {
                0 => ops.shape.faces()[face].normal,
                1 => [t[0][1], -t[0][0], 0.0],
                _ => cross(t[0], t[1]),
            };
            let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
            n.map(|x| x / length)
        };
        let count = self.geometry.nrows();
        ((0..count).map(at).collect(), (0..count).map(normal).collect())
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Points of a face, given in coordinates that turn counter-clockwise seen from outside, in the coordinates that
/// [`faces::to_element`] takes, which run along the axes of tensor shapes.
fn turned(shape: Shape, face: usize, points: &Array2<f64>) -> Array2<f64> {
    let description = &shape.faces()[face];
    let corners = faces::to_element(shape, face, &lattice::nodes(description.shape, 1));
    let edge = |n: usize| -> [f64; 3] {
        std::array::from_fn(|d| corners.get((n, d)).unwrap_or(&0.0) - corners.get((0, d)).unwrap_or(&0.0))
    };
    let across = match description.shape.dims() {
        0 => return points.clone(),
        1 => [edge(1)[1], -edge(1)[0], 0.0],
        _ => cross(edge(1), edge(2)),
    };
    let outward = across.iter().zip(description.normal).map(|(a, b)| a * b).sum::<f64>() > 0.0;
    match description.shape.dims() {
        _ if outward => points.clone(),
        1 => points.mapv(|x| -x),
        _ => Array2::from_shape_fn(points.dim(), |(n, d)| points[[n, 1 - d]]),
    }
}

impl Space {
    /// Calls `visit` with this rank's faces of the boundaries numbered `wanted`, at the points that
    /// `points(shape of the face, order of the geometry)` gives in coordinates of the face's shape. These turn
    /// counter-clockwise seen from outside; on a line they have the mesh on their left.
    ///
    /// `values` at the solution points, block by block `[element][value][point]`, any number of them.
    pub fn sample_boundaries(
        &self,
        values: &[Vec<f64>],
        wanted: &[usize],
        points: impl Fn(Shape, usize) -> Array2<f64>,
        mut visit: impl FnMut(FaceSample),
    ) {
        let disc = &*self.discretisation;
        let mut all: BTreeMap<(Shape, usize, u8), FacePoints> = BTreeMap::new();
        for face in disc.boundary_faces.iter().filter(|f| wanted.contains(&usize::from(f.boundary))) {
            let (b, e, number) = (face.block as usize, face.element as usize, usize::from(face.face));
            let block = &disc.blocks[b];
            let (ops, id) = (&block.operators, block.ids[e]);
            let found = self.mesh.blocks.iter().filter(|m| m.shape == ops.shape);
            let found = found.filter_map(|m| m.ids.binary_search(&id).ok().map(|at| (m, at))).next();
            let Some((mesh_block, at)) = found else { continue };
            let order = mesh_block.order;
            let shape = ops.shape.faces()[number].shape;
            let sampler = all
                .entry((ops.shape, order, face.face))
                .or_insert_with(|| FacePoints::new(ops, order, number, &points(shape, order)));
            let k = ops.shape.points(order);
            let nodes = &mesh_block.nodes[at * k..(at + 1) * k];
            let (coordinates, normals) = sampler.place(ops, number, nodes);
            let size = values[b].len() / block.len();
            let from = &values[b][e * size..(e + 1) * size];
            let count = size / block.points_per_element();
            let from =
                ArrayView2::from_shape((count, block.points_per_element()), from).expect("sizes agree");
            visit(FaceSample {
                boundary: face.boundary.into(),
                element: id,
                shape,
                geometry_order: order,
                coordinates: &coordinates,
                normals: &normals,
                values: &from.dot(&sampler.solution.t()),
            });
        }
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
