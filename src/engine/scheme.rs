//! Explicit time-stepping schemes as tables of stages (case-format section 5.2). Adding one: a line of the table and a
//! function that lists its stages.

use crate::backend::{Stage, Update};
use crate::physics::Choice;

/// An explicit Runge-Kutta scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// Order of accuracy.
    pub order: usize,
    /// Registers it needs.
    pub registers: usize,
    /// Its stages; register 0 holds the solution before and after.
    pub stages: Vec<Stage>,
}

impl Scheme {
    /// The same scheme in a form in which changes to the register evaluated next, as filters make them after every stage,
    /// do not enter the other stages' combinations.
    pub fn filtered(self) -> Scheme {
        if self == rk4() { rk4_by_rates() } else { self }
    }
}

/// Every scheme: name, line of help, constructor.
pub const STEPPERS: &[Choice<fn() -> Scheme>] = &[
    Choice { name: "euler", doc: "Forward Euler, first order", value: euler },
    Choice {
        name: "tvd-rk3",
        doc: "Shu and Osher's strong-stability-preserving scheme, third order",
        value: tvd_rk3,
    },
    Choice { name: "rk4", doc: "The classical Runge-Kutta scheme, fourth order", value: rk4 },
];

fn update(into: usize, terms: &[(usize, f64)], k: f64) -> Update {
    Update { into, terms: terms.to_vec(), k }
}

fn stage(eval: usize, c: f64, updates: Vec<Update>, next: usize) -> Stage {
    Stage { eval, c, updates, next }
}

fn euler() -> Scheme {
    Scheme { order: 1, registers: 1, stages: vec![stage(0, 0.0, vec![update(0, &[(0, 1.0)], 1.0)], 0)] }
}

/// C.-W. Shu, S. Osher, J. Comput. Phys. 77 (1988).
fn tvd_rk3() -> Scheme {
    let stages = vec![
        stage(0, 0.0, vec![update(1, &[(0, 1.0)], 1.0)], 1),
        stage(1, 1.0, vec![update(1, &[(0, 0.75), (1, 0.25)], 0.25)], 1),
        stage(1, 0.5, vec![update(0, &[(0, 1.0 / 3.0), (1, 2.0 / 3.0)], 2.0 / 3.0)], 0),
    ];
    Scheme { order: 3, registers: 2, stages }
}

/// `u_new = 2/3 w + 1/3 u3 + dt/6 k4` with `w = u2 + (u1 - u0)/2` and the stage states `u1 = u0 + dt/2 k1`,
/// `u2 = u0 + dt/2 k2`, `u3 = u0 + dt k3`: three registers suffice, and each combination's coefficients add up to 1, as
/// [`Update::coefficient`] wants them.
fn rk4() -> Scheme {
    let stages = vec![
        stage(0, 0.0, vec![update(1, &[(0, 1.0)], 0.5)], 1),
        stage(1, 0.5, vec![update(2, &[(0, 1.0)], 0.5)], 2),
        stage(2, 0.5, vec![update(1, &[(0, -0.5), (1, 0.5), (2, 1.0)], 0.0), update(2, &[(0, 1.0)], 1.0)], 2),
        stage(2, 1.0, vec![update(0, &[(1, 2.0 / 3.0), (2, 1.0 / 3.0)], 1.0 / 6.0)], 0),
    ];
    Scheme { order: 4, registers: 3, stages }
}

/// The same scheme as [`rk4`], with the sum of the rates in a register of its own.
fn rk4_by_rates() -> Scheme {
    let one = &[(0, 1.0)];
    let sum = &[(2, 1.0)];
    let stages = vec![
        stage(0, 0.0, vec![update(1, one, 0.5), update(2, one, 1.0 / 6.0)], 1),
        stage(1, 0.5, vec![update(1, one, 0.5), update(2, sum, 1.0 / 3.0)], 1),
        stage(1, 0.5, vec![update(1, one, 1.0), update(2, sum, 1.0 / 3.0)], 1),
        stage(1, 1.0, vec![update(0, sum, 1.0 / 6.0)], 0),
    ];
    Scheme { order: 4, registers: 3, stages }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Precision;

    /// Integrates u' = -2 t u^2, u(0) = 1, whose solution is 1 / (1 + t^2), as a backend would.
    fn error(scheme: &Scheme, steps: usize) -> f64 {
        let (mut r, dt) = (vec![0.0; scheme.registers], 1.0 / steps as f64);
        r[0] = 1.0;
        for n in 0..steps {
            for stage in &scheme.stages {
                let u: f64 = r[stage.eval];
                let k = -2.0 * (n as f64 + stage.c) * dt * u * u;
                let new: Vec<f64> = stage
                    .updates
                    .iter()
                    .map(|up| up.terms.iter().map(|&(i, c)| c * r[i]).sum::<f64>() + up.k * dt * k)
                    .collect();
                stage.updates.iter().zip(new).for_each(|(up, x)| r[up.into] = x);
            }
        }
        (r[0] - 0.5).abs()
    }

    #[test]
    fn schemes_have_their_order() {
        for choice in STEPPERS {
            let scheme = (choice.value)();
            let order = (error(&scheme, 40) / error(&scheme, 80)).log2();
            assert!((order - scheme.order as f64).abs() < 0.25, "{}: {order}", choice.name);
            let (a, b) = (error(&scheme, 40), error(&scheme.clone().filtered(), 40));
            assert!((a - b).abs() < 1e-12, "{}: the form for filters is the same scheme", choice.name);
        }
    }

    #[test]
    fn combinations_neither_create_nor_destroy() {
        for choice in STEPPERS {
            for update in (choice.value)().stages.iter().flat_map(|s| s.updates.clone()) {
                for precision in [Precision::Single, Precision::Double] {
                    let sum: f64 = (0..update.terms.len()).map(|i| update.coefficient(i, precision)).sum();
                    assert_eq!(sum, 1.0, "{} {precision:?}", choice.name);
                }
            }
        }
    }

    #[test]
    fn the_next_register_is_the_one_evaluated_next() {
        for choice in STEPPERS {
            let stages = (choice.value)().stages;
            for (i, stage) in stages.iter().enumerate() {
                assert_eq!(stage.next, stages[(i + 1) % stages.len()].eval, "{}", choice.name);
                assert!(i + 1 < stages.len() || stage.updates.iter().any(|u| u.into == 0));
            }
        }
    }
}
