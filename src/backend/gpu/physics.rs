//! The physics of a problem as WGSL functions, made by tracing the system once.
//!
//! Names and signatures the kernels rely on: `point_flux` (all directions at once, so that work is shared), `common_flux`,
//! `normal_viscous`, `boundary_ghost`, `boundary_solution`, `boundary_viscous`,
//! `boundary_data`.

use super::emit::{Functions, elementary};
use super::trace::{Symbol, trace};
use crate::backend::problem::{CONTROL, Problem, TIME};
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
    /// What element kernels call.
    pub element: String,
    /// What the ghost kernel calls.
    pub ghost: String,
    /// Number of boundaries.
    pub boundaries: usize,
    /// Whether any boundary has data that depend on its control.
    pub controlled: bool,
    /// What the kernel of time-dependent boundary data calls, if there are any.
    pub data: Option<String>,
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
        let beta = problem.ldg.beta;
        Ok(Physics {
            variables: V,
            dims: D,
            viscous: S::VISCOUS,
            keys,
            element: complete(element, precision),
            ghost: complete(ghost, precision),
            boundaries: problem.boundaries.len(),
            controlled: problem.boundaries.iter().any(|b| b.data.iter().any(|e| e.depends_on(CONTROL))),
            data: time_dependent(problem)?.map(|f| complete(f, precision)),
            ldg: [0.5 + beta, 0.5 - beta, problem.ldg.tau],
            precision,
        })
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
