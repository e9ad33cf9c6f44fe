//! The standard problems: periodic boxes of every shape of element, the same as in published figures.

use super::scaling::Problem;
use crate::backend::Precision;
use crate::engine::{BackendChoice, Engine, EngineError, Settings};
use crate::mesh::generate::{BoxMesh, Cells};
use crate::mesh::local::LocalMesh;
use crate::parallel::{AgreedError, Communicator, agree};
use crate::physics::SystemSpec;
use crate::run::mesh::{Division, Source};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Step of the measurements: so small that any state stays what it is.
pub const DT: f64 = 1e-6;

/// Order of the geometry and amplitude of the warp of curved meshes.
const CURVED: (usize, f64) = (2, 0.03);

/// A standard problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Its name: equations, cells, order of the polynomials, `curved`.
    pub name: &'static str,
    /// Equation system.
    pub system: &'static str,
    /// Elements.
    pub cells: Cells,
    /// Cells along each axis.
    pub count: usize,
    /// The same, for devices that are there for correctness.
    pub small: usize,
    /// Order of the polynomials.
    pub order: usize,
    /// Whether each point has a metric of its own.
    pub curved: bool,
}

const EULER: &str = "euler";
const NAVIER_STOKES: &str = "navier-stokes";

const fn straight(
    name: &'static str,
    system: &'static str,
    cells: Cells,
    [count, small]: [usize; 2],
    order: usize,
) -> Workload {
    Workload { name, system, cells, count, small, order, curved: false }
}

const fn curved(name: &'static str, of: Workload) -> Workload {
    Workload { name, curved: true, ..of }
}

const EULER_QUAD_P3: Workload = straight("euler-quad-p3", EULER, Cells::Quad, [384, 48], 3);
const EULER_QUAD_P4: Workload = straight("euler-quad-p4", EULER, Cells::Quad, [384, 48], 4);
const EULER_HEX_P4: Workload = straight("euler-hex-p4", EULER, Cells::Hex, [32, 6], 4);
const NS_HEX_P3: Workload = straight("navier-stokes-hex-p3", NAVIER_STOKES, Cells::Hex, [32, 6], 3);

/// All of them.
pub const WORKLOADS: &[Workload] = &[
    EULER_QUAD_P3,
    EULER_QUAD_P4,
    EULER_HEX_P4,
    NS_HEX_P3,
    straight("navier-stokes-hex-p4", NAVIER_STOKES, Cells::Hex, [32, 6], 4),
    straight("euler-tet-p3", EULER, Cells::Tet, [24, 4], 3),
    straight("navier-stokes-tet-p3", NAVIER_STOKES, Cells::Tet, [24, 4], 3),
    straight("navier-stokes-prism-p3", NAVIER_STOKES, Cells::Prism, [24, 4], 3),
    straight("navier-stokes-mixed-p3", NAVIER_STOKES, Cells::Mixed, [24, 6], 3),
    curved("euler-quad-p3-curved", EULER_QUAD_P3),
    curved("euler-quad-p4-curved", EULER_QUAD_P4),
    curved("euler-hex-p4-curved", EULER_HEX_P4),
    curved("navier-stokes-hex-p3-curved", NS_HEX_P3),
];

/// The workload of this name.
pub fn find(name: &str) -> Option<Workload> {
    WORKLOADS.iter().find(|w| w.name == name).copied()
}

/// Those that `text` means: the one of this name, or all whose names contain it.
pub fn matching(text: &str) -> Vec<Workload> {
    find(text).map_or_else(
        || WORKLOADS.iter().filter(|w| w.name.contains(text)).copied().collect(),
        |workload| vec![workload],
    )
}

/// Why there is no engine for a workload.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The mesh cannot be divided.
    #[error(transparent)]
    Mesh(#[from] AgreedError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Workload {
    /// Cells along each axis, the full problem or the small one.
    pub fn counts(&self, small: bool) -> [usize; 3] {
        [if small { self.small } else { self.count }; 3]
    }

    /// Whether the system has second derivatives.
    pub fn viscous(&self) -> bool {
        self.system == NAVIER_STOKES
    }

    /// A periodic box of so many cells along each axis, from 0 to 2 pi.
    pub fn mesh(&self, counts: [usize; 3]) -> BoxMesh {
        let mesh = BoxMesh::new(self.cells, counts).periodic([true; 3]).extents([0.0; 3], [TAU; 3]);
        if self.curved { mesh.order(CURVED.0).warp(CURVED.1) } else { mesh }
    }

    /// What to solve, and how.
    pub fn settings(&self, backend: BackendChoice, precision: Precision) -> Settings {
        let constants = [("gamma", 1.4), ("mu", 1.0 / 1600.0), ("Pr", 0.71)];
        let constants = constants.iter().filter(|c| self.viscous() || c.0 == "gamma");
        let system = constants.fold(SystemSpec::new(self.system), |spec, (name, x)| spec.with(name, *x));
        Settings { backend, precision, ..Settings::new(system, self.order) }
    }

    /// The problem of so many elements as the model of [`super::scaling`] sees it, with rk4, for workloads of one shape.
    /// `size`: bytes of a number.
    pub fn problem(&self, elements: f64, size: f64) -> Problem {
        let (dims, shape) = (self.cells.dims(), self.cells.shapes()[0]);
        let variables = (dims + 2) as f64;
        let faces = shape.faces();
        Problem {
            dims,
            elements,
            element_unknowns: shape.points(self.order) as f64 * variables,
            element_faces: faces.len() as f64,
            face_bytes: faces[0].shape.points(self.order) as f64 * variables * size,
            exchanges: if self.viscous() { 2.0 } else { 1.0 },
            stages: 4.0,
            reductions: 0.0,
        }
    }

    /// The engine of this rank on `counts` cells, in the state of the Taylor-Green vortex at Mach 0.1. Collective.
    ///
    /// # Errors
    /// The backend is not there, or the problem does not fit it; fewer elements than ranks.
    pub fn engine(
        &self,
        counts: [usize; 3],
        backend: BackendChoice,
        precision: Precision,
        ranks: &Arc<dyn Communicator>,
    ) -> Result<Engine, WorkloadError> {
        let part = if ranks.size() == 1 {
            LocalMesh::whole(&self.mesh(counts).build())
        } else {
            let mesh = (ranks.rank() == 0).then(|| self.mesh(counts).build());
            Source::Memory(mesh).distribute(&Division::Made, self.order, ranks)?
        };
        let settings = self.settings(backend, precision);
        let made = Engine::new(&settings, part, Arc::clone(ranks));
        let mut engine = agree(&**ranks, made)?;
        let dims = self.cells.dims();
        engine.set_initial(|x, out| taylor_green(x, dims, out))?;
        Ok(engine)
    }
}

/// Density, velocity and pressure of the Taylor-Green vortex at Mach 0.1 (G. I. Taylor, A. E. Green, Proc. R. Soc. A 158,
/// 1937); in two dimensions that of the plane z = 0.
fn taylor_green([x, y, z]: [f64; 3], dims: usize, out: &mut [f64]) {
    let z = if dims == 3 { z } else { 0.0 };
    out.fill(0.0);
    out[0] = 1.0;
    out[1] = x.sin() * y.cos() * z.cos();
    out[2] = -x.cos() * y.sin() * z.cos();
    out[dims + 1] = 1.0 / (1.4 * 0.01) + ((2.0 * x).cos() + (2.0 * y).cos()) * ((2.0 * z).cos() + 2.0) / 16.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::cpu::Isa;
    use crate::parallel::serial::Serial;

    #[test]
    fn names_say_what_the_workloads_are() {
        for (i, w) in WORKLOADS.iter().enumerate() {
            assert!(WORKLOADS[..i].iter().all(|other| other.name != w.name));
            assert!(w.name.starts_with(w.system) && w.name.contains(&format!("-p{}", w.order)), "{}", w.name);
            assert_eq!(w.name.ends_with("-curved"), w.curved);
            assert_eq!(matching(w.name), [*w], "a whole name means one workload");
        }
        assert!(
            matching("tet").len() == 2 && matching("").len() == WORKLOADS.len() && matching("x-y").is_empty()
        );
    }

    #[test]
    fn every_workload_runs() {
        for w in WORKLOADS {
            let counts = w.cells.least().map(|n| n.max(2));
            let ranks: Arc<dyn Communicator> = Arc::new(Serial);
            let backend = BackendChoice::Cpu(Some(Isa::Scalar));
            let mut engine = w.engine(counts, backend, Precision::Double, &ranks).unwrap();
            engine.step(0.0, DT).unwrap();
            assert!(engine.solution().unwrap().iter().flatten().all(|x| x.is_finite()), "{}", w.name);
            assert_eq!(engine.variables().is_viscous(), w.viscous());
        }
    }
}
