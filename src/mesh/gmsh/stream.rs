//! A file of which a window is in memory.

use super::error::{Place, Problem, Scan, fault};
use super::scan::{Cursor, Encoding, Scanner, is_space};
use super::text;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// What files are read from.
pub(super) trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// How a file is divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Bytes read at once.
    pub block: usize,
    /// Bytes, about, that one thread takes at once.
    pub piece: usize,
    /// Lists of less than this many entries are read one after the other.
    pub few: usize,
}

impl Default for Sizes {
    /// Small against a mesh, large against what starting a thread or a transfer costs.
    fn default() -> Self {
        Sizes { block: 4 << 20, piece: 128 << 10, few: 1024 }
    }
}

/// The longest token or quoted name, in bytes; without a limit, a file without white space would all be in memory.
const LONGEST: usize = 1 << 16;

/// A file being read from start to end.
pub(super) struct Stream<'a> {
    input: &'a mut dyn Input,
    /// Bytes of the file from the offset `base` on.
    window: Vec<u8>,
    base: usize,
    /// Place in the window.
    pos: usize,
    /// The bytes after the window, as far as they were read ahead.
    ahead: Vec<u8>,
    total: usize,
    progress: &'a dyn Fn(u64, u64),
    /// Encoding of numbers.
    pub encoding: Encoding,
    /// How the file is divided.
    pub sizes: Sizes,
    /// Why the file could not be read on, if that was so.
    pub failed: Option<io::Error>,
}

impl<'a> Stream<'a> {
    /// At the start of `input`, which has `total` bytes, reading text. Tells `progress` now and then how many bytes of
    /// how many are done.
    pub fn new(input: &'a mut dyn Input, total: usize, sizes: Sizes, progress: &'a dyn Fn(u64, u64)) -> Self {
        let (window, ahead) = Default::default();
        let (encoding, failed) = (Encoding::Text, None);
        Stream { input, window, base: 0, pos: 0, ahead, total, progress, encoding, sizes, failed }
    }

    /// Makes `least` bytes available, or all that the file has left.
    pub fn fill(&mut self, least: usize) -> Scan<()> {
        while self.window.len() - self.pos < least && self.base + self.window.len() < self.total {
            self.window.drain(..self.pos);
            self.base += self.pos;
            self.pos = 0;
            if self.ahead.is_empty() {
                let block = self.next_block();
                let read = read_block(self.input, &mut self.ahead, block);
                self.arrived(read)?;
            }
            if self.ahead.is_empty() {
                // Shorter than its size said.
                self.total = self.base + self.window.len();
            }
            self.window.append(&mut self.ahead);
            (self.progress)(self.base as u64, self.total as u64);
        }
        Ok(())
    }

    /// Bytes of the block after the window.
    fn next_block(&self) -> usize {
        self.sizes.block.min(self.total - self.base - self.window.len())
    }

    fn arrived(&mut self, read: io::Result<()>) -> Scan<()> {
        if let Err(error) = read {
            self.failed = Some(error);
            // Never shown: the reason of the system is.
            return fault(self.base, Problem::Truncated { expected: "more" });
        }
        Ok(())
    }

    /// The window from the present place on.
    pub fn rest(&self) -> &[u8] {
        &self.window[self.pos..]
    }

    /// True when the window reaches the end of the file.
    pub fn holds_end(&self) -> bool {
        self.base + self.window.len() == self.total
    }

    /// Goes on by `bytes`, which are in the window.
    pub fn advance(&mut self, bytes: usize) {
        self.pos += bytes;
    }

    fn window(&self) -> Window<'_> {
        let base = self.base + self.pos;
        Window { bytes: &self.window[self.pos..], base, total: self.total, encoding: self.encoding }
    }

    /// Runs `work` on the window from the present place on, while the block after it is read.
    pub fn read_ahead<T: Send>(&mut self, work: impl FnOnce(&Window) -> T + Send) -> Scan<T> {
        let Window { base, total, encoding, .. } = self.window();
        let window = Window { bytes: &self.window[self.pos..], base, total, encoding };
        let block = self.next_block();
        let (input, ahead) = (&mut *self.input, &mut self.ahead);
        let read = || if ahead.is_empty() { read_block(input, ahead, block) } else { Ok(()) };
        let (read, result) = rayon::join(read, || work(&window));
        self.arrived(read)?;
        Ok(result)
    }

    /// A non-negative number in text, and its offset.
    pub fn text_count(&mut self, expected: &'static str) -> Scan<(usize, u64)> {
        let at = self.step(|c| Ok(c.text_here()))?;
        Ok((at, self.step(|c| c.text_size(expected))?))
    }

    /// Goes past the line `$EndNAME` of the section that was opened at `at`, whatever stands before it.
    pub fn skip_section(&mut self, at: usize, name: &[u8]) -> Scan<()> {
        let end = [b"$End", name].concat();
        while !self.step(|c| Ok(c.skip_token(&end)))? {
            loop {
                self.fill(1)?;
                if self.rest().is_empty() {
                    return fault(at, Problem::SectionOpen { name: text(name) });
                }
                match self.rest().iter().position(|&b| b == b'\n') {
                    Some(length) => break self.pos += length + 1,
                    None => self.pos = self.window.len(),
                }
            }
        }
        Ok(())
    }
}

impl Scanner for Stream<'_> {
    fn step<T>(&mut self, mut read: impl FnMut(&mut Cursor) -> Scan<T>) -> Scan<T> {
        loop {
            let window = self.window();
            let mut cursor = window.cursor(0..window.bytes.len());
            let result = read(&mut cursor);
            if !cursor.starved {
                self.pos += cursor.used();
                return result;
            }
            if self.rest().len() >= LONGEST {
                if let Some(start) = self.rest().iter().position(|&b| !is_space(b)) {
                    let found = text(&self.rest()[start..]);
                    return fault(self.base + self.pos + start, Problem::TooLong { found });
                }
                self.pos = self.window.len();
            }
            self.fill(self.rest().len() + 1)?;
        }
    }

    fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn room(&self) -> usize {
        self.total - self.base - self.pos
    }
}

/// Bytes of a file.
pub(super) struct Window<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    base: usize,
    total: usize,
    encoding: Encoding,
}

impl<'a> Window<'a> {
    /// A cursor over a part of the window.
    pub fn cursor(&self, part: Range<usize>) -> Cursor<'a> {
        Cursor::new(&self.bytes[part.clone()], self.base + part.start, self.total, self.encoding)
    }
}

/// Reads up to `block` bytes into the empty vector `bytes`.
fn read_block(input: &mut dyn Input, bytes: &mut Vec<u8>, block: usize) -> io::Result<()> {
    // One byte more, so that the standard library sees the end without growing the vector.
    bytes.reserve(block + 1);
    input.take(block as u64).read_to_end(bytes).map(|_| ())
}

/// The place of a byte offset, for messages.
///
/// # Errors
/// When the file cannot be read again.
pub(super) fn place(input: &mut dyn Input, encoding: Encoding, at: usize) -> io::Result<Place> {
    if encoding != Encoding::Text {
        return Ok(Place::Byte(at));
    }
    input.seek(SeekFrom::Start(0))?;
    let (mut left, mut line, mut block) = (at, 1, Vec::new());
    while left > 0 {
        block.clear();
        read_block(input, &mut block, left.min(Sizes::default().block))?;
        if block.is_empty() {
            break;
        }
        left -= block.len();
        line += block.iter().filter(|&&b| b == b'\n').count();
    }
    Ok(Place::Line(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_finds_only_the_whole_end_line() {
        let data = b"\x00$EndA\n $EndA\n$EndAB\n$EndA\nrest";
        for block in 1..data.len() + 2 {
            let mut input = io::Cursor::new(data);
            let sizes = Sizes { block, ..Sizes::default() };
            let mut s = Stream::new(&mut input, data.len(), sizes, &|_, _| ());
            s.skip_section(0, b"A").unwrap();
            assert_eq!(s.step(|c| c.token("").map(<[u8]>::to_vec)).unwrap(), b"rest");
            assert!(s.window.len() < 16 + 2 * block);
        }
    }

    #[test]
    fn lines_are_counted_from_the_start() {
        let mut input = io::Cursor::new(b"a\nb\r\n\nc");
        let line = |at| place(&mut input, Encoding::Text, at).unwrap();
        assert_eq!([0, 1, 2, 5, 6, 99].map(line), [1, 1, 2, 3, 4, 4].map(Place::Line));
        assert_eq!(place(&mut input, Encoding::Big, 5).unwrap(), Place::Byte(5));
    }
}
