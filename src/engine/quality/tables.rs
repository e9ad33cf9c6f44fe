//! Derivatives of the geometry at the points where one kind of element is judged.

use super::jacobian::{Tangents, determinant, padded};
use crate::element::points::{self, PointsError};
use crate::element::{PointSets, Shape, basis, faces, lattice, quadrature};
use ndarray::{Array2, ArrayView1, Axis, concatenate};

/// Elements whose nodes deviate from an affine image by less than this part of their extent are affine: mesh generators
/// leave noise of this size in coordinates.
const AFFINE: f64 = 1e-10;

/// Everything that is the same for all elements of one shape and geometry order.
pub struct Tables {
    pub shape: Shape,
    pub dims: usize,
    pub affinity: Affinity,
    /// At the solution points, then the flux points, in the directions of the ideal element.
    pub points: Derivatives,
    /// At the points of a rule that integrates the Jacobian exactly, and its weights.
    pub volume: (Derivatives, Vec<f64>),
    /// The same on each face, where the rule is exact for the oriented area, and nearly so for its length on curved faces.
    pub faces: Vec<(Derivatives, Vec<f64>)>,
}

/// Derivatives of the geometry's nodal basis, `[reference direction][node][point]`: the points of an element stand side by
/// side, for the processor's vectors.
pub struct Derivatives {
    values: Vec<f64>,
    dims: usize,
    points: usize,
}

impl Derivatives {
    /// Of geometry of order `order` at `points`, `[points][dims]`.
    fn new(shape: Shape, order: usize, points: &Array2<f64>) -> Derivatives {
        let matrices = basis::differentiation(shape, order, &lattice::nodes(shape, order), points);
        let values = matrices.iter().flat_map(|m| m.t().iter().copied().collect::<Vec<_>>()).collect();
        Derivatives { values, dims: shape.dims(), points: points.nrows() }
    }

    /// The same in other directions: direction `i` is the sum of `by[i][d]` times direction `d`.
    fn turned(&self, by: &[[f64; 3]; 3]) -> Derivatives {
        let size = self.values.len() / self.dims;
        let values = (0..self.values.len())
            .map(|n| (0..self.dims).map(|d| by[n / size][d] * self.values[d * size + n % size]).sum());
        Derivatives { values: values.collect(), ..*self }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points
    }

    /// Fills `tangents` with those at all points of the element with these nodes, `[reference][physical][point]`.
    pub fn fill(&self, nodes: &[[f64; 3]], tangents: &mut Vec<f64>) {
        tangents.clear();
        tangents.resize(self.dims * self.dims * self.points, 0.0);
        let directions = self.values.chunks_exact(nodes.len() * self.points);
        for (rows, weights) in tangents.chunks_exact_mut(self.dims * self.points).zip(directions) {
            for (x, weights) in nodes.iter().zip(weights.chunks_exact(self.points)) {
                for (row, x) in rows.chunks_exact_mut(self.points).zip(x) {
                    row.iter_mut().zip(weights).for_each(|(t, w)| *t += w * x);
                }
            }
        }
    }

    /// Tangents at point `p`, from what [`Derivatives::fill`] made.
    pub fn at(&self, tangents: &[f64], p: usize) -> Tangents {
        let mut at = [[0.0; 3]; 3];
        for (d, row) in at.iter_mut().enumerate().take(self.dims) {
            for (k, x) in row.iter_mut().enumerate().take(self.dims) {
                *x = tangents[(d * self.dims + k) * self.points + p];
            }
        }
        padded(at, self.dims)
    }
}

impl Tables {
    /// For geometry of order `geometry`, judged at the points of polynomials of order `order`.
    pub fn new(shape: Shape, geometry: usize, order: usize, sets: &PointSets) -> Result<Tables, PointsError> {
        let dims = shape.dims();
        let mut judged = points::points(shape, sets.solution_name(shape), order)?;
        for (f, face) in shape.faces().iter().enumerate() {
            let flux =
                faces::to_element(shape, f, &points::points(face.shape, sets.flux_name(face.shape), order)?);
            judged = concatenate(Axis(0), &[judged.view(), flux.view()]).expect("both have the same columns");
        }
        let derivatives = |points: &Array2<f64>| Derivatives::new(shape, geometry, points);
        let (volume, weights) = quadrature::rule(shape, dims * geometry + 1);
        let on_face = |f: usize| {
            let (points, weights) = quadrature::rule(shape.faces()[f].shape, 2 * dims * geometry + 4);
            (derivatives(&faces::to_element(shape, f, &points)), weights)
        };
        Ok(Tables {
            shape,
            dims,
            affinity: Affinity::new(shape, geometry),
            points: derivatives(&judged).turned(&from_ideal(shape)),
            volume: (derivatives(&volume), weights),
            faces: (0..shape.faces().len()).map(on_face).collect(),
        })
    }
}

/// Tells elements that are affine images of their reference element from others.
pub struct Affinity {
    /// Reference coordinates of the nodes, unused ones zero.
    nodes: Vec<[f64; 3]>,
    dims: usize,
    /// At the centroid.
    centre: Derivatives,
    from_ideal: [[f64; 3]; 3],
}

impl Affinity {
    /// For elements of one shape and geometry order.
    pub fn new(shape: Shape, geometry: usize) -> Affinity {
        let lattice = lattice::nodes(shape, geometry);
        let node = |row: ArrayView1<f64>| std::array::from_fn(|d| row.get(d).copied().unwrap_or(0.0));
        Affinity {
            nodes: lattice.rows().into_iter().map(node).collect(),
            dims: shape.dims(),
            centre: Derivatives::new(shape, geometry, &lattice::nodes(shape, 0)),
            from_ideal: from_ideal(shape),
        }
    }

    /// Tangents of the element with these nodes if it is affine; `scratch` is any.
    pub fn tangents(&self, nodes: &[[f64; 3]], scratch: &mut Vec<f64>) -> Option<Tangents> {
        self.centre.fill(nodes, scratch);
        let tangents = self.centre.at(scratch, 0);
        let extent = tangents[..self.dims].iter().flatten().fold(0.0_f64, |m, x| m.max(x.abs()));
        let affine = |k: usize, x: &[f64; 3], r: &[f64; 3]| {
            let along = |d: usize| (r[d] - self.nodes[0][d]) * tangents[d][k];
            (x[k] - nodes[0][k] - (0..self.dims).map(along).sum::<f64>()).abs() <= AFFINE * extent
        };
        let all = nodes.iter().zip(&self.nodes).all(|(x, r)| (0..3).all(|k| affine(k, x, r)));
        all.then_some(tangents)
    }

    /// Tangents along the axes of the ideal element, given those along the reference axes.
    pub fn seen_from_ideal(&self, tangents: &Tangents) -> Tangents {
        std::array::from_fn(|i| {
            std::array::from_fn(|k| (0..3).map(|d| self.from_ideal[i][d] * tangents[d][k]).sum())
        })
    }
}

/// Inverse of the tangents of the map from the reference element to the ideal one: the one of equal edges (square, cube,
/// regular triangle, ...). Seen from there an element is as good as it looks: which of its vertices comes first makes no
/// difference.
fn from_ideal(shape: Shape) -> [[f64; 3]; 3] {
    let unit = |d: usize| std::array::from_fn(|k| if k == d { 1.0 } else { 0.0 });
    let triangle = [0.5, 3f64.sqrt() / 2.0, 0.0];
    let ideal: Tangents = match shape {
        Shape::Point | Shape::Line | Shape::Quad | Shape::Hex => [unit(0), unit(1), unit(2)],
        Shape::Tri | Shape::Prism => [unit(0), triangle, unit(2)],
        // Its sides are triangles of equal edges; the reference pyramid is as high as its base is wide.
        Shape::Pyramid => [unit(0), unit(1), [0.0, 0.0, 0.5f64.sqrt()]],
        Shape::Tet => [unit(0), triangle, [0.5, 3f64.sqrt() / 6.0, (2f64 / 3.0).sqrt()]],
    };
    let scale = 1.0 / determinant(&ideal);
    let cofactors = super::jacobian::cofactors(&ideal);
    std::array::from_fn(|i| std::array::from_fn(|d| scale * cofactors[d][i]))
}
