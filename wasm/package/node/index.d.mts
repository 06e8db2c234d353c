export * from "./offsets_wasm.js";

/** Does nothing: in Node the module is loaded when the package is imported. */
export default function init(): Promise<void>;
