//! Exchange of face rows with other ranks: pack kernel, staging buffer, communicator, staging buffer, halo rows. Both
//! staging buffers are kept.

use super::Device;
use super::buffers::{Memory, Upload, read_staging, size_of};
use super::chunks::{Chunks, FaceArray, parse_name};
use super::kernels::Kernel;
use super::physics::Physics;
use super::recorder::{Dispatch, Recorder};
use super::shader::{Limits, POINTS, pack};
use crate::backend::BackendError;
use crate::backend::discretisation::{Discretisation, Link};
use crate::backend::rows::FaceRows;
use crate::parallel::{Communicator, Exchange};
use std::ops::Range;
use std::sync::Arc;
use wgpu::{BindGroup, Buffer, BufferUsages, SubmissionIndex};

/// What one face array exchanges.
pub(super) struct Halo {
    device: Device,
    exchange: Box<dyn Exchange>,
    kernel: Kernel,
    /// By face array the kernel reads.
    bindings: Vec<BindGroup>,
    points: usize,
    send: Buffer,
    staging: Buffer,
    /// Bytes of each message in the send buffer.
    sends: Vec<Range<usize>>,
    /// By message, in order: bytes, and their chunk and place in the face array. Neighbouring rows are one run.
    receives: Vec<Vec<(usize, usize, u64)>>,
    upload: Upload,
}

impl Halo {
    /// Prepares the exchange of rows of `arrays` (one of them each time). `None` when no rank is a neighbour. Collective.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        memory: &mut Memory,
        physics: &Physics,
        limits: Limits,
        disc: &Discretisation,
        rows: &FaceRows,
        chunks: &Chunks,
        communicator: &Arc<dyn Communicator>,
        arrays: &[FaceArray],
    ) -> Result<Option<Halo>, BackendError> {
        if disc.messages.is_empty() {
            return Ok(None);
        }
        let value = size_of(memory.precision);
        let row_bytes = rows.variables * value;
        let (mut send_points, mut sends, mut receives) = (vec![], vec![], vec![]);
        for message in &disc.messages {
            let start = send_points.len();
            for &(block, element, face) in &message.send {
                let offsets = &disc.blocks[block as usize].operators.face_offsets;
                let points = offsets[face as usize + 1] - offsets[face as usize];
                let first = rows.own(block as usize, element as usize, face as usize) / rows.variables;
                send_points.extend((first..first + points).map(|p| p as u32));
            }
            sends.push(start * row_bytes..send_points.len() * row_bytes);
            let mut runs: Vec<(usize, usize, u64)> = vec![];
            for &slot in &message.receive {
                let link = Link::Halo { slot, pairing: 0, left: true };
                let (chunk, point) = chunks.find(rows.beyond(link) / rows.variables);
                let (place, bytes) =
                    ((point * row_bytes) as u64, disc.halo_points[slot as usize] * row_bytes);
                match runs.last_mut() {
                    Some((n, c, at)) if *c == chunk && *at + *n as u64 == place => *n += bytes,
                    _ => runs.push((bytes, chunk, place)),
                }
            }
            receives.push(runs);
        }
        let sizes = |bytes: &dyn Fn(usize) -> usize| -> Vec<_> {
            disc.messages.iter().enumerate().map(|(i, m)| (m.rank, bytes(i))).collect()
        };
        let exchange = Arc::clone(communicator)
            .exchange(&sizes(&|i| sends[i].len()), &sizes(&|i| received(&receives[i])));
        let bytes = (send_points.len() * row_bytes) as u64;
        let points = send_points.len();
        let indices = memory.indices("rows sent", &send_points)?;
        let send = memory.empty("send buffer", bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC)?;
        let staging =
            memory.empty("staging buffer", bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
        let upload = Upload::new(memory, receives.iter().map(|runs| received(runs)).sum::<usize>() as u64)?;
        let device = memory.device.clone();
        let kernel = Kernel::new(&device, &pack(physics, limits, chunks, points))?;
        let bindings = arrays
            .iter()
            .map(|array| {
                kernel.bind(&device, 0, |name| match parse_name(name) {
                    ("face_in", chunk) => array.chunk(chunk.unwrap_or(0)),
                    ("send_points", _) => &indices,
                    _ => &send,
                })
            })
            .collect();
        Ok(Some(Halo { device, exchange, kernel, bindings, points, send, staging, sends, receives, upload }))
    }

    /// Packs the rows of face array `array` and submits all recorded work.
    pub(super) fn pack(&mut self, recorder: &mut Recorder, array: usize) -> SubmissionIndex {
        recorder.run([Dispatch {
            kernel: &self.kernel,
            bindings: &self.bindings[array],
            offsets: vec![],
            groups: self.points.div_ceil(POINTS),
        }]);
        recorder.encoder().copy_buffer_to_buffer(&self.send, 0, &self.staging, 0, self.send.size());
        recorder.submit()
    }

    /// Exchanges what submission `packed` packed and records the copy into the halo rows of `array`. Work submitted
    /// meanwhile runs on.
    pub(super) fn transfer(
        &mut self,
        recorder: &mut Recorder,
        packed: SubmissionIndex,
        array: &FaceArray,
    ) -> Result<(), BackendError> {
        // Its copy was recorded before the rows were packed, and so will have been done.
        self.upload.ask();
        let (exchange, sends) = (&mut self.exchange, &self.sends);
        let bytes = self.staging.size();
        read_staging(&self.device, &self.staging, bytes, packed, |packed| {
            for (i, range) in sends.iter().enumerate() {
                exchange.send_buffer(i).copy_from_slice(&packed[range.clone()]);
            }
        })?;
        self.exchange.start();
        self.exchange.finish();
        let exchange = &mut self.exchange;
        let received = (0..self.receives.len()).map(|i| exchange.receive_buffer(i));
        self.upload.fill(&self.device, received)?;
        let (mut at, encoder) = (0, recorder.encoder());
        for &(bytes, chunk, place) in self.receives.iter().flatten() {
            let bytes = bytes as u64;
            encoder.copy_buffer_to_buffer(&self.upload.buffer, at, array.chunk(chunk), place, bytes);
            at += bytes;
        }
        Ok(())
    }
}

/// Bytes of runs.
fn received(runs: &[(usize, usize, u64)]) -> usize {
    runs.iter().map(|r| r.0).sum()
}
