//! Triangles to pixels.

/// A corner of a triangle in the picture: pixels to the right and down from the upper left corner, depth (less is nearer),
/// and the place in the reference element.
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
    /// Pixels from the middle of the pixel to the triangle; 0 inside.
    pub outside: f32,
    pub depth: f32,
    pub reference: [f64; 3],
}

/// Pixels whose middle is so close to a triangle, in pixels, may show it where nothing else is: between elements with sides
/// divided differently.
const REACH: f64 = 0.3;

/// Calls `visit` with what a triangle shows in a picture of so many pixels.
pub fn triangle((width, height): (usize, usize), corners: &[Corner; 3], mut visit: impl FnMut(Fragment)) {
    let [a, b, c] = corners.map(|c| c.at);
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
            let shares = [sides.0(x), sides.1(x), sides.2(x)];
            let inside = shares.iter().fold(f64::INFINITY, |m, (distance, _)| m.min(*distance));
            if inside < -REACH {
                continue;
            }
            let mix = |value: &dyn Fn(&Corner) -> f64| -> f64 {
                corners.iter().zip(&shares).map(|(corner, (_, share))| share * value(corner)).sum()
            };
            visit(Fragment {
                pixel: (row * width + column) as u32,
                // Rounding is no distance.
                outside: if inside > -1e-9 { 0.0 } else { -inside as f32 },
                depth: mix(&|c| c.depth) as f32,
                reference: std::array::from_fn(|d| mix(&|c| c.reference[d])),
            });
        }
    }
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
            let inside = found.iter().filter(|f| f.outside == 0.0);
            assert_eq!(inside.count(), 55);
            for f in found {
                let (x, y) = (f64::from(f.pixel % 10) + 0.5, f64::from(f.pixel / 10) + 0.5);
                let away = ((x + y - 10.0) / 2f64.sqrt()).max(0.0);
                assert!((f64::from(f.outside) - away).abs() < 1e-6 && away < REACH);
                assert!(
                    (f.reference[0] - x / 10.0).abs() < 1e-12 && (f.reference[1] - y / 10.0).abs() < 1e-12
                );
                assert!((f64::from(f.depth) - x).abs() < 1e-5);
            }
        }
    }
}
