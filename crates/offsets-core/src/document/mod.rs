//! The files this library writes and reads back: JSON with `apiVersion` and `kind` in front, and a `digest` by which a changed file
//! is noticed. Every kind is written and read here, with one error for what can be wrong with any of them.

mod digest;
mod error;
mod kind;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::API_VERSION;
pub(crate) use digest::of_text;
pub use error::DocumentError;
pub(crate) use kind::Kind;
pub use kind::document_in_words;

/// What stands in front of every document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    /// It may be left out; what is no text is refused, or a slip of an editor would turn the check off.
    #[serde(default, deserialize_with = "some_text")]
    digest: Option<String>,
}

fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// A document as it is written: its head, then its members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, T> {
    api_version: &'a str,
    kind: &'a str,
    digest: String,
    #[serde(flatten)]
    members: &'a T,
}

/// How the text of a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// On one line.
    Compact,
    /// A member a line.
    Pretty,
}

/// The text of a document of a kind with these members.
pub(crate) fn write<T: Serialize>(kind: Kind, members: &T, layout: Layout) -> String {
    let mut document =
        Written { api_version: API_VERSION, kind: kind.name(), digest: String::new(), members };
    let value = serde_json::to_value(&document).expect("a document has only string keys");
    document.digest = digest::of_members(&value);
    let text = match layout {
        Layout::Compact => serde_json::to_string(&document),
        Layout::Pretty => serde_json::to_string_pretty(&document),
    };
    text.expect("a document has only string keys") + "\n"
}

/// The members of a document of a kind. One without a digest, as earlier versions wrote undo files and seeds, is
/// read as it stands.
///
/// # Errors
/// [`DocumentError`].
pub(crate) fn read<T: DeserializeOwned>(kind: Kind, text: &str) -> Result<T, DocumentError> {
    let head = expect_kind(text, kind)?;
    let malformed = |cause: serde_json::Error| DocumentError::malformed(kind, &cause, "");
    let members = serde_json::from_str(text).map_err(malformed)?;
    if let Some(written) = head.digest {
        let value = serde_json::from_str(text).map_err(malformed)?;
        expect_digest(kind, written, digest::of_members(&value))?;
    }
    Ok(members)
}

/// The head of a file, which has to be of a kind; before anything else of it is looked at.
///
/// # Errors
/// [`DocumentError::Malformed`], [`DocumentError::OtherKind`].
pub(crate) fn expect_kind(text: &str, kind: Kind) -> Result<Head, DocumentError> {
    let head: Head =
        serde_json::from_str(text).map_err(|cause| DocumentError::malformed(kind, &cause, ""))?;
    if head.api_version == API_VERSION && head.kind == kind.name() {
        return Ok(head);
    }
    Err(DocumentError::OtherKind { wanted: kind.name(), found: head.kind, version: head.api_version })
}

/// Checks that a file holds what was written.
///
/// # Errors
/// [`DocumentError::Edited`].
pub(crate) fn expect_digest(kind: Kind, written: String, computed: String) -> Result<(), DocumentError> {
    if written == computed {
        return Ok(());
    }
    Err(DocumentError::Edited { kind: kind.name(), written, computed })
}
