//! The initial state: primitive variables given as a function of space become the solution's polynomials, by interpolation
//! or by projection.
//!
//! Interpolation takes the values at the solution points. The projection takes them at the points of a quadrature rule,
//! converts them to conserved variables *there*, and gives every element the polynomial nearest in the L2 norm of its
//! *reference* element: with the orthonormal modes `psi_k`, `u = sum_k psi_k sum_q w_q psi_k(r_q) u(x(r_q))` (where the
//! rule is not exact for squares, least squares in its own inner product). No Jacobian occurs in it, as is customary in nodal discontinuous Galerkin methods (and in the system whose case files are read
//! here): one small matrix serves all elements of a shape, polynomials of the solution's order are kept exactly, and on
//! elements with a constant Jacobian it is the projection in physical space, so that it keeps their integrals.

use super::placing::Placing;
use super::{Engine, EngineError, WRITE_BYTES};
use crate::backend::discretisation::Block;
use crate::element::{Shape, anti_alias, basis};
use crate::mesh::local::LocalMesh;
use crate::physics::variables::Variables;
use ndarray::Array2;
use rayon::prelude::*;

/// Points of a rule in a reference element, `[point][dims]`, and its weights.
pub type Rule = (Array2<f64>, Vec<f64>);

impl Engine {
    /// Sets the solution from primitive variables: `initial(coordinates, values)` fills one value a variable. The solution
    /// interpolates these values at the solution points. Any thread may call `initial`.
    ///
    /// # Errors
    /// A value that is not finite, with its place.
    pub fn set_initial(&mut self, initial: impl Fn([f64; 3], &mut [f64]) + Sync) -> Result<(), EngineError> {
        self.set_initial_projected(|_| None, initial)
    }

    /// Like [`Engine::set_initial`], but elements of a shape that `rule` gives a quadrature rule for get the projection of
    /// the module's formula. The rule should be exact to degree `2 p` (such as
    /// [`quadrature::rule`](crate::element::quadrature::rule) of that degree or more).
    ///
    /// # Errors
    /// A value that is not finite, with its place; a rule with too few points to tell the modes apart.
    pub fn set_initial_projected(
        &mut self,
        rule: impl Fn(Shape) -> Option<Rule>,
        initial: impl Fn([f64; 3], &mut [f64]) + Sync,
    ) -> Result<(), EngineError> {
        let mut samplings = vec![];
        for block in &self.discretisation.blocks {
            samplings.push(self.sampling(block, rule(block.operators.shape))?);
        }
        let (mesh, variables) = (&*self.mesh, &*self.variables);
        let mut values = vec![];
        for (b, elements) in self.pieces(WRITE_BYTES) {
            let (block, sampling) = (&self.discretisation.blocks[b], &samplings[b]);
            let ids = &block.ids[elements.clone()];
            let size = block.points_per_element() * variables.conserved().len();
            values.resize(ids.len() * size, 0.0);
            let failed = values
                .par_chunks_exact_mut(size)
                .zip(ids)
                .with_min_len(16)
                .map(|(values, &id)| sampling.take(mesh, id, variables, &initial, values))
                .find_first(Result::is_err);
            failed.unwrap_or(Ok(()))?;
            self.backend.write(0, b, elements.start, &values)?;
        }
        Ok(())
    }

    /// Where the initial state of a block's elements is taken, and what becomes of it.
    fn sampling(&self, block: &Block, rule: Option<Rule>) -> Result<Sampling, EngineError> {
        let (shape, order) = (block.operators.shape, self.discretisation.order);
        let Some((points, weights)) = rule else {
            let placing = Placing::of_solution(&self.mesh, block);
            return Ok(Sampling { placing, count: block.points_per_element(), project: None });
        };
        let sound = points.ncols() == shape.dims() && points.nrows() == weights.len();
        let project = sound.then(|| anti_alias::projection(shape, order, &points, &weights)).flatten();
        let project = project.ok_or(EngineError::ProjectionRule { shape, degree: 2 * order })?;
        let modes = basis::vandermonde(shape, order, &block.operators.points);
        let placing = Placing::new(&self.mesh, block, &points);
        Ok(Sampling { placing, count: points.nrows(), project: Some(modes.dot(&project)) })
    }
}

/// How the initial state of a block's elements is taken.
struct Sampling {
    /// Where: at the solution points, or at those of a rule.
    placing: Placing,
    /// Number of these points.
    count: usize,
    /// From the values there to those at the solution points, `[P][Q]`, where they are not the same points.
    project: Option<Array2<f64>>,
}

impl Sampling {
    /// Conserved variables of the element with the global id `id`, `[variable][point]`.
    fn take(
        &self,
        mesh: &LocalMesh,
        id: u32,
        variables: &dyn Variables,
        initial: &impl Fn([f64; 3], &mut [f64]),
        values: &mut [f64],
    ) -> Result<(), EngineError> {
        let (place, count) = (self.placing.element(mesh, id), self.count);
        let mut state = vec![0.0; variables.conserved().len()];
        let mut at = |x: [f64; 3], put: &mut dyn FnMut(usize, f64)| {
            initial(x, &mut state);
            finite(|| variables.primitive(), &state, x)?;
            variables.to_conserved(&mut state);
            finite(|| variables.conserved(), &state, x)?;
            state.iter().enumerate().for_each(|(v, x)| put(v, *x));
            Ok::<_, EngineError>(())
        };
        let Some(project) = &self.project else {
            for p in 0..count {
                at(place(p), &mut |v, x| values[v * count + p] = x)?;
            }
            return Ok(());
        };
        let mut at_rule = Array2::zeros((variables.conserved().len(), count));
        for q in 0..count {
            at(place(q), &mut |v, x| at_rule[[v, q]] = x)?;
        }
        values.iter_mut().zip(at_rule.dot(&project.t())).for_each(|(to, x)| *to = x);
        Ok(())
    }
}

/// Refuses values that are not finite.
pub(super) fn finite(
    names: impl Fn() -> Vec<&'static str>,
    values: &[f64],
    at: [f64; 3],
) -> Result<(), EngineError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(v) => Err(EngineError::InitialState { variable: names()[v], value: values[v], at }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::quadrature;
    use crate::engine::Settings;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use std::sync::Arc;

    const ORDER: usize = 3;

    /// Engines on meshes with every shape, straight elements.
    fn engines() -> impl Iterator<Item = Engine> {
        let all = [
            (Cells::Line, [3, 1, 1]),
            (Cells::TriQuad, [2, 2, 1]),
            (Cells::Tet, [1, 1, 1]),
            (Cells::Hex, [2, 1, 1]),
            (Cells::Prism, [1, 1, 1]),
            (Cells::Pyramid, [1, 1, 1]),
        ];
        all.into_iter().map(|(cells, n)| {
            let mesh = BoxMesh::new(cells, n).periodic([true; 3]).build();
            let system = SystemSpec::new("advection-diffusion").with("nu", 0.0);
            Engine::new(&Settings::new(system, ORDER), LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap()
        })
    }

    fn rule(degree: usize) -> impl Fn(Shape) -> Option<Rule> {
        move |shape| Some(quadrature::rule(shape, degree))
    }

    #[test]
    fn polynomials_of_the_order_are_kept_exactly_by_the_projection_on_every_shape() {
        let polynomial =
            |x: [f64; 3], out: &mut [f64]| out[0] = (x[0] - 2.0 * x[1] + 0.5 * x[2] + 0.3).powi(3);
        for mut engine in engines() {
            engine.set_initial(polynomial).unwrap();
            let wanted = engine.solution().unwrap();
            engine.set_initial_projected(rule(2 * ORDER), polynomial).unwrap();
            for (block, wanted) in engine.solution().unwrap().iter().zip(&wanted) {
                let error = block.iter().zip(wanted).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
                assert!(error < 1e-12 && block.len() == wanted.len(), "{error:e}");
            }
        }
    }

    #[test]
    fn no_polynomial_is_nearer_to_a_smooth_function_than_its_projection() {
        let smooth = |x: [f64; 3], out: &mut [f64]| out[0] = (3.0 * x[0]).sin() * (x[1] + 2.0 * x[2]).cos();
        for mut engine in engines() {
            engine.set_initial(smooth).unwrap();
            let interpolated = engine.error(16, smooth).unwrap()[0];
            engine.set_initial_projected(rule(16), smooth).unwrap();
            let projected = engine.error(16, smooth).unwrap()[0];
            assert!(
                projected <= interpolated && projected > 0.1 * interpolated,
                "{projected} {interpolated}"
            );
        }
    }

    #[test]
    fn rules_that_cannot_tell_the_modes_apart_are_refused() {
        for mut engine in engines() {
            let error = engine.set_initial_projected(rule(1), |_, out| out[0] = 1.0).unwrap_err();
            assert!(error.to_string().contains("degree 6"), "{error}");
        }
    }
}
