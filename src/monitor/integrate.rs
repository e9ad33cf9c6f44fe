//! Writes integrals of expressions to a CSV file (case-format section 6.3).

use super::rows::Rows;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::element::Shape;
use crate::engine::Engine;
use crate::engine::integrals::{Gather, Places, PointValues};
use crate::engine::region::Region;
use crate::parallel::agree;
use crate::physics::expr::Expr;
use std::collections::BTreeMap;

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

/// Variables of integrands: the primitive ones, `x`, `y`, `z`, `t`, then the gradients `grad_u_x`, direction by direction.
pub fn variables(primitive: &[&str], dims: usize) -> Vec<String> {
    let mut names: Vec<String> = primitive.iter().map(|p| p.to_string()).collect();
    names.extend(["x", "y", "z", "t"].map(String::from));
    for direction in &["x", "y", "z"][..dims] {
        names.extend(primitive.iter().map(|p| format!("grad_{p}_{direction}")));
    }
    names
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
    places: Option<Places>,
}

impl Integrate {
    /// A monitor that has not opened its file yet.
    pub fn new(nsteps: u64, integrands: Integrands, rows: Rows) -> Integrate {
        Integrate { nsteps: nsteps.max(1), integrands, rows, places: None }
    }

    /// The values at time `t`. Collective.
    fn values(&mut self, engine: &mut Engine, t: f64) -> Result<Vec<f64>, MonitorError> {
        let Integrands { list, norm, degrees, primitives, dims, .. } = &self.integrands;
        let gradients = gradients(*primitives, *dims, list.iter().map(|(_, expr)| expr));
        if self.places.is_none() {
            let mut places = engine.rule_places(|s| degrees.get(&s).copied());
            if self.integrands.region != Region::All {
                places = places.within(&super::region_elements(engine, &self.integrands.region)?);
            }
            self.places = Some(places);
        }
        let Some(places) = &self.places else { unreachable!("they were made") };
        let gather = if *norm == Norm::Largest { Gather::Largest } else { Gather::Integral };
        let integrand = |point: PointValues, out: &mut [f64]| {
            let mut variables = point.primitive.to_vec();
            variables.extend(point.at);
            variables.push(t);
            variables.extend(point.gradient);
            for (out, (_, expr)) in out.iter_mut().zip(list) {
                let value = expr.eval_f64(&variables);
                *out = match norm {
                    Norm::Power(p) => value.abs().powf(*p),
                    Norm::None | Norm::Largest => value,
                };
            }
        };
        let mut values = engine.gather(t, places, gather, gradients, list.len(), integrand)?;
        if let Norm::Power(p) = norm {
            values.iter_mut().for_each(|x| *x = x.powf(1.0 / p));
        }
        Ok(values)
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
