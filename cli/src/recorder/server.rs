use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use offsets_store::Archive;

use crate::clock;
use crate::failure::with_causes;
use crate::print::Reporter;

/// What begins an answer that is a copy of the archive.
pub(super) const COPY: u8 = 0;

/// What begins an answer that says why there is none.
pub(super) const REFUSAL: u8 = 1;

/// Timeout for a client to take one chunk. Clients are served one at a time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a part: the recording waits while one is read from the archive, and not while it is sent.
const CHUNK: usize = 1 << 20;

/// How long one write may take before it is looked whether to go on.
const WRITE_POLL: Duration = Duration::from_millis(200);

/// Where others ask for the archive while it is being recorded: a socket in a folder that only its owner may enter.
///
/// Who connects is sent a copy of all that is saved at that moment, part by part. Nothing that is heard from them is listened to.
pub(crate) struct ArchiveServer {
    folder: PathBuf,
    listener: Option<UnixListener>,
    is_closing: AtomicBool,
}

impl ArchiveServer {
    /// Opens it in the archive's folder, which this process must have to itself. Where that does not succeed, it is said;
    /// the recording goes on.
    pub(crate) fn open(archive: &Path, reporter: Reporter) -> Self {
        let folder = folder(archive);
        let listener = bind(&folder).map_err(|error| {
            reporter.info(format!("{}: live reads are disabled: {error}", folder.display()));
        });
        Self { folder, listener: listener.ok(), is_closing: AtomicBool::new(false) }
    }

    /// Serves clients until it is closed.
    pub(crate) fn serve(&self, archive: &Mutex<Archive>) {
        let Some(listener) = &self.listener else { return };
        while let Ok((stream, _)) = listener.accept() {
            if self.is_closing.load(Ordering::Acquire) {
                return;
            }
            // Who asks and does not listen to the answer is no concern of the recording.
            let _ = self.answer(&stream, archive);
        }
    }

    fn answer(&self, stream: &UnixStream, archive: &Mutex<Archive>) -> io::Result<()> {
        let archive = || archive.lock().unwrap_or_else(PoisonError::into_inner);
        let refuse = |error| {
            self.send(stream, &[REFUSAL])?;
            self.send(stream, with_causes(&error).as_bytes())
        };
        let begun = archive().begin_copy();
        let mut copying = match begun {
            Ok(copying) => copying,
            Err(error) => return refuse(error),
        };
        let mut send_copy = || -> io::Result<()> {
            self.send(stream, &[COPY])?;
            loop {
                let chunk = archive().copy_on(&mut copying, CHUNK);
                // The client notices that the answer is not whole.
                let chunk = chunk.map_err(io::Error::other)?;
                if chunk.is_empty() {
                    return Ok(());
                }
                self.send(stream, &chunk)?;
            }
        };
        let sent = send_copy();
        archive().end_copy(copying);
        sent
    }

    /// Sends bytes, unless that takes too long or the server is closed meanwhile.
    fn send(&self, mut stream: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
        let began = clock::instant();
        stream.set_write_timeout(Some(WRITE_POLL))?;
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if self.is_closing.load(Ordering::Acquire) || began.elapsed() >= WRITE_TIMEOUT {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Accepts no more connections.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        // The next connection is this one; earlier ones are answered first.
        let _ = UnixStream::connect(socket(&self.folder));
    }
}

impl Drop for ArchiveServer {
    fn drop(&mut self) {
        // What is left behind is replaced by the next recorder, and until then leads nowhere.
        let _ = fs::remove_file(socket(&self.folder));
        let _ = fs::remove_file(pid_file(&self.folder));
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The folder of the socket in an archive's.
pub(super) fn folder(archive: &Path) -> PathBuf {
    archive.join("recorder")
}

pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// The file that names the process that records.
pub(super) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("pid")
}

fn bind(folder: &Path) -> io::Result<UnixListener> {
    // Left behind by a recorder that was killed, perhaps with other rights.
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => DirBuilder::new().mode(0o700).create(folder)?,
    }
    fs::write(pid_file(folder), format!("{}\n", process::id()))?;
    UnixListener::bind(socket(folder))
}
