use serde::Serialize;

use crate::{Line, Reason};

/// One losing write, as it is written out: a line of the ledger.
///
/// `docs/identity-and-order.md` has the fields. The content of a write is there where the runner has it at hand: over files
/// that of both, between topics that of the record just read, which is the loser unless an upsert's winner was beaten. A
/// [`LedgerWrite`] holds the content of such a winner.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry<'a> {
    /// Why it lost.
    pub reason: Reason,
    /// The event or the key both are about, as 32 hexadecimal digits.
    pub identity: String,
    /// The write that lost.
    pub loser: EnteredWrite<'a>,
    /// The write that stands in its place; `None` where the group had read it before it moved.
    pub winner: Option<EnteredWrite<'a>>,
}

/// A write that went to the output, as it is written out where the ledger is to hold every content: once a later write beats it,
/// a [`LedgerEntry`] names it by its place, and its content may be gone from input and output.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerWrite<'a> {
    /// The key it is about, as 32 hexadecimal digits.
    pub identity: String,
    /// The write.
    pub write: EnteredWrite<'a>,
}

/// One of the two writes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnteredWrite<'a> {
    /// The file or topic it came from.
    pub from: &'a str,
    /// Its line there, counted from 1, where it came from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Its partition, where it came from a topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// Its offset in the partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// Its version, where there is an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// All of it, where it is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<&'a Line>,
}
