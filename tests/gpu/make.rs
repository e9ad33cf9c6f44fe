//! Backends without an engine, and stages for them that no scheme has.

use crate::problems::*;
use solver::backend::gpu::{self, Device, Limits};
use solver::backend::problem::{BoundaryData, Ldg};
use solver::backend::reference::Reference;
use solver::backend::{Backend, BackendError, Precision, Problem, Stage, Update};
use solver::element::PointSets;
use solver::engine::discretise::discretise;
use solver::engine::placing::place_points;
use solver::mesh::{Mesh, local};
use solver::parallel::Communicator;
use solver::physics::expr::Expr;
use solver::physics::{System, SystemSpec, SystemVisitor, with_system};
use std::sync::Arc;

/// A system's first boundary condition with constant data, on rank `comm.rank()` of `mesh` divided as `part_of` says.
pub struct Make<'a, F> {
    pub mesh: &'a Mesh,
    pub part_of: Vec<u32>,
    pub order: usize,
    pub precision: Precision,
    pub comm: Arc<dyn Communicator>,
    pub sets: PointSets,
    pub make: F,
}

/// What to make of a problem.
pub trait MakeBackend {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError>;
}

pub struct OnReference;
impl MakeBackend for OnReference {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        Ok(Box::new(Reference::new(problem)))
    }
}

pub struct OnGpu(pub Option<Limits>);
impl MakeBackend for OnGpu {
    fn make<const D: usize, const V: usize, S: System<D, V>>(
        self,
        problem: Problem<D, V, S>,
    ) -> Result<Box<dyn Backend>, BackendError> {
        let device = Device::open(std::env::var("SOLVER_TEST_DEVICE").ok().as_deref(), 0)?;
        match self.0 {
            Some(limits) => gpu::create_within(problem, &device, limits),
            None => gpu::create(problem, &device),
        }
    }
}

impl<F: MakeBackend> SystemVisitor for Make<'_, F> {
    /// The backend, and by block: elements, variables, points.
    type Output = Result<(Box<dyn Backend>, Vec<[usize; 3]>), BackendError>;
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Self::Output {
        let part = local::cut(self.mesh, &self.part_of, self.comm.rank());
        let (mut disc, normals) = discretise(&part, self.order, &self.sets).unwrap();
        place_points(&part, &mut disc);
        let disc = Arc::new(disc);
        let sizes = disc.blocks.iter().map(|b| [b.len(), V, b.points_per_element()]).collect();
        let kind = S::boundaries().remove(0);
        let data =
            BoundaryData { condition: kind.condition, data: vec![Expr::constant(1.0); kind.keys.len()] };
        let problem = Problem {
            system,
            boundaries: vec![data; part.boundaries.len()],
            discretisation: disc,
            normals,
            ldg: Ldg { beta: 0.3, tau: 0.2 },
            registers: 4,
            source: vec![],
            capturing: Default::default(),
            precision: self.precision,
            communicator: self.comm,
        };
        Ok((self.make.make(problem)?, sizes))
    }
}

/// Registers after `stages`, started from smooth but different values, block by block.
pub fn run<F: MakeBackend>(system_name: &str, make: Make<F>, stages: &[Stage]) -> Vec<f64> {
    let spec = SystemSpec { dims: make.mesh.dims, ..system(system_name) };
    registers(with_system(&spec, make).unwrap().unwrap(), stages)
}

pub fn registers((mut backend, sizes): (Box<dyn Backend>, Vec<[usize; 3]>), stages: &[Stage]) -> Vec<f64> {
    advance(&mut *backend, &sizes, stages, 0.01)
}

pub fn advance(backend: &mut dyn Backend, sizes: &[[usize; 3]], stages: &[Stage], dt: f64) -> Vec<f64> {
    let mut out = vec![];
    for register in 0..4 {
        for (b, &[elements, variables, points]) in sizes.iter().enumerate() {
            // A sane gas: the last variable, its energy, is large.
            let value = |i: usize| {
                let base = if i / points % variables + 1 == variables { 9.0 } else { 1.0 };
                base + 0.01 * ((i * 7 + register) % 11) as f64
            };
            let values: Vec<f64> = (0..elements * variables * points).map(value).collect();
            backend.write(register, b, 0, &values).unwrap();
        }
    }
    for stage in stages {
        backend.stage(stage, 0.1, dt).unwrap();
    }
    backend.wait().unwrap();
    for register in 0..4 {
        for (b, n) in sizes.iter().enumerate() {
            let mut values = vec![0.0; n.iter().product()];
            backend.read(register, b, 0, &mut values).unwrap();
            out.extend(values);
        }
    }
    out
}

pub fn update(into: usize, terms: &[(usize, f64)], k: f64) -> Update {
    Update { into, terms: terms.to_vec(), k }
}

/// Stages no scheme has: swapped registers, a register evaluated that was not announced, one announced but not written.
pub fn strange_stages() -> Vec<Stage> {
    vec![
        Stage {
            eval: 0,
            c: 0.3,
            updates: vec![
                update(0, &[(1, 0.9), (0, 0.1)], 0.1),
                update(1, &[(0, 1.0)], 0.0),
                update(3, &[], 1.0),
            ],
            next: 2,
        },
        Stage { eval: 2, c: 0.0, updates: vec![update(2, &[(2, 1.0)], 0.2)], next: 1 },
        Stage { eval: 0, c: 1.0, updates: vec![update(1, &[(1, 0.5), (2, 0.5)], -0.1)], next: 1 },
        Stage { eval: 1, c: 1.0, updates: vec![update(0, &[(1, 1.0)], 0.3)], next: 0 },
    ]
}

pub fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}, value {i}: {a} instead of {b}");
    }
}
