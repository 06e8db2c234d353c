use js_sys::{Array, Object};
use offsets_core::translate::{self, OffsetForm, Summary};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::columns;

/// The answers to one selection.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Translation(translate::Translation);

impl From<translate::Translation> for Translation {
    fn from(translation: translate::Translation) -> Self {
        Self(translation)
    }
}

#[wasm_bindgen]
impl Translation {
    /// The answers as columns, rebuilt on every call: call it once and keep the result.
    #[wasm_bindgen(unchecked_return_type = "Columns")]
    pub fn columns(&self) -> Object {
        columns::of(&self.0.rows)
    }

    /// How many answers there are of each class.
    #[wasm_bindgen(getter, unchecked_return_type = "Summary")]
    pub fn summary(&self) -> Object {
        let Summary {
            partitions,
            exact,
            bounded,
            floor,
            r#unsafe,
            unknown,
            reread_max,
            reread_map,
            reread_age,
            mm2_reread_max,
        } = self.0.summary();
        columns::object([
            ("partitions", partitions.into()),
            ("exact", exact.into()),
            ("bounded", bounded.into()),
            ("floor", floor.into()),
            ("unsafe", r#unsafe.into()),
            ("unknown", unknown.into()),
            ("rereadMax", columns::known(reread_max)),
            ("rereadMap", columns::known(reread_map)),
            ("rereadAge", columns::known(reread_age)),
            ("mm2RereadMax", columns::known(mm2_reread_max)),
        ])
    }

    /// Groups that were asked for by name and have no commit, so that there is nothing to translate.
    #[wasm_bindgen(getter, js_name = missingGroups)]
    pub fn missing_groups(&self) -> Vec<String> {
        self.0.missing.iter().map(|group| group.as_str().to_owned()).collect()
    }

    /// Partitions of which a group that reads their topic has no known commit, though their mirrors hold records: without a
    /// commit the consumer's `auto.offset.reset` decides.
    #[wasm_bindgen(getter, js_name = uncommittedPartitions, unchecked_return_type = "UncommittedPartition[]")]
    pub fn uncommitted_partitions(&self) -> Array {
        columns::uncommitted(&self.0.uncommitted)
    }

    /// When anything of the source was seen last: ISO 8601, UTC. `undefined` where nothing tells.
    #[wasm_bindgen(getter, js_name = sourceSeenAt)]
    pub fn source_seen_at(&self) -> Option<String> {
        self.0.source_seen_at.map(|at| at.to_string())
    }

    /// Whether every group asked for has an answer on every partition it reads, and no answer is `unsafe` or `unknown`.
    #[wasm_bindgen(getter, js_name = isSound)]
    pub fn is_sound(&self) -> bool {
        self.0.is_sound()
    }

    /// The alias of the cluster the records come from.
    #[wasm_bindgen(getter)]
    pub fn source(&self) -> String {
        self.0.link.source.as_str().to_owned()
    }

    /// The alias of the cluster the copies are on.
    #[wasm_bindgen(getter)]
    pub fn target(&self) -> String {
        self.0.link.target.as_str().to_owned()
    }

    /// When the evidence was gathered: ISO 8601, UTC.
    #[wasm_bindgen(getter, js_name = asOf)]
    pub fn as_of(&self) -> String {
        self.0.as_of.to_string()
    }

    /// The JSON that `offsets translate -o json` prints. Offsets are numbers in it, which `JSON.parse` reads exactly
    /// only up to 2^53; with `offsetsAsStrings` they are strings.
    #[wasm_bindgen(js_name = toJson)]
    pub fn to_json(
        &self,
        #[wasm_bindgen(js_name = offsetsAsStrings)] offsets_as_strings: Option<bool>,
    ) -> String {
        let form = if offsets_as_strings == Some(true) { OffsetForm::String } else { OffsetForm::Number };
        serde_json::to_string(&self.0.report(form)).expect("a report has only string keys")
    }
}
