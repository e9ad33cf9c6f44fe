//! Lines of equal value between the middles of pixels (marching squares).

use super::field::Raster;

/// Lines on which a picture has the value `level`, as pairs of points in pixels from its upper left corner. There are none
/// where one of the four pixels around is outside of the mesh or has no finite value.
pub fn lines(raster: &Raster, level: f64) -> Vec<[[f64; 2]; 2]> {
    let (w, h) = (raster.width, raster.height);
    let value = |x: usize, y: usize| raster.values[y * w + x].filter(|v| v.is_finite());
    let mut lines = vec![];
    for y in 0..h.saturating_sub(1) {
        for x in 0..w.saturating_sub(1) {
            // Around the square.
            let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
            let values = corners.map(|(x, y)| value(x, y));
            let [Some(a), Some(b), Some(c), Some(d)] = values else { continue };
            let v = [a, b, c, d];
            let mut cuts = vec![];
            for i in 0..4 {
                let j = (i + 1) % 4;
                if (v[i] >= level) != (v[j] >= level) {
                    let s = (level - v[i]) / (v[j] - v[i]);
                    let at = |p: (usize, usize)| [p.0 as f64 + 0.5, p.1 as f64 + 0.5];
                    let (p, q) = (at(corners[i]), at(corners[j]));
                    cuts.push([p[0] + s * (q[0] - p[0]), p[1] + s * (q[1] - p[1])]);
                }
            }
            match cuts[..] {
                [p, q] => lines.push([p, q]),
                // A saddle: the mean decides which corners are joined.
                [p, q, r, s] if ((a + b + c + d) / 4.0 >= level) == (a >= level) => {
                    lines.extend([[p, q], [r, s]]);
                }
                [p, q, r, s] => lines.extend([[s, p], [q, r]]),
                _ => {}
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_linear_function_lie_on_its_level() {
        let value = |x: usize, y: usize| if x < 15 { Some(2.0 * x as f64 + y as f64) } else { None };
        let values = (0..20 * 10).map(|i| value(i % 20, i / 20)).collect();
        let raster = Raster { width: 20, height: 10, values, light: vec![] };
        let lines = lines(&raster, 16.25);
        assert!(lines.len() >= 9);
        for [x, y] in lines.into_iter().flatten() {
            assert!((2.0 * (x - 0.5) + (y - 0.5) - 16.25).abs() < 1e-12 && x < 15.0);
        }
    }
}
