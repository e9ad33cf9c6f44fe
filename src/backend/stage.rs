//! What a time-stepping scheme asks of a backend: stages and register combinations.

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

impl Stage {
    /// The stage that stores `du/dt` of register `of` at time `t` in register `into` and changes nothing else
    /// (call with a step of 1).
    pub fn right_hand_side(of: usize, into: usize) -> Stage {
        Stage { eval: of, c: 0.0, updates: vec![Update { into, terms: vec![], k: 1.0 }], next: of }
    }
}
