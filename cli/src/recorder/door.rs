use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use offsets_store::Archive;

use crate::failure::with_causes;
use crate::print::Remarks;

/// What begins an answer that is a copy of the archive.
pub(super) const COPY: u8 = 0;

/// What begins an answer that says why there is none.
pub(super) const REFUSAL: u8 = 1;

/// How long somebody who asks may take to listen. One is answered at a time, and the others wait.
const LISTENING: Duration = Duration::from_secs(30);

/// How much is said in one breath, after which it is looked at how long it takes.
const BREATH: usize = 1 << 16;

/// Where others ask for the archive while it is being recorded: a socket in a folder that only its owner may enter.
///
/// Who connects is sent a copy of all that is saved, taken at one moment. Nothing that is heard from them is listened to.
pub(crate) struct Door {
    folder: PathBuf,
    listener: Option<UnixListener>,
    is_closing: AtomicBool,
}

impl Door {
    /// Opens it in the archive's folder, which this process must have to itself. Where that does not succeed, it is said;
    /// the recording goes on.
    pub(crate) fn open(archive: &Path, remarks: Remarks) -> Self {
        let folder = folder(archive);
        let listener = place(&folder).map_err(|error| {
            remarks.say(format!("{}: nobody can read the archive meanwhile: {error}", folder.display()));
        });
        Self { folder, listener: listener.ok(), is_closing: AtomicBool::new(false) }
    }

    /// Answers whoever asks, until it is closed.
    pub(crate) fn serve(&self, archive: &Mutex<Archive>) {
        let Some(listener) = &self.listener else { return };
        while let Ok((stream, _)) = listener.accept() {
            if self.is_closing.load(Ordering::Acquire) {
                return;
            }
            let answer = archive.lock().unwrap_or_else(PoisonError::into_inner).copy();
            // Who asks and does not listen to the answer is no concern of the recording.
            let _ = match answer {
                Ok(copy) => say(&stream, COPY, &copy),
                Err(error) => say(&stream, REFUSAL, with_causes(&error).as_bytes()),
            };
        }
    }

    /// Lets nobody in any more.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        // The next one to come in is this; whoever came before is answered.
        let _ = UnixStream::connect(socket(&self.folder));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // What is left behind is replaced by the next recorder, and until then leads nowhere.
        let _ = fs::remove_file(socket(&self.folder));
        let _ = fs::remove_file(holder(&self.folder));
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The door's folder in an archive's.
pub(super) fn folder(archive: &Path) -> PathBuf {
    archive.join("recorder")
}

pub(super) fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// The file that names the process that records.
pub(super) fn holder(folder: &Path) -> PathBuf {
    folder.join("pid")
}

fn place(folder: &Path) -> io::Result<UnixListener> {
    // Left behind by a recorder that was killed, perhaps with other rights.
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => DirBuilder::new().mode(0o700).create(folder)?,
    }
    fs::write(holder(folder), format!("{}\n", process::id()))?;
    UnixListener::bind(socket(folder))
}

fn say(mut stream: &UnixStream, kind: u8, answer: &[u8]) -> io::Result<()> {
    let began = Instant::now();
    let first = [kind];
    for breath in std::iter::once(&first[..]).chain(answer.chunks(BREATH)) {
        let left = LISTENING.checked_sub(began.elapsed()).filter(|left| !left.is_zero());
        let left = left.ok_or_else(|| io::Error::from(io::ErrorKind::TimedOut))?;
        stream.set_write_timeout(Some(left))?;
        stream.write_all(breath)?;
    }
    Ok(())
}
