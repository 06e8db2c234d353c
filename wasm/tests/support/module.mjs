// The module as `cargo xtask wasm` packs it, and the dumps that `tests/dumps.rs` wrote.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** The package for Node. */
export const { Dump } = require("../../pkg/node/offsets_wasm.js");

/** The bytes of the module in the package for a page. */
export const webModule = () => readFileSync(new URL("../../pkg/web/offsets_wasm_bg.wasm", import.meta.url));

/** The path of a stored dump. */
export const dumpPath = (name) => fileURLToPath(new URL(`../dumps/${name}`, import.meta.url));

/** The text of a stored dump. */
export const dumpText = (name) => readFileSync(dumpPath(name), "utf8");
