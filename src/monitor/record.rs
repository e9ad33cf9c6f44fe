//! Where the rows of a monitor go: into a CSV file at once, or into a data set of an HDF5 file, many at a time.

use super::MonitorError;
use super::rows::{self, Rows};
use crate::output::OutputError;
use crate::output::growing::{Growing, Layout};
use crate::parallel::{Communicator, agree};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Numbers that are held back at most: 64 MiB, or an eighth of the file.
const MOST: usize = 1 << 23;
/// A file is written at most so small a part of the time: each writing waits so many times as long as the one before took.
const WAIT: u32 = 50;

/// Where rows go.
#[derive(Debug)]
pub enum Record {
    /// Lines of a CSV file.
    Csv(Rows),
    /// A data set of an HDF5 file.
    Hdf5(Held),
}

impl From<Rows> for Record {
    fn from(rows: Rows) -> Record {
        Record::Csv(rows)
    }
}

impl From<Growing> for Record {
    fn from(file: Growing) -> Record {
        Record::Hdf5(Held { file, layout: None, times: vec![], values: vec![], last: None })
    }
}

impl Record {
    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            Record::Csv(rows) => &rows.path,
            Record::Hdf5(held) => held.file.path(),
        }
    }

    /// The file, and in one of HDF5 the data set.
    pub fn output(&self) -> PathBuf {
        match self {
            Record::Csv(rows) => rows.path.clone(),
            Record::Hdf5(held) => held.file.path().join(held.file.dataset()),
        }
    }

    /// Bytes a number, about.
    pub fn bytes(&self) -> u64 {
        match self {
            Record::Csv(_) => 20,
            Record::Hdf5(_) => 8,
        }
    }

    /// Takes out the last rows, as far as `later` holds for their time, see [`Rows::resume`]. Collective.
    ///
    /// # Errors
    /// The file cannot be read or replaced, or holds something else.
    pub fn resume(
        &mut self,
        ranks: &dyn Communicator,
        later: impl Fn(f64) -> bool,
    ) -> Result<(), MonitorError> {
        match self {
            Record::Csv(rows) => rows.resume(ranks, 0, later),
            Record::Hdf5(held) => {
                let done = if ranks.rank() == 0 { held.file.cut(later) } else { Ok(()) };
                Ok(agree(ranks, done)?)
            }
        }
    }

    /// Adds a row. `names`: of the time and the other columns.
    ///
    /// # Errors
    /// The file cannot be opened or written, or holds something else.
    pub fn append(&mut self, names: &[&str], t: f64, row: &[f64]) -> Result<(), OutputError> {
        match self {
            Record::Csv(rows) => rows.append(names, &[&[t], row].concat()),
            Record::Hdf5(held) => {
                let columns = || Layout { columns: owned(&names[1..]), points: None };
                held.push(columns, t, row.iter().copied())
            }
        }
    }

    /// Adds what was found at points, in `dims` dimensions. `names`: of the time, the coordinates, and the other columns.
    ///
    /// # Errors
    /// As [`Record::append`].
    pub fn append_points(
        &mut self,
        names: &[&str],
        t: f64,
        dims: usize,
        points: &[[f64; 3]],
        values: &[Vec<f64>],
    ) -> Result<(), OutputError> {
        match self {
            Record::Csv(rows) => {
                let lines = points.iter().zip(values);
                let lines = lines.map(|(x, values)| rows::text(&[&[t], &x[..dims], values].concat()));
                rows.append_text(names, &lines.collect::<Vec<_>>().join("\n"))
            }
            Record::Hdf5(held) => {
                let layout = || Layout {
                    columns: owned(&names[1 + dims..]),
                    points: Some((points.iter().flat_map(|x| &x[..dims]).copied().collect(), dims)),
                };
                held.push(layout, t, values.iter().flatten().copied())
            }
        }
    }

    /// Brings all rows into the file, so that a run that goes on from a solution which is written now finds them. Collective.
    ///
    /// # Errors
    /// As [`Record::append`].
    pub fn save(&mut self, ranks: &dyn Communicator) -> Result<(), MonitorError> {
        match self {
            Record::Csv(_) => Ok(()),
            Record::Hdf5(held) => Ok(agree(ranks, held.flush())?),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// Rows on their way to an HDF5 file, which is replaced as a whole: with the first row, when writing has become cheap
/// compared with the time since, when there are many rows, and before a solution is written.
#[derive(Debug)]
pub struct Held {
    file: Growing,
    /// Known with the first row.
    layout: Option<Layout>,
    times: Vec<f64>,
    values: Vec<f64>,
    /// When the file was written last, and what that took.
    last: Option<(Instant, Duration)>,
}

impl Held {
    /// Numbers that are held back: the larger the file, the more, so that copying it does not come to dominate.
    fn most(&self) -> usize {
        let size = std::fs::metadata(self.file.path()).map_or(0, |file| file.len());
        MOST.max(usize::try_from(size / 64).unwrap_or(usize::MAX))
    }
}

impl Held {
    fn push(
        &mut self,
        layout: impl FnOnce() -> Layout,
        t: f64,
        row: impl Iterator<Item = f64>,
    ) -> Result<(), OutputError> {
        self.layout.get_or_insert_with(layout);
        self.times.push(t);
        self.values.extend(row);
        let due = self.last.is_none_or(|(then, took)| then.elapsed() > WAIT * took);
        if due || self.values.len() > self.most() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        let Some(layout) = self.layout.as_ref().filter(|_| !self.times.is_empty()) else { return Ok(()) };
        let begun = Instant::now();
        let done = self.file.append(layout, &self.times, &self.values);
        // Also where that failed, which ends the run: it would fail once more.
        self.times.clear();
        self.values.clear();
        self.last = Some((Instant::now(), begun.elapsed()));
        done
    }
}

impl Drop for Held {
    /// A run that fails leaves what it has seen, like one with a CSV file.
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            log::warn!("the last rows are lost: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::serial::Serial;

    #[test]
    fn rows_are_all_there_before_a_solution_is_written_and_when_a_run_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.h5");
        let rows =
            || -> Vec<f64> { hdf5::File::open(&path).unwrap().dataset("a").unwrap().read_raw().unwrap() };
        let mut record: Record = Growing::new(path.clone(), "a").unwrap().into();
        let add = |record: &mut Record, from: u32, to: u32| {
            (from..to).for_each(|i| record.append(&["t", "f"], f64::from(i), &[f64::from(i)]).unwrap());
        };
        add(&mut record, 0, 1);
        assert_eq!(rows(), [0.0]);
        add(&mut record, 1, 500);
        assert!(rows().len() < 250, "the file was written anew with {} of 500 rows", rows().len());
        record.save(&Serial).unwrap();
        assert!(rows().into_iter().eq((0..500).map(f64::from)));
        add(&mut record, 500, 600);
        drop(record);
        assert!(rows().into_iter().eq((0..600).map(f64::from)));
        let mut record: Record = Growing::new(path.clone(), "a").unwrap().into();
        record.resume(&Serial, |t| t > 3.0).unwrap();
        add(&mut record, 4, 5);
        assert_eq!(rows(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }
}
