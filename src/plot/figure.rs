//! The picture of a field: colours in a frame with ticks, a colour bar, the mesh and lines of equal value over it.

use super::axes::{self, Axis, Scale, Sizes};
use super::colour::{Map, colour};
use super::contour;
use super::field::Raster;
use super::image::{Area, INK, Image, Rgb};
use super::scene::{Scene, Window};
use super::text::{self, Anchor};
use super::{LEAST, MOST, PlotError};

/// What a picture looks like.
#[derive(Clone, Debug)]
pub struct Style {
    /// Size in pixels; by default one that suits what is seen.
    pub size: Option<(usize, usize)>,
    /// What stands above.
    pub title: String,
    /// What stands beside the colour bar.
    pub label: String,
    /// Colours.
    pub map: Map,
    /// Values of the first and the last colour.
    pub range: (f64, f64),
    /// Whether the sides of elements are drawn.
    pub mesh: bool,
    /// Number of lines of equal value.
    pub contours: usize,
    /// What is seen; by default all there is.
    pub window: Option<Window>,
}

/// Pixels of the field where no size is given.
const FIELD: [f64; 2] = [1000.0, 760.0];

/// Share of a colour that is left where no light falls: shapes are to be seen, but colours are to be found on the colour bar,
/// which has no shades (35 % made a dark red of an orange).
const UNLIT: f64 = 0.7;

/// A colour in so much light, 0 to 1.
fn shaded(colour: Rgb, light: f32) -> Rgb {
    let share = UNLIT + (1.0 - UNLIT) * f64::from(light);
    colour.map(|c| (f64::from(c) * share).round() as u8)
}

/// Where the parts of a picture are.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Size of the picture.
    pub size: (usize, usize),
    /// The field's pixels.
    pub field: Area,
    /// The colour bar's.
    pub bar: Area,
    /// What of the plane the field shows.
    pub window: Window,
    sizes: Sizes,
    axes: Option<[Axis; 2]>,
    colours: Axis,
    left: usize,
}

impl Layout {
    /// Arranges a picture of `scene`.
    ///
    /// # Errors
    /// A size that leaves no room, or too large a one; a window without a size.
    pub fn new(scene: &Scene, style: &Style) -> Result<Layout, PlotError> {
        let window = style.window.unwrap_or(scene.bounds);
        let extent = window.size();
        if !extent.iter().all(|x| x.is_finite() && *x > 0.0) {
            return Err(PlotError::Nothing);
        }
        if let Some((w, h)) = style.size.filter(|(w, h)| *w.min(h) < LEAST || *w.max(h) > MOST) {
            return Err(PlotError::Size(w, h));
        }
        let free = (FIELD[0] / extent[0]).min(FIELD[1] / extent[1]);
        let longer = style.size.map_or(1.25 * free * extent[0].max(extent[1]), |(w, h)| w.max(h) as f64);
        let sizes = Sizes::of(longer as usize);
        let axis = |range: (f64, f64), name: &str, length: f64, apart: f64| {
            let scale = Scale { range, logarithmic: false };
            Axis { scale, ticks: scale.ticks(length as usize, apart * sizes.letters), name: name.into() }
        };
        let room = |scale: f64, names: Option<[&str; 2]>| {
            let (w, h) = (scale * extent[0], scale * extent[1]);
            names.map(|[u, v]| {
                [
                    axis((window.low[0], window.high[0]), u, w, 6.0),
                    axis((window.low[1], window.high[1]), v, h, 3.5),
                ]
            })
        };
        let colours = |height: f64| axis(style.range, &style.label, height, 3.0);
        // Once for the room that labels take, and once more for the length that is left.
        let mut scale = free;
        let mut pieces = None;
        for _ in 0..2 {
            let axes = room(scale, scene.axes());
            let bar_height = (scale * extent[1]).max(6.0 * sizes.letters);
            let colours = colours(bar_height);
            let left = axes.as_ref().map_or(sizes.letters as usize, |[_, v]| v.width(sizes));
            let bottom = if axes.is_some() { Axis::height(sizes, true) } else { sizes.letters as usize };
            let gap = (1.2 * sizes.letters) as usize;
            let bar = (1.3 * sizes.letters) as usize;
            let colour_room = colours.width(sizes);
            let right = gap + bar + 2 * sizes.line + colour_room;
            let top =
                (sizes.letters + if style.title.is_empty() { 0.8 } else { 2.0 } * sizes.letters) as usize;
            let (left, bottom) = (left + sizes.line, bottom + sizes.line);
            if let Some((w, h)) = style.size {
                let (w, h) = (w as f64 - (left + right) as f64, h as f64 - (top + bottom) as f64);
                if w < 20.0 || h < 20.0 {
                    let (w, h) = style.size.unwrap_or_default();
                    return Err(PlotError::Size(w, h));
                }
                scale = (w / extent[0]).min(h / extent[1]);
            }
            pieces = Some((axes, colours, left, bottom, right, top, gap, bar, bar_height));
        }
        let (axes, colours, left, bottom, right, top, gap, bar, _) = pieces.ok_or(PlotError::Nothing)?;
        let pixels = extent.map(|x| ((scale * x).round() as usize).max(1));
        let bar_height = pixels[1].max((6.0 * sizes.letters) as usize);
        let size = style.size.unwrap_or((left + pixels[0] + right, top + bar_height + bottom));
        let free_x = size.0.saturating_sub(left + pixels[0] + right) / 2;
        let free_y = size.1.saturating_sub(top + bar_height + bottom) / 2;
        let field = Area {
            x: left + free_x,
            y: top + free_y + (bar_height - pixels[1]) / 2,
            width: pixels[0],
            height: pixels[1],
        };
        let bar = Area {
            x: field.x + field.width + sizes.line + gap,
            y: top + free_y,
            width: bar,
            height: bar_height,
        };
        Ok(Layout { size, field, bar, window, sizes, axes, colours, left })
    }

    /// The size of the field in pixels.
    pub fn pixels(&self) -> (usize, usize) {
        (self.field.width, self.field.height)
    }

    /// Length of a pixel in the plane of the picture.
    fn pixel(&self) -> f64 {
        self.window.size()[0] / self.field.width as f64
    }

    /// Draws the picture.
    pub fn draw(&self, scene: &Scene, raster: &Raster, style: &Style) -> Image {
        let mut image = Image::new(self.size.0, self.size.1);
        let Area { x, y, width, height } = self.field;
        for (i, value) in raster.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let mut pixel = colour(style.map, *value, style.range);
            if let Some(light) = raster.light.get(i) {
                pixel = shaded(pixel, *light);
            }
            image.pixels[(y + i / width) * self.size.0 + x + i % width] = pixel;
        }
        let line = self.sizes.line as f64;
        let flat = raster.light.is_empty();
        let on_picture = |p: [f64; 2]| {
            let size = self.window.size();
            [
                x as f64 + (p[0] - self.window.low[0]) / size[0] * width as f64,
                y as f64 + (self.window.high[1] - p[1]) / size[1] * height as f64,
            ]
        };
        let sides = |boundaries: bool| -> Vec<Vec<[f64; 2]>> {
            let sides = scene.sides(self.pixel(), boundaries);
            sides.into_iter().map(|l| l.into_iter().map(on_picture).collect()).collect()
        };
        if style.contours > 0 {
            let (low, high) = style.range;
            let level = |i: usize| low + (high - low) * (i + 1) as f64 / (style.contours + 1) as f64;
            let place = |p: [f64; 2]| [x as f64 + p[0], y as f64 + p[1]];
            let lines = (0..style.contours).flat_map(|i| contour::lines(raster, level(i)));
            let lines: Vec<Vec<[f64; 2]>> = lines.map(|l| l.map(place).to_vec()).collect();
            axes::curves(&mut image, self.field, &lines, 1.1 * line, INK, 0.75);
        }
        if style.mesh && flat {
            axes::curves(&mut image, self.field, &sides(false), line, INK, 0.45);
        }
        if flat {
            axes::curves(&mut image, self.field, &sides(true), 1.5 * line, INK, 1.0);
        }
        self.colour_bar(&mut image, style);
        if let Some([u, v]) = &self.axes {
            axes::border(&mut image, self.field, self.sizes.line);
            axes::below(&mut image, self.field, u, self.sizes);
            axes::beside(&mut image, self.field, v, self.sizes, false, self.left);
        }
        let middle = x as f64 + 0.5 * width as f64;
        let base = self.field.y.min(self.bar.y) as f64 - 0.9 * self.sizes.letters;
        text::write(&mut image, &style.title, self.sizes.title, [middle, base], Anchor::Middle, INK);
        image
    }

    fn colour_bar(&self, image: &mut Image, style: &Style) {
        let Area { x, y, width, height } = self.bar;
        for row in 0..height {
            let share = 1.0 - (row as f64 + 0.5) / height as f64;
            image.fill(Area { x, y: y + row, width, height: 1 }, (style.map)(share));
        }
        axes::border(image, self.bar, self.sizes.line);
        axes::beside(image, self.bar, &self.colours, self.sizes, true, self.colours.width(self.sizes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_leave_colours_recognisable() {
        assert_eq!(shaded([200, 100, 40], 1.0), [200, 100, 40]);
        assert_eq!(shaded([200, 100, 40], 0.0), [140, 70, 28]);
    }
}
