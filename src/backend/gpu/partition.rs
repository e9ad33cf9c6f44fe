//! How many elements a workgroup takes, and how many variables at a time.

use super::physics::Physics;
use super::shader::Limits;
use crate::backend::{BackendError, Precision};
use crate::element::Operators;

/// How the elements of a block are given to workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Elements a workgroup.
    pub elements: usize,
    /// Invocations a workgroup.
    pub threads: usize,
    /// Variables in workgroup memory at a time.
    pub chunk: usize,
}

/// Aims: at least about 128 invocations a workgroup, all variables in workgroup memory at once, never more than 32 KiB
/// of it (so that several workgroups share a processor of the device).
///
/// # Errors
/// Not even one variable of one element fits.
pub fn partition(
    physics: &Physics,
    operators: &Operators,
    limits: Limits,
) -> Result<Partition, BackendError> {
    let (points, flux_points) = (operators.points.nrows(), operators.flux_points.nrows());
    let size = if physics.precision == Precision::Double { 8 } else { 4 };
    // Kernels with quadrature and filters put other things into the same place.
    let rule_points = operators.quadrature.as_ref().map_or(0, |q| q.up.nrows());
    let tile = tile_per_variable(physics, points, rule_points);
    let variable = (tile + flux_points) * size;
    // What the filter keeps of an element besides: means, least constraints, strength.
    let filter = if physics.filter.is_some() { (2 * physics.variables + 10) * size } else { 0 };
    let memory = limits.workgroup_memory.min(32 << 10);
    let width = points.max(flux_points);
    let mut elements = (128 / width).max(1);
    while elements > 1 && elements * (variable * physics.variables + filter) > memory {
        elements -= 1;
    }
    let most = physics.variables.min(memory.saturating_sub(elements * filter) / (elements * variable));
    if most == 0 {
        return Err(BackendError::Memory {
            device: "the device's workgroups".into(),
            what: format!("one variable of a {} of order {}", operators.shape.name(), operators.order),
            needed: variable as u64,
            limit: memory as u64,
        });
    }
    // Chunks of about the same size.
    let chunk = physics.variables.div_ceil(physics.variables.div_ceil(most));
    let threads = (elements * width).next_multiple_of(32).min(limits.invocations).min(512);
    Ok(Partition { elements, threads, chunk })
}

/// Numbers in the tile an element and variable of a chunk.
pub(super) fn tile_per_variable(physics: &Physics, points: usize, rule_points: usize) -> usize {
    (physics.dims * points).max(rule_points)
}
