//! Backends: whatever owns device memory and runs the kernels of a time step.
//!
//! A backend is made from a [`Problem`] (equation system, boundary conditions, [`Discretisation`]) and then speaks in
//! *stages*: one call computes the right-hand side and the register combinations of the scheme. Halo exchange, ghost
//! states of boundaries and face interpolation happen inside. At the trait boundary arrays are `f64`,
//! `[element][variable][point]`, block by block in the discretisation's element order; inside, each backend lays memory
//! out as it likes.
//!
//! [`mod@reference`] is the definition of what the others compute: scalar loops, dense matrices, nothing fused.

pub mod cpu;
pub mod discretisation;
pub mod faces;
pub mod filter;
pub mod functions;
#[cfg(feature = "gpu")]
pub mod gpu;
pub(crate) mod memory;
pub(crate) mod pieces;
pub mod problem;
pub mod reference;
pub mod rows;
pub mod sensor;
pub mod stage;
pub mod step_error;

pub use discretisation::Discretisation;
pub use functions::{Functions, Gather};
pub use problem::{ArtificialViscosity, BoundaryData, EntropyFilter, Problem, ShockCapturing};
pub use stage::{Stage, Update};
pub use step_error::{ErrorNorm, StepError, Tolerance};

/// Working precision of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floating point.
    Single,
    /// 64-bit floating point.
    #[default]
    Double,
}

/// What can go wrong in a backend.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The machine, or the device, has no such thing.
    #[error("{0}")]
    Unsupported(String),
    /// The device refused or was lost.
    #[error("the device failed: {0}")]
    Device(String),
    /// The problem does not fit.
    #[error("not enough memory on {device}: {what} needs {needed} bytes, the limit is {limit}")]
    Memory {
        /// Name of the device.
        device: String,
        /// Which array.
        what: String,
        /// Bytes asked for.
        needed: u64,
        /// Bytes there are.
        limit: u64,
    },
    /// Some rank failed.
    #[error(transparent)]
    Agreed(#[from] crate::parallel::AgreedError),
}

/// A device with the state of a run on it.
///
/// Registers are state-sized arrays, numbered from 0; their count is fixed at creation. Register 0 is the solution.
pub trait Backend: Send {
    /// What it runs on, for people: device, precision, lanes or driver.
    fn description(&self) -> String;

    /// Sets the elements of block `block` of register `register` from element `first` on, as many as `values` hold,
    /// `[element][variable][point]`.
    ///
    /// # Errors
    /// The device failed.
    fn write(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &[f64],
    ) -> Result<(), BackendError>;

    /// Reads the elements of block `block` of register `register` from element `first` on, as many as `values` hold,
    /// `[element][variable][point]`. Waits for the device.
    ///
    /// # Errors
    /// The device failed.
    fn read(
        &mut self,
        register: usize,
        block: usize,
        first: usize,
        values: &mut [f64],
    ) -> Result<(), BackendError>;

    /// One stage of a step of size `dt` that started at time `t`: evaluates `k = du/dt` of register `stage.eval` at time
    /// `t + stage.c dt` and applies the updates. Collective over the ranks of the problem. May return before the device
    /// is done.
    ///
    /// # Errors
    /// The device failed.
    fn stage(&mut self, stage: &Stage, t: f64, dt: f64) -> Result<(), BackendError>;

    /// Size of the errors in register `error` of a step whose result is in register `solution`, of the elements of this rank.
    /// Waits for the device.
    ///
    /// # Errors
    /// The device failed.
    fn step_error(
        &mut self,
        error: usize,
        solution: usize,
        tolerance: &Tolerance,
    ) -> Result<StepError, BackendError>;

    /// Makes functions of the solution known, and returns the number to ask for them by; `None` where this backend leaves them
    /// to the host, on all ranks alike.
    ///
    /// # Errors
    /// The device failed.
    fn add_functions(&mut self, functions: &Functions) -> Result<Option<usize>, BackendError> {
        let _ = functions;
        Ok(None)
    }

    /// Sums, or largest values, of the functions `number` of register `register` at time `t` over each element of this rank, a
    /// block after the other, `[element][function]`; `None` where the host has to do it this time, on all ranks alike.
    /// Collective. Waits for the device.
    ///
    /// # Errors
    /// The device failed.
    fn sum_functions(
        &mut self,
        number: usize,
        register: usize,
        t: f64,
    ) -> Result<Option<Vec<Vec<f64>>>, BackendError> {
        let _ = (number, register, t);
        Ok(None)
    }

    /// Makes room for averages of the functions `number`: the values looked at last and sums over time, all zero. What was
    /// there is dropped.
    ///
    /// # Errors
    /// The device has not the memory.
    fn add_averages(&mut self, number: usize) -> Result<(), BackendError> {
        let _ = number;
        Ok(())
    }

    /// Gives that room back.
    fn drop_averages(&mut self, number: usize) {
        let _ = number;
    }

    /// Evaluates the functions `number` of register `register` at time `t`; adds `half` times the values looked at last and
    /// those now to the sums; those now are the last ones then. False where the host has to do it this time, on all ranks alike.
    /// Collective.
    ///
    /// # Errors
    /// The device failed.
    fn average(&mut self, number: usize, register: usize, t: f64, half: f64) -> Result<bool, BackendError> {
        let _ = (number, register, t, half);
        Ok(false)
    }

    /// Values looked at last, then sums, of the functions `number`, a block after the other
    /// `[element][last ones, sums][point]`. Waits for the device.
    ///
    /// # Errors
    /// The device failed.
    fn read_averages(&mut self, number: usize) -> Result<Vec<Vec<f64>>, BackendError> {
        let _ = number;
        Ok(vec![])
    }

    /// Sets what [`Backend::read_averages`] reads.
    ///
    /// # Errors
    /// The device failed.
    fn write_averages(&mut self, number: usize, values: &[Vec<f64>]) -> Result<(), BackendError> {
        let _ = (number, values);
        Ok(())
    }

    /// Sets the control of a boundary (see [`problem::CONTROL`]) to `value + slope t` at time `t`; 0 before.
    fn control(&mut self, boundary: usize, value: f64, slope: f64);

    /// Waits until everything asked for is done.
    ///
    /// # Errors
    /// The device failed.
    fn wait(&mut self) -> Result<(), BackendError>;

    /// Bytes of device memory held.
    fn memory(&self) -> u64;
}
