#![allow(
    private_interfaces,
    reason = "only this crate says how a value is kept, and the trait is sealed by that"
)]

use jiff::Timestamp;
use offsets_core::evidence::Fingerprint;
use offsets_reconcile::{Decimal, Hlc, Position, Rank, ReadBefore, Region, Seen, Version, Winner};

use crate::wire::{Reader, Writer};

/// What a [`DurableTable`](super::DurableTable) can keep: it is written after the value before it, from which it often
/// differs little. Only this crate says how.
pub trait StoredValue: Copy + PartialEq {
    /// The name of the type in the header of a table.
    const NAME: &'static str;

    /// The most bytes an entry can take, its identity included.
    const MAX_BYTES: usize;

    /// Writes it.
    fn write(&self, before: Option<&Self>, out: &mut Writer);

    /// Reads what [`write`](Self::write) wrote after the same value.
    fn read(before: Option<&Self>, from: &mut Reader<'_>) -> Option<Self>;
}

const IDENTITY: usize = 16;
const VARINT: usize = 10;

impl StoredValue for Seen {
    const NAME: &'static str = "Seen";
    const MAX_BYTES: usize = IDENTITY + 3 * VARINT;

    fn write(&self, before: Option<&Self>, out: &mut Writer) {
        write_position(self.first, before.map(|before| before.first), out);
        out.signed(i64::from(self.pane) - before.map_or(0, |before| i64::from(before.pane)));
    }

    fn read(before: Option<&Self>, from: &mut Reader<'_>) -> Option<Self> {
        let first = read_position(before.map(|before| before.first), from)?;
        let pane = before.map_or(0, |before| i64::from(before.pane)).checked_add(from.signed()?)?;
        Some(Self { first, pane: u32::try_from(pane).ok()? })
    }
}

impl StoredValue for ReadBefore {
    const NAME: &'static str = "ReadBefore";
    const MAX_BYTES: usize = IDENTITY + 4 * VARINT;

    fn write(&self, before: Option<&Self>, out: &mut Writer) {
        write_position(self.last, before.map(|before| before.last), out);
        out.number(self.times.into());
        out.number(self.again.into());
    }

    fn read(before: Option<&Self>, from: &mut Reader<'_>) -> Option<Self> {
        let last = read_position(before.map(|before| before.last), from)?;
        let mut count = || from.number()?.try_into().ok();
        Some(Self { last, times: count()?, again: count()? })
    }
}

impl StoredValue for Winner {
    const NAME: &'static str = "Winner";
    const MAX_BYTES: usize = IDENTITY + 2 * VARINT + 17 + 1 + 16 + 1 + VARINT;

    fn write(&self, before: Option<&Self>, out: &mut Writer) {
        write_position(self.position, before.map(|before| before.position), out);
        write_version(self.rank.version, out);
        out.append(&[self.rank.region.0]);
        out.append(&self.rank.content.to_bits().to_le_bytes());
        out.append(&[u8::from(self.deleted_ms.is_some())]);
        if let Some(deleted) = self.deleted_ms {
            out.signed(deleted);
        }
    }

    fn read(before: Option<&Self>, from: &mut Reader<'_>) -> Option<Self> {
        let position = read_position(before.map(|before| before.position), from)?;
        let version = read_version(from)?;
        let [region] = from.array()?;
        let content = Fingerprint::from_bits(u128::from_le_bytes(from.array()?));
        let deleted_ms = match from.array()? {
            [0] => None,
            [1] => Some(from.signed()?),
            _ => return None,
        };
        Some(Self { rank: Rank { version, region: Region(region), content }, position, deleted_ms })
    }
}

/// The input, and the step of the offset since the position before.
fn write_position(position: Position, before: Option<Position>, out: &mut Writer) {
    out.number(position.input().into());
    out.signed(position.offset() - before.map_or(0, Position::offset));
}

fn read_position(before: Option<Position>, from: &mut Reader<'_>) -> Option<Position> {
    let input = u16::try_from(from.number()?).ok()?;
    Position::new(input, before.map_or(0, Position::offset).checked_add(from.signed()?)?)
}

/// A byte for the kind, and 16, 12 or 8 bytes.
fn write_version(version: Version, out: &mut Writer) {
    match version {
        Version::Number(number) => {
            out.append(&[0]);
            out.append(&number.serialize());
        }
        Version::Time(time) => {
            out.append(&[1]);
            out.append(&time.as_nanosecond().to_le_bytes());
        }
        Version::Stamp(stamp) => {
            out.append(&[2]);
            out.append(&stamp.to_bytes());
        }
    }
}

fn read_version(from: &mut Reader<'_>) -> Option<Version> {
    Some(match from.array()? {
        [0] => Version::Number(Decimal::deserialize(from.array()?)),
        [1] => Version::Time(Timestamp::from_nanosecond(i128::from_le_bytes(from.array()?)).ok()?),
        [2] => Version::Stamp(Hlc::read(&from.array::<8>()?)?),
        _ => return None,
    })
}
