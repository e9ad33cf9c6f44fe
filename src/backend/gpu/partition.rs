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

/// Subgroups of the widest devices; those of others divide it.
const SUBGROUP: usize = 64;

/// Aims: whole subgroups (small elements share one), at least about 128 invocations a workgroup but no more than 256
/// unless an element needs them, all variables in workgroup memory at once, never more than 32 KiB of it (so that several
/// workgroups share a processor of the device).
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
    let elements = fill_subgroups(width, memory / (variable * physics.variables + filter));
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

/// The number of elements of `width` invocations each, at most `most` if that is not none, that leaves the smallest share
/// of subgroups idle; the smallest of several such numbers.
fn fill_subgroups(width: usize, most: usize) -> usize {
    let smallest = (2 * SUBGROUP / width).max(1).min(most.max(1));
    let largest = (4 * SUBGROUP / width).min(most).max(smallest);
    // Invocations an element, in units too small to be lost by rounding.
    let taken = |elements: usize| ((elements * width).next_multiple_of(SUBGROUP) << 16) / elements;
    (smallest..=largest).min_by_key(|&elements| taken(elements)).unwrap_or(1)
}

/// Numbers in the tile an element and variable of a chunk.
pub(super) fn tile_per_variable(physics: &Physics, points: usize, rule_points: usize) -> usize {
    (physics.dims * points).max(rule_points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_elements_fill_subgroups() {
        // Triangles of order 1 have six flux points, tetrahedra of order 3 forty, prisms 68, hexahedra 96.
        assert_eq!(fill_subgroups(6, usize::MAX), 32);
        assert_eq!(fill_subgroups(40, usize::MAX), 3);
        assert_eq!(fill_subgroups(68, usize::MAX), 3);
        assert_eq!(fill_subgroups(96, usize::MAX), 2);
        for width in 1..=SUBGROUP {
            let invocations = width * fill_subgroups(width, usize::MAX);
            let idle = invocations.next_multiple_of(SUBGROUP) - invocations;
            assert!((65..=256).contains(&invocations) && 4 * idle <= invocations, "{width}: {invocations}");
        }
    }

    #[test]
    fn memory_comes_first() {
        assert_eq!(fill_subgroups(6, 5), 5);
        assert_eq!(fill_subgroups(150, 0), 1);
        assert_eq!(fill_subgroups(500, usize::MAX), 1);
    }
}
