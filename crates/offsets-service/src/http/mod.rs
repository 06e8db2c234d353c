//! One HTTP/1 server for every listener, with limits on what a client may cost.

mod limits;
mod serve;

pub use limits::Limits;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

use axum::Router;
use tokio::net;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Threads for calls that block.
const BLOCKING_THREADS: usize = 4;

/// A router that answers on one listener until this is dropped. Requests that are being answered then are finished first, for as long as
/// [`Limits::drain`] allows.
pub struct HttpServer {
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
}

impl HttpServer {
    /// Answers on an address, and on no other; port 0 is any free port.
    ///
    /// # Errors
    /// The system's: the address is in use, or may not be listened on.
    pub fn on_address(address: SocketAddr, router: Router, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = runtime()?;
        let listener = {
            let _entered = runtime.enter();
            net::TcpListener::from_std(listener)?
        };
        Self::start(runtime, listener, router, limits, Some(address))
    }

    /// Answers on a Unix domain socket.
    ///
    /// # Errors
    /// The system's.
    pub fn on_socket(listener: UnixListener, router: Router, limits: Limits) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = runtime()?;
        let listener = {
            let _entered = runtime.enter();
            net::UnixListener::from_std(listener)?
        };
        Self::start(runtime, listener, router, limits, None)
    }

    /// The address that it listens on, with the port that was chosen; `None` for a socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    fn start(
        runtime: Runtime,
        listener: impl axum::serve::Listener,
        router: Router,
        limits: Limits,
        address: Option<SocketAddr>,
    ) -> io::Result<Self> {
        let (shutdown, requested) = oneshot::channel();
        let thread = thread::Builder::new().name("http".to_owned()).spawn(move || {
            runtime.block_on(serve::serve(listener, router, limits, requested));
            runtime.shutdown_timeout(limits.drain);
        })?;
        Ok(Self { shutdown: Some(shutdown), thread: Some(thread), address })
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was printed when it happened.
            let _ = thread.join();
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(BLOCKING_THREADS).build()
}
