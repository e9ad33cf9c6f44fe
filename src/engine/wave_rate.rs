//! The largest rate at which waves cross solution points, which steps of the controller `cfl` follow (docs/src/numerics-time.md,
//! "Controllers"). Evaluated on the host.

use super::fields::Space;
use super::placing::Placing;
use super::stability::{advective_limit, diffusive_limit};
use super::{Engine, EngineError};
use crate::parallel::Reduce;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Where waves are fastest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fastest {
    /// The element's [`Engine::wave_rate`]; NaN where the state has no speed of waves.
    pub rate: f64,
    /// Global element id.
    pub element: u32,
    /// Middle of the element.
    pub at: [f64; 3],
}

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

impl Engine {
    /// The element with the largest [`Engine::wave_rate`], or the first one where that is not a number. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn fastest(&mut self) -> Result<Option<Fastest>, EngineError> {
        let (space, count) = (self.space(), self.variables.conserved().len());
        let mut first: Option<(f64, u32)> = None;
        self.visit_solution(|b, elements, values| {
            let block = &space.discretisation.blocks[b];
            for (e, u) in values.chunks_exact(count * block.points_per_element()).enumerate() {
                let one = (space.wave_rate(b, elements.start + e, u), block.ids[elements.start + e]);
                first = Some(first.map_or(one, |other| faster(other, one)));
            }
        })?;
        let mine = first.and_then(|(rate, id)| {
            let [x, y, z] = space.middle(id)?;
            Some([rate, f64::from(id), x, y, z])
        });
        let all = self.communicator.all_gather(bytemuck::cast_slice(mine.as_slice()));
        let all = all.iter().filter(|bytes| !bytes.is_empty());
        let all = all.map(|bytes| bytemuck::pod_collect_to_vec::<u8, f64>(bytes));
        let first = all.reduce(|a, b| {
            let first = faster((a[0], a[1] as u32), (b[0], b[1] as u32)).1;
            if f64::from(first) == a[1] { a } else { b }
        });
        Ok(first.map(|f| Fastest { rate: f[0], element: f[1] as u32, at: [f[2], f[3], f[4]] }))
    }

    /// The inverse of the largest step that linear theory allows in an element (see [`super::estimate::stable_step`]):
    /// `element` of block `block`, where the solution is `u`, `[variable][point]`. Not collective.
    pub fn step_rate(&self, block: usize, element: usize, u: &[f64]) -> f64 {
        let (space, order) = (self.space(), self.discretisation.order);
        let per = |rate: f64, limit: Option<f64>| if rate == 0.0 { 0.0 } else { rate / limit.unwrap_or(0.0) };
        let waves = advective_limit(&self.scheme, order);
        let viscous = self.variables.is_viscous();
        let diffusion = if viscous { diffusive_limit(&self.scheme, order, self.ldg) } else { None };
        let penalty = if viscous { 2.0 * self.ldg.tau } else { 0.0 };
        let mut most = 0.0;
        space.visit_points(block, element, u, |state, rows| {
            let (mut speeds, mut squares) = (0.0, 0.0);
            for row in rows {
                let square: f64 = row.iter().map(|a| a * a).sum();
                speeds += self.variables.wave_speed(state, row) + penalty * square.sqrt();
                squares += square;
            }
            let nu = if viscous { self.variables.diffusivity(state) } else { 0.0 };
            most = larger(per(speeds, waves) + per(nu * squares, diffusion), most);
        });
        most
    }
}

/// Of two rates and elements the faster one, which is that without a number; of equal ones the first.
fn faster(a: (f64, u32), b: (f64, u32)) -> (f64, u32) {
    let key = |rate: f64| if rate.is_nan() { f64::INFINITY } else { rate };
    match key(a.0).total_cmp(&key(b.0)).then(b.1.cmp(&a.1)) {
        Ordering::Less => b,
        _ => a,
    }
}

impl Space {
    /// [`Engine::wave_rate`] of one element: `element` of block `block`, where the solution is `u`, `[variable][point]`. Not collective.
    pub fn wave_rate(&self, block: usize, element: usize, u: &[f64]) -> f64 {
        let mut most = 0.0;
        self.visit_points(block, element, u, |state, rows| {
            most = larger(rows.map(|row| self.variables.wave_speed(state, row)).sum::<f64>(), most);
        });
        most
    }

    /// Shows the state and the rows of the inverse Jacobian at every solution point of an element.
    fn visit_points(
        &self,
        block: usize,
        element: usize,
        u: &[f64],
        mut visit: impl FnMut(&[f64], std::slice::ChunksExact<f64>),
    ) {
        let (dims, count) = (self.discretisation.dims, self.variables.conserved().len());
        let block = &self.discretisation.blocks[block];
        let points = block.points_per_element();
        let (mut state, mut rows) = (vec![0.0; count], [0.0; 9]);
        for p in 0..points {
            (0..count).for_each(|v| state[v] = u[v * points + p]);
            let (s, jacobian) = block.metric(element, p, dims);
            rows.iter_mut().zip(s).for_each(|(row, s)| *row = s / jacobian);
            visit(&state, rows[..dims * dims].chunks_exact(dims));
        }
    }

    /// The mean of an element's solution points, of a global id of this rank.
    fn middle(&self, id: u32) -> Option<[f64; 3]> {
        let block = self.discretisation.blocks.iter().find(|block| block.ids.contains(&id))?;
        let placing = Placing::of_solution(&self.mesh, block);
        let (at, points) = (placing.element(&self.mesh, id), block.points_per_element());
        let sum = (0..points).map(at).fold([0.0; 3], |sum, x| std::array::from_fn(|k| sum[k] + x[k]));
        Some(sum.map(|x| x / points as f64))
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
