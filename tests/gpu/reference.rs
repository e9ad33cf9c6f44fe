//! Engines on the device compute what those on the reference backend do, on one rank and on several.

use crate::problems::{self, *};
use crate::{device, skip};
use solver::backend::gpu::Device;
use solver::engine::{BackendChoice, Settings};
use solver::mesh::Mesh;
use solver::mesh::generate::{BoxMesh, Cells, SIDES};
use solver::parallel::threads;
use std::collections::BTreeMap;

fn right_hand_side(settings: &Settings, mesh: &Mesh) -> BTreeMap<u32, Vec<f64>> {
    let mut engine = engine(settings, mesh, &serial());
    let values = engine.right_hand_side(0.3).unwrap();
    by_element(&engine, &values)
}

fn compare(mesh: &Mesh, system: &str, order: usize, condition: &str) {
    compare_with(mesh, system, order, &[condition]);
}

/// The sides of the box take the conditions in turn.
fn compare_with(mesh: &Mesh, system: &str, order: usize, conditions: &[&str]) {
    let reference = compare_double(mesh, system, order, conditions);
    let gpu = settings_with(mesh, system, order, conditions, device());
    let single = difference(&right_hand_side(&single(gpu), mesh), &reference);
    assert!(single < 2e-3, "{}, f32: {single:e}", what(mesh, system, order, conditions));
}

/// The same in double precision alone; what the reference has.
fn compare_double(mesh: &Mesh, system: &str, order: usize, conditions: &[&str]) -> BTreeMap<u32, Vec<f64>> {
    let side = |backend| right_hand_side(&settings_with(mesh, system, order, conditions, backend), mesh);
    let reference = side(BackendChoice::Reference);
    let double = difference(&side(device()), &reference);
    assert!(double < 2e-12, "{}: {double:e}", what(mesh, system, order, conditions));
    reference
}

fn what(mesh: &Mesh, system: &str, order: usize, conditions: &[&str]) -> String {
    format!("{system} {conditions:?} p{order} on {} elements of {} blocks", mesh.len(), mesh.blocks.len())
}

fn settings_with(
    mesh: &Mesh,
    system: &str,
    order: usize,
    conditions: &[&str],
    backend: BackendChoice,
) -> Settings {
    let mut settings = settings(system, mesh.dims, order, conditions[0], backend.clone());
    for (side, condition) in SIDES.iter().zip(conditions.iter().cycle()) {
        let other = problems::settings(system, mesh.dims, order, condition, backend.clone());
        settings.boundaries.insert((*side).into(), other.boundaries[*side].clone());
    }
    settings
}

/// Every system at one order, on elements that are no images of each other, in both precisions. Kernels of other orders, and of
/// elements that are, differ in operators and metrics alone: they are compared with a system of each kind, since it is the
/// software driver's building of kernels that takes time.
fn systems_and_orders(shapes: &[Cells]) {
    if skip() {
        return;
    }
    for &cells in shapes {
        for (system, conditions) in systems(dims(cells)) {
            if ["euler", "advection-diffusion"].contains(&system) {
                for &order in if cells == Cells::Mixed { &[2][..] } else { &[0, 1, 4] } {
                    compare_double(&unit_box(cells, 2, true, 0.0), system, order, &[conditions[0]]);
                }
            }
            compare(&unit_box(cells, 2, true, 0.05), system, 3, conditions[0]);
        }
    }
}

#[test]
fn lines_triangles_and_quadrilaterals_are_those_of_the_reference() {
    systems_and_orders(&[Cells::Line, Cells::Tri, Cells::Quad, Cells::TriQuad]);
}

#[test]
fn hexahedra_and_prisms_are_those_of_the_reference() {
    systems_and_orders(&[Cells::Hex, Cells::Prism]);
}

#[test]
fn tetrahedra_pyramids_and_mixed_elements_are_those_of_the_reference() {
    systems_and_orders(&[Cells::Tet, Cells::Pyramid, Cells::Mixed]);
}

#[test]
fn boundaries_are_those_of_the_reference() {
    if skip() {
        return;
    }
    for (cells, warp, order) in [(Cells::TriQuad, 0.05, 2), (Cells::Hex, 0.0, 1)] {
        let mesh = unit_box(cells, 2, false, warp);
        for (system, conditions) in systems(mesh.dims) {
            // A condition a side, so that few kernels serve all.
            for few in conditions.chunks(2 * mesh.dims) {
                compare_with(&mesh, system, order, few);
            }
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

#[test]
fn steps_equal_those_of_the_reference() {
    if skip() {
        return;
    }
    for scheme in ["rk4", "tvd-rk3", "rk45", "ssp-rk-4-10"] {
        for (system, conditions) in systems(2) {
            let mesh = unit_box(Cells::TriQuad, 2, false, 0.03);
            let run = |backend, n| {
                let mut settings = settings(system, 2, 2, conditions[0], backend);
                settings.scheme = scheme.into();
                steps(engine(&settings, &mesh, &serial()), n)
            };
            let error = difference(&run(device(), 40), &run(BackendChoice::Reference, 40));
            assert!(error < 1e-12, "{system} {scheme}: {error:e}");
        }
    }
}

#[test]
fn ranks_equal_serial() {
    if skip() {
        return;
    }
    let software =
        Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0).unwrap().info.kind == "software";
    for cells in [Cells::TriQuad, Cells::Hex] {
        for (system, conditions) in systems(dims(cells)) {
            let mesh = unit_box(cells, 2, false, 0.03);
            let settings = settings(system, mesh.dims, 2, conditions[0], device());
            let serial = steps(engine(&settings, &mesh, &serial()), 3);
            for ranks in [2, 4] {
                let parts = threads::run(ranks, |comm| steps(engine(&settings, &mesh, &comm), 3));
                let all: BTreeMap<_, _> = parts.into_iter().flatten().collect();
                // Cards may contract products and sums differently from kernel to kernel.
                let limit = if software { 0.0 } else { 1e-13 };
                let error = difference(&all, &serial);
                assert!(error <= limit, "{ranks} ranks {cells:?} {system}: {error:e}");
            }
        }
    }
}

#[test]
fn functions_are_summed_and_averaged_as_on_the_host() {
    if skip() {
        return;
    }
    // Compiling the kernels is what takes time.
    for (cells, system) in
        [(Cells::TriQuad, "navier-stokes"), (Cells::Tet, "advection-diffusion"), (Cells::Quad, "euler")]
    {
        let list = systems(dims(cells));
        let (_, conditions) = list.iter().find(|(name, _)| *name == system).unwrap();
        let mesh = unit_box(cells, 2, false, 0.05);
        compare_sums(&mesh, system, 2, conditions[0], device());
        compare_averages(&mesh, system, 2, conditions[0], device());
    }
}

#[test]
fn ranks_leave_no_trace_in_sums_of_functions() {
    if skip() {
        return;
    }
    let mesh = unit_box(Cells::TriQuad, 3, true, 0.05);
    let settings = settings("navier-stokes", 2, 2, "", device());
    let sums = |ranks: usize| {
        threads::run(ranks, |comm| {
            let mut engine = engine(&settings, &mesh, &comm);
            engine.step(0.0, 1e-4).unwrap();
            [false, true].map(|gradients| function_sums(&mut engine, gradients))
        })
    };
    let one = sums(1).remove(0);
    assert!(sums(3).into_iter().all(|sums| sums == one));
}
