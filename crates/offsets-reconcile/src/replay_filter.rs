use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use offsets_core::model::TopicPartition;
use offsets_core::translate::Seed;

use crate::{Decision, Identity, KeyedRecord, Operator, Position, Reason};

/// Drops what a seed names, of records that are not in the order of their offsets: of a dump that is in several files, or that
/// was taken in pieces.
///
/// It answers as [`Reread`](super::Reread) does, and remembers for that the offsets at which records were dropped; nothing is
/// forgotten. Of each identity as many offsets are dropped as it was read, those that are asked about first.
///
/// # Examples
/// ```
/// use offsets_core::model::TopicPartition;
/// use offsets_core::translate::Seed;
/// use offsets_reconcile::{
///     Extractor, IdentityRule, Operator as _, Decision, Position, Reason, Record, ReplayFilter,
/// };
///
/// let (time, key, value) = (Some(1_764_000_000_000), Some(&b"17"[..]), Some(&b"paid"[..]));
/// let id = offsets_reconcile::Identity::of_copy(time, key, value).expect("it has a timestamp");
/// let seed = Seed::read(&format!(
///     r#"{{"apiVersion":"offsets/v1","kind":"Seed","asOf":"2026-01-01T00:00:00Z",
///         "link":{{"source":"src","target":"dst"}},"group":"app",
///         "windows":[{{"topic":"src.orders","partition":0,"from":17,"until":20,"read":["{id}"]}}]}}"#
/// ))?;
/// let mut filter = ReplayFilter::of(&seed);
///
/// // It stands at offset 18 of the target, and in line 3 of the first file.
/// let extractor = Extractor { identity: IdentityRule::Copy, order: None, max_ahead_ms: i64::MAX };
/// let record = Record { timestamp_ms: time, key, value, ..Record::default() };
/// let keyed = extractor.extract(&record, Position::new(0, 3).expect("in range"), 0)?;
/// let outcome = filter.at(&TopicPartition::new("src.orders", 0), 18).process(&keyed)?;
/// assert!(matches!(outcome, Decision::Suppress(loss) if loss.reason == Reason::Reread));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReplayFilter(BTreeMap<TopicPartition, FilterWindow>);

/// What came of a window so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterWindow {
    /// The first offset that the group reads after its move.
    pub from: i64,
    /// The first offset that it cannot have read before; `None` when no such offset is known.
    pub until: Option<i64>,
    /// How many records of the seed have not come.
    pub missing: u64,
    /// How many records came from below the window: the group had read them, and they pass.
    pub below: u64,
    read: HashMap<Identity, Came>,
}

/// A record that the group had read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Came {
    /// How often it was read before the move.
    times: usize,
    /// The offsets at which it came again.
    again: BTreeSet<i64>,
}

/// A [`ReplayFilter`] as the operator for the record at one place, whatever position it came in at.
#[derive(Debug)]
pub struct FilterAt<'a> {
    window: Option<&'a mut FilterWindow>,
    offset: i64,
}

impl ReplayFilter {
    /// What drops the records of a seed.
    pub fn of(seed: &Seed) -> Self {
        let windows = seed.windows.iter().map(|part| {
            let mut read: HashMap<_, Came> = HashMap::new();
            part.read.iter().for_each(|identity| read.entry(*identity).or_default().times += 1);
            let window = FilterWindow {
                from: part.from.get(),
                until: part.until.map(i64::from),
                missing: part.read.len() as u64,
                below: 0,
                read,
            };
            (part.partition.clone(), window)
        });
        Self(windows.collect())
    }

    /// The operator for the record at this offset of a partition. A partition without a window lets everything pass.
    pub fn at(&mut self, partition: &TopicPartition, offset: i64) -> FilterAt<'_> {
        FilterAt { window: self.0.get_mut(partition), offset }
    }

    /// The windows, each with what came of it.
    pub fn windows(&self) -> impl Iterator<Item = (&TopicPartition, &FilterWindow)> {
        self.0.iter()
    }
}

impl FilterWindow {
    /// Whether the group had read the record with this identity at this offset before it moved.
    fn is_reread(&mut self, identity: Identity, offset: i64) -> bool {
        if offset < self.from {
            self.below += 1;
            return false;
        }
        if self.until.is_some_and(|until| offset >= until) {
            return false;
        }
        let Some(Came { times, again }) = self.read.get_mut(&identity) else { return false };
        if again.contains(&offset) {
            return true;
        }
        if again.len() >= *times {
            return false;
        }
        again.insert(offset);
        self.missing -= 1;
        true
    }
}

impl Operator for FilterAt<'_> {
    type Error = Infallible;

    fn process(&mut self, keyed: &KeyedRecord) -> Result<Decision, Infallible> {
        let offset = self.offset;
        let again = self.window.as_mut().is_some_and(|window| window.is_reread(keyed.identity, offset));
        Ok(if again {
            Decision::Suppress(keyed.loses(None, Reason::Reread))
        } else {
            Decision::Emit { over: None }
        })
    }

    /// No two records are tied.
    fn process_by_content(&mut self, keyed: &KeyedRecord) -> Result<Decision, Infallible> {
        self.process(keyed)
    }

    /// Nothing is forgotten.
    fn on_committed(&mut self, _: &[Position]) -> Result<(), Infallible> {
        Ok(())
    }
}
