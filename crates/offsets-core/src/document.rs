//! The envelope of every JSON file this library reads and writes: `apiVersion` and `kind`.

use offsets_record::without_place;
use serde::Deserialize;

use crate::API_VERSION;

/// What the files of each kind are called, and what takes them.
const KINDS: [(&str, &str); 9] = [
    ("Evidence", "a dump for --from-dump"),
    ("Undo", "an undo file for `offsets undo`"),
    ("Seed", "a seed for `offsets reconcile --seed`"),
    ("Translation", "the output of `offsets translate -o json`"),
    ("Reset", "the output of `offsets reset -o json`"),
    ("Reconciliation", "the output of `offsets reconcile -o json`"),
    ("Simulation", "the output of `offsets simulate -o json`"),
    ("ArchiveStats", "the output of `offsets archive stats -o json`"),
    ("State", "the output of `offsets state show -o json`"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
}

/// Why the head of a file is not the one that is wanted.
#[derive(Debug)]
pub(crate) enum HeadError {
    /// It is not JSON.
    Malformed(Malformed),
    /// It is another kind or version.
    Other { found: String, version: String },
}

/// Where a parser stopped, and why.
#[derive(Debug)]
pub(crate) struct Malformed {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in bytes.
    pub(crate) column: usize,
    pub(crate) problem: String,
}

impl From<&serde_json::Error> for Malformed {
    fn from(cause: &serde_json::Error) -> Self {
        // The parser says column 0 where the text ends on an empty line.
        Self { line: cause.line(), column: cause.column().max(1), problem: without_place(cause) }
    }
}

/// Checks that a file is of a kind, before anything else of it is looked at.
pub(crate) fn expect_kind(text: &str, kind: &str) -> Result<(), HeadError> {
    let head: Head = serde_json::from_str(text).map_err(|cause| HeadError::Malformed((&cause).into()))?;
    if head.api_version == API_VERSION && head.kind == kind {
        return Ok(());
    }
    Err(HeadError::Other { found: head.kind, version: head.api_version })
}

/// What a JSON document of this library is, in words; `None` for text that is none.
///
/// # Examples
/// ```
/// use offsets_core::document_in_words;
///
/// let undo = r#"{"apiVersion": "offsets/v1", "kind": "Undo"}"#;
/// assert_eq!(document_in_words(undo).as_deref(), Some("an undo file for `offsets undo` (`Undo`)"));
/// assert_eq!(document_in_words("src.orders,0,5"), None);
/// ```
pub fn document_in_words(text: &str) -> Option<String> {
    let head: Head = serde_json::from_str(text).ok()?;
    (!head.kind.is_empty()).then(|| in_words(&head.kind, &head.api_version))
}

/// A kind and its version as an error names them.
pub(crate) fn in_words(kind: &str, version: &str) -> String {
    let known = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, words)| *words);
    match (known, kind) {
        (Some(words), _) if version == API_VERSION => format!("{words} (`{kind}`)"),
        (_, "") => "JSON without a `kind`, no file of offsets".to_owned(),
        _ => format!("`{kind}` of `{version}`"),
    }
}
