//! Every function of every system, Riemann solver and boundary condition, for tests that compare number types.

use super::system::{Boundary, BoundaryPoint, System};
use super::{Real, SYSTEMS, SystemError, SystemSpec, SystemVisitor, with_system};

/// A function of numbers, for any type of them.
pub(crate) trait PointFunction {
    fn eval<R: Real>(&self, x: &[R]) -> Vec<R>;
}

/// What to do with each function: its name, arguments that make sense for it (from a source of numbers in 0..1), itself.
pub(crate) trait Examine {
    fn examine<F: PointFunction>(
        &mut self,
        name: &str,
        arguments: &dyn Fn(&mut dyn FnMut() -> f64) -> Vec<f64>,
        function: F,
    );
}

/// Shows all functions there are, in all dimensions.
pub(crate) fn show_all(to: &mut impl Examine) {
    let constants = [
        ("gamma", 1.4),
        ("mu", 0.1),
        ("Pr", 0.72),
        ("cpTref", 1.1),
        ("cpTs", 0.4),
        ("nu", 0.1),
        ("ax", 1.0),
        ("ay", -0.3),
        ("az", 0.6),
        ("g", 2.0),
        ("rho0", 1.2),
        ("c0", 1.5),
    ];
    for (system, dims) in SYSTEMS.iter().flat_map(|s| (1..=3).map(move |dims| (s.name, dims))) {
        let laws: &[&str] = if system == "navier-stokes" { &["none", "sutherland"] } else { &[""] };
        for law in laws {
            let constants = constants.map(|(name, x)| (name.to_string(), x)).into();
            let spec = SystemSpec { dims, constants, ..SystemSpec::new(system).viscosity(law) };
            for riemann in riemann_solvers(&spec) {
                let spec = spec.clone().riemann(riemann);
                let name = format!("{system} {dims}-D {law} {riemann}");
                match with_system(&spec, Show { to, name, boundaries: riemann_solvers(&spec)[0] == riemann })
                {
                    Ok(()) | Err(SystemError::Dimensions { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

/// Names of the Riemann solvers a system knows; one name stands for all where any will do.
fn riemann_solvers(spec: &SystemSpec) -> Vec<&'static str> {
    struct Any;
    impl SystemVisitor for Any {
        type Output = ();
        fn visit<const D: usize, const V: usize, S: System<D, V>>(self, _: S) {}
    }
    match with_system(&spec.clone().riemann("none of them"), Any) {
        Err(SystemError::Unknown { what: "riemann-solver", known, .. }) => known,
        _ => vec!["any"],
    }
}

struct Show<'a, E> {
    to: &'a mut E,
    name: String,
    /// Whether to show the boundary conditions, which do not depend on the Riemann solver.
    boundaries: bool,
}

/// A value that makes sense for a primitive variable or a key, from a number in 0..1.
fn sensible(name: &str, x: f64) -> f64 {
    let (low, high) = match name {
        "rho" | "h" | "p" | "cpTw" => (0.5, 2.0),
        "pt" => (3.0, 4.0),
        "cpTt" => (4.0, 6.0),
        "theta" | "phi" => (0.0, 90.0),
        _ => (-2.0, 2.0),
    };
    low + (high - low) * x
}

/// Two states, a unit normal, a gradient: the arguments of the functions below.
fn arguments<const D: usize, const V: usize, S: System<D, V>>(
    system: &S,
    next: &mut dyn FnMut() -> f64,
) -> Vec<f64> {
    let mut x = vec![];
    for _ in 0..2 {
        let primitive = system.primitive().map(|name| sensible(name, next()));
        x.extend(system.to_conserved(&primitive));
    }
    let n: [f64; D] = std::array::from_fn(|_| next() - 0.5);
    let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
    x.extend(n.map(|x| x / length));
    x.extend((0..D * V).map(|_| 2.0 * next() - 1.0));
    x
}

/// Two states, a normal, a gradient and what is left.
struct Split<'a, R, const D: usize, const V: usize> {
    left: [R; V],
    right: [R; V],
    normal: [R; D],
    gradient: [[R; V]; D],
    rest: &'a [R],
}

fn split<R: Real, const D: usize, const V: usize>(x: &[R]) -> Split<'_, R, D, V> {
    let gradient = 2 * V + D;
    Split {
        left: std::array::from_fn(|i| x[i]),
        right: std::array::from_fn(|i| x[V + i]),
        normal: std::array::from_fn(|d| x[2 * V + d]),
        gradient: std::array::from_fn(|d| std::array::from_fn(|v| x[gradient + d * V + v])),
        rest: &x[gradient + D * V..],
    }
}

struct Interior<const D: usize, const V: usize, S>(S);

impl<const D: usize, const V: usize, S: System<D, V>> PointFunction for Interior<D, V, S> {
    fn eval<R: Real>(&self, x: &[R]) -> Vec<R> {
        let Split { left, right, normal, gradient, .. } = split::<R, D, V>(x);
        let mut out = self.0.flux(&left, &normal).to_vec();
        out.extend(self.0.common_flux(&left, &right, &normal));
        out.extend(self.0.to_primitive(&left));
        out.extend(self.0.viscous_flux(&left, &gradient, &normal));
        out.extend(self.0.constraints(&left));
        out
    }
}

struct AtBoundary<const D: usize, const V: usize, S: System<D, V>>(S, S::Boundary);

impl<const D: usize, const V: usize, S: System<D, V>> PointFunction for AtBoundary<D, V, S> {
    fn eval<R: Real>(&self, x: &[R]) -> Vec<R> {
        let Split { left, normal, gradient, rest, .. } = split::<R, D, V>(x);
        let at = BoundaryPoint { normal: &normal, data: rest };
        let mut out = self.1.ghost(&self.0, &left, &at).to_vec();
        if S::VISCOUS {
            out.extend(self.1.common_solution(&self.0, &left, &at));
            out.extend(self.1.viscous_flux(&self.0, &left, &gradient, &at, R::from_f64(0.1)));
        }
        out
    }
}

impl<E: Examine> SystemVisitor for Show<'_, E> {
    type Output = ();
    fn visit<const D: usize, const V: usize, S: System<D, V>>(self, system: S) {
        let points = |next: &mut dyn FnMut() -> f64| arguments(&system, next);
        self.to.examine(&self.name, &points, Interior::<D, V, S>(system.clone()));
        for kind in S::boundaries().into_iter().filter(|_| self.boundaries) {
            let points = |next: &mut dyn FnMut() -> f64| {
                let mut x = arguments(&system, next);
                let keys = kind.keys.iter().copied().chain(kind.optional.iter().map(|(key, _)| *key));
                x.extend(keys.map(|key| sensible(key, next())));
                x
            };
            let name = format!("{} {}", self.name, kind.name);
            self.to.examine(&name, &points, AtBoundary::<D, V, S>(system.clone(), kind.condition));
        }
    }
}
