//! Scalars of a file: its version and its texts.

use super::Problem;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor};
use hdf5::{Dataset, File};

/// Longest text, in bytes.
const MAX_TEXT: usize = 1 << 18;

/// The version; errors name the object.
pub fn version(file: &File) -> Result<i64, (String, Problem)> {
    let at = |problem| ("/version".to_string(), problem);
    let read = || {
        let dataset = file.dataset("version")?;
        one(&dataset)?;
        match dataset.dtype()?.to_descriptor()? {
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) => Ok(dataset.read_scalar()?),
            found => Err(Problem::What(format!("its type is {found}, not an integer"))),
        }
    };
    read().map_err(at)
}

/// A text; errors name the object.
pub fn scalar(file: &File, name: &str) -> Result<String, (String, Problem)> {
    let read = || {
        let dataset = file.dataset(name)?;
        one(&dataset)?;
        // Read as lists of one, which lie on the heap: they are too large for the stack of a thread.
        let bytes = match dataset.dtype()?.to_descriptor()? {
            TypeDescriptor::FixedAscii(n) if n <= MAX_TEXT => {
                let texts = dataset.read_raw::<FixedAscii<MAX_TEXT>>()?;
                texts.first().map(|text| text.as_bytes().to_vec())
            }
            TypeDescriptor::FixedUnicode(n) if n <= MAX_TEXT => {
                let texts = dataset.read_raw::<FixedUnicode<MAX_TEXT>>()?;
                texts.first().map(|text| text.as_bytes().to_vec())
            }
            found => {
                return Err(Problem::What(format!(
                    "its type is {found}, not a text of at most {MAX_TEXT} bytes"
                )));
            }
        };
        String::from_utf8(bytes.unwrap_or_default()).map_err(|_| Problem::what("it is not UTF-8"))
    };
    read().map_err(|problem| (format!("/{name}"), problem))
}

/// Refuses more than one value.
fn one(dataset: &Dataset) -> Result<(), Problem> {
    match dataset.size() {
        1 => Ok(()),
        n => Err(Problem::What(format!("it holds {n} values, not one"))),
    }
}
