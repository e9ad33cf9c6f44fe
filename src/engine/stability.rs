//! How large a step an explicit scheme can take: limits of linear stability, found from the scheme's own stages and the
//! operators of a line of elements.
//!
//! One period of a uniform infinite line of elements of length 2, on which a wave has the phase `theta` from one element to
//! the next (von Neumann's analysis of the semi-discrete operator `L(theta)`). A step multiplies its values by a matrix
//! `G(dt L)`, the scheme's polynomial; it is stable while no eigenvalue of `G` is larger than 1 in magnitude for any phase.
//! The largest magnitude is the limit of `|G^n|^(1/n)`, which repeated squaring reaches without eigenvalues.
//!
//! For Runge-Kutta schemes and upwind fluxes these are the numbers of B. Cockburn and C.-W. Shu, J. Sci. Comput. 16 (2001),
//! table 2.2 (times two: they count from an element of length 1).

use super::scheme::Scheme;
use crate::backend::problem::Ldg;
use crate::element::{LineOperators, Operators, PointSets, Shape};
use ndarray::{Array2, s};
use std::f64::consts::PI;

/// Phases that are looked at; the worst waves are long or alternate from element to element, and both ends are among them.
const PHASES: usize = 16;
/// Growth a step that still counts as rounding.
const GROWTH: f64 = 1e-6;
/// Squarings: what is left of the norm's factor is its 2^24th root.
const SQUARINGS: usize = 24;

/// Largest stable `dt a (2 / h)` of a step of `scheme` for waves of speed `a` and elements of size `h` at polynomial order
/// `order`, with upwind fluxes; in several dimensions the speeds over sizes of all directions add up. `None` where no step
/// is stable (forward Euler beyond order 0) and for orders that have no operators.
///
/// The number `C` of `dt = C / (sum of speeds over half sizes) / (2 p + 1)`, as controllers count it, is this times
/// `2 p + 1`.
pub fn advective_limit(scheme: &Scheme, order: usize) -> Option<f64> {
    let line = line(order)?;
    let inflow = outer(&line.lift, 0, &line.ends, 1);
    let own = -(&line.divergence + &outer(&line.lift, 1, &line.ends, 1));
    limit(scheme, |theta| phased(&own, 0.0) + phased(&inflow, -theta))
}

/// Largest stable `dt nu (2 / h)^2` of a step of `scheme` for the diffusivity `nu` under LDG with the direction of `ldg`; in
/// several dimensions diffusivities over squared sizes add up. The penalty is left out: `tau` acts like an upwind flux of
/// the speed `2 tau`.
///
/// On a mesh the left side of a face is that of the lower element number, so that the direction changes from face to face:
/// the limit is the lower one of a line with one direction and a line where directions alternate.
pub fn diffusive_limit(scheme: &Scheme, order: usize, ldg: Ldg) -> Option<f64> {
    let line = line(order)?;
    let same = limit(scheme, |theta| diffusion(&line, [ldg.beta, ldg.beta], theta))?;
    if ldg.beta == 0.0 {
        return Some(same);
    }
    let alternating = limit(scheme, |theta| diffusion(&line, [ldg.beta, -ldg.beta], theta))?;
    Some(same.min(alternating))
}

/// LDG's second derivative on two elements of a line, which repeat with the phase `theta`. `beta`: the direction at the face
/// between the two and at that between the second and the next first one.
fn diffusion(line: &LineOperators, beta: [f64; 2], theta: f64) -> Array2<f64> {
    // The corrected derivative, whose common value is the one from the right with the weight `right`.
    let derivative = |right: [f64; 2]| {
        let n = line.divergence.nrows();
        let mut all = Array2::zeros((4 * n, 4 * n));
        let mut add = |to: usize, from: usize, sign: f64, m: &Array2<f64>, theta: f64| {
            let m = phased(m, theta) * sign;
            // Real and imaginary parts of both elements: [part][element][point].
            for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let part = m.slice(s![row * n..(row + 1) * n, column * n..(column + 1) * n]);
                let (i, j) = ((2 * row + to) * n, (2 * column + from) * n);
                let mut place = all.slice_mut(s![i..i + n, j..j + n]);
                place += &part;
            }
        };
        let ends = |side: usize, end: usize| outer(&line.lift, side, &line.ends, end);
        for element in 0..2 {
            add(element, element, 1.0, &line.divergence, 0.0);
            let (ahead, before) = (right[element], right[1 - element]);
            // Beyond the second element and before the first begin other periods.
            let (after, back) = if element == 1 { (theta, 0.0) } else { (0.0, -theta) };
            add(element, element, 1.0 - ahead, &ends(1, 1), 0.0);
            add(element, 1 - element, ahead, &ends(1, 0), after);
            add(element, element, -before, &ends(0, 0), 0.0);
            add(element, 1 - element, before - 1.0, &ends(0, 1), back);
        }
        all
    };
    // The value is taken from one side with the weight that the flux is taken from the other with.
    derivative(beta.map(|b| 0.5 - b)).dot(&derivative(beta.map(|b| 0.5 + b)))
}

fn line(order: usize) -> Option<LineOperators> {
    Operators::new(Shape::Line, order, &PointSets::default()).ok()?.line
}

/// Column `i` of `a` times row `j` of `b`.
fn outer(a: &Array2<f64>, i: usize, b: &Array2<f64>, j: usize) -> Array2<f64> {
    a.slice(s![.., i..=i]).dot(&b.slice(s![j..=j, ..]))
}

/// The real matrix `m` times `exp(i theta)`, as a real matrix of twice the size.
fn phased(m: &Array2<f64>, theta: f64) -> Array2<f64> {
    let n = m.nrows();
    let (sin, cos) = theta.sin_cos();
    Array2::from_shape_fn((2 * n, 2 * n), |(i, j)| {
        let factor = match (i < n, j < n) {
            (true, false) => -sin,
            (false, true) => sin,
            _ => cos,
        };
        factor * m[[i % n, j % n]]
    })
}

/// The largest `dt` up to which every smaller one is stable, too.
fn limit(scheme: &Scheme, operator: impl Fn(f64) -> Array2<f64>) -> Option<f64> {
    let operators: Vec<Array2<f64>> = (0..=PHASES).map(|k| operator(PI * k as f64 / PHASES as f64)).collect();
    let size = operators.iter().map(norm).fold(0.0, f64::max);
    let stable = |dt: f64| operators.iter().all(|l| radius(step(scheme, &(l * dt))) <= 1.0 + GROWTH);
    // From below the limit of any scheme that is stable at all (in smaller steps an unstable one grows too slowly to be told
    // from rounding), by factors fine enough not to jump over a gap.
    let mut low = 0.2 / size;
    if !stable(low) {
        return None;
    }
    while stable(1.2 * low) {
        low *= 1.2;
        if low * size > 1e6 {
            return None;
        }
    }
    let mut high = 1.2 * low;
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        if stable(middle) { low = middle } else { high = middle }
    }
    Some(low)
}

/// What a step with `l = dt L` multiplies the solution by.
fn step(scheme: &Scheme, l: &Array2<f64>) -> Array2<f64> {
    let mut registers = vec![Array2::eye(l.nrows()); scheme.registers];
    for stage in &scheme.stages {
        let k = l.dot(&registers[stage.eval]);
        let combined = stage.updates.iter().map(|update| {
            let start = &k * update.k;
            update.terms.iter().fold(start, |sum, (register, c)| sum + &registers[*register] * *c)
        });
        let combined: Vec<Array2<f64>> = combined.collect();
        for (update, values) in stage.updates.iter().zip(combined) {
            registers[update.into] = values;
        }
    }
    registers.swap_remove(scheme.result)
}

fn norm(m: &Array2<f64>) -> f64 {
    m.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The largest magnitude of an eigenvalue; where that is less than 1, anything less than 1.
fn radius(mut g: Array2<f64>) -> f64 {
    let (mut log, mut share) = (0.0, 1.0);
    for _ in 0..SQUARINGS {
        let size = norm(&g);
        if size == 0.0 || !size.is_finite() {
            return size;
        }
        log += share * size.ln();
        // The norm of what follows is at most 1: the estimate only falls.
        if log < 0.0 {
            return log.exp();
        }
        g /= size;
        g = g.dot(&g);
        share *= 0.5;
    }
    (log + share * norm(&g).ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scheme::STEPPERS;
    use crate::physics::find;

    fn scheme(name: &str) -> Scheme {
        find("scheme", name, STEPPERS).unwrap()()
    }

    fn near(found: Option<f64>, wanted: f64, tolerance: f64) -> bool {
        found.is_some_and(|x| (x - wanted).abs() < tolerance)
    }

    #[test]
    fn advection_has_the_published_limits() {
        // Cockburn and Shu (2001), table 2.2: three stages of order 3, four of order 4.
        let third = [1.256, 0.409, 0.209, 0.130, 0.089];
        let fourth = [1.392, 0.464, 0.235, 0.145, 0.100];
        for (name, table) in [("tvd-rk3", third), ("rk4", fourth)] {
            for (order, cfl) in table.into_iter().enumerate() {
                let found = advective_limit(&scheme(name), order);
                assert!(near(found, 2.0 * cfl, 0.004), "{name} {order}: {found:?}");
            }
        }
    }

    #[test]
    fn forward_euler_is_stable_for_upwind_finite_volumes_and_for_diffusion() {
        let euler = scheme("euler");
        // One cell a step: dt a / h = 1.
        assert!(near(advective_limit(&euler, 0), 2.0, 1e-3));
        assert_eq!(advective_limit(&euler, 2), None);
        // Finite volumes with one-sided differences: eigenvalues down to -4 nu / h^2, dt = h^2 / (2 nu), in one direction; the
        // same where directions alternate, every second element on its own.
        for beta in [0.5, -0.5] {
            let found = diffusive_limit(&euler, 0, Ldg { beta, tau: 0.0 });
            assert!(near(found, 2.0, 1e-3), "{found:?}");
        }
        // Central gradients twice: the alternating wave is not seen, the worst has the eigenvalue -nu / h^2.
        assert!(near(diffusive_limit(&euler, 0, Ldg { beta: 0.0, tau: 0.0 }), 8.0, 1e-2));
    }

    #[test]
    fn limits_of_diffusion_fall_with_the_order_and_do_not_know_left_from_right() {
        let rk4 = scheme("rk4");
        let mut last = f64::INFINITY;
        for order in 0..6 {
            let [right, left, centre] =
                [0.5, -0.5, 0.0].map(|beta| diffusive_limit(&rk4, order, Ldg { beta, tau: 0.0 }).unwrap());
            assert!((right - left).abs() < 1e-3 * right && right < last && centre > right, "{order}");
            last = right;
        }
    }
}
