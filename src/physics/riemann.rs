//! The form of a table of Riemann solvers; systems that have a choice of them fill one in each.

/// Makes the enum `RiemannSolver` of a system, the table `RIEMANN_SOLVERS` with a line of help each, and what calls them.
///
/// A line is the variant, its name in case files, whether it is inlined into the kernels (`inline`: short and common) or
/// compiled as a function of its own (`apart`, see [`Real::apart`](crate::physics::Real::apart)), its function and its
/// help. A function gets the system, the states left and right, and the unit normal from left to right.
macro_rules! riemann_solvers {
    ($system:ty; $($variant:ident, $name:literal, $how:ident $function:path, $doc:literal;)*) => {
        /// Which Riemann solver couples the elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RiemannSolver {
            $(#[doc = $doc] $variant,)*
        }

        /// Every Riemann solver: name, line of help, value.
        pub const RIEMANN_SOLVERS: &[$crate::physics::Choice<RiemannSolver>] =
            &[$($crate::physics::Choice { name: $name, doc: $doc, value: RiemannSolver::$variant },)*];

        impl RiemannSolver {
            /// The solver called `name`.
            ///
            /// # Errors
            /// Unknown name, with those there are.
            pub fn from_name(name: &str) -> Result<RiemannSolver, $crate::physics::SystemError> {
                $crate::physics::find("riemann-solver", name, RIEMANN_SOLVERS)
            }

            /// `F*(left, right) . n`, `n` a unit normal from left to right.
            #[inline(always)]
            pub fn common_flux<R: $crate::physics::Real, const D: usize, const V: usize>(
                self, system: &$system, left: &[R; V], right: &[R; V], n: &[R; D],
            ) -> [R; V] {
                match self {
                    $(RiemannSolver::$variant => {
                        $crate::physics::riemann::call!($how, R, $function(system, left, right, n))
                    })*
                }
            }
        }
    };
}

/// Calls a function inline or apart.
macro_rules! call {
    (inline, $real:ty, $call:expr) => {
        $call
    };
    (apart, $real:ty, $call:expr) => {{
        let mut flux = $crate::physics::real::zeros();
        <$real>::apart($crate::physics::real::Work(
            #[inline(always)]
            || flux = $call,
        ));
        flux
    }};
}

pub(crate) use {call, riemann_solvers};
