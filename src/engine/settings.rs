//! What to solve, how and where: everything that makes an engine but the mesh.

use super::EngineError;
use super::scheme::{STEPPERS, Scheme};
use crate::backend::cpu::Isa;
use crate::backend::problem::Ldg;
use crate::backend::{Precision, ShockCapturing};
use crate::element::PointSets;
use crate::physics::expr::Expr;
use crate::physics::{Choice, SystemSpec, find};
use std::collections::BTreeMap;

/// What to solve, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The equations.
    pub system: SystemSpec,
    /// Polynomial order.
    pub order: usize,
    /// Solution and flux points.
    pub points: PointSets,
    /// LDG's direction and penalty.
    pub ldg: Ldg,
    /// Source terms: for each conserved variable an expression of x, y, z, t and the conserved variables, in this order;
    /// empty for none.
    pub source: Vec<Expr>,
    /// What keeps shocks in check.
    pub capturing: ShockCapturing,
    /// Name of the time-stepping scheme, see [`STEPPERS`].
    pub scheme: String,
    /// Whether each step estimates its error and can be taken back, which takes more memory; not every scheme can.
    pub estimate: bool,
    /// Working precision.
    pub precision: Precision,
    /// Condition of each boundary, by name.
    pub boundaries: BTreeMap<String, BoundarySpec>,
    /// Where to compute.
    pub backend: BackendChoice,
}

impl Settings {
    /// The usual choices for a system at an order: rk4, double precision, on the CPU, no boundaries,
    /// LDG with direction 1/2 and penalty 0.1.
    pub fn new(system: SystemSpec, order: usize) -> Settings {
        Settings {
            system,
            order,
            points: PointSets::default(),
            ldg: Ldg { beta: 0.5, tau: 0.1 },
            source: vec![],
            capturing: ShockCapturing::None,
            scheme: "rk4".into(),
            estimate: false,
            precision: Precision::Double,
            boundaries: BTreeMap::new(),
            backend: BackendChoice::Cpu(None),
        }
    }

    /// The time-stepping scheme in the form that these settings take.
    ///
    /// # Errors
    /// No such scheme; one without an estimate of its error where that is wanted; an estimate together with the entropy
    /// filter, whose changes no estimate sees.
    pub fn scheme(&self) -> Result<Scheme, EngineError> {
        let scheme = find("scheme", &self.scheme, STEPPERS)?();
        let filtered = matches!(self.capturing, ShockCapturing::EntropyFilter(_));
        if self.estimate && filtered {
            return Err(EngineError::FilteredEstimate);
        }
        if self.estimate {
            let missing = || EngineError::NoEstimate { scheme: self.scheme.clone() };
            return scheme.estimating().ok_or_else(missing);
        }
        Ok(if filtered { scheme.filtered() } else { scheme })
    }
}

/// A boundary condition by name, with its data.
#[derive(Clone, Debug, Default)]
pub struct BoundarySpec {
    /// Name of the condition, such as `char-riem-inv`.
    pub kind: String,
    /// Data by key: expressions of x, y, z, t and, where the condition is controlled, the control (in this order).
    pub data: BTreeMap<String, Expr>,
}

/// Which backend to use.
#[derive(Clone, Debug, PartialEq)]
pub enum BackendChoice {
    /// The CPU backend, with a certain instruction set or the machine's best.
    Cpu(Option<Isa>),
    /// The GPU backend; a device by number or part of its name, or the best.
    Gpu(Option<String>),
    /// The reference backend: scalar, slow, for comparisons.
    Reference,
}

/// Names of the backends with a line of help each.
pub const BACKENDS: &[Choice<fn() -> BackendChoice>] = &[
    Choice {
        name: "cpu",
        doc: "All cores of the processor, with its widest vectors",
        value: || BackendChoice::Cpu(None),
    },
    Choice {
        name: "gpu",
        doc: "A graphics device, through Vulkan, Metal or DirectX 12",
        value: || BackendChoice::Gpu(None),
    },
    Choice {
        name: "reference",
        doc: "Slow and simple; what the others are compared with",
        value: || BackendChoice::Reference,
    },
];
