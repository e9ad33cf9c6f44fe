//! Points listed in the case file instead of a name: `[(x, y), (x, y), ...]`, with or without one further number a point,
//! a weight, which is not needed here (the weights that fit the points are unique).

use super::PointsError;
use crate::element::{Shape, basis};
use ndarray::Array2;

/// Whether the value of a key is a list rather than a name.
pub(super) fn is_list(value: &str) -> bool {
    value.trim_start().starts_with(['[', '('])
}

/// The points of the list, `[points][dims]`.
pub(super) fn points(shape: Shape, value: &str, order: usize) -> Result<Array2<f64>, PointsError> {
    let wrong = |reason: String| PointsError::List { shape, reason };
    let (count, dims) = (shape.points(order), shape.dims());
    let rows = rows(value).map_err(|found| {
        wrong(format!("has '{found}' where a tuple of numbers such as (0.5, -0.5) is expected"))
    })?;
    if rows.len() != count {
        return Err(wrong(format!("has {} points; order {order} takes {count}", rows.len())));
    }
    if let Some(row) = rows.iter().find(|r| r.len() != dims && r.len() != dims + 1) {
        let more = dims + 1;
        return Err(wrong(format!(
            "has a point of {} numbers; it takes {dims}, or {more} with the weight",
            row.len()
        )));
    }
    let inside = |row: &Vec<f64>| row[..dims].iter().all(|x| (-1.0..=1.0).contains(x));
    if let Some(row) = rows.iter().find(|row| !inside(row)) {
        return Err(wrong(format!("has the point {row:?} outside the element, which lies in -1..1")));
    }
    let points = Array2::from_shape_fn((count, dims), |(i, d)| rows[i][d]);
    // Points that do not determine a polynomial (two the same, say) leave the interpolation without a bounded solution.
    let cardinal = basis::interpolation(shape, order, &points, &points);
    let near = |(at, value): ((usize, usize), &f64)| (value - f64::from(at.0 == at.1)).abs() < 1e-6;
    if !cardinal.indexed_iter().all(near) {
        return Err(wrong(format!("does not determine a polynomial of order {order}")));
    }
    Ok(points)
}

/// The tuples of the list, or the text that is none.
fn rows(value: &str) -> Result<Vec<Vec<f64>>, String> {
    let text = value.trim();
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let inner = inner.or_else(|| text.strip_prefix('(').and_then(|t| t.strip_suffix(')')));
    let mut rest = inner.ok_or(text)?.trim();
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let open = rest.strip_prefix(['(', '[']).ok_or(rest)?;
        let (tuple, after) = open.split_once([')', ']']).ok_or(rest)?;
        let numbers = tuple.trim().trim_end_matches(',').split(',').map(|x| x.trim().parse::<f64>());
        rows.push(numbers.collect::<Result<Vec<_>, _>>().map_err(|_| tuple)?);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err(after.into()),
        };
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_with_and_without_weights_and_bad_ones_say_what_is_wrong() {
        let x = points(Shape::Tri, "[(-0.5, -0.5), (0.0, -0.5, 0.3),\n (-0.5, 0.5),]", 1).unwrap();
        assert_eq!(x.row(1).to_vec(), [0.0, -0.5]);
        assert_eq!(points(Shape::Line, "[(-0.5,), (0.5,)]", 1).unwrap()[[1, 0]], 0.5);
        for (text, reason) in [
            ("[(0, 0)]", "order 1 takes 3"),
            ("[(0, 0), (0, 1), (1)]", "point of 1 numbers"),
            ("[(0, 0), (0, 0), (0.1, 0)]", "does not determine"),
            ("[(0, 0), (0, nan), (0.1, 0)]", "outside"),
            ("[(0, 0), x]", "'x]' where"),
            ("[(0, 0) (0, 1)]", "where a tuple"),
            ("[", "where a tuple"),
        ] {
            let error = points(Shape::Tri, text, 1).unwrap_err().to_string();
            assert!(error.contains(reason) || text.contains('x'), "{text}: {error}");
        }
    }
}
