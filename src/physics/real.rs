//! The number type the physics is written in.
//!
//! A flux, a boundary state or a case-file expression is a function generic over [`Real`]. The CPU instantiates it with
//! `f64`, `f32` or a pack of SIMD lanes (one element a lane); the GPU backend instantiates it with a symbol that records
//! an expression graph and prints WGSL. Hence the rules for code written against this trait:
//!
//! * no `if` on data: compare to a [`Real::Mask`] and [`Real::select`];
//! * loop bounds are known without looking at data;
//! * `min`, `max` and `select` make the same choice everywhere: `a.min(b)` is `select(a < b, a, b)`,
//!   `a.max(b)` is `select(a > b, a, b)`, so a NaN in `a` yields `b`.
//!
//! Arithmetic is IEEE: lanes and scalars agree bit for bit, because each operation rounds on its own and
//! [`Real::mul_add`] is always fused.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// A number, or a pack of numbers, or a symbol standing for one.
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// Result of a comparison: one truth value a lane.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;

    /// The constant `x`, rounded to the working precision, in every lane.
    fn from_f64(x: f64) -> Self;
    /// `self * a + b` with a single rounding.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// `self < other`, lane by lane; false where either is NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self <= other`, lane by lane; false where either is NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `yes` where `mask` holds, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// The smaller one; `other` when `self` is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }
    /// The larger one; `other` when `self` is NaN.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }

    /// Elementary function `f` of `self`.
    ///
    /// Not for inner loops: lanes go through the scalar function one by one, and 64-bit WGSL has none of them.
    fn function(self, f: Function) -> Self;
    /// Elementary function of two arguments.
    fn function2(self, f: Function2, other: Self) -> Self;
    /// Sine.
    #[inline(always)]
    fn sin(self) -> Self {
        self.function(Function::Sin)
    }
    /// Cosine.
    #[inline(always)]
    fn cos(self) -> Self {
        self.function(Function::Cos)
    }
    /// `self` to the power `exponent`.
    #[inline(always)]
    fn pow(self, exponent: Self) -> Self {
        self.function2(Function2::Pow, exponent)
    }

    /// Runs `pass`; lanes of the processor do it in a function of its own, compiled for their instruction set.
    ///
    /// Kernels inline what they call, once a shape and pass. What is long and not called by every case (the costlier
    /// Riemann solvers) goes through here, and is compiled once a system and lane type.
    #[inline(always)]
    fn apart<P: Pass>(pass: P) {
        pass.run();
    }
}

/// Work to be done with an instruction set switched on. Implementations mark `run` `#[inline(always)]`.
pub trait Pass {
    /// Does it.
    fn run(self);
}

/// A closure as a [`Pass`]; mark the closure `#[inline(always)]`.
pub struct Work<F: FnOnce()>(pub F);

impl<F: FnOnce()> Pass for Work<F> {
    #[inline(always)]
    fn run(self) {
        (self.0)();
    }
}

/// An array of reals from an expression of the index: `array!(v => a[v] + b[v])`.
///
/// Like [`std::array::from_fn`], but without a closure: kernels must inline completely into the function that has the
/// vector instructions switched on, and closures in library functions do not reliably.
#[macro_export]
macro_rules! array {
    ($index:ident => $value:expr) => {{
        let mut values = $crate::physics::real::zeros();
        for $index in 0..values.len() {
            values[$index] = $value;
        }
        values
    }};
}

/// `N` zeros; a helper of [`array!`](crate::array).
#[inline(always)]
pub fn zeros<R: Real, const N: usize>() -> [R; N] {
    [R::from_f64(0.0); N]
}

/// Elementary functions of one argument that hardware does not give in every precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Exp,
    Log,
    Tanh,
}

/// Elementary functions of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function2 {
    Pow,
    Atan2,
    /// Remainder with the sign of the divisor, as Python's `%`.
    Modulo,
}

macro_rules! scalar {
    ($t:ty) => {
        impl Real for $t {
            type Mask = bool;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                <$t>::mul_add(self, a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self < other
            }
            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self <= other
            }
            #[inline(always)]
            fn select(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
            fn function(self, f: Function) -> Self {
                match f {
                    Function::Sin => self.sin(),
                    Function::Cos => self.cos(),
                    Function::Tan => self.tan(),
                    Function::Asin => self.asin(),
                    Function::Acos => self.acos(),
                    Function::Atan => self.atan(),
                    Function::Exp => self.exp(),
                    Function::Log => self.ln(),
                    Function::Tanh => self.tanh(),
                }
            }
            fn function2(self, f: Function2, other: Self) -> Self {
                match f {
                    Function2::Pow => self.powf(other),
                    Function2::Atan2 => self.atan2(other),
                    Function2::Modulo => {
                        let r = self % other;
                        if r != 0.0 && (r < 0.0) != (other < 0.0) { r + other } else { r }
                    }
                }
            }
        }
    };
}
scalar!(f64);
scalar!(f32);
