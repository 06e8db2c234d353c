use std::fs;
use std::path::PathBuf;

/// A file that is read again later: a stream or a device, which holds nothing afterwards, is refused.
pub(in crate::args) fn kept_file(path: PathBuf) -> Result<PathBuf, String> {
    let is_other = fs::metadata(&path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if path.as_os_str() == "-" || is_other {
        return Err("`offsets undo` reads it again: name a file, not a stream or a device".to_owned());
    }
    Ok(path)
}
