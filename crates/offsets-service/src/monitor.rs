use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::http::{HttpServer, Limits};

/// What tells how its work goes.
pub trait Monitored: Send + Sync + 'static {
    /// The process's one registry of metrics. What is only known when it is asked for is a
    /// [`Collector`](prometheus_client::collector::Collector) in it.
    fn registry(&self) -> &Registry;

    /// Whether it does its work.
    fn health(&self) -> Health;
}

/// Whether something does its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether it does.
    pub is_well: bool,
    /// Words for an operator: lines of text.
    pub text: String,
}

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `/metrics` as OpenMetrics text, and `/healthz` and `/readyz`: 200 where the work is done, else 503, with words.
///
/// # Errors
/// The system's: the address is in use, or may not be listened on.
pub fn serve_monitor(address: SocketAddr, monitored: Arc<dyn Monitored>) -> io::Result<HttpServer> {
    HttpServer::on_address(address, router(monitored), Limits::MONITOR)
}

fn router(monitored: Arc<dyn Monitored>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(health))
        .fallback(async || (StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz\n"))
        .with_state(monitored)
}

async fn metrics(State(monitored): State<Arc<dyn Monitored>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, monitored.registry()) {
        Ok(()) => ([(CONTENT_TYPE, METRICS)], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be encoded\n").into_response(),
    }
}

async fn health(State(monitored): State<Arc<dyn Monitored>>) -> (StatusCode, String) {
    let Health { is_well, text } = monitored.health();
    (if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}
