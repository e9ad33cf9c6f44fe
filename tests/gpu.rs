//! The GPU backend computes what the reference backend defines, on whatever device there is (a software driver will do).
//! `SOLVER_SKIP_GPU=1` skips these tests on machines without any.
#![cfg(feature = "gpu")]

#[path = "support/problems.rs"]
mod problems;

use problems::*;
use solver::engine::{BackendChoice, Engine, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells};
use solver::parallel::threads;
use std::collections::BTreeMap;

const SYSTEMS: [(&str, &[&str]); 2] = [
    ("euler", &["sup-in-fa", "sup-out-fn", "slp-adia-wall", "char-riem-inv"]),
    ("advection-diffusion", &["fixed-value", "fixed-flux"]),
];

fn skip() -> bool {
    std::env::var_os("SOLVER_SKIP_GPU").is_some_and(|v| v == "1")
}

/// The device to test: number or name, the best one by default.
fn gpu() -> BackendChoice {
    BackendChoice::Gpu(std::env::var("SOLVER_TEST_DEVICE").ok())
}

fn right_hand_side(settings: &Settings, mesh: &Mesh) -> BTreeMap<u32, Vec<f64>> {
    let mut engine = engine(settings, mesh, &serial());
    let values = engine.right_hand_side(0.3).unwrap();
    by_element(&engine, &values)
}

fn compare(mesh: &Mesh, system: &str, order: usize, condition: &str) {
    let reference =
        right_hand_side(&settings(system, mesh.dims, order, condition, BackendChoice::Reference), mesh);
    let gpu = settings(system, mesh.dims, order, condition, gpu());
    let what = format!("{system} {condition} p{order} on {} elements of {} blocks", mesh.len(), mesh.blocks.len());
    let double = difference(&right_hand_side(&gpu, mesh), &reference);
    assert!(double < 2e-12, "{what}: {double:e}");
    let single = difference(&right_hand_side(&single(gpu), mesh), &reference);
    assert!(single < 2e-3, "{what}, f32: {single:e}");
}

#[test]
fn the_gpu_computes_what_the_reference_defines() {
    if skip() {
        return;
    }
    for cells in CELLS {
        for (system, conditions) in SYSTEMS {
            for order in [0, 1, 4] {
                compare(&unit_box(cells, 2, true, 0.0), system, order, conditions[0]);
            }
            compare(&unit_box(cells, 2, true, 0.05), system, 3, conditions[0]);
        }
    }
}

#[test]
fn boundaries_are_those_of_the_reference() {
    if skip() {
        return;
    }
    for (system, conditions) in SYSTEMS {
        for condition in conditions {
            compare(&unit_box(Cells::TriQuad, 2, false, 0.05), system, 2, condition);
            compare(&unit_box(Cells::Hex, 2, false, 0.0), system, 1, condition);
        }
    }
}

#[test]
fn high_orders_fit_the_device() {
    if skip() {
        return;
    }
    compare(&unit_box(Cells::Quad, 2, true, 0.05), "euler", 8, "sup-in-fa");
    compare(&unit_box(Cells::Hex, 1, true, 0.0), "advection-diffusion", 8, "fixed-value");
    compare(&unit_box(Cells::Hex, 1, true, 0.0), "euler", 8, "sup-in-fa");
}

#[test]
fn curved_elements_are_those_of_the_reference() {
    if skip() {
        return;
    }
    for cells in [Cells::Quad, Cells::Tet] {
        let mesh = BoxMesh::new(cells, [2; 3]).order(2).warp(0.05).shuffle(3).build();
        compare(&mesh, "euler", 2, "char-riem-inv");
        compare(&mesh, "advection-diffusion", 2, "fixed-value");
    }
}

fn steps(mut engine: Engine, steps: usize) -> BTreeMap<u32, Vec<f64>> {
    for n in 0..steps {
        engine.step(0.001 * n as f64, 0.001).unwrap();
    }
    let solution = engine.solution().unwrap();
    by_element(&engine, &solution)
}

#[test]
fn steps_equal_those_of_the_reference() {
    if skip() {
        return;
    }
    for scheme in ["rk4", "tvd-rk3"] {
        for (system, conditions) in SYSTEMS {
            let mesh = unit_box(Cells::TriQuad, 2, false, 0.03);
            let run = |backend, n| {
                let mut settings = settings(system, 2, 2, conditions[0], backend);
                settings.scheme = scheme.into();
                steps(engine(&settings, &mesh, &serial()), n)
            };
            let error = difference(&run(gpu(), 40), &run(BackendChoice::Reference, 40));
            assert!(error < 1e-12, "{system} {scheme}: {error:e}");
        }
    }
}

#[test]
fn ranks_equal_serial() {
    if skip() {
        return;
    }
    for cells in [Cells::TriQuad, Cells::Hex] {
        for (system, conditions) in SYSTEMS {
            let mesh = unit_box(cells, 2, false, 0.03);
            let settings = settings(system, mesh.dims, 2, conditions[0], gpu());
            let serial = steps(engine(&settings, &mesh, &serial()), 3);
            for ranks in [2, 4] {
                let parts = threads::run(ranks, |comm| steps(engine(&settings, &mesh, &comm), 3));
                let all: BTreeMap<_, _> = parts.into_iter().flatten().collect();
                // The software driver gives the same bits; cards may contract differently from kernel to kernel.
                let error = difference(&all, &serial);
                assert!(error < 1e-13, "{ranks} ranks {cells:?} {system}: {error:e}");
            }
        }
    }
}

#[test]
fn an_unknown_device_is_refused_with_the_names_there_are() {
    if skip() {
        return;
    }
    let error = solver::backend::gpu::Device::open(Some("no such card"), 0).err().unwrap().to_string();
    assert!(error.contains("there is no device 'no such card'"), "{error}");
    assert!(error.contains(&solver::backend::gpu::devices()[0].name), "{error}");
}
