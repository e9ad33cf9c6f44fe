//! What the files of PyFR 3 have in common, of which [`super::pyfrm`] reads meshes and `output::pyfrs` solutions: HDF5 with a
//! version and texts, and the ways to be at fault.
//!
//! A file is not trusted: types and sizes are checked before anything is read.

mod error;
mod sound;

pub use error::{Content, PyfrError};
pub(crate) use sound::is_sound;

use crate::files::chunks;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor};
use hdf5::{Dataset, File};
use std::path::{Path, PathBuf};

/// Longest text, in bytes.
const MAX_TEXT: usize = 1 << 18;

/// An open file of a known version.
#[derive(Debug)]
pub(crate) struct Source {
    pub path: PathBuf,
    pub content: Content,
    pub file: File,
    /// Version of the format, 1 or 2.
    pub version: i64,
    /// Bytes of the whole file.
    pub len: u64,
}

impl Source {
    /// Opens a file and checks its layout and version.
    pub fn open(path: &Path, content: Content) -> Result<Source, PyfrError> {
        let io = |source| PyfrError::Io { path: path.into(), cause: source };
        // Before it is opened, which waits for a writer where it is a pipe.
        let metadata = std::fs::metadata(path).map_err(io)?;
        let other = |why: String| PyfrError::Other { path: path.into(), content, why };
        if !metadata.is_file() {
            return Err(other("it is not a regular file".into()));
        }
        // HDF5's own message about a file that may not be read is long.
        std::fs::File::open(path).map_err(io)?;
        let file = File::open(path).map_err(|e| other(format!("HDF5 cannot open it ({e})")))?;
        if !content.required().iter().all(|name| file.link_exists(name)) {
            let names = file.member_names().unwrap_or_default();
            if names.iter().any(|n| n.starts_with(content.old_prefix())) {
                return Err(PyfrError::OldLayout { path: path.into(), content });
            }
            return Err(other(format!("it lacks one of {}", content.required().join(", "))));
        }
        let mut source = Source { path: path.into(), content, file, version: 0, len: metadata.len() };
        source.version = source.read_version()?;
        match source.version {
            1 | 2 => Ok(source),
            version => Err(PyfrError::Version { path: path.into(), content, version }),
        }
    }

    fn read_version(&self) -> Result<i64, PyfrError> {
        let object = "/version";
        match self.scalar(object)? {
            (dataset, TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_)) => {
                dataset.read_scalar().map_err(self.at(object))
            }
            (_, found) => Err(self.invalid(object, format!("its type is {found}, not an integer"))),
        }
    }

    /// A dataset of one text.
    pub fn text(&self, object: &str) -> Result<String, PyfrError> {
        // Read as lists of one, which lie on the heap: they are too large for the stack of a thread.
        let bytes = match self.scalar(object)? {
            (dataset, TypeDescriptor::FixedAscii(n)) if n <= MAX_TEXT => {
                let texts = dataset.read_raw::<FixedAscii<MAX_TEXT>>().map_err(self.at(object))?;
                texts.first().map(|text| text.as_bytes().to_vec())
            }
            (dataset, TypeDescriptor::FixedUnicode(n)) if n <= MAX_TEXT => {
                let texts = dataset.read_raw::<FixedUnicode<MAX_TEXT>>().map_err(self.at(object))?;
                texts.first().map(|text| text.as_bytes().to_vec())
            }
            (_, found) => {
                let what = format!("its type is {found}, not a text of at most {MAX_TEXT} bytes");
                return Err(self.invalid(object, what));
            }
        };
        String::from_utf8(bytes.unwrap_or_default()).map_err(|_| self.invalid(object, "it is not UTF-8"))
    }

    /// A dataset of one value, and its type.
    fn scalar(&self, object: &str) -> Result<(Dataset, TypeDescriptor), PyfrError> {
        let dataset = self.file.dataset(object).map_err(self.at(object))?;
        match dataset.size() {
            1 => {}
            n => return Err(self.invalid(object, format!("it holds {n} values, not one"))),
        }
        let stored = dataset.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))?;
        chunks::check_all(&dataset).map_err(self.at(object))?;
        Ok((dataset, stored))
    }

    /// The error that the file holds something else than it should.
    pub fn other(&self, why: impl Into<String>) -> PyfrError {
        PyfrError::Other { path: self.path.clone(), content: self.content, why: why.into() }
    }

    /// An error in an object of the file.
    pub fn invalid(&self, object: &str, what: impl Into<String>) -> PyfrError {
        PyfrError::Invalid { path: self.path.clone(), object: object.into(), what: what.into() }
    }

    /// Puts the place to an error of HDF5.
    pub fn at(&self, object: &str) -> impl Fn(hdf5::Error) -> PyfrError {
        let (path, object) = (self.path.clone(), object.to_string());
        move |source| {
            let (path, object) = (path.clone(), object.clone());
            // PyFR has its HDF5 library write the newest form that this one has.
            if source.to_string().contains("bad version number") {
                let (major, minor, release) = hdf5::library_version();
                let library = format!("{major}.{minor}.{release}");
                return PyfrError::NewerHdf5 { path, object, library };
            }
            PyfrError::Hdf5 { path, object, cause: source }
        }
    }
}
