//! Sizes of the errors of a step, pack by pack.

use super::Cpu;
use super::lane::{Lane, Scalar, Work};
use crate::backend::{StepError, Tolerance, pieces};
use crate::physics::system::System;

/// Packs a task looks at.
const CHUNK: usize = 64;

impl<const D: usize, const V: usize, S: System<D, V>, L: Lane> Cpu<D, V, S, L> {
    /// Errors of register `error` for the solution in register `solution`. The lanes that fill up the last pack do not
    /// count.
    pub(super) fn sum_errors(&self, error: usize, solution: usize, tolerance: &Tolerance) -> StepError {
        let absolute: [L; V] = std::array::from_fn(|v| L::from_f64(tolerance.absolute[v]));
        let relative = L::from_f64(tolerance.relative);
        let mut sum = StepError::default();
        for b in 0..self.blocks.len() {
            let (size, stride, elements) = (self.size(b), self.stride(b), self.blocks[b].elements);
            let registers = &self.state[b];
            let mut chunks = vec![StepError::default(); registers.len().div_ceil(CHUNK * stride)];
            pieces::each(&mut chunks, 1, 1, &|chunk, sum| {
                let registers = registers[chunk * CHUNK * stride..].chunks_exact(stride);
                for (i, registers) in registers.take(CHUNK).enumerate() {
                    let (errors, values) = (&registers[error * size..], &registers[solution * size..]);
                    let mut sizes = [[L::from_f64(0.0)]; 2];
                    L::vectorize(Work(
                        #[inline(always)]
                        || sizes = measure::<L, V>(&errors[..size], &values[..size], &absolute, relative),
                    ));
                    let first = (chunk * CHUNK + i) * L::LANES;
                    let lanes = elements.saturating_sub(first).min(L::LANES);
                    let [squares, largest] = [L::scalars(&sizes[0]), L::scalars(&sizes[1])];
                    for lane in 0..lanes {
                        sum[0].add(squares[lane].to_f64(), largest[lane].to_f64());
                    }
                }
            });
            chunks.iter().for_each(|chunk| sum.merge(chunk));
        }
        sum
    }
}

/// Sum of squares and largest of the errors `e / (absolute + relative |u|)` of a pack, in each lane.
#[inline(always)]
fn measure<L: Lane, const V: usize>(e: &[L], u: &[L], absolute: &[L; V], relative: L) -> [[L; 1]; 2] {
    let (mut squares, mut largest) = (L::from_f64(0.0), L::from_f64(0.0));
    for (e, u) in e.chunks_exact(V).zip(u.chunks_exact(V)) {
        for v in 0..V {
            let ratio = e[v].abs() / relative.mul_add(u[v].abs(), absolute[v]);
            squares = ratio.mul_add(ratio, squares);
            largest = ratio.max(largest);
        }
    }
    [[squares], [largest]]
}
