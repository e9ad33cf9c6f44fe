//! Files of rows that monitors append to: comma separated, a line of names first, numbers with as many digits as it takes
//! to read them back.

use crate::output::{OutputError, atomic};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// A file to append rows to. It is opened with the first row; each row is written at once.
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

    /// Appends a row. `names`: of its columns, without blanks.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn append(&mut self, names: &[&str], row: &[f64]) -> Result<(), OutputError> {
        let mut text = String::new();
        for (i, value) in row.iter().enumerate() {
            // Writing to a text cannot fail.
            let _ = write!(text, "{}{value}", if i > 0 { "," } else { "" });
        }
        self.append_text(names, &text)
    }

    /// Appends a row that is text already.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn append_text(&mut self, names: &[&str], row: &str) -> Result<(), OutputError> {
        let failed = |e: std::io::Error| atomic::failure(&self.path, e);
        if self.open.is_none() {
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
