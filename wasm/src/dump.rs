use offsets_core::evidence::{Evidence, read_dump};
use offsets_core::translate::{Selection, Translator};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::argument;
use crate::error::Error;
use crate::translation::Translation;

/// A dump that was read: the evidence about one link at one time.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Dump {
    evidence: Evidence,
}

#[wasm_bindgen]
impl Dump {
    /// Reads the text of a dump file, as `offsets dump` wrote it.
    ///
    /// Throws a `DumpError`; when the text stops being a dump somewhere, it has `line` and `column`.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Dump, JsValue> {
        Self::read(text).map_err(JsValue::from)
    }

    /// Translates what is selected. It can be asked any number of times.
    ///
    /// Throws a `SelectionError`.
    pub fn translate(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Selection")] selection: &JsValue,
    ) -> Result<Translation, JsValue> {
        let selection = argument::selection(selection).and_then(Selection::try_from).map_err(Error::from)?;
        Ok(self.answer(selection))
    }
}

impl Dump {
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        // Node's `readFileSync` leaves a byte order mark in front, which is no part of the text.
        Ok(Self { evidence: read_dump(text.trim_start_matches('\u{feff}'))? })
    }

    pub(crate) fn answer(&mut self, selection: Selection) -> Translation {
        let translator = Translator::new(self.evidence.link.clone(), selection, self.evidence.as_of);
        let Ok(translator) = translator.run(&mut self.evidence);
        Translation::from(translator.finish())
    }
}
