//! Properties of the common fluxes and boundary states, for any physical states.

use proptest::prelude::*;
use solver::physics::advection_diffusion::{AdvectionDiffusion, ScalarBoundary};
use solver::physics::euler::riemann::{RIEMANN_SOLVERS, RiemannSolver};
use solver::physics::euler::{Euler, FluidBoundary, Gas};
use solver::physics::system::{Boundary, BoundaryPoint, System};

const GAMMA: f64 = 1.4;

fn euler(riemann: RiemannSolver) -> Euler {
    Euler { gas: Gas { gamma: GAMMA }, riemann }
}

fn solvers() -> impl Iterator<Item = (&'static str, Euler)> {
    RIEMANN_SOLVERS.iter().map(|c| (c.name, euler(c.value)))
}

fn any() -> Euler {
    euler(RiemannSolver::Rusanov)
}

/// Density, velocity and pressure over several orders of magnitude, slow and fast.
fn primitive() -> impl Strategy<Value = [f64; 5]> {
    (-2.0..2.0, [-4.0..4.0, -4.0..4.0, -4.0..4.0], -2.0..2.0)
        .prop_map(|(rho, v, p): (f64, [f64; 3], f64)| [10f64.powf(rho), v[0], v[1], v[2], 10f64.powf(p)])
}

fn state() -> impl Strategy<Value = [f64; 5]> {
    primitive().prop_map(|p| conserved(&p))
}

fn conserved(primitive: &[f64; 5]) -> [f64; 5] {
    System::<3, 5>::to_conserved(&any(), primitive)
}

fn to_primitive(u: &[f64; 5]) -> [f64; 5] {
    System::<3, 5>::to_primitive(&any(), u)
}

/// A unit vector.
fn normal() -> impl Strategy<Value = [f64; 3]> {
    [-1.0..1.0, -1.0..1.0, -1.0..1.0]
        .prop_filter("too short", |n: &[f64; 3]| n.iter().map(|x| x * x).sum::<f64>() > 0.01)
        .prop_map(|n| {
            let length = n.iter().map(|x| x * x).sum::<f64>().sqrt();
            n.map(|x| x / length)
        })
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn common(system: &Euler, left: &[f64; 5], right: &[f64; 5], n: &[f64; 3]) -> [f64; 5] {
    System::<3, 5>::common_flux(system, left, right, n)
}

/// Size of the terms a common flux is made of, which rounding is relative to: state times wave speed, and pressure.
fn scale(states: &[&[f64; 5]]) -> f64 {
    let of = |u: &&[f64; 5]| {
        let [rho, vx, vy, vz, p] = to_primitive(u);
        let speed = (vx * vx + vy * vy + vz * vz).sqrt() + (GAMMA * p / rho).sqrt();
        u.iter().fold(p, |m, x| m.max(x.abs())) * (1.0 + speed)
    };
    states.iter().map(of).fold(0.0, f64::max)
}

fn close(a: &[f64; 5], b: &[f64; 5], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

/// Turns a vector about the axis `n` and angle that make a rotation (Rodrigues).
fn rotate(v: [f64; 3], axis: &[f64; 3], angle: f64) -> [f64; 3] {
    let (s, c) = angle.sin_cos();
    let cross =
        [axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2], axis[0] * v[1] - axis[1] * v[0]];
    let along = dot(axis, &v) * (1.0 - c);
    std::array::from_fn(|d| v[d] * c + cross[d] * s + axis[d] * along)
}

fn rotate_state(u: &[f64; 5], axis: &[f64; 3], angle: f64) -> [f64; 5] {
    let m = rotate([u[1], u[2], u[3]], axis, angle);
    [u[0], m[0], m[1], m[2], u[4]]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn equal_states_give_the_flux_itself(u in state(), n in normal()) {
        let flux: [f64; 5] = System::<3, 5>::flux(&any(), &u, &n);
        for (name, system) in solvers() {
            let f = common(&system, &u, &u, &n);
            prop_assert!(close(&f, &flux, 1e-13 * scale(&[&u])), "{name}: {f:?}, not {flux:?}");
        }
    }

    #[test]
    fn what_leaves_one_side_enters_the_other(a in state(), b in state(), n in normal()) {
        for (name, system) in solvers() {
            let f = common(&system, &a, &b, &n);
            let back = common(&system, &b, &a, &n.map(|x| -x)).map(|x| -x);
            if name == "rusanov" {
                prop_assert_eq!(f, back);
            }
            prop_assert!(f.iter().all(|x| x.is_finite()), "{name}: {f:?}");
            prop_assert!(close(&f, &back, 1e-11 * scale(&[&a, &b])), "{name}: {f:?}, {back:?}");
        }
    }

    #[test]
    fn turning_everything_turns_the_flux(
        a in state(), b in state(), n in normal(), axis in normal(), angle in 0.0..6.3,
    ) {
        for (name, system) in solvers() {
            let turned = rotate_state(&common(&system, &a, &b, &n), &axis, angle);
            let (a, b) = (rotate_state(&a, &axis, angle), rotate_state(&b, &axis, angle));
            let f = common(&system, &a, &b, &rotate(n, &axis, angle));
            prop_assert!(close(&f, &turned, 1e-10 * scale(&[&a, &b])), "{name}: {f:?}, {turned:?}");
        }
    }

    /// Two dimensions are three with nothing along the third.
    #[test]
    fn two_dimensions_are_three_without_the_third(a in primitive(), b in primitive(), angle in 0.0..6.3) {
        let (n2, n3) = ([f64::cos(angle), f64::sin(angle)], [f64::cos(angle), f64::sin(angle), 0.0]);
        let flat = |u: &[f64; 5]| [u[0], u[1], u[2], u[4]];
        let (mut a, mut b) = (a, b);
        (a[3], b[3]) = (0.0, 0.0);
        let (a, b) = (conserved(&a), conserved(&b));
        for (name, system) in solvers() {
            let f: [f64; 4] = System::<2, 4>::common_flux(&system, &flat(&a), &flat(&b), &n2);
            let g = common(&system, &a, &b, &n3);
            let tolerance = 1e-12 * scale(&[&a, &b]);
            prop_assert!(flat(&g).iter().zip(&f).all(|(x, y)| (x - y).abs() <= tolerance) && g[3].abs() <= tolerance, "{name}");
        }
    }

    /// A jump in density alone that does not move: no mass or energy crosses it.
    #[test]
    fn hllc_resolves_a_resting_contact(
        rho_l in 0.01..100.0, rho_r in 0.01..100.0, slip in [-3.0..3.0, -3.0..3.0], p in 0.01..100.0, n in normal(),
    ) {
        // Velocity along the contact, different on its sides.
        let other = if n[0].abs() < 0.6 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
        let along = dot(&other, &n);
        let tangent: [f64; 3] = std::array::from_fn(|d| other[d] - along * n[d]);
        let side = |rho: f64, slip: f64| conserved(&[rho, slip * tangent[0], slip * tangent[1], slip * tangent[2], p]);
        let (l, r) = (side(rho_l, slip[0]), side(rho_r, slip[1]));
        let f = common(&euler(RiemannSolver::Hllc), &l, &r, &n);
        let wanted = [0.0, p * n[0], p * n[1], p * n[2], 0.0];
        prop_assert!(close(&f, &wanted, 1e-13 * scale(&[&l, &r])), "{f:?}, not {wanted:?}");
    }

    /// Faster than sound on both sides, nothing travels upstream.
    #[test]
    fn hllc_is_upwind_when_supersonic(a in primitive(), b in primitive(), n in normal()) {
        // The same speed on both sides, far above that of sound on either and in their average.
        let sound = |q: &[f64; 5]| (GAMMA * q[4] / q[0]).sqrt();
        let v = 3.0 * sound(&a).max(sound(&b));
        let [l, r] = [a, b].map(|q| conserved(&[q[0], v * n[0], v * n[1], v * n[2], q[4]]));
        let flux: [f64; 5] = System::<3, 5>::flux(&any(), &l, &n);
        let f = common(&euler(RiemannSolver::Hllc), &l, &r, &n);
        prop_assert!(close(&f, &flux, 1e-12 * scale(&[&l, &r])), "{f:?}, not {flux:?}");
    }

    #[test]
    fn slip_walls_reflect(u in state(), n in normal()) {
        let at = BoundaryPoint { normal: &n, data: &[] };
        let ghost: [f64; 5] = FluidBoundary::SlipWall.ghost(&any(), &u, &at);
        let (m, g) = ([u[1], u[2], u[3]], [ghost[1], ghost[2], ghost[3]]);
        let tolerance = 1e-14 * scale(&[&u]);
        prop_assert_eq!((ghost[0], ghost[4]), (u[0], u[4]));
        prop_assert!((dot(&g, &n) + dot(&m, &n)).abs() < tolerance);
        prop_assert!((0..3).all(|d| (g[d] - dot(&g, &n) * n[d] - m[d] + dot(&m, &n) * n[d]).abs() < tolerance));
        // Nothing crosses the wall but a force along its normal.
        for (name, system) in solvers() {
            let f = common(&system, &u, &ghost, &n);
            let push = dot(&[f[1], f[2], f[3]], &n);
            let tolerance = 1e-11 * scale(&[&u]);
            prop_assert!(f[0].abs() < tolerance && f[4].abs() < tolerance, "{name}: {f:?}");
            prop_assert!((0..3).all(|d| (f[d + 1] - push * n[d]).abs() < tolerance), "{name}: {f:?}");
        }
    }

    #[test]
    fn the_far_field_beside_itself_is_itself(q in primitive(), n in normal()) {
        let u = conserved(&q);
        let ghost: [f64; 5] =
            FluidBoundary::RiemannInvariants.ghost(&any(), &u, &BoundaryPoint { normal: &n, data: &q });
        // At low Mach numbers and back through powers, a few digits go.
        prop_assert!(close(&ghost, &u, 1e-11 * scale(&[&u])), "{ghost:?}, not {u:?}");
    }

    #[test]
    fn a_supersonic_far_field_is_upwind(inside in primitive(), q in primitive(), n in normal(), out in any_sign()) {
        let along = |q: &[f64; 5]| {
            let v = out * 3.0 * (GAMMA * q[4] / q[0]).sqrt();
            [q[0], v * n[0], v * n[1], v * n[2], q[4]]
        };
        let (inside, far) = (along(&inside), along(&q));
        let u = conserved(&inside);
        let ghost: [f64; 5] =
            FluidBoundary::RiemannInvariants.ghost(&any(), &u, &BoundaryPoint { normal: &n, data: &far });
        let wanted = if out > 0.0 { u } else { conserved(&far) };
        prop_assert!(close(&ghost, &wanted, 1e-11 * scale(&[&wanted])), "{ghost:?}, not {wanted:?}");
    }

    #[test]
    fn supersonic_boundaries_give_all_or_nothing(u in state(), q in primitive(), n in normal()) {
        let at = BoundaryPoint { normal: &n, data: &q };
        let inflow: [f64; 5] = FluidBoundary::SupersonicInflow.ghost(&any(), &u, &at);
        prop_assert_eq!(inflow, conserved(&q));
        let outflow: [f64; 5] = FluidBoundary::SupersonicOutflow.ghost(&any(), &u, &at);
        prop_assert_eq!(outflow, u);
    }

    #[test]
    fn states_survive_the_way_to_primitives_and_back(q in primitive()) {
        let u = conserved(&q);
        prop_assert!(close(&conserved(&to_primitive(&u)), &u, 1e-13 * scale(&[&u])));
        prop_assert!((to_primitive(&u)[4] - q[4]).abs() < 1e-13 * u[4]);
    }

    #[test]
    fn a_scalar_is_carried_upwind(a in -2.0..2.0, b in -2.0..2.0, v in [-1.0..1.0, -1.0..1.0, -1.0..1.0], n in normal()) {
        let system = AdvectionDiffusion { velocity: v, nu: 0.1 };
        let speed = dot(&v, &n);
        let flux: [f64; 1] = System::<3, 1>::common_flux(&system, &[a], &[b], &n);
        let upwind = speed * if speed > 0.0 { a } else { b };
        prop_assert!((flux[0] - upwind).abs() < 1e-14);
        let back: [f64; 1] = System::<3, 1>::common_flux(&system, &[b], &[a], &n.map(|x| -x));
        prop_assert_eq!(flux[0], -back[0]);
    }

    #[test]
    fn fixed_flux_lets_through_exactly_that(
        u in -2.0..2.0, q in -2.0..2.0, grad in [-5.0..5.0, -5.0..5.0, -5.0..5.0],
        v in [-1.0..1.0, -1.0..1.0, -1.0..1.0], n in normal(), tau in 0.0..1.0,
    ) {
        let system = AdvectionDiffusion { velocity: v, nu: 0.1 };
        let at = BoundaryPoint { normal: &n, data: &[q] };
        let ghost: [f64; 1] = ScalarBoundary::FixedFlux.ghost(&system, &[u], &at);
        let carried: [f64; 1] = System::<3, 1>::common_flux(&system, &[u], &ghost, &n);
        let grad = grad.map(|g: f64| [g]);
        let spread: [f64; 1] = ScalarBoundary::FixedFlux.viscous_flux(&system, &[u], &grad, &at, tau);
        prop_assert!((carried[0] + spread[0] - q).abs() < 1e-14);
    }
}

fn any_sign() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), Just(-1.0)]
}
