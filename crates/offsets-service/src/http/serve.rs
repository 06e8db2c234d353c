use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::serve::Listener;
use futures_util::future::select;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::Limits;

/// Answers on a listener until the sender of `shutdown` is gone, then finishes what it answers.
pub(super) async fn serve(
    listener: impl Listener,
    router: Router,
    limits: Limits,
    shutdown: oneshot::Receiver<()>,
) {
    let router = router
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.answer_time))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes));
    let connections = GracefulShutdown::new();
    select(pin!(accept(listener, router, limits, &connections)), shutdown).await;
    // Connections that are not finished by then are closed with the runtime.
    let _ = timeout(limits.drain, connections.shutdown()).await;
}

async fn accept(mut listener: impl Listener, router: Router, limits: Limits, connections: &GracefulShutdown) {
    let free = Arc::new(Semaphore::new(limits.connections));
    // The semaphore is never closed, so that acquiring a permit does not fail.
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        let (stream, _) = listener.accept().await;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.stall_time));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_buf_size(limits.header_bytes)
            .max_headers(limits.headers)
            .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router.clone()));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A client that misbehaves ends its own connection only.
            let _ = timeout(limits.connection_time, connection).await;
            drop(permit);
        });
    }
}
