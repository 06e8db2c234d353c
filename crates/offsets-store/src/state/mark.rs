use super::StateDamage;
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::wire::{Reader, Writer};

/// The kind of the stream that says that a table was salvaged.
pub(super) const MARK: u8 = 21;

/// The damage that was cut out of a table, where that is not acknowledged.
pub(super) fn read(log: &impl SegmentLog, space: u32) -> Result<Option<StateDamage>, Error> {
    let key = key(space);
    let mut read = Ok(None);
    log.get(key, &mut |bytes| {
        read =
            segment::decode(key, bytes).and_then(|(_, entry)| decode(entry).ok_or(Flaw::Entries)).map(Some);
    })?;
    read.map_err(|flaw| StateDamage { key, flaw }.into())
}

/// The segment that says that this damage was cut out.
pub(super) fn segment(space: u32, damage: &StateDamage) -> (Key, Vec<u8>) {
    let mut entry = Writer::default();
    entry.append(&damage.key.bytes());
    let (code, numbers) = match damage.flaw {
        Flaw::Short => (0, [0, 0]),
        Flaw::Checksum => (1, [0, 0]),
        Flaw::Version(version) => (2, [version.into(), 0]),
        Flaw::Entries => (3, [0, 0]),
        Flaw::Missing => (4, [0, 0]),
        Flaw::Gap(missing) => (5, [missing, 0]),
        Flaw::Fewer { counted, there } => (6, [counted, there]),
    };
    [code].into_iter().chain(numbers).for_each(|number| entry.number(number));
    let key = key(space);
    (key, segment::encode(key, &Head { count: 1, ..Head::default() }, entry.bytes()))
}

/// Removes the mark, and returns once that is on the disk. Tells whether there was one.
pub(super) fn remove(log: &mut impl SegmentLog, space: u32) -> Result<bool, Error> {
    let removed = log.remove(Stream { space, kind: MARK }, 0..u64::MAX)?;
    log.flush()?;
    Ok(removed > 0)
}

fn key(space: u32) -> Key {
    Key { stream: Stream { space, kind: MARK }, sequence: 0 }
}

pub(super) fn decode(entry: &[u8]) -> Option<StateDamage> {
    let mut reader = Reader::new(entry);
    let key = Key::of(&reader.array::<13>()?)?;
    let [code, first, second] = [reader.number()?, reader.number()?, reader.number()?];
    let flaw = match code {
        0 => Flaw::Short,
        1 => Flaw::Checksum,
        2 => Flaw::Version(u8::try_from(first).ok()?),
        3 => Flaw::Entries,
        4 => Flaw::Missing,
        5 => Flaw::Gap(first),
        6 => Flaw::Fewer { counted: first, there: second },
        _ => return None,
    };
    reader.is_at_end().then_some(StateDamage { key, flaw })
}
