//! An open file: checks that it is one, hands out datasets of reasonable size, reads names.

use super::PyfrmError;
use hdf5::types::{CompoundType, FixedAscii, FixedUnicode, TypeDescriptor};
use hdf5::{Dataset, File};
use std::path::{Path, PathBuf};

/// Deflate packs at best 1,032 bytes into one; a dataset that claims to hold more than this many times the size of the
/// whole file is a lie, and memory for it is not asked for.
const MAX_RATIO: u64 = 1_100;

/// Longest entry of the codec.
const MAX_NAME: usize = 256;

/// An open mesh file of a known version.
pub struct Reader {
    path: PathBuf,
    file: File,
    /// Bytes of the whole file.
    len: u64,
}

impl Reader {
    /// Opens a file and checks its layout and version.
    pub fn open(path: &Path) -> Result<Reader, PyfrmError> {
        let io = |source| PyfrmError::Io { path: path.into(), source };
        let metadata = std::fs::File::open(path).and_then(|f| f.metadata()).map_err(io)?;
        let not = |why: &str| PyfrmError::NotAMesh { path: path.into(), why: why.into() };
        if !metadata.is_file() {
            return Err(not("it is not a regular file"));
        }
        let file = File::open(path).map_err(|e| not(&format!("HDF5 cannot open it ({e})")))?;
        let reader = Reader { path: path.into(), file, len: metadata.len() };
        let has = |name| reader.file.link_exists(name);
        if !["codec", "eles", "nodes", "version"].into_iter().all(has) {
            let names = reader.file.member_names().unwrap_or_default();
            if names.iter().any(|n| n.starts_with("spt_")) {
                return Err(PyfrmError::OldLayout { path: path.into() });
            }
            return Err(not("it lacks one of codec, eles, nodes, version"));
        }
        match reader.version()? {
            1 | 2 => Ok(reader),
            version => Err(PyfrmError::Version { path: path.into(), version }),
        }
    }

    fn version(&self) -> Result<i64, PyfrmError> {
        let at = self.at("/version");
        let dataset = self.file.dataset("version").map_err(&at)?;
        match dataset.dtype().and_then(|t| t.to_descriptor()).map_err(&at)? {
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) => dataset.read_scalar().map_err(&at),
            found => Err(self.invalid("/version", format!("its type is {found}, not an integer"))),
        }
    }

    /// The text `/mesh-uuid`.
    pub fn uuid(&self) -> Result<String, PyfrmError> {
        let object = "/mesh-uuid";
        let dataset = self.file.dataset("mesh-uuid").map_err(self.at(object))?;
        let what =
            match (dataset.size(), dataset.dtype().and_then(|t| t.to_descriptor()).map_err(self.at(object))?)
            {
                (1, TypeDescriptor::FixedAscii(n)) if n <= MAX_NAME => {
                    let text = dataset.read_raw::<FixedAscii<MAX_NAME>>().map_err(self.at(object))?;
                    String::from_utf8(text[0].as_bytes().to_vec()).map_err(|_| "it is not UTF-8".to_string())
                }
                (1, TypeDescriptor::FixedUnicode(n)) if n <= MAX_NAME => {
                    let text = dataset.read_raw::<FixedUnicode<MAX_NAME>>().map_err(self.at(object))?;
                    String::from_utf8(text[0].as_bytes().to_vec()).map_err(|_| "it is not UTF-8".to_string())
                }
                (n, found) => Err(format!("it is {n} x {found}, not one text of at most {MAX_NAME} bytes")),
            };
        what.map_err(|what| self.invalid(object, what))
    }

    /// The strings of the codec.
    pub fn codec(&self) -> Result<Vec<String>, PyfrmError> {
        let object = "/codec";
        let dataset = self.file.dataset(object).map_err(self.at(object))?;
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
    pub fn members(&self, group: &str) -> Result<Vec<String>, PyfrmError> {
        if !self.file.link_exists(group) {
            return Ok(Vec::new());
        }
        let mut names = self.file.group(group).and_then(|g| g.member_names()).map_err(self.at(group))?;
        names.sort();
        Ok(names)
    }

    /// Names of the partitionings of more than one part.
    pub fn partitionings(&self) -> Vec<String> {
        let several = |name: &String| {
            let object = format!("partitionings/{name}/eles");
            let regions = self.file.dataset(&object).and_then(|d| d.attr("regions"));
            regions.is_ok_and(|regions| regions.shape().first().is_some_and(|parts| *parts > 1))
        };
        self.members("partitionings").unwrap_or_default().into_iter().filter(several).collect()
    }

    /// A dataset of compounds of so many dimensions, the type of its rows and its shape.
    pub fn compound(
        &self,
        object: &str,
        ndim: usize,
    ) -> Result<(Dataset, CompoundType, Vec<usize>), PyfrmError> {
        let dataset = self.file.dataset(object).map_err(self.at(object))?;
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

    /// The shape of a dataset of `ndim` dimensions with entries of `bytes` bytes.
    fn shape(
        &self,
        dataset: &Dataset,
        object: &str,
        ndim: usize,
        bytes: usize,
    ) -> Result<Vec<usize>, PyfrmError> {
        let shape = dataset.get_shape().map_err(self.at(object))?;
        if shape.len() != ndim {
            return Err(self.invalid(object, format!("it has {} dimensions, not {ndim}", shape.len())));
        }
        let total = shape.iter().try_fold(bytes.max(1), |n, &extent| n.checked_mul(extent));
        if total.is_none_or(|total| total as u64 > self.len.saturating_mul(MAX_RATIO)) {
            let what = format!("its shape {shape:?} is too large for a file of {} bytes", self.len);
            return Err(self.invalid(object, what));
        }
        Ok(shape)
    }

    /// An error in a dataset or group.
    pub fn invalid(&self, object: &str, what: impl Into<String>) -> PyfrmError {
        PyfrmError::Invalid { path: self.path.clone(), object: object.into(), what: what.into() }
    }

    /// Puts the place to an error of HDF5.
    pub fn at(&self, object: &str) -> impl Fn(hdf5::Error) -> PyfrmError {
        let (path, object) = (self.path.clone(), object.to_string());
        move |source| {
            let (path, object) = (path.clone(), object.clone());
            // PyFR has its HDF5 library write the newest form that this one has.
            if source.to_string().contains("bad version number") {
                let (major, minor, release) = hdf5::library_version();
                let library = format!("{major}.{minor}.{release}");
                return PyfrmError::NewerHdf5 { path, object, library };
            }
            PyfrmError::Hdf5 { path, object, source }
        }
    }
}

/// True when the fields lie one after the other within the row. HDF5 itself relies on that when it converts, and reads
/// or writes elsewhere if a damaged file says otherwise.
pub fn is_sound(row: &CompoundType) -> bool {
    let mut fields: Vec<_> = row.fields.iter().collect();
    fields.sort_by_key(|f| f.offset);
    let mut end = Some(0);
    for field in fields {
        end =
            end.filter(|end| *end <= field.offset).and_then(|_| field.offset.checked_add(bytes(&field.ty)?));
    }
    end.is_some_and(|end| end <= row.size)
}

/// Size of an entry; none if it is no plain number, or an array or compound that is not sound.
fn bytes(ty: &TypeDescriptor) -> Option<usize> {
    match ty {
        TypeDescriptor::Compound(row) => is_sound(row).then_some(row.size),
        TypeDescriptor::FixedArray(of, n) => bytes(of)?.checked_mul(*n),
        TypeDescriptor::Integer(_)
        | TypeDescriptor::Unsigned(_)
        | TypeDescriptor::Float(_)
        | TypeDescriptor::Boolean
        | TypeDescriptor::Enum(_) => Some(ty.size()),
        _ => None,
    }
}
