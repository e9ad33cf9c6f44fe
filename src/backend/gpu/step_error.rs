//! Sizes of the errors of a step: a kernel leaves two numbers an element, which the host sums exactly.

use super::buffers::{Memory, decode, read_staging, size_of};
use super::kernels::Kernel;
use super::recorder::{Dispatch, PARAMETER_BYTES};
use super::shader;
use super::state::Gpu;
use crate::backend::{BackendError, StepError, Tolerance};
use std::collections::HashMap;
use std::sync::Arc;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// What adds up errors.
#[derive(Default)]
pub(super) struct StepErrors {
    /// By piece; nothing before the first use.
    pieces: Vec<PieceErrors>,
}

struct PieceErrors {
    kernel: Arc<Kernel>,
    /// By the registers of error and solution.
    sets: HashMap<(usize, usize), BindGroup>,
    sizes: Buffer,
    staging: Buffer,
}

impl Gpu {
    /// Makes kernels and buffers.
    fn prepare_step_errors(&mut self) -> Result<(), BackendError> {
        if !self.step_errors.pieces.is_empty() {
            return Ok(());
        }
        let mut memory =
            Memory { device: self.device.clone(), precision: self.physics.precision, bytes: self.memory };
        for index in 0..self.pieces.len() {
            let piece = &self.pieces[index].piece;
            let (elements, points) =
                (piece.elements.len(), self.disc.blocks[piece.block].points_per_element());
            let source = shader::step_error(&self.physics, self.limits, points, elements);
            let sizes = memory.numbers("errors of elements", 2 * elements)?;
            let staging = memory.empty(
                "staging buffer",
                sizes.size(),
                BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            )?;
            let kernel = self.compile(&source)?;
            self.step_errors.pieces.push(PieceErrors { kernel, sets: HashMap::new(), sizes, staging });
        }
        self.memory = memory.bytes;
        self.device.check()
    }

    /// Errors of register `error` for the solution in register `solution`.
    pub(super) fn sum_errors(
        &mut self,
        error: usize,
        solution: usize,
        tolerance: &Tolerance,
    ) -> Result<StepError, BackendError> {
        self.prepare_step_errors()?;
        if self.recorder.is_full() {
            self.recorder.flush();
        }
        let mut parameters = vec![tolerance.relative];
        parameters.extend(&tolerance.absolute);
        let place = self.recorder.place(&parameters)?;
        for (errors, arrays) in self.step_errors.pieces.iter_mut().zip(&self.pieces) {
            let PieceErrors { kernel, sets, sizes, staging } = errors;
            let bindings = sets.entry((error, solution)).or_insert_with(|| {
                kernel.bind(&self.device, PARAMETER_BYTES, |name| match name {
                    "errors" => &arrays.registers[error],
                    "values" => &arrays.registers[solution],
                    "sizes" => sizes,
                    _ => &self.recorder.parameters,
                })
            });
            let groups = arrays.piece.elements.len();
            self.recorder.run([Dispatch { kernel, bindings, offsets: vec![place], groups }]);
            self.recorder.encoder().copy_buffer_to_buffer(sizes, 0, staging, 0, sizes.size());
        }
        let done = self.recorder.submit();
        let precision = self.physics.precision;
        let mut sum = StepError::default();
        for (errors, arrays) in self.step_errors.pieces.iter().zip(&self.pieces) {
            let mut sizes = vec![0.0; 2 * arrays.piece.elements.len()];
            let bytes = (sizes.len() * size_of(precision)) as u64;
            let read = |bytes: &[u8]| decode(bytes, precision, &mut sizes);
            read_staging(&self.device, &errors.staging, bytes, done.clone(), read)?;
            sizes.chunks_exact(2).for_each(|element| sum.add(element[0], element[1]));
        }
        self.device.check()?;
        Ok(sum)
    }
}
