//! Floating-point numbers as integers of the same order, so that minimum and maximum never depend on who compares.
//!
//! `f64::min` may return either zero of a pair and drops NaN, and MPI leaves NaN undefined; integers have neither trouble.

use super::Reduce;

const SIGN: u64 = 1 << 63;

/// An integer ordered like `value`, with -0 below +0 and NaN where `op` never loses it.
pub(super) fn key(op: Reduce, value: f64) -> u64 {
    if value.is_nan() {
        return match op {
            Reduce::Min => 0,
            Reduce::Max => u64::MAX,
        };
    }
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number of a [`key`]; every NaN becomes the same one.
pub(super) fn value(key: u64) -> f64 {
    let value = f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN });
    if value.is_nan() { f64::NAN } else { value }
}

/// The smaller or larger of two keys.
pub(super) fn pick(op: Reduce, a: u64, b: u64) -> u64 {
    match op {
        Reduce::Min => a.min(b),
        Reduce::Max => a.max(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_order_like_numbers(a in any::<f64>(), b in any::<f64>()) {
            for op in [Reduce::Min, Reduce::Max] {
                prop_assert_eq!(a < b, key(op, a) < key(op, b) && a != b);
                prop_assert_eq!(value(key(op, a)).to_bits(), a.to_bits());
            }
        }
    }

    #[test]
    fn nan_and_zeros_have_their_place() {
        let merged = |op, a, b| value(pick(op, key(op, a), key(op, b)));
        for op in [Reduce::Min, Reduce::Max] {
            for x in [f64::INFINITY, f64::NEG_INFINITY, 0.0] {
                for nan in [f64::NAN, -f64::NAN] {
                    assert!(merged(op, x, nan).is_nan() && merged(op, nan, x).is_nan());
                }
            }
        }
        assert!(merged(Reduce::Min, 0.0, -0.0).is_sign_negative());
        assert!(merged(Reduce::Max, -0.0, 0.0).is_sign_positive());
    }
}
