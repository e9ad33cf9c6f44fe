//! What an equation system is: `du/dt + div F(u) + div G(u, grad u) = 0`.
//!
//! A system is a struct holding its constants, with functions of point values. `D` is the number of space dimensions, `V`
//! the number of conserved variables. Gradients are `grad[direction][variable]`.

use super::Real;
use crate::array;

/// A field a system shows to people, as a function of the conserved variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputField {
    /// Name in VTK files.
    pub name: &'static str,
    /// Its components as positions in the primitive variables.
    pub primitives: &'static [usize],
}

/// A boundary condition of a system, as users choose it.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundaryKind<B> {
    /// `type =` in the case file.
    pub name: &'static str,
    /// One line for help texts.
    pub doc: &'static str,
    /// Keys that hold its data, each an expression of x, y, z and t, in the order in which the condition receives them.
    pub keys: &'static [&'static str],
    /// Further keys, received after those, with the value each has when it is not given.
    pub optional: &'static [(&'static str, f64)],
    /// The key among them whose value is only the first: during a run something moves it, such as a target mass flow.
    pub controlled: Option<&'static str>,
    /// The condition.
    pub condition: B,
}

impl<B> BoundaryKind<B> {
    /// A condition without optional keys.
    pub fn new(
        name: &'static str,
        condition: B,
        keys: &'static [&'static str],
        doc: &'static str,
    ) -> BoundaryKind<B> {
        BoundaryKind { name, doc, keys, optional: &[], controlled: None, condition }
    }

    /// The same with the value of `key` moved during a run.
    pub fn controlled(mut self, key: &'static str) -> BoundaryKind<B> {
        self.controlled = Some(key);
        self
    }

    /// The same with optional keys and their values when not given.
    pub fn optional(mut self, keys: &'static [(&'static str, f64)]) -> BoundaryKind<B> {
        self.optional = keys;
        self
    }
}

/// A system of conservation laws in `D` dimensions with `V` variables.
pub trait System<const D: usize, const V: usize>: Clone + Send + Sync + 'static {
    /// Whether `G` is present. It selects the kernel plan: one pass a stage without, two with.
    const VISCOUS: bool;
    /// Whether the entropy filter can work on it: [`System::constraints`] says how.
    const FILTERED: bool = false;
    /// The boundary conditions this system knows.
    type Boundary: Boundary<D, V, Self>;

    /// Names of the conserved variables.
    fn conserved(&self) -> [&'static str; V];
    /// Names of the primitive variables: what initial states and boundary data are given in.
    fn primitive(&self) -> [&'static str; V];
    /// Fields for people.
    fn fields(&self) -> Vec<OutputField>;
    /// Boundary conditions users can choose.
    fn boundaries() -> Vec<BoundaryKind<Self::Boundary>>;

    /// Conserved from primitive variables.
    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V];
    /// Primitive from conserved variables.
    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V];
    /// `F(u) . n` for a vector `n` of any length.
    fn flux<R: Real>(&self, u: &[R; V], n: &[R; D]) -> [R; V];
    /// Common flux `F*(left, right) . n` for a unit normal `n` from left to right.
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; D]) -> [R; V];
    /// Density, pressure and entropy (anything that grows with it) of a state, which the entropy filter keeps above their
    /// bounds; not called unless [`System::FILTERED`].
    fn constraints<R: Real>(&self, u: &[R; V]) -> [R; 3] {
        let _ = u;
        crate::physics::real::zeros()
    }
    /// `G(u, grad u) . n` for a vector `n` of any length; not called unless [`System::VISCOUS`].
    fn viscous_flux<R: Real>(&self, u: &[R; V], grad: &[[R; V]; D], n: &[R; D]) -> [R; V] {
        let _ = (u, grad, n);
        crate::physics::real::zeros()
    }
    /// Largest speed at which the waves of `F` cross a plane of normal `n`, times the length of `n` (for a gas
    /// `|v . n| + c |n|`): what limits explicit time steps. 0, the default, when it is not known.
    fn wave_speed<R: Real>(&self, u: &[R; V], n: &[R; D]) -> R {
        let _ = (u, n);
        R::from_f64(0.0)
    }
    /// Largest diffusivity of `G` (an area a time): the other limit of explicit time steps. 0, the default, when it is not
    /// known.
    fn diffusivity<R: Real>(&self, u: &[R; V]) -> R {
        let _ = u;
        R::from_f64(0.0)
    }
}

/// The data a boundary condition sees at a point, besides the state inside.
#[derive(Clone, Copy, Debug)]
pub struct BoundaryPoint<'a, R, const D: usize> {
    /// Unit outward normal.
    pub normal: &'a [R; D],
    /// Values of the condition's keys here and now, in the order of [`BoundaryKind::keys`].
    pub data: &'a [R],
}

/// Boundary conditions of a system: usually an enum, one variant a condition.
pub trait Boundary<const D: usize, const V: usize, S>:
    Copy + Send + Sync + std::fmt::Debug + 'static
{
    /// The state outside that enters the Riemann solver, given the state `u` inside.
    fn ghost<R: Real>(&self, system: &S, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V];

    /// The state on the boundary that enters the gradient: LDG's common solution. Not called unless
    /// [`System::VISCOUS`]. The default is the ghost state.
    fn common_solution<R: Real>(&self, system: &S, u: &[R; V], at: &BoundaryPoint<R, D>) -> [R; V] {
        self.ghost(system, u, at)
    }

    /// `G . n` through the boundary, penalty included, given the state and gradient inside.
    ///
    /// The default is LDG with the ghost's side chosen: the flux of the common solution with the inner gradient, plus
    /// `tau (u - ghost)`.
    fn viscous_flux<R: Real>(
        &self,
        system: &S,
        u: &[R; V],
        grad: &[[R; V]; D],
        at: &BoundaryPoint<R, D>,
        tau: R,
    ) -> [R; V]
    where
        S: System<D, V>,
    {
        let flux = system.viscous_flux(&self.common_solution(system, u, at), grad, at.normal);
        let ghost = self.ghost(system, u, at);
        array!(v => flux[v] + tau * (u[v] - ghost[v]))
    }
}

/// Sum of products.
#[inline(always)]
pub fn dot<R: Real, const D: usize>(a: &[R; D], b: &[R; D]) -> R {
    let mut sum = a[0] * b[0];
    for d in 1..D {
        sum = sum + a[d] * b[d];
    }
    sum
}
