//! Face rows: values at the flux points of one face, `[point][variable]`, one row a face of an element, followed by the
//! rows of the ghosts (halo, then boundaries). Which row lies beyond a face is one number, whatever lies there.

use super::discretisation::{Discretisation, Link};
use crate::parallel::{Communicator, Exchange};
use std::ops::Range;
use std::sync::Arc;

/// Where each row starts in an array of face rows.
#[derive(Clone, Debug)]
pub struct FaceRows {
    /// Values a flux point.
    pub variables: usize,
    /// Start of the first row of each block, and of one past the last element.
    base: Vec<usize>,
    /// Start of each face's row within its element, and the values an element takes, by block.
    within: Vec<Vec<usize>>,
    /// Start of each halo slot's row.
    halo: Vec<usize>,
    /// Start of the boundary rows, which end the array, and values each takes.
    pub boundary_start: usize,
    /// Values a boundary row takes, the same for all.
    pub boundary_stride: usize,
    /// Values in all rows.
    pub len: usize,
}

impl FaceRows {
    /// Rows for `variables` values a flux point. The rows of an element and those of the ghosts start at multiples of
    /// `lanes` values, and each block has room for a multiple of `lanes` elements.
    pub fn new(disc: &Discretisation, variables: usize, lanes: usize) -> FaceRows {
        let padded = |points: usize| (points * variables).next_multiple_of(lanes);
        let (mut base, mut within, mut len) = (vec![], vec![], 0);
        for block in &disc.blocks {
            base.push(len);
            let mut starts = vec![0];
            for face in block.operators.face_offsets.windows(2) {
                starts.push(starts.last().unwrap_or(&0) + padded(face[1] - face[0]));
            }
            len += block.len().next_multiple_of(lanes) * starts.last().unwrap_or(&0);
            within.push(starts);
        }
        let mut place = |points: usize| {
            let start = len;
            len += padded(points);
            start
        };
        let halo = disc.halo_points.iter().map(|&n| place(n)).collect();
        let widest = disc.boundary_faces.iter().map(|f| f.coordinates.len() / 3).max().unwrap_or(0);
        let (boundary_start, boundary_stride) = (len, padded(widest));
        len += disc.boundary_faces.len() * boundary_stride;
        FaceRows { variables, base, within, halo, boundary_start, boundary_stride, len }
    }

    /// Start of the row of a face of an element.
    #[inline]
    pub fn own(&self, block: usize, element: usize, face: usize) -> usize {
        let within = &self.within[block];
        self.base[block] + element * within[within.len() - 1] + within[face]
    }

    /// Start of the row beyond a face.
    pub fn beyond(&self, link: Link) -> usize {
        match link {
            Link::Element { block, element, face, .. } => {
                self.own(block as usize, element as usize, face as usize)
            }
            Link::Halo { slot, .. } => self.halo[slot as usize],
            Link::Boundary { slot } => self.boundary(slot as usize),
        }
    }

    /// Start of the row of a boundary slot.
    pub fn boundary(&self, slot: usize) -> usize {
        self.boundary_start + slot * self.boundary_stride
    }

    /// Start of the rows of a block, and values an element takes.
    pub fn block(&self, block: usize) -> (usize, usize) {
        let within = &self.within[block];
        (self.base[block], within[within.len() - 1])
    }

    /// Start of each face's row within its element.
    pub fn within(&self, block: usize) -> &[usize] {
        &self.within[block]
    }
}

/// Sends our rows on partition faces to their neighbours and puts theirs in the halo rows.
pub struct RowExchange {
    exchange: Box<dyn Exchange>,
    /// Rows of each message sent, in order.
    sends: Vec<Vec<Range<usize>>>,
    /// Rows of each message received, in order.
    receives: Vec<Vec<Range<usize>>>,
}

impl RowExchange {
    /// Prepares the exchange of rows of values of type `T`. Collective; `None` when no rank is a neighbour.
    pub fn new<T>(
        disc: &Discretisation,
        rows: &FaceRows,
        communicator: &Arc<dyn Communicator>,
    ) -> Option<RowExchange> {
        let row = |start: usize, points: usize| start..start + points * rows.variables;
        let (mut sends, mut receives) = (vec![], vec![]);
        let (mut send_sizes, mut receive_sizes) = (vec![], vec![]);
        let bytes = |ranges: &[Range<usize>]| ranges.iter().map(|r| r.len()).sum::<usize>() * size_of::<T>();
        for message in &disc.messages {
            let out: Vec<_> = message
                .send
                .iter()
                .map(|&(block, element, face)| {
                    let offsets = &disc.blocks[block as usize].operators.face_offsets;
                    let points = offsets[face as usize + 1] - offsets[face as usize];
                    row(rows.own(block as usize, element as usize, face as usize), points)
                })
                .collect();
            let back: Vec<_> = message
                .receive
                .iter()
                .map(|&slot| row(rows.halo[slot as usize], disc.halo_points[slot as usize]))
                .collect();
            send_sizes.push((message.rank, bytes(&out)));
            receive_sizes.push((message.rank, bytes(&back)));
            sends.push(out);
            receives.push(back);
        }
        if sends.is_empty() {
            return None;
        }
        let exchange = Arc::clone(communicator).exchange(&send_sizes, &receive_sizes);
        Some(RowExchange { exchange, sends, receives })
    }

    /// Packs and sends the rows of `values`.
    pub fn start<T: bytemuck::Pod>(&mut self, values: &[T]) {
        for (i, rows) in self.sends.iter().enumerate() {
            let buffer: &mut [T] = bytemuck::cast_slice_mut(self.exchange.send_buffer(i));
            let mut at = 0;
            for row in rows {
                buffer[at..at + row.len()].copy_from_slice(&values[row.clone()]);
                at += row.len();
            }
        }
        self.exchange.start();
    }

    /// Waits for the neighbours' rows and puts them in their places.
    pub fn finish<T: bytemuck::Pod>(&mut self, values: &mut [T]) {
        self.exchange.finish();
        for (i, rows) in self.receives.iter().enumerate() {
            let buffer: &[T] = bytemuck::cast_slice(self.exchange.receive_buffer(i));
            let mut at = 0;
            for row in rows {
                values[row.clone()].copy_from_slice(&buffer[at..at + row.len()]);
                at += row.len();
            }
        }
    }
}
