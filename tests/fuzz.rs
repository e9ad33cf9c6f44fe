//! Files from outside may hold anything: damaged meshes are read or refused, without panic, hang or absurd allocation.
//!
//! Whole files, then damage: bytes and numbers replaced, pieces cut out, doubled, moved, other files' pieces put in. A short
//! run by default; `SOLVER_FUZZ_CASES=1000000 cargo test --release --test fuzz` makes a long one of each kind, and
//! `SOLVER_FUZZ_SEED` another. A failure names the seed of its case, with which `SOLVER_FUZZ_CASES=1` repeats it.

use rayon::prelude::*;
use solver::mesh::connect::connect;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::mesh::{gmsh, partition, store};
use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// More than any of these small files has a right to in one piece.
const MOST_BYTES: usize = 64 << 20;

/// Longer than any of these small files has a right to.
const MOST_TIME: Duration = Duration::from_secs(5);

/// Keeps the largest allocation asked for.
struct Watching;
static LARGEST: AtomicUsize = AtomicUsize::new(0);
#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: passes everything on to the system's allocator. The provided `realloc` and `alloc_zeroed` come here too.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

/// A small generator of random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Numbers that readers trip over.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "2",
    "15",
    "16",
    "118",
    "255",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "nan",
    "-0.0",
];

/// Damages a file at one to four places.
fn damage(file: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..1 + random.below(4) {
        if file.is_empty() {
            break;
        }
        let at = random.below(file.len());
        let end = (at + 1 + random.below(64)).min(file.len());
        match random.below(9) {
            0 => file[at] = random.next() as u8,
            1 => file[at] ^= 1 << random.below(8),
            2 => file.truncate(at),
            3 => drop(file.drain(at..end)),
            4 => {
                let piece = file[at..end].to_vec();
                let to = random.below(file.len());
                file.splice(to..to, piece);
            }
            5 => {
                let from = random.below(other.len());
                let piece = &other[from..(from + random.below(200)).min(other.len())];
                file.splice(at..at, piece.iter().copied());
            }
            // A number of the text for another, which gets past the first checks.
            6 | 7 => {
                let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
                let Some(start) = file[at..].iter().position(digit).map(|i| at + i) else { continue };
                let end = file[start..].iter().position(|b| !digit(b)).map_or(file.len(), |i| start + i);
                file.splice(start..end, NUMBERS[random.below(NUMBERS.len())].bytes());
            }
            // A binary number for another.
            _ => {
                let number = [0u64, 1, 3, 4, 255, 1 << 31, 1 << 32, u64::MAX][random.below(8)].to_le_bytes();
                let width = [4, 8][random.below(2)].min(file.len() - at);
                file[at..at + width].copy_from_slice(&number[..width]);
            }
        }
    }
    file
}

/// How many cases, and the seed of the first.
fn cases(usual: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SOLVER_FUZZ_SEED").unwrap_or(0);
    first..first + number("SOLVER_FUZZ_CASES").unwrap_or(usual)
}

/// Runs `case(seed)`, which says whether the file was taken, for every seed.
fn survive(what: &str, usual: u64, case: impl Fn(u64) -> bool + Sync) {
    let started = Instant::now();
    let taken = AtomicUsize::new(0);
    LARGEST.store(0, Relaxed);
    let seeds = cases(usual);
    let count = seeds.end - seeds.start;
    seeds.into_par_iter().for_each(|seed| {
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| case(seed)));
        assert!(outcome.is_ok(), "{what}: SOLVER_FUZZ_SEED={seed} panics");
        assert!(
            started.elapsed() < MOST_TIME,
            "{what}: SOLVER_FUZZ_SEED={seed} takes {:?}",
            started.elapsed()
        );
        let largest = LARGEST.load(Relaxed);
        assert!(largest < MOST_BYTES, "{what}: about SOLVER_FUZZ_SEED={seed} {largest} bytes are asked for");
        taken.fetch_add(usize::from(outcome.unwrap_or(false)), Relaxed);
    });
    let (taken, largest) = (taken.load(Relaxed), LARGEST.load(Relaxed));
    println!(
        "{what}: {count} damaged files, {taken} of them taken, {:.1} s, largest allocation {largest} bytes",
        started.elapsed().as_secs_f64()
    );
}

/// The Gmsh files of the fixtures, whose names end in the part of the version.
fn fixtures() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gmsh");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "msh"));
    paths.sort();
    let files: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(files.len() >= 16, "2.2 and 4.1, text and binary, every shape");
    files
}

#[test]
fn damaged_gmsh_files_are_read_or_refused() {
    let files = fixtures();
    survive("Gmsh", 20_000, |seed| {
        let mut random = Random(seed);
        let (file, other) = (&files[random.below(files.len())], &files[random.below(files.len())]);
        let damaged = damage(file, other, &mut random);
        gmsh::read_bytes("damaged.msh", &damaged).is_ok_and(|raw| connect(raw).is_ok())
    });
}

/// Writes other values into a data set, or other attributes, and maybe shortens what can be.
fn disturb(file: &hdf5::File, random: &mut Random) -> hdf5::Result<()> {
    let mut sets = vec![];
    let mut groups = vec![file.as_group()?];
    while let Some(group) = groups.pop() {
        sets.extend(group.datasets()?);
        groups.extend(group.groups()?);
    }
    sets.sort_by_key(|set| set.name());
    for _ in 0..1 + random.below(3) {
        let set = &sets[random.below(sets.len())];
        let size = set.dtype()?.size();
        let bytes = set.size() * size;
        if bytes == 0 {
            continue;
        }
        let text = matches!(set.dtype()?.to_descriptor()?, hdf5::types::TypeDescriptor::VarLenUnicode);
        if text || random.below(12) == 0 {
            let name = set.name();
            match random.below(2) {
                0 => file.unlink(&name)?,
                _ => file.relink(&name, &format!("{name}x"))?,
            }
            return Ok(());
        }
        let mut values = vec![0u8; bytes];
        read_raw(set, &mut values)?;
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes / size) * size;
            let number =
                [0u64, 1, 2, 7, 255, 1 << 31, u64::MAX, random.next()][random.below(8)].to_le_bytes();
            let width = size.min(8);
            values[at..at + width].copy_from_slice(&number[..width]);
        }
        write_raw(set, &values)?;
    }
    Ok(())
}

/// The bytes of a data set in its own type.
fn read_raw(set: &hdf5::Dataset, to: &mut [u8]) -> hdf5::Result<()> {
    let kind = set.dtype()?;
    hdf5::sync::sync(|| {
        // SAFETY: `to` has the size of the whole set in the type that is asked for; the identifiers live as long as this.
        let status = unsafe { hdf5_sys::h5d::H5Dread(set.id(), kind.id(), 0, 0, 0, to.as_mut_ptr().cast()) };
        if status < 0 { Err("reading failed".into()) } else { Ok(()) }
    })
}

/// Replaces the bytes of a data set.
fn write_raw(set: &hdf5::Dataset, from: &[u8]) -> hdf5::Result<()> {
    let kind = set.dtype()?;
    hdf5::sync::sync(|| {
        // SAFETY: as in `read_raw`.
        let status = unsafe { hdf5_sys::h5d::H5Dwrite(set.id(), kind.id(), 0, 0, 0, from.as_ptr().cast()) };
        if status < 0 { Err("writing failed".into()) } else { Ok(()) }
    })
}

#[test]
fn disturbed_mesh_files_are_read_or_refused() {
    let folder = std::env::temp_dir().join(format!("solver-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let originals: Vec<_> = [Cells::TriQuad, Cells::Mixed, Cells::Line]
        .into_iter()
        .enumerate()
        .map(|(i, cells)| {
            let mut mesh = BoxMesh::new(cells, [3, 2, 3]).order(1 + i).warp(0.02).build();
            mesh.partitionings.insert("2".into(), partition::partition(&mesh, 2, None).unwrap());
            let path = folder.join(format!("original-{i}.smesh"));
            store::write(&mesh, &path).unwrap();
            std::fs::read(path).unwrap()
        })
        .collect();
    survive("HDF5", 1_000, |seed| {
        let mut random = Random(seed);
        let path = folder.join(format!("{seed}.smesh"));
        std::fs::write(&path, &originals[random.below(originals.len())]).unwrap();
        if let Ok(file) = hdf5::File::open_rw(&path) {
            let _ = disturb(&file, &mut random);
        }
        let whole = store::read(&path).is_ok();
        let part = store::open(&path).is_ok_and(|file| file.read_part("2", random.below(3)).is_ok());
        std::fs::remove_file(&path).unwrap();
        whole && part
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
