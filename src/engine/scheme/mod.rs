//! Explicit time-stepping schemes as tables of stages (docs/src/numerics-time.md). Adding one: a line of the table and a
//! function that lists its stages.
//!
//! Schemes with an embedded error estimate have two forms: one for steps of a given size, with as few registers as can be,
//! and one that estimates the error of a step and leaves the solution it started from as it was ([`Scheme::estimating`]).

mod two_register;

use crate::backend::{Stage, Update};
use crate::physics::Choice;
use two_register::Pair;

/// An explicit Runge-Kutta scheme.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheme {
    /// Order of accuracy.
    pub order: usize,
    /// Registers it needs.
    pub registers: usize,
    /// Its stages; register 0 holds the solution before.
    pub stages: Vec<Stage>,
    /// The register that holds the solution after: 0, or another one where register 0 keeps the solution from before.
    pub result: usize,
    /// The register that holds an estimate of the step's error after it, where there is one.
    pub error: Option<usize>,
    /// What the error of a step can be estimated with.
    pair: Option<&'static Pair>,
}

impl Scheme {
    /// The same scheme in a form in which changes to the register evaluated next, as filters make them after every stage,
    /// do not enter the other stages' combinations.
    pub fn filtered(self) -> Scheme {
        if self == rk4() { rk4_by_rates() } else { self }
    }

    /// The same scheme in a form that estimates the error of a step and keeps the solution from before it; `None` where
    /// there is nothing to estimate it with.
    pub fn estimating(&self) -> Option<Scheme> {
        Some(self.pair?.estimating())
    }

    /// The stages of a step from the solution in register [`Scheme::result`] to register 0: where the two differ, steps go
    /// to and fro between them.
    pub fn reversed(&self) -> Vec<Stage> {
        let other = |r: usize| match r {
            0 => self.result,
            r if r == self.result => 0,
            r => r,
        };
        let mut stages = self.stages.clone();
        for stage in &mut stages {
            (stage.eval, stage.next) = (other(stage.eval), other(stage.next));
            for update in &mut stage.updates {
                update.into = other(update.into);
                update.terms.iter_mut().for_each(|term| term.0 = other(term.0));
            }
        }
        stages
    }

    /// A scheme without an estimate whose solution stays in register 0.
    fn plain(order: usize, registers: usize, stages: Vec<Stage>) -> Scheme {
        Scheme { order, registers, stages, result: 0, error: None, pair: None }
    }
}

/// Names of the schemes that can estimate their error, and so choose their steps.
pub fn estimators() -> impl Iterator<Item = &'static str> {
    STEPPERS.iter().filter(|choice| (choice.value)().pair.is_some()).map(|choice| choice.name)
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
    Choice {
        name: "rk34",
        doc: "Four stages of third order with an error estimate, for steps of adaptive size",
        value: || two_register::RK34.fixed(),
    },
    Choice {
        name: "rk45",
        doc: "Five stages of fourth order with an error estimate, for steps of adaptive size",
        value: || two_register::RK45.fixed(),
    },
    Choice {
        name: "ssp-rk-3-4",
        doc: "Strong-stability-preserving, third order in four stages: steps twice as long as forward Euler's",
        value: ssp_rk_3_4,
    },
    Choice {
        name: "ssp-rk-4-10",
        doc: "Strong-stability-preserving, fourth order in ten stages: steps six times as long as forward Euler's",
        value: ssp_rk_4_10,
    },
];

fn update(into: usize, terms: &[(usize, f64)], k: f64) -> Update {
    Update { into, terms: terms.to_vec(), k }
}

fn stage(eval: usize, c: f64, updates: Vec<Update>, next: usize) -> Stage {
    Stage { eval, c, updates, next }
}

fn euler() -> Scheme {
    Scheme::plain(1, 1, vec![stage(0, 0.0, vec![update(0, &[(0, 1.0)], 1.0)], 0)])
}

/// C.-W. Shu, S. Osher, J. Comput. Phys. 77 (1988).
fn tvd_rk3() -> Scheme {
    let stages = vec![
        stage(0, 0.0, vec![update(1, &[(0, 1.0)], 1.0)], 1),
        stage(1, 1.0, vec![update(1, &[(0, 0.75), (1, 0.25)], 0.25)], 1),
        stage(1, 0.5, vec![update(0, &[(0, 1.0 / 3.0), (1, 2.0 / 3.0)], 2.0 / 3.0)], 0),
    ];
    Scheme::plain(3, 2, stages)
}

/// J. F. B. M. Kraaijevanger, BIT 31 (1991); R. J. Spiteri, S. J. Ruuth, SIAM J. Numer. Anal. 40 (2002), SSPRK(4,3): the
/// strong-stability-preserving coefficient 2 is the largest of all schemes of third order in four stages.
fn ssp_rk_3_4() -> Scheme {
    let stages = vec![
        stage(0, 0.0, vec![update(1, &[(0, 1.0)], 0.5)], 1),
        stage(1, 0.5, vec![update(1, &[(1, 1.0)], 0.5)], 1),
        stage(1, 1.0, vec![update(1, &[(0, 2.0 / 3.0), (1, 1.0 / 3.0)], 1.0 / 6.0)], 1),
        stage(1, 0.5, vec![update(0, &[(1, 1.0)], 0.5)], 0),
    ];
    Scheme::plain(3, 2, stages)
}

/// D. I. Ketcheson, SIAM J. Sci. Comput. 30 (2008), SSPRK(10,4), strong-stability-preserving coefficient 6. With its two
/// registers `q1`, `q2` after five stages `q2 = (u + 9 q1)/25` and `q1 = 15 q2 - 5 q1 = (3 u + 2 q1)/5`, and in the end
/// `u = q2 + 3/5 q1`. Here register 2 holds `5/2 q2`, so that coefficients add up to 1; they are positive, and thus the
/// filter of one register does no harm to others.
fn ssp_rk_4_10() -> Scheme {
    let sixth = 1.0 / 6.0;
    let mut stages = vec![stage(0, 0.0, vec![update(1, &[(0, 1.0)], sixth)], 1)];
    for i in 1..4 {
        stages.push(stage(1, f64::from(i) * sixth, vec![update(1, &[(1, 1.0)], sixth)], 1));
    }
    let middle =
        vec![update(2, &[(0, 0.1), (1, 0.9)], 0.9 * sixth), update(1, &[(0, 0.6), (1, 0.4)], 0.4 * sixth)];
    stages.push(stage(1, 4.0 * sixth, middle, 1));
    for i in 2..6 {
        stages.push(stage(1, f64::from(i) * sixth, vec![update(1, &[(1, 1.0)], sixth)], 1));
    }
    stages.push(stage(1, 1.0, vec![update(0, &[(2, 0.4), (1, 0.6)], 0.1)], 0));
    Scheme::plain(4, 3, stages)
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
    Scheme::plain(4, 3, stages)
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
    Scheme::plain(4, 3, stages)
}

#[cfg(test)]
mod tests;
