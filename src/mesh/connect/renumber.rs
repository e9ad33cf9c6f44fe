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
/// the others, by first use if `sort`, else in their present order. Returns what is wrong with the first boundary element
/// that has a node of no volume element: what is wrong with the volume is told first.
pub fn renumber(
    volume: &mut Volume,
    surfaces: &mut [Surface],
    groups: &[Group],
    sort: bool,
    progress: &Progress,
) -> Option<ConnectError> {
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
    let mut off_volume = None;
    for surface in surfaces {
        let unused = surface.vertices.par_iter().position_first(|&n| new[n as usize] == UNUSED);
        if let (Some(i), None) = (unused, &off_volume) {
            let per = surface.shape.vertices().len();
            let e = i / per;
            let vertices = &surface.vertices[e * per..(e + 1) * per];
            let points: Vec<[f64; 3]> = vertices.iter().map(|&n| volume.nodes[n as usize]).collect();
            let (number, at) = (surface.numbers.get(e), At(mean(&points)));
            let place = Place { shape: surface.shape.name(), number, at };
            let group = groups[surface.groups[e] as usize].name.clone();
            off_volume = Some(ConnectError::BoundaryOffVolume { group, place });
        }
        surface.vertices.par_iter_mut().for_each(|n| *n = new[*n as usize]);
    }
    drop(new);
    volume.nodes = old.par_iter().map(|&n| volume.nodes[n as usize]).collect();
    off_volume
}

fn sort_elements(volume: &mut Volume, progress: &Progress) {
    let stage = Stage::new("ordering elements", volume.len(), progress);
    let (curve, centroids) = curve(volume);
    for (b, centroids) in centroids.into_iter().enumerate() {
        let block = &volume.blocks[b];
        let per = block.per_element();
        let order = sorted_by_key(block.len(), |e| curve.position(centroids[e]));
        drop(centroids);
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

/// The curve through the elements of the mesh, and the centroids of each block's elements.
fn curve(volume: &Volume) -> (Curve, Vec<Vec<[f64; 3]>>) {
    let (mut low, mut high, mut sum) = ([f64::MAX; 3], [f64::MIN; 3], [0.0; 3]);
    let mut all = Vec::new();
    for block in &volume.blocks {
        let mut centroids = vec![[0.0; 3]; block.len()];
        // Sums of fixed pieces, added up in their order: the same with any number of threads.
        let pieces = block.nodes.par_chunks(block.per_element() * CHUNK).zip(centroids.par_chunks_mut(CHUNK));
        let boxes = pieces.map(|(nodes, centroids)| {
            let (mut low, mut high, mut sum) = ([f64::MAX; 3], [f64::MIN; 3], [0.0; 3]);
            for (element, centroid) in nodes.chunks_exact(block.per_element()).zip(centroids) {
                let (vertices, n) = volume.vertices(block, element);
                let (mut a, mut b) = (vertices[0], vertices[0]);
                for x in &vertices[1..n] {
                    for d in 0..3 {
                        (a[d], b[d]) = (a[d].min(x[d]), b[d].max(x[d]));
                    }
                }
                for d in 0..3 {
                    (low[d], high[d]) = (low[d].min(a[d]), high[d].max(b[d]));
                    sum[d] += b[d] - a[d];
                }
                *centroid = mean(&vertices[..n]);
            }
            (low, high, sum)
        });
        for part in boxes.collect::<Vec<_>>() {
            for d in 0..3 {
                (low[d], high[d]) = (part.0[d].min(low[d]), part.1[d].max(high[d]));
                sum[d] += part.2[d];
            }
        }
        all.push(centroids);
    }
    (Curve::new(volume.dims, low, high, sum.map(|s| s / volume.len() as f64)), all)
}
