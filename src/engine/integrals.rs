//! Integrals and maxima over the mesh of functions of place, solution and its gradient.
//!
//! The gradients are those of LDG: corrected by the common solutions on the faces, boundaries included
//! ([`crate::backend::faces`]). Systems without second derivatives have them, too, with the mean of both sides as the common
//! solution. Functions given as expressions ([`Functions`]) are evaluated and summed by the backend, if it can and the points are
//! the solution points; everything else is evaluated on the host.

use super::placing::Placing;
use super::{Engine, EngineError};
use crate::backend::discretisation::Block;
use crate::backend::faces::Gradients;
use crate::backend::{BackendError, Functions, Gather};
use crate::element::{Shape, basis, quadrature};
use crate::mesh::local::LocalMesh;
use crate::parallel::Reduce;
use crate::parallel::sum::{ExactSum, total};
use crate::physics::variables::Variables;
use ndarray::Array2;
use rayon::prelude::*;

/// Elements a task looks at.
const CHUNK: usize = 32;

/// Points and weights of a rule in all elements of this rank.
#[derive(Debug)]
pub struct Places {
    blocks: Vec<BlockPlaces>,
    /// Whether these are the solution points, on all ranks.
    own: bool,
}

impl Places {
    /// Those in some of the elements alone: of each block at these positions, ascending ([`Engine::elements_in`]).
    pub fn within(mut self, elements: &[Vec<u32>]) -> Places {
        for (places, elements) in self.blocks.iter_mut().zip(elements) {
            places.only = Some(elements.clone());
        }
        self
    }
}

#[derive(Debug)]
struct BlockPlaces {
    /// Solution points to points of the rule, `[Q][P]`; `None` where these are the solution points.
    interpolate: Option<Array2<f64>>,
    /// Where the solution points are, if these are the points.
    placing: Option<Placing>,
    /// Points an element.
    points: usize,
    /// The elements that count, where these are not all.
    only: Option<Vec<u32>>,
    /// Coordinates, `[element][Q]`; empty for the solution points.
    coordinates: Vec<[f64; 3]>,
    /// Weights times Jacobian, `[element][Q]`; empty for the solution points.
    weights: Vec<f64>,
}

impl BlockPlaces {
    /// Coordinates and weights of the points of element `e`.
    fn of<'a>(
        &'a self,
        mesh: &'a LocalMesh,
        block: &'a Block,
        e: usize,
    ) -> impl Fn(usize) -> ([f64; 3], f64) + 'a {
        let place = self.placing.as_ref().map(|placing| placing.element(mesh, block.ids[e]));
        move |q| match &place {
            Some(place) => (place(q), block.operators.weights[q] * block.metric(e, q, mesh.dims).1),
            None => (self.coordinates[e * self.points + q], self.weights[e * self.points + q]),
        }
    }
}

/// The solution at a point.
#[derive(Clone, Copy, Debug)]
pub struct PointValues<'a> {
    /// Coordinates.
    pub at: [f64; 3],
    /// Primitive variables.
    pub primitive: &'a [f64],
    /// Their gradients, `[direction][variable]`; empty where they were not asked for.
    pub gradient: &'a [f64],
}

/// Functions that the backend was told of.
#[derive(Debug)]
pub struct Known {
    functions: Functions,
    /// The backend's number; none where it leaves them to the host.
    number: Option<usize>,
}

impl Engine {
    /// The points of the rules of degree `degree(shape)`; the solution points with their own weights where it gives none.
    pub fn rule_places(&self, degree: impl Fn(Shape) -> Option<usize>) -> Places {
        let solution: Vec<Vec<f64>> = self
            .discretisation
            .blocks
            .iter()
            .map(|b| vec![0.0; b.len() * b.points_per_element() * self.variables.conserved().len()])
            .collect();
        let own = |block: &Block| BlockPlaces {
            interpolate: None,
            placing: Some(Placing::of_solution(&self.mesh, block)),
            points: block.points_per_element(),
            only: None,
            coordinates: vec![],
            weights: vec![],
        };
        let mut all: Vec<BlockPlaces> = self.discretisation.blocks.iter().map(own).collect();
        let rule = |shape: Shape| degree(shape).map(|degree| quadrature::rule(shape, degree));
        for (places, block) in all.iter_mut().zip(&self.discretisation.blocks) {
            let ops = &block.operators;
            if let Some((points, _)) = rule(ops.shape) {
                places.points = points.nrows();
                places.interpolate = Some(basis::interpolation(ops.shape, ops.order, &ops.points, &points));
                places.placing = None;
            }
        }
        let any = all.iter().any(|places| places.interpolate.is_some());
        if any {
            let points = |shape: Shape, _: usize| {
                rule(shape).unwrap_or_else(|| (Array2::zeros((0, self.discretisation.dims)), vec![]))
            };
            self.sample(&solution, points, |sample| {
                let places = &mut all[sample.block];
                places.coordinates.extend(sample.coordinates);
                places.weights.extend(sample.weights);
            });
        }
        Places { blocks: all, own: Shape::ALL.iter().all(|shape| degree(*shape).is_none()) }
    }

    /// `count` functions of the solution at time `t`, gathered over all points of `places` of all ranks.
    /// `function(point, out)`; the gradients are there if `gradients` is set. Collective; the same bits on any number of
    /// ranks and threads.
    ///
    /// # Errors
    /// The device failed.
    pub fn gather(
        &mut self,
        t: f64,
        places: &Places,
        gather: Gather,
        gradients: bool,
        count: usize,
        function: impl Fn(PointValues, &mut [f64]) + Sync,
    ) -> Result<Vec<f64>, EngineError> {
        let solution = self.solution()?;
        if gradients {
            self.gradients.prepare(&solution, t);
        }
        let elements = Elements {
            mesh: &self.mesh,
            t,
            variables: &*self.variables,
            gradients: gradients.then_some(&*self.gradients),
        };
        let (mut sums, mut largest) = (vec![ExactSum::default(); count], vec![0.0; count]);
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            let size = block.points_per_element() * elements.variables.conserved().len();
            let chunk = |(i, values): (usize, &[f64])| {
                let mut part = (vec![ExactSum::default(); count], vec![0.0; count]);
                for (j, u) in values.chunks_exact(size).enumerate() {
                    let counts = |only: &Vec<u32>| only.binary_search(&((i * CHUNK + j) as u32)).is_ok();
                    if !places.blocks[b].only.as_ref().is_none_or(counts) {
                        continue;
                    }
                    let (sums, largest) = &mut part;
                    let mut out = vec![0.0; count];
                    elements.visit((b, block), &places.blocks[b], i * CHUNK + j, u, |_, weight, point| {
                        function(point, &mut out);
                        match gather {
                            Gather::Largest => {
                                largest.iter_mut().zip(&out).for_each(|(a, x)| *a = larger(x.abs(), *a));
                            }
                            _ => {
                                let terms = sums.iter_mut().zip(&out);
                                terms.for_each(|(sum, x)| sum.add(gather.term(*x) * weight));
                            }
                        }
                    });
                }
                part
            };
            let chunks: Vec<_> = solution[b].par_chunks(CHUNK * size).enumerate().map(chunk).collect();
            for (part, most) in &chunks {
                sums.iter_mut().zip(part).for_each(|(sum, part)| sum.merge(part));
                largest.iter_mut().zip(most).for_each(|(a, b)| *a = larger(*b, *a));
            }
        }
        Ok(self.gathered(gather, &sums, largest))
    }

    /// What all ranks have gathered. Collective.
    fn gathered(&self, gather: Gather, sums: &[ExactSum], mut largest: Vec<f64>) -> Vec<f64> {
        if gather != Gather::Largest {
            return total(&*self.communicator, sums);
        }
        self.communicator.reduce_f64(Reduce::Max, &mut largest);
        largest
    }

    /// Tells the backend of functions. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn add_functions(&mut self, functions: Functions) -> Result<Known, EngineError> {
        let number = self.backend.add_functions(&functions)?;
        Ok(Known { functions, number })
    }

    /// [`Engine::gather`] of functions that were made known. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn gather_known(&mut self, t: f64, places: &Places, known: &Known) -> Result<Vec<f64>, EngineError> {
        let Known { functions, number } = known;
        let (gather, count) = (functions.gather, functions.list.len());
        if let (Some(number), true) = (*number, places.own)
            && let Some(blocks) = self.backend.sum_functions(number, self.now, t)?
        {
            let (mut sums, mut largest) = (vec![ExactSum::default(); count], vec![0.0; count]);
            for (values, places) in blocks.iter().zip(&places.blocks) {
                let mut take = |e: usize| {
                    for (f, x) in values[e * count..][..count].iter().enumerate() {
                        match gather {
                            Gather::Largest => largest[f] = larger(*x, largest[f]),
                            _ => sums[f].add(*x),
                        }
                    }
                };
                match &places.only {
                    None => (0..values.len() / count.max(1)).for_each(&mut take),
                    Some(only) => only.iter().for_each(|e| take(*e as usize)),
                }
            }
            return Ok(self.gathered(gather, &sums, largest));
        }
        let function = |point: PointValues, out: &mut [f64]| {
            let variables = point.variables(t);
            out.iter_mut().zip(&functions.list).for_each(|(out, f)| *out = f.eval_f64(&variables));
        };
        self.gather(t, places, gather, functions.needs_gradients(), count, function)
    }
}

impl Engine {
    /// Makes room on the device for averages over time of functions, at first zero; false where the host has to keep them:
    /// the device of some rank has not the memory, or the backend leaves the functions to the host. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn begin_averages(&mut self, known: &Known) -> Result<bool, EngineError> {
        let Some(number) = known.number else { return Ok(false) };
        let made = self.backend.add_averages(number);
        let mut without = [u64::from(made.is_err())];
        self.communicator.sum_u64(&mut without);
        if without[0] > 0 {
            self.backend.drop_averages(number);
        }
        match made {
            Ok(()) => Ok(without[0] == 0),
            Err(BackendError::Memory { what, device, .. }) => {
                log::info!("{device} has no room for {what}; the host keeps them");
                Ok(false)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Looks at functions at time `t`, on the device: adds `half` times the values looked at last and those now to their sums.
    /// False where the host has to do it this time. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn average(&mut self, known: &Known, t: f64, half: f64) -> Result<bool, EngineError> {
        let Some(number) = known.number else { return Ok(false) };
        Ok(self.backend.average(number, self.now, t, half)?)
    }

    /// Values looked at last and sums, block by block `[element][last ones, sums][point]`.
    ///
    /// # Errors
    /// The device failed.
    pub fn averages(&mut self, known: &Known) -> Result<Vec<Vec<f64>>, EngineError> {
        Ok(known.number.map_or(Ok(vec![]), |number| self.backend.read_averages(number))?)
    }

    /// Sets what [`Engine::averages`] gives.
    ///
    /// # Errors
    /// The device failed.
    pub fn set_averages(&mut self, known: &Known, values: &[Vec<f64>]) -> Result<(), EngineError> {
        Ok(known.number.map_or(Ok(()), |number| self.backend.write_averages(number, values))?)
    }
}

impl PointValues<'_> {
    /// The [variables](crate::backend::functions::variables) of functions at time `t`.
    pub fn variables(&self, t: f64) -> Vec<f64> {
        [self.primitive, &self.at, &[t], self.gradient].concat()
    }
}

impl Engine {
    /// `count` functions of the solution at time `t` at the solution points, block by block `[element][function][point]`:
    /// `function(point, out)`; the gradients are there if `gradients` is set. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn evaluate(
        &mut self,
        t: f64,
        gradients: bool,
        count: usize,
        function: impl Fn(PointValues, &mut [f64]) + Sync,
    ) -> Result<Vec<Vec<f64>>, EngineError> {
        let solution = self.solution()?;
        if gradients {
            self.gradients.prepare(&solution, t);
        }
        let places = self.rule_places(|_| None);
        let elements = Elements {
            mesh: &self.mesh,
            t,
            variables: &*self.variables,
            gradients: gradients.then_some(&*self.gradients),
        };
        let mut results = vec![];
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            let points = block.points_per_element();
            let size = points * elements.variables.conserved().len();
            let mut result = vec![0.0; block.len() * count * points];
            if count > 0 {
                let all = result.par_chunks_exact_mut(count * points).zip(solution[b].par_chunks_exact(size));
                all.enumerate().for_each(|(e, (result, u))| {
                    let mut out = vec![0.0; count];
                    elements.visit((b, block), &places.blocks[b], e, u, |q, _, point| {
                        function(point, &mut out);
                        out.iter().enumerate().for_each(|(i, x)| result[i * points + q] = *x);
                    });
                });
            }
            results.push(result);
        }
        Ok(results)
    }
}

impl Engine {
    /// Gradient of the conserved variables at time `t` at the solution points, corrected by the common solutions on the
    /// faces, block by block `[element][direction][variable][point]`. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn gradient(&mut self, t: f64) -> Result<Vec<Vec<f64>>, EngineError> {
        let solution = self.solution()?;
        self.gradients.prepare(&solution, t);
        let (gradients, count) = (&*self.gradients, self.variables.conserved().len());
        let block = |(b, block): (usize, &Block)| {
            let points = block.points_per_element();
            let mut result = vec![0.0; solution[b].len() * self.discretisation.dims];
            let size = count * points * self.discretisation.dims;
            let all = result.par_chunks_exact_mut(size).zip(solution[b].par_chunks_exact(count * points));
            all.enumerate().for_each(|(e, (result, u))| {
                let u = Array2::from_shape_fn((count, points), |(v, p)| u[v * points + p]);
                let gradient = gradients.gradient(b, e, &u, t);
                let values = gradient.iter().flat_map(|g| g.iter());
                result.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
            });
            result
        };
        Ok(self.discretisation.blocks.iter().enumerate().map(block).collect())
    }
}

/// The larger one, or what is not a number.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// What is the same for all elements.
struct Elements<'a> {
    mesh: &'a LocalMesh,
    t: f64,
    variables: &'a dyn Variables,
    gradients: Option<&'a dyn Gradients>,
}

impl Elements<'_> {
    /// Calls `function(point's number, weight, point)` at the points of element `e` with the values `u`.
    fn visit(
        &self,
        (b, block): (usize, &Block),
        places: &BlockPlaces,
        e: usize,
        u: &[f64],
        mut function: impl FnMut(usize, f64, PointValues),
    ) {
        let count = u.len() / block.points_per_element();
        let u = Array2::from_shape_fn((count, block.points_per_element()), |(v, p)| {
            u[v * block.points_per_element() + p]
        });
        let mut gradient = self.gradients.map_or(vec![], |g| g.gradient(b, e, &u, self.t));
        let mut values = u;
        if let Some(interpolate) = &places.interpolate {
            values = values.dot(&interpolate.t());
            gradient.iter_mut().for_each(|g| *g = g.dot(&interpolate.t()));
        }
        let (mut state, mut slopes) = (vec![0.0; count], vec![0.0; gradient.len() * count]);
        let place = places.of(self.mesh, block, e);
        for q in 0..places.points {
            let (at, weight) = place(q);
            for (d, g) in gradient.iter().enumerate() {
                let slope = &mut slopes[d * count..(d + 1) * count];
                for v in 0..count {
                    (state[v], slope[v]) = (values[[v, q]], g[[v, q]]);
                }
                self.variables.primitive_slope(&state, slope);
            }
            (0..count).for_each(|v| state[v] = values[[v, q]]);
            self.variables.to_primitive(&mut state);
            function(q, weight, PointValues { at, primitive: &state, gradient: &slopes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::cut;
    use crate::parallel::serial::Serial;
    use crate::parallel::threads;
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;
    use std::sync::Arc;

    #[test]
    fn gradients_of_a_linear_flow_are_exact_up_to_its_boundaries() {
        for cells in [Cells::TriQuad, Cells::Tet, Cells::Hex] {
            let mesh = BoxMesh::new(cells, [2, 2, 2]).warp(0.05).build();
            let system = SystemSpec::new("advection-diffusion").with("nu", 0.1);
            let mut settings = Settings::new(system, 2);
            for name in &mesh.boundaries {
                let value =
                    Expr::parse("1 + 2*x - 3*y + z", &["x", "y", "z", "t", "control"], &Default::default());
                let value = value.unwrap();
                let data = [("u".to_string(), value)].into();
                settings.boundaries.insert(name.clone(), BoundarySpec { kind: "fixed-value".into(), data });
            }
            let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
            let z = if mesh.dims == 3 { 1.0 } else { 0.0 };
            engine.set_initial(|x, out| out[0] = 1.0 + 2.0 * x[0] - 3.0 * x[1] + z * x[2]).unwrap();
            let dims = mesh.dims;
            let wrong = |point: PointValues, out: &mut [f64]| {
                let exact = [2.0, -3.0, 1.0];
                let error = (0..dims).map(|d| (point.gradient[d] - exact[d]).abs());
                (out[0], out[1]) = (error.fold(0.0, f64::max), point.primitive[0]);
            };
            for degree in [None, Some(5)] {
                let places = engine.rule_places(|_| degree);
                let error = engine.gather(0.0, &places, Gather::Largest, true, 2, wrong).unwrap();
                assert!(error[0] < 1e-10, "{cells:?} {degree:?}: {error:?}");
            }
            let exact = engine.integrate(4, 1, |_, u, out| out[0] = u[0]).unwrap()[0];
            let places = engine.rule_places(|_| None);
            let own = engine.gather(0.0, &places, Gather::Integral, false, 2, |p, out| {
                (out[0], out[1]) = (p.primitive[0], p.gradient.len() as f64);
            });
            assert!((own.as_ref().unwrap()[0] - exact).abs() < 1e-3, "{cells:?} {own:?} {exact}");
            assert_eq!(own.unwrap()[1], 0.0, "gradients only where they are asked for");
        }
    }

    #[test]
    fn ranks_leave_no_trace_in_integrals_of_gradients() {
        let mesh = BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).build();
        let settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), 3);
        let integrals = |ranks: usize| {
            let part: Vec<u32> = (0..mesh.len()).map(|id| (id % ranks) as u32).collect();
            threads::run(ranks, |comm| {
                let local = cut(&mesh, &part, comm.rank());
                let mut engine = Engine::new(&settings, local, comm).unwrap();
                let tau = std::f64::consts::TAU;
                let state = |x: [f64; 3], out: &mut [f64]| {
                    out.copy_from_slice(&[1.0 + 0.1 * (tau * x[0]).sin(), (tau * x[1]).cos(), 0.3, 1.0]);
                };
                engine.set_initial(state).unwrap();
                let places = engine.rule_places(|_| Some(7));
                // Density, u, v, p; the slope of u along y.
                let enstrophy = |p: PointValues, out: &mut [f64]| out[0] = p.gradient[5] * p.gradient[5];
                engine.gather(0.0, &places, Gather::Integral, true, 1, enstrophy).unwrap()[0]
            })
        };
        let (one, three) = (integrals(1), integrals(3));
        assert!(three.iter().all(|x| x.to_bits() == one[0].to_bits()), "{one:?} {three:?}");
        let exact = 0.5 * std::f64::consts::TAU.powi(2);
        assert!((one[0] / exact - 1.0).abs() < 0.01, "{} {exact}", one[0]);
    }
}
