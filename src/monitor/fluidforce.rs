//! Writes the force of the flow on a boundary to a CSV or HDF5 file (docs/src/monitors.md).

use super::record::Record;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::element::Shape;
use crate::engine::Engine;
use crate::engine::surface::SurfaceValues;
use crate::parallel::agree;
use crate::physics::expr::nearest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which force to measure, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForceSettings {
    /// Name of the boundary.
    pub boundary: String,
    /// Point that moments are taken about; without, there are none.
    pub origin: Option<[f64; 3]>,
    /// Degree of the rule by shape of the face; two more than twice the solution's order for others.
    pub degrees: BTreeMap<Shape, usize>,
}

/// Appends a row `t,px,py[,pz][,mpx,mpy,mpz][,vx,vy[,vz]][,mvx,mvy,mvz]` at the start and every so many steps: the force on
/// the body and its moment about a point, by the pressure and by friction; in two dimensions the one moment `mpz`, `mvz`.
///
/// With the normal `n` out of the flow they are the integrals of `p n` and, where the system is viscous, of the momentum's
/// part of its viscous flux `G . n = -tau . n`, of the state and the gradient inside. The same on any number of ranks.
#[derive(Debug)]
pub struct Fluidforce {
    nsteps: u64,
    settings: ForceSettings,
    rows: Record,
}

/// What the integrand needs of the system.
struct Force {
    dims: usize,
    origin: Option<[f64; 3]>,
    pressure: usize,
    momentum: Option<std::ops::Range<usize>>,
}

impl Force {
    /// Numbers a part, by pressure or by friction: the force and its moment.
    fn part(&self) -> usize {
        self.dims + if self.origin.is_some() { moments(self.dims).len() } else { 0 }
    }

    /// Puts a force and its moment into `out`.
    fn put(&self, at: [f64; 3], force: [f64; 3], out: &mut [f64]) {
        out[..self.dims].copy_from_slice(&force[..self.dims]);
        if let Some(origin) = self.origin {
            let r: [f64; 3] = std::array::from_fn(|d| at[d] - origin[d]);
            let moment = moments(self.dims).map(|d| {
                let (i, j) = ((d + 1) % 3, (d + 2) % 3);
                r[i] * force[j] - r[j] * force[i]
            });
            out[self.dims..].iter_mut().zip(moment).for_each(|(out, value)| *out = value);
        }
    }
}

/// Directions of moments.
fn moments(dims: usize) -> std::ops::Range<usize> {
    match dims {
        1 => 0..0,
        2 => 2..3,
        _ => 0..3,
    }
}

impl Fluidforce {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, settings: ForceSettings, rows: impl Into<Record>) -> Fluidforce {
        Fluidforce { nsteps: nsteps.max(1), settings, rows: rows.into() }
    }

    fn force(&self, engine: &Engine) -> Result<Force, MonitorError> {
        let variables = engine.variables();
        if let Some(error) = self.objection(&engine.mesh().boundaries) {
            return Err(error);
        }
        let pressure = variables.primitive().iter().position(|name| *name == "p");
        let momentum = variables.momentum().filter(|_| variables.is_viscous());
        let Some(pressure) = pressure.filter(|_| momentum.is_some() || !variables.is_viscous()) else {
            return Err(MonitorError::NoForce { boundary: self.settings.boundary.clone() });
        };
        let dims = engine.discretisation().dims;
        Ok(Force { dims, origin: self.settings.origin, pressure, momentum })
    }

    /// The row without the time. Collective.
    fn values(&self, engine: &mut Engine, t: f64) -> Result<Vec<f64>, MonitorError> {
        let force = self.force(engine)?;
        let (dims, part) = (force.dims, force.part());
        let variables = Arc::clone(engine.variables());
        let viscous = force.momentum.is_some();
        let integrand = |point: SurfaceValues, out: &mut [f64]| {
            let mut values = point.conserved.to_vec();
            variables.to_primitive(&mut values);
            let p = values[force.pressure];
            force.put(point.at, point.normal.map(|n| p * n), &mut out[..part]);
            if let Some(momentum) = &force.momentum {
                variables.viscous_flux(point.conserved, point.gradient, &point.normal[..dims], &mut values);
                let friction = &values[momentum.clone()];
                let friction = std::array::from_fn(|d| friction.get(d).copied().unwrap_or(0.0));
                force.put(point.at, friction, &mut out[part..]);
            }
        };
        let usual = 2 * engine.discretisation().order + 2;
        let degree = |shape: Shape| self.settings.degrees.get(&shape).copied().unwrap_or(usual);
        let count = part * if viscous { 2 } else { 1 };
        Ok(engine.integrate_surface(&self.settings.boundary, t, degree, viscous, count, integrand)?)
    }

    /// Names of the columns.
    fn names(&self, dims: usize, columns: usize) -> Vec<String> {
        let mut names = vec!["t".to_string()];
        for part in ["p", "v"] {
            names.extend((0..dims).map(|d| format!("{part}{}", ["x", "y", "z"][d])));
            if self.settings.origin.is_some() {
                names.extend(moments(dims).map(|d| format!("m{part}{}", ["x", "y", "z"][d])));
            }
        }
        names.truncate(columns);
        names
    }

    fn write(&mut self, engine: &mut Engine, t: f64) -> Result<(), MonitorError> {
        let row = self.values(engine, t)?;
        let written = if engine.communicator().rank() == 0 {
            let names = self.names(engine.discretisation().dims, 1 + row.len());
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.rows.append(&names, t, &row)
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }
}

impl Monitor for Fluidforce {
    fn describe(&self) -> String {
        let (file, nsteps) = (self.rows.path().display(), self.nsteps);
        let moment = if self.settings.origin.is_some() { " and its moment" } else { "" };
        format!(
            "writes the force on the boundary '{}'{moment} to {file} every {nsteps} steps",
            self.settings.boundary
        )
    }

    fn objection(&self, known: &[String]) -> Option<MonitorError> {
        if known.contains(&self.settings.boundary) {
            return None;
        }
        let boundary = self.settings.boundary.clone();
        let near = nearest(&boundary, known.iter().map(String::as_str)).map(String::from);
        Some(MonitorError::NoBoundary { boundary, near, known: known.to_vec() })
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.write(engine, now.t)
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.force(engine)?;
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
        let columns = if self.settings.origin.is_some() { 13 } else { 7 };
        Expected { files: 1, bytes: rows.saturating_mul(self.rows.bytes() * columns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::Mesh;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::cut;
    use crate::monitor::rows::Rows;
    use crate::parallel::{Communicator, threads};
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;

    const ORIGIN: [f64; 3] = [0.25, -0.5, 2.0];

    fn force_on(boundary: &str, origin: Option<[f64; 3]>) -> Fluidforce {
        let settings = ForceSettings { boundary: boundary.into(), origin, degrees: BTreeMap::new() };
        Fluidforce::new(1, settings, Rows::new("a.csv".into(), true))
    }

    fn engine(mesh: &Mesh, settings: &Settings, comm: Arc<dyn Communicator>) -> Engine {
        let ranks = comm.size();
        let part: Vec<u32> = (0..mesh.len()).map(|id| (id * 7 % 5 % ranks) as u32).collect();
        Engine::new(settings, cut(mesh, &part, comm.rank()), comm).unwrap()
    }

    fn walls(settings: &mut Settings, mesh: &Mesh, kind: &str, data: &[(&str, f64)]) {
        for name in &mesh.boundaries {
            let data = data.iter().map(|(key, x)| (key.to_string(), Expr::constant(*x))).collect();
            settings.boundaries.insert(name.clone(), BoundarySpec { kind: kind.into(), data });
        }
    }

    #[test]
    fn a_linear_pressure_lifts_the_fluids_own_volume_and_turns_it_about_its_centre() {
        for (cells, n, order) in [
            (Cells::Line, [3, 1, 1], 1),
            (Cells::TriQuad, [2, 2, 1], 1),
            (Cells::TriQuad, [2, 2, 1], 3),
            (Cells::Mixed, [3, 2, 3], 2),
        ] {
            let mesh = BoxMesh::new(cells, n).order(order);
            let mesh = if order > 1 { mesh.warp(0.05).build() } else { mesh.build() };
            let mut settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), order);
            walls(&mut settings, &mesh, "slp-adia-wall", &[]);
            let mut engine = engine(&mesh, &settings, Arc::new(crate::parallel::serial::Serial));
            let dims = engine.discretisation().dims;
            let slope = [0.5, -0.25, 0.125];
            let state = |x: [f64; 3], out: &mut [f64]| {
                out.fill(0.0);
                out[0] = 1.0;
                out[dims + 1] = 2.0 + (0..dims).map(|d| slope[d] * x[d]).sum::<f64>();
            };
            engine.set_initial(state).unwrap();
            let origin = (dims > 1).then_some(ORIGIN);
            let mut sum: Vec<f64> = vec![];
            for name in engine.mesh().boundaries.clone() {
                let found = force_on(&name, origin).values(&mut engine, 0.0).unwrap();
                sum.resize(found.len(), 0.0);
                sum.iter_mut().zip(found).for_each(|(sum, x)| *sum += x);
            }
            // The divergence theorem: the gradient times the volume 1, at its centre.
            let r: [f64; 3] = std::array::from_fn(|d| 0.5 - ORIGIN[d]);
            let mut exact = slope[..dims].to_vec();
            match dims {
                1 => {}
                2 => exact.push(r[0] * slope[1] - r[1] * slope[0]),
                _ => exact.extend((0..3).map(|d| {
                    let (i, j) = ((d + 1) % 3, (d + 2) % 3);
                    r[i] * slope[j] - r[j] * slope[i]
                })),
            }
            assert_eq!(sum.len(), exact.len());
            for (found, exact) in sum.iter().zip(&exact) {
                assert!((found - exact).abs() < 1e-12, "{cells:?} {sum:?} {exact:?}");
            }
        }
    }

    /// Shear flow `u = shear y` at constant pressure between the walls y = 0 and y = 1.
    fn shear_flow(cells: Cells, comm: Arc<dyn Communicator>) -> Engine {
        let n = if cells == Cells::Mixed { [3, 2, 2] } else { [3, 2, 1] };
        let mesh = BoxMesh::new(cells, n).periodic([true, false, true]).build();
        let system = SystemSpec::new("navier-stokes").with("gamma", 1.4).with("mu", 0.2).with("Pr", 0.7);
        let mut settings = Settings::new(system, 2);
        let (speed, w) = (("u", 0.3), ("w", 0.0));
        let still = [("rho", 1.0), ("u", 0.0), ("v", 0.0), w, ("p", 1.0)];
        let moving = [("rho", 1.0), speed, ("v", 0.0), w, ("p", 1.0)];
        walls(&mut settings, &mesh, "sup-in-fa", &still);
        // The wall at the top moves with the fluid.
        let top = settings.boundaries.get_mut(mesh.boundaries.last().unwrap()).unwrap();
        top.data = moving.iter().map(|(key, x)| (key.to_string(), Expr::constant(*x))).collect();
        let mut engine = engine(&mesh, &settings, comm);
        let dims = engine.discretisation().dims;
        let state = |x: [f64; 3], out: &mut [f64]| {
            out.fill(0.0);
            (out[0], out[1], out[dims + 1]) = (1.0, 0.3 * x[1], 1.0);
        };
        engine.set_initial(state).unwrap();
        engine
    }

    #[test]
    fn friction_of_a_shear_flow_drags_its_walls_apart() {
        for cells in [Cells::Quad, Cells::Tri, Cells::Mixed] {
            let mut engine = shear_flow(cells, Arc::new(crate::parallel::serial::Serial));
            let names = engine.mesh().boundaries.clone();
            let dims = engine.discretisation().dims;
            assert_eq!(names.len(), 2);
            for (name, side) in names.iter().zip([-1.0, 1.0]) {
                let force = force_on(name, Some([0.0; 3]));
                let found = force.values(&mut engine, 0.0).unwrap();
                // The pressure pushes outwards, friction -tau . n = -mu du/dy n_y pulls the body along with the flow below.
                let (y, drag) = (0.5 + 0.5 * side, -0.06 * side);
                let exact = match dims {
                    2 => vec![0.0, side, 0.5 * side, drag, 0.0, -y * drag],
                    _ => {
                        let (p, v) = ([-0.5 * side, 0.0, 0.5 * side], [0.0, 0.5 * drag, -y * drag]);
                        [vec![0.0, side, 0.0], p.into(), vec![drag, 0.0, 0.0], v.into()].concat()
                    }
                };
                assert_eq!(force.names(dims, 1 + found.len()).len(), 1 + exact.len());
                for (a, b) in found.iter().zip(&exact) {
                    assert!((a - b).abs() < 1e-11, "{cells:?} {name} {found:?} {exact:?}");
                }
            }
        }
        let names = |dims, origin| force_on("a", origin).names(dims, 99).join(",");
        assert_eq!(names(2, None), "t,px,py,vx,vy");
        assert_eq!(names(2, Some(ORIGIN)), "t,px,py,mpz,vx,vy,mvz");
        assert_eq!(names(3, Some(ORIGIN)), "t,px,py,pz,mpx,mpy,mpz,vx,vy,vz,mvx,mvy,mvz");
    }

    #[test]
    fn ranks_leave_no_trace_in_forces() {
        let forces = |ranks: usize| {
            threads::run(ranks, |comm| {
                let mut engine = shear_flow(Cells::TriQuad, comm);
                (0..3).for_each(|i| engine.step(0.01 * f64::from(i), 0.01).unwrap());
                let name = engine.mesh().boundaries[0].clone();
                let force = force_on(&name, Some(ORIGIN)).values(&mut engine, 0.03).unwrap();
                force.into_iter().map(f64::to_bits).collect::<Vec<_>>()
            })
        };
        let one = forces(1);
        for ranks in [2, 3] {
            assert!(forces(ranks).iter().all(|force| *force == one[0]));
        }
    }

    #[test]
    fn a_boundary_that_the_mesh_lacks_is_an_error_with_the_names_there_are() {
        let mut engine = shear_flow(Cells::Quad, Arc::new(crate::parallel::serial::Serial));
        let names = engine.mesh().boundaries.join(", ");
        let error = force_on("wing", None).values(&mut engine, 0.0).unwrap_err().to_string();
        assert!(error.contains("'wing'") && error.contains(&names), "{error}");
    }
}
