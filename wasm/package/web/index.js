// The package for a page: the bindings, behind a check that the module was loaded. `cargo xtask wasm` copies it beside them.

import load, { initSync as loadSync, Dump as BoundDump, Translation } from "./offsets_wasm.js";

let loaded = false;

/** Thrown by whatever is used before `init` has finished. */
export class NotInitialisedError extends Error {
    constructor(what) {
        super(`${what} was used before the WebAssembly module was loaded: call init first, as in \`await init()\``);
        this.name = "NotInitialisedError";
        this.code = "not-initialised";
    }
}

/** Loads the module: the one beside this file, unless another place, a response or its bytes are given. */
export default async function init(options) {
    await load(options);
    loaded = true;
}

/** Loads the module from its bytes or a compiled module, at once. */
export function initSync(options) {
    loadSync(options);
    loaded = true;
}

export class Dump extends BoundDump {
    constructor(text) {
        if (!loaded) throw new NotInitialisedError("Dump");
        super(text);
    }
}

export { Translation };
