//! Work on pieces of arrays, by all threads of the pool.
//!
//! Of a parallel loop rayon makes some twenty functions, anew for every loop body. The passes over packs exist for every system of
//! equations, number of dimensions and instruction set, so that nearly half of the library's functions would be such. A body that is
//! called through a pointer, once a piece, costs nothing beside a piece and shares them all.

use rayon::prelude::*;

/// Calls `work(i, piece i)` for pieces of `size` values; the last one may be shorter. A task takes `least` pieces or more.
pub fn each<T: Send>(values: &mut [T], size: usize, least: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let pieces = values.par_chunks_mut(size).with_min_len(least);
    pieces.enumerate().for_each(|(i, piece)| work(i, piece));
}

type OnTwo<'a, T, U> = dyn Fn(usize, &mut [T], &mut [U]) + Sync + 'a;

/// Calls `work(i, piece i of the one, piece i of the other)` for pieces of two arrays that have as many.
pub fn each_of_two<T: Send, U: Send>(
    (ones, size): (&mut [T], usize),
    (others, other_size): (&mut [U], usize),
    work: &OnTwo<'_, T, U>,
) {
    let pieces = ones.par_chunks_mut(size).zip(others.par_chunks_mut(other_size));
    pieces.enumerate().for_each(|(i, (one, other))| work(i, one, other));
}
