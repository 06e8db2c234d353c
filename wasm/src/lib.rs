//! Translations in a browser or in Node, without any cluster: the text of a dump (`offsets dump`) goes in, answers
//! come out in columns whose offsets are `bigint`.
//!
//! ```js
//! await init(); // in a page or through a bundler; Node loads the module with the import
//! const dump = new Dump(await file.text());
//! const translation = dump.translate({ groups: ["app-g"] });
//! const { topic, partition, targetOffset, high } = translation.columns();
//! ```
//!
//! Everything is decided in `offsets-core`, by the same code as in the `offsets` program, so the same dump gives the
//! same answer in both. The text is parsed here and not by `JSON.parse`, whose numbers are exact only up to 2^53. There
//! is no clock and no network: what is taken for "now" is when the evidence was gathered.
//!
//! What JavaScript sees is declared in `types.d.ts` beside this file.

mod argument;
mod columns;
mod dump;
mod error;
mod selection;
mod translation;

pub use dump::Dump;
pub use translation::Translation;

use wasm_bindgen::prelude::wasm_bindgen;

/// Types that are plain objects in JavaScript.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");
