//! Files of rows that monitors append to: comma separated, a line of names first, numbers with as many digits as it takes
//! to read them back.

use super::MonitorError;
use crate::output::{Cause, OutputError, atomic};
use crate::parallel::{Communicator, agree};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::PathBuf;

/// Bytes of a line that are looked at for the time of its row: any numbers of the first columns fit.
const HEAD: usize = 256;

/// A file to append rows to. It is opened with the first row, and its folder made; each row is written at once.
#[derive(Debug)]
pub struct Rows {
    /// The file.
    pub path: PathBuf,
    /// Whether an empty file gets a line of names.
    pub header: bool,
    open: Option<File>,
}

impl Rows {
    /// A file that is not opened yet.
    pub fn new(path: PathBuf, header: bool) -> Rows {
        Rows { path, header, open: None }
    }

    /// Takes out what a run that goes on will write once more: the last rows, as far as `later` holds for the number in
    /// their column `column` (a time), and half a line at the end, which a run that was killed may have left. The file is
    /// replaced in one step by rank 0. Rows further up, such as those of another run before, stay. Collective.
    ///
    /// # Errors
    /// The file cannot be read or replaced.
    pub fn resume(
        &mut self,
        ranks: &dyn Communicator,
        column: usize,
        later: impl Fn(f64) -> bool,
    ) -> Result<(), MonitorError> {
        let done = if ranks.rank() == 0 { self.cut(column, later) } else { Ok(()) };
        Ok(agree(ranks, done)?)
    }

    fn cut(&mut self, column: usize, later: impl Fn(f64) -> bool) -> Result<(), OutputError> {
        let unreadable = |e: io::Error| OutputError::Read { path: self.path.clone(), cause: e.into() };
        self.open = None;
        let file = match fs::metadata(&self.path) {
            // Anything but a plain file (a terminal, a pipe) cannot be taken back.
            Ok(data) if !data.is_file() => return Ok(()),
            Ok(_) => File::open(&self.path).map_err(unreadable)?,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(unreadable(e)),
        };
        let length = file.metadata().map_err(unreadable)?.len();
        let kept = kept(&mut BufReader::new(&file), column, later).map_err(unreadable)?;
        if kept == length {
            return Ok(());
        }
        atomic::write_atomically(&self.path, |temporary| {
            let mut from = File::open(&self.path)?.take(kept);
            io::copy(&mut from, &mut File::create(temporary)?)?;
            Ok::<(), Cause>(())
        })
    }

    /// Appends a row. `names`: of its columns, without blanks.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn append(&mut self, names: &[&str], row: &[f64]) -> Result<(), OutputError> {
        self.append_text(names, &text(row))
    }

    /// Appends a row that is text already, or several with line ends between them.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn append_text(&mut self, names: &[&str], row: &str) -> Result<(), OutputError> {
        let failed = |e: std::io::Error| atomic::failure(&self.path, e);
        if self.open.is_none() {
            atomic::create_folder_of(&self.path)?;
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(failed)?;
            if self.header && file.metadata().map_err(failed)?.len() == 0 {
                writeln!(file, "{}", names.join(",")).map_err(failed)?;
            }
            self.open = Some(file);
        }
        match &mut self.open {
            Some(file) => file.write_all(format!("{row}\n").as_bytes()).map_err(failed),
            None => Ok(()),
        }
    }
}

/// A row as a line without its end.
pub(super) fn text(row: &[f64]) -> String {
    let mut text = String::new();
    for (i, value) in row.iter().enumerate() {
        // Shortest decimals, with an exponent where there would be many zeros. Writing to a text cannot fail.
        let comma = if i > 0 { "," } else { "" };
        let _ = match value.abs() {
            x if x == 0.0 || !x.is_finite() || (1e-5..1e16).contains(&x) => write!(text, "{comma}{value}"),
            _ => write!(text, "{comma}{value:e}"),
        };
    }
    text
}

/// Bytes up to the end of the last whole line that is no row or not a later one. Lines may be of any length.
fn kept(file: &mut impl BufRead, column: usize, later: impl Fn(f64) -> bool) -> io::Result<u64> {
    let (mut position, mut kept, mut head) = (0, 0, vec![]);
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(kept);
        }
        let end = bytes.iter().position(|b| *b == b'\n');
        let line = &bytes[..end.unwrap_or(bytes.len())];
        head.extend_from_slice(&line[..line.len().min(HEAD - head.len())]);
        let used = line.len() + usize::from(end.is_some());
        file.consume(used);
        position += used as u64;
        if end.is_some() {
            let number = std::str::from_utf8(&head).ok().and_then(|line| line.split(',').nth(column));
            let time = number.and_then(|text| text.trim().parse::<f64>().ok());
            if !time.is_some_and(&later) {
                kept = position;
            }
            head.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::serial::Serial;

    /// What is left of a file when a run goes on from `t`, and after two more rows.
    fn resumed(text: &str, t: f64) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        fs::write(&path, text).unwrap();
        let mut rows = Rows::new(path.clone(), true);
        rows.resume(&Serial, 0, |row| row > t).unwrap();
        let left = fs::read_to_string(&path).unwrap();
        [t + 0.5, t + 1.0].iter().for_each(|t| rows.append(&["t", "a"], &[*t, 1.0]).unwrap());
        (left, fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn numbers_are_as_short_as_they_read_back() {
        let row =
            [0.0, -1.0, 0.1 + 0.2, 1e-5, 5.6e-17, -1e16, 123456789012345.0, f64::NAN, f64::MIN_POSITIVE];
        let expected =
            "0,-1,0.30000000000000004,0.00001,5.6e-17,-1e16,123456789012345,NaN,2.2250738585072014e-308";
        assert_eq!(text(&row), expected);
        let read = |text: &str| text.parse::<f64>().unwrap().to_bits();
        assert!(expected.split(',').zip(row).all(|(text, x)| x.is_nan() || read(text) == x.to_bits()));
    }

    #[test]
    fn rows_that_will_be_written_again_are_taken_out() {
        let whole = "t,a\n0,5\n0.5,5\n1,5\n1.5,5\n";
        for (text, t, left) in [
            (whole, 1.5, whole),
            (whole, 7.0, whole),
            (whole, 1.0, "t,a\n0,5\n0.5,5\n1,5\n"),
            (whole, 0.7, "t,a\n0,5\n0.5,5\n"),
            (whole, -1.0, "t,a\n"),
            ("t,a\n0,5\n1,5\n1.", 1.0, "t,a\n0,5\n1,5\n"),
            ("t,a\n0,5\n1,5", 7.0, "t,a\n0,5\n"),
            ("t,", 7.0, ""),
            ("", 7.0, ""),
            // Another run before this one, and what is no row.
            ("t,a\n0,5\n9,5\n0,6\n1,6\n2,6\n", 1.0, "t,a\n0,5\n9,5\n0,6\n1,6\n"),
            ("9,5\nwords\n\n9,5\n", 1.0, "9,5\nwords\n\n"),
        ] {
            assert_eq!(resumed(text, t).0, left, "{text:?} {t}");
        }
        assert_eq!(resumed(whole, 0.5).1, "t,a\n0,5\n0.5,5\n1,1\n1.5,1\n");
        assert_eq!(resumed("t", 0.5).1, "t,a\n1,1\n1.5,1\n");
        let long = format!("t,a\n0,{}\n3,{0}\n", "1".repeat(100_000));
        assert_eq!(resumed(&long, 1.0).0.len(), (long.len() - 4) / 2 + 4);
    }

    #[test]
    fn a_file_that_is_not_there_or_no_file_at_all_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("none.csv"), folder.path().into()] {
            Rows::new(path, true).resume(&Serial, 0, |_| true).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
