// The package for Node, whose module is loaded when it is imported: `init` is there so that one program runs in both.

import bindings from "./offsets_wasm.js";

export const { Dump, Translation } = bindings;

export default async function init() {}
