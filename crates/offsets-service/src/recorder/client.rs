use std::error::Error as _;
use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::HOST;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use offsets_store::{Archive, MalformedCopy, SnapshotReader};
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use super::SNAPSHOT_PATH;
use super::folder::RecorderFolder;

/// Interval between attempts to connect to a recorder whose queue is full.
const CONNECT_POLL: Duration = Duration::from_millis(50);

/// Bytes that are read of the reason of a refusal.
const REASON_MAX: usize = 64 * 1024;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// No process that may be asked serves the archive, or the one that did has ended.
    #[error("no process serves the archive")]
    NotServed,
    /// The recorder does not answer, or stopped in the middle.
    #[error("the process that records into it gives no answer: {0}")]
    Silent(#[source] io::Error),
    /// The recorder says why it cannot answer.
    #[error("{0}")]
    Refused(String),
    /// The process answers something else.
    #[error("its answer is of another version")]
    OtherVersion,
    /// The answer is not a whole snapshot of this version: the recorder may have ended meanwhile.
    #[error(transparent)]
    Malformed(#[from] MalformedCopy),
}

/// Reads a snapshot from the process that records into an archive. `silence` is the maximum time to wait for its next bytes.
///
/// # Errors
/// [`SnapshotError`].
pub fn read_snapshot(archive_folder: &Path, silence: Duration) -> Result<Archive, SnapshotError> {
    let runtime =
        Builder::new_current_thread().enable_io().enable_time().build().map_err(SnapshotError::Silent)?;
    runtime.block_on(read(&RecorderFolder::of(archive_folder), silence))
}

async fn read(folder: &RecorderFolder, silence: Duration) -> Result<Archive, SnapshotError> {
    let stream = within(silence, connect(&folder.socket())).await?;
    // Not there, or another user's: that the archive is in use is found when it is opened.
    let stream = stream.map_err(|_| SnapshotError::NotServed)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    tokio::spawn(async {
        // Its errors arrive with the answer, too.
        let _ = connection.await;
    });
    let request = Request::get(SNAPSHOT_PATH).header(HOST, "recorder").body(Empty::<Bytes>::new());
    let request = request.map_err(|_| SnapshotError::OtherVersion)?;
    let answer = within(silence, sender.send_request(request)).await?.map_err(|error| failed(&error))?;
    match answer.status() {
        StatusCode::OK => read_pages(answer.into_body(), silence).await,
        StatusCode::SERVICE_UNAVAILABLE => {
            Err(SnapshotError::Refused(read_reason(answer.into_body(), silence).await))
        }
        _ => Err(SnapshotError::OtherVersion),
    }
}

async fn read_pages(mut pages: Incoming, silence: Duration) -> Result<Archive, SnapshotError> {
    let mut reader = SnapshotReader::default();
    while let Some(page) = within(silence, pages.frame()).await? {
        // An answer that is cut short is not whole.
        let page = page.map_err(|_| MalformedCopy)?;
        if let Ok(bytes) = page.into_data() {
            reader.push(&bytes)?;
        }
    }
    Ok(reader.finish()?)
}

async fn read_reason(mut body: Incoming, silence: Duration) -> String {
    let mut reason = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout(silence, body.frame()).await {
        reason.extend_from_slice(&frame.into_data().unwrap_or_default());
        if reason.len() >= REASON_MAX {
            break;
        }
    }
    reason.truncate(REASON_MAX);
    String::from_utf8_lossy(&reason).into_owned()
}

/// Connects. While the queue of a socket is full, the system refuses those that do not block.
async fn connect(socket: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(CONNECT_POLL).await,
            connected => return connected,
        }
    }
}

async fn within<T>(silence: Duration, what: impl Future<Output = T>) -> Result<T, SnapshotError> {
    let silent = |_| SnapshotError::Silent(io::ErrorKind::TimedOut.into());
    timeout(silence, what).await.map_err(silent)
}

/// What a failed request means.
fn failed(error: &hyper::Error) -> SnapshotError {
    if error.is_parse() {
        return SnapshotError::OtherVersion;
    }
    let io = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        // The recorder ended, or is ending.
        None | Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => SnapshotError::NotServed,
        Some(kind) => SnapshotError::Silent(kind.into()),
    }
}
