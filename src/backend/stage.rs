//! What a time-stepping scheme asks of a backend: stages and register combinations.

use super::Precision;

/// One stage: `k = du/dt (register eval, t + c dt)`, then every update at once (all read before any writes).
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Register the right-hand side is evaluated of.
    pub eval: usize,
    /// Time of the evaluation, in steps after the start of the step.
    pub c: f64,
    /// Register combinations.
    pub updates: Vec<Update>,
    /// Register that the following stage evaluates. Its values on the faces are prepared by this stage.
    pub next: usize,
}

/// `register into = sum of coefficient * register + k dt * (right-hand side)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Register written.
    pub into: usize,
    /// `(register, coefficient)`, summed in this order.
    pub terms: Vec<(usize, f64)>,
    /// Coefficient of `dt` times the right-hand side.
    pub k: f64,
}

impl Update {
    /// Coefficient of term `i`, rounded to the working precision.
    ///
    /// Coefficients that add up to 1 do so exactly after rounding, too: the least of them takes what the others leave.
    /// Otherwise every step would scale the solution by the same tiny factor (a mass error of 1e-4 in 4,000 steps of f32).
    pub fn coefficient(&self, i: usize, precision: Precision) -> f64 {
        let round = |x: f64| match precision {
            Precision::Single => f64::from(x as f32),
            Precision::Double => x,
        };
        let size = |i: usize| self.terms[i].1.abs();
        let least = (0..self.terms.len()).fold(0, |least, j| if size(j) < size(least) { j } else { least });
        let affine = (self.terms.iter().map(|t| t.1).sum::<f64>() - 1.0).abs() < 1e-12;
        if affine && i == least {
            let others = self.terms.iter().enumerate().filter(|(j, _)| *j != i);
            return round(1.0 - others.map(|(_, t)| round(t.1)).sum::<f64>());
        }
        round(self.terms[i].1)
    }
}

impl Stage {
    /// The stage that stores `du/dt` of register `of` at time `t` in register `into` and changes nothing else
    /// (call with a step of 1).
    pub fn right_hand_side(of: usize, into: usize) -> Stage {
        Stage { eval: of, c: 0.0, updates: vec![Update { into, terms: vec![], k: 1.0 }], next: of }
    }
}
