//! Numbers as Python's `format` prints them. (The crates for this format other types or are unmaintained.)

/// Where a number stands within its width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Align {
    Left,
    Right,
    Centre,
    /// Fill between sign and digits.
    AfterSign,
}

/// How digits are laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    /// No type letter: the shortest text that reads back as the same number.
    Shortest,
    Integer,
    Fixed,
    Exponent,
    General,
}

/// A format specification.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    pub fill: char,
    pub align: Align,
    /// `+` or a space before numbers that are not negative.
    pub sign: Option<char>,
    pub width: usize,
    pub precision: Option<usize>,
    pub style: Style,
    pub capital: bool,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            fill: ' ',
            align: Align::Right,
            sign: None,
            width: 0,
            precision: None,
            style: Style::Shortest,
            capital: false,
        }
    }
}

impl Spec {
    /// Formats an integer.
    pub fn integer(&self, n: u64) -> String {
        if self.style == Style::Integer { self.pad(false, n.to_string()) } else { self.float(n as f64) }
    }

    /// Formats a number with a fraction.
    pub fn float(&self, x: f64) -> String {
        let magnitude = x.abs();
        let digits = if x.is_nan() {
            "nan".into()
        } else if x.is_infinite() {
            "inf".into()
        } else {
            let precision = self.precision.unwrap_or(6);
            match (self.style, self.precision) {
                (Style::Fixed, _) => format!("{magnitude:.precision$}"),
                (Style::Exponent, _) => exponent(format!("{magnitude:.precision$e}")),
                (Style::General, _) => general(magnitude, precision.max(1), precision.max(1) as i32, false),
                // Without a letter Python leaves room for the ".0" it appends to whole numbers.
                (_, Some(p)) => general(magnitude, p.max(1), p.max(1) as i32 - 1, true),
                (_, None) => shortest(magnitude),
            }
        };
        let digits = if self.capital { digits.to_uppercase() } else { digits };
        self.pad(x.is_sign_negative() && !x.is_nan(), digits)
    }

    /// Value of a text that this format may have produced.
    pub fn parse(&self, text: &str) -> Option<f64> {
        // Fill is not told from digits here: whoever needs certainty formats the value again.
        let trimmed = text.trim_matches(self.fill);
        let trimmed = if trimmed.is_empty() && self.fill == '0' { "0" } else { trimmed };
        let whole = || text.parse().ok();
        trimmed.trim().parse().ok().filter(|_| self.fill != '0').or_else(whole)
    }

    fn pad(&self, negative: bool, digits: String) -> String {
        let sign = if negative { Some('-') } else { self.sign };
        let sign: String = sign.into_iter().collect();
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        let fill = |n: usize| self.fill.to_string().repeat(n);
        match self.align {
            Align::Left => format!("{sign}{digits}{}", fill(missing)),
            Align::Right => format!("{}{sign}{digits}", fill(missing)),
            Align::Centre => format!("{}{sign}{digits}{}", fill(missing / 2), fill(missing - missing / 2)),
            Align::AfterSign => format!("{sign}{}{digits}", fill(missing)),
        }
    }
}

/// Rust's `1.5e2` as Python's `1.5e+02`.
fn exponent(text: String) -> String {
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |p| ('-', p));
    format!("{mantissa}e{sign}{power:0>2}")
}

/// The decimal exponent in Rust's `1.5e2`.
fn power_of(text: &str) -> i32 {
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// `precision` significant digits without trailing zeros; an exponent below -4 and from `largest` on.
fn general(x: f64, precision: usize, largest: i32, with_point: bool) -> String {
    let text = format!("{x:.*e}", precision - 1);
    let power = power_of(&text);
    if power < -4 || power >= largest {
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        return exponent(format!("{}e{power}", strip(mantissa)));
    }
    let decimals = (precision as i32 - 1 - power).max(0) as usize;
    let text = strip(&format!("{x:.decimals$}")).to_string();
    if with_point && !text.contains('.') { text + ".0" } else { text }
}

/// Python's `repr`.
fn shortest(x: f64) -> String {
    let text = format!("{x:e}");
    let power = power_of(&text);
    if !(-4..16).contains(&power) {
        return exponent(text);
    }
    let text = x.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

/// Drops zeros at the end of a fraction.
fn strip(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
