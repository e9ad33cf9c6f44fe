//! The order of elements and nodes: near in space, near in memory.

use super::collect::{Surface, Volume};
use super::error::{At, ConnectError, Place};
use super::{CHUNK, Stage};
use crate::mesh::order::{Curve, sorted_by_key};
use crate::mesh::raw::Group;
use crate::mesh::{Progress, mean};
use rayon::prelude::*;

/// Marks nodes that no element has used.
const UNUSED: u32 = u32::MAX;

/// Sorts the elements of each block along a space-filling curve if `sort`, drops nodes that no element uses and numbers
/// the others, by first use if `sort`, else in their present order. Returns how many nodes are left.
///
/// # Errors
/// Boundary elements with nodes that no volume element has.
pub fn renumber(
    volume: &mut Volume,
    surfaces: &mut [Surface],
    groups: &[Group],
    sort: bool,
    progress: &Progress,
) -> Result<usize, ConnectError> {
    if sort {
        sort_elements(volume, progress);
    }
    let mut new = vec![UNUSED; volume.nodes.len()];
    let mut old: Vec<u32> = Vec::with_capacity(volume.nodes.len());
    if sort {
        for node in volume.blocks.iter_mut().flat_map(|b| &mut b.nodes) {
            let slot = &mut new[*node as usize];
            if *slot == UNUSED {
                *slot = old.len() as u32;
                old.push(*node);
            }
            *node = *slot;
        }
    } else {
        volume.blocks.iter().flat_map(|b| &b.nodes).for_each(|&n| new[n as usize] = 0);
        for (n, slot) in new.iter_mut().enumerate().filter(|(_, slot)| **slot == 0) {
            *slot = old.len() as u32;
            old.push(n as u32);
        }
        volume.blocks.par_iter_mut().for_each(|b| b.nodes.par_iter_mut().for_each(|n| *n = new[*n as usize]));
    }
    for surface in surfaces {
        if let Some(i) = surface.vertices.par_iter().position_first(|&n| new[n as usize] == UNUSED) {
            let per = surface.shape.vertices().len();
            let e = i / per;
            let vertices = &surface.vertices[e * per..(e + 1) * per];
            let points: Vec<[f64; 3]> = vertices.iter().map(|&n| volume.nodes[n as usize]).collect();
            return Err(ConnectError::BoundaryOffVolume {
                group: groups[surface.groups[e] as usize].name.clone(),
                place: Place {
                    shape: surface.shape.name(),
                    number: surface.numbers[e],
                    at: At(mean(&points)),
                },
            });
        }
        surface.vertices.par_iter_mut().for_each(|n| *n = new[*n as usize]);
    }
    drop(new);
    volume.nodes = old.par_iter().map(|&n| volume.nodes[n as usize]).collect();
    Ok(old.len())
}

fn sort_elements(volume: &mut Volume, progress: &Progress) {
    let stage = Stage::new("ordering elements", volume.len(), progress);
    let curve = curve(volume);
    for b in 0..volume.blocks.len() {
        let block = &volume.blocks[b];
        let per = block.per_element();
        let order = sorted_by_key(block.len(), |e| {
            let (vertices, n) = volume.vertices(block, block.element(e));
            curve.position(mean(&vertices[..n]))
        });
        let mut nodes = vec![0; block.nodes.len()];
        let rows = nodes.par_chunks_mut(per * CHUNK).zip(order.par_chunks(CHUNK));
        rows.for_each(|(rows, order)| {
            for (row, &e) in rows.chunks_exact_mut(per).zip(order) {
                row.copy_from_slice(block.element(e as usize));
            }
            stage.add(order.len());
        });
        let origin = order.par_iter().map(|&e| block.origin[e as usize]).collect();
        let block = &mut volume.blocks[b];
        (block.nodes, block.origin) = (nodes, origin);
    }
}

/// The curve through the elements of the mesh.
fn curve(volume: &Volume) -> Curve {
    let mut sums = Vec::new();
    for block in &volume.blocks {
        // Sums of fixed pieces, added up in their order: the same with any number of threads.
        sums.par_extend(block.nodes.par_chunks(block.per_element() * CHUNK).map(|nodes| {
            let (mut low, mut high, mut sum) = ([f64::MAX; 3], [f64::MIN; 3], [0.0; 3]);
            for element in nodes.chunks_exact(block.per_element()) {
                let (vertices, n) = volume.vertices(block, element);
                for d in 0..3 {
                    let (a, b) = vertices[..n]
                        .iter()
                        .fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x[d]), b.max(x[d])));
                    low[d] = low[d].min(a);
                    high[d] = high[d].max(b);
                    sum[d] += b - a;
                }
            }
            (low, high, sum)
        }));
    }
    let (mut low, mut high, mut sum) = ([f64::MAX; 3], [f64::MIN; 3], [0.0; 3]);
    for part in &sums {
        for d in 0..3 {
            low[d] = part.0[d].min(low[d]);
            high[d] = part.1[d].max(high[d]);
            sum[d] += part.2[d];
        }
    }
    Curve::new(volume.dims, low, high, sum.map(|s| s / volume.len() as f64))
}
