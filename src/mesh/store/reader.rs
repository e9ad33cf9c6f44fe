//! Opens mesh files and reads their attributes, trusting nothing in them.

use super::{FORMAT, Name, StoreError, VERSION};
use hdf5::{Container, File, Group, H5Type, Location};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// An open mesh file of the right format and version.
pub struct Reader {
    pub path: PathBuf,
    pub file: File,
    /// Bytes of the whole file.
    pub len: u64,
    /// Bytes of numbers read so far, whole chunks.
    pub bytes_read: Arc<AtomicU64>,
}

impl Reader {
    /// Opens a file and checks its format and version.
    pub fn open(path: &Path) -> Result<Reader, StoreError> {
        let io = |source| StoreError::Io { path: path.into(), action: "read", cause: source };
        let file = std::fs::File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        drop(file);
        let not = |why: String| StoreError::NotAMesh { path: path.into(), why };
        if !metadata.is_file() {
            return Err(not("it is not a regular file".into()));
        }
        let file = File::open(path).map_err(|e| not(format!("HDF5 cannot open it ({e})")))?;
        let reader = Reader { path: path.into(), file, len: metadata.len(), bytes_read: Arc::default() };
        match reader.text(&reader.file, "format") {
            Ok(format) if format == FORMAT => {}
            Ok(format) => return Err(not(format!("its format is \"{format}\""))),
            Err(_) => return Err(not("it lacks the attribute \"format\"".into())),
        }
        match reader.number(&reader.file, "version")? {
            VERSION => Ok(reader),
            version => Err(StoreError::Version { path: path.into(), version }),
        }
    }

    pub fn group(&self, name: &str) -> Result<Group, StoreError> {
        self.file.group(name).map_err(self.at(name))
    }

    /// Names in a group, sorted (their order in the file differs between HDF5 versions).
    pub fn members(&self, group: &Group) -> Result<Vec<String>, StoreError> {
        let mut names = group.member_names().map_err(self.at(&group.name()))?;
        names.sort();
        Ok(names)
    }

    /// Refuses other types, of whatever byte order: HDF5 would clip silently.
    pub fn check_type<T: H5Type>(&self, container: &Container, object: &str) -> Result<(), StoreError> {
        let found = container.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))?;
        let expected = T::type_descriptor();
        if found == expected {
            return Ok(());
        }
        let what = format!("its type is {found}, not {expected}");
        Err(StoreError::Invalid { path: self.path.clone(), object: object.into(), what })
    }

    pub fn number(&self, at: &Location, name: &str) -> Result<u32, StoreError> {
        self.attribute(at, name)
    }

    pub fn text(&self, at: &Location, name: &str) -> Result<String, StoreError> {
        let text = self.attribute::<Name>(at, name)?;
        self.utf8(at, name, &text)
    }

    fn attribute<T: H5Type>(&self, at: &Location, name: &str) -> Result<T, StoreError> {
        let object = format!("{}, attribute \"{name}\"", at.name());
        let attribute = at.attr(name).map_err(self.at(&object))?;
        self.check_type::<T>(&attribute, &object)?;
        attribute.read_scalar::<T>().map_err(self.at(&object))
    }

    /// HDF5 does not promise that its UTF-8 is any.
    pub fn utf8(&self, at: &Location, name: &str, text: &Name) -> Result<String, StoreError> {
        let text = std::str::from_utf8(text.as_bytes());
        text.map(String::from).map_err(|_| self.invalid(at, format!("{name} is not UTF-8")))
    }

    pub fn invalid(&self, at: &Location, what: String) -> StoreError {
        StoreError::Invalid { path: self.path.clone(), object: at.name(), what }
    }

    pub fn at(&self, object: &str) -> impl Fn(hdf5::Error) -> StoreError + use<> {
        let (path, object) = (self.path.clone(), object.to_string());
        move |source| StoreError::Hdf5 { path: path.clone(), object: object.clone(), cause: source }
    }
}
