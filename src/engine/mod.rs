//! The engine: discretisation, physics and a backend put together. Holds the solution and advances it in time.
//!
//! [`Settings`] say what to solve and how; [`Engine::new`] builds everything for one rank of a mesh. A system that is not
//! in the library's table goes through [`Engine::with_system`].
//!
//! Values at the boundary of the engine are `f64`, `[element][variable][point]`, block by block
//! ([`Discretisation::blocks`]); what is evaluated at points and summed ([`fields`]) does not depend on the number of
//! ranks or the order of elements.

pub mod closed_surface;
pub mod discretise;
pub mod error;
pub mod estimate;
pub mod fields;
pub mod geometry;
pub mod initial;
pub mod integrals;
mod interpolation;
pub mod locate;
pub mod placing;
pub mod quality;
pub mod region;
pub mod scheme;
pub mod settings;
pub mod stability;
pub mod surface;
pub mod traffic;
pub mod wave_rate;

pub use error::EngineError;
pub use settings::{BACKENDS, BackendChoice, BoundarySpec, Settings};

use crate::backend::cpu;
use crate::backend::faces::{Faces, Gradients};
use crate::backend::memory;
use crate::backend::problem::{CONTROL, Ldg};
use crate::backend::reference::Reference;
use crate::backend::{
    Backend, BoundaryData, Discretisation, ErrorNorm, Precision, Problem, ShockCapturing, Stage, Tolerance,
};
use crate::element::PointSets;
use crate::mesh::local::LocalMesh;
use crate::parallel::{Communicator, agree};
use crate::physics::expr::Expr;
use crate::physics::variables::{Variables, VariablesOf};
use crate::physics::{System, SystemSpec, SystemVisitor, unknown, with_system};
use scheme::Scheme;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Register that never holds the solution between steps: what it holds in one may be overwritten between two.
const SCRATCH: usize = 1;

/// Bytes of values that the backend takes at a time where there is no need for a whole copy.
const WRITE_BYTES: usize = 1 << 20;

/// The same for values that it gives, which takes a wait for the device.
const READ_BYTES: usize = 16 << 20;

/// The solution of one rank and all that advances it.
pub struct Engine {
    backend: Box<dyn Backend>,
    discretisation: Arc<Discretisation>,
    mesh: Arc<LocalMesh>,
    variables: Arc<dyn Variables>,
    scheme: Scheme,
    ldg: Ldg,
    /// Stages of a step from the scheme's result to register 0.
    reversed: Vec<Stage>,
    /// Register that holds the solution: 0, or the scheme's result.
    now: usize,
    /// Of all ranks.
    unknowns: u64,
    communicator: Arc<dyn Communicator>,
    gradients: Box<dyn Gradients>,
    points: PointSets,
    precision: Precision,
    kept: BTreeMap<String, Vec<f64>>,
    kept_fields: BTreeMap<String, KeptFields>,
}

/// What every rank made, or the failure of one: the others would wait for it in what comes next. Collective.
fn everywhere<T, E>(comm: &dyn Communicator, made: Result<T, E>) -> Result<T, EngineError>
where
    EngineError: From<E>,
{
    let made = made.map_err(EngineError::from);
    if comm.size() == 1 { made } else { agree(comm, made).map_err(EngineError::Agreed) }
}

/// Fields at the solution points beside the solution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptFields {
    /// A name for each field.
    pub names: Vec<String>,
    /// Their values, block by block, `[element][field][point]`.
    pub blocks: Vec<Vec<f64>>,
}

impl Engine {
    /// Builds the engine for a system of the library. Collective.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn new(
        settings: &Settings,
        mesh: LocalMesh,
        communicator: Arc<dyn Communicator>,
    ) -> Result<Engine, EngineError> {
        struct Build<'a>(&'a Settings, LocalMesh, Arc<dyn Communicator>);
        impl SystemVisitor for Build<'_> {
            type Output = Result<Engine, EngineError>;
            fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Self::Output {
                Engine::with_system(system, self.0, self.1, self.2)
            }
        }
        let spec = SystemSpec { dims: mesh.dims, ..settings.system.clone() };
        with_system(&spec, Build(settings, mesh, communicator))?
    }

    /// Builds the engine for any system, such as one defined outside this library. Collective.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub fn with_system<const D: usize, const V: usize, S: System<D, V>>(
        system: S,
        settings: &Settings,
        mut mesh: LocalMesh,
        communicator: Arc<dyn Communicator>,
    ) -> Result<Engine, EngineError> {
        let boundaries: Vec<_> = mesh
            .boundaries
            .iter()
            .map(|name| boundary::<D, V, S>(name, settings))
            .collect::<Result<_, _>>()?;
        let (boundaries, controls): (Vec<_>, Vec<_>) = boundaries.into_iter().unzip();
        capturing::<D, V, S>(settings)?;
        let scheme = settings.scheme()?;
        let made = discretise::discretise(&mesh, settings.order, &settings.points);
        let (mut discretisation, normals) = everywhere(&*communicator, made)?;
        // The discretisation has its own.
        mesh.blocks.iter_mut().for_each(|block| block.links = vec![]);
        if !settings.source.is_empty() {
            placing::place_points(&mesh, &mut discretisation);
        }
        let discretisation = Arc::new(discretisation);
        // The mean where the system knows no LDG.
        let beta = if S::VISCOUS { settings.ldg.beta } else { 0.0 };
        let mut gradients: Box<dyn Gradients> = Box::new(Faces::new(
            system.clone(),
            boundaries.clone(),
            Arc::clone(&discretisation),
            beta,
            &communicator,
        ));
        let problem = Problem {
            system: system.clone(),
            boundaries,
            discretisation: Arc::clone(&discretisation),
            normals,
            ldg: settings.ldg,
            registers: scheme.registers.max(SCRATCH + 1),
            source: settings.source.clone(),
            capturing: settings.capturing,
            precision: settings.precision,
            communicator: Arc::clone(&communicator),
        };
        let opened = match &settings.backend {
            BackendChoice::Gpu(device) => open(device.as_deref(), &*communicator).map(Some),
            _ => Ok(None),
        };
        let device = everywhere(&*communicator, opened)?;
        // Devices agree on their arrays before they exchange anything; ranks without one listen.
        if device.is_none() {
            everywhere(&*communicator, Ok::<_, EngineError>(()))?;
        }
        let made: Result<Box<dyn Backend>, EngineError> = match &settings.backend {
            BackendChoice::Cpu(None) => cpu::create(problem).map_err(EngineError::from),
            BackendChoice::Cpu(Some(isa)) => cpu::create_for(problem, *isa).map_err(EngineError::from),
            BackendChoice::Reference => Ok(Box::new(Reference::new(problem))),
            BackendChoice::Gpu(_) => device.map_or(Err(EngineError::NoGpu), |device| gpu(problem, &device)),
        };
        let mut backend = everywhere(&*communicator, made)?;
        for (boundary, value) in controls.into_iter().enumerate() {
            backend.control(boundary, value, 0.0);
            gradients.control(boundary, value, 0.0);
        }
        let mut unknowns = [(discretisation.points() * V) as u64];
        communicator.sum_u64(&mut unknowns);
        Ok(Engine {
            backend,
            discretisation,
            mesh: Arc::new(mesh),
            variables: Arc::new(VariablesOf::<D, V, S>(system)),
            reversed: scheme.reversed(),
            now: 0,
            unknowns: unknowns[0],
            scheme,
            ldg: settings.ldg,
            communicator,
            gradients,
            points: settings.points.clone(),
            precision: settings.precision,
            kept: BTreeMap::new(),
            kept_fields: BTreeMap::new(),
        })
    }

    /// The discrete problem of this rank.
    pub fn discretisation(&self) -> &Discretisation {
        &self.discretisation
    }

    /// This rank's part of the mesh, without its links: [`Engine::discretisation`] has what lies beyond each face.
    pub fn mesh(&self) -> &LocalMesh {
        &self.mesh
    }

    /// The system's variables.
    pub fn variables(&self) -> &Arc<dyn Variables> {
        &self.variables
    }

    /// The ranks.
    pub fn communicator(&self) -> &Arc<dyn Communicator> {
        &self.communicator
    }

    /// Names of the point sets.
    pub fn points(&self) -> &PointSets {
        &self.points
    }

    /// Working precision.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The time-stepping scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// What it runs on.
    pub fn description(&self) -> String {
        self.backend.description()
    }

    /// Bytes of device memory of this rank.
    pub fn memory(&self) -> u64 {
        self.backend.memory()
    }

    /// Unknowns of all ranks: variables times solution points.
    pub fn global_unknowns(&self) -> u64 {
        self.unknowns
    }

    /// Sets the conserved variables of block `block`, `[element][variable][point]`.
    ///
    /// # Errors
    /// The device failed.
    pub fn set_solution(&mut self, block: usize, values: &[f64]) -> Result<(), EngineError> {
        self.set_elements(block, 0, values)
    }

    /// Sets the conserved variables of the elements of block `block` from `first` on, as many as `values` hold,
    /// `[element][variable][point]`.
    ///
    /// # Errors
    /// The device failed.
    pub fn set_elements(&mut self, block: usize, first: usize, values: &[f64]) -> Result<(), EngineError> {
        Ok(self.backend.write(self.now, block, first, values)?)
    }

    /// Reads the conserved variables of the elements of block `block` from `first` on, as many as `values` hold,
    /// `[element][variable][point]`.
    ///
    /// # Errors
    /// The device failed.
    pub fn elements(&mut self, block: usize, first: usize, values: &mut [f64]) -> Result<(), EngineError> {
        Ok(self.backend.read(self.now, block, first, values)?)
    }

    /// Pieces of all blocks, in order: block and elements with `bytes` of values or little more.
    fn pieces(&self, bytes: usize) -> Vec<(usize, Range<usize>)> {
        let variables = self.variables.conserved().len();
        let mut pieces = vec![];
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            let most = (bytes / 8).div_ceil(block.points_per_element() * variables);
            let starts = (0..block.len()).step_by(most);
            pieces.extend(starts.map(|first| (b, first..block.len().min(first + most))));
        }
        pieces
    }

    /// Calls `visit(block, elements, values)` with the solution, piece by piece in order, values
    /// `[element][variable][point]`.
    fn visit_solution(
        &mut self,
        mut visit: impl FnMut(usize, Range<usize>, &[f64]),
    ) -> Result<(), EngineError> {
        let mut values = vec![];
        for (b, elements) in self.pieces(READ_BYTES) {
            let size = self.discretisation.blocks[b].points_per_element() * self.variables.conserved().len();
            values.resize(elements.len() * size, 0.0);
            self.elements(b, elements.start, &mut values)?;
            visit(b, elements, &values);
        }
        Ok(())
    }

    /// The conserved variables, block by block, `[element][variable][point]`.
    ///
    /// # Errors
    /// The device failed.
    pub fn solution(&mut self) -> Result<Vec<Vec<f64>>, EngineError> {
        self.register(self.now)
    }

    /// `du/dt` of the solution at time `t`, laid out like the solution. Collective.
    ///
    /// # Errors
    /// The device failed.
    pub fn right_hand_side(&mut self, t: f64) -> Result<Vec<Vec<f64>>, EngineError> {
        self.backend.stage(&Stage::right_hand_side(self.now, SCRATCH), t, 1.0)?;
        self.register(SCRATCH)
    }

    fn register(&mut self, register: usize) -> Result<Vec<Vec<f64>>, EngineError> {
        let variables = self.variables.conserved().len();
        let mut blocks = vec![];
        for (b, block) in self.discretisation.blocks.iter().enumerate() {
            // On huge pages: an output would spend more on its page faults than on copying.
            let mut values = memory::filled(block.len() * block.points_per_element() * variables, 0.0);
            self.backend.read(register, b, 0, &mut values)?;
            blocks.push(values);
        }
        Ok(blocks)
    }

    /// One step from `t` to `t + dt`. Collective; may return before the device is done.
    ///
    /// # Errors
    /// The device failed.
    pub fn step(&mut self, t: f64, dt: f64) -> Result<(), EngineError> {
        self.attempt(t, dt)?;
        self.accept();
        Ok(())
    }

    /// One step from `t` to `t + dt` that counts only once it is accepted ([`Engine::accept`]): until then another attempt
    /// starts where this one did. That takes a scheme with an estimate ([`Settings::estimate`]); with others every step
    /// counts. Collective; may return before the device is done.
    ///
    /// # Errors
    /// The device failed.
    pub fn attempt(&mut self, t: f64, dt: f64) -> Result<(), EngineError> {
        let stages = if self.now == 0 { &self.scheme.stages } else { &self.reversed };
        for stage in stages {
            self.backend.stage(stage, t, dt)?;
        }
        Ok(())
    }

    /// Makes the result of the last attempt the solution.
    pub fn accept(&mut self) {
        self.now = self.scheme.result - self.now;
    }

    /// Size of the error of the last attempt, in units of `tolerance`; NaN where the solution is no longer finite, `None`
    /// where the scheme has no estimate. Collective; the same bits on any number of ranks and threads.
    ///
    /// # Errors
    /// The device failed.
    ///
    /// # Panics
    /// If `tolerance` has not one number for each conserved variable.
    pub fn step_error(&mut self, tolerance: &Tolerance, norm: ErrorNorm) -> Result<Option<f64>, EngineError> {
        assert_eq!(
            tolerance.absolute.len(),
            self.variables.conserved().len(),
            "a tolerance for each variable"
        );
        let Some(error) = self.scheme.error else { return Ok(None) };
        let result = self.scheme.result - self.now;
        let size = self.backend.step_error(error, result, tolerance)?;
        Ok(Some(size.norm(norm, self.unknowns, &*self.communicator)))
    }

    /// Sets the control of the boundary called `name` to `value + slope t` at time `t`. A boundary that is not part of
    /// this rank's mesh has none.
    pub fn control(&mut self, name: &str, value: f64, slope: f64) {
        if let Some(boundary) = self.mesh.boundaries.iter().position(|b| b == name) {
            self.backend.control(boundary, value, slope);
            self.gradients.control(boundary, value, slope);
        }
    }

    /// Keeps numbers that a part of the program needs to continue a run; they are written with solutions. `name`: words, in
    /// groups separated by `/`. The same on all ranks.
    pub fn keep(&mut self, name: String, numbers: Vec<f64>) {
        self.kept.insert(name, numbers);
    }

    /// What was kept last, by name.
    pub fn kept(&self) -> &BTreeMap<String, Vec<f64>> {
        &self.kept
    }

    /// Keeps fields that a part of the program needs to continue a run, such as averages; they are written with solutions.
    /// `name` as for [`Engine::keep`].
    ///
    /// # Panics
    /// If a block has not one value for each field at each solution point.
    pub fn keep_fields(&mut self, name: String, fields: KeptFields) {
        for (block, values) in self.discretisation.blocks.iter().zip(&fields.blocks) {
            assert_eq!(values.len(), block.len() * block.points_per_element() * fields.names.len());
        }
        self.kept_fields.insert(name, fields);
    }

    /// The fields that were kept last, by name.
    pub fn kept_fields(&self) -> &BTreeMap<String, KeptFields> {
        &self.kept_fields
    }

    /// Waits for the device.
    ///
    /// # Errors
    /// The device failed.
    pub fn wait(&mut self) -> Result<(), EngineError> {
        Ok(self.backend.wait()?)
    }
}

/// Checks what is to keep shocks in check against what the system can do.
fn capturing<const D: usize, const V: usize, S: System<D, V>>(
    settings: &Settings,
) -> Result<(), EngineError> {
    let what = match settings.capturing {
        ShockCapturing::EntropyFilter(_) if !S::FILTERED => "the entropy filter",
        ShockCapturing::ArtificialViscosity(_) if !S::VISCOUS => "artificial viscosity",
        _ => return Ok(()),
    };
    Err(EngineError::Capturing { what, system: settings.system.name.clone() })
}

/// Condition and data of the boundary called `name`, and where its control starts.
fn boundary<const D: usize, const V: usize, S: System<D, V>>(
    name: &str,
    settings: &Settings,
) -> Result<(BoundaryData<S::Boundary>, f64), EngineError> {
    let spec = settings.boundaries.get(name).ok_or_else(|| EngineError::NoCondition(name.into()))?;
    let kinds = S::boundaries();
    let kind = kinds
        .iter()
        .find(|k| k.name == spec.kind)
        .ok_or_else(|| unknown("boundary condition", &spec.kind, kinds.iter().map(|k| k.name)))?;
    let (mut data, mut control) = (vec![], 0.0);
    let defaults = kind.optional.iter().map(|(key, default)| (*key, Some(*default)));
    for (key, default) in kind.keys.iter().map(|key| (*key, None)).chain(defaults) {
        let given = spec.data.get(key).cloned().or(default.map(Expr::constant));
        let missing = || EngineError::NoData { boundary: name.into(), kind: spec.kind.clone(), key };
        let expr = given.ok_or_else(missing)?;
        if kind.controlled == Some(key) {
            control = expr.eval_f64(&[0.0; 5]);
            data.push(Expr::variable(&["x", "y", "z", "t", "control"], CONTROL));
        } else {
            data.push(expr);
        }
    }
    Ok((BoundaryData { condition: kind.condition, data }, control))
}

#[cfg(feature = "gpu")]
type Device = crate::backend::gpu::Device;
#[cfg(not(feature = "gpu"))]
type Device = std::convert::Infallible;

#[cfg(feature = "gpu")]
fn open(name: Option<&str>, ranks: &dyn Communicator) -> Result<Device, EngineError> {
    Ok(Device::open(name, ranks.local_rank())?)
}

#[cfg(not(feature = "gpu"))]
fn open(_: Option<&str>, _: &dyn Communicator) -> Result<Device, EngineError> {
    Err(EngineError::NoGpu)
}

#[cfg(feature = "gpu")]
fn gpu<const D: usize, const V: usize, S: System<D, V>>(
    problem: Problem<D, V, S>,
    device: &Device,
) -> Result<Box<dyn Backend>, EngineError> {
    Ok(crate::backend::gpu::create(problem, device)?)
}

#[cfg(not(feature = "gpu"))]
fn gpu<const D: usize, const V: usize, S: System<D, V>>(
    _: Problem<D, V, S>,
    device: &Device,
) -> Result<Box<dyn Backend>, EngineError> {
    match *device {}
}
