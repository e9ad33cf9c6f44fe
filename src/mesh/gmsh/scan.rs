//! Reads numbers, as text or binary alike, from bytes in memory.
//!
//! Text is taken as a sequence of tokens between white space, as Gmsh itself reads it; where its lines end does not
//! matter. Only byte offsets are kept: line numbers are counted when a message needs one.

use super::error::{Problem, Scan, fault};
use super::text;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Text,
    /// Binary, least significant byte first.
    Little,
    /// Binary, most significant byte first.
    Big,
}

/// How many numbers of each kind an entry has at least.
#[derive(Clone, Copy, Default)]
pub(super) struct Width {
    /// 4-byte integers.
    pub ints: usize,
    /// 8-byte integers.
    pub sizes: usize,
    /// Doubles.
    pub reals: usize,
}

/// A place in bytes of a file that are in memory.
pub(super) struct Cursor<'a> {
    /// Bytes from the offset `base` of the file on.
    data: &'a [u8],
    pos: usize,
    base: usize,
    /// Bytes of the whole file.
    total: usize,
    /// Encoding of what [`Scanner::int`], [`Scanner::size`] and [`Scanner::real`] read.
    encoding: Encoding,
    /// True once a byte was asked for that is in the file but not in `data`: whatever was read then means nothing.
    pub starved: bool,
}

/// White space, as it separates tokens.
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c)
}

impl<'a> Cursor<'a> {
    /// At the start of `data`, which begins `base` bytes into a file of `total`.
    pub fn new(data: &'a [u8], base: usize, total: usize, encoding: Encoding) -> Self {
        Cursor { data, pos: 0, base, total, encoding, starved: false }
    }

    /// Bytes read of the data.
    pub fn used(&self) -> usize {
        self.pos
    }

    /// Offset in the file of a place in the data.
    fn offset(&self, pos: usize) -> usize {
        self.base + pos
    }

    /// The byte at a place in the data.
    #[inline(always)]
    fn get(&mut self, pos: usize) -> Option<u8> {
        match self.data.get(pos) {
            Some(&b) => Some(b),
            None => {
                self.starve();
                None
            }
        }
    }

    #[cold]
    fn starve(&mut self) {
        self.starved |= self.base + self.data.len() < self.total;
    }

    /// Goes to the next token.
    #[inline(always)]
    fn skip_space(&mut self) -> usize {
        while self.get(self.pos).is_some_and(is_space) {
            self.pos += 1;
        }
        self.pos
    }

    /// Offset of the next token.
    pub fn text_here(&mut self) -> usize {
        let pos = self.skip_space();
        self.offset(pos)
    }

    /// Steps over the mark that some editors put before UTF-8 text.
    pub fn skip_byte_order_mark(&mut self) {
        self.skip_prefix(b"\xef\xbb\xbf");
    }

    /// Steps over these bytes if they are next.
    fn skip_prefix(&mut self, prefix: &[u8]) -> bool {
        for (i, &b) in prefix.iter().enumerate() {
            if self.get(self.pos + i) != Some(b) {
                return false;
            }
        }
        self.pos += prefix.len();
        true
    }

    /// Steps over these bytes if they are next and a whole token.
    pub fn skip_token(&mut self, token: &[u8]) -> bool {
        let start = self.pos;
        if self.skip_prefix(token) && self.get(self.pos).is_none_or(is_space) {
            return true;
        }
        self.pos = start;
        false
    }

    /// The next token: `expected` says in messages what it should be.
    pub fn token(&mut self, expected: &'static str) -> Scan<&'a [u8]> {
        let start = self.skip_space();
        while self.get(self.pos).is_some_and(|b| !is_space(b)) {
            self.pos += 1;
        }
        if self.pos == start {
            return fault(self.offset(start), Problem::Truncated { expected });
        }
        Ok(&self.data[start..self.pos])
    }

    /// The error that the token at `start` is not what was expected.
    #[cold]
    fn unexpected<T>(&mut self, start: usize, expected: &'static str) -> Scan<T> {
        self.pos = start;
        let found = text(self.token(expected)?);
        if found.starts_with("$End") {
            return fault(self.offset(start), Problem::EndsEarly { expected, found });
        }
        fault(self.offset(start), Problem::Expected { expected, found })
    }

    /// A non-negative number in text.
    pub fn text_size(&mut self, expected: &'static str) -> Scan<u64> {
        let start = self.skip_space();
        let mut value = 0u64;
        let mut pos = start;
        while let Some(b) = self.get(pos) {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            match value.checked_mul(10).and_then(|v| v.checked_add(digit.into())) {
                Some(v) => value = v,
                None => return self.unexpected(start, expected),
            }
            pos += 1;
        }
        if pos == start || self.data.get(pos).is_some_and(|&b| !is_space(b)) {
            return self.unexpected(start, expected);
        }
        self.pos = pos;
        Ok(value)
    }

    /// A 4-byte signed number in text.
    pub fn text_int(&mut self, expected: &'static str) -> Scan<i32> {
        let start = self.skip_space();
        let negative = self.get(start) == Some(b'-');
        // Without this, `- 1` would count as a number.
        if negative && self.get(start + 1).is_none_or(is_space) {
            return self.unexpected(start, expected);
        }
        self.pos += usize::from(negative);
        let size = match self.text_size(expected) {
            Ok(size) => i64::try_from(size).unwrap_or(i64::MAX),
            Err(_) => return self.unexpected(start, expected),
        };
        match i32::try_from(if negative { -size } else { size }) {
            Ok(value) => Ok(value),
            Err(_) => self.unexpected(start, expected),
        }
    }

    /// The next `N` bytes as they are.
    pub fn bytes<const N: usize>(&mut self) -> Scan<[u8; N]> {
        match self.data[self.pos..].first_chunk() {
            Some(bytes) => {
                self.pos += N;
                Ok(*bytes)
            }
            None => {
                self.starve();
                fault(self.offset(self.pos), Problem::Truncated { expected: "a number" })
            }
        }
    }

    fn int(&mut self, expected: &'static str) -> Scan<i32> {
        match self.encoding {
            Encoding::Text => self.text_int(expected),
            Encoding::Little => self.bytes().map(i32::from_le_bytes),
            Encoding::Big => self.bytes().map(i32::from_be_bytes),
        }
    }

    fn count(&mut self, expected: &'static str) -> Scan<u64> {
        if self.encoding == Encoding::Text {
            return self.text_size(expected);
        }
        let start = self.offset(self.pos);
        let value = self.int(expected)?;
        match u64::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) => fault(start, Problem::Expected { expected, found: value.to_string() }),
        }
    }

    fn size(&mut self, expected: &'static str) -> Scan<u64> {
        match self.encoding {
            Encoding::Text => self.text_size(expected),
            Encoding::Little => self.bytes().map(u64::from_le_bytes),
            Encoding::Big => self.bytes().map(u64::from_be_bytes),
        }
    }

    fn real(&mut self) -> Scan<f64> {
        let start = if self.encoding == Encoding::Text { self.skip_space() } else { self.pos };
        let value = match self.encoding {
            Encoding::Text => {
                let token = self.token("a coordinate")?;
                match std::str::from_utf8(token).ok().and_then(|t| t.parse().ok()) {
                    Some(value) => value,
                    None => return self.unexpected(start, "a coordinate"),
                }
            }
            Encoding::Little => self.bytes().map(f64::from_le_bytes)?,
            Encoding::Big => self.bytes().map(f64::from_be_bytes)?,
        };
        if !value.is_finite() {
            return fault(self.offset(start), Problem::NotFinite { found: value.to_string() });
        }
        Ok(value)
    }

    /// A quoted string on one line of text, without the quotes.
    pub fn quoted(&mut self, expected: &'static str) -> Scan<&'a [u8]> {
        let start = self.skip_space();
        if self.get(start) != Some(b'"') {
            return self.unexpected(start, expected);
        }
        let mut end = start + 1;
        while self.get(end).is_some_and(|b| b != b'"' && b != b'\n') {
            end += 1;
        }
        if self.data.get(end) != Some(&b'"') {
            return self.unexpected(start, expected);
        }
        self.pos = end + 1;
        Ok(&self.data[start + 1..end])
    }

    /// Ends a line of text; binary numbers may follow.
    pub fn end_line(&mut self) -> Scan<()> {
        while let Some(b) = self.get(self.pos) {
            if !is_space(b) {
                return self.unexpected(self.pos, "the end of the line");
            }
            self.pos += 1;
            if b == b'\n' {
                return Ok(());
            }
        }
        fault(self.offset(self.pos), Problem::Truncated { expected: "the end of the line" })
    }

    /// Opens the next section: its offset and its name without the dollar sign; nothing at the end of the file.
    pub fn section(&mut self) -> Scan<Option<(usize, &'a [u8])>> {
        let start = self.skip_space();
        let at = self.offset(start);
        if start == self.data.len() {
            return Ok(None);
        }
        let token = self.token("a section")?;
        match token.strip_prefix(b"$") {
            Some(name) if !name.starts_with(b"End") => {
                self.end_line()?;
                Ok(Some((at, name)))
            }
            _ => fault(at, Problem::NotSection { found: text(token) }),
        }
    }

    /// Closes a section of which everything was read.
    pub fn end_section(&mut self, name: &[u8]) -> Scan<()> {
        let start = self.skip_space();
        let at = self.offset(start);
        if start == self.data.len() {
            return fault(at, Problem::SectionOpen { name: text(name) });
        }
        let token = self.token("the end of the section")?;
        if token.strip_prefix(b"$End") != Some(name) {
            return fault(at, Problem::EndsLate { name: text(name), found: text(token) });
        }
        Ok(())
    }
}

/// Reads one number after the other, from memory or from a file.
pub(super) trait Scanner {
    /// Runs `read` on the bytes that come next. It may run again, from the same place, with more of the file in
    /// memory: it should read one thing and do nothing else.
    fn step<T>(&mut self, read: impl FnMut(&mut Cursor) -> Scan<T>) -> Scan<T>;

    /// Encoding of what [`int`](Scanner::int), [`size`](Scanner::size) and [`real`](Scanner::real) read.
    fn encoding(&self) -> Encoding;

    /// Bytes left in the file.
    fn room(&self) -> usize;

    /// Offset of the next number.
    fn here(&mut self) -> Scan<usize> {
        let encoding = self.encoding();
        self.step(|c| Ok(if encoding == Encoding::Text { c.text_here() } else { c.offset(c.pos) }))
    }

    /// A 4-byte signed number.
    fn int(&mut self, expected: &'static str) -> Scan<i32> {
        self.step(|c| c.int(expected))
    }

    /// A 4-byte number that must not be negative; in text it may be larger.
    fn count(&mut self, expected: &'static str) -> Scan<u64> {
        self.step(|c| c.count(expected))
    }

    /// An 8-byte number.
    fn size(&mut self, expected: &'static str) -> Scan<u64> {
        self.step(|c| c.size(expected))
    }

    /// A finite double.
    fn real(&mut self) -> Scan<f64> {
        self.step(|c| c.real())
    }

    /// Steps over `count` doubles, whatever they are.
    fn skip_reals(&mut self, count: usize) -> Scan<()> {
        let text = self.encoding() == Encoding::Text;
        for _ in 0..count {
            self.step(
                |c| if text { c.token("a coordinate").map(|_| ()) } else { c.bytes::<8>().map(|_| ()) },
            )?;
        }
        Ok(())
    }

    /// Steps over `count` 4-byte integers.
    fn skip_ints(&mut self, count: usize) -> Scan<()> {
        for _ in 0..count {
            self.int("an integer")?;
        }
        Ok(())
    }

    /// The least bytes that an entry of these numbers takes: in text a digit and a separator a number.
    fn bytes_of(&self, width: Width) -> usize {
        match self.encoding() {
            Encoding::Text => 2 * (width.ints + width.sizes + width.reals),
            _ => 4 * width.ints + 8 * (width.sizes + width.reals),
        }
    }

    /// `count`, met at `at`, once it is certain that so many entries of at least `bytes` each fit in what is left.
    fn announced(&self, at: usize, count: u64, bytes: usize, what: &'static str) -> Scan<usize> {
        let room = self.room();
        match usize::try_from(count) {
            Ok(n) if n.checked_mul(bytes).is_some_and(|total| total <= room) => Ok(n),
            _ => fault(at, Problem::Announced { count, what, room }),
        }
    }
}

impl Scanner for Cursor<'_> {
    #[inline(always)]
    fn step<T>(&mut self, mut read: impl FnMut(&mut Cursor) -> Scan<T>) -> Scan<T> {
        read(self)
    }

    fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn room(&self) -> usize {
        self.total - self.offset(self.pos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Cursor<'_> {
        Cursor::new(text.as_bytes(), 0, text.len(), Encoding::Text)
    }

    #[test]
    fn numbers_are_read_whole_or_refused() {
        let int = |s: &str| whole(s).int("x").ok();
        assert_eq!(int(" -12\n"), Some(-12));
        assert_eq!(int("2147483647"), Some(i32::MAX));
        assert_eq!(int("-2147483648"), Some(i32::MIN));
        for bad in ["", "-", "- 1", "1.5", "2147483648", "12a", "+-1", "99999999999999999999999", "$EndNodes"]
        {
            assert_eq!(int(bad), None, "{bad}");
        }
        let size = |s: &str| whole(s).size("x").ok();
        assert_eq!(size("18446744073709551615"), Some(u64::MAX));
        assert_eq!(size("18446744073709551616"), None);
        assert_eq!(size("-1"), None);
        let real = |s: &str| whole(s).real().ok();
        assert_eq!(real("-1.5e-3 "), Some(-1.5e-3));
        for bad in ["nan", "inf", "-infinity", "1e999", "1,5", "0x1p3", "\u{221e}", ""] {
            assert_eq!(real(bad), None, "{bad}");
        }
    }
}
