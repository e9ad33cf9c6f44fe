//! Device arrays of the blocks, of the faces and of the boundaries.
//!
//! Registers are `[element][variable][point]`, the canonical layout: neighbouring invocations (points) touch neighbouring
//! words. Face arrays are rows `[flux point][variable]` (see [`FaceRows`]), so that what a neighbour or another rank needs
//! of a point lies together, and a halo message is a copy of rows.

use super::buffers::{Memory, size_of};
use super::kernels::RANGE_BYTES;
use super::operators::dense_operators;
use crate::backend::discretisation::{Block, Discretisation, Link, Metrics};
use crate::backend::problem::{BoundaryData, CONTROL, TIME};
use crate::backend::rows::FaceRows;
use crate::backend::{BackendError, Precision};
use wgpu::{Buffer, BufferUsages};

/// Distance of places in a buffer of ranges: what every device aligns to.
const RANGE_STRIDE: usize = 256;

/// Which elements of a block a kernel works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of them.
    Whole,
    /// Those that touch no other rank.
    Interior,
    /// The others.
    Rest,
}

impl Part {
    /// Place in the buffer of ranges.
    pub(super) fn offset(self) -> u32 {
        self as u32 * RANGE_STRIDE as u32
    }

    /// First element and number of elements.
    pub(super) fn range(self, block: &Block) -> (usize, usize) {
        match self {
            Part::Whole => (0, block.len()),
            Part::Interior => (0, block.interior),
            Part::Rest => (block.interior, block.len() - block.interior),
        }
    }
}

/// Device arrays of a block that has elements.
pub(super) struct BlockArrays {
    pub(super) ranges: Buffer,
    pub(super) links: Buffer,
    pub(super) metrics: Buffer,
    pub(super) normals: Buffer,
    pub(super) operators: Option<Buffer>,
    pub(super) registers: Vec<Buffer>,
    /// Unfinished right-hand side between the passes of a viscous stage.
    pub(super) part: Option<Buffer>,
}

/// Permutations of flux points one after the other, the identity first, and where each begins.
pub(super) struct Pairs {
    pub(super) buffer: Buffer,
    starts: Vec<u32>,
}

impl Pairs {
    pub(super) fn new(memory: &mut Memory, disc: &Discretisation) -> Result<Pairs, BackendError> {
        let longest = disc.blocks.iter().map(|b| b.flux_points_per_element()).max().unwrap_or(1);
        let mut values: Vec<u32> = (0..longest as u32).collect();
        let mut starts = vec![];
        for pairing in &disc.pairings {
            starts.push(values.len() as u32);
            values.extend(pairing.iter().map(|&j| u32::from(j)));
        }
        Ok(Pairs { buffer: memory.indices("pairings", &values)?, starts })
    }
}

impl BlockArrays {
    pub(super) fn new(
        memory: &mut Memory,
        disc: &Discretisation,
        index: usize,
        rows: &FaceRows,
        pairs: &Pairs,
        registers: usize,
        viscous: bool,
    ) -> Result<BlockArrays, BackendError> {
        let block = &disc.blocks[index];
        let variables = rows.variables;
        let values = block.len() * block.points_per_element() * variables;
        // Kernels count with 32 bits.
        if u32::try_from(values).is_err() || u32::try_from(rows.len).is_err() {
            return Err(BackendError::Memory {
                device: memory.device.info.name.clone(),
                what: "one array of a rank (use more ranks)".into(),
                needed: (values.max(rows.len) * size_of(memory.precision)) as u64,
                limit: u64::from(u32::MAX) * size_of(memory.precision) as u64,
            });
        }
        let mut ranges = vec![0u32; 3 * RANGE_STRIDE / 4];
        for part in [Part::Whole, Part::Interior, Part::Rest] {
            let (first, count) = part.range(block);
            let at = part.offset() as usize / 4;
            ranges[at..at + 2].copy_from_slice(&[first as u32, count as u32]);
        }
        debug_assert!(RANGE_BYTES as usize <= RANGE_STRIDE);
        let links: Vec<u32> = block
            .faces
            .iter()
            .flat_map(|&link| {
                let (pairing, boundary) = match link {
                    Link::Element { pairing, .. } | Link::Halo { pairing, .. } => {
                        (pairs.starts[pairing as usize], 0)
                    }
                    Link::Boundary { .. } => (0, 1),
                };
                let first = (rows.beyond(link) / variables) as u32;
                [first, pairing << 2 | boundary << 1 | u32::from(link.is_left())]
            })
            .collect();
        let register = |memory: &mut Memory, what: &str| memory.numbers(what, values);
        let operators = match block.operators.line {
            Some(_) => None,
            None => Some(memory.values("operators", dense_operators(&block.operators))?),
        };
        Ok(BlockArrays {
            ranges: memory.filled("ranges", bytemuck::cast_slice(&ranges), BufferUsages::UNIFORM)?,
            links: memory.indices("links", &links)?,
            metrics: memory.values("metric terms", metrics(block, disc.dims))?,
            normals: memory.values("normals", normals(block, disc.dims))?,
            operators,
            registers: (0..registers).map(|_| register(memory, "a register")).collect::<Result<_, _>>()?,
            part: if viscous { Some(register(memory, "the right-hand side")?) } else { None },
        })
    }
}

/// `S` and `1 / |J|`: `[element][value]`, or `[element][value][point]` where they differ from point to point.
fn metrics(block: &Block, dims: usize) -> Vec<f64> {
    let points = match block.metrics {
        Metrics::Affine { .. } => 1,
        Metrics::Pointwise { .. } => block.points_per_element(),
    };
    let mut values = Vec::with_capacity(block.len() * (dims * dims + 1) * points);
    for e in 0..block.len() {
        for i in 0..dims * dims {
            values.extend((0..points).map(|p| block.metric(e, p, dims).0[i]));
        }
        values.extend((0..points).map(|p| 1.0 / block.metric(e, p, dims).1));
    }
    values
}

/// Normals and areas: `[element][face][n, area]`, or `[element][n, area][flux point]`.
fn normals(block: &Block, dims: usize) -> Vec<f64> {
    let mut values = vec![];
    match &block.metrics {
        Metrics::Affine { normal, area, .. } => {
            for (n, a) in normal.chunks_exact(dims).zip(area) {
                values.extend_from_slice(n);
                values.push(*a);
            }
        }
        Metrics::Pointwise { .. } => {
            let points = block.flux_points_per_element();
            for e in 0..block.len() {
                for d in 0..dims {
                    values.extend((0..points).map(|j| block.normal(e, j, dims).0[d]));
                }
                values.extend((0..points).map(|j| block.normal(e, j, dims).1));
            }
        }
    }
    values
}

/// Device arrays of boundary flux points, in the order of their rows; rows are padded to the same length.
pub(super) struct Ghosts {
    /// Flux points, padding included.
    pub(super) count: usize,
    /// Flux point inside.
    pub(super) own: Buffer,
    pub(super) normals: Buffer,
    /// Boundary; a number that no boundary has in the padding.
    pub(super) kinds: Buffer,
    /// `[point][key]`.
    pub(super) data: Buffer,
    /// `[point][3]`.
    pub(super) points: Buffer,
}

impl Ghosts {
    pub(super) fn new<B>(
        memory: &mut Memory,
        disc: &Discretisation,
        rows: &FaceRows,
        boundaries: &[BoundaryData<B>],
        keys: usize,
    ) -> Result<Ghosts, BackendError> {
        let dims = disc.dims;
        let stride = rows.boundary_stride / rows.variables;
        let count = disc.boundary_faces.len() * stride;
        let (mut own, mut kinds) = (vec![0u32; count], vec![u32::MAX; count]);
        let (mut normals, mut data, mut points) =
            (vec![0.0; count * dims], vec![0.0; count * keys], vec![0.0; count * 3]);
        for (slot, face) in disc.boundary_faces.iter().enumerate() {
            let (b, e) = (face.block as usize, face.element as usize);
            let block = &disc.blocks[b];
            let first = block.operators.face_offsets[face.face as usize];
            let inside = rows.own(b, e, face.face as usize) / rows.variables;
            let expressions = &boundaries[face.boundary as usize].data;
            for (j, x) in face.coordinates.chunks_exact(3).enumerate() {
                let at = slot * stride + j;
                own[at] = (inside + j) as u32;
                kinds[at] = face.boundary.into();
                normals[at * dims..(at + 1) * dims].copy_from_slice(block.normal(e, first + j, dims).0);
                points[at * 3..at * 3 + 3].copy_from_slice(x);
                for (k, expression) in expressions.iter().enumerate() {
                    // Those that depend on time or a control are evaluated on the device at every stage.
                    if !expression.depends_on(TIME) && !expression.depends_on(CONTROL) {
                        data[at * keys + k] = expression.eval_f64(&[x[0], x[1], x[2], 0.0, 0.0]);
                    }
                }
            }
        }
        Ok(Ghosts {
            count,
            own: memory.indices("boundary faces", &own)?,
            kinds: memory.indices("boundary kinds", &kinds)?,
            normals: memory.values("boundary normals", normals)?,
            data: memory.values("boundary data", data)?,
            points: memory.values("boundary points", points)?,
        })
    }
}

/// Bytes of `points` values of one variable of a register.
pub(super) fn register_bytes(block: &Block, variables: usize, precision: Precision) -> usize {
    block.len() * block.points_per_element() * variables * size_of(precision)
}
