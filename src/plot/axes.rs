//! A frame with ticks, numbers and names.

use super::image::{Area, INK, Image, Rgb, Strokes};
use super::text::{self, Anchor};
use super::ticks::{self, Ticks};

/// Sizes in pixels that follow from that of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// Of letters.
    pub letters: f64,
    /// Of the title's.
    pub title: f64,
    /// Thickness of the frame.
    pub line: usize,
    /// Length of a tick.
    pub tick: f64,
}

impl Sizes {
    /// For a picture whose longer side has so many pixels.
    pub fn of(longer: usize) -> Sizes {
        let letters = (longer as f64 / 55.0).clamp(9.0, 160.0);
        let line = (letters / 16.0).round().max(1.0);
        Sizes { letters, title: 1.2 * letters, line: line as usize, tick: (0.3 * letters).round().max(3.0) }
    }
}

/// What an axis counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Numbers at the beginning and the end.
    pub range: (f64, f64),
    /// Whether equal lengths are equal factors.
    pub logarithmic: bool,
}

impl Scale {
    /// How far along the axis a number is, 0 to 1 within.
    pub fn share(&self, x: f64) -> f64 {
        let (low, high) = self.range;
        if self.logarithmic { (x / low).ln() / (high / low).ln() } else { (x - low) / (high - low) }
    }

    /// Ticks on an axis of `length` pixels, for labels `wide` pixels apart.
    pub fn ticks(&self, length: usize, wide: f64) -> Ticks {
        let count = ((length as f64 / wide) as usize).clamp(1, 12);
        if self.logarithmic {
            ticks::logarithmic(self.range, count)
        } else {
            ticks::linear(self.range, count)
        }
    }
}

/// One axis of a frame.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it counts.
    pub scale: Scale,
    /// Its ticks.
    pub ticks: Ticks,
    /// What stands beside it.
    pub name: String,
}

impl Axis {
    /// Room that the labels of a vertical axis take, name included.
    pub fn width(&self, sizes: Sizes) -> usize {
        let widest = self.ticks.labels.iter().map(|l| text::length(l, sizes.letters)).fold(0.0, f64::max);
        let name = if self.name.is_empty() { 0.3 } else { 1.7 };
        (widest + 2.0 * sizes.tick + name * sizes.letters).ceil() as usize
    }

    /// Room that the labels of a horizontal axis take.
    pub fn height(sizes: Sizes, name: bool) -> usize {
        (2.0 * sizes.tick + if name { 2.8 } else { 1.4 } * sizes.letters).ceil() as usize
    }
}

/// Draws the border of an area, outside of it.
pub fn border(image: &mut Image, area: Area, thickness: usize) {
    let Area { x, y, width, height } = area;
    let (left, top) = (x.saturating_sub(thickness), y.saturating_sub(thickness));
    let across = width + 2 * thickness;
    for (x, y, width, height) in [
        (left, top, across, thickness),
        (left, y + height, across, thickness),
        (left, top, thickness, height + 2 * thickness),
        (x + width, top, thickness, height + 2 * thickness),
    ] {
        image.fill(Area { x, y, width, height }, INK);
    }
}

/// Draws the axis below an area.
pub fn below(image: &mut Image, area: Area, axis: &Axis, sizes: Sizes) {
    let bottom = area.y + area.height + sizes.line;
    let base = bottom as f64 + 1.5 * sizes.tick + 0.95 * sizes.letters;
    let mut end = f64::NEG_INFINITY;
    for (at, label) in axis.ticks.at.iter().zip(&axis.ticks.labels) {
        let x = area.x as f64 + axis.scale.share(*at) * area.width as f64;
        tick(image, x, bottom, sizes, label.is_empty());
        let half = 0.5 * text::length(label, sizes.letters);
        // Labels that would touch are left out.
        if !label.is_empty() && x - half > end + 0.3 * sizes.letters {
            text::write(image, label, sizes.letters, [x, base], Anchor::Middle, INK);
            end = x + half;
        }
    }
    let right = (area.x + area.width) as f64;
    let next = base + 1.4 * sizes.letters;
    if let Some(factor) = &axis.ticks.factor {
        text::write(image, factor, sizes.letters, [right, next], Anchor::End, INK);
    }
    let middle = area.x as f64 + 0.5 * area.width as f64;
    text::write(image, &axis.name, sizes.letters, [middle, next], Anchor::Middle, INK);
}

/// Draws the axis to the left of an area, or to its right; `width` is the room it has.
pub fn beside(image: &mut Image, area: Area, axis: &Axis, sizes: Sizes, right: bool, width: usize) {
    let edge = if right { area.x + area.width + sizes.line } else { area.x - sizes.line };
    let direction = if right { 1.0 } else { -1.0 };
    for (at, label) in axis.ticks.at.iter().zip(&axis.ticks.labels) {
        let y = area.y as f64 + (1.0 - axis.scale.share(*at)) * area.height as f64;
        let from = if right { edge } else { edge - sizes.tick as usize };
        tick_across(image, from, y, sizes, label.is_empty(), right);
        let x = edge as f64 + direction * 1.6 * sizes.tick;
        let base = y + 0.5 * text::CAPITAL * sizes.letters;
        text::write(
            image,
            label,
            sizes.letters,
            [x, base],
            if right { Anchor::Start } else { Anchor::End },
            INK,
        );
    }
    if let Some(factor) = &axis.ticks.factor {
        let (x, anchor) = (if right { area.x } else { area.x - sizes.line }, Anchor::Start);
        let base = area.y as f64 - 0.5 * sizes.letters;
        text::write(image, factor, sizes.letters, [x as f64, base], anchor, INK);
    }
    let middle = area.y as f64 + 0.5 * area.height as f64;
    let x = if right {
        (edge + width) as f64 - 0.4 * sizes.letters
    } else {
        edge as f64 - width as f64 + sizes.letters
    };
    text::write_upwards(image, &axis.name, sizes.letters, [x, middle], INK);
}

fn tick(image: &mut Image, x: f64, top: usize, sizes: Sizes, small: bool) {
    let length = if small { 0.5 * sizes.tick } else { sizes.tick };
    let left = (x - 0.5 * sizes.line as f64).round().max(0.0) as usize;
    image.fill(Area { x: left, y: top, width: sizes.line, height: length as usize }, INK);
}

fn tick_across(image: &mut Image, left: usize, y: f64, sizes: Sizes, small: bool, right: bool) {
    let length = if small { 0.5 * sizes.tick } else { sizes.tick } as usize;
    let x = if right { left } else { left + sizes.tick as usize - length };
    let top = (y - 0.5 * sizes.line as f64).round().max(0.0) as usize;
    image.fill(Area { x, y: top, width: length, height: sizes.line }, INK);
}

/// Draws lines of a colour in an area, through the points that `curves` list in pixels of the picture.
pub fn curves(
    image: &mut Image,
    area: Area,
    curves: &[Vec<[f64; 2]>],
    thickness: f64,
    colour: Rgb,
    opacity: f64,
) {
    let mut strokes = Strokes::new(area, thickness);
    curves.iter().for_each(|points| strokes.path(points));
    strokes.draw(image, colour, opacity);
}
