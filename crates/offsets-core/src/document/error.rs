use offsets_record::without_place;

use super::Kind;
use super::kind::{file_of, in_words};
use crate::API_VERSION;

/// Why a file of this library cannot be read, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not the JSON of its kind: cut short, or another file.
    #[error("{} cannot be read at line {line}, column {column}: {problem}", the(kind))]
    Malformed {
        /// The `kind` that was wanted.
        kind: &'static str,
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// It is JSON of another kind or version.
    #[error("this is {}, not {} (`{wanted}` of `{API_VERSION}`)", in_words(found, version), file_of(wanted))]
    OtherKind {
        /// The `kind` that was wanted.
        wanted: &'static str,
        /// Its `kind`.
        found: String,
        /// Its `apiVersion`.
        version: String,
    },
    /// Its content is not what was written.
    #[error(
        "{} was changed after it was written: its digest is {computed}, and {written} is written in it{}",
        the(kind),
        as_it_stands(kind)
    )]
    Edited {
        /// Its `kind`.
        kind: &'static str,
        /// The digest the file states.
        written: String,
        /// The digest of what it holds.
        computed: String,
    },
}

impl DocumentError {
    /// An error of the parser, placed in the whole file: it began to count after `above`.
    pub(crate) fn malformed(kind: Kind, cause: &serde_json::Error, above: &str) -> Self {
        let indent = above.len() - above.rfind('\n').map_or(0, |newline| newline + 1);
        Self::Malformed {
            kind: kind.name(),
            line: above.matches('\n').count() + cause.line(),
            // The parser says column 0 where the text ends on an empty line.
            column: cause.column().max(1) + if cause.line() == 1 { indent } else { 0 },
            problem: without_place(cause),
        }
    }
}

/// A kind with the definite article.
fn the(kind: &str) -> String {
    let file = file_of(kind);
    format!("the {}", file.split_once(' ').map_or(file, |(_, file)| file))
}

/// How a changed file can be used all the same, where that is possible: of evidence every answer follows.
fn as_it_stands(kind: &str) -> &'static str {
    if kind == Kind::Evidence.name() { "" } else { "; without its `digest` it is read as it stands" }
}
