//! The largest rate at which waves cross solution points, which steps of the controller `cfl` follow (docs/src/numerics-time.md,
//! "Controllers"). Evaluated on the host.

use super::fields::Space;
use super::{Engine, EngineError};
use crate::parallel::Reduce;
use rayon::prelude::*;

impl Engine {
    /// The largest sum over reference directions of `|v . a| + c |a|`, with `a` the rows of the inverse Jacobian, at all
    /// solution points of all ranks: waves cross an element's half size this often in a unit of time. NaN where the
    /// solution is no longer finite. Collective; the same bits on any number of ranks and threads.
    ///
    /// # Errors
    /// The device failed.
    pub fn wave_rate(&mut self) -> Result<f64, EngineError> {
        let (space, count) = (self.space(), self.variables.conserved().len());
        let mut largest = [0.0];
        self.visit_solution(|b, elements, values| {
            let points = space.discretisation.blocks[b].points_per_element();
            let of_element = |(e, u): (usize, &[f64])| space.wave_rate(b, elements.start + e, u);
            let elements = values.par_chunks_exact(count * points).enumerate();
            largest[0] = larger(elements.map(of_element).reduce(|| 0.0, larger), largest[0]);
        })?;
        self.communicator.reduce_f64(Reduce::Max, &mut largest);
        Ok(largest[0])
    }
}

impl Space {
    /// [`Engine::wave_rate`] of one element: `element` of block `block`, where the solution is `u`, `[variable][point]`. Not collective.
    pub fn wave_rate(&self, block: usize, element: usize, u: &[f64]) -> f64 {
        let (dims, count) = (self.discretisation.dims, self.variables.conserved().len());
        let block = &self.discretisation.blocks[block];
        let points = block.points_per_element();
        let (mut most, mut state) = (0.0, vec![0.0; count]);
        for p in 0..points {
            (0..count).for_each(|v| state[v] = u[v * points + p]);
            let (s, jacobian) = block.metric(element, p, dims);
            let mut rate = 0.0;
            for row in s.chunks_exact(dims) {
                let mut a = [0.0; 3];
                a.iter_mut().zip(row).for_each(|(a, s)| *a = s / jacobian);
                rate += self.variables.wave_speed(&state, &a[..dims]);
            }
            most = larger(rate, most);
        }
        most
    }
}

/// The larger one, or what is not a number.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Engine, Settings};
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::LocalMesh;
    use crate::parallel::serial::Serial;
    use crate::physics::SystemSpec;
    use std::sync::Arc;

    #[test]
    fn the_rate_of_a_gas_is_that_of_its_fastest_place() {
        let mesh = BoxMesh::new(Cells::Quad, [4, 2, 1]).periodic([true, true, false]).build();
        let settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), 2);
        let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
        let state = |x: [f64; 3], out: &mut [f64]| {
            out.copy_from_slice(&[1.4, if x[0] > 0.5 { 2.0 } else { 1.0 }, -3.0, 1.0]);
        };
        engine.set_initial(state).unwrap();
        // Half sizes 1/8 and 1/4, speed of sound 1.
        let rate = engine.wave_rate().unwrap();
        assert!((rate - (3.0 * 8.0 + 4.0 * 4.0)).abs() < 1e-12, "{rate}");
        let mut broken = engine.solution().unwrap().remove(0);
        broken[7] = f64::NAN;
        engine.set_solution(0, &broken).unwrap();
        assert!(engine.wave_rate().unwrap().is_nan());
    }
}
