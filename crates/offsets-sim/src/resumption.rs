use offsets_core::model::LogRange;
use offsets_core::translate::SeedPart;
use offsets_reconcile::{Identity, MemoryTable, Position, ReadBefore, Reread};

use crate::{Entry, World};

/// A group that goes on at the beginning of a window of its seed and reads the target to its end: what it sees, and what is
/// dropped before it does.
#[derive(Debug, Clone)]
pub struct Resumption {
    /// Offset and record, and whether it was dropped.
    pub reads: Vec<(i64, Entry, bool)>,
    /// Whether the window is still open at the end.
    pub is_open: bool,
}

impl Resumption {
    /// Reads on in a world as it is by then. Offsets of which no position can be had are not read.
    pub fn of(world: &World, part: &SeedPart) -> Self {
        let mut seeded = Reread::new(MemoryTable::<ReadBefore>::default());
        let Ok(()) = seeded.preload_part(0, part);
        let mut resumption = Self { reads: Vec::new(), is_open: true };
        let Some(LogRange { start, end }) = world.target_log() else { return resumption };
        let start = start.max(part.from);
        let scan = world.target_scan(LogRange { start, end });
        let mut records = scan.records.iter().peekable();
        for (offset, entry) in world.target.between(start.get(), end.get()) {
            let Some(record) = records.next_if(|record| record.offset.get() == offset) else { continue };
            let Some(position) = Position::new(0, offset) else { break };
            let identity = Identity::of_copied(record.created_ms, record.content);
            let dropped = identity.is_some_and(|identity| {
                let Ok(reread) = seeded.is_reread(identity, position);
                reread
            });
            resumption.reads.push((offset, entry, dropped));
        }
        if let Some(end) = Position::new(0, end.get()) {
            let Ok(()) = seeded.on_committed(&[end]);
        }
        resumption.is_open = !seeded.windows().is_empty();
        resumption
    }
}
