use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process;

/// The folder in an archive's in which its recorder listens. Only its owner may enter it.
pub(super) struct RecorderFolder(PathBuf);

impl RecorderFolder {
    pub(super) fn of(archive: &Path) -> Self {
        Self(archive.join("recorder"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// The file that names the process that records.
    fn pid_file(&self) -> PathBuf {
        self.0.join("pid")
    }

    /// Makes the folder and listens in it. What a recorder that was killed left behind is replaced.
    pub(super) fn bind(&self) -> io::Result<UnixListener> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => DirBuilder::new().mode(0o700).create(&self.0)?,
        }
        fs::write(self.pid_file(), format!("{}\n", process::id()))?;
        UnixListener::bind(self.socket())
    }

    /// Removes it. What cannot be removed is replaced by the next recorder, and until then leads nowhere.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(self.socket());
        let _ = fs::remove_file(self.pid_file());
        let _ = fs::remove_dir(&self.0);
    }
}

/// The id of the process that records into an archive, if it has written it down.
pub fn read_pid(archive: &Path) -> Option<String> {
    let pid = fs::read_to_string(RecorderFolder::of(archive).pid_file()).ok()?;
    Some(pid.trim().to_owned())
}
