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

/// Decades up to which ticks on a logarithmic axis are at equal steps: in less than this, multiples of a power of ten may leave
/// half of an axis empty (6 to 18: there is nothing between 10 and 20).
const EQUAL_STEPS: f64 = 0.7;
/// Decades from which powers of ten say enough alone.
const POWERS_ALONE: f64 = 2.0;
/// Digits that get labels between powers of ten where there is room, the most first.
const DIGITS: [&[i32]; 5] =
    [&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[1, 2, 3, 4, 6, 8], &[1, 2, 3, 5], &[1, 2, 5], &[1]];
/// Numbers from the first up to the second are written as they are between powers of ten, others as `2×10⁻⁵`.
const PLAIN: (f64, f64) = (1e-3, 1e5);

/// Ticks on a logarithmic axis over a range of positive numbers: at powers of ten, `count` at most, with small marks between
/// them; with further labels on an axis of less than two decades, at least half as far apart as `count` labels are.
pub fn logarithmic((low, high): (f64, f64), count: usize) -> Ticks {
    // What is added at the ends of an axis may lead out of the numbers.
    let (low, high) = (low.clamp(f64::MIN_POSITIVE, f64::MAX), high.clamp(f64::MIN_POSITIVE, f64::MAX));
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10();
    let apart = 0.5 * decades / count.max(1) as f64;
    if decades < EQUAL_STEPS {
        // Equal steps are the closest at the upper end.
        let least = high * (1.0 - 10f64.powf(-apart));
        return linear((low, high), ((high - low) / least) as usize);
    }
    let fits = |digits: &&[i32]| {
        let next = digits.iter().skip(1).chain(&[10]);
        digits.iter().zip(next).all(|(a, b)| (f64::from(*b) / f64::from(*a)).log10() >= apart)
    };
    let between = if decades < POWERS_ALONE { DIGITS.into_iter().find(fits) } else { None };
    let plain = between.is_some() && low >= PLAIN.0 && high < PLAIN.1;
    let every = ((decades / count.max(1) as f64).ceil() as i32).max(1);
    let mut ticks = Ticks { at: vec![], labels: vec![], factor: None };
    for power in first..=last {
        for digit in 1..10 {
            let x = f64::from(digit) * 10f64.powi(power);
            if x < low * (1.0 - 1e-9) || x > high * (1.0 + 1e-9) || (digit > 1 && every > 1) {
                continue;
            }
            let labelled = between.map_or(digit == 1, |digits| digits.contains(&digit));
            let label = match digit {
                _ if !labelled || power.rem_euclid(every) != 0 => String::new(),
                _ if plain => number(x, (-power).max(0) as usize),
                1 => power_of_ten(power),
                _ => format!("{digit}×{}", power_of_ten(power)),
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
    fn axes_at_the_end_of_all_numbers_have_an_end() {
        for range in [(1e300, f64::INFINITY), (0.0, 1.0), (0.0, f64::INFINITY)] {
            let Ticks { at, labels, .. } = logarithmic(range, 5);
            assert!(at.len() < 3000 && at.len() == labels.len(), "{range:?}");
        }
    }

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

    fn labelled(ticks: &Ticks) -> Vec<(f64, &str)> {
        let all = ticks.at.iter().zip(&ticks.labels);
        all.filter(|(_, label)| !label.is_empty()).map(|(x, label)| (*x, label.as_str())).collect()
    }

    #[test]
    fn short_logarithmic_axes_have_labels_between_powers_of_ten() {
        for (range, count, expected) in [
            ((5.74, 18.8), 8, "6 8 10 12 14 16 18"),
            ((1.0, 1.1), 8, "1.00 1.01 1.02 1.03 1.04 1.05 1.06 1.07 1.08 1.09 1.10"),
            ((0.031, 0.11), 4, "0.04 0.06 0.08 0.10"),
            ((2.0, 30.0), 8, "2 3 4 6 8 10 20 30"),
            ((6.0, 300.0), 6, "10 20 30 50 100 200 300"),
            ((0.015, 0.9), 5, "0.02 0.05 0.1 0.2 0.5"),
            ((1.5e-6, 3e-5), 6, "2×10⁻⁶ 3×10⁻⁶ 5×10⁻⁶ 10⁻⁵ 2×10⁻⁵ 3×10⁻⁵"),
            ((0.6, 300.0), 6, "10⁰ 10¹ 10²"),
        ] {
            let ticks = logarithmic(range, count);
            let text: Vec<&str> = labelled(&ticks).into_iter().map(|(_, label)| label).collect();
            assert_eq!(text.join(" "), expected, "{range:?}");
        }
    }

    #[test]
    fn labels_of_short_logarithmic_axes_leave_no_gap_and_do_not_overlap() {
        for count in 4..=12 {
            for i in 0..2000 {
                // Beginnings and lengths that have nothing to do with each other.
                let decades = 0.02 + 1.97 * f64::from(i) / 2000.0;
                let low = 10f64.powf((f64::from(i) * 0.618_034).fract());
                let ticks = logarithmic((low, low * 10f64.powf(decades)), count);
                let at: Vec<f64> =
                    labelled(&ticks).iter().map(|(x, _)| (x / low).log10() / decades).collect();
                let gaps = at.windows(2).map(|pair| pair[1] - pair[0]);
                let closest = gaps.clone().fold(1.0, f64::min);
                assert!(closest * count as f64 > 0.5 - 1e-6, "{count} {low} {decades}: {at:?}");
                let ends = [at[0], 1.0 - at[at.len() - 1]];
                let widest = gaps.chain(ends).fold(0.0, f64::max);
                let most = if count < 8 { 0.65 } else { 0.5 };
                assert!(at.len() > 1 && widest < most, "{count} {low} {decades}: {at:?}");
            }
        }
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
