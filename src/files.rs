//! Files that appear whole or not at all.
//!
//! The content goes to a temporary file in the same folder (a rename cannot cross file systems), is forced to disk, and
//! takes the final name by a rename, which POSIX and NTFS do in one step. Whoever opens the final name therefore sees the
//! old file or the complete new one, also after a power cut.

pub mod chunks;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempPath;

/// Temporary files that are being filled.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // The list is whole whatever happened to who held it.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files that are being filled, and has whoever wants to fill more wait for ever: for a process that is
/// about to end.
pub fn abandon() {
    let list = unfinished();
    list.iter().for_each(|file| drop(fs::remove_file(file)));
    std::mem::forget(list);
}

/// Keeps a temporary file listed.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Makes a file and lists it. The list is held meanwhile: no file is there, however shortly, without being listed.
    fn create(make: impl FnOnce() -> io::Result<TempPath>) -> io::Result<(Unfinished, TempPath)> {
        let mut list = unfinished();
        let file = make()?;
        list.insert(file.to_path_buf());
        Ok((Unfinished(file.to_path_buf()), file))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

/// Calls `fill` with the name of an empty temporary file, brings what it wrote to disk, and gives it the name `path`.
///
/// A link is followed: its target is replaced, and keeps its permissions. A device or a pipe stays one, and gets the content at
/// the end. On any error the temporary file is removed and an older file called `path` stays as it was.
///
/// # Errors
/// Whatever `fill` says, or what `failed` makes of an error of the file system.
pub fn replace<T, E>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
    failed: impl Fn(io::Error) -> E,
) -> Result<T, E> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return pour(path, fill, failed);
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let folder = folder_of(&target);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-").suffix(".tmp");
    if let Some(permissions) = permissions(&target) {
        builder.permissions(permissions);
    }
    // The last one is dropped first: a file that is given up is gone before it is listed no more.
    let (_listed, temporary) =
        Unfinished::create(|| Ok(builder.tempfile_in(folder)?.into_temp_path())).map_err(&failed)?;
    let value = fill(&temporary)?;
    let written = OpenOptions::new().write(true).open(&temporary);
    written.and_then(|file| file.sync_all()).map_err(&failed)?;
    temporary.persist(&target).map_err(|e| failed(e.error))?;
    sync_folder(folder).map_err(&failed)?;
    Ok(value)
}

/// Writes into a device or a pipe: there is nothing to replace, and nothing to lose.
fn pour<T, E>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<T, E>,
    failed: impl Fn(io::Error) -> E,
) -> Result<T, E> {
    let (_listed, temporary) =
        Unfinished::create(|| Ok(tempfile::NamedTempFile::new()?.into_temp_path())).map_err(&failed)?;
    let value = fill(&temporary)?;
    let copied = File::open(&temporary)
        .and_then(|mut from| io::copy(&mut from, &mut OpenOptions::new().write(true).open(path)?));
    copied.map_err(failed)?;
    Ok(value)
}

/// Bytes of a file from which [`release`] has an effect.
#[cfg(target_os = "linux")]
const LARGE: u64 = 1 << 20;

/// Gives back the memory in which Linux keeps a large file that has been written, for files that are read much later if at all:
/// the next one takes the same memory, which is at hand. Otherwise results of a long run come to fill all memory that the run leaves,
/// and every one of them waits for pages that no program has used for long; on virtual machines these cost several times what
/// writing them does. Nothing depends on whether it works.
pub fn release(path: &Path) {
    #[cfg(target_os = "linux")]
    if let Ok(file) = File::open(path)
        && file.metadata().is_ok_and(|data| data.len() >= LARGE)
    {
        let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = path;
}

/// The folder of a file; `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// Makes the rename itself durable. Other systems neither need nor allow it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Those of the file that is replaced, else what the user's mask leaves of reading and writing for all (a temporary file is
/// private by default).
#[cfg(unix)]
fn permissions(target: &Path) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(target).map_or(0o666, |m| m.permissions().mode() & 0o777);
    Some(fs::Permissions::from_mode(mode | 0o600))
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<fs::Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fill_keeps_the_old_file_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "old").unwrap();
        let fill = |temporary: &Path| {
            fs::write(temporary, "half of the ne")?;
            Err::<(), _>(io::Error::from(io::ErrorKind::StorageFull))
        };
        let result = replace(&path, fill, |e| e);
        assert!(result.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, |temporary| fs::write(temporary, "new"), |e| e).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
