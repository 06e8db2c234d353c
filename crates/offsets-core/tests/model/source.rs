/// The source partition: offsets of data records, and holes between them where transaction markers stand, where
/// compaction took records away, or where MM2 filters.
#[derive(Debug, Clone)]
pub(crate) struct SourceLog {
    /// Counts re-creations of the topic.
    pub(crate) incarnation: u32,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(super) data: Vec<i64>,
    /// How many neighbouring offsets share a content.
    pub(crate) twins: i64,
}

impl SourceLog {
    pub(super) fn starting_at(start: i64, twins: i64) -> Self {
        Self { incarnation: 0, start, end: start, data: Vec::new(), twins }
    }

    /// Appends records, each followed by `holes`.
    pub(super) fn produce(&mut self, records: u8, holes: u8) {
        for _ in 0..records {
            let Some(end) = self.end.checked_add(1 + i64::from(holes)) else { return };
            self.data.push(self.end);
            self.end = end;
        }
    }

    /// Deletes all but the newest `keep` offsets.
    pub(super) fn retain(&mut self, keep: u8) {
        self.start = self.start.max(self.end - i64::from(keep));
    }

    /// Compaction takes one of every `every` records below the newest `keep` offsets.
    pub(super) fn compact(&mut self, every: u8, keep: u8) {
        let below = self.end - i64::from(keep);
        let mut at = 0;
        self.data.retain(|&offset| {
            at += 1;
            offset >= below || at % i64::from(every.max(1)) != 0
        });
    }

    pub(super) fn recreate(&mut self) {
        *self = Self { incarnation: self.incarnation + 1, ..Self::starting_at(0, self.twins) };
    }

    /// The first data record at or above `position` that can still be read.
    pub(super) fn next(&self, position: i64) -> Option<i64> {
        let position = position.max(self.start);
        self.data.get(self.data.partition_point(|&offset| offset < position)).copied()
    }

    /// Whether a record can still be read.
    pub(super) fn holds(&self, offset: i64) -> bool {
        offset >= self.start && self.data.binary_search(&offset).is_ok()
    }

    /// The source offset `records` data records before `position`.
    pub(super) fn back_from(&self, position: i64, records: u8) -> i64 {
        let at = self.data.partition_point(|&offset| offset < position);
        let back = at.saturating_sub(usize::from(records));
        self.data.get(back).map_or(position, |&offset| offset.min(position))
    }
}
