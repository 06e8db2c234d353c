//! The name of a folder: what tells it from every other one, and from copies of it.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::Path;

/// The file that has the name, in the folder of a store.
const FILE: &str = "name";

/// The file that is written before it gets that name.
const UNFINISHED: &str = "name.new";

/// The name of a folder that this process has to itself. Where there is none, or one that is of another file, as in a copy of the folder,
/// a fresh one is written down.
pub(super) fn of(folder: &Path, fresh: impl FnOnce() -> String) -> io::Result<String> {
    let path = folder.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            if let Some(name) = kept(&text, &fs::metadata(&path)?) {
                return Ok(name);
            }
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {}
        Err(error) => return Err(error),
    }
    let (name, unfinished) = (fresh(), folder.join(UNFINISHED));
    let mut file = File::create(&unfinished)?;
    // Renaming it leaves it the same file.
    let text = format!("{name} {}\n", number(&file.metadata()?));
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    Ok(name)
}

/// The name in this text, if that is of the file it stands in.
fn kept(text: &str, file: &Metadata) -> Option<String> {
    let (name, of) = text.strip_suffix('\n')?.split_once(' ')?;
    (!name.is_empty() && of.parse() == Ok(number(file))).then(|| name.to_owned())
}

/// What the file system knows a file by; a copy has another number.
#[cfg(unix)]
fn number(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

/// Where files have no number that can be asked for, a copy cannot be told.
#[cfg(not(unix))]
fn number(_file: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(folder: &Path, fresh: &str) -> String {
        of(folder, || fresh.to_owned()).unwrap()
    }

    #[test]
    fn a_folder_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(name_of(folder.path(), "first"), "first");
        assert_eq!(name_of(folder.path(), "second"), "first");
    }

    /// A folder is copied to have its state in a second instance: under one name, the two would put each other out.
    #[test]
    fn a_copy_of_a_folder_gets_a_name_of_its_own() {
        let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        name_of(folder.path(), "first");
        fs::copy(folder.path().join(FILE), copy.path().join(FILE)).unwrap();
        assert_eq!(name_of(copy.path(), "second"), "second");
        assert_eq!(name_of(copy.path(), "third"), "second");
        assert_eq!(name_of(folder.path(), "fourth"), "first");
    }

    #[test]
    fn what_is_no_name_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for text in [&b""[..], b"name", b"name 1", b" 7\n", b"name x\n", b"\xff\xfe\n"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(name_of(folder.path(), "fresh"), "fresh", "{text:?}");
            fs::remove_file(folder.path().join(FILE)).unwrap();
        }
    }
}
