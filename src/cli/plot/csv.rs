//! Tables of numbers in CSV files, and pictures of their columns.

use crate::physics::expr::nearest;
use crate::plot::{encode, lines};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// A CSV file.
pub struct Table {
    path: PathBuf,
    /// Names of the columns; their numbers from 1 where the file has none.
    pub names: Vec<String>,
    /// Whether the names are the file's.
    pub named: bool,
    /// Numbers of each column; what is empty or no number is NaN.
    pub columns: Vec<Vec<f64>>,
}

impl Table {
    /// Reads a file: a line of names, if the first is not one of numbers, and lines of numbers between commas. Empty lines and
    /// those that begin with `#` are skipped.
    ///
    /// # Errors
    /// The file cannot be read, has no numbers, or a line with more or fewer cells than the first.
    pub fn read(path: &Path) -> Result<Table> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read '{}'", path.display()))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| anyhow::anyhow!("'{}' is not a text file", path.display()))?;
        let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).peekable();
        let number = |cell: &str| cell.trim().parse::<f64>().ok();
        let Some((_, first)) = lines.peek().copied() else {
            bail!("'{}' holds no table: it is empty", path.display());
        };
        let cells = split(first);
        let named = !cells.iter().all(|cell| cell.trim().is_empty() || number(cell).is_some());
        let names: Vec<String> = if named {
            lines.next();
            cells.iter().map(|cell| cell.trim().to_string()).collect()
        } else {
            (1..=cells.len()).map(|i| i.to_string()).collect()
        };
        let mut columns = vec![vec![]; names.len()];
        for (i, line) in lines {
            let cells = split(line);
            if cells.len() != names.len() {
                let (found, wanted) = (cells.len(), names.len());
                bail!("{} line {i} has {found} cells, the first line {wanted}", path.display());
            }
            for (column, cell) in columns.iter_mut().zip(cells) {
                column.push(number(&cell).unwrap_or(f64::NAN));
            }
        }
        if columns.iter().flatten().all(|x| x.is_nan()) {
            bail!("'{}' holds no numbers", path.display());
        }
        Ok(Table { path: path.into(), names, named, columns })
    }

    /// Lines of numbers.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Position of the column called `name`.
    ///
    /// # Errors
    /// There is none; the message lists those there are.
    pub fn column(&self, name: &str) -> Result<usize> {
        if let Some(i) = self.names.iter().position(|n| n == name) {
            return Ok(i);
        }
        let hint = nearest(name, self.names.iter().map(String::as_str));
        let hint = hint.map_or(String::new(), |n| format!(", did you mean '{n}'?"));
        bail!("{} has no column '{name}'{hint}; its columns: {}", self.path.display(), self.names.join(", "))
    }
}

/// Cells of a line; one in quotes may hold commas.
fn split(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("there is one").push(c),
        }
    }
    cells
}

/// A name as a cell.
pub fn quoted(name: &str) -> String {
    if name.contains([',', '"']) { format!("\"{}\"", name.replace('"', "'")) } else { name.into() }
}

/// What to draw of a table.
pub struct Wanted<'a> {
    pub x: Option<&'a str>,
    pub y: &'a [String],
    pub style: lines::Style,
}

/// Draws columns of files into one picture.
///
/// # Errors
/// Files that cannot be read, columns they do not have, numbers that cannot be drawn.
pub fn draw(files: &[PathBuf], wanted: Wanted, output: &Path) -> Result<()> {
    let mut curves = vec![];
    let Wanted { x, y, mut style } = wanted;
    for file in files {
        let table = Table::read(file)?;
        let along = match x {
            Some(name) => table.column(name)?,
            None => table.names.iter().position(|n| n == "t").unwrap_or(0),
        };
        let columns: Vec<usize> = match y {
            [] => (0..table.names.len()).filter(|c| *c != along).collect(),
            some => some.iter().map(|name| table.column(name)).collect::<Result<_>>()?,
        };
        if columns.is_empty() {
            bail!("{} has one column; there is nothing to draw over it", file.display());
        }
        if style.names[0].is_empty() {
            style.names[0] = table.names[along].clone();
        }
        for column in columns {
            let points = table.columns[along].iter().zip(&table.columns[column]).map(|(x, y)| [*x, *y]);
            let name = &table.names[column];
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let name = if files.len() > 1 { format!("{stem}: {name}") } else { name.clone() };
            curves.push(lines::Curve { name, points: points.collect() });
        }
    }
    if let ([only], true) = (&curves[..], style.names[1].is_empty()) {
        style.names[1] = only.name.clone();
    }
    if style.logarithmic && !curves.iter().flat_map(|c| &c.points).any(|p| p[1] > 0.0) {
        bail!("no number is positive, which a logarithmic axis needs; leave --log out");
    }
    encode::png(output, &lines::draw(&curves, &style)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        Table::read(&path)
    }

    #[test]
    fn tables_are_read_with_and_without_names() {
        let table = read("# by hand\nt,\"max(u, v)\"\n0,1\n\n0.5,\n1,3e-2\n").unwrap();
        assert_eq!((table.names, table.named), (vec!["t".to_string(), "max(u, v)".into()], true));
        assert!(table.columns[0] == [0.0, 0.5, 1.0] && table.columns[1][1].is_nan());
        let table = read("1,2\n3,4\n").unwrap();
        assert_eq!(
            (&table.names[..], table.named, table.rows()),
            (&["1".to_string(), "2".into()][..], false, 2)
        );
        assert!(table.column("3").is_err_and(|e| e.to_string().contains("its columns: 1, 2")));
        for text in ["", "a,b\n", "a,b\n1,2\n3\n", "a,b\nx,y\n"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
