use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get as route;
use offsets_service::{Health, HttpServer, Limits, Monitored, serve_monitor};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::raw::{ask, connect, get, request, rest, until};

struct Work {
    registry: Registry,
    is_well: AtomicBool,
}

impl Monitored for Work {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn health(&self) -> Health {
        let is_well = self.is_well.load(Ordering::Acquire);
        Health { is_well, text: if is_well { "ok\n".to_owned() } else { "the disk is full\n".to_owned() } }
    }
}

fn work() -> Arc<Work> {
    let mut registry = Registry::with_prefix("offsets");
    let done = Counter::<u64>::default();
    registry.register("done", "Things done", done.clone());
    done.inc_by(7);
    Arc::new(Work { registry, is_well: AtomicBool::new(true) })
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

#[test]
fn metrics_and_health_are_served_on_the_port_that_was_chosen() {
    let work = work();
    let server = serve_monitor(any_port(), Arc::<Work>::clone(&work)).unwrap();
    let address = server.address().unwrap();
    assert_ne!(address.port(), 0);
    assert!(address.ip().is_loopback());
    let metrics = get(address, "/metrics?name=any");
    assert!(metrics.starts_with("HTTP/1.1 200 "), "{metrics}");
    assert!(metrics.contains("content-type: application/openmetrics-text; version=1.0.0"), "{metrics}");
    assert!(metrics.contains("\noffsets_done_total 7\n") && metrics.ends_with("# EOF\n"), "{metrics}");
    for path in ["/healthz", "/readyz"] {
        work.is_well.store(true, Ordering::Release);
        let health = get(address, path);
        assert!(health.starts_with("HTTP/1.1 200 ") && health.ends_with("\r\n\r\nok\n"), "{health}");
        work.is_well.store(false, Ordering::Release);
        let health = get(address, path);
        assert!(health.starts_with("HTTP/1.1 503 ") && health.ends_with("the disk is full\n"), "{health}");
    }
    let missing = get(address, "/");
    assert!(missing.starts_with("HTTP/1.1 404 ") && missing.contains("/metrics, /healthz"), "{missing}");
    let head = ask(address, &request("/metrics").replacen("GET", "HEAD", 1));
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    let post = ask(address, &request("/metrics").replacen("GET", "POST", 1));
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    drop(server);
    assert!(TcpStream::connect(address).is_err(), "the port is free again");
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let server = serve_monitor(any_port(), work()).unwrap();
    let address = server.address().unwrap();
    let header = |bytes| format!("GET /metrics HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "x".repeat(bytes));
    let refused = ask(address, &header(64 * 1024));
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431 "), "{refused}");
    let many: String = (0..70).map(|n| format!("X-{n}: 1\r\n")).collect();
    let refused = ask(address, &format!("GET /metrics HTTP/1.1\r\nHost: test\r\n{many}\r\n"));
    assert!(refused.starts_with("HTTP/1.1 431 "), "{refused}");
    let body = "GET /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\n\r\n";
    let refused = ask(address, body);
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
    // tiny_http answered what hides behind a body of two lengths (CVE-2026-66752).
    let smuggled = "POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
    let refused = ask(address, smuggled);
    assert!(!refused.contains("offsets_done_total"), "{refused}");
    assert!(get(address, "/metrics").starts_with("HTTP/1.1 200 "), "it answers on");
}

#[test]
fn a_client_that_sends_no_request_gives_way() {
    let limits = Limits { connections: 1, header_time: Duration::from_millis(100), ..Limits::MONITOR };
    let router = Router::new().route("/", route(async || "here"));
    let server = HttpServer::on_address(any_port(), router, limits).unwrap();
    let address = server.address().unwrap();
    let mut silent = connect(address);
    let mut slow = connect(address);
    slow.write_all(b"GET / HTTP/1.1\r\nHost: te").unwrap();
    assert!(get(address, "/").ends_with("here"), "it is answered after the two that came first");
    for stream in [&mut silent, &mut slow] {
        assert!(!rest(stream).contains("200 OK"));
    }
}

#[test]
fn an_answer_that_has_begun_is_finished_when_the_server_is_dropped() {
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let answer = async move || {
        started.send(()).unwrap();
        let wait = move || released.lock().unwrap().recv().map_or("gone", |()| "whole");
        tokio::task::spawn_blocking(wait).await.unwrap()
    };
    let limits = Limits { drain: crate::raw::PATIENCE, ..Limits::MONITOR };
    let server = HttpServer::on_address(any_port(), Router::new().route("/", route(answer)), limits).unwrap();
    let address = server.address().unwrap();
    let mut client = connect(address);
    client.write_all(request("/").as_bytes()).unwrap();
    has_started.recv().unwrap();
    let dropping = thread::spawn(move || drop(server));
    until("no more connections are taken", || TcpStream::connect(address).is_err());
    release.send(()).unwrap();
    let answer = rest(&mut client);
    assert!(answer.ends_with("whole"), "{answer}");
    dropping.join().unwrap();
}

#[test]
fn an_address_in_use_is_refused() {
    let server = serve_monitor(any_port(), work()).unwrap();
    let refused = serve_monitor(server.address().unwrap(), work()).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
}
