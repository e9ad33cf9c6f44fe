//! Stages of backends on devices of any size.

use crate::make::{Make, MakeBackend, OnGpu, OnReference, advance, assert_close, run, strange_stages};
use crate::problems::*;
use crate::skip;
use solver::backend::gpu::{self, Device, Limits};
use solver::backend::{
    ArtificialViscosity, Backend, BackendError, EntropyFilter, ErrorNorm, Precision, Problem, ShockCapturing,
    Tolerance,
};
use solver::element::{AntiAlias, PointSets, RuleChoice, Shape};
use solver::mesh::generate::Cells;
use solver::mesh::partition;
use solver::parallel::threads;
use solver::physics::{System, SystemSpec, with_system};
use std::collections::BTreeMap;

#[test]
fn small_devices_and_strange_stages_change_nothing() {
    if skip() {
        return;
    }
    for (cells, name) in
        [(Cells::Hex, "euler"), (Cells::TriQuad, "euler"), (Cells::TriQuad, "advection-diffusion")]
    {
        let mesh = unit_box(cells, 2, false, 0.02);
        let (part_of, order, precision) = (vec![0; mesh.len()], 2, Precision::Double);
        let reference = Make {
            mesh: &mesh,
            part_of: part_of.clone(),
            order,
            precision,
            comm: serial(),
            sets: PointSets::default(),
            make: OnReference,
        };
        let expected = run(name, reference, &strange_stages());
        // Few invocations, several rows of workgroups, and room for two or three variables at a time.
        let small = Limits { workgroup_memory: 2500, invocations: 16, row: 2 };
        for limits in [None, Some(small)] {
            let make = OnGpu(limits);
            let made = Make {
                mesh: &mesh,
                part_of: part_of.clone(),
                order,
                precision,
                comm: serial(),
                sets: PointSets::default(),
                make,
            };
            let found = run(name, made, &strange_stages());
            assert_close(&found, &expected, 1e-11, &format!("{name} {cells:?} {limits:?}"));
        }
    }
}

/// A device that binds no more than so many bytes, and what the problem has besides fluxes.
#[derive(Clone, Copy)]
struct Divided {
    binding: u64,
    source: bool,
    capturing: ShockCapturing,
}

impl MakeBackend for Divided {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        mut problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        let disc = &problem.discretisation;
        let values = disc.blocks.iter().map(|b| b.len() * b.points_per_element() * V * size_of::<f64>());
        let large = values.max().unwrap() as u64 > self.binding;
        assert!(large || self.binding == u64::MAX, "nothing is divided");
        if self.source {
            problem.source = vec![parse("0.1*sin(x + 2*y)*cos(t)"); V];
        }
        problem.capturing = self.capturing;
        let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0)?;
        // Whether it is the buffer that is limited or the binding, arrays are divided.
        let buffer = if self.source { self.binding } else { u64::MAX };
        gpu::create(problem, &device.with_limits(self.binding, buffer))
    }
}

#[test]
fn arrays_larger_than_a_binding_are_divided_and_nothing_changes() {
    if skip() {
        return;
    }
    let none = ShockCapturing::None;
    let filter = ShockCapturing::EntropyFilter(EntropyFilter::default());
    let viscosity =
        ShockCapturing::ArtificialViscosity(ArtificialViscosity { max: 0.1, s0: 0.01, kappa: 1.0 });
    for (cells, n, name, source, capturing, rule) in [
        (Cells::Hex, 7, "euler", false, none, false),
        (Cells::TriQuad, 32, "euler", true, filter, true),
        (Cells::TriQuad, 32, "navier-stokes", true, viscosity, false),
        (Cells::Hex, 7, "navier-stokes", false, none, false),
    ] {
        let mesh = unit_box(cells, n, false, 0.3 / n as f64);
        let visit = |ranks: usize, binding: u64| -> Vec<Vec<f64>> {
            let part_of = partition::partition(&mesh, ranks, None).unwrap().part_of;
            threads::run(ranks, |comm| {
                let mut sets = PointSets::default();
                if rule {
                    let degree = RuleChoice::Degree(6);
                    let rules: BTreeMap<_, _> = Shape::ALL.map(|s| (s, degree)).into();
                    let (volume, surface) = (true, true);
                    let (volume_rules, face_rules) = (rules.clone(), rules);
                    sets.anti_alias = AntiAlias { volume, surface, volume_rules, face_rules };
                }
                let make = Divided { binding, source, capturing };
                let (part_of, communicator) = (part_of.clone(), comm.clone());
                let made =
                    Make { mesh: &mesh, part_of, order: 2, precision: Precision::Double, comm, sets, make };
                let spec = SystemSpec { dims: mesh.dims, ..system(name) };
                let (mut backend, sizes) = with_system(&spec, made).unwrap().unwrap();
                let absolute = vec![1e-3; sizes[0][1]];
                let mut out = advance(&mut *backend, &sizes, &strange_stages(), 1e-4);
                let error = backend.step_error(1, 0, &Tolerance { absolute, relative: 1e-3 }).unwrap();
                out.push(error.norm(ErrorNorm::L2, 1, &*communicator));
                out
            })
        };
        for ranks in if cells == Cells::Hex { 1..3 } else { 1..2 } {
            let whole = visit(ranks, u64::MAX);
            assert!(whole.iter().flatten().all(|x| x.is_finite()), "{name} {cells:?}");
            assert!(whole == visit(ranks, 140_000), "{name} {cells:?} on {ranks} ranks");
        }
    }
}

#[test]
fn a_rank_without_elements_takes_part() {
    if skip() {
        return;
    }
    for name in ["euler", "diffusion"] {
        let mesh = unit_box(Cells::Quad, 2, true, 0.0);
        let results = threads::run(2, |comm| {
            let part_of = vec![1; mesh.len()];
            let precision = Precision::Double;
            let make = Make {
                mesh: &mesh,
                part_of,
                order: 1,
                precision,
                comm,
                sets: PointSets::default(),
                make: OnGpu(None),
            };
            run(name, make, &strange_stages())
        });
        let make = Make {
            mesh: &mesh,
            part_of: vec![0; mesh.len()],
            order: 1,
            precision: Precision::Double,
            comm: serial(),
            sets: PointSets::default(),
            make: OnReference,
        };
        assert!(results[0].is_empty());
        assert_close(&results[1], &run(name, make, &strange_stages()), 1e-11, name);
    }
}

#[test]
fn what_does_not_fit_is_said() {
    if skip() {
        return;
    }
    let mesh = unit_box(Cells::Hex, 1, true, 0.0);
    let make = Make {
        mesh: &mesh,
        part_of: vec![0],
        order: 6,
        precision: Precision::Double,
        comm: serial(),
        sets: PointSets::default(),
        make: OnGpu(Some(Limits { workgroup_memory: 4096, invocations: 64, row: 2 })),
    };
    let spec = SystemSpec { dims: 3, ..system("euler") };
    let error =
        with_system(&spec, make).unwrap().and_then(|(mut b, _)| b.stage(&strange_stages()[0], 0.0, 0.1));
    assert!(
        matches!(&error, Err(BackendError::Memory { what, .. }) if what.contains("hex of order 6")),
        "{error:?}"
    );
}
