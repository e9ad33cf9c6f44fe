//! Text, in letters that the program carries: those of DejaVu Sans for Latin, Greek and a few signs.

use super::image::{Image, Rgb};
use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use std::sync::OnceLock;

/// A subset of DejaVu Sans 2.37 without instructions; its licence lies beside it.
const LETTERS: &[u8] = include_bytes!("font/letters.ttf");

fn font() -> &'static FontRef<'static> {
    static FONT: OnceLock<FontRef<'static>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(LETTERS).expect("the font is part of the program"))
}

/// Where a text stands, seen from the point that is given with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

impl Anchor {
    /// How far before the point it begins, as a share of its length.
    fn share(self) -> f64 {
        match self {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        }
    }
}

/// Coverage of pixels by a line of text.
struct Mask {
    width: usize,
    height: usize,
    /// Length of the text, which may differ from the pixels it covers.
    length: f64,
    coverage: Vec<f32>,
}

/// Height of a capital letter, as a share of the size of the letters.
pub const CAPITAL: f64 = 0.73;

fn scale(size: f64) -> PxScale {
    let font = font();
    let em = f64::from(font.units_per_em().unwrap_or(2048.0));
    // The size is that of the em square, as everywhere; here it has to be that from ascent to descent.
    PxScale::from((size * f64::from(font.height_unscaled()) / em) as f32)
}

/// Length of a text in pixels, in letters of a size.
pub fn length(text: &str, size: f64) -> f64 {
    let font = font().as_scaled(scale(size));
    text.chars().map(|c| f64::from(font.h_advance(font.glyph_id(c)))).sum()
}

/// The text with its base line at row `2 size` of `3 size`.
fn mask(text: &str, size: f64) -> Mask {
    let (length, height) = (length(text, size), (3.0 * size).ceil() as usize);
    let margin = size.ceil() as usize;
    let width = length.ceil() as usize + 2 * margin;
    let font = font().as_scaled(scale(size));
    let mut coverage = vec![0.0_f32; width * height];
    let mut x = margin as f32;
    for c in text.chars() {
        let id = font.glyph_id(c);
        let glyph = id.with_scale_and_position(scale(size), point(x, (2.0 * size).round() as f32));
        x += font.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|i, j, covered| {
            let (column, row) = (corner.x as i64 + i64::from(i), corner.y as i64 + i64::from(j));
            if (0..width as i64).contains(&column) && (0..height as i64).contains(&row) {
                let to = &mut coverage[row as usize * width + column as usize];
                *to = (*to + covered).min(1.0);
            }
        });
    }
    Mask { width, height, length, coverage }
}

/// Writes a text; `at`: the point of its base line that `anchor` speaks of.
pub fn write(image: &mut Image, text: &str, size: f64, at: [f64; 2], anchor: Anchor, colour: Rgb) {
    let mask = mask(text, size);
    let left = (at[0] - anchor.share() * mask.length).round() as i64 - size.ceil() as i64;
    let top = at[1].round() as i64 - (2.0 * size).round() as i64;
    for (i, covered) in mask.coverage.iter().enumerate().filter(|(_, c)| **c > 0.0) {
        let (x, y) = ((i % mask.width) as i64, (i / mask.width) as i64);
        image.blend(left + x, top + y, colour, f64::from(*covered));
    }
}

/// Writes a text that runs upwards, with its middle at `at`, a point of its base line.
pub fn write_upwards(image: &mut Image, text: &str, size: f64, at: [f64; 2], colour: Rgb) {
    let mask = mask(text, size);
    let bottom = (at[1] + 0.5 * mask.length).round() as i64 + size.ceil() as i64;
    let left = at[0].round() as i64 - (2.0 * size).round() as i64;
    for (i, covered) in mask.coverage.iter().enumerate().filter(|(_, c)| **c > 0.0) {
        let (x, y) = ((i % mask.width) as i64, (i / mask.width) as i64);
        debug_assert!((y as usize) < mask.height);
        image.blend(left + y, bottom - x, colour, f64::from(*covered));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::image::WHITE;

    #[test]
    fn text_is_as_long_as_it_says_and_stands_where_it_is_put() {
        let mut image = Image::new(200, 60);
        write(&mut image, "Hxe-12", 20.0, [100.0, 40.0], Anchor::Middle, [0; 3]);
        let inked: Vec<[usize; 2]> =
            (0..200 * 60).filter(|i| image.pixels[*i] != WHITE).map(|i| [i % 200, i / 200]).collect();
        let columns = inked.iter().map(|p| p[0]);
        let (first, last) = (columns.clone().min().unwrap() as f64, columns.max().unwrap() as f64);
        let half = 0.5 * length("Hxe-12", 20.0);
        assert!(
            (first - (100.0 - half)).abs() < 4.0 && (last - (100.0 + half)).abs() < 4.0,
            "{first} {last}"
        );
        let top = inked.iter().map(|p| p[1]).min().unwrap() as f64;
        assert!((top - (40.0 - CAPITAL * 20.0)).abs() <= 1.5, "{top}");
        assert!(inked.iter().all(|p| p[1] <= 40));
    }

    #[test]
    fn letters_of_axes_are_in_the_font() {
        let missing = font().glyph_id('\u{fffe}');
        for c in ('!'..='~').chain("−×·⁻⁰¹²³⁴⁵⁶⁷⁸⁹γμρωäéß".chars()) {
            assert!(font().glyph_id(c) != missing, "{c}");
        }
    }
}
