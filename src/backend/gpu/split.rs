//! Division of blocks into pieces: consecutive elements, few enough for every array of theirs to fit one buffer and one
//! binding of the device. A piece has arrays and dispatches of its own; the kernels are the same for all of a block.

use super::buffers::{Memory, size_of};
use super::extra::Extra;
use super::physics::Physics;
use crate::backend::BackendError;
use crate::backend::discretisation::{Block, Discretisation, Metrics};
use std::ops::Range;

/// Consecutive elements of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) block: usize,
    pub(super) elements: Range<usize>,
    /// Elements of the largest piece of the block.
    pub(super) capacity: usize,
}

/// The pieces of all blocks in order; a block without elements has none.
///
/// # Errors
/// Not even one element fits.
pub(super) fn split(
    memory: &Memory,
    disc: &Discretisation,
    physics: &Physics,
) -> Result<Vec<Piece>, BackendError> {
    let mut pieces = vec![];
    for (b, block) in disc.blocks.iter().enumerate().filter(|(_, block)| !block.is_empty()) {
        let most = most_elements(memory, block, physics)?;
        // Of about the same size.
        let capacity = block.len().div_ceil(block.len().div_ceil(most));
        let starts = (0..block.len()).step_by(capacity);
        pieces.extend(starts.map(|first| Piece {
            block: b,
            elements: first..block.len().min(first + capacity),
            capacity,
        }));
    }
    Ok(pieces)
}

/// Most elements whose arrays each fit a binding.
fn most_elements(memory: &Memory, block: &Block, physics: &Physics) -> Result<usize, BackendError> {
    let (v, d) = (physics.variables, physics.dims);
    let (points, flux_points, faces) =
        (block.points_per_element(), block.flux_points_per_element(), block.faces_per_element());
    let (metrics, normals) = match block.metrics {
        Metrics::Affine { .. } => (d * d + 1, faces * (d + 1)),
        Metrics::Pointwise { .. } => ((d * d + 1) * points, (d + 1) * flux_points),
    };
    let size = size_of(memory.precision);
    let extra = Extra::new(physics, block, 1, None);
    let limit = memory.limit();
    // Bytes an element and bytes besides, of each array.
    let arrays = [
        (points * v * size, 0),
        (flux_points * v * size, 0),
        (metrics * size, 0),
        (normals * size, 0),
        (faces * 2 * std::mem::size_of::<u32>(), 0),
        (extra.per_element * size, extra.shared * size),
        (2 * size, 0),
    ];
    let fits = |&(each, besides): &(usize, usize)| limit.saturating_sub(besides as u64) / each.max(1) as u64;
    let most = arrays.iter().map(fits).min().unwrap_or(0) as usize;
    if most == 0 {
        return Err(BackendError::Memory {
            device: memory.device.info.name.clone(),
            what: format!(
                "one array of a {} of order {}",
                block.operators.shape.name(),
                block.operators.order
            ),
            needed: arrays.iter().map(|a| a.0 + a.1).max().unwrap_or(0) as u64,
            limit,
        });
    }
    Ok(most)
}
