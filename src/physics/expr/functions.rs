//! The functions an expression can call.

use crate::physics::Real;
use crate::physics::real::{Function, Function2};

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum One {
    /// Square root.
    Sqrt,
    /// Absolute value.
    Abs,
    /// 1, 0 or -1.
    Sign,
    /// An elementary function.
    Elementary(Function),
}

/// A function of two arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Two {
    /// [`Real::min`].
    Min,
    /// [`Real::max`].
    Max,
    /// An elementary function.
    Elementary(Function2),
}

/// A function by its number of arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Builtin {
    /// One argument.
    One(One),
    /// Two arguments.
    Two(Two),
}

/// Names, functions and what they mean. Parser, printer and help read this table.
pub const FUNCTIONS: &[(&str, Builtin, &str)] = &[
    ("sin", elementary(Function::Sin), "sine of an angle in radians"),
    ("cos", elementary(Function::Cos), "cosine of an angle in radians"),
    ("tan", elementary(Function::Tan), "tangent of an angle in radians"),
    ("asin", elementary(Function::Asin), "inverse sine"),
    ("acos", elementary(Function::Acos), "inverse cosine"),
    ("atan", elementary(Function::Atan), "inverse tangent"),
    ("atan2", Builtin::Two(Two::Elementary(Function2::Atan2)), "atan2(y, x): angle of the point (x, y)"),
    ("exp", elementary(Function::Exp), "exponential"),
    ("log", elementary(Function::Log), "natural logarithm"),
    ("tanh", elementary(Function::Tanh), "hyperbolic tangent"),
    ("pow", Builtin::Two(Two::POW), "pow(a, b): a to the power b"),
    ("sqrt", Builtin::One(One::Sqrt), "square root"),
    ("abs", Builtin::One(One::Abs), "absolute value"),
    ("sign", Builtin::One(One::Sign), "1 for positive, -1 for negative numbers, 0 for 0"),
    ("min", Builtin::Two(Two::Min), "min(a, b): the smaller one"),
    ("max", Builtin::Two(Two::Max), "max(a, b): the larger one"),
];

const fn elementary(f: Function) -> Builtin {
    Builtin::One(One::Elementary(f))
}

/// The function called `name`.
pub fn builtin(name: &str) -> Option<Builtin> {
    FUNCTIONS.iter().find(|(n, ..)| *n == name).map(|(_, f, _)| *f)
}

/// The name of `f`.
pub fn name(f: Builtin) -> &'static str {
    FUNCTIONS.iter().find(|(_, g, _)| *g == f).map_or("", |(n, ..)| n)
}

impl One {
    /// Value of the function at `a`.
    #[inline(always)]
    pub fn eval<R: Real>(self, a: R) -> R {
        match self {
            One::Sqrt => a.sqrt(),
            One::Abs => a.abs(),
            One::Sign => {
                let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
                R::select(zero.lt(a), one, R::select(a.lt(zero), R::from_f64(-1.0), a))
            }
            One::Elementary(f) => a.function(f),
        }
    }
}

impl Two {
    /// Power.
    pub const POW: Two = Two::Elementary(Function2::Pow);

    /// Value of the function at `(a, b)`.
    #[inline(always)]
    pub fn eval<R: Real>(self, a: R, b: R) -> R {
        match self {
            Two::Min => a.min(b),
            Two::Max => a.max(b),
            Two::Elementary(f) => a.function2(f, b),
        }
    }
}

/// `a` to the power `exponent`, by multiplication or a square root where that is possible in few operations.
///
/// 64-bit shaders have no `pow`, and most powers in case files are squares.
#[inline(always)]
pub fn power<R: Real>(a: R, exponent: f64) -> R {
    if exponent == 0.5 {
        return a.sqrt();
    }
    if exponent.fract() != 0.0 || exponent.abs() > 16.0 {
        return a.pow(R::from_f64(exponent));
    }
    let mut n = exponent.abs() as u32;
    if n == 0 {
        return R::from_f64(1.0);
    }
    let (mut square, mut result) = (a, None::<R>);
    loop {
        if n & 1 == 1 {
            result = Some(result.map_or(square, |r| r * square));
        }
        n >>= 1;
        if n == 0 {
            break;
        }
        square = square * square;
    }
    let result = result.unwrap_or(square);
    if exponent < 0.0 { R::from_f64(1.0) / result } else { result }
}
