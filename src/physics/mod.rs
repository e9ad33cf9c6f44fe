//! Equation systems, Riemann solvers, boundary states: functions of point values, generic over [`Real`].
//!
//! Nothing here knows a mesh, an index or a backend. Adding an equation system is one file implementing
//! [`system::System`] and one line of the `systems!` table below; everything else (help texts, error messages, both
//! backends, output) follows from these.

pub mod acoustics;
pub mod advection_diffusion;
pub mod burgers;
pub mod dual;
pub mod euler;
#[cfg(test)]
pub(crate) mod every;
pub mod expr;
pub mod navier_stokes;
pub mod real;
mod riemann;
pub mod shallow_water;
pub mod system;
pub mod variables;

pub use real::Real;
pub use system::{Boundary, BoundaryKind, BoundaryPoint, OutputField, System};

use std::collections::BTreeMap;

/// One line of a table of choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<T> {
    /// Name in case files.
    pub name: &'static str,
    /// One line of help.
    pub doc: &'static str,
    /// What it stands for.
    pub value: T,
}

/// The choice called `name` of a table; `what` names the table's key in messages.
///
/// # Errors
/// [`SystemError::Unknown`] with the names there are.
pub fn find<T: Copy>(what: &'static str, name: &str, table: &[Choice<T>]) -> Result<T, SystemError> {
    table
        .iter()
        .find(|c| c.name == name)
        .map(|c| c.value)
        .ok_or_else(|| unknown(what, name, table.iter().map(|c| c.name)))
}

/// The error for a name that is in no table, with the nearest one that is.
pub fn unknown(what: &'static str, name: &str, known: impl Iterator<Item = &'static str>) -> SystemError {
    let known: Vec<_> = known.collect();
    let near = known.iter().copied().filter(|k| strsim::jaro_winkler(k, name) > 0.75);
    let near = near.max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    SystemError::Unknown { what, name: name.into(), near, known }
}

/// Why a system can't be made from a case's choices.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SystemError {
    /// A name that is in no table.
    #[error("unknown {what} '{name}'{}; there are: {}", near.map(|n| format!(", did you mean '{n}'?")).unwrap_or_default(), known.join(", "))]
    Unknown {
        /// Key whose value it is.
        what: &'static str,
        /// The name given.
        name: String,
        /// The nearest known one.
        near: Option<&'static str>,
        /// All known ones.
        known: Vec<&'static str>,
    },
    /// A constant the system needs is missing.
    #[error("[constants] lacks '{name}', which the system '{system}' needs")]
    MissingConstant {
        /// The system.
        system: String,
        /// The constant.
        name: &'static str,
    },
    /// A constant is out of range.
    #[error("[constants] {name} = {value}, but it must be {must}")]
    BadConstant {
        /// The constant.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What would do.
        must: &'static str,
    },
    /// The least pressure of the Riemann solver `exact` is none.
    #[error("[solver-interfaces] p-min = {0}, but it must be greater than 0")]
    PressureFloor(f64),
    /// The system is not defined in this many dimensions.
    #[error("the system '{system}' does not exist in {dims} dimensions")]
    Dimensions {
        /// The system.
        system: String,
        /// Dimensions of the mesh.
        dims: usize,
    },
}

/// What a case says about the physics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemSpec {
    /// `[solver] system`.
    pub name: String,
    /// Space dimensions of the mesh.
    pub dims: usize,
    /// `[constants]`.
    pub constants: BTreeMap<String, f64>,
    /// `[solver-interfaces] riemann-solver`.
    pub riemann: String,
    /// `[solver-interfaces] p-min`: pressure below which the Riemann solver `exact` does not go, if not
    /// [`euler::riemann::P_MIN`].
    pub p_min: Option<f64>,
    /// `[solver] viscosity-correction`: a law of [`navier_stokes::VISCOSITY_LAWS`]; empty for none.
    pub viscosity: String,
}

impl SystemSpec {
    /// The system called `name` (see [`SYSTEMS`]) without constants, with the Riemann solver `rusanov`. Its dimensions are
    /// those of the mesh it is solved on.
    pub fn new(name: &str) -> SystemSpec {
        SystemSpec { name: name.into(), riemann: "rusanov".into(), ..SystemSpec::default() }
    }

    /// The same with the constant `name` set.
    pub fn with(mut self, name: &str, value: f64) -> SystemSpec {
        self.constants.insert(name.into(), value);
        self
    }

    /// The same with another Riemann solver.
    pub fn riemann(mut self, name: &str) -> SystemSpec {
        self.riemann = name.into();
        self
    }

    /// The same with another least pressure for the Riemann solver `exact`.
    pub fn p_min(mut self, p_min: f64) -> SystemSpec {
        self.p_min = Some(p_min);
        self
    }

    /// The same with another law of viscosity.
    pub fn viscosity(mut self, name: &str) -> SystemSpec {
        self.viscosity = name.into();
        self
    }

    /// The constant `name`, checked.
    ///
    /// # Errors
    /// Missing, or not finite, or `valid` says no.
    pub fn constant(
        &self,
        name: &'static str,
        valid: impl Fn(f64) -> bool,
        must: &'static str,
    ) -> Result<f64, SystemError> {
        let value = *self
            .constants
            .get(name)
            .ok_or_else(|| SystemError::MissingConstant { system: self.name.clone(), name })?;
        if value.is_finite() && valid(value) {
            Ok(value)
        } else {
            Err(SystemError::BadConstant { name, value, must })
        }
    }
}

/// Code that wants to be instantiated for the system a case names, with dimensions and variables known at compile time.
pub trait SystemVisitor {
    /// What it makes.
    type Output;
    /// Called with the system.
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) -> Self::Output;
}

macro_rules! systems {
    ($($name:literal, $doc:literal, $make:expr, { $($dims:literal => $variables:literal),* };)*) => {
        /// Names of all equation systems with a line of help each.
        pub const SYSTEMS: &[Choice<()>] = &[$(Choice { name: $name, doc: $doc, value: () },)*];

        /// Makes the system that `spec` names and hands it to `visitor`.
        ///
        /// # Errors
        /// Unknown name, missing or bad constants, unsupported dimensions.
        pub fn with_system<T: SystemVisitor>(spec: &SystemSpec, visitor: T) -> Result<T::Output, SystemError> {
            match (spec.name.as_str(), spec.dims) {
                $($(($name, $dims) => Ok(visitor.visit::<$dims, $variables, _>($make(spec)?)),)*)*
                $(($name, dims) => Err(SystemError::Dimensions { system: $name.into(), dims }),)*
                (name, _) => Err(unknown("system", name, SYSTEMS.iter().map(|c| c.name))),
            }
        }
    };
}

systems! {
    "euler", "Compressible flow without friction", euler::Euler::new, { 1 => 3, 2 => 4, 3 => 5 };
    "navier-stokes", "Compressible viscous flow", navier_stokes::NavierStokes::new, { 2 => 4, 3 => 5 };
    "advection-diffusion", "One scalar, constant velocity ax, ay, az and diffusivity nu",
        advection_diffusion::AdvectionDiffusion::new, { 1 => 1, 2 => 1, 3 => 1 };
    "diffusion", "One scalar, constant diffusivity nu",
        advection_diffusion::AdvectionDiffusion::diffusion, { 1 => 1, 2 => 1, 3 => 1 };
    "burgers", "One scalar that carries itself in every direction, with viscosity nu", burgers::Burgers::new,
        { 1 => 1, 2 => 1, 3 => 1 };
    "shallow-water", "Water of depth h over a flat bottom, with gravity g", shallow_water::ShallowWater::new,
        { 1 => 2, 2 => 3 };
    "acoustics", "Sound in a medium at rest of density rho0 and speed of sound c0", acoustics::Acoustics::new,
        { 2 => 3, 3 => 4 };
}
