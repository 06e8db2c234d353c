use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::{Error, SledLog};

/// The format that is written, and the newest that is read.
const VERSION: u32 = 2;

/// The file that says which format the folder has. It is looked at before anything else is opened: a later format may
/// use another engine.
const MARKER: &str = "offsets-archive";

/// The engine's own folder.
const STORE: &str = "store";

/// Opens the archive in a folder that must be there.
pub(crate) fn open(folder: &Path) -> Result<SledLog, Error> {
    let path = folder.join(MARKER);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = folder.to_owned();
            return Err(match is_empty(&folder) {
                Ok(true) | Err(_) => Error::Missing { folder },
                Ok(false) => Error::NotAnArchive { folder },
            });
        }
        Err(cause) => return Err(Error::Io { folder: folder.to_owned(), doing: "read its version", cause }),
    };
    match text.trim().strip_prefix("format ").map(str::parse::<u32>) {
        Some(Ok(found)) if found > VERSION => {
            Err(Error::Newer { folder: folder.to_owned(), found, known: VERSION })
        }
        Some(Ok(_)) => within(folder, SledLog::open(&folder.join(STORE))),
        _ => Err(Error::NotAnArchive { folder: folder.to_owned() }),
    }
}

/// Opens the archive in a folder, or begins one in a folder that is empty or not there yet.
pub(crate) fn open_or_create(folder: &Path) -> Result<SledLog, Error> {
    let failed = |doing: &'static str| {
        let folder = folder.to_owned();
        move |cause| Error::Io { folder, doing, cause }
    };
    if !folder.join(MARKER).exists() {
        fs::create_dir_all(folder).map_err(failed("make the folder"))?;
        if !is_empty(folder).map_err(failed("look into the folder"))? {
            return Err(Error::NotAnArchive { folder: folder.to_owned() });
        }
        mark(folder).map_err(failed("write its version"))?;
    }
    let log = open(folder)?;
    // An older program would take what is written from now on for damage, and remove it.
    if fs::read_to_string(folder.join(MARKER)).is_ok_and(|text| text.trim() != current()) {
        mark(folder).map_err(failed("write its version"))?;
    }
    Ok(log)
}

/// Writes the marker whole or not at all.
fn mark(folder: &Path) -> io::Result<()> {
    let half: PathBuf = folder.join(format!("{MARKER}.new"));
    let mut file = fs::File::create(&half)?;
    writeln!(file, "{}", current())?;
    file.sync_all()?;
    fs::rename(half, folder.join(MARKER))
}

/// What the marker says of the format that is written.
fn current() -> String {
    format!("format {VERSION}")
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    let mut entries = fs::read_dir(folder)?;
    // A process that was killed while it began the archive leaves this behind.
    let ours = format!("{MARKER}.new");
    Ok(entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == ours.as_str())))
}

/// Errors name the archive's folder and not the engine's inside it.
fn within<T>(folder: &Path, outcome: Result<T, Error>) -> Result<T, Error> {
    outcome.map_err(|error| match error {
        Error::InUse { .. } => Error::InUse { folder: folder.to_owned() },
        Error::Io { doing, cause, .. } => Error::Io { folder: folder.to_owned(), doing, cause },
        Error::Engine { cause, .. } => Error::Engine { folder: folder.to_owned(), cause },
        other => other,
    })
}
