use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use offsets_kafka::Stop;
use tiny_http::{Header, Method, Request, Response, Server};

use crate::exit::Exit;
use crate::failure::Failure;

/// What can be asked how it goes.
pub(crate) trait Monitored {
    /// Numbers for a monitoring system, in the text format of OpenMetrics.
    fn metrics(&self) -> String;

    /// Whether it does its work, and a few words.
    fn health(&self) -> (bool, String);
}

const PLAIN: &str = "text/plain; charset=utf-8";
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Timeout of one wait for a request, after which the stop is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Takes the address on which to answer.
pub(crate) fn listen(address: SocketAddr) -> Result<Server, Failure> {
    Server::http(address).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {address}: {error}"))
            .remedy("name a free address with --metrics-listen")
    })
}

/// Answers requests until it is stopped.
pub(crate) fn serve(server: &Server, of: &dyn Monitored, stop: &Stop) {
    while !stop.is_requested() {
        // Who asks and does not listen to the answer is no concern of the work.
        if let Ok(Some(request)) = server.recv_timeout(POLL_INTERVAL) {
            let _ = answer(request, of);
        }
    }
}

fn answer(request: Request, of: &dyn Monitored) -> io::Result<()> {
    let path = request.url().split('?').next().unwrap_or_default();
    let (status, kind, body) = match (request.method(), path) {
        (Method::Get | Method::Head, "/metrics") => (200, METRICS, of.metrics()),
        (Method::Get | Method::Head, "/healthz") => {
            let (is_well, words) = of.health();
            (if is_well { 200 } else { 503 }, PLAIN, words)
        }
        (Method::Get | Method::Head, _) => (404, PLAIN, "there are /metrics and /healthz\n".to_owned()),
        _ => (405, PLAIN, "there is nothing to change here\n".to_owned()),
    };
    let response = Response::from_string(body).with_status_code(status);
    match Header::from_bytes("Content-Type", kind) {
        Ok(header) => request.respond(response.with_header(header)),
        Err(()) => request.respond(response),
    }
}
