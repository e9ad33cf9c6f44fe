//! Writes the solution at points to a CSV or HDF5 file (docs/src/monitors.md).

use super::record::Record;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::Engine;
use crate::engine::locate::{ProbeValues, Probes};
use crate::parallel::{agree, gather};
use std::path::PathBuf;
use std::sync::Arc;

/// What to sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SampleSettings {
    /// The points, unused coordinates zero.
    pub points: Vec<[f64; 3]>,
    /// Primitive variables, or the conserved ones.
    pub primitive: bool,
    /// Whether their gradients are written, too.
    pub gradients: bool,
}

/// Appends a row `t,x,y[,z],variables[,grad_u_x,grad_u_y,...]` a point, in the order of the points, at the start and every so
/// many steps. The values are those of the element's polynomial at the point, the same on any number of ranks; primitive
/// variables and their gradients are made of the conserved ones there. In an HDF5 file the rows are an array of times, points
/// and variables.
#[derive(Debug)]
pub struct Sampler {
    nsteps: u64,
    settings: SampleSettings,
    rows: Record,
    /// Found when first needed.
    probes: Option<Probes>,
}

impl Sampler {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, settings: SampleSettings, rows: impl Into<Record>) -> Sampler {
        Sampler { nsteps: nsteps.max(1), settings, rows: rows.into(), probes: None }
    }

    fn find(&mut self, engine: &Engine) -> Result<Probes, MonitorError> {
        let failed = |outside| MonitorError::Outside { file: self.rows.path().into(), outside };
        match self.probes.take() {
            Some(probes) => Ok(probes),
            None => engine.probes(&self.settings.points).map_err(failed),
        }
    }

    /// Variables and gradients at each point, in the order of the points, on rank 0; nothing on others. Collective.
    fn values(&mut self, engine: &mut Engine, t: f64) -> Result<Vec<Vec<f64>>, MonitorError> {
        let probes = self.find(engine)?;
        let SampleSettings { points, primitive, gradients } = &self.settings;
        let variables = Arc::clone(engine.variables());
        let (dims, count) = (engine.discretisation().dims, variables.conserved().len());
        let columns = count * if *gradients { 1 + dims } else { 1 };
        let mut mine: Vec<f64> = vec![];
        engine.probe(t, &probes, *gradients, |values: ProbeValues| {
            // Numbers of points are exact in f64.
            mine.push(values.point as f64);
            let mut state = values.conserved.to_vec();
            let mut slopes = values.gradient.to_vec();
            if *primitive {
                slopes.chunks_exact_mut(count).for_each(|slope| variables.primitive_slope(&state, slope));
                variables.to_primitive(&mut state);
            }
            mine.extend(state);
            mine.extend((0..slopes.len()).map(|i| slopes[(i % dims) * count + i / dims]));
        })?;
        self.probes = Some(probes);
        let all = gather(engine.communicator(), 0, bytemuck::cast_slice(&mine));
        let mut rows = vec![vec![]; if all.is_some() { points.len() } else { 0 }];
        for bytes in all.into_iter().flatten() {
            let numbers: Vec<f64> = bytemuck::pod_collect_to_vec(&bytes);
            for row in numbers.chunks_exact(1 + columns) {
                rows[row[0] as usize] = row[1..].to_vec();
            }
        }
        Ok(rows)
    }

    /// Names of the columns.
    fn names(&self, engine: &Engine) -> Vec<String> {
        let directions = &["x", "y", "z"][..engine.discretisation().dims];
        let variables = engine.variables();
        let variables = if self.settings.primitive { variables.primitive() } else { variables.conserved() };
        let mut names: Vec<String> =
            ["t"].iter().chain(directions).chain(&variables).map(|n| n.to_string()).collect();
        if self.settings.gradients {
            let along = |v: &&str| directions.iter().map(|d| format!("grad_{v}_{d}")).collect::<Vec<_>>();
            names.extend(variables.iter().flat_map(along));
        }
        names
    }

    fn write(&mut self, engine: &mut Engine, t: f64) -> Result<(), MonitorError> {
        let values = self.values(engine, t)?;
        let written = if engine.communicator().rank() == 0 {
            let names = self.names(engine);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let dims = engine.discretisation().dims;
            self.rows.append_points(&names, t, dims, &self.settings.points, &values)
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }
}

impl Monitor for Sampler {
    fn describe(&self) -> String {
        let (file, nsteps, points) = (self.rows.path().display(), self.nsteps, self.settings.points.len());
        let gradients = if self.settings.gradients { " and its gradient" } else { "" };
        format!("writes the solution{gradients} at {points} points to {file} every {nsteps} steps")
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.write(engine, now.t)
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.probes = Some(self.find(engine)?);
        self.rows.resume(&**engine.communicator(), |t| t > now.t)
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if now.step.is_multiple_of(self.nsteps) { self.write(engine, now.t) } else { Ok(()) }
    }

    fn save(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        self.rows.save(&**engine.communicator())
    }

    fn finish(&mut self, engine: &mut Engine) -> Result<(), MonitorError> {
        self.rows.save(&**engine.communicator())
    }

    fn files(&self, _: (f64, f64)) -> Vec<PathBuf> {
        vec![self.rows.output()]
    }

    fn expected(&self, run: &Outlook) -> Expected {
        let rows = run.steps.map_or(0, |steps| 1 + steps / self.nsteps);
        let dims = run.size.dims as u64;
        let columns = 1 + dims + run.size.variables * if self.settings.gradients { 1 + dims } else { 1 };
        let points = self.settings.points.len() as u64;
        Expected { files: 1, bytes: rows.saturating_mul(points).saturating_mul(self.rows.bytes() * columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::cut;
    use crate::monitor::rows::Rows;
    use crate::parallel::threads;
    use crate::physics::SystemSpec;

    /// The file of samples of a flow on so many ranks, at the start and after two steps.
    fn file(ranks: usize, primitive: bool, gradients: bool) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        let mesh = BoxMesh::new(Cells::TriQuad, [4, 4, 1]).periodic([true, true, false]).build();
        let settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.5), 3);
        let part: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % ranks) as u32).collect();
        threads::run(ranks, |comm| {
            let mut engine = Engine::new(&settings, cut(&mesh, &part, comm.rank()), comm).unwrap();
            let state = |x: [f64; 3], out: &mut [f64]| {
                let bump = x[0] * (1.0 - x[0]) * x[1] * (1.0 - x[1]);
                out.copy_from_slice(&[2.0, 1.0 + bump, -0.5, 1.0]);
            };
            engine.set_initial(state).unwrap();
            let points = vec![[0.3, 0.6, 0.0], [0.0, 0.0, 0.0], [0.5, 0.25, 0.0], [1.0, 0.9, 0.0]];
            let settings = SampleSettings { points, primitive, gradients };
            let mut sampler = Sampler::new(2, settings, Rows::new(path.clone(), true));
            sampler.start(&mut engine, &Moment { t: 0.0, dt: 0.0, step: 0 }).unwrap();
            for step in 1..=3 {
                let t = 0.001 * step as f64;
                engine.step(t - 0.001, 0.001).unwrap();
                sampler.after_step(&mut engine, &Moment { t, dt: 0.001, step }).unwrap();
            }
        });
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn rows_hold_time_place_variables_and_gradients_in_the_order_of_the_points() {
        let text = file(1, true, true);
        let mut lines = text.lines();
        let header =
            "t,x,y,rho,u,v,p,grad_rho_x,grad_rho_y,grad_u_x,grad_u_y,grad_v_x,grad_v_y,grad_p_x,grad_p_y";
        assert_eq!(lines.next(), Some(header));
        let rows: Vec<Vec<f64>> =
            lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
        assert_eq!(rows.len(), 8);
        assert_eq!(rows[6][..3], [0.002, 0.5, 0.25]);
        // Velocity is no polynomial of the solution's, but close to one; on the sides of the box its gradient jumps.
        let (x, y) = (0.3, 0.6);
        let exact = [0.0, x, y, 2.0, 1.0 + x * (1.0 - x) * y * (1.0 - y), -0.5, 1.0, 0.0, 0.0];
        let slopes = [(1.0 - 2.0 * x) * y * (1.0 - y), x * (1.0 - x) * (1.0 - 2.0 * y), 0.0, 0.0, 0.0, 0.0];
        for (found, exact) in rows[0].iter().zip(exact.iter().chain(&slopes)) {
            assert!((found - exact).abs() < 1e-3, "{:?} {exact}", rows[0]);
        }
        let conserved = file(1, false, false);
        let mut lines = conserved.lines();
        assert_eq!(lines.next(), Some("t,x,y,rho,rhou,rhov,E"));
        let row: Vec<f64> = lines.next().unwrap().split(',').map(|x| x.parse().unwrap()).collect();
        assert!((row[4] - 2.0 * exact[4]).abs() < 1e-3 && (row[5] + 1.0).abs() < 1e-12, "{row:?}");
    }

    #[test]
    fn ranks_leave_no_trace_in_samples() {
        let one = file(1, true, true);
        assert!(one == file(2, true, true) && one == file(3, true, true));
    }
}
