use std::collections::VecDeque;

use offsets_reconcile::{Identity, MemoryTable, Table as _};

/// What is remembered exactly, in memory: generations, the oldest of which is sealed first. Without a limit there is one.
///
/// An identity is in one generation, and the newest entry of it in the log lies in the segments of that one.
#[derive(Debug)]
pub(super) struct Memtables<V> {
    memtables: VecDeque<Memtable<V>>,
    limit: Option<MemtableLimit>,
}

#[derive(Debug)]
pub(super) struct Memtable<V> {
    table: MemoryTable<V>,
    /// The first segment of its entries.
    begins: u64,
    /// How many entries it has in the log, those that are no longer true among them.
    entered: u64,
}

/// How much memory an index may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemtableLimit {
    values: usize,
    memtables: usize,
}

impl MemtableLimit {
    /// The fewest values of a generation, however little memory there is.
    const FEWEST: usize = 7;

    /// Generations that fit into these bytes, and beside them the room to sort one.
    pub(super) fn within<V: Copy>(bytes: usize) -> Self {
        let values = MemoryTable::<V>::room(bytes / 3).max(Self::FEWEST);
        Self { values, memtables: (bytes / MemoryTable::<V>::bytes_for(values)).saturating_sub(1).max(2) }
    }
}

impl<V: Copy> Memtables<V> {
    /// One generation, whose entries begin in a segment.
    pub(super) fn new(
        table: MemoryTable<V>,
        begins: u64,
        entered: u64,
        limit: Option<MemtableLimit>,
    ) -> Self {
        Self { memtables: VecDeque::from([Memtable { table, begins, entered }]), limit }
    }

    pub(super) fn get(&mut self, identity: Identity) -> Option<V> {
        self.memtables.iter_mut().rev().find_map(|memtable| {
            let Ok(value) = memtable.table.get(identity);
            value
        })
    }

    /// Says what will be asked for next.
    pub(super) fn prefetch(&self, identities: &mut dyn Iterator<Item = Identity>) {
        // Where there are several, what is wanted of each of them is not known yet.
        if let [only] = self.memtables.as_slices().0 {
            only.table.prefetch(identities);
        }
    }

    /// Puts a value into the newest generation, and takes it out of the others.
    pub(super) fn put(&mut self, identity: Identity, value: V) {
        let newest = self.newest();
        let Ok(()) = newest.table.put(identity, value);
        newest.entered += 1;
        for older in self.memtables.iter_mut().rev().skip(1) {
            if older.table.remove(identity).is_some() {
                break;
            }
        }
    }

    /// Puts a value where none is; to be asked only where there is one generation.
    pub(super) fn put_if_absent(&mut self, identity: Identity, value: V) -> Option<V> {
        let newest = self.newest();
        let Ok(held) = newest.table.put_if_absent(identity, value);
        newest.entered += u64::from(held.is_none());
        held
    }

    pub(super) fn retain(&mut self, keep: &mut dyn FnMut(&V) -> bool) {
        for memtable in &mut self.memtables {
            let Ok(()) = memtable.table.retain(keep);
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.memtables.iter().map(|memtable| memtable.table.len()).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.memtables.iter().map(|memtable| memtable.table.bytes()).sum()
    }

    /// Entries in the log, those that are no longer true among them.
    pub(super) fn entered(&self) -> u64 {
        self.memtables.iter().map(|memtable| memtable.entered).sum()
    }

    /// Says that an entry was written again at the end.
    pub(super) fn entered_again(&mut self) {
        self.newest().entered += 1;
    }

    /// Notes that this number of the oldest entries is no longer in the log.
    pub(super) fn gone(&mut self, entries: u64) {
        let oldest = self.memtables.front_mut().expect("there is always a generation");
        oldest.entered -= entries;
    }

    pub(super) fn count(&self) -> usize {
        self.memtables.len()
    }

    pub(super) fn limit(&mut self, limit: Option<MemtableLimit>) {
        self.limit = limit;
    }

    /// Whether this number of further values is too large for the newest generation.
    pub(super) fn is_full_with(&self, more: usize) -> bool {
        let newest = self.memtables.back().expect("there is always a generation");
        self.limit.is_some_and(|limit| newest.table.len() as usize + more > limit.values)
    }

    /// Whether the oldest generation has to go before a new one is begun.
    pub(super) fn is_too_many(&self) -> bool {
        self.limit.is_some_and(|limit| self.memtables.len() >= limit.memtables.max(2))
    }

    /// Begins a generation whose entries begin in a segment.
    pub(super) fn begin(&mut self, begins: u64) {
        let values = self.limit.map_or(0, |limit| limit.values);
        let table = MemoryTable::with_capacity(values);
        self.memtables.push_back(Memtable { table, begins, entered: 0 });
    }

    /// What the oldest generation holds, and where the entries of the one after it begin; `None` where it is the only one.
    pub(super) fn oldest(&self) -> Option<(Vec<(Identity, V)>, u64)> {
        let after = self.memtables.get(1)?.begins;
        Some((self.memtables.front()?.table.iter().collect(), after))
    }

    /// Forgets the oldest generation, where it is not the only one.
    pub(super) fn drop_oldest(&mut self) {
        if self.memtables.len() > 1 {
            self.memtables.pop_front();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        let memtable = Memtable { table: MemoryTable::default(), begins: 0, entered: 0 };
        self.memtables = VecDeque::from([memtable]);
    }

    fn newest(&mut self) -> &mut Memtable<V> {
        self.memtables.back_mut().expect("there is always a generation")
    }
}
