//! `xtask-bindgen MODULE.wasm OUT`: the JavaScript half of a wasm-bindgen module, for Node into `OUT/node` and for a
//! page into `OUT/web`.
//!
//! A package of its own because its dependencies take longer to compile than all the rest of `xtask`, which starts it
//! from `cargo xtask wasm` only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, out] = arguments.as_slice() else { bail!("usage: xtask-bindgen MODULE.wasm OUT") };
    generate(module, &out.join("node"), "commonjs", |bindgen| bindgen.nodejs(true))?;
    generate(module, &out.join("web"), "module", |bindgen| bindgen.web(true))
}

fn generate(
    module: &Path,
    out: &Path,
    kind: &str,
    target: impl FnOnce(&mut Bindgen) -> anyhow::Result<&mut Bindgen>,
) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).typescript(true).remove_name_section(true).remove_producers_section(true);
    target(&mut bindgen)?.generate(out).with_context(|| format!("no bindings for {}", out.display()))?;
    let name = module.file_stem().context("the module has no name")?.to_string_lossy();
    let manifest = out.join("package.json");
    fs::write(&manifest, package(&name, kind)).with_context(|| format!("no {}", manifest.display()))
}

/// What Node and bundlers need to know of the files beside it.
fn package(name: &str, kind: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"{{
  "name": "{}",
  "version": "{version}",
  "private": true,
  "type": "{kind}",
  "main": "{name}.js",
  "types": "{name}.d.ts"
}}
"#,
        name.replace('_', "-")
    )
}
