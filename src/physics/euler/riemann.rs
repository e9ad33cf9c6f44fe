//! Riemann solvers of the ideal gas (case-format section 8). Adding one: its function and a line of the table below.

use super::Gas;
use crate::array;
use crate::physics::system::dot;
use crate::physics::{Choice, Real, SystemError, find};

macro_rules! riemann_solvers {
    ($($variant:ident, $name:literal, $function:ident, $doc:literal;)*) => {
        /// Which approximate Riemann solver couples the elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RiemannSolver {
            $(#[doc = $doc] $variant,)*
        }

        /// Every Riemann solver: name, line of help, value.
        pub const RIEMANN_SOLVERS: &[Choice<RiemannSolver>] =
            &[$(Choice { name: $name, doc: $doc, value: RiemannSolver::$variant },)*];

        impl RiemannSolver {
            /// `F*(left, right) . n`, `n` a unit normal from left to right.
            #[inline(always)]
            pub fn common_flux<R: Real, const D: usize, const V: usize>(
                self, gas: &Gas, left: &[R; V], right: &[R; V], n: &[R; D],
            ) -> [R; V] {
                match self {
                    $(RiemannSolver::$variant => $function(gas, left, right, n),)*
                }
            }
        }
    };
}

riemann_solvers! {
    Rusanov, "rusanov", rusanov, "Local Lax-Friedrichs with averaged wave speed (Rusanov 1961)";
    Hllc, "hllc", hllc, "Harten-Lax-van Leer with contact wave (Toro, Spruce, Speares 1994)";
}

impl RiemannSolver {
    /// The solver called `name`.
    ///
    /// # Errors
    /// Unknown name, with those there are.
    pub fn from_name(name: &str) -> Result<RiemannSolver, SystemError> {
        find("riemann-solver", name, RIEMANN_SOLVERS)
    }
}

/// Central flux plus `a (left - right)` with `a = |vn_L + vn_R| / 4 + sqrt(gamma (p_L + p_R) / (4 (rho_L + rho_R)))`: half
/// the wave speed, from averages.
#[inline(always)]
fn rusanov<R: Real, const D: usize, const V: usize>(
    gas: &Gas,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    // One division serves both velocities: 1/a = b/(ab), 1/b = a/(ab). The product is symmetric, so swapping the sides
    // changes no bit.
    let (half, quarter) = (R::from_f64(0.5), R::from_f64(0.25));
    let both = R::from_f64(1.0) / (left[0] * right[0]);
    let (ml, mr): ([R; D], [R; D]) = (array!(d => left[1 + d]), array!(d => right[1 + d]));
    let (il, ir) = (right[0] * both, left[0] * both);
    let (vl, vr) = (dot(&ml, n) * il, dot(&mr, n) * ir);
    let g1 = R::from_f64(gas.gamma - 1.0);
    let pl = g1 * (left[D + 1] - half * dot(&ml, &ml) * il);
    let pr = g1 * (right[D + 1] - half * dot(&mr, &mr) * ir);
    let sound = (R::from_f64(0.25 * gas.gamma) * (pl + pr) / (left[0] + right[0])).sqrt();
    let a = quarter * (vl + vr).abs() + sound;
    let fl: [R; V] = gas.normal_flux(left, n, vl, pl);
    let fr: [R; V] = gas.normal_flux(right, n, vr, pr);
    array!(v => half * (fl[v] + fr[v]) + a * (left[v] - right[v]))
}

/// Slowest and fastest wave, with Roe's averages (Einfeldt's choice, both sides with their own speed of sound).
#[inline(always)]
fn wave_speeds<R: Real, const D: usize>(
    gas: &Gas,
    (rl, vl, pl, hl): (R, &[R; D], R, R),
    (rr, vr, pr, hr): (R, &[R; D], R, R),
    n: &[R; D],
) -> (R, R) {
    let (sl, sr) = (rl.sqrt(), rr.sqrt());
    let weight = R::from_f64(1.0) / (sl + sr);
    let v: [R; D] = array!(d => (sl * vl[d] + sr * vr[d]) * weight);
    let h = (sl * hl + sr * hr) * weight;
    let a = (R::from_f64(gas.gamma - 1.0) * (h - R::from_f64(0.5) * dot(&v, &v))).sqrt();
    let vn = dot(&v, n);
    let cl = (R::from_f64(gas.gamma) * pl / rl).sqrt();
    let cr = (R::from_f64(gas.gamma) * pr / rr).sqrt();
    ((vn - a).min(dot(vl, n) - cl), (vn + a).max(dot(vr, n) + cr))
}

#[inline(always)]
fn hllc<R: Real, const D: usize, const V: usize>(
    gas: &Gas,
    left: &[R; V],
    right: &[R; V],
    n: &[R; D],
) -> [R; V] {
    let zero = R::from_f64(0.0);
    let (rl, vl, pl) = gas.primitive::<R, D, V>(left);
    let (rr, vr, pr) = gas.primitive::<R, D, V>(right);
    let (vnl, vnr) = (dot(&vl, n), dot(&vr, n));
    let fl: [R; V] = gas.normal_flux(left, n, vnl, pl);
    let fr: [R; V] = gas.normal_flux(right, n, vnr, pr);
    let (sl, sr) =
        wave_speeds(gas, (rl, &vl, pl, (left[D + 1] + pl) / rl), (rr, &vr, pr, (right[D + 1] + pr) / rr), n);
    let (ql, qr) = (rl * (sl - vnl), rr * (sr - vnr));
    let contact = (pr - pl + ql * vnl - qr * vnr) / (ql - qr);
    let fsl = star(left, &fl, &vl, vnl, pl, sl, ql, contact, n);
    let fsr = star(right, &fr, &vr, vnr, pr, sr, qr, contact, n);
    array!(i => {
        let inner = R::select(zero.le(contact), fsl[i], fsr[i]);
        R::select(zero.le(sl), fl[i], R::select(sr.le(zero), fr[i], inner))
    })
}

/// Flux between an acoustic wave of speed `s` and the contact: `F_k + s_k (u*_k - u_k)`, with `q = rho (s - vn)`.
#[inline(always)]
fn star<R: Real, const D: usize, const V: usize>(
    u: &[R; V],
    f: &[R; V],
    v: &[R; D],
    vn: R,
    p: R,
    s: R,
    q: R,
    contact: R,
    n: &[R; D],
) -> [R; V] {
    let factor = q / (s - contact);
    let energy = u[D + 1] / u[0] + (contact - vn) * (contact + p / q);
    array!(i => {
        let state = match i {
            0 => factor,
            i if i <= D => factor * (v[i - 1] + (contact - vn) * n[i - 1]),
            _ => factor * energy,
        };
        f[i] + s * (state - u[i])
    })
}
