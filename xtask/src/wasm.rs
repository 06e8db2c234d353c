//! The WebAssembly module, built and made into packages for Node and for a page.

use anyhow::{Context, Result};

use crate::command::{cargo, run};
use crate::{places, setup};

/// Builds `wasm/pkg/node` and `wasm/pkg/web`. Brings the compiler it needs where it may.
///
/// # Errors
///
/// When nothing here compiles for wasm32, or something does not build.
pub(crate) fn build() -> Result<()> {
    setup::bring(&[setup::WASM])?;
    let toolchain = setup::WasmToolchain::find().context("the toolchain for wasm32 is gone again")?;
    let target = places::target();
    let mut compile = toolchain.cargo_build();
    run(compile
        .args(["--profile", "wasm", "--package", "offsets-wasm", "--lib", "--target-dir"])
        .arg(&target))?;
    // wasm-bindgen as a library, so that the lock file pins it to the version the module was compiled with
    let mut bind = cargo(["run", "--quiet", "--package", "xtask-bindgen", "--"]);
    run(bind
        .arg(target.join("wasm32-unknown-unknown/wasm/offsets_wasm.wasm"))
        .arg(places::workspace().join("wasm/pkg")))
}
