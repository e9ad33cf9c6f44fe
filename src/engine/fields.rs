//! The solution as a function of space: values at any reference points, integrals, norms, the first bad value.

use super::interpolation::Interpolation;
use super::placing::Placing;
use super::{Engine, EngineError};
use crate::backend::Discretisation;
use crate::backend::discretisation::{Block, Metrics};
use crate::element::{PointSets, Shape, basis, lattice, quadrature};
use crate::mesh::local::{LocalBlock, LocalMesh};
use crate::parallel::sum::{ExactSum, total};
use crate::physics::variables::Variables;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

/// Numbers that are interpolated at once: a few hundred KiB.
const CHUNK: usize = 1 << 15;

/// Where a value is not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct BadValue {
    /// Global element id.
    pub element: u32,
    /// Conserved variable.
    pub variable: &'static str,
    /// Its value.
    pub value: f64,
    /// Coordinates of the solution point.
    pub at: [f64; 3],
}

/// Interpolation of solution and geometry of one shape and geometry order to a set of reference points.
struct Sampler {
    /// Solution points to sample points.
    solution: Interpolation,
    /// Geometry nodes to sample points, `[Q][nodes]`.
    geometry: Array2<f64>,
    /// Derivatives of the geometry, `D` times `[Q][nodes]`.
    derivatives: Vec<Array2<f64>>,
    weights: Vec<f64>,
}

impl Sampler {
    /// Coordinates of the sample points of some elements, whose nodes are given, `[element][point]`.
    fn coordinates(&self, elements: &[&[[f64; 3]]], to: &mut Vec<[f64; 3]>) {
        let (count, k) = self.geometry.dim();
        let mut by_axis = Vec::with_capacity(3 * k * elements.len());
        for nodes in elements {
            (0..3).for_each(|d| by_axis.extend(nodes.iter().map(|x| x[d])));
        }
        let nodes = ArrayView2::from_shape((3 * elements.len(), k), &by_axis).expect("sizes agree");
        let placed = nodes.dot(&self.geometry.t());
        to.clear();
        let points = (0..elements.len()).flat_map(|e| (0..count).map(move |q| (3 * e, q)));
        to.extend(points.map(|(row, q)| std::array::from_fn(|d| placed[[row + d, q]])));
    }

    /// Weights times Jacobians of an element.
    fn weights(&self, nodes: &[[f64; 3]], dims: usize) -> Vec<f64> {
        let weight = |(q, w): (usize, &f64)| {
            let along = |m: &Array2<f64>| -> [f64; 3] {
                std::array::from_fn(|d| nodes.iter().zip(m.row(q)).map(|(x, w)| x[d] * w).sum())
            };
            let mut axes = [[0.0; 3]; 3];
            axes.iter_mut().zip(&self.derivatives).for_each(|(axis, m)| *axis = along(m));
            w * determinant(&axes[..dims], dims)
        };
        self.weights.iter().enumerate().map(weight).collect()
    }
}

/// Values of one element at sample points.
pub struct Sample<'a> {
    /// Global element id.
    pub element: u32,
    /// Block of the discretisation.
    pub block: usize,
    /// Order of the element's geometry.
    pub geometry_order: usize,
    /// Coordinates, `[point][3]`.
    pub coordinates: &'a [[f64; 3]],
    /// Conserved variables, or what took their place, `[variable][point]`.
    pub values: ArrayView2<'a, f64>,
    /// Quadrature weight times Jacobian of each point (nothing where no rule was asked for).
    pub weights: &'a [f64],
}

/// Values of some elements of one block at sample points.
pub struct Batch<'a> {
    /// Global element ids.
    pub ids: &'a [u32],
    /// Block of the discretisation.
    pub block: usize,
    /// Order of the elements' geometry.
    pub geometry_order: usize,
    /// Coordinates, `[element][point]`.
    pub coordinates: &'a [[f64; 3]],
    /// What was given at the solution points, `[element][value]` and `[point]`.
    pub values: ArrayView2<'a, f64>,
    /// Nodes of each element.
    nodes: &'a [&'a [[f64; 3]]],
    sampler: &'a Sampler,
}

/// Where the solution of a rank lives: all that makes a function of space of its numbers. Cheap to clone, for threads that
/// write results while the run goes on.
#[derive(Clone)]
pub struct Space {
    /// The discrete problem.
    pub discretisation: Arc<Discretisation>,
    /// This rank's part of the mesh.
    pub mesh: Arc<LocalMesh>,
    /// The system's variables.
    pub variables: Arc<dyn Variables>,
    /// Names of the point sets.
    pub points: PointSets,
}

impl Space {
    /// The space of some of the elements: of each block those at the positions `elements` (ascending). It has what
    /// it takes to write results, not what it takes to compute.
    pub fn part(&self, elements: &[Vec<u32>]) -> Space {
        let part = |(block, elements): (&Block, &Vec<u32>)| Block {
            operators: Arc::clone(&block.operators),
            ids: elements.iter().map(|e| block.ids[*e as usize]).collect(),
            interior: 0,
            metrics: Metrics::Affine { s: vec![], jacobian: vec![] },
            quadrature_s: vec![],
            faces: vec![],
            points: vec![],
        };
        let discretisation = Discretisation {
            dims: self.discretisation.dims,
            order: self.discretisation.order,
            blocks: self.discretisation.blocks.iter().zip(elements).map(part).collect(),
            pairings: vec![],
            boundary_faces: vec![],
            halo_points: vec![],
            messages: vec![],
        };
        Space { discretisation: Arc::new(discretisation), ..self.clone() }
    }

    /// Calls `visit` with every element's values at the reference points that `points(shape, geometry order)` gives with
    /// their weights.
    ///
    /// `solution` is laid out as [`Engine::solution`] returns it, with any number of variables.
    pub fn sample(
        &self,
        solution: &[Vec<f64>],
        points: impl Fn(Shape, usize) -> (Array2<f64>, Vec<f64>),
        mut visit: impl FnMut(Sample),
    ) {
        let blocks = self.discretisation.blocks.iter().zip(solution);
        let mut counts =
            blocks.map(|(block, values)| values.len() / (block.len() * block.points_per_element()).max(1));
        let count = counts.find(|n| *n > 0).unwrap_or(0);
        let dims = self.discretisation.dims;
        let given = |b: usize, elements: Range<usize>, to: &mut Vec<f64>| {
            let row = count * self.discretisation.blocks[b].points_per_element();
            to.extend_from_slice(&solution[b][elements.start * row..elements.end * row]);
        };
        let done: Result<(), Infallible> = self.sample_batches(count, given, points, |batch| {
            let points = batch.coordinates.len() / batch.ids.len();
            for (i, (id, nodes)) in batch.ids.iter().zip(batch.nodes).enumerate() {
                visit(Sample {
                    element: *id,
                    block: batch.block,
                    geometry_order: batch.geometry_order,
                    coordinates: &batch.coordinates[i * points..(i + 1) * points],
                    values: batch.values.slice(s![i * count..(i + 1) * count, ..]),
                    weights: &batch.sampler.weights(nodes, dims),
                });
            }
            Ok(())
        });
        let Ok(()) = done;
    }

    /// The same for as many elements at a time as stay in cache, in order. `given(block, elements, to)` appends the `count` values
    /// of each element at its solution points to `to`, `[element][value][point]`.
    ///
    /// # Errors
    /// The first error of `visit`, after which nothing more is visited.
    pub fn sample_batches<E>(
        &self,
        count: usize,
        mut given: impl FnMut(usize, Range<usize>, &mut Vec<f64>),
        points: impl Fn(Shape, usize) -> (Array2<f64>, Vec<f64>),
        mut visit: impl FnMut(&Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        let order = self.discretisation.order;
        let mut samplers: BTreeMap<(Shape, usize), Sampler> = BTreeMap::new();
        let (mut from, mut coordinates): (Vec<f64>, Vec<[f64; 3]>) = (vec![], vec![]);
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            let shape = block.operators.shape;
            let Some(mesh_block) = self.mesh_block(block) else { continue };
            let sampler = samplers.entry((shape, mesh_block.order)).or_insert_with(|| {
                let (points, weights) = points(shape, mesh_block.order);
                let nodes = lattice::nodes(shape, mesh_block.order);
                Sampler {
                    solution: Interpolation::new(
                        basis::interpolation(shape, order, &block.operators.points, &points),
                        order + 1,
                    ),
                    geometry: basis::interpolation(shape, mesh_block.order, &nodes, &points),
                    derivatives: basis::differentiation(shape, mesh_block.order, &nodes, &points),
                    weights,
                }
            });
            let per_element = block.points_per_element();
            let k = shape.points(mesh_block.order);
            // Many elements at once: one product of matrices instead of many small ones.
            let row = count * per_element;
            let step = (CHUNK / row.max(3 * sampler.geometry.nrows()).max(1)).max(1);
            // Where its nodes are; the next element is often the next one of the mesh, too.
            let mut next = 0;
            let mut place = |id: &u32| {
                let at = if mesh_block.ids.get(next) == Some(id) {
                    next
                } else {
                    mesh_block.ids.binary_search(id).ok()?
                };
                next = at + 1;
                Some(&mesh_block.nodes[at * k..(at + 1) * k])
            };
            for (n, ids) in block.ids.chunks(step).enumerate() {
                from.clear();
                given(b, n * step..n * step + ids.len(), &mut from);
                let values = sampler.solution.apply(&from);
                let Some(nodes) = ids.iter().map(&mut place).collect::<Option<Vec<_>>>() else { continue };
                sampler.coordinates(&nodes, &mut coordinates);
                visit(&Batch {
                    ids,
                    block: b,
                    geometry_order: mesh_block.order,
                    coordinates: &coordinates,
                    values: values.view(),
                    nodes: &nodes,
                    sampler,
                })?;
            }
        }
        Ok(())
    }

    /// The block of the mesh that the elements of a block are in.
    fn mesh_block(&self, block: &Block) -> Option<&LocalBlock> {
        let here = |m: &&LocalBlock| block.ids.first().is_some_and(|id| m.ids.binary_search(id).is_ok());
        self.mesh.blocks.iter().filter(|m| m.shape == block.operators.shape).find(here)
    }

    /// Order of the geometry of each block; none where it is empty.
    pub fn geometry_orders(&self) -> Vec<Option<usize>> {
        self.discretisation.blocks.iter().map(|block| self.mesh_block(block).map(|m| m.order)).collect()
    }

    /// Puts the first value (by global element id) that is not finite into `first`, if it comes before the one there.
    /// `values`: those of elements from `start` on of block `b`.
    fn bad_value(&self, b: usize, start: usize, values: &[f64], first: &mut Option<BadValue>) {
        if all_finite(values) {
            return;
        }
        let (block, names) = (&self.discretisation.blocks[b], self.variables.conserved());
        let points = block.points_per_element();
        for (i, &value) in values.iter().enumerate().filter(|(_, v)| !v.is_finite()) {
            let (element, variable, p) = (i / points / names.len(), i / points % names.len(), i % points);
            let id = block.ids[start + element];
            if first.as_ref().is_none_or(|f| id < f.element) {
                let at = Placing::of_solution(&self.mesh, block).element(&self.mesh, id)(p);
                *first = Some(BadValue { element: id, variable: names[variable], value, at });
            }
        }
    }
}

/// Whether all are finite. It does not stop at one that is not, so that many are looked at at once.
fn all_finite(values: &[f64]) -> bool {
    values.par_chunks(1 << 13).all(|some| some.iter().fold(true, |sound, x| sound & x.is_finite()))
}

/// The values of some of the elements, see [`Space::part`]; `values` block by block, so many an element.
pub fn part_of(values: &[Vec<f64>], space: &Space, elements: &[Vec<u32>]) -> Vec<Vec<f64>> {
    let part = |(values, (block, elements)): (&Vec<f64>, (&Block, &Vec<u32>))| {
        let size = values.len() / block.len().max(1);
        elements.iter().flat_map(|e| &values[*e as usize * size..][..size]).copied().collect()
    };
    values.iter().zip(space.discretisation.blocks.iter().zip(elements)).map(part).collect()
}

impl Engine {
    /// [`Space::sample`] of this engine's space.
    pub fn sample(
        &self,
        solution: &[Vec<f64>],
        points: impl Fn(Shape, usize) -> (Array2<f64>, Vec<f64>),
        visit: impl FnMut(Sample),
    ) {
        self.space().sample(solution, points, visit);
    }

    /// Where the solution lives, apart from the solution.
    pub fn space(&self) -> Space {
        Space {
            discretisation: Arc::clone(&self.discretisation),
            mesh: Arc::clone(&self.mesh),
            variables: Arc::clone(&self.variables),
            points: self.points.clone(),
        }
    }

    /// Integrals over the whole mesh of `count` functions of place and conserved variables, by a rule exact to `degree`.
    /// `integrand(coordinates, conserved, out)`. Collective; the same bits on any number of ranks.
    ///
    /// # Errors
    /// The device failed.
    pub fn integrate(
        &mut self,
        degree: usize,
        count: usize,
        integrand: impl Fn([f64; 3], &[f64], &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let solution = self.solution()?;
        let mut sums = vec![ExactSum::default(); count];
        let (mut state, mut out) = (vec![0.0; self.variables.conserved().len()], vec![0.0; count]);
        self.sample(
            &solution,
            |shape, _| quadrature::rule(shape, degree),
            |sample| {
                for (q, &x) in sample.coordinates.iter().enumerate() {
                    state.iter_mut().zip(sample.values.column(q)).for_each(|(to, from)| *to = *from);
                    integrand(x, &state, &mut out);
                    for (sum, value) in sums.iter_mut().zip(&out) {
                        sum.add(value * sample.weights[q]);
                    }
                }
            },
        );
        Ok(total(&*self.communicator, &sums))
    }

    /// L2 norm over the mesh of the error of each primitive variable against `exact(coordinates, out)`. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn error(
        &mut self,
        degree: usize,
        exact: impl Fn([f64; 3], &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let variables = std::sync::Arc::clone(&self.variables);
        let count = variables.primitive().len();
        let squares = self.integrate(degree, count, |x, conserved, out| {
            let mut state = conserved.to_vec();
            variables.to_primitive(&mut state);
            exact(x, out);
            out.iter_mut().zip(state).for_each(|(exact, value)| *exact = (value - *exact).powi(2));
        })?;
        Ok(squares.into_iter().map(f64::sqrt).collect())
    }

    /// The first value (by global element id) that is not finite, on every rank. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn first_bad_value(&mut self) -> Result<Option<BadValue>, EngineError> {
        let (space, mut first) = (self.space(), None);
        self.visit_solution(|b, elements, values| space.bad_value(b, elements.start, values, &mut first))?;
        Ok(self.first_of_all(first))
    }

    /// The first value of `solution` that is not finite, as [`Engine::first_bad_value`], which takes the present one.
    /// Collective.
    pub fn bad_value(&self, solution: &[Vec<f64>]) -> Option<BadValue> {
        let mut some = [0];
        some[0] = u64::from(!solution.iter().all(|values| all_finite(values)));
        self.communicator.sum_u64(&mut some);
        if some[0] == 0 {
            return None;
        }
        let (space, mut first) = (self.space(), None);
        solution.iter().enumerate().for_each(|(b, values)| space.bad_value(b, 0, values, &mut first));
        self.first_of_all(first)
    }

    /// Of the first bad value of each rank, the first. Collective.
    fn first_of_all(&self, first: Option<BadValue>) -> Option<BadValue> {
        let names = self.variables.conserved();
        let mine = first.map(|f| {
            let variable = names.iter().position(|n| *n == f.variable).unwrap_or(0) as f64;
            [f64::from(f.element), variable, f.value, f.at[0], f.at[1], f.at[2]]
        });
        let all = self.communicator.all_gather(bytemuck::cast_slice(mine.as_slice()));
        let first = all
            .iter()
            .filter(|bytes| !bytes.is_empty())
            .map(|bytes| bytemuck::pod_collect_to_vec::<u8, f64>(bytes))
            .min_by(|a, b| a[0].total_cmp(&b[0]));
        first.map(|f| BadValue {
            element: f[0] as u32,
            variable: names[f[1] as usize],
            value: f[2],
            at: [f[3], f[4], f[5]],
        })
    }

    /// The `p`-norm over all solution points of each conserved variable of `values` (laid out like the solution), without
    /// weights; `p` infinite gives the maximum. Collective; the same bits on any number of ranks.
    pub fn norms(&self, values: &[Vec<f64>], p: f64) -> Vec<f64> {
        use crate::parallel::Reduce;
        let names = self.variables.conserved().len();
        let mut sums = vec![ExactSum::default(); names];
        let mut largest = vec![0.0_f64; names];
        for (block, values) in self.discretisation.blocks.iter().zip(values) {
            for (i, row) in values.chunks_exact(block.points_per_element()).enumerate() {
                let v = i % names;
                for x in row {
                    largest[v] =
                        if x.is_nan() || largest[v].is_nan() { f64::NAN } else { largest[v].max(x.abs()) };
                    if p.is_finite() {
                        sums[v].add(if p == 2.0 { x * x } else { x.abs().powf(p) });
                    }
                }
            }
        }
        if p.is_finite() {
            total(&*self.communicator, &sums)
                .into_iter()
                .map(|s| if p == 2.0 { s.sqrt() } else { s.powf(1.0 / p) })
                .collect()
        } else {
            self.communicator.reduce_f64(Reduce::Max, &mut largest);
            largest
        }
    }
}

fn determinant(x: &[[f64; 3]], dims: usize) -> f64 {
    match dims {
        1 => x[0][0],
        2 => x[0][0] * x[1][1] - x[0][1] * x[1][0],
        _ => {
            x[0][0] * (x[1][1] * x[2][2] - x[1][2] * x[2][1])
                - x[0][1] * (x[1][0] * x[2][2] - x[1][2] * x[2][0])
                + x[0][2] * (x[1][0] * x[2][1] - x[1][1] * x[2][0])
        }
    }
}
