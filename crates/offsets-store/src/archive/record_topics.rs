//! The ids of the topics that records were kept of, in a stream of their own.

use offsets_core::model::{TopicId, TopicName, TopicPartition};

use crate::wire::{Reader, Writer};

/// Writes the id of the topic that the kept records of a partition are of; `None` where none are kept, or it is not known.
pub(super) fn write(out: &mut Writer, partition: &TopicPartition, id: Option<TopicId>) {
    out.text(partition.topic.as_str());
    out.number(u64::from(partition.partition.unsigned_abs()));
    out.text(&id.map(|id| id.to_string()).unwrap_or_default());
}

/// Shows the entries of a segment; `None` when they make no sense.
pub(super) fn read(
    entries: &[u8],
    count: u32,
    mut visit: impl FnMut(TopicPartition, Option<TopicId>),
) -> Option<()> {
    let mut reader = Reader::new(entries);
    for _ in 0..count {
        let topic = TopicName::from(reader.text()?);
        let partition = i32::try_from(reader.number()?).ok()?;
        let id = match reader.text()? {
            "" => None,
            text => Some(text.parse().ok()?),
        };
        visit(TopicPartition { topic, partition }, id);
    }
    reader.is_at_end().then_some(())
}
