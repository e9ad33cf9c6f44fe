//! Interpolation from the solution points of elements to other points in them.
//!
//! Where the basis is a product of one along the last axis and one of the others (quadrilaterals, hexahedra, prisms), so are the weights
//! of any point. Points on a grid, such as nodes, share those factors, and values go there in two steps: on hexahedra of order 4 with
//! a quarter of the multiplications.

use ndarray::{Array2, ArrayView1, ArrayView2};
use std::cmp::Ordering;

/// How far weights may be from a product of sums of theirs, and from those of another point.
const SAME: f64 = 1e-12;

/// Weights of the solution points at other points.
pub(super) enum Interpolation {
    /// `[Q][P]`.
    Dense(Array2<f64>),
    /// A factor along the last axis, and one of the other axes.
    Product {
        /// `[A][positions of solution points along the last axis]`.
        lines: Array2<f64>,
        /// `[B][solution points at one such position]`.
        planes: Array2<f64>,
        /// Of each point: its line times B, plus its plane.
        places: Vec<usize>,
    },
}

impl Interpolation {
    /// `weights`: `[Q][P]`, which add up to one at each point; `line`: positions of the solution points along the last axis, which
    /// changes slowest, where the shape has as many planes of them. Whether the weights are products, they tell themselves.
    pub fn new(weights: Array2<f64>, line: usize) -> Interpolation {
        product(&weights, line).unwrap_or(Interpolation::Dense(weights))
    }

    /// `from`: `[value][P]`, any number of them; `[value][Q]` comes back.
    pub fn apply(&self, from: &[f64]) -> Array2<f64> {
        let (lines, planes, places) = match self {
            Interpolation::Dense(weights) => return rows(from, weights.ncols()).dot(&weights.t()),
            Interpolation::Product { lines, planes, places } => (lines, planes, places),
        };
        let (count, positions) = lines.dim();
        let width = planes.nrows();
        // `[value][position][plane]`
        let halfway = rows(from, planes.ncols()).dot(&planes.t());
        let halfway = halfway.as_slice().expect("products are in order");
        let (mut grid, mut all) =
            (vec![0.0; count * width], Vec::with_capacity(halfway.len() / positions * count));
        for halfway in halfway.chunks_exact(positions * width) {
            for (weights, to) in lines.rows().into_iter().zip(grid.chunks_exact_mut(width)) {
                to.fill(0.0);
                for (weight, from) in weights.iter().zip(halfway.chunks_exact(width)) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
                }
            }
            all.extend(places.iter().map(|&place| grid[place]));
        }
        let values = all.len() / places.len().max(1);
        Array2::from_shape_vec((values, places.len()), all).expect("sizes agree")
    }
}

fn rows(values: &[f64], width: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((values.len() / width.max(1), width), values).expect("whole rows")
}

/// The factors, if the points are a grid and their weights products.
fn product(weights: &Array2<f64>, line: usize) -> Option<Interpolation> {
    let (count, points) = weights.dim();
    if count == 0 || line < 2 || !points.is_multiple_of(line) || points == line {
        return None;
    }
    let plane = points / line;
    let (mut lines, mut planes, mut places): (Vec<Vec<f64>>, Vec<Vec<f64>>, _) = (vec![], vec![], vec![]);
    for weights in weights.rows() {
        // The other factor's weights add up to one.
        let along: Vec<f64> = (0..line).map(|a| (0..plane).map(|b| weights[a * plane + b]).sum()).collect();
        let across: Vec<f64> = (0..plane).map(|b| (0..line).map(|a| weights[a * plane + b]).sum()).collect();
        if !is_product(weights, &along, &across) {
            return None;
        }
        places.push((number(&mut lines, along), number(&mut planes, across)));
        // A grid has a point for each pair.
        if lines.len() * planes.len() > count {
            return None;
        }
    }
    let width = planes.len();
    let matrix =
        |rows: Vec<Vec<f64>>, columns| Array2::from_shape_vec((rows.len(), columns), rows.concat()).ok();
    Some(Interpolation::Product {
        places: places.into_iter().map(|(line, plane)| line * width + plane).collect(),
        lines: matrix(lines, line)?,
        planes: matrix(planes, plane)?,
    })
}

fn is_product(weights: ArrayView1<f64>, along: &[f64], across: &[f64]) -> bool {
    let pairs = along.iter().flat_map(|a| across.iter().map(move |b| a * b));
    weights.iter().zip(pairs).all(|(weight, product)| (weight - product).abs() <= SAME)
}

/// Which one of the rows it is; a new one is appended. Of rows that differ by rounding the least is kept, so that the order of the
/// points leaves no trace.
fn number(rows: &mut Vec<Vec<f64>>, row: Vec<f64>) -> usize {
    let same = |other: &Vec<f64>| other.iter().zip(&row).all(|(a, b)| (a - b).abs() <= SAME);
    let Some(at) = rows.iter().position(same) else {
        rows.push(row);
        return rows.len() - 1;
    };
    let pairs = row.iter().zip(&rows[at]);
    if pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).is_some_and(Ordering::is_lt) {
        rows[at] = row;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{Shape, basis, lattice};
    use ndarray::Axis;

    #[test]
    fn products_equal_dense_matrices_and_are_found_where_they_are() {
        for shape in Shape::ALL {
            for order in 1..=5 {
                let (from, to) = (lattice::nodes(shape, order), lattice::nodes(shape, order + 1));
                let weights = basis::interpolation(shape, order, &from, &to);
                let interpolation = Interpolation::new(weights.clone(), order + 1);
                let found = matches!(interpolation, Interpolation::Product { .. });
                let wanted = matches!(shape, Shape::Quad | Shape::Hex | Shape::Prism);
                assert_eq!(found, wanted, "{shape:?} p{order}");
                let values: Vec<f64> = (0..3 * from.nrows()).map(|i| (i as f64 * 0.7).sin()).collect();
                let (some, dense) =
                    (interpolation.apply(&values), Interpolation::Dense(weights).apply(&values));
                let largest = (&some - dense).iter().fold(0.0_f64, |m, x| m.max(x.abs()));
                assert!(largest < 1e-12, "{shape:?} p{order}: {largest:e}");
                // The same bits for nodes in another order.
                let back: Vec<usize> = (0..to.nrows()).rev().collect();
                let weights = basis::interpolation(shape, order, &from, &to.select(Axis(0), &back));
                let other = Interpolation::new(weights, order + 1).apply(&values);
                assert_eq!(other, some.select(Axis(1), &back), "{shape:?} p{order}");
            }
        }
    }
}
