//! An equation system defined outside the library: linear acoustics in two dimensions. (The library's own `acoustics` knows
//! three dimensions and far fields, too; this one shows that nothing has to be changed there.)
//!
//!     cargo run --release --example own_system
//!
//! `dp/dt + rho c^2 div v = 0`, `dv/dt + grad p / rho = 0`. What a system is: its flux, its common flux, its boundary
//! conditions, each a function of values at one point, written once for every number type. Every backend then runs it.
//! `#[inline(always)]` and `array!` (an array without a closure) let the compiler make one piece of vector code of it all.
//! (R. J. LeVeque, Finite Volume Methods for Hyperbolic Problems, 2002, section 18.2.)

use solver::array;
use solver::physics::system::dot;
use solver::physics::{Boundary, BoundaryKind, BoundaryPoint, OutputField, Real, System};
use solver::prelude::*;
use std::error::Error;
use std::f64::consts::{PI, SQRT_2};
use std::sync::Arc;

/// Sound in a medium at rest.
#[derive(Clone, Copy, Debug)]
struct Acoustics {
    /// Density of the medium.
    rho: f64,
    /// Speed of sound.
    c: f64,
}

/// Number of variables: pressure and two velocities.
const V: usize = 3;

impl System<2, V> for Acoustics {
    const VISCOUS: bool = false;
    type Boundary = Side;

    fn conserved(&self) -> [&'static str; V] {
        ["p", "u", "v"]
    }

    fn primitive(&self) -> [&'static str; V] {
        ["p", "u", "v"]
    }

    fn fields(&self) -> Vec<OutputField> {
        vec![
            OutputField { name: "Pressure", primitives: &[0] },
            OutputField { name: "Velocity", primitives: &[1, 2] },
        ]
    }

    fn boundaries() -> Vec<BoundaryKind<Side>> {
        vec![
            BoundaryKind::new("wall", Side::Wall, &[], "Rigid wall"),
            BoundaryKind::new("pressure", Side::Pressure, &["p"], "Pressure p given"),
        ]
    }

    fn to_conserved<R: Real>(&self, primitive: &[R; V]) -> [R; V] {
        *primitive
    }

    fn to_primitive<R: Real>(&self, u: &[R; V]) -> [R; V] {
        *u
    }

    #[inline(always)]
    fn flux<R: Real>(&self, &[p, u, v]: &[R; V], n: &[R; 2]) -> [R; V] {
        let force = p * R::from_f64(1.0 / self.rho);
        [R::from_f64(self.rho * self.c * self.c) * dot(&[u, v], n), force * n[0], force * n[1]]
    }

    /// The exact solution of the Riemann problem: the mean flux, and half the jump times the speed of sound in pressure
    /// and normal velocity. A velocity along the face goes nowhere.
    #[inline(always)]
    fn common_flux<R: Real>(&self, left: &[R; V], right: &[R; V], n: &[R; 2]) -> [R; V] {
        let (half, half_c) = (R::from_f64(0.5), R::from_f64(0.5 * self.c));
        let (l, r) = (self.flux(left, n), self.flux(right, n));
        let jump: [R; V] = array!(i => half_c * (left[i] - right[i]));
        let normal = dot(&[jump[1], jump[2]], n);
        let upwind = [jump[0], normal * n[0], normal * n[1]];
        array!(i => half * (l[i] + r[i]) + upwind[i])
    }
}

/// How sound meets a boundary.
#[derive(Clone, Copy, Debug)]
enum Side {
    Wall,
    Pressure,
}

impl Boundary<2, V, Acoustics> for Side {
    /// The state outside: a mirror image, with the same velocity or the same deviation from the given pressure.
    #[inline(always)]
    fn ghost<R: Real>(&self, _: &Acoustics, &[p, u, v]: &[R; V], at: &BoundaryPoint<R, 2>) -> [R; V] {
        let two = R::from_f64(2.0);
        match self {
            Side::Wall => {
                let twice = two * dot(&[u, v], at.normal);
                [p, u - twice * at.normal[0], v - twice * at.normal[1]]
            }
            Side::Pressure => [two * at.data[0] - p, u, v],
        }
    }
}

/// A standing wave in a unit square: rigid walls left and right, no pressure at bottom and top.
fn exact(medium: &Acoustics, x: [f64; 3], t: f64, out: &mut [f64]) {
    let omega = SQRT_2 * PI * medium.c;
    let ((sx, cx), (sy, cy), (st, ct)) =
        ((PI * x[0]).sin_cos(), (PI * x[1]).sin_cos(), (omega * t).sin_cos());
    let amplitude = PI / (medium.rho * omega);
    out[0] = cx * sy * ct;
    out[1] = amplitude * sx * sy * st;
    out[2] = -amplitude * cx * cy * st;
}

/// Error of the pressure on `n` by `n` quadrilaterals, a little bent, after half a period.
fn error(n: usize, order: usize) -> Result<f64, Box<dyn Error>> {
    let medium = Acoustics { rho: 1.2, c: 2.0 };
    let mesh = BoxMesh::new(Cells::Quad, [n, n, 1]).warp(0.03).build();
    // The name in the settings has no meaning here: the system itself is given below.
    let mut settings = Settings::new(SystemSpec::default(), order);
    let wall = BoundarySpec { kind: "wall".into(), ..BoundarySpec::default() };
    let open = BoundarySpec { kind: "pressure".into(), data: [("p".into(), Expr::constant(0.0))].into() };
    settings.boundaries = [("left", &wall), ("right", &wall), ("bottom", &open), ("top", &open)]
        .map(|(name, condition)| (name.into(), condition.clone()))
        .into();
    let part = LocalMesh::whole(&mesh);
    let mut engine = Engine::with_system(medium, &settings, part, Arc::new(Serial))?;
    engine.set_initial(|x, out| exact(&medium, x, 0.0, out))?;
    let tend = 0.5 * SQRT_2 / medium.c;
    let dt = 0.1 / medium.c / (n * (2 * order + 1)) as f64;
    let end = run(&mut engine, Span::new(0.0, tend, dt), &mut [], &mut Silent)?;
    Ok(engine.error(2 * order + 5, |x, out| exact(&medium, x, end.t, out))?[0])
}

/// Errors and rates of convergence.
pub fn main() -> Result<(), Box<dyn Error>> {
    println!("L2 error of the pressure after half a period:");
    for order in [1, 2, 3] {
        let (coarse, fine) = (error(4, order)?, error(8, order)?);
        let rate = (coarse / fine).log2();
        println!("  order {order}: {coarse:.3e} on 4 x 4, {fine:.3e} on 8 x 8, rate {rate:.2}");
        assert!(rate > order as f64 + 0.5, "a rate of {} was expected", order + 1);
    }
    Ok(())
}
