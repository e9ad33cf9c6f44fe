//! VTKHDF files: the grids of one or several times in one HDF5 file.
//!
//! The format is described in VTK's documentation, "VTKHDF format specification", for the type `UnstructuredGrid`; this is
//! version 2.0 of it, the first with times. Arrays of all times stand one after the other, and `Steps` says where those of
//! each time begin, so that a time with the cells of the one before has none of its own:
//!
//! | dataset of `/VTKHDF` | content |
//! |---|---|
//! | `NumberOfPoints`, `NumberOfCells`, `NumberOfConnectivityIds` | \[geometry\] |
//! | `Points` | \[point\]\[3\] |
//! | `Connectivity`, `Offsets`, `Types` | \[node of a cell\], \[cell + 1 for each geometry\], \[cell\] |
//! | `PointData/NAME`, `CellData/NAME` | \[point\] or \[point\]\[3\]; \[cell\] |
//! | `Steps/Values` | \[time\]; the attribute `NSteps` is their number |
//! | `Steps/PartOffsets`, `NumberOfParts`, `PointOffsets` | \[time\] |
//! | `Steps/CellOffsets`, `ConnectivityIdOffsets` | \[time\]\[1\] |
//! | `Steps/PointDataOffsets/NAME`, `CellDataOffsets/NAME` | \[time\] |

use super::grid::{Grid, Laid, Mark, check};
use super::piece::VtkCells;
use crate::files;
use crate::output::atomic::failure;
use crate::output::{OutputError, Precision};
use hdf5::types::FixedAscii;
use hdf5::{Group, H5Type};
use ndarray::{ArrayView, s};
use std::path::Path;

/// Version of the format.
const VERSION: [i64; 2] = [2, 0];
/// Bytes a chunk, at most: fits HDF5's default chunk cache of 1 MiB.
const CHUNK: usize = 1 << 19;

/// Writes the grids that `next` gives until there is none, with their times, which ascend; without times (`timed` not set)
/// it is one grid. Coordinates and values are stored in `precision`. The file appears whole or not at all.
///
/// # Errors
/// What `next` says; [`OutputError::Inconsistent`] when sizes contradict each other or fields change from one time to the
/// next, [`OutputError::Write`] when writing fails.
pub fn write_hdf<E: From<OutputError>>(
    path: &Path,
    precision: Precision,
    timed: bool,
    mut next: impl FnMut() -> Result<Option<(f64, Grid)>, E>,
) -> Result<(), E> {
    let fill = |temporary: &Path| {
        let failed = |error: hdf5::Error| E::from(failure(path, error));
        let wrong = |problem| E::from(OutputError::Inconsistent { path: path.to_owned(), problem });
        let file = hdf5::File::with_options().with_fapl(|p| p.libver_v110()).create(temporary);
        let file = file.map_err(failed)?;
        let mut writer = Writer::new(&file, precision).map_err(failed)?;
        while let Some((t, grid)) = next()? {
            check(&grid.cells, &grid.fields).and_then(|()| grid.check_marks()).map_err(wrong)?;
            writer.same_names(&grid).map_err(wrong)?;
            writer.add(t, grid).map_err(failed)?;
        }
        let end = || -> hdf5::Result<()> {
            if timed {
                writer.steps()?;
            }
            drop(writer);
            // Dropping the file would hide a failure to write the rest.
            file.flush()?;
            file.close()
        };
        end().map_err(failed)
    };
    files::replace(path, fill, |error| E::from(failure(path, error)))
}

/// Where the arrays of a time begin.
#[derive(Clone, Copy, Default)]
struct Step {
    t: f64,
    part: i64,
    points: i64,
    cells: i64,
    connectivity: i64,
    point_data: i64,
}

struct Writer {
    root: Group,
    precision: Precision,
    /// Elements and marks of the last geometry.
    before: Option<(Vec<VtkCells>, Vec<Mark>)>,
    /// Names and components of the fields.
    fields: Vec<(String, usize)>,
    steps: Vec<Step>,
    /// What comes next in each array.
    end: Step,
}

impl Writer {
    fn new(file: &hdf5::File, precision: Precision) -> hdf5::Result<Writer> {
        let root = file.create_group("VTKHDF")?;
        root.new_attr::<i64>().shape(2).create("Version")?.write_raw(&VERSION)?;
        const KIND: &str = "UnstructuredGrid";
        // The reader takes the whole length for the name: no byte more.
        let kind = FixedAscii::<{ KIND.len() }>::from_ascii(KIND.as_bytes());
        let kind = kind.map_err(|e| hdf5::Error::from(e.to_string()))?;
        root.new_attr::<FixedAscii<{ KIND.len() }>>().create("Type")?.write_scalar(&kind)?;
        root.create_group("PointData")?;
        root.create_group("CellData")?;
        Ok(Writer { root, precision, before: None, fields: vec![], steps: vec![], end: Step::default() })
    }

    /// Whether a grid has the fields and marks of the one before.
    fn same_names(&self, grid: &Grid) -> Result<(), String> {
        let Some((_, marks)) = &self.before else { return Ok(()) };
        let fields = grid.fields.iter().map(|f| (&f.name, f.components));
        let marked = grid.marks.iter().map(|m| &m.name);
        if fields.eq(self.fields.iter().map(|(name, n)| (name, *n)))
            && marked.eq(marks.iter().map(|m| &m.name))
        {
            return Ok(());
        }
        Err("the fields of one time are not those of the time before".into())
    }

    fn add(&mut self, t: f64, grid: Grid) -> hdf5::Result<()> {
        let laid = Laid::new(&grid.cells, grid.kind).merge(grid.merged);
        let same = self.before.as_ref().is_some_and(|(cells, marks)| {
            let equal = |(a, b): (&VtkCells, &VtkCells)| {
                (a.shape, a.order, &a.points) == (b.shape, b.order, &b.points)
            };
            cells.len() == grid.cells.len()
                && cells.iter().zip(&grid.cells).all(equal)
                && *marks == grid.marks
        });
        let mut step = self.end;
        step.t = t;
        if same {
            // The geometry is that of the last time; only its values are new.
            let last = self.steps.last().copied().unwrap_or_default();
            step = Step { t, point_data: step.point_data, ..last };
        } else {
            self.geometry(&grid, &laid)?;
        }
        let points = self.root.group("PointData")?;
        for field in &grid.fields {
            let values: Vec<&[f64]> = field.values.iter().map(Vec::as_slice).collect();
            self.reals(
                &points,
                &field_name(&field.name),
                laid.values(field.components, &values),
                field.components,
            )?;
        }
        self.end.point_data += laid.points() as i64;
        self.steps.push(step);
        self.fields = grid.fields.into_iter().map(|f| (f.name, f.components)).collect();
        self.before = Some((grid.cells, grid.marks));
        Ok(())
    }

    fn geometry(&mut self, grid: &Grid, laid: &Laid) -> hdf5::Result<()> {
        let root = &self.root;
        let points: Vec<&[f64]> = grid.cells.iter().map(|b| &b.points[..]).collect();
        let arrays = laid.cells();
        let count = laid.points() as i64;
        let (cells, ids) = (arrays.types.len() as i64, arrays.connectivity.len() as i64);
        self.reals(root, "Points", laid.values(3, &points), 3)?;
        for (name, number) in
            [("NumberOfPoints", count), ("NumberOfCells", cells), ("NumberOfConnectivityIds", ids)]
        {
            append(root, name, &[number], 1)?;
        }
        let signed = |values: &[u64]| values.iter().map(|&x| x as i64).collect::<Vec<i64>>();
        append(root, "Connectivity", &signed(&arrays.connectivity), 1)?;
        append(root, "Offsets", &[vec![0], signed(&arrays.offsets)].concat(), 1)?;
        append(root, "Types", &arrays.types.iter().map(|kind| *kind as u8).collect::<Vec<u8>>(), 1)?;
        let group = root.group("CellData")?;
        for mark in &grid.marks {
            append(&group, &field_name(&mark.name), &laid.repeated(&mark.values), 1)?;
        }
        self.end.part += 1;
        self.end.points += count;
        self.end.cells += cells;
        self.end.connectivity += ids;
        Ok(())
    }

    fn reals(
        &self,
        group: &Group,
        name: &str,
        values: impl Iterator<Item = f64>,
        components: usize,
    ) -> hdf5::Result<()> {
        match self.precision {
            Precision::Single => {
                append(group, name, &values.map(|x| x as f32).collect::<Vec<_>>(), components)
            }
            Precision::Double => append(group, name, &values.collect::<Vec<_>>(), components),
        }
    }

    /// Says where the arrays of each time begin.
    fn steps(&self) -> hdf5::Result<()> {
        let group = self.root.create_group("Steps")?;
        group.new_attr::<i64>().create("NSteps")?.write_scalar(&(self.steps.len() as i64))?;
        let all = |of: fn(&Step) -> i64| self.steps.iter().map(of).collect::<Vec<i64>>();
        append(&group, "Values", &self.steps.iter().map(|s| s.t).collect::<Vec<f64>>(), 1)?;
        append(&group, "PartOffsets", &all(|s| s.part), 1)?;
        append(&group, "NumberOfParts", &all(|_| 1), 1)?;
        append(&group, "PointOffsets", &all(|s| s.points), 1)?;
        // A column for each kind of topology, of which this type has one.
        for (name, offsets) in
            [("CellOffsets", all(|s| s.cells)), ("ConnectivityIdOffsets", all(|s| s.connectivity))]
        {
            let column = group.new_dataset::<i64>().shape([offsets.len(), 1]).create(name)?;
            column.write_raw(&offsets)?;
        }
        let points = group.create_group("PointDataOffsets")?;
        for (name, _) in &self.fields {
            append(&points, &field_name(name), &all(|s| s.point_data), 1)?;
        }
        let cells = group.create_group("CellDataOffsets")?;
        for mark in self.before.iter().flat_map(|(_, marks)| marks) {
            append(&cells, &field_name(&mark.name), &all(|s| s.cells), 1)?;
        }
        Ok(())
    }
}

/// The name of a field as that of a dataset, in which a `/` would make a group.
fn field_name(name: &str) -> String {
    name.replace('/', "_")
}

/// Appends rows of so many `columns` to a dataset, which is made if it is not there.
fn append<T: H5Type>(group: &Group, name: &str, values: &[T], columns: usize) -> hdf5::Result<()> {
    let rows = values.len() / columns;
    let dataset = if group.link_exists(name) {
        group.dataset(name)?
    } else {
        let chunk = (CHUNK / (columns * size_of::<T>())).clamp(1, rows.max(1));
        let builder = group.new_dataset::<T>().fletcher32();
        match columns {
            1 => builder.chunk(chunk).shape(0..).create(name)?,
            _ => builder.chunk((chunk, columns)).shape((0.., columns)).create(name)?,
        }
    };
    if rows == 0 {
        return Ok(());
    }
    let start = dataset.shape()[0];
    let end = start + rows;
    let sized = |e: ndarray::ShapeError| hdf5::Error::from(e.to_string());
    if columns == 1 {
        dataset.resize(end)?;
        dataset.write_slice(ArrayView::from_shape(rows, values).map_err(sized)?, s![start..end])
    } else {
        dataset.resize((end, columns))?;
        dataset
            .write_slice(ArrayView::from_shape((rows, columns), values).map_err(sized)?, s![start..end, ..])
    }
}
