export * from "./offsets_wasm.js";

/** Where the module is, when it is not beside the package: its address, a response, its bytes, or a compiled module. */
export interface InitOptions {
    module_or_path: string | URL | Request | Response | BufferSource | WebAssembly.Module | Promise<Response>;
}

/**
 * Loads the WebAssembly module, by default the file beside the package. It has to finish before anything else is used; calling it
 * again changes nothing. Rejects when the module cannot be fetched or compiled.
 */
export default function init(options?: InitOptions): Promise<void>;

/** Loads the module from its bytes or a compiled module, at once. */
export function initSync(options: { module: BufferSource | WebAssembly.Module }): void;

/** Thrown by whatever is used before `init` has finished. */
export class NotInitialisedError extends Error {
    readonly name: "NotInitialisedError";
    readonly code: "not-initialised";
}
