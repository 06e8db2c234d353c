use std::io;
use std::path::Path;

/// Bytes of all files in a folder and those below it.
///
/// # Errors
///
/// When one of them cannot be looked at.
pub fn folder_size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes +=
            if entry.file_type()?.is_dir() { folder_size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
