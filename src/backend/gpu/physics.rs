//! The physics of a problem as WGSL functions, made by tracing the system once.
//!
//! Names and signatures the kernels rely on: `point_flux` (all directions at once, so that work is shared), `common_flux`,
//! `normal_viscous`, `boundary_ghost`, `boundary_solution`, `boundary_viscous`,
//! `boundary_data`.

use super::emit::{Functions, elementary, literal};
use super::trace::{Symbol, trace};
use crate::backend::filter::{ROUNDING, ROUNDS};
use crate::backend::problem::{CONTROL, EntropyFilter, Problem, ShockCapturing, TIME};
use crate::backend::sensor;
use crate::backend::{BackendError, Precision};
use crate::physics::Real;
use crate::physics::system::{Boundary, BoundaryPoint, System};
use std::fmt::Write;

/// Functions of a system and its boundaries.
#[derive(Clone, Debug)]
pub struct Physics {
    /// Conserved variables.
    pub variables: usize,
    /// Space dimensions.
    pub dims: usize,
    /// Whether a stage takes two passes.
    pub viscous: bool,
    /// Values of boundary data a flux point, at least one.
    pub keys: usize,
    /// What element kernels call, but elementary functions.
    pub element: String,
    /// Elementary functions, where element kernels or sources need any.
    pub elementary: String,
    /// What the ghost kernel calls.
    pub ghost: String,
    /// Number of boundaries.
    pub boundaries: usize,
    /// Whether any boundary has data that depend on its control.
    pub controlled: bool,
    /// What the kernel of time-dependent boundary data calls, if there are any.
    pub data: Option<String>,
    /// The function of sources, if there are any, but elementary functions.
    pub source: Option<String>,
    /// The function of artificial viscosity, if there is any.
    pub artificial: Option<String>,
    /// What the entropy filter calls, if there is one, and its settings.
    pub filter: Option<(String, EntropyFilter)>,
    /// LDG's weight of the right and of the left state, and its penalty.
    pub ldg: [f64; 3],
    /// Working precision.
    pub precision: Precision,
}

/// `[direction][variable]` symbols from a flat list.
fn nested<const D: usize, const V: usize>(flat: &[Symbol]) -> [[Symbol; V]; D] {
    std::array::from_fn(|d| std::array::from_fn(|v| flat[d * V + v]))
}

impl Physics {
    /// Traces the functions of `problem`.
    ///
    /// # Errors
    /// A constant no shader can hold.
    pub fn new<const D: usize, const V: usize, S: System<D, V>>(
        problem: &Problem<D, V, S>,
    ) -> Result<Physics, BackendError> {
        let precision = problem.precision;
        let keys = problem.boundaries.iter().map(|b| b.data.len()).max().unwrap_or(0).max(1);
        let mut element = Functions::default();
        add_interior::<D, V, S>(&mut element, &problem.system, precision)?;
        if S::VISCOUS {
            let (mut cases, mut solutions) = (vec![], vec![]);
            for (i, boundary) in problem.boundaries.iter().enumerate() {
                let graph = trace(precision, |inputs| {
                    let u = inputs.array::<V>("u");
                    let normal = inputs.array::<D>("n");
                    let data = inputs.list("data", keys);
                    let at = BoundaryPoint { normal: &normal, data: &data };
                    boundary.condition.common_solution(&problem.system, &u, &at).to_vec()
                });
                let name = element.add(&format!("solution_{i}"), &graph)?;
                solutions.push((i, format!("result = {name}(u, n, data);")));
                let graph = trace(precision, |inputs| {
                    let u = inputs.array::<V>("u");
                    let gradient = nested::<D, V>(&inputs.list("gradient", D * V));
                    let normal = inputs.array::<D>("n");
                    let data = inputs.list("data", keys);
                    let at = BoundaryPoint { normal: &normal, data: &data };
                    let tau = Symbol::from_f64(problem.ldg.tau);
                    boundary.condition.viscous_flux(&problem.system, &u, &gradient, &at, tau).to_vec()
                });
                let name = element.add(&format!("viscous_{i}"), &graph)?;
                cases.push((i, format!("result = {name}(u, gradient, n, data);")));
            }
            let parameters = "u: array<real, V>, gradient: array<real, D * V>, n: array<real, D>";
            element.text.push_str(&by_boundary("boundary_viscous", parameters, &cases));
            let parameters = "u: array<real, V>, n: array<real, D>";
            element.text.push_str(&by_boundary("boundary_solution", parameters, &solutions));
        }
        let (mut ghost, mut cases) = (Functions::default(), vec![]);
        for (i, boundary) in problem.boundaries.iter().enumerate() {
            let graph = trace(precision, |inputs| {
                let u = inputs.array::<V>("u");
                let normal = inputs.array::<D>("n");
                let data = inputs.list("data", keys);
                let at = BoundaryPoint { normal: &normal, data: &data };
                boundary.condition.ghost(&problem.system, &u, &at).to_vec()
            });
            let name = ghost.add(&format!("ghost_{i}"), &graph)?;
            cases.push((i, format!("result = {name}(u, n, data);")));
        }
        ghost.text.push_str(&by_boundary("boundary_ghost", "u: array<real, V>, n: array<real, D>", &cases));
        let artificial = match (problem.capturing, S::VISCOUS) {
            (ShockCapturing::ArtificialViscosity(settings), true) => Some(settings),
            _ => None,
        };
        if let Some(settings) = artificial {
            let graph = trace(precision, |inputs| {
                let (highest, all) = (inputs.scalar("highest"), inputs.scalar("all"));
                vec![sensor::viscosity(&settings, problem.discretisation.order, highest, all)]
            });
            element.add("artificial_viscosity", &graph)?;
        }
        let mut source = Functions::default();
        if !problem.source.is_empty() {
            let graph = trace(precision, |inputs| {
                let u = inputs.array::<V>("u");
                let x = inputs.array::<4>("x");
                let variables: Vec<Symbol> = x.iter().chain(&u).copied().collect();
                problem.source.iter().map(|e| e.eval(&variables)).collect()
            });
            source.add("source", &graph)?;
            source.text.push_str(include_str!("../../../shaders/source.wgsl"));
        }
        let uses = element.elementary || source.elementary;
        let beta = problem.ldg.beta;
        Ok(Physics {
            variables: V,
            dims: D,
            viscous: S::VISCOUS,
            keys,
            source: (!problem.source.is_empty()).then_some(source.text),
            elementary: if uses { elementary(precision).into() } else { String::new() },
            artificial: artificial.map(|_| include_str!("../../../shaders/artificial.wgsl").into()),
            filter: filter(problem)?,
            element: element.text,
            ghost: complete(ghost, precision),
            boundaries: problem.boundaries.len(),
            controlled: problem.boundaries.iter().any(|b| b.data.iter().any(|e| e.depends_on(CONTROL))),
            data: time_dependent(problem)?.map(|f| complete(f, precision)),
            ldg: [0.5 + beta, 0.5 - beta, problem.ldg.tau],
            precision,
        })
    }
}

impl Physics {
    /// Whether kernels of elements need what [`super::extra`] holds, on any element.
    pub(super) fn has_extra(&self) -> bool {
        self.source.is_some() || self.artificial.is_some() || self.filter.is_some()
    }
}

fn add_interior<const D: usize, const V: usize, S: System<D, V>>(
    functions: &mut Functions,
    system: &S,
    precision: Precision,
) -> Result<(), BackendError> {
    let point_flux = trace(precision, |inputs| {
        let u = inputs.array::<V>("u");
        let gradient = S::VISCOUS.then(|| nested::<D, V>(&inputs.list("gradient", D * V)));
        let s = inputs.list("s", D * D);
        let mut fluxes = vec![];
        for d in 0..D {
            let direction: [Symbol; D] = std::array::from_fn(|k| s[d * D + k]);
            let mut flux = system.flux(&u, &direction);
            if let Some(gradient) = &gradient {
                let viscous = system.viscous_flux(&u, gradient, &direction);
                flux = std::array::from_fn(|v| flux[v] + viscous[v]);
            }
            fluxes.extend(flux);
        }
        fluxes
    });
    functions.add("point_flux", &point_flux)?;
    let common = trace(precision, |inputs| {
        let (left, right) = (inputs.array::<V>("left"), inputs.array::<V>("right"));
        system.common_flux(&left, &right, &inputs.array::<D>("n")).to_vec()
    });
    functions.add("common_flux", &common)?;
    if S::VISCOUS {
        let viscous = trace(precision, |inputs| {
            let u = inputs.array::<V>("u");
            let gradient = nested::<D, V>(&inputs.list("gradient", D * V));
            system.viscous_flux(&u, &gradient, &inputs.array::<D>("n")).to_vec()
        });
        functions.add("normal_viscous", &viscous)?;
    }
    Ok(())
}

/// What the entropy filter calls: the constraints, and constants.
fn filter<const D: usize, const V: usize, S: System<D, V>>(
    problem: &Problem<D, V, S>,
) -> Result<Option<(String, EntropyFilter)>, BackendError> {
    let ShockCapturing::EntropyFilter(settings) = problem.capturing else { return Ok(None) };
    if !S::FILTERED {
        return Ok(None);
    }
    let precision = problem.precision;
    let mut functions = Functions::default();
    let graph = trace(precision, |inputs| problem.system.constraints(&inputs.array::<V>("u")).to_vec());
    functions.add("constraints", &graph)?;
    let rounding = match precision {
        Precision::Double => f64::EPSILON,
        Precision::Single => f32::EPSILON.into(),
    };
    for (name, value) in [
        ("D_MIN", settings.d_min),
        ("P_MIN", settings.p_min),
        ("E_TOL", settings.e_tol),
        ("F_TOL", settings.f_tol),
        ("ROUNDING", ROUNDING * rounding),
        ("HUGE", huge(precision)),
    ] {
        let value = literal(value, precision, "entropy filter")?;
        let _ = writeln!(functions.text, "const {name}: real = {value};");
    }
    let _ =
        writeln!(functions.text, "const NITERS: u32 = {}u;\nconst ROUNDS: u32 = {ROUNDS}u;", settings.niters);
    functions.text.push_str("fn smaller(a: real, b: real) -> real { return select(b, a, a < b); }\n");
    Ok(Some((complete(functions, precision), settings)))
}

/// What stands for infinity on the device.
pub(super) fn huge(precision: Precision) -> f64 {
    match precision {
        Precision::Double => 1e300,
        Precision::Single => 1e37f32.into(),
    }
}

/// Functions that evaluate boundary data at `x` = (x, y, z, t, control), for the boundaries whose data change with time.
fn time_dependent<const D: usize, const V: usize, S: System<D, V>>(
    problem: &Problem<D, V, S>,
) -> Result<Option<Functions>, BackendError> {
    let (mut functions, mut cases) = (Functions::default(), String::new());
    for (i, boundary) in problem.boundaries.iter().enumerate() {
        if !boundary.data.iter().any(|e| e.depends_on(TIME) || e.depends_on(CONTROL)) {
            continue;
        }
        let graph = trace(problem.precision, |inputs| {
            let x = inputs.array::<5>("x");
            boundary.data.iter().map(|e| e.eval(&x)).collect()
        });
        let name = functions.add(&format!("data_{i}"), &graph)?;
        let n = boundary.data.len();
        let _ = writeln!(
            cases,
            "        case {i}u: {{ var d = {name}(x); for (var i = 0u; i < {n}u; i++) {{ ghost_data[at * KEYS + i] = d[i]; }} }}"
        );
    }
    if cases.is_empty() {
        return Ok(None);
    }
    let _ = writeln!(
        functions.text,
        "fn boundary_data(at: u32, x: array<real, 5>) {{\n    switch ghost_kinds[at] {{\n{cases}        default: {{}}\n    }}\n}}"
    );
    Ok(Some(functions))
}

/// A function that calls the case of the boundary that ghost point `at` lies on.
fn by_boundary(name: &str, parameters: &str, cases: &[(usize, String)]) -> String {
    let mut text = format!("fn {name}(at: u32, {parameters}) -> array<real, V> {{\n");
    text.push_str("    var data: array<real, KEYS>;\n");
    text.push_str("    for (var i = 0u; i < KEYS; i++) { data[i] = ghost_data[at * KEYS + i]; }\n");
    text.push_str("    var result = u;\n    switch ghost_kinds[at] {\n");
    for (i, call) in cases {
        let _ = writeln!(text, "        case {i}u: {{ {call} }}");
    }
    text.push_str("        default: {}\n    }\n    return result;\n}\n");
    text
}

fn complete(functions: Functions, precision: Precision) -> String {
    match functions.elementary {
        true => format!("{}\n{}", elementary(precision), functions.text),
        false => functions.text,
    }
}
