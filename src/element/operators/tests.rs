//! What the operators promise, shape by shape and order by order.

use super::*;
use crate::element::lattice;
use ndarray::Array1;

fn sets(solution: Option<(Shape, &str)>, flux: Option<(Shape, &str)>) -> PointSets {
    let one = |set: Option<(Shape, &str)>| set.into_iter().map(|(s, n)| (s, n.to_string())).collect();
    PointSets { solution: one(solution), flux: one(flux), ..PointSets::default() }
}

/// Every shape with faces, with its default and with mixed and alternative sets, at the orders worth checking.
fn every_kind() -> Vec<Operators> {
    let (gl, gll, wb) = ("gauss-legendre", "gauss-legendre-lobatto", "alpha-opt");
    let mut all = Vec::new();
    for order in 0..=8 {
        let mut add = |shape, sets: &PointSets| all.push(Operators::new(shape, order, sets).unwrap());
        add(Shape::Tri, &PointSets::default());
        add(Shape::Tri, &sets(Some((Shape::Tri, wb)), Some((Shape::Line, gll))));
        add(Shape::Quad, &PointSets::default());
        add(Shape::Quad, &sets(Some((Shape::Quad, gll)), Some((Shape::Line, gll))));
        add(Shape::Quad, &sets(Some((Shape::Quad, gl)), Some((Shape::Line, gll))));
        add(Shape::Tet, &sets(Some((Shape::Tet, wb)), None));
        if order <= 6 {
            add(Shape::Tet, &PointSets::default());
        }
        add(Shape::Line, &PointSets::default());
        add(Shape::Line, &sets(Some((Shape::Line, gll)), None));
        if order <= 4 {
            add(Shape::Prism, &PointSets::default());
            add(Shape::Prism, &sets(Some((Shape::Prism, "alpha-opt~gauss-legendre-lobatto")), None));
            add(Shape::Pyramid, &PointSets::default());
            add(Shape::Pyramid, &sets(Some((Shape::Pyramid, gll)), None));
            add(Shape::Hex, &PointSets::default());
            add(Shape::Hex, &sets(Some((Shape::Hex, gll)), None));
        }
    }
    all
}

/// `prod_d ((1 + x_d) / 2)^power_d` at each point, and its derivative in direction `d`.
fn monomial(points: &Array2<f64>, power: [usize; 3]) -> Array1<f64> {
    let value = |x: &[f64]| x.iter().zip(power).map(|(x, a)| ((1.0 + x) / 2.0).powi(a as i32)).product();
    points.rows().into_iter().map(|r| value(&r.to_vec())).collect()
}

fn slope(points: &Array2<f64>, mut power: [usize; 3], d: usize) -> Array1<f64> {
    let factor = power[d] as f64 / 2.0;
    power[d] = power[d].saturating_sub(1);
    monomial(points, power) * factor
}

fn largest(x: &Array1<f64>) -> f64 {
    x.iter().fold(0.0, |m, x| m.max(x.abs()))
}

fn label(op: &Operators) -> String {
    format!("{} order {} ({} flux points)", op.shape.name(), op.order, op.flux_points.nrows())
}

#[test]
fn own_normal_flux_gives_the_exact_divergence() {
    for op in every_kind() {
        for power in lattice::indices(op.shape, op.order) {
            if op.shape == Shape::Pyramid && power.iter().sum::<usize>() > op.order {
                continue;
            }
            let f = monomial(&op.points, power);
            for d in 0..op.shape.dims() {
                let own = &op.interpolate.dot(&f) * &op.normals.column(d);
                let error = op.divergence[d].dot(&f) + op.lift.dot(&own) - slope(&op.points, power, d);
                assert!(largest(&error) < 2e-11, "{}: {:e}", label(&op), largest(&error));
                let error = op.differentiate[d].dot(&f) - slope(&op.points, power, d);
                assert!(largest(&error) < 1e-11, "{}: {:e}", label(&op), largest(&error));
                let error = op.interpolate.dot(&f) - monomial(&op.flux_points, power);
                assert!(largest(&error) < 1e-12, "{}: {:e}", label(&op), largest(&error));
            }
        }
    }
}

#[test]
fn the_mean_changes_by_the_common_flux_through_the_faces_only() {
    for op in every_kind() {
        let w = Array1::from(op.weights.clone());
        assert!((w.sum() - op.shape.volume()).abs() < 1e-13);
        for d in 0..op.shape.dims() {
            let own = w.dot(&op.divergence[d]);
            assert!(largest(&own) < 5e-12, "{}: {:e}", label(&op), largest(&own));
        }
        let lifted = w.dot(&op.lift);
        for (f, face) in op.shape.faces().iter().enumerate() {
            let sets = points::names(face.shape);
            let (first, last) = (op.face_offsets[f], op.face_offsets[f + 1]);
            // The weights of whichever set the face uses: the one whose points coincide.
            let matches = |name: &&&str| {
                let set = points::points(face.shape, name, op.order).unwrap();
                let at = faces::to_element(op.shape, f, &set);
                (first..last).all(|j| (0..at.ncols()).all(|d| at[[j - first, d]] == op.flux_points[[j, d]]))
            };
            let name = sets.iter().find(matches).unwrap();
            let weights = points::weights(face.shape, name, op.order).unwrap();
            for j in first..last {
                let error = (lifted[j] - weights[j - first]).abs();
                assert!(error < 5e-13, "{} face {f}: {error:e}", label(&op));
            }
        }
    }
}

#[test]
fn the_weak_form_holds_for_every_common_flux() {
    // int v (div f + lift (F - f n)) = - int grad v . f + sum over faces of int v F: tried with every mode v = psi_k,
    // f = 0 and F each flux point's basis function in turn; the lift must have those moments.
    for op in every_kind() {
        let (at, w) = quadrature::rule(op.shape, 2 * op.order);
        let to = basis::interpolation(op.shape, op.order, &op.points, &at);
        let v = basis::vandermonde(op.shape, op.order, &at);
        let weighted = Array2::from_shape_fn(v.dim(), |(q, k)| w[q] * v[[q, k]]);
        let moments = weighted.t().dot(&to).dot(&op.lift);
        for f in 0..op.shape.faces().len() {
            let name = op.shape.faces()[f].shape;
            let (at, w) = quadrature::rule(name, 2 * op.order + 1);
            let range = op.face_range(f);
            let trace = basis::vandermonde(op.shape, op.order, &faces::to_element(op.shape, f, &at));
            let flux = op.flux_points.slice(ndarray::s![range.clone(), ..]).to_owned();
            // The trace of a mode is its interpolant in the flux points, so pairing it with one tests the face basis.
            let nodal = basis::vandermonde(op.shape, op.order, &flux);
            let moments = moments.slice(ndarray::s![.., range]).dot(&nodal);
            let weighted = Array2::from_shape_fn(trace.dim(), |(q, k)| w[q] * trace[[q, k]]);
            let error = &moments - &trace.t().dot(&weighted);
            let scale = error.nrows() as f64;
            assert!(error.iter().all(|e| e.abs() < 2e-13 * scale), "{} face {f}", label(&op));
        }
    }
}

#[test]
fn constants_with_matching_common_values_have_no_gradient() {
    for op in every_kind() {
        let u = Array1::from_elem(op.points.nrows(), 3.0);
        let common = Array1::from_elem(op.flux_points.nrows(), 3.0);
        for d in 0..op.shape.dims() {
            let g = op.gradient[d].dot(&u) + op.lift.dot(&(&common * &op.normals.column(d)));
            assert!(largest(&g) < 1e-11, "{}: {:e}", label(&op), largest(&g));
        }
    }
}

#[test]
fn the_line_lift_is_the_derivative_of_the_radau_polynomials() {
    for order in 0..=8 {
        let line = Operators::new(Shape::Line, order, &PointSets::default()).unwrap().line.unwrap();
        // (P_p + P_{p+1}) / 2 vanishes at -1 and is 1 at +1; the modes are sqrt(k + 1/2) P_k.
        let at = Array2::from_shape_fn((order + 1, 1), |(i, _)| line.points[i]);
        let slopes = &basis::gradients(Shape::Line, order + 1, &at)[0];
        let legendre = |i: usize, k: usize| slopes[[i, k]] / (k as f64 + 0.5).sqrt();
        for i in 0..=order {
            let radau = (legendre(i, order) + legendre(i, order + 1)) / 2.0;
            assert!((line.lift[[i, 1]] - radau).abs() < 1e-12, "order {order}");
            assert!((line.lift[[order - i, 0]] - radau).abs() < 1e-12, "order {order}");
        }
    }
}

#[test]
fn dense_matrices_of_tensor_shapes_are_what_the_general_construction_gives() {
    for shape in [Shape::Quad, Shape::Hex] {
        for order in 0..=4 {
            for name in points::names(shape) {
                let face = shape.faces()[0].shape;
                let sets = sets(Some((shape, name)), Some((face, name)));
                let op = Operators::new(shape, order, &sets).unwrap();
                assert!(op.line.is_some());
                let flux = FluxPoints::new(shape, order, &sets).unwrap();
                let near =
                    |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
                assert!(near(&op.lift, &flux.lift(shape, order, &op.points)), "{}", label(&op));
                let general = basis::interpolation(shape, order, &op.points, &op.flux_points);
                assert!(near(&op.interpolate, &general), "{}", label(&op));
                for (d, general) in
                    basis::differentiation(shape, order, &op.points, &op.points).iter().enumerate()
                {
                    assert!(near(&op.differentiate[d], general), "{}", label(&op));
                    let normal = op.normals.column(d).insert_axis(Axis(1));
                    let general = general - &op.lift.dot(&(&op.interpolate * &normal));
                    assert!(near(&op.divergence[d], &general), "{}", label(&op));
                }
            }
        }
    }
}

#[test]
fn flux_point_j_of_a_tensor_face_ends_line_j() {
    for shape in [Shape::Quad, Shape::Hex] {
        let op = Operators::new(shape, 3, &PointSets::default()).unwrap();
        let per_face = op.face_offsets[1];
        for face in 0..shape.faces().len() {
            let (axis, end) = tensor::axis_and_end(shape, face);
            for j in 0..per_face {
                let (first, stride) = tensor::line_start(4, axis, j);
                for i in 0..4 {
                    for d in 0..shape.dims() {
                        let expected =
                            if d == axis { [-1.0, 1.0][end] } else { op.points[[first + i * stride, d]] };
                        assert_eq!(op.flux_points[[face * per_face + j, d]], expected);
                    }
                }
            }
        }
    }
}

#[test]
fn other_flux_points_than_solution_points_leave_no_line_operators() {
    let mixed = sets(None, Some((Shape::Line, "gauss-legendre-lobatto")));
    assert!(Operators::new(Shape::Quad, 3, &mixed).unwrap().line.is_none());
    assert!(Operators::new(Shape::Hex, 3, &mixed).unwrap().line.is_some(), "lines are no faces of a hex");
}

#[test]
fn unknown_sets_and_orders_beyond_them_are_errors() {
    let new = |shape, order, sets: &PointSets| Operators::new(shape, order, sets).err();
    let wrong = sets(None, Some((Shape::Tri, "gauss-legendre")));
    assert!(matches!(new(Shape::Tet, 2, &wrong), Some(PointsError::Unknown { shape: Shape::Tri, .. })));
    assert_eq!(new(Shape::Tet, 7, &PointSets::default()), None, "warp-and-blend points take over");
    assert!(matches!(new(Shape::Hex, 13, &PointSets::default()), Some(PointsError::TooHigh { .. })));
    let tall = sets(Some((Shape::Tet, "alpha-opt")), Some((Shape::Tri, "alpha-opt")));
    assert_eq!(new(Shape::Tet, 10, &tall), None);
}
