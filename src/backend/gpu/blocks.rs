//! Device arrays of the pieces of blocks and of the boundaries.
//!
//! Registers are `[element][variable][point]`, the canonical layout: neighbouring invocations (points) touch neighbouring
//! words. Face arrays are rows `[flux point][variable]` (see [`FaceRows`]), so that what a neighbour or another rank needs
//! of a point lies together, and a halo message is a copy of rows.

use super::buffers::Memory;
use super::chunks::Chunks;
use super::extra::Extra;
use super::kernels::RANGE_BYTES;
use super::operators::dense_operators;
use super::physics::Physics;
use super::split::Piece;
use crate::backend::BackendError;
use crate::backend::discretisation::{Block, Discretisation, Link, Metrics, Normals};
use crate::backend::problem::{BoundaryData, CONTROL, TIME};
use crate::backend::rows::FaceRows;
use std::ops::Range;
use wgpu::{Buffer, BufferUsages};

/// Distance of places in a buffer of ranges: what every device aligns to.
const RANGE_STRIDE: usize = 256;

/// Which elements of a piece a kernel works on.
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

    /// First element, counted from that of the piece, and number of elements; `interior` is the block's.
    pub(super) fn range(self, elements: &Range<usize>, interior: usize) -> (usize, usize) {
        let inside = interior.clamp(elements.start, elements.end) - elements.start;
        match self {
            Part::Whole => (0, elements.len()),
            Part::Interior => (0, inside),
            Part::Rest => (inside, elements.len() - inside),
        }
    }
}

/// Device arrays of a piece. Elements are counted from its first.
pub(super) struct PieceArrays {
    pub(super) piece: Piece,
    /// Chunk of the face arrays where its rows lie.
    pub(super) chunk: usize,
    /// By [`Part`]: first element and number of elements, first flux point of the piece in all and in its chunk.
    pub(super) ranges: Buffer,
    pub(super) links: Buffer,
    pub(super) metrics: Buffer,
    pub(super) normals: Buffer,
    pub(super) operators: Option<Buffer>,
    /// See [`Extra`].
    pub(super) extra: Option<Buffer>,
    /// Bounds of the entropies of the elements, where there is a filter.
    pub(super) bounds: Option<Buffer>,
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

impl PieceArrays {
    /// `operators` are the block's ([`operators_of`]).
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        memory: &mut Memory,
        disc: &Discretisation,
        piece: Piece,
        rows: &FaceRows,
        chunks: &Chunks,
        pairs: &Pairs,
        operators: Option<Buffer>,
        given: &Normals,
        registers: usize,
        physics: &Physics,
    ) -> Result<PieceArrays, BackendError> {
        let block = &disc.blocks[piece.block];
        let elements = piece.elements.clone();
        let variables = rows.variables;
        let values = elements.len() * block.points_per_element() * variables;
        let first_point = rows.own(piece.block, elements.start, 0) / variables;
        let (chunk, in_chunk) = chunks.find(first_point);
        let mut ranges = vec![0u32; 3 * RANGE_STRIDE / 4];
        for part in [Part::Whole, Part::Interior, Part::Rest] {
            let (first, count) = part.range(&elements, block.interior);
            let at = part.offset() as usize / 4;
            ranges[at..at + 4].copy_from_slice(&[first, count, first_point, in_chunk].map(|x| x as u32));
        }
        debug_assert!(RANGE_BYTES as usize <= RANGE_STRIDE);
        let faces = block.faces_per_element();
        let links: Vec<u32> = block.faces[elements.start * faces..elements.end * faces]
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
        let extra = Extra::new(physics, block, piece.capacity, Some(elements.clone())).values;
        let bounds = match physics.filter {
            Some(_) => Some(memory.numbers("bounds of entropies", elements.len())?),
            None => None,
        };
        Ok(PieceArrays {
            piece,
            chunk,
            extra: if extra.is_empty() { None } else { Some(memory.values("quadrature and modes", extra)?) },
            bounds,
            ranges: memory.filled("ranges", bytemuck::cast_slice(&ranges), BufferUsages::UNIFORM)?,
            links: memory.indices("links", &links)?,
            metrics: memory.values("metric terms", metrics(block, &elements, disc.dims))?,
            normals: memory.values("normals", normals(block, given, &elements, disc.dims))?,
            operators,
            registers: (0..registers).map(|_| register(memory, "a register")).collect::<Result<_, _>>()?,
            part: if physics.viscous { Some(register(memory, "the right-hand side")?) } else { None },
        })
    }
}

/// Dense operators of a block of another shape than tensor products.
pub(super) fn operators_of(memory: &mut Memory, block: &Block) -> Result<Option<Buffer>, BackendError> {
    match block.operators.line {
        Some(_) => Ok(None),
        None => memory.values("operators", dense_operators(&block.operators)).map(Some),
    }
}

/// `S` and `1 / |J|`: `[element][value]`, or `[element][value][point]` where they differ from point to point.
fn metrics(block: &Block, elements: &Range<usize>, dims: usize) -> Vec<f64> {
    let points = match block.metrics {
        Metrics::Affine { .. } => 1,
        Metrics::Pointwise { .. } => block.points_per_element(),
    };
    let mut values = Vec::with_capacity(elements.len() * (dims * dims + 1) * points);
    for e in elements.clone() {
        for i in 0..dims * dims {
            values.extend((0..points).map(|p| block.metric(e, p, dims).0[i]));
        }
        values.extend((0..points).map(|p| 1.0 / block.metric(e, p, dims).1));
    }
    values
}

/// Normals and areas: `[element][face][n, area]`, or `[element][n, area][flux point]`.
fn normals(block: &Block, given: &Normals, elements: &Range<usize>, dims: usize) -> Vec<f64> {
    let mut values = vec![];
    match &block.metrics {
        Metrics::Affine { .. } => {
            let faces = block.faces_per_element();
            for face in elements.start * faces..elements.end * faces {
                values.extend_from_slice(&given.unit[face * dims..(face + 1) * dims]);
                values.push(given.area[face]);
            }
        }
        Metrics::Pointwise { .. } => {
            let points = block.flux_points_per_element();
            for e in elements.clone() {
                for d in 0..dims {
                    values.extend((0..points).map(|j| block.normal(given, e, j, dims).0[d]));
                }
                values.extend((0..points).map(|j| block.normal(given, e, j, dims).1));
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
            let inside = rows.own(b, e, face.face as usize) / rows.variables;
            let expressions = &boundaries[face.boundary as usize].data;
            for (j, x) in face.coordinates.chunks_exact(3).enumerate() {
                let at = slot * stride + j;
                own[at] = (inside + j) as u32;
                kinds[at] = face.boundary.into();
                normals[at * dims..(at + 1) * dims].copy_from_slice(&face.normals[j * dims..(j + 1) * dims]);
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
