//! `xtask-bindgen MODULE.wasm OUT`: the npm package of a wasm-bindgen module in `OUT`, with its JavaScript half for Node in `OUT/node`
//! and for a page in `OUT/web`.
//!
//! A package of its own because its dependencies take longer to compile than all the rest of `xtask`, which starts it
//! from `cargo xtask wasm` only.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;

/// The files of the package that nothing generates.
const WRITTEN: [(&str, &str); 5] = [
    ("README.md", include_str!("../../../wasm/README.md")),
    ("web/index.js", include_str!("../../../wasm/package/web/index.js")),
    ("web/index.d.ts", include_str!("../../../wasm/package/web/index.d.ts")),
    ("node/index.mjs", include_str!("../../../wasm/package/node/index.mjs")),
    ("node/index.d.mts", include_str!("../../../wasm/package/node/index.d.mts")),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, out] = arguments.as_slice() else { bail!("usage: xtask-bindgen MODULE.wasm OUT") };
    generate(module, &out.join("node"), |bindgen| bindgen.nodejs(true))?;
    // `init` without an argument loads the module that stands beside it
    generate(module, &out.join("web"), |bindgen| Ok(bindgen.web(true)?.omit_default_module_path(false)))?;
    for (name, text) in WRITTEN {
        write(&out.join(name), text)?;
    }
    // what stands beside a file decides how its modules are read
    write(&out.join("node/package.json"), "{ \"type\": \"commonjs\" }\n")?;
    write(&out.join("web/package.json"), "{ \"type\": \"module\" }\n")?;
    let name = module.file_stem().context("the module has no name")?.to_string_lossy();
    write(&out.join("package.json"), &package(&name))
}

fn generate(
    module: &Path,
    out: &Path,
    target: impl FnOnce(&mut Bindgen) -> anyhow::Result<&mut Bindgen>,
) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).typescript(true).remove_name_section(true).remove_producers_section(true);
    target(&mut bindgen)?.generate(out).with_context(|| format!("no bindings for {}", out.display()))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("no {}", path.display()))
}

/// What Node and bundlers need to know of the files beside it.
fn package(name: &str) -> String {
    let (version, license) = (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_LICENSE"));
    format!(
        r#"{{
  "name": "{}",
  "version": "{version}",
  "description": "Where Kafka consumer groups go on in another cluster, from a dump of the evidence",
  "license": "{license}",
  "private": true,
  "type": "module",
  "engines": {{ "node": ">=18" }},
  "exports": {{
    ".": {{
      "node": {{
        "import": {{ "types": "./node/index.d.mts", "default": "./node/index.mjs" }},
        "require": {{ "types": "./node/{name}.d.ts", "default": "./node/{name}.js" }}
      }},
      "default": {{ "types": "./web/index.d.ts", "default": "./web/index.js" }}
    }},
    "./{name}_bg.wasm": "./web/{name}_bg.wasm",
    "./package.json": "./package.json"
  }},
  "main": "./node/{name}.js",
  "module": "./web/index.js",
  "types": "./web/index.d.ts",
  "files": ["README.md", "node", "web"]
}}
"#,
        name.replace('_', "-")
    )
}
