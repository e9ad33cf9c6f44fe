//! Pictures to files: PNG, and one after the other as animated PNG or GIF. Files appear whole or not at all.

use super::PlotError;
use super::image::Image;
use crate::files;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Kinds of files for several pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Animation {
    /// Animated PNG: all colours.
    Png,
    /// GIF: 256 colours.
    Gif,
}

fn failed(path: &Path) -> impl Fn(String) -> PlotError + '_ {
    move |cause| PlotError::Write { path: path.into(), cause }
}

/// Writes a picture as PNG.
///
/// # Errors
/// The file cannot be written.
pub fn png(path: &Path, image: &Image) -> Result<(), PlotError> {
    animate(path, Animation::Png, 1, 0.0, |_| Ok::<_, PlotError>(image.clone()))
}

/// Writes `count` pictures of one size, which `picture` makes in order, into one file that shows each for so many seconds, over
/// and over.
///
/// # Errors
/// Those of `picture`; the file cannot be written.
pub fn animate<E: From<PlotError>>(
    path: &Path,
    kind: Animation,
    count: usize,
    seconds: f64,
    mut picture: impl FnMut(usize) -> Result<Image, E>,
) -> Result<(), E> {
    let fail = failed(path);
    let mut size = None;
    let mut picture = |i: usize| -> Result<Image, E> {
        let image = picture(i)?;
        let own = (image.width, image.height);
        if *size.get_or_insert(own) != own {
            return Err(fail(format!("picture {} is of another size than the first", i + 1)).into());
        }
        Ok(image)
    };
    let fill = |temporary: &Path| {
        let file = File::create(temporary).map_err(|e| fail(e.to_string()))?;
        let mut file = BufWriter::new(file);
        match kind {
            Animation::Png => {
                let first = picture(0)?;
                let mut encoder = png::Encoder::new(&mut file, first.width as u32, first.height as u32);
                encoder.set_color(png::ColorType::Rgb);
                encoder.set_depth(png::BitDepth::Eight);
                encoder.set_compression(png::Compression::High);
                if count > 1 {
                    let png = |e: png::EncodingError| fail(e.to_string());
                    encoder.set_animated(count as u32, 0).map_err(png)?;
                    encoder.set_frame_delay((1000.0 * seconds) as u16, 1000).map_err(png)?;
                }
                let mut writer = encoder.write_header().map_err(|e| fail(e.to_string()))?;
                let mut next = Some(first);
                for i in 0..count {
                    let image = match next.take() {
                        Some(first) => first,
                        None => picture(i)?,
                    };
                    writer.write_image_data(image.bytes()).map_err(|e| fail(e.to_string()))?;
                }
                writer.finish().map_err(|e| fail(e.to_string()))?;
            }
            Animation::Gif => {
                let first = picture(0)?;
                let size = (first.width as u16, first.height as u16);
                let gif = |e: gif::EncodingError| fail(e.to_string());
                let mut encoder = gif::Encoder::new(&mut file, size.0, size.1, &[]).map_err(gif)?;
                encoder.set_repeat(gif::Repeat::Infinite).map_err(gif)?;
                let mut next = Some(first);
                for i in 0..count {
                    let image = match next.take() {
                        Some(first) => first,
                        None => picture(i)?,
                    };
                    let mut frame = gif::Frame::from_rgb_speed(size.0, size.1, image.bytes(), 10);
                    frame.delay = (100.0 * seconds).round() as u16;
                    encoder.write_frame(&frame).map_err(gif)?;
                }
            }
        }
        Ok(file.flush().map_err(|e| fail(e.to_string()))?)
    };
    files::replace(path, fill, |e| E::from(failed(path)(e.to_string())))
}
