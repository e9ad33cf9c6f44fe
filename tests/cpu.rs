//! The CPU backend computes what the reference backend defines, and the same bits on any lanes, threads and ranks.

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::backend::cpu::Isa;
use solver::engine::{BackendChoice, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::parallel::threads;
use std::collections::BTreeMap;

fn right_hand_side(settings: &Settings, mesh: &Mesh) -> BTreeMap<u32, Vec<f64>> {
    let mut engine = engine(settings, mesh, &serial());
    let values = engine.right_hand_side(0.3).unwrap();
    by_element(&engine, &values)
}

fn compare(mesh: &Mesh, system: &str, order: usize, condition: &str) {
    let reference =
        right_hand_side(&settings(system, mesh.dims, order, condition, BackendChoice::Reference), mesh);
    let cpu = settings(system, mesh.dims, order, condition, BackendChoice::Cpu(None));
    let what = format!("{system} {condition} p{order} on {} elements", mesh.len());
    let double = difference(&right_hand_side(&cpu, mesh), &reference);
    assert!(double < 2e-12, "{what}: {double:e}");
    let single = difference(&right_hand_side(&single(cpu), mesh), &reference);
    assert!(single < 2e-3, "{what}, f32: {single:e}");
}

#[test]
fn the_cpu_computes_what_the_reference_defines() {
    for cells in CELLS {
        for (system, conditions) in systems(dims(cells)) {
            for order in 0..=4 {
                compare(&unit_box(cells, 2, true, 0.0), system, order, conditions[0]);
                compare(&unit_box(cells, 2, true, 0.05), system, order, conditions[0]);
            }
            for condition in conditions {
                compare(&unit_box(cells, 2, false, 0.05), system, 2, condition);
                compare(&unit_box(cells, 2, false, 0.0), system, 3, condition);
            }
        }
    }
    compare(&unit_box(Cells::Quad, 2, true, 0.05), "euler", 8, "sup-in-fa");
    compare(&unit_box(Cells::Hex, 1, true, 0.0), "advection-diffusion", 8, "fixed-value");
}

#[test]
fn lanes_equal_scalar() {
    for cells in CELLS {
        for (system, conditions) in systems(dims(cells)) {
            let mesh = unit_box(cells, 3, false, 0.03);
            for precise in [true, false] {
                let run = |isa| {
                    let s = settings(system, mesh.dims, 2, conditions[0], BackendChoice::Cpu(Some(isa)));
                    steps(engine(&if precise { s } else { single(s) }, &mesh, &serial()), 2)
                };
                let scalar = run(Isa::Scalar);
                for isa in Isa::available() {
                    assert_eq!(run(isa), scalar, "{isa:?} {cells:?} {system}");
                }
            }
        }
    }
}

#[test]
fn ranks_equal_serial() {
    for cells in CELLS {
        for (system, conditions) in systems(dims(cells)) {
            // Curved, so that metric terms of ghosts matter, too.
            let n = if cells == Cells::Line { 8 } else { 3 };
            let periodic = [cells != Cells::TriQuad; 3];
            let mesh = BoxMesh::new(cells, [n; 3]).periodic(periodic).order(2).warp(0.03).shuffle(7).build();
            let settings = settings(system, mesh.dims, 3, conditions[0], BackendChoice::Cpu(None));
            let serial = steps(engine(&settings, &mesh, &serial()), 5);
            for ranks in [2, 4] {
                let parts = threads::run(ranks, |comm| steps(engine(&settings, &mesh, &comm), 5));
                let all: BTreeMap<_, _> = parts.into_iter().flatten().collect();
                assert_eq!(all, serial, "{ranks} ranks {cells:?} {system}");
            }
        }
    }
}

#[test]
fn threads_equal_one() {
    let mesh = unit_box(Cells::Quad, 16, true, 0.03);
    let settings = settings("euler", 2, 3, "sup-in-fa", BackendChoice::Cpu(None));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| steps(engine(&settings, &mesh, &serial()), 10))
    };
    let one = run(1);
    for threads in [2, 3] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

#[test]
fn functions_are_summed_and_averaged_as_on_the_host() {
    for cells in SHAPES {
        for (system, conditions) in systems(dims(cells)) {
            compare_sums(
                &unit_box(cells, 2, false, 0.05),
                system,
                2,
                conditions[0],
                BackendChoice::Cpu(None),
            );
        }
    }
}

#[test]
fn ranks_leave_no_trace_in_sums_of_functions() {
    for (cells, system) in [(Cells::TriQuad, "navier-stokes"), (Cells::Mixed, "advection-diffusion")] {
        let mesh = unit_box(cells, 3, true, 0.05);
        let settings = settings(system, mesh.dims, 2, "", BackendChoice::Cpu(None));
        let sums = |ranks: usize| {
            threads::run(ranks, |comm| {
                let mut engine = engine(&settings, &mesh, &comm);
                engine.step(0.0, 1e-4).unwrap();
                [false, true].map(|gradients| function_sums(&mut engine, gradients))
            })
        };
        let one = sums(1).remove(0);
        assert!(sums(3).into_iter().all(|sums| sums == one), "{cells:?} {system}");
    }
}
