use std::ops::AddAssign;

/// What a table takes, and what it costs that its memory is capped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableCost {
    /// Identities that are answered from memory.
    pub in_memory: u64,
    /// Identities that are answered from the disk.
    pub on_disk: u64,
    /// How many sorted buckets these lie in.
    pub runs: u64,
    /// Bytes of memory that what is in memory takes.
    pub memtable_bytes: u64,
    /// Bytes of memory that tell what is sealed, and where.
    pub filter_bytes: u64,
    /// Segments that were read to answer, since the table was opened.
    pub disk_reads: u64,
    /// Those of them that held nothing: the filter had taken one identity for another.
    pub false_positives: u64,
}

/// Of several tables.
impl AddAssign for TableCost {
    fn add_assign(&mut self, other: Self) {
        self.in_memory += other.in_memory;
        self.on_disk += other.on_disk;
        self.runs += other.runs;
        self.memtable_bytes += other.memtable_bytes;
        self.filter_bytes += other.filter_bytes;
        self.disk_reads += other.disk_reads;
        self.false_positives += other.false_positives;
    }
}
