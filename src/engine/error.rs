//! Why an engine cannot be built or cannot go on.

use super::discretise::DiscretiseError;
use super::scheme;
use crate::backend::BackendError;
use crate::element::Shape;
use crate::parallel::AgreedError;
use crate::physics::SystemError;

/// Why an engine can't be built or can't go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// System, scheme, boundary: unknown names and bad constants.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The mesh and the scheme do not go together.
    #[error(transparent)]
    Discretise(#[from] DiscretiseError),
    /// The backend.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Some rank failed.
    #[error(transparent)]
    Agreed(AgreedError),
    /// A boundary of the mesh has no condition.
    #[error(
        "the mesh has the boundary '{0}', but nothing says what happens there; add a section [soln-bcs-{0}]"
    )]
    NoCondition(String),
    /// A boundary condition lacks data.
    #[error("[soln-bcs-{boundary}] of type {kind} needs the key '{key}'")]
    NoData {
        /// Boundary.
        boundary: String,
        /// Its condition.
        kind: String,
        /// Missing key.
        key: &'static str,
    },
    /// A value that is not a number, before the first step.
    #[error("the initial state is not finite: {variable} = {value} at ({:.6}, {:.6}, {:.6})", at[0], at[1], at[2])]
    InitialState {
        /// Primitive or conserved variable.
        variable: &'static str,
        /// Its value.
        value: f64,
        /// Where.
        at: [f64; 3],
    },
    /// A rule for the projection of the initial state that does not tell the polynomials of the solution apart.
    #[error(
        "the quadrature rule that projects the initial state of {} elements has too few points for the solution's order; \
         take one that is exact to degree {degree}", shape.name()
    )]
    ProjectionRule {
        /// Shape of the elements.
        shape: Shape,
        /// The degree needed.
        degree: usize,
    },
    /// Shock capturing that the system has no use for.
    #[error("{what} does not work with the system '{system}'; set shock-capturing = none or choose another")]
    Capturing {
        /// What was asked for.
        what: &'static str,
        /// The system.
        system: String,
    },
    /// A scheme that cannot estimate the error of a step.
    #[error(
        "the scheme '{scheme}' does not estimate the error of its steps; schemes that do: {}",
        scheme::estimators().collect::<Vec<_>>().join(", ")
    )]
    NoEstimate {
        /// The scheme.
        scheme: String,
    },
    /// Steps with an estimate of their error in which the solution is filtered.
    #[error(
        "the error of a step cannot be estimated together with the entropy filter, which changes the solution after it; \
         take another controller than pi, or other shock capturing"
    )]
    FilteredEstimate,
    /// The program was built without this backend.
    #[error("this program was built without the GPU backend (feature 'gpu'); use -b cpu")]
    NoGpu,
}
