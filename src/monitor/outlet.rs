//! Outlets whose pressure is moved until the mass flow through them, or the mean pressure on them, is the one wanted
//! (`char-riem-inv-mass-flow` and `char-riem-inv-pressure`; docs/src/numerics-time.md, "Controlled outlets").
//!
//! Every so many steps the quantity is integrated over the boundary and smoothed, `average = alpha new + (1 - alpha)
//! average`. Until the next time the boundary's pressure moves linearly in time with the slope
//! `eta (1 - target / average)` (mass flow) or `eta (target - average)` (pressure), so that after an interval `dt` it has
//! changed by `dt eta (...)`. Integrals are exact sums: the pressure is the same on any number of ranks.
//!
//! The mass flow is positive outwards. A flow that is exactly zero counts as one that is far too small in the direction
//! of the target: the factor is -1 then.

use super::rows::Rows;
use super::{Expected, Moment, Monitor, MonitorError, Outlook};
use crate::engine::{Engine, EngineError};
use crate::parallel::agree;
use std::path::PathBuf;

/// What is controlled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The integral of the normal momentum, outwards.
    MassFlow,
    /// The mean of the pressure over the boundary's area.
    Pressure,
}

/// How an outlet is controlled.
#[derive(Clone, Debug, PartialEq)]
pub struct OutletControl {
    /// Name of the boundary.
    pub boundary: String,
    /// What is controlled.
    pub quantity: Quantity,
    /// Its wanted value.
    pub target: f64,
    /// Pressure at the start.
    pub pressure: f64,
    /// Weight of a new value in the average, above 0 and up to 1.
    pub alpha: f64,
    /// How fast the pressure follows: a pressure a time (mass flow), or a rate (pressure).
    pub eta: f64,
    /// Steps between updates.
    pub nsteps: u64,
    /// Time of the first update.
    pub tstart: f64,
    /// Degree of the rule on faces; by default two more than twice the solution's order.
    pub degree: Option<usize>,
}

/// The monitor of one controlled outlet.
#[derive(Debug)]
pub struct Outlet {
    control: OutletControl,
    rows: Option<Rows>,
    average: Option<f64>,
    /// The pressure is `value + slope t`.
    value: f64,
    slope: f64,
}

impl Outlet {
    /// The control of an outlet; `rows`: where to write `t,mf,pbc` or `t,p,pbc` at every update.
    pub fn new(control: OutletControl, rows: Option<Rows>) -> Outlet {
        let value = control.pressure;
        Outlet { control, rows, average: None, value, slope: 0.0 }
    }

    /// The pressure on the boundary at time `t`.
    pub fn pressure(&self, t: f64) -> f64 {
        self.value + self.slope * t
    }

    /// The smoothed quantity, after the first update.
    pub fn average(&self) -> Option<f64> {
        self.average
    }

    /// Name of this outlet's state among those that solutions carry: `bcs/NAME`.
    pub fn state_name(&self) -> String {
        format!("bcs/{}", self.control.boundary)
    }

    /// What it needs to go on: whether there is an average, the average, and value and slope of the pressure.
    fn state(&self) -> Vec<f64> {
        let known = f64::from(u8::from(self.average.is_some()));
        vec![known, self.average.unwrap_or(0.0), self.value, self.slope]
    }

    /// Goes on where a run ended that left `state` in its solution (under [`Outlet::state_name`]), and moves the boundary of
    /// `engine` accordingly. False, and nothing is changed, where this is no state of an outlet.
    pub fn restore(&mut self, engine: &mut Engine, state: &[f64]) -> bool {
        let &[known, average, value, slope] = state else { return false };
        if !state.iter().all(|x| x.is_finite()) || !(known == 0.0 || known == 1.0) {
            return false;
        }
        self.average = (known == 1.0).then_some(average);
        (self.value, self.slope) = (value, slope);
        self.publish(engine);
        true
    }

    /// Tells the boundary, and what is to be written with solutions.
    fn publish(&self, engine: &mut Engine) {
        engine.control(&self.control.boundary, self.value, self.slope);
        engine.keep(self.state_name(), self.state());
    }

    /// The quantity now. Collective.
    fn measure(&self, engine: &mut Engine) -> Result<f64, EngineError> {
        let degree = self.control.degree.unwrap_or(2 * engine.discretisation().order + 2);
        let dims = engine.discretisation().dims;
        let variables = std::sync::Arc::clone(engine.variables());
        let name = self.control.boundary.as_str();
        match self.control.quantity {
            Quantity::MassFlow => {
                // Density, then momentum.
                let flow = |_: [f64; 3], u: &[f64], n: [f64; 3], out: &mut [f64]| {
                    out[0] = (0..dims).map(|d| u[1 + d] * n[d]).sum();
                };
                Ok(engine.integrate_boundary(name, degree, 1, flow)?[0])
            }
            Quantity::Pressure => {
                let position = variables.primitive().iter().position(|v| *v == "p").unwrap_or(0);
                let pressure = |_: [f64; 3], u: &[f64], _: [f64; 3], out: &mut [f64]| {
                    let mut state = u.to_vec();
                    variables.to_primitive(&mut state);
                    (out[0], out[1]) = (state[position], 1.0);
                };
                let sums = engine.integrate_boundary(name, degree, 2, pressure)?;
                Ok(sums[0] / sums[1])
            }
        }
    }

    /// The slope of the pressure that answers to the average.
    fn answer(&self, average: f64) -> f64 {
        let OutletControl { quantity, target, eta, .. } = self.control;
        match quantity {
            Quantity::MassFlow if average == 0.0 => -eta,
            Quantity::MassFlow => eta * (1.0 - target / average),
            Quantity::Pressure => eta * (target - average),
        }
    }
}

impl Monitor for Outlet {
    fn describe(&self) -> String {
        let OutletControl { boundary, quantity, target, nsteps, .. } = &self.control;
        let what = match quantity {
            Quantity::MassFlow => "the mass flow through",
            Quantity::Pressure => "the mean pressure on",
        };
        format!("moves the pressure of '{boundary}' every {nsteps} steps until {what} it is {target}")
    }

    fn start(&mut self, engine: &mut Engine, _: &Moment) -> Result<(), MonitorError> {
        self.publish(engine);
        Ok(())
    }

    fn resume(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        let name = self.state_name();
        match engine.kept().get(&name).cloned() {
            Some(state) if !self.restore(engine, &state) => return Err(MonitorError::State { name }),
            Some(_) => {}
            None => self.publish(engine),
        }
        match &mut self.rows {
            Some(rows) => rows.resume(&**engine.communicator(), 0, |t| t > now.t),
            None => Ok(()),
        }
    }

    fn after_step(&mut self, engine: &mut Engine, now: &Moment) -> Result<(), MonitorError> {
        if !now.step.is_multiple_of(self.control.nsteps) || now.t < self.control.tstart {
            return Ok(());
        }
        let measured = self.measure(engine)?;
        let alpha = self.control.alpha;
        let average = self.average.map_or(measured, |average| alpha * measured + (1.0 - alpha) * average);
        let pressure = self.pressure(now.t);
        let slope = self.answer(average);
        // Of a solution that is no longer finite nothing can be learnt; who looks for that will stop the run.
        if slope.is_finite() {
            (self.average, self.slope) = (Some(average), slope);
            self.value = pressure - slope * now.t;
            self.publish(engine);
        }
        let written = match &mut self.rows {
            Some(rows) if engine.communicator().rank() == 0 => {
                let column = if self.control.quantity == Quantity::MassFlow { "mf" } else { "p" };
                rows.append(&["t", column, "pbc"], &[now.t, measured, pressure])
            }
            _ => Ok(()),
        };
        Ok(agree(&**engine.communicator(), written)?)
    }

    fn files(&self, _: (f64, f64)) -> Vec<PathBuf> {
        self.rows.iter().map(|rows| rows.path.clone()).collect()
    }

    fn expected(&self, run: &Outlook) -> Expected {
        let rows = run.steps.map_or(0, |steps| steps / self.control.nsteps.max(1));
        let files = self.rows.is_some().into();
        Expected { files, bytes: files * rows.saturating_mul(60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{BoundarySpec, Settings};
    use crate::mesh::Mesh;
    use crate::mesh::generate::{BoxMesh, Cells};
    use crate::mesh::local::cut;
    use crate::parallel::{Communicator, threads};
    use crate::physics::SystemSpec;
    use crate::physics::expr::Expr;
    use std::sync::Arc;

    const P: f64 = 1.0 / 1.4;
    const DT: f64 = 0.02;

    /// A duct with a given stream to the left of it and a controlled outlet.
    fn duct(quantity: Quantity, cells: Cells) -> (Mesh, Settings, OutletControl) {
        let n = if cells == Cells::Line { [8, 1, 1] } else { [8, 2, 1] };
        let mesh = BoxMesh::new(cells, n).periodic([false, true, true]).build();
        let mut settings = Settings::new(SystemSpec::new("euler").with("gamma", 1.4), 1);
        let outlet = match quantity {
            Quantity::MassFlow => "char-riem-inv-mass-flow",
            Quantity::Pressure => "char-riem-inv-pressure",
        };
        for (name, kind) in mesh.boundaries.iter().zip(["char-riem-inv", outlet]) {
            let data = [("rho", 1.0), ("u", 0.3), ("v", 0.0), ("p", P)];
            let data = data.into_iter().map(|(key, x)| (key.to_string(), Expr::constant(x))).collect();
            settings.boundaries.insert(name.clone(), BoundarySpec { kind: kind.into(), data });
        }
        let control = OutletControl {
            boundary: mesh.boundaries[1].clone(),
            quantity,
            target: if quantity == Quantity::MassFlow { 0.35 } else { 0.75 },
            pressure: P,
            alpha: 0.5,
            eta: if quantity == Quantity::MassFlow { 0.4 } else { 0.7 },
            nsteps: 5,
            tstart: 0.1,
            degree: None,
        };
        (mesh, settings, control)
    }

    struct Run {
        engine: Engine,
        outlet: Outlet,
        step: u64,
    }

    impl Run {
        fn new(ranks: usize, comm: Arc<dyn Communicator>, quantity: Quantity, cells: Cells) -> Run {
            let (mesh, settings, control) = duct(quantity, cells);
            let part: Vec<u32> = (0..mesh.len()).map(|id| (id % ranks) as u32).collect();
            let local = cut(&mesh, &part, comm.rank());
            let mut engine = Engine::new(&settings, local, comm).unwrap();
            let state = |_: [f64; 3], out: &mut [f64]| {
                let last = out.len() - 1;
                (out[0], out[1], out[last]) = (1.0, 0.3, P);
            };
            engine.set_initial(state).unwrap();
            let mut outlet = Outlet::new(control, None);
            outlet.start(&mut engine, &Moment { t: 0.0, dt: 0.0, step: 0 }).unwrap();
            Run { engine, outlet, step: 0 }
        }

        fn go(&mut self, steps: u64) -> &mut Run {
            for _ in 0..steps {
                self.engine.step(self.step as f64 * DT, DT).unwrap();
                self.step += 1;
                let now = Moment { t: self.step as f64 * DT, dt: DT, step: self.step };
                self.outlet.after_step(&mut self.engine, &now).unwrap();
            }
            self
        }

        fn measured(&mut self) -> f64 {
            let Run { engine, outlet, .. } = self;
            outlet.measure(engine).unwrap()
        }
    }

    #[test]
    fn the_outlet_is_driven_to_its_target() {
        for quantity in [Quantity::MassFlow, Quantity::Pressure] {
            let found = threads::run(1, |comm| {
                let mut run = Run::new(1, comm, quantity, Cells::Line);
                let before = run.measured();
                (before, run.go(1500).measured(), run.outlet.control.target, run.outlet.slope)
            });
            let (before, after, target, slope) = found[0];
            assert!((before - target).abs() > 0.02, "{quantity:?} {before}");
            assert!((after - target).abs() < 1e-3, "{quantity:?} {after} {target}");
            assert!(slope.abs() < 1e-2, "{quantity:?}: the pressure comes to rest, {slope}");
        }
    }

    #[test]
    fn two_ranks_move_the_pressure_as_one_does_to_the_last_bit() {
        let states = |ranks: usize| {
            threads::run(ranks, |comm| {
                let mut run = Run::new(ranks, comm, Quantity::MassFlow, Cells::Quad);
                run.go(100);
                let name = run.outlet.state_name();
                run.engine.kept()[&name].iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            })
        };
        let (one, two) = (states(1), states(2));
        assert!(two.iter().all(|state| *state == one[0]));
        assert!(f64::from_bits(one[0][3]) != 0.0, "the pressure moves");
    }

    #[test]
    fn a_restored_outlet_goes_on_as_if_it_had_not_been_interrupted() {
        let finals = threads::run(1, |comm| {
            let new = || Run::new(1, Arc::clone(&comm), Quantity::Pressure, Cells::Line);
            let (mut straight, mut first, mut second) = (new(), new(), new());
            straight.go(60);
            let solution = first.go(33).engine.solution().unwrap();
            solution.iter().enumerate().for_each(|(b, u)| second.engine.set_solution(b, u).unwrap());
            second.step = first.step;
            let name = first.outlet.state_name();
            assert!(!second.outlet.restore(&mut second.engine, &[1.0, 2.0, 3.0]));
            assert!(!second.outlet.restore(&mut second.engine, &[1.0, f64::NAN, 3.0, 0.0]));
            assert!(second.outlet.restore(&mut second.engine, &first.engine.kept()[&name]));
            assert_eq!(second.engine.kept()[&name], first.engine.kept()[&name]);
            let both = [&mut straight, second.go(27)];
            both.map(|run| (run.engine.solution().unwrap(), run.engine.kept()[&name].clone()))
        });
        assert_eq!(finals[0][0], finals[0][1]);
    }

    #[test]
    fn no_flow_at_all_is_too_little() {
        let (_, _, control) = duct(Quantity::MassFlow, Cells::Line);
        let outlet = Outlet::new(OutletControl { eta: 2.0, ..control }, None);
        assert_eq!((outlet.answer(0.0), outlet.answer(0.7)), (-2.0, 1.0));
    }
}
