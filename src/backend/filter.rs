//! The entropy filter of one element (T. Dzanic, F. D. Witherden, J. Comput. Phys. 468, 2022; case-format section 9).
//!
//! An element is *admissible* when at all its solution and flux points density, pressure and entropy are above their
//! bounds ([`System::constraints`]). The bound of the entropy is the least one of the element, its neighbours and the
//! ghosts beside it before the stage, less a tolerance. An element that is not admissible has its modes of degree `d`
//! scaled by `f^(d^2)`:
//!
//! 1. Every point that violates a bound finds by itself the strength `f` at which it no longer does, by safeguarded
//!    false position between 0 (the mean) and 1 whose lower end stays admissible. The least of all counts. (So the order
//!    of the points does not matter, and a device can look at all of them at once.)
//! 2. On curved elements scaling changes the mean, which is put back.
//! 3. What still violates a bound is squeezed linearly towards the mean, at last to the mean itself.
//!
//! An element whose mean itself has no positive density and pressure is beyond help and left constant.

use super::cpu::lane::Scalar;
use super::problem::EntropyFilter;
use crate::element::Operators;
use crate::element::modal::Modal;
use crate::physics::system::System;

/// Rounds of squeezing before the mean takes the element's place.
pub const ROUNDS: usize = 4;

/// The tolerance of the entropy is at least so many roundings of it, since noise of that size is no reason to filter: in
/// single precision the usual tolerance is hardly more.
pub const ROUNDING: f64 = 64.0;

/// The filter of one shape and order in the working precision. `P` solution points, `F` flux points.
pub struct ElementFilter<T> {
    points: usize,
    /// Values at the solution points to modes, `[P][P]`.
    to_modes: Vec<T>,
    /// Modes to values at the solution points, then the flux points, `[P + F][P]`.
    at: Vec<T>,
    /// Solution points to flux points, `[F][P]`.
    interpolate: Vec<T>,
    /// Degree of each mode, and the highest.
    degrees: Vec<usize>,
    highest: usize,
    /// Quadrature weights of the solution points.
    weights: Vec<T>,
    d_min: T,
    p_min: T,
    f_tol: T,
    niters: usize,
    linearised: bool,
}

/// Lower bounds of density, pressure and entropy.
type Bounds<T> = [T; 3];

impl<T: Scalar> ElementFilter<T> {
    /// The filter of an element.
    pub fn new(ops: &Operators, settings: &EntropyFilter) -> Self {
        let modal = Modal::new(ops);
        let convert = |m: &ndarray::Array2<f64>| m.iter().map(|&x| T::from_f64(x)).collect();
        ElementFilter {
            points: ops.points.nrows(),
            to_modes: convert(&modal.to_modes),
            at: convert(&modal.at),
            interpolate: convert(&ops.interpolate),
            highest: modal.degrees.iter().copied().max().unwrap_or(0),
            degrees: modal.degrees,
            weights: ops.weights.iter().map(|&w| T::from_f64(w)).collect(),
            d_min: T::from_f64(settings.d_min),
            p_min: T::from_f64(settings.p_min),
            f_tol: T::from_f64(settings.f_tol),
            niters: settings.niters,
            // A constant has no modes to scale.
            linearised: settings.linearised || ops.order == 0,
        }
    }

    /// Numbers of scratch memory that [`ElementFilter::filter`] needs for `variables` variables.
    pub fn scratch(&self, variables: usize) -> usize {
        (self.points + self.highest + 1) * variables
    }

    /// Bounds with that of the entropy.
    pub fn bounds(&self, entropy: T) -> Bounds<T> {
        [self.d_min, self.p_min, entropy]
    }

    /// Least density, pressure and entropy at the solution and flux points of `u[P][V]`; not a number where any is.
    pub fn minima<const D: usize, const V: usize, S: System<D, V>>(&self, system: &S, u: &[T]) -> [T; 3] {
        let mut least = [T::from_f64(f64::INFINITY); 3];
        let mut add = |state: &[T; V]| {
            let c = system.constraints(state);
            for k in 0..3 {
                // A number that is none stays.
                if !(least[k] <= c[k]) && least[k] == least[k] {
                    least[k] = c[k];
                }
            }
        };
        for p in 0..self.points {
            add(&std::array::from_fn(|v| u[p * V + v]));
        }
        for row in self.interpolate.chunks_exact(self.points) {
            let mut state = [T::from_f64(0.0); V];
            for (p, &w) in row.iter().enumerate() {
                for v in 0..V {
                    state[v] = w.mul_add(u[p * V + v], state[v]);
                }
            }
            add(&state);
        }
        least
    }

    /// Makes the element `u[P][V]` admissible where it is not, and returns its least entropy. `jacobian(p)` is the
    /// Jacobian of a solution point, up to a common factor; `scratch` has [`ElementFilter::scratch`] numbers.
    pub fn filter<const D: usize, const V: usize, S: System<D, V>>(
        &self,
        system: &S,
        u: &mut [T],
        jacobian: impl Fn(usize) -> T,
        entropy_bound: T,
        scratch: &mut [T],
    ) -> T {
        let bounds = self.bounds(entropy_bound);
        let mut least = self.minima(system, u);
        if admissible(&least, &bounds) {
            return least[2];
        }
        let mean = self.mean::<V>(u, &jacobian);
        if !self.linearised {
            let (modes, groups) = scratch.split_at_mut(self.points * V);
            self.modes::<V>(u, modes);
            let f = self.strength(system, modes, groups, &bounds);
            self.scale::<V>(f, modes, u);
            let after = self.mean::<V>(u, &jacobian);
            for state in u.chunks_exact_mut(V) {
                for v in 0..V {
                    state[v] = state[v] + (mean[v] - after[v]);
                }
            }
            least = self.minima(system, u);
        }
        let middle = system.constraints(&mean);
        for round in 0..=ROUNDS {
            if admissible(&least, &bounds) {
                break;
            }
            let theta = if round == ROUNDS { T::from_f64(0.0) } else { squeeze(&least, &middle, &bounds) };
            for state in u.chunks_exact_mut(V) {
                for v in 0..V {
                    state[v] = theta.mul_add(state[v] - mean[v], mean[v]);
                }
            }
            least = self.minima(system, u);
        }
        least[2]
    }

    /// Mean of the element.
    fn mean<const V: usize>(&self, u: &[T], jacobian: impl Fn(usize) -> T) -> [T; V] {
        let (mut sum, mut volume) = ([T::from_f64(0.0); V], T::from_f64(0.0));
        for p in 0..self.points {
            let w = self.weights[p] * jacobian(p);
            volume = volume + w;
            for v in 0..V {
                sum[v] = w.mul_add(u[p * V + v], sum[v]);
            }
        }
        sum.map(|s| s / volume)
    }

    fn modes<const V: usize>(&self, u: &[T], modes: &mut [T]) {
        for (m, row) in self.to_modes.chunks_exact(self.points).enumerate() {
            let mut sum = [T::from_f64(0.0); V];
            for (p, &w) in row.iter().enumerate() {
                for v in 0..V {
                    sum[v] = w.mul_add(u[p * V + v], sum[v]);
                }
            }
            modes[m * V..(m + 1) * V].copy_from_slice(&sum);
        }
    }

    /// The largest strength, found to the tolerance from below, at which every point is within its bounds.
    fn strength<const D: usize, const V: usize, S: System<D, V>>(
        &self,
        system: &S,
        modes: &[T],
        groups: &mut [T],
        bounds: &Bounds<T>,
    ) -> T {
        let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
        let mut least = one;
        for row in self.at.chunks_exact(self.points) {
            // The state at the point by degree.
            groups.fill(zero);
            for (m, &w) in row.iter().enumerate() {
                let group = &mut groups[self.degrees[m] * V..][..V];
                for v in 0..V {
                    group[v] = w.mul_add(modes[m * V + v], group[v]);
                }
            }
            let margins = |f: T| -> [T; 3] {
                let c = system.constraints(&combine::<T, V>(groups, f));
                std::array::from_fn(|k| c[k] - bounds[k])
            };
            let (mut low, mut high) = (zero, one);
            let mut above = margins(high);
            if sound(&above) {
                continue;
            }
            let mut below = margins(low);
            for _ in 0..self.niters {
                if high - low < self.f_tol {
                    break;
                }
                let f = guess(low, high, &below, &above);
                let now = margins(f);
                if sound(&now) {
                    (low, below) = (f, now);
                } else {
                    (high, above) = (f, now);
                }
            }
            least = low.min(least);
        }
        least
    }

    /// `u` from the modes, those of degree `d` scaled by `f^(d^2)`.
    fn scale<const V: usize>(&self, f: T, modes: &mut [T], u: &mut [T]) {
        for (m, &degree) in self.degrees.iter().enumerate() {
            let factor = factor(f, degree);
            modes[m * V..(m + 1) * V].iter_mut().for_each(|x| *x = factor * *x);
        }
        for (p, row) in self.at.chunks_exact(self.points).take(self.points).enumerate() {
            let mut sum = [T::from_f64(0.0); V];
            for (m, &w) in row.iter().enumerate() {
                for v in 0..V {
                    sum[v] = w.mul_add(modes[m * V + v], sum[v]);
                }
            }
            u[p * V..(p + 1) * V].copy_from_slice(&sum);
        }
    }
}

/// Whether all three are numbers and above their bounds.
pub fn admissible<T: Scalar>(least: &[T; 3], bounds: &Bounds<T>) -> bool {
    (0..3).all(|k| least[k] >= bounds[k])
}

fn sound<T: Scalar>(margins: &[T; 3]) -> bool {
    margins.iter().all(|m| *m >= T::from_f64(0.0))
}

/// `f^(d^2)`, multiplied out as `f f^3 f^5 ...`.
fn factor<T: Scalar>(f: T, degree: usize) -> T {
    let (mut factor, mut odd) = (T::from_f64(1.0), f);
    for _ in 0..degree {
        factor = factor * odd;
        odd = odd * (f * f);
    }
    factor
}

/// The state whose parts of degree `d` are scaled by `f^(d^2)`.
fn combine<T: Scalar, const V: usize>(groups: &[T], f: T) -> [T; V] {
    let mut state = [T::from_f64(0.0); V];
    let (mut factor, mut odd) = (T::from_f64(1.0), f);
    for group in groups.chunks_exact(V) {
        for v in 0..V {
            state[v] = factor.mul_add(group[v], state[v]);
        }
        factor = factor * odd;
        odd = odd * (f * f);
    }
    state
}

/// Where the margins, positive at `low` and not all so at `high`, are expected to vanish first. Those above count half
/// (the Illinois rule), so that the guess falls on the safe side more often.
fn guess<T: Scalar>(low: T, high: T, below: &[T; 3], above: &[T; 3]) -> T {
    let (zero, half) = (T::from_f64(0.0), T::from_f64(0.5));
    let mut least = high;
    for k in 0..3 {
        if !(above[k] >= zero) {
            let (a, b) = (half * above[k], below[k]);
            least = ((a * low - b * high) / (a - b)).min(least);
        }
    }
    if least > low && least < high { least } else { half * (low + high) }
}

/// How much of the deviation from the mean may stay, were the constraints linear in it.
fn squeeze<T: Scalar>(least: &[T; 3], middle: &[T; 3], bounds: &Bounds<T>) -> T {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let mut theta = one;
    for k in 0..3 {
        if !(least[k] >= bounds[k]) {
            theta = ((middle[k] - bounds[k]) / (middle[k] - least[k])).min(theta);
        }
    }
    if theta >= zero && theta <= one { theta } else { zero }
}
