//! Long lists of entries, read by several threads.
//!
//! The window of a file is cut into pieces at line ends (text) or between entries (binary), and each piece is read as if
//! an entry began there. That is a guess: text is a sequence of tokens, where lines need not matter. The parts are
//! taken in order of the file, and a part counts only if the one before it ended exactly where it begins. Where a part
//! stops early, for an error or an entry cut in two, one entry is read the slow way, which gives the error, if it is
//! one, and the place from where on to guess again. So the result, and the first error, are those of reading one entry
//! after the other.

use super::error::Scan;
use super::scan::{Cursor, Encoding, Scanner, is_space};
use super::stream::{Sizes, Stream};
use rayon::prelude::*;
use std::ops::Range;

/// A list of entries and where they go.
pub(super) trait Entries: Sync {
    /// What some entries hold.
    type Part: Send;

    /// Bytes an entry: exactly in binary files, about in text; 0 if that is unknown.
    fn bytes(&self, encoding: Encoding) -> usize;

    /// A part without entries.
    fn part(&self) -> Self::Part;

    /// Reads an entry to the end of `part`, which on an error must stay as it was.
    fn read_part(&self, c: &mut Cursor, part: &mut Self::Part) -> Scan<()>;

    /// Adds the entries of a part after those read already. False, and nothing is changed, if they must be read in
    /// order with [`Entries::read`].
    fn append(&mut self, part: Self::Part) -> bool;

    /// Reads an entry.
    fn read(&mut self, c: &mut impl Scanner) -> Scan<()>;
}

/// What became of a piece.
struct Done<P> {
    part: P,
    entries: usize,
    /// Bytes that the entries took.
    used: usize,
}

/// Reads a list of `count` entries.
pub(super) fn read(s: &mut Stream, list: &mut impl Entries, count: usize) -> Scan<()> {
    let Sizes { block, piece, few } = s.sizes;
    let mut left = count;
    // Pieces to read at once: one after a wrong guess, then more again.
    let mut most = usize::MAX;
    while left > 0 {
        let bytes = list.bytes(s.encoding);
        if left < few || bytes == 0 {
            list.read(s)?;
            left -= 1;
            continue;
        }
        s.fill(block)?;
        // So short lists do not take much of the window for theirs.
        let room = left.saturating_mul(bytes).max(piece).min(most.saturating_mul(piece));
        let pieces = cut(s, bytes, piece, room);
        let shared = &*list;
        let parts: Vec<_> = s.read_ahead(|window| {
            let read =
                |range: &Range<usize>| read_piece(shared, window.cursor(range.clone()), range.len(), left);
            pieces.par_iter().map(read).collect()
        })?;
        most = most.saturating_mul(2);
        let mut goes_on = !pieces.is_empty();
        for (range, Done { part, entries, used }) in pieces.iter().zip(parts) {
            goes_on = entries <= left && list.append(part);
            if goes_on {
                s.advance(used);
                left -= entries;
                goes_on = used == range.len();
            } else {
                for _ in 0..entries.min(left) {
                    list.read(s)?;
                }
                left -= entries.min(left);
            }
            if !goes_on {
                break;
            }
        }
        if !goes_on && left > 0 {
            list.read(s)?;
            left -= 1;
            most = 1;
        }
    }
    Ok(())
}

/// Cuts the first `room` bytes of the window into pieces of about `piece` bytes. Text is cut after white space, so that
/// a token that ends in a piece is whole.
fn cut(s: &Stream, bytes: usize, piece: usize, room: usize) -> Vec<Range<usize>> {
    let rest = s.rest();
    let mut end = rest.len().min(room);
    let mut step = piece;
    let text = s.encoding == Encoding::Text;
    if !text {
        end -= end % bytes;
        step = (piece / bytes).max(1) * bytes;
    } else if end < rest.len() || !s.holds_end() {
        let near = end - end.min(piece);
        let last = |ends: fn(u8) -> bool| rest[near..end].iter().rposition(|&b| ends(b));
        end = last(|b| b == b'\n').or_else(|| last(is_space)).map_or(0, |i| near + i + 1);
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < end {
        let mut stop = end.min(start.saturating_add(step));
        if text && stop < end {
            stop += rest[stop - 1..end].iter().position(|&b| b == b'\n').unwrap_or(end - stop);
        }
        pieces.push(start..stop);
        start = stop;
    }
    pieces
}

/// Reads the entries of a piece of `length` bytes, at most so many.
fn read_piece<L: Entries>(list: &L, mut c: Cursor, length: usize, most: usize) -> Done<L::Part> {
    let (mut part, mut entries, mut used) = (list.part(), 0, 0);
    let text = c.encoding() == Encoding::Text;
    while entries < most {
        if text {
            c.text_here();
        }
        if c.used() == length {
            used = length;
            break;
        }
        if list.read_part(&mut c, &mut part).is_err() {
            break;
        }
        debug_assert!(!c.starved, "pieces are cut between tokens");
        entries += 1;
        used = c.used();
    }
    Done { part, entries, used }
}
