//! Anti-aliasing by quadrature (docs/src/numerics.md, "Anti-aliasing"): fluxes are evaluated at the points of a rule that
//! is stronger than the solution points, and what they are there is projected onto the polynomials of the solution.
//!
//! `flux` does so inside the elements, `surf-flux` on faces, where the flux points become the points of a rule.
//!
//! Rules are our own (Gauss-Legendre, on simplices and pyramids in collapsed coordinates; on triangular faces, which need
//! symmetry, a table or the collapsed rule turned and mirrored). The names of published families in `quad-pts` are
//! accepted and only choose the degree: rules of the same degree differ in their error alone.

use super::{Shape, basis, linear, points, quadrature};
use ndarray::Array2;
use points::PointsError;
use std::collections::BTreeMap;

/// Points `[points][dims]` and weights of a quadrature rule.
pub type Rule = (Array2<f64>, Vec<f64>);

/// What `[solver] anti-alias` asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AntiAlias {
    /// `flux`: inside the elements.
    pub volume: bool,
    /// `surf-flux`: on the faces.
    pub surface: bool,
    /// Rules of the element shapes, `[solver-elements-SHAPE]`.
    pub volume_rules: BTreeMap<Shape, RuleChoice>,
    /// Rules of the face shapes, `[solver-interfaces-SHAPE]`.
    pub face_rules: BTreeMap<Shape, RuleChoice>,
}

/// How a case file chooses a quadrature rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleChoice {
    /// `quad-deg`: the degree integrated exactly.
    Degree(usize),
    /// `quad-npts`: the number of points the best published rule takes; ours has the degree of that one.
    Points(usize),
}

/// Highest degree of a rule; beyond it an element would have many thousand points, which nobody means.
pub const HIGHEST_DEGREE: usize = 40;

/// Points of the best symmetric rules of degree 1, 2, 3, ... (F. D. Witherden, P. E. Vincent, Comput. Math. Appl. 69,
/// 2015, table 1).
const TRI_POINTS: [usize; 20] = [1, 3, 6, 6, 7, 12, 15, 16, 19, 25, 28, 33, 37, 42, 49, 55, 60, 67, 73, 79];
const TET_POINTS: [usize; 10] = [1, 4, 6, 11, 14, 23, 35, 46, 59, 81];

/// Evaluation of fluxes at `Q` points of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Quadrature {
    /// M7: values at solution points to values at the rule's points, `[Q][P]`.
    pub up: Array2<f64>,
    /// M9: values at the rule's points to those of their projection at the solution points, `[P][Q]`. A left inverse of
    /// `up`.
    pub down: Array2<f64>,
}

impl RuleChoice {
    /// The degree meant for `shape`.
    fn degree(self, shape: Shape) -> Option<usize> {
        let most = |table: &[usize], n: usize| table.iter().rposition(|&m| m <= n).map(|i| i + 1);
        match self {
            RuleChoice::Degree(degree) => Some(degree),
            RuleChoice::Points(0) => None,
            RuleChoice::Points(n) => match shape {
                Shape::Tri => most(&TRI_POINTS, n),
                Shape::Tet => most(&TET_POINTS, n),
                _ => {
                    let dims = shape.dims().max(1) as i32;
                    let line = (1..=n).take_while(|m| (*m as f64).powi(dims) <= n as f64).last()?;
                    Some(2 * line - 1)
                }
            },
        }
    }
}

impl AntiAlias {
    /// The rule of an element shape, if fluxes inside are to be integrated.
    ///
    /// # Errors
    /// No rule is given for the shape, or one that is too strong, or too weak to hold the solution's polynomials.
    pub fn volume_rule(
        &self,
        shape: Shape,
        order: usize,
        solution: &Array2<f64>,
    ) -> Result<Option<Quadrature>, PointsError> {
        if !self.volume {
            return Ok(None);
        }
        let degree = checked(self.volume_rules.get(&shape), shape, "elements")?;
        let (at, weights) = quadrature::rule(shape, degree);
        let up = basis::interpolation(shape, order, solution, &at);
        let project =
            projection(shape, order, &at, &weights).ok_or(PointsError::WeakRule { shape, degree, order })?;
        let down = basis::vandermonde(shape, order, solution).dot(&project);
        Ok(Some(Quadrature { up, down }))
    }

    /// Points and weights of a face shape, if fluxes on faces are to be integrated.
    ///
    /// # Errors
    /// No rule is given for the shape, or one that is too strong or too weak.
    pub fn face_rule(&self, shape: Shape, order: usize) -> Result<Option<Rule>, PointsError> {
        if !self.surface || shape == Shape::Point {
            return Ok(None);
        }
        let degree = checked(self.face_rules.get(&shape), shape, "interfaces")?;
        let (at, weights) =
            if shape == Shape::Tri { triangle(degree) } else { quadrature::rule(shape, degree) };
        match projection(shape, order, &at, &weights) {
            Some(_) => Ok(Some((at, weights))),
            None => Err(PointsError::WeakRule { shape, degree, order }),
        }
    }
}

/// Values at the points of a rule to the modes of their projection, `[modes][Q]`; `None` where the points do not tell
/// the modes apart.
///
/// It is least squares in the rule's own inner product: the `L2` projection where the rule is exact for squares, and what
/// undoes the interpolation to the rule's points always, so that a uniform flux stays one.
pub fn projection(shape: Shape, order: usize, at: &Array2<f64>, weights: &[f64]) -> Option<Array2<f64>> {
    let modes = basis::vandermonde(shape, order, at);
    if modes.nrows() < modes.ncols() {
        return None;
    }
    let mut weighted = modes.clone();
    weighted.rows_mut().into_iter().zip(weights).for_each(|(mut row, w)| row *= *w);
    let inverse = linear::divide_right(&Array2::eye(modes.ncols()), &weighted.t().dot(&modes));
    // Of orthonormal modes the product is near the identity, unless the rule cannot see some of them.
    let sound = inverse.iter().all(|x| x.is_finite() && x.abs() < 1e6);
    sound.then(|| inverse.dot(&weighted.t()))
}

fn checked(choice: Option<&RuleChoice>, shape: Shape, section: &'static str) -> Result<usize, PointsError> {
    let degree = choice.and_then(|c| c.degree(shape)).ok_or(PointsError::NoRule { shape, section })?;
    if degree > HIGHEST_DEGREE {
        return Err(PointsError::StrongRule { shape, degree });
    }
    Ok(degree)
}

/// A rule on the triangle that is the same seen from every vertex.
fn triangle(degree: usize) -> (Array2<f64>, Vec<f64>) {
    if let Some(rule) = points::williams_shunn(degree) {
        return rule;
    }
    let (at, weights) = quadrature::rule(Shape::Tri, degree);
    let mut all = vec![];
    for row in at.rows() {
        let (a, b) = (row[0], row[1]);
        let c = -1.0 - a - b;
        for (x, y) in [(a, b), (b, a), (a, c), (c, a), (b, c), (c, b)] {
            all.extend([x, y]);
        }
    }
    let count = all.len() / 2;
    let weights = weights.iter().flat_map(|w| [w / 6.0; 6]).collect();
    (Array2::from_shape_vec((count, 2), all).expect("two coordinates a point"), weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::{Operators, PointSets};

    fn sets(degree: usize) -> PointSets {
        let rules: BTreeMap<_, _> = Shape::ALL.map(|s| (s, RuleChoice::Degree(degree))).into();
        let anti_alias =
            AntiAlias { volume: true, surface: true, volume_rules: rules.clone(), face_rules: rules };
        PointSets { anti_alias, ..PointSets::default() }
    }

    #[test]
    fn projection_undoes_interpolation_and_keeps_moments() {
        for shape in Shape::ALL {
            for order in 0..=4 {
                let ops = Operators::new(shape, order, &sets(3 * order + 1)).unwrap();
                let q = ops.quadrature.as_ref().unwrap();
                let error = (q.down.dot(&q.up) - Array2::<f64>::eye(ops.points.nrows()))
                    .iter()
                    .fold(0.0f64, |m, x| m.max(x.abs()));
                assert!(error < 2e-12, "{} {order}: {error:e}", shape.name());
                // The mean of what is projected is the rule's integral of it.
                let (_, weights) = quadrature::rule(shape, 3 * order + 1);
                for (j, w) in weights.iter().enumerate() {
                    let mean: f64 = ops.weights.iter().zip(q.down.column(j)).map(|(w, d)| w * d).sum();
                    assert!((mean - w).abs() < 1e-12, "{} {order}", shape.name());
                }
            }
        }
    }

    #[test]
    fn face_rules_are_symmetric_exact_and_lift_a_uniform_flux_as_flux_points_do() {
        for degree in [0, 1, 4, 7, 12, 19] {
            let (at, weights) = triangle(degree);
            assert!(quadrature::tests::worst(Shape::Tri, &at, &weights, degree) < 2e-14);
            for row in at.rows() {
                let turned = [row[1], -1.0 - row[0] - row[1]];
                let meets = |y: ndarray::ArrayView1<f64>| (0..2).all(|d| (y[d] - turned[d]).abs() < 1e-12);
                assert!(at.rows().into_iter().any(meets));
            }
        }
        for shape in Shape::ALL {
            for order in 0..=3 {
                let ops = Operators::new(shape, order, &sets(2 * order + 2)).unwrap();
                let plain = Operators::new(shape, order, &PointSets::default()).unwrap();
                for face in 0..shape.faces().len() {
                    let sum =
                        |o: &Operators, p: usize| o.face_range(face).map(|j| o.lift[[p, j]]).sum::<f64>();
                    for p in 0..ops.points.nrows() {
                        assert!((sum(&ops, p) - sum(&plain, p)).abs() < 1e-11, "{} {order}", shape.name());
                    }
                }
            }
        }
    }

    #[test]
    fn counts_mean_the_degree_of_the_best_rule_and_missing_or_unfit_rules_are_refused() {
        assert_eq!(RuleChoice::Points(16).degree(Shape::Tri), Some(8));
        assert_eq!(RuleChoice::Points(17).degree(Shape::Tri), Some(8));
        assert_eq!(RuleChoice::Points(25).degree(Shape::Quad), Some(9));
        assert_eq!(RuleChoice::Points(64).degree(Shape::Hex), Some(7));
        assert_eq!(RuleChoice::Points(0).degree(Shape::Hex), None);
        let mut few = sets(4);
        few.anti_alias.volume_rules.remove(&Shape::Tri);
        let text = Operators::new(Shape::Tri, 2, &few).unwrap_err().to_string();
        assert!(text.contains("[solver-elements-tri]"), "{text}");
        assert!(matches!(Operators::new(Shape::Hex, 3, &sets(2)), Err(PointsError::WeakRule { .. })));
        assert!(matches!(Operators::new(Shape::Tet, 3, &sets(1000)), Err(PointsError::StrongRule { .. })));
    }
}
