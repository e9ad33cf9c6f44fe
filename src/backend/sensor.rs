//! Artificial viscosity of an element from the decay of its modes (P.-O. Persson, J. Peraire, AIAA 2006-112;
//! docs/src/numerics-time.md): with `S = log10(energy of the modes of highest degree / energy of all)` of the first conserved variable
//! and `s = log10(s0 / p^4)`, none below `s - kappa`, `max` above `s + kappa`, and a sine between the two.
//!
//! The flux is `-mu grad u` for every conserved variable. It does not act through boundaries.

use super::problem::ArtificialViscosity;
use crate::element::Operators;
use crate::element::modal::Modal;
use crate::physics::Real;
use crate::physics::real::Function;
use ndarray::Array2;

/// What turns values into energies: values to modes, `[P][P]`, and how many of them, the first ones, are not of the
/// highest degree.
pub fn modes(ops: &Operators) -> (Array2<f64>, usize) {
    let modal = Modal::new(ops);
    (modal.to_modes, modal.starts[ops.order])
}

/// The viscosity of an element of order `order` from the energies of its modes.
#[inline(always)]
pub fn viscosity<R: Real>(settings: &ArtificialViscosity, order: usize, highest: R, all: R) -> R {
    let ArtificialViscosity { max, s0, kappa } = *settings;
    let zero = R::from_f64(0.0);
    if order == 0 {
        return zero;
    }
    // Neither energy may be zero.
    let tiny = R::from_f64(1e-30);
    let ratio = highest.max(tiny) / all.max(tiny);
    let sensor = ratio.function(Function::Log) * R::from_f64(std::f64::consts::LOG10_E);
    let middle = (s0 / (order as f64).powi(4)).log10();
    let place = (sensor - R::from_f64(middle)) * R::from_f64(0.5 * std::f64::consts::PI / kappa);
    let half = R::from_f64(0.5 * max);
    let quarter = R::from_f64(0.5 * std::f64::consts::PI);
    let ramp = half + half * place.min(quarter).max(-quarter).sin();
    R::select(place.lt(-quarter), zero, R::select(quarter.lt(place), R::from_f64(max), ramp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_goes_from_nothing_to_the_most() {
        let settings = ArtificialViscosity { max: 2.0, s0: 1e-2, kappa: 0.5 };
        let at = |exponent: f64| viscosity(&settings, 2, 10f64.powf(exponent), 1.0);
        let middle = (1e-2f64 / 16.0).log10();
        assert_eq!((at(middle - 0.51), at(middle + 0.51)), (0.0, 2.0));
        assert!((at(middle) - 1.0).abs() < 1e-12 && at(middle + 0.2) > 1.5);
        assert_eq!(viscosity(&settings, 2, 0.0, 0.0), 2.0, "nothing known: nothing trusted");
        assert_eq!(viscosity(&settings, 0, 1.0, 1.0), 0.0);
    }
}
