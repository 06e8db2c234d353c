//! Files that the command writes: whole and on the disk at the end, or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

use crate::failure::Failure;

/// A file on its way to a path that does not exist yet.
///
/// The content goes to a temporary file in the same folder. [`finish`](Self::finish) flushes it to the disk, gives it its name
/// without replacing a file of that name, and flushes the folder. A device or a named pipe, such as `/dev/null`, is written to
/// as it comes: there is nothing to be renamed.
pub(crate) struct NewFile {
    path: PathBuf,
    content: Content,
}

enum Content {
    /// The temporary file is removed with its path, unless it gets another name before.
    Temporary {
        file: BufWriter<File>,
        place: TempPath,
    },
    Stream(BufWriter<File>),
}

impl NewFile {
    /// Opens the temporary file, or the device at `path`.
    pub(crate) fn begin(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Err(Failure::usage("a file is written here, and `-` is the name of a stream")
                .remedy("name a file, or /dev/stdout"));
        }
        let content = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                let error = io::ErrorKind::IsADirectory.into();
                return Err(Failure::unwritable(path, &error).remedy("name a file in that folder"));
            }
            Ok(found) if found.is_file() => return Err(exists(path)),
            Ok(_) => Content::Stream(BufWriter::new(
                OpenOptions::new()
                    .write(true)
                    .open(path)
                    .map_err(|error| Failure::unwritable(path, &error))?,
            )),
            // A link to nothing would be found in the way only at the end.
            Err(_) if fs::symlink_metadata(path).is_ok() => return Err(exists(path)),
            Err(_) => temporary(path)?,
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// Flushes the content and gives the file its name. Returns the path of a file that is there now and was not before.
    pub(crate) fn finish(self) -> Result<Option<PathBuf>, Failure> {
        let Self { path, content } = self;
        let unwritable = |error: io::Error| Failure::unwritable(&path, &error);
        let (file, place) = match content {
            Content::Temporary { file, place } => (file, place),
            Content::Stream(mut stream) => return stream.flush().map(|()| None).map_err(unwritable),
        };
        let file = file.into_inner().map_err(|error| unwritable(error.into_error()))?;
        file.sync_all().map_err(unwritable)?;
        match place.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(&path)),
            Err(error) => return Err(unwritable(error.error)),
        }
        sync_folder(&path).map_err(|error| {
            // Its name may not outlive a crash of the machine. If it cannot be removed, the error still names it.
            let _ = fs::remove_file(&path);
            unwritable(error)
        })?;
        Ok(Some(path))
    }

    /// What was written was not taken.
    pub(crate) fn failed(&self, error: io::Error) -> Failure {
        Failure::unwritable(&self.path, &error)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Temporary { file, .. } => file.write(bytes),
            Content::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.content {
            Content::Temporary { file, .. } => file.flush(),
            Content::Stream(stream) => stream.flush(),
        }
    }
}

/// Writes a new file of this text, or leaves none behind.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = NewFile::begin(path)?;
    file.write_all(text.as_bytes()).map_err(|error| file.failed(error))?;
    file.finish().map(drop)
}

/// Whether something other than a regular file is there, which takes the output of several.
pub(crate) fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

fn temporary(path: &Path) -> Result<Content, Failure> {
    // The file is opened as any other, so its mode is what the umask leaves.
    let create = |temporary: &Path| OpenOptions::new().write(true).create_new(true).open(temporary);
    let made = Builder::new().prefix(".offsets-").suffix(".tmp").make_in(folder_of(path), create);
    let (file, place) = made.map_err(|error| Failure::unwritable(path, &error))?.into_parts();
    Ok(Content::Temporary { file: BufWriter::new(file), place })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new name is on the disk once its folder is. Some network file systems flush no folders, and say so.
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(folder_of(path)).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

fn exists(path: &Path) -> Failure {
    Failure::unwritable(path, &io::ErrorKind::AlreadyExists.into())
        .remedy("name a file that does not exist yet")
}
