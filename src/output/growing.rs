//! HDF5 data sets that grow along time, one row or one row of points a moment, for monitors.
//!
//! Such a data set called `NAME` is `[time][column]` or `[time][point][column]`, f64, with the attribute `columns` (names).
//! `NAME_t`, `[time]`, holds the times and `NAME_p`, `[point][dimension]`, the points; both are attached to it as dimension
//! scales ("HDF5 Dimension Scale Specification"). A file may hold several data sets, and things of other programs.
//!
//! HDF5 cannot add to a file such that it is whole at every instant: a process that is killed meanwhile leaves one that no
//! program opens. So every addition makes a copy of the file, adds to the copy, and gives it the old name. That costs the
//! size of the whole file each time; whoever calls this does so now and then, with many rows.

use super::atomic::{create_folder_of, write_atomically};
use super::{Cause, OutputError};
use crate::files::chunks;
use hdf5::types::{FixedAscii, FixedUnicode, VarLenArray};
use hdf5::{Dataset, Datatype, Extent, H5Type, ObjectReference1};
use hdf5_sys::h5t::{H5T_str_t, H5Tset_strpad};
use ndarray::{ArrayView2, ArrayView3, s};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Longest name of a column, in bytes.
const TEXT: usize = 64;
type Text = FixedUnicode<TEXT>;
/// Bytes a chunk, about.
const CHUNK: usize = 1 << 16;
/// Times that are read in one go.
const PIECE: usize = 1 << 13;
/// Deflate's largest gain, see [`super::solution`].
const BEST_COMPRESSION: u64 = 1032;
/// What makes a data set a scale; with the zero byte at its end it has the 16 bytes that the specification wants.
const SCALE: &str = "DIMENSION_SCALE";

/// What a row is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Where rows have values at points: these, `[point][dimension]`, and the space dimensions.
    pub points: Option<(Vec<f64>, usize)>,
}

impl Layout {
    /// Sizes of a row: columns, or points and columns.
    fn shape(&self) -> Vec<usize> {
        let points = self.points.iter().map(|(x, dims)| x.len() / (*dims).max(1));
        points.chain([self.columns.len()]).collect()
    }
}

/// A data set of a file, neither of which need be there yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Growing {
    path: PathBuf,
    dataset: String,
}

/// A reference to a data set that a scale belongs to, as HDF5's own library lays it out.
#[derive(Clone, Copy, H5Type)]
#[repr(C)]
struct User {
    dataset: ObjectReference1,
    dimension: i32,
}

impl Growing {
    /// A data set called `dataset`, words separated by `/`, the last of which is its own and the others are groups.
    ///
    /// # Errors
    /// What is wrong with the name, as the end of a sentence.
    pub fn new(path: PathBuf, dataset: &str) -> Result<Growing, String> {
        let name = dataset.trim_start_matches('/');
        let bad = |word: &str| word.is_empty() || word == "." || word.contains('\0');
        if name.split('/').any(bad) {
            return Err(format!("{dataset:?} cannot name a data set; give words separated by '/'"));
        }
        Ok(Growing { path, dataset: name.into() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Name of the data set.
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Adds rows at `times`; `values` one after the other, each `[point][column]`. Makes folder, file and data set if they
    /// are not there.
    ///
    /// # Errors
    /// [`OutputError::Rows`] where there is something else under that name, [`OutputError::Read`] where the file cannot be
    /// opened, [`OutputError::Write`] where it cannot be written, [`OutputError::Inconsistent`] for sizes that do not agree.
    pub fn append(&self, layout: &Layout, times: &[f64], values: &[f64]) -> Result<(), OutputError> {
        let shape = layout.shape();
        if values.len() != times.len() * shape.iter().product::<usize>() {
            let problem = format!("{} numbers for {} rows of {shape:?}", values.len(), times.len());
            return Err(OutputError::Inconsistent { path: self.path.clone(), problem });
        }
        let file = self.open()?;
        let there = file.is_some();
        let rows = file.map_or(Ok(None), |file| self.rows(&file, Some(layout)))?;
        create_folder_of(&self.path)?;
        write_atomically(&self.path, |temporary| {
            let mut options = hdf5::File::with_options();
            options.with_fapl(|p| p.libver_v110());
            let file = if there {
                copy(&self.path, temporary)?;
                options.open_rw(temporary)?
            } else {
                options.create(temporary)?
            };
            if rows.is_none() {
                self.create(&file, layout)?;
            }
            let from = rows.unwrap_or(0);
            let to = from + times.len();
            let (data, scale) = (file.dataset(&self.dataset)?, file.dataset(&self.scale("t"))?);
            scale.resize(to)?;
            scale.write_slice(times, s![from..to])?;
            match shape[..] {
                [points, columns] => {
                    data.resize((to, points, columns))?;
                    let values = ArrayView3::from_shape((times.len(), points, columns), values);
                    data.write_slice(values.expect("sizes agree"), s![from..to, .., ..])?;
                }
                _ => {
                    data.resize((to, shape[0]))?;
                    let values = ArrayView2::from_shape((times.len(), shape[0]), values);
                    data.write_slice(values.expect("sizes agree"), s![from..to, ..])?;
                }
            }
            drop((data, scale));
            closed(file)
        })
    }

    /// Takes out the last rows, as far as `later` holds for their times. A file or data set that is not there stays away.
    ///
    /// # Errors
    /// As [`Growing::append`].
    pub fn cut(&self, later: impl Fn(f64) -> bool) -> Result<(), OutputError> {
        let Some(file) = self.open()? else { return Ok(()) };
        let Some(rows) = self.rows(&file, None)? else { return Ok(()) };
        let kept = self.kept(&file, rows, later).map_err(|e| self.refused(e.to_string()))?;
        drop(file);
        if kept == rows {
            return Ok(());
        }
        write_atomically(&self.path, |temporary| {
            copy(&self.path, temporary)?;
            let file = hdf5::File::with_options().with_fapl(|p| p.libver_v110()).open_rw(temporary)?;
            let data = file.dataset(&self.dataset)?;
            chunks::check(&data, kept..rows)?;
            match data.shape()[..] {
                [_, points, columns] => data.resize((kept, points, columns))?,
                [_, columns] => data.resize((kept, columns))?,
                _ => {}
            }
            file.dataset(&self.scale("t"))?.resize(kept)?;
            drop(data);
            closed(file)
        })
    }

    /// The file, if there is one that is not empty.
    fn open(&self) -> Result<Option<hdf5::File>, OutputError> {
        let read = |cause: Cause| OutputError::Read { path: self.path.clone(), cause };
        match fs::metadata(&self.path) {
            Ok(data) if data.len() == 0 && data.is_file() => Ok(None),
            Ok(_) => {
                let file = hdf5::File::open(&self.path).map_err(|e| read(e.into()))?;
                // Meshes and solutions say what they are, those of PyFR by what they hold.
                if file.attr("format").is_ok()
                    || ["mesh_uuid", "mesh-uuid"].iter().any(|name| file.link_exists(name))
                {
                    return Err(self.refused("it is a mesh or a solution: name another file".into()));
                }
                Ok(Some(file))
            }
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(read(e.into())),
        }
    }

    /// Name of a scale.
    fn scale(&self, what: &str) -> String {
        format!("{}_{what}", self.dataset)
    }

    fn refused(&self, problem: String) -> OutputError {
        OutputError::Rows { path: self.path.clone(), dataset: self.dataset.clone(), problem }
    }

    /// Rows of the data set, if it is there; it must be one of ours, and of this layout.
    fn rows(&self, file: &hdf5::File, layout: Option<&Layout>) -> Result<Option<usize>, OutputError> {
        let scale = self.scale("t");
        if !file.link_exists(&self.dataset) {
            return if layout.is_some() && file.link_exists(&scale) {
                Err(self.refused(format!("there is a {scale:?} without it")))
            } else {
                Ok(None)
            };
        }
        let other = |e: hdf5::Error| self.refused(e.to_string());
        let open = |name: &str| file.dataset(name).map_err(|_| self.refused(format!("{name:?} is missing")));
        let (data, scale) = (open(&self.dataset)?, open(&scale)?);
        let (shape, times) = (data.shape(), scale.shape());
        let reals = |set: &Dataset| -> hdf5::Result<bool> {
            Ok(set.dtype()?.to_descriptor()? == f64::type_descriptor() && set.is_resizable())
        };
        if !(2..=3).contains(&shape.len()) || !reals(&data).map_err(other)? {
            return Err(self.refused(format!("it is no data set of rows but of shape {shape:?}")));
        }
        let possible = scale.storage_size().saturating_mul(BEST_COMPRESSION) / 8;
        if times != shape[..1] || !reals(&scale).map_err(other)? || times[0] as u64 > possible {
            return Err(self.refused(format!("it has {} rows and times of shape {times:?}", shape[0])));
        }
        // Rows are added to the last chunk.
        if shape[0] > 0 {
            let last = shape[0] - 1..shape[0];
            [&data, &scale].iter().try_for_each(|set| chunks::check(set, last.clone())).map_err(other)?;
        }
        let Some(layout) = layout else { return Ok(Some(shape[0])) };
        if shape[1..] != layout.shape() {
            let wanted = layout.shape();
            return Err(self.refused(format!("its rows are of shape {:?}, not {wanted:?}", &shape[1..])));
        }
        let names = data.attr("columns").and_then(|names| names.read_raw::<Text>());
        let same = |(found, wanted): (&Text, &String)| found.as_bytes() == wanted.as_bytes();
        if !names.is_ok_and(|names| names.iter().zip(&layout.columns).all(same)) {
            let names = layout.columns.join(", ");
            return Err(self.refused(format!("its columns are not {names}")));
        }
        if let Some((points, _)) = &layout.points {
            let there = open(&self.scale("p"))?;
            // Before it is read: it may be of any size.
            let found = if there.size() == points.len() && chunks::check_all(&there).is_ok() {
                there.read_raw().ok()
            } else {
                None
            };
            if found.as_ref() != Some(points) {
                return Err(self.refused("its points are others".into()));
            }
        }
        Ok(Some(shape[0]))
    }

    /// Rows that are left without the last ones, as far as `later` holds for them.
    fn kept(&self, file: &hdf5::File, rows: usize, later: impl Fn(f64) -> bool) -> hdf5::Result<usize> {
        let scale = file.dataset(&self.scale("t"))?;
        chunks::check_all(&scale)?;
        let mut end = rows;
        while end > 0 {
            let start = end.saturating_sub(PIECE);
            let times = scale.read_slice_1d::<f64, _>(s![start..end])?;
            if let Some(last) = times.iter().rposition(|t| !later(*t)) {
                return Ok(start + last + 1);
            }
            end = start;
        }
        Ok(0)
    }

    /// Makes the data set without rows, and its scales.
    fn create(&self, file: &hdf5::File, layout: &Layout) -> Result<(), Cause> {
        let shape = layout.shape();
        let columns = layout.columns.iter().map(|name| name.parse::<Text>());
        let columns = columns.collect::<Result<Vec<_>, _>>();
        let columns =
            columns.map_err(|_| hdf5::Error::from(format!("a column's name is longer than {TEXT} bytes")))?;
        let data = grows::<f64>(file, &self.dataset, &shape)?;
        data.new_attr::<Text>().shape(columns.len()).create("columns")?.write_raw(&columns)?;
        let times = self.scale("t");
        grows::<f64>(file, &times, &[])?;
        let mut scales = vec![(times, "t", 0)];
        if let Some((points, dims)) = &layout.points {
            let name = self.scale("p");
            let made = file.new_dataset::<f64>().shape((shape[0], *dims)).create(name.as_str())?;
            made.write_raw(points)?;
            scales.push((name, "points", 1));
        }
        let reference = |name: &str| file.reference::<ObjectReference1>(name);
        let mut by_dimension = vec![vec![]; 1 + shape.len()];
        for (name, label, dimension) in scales {
            let scale = file.dataset(&name)?;
            let class: FixedAscii<16> = ascii(SCALE)?;
            let kind = terminated::<FixedAscii<16>>()?;
            scale.new_attr_builder().empty_as(kind).create("CLASS")?.write_scalar(&class)?;
            let label: FixedAscii<16> = ascii(label)?;
            let kind = terminated::<FixedAscii<16>>()?;
            scale.new_attr_builder().empty_as(kind).create("NAME")?.write_scalar(&label)?;
            let user = User { dataset: reference(&self.dataset)?, dimension: dimension as i32 };
            scale.new_attr::<User>().shape(1).create("REFERENCE_LIST")?.write_raw(&[user])?;
            by_dimension[dimension].push(reference(&name)?);
        }
        let lists: Vec<_> = by_dimension.iter().map(|list| VarLenArray::from_slice(list)).collect();
        let attribute = data.new_attr::<VarLenArray<ObjectReference1>>().shape(lists.len());
        Ok(attribute.create("DIMENSION_LIST")?.write_raw(&lists)?)
    }
}

/// A data set with checksums that has no rows yet.
fn grows<T: H5Type>(file: &hdf5::File, name: &str, row: &[usize]) -> hdf5::Result<Dataset> {
    let mut chunk = vec![1; 1 + row.len()];
    let mut left = CHUNK / size_of::<T>();
    // From the last dimension to the first.
    for (chunk, size) in chunk[1..].iter_mut().zip(row).rev() {
        *chunk = (*size).clamp(1, left.max(1));
        left /= *chunk;
    }
    chunk[0] = left.max(1);
    let shape: Vec<Extent> = std::iter::once((0..).into()).chain(row.iter().map(|n| (*n).into())).collect();
    file.new_dataset::<T>().chunk(chunk).fletcher32().shape(shape).create(name)
}

fn ascii<const N: usize>(text: &str) -> Result<FixedAscii<N>, Cause> {
    FixedAscii::from_ascii(text.as_bytes()).map_err(|e| Cause::Hdf5(e.to_string().into()))
}

/// The type of a text of fixed length that ends with a zero byte, as the specification of scales wants it; ours are padded
/// with zero bytes otherwise.
fn terminated<T: H5Type>() -> Result<Datatype, Cause> {
    let kind = Datatype::from_type::<T>()?;
    let _lock = hdf5_sys::LOCK.lock();
    // SAFETY: the id is that of a type which `kind` keeps open, and the library is locked.
    let status = unsafe { H5Tset_strpad(kind.id(), H5T_str_t::H5T_STR_NULLTERM) };
    if status < 0 { Err(Cause::Hdf5("a type of text could not be made".into())) } else { Ok(kind) }
}

/// Copies the content alone: the copy is writable whatever the file is.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    io::copy(&mut File::open(from)?, &mut File::create(to)?)
}

/// Closes a file; dropping it would hide a failure to write the rest.
fn closed(file: hdf5::File) -> Result<(), Cause> {
    file.flush()?;
    Ok(file.close()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn force() -> Layout {
        Layout { columns: vec!["px".into(), "py".into()], points: None }
    }

    fn samples(points: &[f64]) -> Layout {
        Layout { columns: vec!["rho".into(), "u".into(), "p".into()], points: Some((points.to_vec(), 2)) }
    }

    fn times(path: &Path, name: &str) -> Vec<f64> {
        hdf5::File::open(path).unwrap().dataset(&format!("{name}_t")).unwrap().read_raw().unwrap()
    }

    #[test]
    fn meshes_and_solutions_are_not_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mesh.smesh");
        hdf5::File::create(&path).unwrap().new_attr::<u32>().create("format").unwrap();
        let before = fs::read(&path).unwrap();
        let error =
            Growing::new(path.clone(), "rows").unwrap().append(&force(), &[0.0], &[1.0, 2.0]).unwrap_err();
        assert!(error.to_string().contains("name another file"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn rows_come_back_and_later_ones_are_taken_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.h5");
        let rows = Growing::new(path.clone(), "/wall/force").unwrap();
        rows.cut(|_| true).unwrap();
        assert!(!path.exists());
        rows.append(&force(), &[0.0], &[1.0, 2.0]).unwrap();
        rows.append(&force(), &[0.5, 1.0], &[3.0, 4.0, 5.0, 6.0]).unwrap();
        let points = [0.25, 0.5, 0.75, 1.0];
        let other = Growing::new(path.clone(), "samples").unwrap();
        let values: Vec<f64> = (0..6 * 20_000).map(f64::from).collect();
        let moments: Vec<f64> = (0..20_000).map(f64::from).collect();
        other.append(&samples(&points), &moments, &values).unwrap();
        let data = |name: &str| -> (Vec<usize>, Vec<f64>) {
            let set = hdf5::File::open(&path).unwrap().dataset(name).unwrap();
            (set.shape(), set.read_raw().unwrap())
        };
        assert_eq!(data("wall/force"), (vec![3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        assert_eq!(data("samples"), (vec![20_000, 2, 3], values.clone()));
        assert_eq!(data("samples_p"), (vec![2, 2], points.to_vec()));
        rows.cut(|t| t > 0.5).unwrap();
        rows.cut(|t| t > 0.5).unwrap();
        assert_eq!(times(&path, "wall/force"), [0.0, 0.5]);
        // Far more times than are read at once.
        other.cut(|t| t > 3.0).unwrap();
        assert_eq!(data("samples"), (vec![4, 2, 3], values[..24].to_vec()));
        rows.append(&force(), &[1.0], &[7.0, 8.0]).unwrap();
        assert_eq!(data("wall/force"), (vec![3, 2], vec![1.0, 2.0, 3.0, 4.0, 7.0, 8.0]));
        other.cut(|_| true).unwrap();
        assert_eq!(data("samples").0, [0, 2, 3]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_of_the_same_layout_is_refused_with_the_reason_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.h5");
        let at = |name: &str| Growing::new(path.clone(), name).unwrap();
        at("a").append(&force(), &[0.0], &[1.0, 2.0]).unwrap();
        at("b").append(&samples(&[0.0, 1.0]), &[0.0], &[1.0, 2.0, 3.0]).unwrap();
        let file = hdf5::File::open_rw(&path).unwrap();
        file.new_dataset::<f64>().shape(3).create("foreign").unwrap();
        file.new_dataset::<i32>().shape((0.., 2)).chunk((1, 2)).create("whole").unwrap();
        file.new_dataset::<f64>().shape((0.., 2)).chunk((1, 2)).create("timeless").unwrap();
        for scale in ["foreign_t", "whole_t"] {
            file.new_dataset::<f64>().shape(0..).chunk(1).create(scale).unwrap();
        }
        drop(file);
        let before = fs::read(&path).unwrap();
        let names = Layout { columns: vec!["px".into(), "pz".into()], points: None };
        let more = Layout { columns: vec!["px".into()], points: None };
        let moved = samples(&[0.0, 2.0]);
        for (name, layout, n, reason) in [
            ("a", &names, 2, "columns are not px, pz"),
            ("a", &more, 1, "shape [2], not [1]"),
            ("a", &moved, 3, "not [1, 3]"),
            ("b", &moved, 3, "points are others"),
            ("foreign", &force(), 2, "no data set of rows"),
            ("whole", &force(), 2, "no data set of rows"),
            ("timeless", &force(), 2, "missing"),
        ] {
            let error = at(name).append(layout, &[1.0], &vec![1.0; n]).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("file-dataset"), "{name}: {error}");
        }
        assert!(at("a").append(&force(), &[1.0], &[1.0]).is_err());
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::write(&path, "t,px,py\n").unwrap();
        assert!(matches!(at("a").append(&force(), &[1.0], &[1.0, 2.0]), Err(OutputError::Read { .. })));
        assert!(matches!(at("a").cut(|_| true), Err(OutputError::Read { .. })));
        for name in ["", "/", "a//b", "a/", "a/./b"] {
            assert!(Growing::new(path.clone(), name).is_err(), "{name:?}");
        }
    }
}
