use offsets_record::without_place;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Evidence, RecordedCommit};
use crate::API_VERSION;
use crate::document::{HeadError, Malformed, expect_kind, in_words};
use crate::link::LinkError;

const KIND: &str = "Evidence";

/// Why a dump file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// It is not the JSON of a dump: cut short, or another file.
    #[error("the dump cannot be read at line {line}, column {column}: {problem}")]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// It is JSON of another kind or version.
    #[error("this is {}, not a dump (`{KIND}` of `{API_VERSION}`)", in_words(found, version))]
    OtherKind {
        /// Its `kind`.
        found: String,
        /// Its `apiVersion`.
        version: String,
    },
    /// Its content is not what was written.
    #[error(
        "the dump was changed after it was taken: its digest is {computed}, and {written} is written in it"
    )]
    Edited {
        /// The digest the file states.
        written: String,
        /// The digest of what it holds.
        computed: String,
    },
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
    let digest = digest(&evidence);
    format!(
        "{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{KIND}\",\"digest\":\"{digest}\",\"evidence\":\n{evidence}\n}}\n"
    )
}

/// Reads the text of a dump file.
///
/// # Errors
/// [`DumpError`], which says where the text stops being a dump, that the evidence in it was changed, or what its link cannot be.
pub fn read_dump(text: &str) -> Result<Evidence, DumpError> {
    expect_kind(text, KIND).map_err(|error| match error {
        HeadError::Malformed(Malformed { line, column, problem }) => {
            DumpError::Malformed { line, column, problem }
        }
        HeadError::Other { found, version } => DumpError::OtherKind { found, version },
    })?;
    let Body { digest: written, evidence } =
        serde_json::from_str(text).map_err(|cause| malformed(&cause, ""))?;
    let computed = digest(evidence.get());
    if written != computed {
        return Err(DumpError::Edited { written, computed });
    }
    let evidence: Evidence = serde_json::from_str(evidence.get()).map_err(|cause| {
        let above = text.find(evidence.get()).map_or("", |at| &text[..at]);
        malformed(&cause, above)
    })?;
    evidence.link.check()?;
    Ok(evidence)
}

/// An error of the parser, placed in the whole file: it began to count after `above`.
fn malformed(cause: &serde_json::Error, above: &str) -> DumpError {
    let indent = above.len() - above.rfind('\n').map_or(0, |newline| newline + 1);
    DumpError::Malformed {
        line: above.matches('\n').count() + cause.line(),
        // The parser says 0 where the text ends on an empty line.
        column: cause.column().max(1) + if cause.line() == 1 { indent } else { 0 },
        problem: without_place(cause),
    }
}

/// XXH3-128 of the evidence as it stands in the file: guards against accidents, not against forgers.
fn digest(evidence: &str) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(evidence.as_bytes()))
}
