use offsets_core::reconcile::{Frontier, SeedWindow, Sweep};
use serde::{Deserialize, Serialize};

/// What stands with a table: how far the inputs were read, and how far the operator has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    version: u32,
    /// Rules and operator, in words.
    pub(crate) rules: String,
    /// The inputs by their numbers, and the next offset of each that was read. A number once given stays: positions hold it.
    pub(crate) inputs: Vec<InputProgress>,
    pub(crate) operator: OperatorProgress,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputProgress {
    pub(crate) topic: String,
    pub(crate) next: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OperatorProgress {
    Dedup(Frontier),
    Upsert(Sweep),
    Reread(Vec<SeedWindow>),
}

const VERSION: u32 = 1;

impl Progress {
    pub(crate) fn new(rules: &str, inputs: Vec<InputProgress>, operator: OperatorProgress) -> Self {
        Self { version: VERSION, rules: rules.to_owned(), inputs, operator }
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let progress: Self = serde_json::from_slice(bytes)?;
        if progress.version != VERSION {
            return Err(serde::de::Error::custom(format!("its version is {}", progress.version)));
        }
        Ok(progress)
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        // Numbers and strings are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
