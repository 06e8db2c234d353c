use std::collections::BTreeSet;

use crate::model::GroupId;

/// Checks an operator has switched off, one by one, and what is to be done about what they find.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Try a group with members. The coordinator has the last word.
    pub active: bool,
    /// Commit offsets outside the log range.
    pub out_of_range: bool,
    /// The groups that may be moved back.
    pub backwards: Backwards,
    /// Use answers of class `unsafe`.
    pub unsound: bool,
    /// Pass records that came over no link and that the group may have yet to read.
    pub stranded: bool,
    /// What to do with a commit's metadata that is longer than the target takes.
    pub long_metadata: LongMetadata,
    /// Delete groups whose commits may expire at once, and rewrite them.
    pub recreate: bool,
}

/// Which groups may be moved back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backwards {
    /// These.
    Only(BTreeSet<GroupId>),
    /// All.
    All,
}

impl Default for Backwards {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Backwards {
    /// Whether this group may be.
    pub fn admits(&self, group: &GroupId) -> bool {
        match self {
            Self::Only(groups) => groups.contains(group),
            Self::All => true,
        }
    }
}

/// What to do with a commit's metadata that is longer than the target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LongMetadata {
    /// Refuse the move.
    #[default]
    Refuse,
    /// Commit without metadata.
    Drop,
    /// Commit as much of it as the target takes.
    Cut,
}

impl LongMetadata {
    /// The default of `offset.metadata.max.bytes`.
    pub const DEFAULT_LIMIT: usize = 4096;

    /// The beginning of `metadata`, of at most `limit` UTF-16 code units: a broker counts the characters of a Java string
    /// (`OffsetMetadataManager.isMetadataInvalid`).
    pub(super) fn cut(metadata: &str, limit: usize) -> String {
        let mut length = 0;
        let fits = |character: &char| {
            length += character.len_utf16();
            length <= limit
        };
        metadata.chars().take_while(fits).collect()
    }
}
