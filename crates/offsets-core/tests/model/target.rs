/// The mirror partition, entry by entry.
#[derive(Debug, Clone)]
pub(crate) struct TargetLog {
    /// Counts re-creations of the topic.
    pub(crate) incarnation: u32,
    pub(crate) start: i64,
    first: i64,
    entries: Vec<Entry>,
    /// As on the source.
    pub(super) twins: i64,
}

/// What stands at one target offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The copy of a source record.
    Copy { incarnation: u32, upstream: i64 },
    /// A transaction marker, or a record of an aborted transaction: no data to a consumer that reads committed.
    Control,
    /// A record of another producer.
    Foreign,
}

impl TargetLog {
    pub(super) fn starting_at(first: i64, twins: i64) -> Self {
        Self { incarnation: 0, start: first, first, entries: Vec::new(), twins }
    }

    pub(crate) fn end(&self) -> i64 {
        self.first + self.entries.len() as i64
    }

    /// Appends an entry; `None` when the log has run out of offsets.
    pub(super) fn append(&mut self, entry: Entry) -> Option<i64> {
        let offset = self.end();
        (offset < i64::MAX).then(|| {
            self.entries.push(entry);
            offset
        })
    }

    pub(super) fn write_foreign(&mut self, records: u8) {
        (0..records).for_each(|_| {
            self.append(Entry::Foreign);
        });
    }

    pub(super) fn retain(&mut self, keep: u8) {
        self.start = self.start.max(self.end() - i64::from(keep));
    }

    pub(super) fn recreate(&mut self) {
        *self = Self { incarnation: self.incarnation + 1, ..Self::starting_at(0, self.twins) };
    }

    /// Every entry there ever was, with its offset.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (i64, Entry)> + '_ {
        self.entries.iter().enumerate().map(|(at, &entry)| (self.first + at as i64, entry))
    }

    /// The entries in `from..to`.
    pub(crate) fn between(&self, from: i64, to: i64) -> impl DoubleEndedIterator<Item = (i64, Entry)> + '_ {
        self.entries().filter(move |&(offset, _)| from <= offset && offset < to)
    }
}
