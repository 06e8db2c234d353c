use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::ready;
use futures_util::stream::{once, try_unfold};
use futures_util::{Stream, StreamExt as _};
use offsets_store::{Archive, Snapshot};
use tokio::task::spawn_blocking;

use super::SNAPSHOT_PATH;
use super::folder::RecorderFolder;
use crate::http::{HttpServer, Limits};

/// Maximum size of a page of a snapshot, in bytes. A reader costs the recorder about two.
pub const PAGE_BYTES: usize = 256 * 1024;

/// Serves snapshots of an archive while it is recorded, until it is dropped.
pub struct ArchiveServer {
    folder: RecorderFolder,
    server: Option<HttpServer>,
}

impl ArchiveServer {
    /// Listens on a socket in the archive's folder, which this process must have open.
    ///
    /// # Errors
    /// The path and what the system says: the folder of the socket cannot be made, or its path is too long for a socket.
    pub fn open(archive_folder: &Path, archive: Arc<Mutex<Archive>>) -> io::Result<Self> {
        let folder = RecorderFolder::of(archive_folder);
        let server = folder
            .bind()
            .and_then(|listener| HttpServer::on_socket(listener, archive_router(archive), Limits::SNAPSHOT));
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.path().display()));
        let server = server.map_err(named)?;
        Ok(Self { folder, server: Some(server) })
    }
}

impl Drop for ArchiveServer {
    fn drop(&mut self) {
        drop(self.server.take());
        self.folder.remove();
    }
}

/// The route of an [`ArchiveServer`]: `GET /archive/snapshot` sends everything that is saved at that moment, 503 with the reason where it
/// cannot be read.
pub fn archive_router(archive: Arc<Mutex<Archive>>) -> Router {
    Router::new().route(SNAPSHOT_PATH, get(snapshot)).with_state(archive)
}

async fn snapshot(State(archive): State<Arc<Mutex<Archive>>>) -> Response {
    let begin = move || {
        let mut snapshot = archive.lock().unwrap_or_else(PoisonError::into_inner).snapshot()?;
        // Without the lock; what cannot be read at all is refused with the reason.
        Ok::<_, offsets_store::Error>((snapshot.next_page(PAGE_BYTES)?, snapshot))
    };
    let error = match spawn_blocking(begin).await {
        Ok(Ok((first, snapshot))) => {
            let body = Body::from_stream(once(ready(Ok(Bytes::from(first)))).chain(pages(snapshot)));
            return ([(CONTENT_TYPE, "application/octet-stream")], body).into_response();
        }
        Ok(Err(error)) => with_causes(&error),
        Err(error) => error.to_string(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, error).into_response()
}

/// The remaining pages of a snapshot, each read once the page before it is taken. An error of the store ends the answer early, and the
/// checksum that is missing then tells the reader.
fn pages(snapshot: Snapshot) -> impl Stream<Item = io::Result<Bytes>> {
    try_unfold(snapshot, async |mut snapshot| {
        let read = spawn_blocking(move || (snapshot.next_page(PAGE_BYTES), snapshot)).await;
        let (page, snapshot) = read.map_err(io::Error::other)?;
        let page = page.map_err(io::Error::other)?;
        Ok((!page.is_empty()).then(|| (Bytes::from(page), snapshot)))
    })
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
