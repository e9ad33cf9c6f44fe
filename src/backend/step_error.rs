//! How large the error of a step is: the estimate that a scheme leaves in a register, in units of a tolerance.
//!
//! The error of a value is `|e| / (atol + rtol |u|)` with the solution `u` after the step. Each backend squares and adds
//! them element by element, in the working precision and always in the same order, so that an element's part does not
//! depend on where it is computed; the parts are summed exactly. The result is the same bits for any number of ranks and
//! threads.

use crate::parallel::sum::{ExactSum, total};
use crate::parallel::{Communicator, Reduce};

/// Tolerances of a step's error.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerance {
    /// Absolute, by conserved variable.
    pub absolute: Vec<f64>,
    /// Relative to the solution after the step.
    pub relative: f64,
}

/// How the errors of all values make one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorNorm {
    /// Root of the mean of squares.
    #[default]
    L2,
    /// The largest one.
    Uniform,
}

/// The parts of an error that some elements make up.
#[derive(Clone, Default)]
pub struct StepError {
    squares: ExactSum,
    largest: f64,
}

impl StepError {
    /// Adds an element with this sum of squares and this largest error. The sum tells whether anything is not a number.
    pub fn add(&mut self, squares: f64, largest: f64) {
        self.squares.add(squares);
        self.take(if squares.is_nan() { f64::NAN } else { largest });
    }

    /// Adds the elements of another thread.
    pub fn merge(&mut self, other: &StepError) {
        self.squares.merge(&other.squares);
        self.take(other.largest);
    }

    fn take(&mut self, largest: f64) {
        // Once not a number, always.
        if !self.largest.is_nan() && (largest.is_nan() || largest > self.largest) {
            self.largest = largest;
        }
    }

    /// The norm over all ranks of `values` values in all; NaN where any error is. Collective.
    pub fn norm(&self, norm: ErrorNorm, values: u64, communicator: &dyn Communicator) -> f64 {
        match norm {
            ErrorNorm::L2 => {
                (total(communicator, std::slice::from_ref(&self.squares))[0] / values.max(1) as f64).sqrt()
            }
            ErrorNorm::Uniform => {
                let mut largest = [self.largest];
                communicator.reduce_f64(Reduce::Max, &mut largest);
                largest[0]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::{serial::Serial, threads};

    #[test]
    fn norms_do_not_depend_on_order_and_never_lose_what_is_no_number() {
        let of = |parts: &[(f64, f64)]| {
            let mut error = StepError::default();
            parts.iter().for_each(|p| error.add(p.0, p.1));
            error
        };
        let (a, b) = ((1e20, 3.0), (1.0, 0.5));
        for parts in [[a, b, (-1e20, 1.0)], [b, (-1e20, 1.0), a]] {
            assert_eq!(of(&parts).norm(ErrorNorm::L2, 4, &Serial), 0.5);
            assert_eq!(of(&parts).norm(ErrorNorm::Uniform, 4, &Serial), 3.0);
        }
        for parts in [[a, b, (f64::NAN, 0.0)], [(f64::NAN, 0.0), a, b]] {
            assert!(of(&parts).norm(ErrorNorm::L2, 4, &Serial).is_nan());
            let found = threads::run(3, |comm| {
                let mut mine = StepError::default();
                mine.merge(&of(&parts[comm.rank()..=comm.rank()]));
                mine.norm(ErrorNorm::Uniform, 4, &*comm)
            });
            assert!(found.iter().all(|x| x.is_nan()));
        }
    }
}
