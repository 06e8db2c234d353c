use std::fs;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use offsets_store::{Archive, Error};

use super::server;
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;

/// How long a recorder may be silent before it is taken to hang. It answers one after the other.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to try a folder that another process has open without an answer: it may be about to open its door, or to end.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens an archive to read it: from the process that records into it, if there is one, else from its folder.
pub(crate) fn open_to_read(folder: &Path) -> Result<Archive, Failure> {
    let began = clock::instant();
    loop {
        let asked = match ask(folder)? {
            Answer::Copy(copy) => return Ok(*copy),
            Answer::Broken(failure) => Some(failure),
            Answer::None => None,
        };
        match Archive::open(folder) {
            // Opening waits a while itself.
            Err(error) if error.is_in_use() && began.elapsed() < LOCK_TIMEOUT => {}
            Err(error) if error.is_in_use() => return Err(asked.unwrap_or_else(|| refused(folder, error))),
            opened => return opened.map_err(|error| refused(folder, error)),
        }
    }
}

/// What a recorder answered.
enum Answer {
    Copy(Box<Archive>),
    /// It cannot be used: the recorder may have ended meanwhile, or is of another version.
    Broken(Failure),
    /// No process serves the archive, or the one that did has ended.
    None,
}

/// Asks the recorder.
fn ask(folder: &Path) -> Result<Answer, Failure> {
    let Some(mut stream) = connect(server::socket(&server::folder(folder)))? else { return Ok(Answer::None) };
    let silent = |error: &io::Error| {
        let what = format!(
            "{}: the process that records into it{} gives no answer: {error}",
            folder.display(),
            pid(folder)
        );
        Failure::new(Exit::Failed, what).remedy(STOP_REMEDY)
    };
    stream.set_read_timeout(Some(READ_TIMEOUT)).map_err(|error| silent(&error))?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Answer::None),
        Err(error) => return Err(silent(&error)),
        Ok(_) => {}
    }
    let unusable = |why: String| {
        let what = format!("{}: the process that records into it{}: {why}", folder.display(), pid(folder));
        Failure::new(Exit::Failed, what)
    };
    match answer.split_first() {
        None => Ok(Answer::None),
        Some((&server::COPY, copy)) => Ok(match Archive::of_copy(copy) {
            Ok(copy) => Answer::Copy(Box::new(copy)),
            Err(error) => Answer::Broken(
                unusable(error.to_string()).remedy("try again, with the version of offsets that records"),
            ),
        }),
        Some((&server::REFUSAL, why)) => {
            Err(unusable(String::from_utf8_lossy(why).into_owned()).remedy(STOP_REMEDY))
        }
        Some(_) => Err(unusable("its answer is of another version".to_owned())
            .remedy("use the version of offsets that records")),
    }
}

const STOP_REMEDY: &str =
    "stop that `offsets archive run` (SIGTERM is safe, and it goes on from there later), and try again";

/// Connects to the recorder. `connect` itself blocks without limit while the listener accepts nothing.
fn connect(socket: PathBuf) -> Result<Option<UnixStream>, Failure> {
    let (sender, receiver) = mpsc::channel();
    let path = socket.clone();
    thread::spawn(move || sender.send(UnixStream::connect(path)));
    match receiver.recv_timeout(READ_TIMEOUT) {
        Ok(Ok(stream)) => Ok(Some(stream)),
        // One that may not be entered may be another user's: that the folder is in use is said then, or is not so.
        Ok(Err(_)) => Ok(None),
        Err(_) => {
            let what = format!("{}: the recording process does not accept connections", socket.display());
            Err(Failure::new(Exit::Failed, what).remedy(STOP_REMEDY))
        }
    }
}

/// Why a folder could not be opened; where another process has it open, which one, if that is known.
pub(crate) fn refused(folder: &Path, error: Error) -> Failure {
    let holder = if error.is_in_use() { pid(folder) } else { String::new() };
    Failure::from(error).with_detail(&holder)
}

/// ` (process 17)`, if the recorder has written it down.
fn pid(folder: &Path) -> String {
    let pid = fs::read_to_string(server::pid_file(&server::folder(folder)));
    pid.map(|pid| format!(" (process {})", pid.trim())).unwrap_or_default()
}
