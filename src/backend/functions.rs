//! Functions of the solution that are evaluated where the solution is, and summed there over each element: integrals without
//! bringing the solution to the host.
//!
//! A function is an expression of the primitive variables, the time, and the gradients of the primitive variables
//! ([`variables`]). Values are taken at the solution points, in the working precision; integrals use the weights of these
//! points. What a backend leaves to the host ([`super::Backend::add_functions`]): other points, and places.

use crate::physics::Real;
use crate::physics::dual::Dual;
use crate::physics::expr::Expr;
use crate::physics::expr::functions::power;
use crate::physics::system::System;

/// What becomes of a function's values at the points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gather {
    /// Their integral.
    Integral,
    /// The integral of the power of their magnitude.
    Power(f64),
    /// The largest magnitude; NaN where any is.
    Largest,
}

impl Gather {
    /// What is added up, or compared, of a value.
    #[inline(always)]
    pub fn term<R: Real>(self, value: R) -> R {
        match self {
            Gather::Integral => value,
            Gather::Power(p) => power(value.abs(), p),
            Gather::Largest => value.abs(),
        }
    }
}

/// Functions to be evaluated together.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Expressions of [`variables`].
    pub list: Vec<Expr>,
    /// What becomes of their values.
    pub gather: Gather,
    /// Number of primitive variables.
    pub primitives: usize,
    /// Space dimensions.
    pub dims: usize,
}

/// Variables of functions: the primitive ones, `x`, `y`, `z`, `t`, then the gradients `grad_u_x`, direction by direction.
pub fn variables(primitive: &[&str], dims: usize) -> Vec<String> {
    let mut names: Vec<String> = primitive.iter().map(|p| p.to_string()).collect();
    names.extend(["x", "y", "z", "t"].map(String::from));
    for direction in &["x", "y", "z"][..dims] {
        names.extend(primitive.iter().map(|p| format!("grad_{p}_{direction}")));
    }
    names
}

impl Functions {
    /// Number of [`variables`].
    pub fn variables(&self) -> usize {
        self.primitives * (1 + self.dims) + 4
    }

    /// Whether any function needs gradients.
    pub fn needs_gradients(&self) -> bool {
        (self.primitives + 4..self.variables()).any(|i| self.list.iter().any(|f| f.depends_on(i)))
    }

    /// Whether any function depends on the place.
    pub fn needs_places(&self) -> bool {
        (self.primitives..self.primitives + 3).any(|i| self.list.iter().any(|f| f.depends_on(i)))
    }
}

/// Fills in the [`variables`] at a point, its place excepted, given the conserved ones and their gradient if there is one.
#[inline(always)]
pub fn fill<const D: usize, const V: usize, S: System<D, V>, R: Real>(
    system: &S,
    u: &[R; V],
    gradient: Option<&[[R; V]; D]>,
    t: R,
    to: &mut [R],
) {
    to[..V].copy_from_slice(&system.to_primitive(u));
    to[V + 3] = t;
    let Some(gradient) = gradient else { return };
    for d in 0..D {
        let point: [Dual<R>; V] = std::array::from_fn(|v| Dual { value: u[v], derivative: gradient[d][v] });
        let primitive = system.to_primitive(&point);
        for v in 0..V {
            to[V + 4 + d * V + v] = primitive[v].derivative;
        }
    }
}
