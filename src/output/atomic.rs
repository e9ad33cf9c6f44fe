//! [`files::replace`] for outputs: errors name the file and say what to do.

use super::{Cause, OutputError};
use crate::files;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Calls `write` with the name of an empty temporary file and gives the result the name `path`.
///
/// On any error the temporary file is removed and an older file called `path` stays as it was.
///
/// # Errors
/// [`OutputError::Write`] with the path and advice.
pub fn write_atomically<T>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<T, Cause>,
) -> Result<T, OutputError> {
    files::replace(path, write, Cause::Io).map_err(|cause| failure(path, cause))
}

/// The error for a failed write to `path`, with advice.
pub fn failure(path: &Path, cause: impl Into<Cause>) -> OutputError {
    let mut cause = cause.into();
    // HDF5's own message about a full disk takes three lines.
    if let Cause::Hdf5(error) = &cause
        && let Some(error) = system_error(&error.to_string())
    {
        cause = Cause::Io(error);
    }
    let advice = advice(&cause);
    OutputError::Write { path: path.to_owned(), cause, advice }
}

/// Creates the folder that is to hold `path`, with its parents.
///
/// # Errors
/// [`OutputError::Write`] with the path and advice.
pub fn create_folder_of(path: &Path) -> Result<(), OutputError> {
    std::fs::create_dir_all(files::folder_of(path)).map_err(|e| failure(path, e))
}

fn advice(cause: &Cause) -> &'static str {
    let kind = match cause {
        Cause::Io(e) => e.kind(),
        Cause::Vtk(vtkio::Error::IO(e)) => e.kind(),
        Cause::Hdf5(_) | Cause::Vtk(_) => ErrorKind::Other,
    };
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "the folder does not exist: create it, or correct basedir"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "the folder may not be written: check its permissions, or choose another basedir"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "the disk or the quota is full: free some space; all files written before are intact"
        }
        ErrorKind::AlreadyExists => {
            "a file stands where the folder should be: rename it, or choose another basedir"
        }
        ErrorKind::IsADirectory => "a folder of that name is in the way: rename it or the output",
        _ => "all files written before are intact",
    }
}

/// The system's error inside an HDF5 message, which carries it as `errno = 28`.
fn system_error(message: &str) -> Option<io::Error> {
    let digits = message.split("errno = ").nth(1)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok().map(io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        for text in ["first", "second"] {
            let n = write_atomically(&path, |tmp| {
                assert_eq!(tmp.parent(), path.parent());
                fs::write(tmp, text)?;
                Ok(7)
            });
            assert_eq!(n.unwrap(), 7);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn results_get_the_permissions_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomically(&ours, |_| Ok(())).unwrap();
        fs::write(&plain, "").unwrap();
        let mode = |p| fs::metadata(p).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_removes_the_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let result = write_atomically(&path, |tmp| {
            fs::write(tmp, "half of the ne")?;
            Err::<(), _>(Cause::Io(ErrorKind::StorageFull.into()))
        });
        let text = result.unwrap_err().to_string();
        assert!(text.contains("a.txt") && text.contains("disk or the quota is full"), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere/a.txt");
        let text = write_atomically(&missing, |_| Ok(())).unwrap_err().to_string();
        assert!(text.contains("nowhere") && text.contains("create it"), "{text}");
        fs::create_dir(folder.path().join("taken")).unwrap();
        let taken = folder.path().join("taken");
        assert!(write_atomically(&taken, |_| Ok(())).is_err());
        create_folder_of(&missing).unwrap();
        write_atomically(&missing, |_| Ok(())).unwrap();
        let full = system_error("write failed: errno = 28, error message = 'No space left'").unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(full.kind(), ErrorKind::StorageFull);
        }
    }
}
