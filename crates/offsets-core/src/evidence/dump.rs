use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Evidence, RecordedCommit};
use crate::API_VERSION;
use crate::document::{DocumentError, Kind, expect_digest, expect_kind, of_text};
use crate::link::LinkError;

const KIND: Kind = Kind::Evidence;

/// Why a dump file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// It cannot be read as a dump.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Its link is one that no replicator can have.
    #[error("the dump's link cannot be: {0}")]
    Link(#[from] LinkError),
}

#[derive(Deserialize)]
struct Body<'a> {
    digest: String,
    #[serde(borrow)]
    evidence: &'a RawValue,
}

/// The text of a dump file: JSON, with a digest over the evidence so that a changed file is noticed.
///
/// Commits of a group whose name is empty, which brokers still take from old clients, are left out: no file names such a group.
pub fn write_dump(evidence: &Evidence) -> String {
    let is_named = |recorded: &RecordedCommit| !recorded.commit.group.as_str().is_empty();
    if !evidence.commits.iter().all(is_named) {
        let mut named = evidence.clone();
        named.commits.retain(is_named);
        return write_dump(&named);
    }
    let evidence = serde_json::to_string(evidence).expect("evidence has only string keys");
    let (kind, digest) = (KIND.name(), of_text(&evidence));
    format!(
        "{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{kind}\",\"digest\":\"{digest}\",\"evidence\":\n{evidence}\n}}\n"
    )
}

/// Reads the text of a dump file.
///
/// # Errors
/// [`DumpError`], which says where the text stops being a dump, that the evidence in it was changed, or what its link cannot be.
pub fn read_dump(text: &str) -> Result<Evidence, DumpError> {
    expect_kind(text, KIND)?;
    let Body { digest, evidence } =
        serde_json::from_str(text).map_err(|cause| DocumentError::malformed(KIND, &cause, ""))?;
    expect_digest(KIND, digest, of_text(evidence.get()))?;
    let evidence: Evidence = serde_json::from_str(evidence.get()).map_err(|cause| {
        let above = text.find(evidence.get()).map_or("", |at| &text[..at]);
        DocumentError::malformed(KIND, &cause, above)
    })?;
    evidence.link.check()?;
    Ok(evidence)
}
