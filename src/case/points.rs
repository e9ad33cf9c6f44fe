//! Points in a case file: tuples of constant expressions in Python's notation, `(0.5, h/2)`, and lists of them.

use crate::physics::expr::{Constants, Expr};

/// Points that one value may list; far more than anyone writes into a file.
const MOST: usize = 1_000_000;

/// A point of `dims` coordinates, `(x, y)`; the coordinates it lacks are zero.
///
/// # Errors
/// What is wrong with the text, as the end of a sentence about it.
pub(super) fn point(text: &str, dims: usize, constants: &Constants) -> Result<[f64; 3], String> {
    let example = ["(x,)", "(x, y)", "(x, y, z)"][dims.clamp(1, 3) - 1];
    let expected = || format!("is not a point with {dims} coordinates, {example}");
    let inner = enclosed(text).ok_or_else(expected)?;
    let parts = parts(inner);
    if parts.len() != dims {
        return Err(expected());
    }
    let mut point = [0.0; 3];
    for (value, part) in point.iter_mut().zip(&parts) {
        let expr = Expr::parse_with(part, &[], constants).map_err(|e| format!("has {part:?}: {e}"))?;
        *value = expr.eval_f64(&[]);
        if !value.is_finite() {
            return Err(format!("has {part:?}, which is {value}"));
        }
    }
    Ok(point)
}

/// A list of such points, `[(x, y), (x, y)]`.
///
/// # Errors
/// As for [`point`], with the number of the point from 1.
pub(super) fn points(text: &str, dims: usize, constants: &Constants) -> Result<Vec<[f64; 3]>, String> {
    let example = ["[(x,), ...]", "[(x, y), ...]", "[(x, y, z), ...]"][dims.clamp(1, 3) - 1];
    let list = text.trim();
    let is_name = list.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if is_name {
        return Err(format!(
            "names a set of points of a mesh file, which is not available yet; list them, {example}"
        ));
    }
    let inner = enclosed(list).ok_or_else(|| format!("is not a list of points, {example}"))?;
    let parts = parts(inner);
    if parts.is_empty() || parts.len() > MOST {
        return Err(format!("lists {} points; there must be 1 to {MOST}, {example}", parts.len()));
    }
    let numbered = |(i, part): (usize, &&str)| {
        point(part, dims, constants).map_err(|e| format!("lists {part:?} as point {}, which {e}", i + 1))
    };
    parts.iter().enumerate().map(numbered).collect()
}

/// What stands between the brackets around a whole text.
fn enclosed(text: &str) -> Option<&str> {
    let text = text.trim();
    let inner = [('(', ')'), ('[', ']')]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))?;
    // Not those of the first and the last of several.
    let mut depth = 0;
    for c in inner.chars() {
        depth += match c {
            '(' | '[' => 1,
            ')' | ']' => -1,
            _ => 0,
        };
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then_some(inner)
}

/// The parts between commas outside of brackets; one comma at the end is allowed, as in Python.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_in_pythons_notation_with_constants() {
        let constants = Constants { numbers: [("h".to_string(), 0.5)].into(), ..Constants::default() };
        let read = |text: &str, dims| points(text, dims, &constants);
        let two = Ok(vec![[0.25, -1.0, 0.0], [1e-3, 4.0, 0.0]]);
        assert_eq!(read("[(h/2, -1), (1e-3, pow(2, 2))]", 2), two);
        assert_eq!(read("[\n (h/2, -1),\n [1e-3, pow(2, 2)], ]", 2), two);
        assert_eq!(read("((h,),)", 1), Ok(vec![[0.5, 0.0, 0.0]]));
        assert_eq!(point("(1, 2, 3)", 3, &constants), Ok([1.0, 2.0, 3.0]));
        for (text, expected) in [
            ("[]", "lists 0 points"),
            ("", "is not a list"),
            ("[(1, 2)", "is not a list"),
            ("(1, 2), (3, 4)", "is not a list"),
            ("[(1, 2), (3, 4, 5)]", "point 2, which is not a point with 2 coordinates, (x, y)"),
            ("[1, 2]", "point 1, which is not a point"),
            ("[(1, k)]", "unknown name 'k'"),
            ("[(1, 1/0)]", "which is inf"),
            ("[(1,,2)]", "point 1"),
            ("probes", "names a set of points"),
        ] {
            let got = read(text, 2).unwrap_err();
            assert!(got.contains(expected), "{text}: {got}");
        }
    }
}
