//! Writes integrals of expressions to a CSV file (docs/src/monitors.md).

use super::rows::Rows;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::backend::functions::{Functions, Gather};
use crate::element::Shape;
use crate::engine::Engine;
use crate::engine::integrals::{Known, Places};
use crate::engine::region::Region;
use crate::parallel::agree;
use crate::physics::expr::Expr;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use crate::backend::functions::variables;

/// What is made of an integrand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Norm {
    /// Its integral.
    None,
    /// `(integral of |f|^p)^(1/p)`.
    Power(f64),
    /// Its largest magnitude.
    Largest,
}

/// What to integrate, and how.
#[derive(Clone, Debug)]
pub struct Integrands {
    /// Names of the columns and expressions of the variables that [`variables`] lists.
    pub list: Vec<(String, Expr)>,
    /// Number of primitive variables among these.
    pub primitives: usize,
    /// Space dimensions of these.
    pub dims: usize,
    /// What is made of them.
    pub norm: Norm,
    /// The part of the mesh.
    pub region: Region,
    /// Degree of the rule by shape; other shapes take their solution points with their own weights.
    pub degrees: BTreeMap<Shape, usize>,
}

/// Whether any of these expressions of [`variables`] needs gradients.
pub fn gradients<'a>(
    primitives: usize,
    dims: usize,
    mut expressions: impl Iterator<Item = &'a Expr>,
) -> bool {
    let first = primitives + 4;
    let last = first + primitives * dims;
    expressions.any(|expr| (first..last).any(|i| expr.depends_on(i)))
}

/// Appends a row `t,value of each integrand` at the start and every so many steps. The values do not depend on the number
/// of ranks and threads.
#[derive(Debug)]
pub struct Integrate {
    nsteps: u64,
    integrands: Integrands,
    rows: Rows,
    /// Made when first needed.
    prepared: Option<(Places, Known)>,
}

impl Integrate {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, integrands: Integrands, rows: Rows) -> Integrate {
        Integrate { nsteps: nsteps.max(1), integrands, rows, prepared: None }
    }

    /// The values at time `t`. Collective.
    fn values(&mut self, engine: &mut Engine, t: f64) -> Result<Vec<f64>, MonitorError> {
        let norm = self.integrands.norm;
        if self.prepared.is_none() {
            self.prepared = Some(self.prepare(engine)?);
        }
        let Some((places, known)) = &self.prepared else { unreachable!("they were made") };
        let mut values = engine.gather_known(t, places, known)?;
        if let Norm::Power(p) = norm {
            values.iter_mut().for_each(|x| *x = x.powf(1.0 / p));
        }
        Ok(values)
    }

    /// Finds the points, and tells the engine what to evaluate there. Collective.
    fn prepare(&self, engine: &mut Engine) -> Result<(Places, Known), MonitorError> {
        let Integrands { list, norm, degrees, primitives, dims, region } = &self.integrands;
        let mut places = engine.rule_places(|s| degrees.get(&s).copied());
        if *region != Region::All {
            places = places.within(&super::region_elements(engine, region)?);
        }
        let gather = match *norm {
            Norm::None => Gather::Integral,
            Norm::Power(p) => Gather::Power(p),
            Norm::Largest => Gather::Largest,
        };
        let list = list.iter().map(|(_, expr)| expr.clone()).collect();
        let known = engine.add_functions(Functions { list, gather, primitives: *primitives, dims: *dims })?;
        Ok((places, known))
    }

    fn write(&mut self, engine: &mut Engine, t: f64) -> Result<(), MonitorError> {
        let values = self.values(engine, t)?;
        let written = if engine.communicator().rank() == 0 {
            let names = self.integrands.list.iter().map(|(name, _)| name.as_str());
            let names: Vec<&str> = std::iter::once("t").chain(names).collect();
            self.rows.append(&names, &[vec![t], values].concat())
        } else {
            Ok(())
        };
        Ok(agree(&**engine.communicator(), written)?)
    }
}

impl Monitor for Integrate {
    fn describe(&self) -> String {
        let names: Vec<&str> = self.integrands.list.iter().map(|(name, _)| name.as_str()).collect();
        let what = match self.integrands.norm {
            Norm::None => "the integrals".to_string(),
            Norm::Power(p) => format!("the {p}-norms"),
            Norm::Largest => "the maxima".to_string(),
        };
        let (file, nsteps) = (self.rows.path.display(), self.nsteps);
        format!("writes {what} {} to {file} every {nsteps} steps", names.join(", "))
    }

    fn start(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.write(engine, now.t)
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        self.rows.resume(&**engine.communicator(), 0, |t| t > now.t)
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if !now.step.is_multiple_of(self.nsteps) {
            return Ok(());
        }
        self.write(engine, now.t)
    }

    fn region(&self) -> Option<Region> {
        Some(self.integrands.region.clone()).filter(|region| *region != Region::All)
    }

    fn files(&self, _: (f64, f64)) -> Vec<PathBuf> {
        vec![self.rows.path.clone()]
    }

    fn expected(&self, run: &Outlook) -> Expected {
        let rows = run.steps.map_or(0, |steps| 1 + steps / self.nsteps);
        Expected { files: 1, bytes: rows.saturating_mul(20 * (1 + self.integrands.list.len() as u64)) }
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

    #[test]
    fn norms_and_gradients_are_those_of_the_expressions() {
        let mesh = BoxMesh::new(Cells::Quad, [8, 8, 1]).periodic([true, true, false]).build();
        let settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), 5);
        let mut engine = Engine::new(&settings, LocalMesh::whole(&mesh), Arc::new(Serial)).unwrap();
        let tau = std::f64::consts::TAU;
        let state = |x: [f64; 3], out: &mut [f64]| {
            let (s, c) = (tau * x[0]).sin_cos();
            out.copy_from_slice(&[2.0 + s, (tau * x[1]).sin(), -0.5 * c, 1.0 + 0.25 * s]);
        };
        engine.set_initial(state).unwrap();
        let names = variables(&["rho", "u", "v", "p"], 2);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut value = |text: &str, norm: Norm, degree: Option<usize>| {
            let expr = Expr::parse(text, &names, &Default::default()).unwrap();
            let list = vec![("int-a".to_string(), expr)];
            let degrees = degree.map(|d| (Shape::Quad, d)).into_iter().collect();
            let region = Region::All;
            let integrands = Integrands { list, primitives: 4, dims: 2, norm, region, degrees };
            let mut monitor = Integrate::new(1, integrands, Rows::new("a.csv".into(), true));
            monitor.values(&mut engine, 0.5).unwrap()[0]
        };
        let squares = 0.5 * tau * tau;
        for (text, norm, degree, expected) in [
            ("rho", Norm::None, None, 2.0),
            ("rho*t + x", Norm::None, Some(4), 1.5),
            ("u", Norm::Power(2.0), None, 0.5f64.sqrt()),
            ("v", Norm::Largest, Some(11), 0.5),
            ("grad_u_y*grad_u_y", Norm::None, Some(11), squares),
            ("grad_rho_x*grad_rho_x + 0*grad_rho_y", Norm::None, None, squares),
            ("grad_v_x*grad_v_x", Norm::None, None, squares / 4.0),
            ("grad_p_x", Norm::Largest, Some(15), tau / 4.0),
        ] {
            let found = value(text, norm, degree);
            assert!((found - expected).abs() < 2e-3 * expected, "{text}: {found} {expected}");
        }
    }
}
