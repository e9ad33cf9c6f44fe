//! The entropy filter of one element (T. Dzanic, F. D. Witherden, J. Comput. Phys. 468, 2022; docs/src/numerics-time.md).
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
//! 3. What still violates a bound is squeezed linearly towards the mean, at last to the mean itself ([`ROUNDS`]).
//!
//! An element whose mean itself has no positive density and pressure is beyond help and left constant.
//!
//! All functions are inlined, so that they are compiled for the instruction set of the kernel that calls them: fused
//! multiplications are calls of a library elsewhere, and took half the time of a run.

use super::cpu::lane::Scalar;
use super::problem::EntropyFilter;
use crate::element::Operators;
use crate::element::modal::Modal;
use crate::physics::system::System;

/// Rounds of squeezing. Each squeezes a little more than the constraints seem to ask for, eight times as much as the one
/// before, the last down to the mean: so rounding does not decide where it ends.
pub const ROUNDS: usize = 6;

/// What round `round` squeezes in excess, with the filter's tolerance `f_tol`.
pub fn excess(f_tol: f64, round: usize) -> f64 {
    if round + 1 == ROUNDS { 1.0 } else { (f_tol.clamp(1e-6, 1e-4) * 8f64.powi(round as i32)).min(1.0) }
}

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
    /// First mode of each degree, and the number of modes.
    starts: Vec<usize>,
    /// Quadrature weights of the solution points.
    weights: Vec<T>,
    d_min: T,
    p_min: T,
    f_tol: T,
    niters: usize,
    excesses: [T; ROUNDS],
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
            starts: modal.starts,
            weights: ops.weights.iter().map(|&w| T::from_f64(w)).collect(),
            d_min: T::from_f64(settings.d_min),
            p_min: T::from_f64(settings.p_min),
            f_tol: T::from_f64(settings.f_tol),
            niters: settings.niters,
            excesses: std::array::from_fn(|round| T::from_f64(excess(settings.f_tol, round))),
            // A constant has no modes to scale.
            linearised: settings.linearised || ops.order == 0,
        }
    }

    /// Numbers of scratch memory that [`ElementFilter::filter`] needs for `variables` variables.
    pub fn scratch(&self, variables: usize) -> usize {
        (self.points + self.starts.len() - 1) * variables
    }

    /// Bounds with that of the entropy.
    #[inline(always)]
    pub fn bounds(&self, entropy: T) -> Bounds<T> {
        [self.d_min, self.p_min, entropy]
    }

    /// Least density, pressure and entropy at the solution and flux points of `u[P][V]`. Where there is no density there is
    /// no entropy either; it is left out.
    #[inline(always)]
    pub fn minima<const D: usize, const V: usize, S: System<D, V>>(&self, system: &S, u: &[T]) -> [T; 3] {
        let mut least = [T::from_f64(f64::INFINITY); 3];
        let mut add = |state: &[T; V]| {
            let c = system.constraints(state);
            for k in 0..if c[0] > T::from_f64(0.0) { 3 } else { 2 } {
                least[k] = c[k].min(least[k]);
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
    #[inline(always)]
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
        for excess in self.excesses {
            if admissible(&least, &bounds) {
                break;
            }
            let theta = (T::from_f64(1.0) - excess) * squeeze(&least, &middle, &bounds);
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
    #[inline(always)]
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

    #[inline(always)]
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
    #[inline(always)]
    fn strength<const D: usize, const V: usize, S: System<D, V>>(
        &self,
        system: &S,
        modes: &[T],
        groups: &mut [T],
        bounds: &Bounds<T>,
    ) -> T {
        let (zero, one, two) = (T::from_f64(0.0), T::from_f64(1.0), T::from_f64(2.0));
        let mut least = one;
        for row in self.at.chunks_exact(self.points) {
            // The state at the point by degree.
            groups.fill(zero);
            for (group, range) in groups.chunks_exact_mut(V).zip(self.starts.windows(2)) {
                for m in range[0]..range[1] {
                    for v in 0..V {
                        group[v] = row[m].mul_add(modes[m * V + v], group[v]);
                    }
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
            let (mut below, mut weight) = (margins(low), two);
            for _ in 0..self.niters {
                if high - low < self.f_tol {
                    break;
                }
                let f = guess(low, high, &below, &above, weight);
                let now = margins(f);
                if sound(&now) {
                    (low, below, weight) = (f, now, two);
                } else {
                    (high, above, weight) = (f, now, two * weight);
                }
            }
            least = low.min(least);
        }
        least
    }

    /// `u` from the modes, those of degree `d` scaled by `f^(d^2)`.
    #[inline(always)]
    fn scale<const V: usize>(&self, f: T, modes: &mut [T], u: &mut [T]) {
        let (mut factor, mut odd) = (T::from_f64(1.0), f);
        for range in self.starts.windows(2) {
            modes[range[0] * V..range[1] * V].iter_mut().for_each(|x| *x = factor * *x);
            (factor, odd) = (factor * odd, odd * (f * f));
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

/// Whether all three are above their bounds, and the density above zero, as the entropy needs it.
#[inline(always)]
pub fn admissible<T: Scalar>(least: &[T; 3], bounds: &Bounds<T>) -> bool {
    least[0] > T::from_f64(0.0) && (0..3).all(|k| least[k] >= bounds[k])
}

#[inline(always)]
fn sound<T: Scalar>(margins: &[T; 3]) -> bool {
    margins.iter().all(|m| *m >= T::from_f64(0.0))
}

/// The state whose parts of degree `d` are scaled by `f^(d^2) = f f^3 f^5 ...`.
#[inline(always)]
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

/// Where the margins, positive at `low` and not all so at `high`, are expected to vanish first. Those above count
/// `weight` times, twice at least and more after each guess that was not low enough, so that guesses fall on the safe
/// side: a search that ends without one would leave nothing but the mean.
#[inline(always)]
fn guess<T: Scalar>(low: T, high: T, below: &[T; 3], above: &[T; 3], weight: T) -> T {
    let (zero, half) = (T::from_f64(0.0), T::from_f64(0.5));
    let mut least = high;
    for k in 0..3 {
        // What is not a number, for want of density, says nothing of where to look.
        if above[k] < zero {
            let (a, b) = (weight * above[k], below[k]);
            least = ((a * low - b * high) / (a - b)).min(least);
        }
    }
    if least > low && least < high { least } else { half * (low + high) }
}

/// How much of the deviation from the mean may stay, were the constraints linear in it.
#[inline(always)]
fn squeeze<T: Scalar>(least: &[T; 3], middle: &[T; 3], bounds: &Bounds<T>) -> T {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let mut theta = one;
    for k in 0..3 {
        if least[k] < bounds[k] {
            theta = ((middle[k] - bounds[k]) / (middle[k] - least[k])).min(theta);
        }
    }
    if theta >= zero && theta <= one { theta } else { zero }
}
