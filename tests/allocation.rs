//! A time step of the CPU backend allocates nothing.

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::engine::{BackendChoice, Engine};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts allocations of the threads that take part in steps (those of the test's own machinery are none of its business).
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread's allocations count.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: passes everything on to the system's allocator. The provided `realloc` and `alloc_zeroed` come here too.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(usize::from(COUNTED.get()), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Allocations of all threads in 20 steps after two to warm up.
fn allocations(engine: &mut Engine) -> usize {
    let dt = 1e-4;
    for n in 0..2 {
        engine.step(n as f64 * dt, dt).unwrap();
    }
    let before = ALLOCATIONS.load(Relaxed);
    for n in 2..22 {
        engine.step(n as f64 * dt, dt).unwrap();
    }
    let found = ALLOCATIONS.load(Relaxed) - before;
    drop(vec![0]);
    assert!(ALLOCATIONS.load(Relaxed) > before + found, "nothing is counted");
    found
}

fn check(threads: usize) {
    let cases = [
        ("euler", "sup-in-fa"),
        ("euler", "char-riem-inv"),
        ("euler", "slp-adia-wall"),
        ("advection-diffusion", "fixed-value"),
        ("diffusion", "fixed-flux"),
    ];
    for cells in CELLS {
        // Enough elements that all threads have some.
        let n = if dims(cells) == 2 { 12 } else { 5 };
        for (system, condition) in cases {
            for precise in [true, false] {
                let s = settings(system, dims(cells), 2, condition, BackendChoice::Cpu(None));
                let s = if precise { s } else { single(s) };
                let mut engine = engine(&s, &unit_box(cells, n, false, 0.03), &serial());
                let found = allocations(&mut engine);
                assert_eq!(found, 0, "{threads} threads, {system} {condition} {cells:?}, f64 {precise}");
            }
        }
    }
}

#[test]
fn a_time_step_allocates_nothing() {
    for threads in [1, 2, 4] {
        // As `solver run` does it: the thread that steps is one of the pool's.
        let run = move || {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build();
            // Threads allocate when they start, which must be over before anything is counted.
            let pool = pool.unwrap();
            pool.broadcast(|_| COUNTED.set(true));
            check(threads);
        };
        std::thread::spawn(run).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}
