//! Pixels, and lines on them.

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// White.
pub const WHITE: Rgb = [255; 3];
/// What axes and text are drawn in.
pub const INK: Rgb = [38, 38, 38];

/// A picture; row 0 is at the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[row][column]`.
    pub pixels: Vec<Rgb>,
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First column.
    pub x: usize,
    /// First row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Image {
    /// A white picture.
    pub fn new(width: usize, height: usize) -> Image {
        Image { width, height, pixels: vec![WHITE; width * height] }
    }

    /// The pixel at a column and row.
    pub fn at(&self, x: usize, y: usize) -> Rgb {
        self.pixels[y * self.width + x]
    }

    /// Puts a colour over a pixel, `opacity` 0 to 1; nothing outside of the picture.
    pub fn blend(&mut self, x: i64, y: i64, colour: Rgb, opacity: f64) {
        if x < 0 || y < 0 || x >= self.width as i64 || y >= self.height as i64 {
            return;
        }
        let pixel = &mut self.pixels[y as usize * self.width + x as usize];
        for (to, from) in pixel.iter_mut().zip(colour) {
            let (a, b) = (f64::from(*to), f64::from(from));
            *to = (a + (b - a) * opacity.clamp(0.0, 1.0)).round() as u8;
        }
    }

    /// Fills the part of a rectangle that is in the picture.
    pub fn fill(&mut self, area: Area, colour: Rgb) {
        for y in area.y..(area.y + area.height).min(self.height) {
            let row = y * self.width;
            let (from, to) = (area.x.min(self.width), (area.x + area.width).min(self.width));
            self.pixels[row + from..row + to].fill(colour);
        }
    }

    /// All samples, row by row, three a pixel.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }
}

/// Lines of one kind. Where several meet or cross they count once, so that joints are no darker than the rest.
#[derive(Clone, Debug)]
pub struct Strokes {
    area: Area,
    half: f64,
    coverage: Vec<f32>,
}

impl Strokes {
    /// No lines yet; those to come are `thickness` pixels wide and end at the sides of `area`.
    pub fn new(area: Area, thickness: f64) -> Strokes {
        Strokes { area, half: 0.5 * thickness, coverage: vec![0.0; area.width * area.height] }
    }

    /// Adds a line between two points, in pixels of the picture from its upper left corner; nothing where a coordinate is not
    /// finite.
    pub fn line(&mut self, a: [f64; 2], b: [f64; 2]) {
        let Area { x, y, width, height } = self.area;
        let reach = self.half + 1.0;
        let local = |p: [f64; 2]| [p[0] - x as f64, p[1] - y as f64];
        let Some([a, b]) = clipped(local(a), local(b), [width as f64, height as f64], reach) else { return };
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let squared = dx * dx + dy * dy;
        // Along the axis in which it is longer, a few pixels across for each step.
        let (major, minor) = if dx.abs() >= dy.abs() { (0, 1) } else { (1, 0) };
        let size = [width, height];
        let slope = if squared > 0.0 { (b[minor] - a[minor]) / (b[major] - a[major]) } else { 0.0 };
        let (low, high) = (a[major].min(b[major]) - reach, a[major].max(b[major]) + reach);
        for i in (low.floor().max(0.0) as usize)..(high.ceil().max(0.0) as usize).min(size[major]) {
            let at = (i as f64 + 0.5).clamp(a[major].min(b[major]), a[major].max(b[major]));
            let middle = a[minor] + slope * (at - a[major]);
            let (low, high) = (middle - 1.5 * reach - 1.0, middle + 1.5 * reach + 1.0);
            for j in (low.floor().max(0.0) as usize)..(high.ceil().max(0.0) as usize).min(size[minor]) {
                let mut p = [0.0; 2];
                (p[major], p[minor]) = (i as f64 + 0.5, j as f64 + 0.5);
                let along = if squared > 0.0 {
                    (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / squared).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let away = (p[0] - a[0] - along * dx).hypot(p[1] - a[1] - along * dy);
                // A thin line covers no more of a pixel than its width.
                let covered = (self.half + 0.5 - away).clamp(0.0, (2.0 * self.half).min(1.0)) as f32;
                let (column, row) = if major == 0 { (i, j) } else { (j, i) };
                let to = &mut self.coverage[row * width + column];
                *to = to.max(covered);
            }
        }
    }

    /// Adds the lines between points that follow each other.
    pub fn path(&mut self, points: &[[f64; 2]]) {
        points.windows(2).for_each(|pair| self.line(pair[0], pair[1]));
    }

    /// Puts the lines on a picture.
    pub fn draw(&self, image: &mut Image, colour: Rgb, opacity: f64) {
        for (i, covered) in self.coverage.iter().enumerate().filter(|(_, c)| **c > 0.0) {
            let (x, y) = (self.area.x + i % self.area.width, self.area.y + i / self.area.width);
            image.blend(x as i64, y as i64, colour, f64::from(*covered) * opacity);
        }
    }
}

/// The part of a line that is within `reach` of a rectangle from the origin (Liang and Barsky, ACM Trans. Graph. 3, 1984).
fn clipped(a: [f64; 2], b: [f64; 2], size: [f64; 2], reach: f64) -> Option<[[f64; 2]; 2]> {
    if !a.iter().chain(&b).all(|x| x.is_finite()) {
        return None;
    }
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for d in 0..2 {
        let step = b[d] - a[d];
        let (low, high) = (-reach - a[d], size[d] + reach - a[d]);
        if step == 0.0 {
            if low > 0.0 || high < 0.0 {
                return None;
            }
            continue;
        }
        let (first, last) = (low / step, high / step);
        from = from.max(first.min(last));
        to = to.min(first.max(last));
    }
    let at = |s: f64| std::array::from_fn(|d| a[d] + s * (b[d] - a[d]));
    (from <= to).then(|| [at(from), at(to)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(lines: &[[[f64; 2]; 2]], thickness: f64) -> Image {
        let mut image = Image::new(20, 10);
        let mut strokes = Strokes::new(Area { x: 0, y: 0, width: 20, height: 10 }, thickness);
        lines.iter().for_each(|[a, b]| strokes.line(*a, *b));
        strokes.draw(&mut image, [0; 3], 1.0);
        image
    }

    #[test]
    fn a_line_covers_the_pixels_on_it_and_none_away_from_it() {
        let image = drawn(&[[[2.0, 4.5], [17.0, 4.5]]], 1.0);
        assert_eq!([image.at(10, 4), image.at(10, 3), image.at(10, 5)], [[0; 3], WHITE, WHITE]);
        let steep = drawn(&[[[6.5, 0.0], [6.5, 10.0]]], 1.0);
        assert!((0..10).all(|y| steep.at(6, y) == [0; 3] && steep.at(8, y) == WHITE));
    }

    #[test]
    fn crossings_are_no_darker_and_far_ends_cost_nothing() {
        let one = drawn(&[[[0.0, 5.0], [20.0, 5.0]]], 1.0);
        assert!(one.at(7, 4) != WHITE && one.at(7, 4) == one.at(7, 5));
        assert_eq!(drawn(&[[[0.0, 5.0], [20.0, 5.0]], [[0.0, 5.0], [20.0, 5.0]]], 1.0), one);
        let far = drawn(
            &[[[-1e12, 5.0], [1e12, 5.0]], [[f64::NAN, 0.0], [1.0, 1.0]], [[1e9, 1e9], [2e9, 1e9]]],
            1.0,
        );
        assert!(far.at(7, 4) != WHITE && far.at(7, 7) == WHITE);
    }
}
