//! Unused ports.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};

/// Ports are taken from below the range a kernel gives to outgoing connections. In that range a client that keeps
/// dialling a dead broker can be given the broker's own port, and then talks to itself where the broker should be
/// restarted.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port on 127.0.0.1 that was free a moment ago, and that no other call in this process was given.
///
/// # Errors
///
/// When every port was found in use.
pub(super) fn free() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // each process starts elsewhere, so that two rigs do not race for one port
    let spread = u16::try_from(std::process::id() * 37 % u32::from(COUNT)).unwrap_or_default();
    let tries = (0..COUNT).map(|_| FIRST + (spread + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT);
    tries
        .into_iter()
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port")
}
