//! Dense matrices times packs of elements.

use crate::backend::cpu::lane::{Lane, Scalar, Work};
use ndarray::Array2;

/// A matrix by blocks of rows: `[block][column][row of the block]`, the last block filled up with zeros.
///
/// The sums of a block stay in registers: with five variables and five rows 25, and six more hold what they are made of.
pub struct Matrix<T> {
    rows: usize,
    columns: usize,
    /// Rows a block: 4 or 5, whichever wastes less.
    width: usize,
    blocks: Vec<T>,
}

impl<T: Scalar> Matrix<T> {
    /// Converts a matrix to the working precision.
    pub fn new(matrix: &Array2<f64>) -> Matrix<T> {
        let (rows, columns) = matrix.dim();
        let width = if rows.next_multiple_of(5) <= rows.next_multiple_of(4) { 5 } else { 4 };
        let entry =
            |row: usize, k: usize| if row < rows { T::from_f64(matrix[[row, k]]) } else { T::default() };
        let block = |b: usize| (0..columns).flat_map(move |k| (0..width).map(move |r| (b * width + r, k)));
        let blocks = (0..rows.div_ceil(width)).flat_map(block).map(|(row, k)| entry(row, k)).collect();
        Matrix { rows, columns, width, blocks }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `out[rows][V] = matrix x[columns][V]`.
    pub fn multiply<L: Lane<Scalar = T>, const V: usize>(&self, x: &[L], out: &mut [L]) {
        L::vectorize(Work(
            #[inline(always)]
            || match self.width {
                5 => self.product::<L, V, 5, false>(x, out),
                _ => self.product::<L, V, 4, false>(x, out),
            },
        ));
    }

    /// `out[rows][V] += matrix x[columns][V]`.
    pub fn add_product<L: Lane<Scalar = T>, const V: usize>(&self, x: &[L], out: &mut [L]) {
        L::vectorize(Work(
            #[inline(always)]
            || match self.width {
                5 => self.product::<L, V, 5, true>(x, out),
                _ => self.product::<L, V, 4, true>(x, out),
            },
        ));
    }

    #[inline(always)]
    fn product<L: Lane<Scalar = T>, const V: usize, const W: usize, const ADD: bool>(
        &self,
        x: &[L],
        out: &mut [L],
    ) {
        let x = &x.as_chunks::<V>().0[..self.columns];
        let out = &mut out.as_chunks_mut::<V>().0[..self.rows];
        let blocks = self.blocks.as_chunks::<W>().0;
        // Few variables leave registers for more rows.
        let width = if V < 3 { 2 * W } else { W };
        for (block, out) in out.chunks_mut(width).enumerate() {
            let m = |b: usize| &blocks[(block * width / W + b) * self.columns..][..self.columns];
            if V < 3 && out.len() > W {
                let (first, second) = out.split_at_mut(W);
                let mut sums = [start::<L, V, W, ADD>(first), start::<L, V, W, ADD>(second)];
                for ((x, m0), m1) in x.iter().zip(m(0)).zip(m(1)) {
                    accumulate(&mut sums[0], x, m0);
                    accumulate(&mut sums[1], x, m1);
                }
                put(&sums[0], first);
                put(&sums[1], second);
            } else {
                let mut sums = start::<L, V, W, ADD>(out);
                for (x, m) in x.iter().zip(m(0)) {
                    accumulate(&mut sums, x, m);
                }
                put(&sums, out);
            }
        }
    }
}

/// What sums start from.
#[inline(always)]
fn start<L: Lane, const V: usize, const W: usize, const ADD: bool>(out: &[[L; V]]) -> [[L; V]; W] {
    let mut sums = [[L::from_f64(0.0); V]; W];
    if ADD {
        for (sum, out) in sums.iter_mut().zip(out) {
            *sum = *out;
        }
    }
    sums
}

#[inline(always)]
fn put<L: Lane, const V: usize, const W: usize>(sums: &[[L; V]; W], out: &mut [[L; V]]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = *sum;
    }
}

#[inline(always)]
fn accumulate<L: Lane, const V: usize, const W: usize>(
    sums: &mut [[L; V]; W],
    x: &[L; V],
    m: &[L::Scalar; W],
) {
    for r in 0..W {
        let c = L::splat(m[r]);
        for v in 0..V {
            sums[r][v] = c.mul_add(x[v], sums[r][v]);
        }
    }
}
