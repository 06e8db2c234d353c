use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;
use crate::new_file::NewFile;
use crate::print::{IgnoreBrokenPipe, stdout};

/// A file that is there whole, at the end, or not at all; or stdout.
pub(super) enum Output {
    Stdout(BufWriter<IgnoreBrokenPipe<io::Stdout>>),
    File(NewFile),
}

impl Output {
    /// Begins a file that must not be there yet; `-` is stdout.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout(stdout()));
        }
        NewFile::begin(path).map(Self::File)
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
            Self::File(file) => file.failed(error),
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
            Self::File(file) => file.finish(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
