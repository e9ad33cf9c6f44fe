//! Dual numbers: a value and its derivative along one direction. What is generic over [`Real`] differentiates itself with
//! them, exactly: gradients of primitive variables from those of conserved ones.

use super::real::{Function, Function2, Real};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `value + derivative epsilon` with `epsilon^2 = 0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// Its derivative.
    pub derivative: f64,
}

impl Dual {
    /// A function with this value, and its derivative by `self`'s value, applied to `self`.
    fn chain(self, value: f64, slope: f64) -> Dual {
        Dual { value, derivative: slope * self.derivative }
    }
}

impl Add for Dual {
    type Output = Dual;
    fn add(self, b: Dual) -> Dual {
        Dual { value: self.value + b.value, derivative: self.derivative + b.derivative }
    }
}

impl Sub for Dual {
    type Output = Dual;
    fn sub(self, b: Dual) -> Dual {
        Dual { value: self.value - b.value, derivative: self.derivative - b.derivative }
    }
}

impl Mul for Dual {
    type Output = Dual;
    fn mul(self, b: Dual) -> Dual {
        let derivative = self.derivative * b.value + self.value * b.derivative;
        Dual { value: self.value * b.value, derivative }
    }
}

impl Div for Dual {
    type Output = Dual;
    fn div(self, b: Dual) -> Dual {
        let value = self.value / b.value;
        Dual { value, derivative: (self.derivative - value * b.derivative) / b.value }
    }
}

impl Neg for Dual {
    type Output = Dual;
    fn neg(self) -> Dual {
        Dual { value: -self.value, derivative: -self.derivative }
    }
}

impl Real for Dual {
    type Mask = bool;

    fn from_f64(x: f64) -> Dual {
        Dual { value: x, derivative: 0.0 }
    }
    fn mul_add(self, a: Dual, b: Dual) -> Dual {
        Dual { value: self.value.mul_add(a.value, b.value), derivative: (self * a + b).derivative }
    }
    fn sqrt(self) -> Dual {
        let root = self.value.sqrt();
        self.chain(root, 0.5 / root)
    }
    fn abs(self) -> Dual {
        if self.value < 0.0 { -self } else { self }
    }
    fn lt(self, other: Dual) -> bool {
        self.value < other.value
    }
    fn le(self, other: Dual) -> bool {
        self.value <= other.value
    }
    fn select(mask: bool, yes: Dual, no: Dual) -> Dual {
        if mask { yes } else { no }
    }
    fn function(self, f: Function) -> Dual {
        let x = self.value;
        let value = x.function(f);
        self.chain(
            value,
            match f {
                Function::Sin => x.cos(),
                Function::Cos => -x.sin(),
                Function::Tan => 1.0 + value * value,
                Function::Asin => 1.0 / (1.0 - x * x).sqrt(),
                Function::Acos => -1.0 / (1.0 - x * x).sqrt(),
                Function::Atan => 1.0 / (1.0 + x * x),
                Function::Exp => value,
                Function::Log => 1.0 / x,
                Function::Tanh => 1.0 - value * value,
            },
        )
    }
    fn function2(self, f: Function2, other: Dual) -> Dual {
        let (x, y) = (self.value, other.value);
        let value = x.function2(f, y);
        let (by_x, by_y) = match f {
            // Where the exponent does not vary its logarithm's factor is not needed, nor defined for all x.
            Function2::Pow if other.derivative == 0.0 => (y * x.powf(y - 1.0), 0.0),
            Function2::Pow => (y * x.powf(y - 1.0), value * x.ln()),
            Function2::Atan2 => (y / (x * x + y * y), -x / (x * x + y * y)),
            Function2::Modulo => (1.0, -(x / y).floor()),
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
            let dual: [Dual; 2] = std::array::from_fn(|i| Dual { value: at[i], derivative: along[i] });
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
