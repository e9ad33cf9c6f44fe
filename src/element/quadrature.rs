//! Quadrature rules: Gauss-Legendre, Gauss-Legendre-Lobatto and, from the former, a rule of any degree on any shape.

use super::Shape;
use ndarray::Array2;
use std::f64::consts::PI;

/// `P_n(x)` and `P_{n-1}(x)` for `x` in `[0, 1]`, by the three-term recurrence in its difference form, which keeps the
/// digits next to 1 that the plain form loses.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut p, mut before, mut step) = (1.0, 0.0, 0.0);
    for k in 0..n {
        let k = k as f64;
        step = (k * step - (2.0 * k + 1.0) * (1.0 - x) * p) / (k + 1.0);
        (p, before) = (p + step, p);
    }
    (p, before)
}

/// Newton from `x` with the step given; stops where steps no longer shrink, which is rounding level.
fn newton(mut x: f64, step: impl Fn(f64) -> f64) -> f64 {
    let mut last = f64::INFINITY;
    for _ in 0..100 {
        let dx = step(x);
        if dx.is_nan() || dx.abs() >= last {
            break;
        }
        x -= dx;
        last = dx.abs();
    }
    x
}

/// Fills `n` ascending points and weights from their upper half, so that both are symmetric to the last bit.
fn mirrored(n: usize, upper: impl Fn(usize) -> (f64, f64)) -> (Vec<f64>, Vec<f64>) {
    let (mut points, mut weights) = (vec![0.0; n], vec![0.0; n]);
    for i in 0..n.div_ceil(2) {
        let (x, w) = upper(i);
        points[n - 1 - i] = x;
        points[i] = -x;
        weights[n - 1 - i] = w;
        weights[i] = w;
    }
    if n % 2 == 1 {
        points[n / 2] = 0.0;
    }
    (points, weights)
}

/// The Gauss-Legendre rule of `n` points on `[-1, 1]`, ascending: points and weights, exact to degree `2 n - 1`.
pub fn gauss_legendre(n: usize) -> (Vec<f64>, Vec<f64>) {
    let m = n as f64;
    mirrored(n, |i| {
        // (1 - x^2) P_n' = n (P_{n-1} - x P_n)
        let slope = |x: f64| {
            let (p, before) = legendre(n, x);
            (p, m * (before - x * p) / ((1.0 - x) * (1.0 + x)))
        };
        let middle = 2 * i + 1 == n;
        let guess = if middle { 0.0 } else { (PI * (i as f64 + 0.75) / (m + 0.5)).cos() };
        let x = if middle { 0.0 } else { newton(guess, |x| slope(x).0 / slope(x).1) };
        // The weight at the root next to the rounded x: w = 2 / ((1 - x^2) P'^2) has the relative slope
        // 2 x / (1 - x^2), which would cost two digits at the ends if left out.
        let (p, d) = slope(x);
        let span = (1.0 - x) * (1.0 + x);
        (x, 2.0 / (span * d * d) * (1.0 - 2.0 * x / span * p / d))
    })
}

/// The Gauss-Legendre-Lobatto rule of `n` points on `[-1, 1]`, ascending: points and weights, exact to degree `2 n - 3`.
///
/// One point cannot hold both ends; `n = 1` is the centre with weight 2, as in Gauss-Legendre.
pub fn gauss_legendre_lobatto(n: usize) -> (Vec<f64>, Vec<f64>) {
    if n < 2 {
        return gauss_legendre(n);
    }
    let m = (n - 1) as f64;
    mirrored(n, |i| {
        let x = if i == 0 {
            1.0
        } else if 2 * i + 1 == n {
            0.0
        } else {
            // Roots of P_m'; m (m + 1) P_m stands for its slope, which it is at the root.
            newton((PI * i as f64 / m).cos(), |x| {
                let (p, before) = legendre(n - 1, x);
                (x * p - before) / (n as f64 * p)
            })
        };
        let (p, _) = legendre(n - 1, x);
        (x, 2.0 / (m * (m + 1.0) * p * p))
    })
}

/// Points `[n^dims][dims]` (x fastest, then y, then z) and weights of the product of a rule on the line with itself.
pub fn tensor(dims: usize, line: &(Vec<f64>, Vec<f64>)) -> (Array2<f64>, Vec<f64>) {
    let (x, w) = line;
    let n = x.len();
    let index = |i: usize, d: usize| i / n.pow(d as u32) % n;
    let count = n.pow(dims as u32);
    let points = Array2::from_shape_fn((count, dims), |(i, d)| x[index(i, d)]);
    let weights = (0..count).map(|i| (0..dims).map(|d| w[index(i, d)]).product()).collect();
    (points, weights)
}

/// A rule on `shape` that integrates every polynomial of total degree `degree` exactly (tensor shapes: of that degree
/// in each direction). Points `[points][dims]`, inside the element; weights, positive, that sum to its volume.
///
/// Simplices and pyramids use Gauss-Legendre in collapsed coordinates (Duffy 1982) with enough points for the Jacobian:
/// not symmetric, and up to three times as many points as the best tables, but of any degree. Prisms: the product of the
/// triangle's and the line's. A pyramid's rule is exact for the products of two of its rational modes of order
/// `degree / 2`, too.
pub fn rule(shape: Shape, degree: usize) -> (Array2<f64>, Vec<f64>) {
    let exact = |d: usize| gauss_legendre(d / 2 + 1);
    let dims = shape.dims();
    if shape.is_tensor() {
        return tensor(dims, &exact(degree));
    }
    if shape == Shape::Prism {
        return prism(&rule(Shape::Tri, degree), &exact(degree));
    }
    if shape == Shape::Pyramid {
        return pyramid(&exact(degree + 2), |_| exact(degree));
    }
    // Direction d carries ((1 - x_d) / 2)^d of Jacobian; collapsing starts from the last direction.
    let lines: Vec<_> = (0..dims).map(|d| exact(degree + d)).collect();
    let count = lines.iter().map(|l| l.0.len()).product();
    let (mut points, mut weights) = (Array2::zeros((count, dims)), Vec::with_capacity(count));
    for n in 0..count {
        let (mut rest, mut size, mut weight) = (n, 1.0, 1.0);
        for d in (0..dims).rev() {
            let (x, w) = &lines[d];
            let i = rest % x.len();
            rest /= x.len();
            // The slice of the simplex at this point is a simplex of one dimension less and of edge 2 * size.
            points[[n, d]] = size * (1.0 + x[i]) - 1.0;
            weight *= w[i] * size;
            size *= (1.0 - x[i]) / 2.0;
        }
        weights.push(weight);
    }
    (points, weights)
}

/// Points `[points][3]` and weights of a triangle's rule times a line's, the triangle's points fastest.
pub(super) fn prism(
    (triangle, area): &(Array2<f64>, Vec<f64>),
    (line, length): &(Vec<f64>, Vec<f64>),
) -> (Array2<f64>, Vec<f64>) {
    let n = triangle.nrows();
    let points =
        Array2::from_shape_fn(
            (n * line.len(), 3),
            |(i, d)| {
                if d < 2 { triangle[[i % n, d]] } else { line[i / n] }
            },
        );
    let weights = length.iter().flat_map(|l| area.iter().map(move |a| a * l)).collect();
    (points, weights)
}

/// Layers at the heights of the line rule `heights`, layer `k` a square of the rule `layer(k)` scaled to the pyramid's
/// width there: points `[points][3]`, x fastest, then y, then z, and weights.
pub(super) fn pyramid(
    heights: &(Vec<f64>, Vec<f64>),
    layer: impl Fn(usize) -> (Vec<f64>, Vec<f64>),
) -> (Array2<f64>, Vec<f64>) {
    let (mut points, mut weights) = (Vec::new(), Vec::new());
    for (k, (z, height)) in heights.0.iter().zip(&heights.1).enumerate() {
        let half = (1.0 - z) / 2.0;
        let (square, area) = tensor(2, &layer(k));
        for (x, a) in square.rows().into_iter().zip(area) {
            points.extend([x[0] * half, x[1] * half, *z]);
            weights.push(a * half * half * height);
        }
    }
    let points = Array2::from_shape_vec((weights.len(), 3), points).expect("three coordinates a point");
    (points, weights)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The monomial that [`worst`] integrates: the product over `d` of `((1 + x_d) / 2)^power[d]`; on a pyramid
    /// `x^a y^b ((1 - z) / 2)^c`.
    fn monomial(shape: Shape, x: &[f64], power: [usize; 3]) -> f64 {
        let factor = |d: usize, x: f64| match (shape, d) {
            (Shape::Pyramid, 2) => (1.0 - x) / 2.0,
            (Shape::Pyramid, _) => x,
            _ => (1.0 + x) / 2.0,
        };
        x.iter().enumerate().map(|(d, x)| factor(d, *x).powi(power[d] as i32)).product()
    }

    /// Integral of the monomial over the reference element.
    pub fn integral(shape: Shape, power: [usize; 3]) -> f64 {
        let dims = shape.dims();
        if shape == Shape::Pyramid {
            let [a, b, c] = power;
            let even = a % 2 == 0 && b % 2 == 0;
            return if even { 8.0 / ((a + 1) * (b + 1) * (a + b + c + 3)) as f64 } else { 0.0 };
        }
        if shape == Shape::Prism {
            return integral(Shape::Tri, [power[0], power[1], 0]) * integral(Shape::Line, [power[2], 0, 0]);
        }
        let power = &power[..dims];
        if shape.is_tensor() {
            return power.iter().map(|&a| 2.0 / (a as f64 + 1.0)).product();
        }
        // Dirichlet: prod a_d! / (dims + sum a_d)! on the unit simplex.
        let mut value = 2f64.powi(dims as i32);
        let mut total = 0;
        for &a in power {
            for k in 1..=a {
                total += 1;
                value *= k as f64 / total as f64;
            }
        }
        (0..dims).fold(value, |v, k| v / (total + k + 1) as f64)
    }

    /// Largest error of a rule over all monomials up to `degree`.
    pub fn worst(shape: Shape, points: &Array2<f64>, weights: &[f64], degree: usize) -> f64 {
        let mut worst: f64 = 0.0;
        for power in crate::element::lattice::indices(shape, degree) {
            if shape == Shape::Pyramid && power.iter().sum::<usize>() > degree {
                continue;
            }
            // Summed with Neumaier's compensation: it is the rule that is measured, not the sum.
            let (mut sum, mut lost) = (0.0f64, 0.0);
            for (row, w) in points.rows().into_iter().zip(weights) {
                let term = w * monomial(shape, &row.to_vec(), power);
                let next = sum + term;
                lost += if sum.abs() > term.abs() { (sum - next) + term } else { (term - next) + sum };
                sum = next;
            }
            let sum = sum + lost;
            worst = worst.max((sum - integral(shape, power)).abs());
        }
        worst
    }

    #[test]
    fn line_rules_are_exact_to_their_degree_and_no_further() {
        for n in 1..30 {
            let (x, w) = gauss_legendre(n);
            let x = Array2::from_shape_vec((n, 1), x).unwrap();
            assert!(worst(Shape::Line, &x, &w, 2 * n - 1) < 4e-15, "GL {n}");
            if n > 1 {
                let (x, w) = gauss_legendre_lobatto(n);
                let x = Array2::from_shape_vec((n, 1), x).unwrap();
                assert!(worst(Shape::Line, &x, &w, 2 * n - 3) < 4e-15, "GLL {n}");
            }
        }
        let (x, w) = gauss_legendre(2);
        let x = Array2::from_shape_vec((2, 1), x).unwrap();
        assert!(worst(Shape::Line, &x, &w, 4) > 1e-3);
    }

    #[test]
    fn line_rules_are_ascending_and_symmetric_to_the_last_bit() {
        for n in 1..40 {
            for (x, w) in [gauss_legendre(n), gauss_legendre_lobatto(n)] {
                assert!(x.windows(2).all(|p| p[0] < p[1]));
                for i in 0..n {
                    assert_eq!(x[i], -x[n - 1 - i]);
                    assert_eq!(w[i], w[n - 1 - i]);
                }
            }
        }
    }

    #[test]
    fn known_points_and_weights_are_met_to_rounding() {
        // Abramowitz and Stegun 25.4.30 and 25.4.32, n = 5, in closed form.
        let (x, w) = gauss_legendre(5);
        let r = (10.0f64 / 7.0).sqrt();
        assert!((x[4] - (5.0 + 2.0 * r).sqrt() / 3.0).abs() < 2e-16);
        assert!((w[4] - (322.0 - 13.0 * 70f64.sqrt()) / 900.0).abs() < 2e-16);
        let (x, w) = gauss_legendre_lobatto(5);
        assert!((x[3] - (3.0f64 / 7.0).sqrt()).abs() < 2e-16);
        assert!((w[3] - 49.0 / 90.0).abs() < 2e-16);
    }

    #[test]
    fn rules_of_every_shape_are_exact_to_the_degree_asked_for() {
        for shape in Shape::ALL {
            for degree in 0..=20 {
                let (x, w) = rule(shape, degree);
                let error = worst(shape, &x, &w, degree);
                assert!(error < 2e-14, "{} {degree}: {error:e}", shape.name());
                assert!(w.iter().all(|w| *w > 0.0));
            }
        }
    }
}
