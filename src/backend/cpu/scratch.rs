//! Working memory of the threads.

use super::lane::Lane;
use std::cell::UnsafeCell;

/// One piece of working memory a thread.
pub(super) struct Scratch<L>(pub(super) Vec<UnsafeCell<Vec<L>>>);

// SAFETY: every thread of the pool uses only the piece of its own index (see `Scratch::with`).
unsafe impl<L: Send> Sync for Scratch<L> {}

impl<L: Lane> Scratch<L> {
    /// Makes room for as many threads as the current pool has.
    pub(super) fn reserve(&mut self, size: usize) {
        let zero = L::from_f64(0.0);
        let threads = rayon::current_num_threads();
        self.0.resize_with(threads.max(self.0.len()), || UnsafeCell::new(vec![zero; size]));
    }

    /// Calls `work` with this thread's piece. Called by threads of the current pool only, never from within `work`.
    #[inline]
    pub(super) fn with(&self, work: impl FnOnce(&mut [L])) {
        let index = rayon::current_thread_index().unwrap_or(0);
        // SAFETY: indices of a pool's threads differ, `reserve` ran in the same pool before, and `work` (a pass over one
        // pack) starts no other work on this thread, so nobody else holds this piece.
        work(unsafe { &mut *self.0[index].get() });
    }
}
