//! A cursor over the bytes of a file that reads numbers, as text or binary alike.
//!
//! Text is taken as a sequence of tokens between white space, as Gmsh itself reads it; where its lines end does not
//! matter. The cursor keeps byte offsets only: line numbers are counted when a message needs one.

use super::error::{Place, Problem, Scan, fault};
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

/// A place in the bytes of a file.
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    pos: usize,
    /// Encoding of what [`Cursor::int`], [`Cursor::size`] and [`Cursor::real`] read.
    pub encoding: Encoding,
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c)
}

impl<'a> Cursor<'a> {
    /// At the start of `data`, reading text.
    pub fn new(data: &'a [u8]) -> Self {
        Cursor { data, pos: 0, encoding: Encoding::Text }
    }

    /// The place of a byte offset, for messages.
    pub fn place(&self, at: usize) -> Place {
        match self.encoding {
            Encoding::Text => Place::Line(1 + self.data[..at].iter().filter(|&&b| b == b'\n').count()),
            _ => Place::Byte(at),
        }
    }

    /// Offset of the next number in the file's encoding.
    pub fn here(&mut self) -> usize {
        if self.encoding == Encoding::Text { self.text_here() } else { self.pos }
    }

    /// Offset of the next token.
    pub fn text_here(&mut self) -> usize {
        while self.data.get(self.pos).is_some_and(|&b| is_space(b)) {
            self.pos += 1;
        }
        self.pos
    }

    /// Steps over the mark that some editors put before UTF-8 text.
    pub fn skip_byte_order_mark(&mut self) {
        if self.data.starts_with(b"\xef\xbb\xbf") {
            self.pos = 3;
        }
    }

    /// The next token: `expected` says in messages what it should be.
    pub fn token(&mut self, expected: &'static str) -> Scan<&'a [u8]> {
        let start = self.text_here();
        let rest = &self.data[start..];
        let length = rest.iter().position(|&b| is_space(b)).unwrap_or(rest.len());
        if length == 0 {
            return fault(start, Problem::Truncated { expected });
        }
        self.pos += length;
        Ok(&rest[..length])
    }

    /// The error that the token at `start` is not what was expected.
    #[cold]
    fn unexpected<T>(&mut self, start: usize, expected: &'static str) -> Scan<T> {
        self.pos = start;
        let found = text(self.token(expected)?);
        if found.starts_with("$End") {
            return fault(start, Problem::EndsEarly { expected, found });
        }
        fault(start, Problem::Expected { expected, found })
    }

    /// A non-negative number in text.
    pub fn text_size(&mut self, expected: &'static str) -> Scan<u64> {
        let start = self.text_here();
        let mut value = 0u64;
        let mut at = start;
        while let Some(&b) = self.data.get(at) {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            match value.checked_mul(10).and_then(|v| v.checked_add(digit.into())) {
                Some(v) => value = v,
                None => return self.unexpected(start, expected),
            }
            at += 1;
        }
        if at == start || self.data.get(at).is_some_and(|&b| !is_space(b)) {
            return self.unexpected(start, expected);
        }
        self.pos = at;
        Ok(value)
    }

    /// A 4-byte signed number in text.
    pub fn text_int(&mut self, expected: &'static str) -> Scan<i32> {
        let start = self.text_here();
        let negative = self.data.get(start) == Some(&b'-');
        // Without this, `- 1` would count as a number.
        if negative && self.data.get(start + 1).is_none_or(|&b| is_space(b)) {
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
            None => fault(self.pos, Problem::Truncated { expected: "a number" }),
        }
    }

    /// A 4-byte signed number.
    pub fn int(&mut self, expected: &'static str) -> Scan<i32> {
        match self.encoding {
            Encoding::Text => self.text_int(expected),
            Encoding::Little => self.bytes().map(i32::from_le_bytes),
            Encoding::Big => self.bytes().map(i32::from_be_bytes),
        }
    }

    /// A 4-byte number that must not be negative; in text it may be larger.
    pub fn count(&mut self, expected: &'static str) -> Scan<u64> {
        if self.encoding == Encoding::Text {
            return self.text_size(expected);
        }
        let at = self.pos;
        let value = self.int(expected)?;
        match u64::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) => fault(at, Problem::Expected { expected, found: value.to_string() }),
        }
    }

    /// An 8-byte number.
    pub fn size(&mut self, expected: &'static str) -> Scan<u64> {
        match self.encoding {
            Encoding::Text => self.text_size(expected),
            Encoding::Little => self.bytes().map(u64::from_le_bytes),
            Encoding::Big => self.bytes().map(u64::from_be_bytes),
        }
    }

    /// A finite double.
    pub fn real(&mut self) -> Scan<f64> {
        let at = self.here();
        let value = match self.encoding {
            Encoding::Text => {
                let token = self.token("a coordinate")?;
                match std::str::from_utf8(token).ok().and_then(|t| t.parse().ok()) {
                    Some(value) => value,
                    None => return self.unexpected(at, "a coordinate"),
                }
            }
            Encoding::Little => self.bytes().map(f64::from_le_bytes)?,
            Encoding::Big => self.bytes().map(f64::from_be_bytes)?,
        };
        if !value.is_finite() {
            return fault(at, Problem::NotFinite { found: value.to_string() });
        }
        Ok(value)
    }

    /// Steps over `count` doubles, whatever they are.
    pub fn skip_reals(&mut self, count: usize) -> Scan<()> {
        for _ in 0..count {
            if self.encoding == Encoding::Text {
                self.token("a coordinate")?;
            } else {
                self.bytes::<8>()?;
            }
        }
        Ok(())
    }

    /// Steps over `count` 4-byte integers.
    pub fn skip_ints(&mut self, count: usize) -> Scan<()> {
        for _ in 0..count {
            self.int("an integer")?;
        }
        Ok(())
    }

    /// A quoted string on one line of text, without the quotes.
    pub fn quoted(&mut self, expected: &'static str) -> Scan<&'a [u8]> {
        let start = self.text_here();
        if self.data.get(start) != Some(&b'"') {
            return self.unexpected(start, expected);
        }
        let rest = &self.data[start + 1..];
        match rest.iter().position(|&b| b == b'"' || b == b'\n') {
            Some(length) if rest[length] == b'"' => {
                self.pos = start + length + 2;
                Ok(&rest[..length])
            }
            _ => self.unexpected(start, expected),
        }
    }

    /// The least bytes that an entry of these numbers takes: in text a digit and a separator a number.
    pub fn bytes_of(&self, width: Width) -> usize {
        match self.encoding {
            Encoding::Text => 2 * (width.ints + width.sizes + width.reals),
            _ => 4 * width.ints + 8 * (width.sizes + width.reals),
        }
    }

    /// `count`, met at `at`, once it is certain that so many entries of at least `bytes` each fit in what is left.
    pub fn announced(&self, at: usize, count: u64, bytes: usize, what: &'static str) -> Scan<usize> {
        let room = self.data.len() - self.pos;
        match usize::try_from(count) {
            Ok(n) if n.checked_mul(bytes).is_some_and(|total| total <= room) => Ok(n),
            _ => fault(at, Problem::Announced { count, what, room }),
        }
    }

    /// Ends a line of text; binary numbers may follow.
    pub fn end_line(&mut self) -> Scan<()> {
        while let Some(&b) = self.data.get(self.pos) {
            if !is_space(b) {
                return self.unexpected(self.pos, "the end of the line");
            }
            self.pos += 1;
            if b == b'\n' {
                return Ok(());
            }
        }
        fault(self.pos, Problem::Truncated { expected: "the end of the line" })
    }

    /// Opens the next section: its offset and its name without the dollar sign; nothing at the end of the file.
    pub fn section(&mut self) -> Scan<Option<(usize, &'a [u8])>> {
        let at = self.text_here();
        if at == self.data.len() {
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
        let at = self.text_here();
        if at == self.data.len() {
            return fault(at, Problem::SectionOpen { name: text(name) });
        }
        let token = self.token("the end of the section")?;
        if token.strip_prefix(b"$End") != Some(name) {
            return fault(at, Problem::EndsLate { name: text(name), found: text(token) });
        }
        Ok(())
    }

    /// Goes past the line `$EndNAME` of the section that was opened at `at`, whatever stands before it.
    pub fn skip_section(&mut self, at: usize, name: &[u8]) -> Scan<()> {
        let mut line = self.pos;
        loop {
            let rest = &self.data[line..];
            if let Some(after) = rest.strip_prefix(b"$End").and_then(|r| r.strip_prefix(name))
                && after.first().is_none_or(|&b| is_space(b))
            {
                self.pos = self.data.len() - after.len();
                return Ok(());
            }
            match rest.iter().position(|&b| b == b'\n') {
                Some(length) => line += length + 1,
                None => return fault(at, Problem::SectionOpen { name: text(name) }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_whole_or_refused() {
        let int = |s: &str| Cursor::new(s.as_bytes()).int("x").ok();
        assert_eq!(int(" -12\n"), Some(-12));
        assert_eq!(int("2147483647"), Some(i32::MAX));
        assert_eq!(int("-2147483648"), Some(i32::MIN));
        for bad in ["", "-", "- 1", "1.5", "2147483648", "12a", "+-1", "99999999999999999999999", "$EndNodes"]
        {
            assert_eq!(int(bad), None, "{bad}");
        }
        let size = |s: &str| Cursor::new(s.as_bytes()).size("x").ok();
        assert_eq!(size("18446744073709551615"), Some(u64::MAX));
        assert_eq!(size("18446744073709551616"), None);
        assert_eq!(size("-1"), None);
        let real = |s: &str| Cursor::new(s.as_bytes()).real().ok();
        assert_eq!(real("-1.5e-3 "), Some(-1.5e-3));
        for bad in ["nan", "inf", "-infinity", "1e999", "1,5", "0x1p3", "\u{221e}", ""] {
            assert_eq!(real(bad), None, "{bad}");
        }
    }

    #[test]
    fn skipping_finds_only_the_whole_end_line() {
        let data = b"$A\n\x00$EndA\n $EndA\n$EndAB\n$EndA\nrest";
        let mut c = Cursor::new(data);
        let (at, name) = c.section().unwrap().unwrap();
        c.skip_section(at, name).unwrap();
        assert_eq!(c.token("").unwrap(), b"rest");
    }
}
