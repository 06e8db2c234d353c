use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::print::{Heard, stdout};

/// A file that is there whole, at the end, or not at all; or stdout.
pub(super) enum Output {
    Stdout(BufWriter<Heard<io::Stdout>>),
    File { path: PathBuf, content: BufWriter<NamedTempFile> },
}

impl Output {
    /// Begins a file that must not be there yet; `-` is stdout.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout(stdout()));
        }
        if path.exists() {
            return Err(exists(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(|error| Failure::unwritable(path, &error))?;
        Ok(Self::File { path: path.to_owned(), content: BufWriter::new(file) })
    }

    /// Adds a line.
    pub(super) fn line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut json = serde_json::to_vec(value).map_err(io::Error::from)?;
        json.push(b'\n');
        self.write_all(&json).map_err(|error| self.failed(error))
    }

    /// What was written to it was not taken.
    pub(super) fn failed(&self, error: io::Error) -> Failure {
        match self {
            Self::Stdout(_) => error.into(),
            Self::File { path, .. } => Failure::unwritable(path, &error),
        }
    }

    /// Makes the files be there, one after the other. Where one cannot be, those before it are taken away again.
    pub(super) fn publish(outputs: Vec<Self>) -> Result<(), Failure> {
        let mut published: Vec<PathBuf> = Vec::new();
        for output in outputs {
            match output.finish() {
                Ok(path) => published.extend(path),
                Err(failure) => {
                    // If one cannot be removed either, the failure still says that the run did not end well.
                    published.iter().for_each(|path| drop(std::fs::remove_file(path)));
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush().map(|()| None)?),
            Self::File { path, content } => {
                let unwritable = |error: io::Error| Failure::unwritable(&path, &error);
                let file = content.into_inner().map_err(|error| unwritable(error.into_error()))?;
                file.as_file().sync_all().map_err(unwritable)?;
                match file.persist_noclobber(&path) {
                    Ok(_) => Ok(Some(path)),
                    Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
                    Err(error) => Err(unwritable(error.error)),
                }
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File { content, .. } => content.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File { content, .. } => content.flush(),
        }
    }
}

fn exists(path: &Path) -> Failure {
    Failure::unwritable(path, &io::ErrorKind::AlreadyExists.into())
        .remedy("name a file that does not exist yet")
}
