//! A high-order flow solver for unstructured meshes: flux reconstruction (the nodal discontinuous Galerkin member of the
//! family) for systems of conservation laws with and without diffusion, on processors and graphics devices, under MPI.
//!
//! Each element carries a polynomial of a chosen order in every variable. Neighbours meet in common fluxes, which a
//! Riemann solver gives; second derivatives are treated by the local discontinuous Galerkin method (LDG); explicit
//! Runge-Kutta schemes advance the solution in time. The program `solver` is a thin layer over this library ([`cli`]).
//!
//! # A first run
//!
//! A wave carried through a periodic square, with no file involved:
//!
//! ```
//! use solver::prelude::*;
//! use std::{f64::consts::TAU, sync::Arc};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What to solve: du/dt + div(a u - nu grad u) = 0 with a = (1, 0.5), nu = 0; third order polynomials.
//! let system = SystemSpec::new("advection-diffusion").with("ax", 1.0).with("ay", 0.5).with("nu", 0.0);
//! let settings = Settings::new(system, 3);
//!
//! // Where: 8 x 8 quadrilaterals on the unit square, all of them on this one rank.
//! let mesh = BoxMesh::new(Cells::Quad, [8, 8, 1]).periodic([true, true, false]).build();
//! let part = LocalMesh::whole(&mesh);
//!
//! let exact = |x: [f64; 3], t: f64| (TAU * (x[0] - t)).sin() * (TAU * (x[1] - 0.5 * t)).cos();
//! let mut engine = Engine::new(&settings, part, Arc::new(Serial))?;
//! engine.set_initial(|x, out| out[0] = exact(x, 0.0))?;
//!
//! // Ten steps from t = 0 to t = 0.05, with no monitors and nobody watching.
//! let end = run(&mut engine, Span::new(0.0, 0.05, 0.005), &mut [], &mut Silent)?;
//! assert_eq!(end.step, 10);
//!
//! let error = engine.error(11, |x, out| out[0] = exact(x, end.t))?;
//! assert!(error[0] < 1e-3);
//! # Ok(())
//! # }
//! ```
//!
//! More such programs are in the folder `examples` of the repository: `vortex` (the Euler equations and their rate of
//! convergence), `heat` (boundary conditions, a monitor of one's own), `ranks` (several ranks in one process),
//! `own_system` (an equation system defined outside the library), `eigenproblem` (power iteration by time steps), `pi` and
//! `random_walks` (ranks, threads and a graphics device without a flow).
//!
//! # Layers
//!
//! Modules use only those further down in this list; a test holds them to it.
//!
//! | Module | What belongs in it |
//! |---|---|
//! | [`cli`] | the command line: one file a subcommand, no numerics |
//! | [`case`](mod@case) | case files: from text to typed, checked configuration |
//! | [`mod@bench`] | measuring: standard problems, the machine's bandwidth, a model of scaling |
//! | [`run`](mod@run) | the time loop |
//! | [`monitor`] | what looks at the solution between steps: writers, residuals, checks |
//! | [`plot`] | pictures of solutions and of monitors' files |
//! | [`output`] | VTK and HDF5 files |
//! | [`engine`] | discretisation, physics and a backend put together: the solution, its right-hand side, steps, integrals |
//! | [`backend`] | the kernels of a stage, behind one trait: [`backend::cpu`], `backend::gpu`, and [`mod@backend::reference`], which defines what the others compute |
//! | [`physics`] | equation systems, Riemann solvers, boundary conditions, expressions: functions of values at a point |
//! | [`mesh`] | nodes, connectivity, Gmsh files, mesh files, partitions |
//! | [`element`] | reference elements: points, bases, operators |
//! | [`parallel`] | ranks: one, several as threads, or MPI |
//!
//! # Promises
//!
//! * On the processor a result does not depend on the number of ranks or threads, nor on the width of the vectors, not
//!   even in its last bit: both sides of a face evaluate the same expression, and sums over the mesh are exact
//!   ([`parallel::sum`]). Graphics devices may round differently from kernel to kernel.
//! * Physics is written once, generic over [`physics::Real`], and runs on every backend.
//! * Nothing below [`cli`] prints. A mistake in a mesh or a case file is an error that says what is wrong, where, and what
//!   to do.
//!
//! # Features
//!
//! `mpi` (on by default): ranks under `mpirun`; needs an MPI library and libclang to build. `gpu` (on by default):
//! the backend `gpu`, on devices with Vulkan, Metal or DirectX 12.

pub mod backend;
pub mod bench;
pub mod case;
pub mod cli;
pub mod element;
pub mod engine;
pub mod files;
pub mod mesh;
pub mod monitor;
pub mod output;
pub mod parallel;
pub mod physics;
pub mod plot;
pub mod run;

pub mod prelude {
    //! What a program that uses the library usually names: `use solver::prelude::*;`.

    pub use crate::backend::Precision;
    pub use crate::engine::{BackendChoice, BoundarySpec, Engine, EngineError, Settings};
    pub use crate::mesh::Mesh;
    pub use crate::mesh::generate::{BoxMesh, Cells};
    pub use crate::mesh::local::{LocalMesh, cut};
    pub use crate::mesh::partition::partition;
    pub use crate::monitor::{Moment, Monitor, MonitorError};
    pub use crate::parallel::{Communicator, serial::Serial};
    pub use crate::physics::SystemSpec;
    pub use crate::physics::expr::Expr;
    pub use crate::run::{Control, RunError, Silent, Span, run, run_controlled};
}
