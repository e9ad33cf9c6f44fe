//! Numbers as people like to read them.

/// A number to five digits.
pub fn figure(x: f64) -> String {
    rounded(x, 5)
}

/// A number to twelve digits.
pub fn precise(x: f64) -> String {
    rounded(x, 12)
}

/// A number to so many digits, without zeros at the end; very large and small ones with a power of ten.
fn rounded(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".into() } else { x.to_string() };
    }
    let exponent = x.abs().log10().floor() as i32;
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        } else {
            text.into()
        }
    };
    if (-4..digits as i32 + 2).contains(&exponent) {
        return trim(&format!("{x:.0$}", (digits as i32 - 1 - exponent).max(0) as usize));
    }
    let text = format!("{x:.0$e}", digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", trim(mantissa))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 1.0, 0.1, -12.5, 1.0 / 3.0, 123456.789, 1e-7, 2.5e30, f64::INFINITY, 0.99999999];
        let wanted = ["0", "1", "0.1", "-12.5", "0.33333", "123457", "1e-7", "2.5e30", "inf", "1"];
        assert_eq!(all.map(figure), wanted);
        assert_eq!(precise(1.0 - 2e-16), "1");
    }
}
