//! Functions of the solution. Their sums over elements: a kernel leaves a number an element and function, which the host adds up
//! exactly. Their averages over time: a kernel adds to arrays that stay on the device.

use super::blocks::Part;
use super::buffers::{Memory, decode, encode, read_staging, size_of};
use super::emit;
use super::kernels::Source;
use super::plan::Plan;
use super::shader::BlockShader;
use super::split::Piece;
use super::state::{Gpu, Pass};
use super::trace::trace;
use crate::backend::functions::{Functions, Gather, fill};
use crate::backend::{BackendError, Precision, Stage};
use crate::physics::Real;
use crate::physics::system::System;
use wgpu::{Buffer, BufferUsages};

/// Functions as WGSL.
pub(super) struct Traced {
    /// `functions`: the state, its gradient where that is needed, the time.
    pub(super) text: String,
    /// Whether elementary functions are called.
    pub(super) elementary: bool,
    pub(super) gradients: bool,
    pub(super) count: usize,
    pub(super) gather: Gather,
}

/// What traces functions of the primitive variables of a system, which the backend does not know by type.
pub(super) type Tracer = Box<dyn Fn(&Functions) -> Result<Traced, BackendError> + Send>;

/// The tracer of a system.
pub(super) fn tracer<const D: usize, const V: usize, S: System<D, V>>(
    system: S,
    precision: Precision,
) -> Tracer {
    Box::new(move |functions| {
        let gradients = functions.needs_gradients();
        let graph = trace(precision, |inputs| {
            let u = inputs.array::<V>("u");
            let slopes = gradients.then(|| inputs.list("gradient", D * V));
            let slopes = slopes.map(|s| std::array::from_fn(|d| std::array::from_fn(|v| s[d * V + v])));
            let t = inputs.scalar("t");
            let mut variables = vec![Real::from_f64(0.0); functions.variables()];
            fill::<D, V, S, _>(&system, &u, slopes.as_ref(), t, &mut variables);
            functions.list.iter().map(|f| functions.gather.term(f.eval(&variables))).collect()
        });
        let mut text = emit::Functions::default();
        text.add("functions", &graph)?;
        let (count, gather) = (functions.list.len(), functions.gather);
        Ok(Traced { text: text.text, elementary: text.elementary, gradients, count, gather })
    })
}

/// Functions that were made known.
pub(super) struct Known {
    traced: Traced,
    pieces: Vec<PieceSums>,
}

struct PieceSums {
    weights: Buffer,
    sums: Buffer,
    staging: Buffer,
    /// `[element][last ones, sums][point]`, where there are averages.
    averages: Option<Buffer>,
}

impl Known {
    /// The buffer of a piece with this name, if there is one.
    pub(super) fn buffer(&self, piece: usize, name: &str) -> Option<&Buffer> {
        let PieceSums { weights, sums, averages, .. } = &self.pieces[piece];
        match name {
            "weights" => Some(weights),
            "sums" => Some(sums),
            _ => averages.as_ref(),
        }
    }
}

impl Gpu {
    /// Takes functions, or leaves them to the host. (Without second derivatives there is no kernel that makes gradients.)
    pub(super) fn know(&mut self, functions: &Functions) -> Result<Option<usize>, BackendError> {
        if functions.needs_places() || (functions.needs_gradients() && !self.physics.viscous) {
            return Ok(None);
        }
        // What shaders cannot hold (constants that are not finite) the host can.
        let Ok(traced) = (self.tracer)(functions) else { return Ok(None) };
        let mut memory =
            Memory { device: self.device.clone(), precision: self.physics.precision, bytes: self.memory };
        let mut pieces = vec![];
        for arrays in &self.pieces {
            let piece = &arrays.piece;
            let weights = &self.disc.blocks[piece.block].operators.weights;
            let sums = memory.numbers("sums of elements", traced.count * piece.elements.len())?;
            let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
            let staging = memory.empty("staging buffer", sums.size(), usage)?;
            let weights = memory.values("weights", weights.iter().copied())?;
            pieces.push(PieceSums { weights, sums, staging, averages: None });
        }
        self.memory = memory.bytes;
        self.functions.push(Known { traced, pieces });
        self.device.check()?;
        Ok(Some(self.functions.len() - 1))
    }

    /// Runs a pass that evaluates functions. Collective.
    fn evaluate(
        &mut self,
        number: usize,
        register: usize,
        pass: &Pass,
        t: f64,
        half: f64,
    ) -> Result<(), BackendError> {
        if self.recorder.is_full() {
            self.recorder.flush();
        }
        // As a stage without updates, whose second parameter is free.
        let stage = Stage { eval: register, c: 0.0, updates: vec![], next: register };
        let controls = self.physics.controlled.then_some(&self.controls[..]);
        let mut parameters = Plan::parameters(&stage, t, 0.0, self.physics.precision, controls);
        parameters.resize(parameters.len().max(2), 0.0);
        parameters[1] = half;
        if !self.functions[number].traced.gradients {
            let place = self.recorder.place(&parameters)?;
            return self.record(pass, Part::Whole, place);
        }
        if self.prepared != Some(register) {
            // The next stage prepares them anew, and filters them where there is a filter.
            self.prepared = None;
            self.record(&Pass::Interpolate(register), Part::Whole, 0)?;
        }
        self.exchanged(pass, false, &parameters)
    }

    /// Sums of functions over the elements, by block, `[element][function]`. Collective.
    pub(super) fn summed(
        &mut self,
        number: usize,
        register: usize,
        t: f64,
    ) -> Result<Vec<Vec<f64>>, BackendError> {
        self.evaluate(number, register, &Pass::Sums(number, register), t, 0.0)?;
        let precision = self.physics.precision;
        for sums in &self.functions[number].pieces {
            let encoder = self.recorder.encoder();
            encoder.copy_buffer_to_buffer(&sums.sums, 0, &sums.staging, 0, sums.sums.size());
        }
        let done = self.recorder.submit();
        let known = &self.functions[number];
        let mut blocks: Vec<Vec<f64>> = vec![vec![]; self.disc.blocks.len()];
        for (sums, arrays) in known.pieces.iter().zip(&self.pieces) {
            let mut values = vec![0.0; known.traced.count * arrays.piece.elements.len()];
            let bytes = (values.len() * size_of(precision)) as u64;
            let read = |bytes: &[u8]| decode(bytes, precision, &mut values);
            read_staging(&self.device, &sums.staging, bytes, done.clone(), read)?;
            blocks[arrays.piece.block].extend(values);
        }
        self.device.check()?;
        Ok(blocks)
    }

    /// Makes room for averages.
    pub(super) fn make_averages(&mut self, number: usize) -> Result<(), BackendError> {
        let mut memory =
            Memory { device: self.device.clone(), precision: self.physics.precision, bytes: self.memory };
        let count = 2 * self.functions[number].traced.count;
        for (known, arrays) in self.functions[number].pieces.iter_mut().zip(&self.pieces) {
            let points = self.disc.blocks[arrays.piece.block].points_per_element();
            let numbers = memory.numbers("averages", count * points * arrays.piece.elements.len())?;
            known.averages = Some(numbers);
            self.memory = memory.bytes;
        }
        // Kernels that know the buffers of before.
        self.passes.retain(|pass, _| !matches!(pass, Pass::Averages(n, _) if *n == number));
        self.device.check()
    }

    /// Gives the room for averages back.
    pub(super) fn forget_averages(&mut self, number: usize) {
        for known in &mut self.functions[number].pieces {
            self.memory -= known.averages.take().map_or(0, |buffer| buffer.size());
        }
    }

    /// One look at the solution for averages. Collective.
    pub(super) fn averaged(
        &mut self,
        number: usize,
        register: usize,
        t: f64,
        half: f64,
    ) -> Result<(), BackendError> {
        self.evaluate(number, register, &Pass::Averages(number, register), t, half)?;
        self.device.check()
    }

    /// Numbers of averages an element of a piece.
    fn averages_per_element(&self, number: usize, piece: usize) -> usize {
        let block = &self.disc.blocks[self.pieces[piece].piece.block];
        2 * self.functions[number].traced.count * block.points_per_element()
    }

    /// Averages, block by block `[element][last ones, sums][point]`.
    pub(super) fn averages(&mut self, number: usize) -> Result<Vec<Vec<f64>>, BackendError> {
        let precision = self.physics.precision;
        let part = self.staging.size() as usize / size_of(precision);
        let mut blocks: Vec<Vec<f64>> = vec![vec![]; self.disc.blocks.len()];
        for piece in 0..self.pieces.len() {
            let Piece { block, elements, .. } = &self.pieces[piece].piece;
            let mut values = vec![0.0; self.averages_per_element(number, piece) * elements.len()];
            let Some(buffer) = &self.functions[number].pieces[piece].averages else { continue };
            for (i, values) in values.chunks_mut(part).enumerate() {
                let (place, bytes) =
                    ((i * part * size_of(precision)) as u64, values.len() * size_of(precision));
                let encoder = self.recorder.encoder();
                encoder.copy_buffer_to_buffer(buffer, place, &self.staging, 0, bytes as u64);
                let done = self.recorder.submit();
                let read = |bytes: &[u8]| decode(bytes, precision, values);
                read_staging(&self.device, &self.staging, bytes as u64, done, read)?;
            }
            blocks[*block].extend(values);
        }
        self.device.check()?;
        Ok(blocks)
    }

    /// Sets them.
    pub(super) fn set_averages(&mut self, number: usize, blocks: &[Vec<f64>]) -> Result<(), BackendError> {
        self.recorder.flush();
        for piece in 0..self.pieces.len() {
            let Piece { block, elements, .. } = &self.pieces[piece].piece;
            let each = self.averages_per_element(number, piece);
            let values = &blocks[*block][elements.start * each..elements.end * each];
            let Some(buffer) = &self.functions[number].pieces[piece].averages else { continue };
            let part = 1 << 20;
            for (i, values) in values.chunks(part).enumerate() {
                let bytes = encode(values.iter().copied(), self.physics.precision);
                let at = (i * part * size_of(self.physics.precision)) as u64;
                self.device.queue.write_buffer(buffer, at, &bytes);
            }
        }
        self.device.check()
    }

    /// The source of a kernel of functions.
    pub(super) fn functions_source(&self, shader: &BlockShader, number: usize, averages: bool) -> Source {
        shader.functions(&self.functions[number].traced, averages)
    }
}
