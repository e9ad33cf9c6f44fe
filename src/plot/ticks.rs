//! Round numbers along an axis, and how they are written.

/// Marks of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticks {
    /// Where, in increasing order.
    pub at: Vec<f64>,
    /// What stands there; empty for small marks.
    pub labels: Vec<String>,
    /// What all labels are to be multiplied with, such as `×10⁻⁵`.
    pub factor: Option<String>,
}

/// A range that has a length: one that has none, or no more than rounding leaves, is widened.
pub fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if !(low.is_finite() && high.is_finite()) {
        return (0.0, 1.0);
    }
    let size = low.abs().max(high.abs());
    if high - low > 1e-12 * size && high - low > f64::MIN_POSITIVE {
        return (low, high);
    }
    let half = if size > 1e-300 { 0.05 * size } else { 1.0 };
    (low - half, high + half)
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten in a range, about `count` of them.
pub fn linear((low, high): (f64, f64), count: usize) -> Ticks {
    let rough = (high - low) / count.max(1) as f64;
    if !(rough.is_finite() && rough > 0.0) {
        return Ticks { at: vec![], labels: vec![], factor: None };
    }
    let mut exponent = rough.log10().floor() as i32;
    let mantissa = rough / 10f64.powi(exponent);
    let round = match mantissa {
        m if m <= 1.0 => 1.0,
        m if m <= 2.0 => 2.0,
        m if m <= 5.0 => 5.0,
        _ => {
            exponent += 1;
            1.0
        }
    };
    let step = round * 10f64.powi(exponent);
    let slack = 1e-9 * (high - low);
    let (first, last) = (((low - slack) / step).ceil(), ((high + slack) / step).floor());
    let many = (last - first).clamp(-1.0, 1000.0) as i64;
    // Whole multiples, so that zero is zero.
    let at: Vec<f64> = (0..=many).map(|i| (first + i as f64) * step).collect();
    let largest = at.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let power = if largest > 0.0 { (largest * (1.0 + 1e-12)).log10().floor() as i32 } else { 0 };
    let (power, factor) = if power >= 5 || (power <= -4 && exponent <= -4) {
        (power, Some(format!("×{}", power_of_ten(power))))
    } else {
        (0, None)
    };
    let decimals = (power - exponent).clamp(0, 12) as usize;
    let scale = 10f64.powi(-power);
    let labels = at.iter().map(|x| number(x * scale, decimals)).collect();
    Ticks { at, labels, factor }
}

/// Ticks at powers of ten in a range of positive numbers, with small marks, or numbers, between them.
pub fn logarithmic((low, high): (f64, f64), count: usize) -> Ticks {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let every = ((decades / count.max(1) as f64).ceil() as i32).max(1);
    let mut ticks = Ticks { at: vec![], labels: vec![], factor: None };
    for power in first..=last {
        for digit in 1..10 {
            let x = f64::from(digit) * 10f64.powi(power);
            if x < low * (1.0 - 1e-9) || x > high * (1.0 + 1e-9) || (digit > 1 && every > 1) {
                continue;
            }
            let label = match digit {
                1 if power.rem_euclid(every) == 0 => power_of_ten(power),
                _ if decades < 0.8 => format!("{digit}×{}", power_of_ten(power)),
                2 | 5 if decades < 1.6 => format!("{digit}×{}", power_of_ten(power)),
                _ => String::new(),
            };
            ticks.at.push(x);
            ticks.labels.push(label);
        }
    }
    ticks
}

/// A number with so many decimals, and a true minus sign.
fn number(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// `10⁻³`.
fn power_of_ten(power: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        _ => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c.to_digit(10).unwrap_or(0) as usize],
    };
    format!("10{}", power.to_string().chars().map(raised).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_in_the_range() {
        for (range, count, expected) in [
            ((-10.0, 10.0), 5, "−10 −5 0 5 10"),
            ((0.0, 1.0), 5, "0.0 0.2 0.4 0.6 0.8 1.0"),
            ((0.4923, 1.0001), 6, "0.5 0.6 0.7 0.8 0.9 1.0"),
            ((-0.3, 0.25), 4, "−0.2 0.0 0.2"),
            ((1e5, 1.004e5), 4, "1.000 1.001 1.002 1.003 1.004 ×10⁵"),
            ((0.0, 3e-6), 3, "0 1 2 3 ×10⁻⁶"),
            ((0.0, 0.0007), 4, "0 2 4 6 ×10⁻⁴"),
        ] {
            let ticks = linear(range, count);
            let text: Vec<String> = ticks.labels.into_iter().chain(ticks.factor).collect();
            assert_eq!(text.join(" "), expected, "{range:?}");
            assert!(ticks.at.iter().all(|x| *x >= range.0 - 1e-6 && *x <= range.1 + 1e-6));
        }
        let ticks = logarithmic((1e-3, 10.0), 6);
        let labels: Vec<&str> = ticks.labels.iter().map(String::as_str).filter(|l| !l.is_empty()).collect();
        assert_eq!(labels, ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]);
        assert_eq!(ticks.at.len(), 37);
    }

    #[test]
    fn ranges_without_length_are_widened() {
        assert_eq!(widened((2.0, 3.0)), (2.0, 3.0));
        assert_eq!(widened((2.0, 2.0)), (1.9, 2.1));
        assert_eq!(widened((0.0, 0.0)), (-1.0, 1.0));
        assert!(widened((1.0, 1.0 + 1e-15)).0 < 0.96);
        assert_eq!(widened((f64::INFINITY, f64::NEG_INFINITY)), (0.0, 1.0));
        for range in [(0.0, 0.0), (1e300, 1e300), (-1e-320, 1e-320), (f64::NAN, 1.0)] {
            assert!(linear(widened(range), 5).at.len() < 100);
        }
    }
}
