//! Triangles to pixels.

/// A corner of a triangle in the picture: pixels to the right and down from the upper left corner, depth in pixels (less is
/// nearer), and the place in the reference element.
#[derive(Clone, Copy, Debug)]
pub struct Corner {
    pub at: [f64; 2],
    pub depth: f64,
    pub reference: [f64; 3],
}

/// What a triangle shows in a pixel.
#[derive(Clone, Copy, Debug)]
pub struct Fragment {
    /// Number of the pixel, row by row.
    pub pixel: u32,
    /// Of several fragments in a pixel the one with the least rank is seen: its depth, and what being outside counts as.
    pub rank: f64,
    /// Place of the triangle that is in the middle of the pixel, or the nearest to it.
    pub reference: [f64; 3],
    /// Which way around its corners are seen.
    pub counter_clockwise: bool,
}

/// Pixels whose middle is so close to a triangle, in pixels, may show it, as those between elements with sides divided
/// differently do.
const REACH: f64 = 0.3;
/// How much further away a pixel outside of a triangle counts as, for each pixel of distance.
///
/// If being inside went first, what is far behind would be seen through the gaps. If depth alone did, a triangle would cover
/// the rim of a neighbour that leads away from the eye; so it does only if that is steeper than this.
const BEHIND: f64 = 4.0;
/// The same for triangles that come nearer as they are followed outwards: they are the hidden one of two that meet at an
/// outline, where both show the same place.
const HIDDEN: f64 = 5.0;

/// Calls `visit` with what a triangle shows in a picture of so many pixels.
pub fn triangle((width, height): (usize, usize), corners: &[Corner; 3], mut visit: impl FnMut(Fragment)) {
    let at = corners.map(|c| c.at);
    let [a, b, c] = at;
    let double = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if !(double.is_finite() && double.abs() > 1e-12) {
        return;
    }
    let pixels = |d: usize, most: usize| {
        let low = a[d].min(b[d]).min(c[d]) - REACH - 0.5;
        let high = a[d].max(b[d]).max(c[d]) + REACH + 0.5;
        (low.floor().max(0.0) as usize)..(high.ceil().max(0.0) as usize).min(most)
    };
    // Signed distance from a side, with the third corner on the positive side, and the share of that corner.
    let side = |p: [f64; 2], q: [f64; 2]| {
        let length = (q[0] - p[0]).hypot(q[1] - p[1]);
        move |x: [f64; 2]| {
            let area = ((q[0] - p[0]) * (x[1] - p[1]) - (q[1] - p[1]) * (x[0] - p[0])) * double.signum();
            (area / length.max(1e-300), area / double.abs())
        }
    };
    let sides = (side(b, c), side(c, a), side(a, b));
    for row in pixels(1, height) {
        for column in pixels(0, width) {
            let x = [column as f64 + 0.5, row as f64 + 0.5];
            let found = [sides.0(x), sides.1(x), sides.2(x)];
            let inside = found.iter().fold(f64::INFINITY, |m, (distance, _)| m.min(*distance));
            // Quick, but not enough: beyond an acute corner the lines of its sides are much nearer than the triangle.
            if inside < -REACH {
                continue;
            }
            let plane = found.map(|(_, share)| share);
            let (shares, away) = if inside < 0.0 { nearest(&at, x) } else { (plane, 0.0) };
            if away > REACH {
                continue;
            }
            let mix = |shares: &[f64; 3], value: &dyn Fn(&Corner) -> f64| -> f64 {
                corners.iter().zip(shares).map(|(corner, share)| share * value(corner)).sum()
            };
            let depth = mix(&shares, &|c| c.depth);
            // Rounding is no distance.
            let rank = if away < 1e-9 {
                depth
            } else if mix(&plane, &|c| c.depth) >= depth {
                depth + BEHIND * away
            } else {
                depth + HIDDEN * away
            };
            visit(Fragment {
                pixel: (row * width + column) as u32,
                rank,
                reference: std::array::from_fn(|d| mix(&shares, &|c| c.reference[d])),
                counter_clockwise: double < 0.0,
            });
        }
    }
}

/// Shares that the corners of a triangle have in the place on its sides that is nearest to a point, and how far that is.
///
/// Shares of the point itself, of either sign and above 1, would give values that the triangle does not have: without bounds
/// where it is seen from its edge.
fn nearest(corners: &[[f64; 2]; 3], x: [f64; 2]) -> ([f64; 3], f64) {
    let mut found = ([0.0; 3], f64::INFINITY);
    for i in 0..3 {
        let j = (i + 1) % 3;
        let (p, q) = (corners[i], corners[j]);
        let side = [q[0] - p[0], q[1] - p[1]];
        let squared = side[0] * side[0] + side[1] * side[1];
        let along = ((x[0] - p[0]) * side[0] + (x[1] - p[1]) * side[1]) / squared;
        let along = if squared > 0.0 { along.clamp(0.0, 1.0) } else { 0.0 };
        let away = (x[0] - p[0] - along * side[0]).hypot(x[1] - p[1] - along * side[1]);
        if away < found.1 {
            let mut shares = [0.0; 3];
            (shares[i], shares[j]) = (1.0 - along, along);
            found = (shares, away);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triangle_covers_the_middles_of_its_pixels_with_its_own_places() {
        let corner = |x: f64, y: f64| Corner { at: [x, y], depth: x, reference: [x / 10.0, y / 10.0, 1.0] };
        for corners in [
            [corner(0.0, 0.0), corner(10.0, 0.0), corner(0.0, 10.0)],
            [corner(0.0, 0.0), corner(0.0, 10.0), corner(10.0, 0.0)],
        ] {
            let mut found = vec![];
            triangle((10, 10), &corners, |f| found.push(f));
            let mut inside = 0;
            for f in found {
                let (x, y) = (f64::from(f.pixel % 10) + 0.5, f64::from(f.pixel / 10) + 0.5);
                let over = (x + y - 10.0).max(0.0);
                let away = over / 2f64.sqrt();
                inside += usize::from(over == 0.0);
                let (x, y) = (x - over / 2.0, y - over / 2.0);
                assert!(away < REACH);
                assert!(
                    (f.reference[0] - x / 10.0).abs() < 1e-12 && (f.reference[1] - y / 10.0).abs() < 1e-12
                );
                assert!((f.rank - x - BEHIND * away).abs() < 1e-9);
                assert_eq!(f.counter_clockwise, corners[1].at[0] == 0.0);
            }
            assert_eq!(inside, 55);
        }
    }

    /// Triangles as they are at outlines: seen from their edge, thinner than a pixel.
    #[test]
    fn no_pixel_shows_more_than_the_triangle_has() {
        let corner = |at: [f64; 2], share: f64| Corner { at, depth: 100.0 * share, reference: [share; 3] };
        let mut many = 0;
        for i in 0..400 {
            let angle = f64::from(i) * 0.1;
            let (along, across) = ([angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]);
            let thick = 10f64.powi(-(i % 9)) * 0.3;
            let at = |s: f64, t: f64| [0, 1].map(|d| 10.3 + s * along[d] + t * across[d]);
            let corners =
                [corner(at(-7.0, 0.0), 0.0), corner(at(7.0, 0.0), 0.1), corner(at(2.0, thick), 1.0)];
            triangle((20, 20), &corners, |f| {
                let (x, y) = (f64::from(f.pixel % 20) + 0.5 - 10.3, f64::from(f.pixel / 20) + 0.5 - 10.3);
                let s = x * along[0] + y * along[1];
                assert!(s.abs() < 7.0 + REACH, "{i}: beyond an acute corner");
                assert!(f.reference.iter().all(|r| *r > -1e-9 && *r < 1.0 + 1e-9), "{i}: {:?}", f.reference);
                assert!(f.rank > -1e-6 && f.rank < 100.0 + HIDDEN * REACH, "{i}: {}", f.rank);
                many += 1;
            });
        }
        assert!(many > 1000);
    }
}
