//! Large arrays: on huge pages where the system has them, and each part first touched by the thread that will work on it.
//!
//! A pass visits its arrays and, beyond faces, scattered rows of a hundred megabytes. With pages of 4 kB most of those visits
//! also miss the table of pages; with pages of 2 MB hardly any does (measured: up to a quarter of a stage's time).

use rayon::prelude::*;

/// Bytes from which it pays to ask for huge pages.
const LARGE: usize = 4 << 20;

/// An empty vector with room for `n` values, on huge pages if it is large.
pub fn with_capacity<T>(n: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(n);
    advise(values.spare_capacity_mut());
    values
}

/// `n` times `value`, written by all threads of the pool.
pub fn filled<T: Copy + Send + Sync>(n: usize, value: T) -> Vec<T> {
    let mut values = with_capacity(n);
    let places = &mut values.spare_capacity_mut()[..n];
    let piece = n.div_ceil(rayon::current_num_threads()).max(1 << 12);
    places.par_chunks_mut(piece).for_each(|places| {
        for place in places {
            place.write(value);
        }
    });
    // SAFETY: the first `n` places, for which there is room, were just written.
    unsafe { values.set_len(n) };
    values
}

/// Gives back to the system what the allocator keeps of memory that was freed, before large arrays are made beside it: a few
/// megabytes of what meshes are made with.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only looks at memory that is free.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Asks the system to put memory on huge pages. It may not: nothing depends on it.
#[cfg(target_os = "linux")]
fn advise<T>(places: &mut [std::mem::MaybeUninit<T>]) {
    const PAGE: usize = 2 << 20;
    let bytes = size_of_val(places);
    if bytes < LARGE {
        return;
    }
    let start = places.as_mut_ptr().cast::<u8>();
    let skip = start.align_offset(PAGE);
    let length = (bytes - skip.min(bytes)) / PAGE * PAGE;
    // SAFETY: the range lies within the slice, which nobody else holds, and the advice changes no contents.
    unsafe { libc::madvise(start.wrapping_add(skip).cast(), length, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise<T>(_: &mut [std::mem::MaybeUninit<T>]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_arrays_hold_their_values() {
        for n in [0, 1, 1000, (LARGE >> 3) + 5, 3 << 20] {
            let values = filled(n, 1.5_f64);
            assert!(values.len() == n && values.iter().all(|&x| x == 1.5));
        }
    }
}
