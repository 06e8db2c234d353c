//! A toolchain that builds for wasm32: the target of this Rust, else Debian's stand-in.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::apt::Apt;
use crate::command::{answer, cargo, run};
use crate::places;

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's own compiler for the web, with the sources of its standard library and a linker.
const PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "cargo-web", "lld-16"];

/// A Rust that compiles for wasm32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one in use, with the target's standard library beside it.
    InUse,
    /// Debian's, which compiles the standard library as well.
    DebianWeb,
}

impl Toolchain {
    /// Which of the two is there.
    pub(crate) fn find() -> Option<Self> {
        let libraries = answer("rustc", &["--print", "target-libdir", "--target", TARGET])?;
        if Path::new(&libraries).is_dir() {
            return Some(Self::InUse);
        }
        let status = "-f=${db:Status-Status}\n";
        let installed = answer("dpkg-query", &[&["-W", status], PACKAGES.as_slice()].concat())?;
        installed.lines().all(|package| package == "installed").then_some(Self::DebianWeb)
    }

    /// `cargo build` for wasm32.
    pub(crate) fn cargo_build(self) -> Command {
        let mut cargo = match self {
            Self::InUse => cargo([]),
            Self::DebianWeb => {
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo
                    .current_dir(places::workspace())
                    .env("RUSTC", "/usr/bin/rustc")
                    // Debian's compiler is a stable one, and `-Z build-std` is not stable.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-16");
                cargo
            }
        };
        cargo.args(["build", "--target", TARGET]);
        if self == Self::DebianWeb {
            cargo.args(["-Z", "build-std=std,panic_abort"]);
        }
        cargo
    }
}

/// What is there, in words.
pub(super) fn find() -> Option<String> {
    Toolchain::find().map(|toolchain| match toolchain {
        Toolchain::InUse => "target of this Rust".to_owned(),
        Toolchain::DebianWeb => "Debian's rustc-web".to_owned(),
    })
}

/// The target can be added where rustup can download it; Debian's packages are for where it cannot.
pub(super) fn get(apt: &mut Apt) -> Result<()> {
    if run(Command::new("rustup").args(["target", "add", TARGET])).is_ok() {
        return Ok(());
    }
    apt.install(&PACKAGES)
}
