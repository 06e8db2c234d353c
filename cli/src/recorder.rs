//! An archive, opened to read it while it may be recorded.

use std::path::Path;
use std::time::Duration;

use offsets_service::{SnapshotError, read_pid, read_snapshot};
use offsets_store::{Archive, Error};

use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;

/// Maximum time to wait for the next bytes of a recorder. It answers a few at a time.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time to try a folder that another process has open and does not serve: it may be about to, or to end.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

const STOP_REMEDY: &str =
    "stop that `offsets archive run` (SIGTERM is safe, and it goes on from there later), and try again";

/// Opens an archive to read it: from the process that records into it, if there is one, else from its folder.
pub(crate) fn open_to_read(folder: &Path) -> Result<Archive, Failure> {
    let began = clock::instant();
    loop {
        let unserved = match read_snapshot(folder, READ_TIMEOUT) {
            Ok(archive) => return Ok(archive),
            Err(SnapshotError::NotServed) => None,
            // The recorder may have ended meanwhile.
            Err(error @ SnapshotError::Malformed(_)) => Some(unreadable(folder, &error)),
            Err(error) => return Err(unreadable(folder, &error)),
        };
        match Archive::open(folder) {
            // Opening waits a while itself.
            Err(error) if error.is_in_use() && began.elapsed() < LOCK_TIMEOUT => {}
            Err(error) if error.is_in_use() => {
                return Err(unserved.unwrap_or_else(|| refused(folder, error)));
            }
            opened => return opened.map_err(|error| refused(folder, error)),
        }
    }
}

/// Why a recorder could not be asked, and what to do about it.
fn unreadable(folder: &Path, error: &SnapshotError) -> Failure {
    let remedy = match error {
        SnapshotError::OtherVersion => "use the version of offsets that records",
        SnapshotError::Malformed(_) => "try again, with the version of offsets that records",
        _ => STOP_REMEDY,
    };
    let what = match error {
        SnapshotError::Silent(_) => {
            format!("{}: the process that records into it{} gives no answer", folder.display(), pid(folder))
        }
        _ => format!("{}: the process that records into it{}: {error}", folder.display(), pid(folder)),
    };
    Failure::new(Exit::Failed, what).remedy(remedy)
}

/// Why a folder could not be opened; where another process has it open, which one, if that is known.
pub(crate) fn refused(folder: &Path, error: Error) -> Failure {
    let holder = if error.is_in_use() { pid(folder) } else { String::new() };
    Failure::from(error).with_detail(&holder)
}

/// ` (process 17)`, if the process that records has written it down.
fn pid(folder: &Path) -> String {
    read_pid(folder).map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
