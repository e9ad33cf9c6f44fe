//! Dual numbers: a value and its derivative along one direction. What is generic over [`Real`] differentiates itself with
//! them, exactly: gradients of primitive variables from those of conserved ones.

use super::real::{Function, Function2, Real};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `value + derivative epsilon` with `epsilon^2 = 0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual<R> {
    /// The value.
    pub value: R,
    /// Its derivative.
    pub derivative: R,
}

impl<R: Real> Dual<R> {
    /// A function with this value, and its derivative by `self`'s value, applied to `self`.
    fn chain(self, value: R, slope: R) -> Self {
        Dual { value, derivative: slope * self.derivative }
    }
}

impl<R: Real> Add for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        Dual { value: self.value + b.value, derivative: self.derivative + b.derivative }
    }
}

impl<R: Real> Sub for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        Dual { value: self.value - b.value, derivative: self.derivative - b.derivative }
    }
}

impl<R: Real> Mul for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        let derivative = self.derivative * b.value + self.value * b.derivative;
        Dual { value: self.value * b.value, derivative }
    }
}

impl<R: Real> Div for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        Dual { value, derivative: (self.derivative - value * b.derivative) / b.value }
    }
}

impl<R: Real> Neg for Dual<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Dual { value: -self.value, derivative: -self.derivative }
    }
}

impl<R: Real> Real for Dual<R> {
    type Mask = R::Mask;

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        Dual { value: R::from_f64(x), derivative: R::from_f64(0.0) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Dual { value: self.value.mul_add(a.value, b.value), derivative: (self * a + b).derivative }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, R::from_f64(0.5) / root)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self::select(self.value.lt(R::from_f64(0.0)), -self, self)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> R::Mask {
        self.value.lt(other.value)
    }
    #[inline(always)]
    fn le(self, other: Self) -> R::Mask {
        self.value.le(other.value)
    }
    #[inline(always)]
    fn select(mask: R::Mask, yes: Self, no: Self) -> Self {
        Dual {
            value: R::select(mask, yes.value, no.value),
            derivative: R::select(mask, yes.derivative, no.derivative),
        }
    }
    fn function(self, f: Function) -> Self {
        let (x, one) = (self.value, R::from_f64(1.0));
        let value = x.function(f);
        self.chain(
            value,
            match f {
                Function::Sin => x.cos(),
                Function::Cos => -x.sin(),
                Function::Tan => one + value * value,
                Function::Asin => one / (one - x * x).sqrt(),
                Function::Acos => -(one / (one - x * x).sqrt()),
                Function::Atan => one / (one + x * x),
                Function::Exp => value,
                Function::Log => one / x,
                Function::Tanh => one - value * value,
            },
        )
    }
    fn function2(self, f: Function2, other: Self) -> Self {
        let (x, y) = (self.value, other.value);
        let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
        let value = x.function2(f, y);
        let (by_x, by_y) = match f {
            Function2::Pow => {
                // Where the exponent does not vary its logarithm's factor is not needed, nor defined for all x.
                let constant = other.derivative.le(zero) & zero.le(other.derivative);
                (y * x.pow(y - one), R::select(constant, zero, value * x.function(Function::Log)))
            }
            Function2::Atan2 => (y / (x * x + y * y), -(x / (x * x + y * y))),
            // What is left is x - y floor(x/y).
            Function2::Modulo => (one, (value - x) / y),
        };
        Dual { value, derivative: by_x * self.derivative + by_y * other.derivative }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::expr::Expr;

    #[test]
    fn derivatives_are_the_limits_of_differences() {
        for text in [
            "sin(x)*cos(y) - tan(x/3)",
            "exp(x*y)/log(2 + x) + sqrt(x + y)",
            "atan2(x, y) + asin(x/4) - acos(y/4) + atan(x*y)",
            "pow(x, y) + pow(x, 1.5) + pow(y, 3) + tanh(x)",
            "min(x, y)*max(x, 0.3) - abs(-x)",
            "(7.3*x) % y",
        ] {
            let f = Expr::parse(text, &["x", "y"], &Default::default()).unwrap();
            let (at, along, h) = ([0.7, 1.3], [0.6, -0.8], 1e-6);
            let dual: [Dual<f64>; 2] = std::array::from_fn(|i| Dual { value: at[i], derivative: along[i] });
            let shifted = |h: f64| f.eval_f64(&[at[0] + h * along[0], at[1] + h * along[1]]);
            let found = f.eval(&dual);
            assert_eq!(found.value, f.eval_f64(&at), "{text}");
            let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
            assert!(
                (found.derivative - difference).abs() < 1e-8,
                "{text}: {} {difference}",
                found.derivative
            );
        }
    }
}
