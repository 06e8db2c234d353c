use offsets_reconcile::{SeedWindow, TombstoneGc, WindowState};
use serde::{Deserialize, Serialize};

use crate::job::OperatorSpec;

/// What stands with a table: how far the inputs were read, and how far the operator has come.
///
/// ```
/// use offsets_streams::Progress;
///
/// let progress = Progress::read(
///     br#"{"version":1,"rules":"reread seed=2026-01-01T00:00:00Z of src","inputs":[{"topic":"orders","next":7}],"operator":{"reread":[]}}"#,
/// )?;
/// assert_eq!(progress.rules(), "reread seed=2026-01-01T00:00:00Z of src");
/// assert_eq!(progress.inputs().collect::<Vec<_>>(), [("orders", Some(7))]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
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
    Dedup(WindowState),
    Upsert(TombstoneGc),
    Reread(Vec<SeedWindow>),
}

impl OperatorProgress {
    /// Whether it is that of the operator that judges so.
    pub(crate) fn is_of(&self, spec: &OperatorSpec) -> bool {
        matches!(
            (self, spec),
            (Self::Dedup(_), OperatorSpec::Dedup(_))
                | (Self::Upsert(_), OperatorSpec::Upsert(_))
                | (Self::Reread(_), OperatorSpec::Reread(_))
        )
    }
}

const VERSION: u32 = 1;

impl Progress {
    pub(crate) fn new(rules: &str, inputs: Vec<InputProgress>, operator: OperatorProgress) -> Self {
        Self { version: VERSION, rules: rules.to_owned(), inputs, operator }
    }

    /// Reads what was saved with a table.
    ///
    /// # Errors
    /// When it is no progress, or one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let progress: Self = serde_json::from_slice(bytes)?;
        if progress.version != VERSION {
            return Err(serde::de::Error::custom(format!("its version is {}", progress.version)));
        }
        Ok(progress)
    }

    /// The rules and the operator by which the table was made, in words that are the same in every version.
    pub fn rules(&self) -> &str {
        &self.rules
    }

    /// The inputs, and the next offset of each that was to be read.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        self.inputs.iter().map(|input| (input.topic.as_str(), input.next))
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        // Numbers and strings are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
