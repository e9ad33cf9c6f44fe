//! An exponential filter of the solution's highest modes, every so many steps (docs/src/numerics-time.md, "The
//! modal filter").
//!
//! The mode of degree `d` is multiplied by `exp(-alpha ((d - cutoff) / (highest - cutoff))^order)` if `d >= cutoff`. On
//! products of lines the degree is the sum of those in each direction. The mean of an element (on its reference element)
//! has degree 0 and stays as it is unless `cutoff` is 0.

use super::{Moment, Monitor, MonitorError};
use crate::element::{Operators, basis};
use crate::engine::Engine;
use ndarray::{Array2, ArrayView2};

/// Filters the solution every `nsteps` steps.
#[derive(Clone, Debug)]
pub struct ModalFilter {
    nsteps: u64,
    alpha: f64,
    order: u32,
    cutoff: usize,
    /// One matrix a block of the discretisation, `[P][P]`; made when first needed.
    matrices: Vec<Array2<f64>>,
}

impl ModalFilter {
    /// A filter of strength `alpha` with the exponent `order` that begins at modes of degree `cutoff`.
    pub fn new(nsteps: u64, alpha: f64, order: u32, cutoff: usize) -> ModalFilter {
        ModalFilter { nsteps: nsteps.max(1), alpha, order, cutoff, matrices: vec![] }
    }

    /// What the mode of degree `degree` is multiplied by, where the highest degree is `highest`.
    fn factor(&self, degree: usize, highest: usize) -> f64 {
        if degree < self.cutoff || self.cutoff >= highest {
            return 1.0;
        }
        let x = (degree - self.cutoff) as f64 / (highest - self.cutoff) as f64;
        (-self.alpha * x.powi(self.order as i32)).exp()
    }

    /// The filter on values at the solution points, `[P][P]`.
    fn matrix(&self, ops: &Operators) -> Array2<f64> {
        let degrees = basis::mode_degrees(ops.shape, ops.order);
        let highest = degrees.iter().copied().max().unwrap_or(0);
        // Only what is taken away is computed, so that a filter without effect changes no digit.
        let mut taken = basis::vandermonde(ops.shape, ops.order, &ops.points);
        for (mut column, &degree) in taken.columns_mut().into_iter().zip(&degrees) {
            column *= 1.0 - self.factor(degree, highest);
        }
        let (at, weights) = crate::element::quadrature::rule(ops.shape, 2 * ops.order);
        let mut modes = basis::vandermonde(ops.shape, ops.order, &at);
        modes.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= w);
        let interpolate = basis::interpolation(ops.shape, ops.order, &ops.points, &at);
        Array2::eye(ops.points.nrows()) - taken.dot(&modes.t().dot(&interpolate))
    }
}

impl Monitor for ModalFilter {
    fn describe(&self) -> String {
        let ModalFilter { nsteps, alpha, order, cutoff, .. } = self;
        format!(
            "filters modes of degree {cutoff} and more with strength {alpha} and exponent {order} every {nsteps} steps"
        )
    }

    fn start(&mut self, engine: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        self.matrices = engine.discretisation().blocks.iter().map(|b| self.matrix(&b.operators)).collect();
        Ok(())
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if !now.step.is_multiple_of(self.nsteps) {
            return Ok(());
        }
        if self.matrices.is_empty() {
            self.start(engine, now)?;
        }
        for (b, (mut values, matrix)) in engine.solution()?.into_iter().zip(&self.matrices).enumerate() {
            let points = matrix.nrows();
            let rows = ArrayView2::from_shape((values.len() / points, points), &values);
            let filtered = rows.expect("whole rows of points").dot(&matrix.t());
            values.clear();
            values.extend(filtered);
            engine.set_solution(b, &values)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use std::sync::Arc;

    const NOW: Moment = Moment { t: 0.0, dt: 0.1, step: 4 };

    #[test]
    fn low_modes_stay_the_highest_are_damped_as_asked_and_integrals_are_kept() {
        for (cells, n) in [(Cells::Line, [2, 1, 1]), (Cells::TriQuad, [2, 2, 1]), (Cells::Hex, [1, 1, 1])] {
            let mesh = BoxMesh::new(cells, n).periodic([true; 3]).build();
            let settings = Settings::new(SystemSpec::new("advection-diffusion").with("nu", 0.0), 3);
            let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
            let mut filter = ModalFilter::new(2, 3.0, 4, 2);
            engine.set_initial(|x, out| out[0] = 1.0 + 2.0 * x[0] - x[1]).unwrap();
            let linear = engine.solution().unwrap();
            filter.start(&mut engine, &NOW).unwrap();
            filter.after_step(&mut engine, &NOW).unwrap();
            for (a, b) in engine.solution().unwrap().iter().flatten().zip(linear.iter().flatten()) {
                assert!((a - b).abs() < 1e-13);
            }
            let rough = |x: [f64; 3], out: &mut [f64]| out[0] = (5.0 * (x[0] + x[1] + x[2])).sin();
            engine.set_initial(rough).unwrap();
            let integral =
                |engine: &mut Engine| engine.integrate(6, 1, |_, u, out| out[0] = u[0]).unwrap()[0];
            let before = (integral(&mut engine), engine.solution().unwrap());
            filter.after_step(&mut engine, &Moment { step: 3, ..NOW }).unwrap();
            assert_eq!(engine.solution().unwrap(), before.1, "between its steps it does nothing");
            filter.after_step(&mut engine, &NOW).unwrap();
            assert!((integral(&mut engine) - before.0).abs() < 1e-14);
            assert!(engine.solution().unwrap() != before.1);
        }
        let filter = ModalFilter::new(1, 3.0, 4, 2);
        assert_eq!([0, 1, 2].map(|d| filter.factor(d, 6)), [1.0; 3]);
        assert_eq!(filter.factor(6, 6), (-3.0f64).exp());
        assert_eq!(filter.factor(4, 6), (-3.0f64 / 16.0).exp());
        assert_eq!(filter.factor(2, 2), 1.0, "nothing lies above the cutoff");
    }
}
