//! Curves over an axis: monitors' files, solutions in one dimension.

use super::axes::{self, Axis, Scale, Sizes};
use super::image::{Area, INK, Image, Rgb, WHITE};
use super::text::{self, Anchor};
use super::ticks::widened;
use super::{LEAST, MOST, PlotError};

/// A curve with a name; it is broken where a number is not finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// Points in the order in which they are joined.
    pub points: Vec<[f64; 2]>,
}

/// What a picture of curves looks like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Style {
    /// Size in pixels; by default 1200 x 750.
    pub size: Option<(usize, usize)>,
    /// What stands above.
    pub title: String,
    /// What stands below and to the left.
    pub names: [String; 2],
    /// Whether the vertical axis is logarithmic; what is not positive is left out.
    pub logarithmic: bool,
    /// Values at the bottom and the top; by default those that there are.
    pub range: Option<(f64, f64)>,
}

/// Colours that are told apart with any eyes (M. Okabe and K. Ito, Color universal design, 2008, without yellow and black).
const COLOURS: [Rgb; 6] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [230, 159, 0]];
/// Grey of the lines behind.
const GRID: Rgb = [225; 3];

/// Least and largest finite number.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = numbers.filter(|x| x.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
}

/// Draws curves in one frame.
///
/// # Errors
/// A size in which nothing can be drawn; curves without a point.
pub fn draw(curves: &[Curve], style: &Style) -> Result<Image, PlotError> {
    let (width, height) = style.size.unwrap_or((1200, 750));
    if width.min(height) < LEAST || width.max(height) > MOST {
        return Err(PlotError::Size(width, height));
    }
    let drawn = |p: &[f64; 2]| p.iter().all(|x| x.is_finite()) && (!style.logarithmic || p[1] > 0.0);
    let all = || curves.iter().flat_map(|c| c.points.iter().filter(|p| drawn(p)));
    if all().next().is_none() {
        return Err(PlotError::Nothing);
    }
    let sizes = Sizes::of(width.max(height));
    let xs = widened(range(all().map(|p| p[0])));
    let ys = style.range.unwrap_or_else(|| vertical(range(all().map(|p| p[1])), style.logarithmic));
    let scale = |range, logarithmic| Scale { range, logarithmic };
    let axis = |scale: Scale, name: &str, length: usize, apart: f64| Axis {
        scale,
        ticks: scale.ticks(length, apart * sizes.letters),
        name: name.into(),
    };
    let y = axis(scale(ys, style.logarithmic), &style.names[1], height, 4.0);
    let x = axis(scale(xs, false), &style.names[0], width, 6.0);
    let (left, bottom) = (y.width(sizes) + sizes.line, Axis::height(sizes, true) + sizes.line);
    let (right, top) = (
        (2.0 * sizes.letters) as usize,
        ((if style.title.is_empty() { 1.8 } else { 3.0 }) * sizes.letters) as usize,
    );
    if left + right + 40 > width || top + bottom + 40 > height {
        return Err(PlotError::Size(width, height));
    }
    let area = Area { x: left, y: top, width: width - left - right, height: height - top - bottom };
    let mut image = Image::new(width, height);
    let place = |p: [f64; 2]| {
        [
            area.x as f64 + x.scale.share(p[0]) * area.width as f64,
            area.y as f64 + (1.0 - y.scale.share(p[1])) * area.height as f64,
        ]
    };
    let grid_x = x.ticks.at.iter().map(|t| vec![place([*t, ys.0]), place([*t, ys.1])]);
    let marked = y.ticks.at.iter().zip(&y.ticks.labels).filter(|(_, label)| !label.is_empty());
    let grid_y = marked.map(|(t, _)| vec![place([xs.0, *t]), place([xs.1, *t])]);
    let grid: Vec<Vec<[f64; 2]>> = grid_x.chain(grid_y).collect();
    axes::curves(&mut image, area, &grid, sizes.line as f64, GRID, 1.0);
    for (i, curve) in curves.iter().enumerate() {
        let parts = curve.points.split(|p| !drawn(p));
        let mut parts: Vec<Vec<[f64; 2]>> =
            parts.map(|part| part.iter().map(|p| place(*p)).collect()).collect();
        // A point between two gaps is a dot.
        parts.iter_mut().filter(|part| part.len() == 1).for_each(|part| part.push(part[0]));
        axes::curves(&mut image, area, &parts, 1.8 * sizes.line as f64, COLOURS[i % COLOURS.len()], 1.0);
    }
    axes::border(&mut image, area, sizes.line);
    axes::below(&mut image, area, &x, sizes);
    axes::beside(&mut image, area, &y, sizes, false, left);
    if curves.len() > 1 {
        let occupied: Vec<[f64; 2]> = all().map(|p| place(*p)).collect();
        legend(&mut image, area, curves, sizes, &occupied);
    }
    let base = area.y as f64 - 0.9 * sizes.letters;
    let middle = area.x as f64 + 0.5 * area.width as f64;
    text::write(&mut image, &style.title, sizes.title, [middle, base], Anchor::Middle, INK);
    Ok(image)
}

/// A range with some room above and below.
fn vertical((low, high): (f64, f64), logarithmic: bool) -> (f64, f64) {
    if logarithmic {
        let (low, high) = if high / low > 1.0 + 1e-9 { (low, high) } else { (low / 2.0, high * 2.0) };
        let room = (high / low).powf(0.04);
        return ((low / room).max(f64::MIN_POSITIVE), high * room);
    }
    let (low, high) = widened((low, high));
    let room = 0.04 * (high - low);
    (low - room, high + room)
}

/// Names of the curves, in the corner where the fewest points are.
fn legend(image: &mut Image, area: Area, curves: &[Curve], sizes: Sizes, occupied: &[[f64; 2]]) {
    let step = 1.45 * sizes.letters;
    let most = ((area.height as f64 / step) as usize).saturating_sub(2).max(1);
    let shown = curves.len().min(most);
    let widest = curves[..shown].iter().map(|c| text::length(&c.name, sizes.letters)).fold(0.0, f64::max);
    let (width, height) = (widest + 3.6 * sizes.letters, shown as f64 * step + 0.6 * sizes.letters);
    let gap = 0.7 * sizes.letters;
    let (left, right) = (area.x as f64 + gap, (area.x + area.width) as f64 - gap - width);
    let (top, bottom) = (area.y as f64 + gap, (area.y + area.height) as f64 - gap - height);
    let covered = |x: f64, y: f64| {
        occupied.iter().filter(|p| p[0] > x && p[0] < x + width && p[1] > y && p[1] < y + height).count()
    };
    let corners = [(right, top), (left, top), (right, bottom), (left, bottom)];
    let (x, y) = corners.into_iter().min_by_key(|(x, y)| covered(*x, *y)).unwrap_or((right, top));
    let size = |x: f64| x.max(0.0).round() as usize;
    let panel = Area { x: size(x), y: size(y), width: size(width), height: size(height) };
    axes::border(image, panel, sizes.line);
    for row in panel.y..panel.y + panel.height {
        for column in panel.x..panel.x + panel.width {
            image.blend(column as i64, row as i64, WHITE, 0.85);
        }
    }
    for (i, curve) in curves[..shown].iter().enumerate() {
        let middle = y + (i as f64 + 0.5) * step + 0.3 * sizes.letters;
        let line = vec![[x + 0.6 * sizes.letters, middle], [x + 2.4 * sizes.letters, middle]];
        axes::curves(image, panel, &[line], 1.8 * sizes.line as f64, COLOURS[i % COLOURS.len()], 1.0);
        let at = [x + 3.0 * sizes.letters, middle + 0.36 * sizes.letters];
        text::write(image, &curve.name, sizes.letters, at, Anchor::Start, INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_where_its_numbers_are_and_gaps_stay_open() {
        let points = (0..=100).map(|i| [f64::from(i), if i == 50 { f64::NAN } else { 2.0 }]).collect();
        let curve = Curve { name: "a".into(), points };
        let style = Style { size: Some((400, 300)), range: Some((0.0, 4.0)), ..Style::default() };
        let image = draw(std::slice::from_ref(&curve), &style).unwrap();
        let rows: Vec<usize> = (0..300).filter(|y| image.at(150, *y) == COLOURS[0]).collect();
        assert!(!rows.is_empty());
        let crossing = (0..400).filter(|x| image.at(*x, rows[0]) == COLOURS[0]).count();
        let inked = (0..400).filter(|x| image.at(*x, rows[0]) != WHITE).count();
        assert!(crossing < inked && inked > 300, "{crossing} {inked}");
        let log = Style { logarithmic: true, range: None, ..style };
        assert!(draw(std::slice::from_ref(&curve), &log).is_ok());
        let negative = Curve { points: vec![[0.0, -1.0], [1.0, 0.0]], ..curve };
        assert!(matches!(draw(&[negative], &log), Err(PlotError::Nothing)));
    }
}
