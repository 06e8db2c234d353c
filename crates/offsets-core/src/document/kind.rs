use super::Head;
use crate::API_VERSION;

/// The kinds of documents that are read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Evidence,
    Undo,
    Seed,
}

impl Kind {
    /// The word in the document's `kind`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Evidence => "Evidence",
            Self::Undo => "Undo",
            Self::Seed => "Seed",
        }
    }
}

/// A kind by its name, with its article: what an error about it calls the file.
pub(super) fn file_of(kind: &str) -> &'static str {
    match kind {
        "Evidence" => "a dump",
        "Undo" => "an undo file",
        "Seed" => "a seed",
        _ => "a document",
    }
}

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
pub(super) fn in_words(kind: &str, version: &str) -> String {
    let known = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, words)| *words);
    match (known, kind) {
        (Some(words), _) if version == API_VERSION => format!("{words} (`{kind}`)"),
        (_, "") => "JSON without a `kind`, no file of offsets".to_owned(),
        _ => format!("`{kind}` of `{version}`"),
    }
}
