//! Splitting the text of an expression into tokens.

use super::error::{ExprError, ExprErrorKind as Kind, shortened};

/// A token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Name(&'a str),
    /// One of `+ - * / % ( ) ,`.
    Symbol(char),
    Power(&'static str),
    End,
}

/// The token after byte `end` of `text`, with where it starts and ends.
pub(super) fn next(text: &str, end: usize) -> Result<(Token<'_>, usize, usize), ExprError> {
    let rest = &text[end..];
    let blank = rest.len() - rest.trim_start().len();
    let start = end + blank;
    let rest = &rest[blank..];
    let Some(c) = rest.chars().next() else {
        return Ok((Token::End, start, start));
    };
    let error = |kind| ExprError::new(text, start, kind);
    let operator = |operator, advice| Kind::Operator { operator, advice };
    let (token, length) = match c {
        '0'..='9' | '.' => digits(rest).map_err(error)?,
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            (Token::Name(&rest[..length]), length)
        }
        '^' => (Token::Power("^"), 1),
        '*' if rest.starts_with("**") => (Token::Power("**"), 2),
        '/' if rest.starts_with("//") => {
            return Err(error(operator("//", "write '/'; numbers here are never integers")));
        }
        '%' if rest.starts_with("%%") => {
            return Err(error(operator("%%", "write '%' (a case file writes '%%' for it, once)")));
        }
        '+' | '-' | '*' | '/' | '%' | '(' | ')' | ',' => (Token::Symbol(c), 1),
        '<' | '>' | '=' | '!' => {
            let symbol = match c {
                '<' => "<",
                '>' => ">",
                '=' => "=",
                _ => "!",
            };
            return Err(error(operator(
                symbol,
                "there are no comparisons; min, max and abs can often stand in",
            )));
        }
        _ => return Err(error(Kind::Character(c))),
    };
    Ok((token, start, start + length))
}

/// A number at the start of `rest`: `1`, `1.`, `.5`, `1e-3`, `1_000`.
fn digits(rest: &str) -> Result<(Token<'_>, usize), Kind> {
    let bytes = rest.as_bytes();
    let skip = |mut i: usize| {
        while bytes.get(i).is_some_and(|b| b.is_ascii_digit() || *b == b'_') {
            i += 1;
        }
        i
    };
    let mut end = skip(0);
    if bytes.get(end) == Some(&b'.') {
        end = skip(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = skip(end + 1 + sign);
        }
    }
    let text = &rest[..end];
    let bad = || Kind::Number(shortened(text, 40));
    if rest[end..].starts_with('.') {
        return Err(bad());
    }
    // A name right behind a number, as in `2x`, is a missing operator: the parser says so at the name.
    let value = number(text).ok_or_else(bad)?;
    Ok((Token::Number(value), end))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A finite number in the notation of case files: what `f64` reads, with single underscores between digits.
pub fn number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let plain = bytes.iter().enumerate().all(|(i, b)| match b {
        b'_' => {
            let digit = |j: Option<usize>| j.and_then(|j| bytes.get(j)).is_some_and(u8::is_ascii_digit);
            digit(i.checked_sub(1)) && digit(Some(i + 1))
        }
        // Keeps "inf", "nan" and "infinity" out.
        b => b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'),
    });
    let value: f64 = if plain { text.replace('_', "").parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}
