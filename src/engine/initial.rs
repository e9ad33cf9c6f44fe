//! The initial state: primitive variables given as a function of space become the solution's polynomials, by interpolation
//! or by projection.
//!
//! Interpolation takes the values at the solution points. The projection takes them at the points of a quadrature rule,
//! converts them to conserved variables *there*, and gives every element the polynomial nearest in the L2 norm of its
//! *reference* element: with the orthonormal modes `psi_k`, `u = sum_k psi_k sum_q w_q psi_k(r_q) u(x(r_q))` (where the
//! rule is not exact for squares, least squares in its own inner product). No Jacobian occurs in it, as is customary in nodal discontinuous Galerkin methods (and in the system whose case files are read
//! here): one small matrix serves all elements of a shape, polynomials of the solution's order are kept exactly, and on
//! elements with a constant Jacobian it is the projection in physical space, so that it keeps their integrals.

use super::{Engine, EngineError};
use crate::element::{Shape, anti_alias, basis};
use ndarray::Array2;
use std::sync::Arc;

/// Points of a rule in a reference element, `[point][dims]`, and its weights.
pub type Rule = (Array2<f64>, Vec<f64>);

impl Engine {
    /// Sets the solution from primitive variables: `initial(coordinates, values)` fills one value a variable. The solution
    /// interpolates these values at the solution points.
    ///
    /// # Errors
    /// A value that is not finite, with its place.
    pub fn set_initial(&mut self, initial: impl Fn([f64; 3], &mut [f64])) -> Result<(), EngineError> {
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
        initial: impl Fn([f64; 3], &mut [f64]),
    ) -> Result<(), EngineError> {
        let discretisation = Arc::clone(&self.discretisation);
        let order = discretisation.order;
        let mut shapes: Vec<Shape> = discretisation.blocks.iter().map(|b| b.operators.shape).collect();
        shapes.dedup();
        for shape in shapes {
            let of_shape = |b: &usize| discretisation.blocks[*b].operators.shape == shape;
            let blocks = || (0..discretisation.blocks.len()).filter(of_shape);
            let Some((points, weights)) = rule(shape) else {
                for b in blocks() {
                    let values = self.interpolated(b, &initial)?;
                    self.backend.write(0, b, &values)?;
                }
                continue;
            };
            let sound = points.ncols() == shape.dims() && points.nrows() == weights.len();
            let project = sound.then(|| anti_alias::projection(shape, order, &points, &weights)).flatten();
            let project = project.ok_or(EngineError::ProjectionRule { shape, degree: 2 * order })?;
            for b in blocks() {
                let modes = basis::vandermonde(shape, order, &discretisation.blocks[b].operators.points);
                let values = self.projected(b, &points, &modes.dot(&project), &initial)?;
                self.backend.write(0, b, &values)?;
            }
        }
        Ok(())
    }

    /// Conserved variables of a block, `[element][variable][point]`, from their values at the solution points.
    fn interpolated(
        &self,
        b: usize,
        initial: &impl Fn([f64; 3], &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let (dims, block) = (self.discretisation.dims, &self.discretisation.blocks[b]);
        let (points, variables) = (block.points_per_element(), self.variables.conserved().len());
        let mut values = vec![0.0; block.len() * points * variables];
        let mut state = vec![0.0; variables];
        for (i, x) in block.points.chunks_exact(dims).enumerate() {
            let x = std::array::from_fn(|d| x.get(d).copied().unwrap_or(0.0));
            self.conserved_at(x, initial, &mut state)?;
            let (element, p) = (i / points, i % points);
            for (v, value) in state.iter().enumerate() {
                values[(element * variables + v) * points + p] = *value;
            }
        }
        Ok(values)
    }

    /// Conserved variables of a block, `[element][variable][point]`, from their values at the points of a rule, `[Q][D]`,
    /// and the matrix `[P][Q]` of its projection.
    fn projected(
        &self,
        b: usize,
        rule: &Array2<f64>,
        project: &Array2<f64>,
        initial: &impl Fn([f64; 3], &mut [f64]),
    ) -> Result<Vec<f64>, EngineError> {
        let variables = self.variables.conserved().len();
        let mut values = vec![];
        let mut state = vec![0.0; variables];
        let mut at_rule = Array2::zeros((variables, rule.nrows()));
        for coordinates in self.places(b, rule) {
            for (q, x) in coordinates.into_iter().enumerate() {
                self.conserved_at(x, initial, &mut state)?;
                at_rule.column_mut(q).iter_mut().zip(&state).for_each(|(to, from)| *to = *from);
            }
            values.extend(at_rule.dot(&project.t()));
        }
        Ok(values)
    }

    /// The initial state of one place in conserved variables.
    fn conserved_at(
        &self,
        x: [f64; 3],
        initial: &impl Fn([f64; 3], &mut [f64]),
        state: &mut [f64],
    ) -> Result<(), EngineError> {
        initial(x, state);
        finite(|| self.variables.primitive(), state, x)?;
        self.variables.to_conserved(state);
        finite(|| self.variables.conserved(), state, x)
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
