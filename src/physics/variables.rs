//! A system's variables for code that does not know their number at compile time: output, monitors, initial states.

use super::dual::Dual;
use super::system::{OutputField, System};
use std::ops::Range;

/// Names of a system's variables and the way between them.
pub trait Variables: Send + Sync {
    /// Names of the conserved variables.
    fn conserved(&self) -> Vec<&'static str>;
    /// Names of the primitive variables.
    fn primitive(&self) -> Vec<&'static str>;
    /// Fields for people.
    fn fields(&self) -> Vec<OutputField>;
    /// Primitive to conserved variables of one point, in place.
    fn to_conserved(&self, values: &mut [f64]);
    /// Conserved to primitive variables of one point, in place.
    fn to_primitive(&self, values: &mut [f64]);
    /// Derivative of the primitive variables where the conserved ones are `u` and have the derivative `slope`, in place.
    fn primitive_slope(&self, u: &[f64], slope: &mut [f64]);
    /// [`System::VISCOUS`].
    fn is_viscous(&self) -> bool;
    /// [`System::wave_speed`] of the state `u` for the normal `n`, one number a dimension.
    fn wave_speed(&self, u: &[f64], n: &[f64]) -> f64;
    /// [`System::diffusivity`] of the state `u`.
    fn diffusivity(&self, u: &[f64]) -> f64;
    /// [`System::viscous_flux`] of the state `u` and its gradient, `[direction][variable]` one after the other, for the
    /// normal `n`, one number a dimension; one number a variable goes to `out`, zeros where the system is not viscous.
    fn viscous_flux(&self, u: &[f64], gradient: &[f64], n: &[f64], out: &mut [f64]);
    /// Positions of the momentum's components among the conserved variables, one a dimension: `rhou` and what follows.
    /// `None` where the system has no such variables.
    fn momentum(&self) -> Option<Range<usize>>;
}

/// Wraps a system as [`Variables`].
#[derive(Clone, Copy, Debug)]
pub struct VariablesOf<const D: usize, const V: usize, S>(pub S);

impl<const D: usize, const V: usize, S: System<D, V>> VariablesOf<D, V, S> {
    fn in_place(values: &mut [f64], f: impl Fn(&[f64; V]) -> [f64; V]) {
        let point: [f64; V] = values.try_into().expect("one value a variable");
        values.copy_from_slice(&f(&point));
    }
}

impl<const D: usize, const V: usize, S: System<D, V>> Variables for VariablesOf<D, V, S> {
    fn conserved(&self) -> Vec<&'static str> {
        self.0.conserved().to_vec()
    }
    fn primitive(&self) -> Vec<&'static str> {
        self.0.primitive().to_vec()
    }
    fn fields(&self) -> Vec<OutputField> {
        self.0.fields()
    }
    fn to_conserved(&self, values: &mut [f64]) {
        Self::in_place(values, |point| self.0.to_conserved(point));
    }
    fn to_primitive(&self, values: &mut [f64]) {
        Self::in_place(values, |point| self.0.to_primitive(point));
    }
    fn primitive_slope(&self, u: &[f64], slope: &mut [f64]) {
        let point: [Dual<f64>; V] = std::array::from_fn(|v| Dual { value: u[v], derivative: slope[v] });
        let primitive = self.0.to_primitive(&point);
        slope.iter_mut().zip(primitive).for_each(|(slope, p)| *slope = p.derivative);
    }
    fn is_viscous(&self) -> bool {
        S::VISCOUS
    }
    fn wave_speed(&self, u: &[f64], n: &[f64]) -> f64 {
        let u: &[f64; V] = u.try_into().expect("one value a variable");
        self.0.wave_speed(u, n.try_into().expect("one value a dimension"))
    }
    fn diffusivity(&self, u: &[f64]) -> f64 {
        let u: &[f64; V] = u.try_into().expect("one value a variable");
        self.0.diffusivity(u)
    }
    fn viscous_flux(&self, u: &[f64], gradient: &[f64], n: &[f64], out: &mut [f64]) {
        if !S::VISCOUS {
            return out.fill(0.0);
        }
        let u: &[f64; V] = u.try_into().expect("one value a variable");
        let slopes: [[f64; V]; D] = std::array::from_fn(|d| std::array::from_fn(|v| gradient[d * V + v]));
        out.copy_from_slice(&self.0.viscous_flux(u, &slopes, n.try_into().expect("one value a dimension")));
    }
    fn momentum(&self) -> Option<Range<usize>> {
        let first = self.0.conserved().iter().position(|name| *name == "rhou")?;
        Some(first..first + D)
    }
}
