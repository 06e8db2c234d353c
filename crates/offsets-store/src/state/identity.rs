use std::fmt;

use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::wire::{Reader, Writer};
use crate::{Error, StoredValue};
use offsets_reconcile::{ReadBefore, Seen, Winner};

use super::{StateDamage, page};

/// The kind of the stream that says what a table holds.
pub(super) const IDENTITY: u8 = 20;

/// The format of tables that is written, and the newest that is read.
const FORMAT: u32 = 1;

/// What a table holds: the type of its values, the format they are written in, and the rules they were decided by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableIdentity {
    /// The type of the values, as [`StoredValue::NAME`] has it.
    pub kind: String,
    /// The format of the table; `STATE.md` draws it.
    pub format: u32,
    /// What identifies the rules that its operator decided by; `None` where the caller gave none.
    pub rules: Option<String>,
}

impl TableIdentity {
    pub(super) fn of<V: StoredValue>(rules: Option<String>) -> Self {
        Self { kind: V::NAME.to_owned(), format: FORMAT, rules }
    }

    /// What the header of a table says; `None` where an earlier version wrote the table without one.
    pub(super) fn read(log: &impl SegmentLog, space: u32) -> Result<Option<Self>, Error> {
        let key = key(space);
        let mut read = Ok(None);
        log.get(key, &mut |bytes| read = decode(key, bytes).map(Some))?;
        read.map_err(|flaw| StateDamage { key, flaw }.into())
    }

    /// Whether a table that says this of itself can be opened as `expected`. Rules are compared where both sides name them.
    pub(super) fn admits(&self, expected: &Self) -> bool {
        let differ = self
            .rules
            .as_ref()
            .zip(expected.rules.as_ref())
            .is_some_and(|(found, expected)| found != expected);
        self.kind == expected.kind && self.format <= expected.format && !differ
    }

    /// The segment that says so.
    pub(super) fn segment(&self, space: u32) -> (Key, Vec<u8>) {
        let mut entry = Writer::default();
        entry.number(self.format.into());
        entry.text(&self.kind);
        if let Some(rules) = &self.rules {
            entry.text(rules);
        }
        let key = key(space);
        (key, segment::encode(key, &Head { count: 1, ..Head::default() }, entry.bytes()))
    }

    /// What wrote a segment of a table that has no header, where that is not a table of `V`.
    pub(super) fn guess<V: StoredValue>(log: &impl SegmentLog, key: Key) -> Result<Option<Self>, Error> {
        let mut kinds = Vec::new();
        log.get(key, &mut |bytes| {
            kinds = [fits::<Seen>(key, bytes), fits::<ReadBefore>(key, bytes), fits::<Winner>(key, bytes)]
                .into_iter()
                .flatten()
                .filter(|kind| *kind != V::NAME)
                .collect();
        })?;
        let kind = kinds.first().map(|kind| (*kind).to_owned());
        Ok(kind.map(|kind| Self { kind, format: FORMAT, rules: None }))
    }
}

impl fmt::Display for TableIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (format {}", self.kind, self.format)?;
        match &self.rules {
            Some(rules) => write!(f, ", rules `{rules}`)"),
            None => write!(f, ")"),
        }
    }
}

fn key(space: u32) -> Key {
    Key { stream: Stream { space, kind: IDENTITY }, sequence: 0 }
}

fn decode(key: Key, bytes: &[u8]) -> Result<TableIdentity, Flaw> {
    let (_, entry) = segment::decode(key, bytes)?;
    let mut reader = Reader::new(entry);
    let mut read = || {
        let format = u32::try_from(reader.number()?).ok()?;
        let kind = reader.text()?.to_owned();
        // What a later format has behind it is not known here, and that format is refused.
        let rules =
            if reader.is_at_end() || format > FORMAT { None } else { Some(reader.text()?.to_owned()) };
        Some(TableIdentity { kind, format, rules })
    };
    read().ok_or(Flaw::Entries)
}

fn fits<V: StoredValue>(key: Key, bytes: &[u8]) -> Option<&'static str> {
    page::read::<V>(key, bytes, &mut Vec::new()).ok().map(|()| V::NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DurableTable, MemoryLog};

    #[test]
    fn a_header_of_a_later_format_is_refused_whatever_stands_behind_its_kind() {
        let (mut log, key) = (MemoryLog::default(), key(7));
        let mut entry = Writer::default();
        entry.number(u64::from(FORMAT) + 1);
        entry.text("Seen");
        entry.append(&[0xff; 9]);
        log.append(&[(key, segment::encode(key, &Head::default(), entry.bytes()))]).expect("memory");
        let error = DurableTable::<Seen, _>::open(log, 7).expect_err("a later format");
        assert_eq!(error.to_string(), "space 7 holds Seen (format 2), and not Seen (format 1)");
    }
}
