//! Files that appear whole or not at all.

use super::StoreError;
use std::fs::{self, File, OpenOptions};
use std::path::Path;

/// Lets `fill` write a file of another name in the folder of `path`, brings it to disk, and renames it to `path`. When
/// anything fails, `path` is as it was and the other file is removed.
pub fn replace(path: &Path, fill: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let failed = |action| move |source| StoreError::Io { path: path.into(), action, source };
    // Through a link, its target is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!(".{}.", target.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    if let Some(permissions) = permissions(&target) {
        builder.permissions(permissions);
    }
    let temporary = builder.tempfile_in(folder).map_err(failed("create"))?.into_temp_path();
    fill(&temporary)?;
    let file = OpenOptions::new().write(true).open(&temporary).map_err(failed("write"))?;
    file.sync_all().map_err(failed("write"))?;
    drop(file);
    temporary.persist(&target).map_err(|e| failed("replace")(e.error))?;
    // The new name itself must reach the disk, too; not every system can open a folder.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
    Ok(())
}

/// Those of the file that is replaced, else what the user's mask leaves of reading and writing for all.
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
