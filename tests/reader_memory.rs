//! The reader of Gmsh files takes the memory of the mesh and little more, however long the file.

use solver::mesh::gmsh;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts the bytes in use by all threads.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: passes everything on to the system's allocator. The provided `realloc` and `alloc_zeroed` come here too.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(USED.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Bytes that reading takes beyond those of the file, which are in memory here.
fn peak(file: &str) -> usize {
    let before = USED.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mesh = gmsh::read_bytes("long.msh", file.as_bytes()).unwrap();
    assert_eq!((mesh.nodes.len(), mesh.blocks[0].groups.len()), (NODES, NODES - 2));
    PEAK.load(Relaxed) - before
}

const NODES: usize = 50_000;

#[test]
fn memory_does_not_grow_with_the_file() {
    // Long lines make a long file of a small mesh: 100 MB for 2.
    let space = " ".repeat(1000);
    let mut file = String::with_capacity(110 << 20);
    file += "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n1\n2 1 \"fluid\"\n$EndPhysicalNames\n";
    let _ = writeln!(file, "$Nodes\n{NODES}");
    for i in 0..NODES {
        let _ = writeln!(file, "{i} {} {space} {} 0", i / 2, i % 2);
    }
    let _ = writeln!(file, "$EndNodes\n$Elements\n{}", NODES - 2);
    for i in 0..NODES - 2 {
        let _ = writeln!(file, "{i} 2 1 1 {i} {space} {} {}", i + 1, i + 2);
    }
    file += "$EndElements\n";
    let peak = peak(&file);
    assert!(peak < 24 << 20, "{peak} bytes");
}
