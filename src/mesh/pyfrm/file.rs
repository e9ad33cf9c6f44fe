//! An open mesh file: hands out datasets of reasonable size, reads names.

use crate::files::chunks;
use crate::mesh::pyfr::{Content, PyfrError, Source, is_sound};
use hdf5::Dataset;
use hdf5::types::{CompoundType, FixedAscii, FixedUnicode, FloatSize, TypeDescriptor};
use std::path::Path;

/// Deflate packs at best 1,032 bytes into one; a dataset that claims to hold more than this many times the size of the
/// whole file is a lie, and memory for it is not asked for.
const MAX_RATIO: u64 = 1_100;

/// Longest entry of the codec.
const MAX_NAME: usize = 256;

/// An open mesh file of a known version.
pub struct Reader {
    source: Source,
}

impl Reader {
    /// Opens a file and checks its layout and version.
    pub fn open(path: &Path) -> Result<Reader, PyfrError> {
        Ok(Reader { source: Source::open(path, Content::Mesh)? })
    }

    /// The text `/mesh-uuid`.
    pub fn uuid(&self) -> Result<String, PyfrError> {
        self.source.text("/mesh-uuid")
    }

    /// The strings of the codec.
    pub fn codec(&self) -> Result<Vec<String>, PyfrError> {
        let object = "/codec";
        let dataset = self.source.file.dataset(object).map_err(self.at(object))?;
        let entries = self.shape(&dataset, object, 1, MAX_NAME)?[0];
        // The file names entries by numbers of 16 bits.
        if entries > i16::MAX as usize + 1 {
            return Err(self.invalid(object, format!("{entries} entries are more than can be numbered")));
        }
        let bytes: Vec<Vec<u8>> =
            match dataset.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))? {
                TypeDescriptor::FixedAscii(n) if n <= MAX_NAME => {
                    let names = dataset.read_raw::<FixedAscii<MAX_NAME>>().map_err(self.at(object))?;
                    names.iter().map(|name| name.as_bytes().to_vec()).collect()
                }
                TypeDescriptor::FixedUnicode(n) if n <= MAX_NAME => {
                    let names = dataset.read_raw::<FixedUnicode<MAX_NAME>>().map_err(self.at(object))?;
                    names.iter().map(|name| name.as_bytes().to_vec()).collect()
                }
                found => {
                    let what = format!("its type is {found}, not strings of at most {MAX_NAME} bytes");
                    return Err(self.invalid(object, what));
                }
            };
        let text =
            |bytes| String::from_utf8(bytes).map_err(|_| self.invalid(object, "an entry is not UTF-8"));
        bytes.into_iter().map(text).collect()
    }

    /// Names in a group, sorted; none where there is no such group.
    pub fn members(&self, group: &str) -> Result<Vec<String>, PyfrError> {
        if !self.source.file.link_exists(group) {
            return Ok(Vec::new());
        }
        let mut names =
            self.source.file.group(group).and_then(|g| g.member_names()).map_err(self.at(group))?;
        names.sort();
        Ok(names)
    }

    /// Names of the partitionings of more than one part.
    pub fn partitionings(&self) -> Vec<String> {
        let several = |name: &String| {
            let object = format!("partitionings/{name}/eles");
            let regions = self.source.file.dataset(&object).and_then(|d| d.attr("regions"));
            regions.is_ok_and(|regions| regions.shape().first().is_some_and(|parts| *parts > 1))
        };
        self.members("partitionings").unwrap_or_default().into_iter().filter(several).collect()
    }

    /// A dataset of compounds of so many dimensions, the type of its rows and its shape.
    pub fn compound(
        &self,
        object: &str,
        ndim: usize,
    ) -> Result<(Dataset, CompoundType, Vec<usize>), PyfrError> {
        let dataset = self.source.file.dataset(object).map_err(self.at(object))?;
        match dataset.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))? {
            TypeDescriptor::Compound(row) => {
                if !is_sound(&row) {
                    return Err(self.invalid(
                        object,
                        "its rows hold something else than numbers, or their fields overlap",
                    ));
                }
                let shape = self.shape(&dataset, object, ndim, row.size)?;
                Ok((dataset, row, shape))
            }
            found => Err(self.invalid(object, format!("its type is {found}, not a compound"))),
        }
    }

    /// A dataset of numbers with a point in so many dimensions: its shape and what it holds.
    pub fn floats(&self, object: &str, ndim: usize) -> Result<(Vec<usize>, Vec<f64>), PyfrError> {
        let dataset = self.source.file.dataset(object).map_err(self.at(object))?;
        match dataset.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))? {
            TypeDescriptor::Float(FloatSize::U4 | FloatSize::U8) => {
                let shape = self.shape(&dataset, object, ndim, size_of::<f64>())?;
                Ok((shape, dataset.read_raw::<f64>().map_err(self.at(object))?))
            }
            found => Err(self.invalid(object, format!("its type is {found}, not float64 or float32"))),
        }
    }

    /// The shape of a dataset of `ndim` dimensions with entries of `bytes` bytes.
    fn shape(
        &self,
        dataset: &Dataset,
        object: &str,
        ndim: usize,
        bytes: usize,
    ) -> Result<Vec<usize>, PyfrError> {
        let shape = dataset.get_shape().map_err(self.at(object))?;
        if shape.len() != ndim {
            return Err(self.invalid(object, format!("it has {} dimensions, not {ndim}", shape.len())));
        }
        let total = shape.iter().try_fold(bytes.max(1), |n, &extent| n.checked_mul(extent));
        if total.is_none_or(|total| total as u64 > self.source.len.saturating_mul(MAX_RATIO)) {
            let what = format!("its shape {shape:?} is too large for a file of {} bytes", self.source.len);
            return Err(self.invalid(object, what));
        }
        chunks::check_all(dataset).map_err(self.at(object))?;
        Ok(shape)
    }

    /// An error in a dataset or group.
    pub fn invalid(&self, object: &str, what: impl Into<String>) -> PyfrError {
        self.source.invalid(object, what)
    }

    /// Puts the place to an error of HDF5.
    pub fn at(&self, object: &str) -> impl Fn(hdf5::Error) -> PyfrError {
        self.source.at(object)
    }
}
