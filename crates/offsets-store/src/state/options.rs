use super::{DurableTable, StoredValue};
use crate::Error;
use crate::log::SegmentLog;

/// How a [`DurableTable`] is opened.
///
/// ```
/// use offsets_reconcile::{Seen, Winner};
/// use offsets_store::{Error, MemoryLog, TableOptions};
///
/// # fn main() -> Result<(), Error> {
/// let options = TableOptions::new().rules("orders by /id, a window of 1000");
/// let mut table = options.open::<Seen, _>(MemoryLog::default(), 0)?;
/// table.save(b"")?;
/// let log = table.into_log();
///
/// let other = TableOptions::new().rules("orders by /id, a window of 60 s");
/// let error = other.open::<Seen, _>(log.clone(), 0).unwrap_err();
/// assert!(matches!(error, Error::OtherTable { .. }), "{error}");
/// let error = options.open::<Winner, _>(log, 0).unwrap_err();
/// assert!(error.to_string().contains("holds Seen (format 1"), "{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TableOptions {
    pub(super) cap: Option<usize>,
    pub(super) rules: Option<String>,
}

impl TableOptions {
    /// Unlimited memory, and rules that are not compared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maximum number of bytes of memory that the table takes, about, beside what the log takes.
    ///
    /// Up to three quarters of them hold what came last, exactly. What is older is sealed: on the disk in the order of
    /// identities, and in memory a filter of ten bits each. Answers are the same with any cap; one about what is sealed, or what a filter takes
    /// for it, reads a segment from the disk. [`DurableTable::cost`] says how often that was. Where the filters alone are more than the
    /// cap, it is exceeded.
    #[must_use]
    pub fn capped(self, bytes: usize) -> Self {
        Self { cap: Some(bytes), ..self }
    }

    /// What identifies the rules that the operator over the table decides by, such as identity, order and window in words. They are
    /// saved with the table, and compared with those it was saved with before.
    #[must_use]
    pub fn rules(self, rules: impl Into<String>) -> Self {
        Self { rules: Some(rules.into()), ..self }
    }

    /// Opens the table of one space of a log; see [`DurableTable::open`].
    ///
    /// # Errors
    /// Those of [`DurableTable::open`].
    pub fn open<V: StoredValue, L: SegmentLog>(
        &self,
        log: L,
        space: u32,
    ) -> Result<DurableTable<V, L>, Error> {
        DurableTable::opened(log, space, self, false)
    }

    /// Opens a table and cuts what is damaged out of it; see [`DurableTable::salvage`].
    ///
    /// # Errors
    /// Those of [`DurableTable::salvage`].
    pub fn salvage<V: StoredValue, L: SegmentLog>(
        &self,
        log: L,
        space: u32,
    ) -> Result<DurableTable<V, L>, Error> {
        DurableTable::opened(log, space, self, true)
    }
}
