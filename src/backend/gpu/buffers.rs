//! Device memory: buffers made from host arrays, counted and checked against the device's limits.

use super::Device;
use crate::backend::{BackendError, Precision};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use wgpu::{BufferAsyncError, BufferUsages};

/// Makes buffers and counts their bytes.
pub(super) struct Memory {
    pub(super) device: Device,
    pub(super) precision: Precision,
    pub(super) bytes: u64,
}

/// Bytes of a number.
pub(super) fn size_of(precision: Precision) -> usize {
    match precision {
        Precision::Single => 4,
        Precision::Double => 8,
    }
}

/// Numbers in the working precision, as bytes.
pub(super) fn encode(values: impl IntoIterator<Item = f64>, precision: Precision) -> Vec<u8> {
    let values = values.into_iter();
    let mut bytes = Vec::with_capacity(values.size_hint().0 * size_of(precision));
    match precision {
        Precision::Single => values.for_each(|x| bytes.extend_from_slice(&(x as f32).to_ne_bytes())),
        Precision::Double => values.for_each(|x| bytes.extend_from_slice(&x.to_ne_bytes())),
    }
    bytes
}

/// Numbers from bytes in the working precision.
pub(super) fn decode(bytes: &[u8], precision: Precision, values: &mut [f64]) {
    match precision {
        Precision::Single => {
            for (v, b) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *v = f64::from(f32::from_ne_bytes(*b));
            }
        }
        Precision::Double => {
            for (v, b) in values.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *v = f64::from_ne_bytes(*b);
            }
        }
    }
}

impl Memory {
    /// Most bytes of an array that kernels bind whole.
    pub(super) fn limit(&self) -> u64 {
        self.device.most_bytes.0 & !15
    }

    /// A buffer of `bytes` bytes, filled with zeros. `what` names it in messages.
    pub(super) fn empty(
        &mut self,
        what: &str,
        bytes: u64,
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, BackendError> {
        self.make(what, bytes, usage, false)
    }

    fn make(
        &mut self,
        what: &str,
        bytes: u64,
        usage: BufferUsages,
        mapped_at_creation: bool,
    ) -> Result<wgpu::Buffer, BackendError> {
        let (storage, other) = self.device.most_bytes;
        let limit = if usage.contains(BufferUsages::STORAGE) { storage } else { other };
        // Empty bindings are not allowed.
        let bytes = bytes.next_multiple_of(16).max(16);
        let refuse = || BackendError::Memory {
            device: self.device.info.name.clone(),
            what: what.into(),
            needed: bytes,
            limit,
        };
        if bytes > limit {
            return Err(refuse());
        }
        let scope = self.device.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = self.device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes,
            usage,
            mapped_at_creation,
        });
        if pollster::block_on(scope.pop()).is_some() {
            return Err(refuse());
        }
        self.device.check()?;
        self.bytes += bytes;
        Ok(buffer)
    }

    /// A staging buffer that the host writes first.
    fn mapped(&mut self, what: &str, bytes: u64) -> Result<wgpu::Buffer, BackendError> {
        self.make(what, bytes, BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC, true)
    }

    /// A storage buffer of `count` numbers.
    pub(super) fn numbers(&mut self, what: &str, count: usize) -> Result<wgpu::Buffer, BackendError> {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        self.empty(what, (count * size_of(self.precision)) as u64, usage)
    }

    /// A storage buffer that holds `values` in the working precision.
    pub(super) fn values(
        &mut self,
        what: &str,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<wgpu::Buffer, BackendError> {
        let bytes = encode(values, self.precision);
        self.filled(what, &bytes, BufferUsages::STORAGE)
    }

    /// A storage buffer that holds `values`.
    pub(super) fn indices(&mut self, what: &str, values: &[u32]) -> Result<wgpu::Buffer, BackendError> {
        self.filled(what, bytemuck::cast_slice(values), BufferUsages::STORAGE)
    }

    /// A buffer that holds `bytes`, a multiple of four of them.
    pub(super) fn filled(
        &mut self,
        what: &str,
        bytes: &[u8],
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, BackendError> {
        let buffer = self.empty(what, bytes.len() as u64, usage | BufferUsages::COPY_DST)?;
        if !bytes.is_empty() {
            self.device.queue.write_buffer(&buffer, 0, bytes);
        }
        Ok(buffer)
    }
}

type Mapped = Receiver<Result<(), BufferAsyncError>>;

/// Waits for the answer to a mapping, of which the device is done with the buffer.
fn mapped(device: &Device, answer: &Mapped) -> Result<(), BackendError> {
    let failed = |text: String| BackendError::Device(format!("{}: {text}", device.info.name));
    match answer.recv_timeout(Duration::from_secs(60)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(e)) => Err(failed(e.to_string())),
        Err(_) => Err(failed("it does not answer".into())),
    }
}

fn map(slice: wgpu::BufferSlice, mode: wgpu::MapMode) -> Mapped {
    let (sender, receiver) = channel();
    slice.map_async(mode, move |result| {
        let _ = sender.send(result);
    });
    receiver
}

/// Waits for `done` and reads the first `bytes` bytes of a staging buffer through `read`.
pub(super) fn read_staging<T>(
    device: &Device,
    staging: &wgpu::Buffer,
    bytes: u64,
    done: wgpu::SubmissionIndex,
    read: impl FnOnce(&[u8]) -> T,
) -> Result<T, BackendError> {
    let slice = staging.slice(..bytes);
    let answer = map(slice, wgpu::MapMode::Read);
    device.wait(Some(done))?;
    // The answer is there by now, unless the device is gone.
    mapped(device, &answer)?;
    let view =
        slice.get_mapped_range().map_err(|e| BackendError::Device(format!("{}: {e}", device.info.name)))?;
    let result = read(&view);
    drop(view);
    staging.unmap();
    Ok(result)
}

/// A staging buffer that is filled again and again. Mapped while nothing on the device uses it, so that filling it is one
/// copy and takes no memory.
pub(super) struct Upload {
    pub(super) buffer: wgpu::Buffer,
    /// Whether it is filled and was not asked for since.
    filled: bool,
    answer: Option<Mapped>,
}

impl Upload {
    /// An upload of `bytes` bytes.
    pub(super) fn new(memory: &mut Memory, bytes: u64) -> Result<Upload, BackendError> {
        Ok(Upload { buffer: memory.mapped("staging buffer", bytes)?, filled: false, answer: None })
    }

    /// Asks for the buffer again. What was recorded to copy from it must have been submitted; the answer comes when that is
    /// done and the device is waited for.
    pub(super) fn ask(&mut self) {
        if std::mem::take(&mut self.filled) {
            self.answer = Some(map(self.buffer.slice(..), wgpu::MapMode::Write));
        }
    }

    /// Fills the buffer with `parts` one after the other.
    pub(super) fn fill<'a>(
        &mut self,
        device: &Device,
        parts: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), BackendError> {
        if let Some(answer) = self.answer.take() {
            mapped(device, &answer)?;
        }
        let mut view = self
            .buffer
            .get_mapped_range_mut(..)
            .map_err(|e| BackendError::Device(format!("{}: {e}", device.info.name)))?;
        let mut at = 0;
        for part in parts {
            view.slice(at..at + part.len()).copy_from_slice(part);
            at += part.len();
        }
        drop(view);
        self.buffer.unmap();
        self.filled = true;
        Ok(())
    }
}
