use std::net::SocketAddr;
use std::sync::Arc;

use offsets_service::{HttpServer, Monitored, serve_monitor};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::Reporter;

/// Serves metrics and health on the address of `--metrics-listen`, and reports the address that was bound, until the server is dropped.
pub(crate) fn monitor(
    address: SocketAddr,
    monitored: Arc<dyn Monitored>,
    reporter: Reporter,
) -> Result<HttpServer, Failure> {
    let server = serve_monitor(address, monitored).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot listen on {address}: {error}"))
            .remedy("name a free address with --metrics-listen")
    })?;
    if let Some(address) = server.address() {
        reporter.info(format!("metrics: http://{address}/metrics"));
    }
    Ok(server)
}
