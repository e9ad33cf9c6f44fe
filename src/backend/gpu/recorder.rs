//! Collects dispatches into submissions.
//!
//! Several stages share one submission, whose cost is then spread; a bounded number of dispatches keeps the driver's
//! memory and the time without an answer bounded. The parameters of the stages of one submission lie side by side in one
//! buffer, written when it is submitted.

use super::Device;
use super::buffers::{Memory, encode};
use super::kernels::{Kernel, grid};
use crate::backend::{BackendError, Precision};
use wgpu::{BindGroup, Buffer, BufferUsages, CommandEncoder, SubmissionIndex};

/// Bytes of the parameters of a stage.
pub(super) const PARAMETER_BYTES: u64 = 1024;
/// Stages a submission.
const STAGES: usize = 128;
/// Dispatches a submission, about.
const DISPATCHES: usize = 1000;

/// One kernel to run.
pub(super) struct Dispatch<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) bindings: &'a BindGroup,
    /// Places of the range and the parameters, as far as the kernel has them.
    pub(super) offsets: Vec<u32>,
    pub(super) groups: usize,
}

/// Pending work of a device.
pub(super) struct Recorder {
    device: Device,
    precision: Precision,
    row: u32,
    encoder: Option<CommandEncoder>,
    pub(super) parameters: Buffer,
    pending: Vec<u8>,
    dispatches: usize,
}

impl Recorder {
    pub(super) fn new(memory: &mut Memory, row: u32) -> Result<Recorder, BackendError> {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let parameters = memory.empty("parameters", PARAMETER_BYTES * STAGES as u64, usage)?;
        Ok(Recorder {
            device: memory.device.clone(),
            precision: memory.precision,
            row,
            encoder: None,
            parameters,
            pending: vec![],
            dispatches: 0,
        })
    }

    /// Whether the work so far should be submitted before more is recorded.
    pub(super) fn is_full(&self) -> bool {
        self.dispatches >= DISPATCHES
            || self.pending.len() as u64 + 4 * PARAMETER_BYTES > self.parameters.size()
    }

    /// Puts the parameters of a stage in this submission and returns their place.
    pub(super) fn place(&mut self, parameters: &[f64]) -> Result<u32, BackendError> {
        let bytes = encode(parameters.iter().copied(), self.precision);
        if bytes.len() as u64 > PARAMETER_BYTES {
            return Err(BackendError::Unsupported(format!(
                "a stage of the time-stepping scheme has {} coefficients, more than the GPU backend holds; use the \
                 processor (-b cpu)",
                parameters.len()
            )));
        }
        let at = self.pending.len();
        self.pending.extend(bytes);
        self.pending.resize(at + PARAMETER_BYTES as usize, 0);
        Ok(at as u32)
    }

    /// The encoder of the submission.
    pub(super) fn encoder(&mut self) -> &mut CommandEncoder {
        let device = &self.device.device;
        self.encoder.get_or_insert_with(|| device.create_command_encoder(&Default::default()))
    }

    /// Records kernels, in order.
    pub(super) fn run<'a>(&mut self, list: impl IntoIterator<Item = Dispatch<'a>>) {
        let mut list = list.into_iter().filter(|d| d.groups > 0).peekable();
        if list.peek().is_none() {
            return;
        }
        let (mut count, row) = (0, self.row);
        let mut pass = self.encoder().begin_compute_pass(&Default::default());
        for dispatch in list {
            let (x, y) = grid(dispatch.groups as u32, row);
            pass.set_pipeline(&dispatch.kernel.pipeline);
            pass.set_bind_group(0, dispatch.bindings, &dispatch.offsets);
            pass.dispatch_workgroups(x, y, 1);
            count += 1;
        }
        drop(pass);
        self.dispatches += count;
    }

    /// Submits what is recorded.
    pub(super) fn submit(&mut self) -> SubmissionIndex {
        if !self.pending.is_empty() {
            self.device.queue.write_buffer(&self.parameters, 0, &self.pending);
            self.pending.clear();
        }
        self.dispatches = 0;
        self.device.queue.submit(self.encoder.take().map(CommandEncoder::finish))
    }

    /// Submits what is recorded, if anything is.
    pub(super) fn flush(&mut self) {
        if self.encoder.is_some() {
            self.submit();
        }
    }
}
