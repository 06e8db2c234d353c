use jiff::SignedDuration;
use offsets_core::model::{deserialize_duration, deserialize_some_duration};
use serde::Deserialize;

use crate::{Setting, Timestamps};

/// A link as an operator would describe it, to be simulated as often as one likes. What is left out is as on a link on
/// which nothing special happens.
///
/// # Examples
/// ```
/// use offsets_sim::{Random, Scenario, SourceDescription};
///
/// let source = SourceDescription { transaction_records: 20, ..SourceDescription::default() };
/// let scenario = Scenario { rate: 500.0, source, ..Scenario::default() }.checked()?;
/// let (world, _) = scenario.history(&mut Random::from_seed(1)).tell();
/// assert!((300_000..=300_500).contains(&world.source.len()), "500 a second for ten minutes");
/// # Ok::<(), offsets_sim::ScenarioError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scenario {
    /// Records a second.
    pub rate: f64,
    /// How long the link has copied.
    #[serde(deserialize_with = "deserialize_duration")]
    pub lasts: SignedDuration,
    /// Number of records by which groups lag behind the source, on average.
    pub lags: Vec<u32>,
    /// The source cluster and who produces to it.
    pub source: SourceDescription,
    /// How records get to the target.
    pub replication: ReplicationDescription,
    /// The target cluster and who else produces to it.
    pub target: TargetDescription,
}

/// The source cluster and who produces to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SourceDescription {
    /// How many records a transaction has; 0 for none. Each leaves a marker.
    pub transaction_records: u32,
    /// The share of transactions that are aborted.
    pub aborted: f64,
    /// The share of other offsets that are never copied.
    pub holes: f64,
    /// How many neighbouring records look alike; 1 when none do.
    pub identical: u32,
    /// How many keys the records have by turns; 0 when each has its own.
    pub keys: u32,
    /// Whose the timestamps are.
    pub timestamps: Clock,
    /// How long records are kept.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub retention: Option<SignedDuration>,
    /// How often the log is compacted.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub compact_every: Option<SignedDuration>,
    /// The share of older records that a compaction takes.
    pub compacted: f64,
    /// Whether it does not answer any more.
    pub dead: bool,
}

/// How records get to the target.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ReplicationDescription {
    /// Whether copies keep the offsets of their records, and no MM2 is there.
    pub offset_preserving: bool,
    /// Whether MM2 writes in transactions.
    pub exactly_once: bool,
    /// `offset.lag.max`; a sync each time the lag exceeds this number of offsets.
    pub offset_lag_max: u32,
    /// How often the worker commits its offsets.
    #[serde(deserialize_with = "deserialize_duration")]
    pub flush_every: SignedDuration,
    /// Every how many source offsets a filter drops the record; 0 for never.
    pub drop_every: u32,
    /// Whether a header carries the source offset.
    pub origin_header: bool,
    /// How often MM2 dies, on average.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub restart_every: Option<SignedDuration>,
    /// How far back it begins again, at most.
    #[serde(deserialize_with = "deserialize_duration")]
    pub copied_again: SignedDuration,
    /// How many records at most it had written without knowing.
    pub unacknowledged: u32,
    /// How often syncs are lost on their way.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub lose_syncs_every: Option<SignedDuration>,
    /// How many at a time.
    pub lost_syncs: u32,
    /// How often the syncs topic is compacted, which leaves the newest sync.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub compact_syncs_every: Option<SignedDuration>,
    /// How many offsets the target has lost at its end. Only where offsets are preserved.
    pub lost_tail: u32,
}

/// The target cluster and who else produces to it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TargetDescription {
    /// Whose the timestamps are.
    pub timestamps: Clock,
    /// How long records are kept.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub retention: Option<SignedDuration>,
    /// How often the log is compacted, by key.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub compact_every: Option<SignedDuration>,
    /// Average interval between writes of other producers to the mirror topic.
    #[serde(deserialize_with = "deserialize_some_duration")]
    pub foreign_every: Option<SignedDuration>,
    /// How many records at a time.
    pub foreign_records: u32,
    /// Whether those look like the newest records of the source.
    pub foreign_alike: bool,
}

/// Who sets the timestamps of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// The producers.
    #[default]
    Producers,
    /// The producers, whose clocks differ. Copies have what their records had.
    Skewed,
    /// The broker (`message.timestamp.type=LogAppendTime`).
    Broker,
}

/// A value that a link cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {problem}")]
pub struct ScenarioError {
    /// The key, as a file names it.
    pub key: &'static str,
    /// What is wrong with its value.
    pub problem: String,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            rate: 1_000.0,
            lasts: SignedDuration::from_mins(10),
            lags: vec![0, 1_000, 10_000, 100_000],
            source: SourceDescription::default(),
            replication: ReplicationDescription::default(),
            target: TargetDescription::default(),
        }
    }
}

impl Default for SourceDescription {
    fn default() -> Self {
        Self {
            transaction_records: 0,
            aborted: 0.0,
            holes: 0.0,
            identical: 1,
            keys: 0,
            timestamps: Clock::Producers,
            retention: None,
            compact_every: None,
            compacted: 0.1,
            dead: false,
        }
    }
}

/// MM2 with its defaults, and a Connect worker with its own.
impl Default for ReplicationDescription {
    fn default() -> Self {
        Self {
            offset_preserving: false,
            exactly_once: false,
            offset_lag_max: 100,
            flush_every: SignedDuration::from_mins(1),
            drop_every: 0,
            origin_header: false,
            restart_every: None,
            copied_again: SignedDuration::from_secs(1),
            unacknowledged: 0,
            lose_syncs_every: None,
            lost_syncs: 1,
            compact_syncs_every: None,
            lost_tail: 0,
        }
    }
}

impl Default for TargetDescription {
    fn default() -> Self {
        Self {
            timestamps: Clock::Producers,
            retention: None,
            compact_every: None,
            foreign_every: None,
            foreign_records: 1,
            foreign_alike: false,
        }
    }
}

/// Records that each lag of the accuracy tables is looked at in.
const DEEP: [u32; 5] = [0, 1_000, 10_000, 100_000, 1_000_000];

/// The most records that one history may have, so that a slip does not take a machine's memory.
const MOST_RECORDS: f64 = 20_000_000.0;
/// The most records that anything happens to at one time.
const MOST_AT_ONCE: u32 = 1_000_000;
/// The most lags that are looked at.
const MOST_LAGS: usize = 16;

impl Scenario {
    /// The three links that answers from all evidence are exact on, with their names: two million records each, of which
    /// every one is copied; the same in transactions of 20, of which one in 20 is aborted; and dense, with an MM2 that
    /// writes in transactions.
    pub fn proving() -> [(&'static str, Self); 3] {
        let dense = Self {
            rate: 2_000.0,
            lasts: SignedDuration::from_secs(1_000),
            lags: DEEP.to_vec(),
            ..Self::default()
        };
        let source = SourceDescription { transaction_records: 20, aborted: 0.05, ..dense.source.clone() };
        let replication = ReplicationDescription { exactly_once: true, ..dense.replication.clone() };
        let transactional = Self { source, ..dense.clone() };
        let exactly_once = Self { replication, ..dense.clone() };
        [("dense", dense), ("transactional", transactional), ("exactly-once", exactly_once)]
    }

    /// The same, if there can be such a link.
    ///
    /// # Errors
    /// When a value is impossible, by itself or beside another; it is named.
    pub fn checked(self) -> Result<Self, ScenarioError> {
        let Self { source, replication, target, .. } = &self;
        ensure(self.rate.is_finite() && self.rate > 0.0, "rate", || {
            format!("{} is no number of records a second above 0", self.rate)
        })?;
        for (key, duration) in self.durations() {
            ensure(duration > SignedDuration::ZERO, key, || format!("{duration:#} is no time"))?;
        }
        for (key, number) in self.numbers() {
            ensure(number <= MOST_AT_ONCE, key, || format!("{number} is more than {MOST_AT_ONCE}"))?;
        }
        let records = self.records();
        let range = (1.0..=MOST_RECORDS).contains(&records);
        ensure(range, "lasts", || {
            format!("{records} records at this rate; there must be 1 to {MOST_RECORDS}")
        })?;
        let lags = (1..=MOST_LAGS).contains(&self.lags.len());
        ensure(lags, "lags", || format!("{} lags; there must be 1 to {MOST_LAGS}", self.lags.len()))?;
        let far = self.lags.iter().find(|&&lag| f64::from(lag) > records);
        // Of a file that sets no lags the key that is at fault is the one it sets.
        let usual = Self::default();
        if far.is_some() && self.lags == usual.lags {
            let key = if self.rate < usual.rate { "rate" } else { "lasts" };
            ensure(false, key, || {
                format!(
                    "{records} records are copied, fewer than the {} of the longest default lag; set `lags` too, \
                     or more records",
                    or_zero(far)
                )
            })?;
        }
        ensure(far.is_none(), "lags", || {
            format!("{} is more than the {records} records that the link copies", or_zero(far))
        })?;
        share("source.aborted", source.aborted)?;
        ensure((0.0..=0.5).contains(&source.holes), "source.holes", || {
            format!("{} is no share from 0 to 0.5", source.holes)
        })?;
        share("source.compacted", source.compacted)?;
        ensure(source.aborted == 0.0 || source.transaction_records > 0, "source.aborted", || {
            "nothing is aborted without transactions; set `source.transaction-records`".to_owned()
        })?;
        ensure(source.identical > 0, "source.identical", || "a record looks like itself: 1".to_owned())?;
        ensure(target.timestamps != Clock::Skewed, "target.timestamps", || {
            "copies have the timestamps of their records: set `source.timestamps`".to_owned()
        })?;
        let ReplicationDescription { offset_preserving, lost_tail, .. } = replication;
        ensure(*offset_preserving || *lost_tail == 0, "replication.lost-tail", || {
            "only a link with `offset-preserving` goes on where its target ends".to_owned()
        })?;
        ensure(replication.drop_every != 1, "replication.drop-every", || "1 drops every record".to_owned())?;
        for (key, is_set, partner) in self.partners() {
            ensure(!is_set, key, || format!("it changes nothing by itself; set `{partner}` too"))?;
        }
        for (key, used) in replication.of_mirror_maker() {
            ensure(!(*offset_preserving && used), key, || {
                "there is no such thing where offsets are preserved".to_owned()
            })?;
        }
        Ok(self)
    }

    /// How many records a history has.
    pub(crate) fn records(&self) -> f64 {
        (self.rate * self.lasts.as_secs_f64()).round()
    }

    /// What stays the same.
    pub(crate) fn setting(&self) -> Setting {
        let Self { source, replication, target, .. } = self;
        let timestamps = match (source.timestamps, target.timestamps) {
            (Clock::Broker, Clock::Broker) => Timestamps::Appended,
            (Clock::Broker, _) => Timestamps::AppendedOnSource,
            (_, Clock::Broker) => Timestamps::AppendedOnTarget,
            (Clock::Skewed, _) => Timestamps::Skewed,
            (Clock::Producers, _) => Timestamps::Created,
        };
        Setting {
            lag_max: i64::from(replication.offset_lag_max),
            exactly_once: replication.exactly_once,
            twins: i64::from(source.identical),
            filter: i64::from(replication.drop_every),
            keys: i64::from(source.keys),
            headers: replication.origin_header,
            preserving: replication.offset_preserving,
            timestamps,
            ..Setting::default()
        }
    }

    /// Keys that say how much of something there is, where nothing says how often: the key, whether it differs from what is usual
    /// though its partner is not set, and the partner.
    fn partners(&self) -> [(&'static str, bool, &'static str); 6] {
        let Self { source, replication, target, .. } = self;
        let (usual_source, usual) = (SourceDescription::default(), ReplicationDescription::default());
        let usual_target = TargetDescription::default();
        let stays = replication.restart_every.is_none();
        let alone = target.foreign_every.is_none();
        [
            (
                "source.compacted",
                source.compacted != usual_source.compacted && source.compact_every.is_none(),
                "source.compact-every",
            ),
            (
                "replication.copied-again",
                replication.copied_again != usual.copied_again && stays,
                "replication.restart-every",
            ),
            (
                "replication.unacknowledged",
                replication.unacknowledged > 0 && stays,
                "replication.restart-every",
            ),
            (
                "replication.lost-syncs",
                replication.lost_syncs != usual.lost_syncs && replication.lose_syncs_every.is_none(),
                "replication.lose-syncs-every",
            ),
            (
                "target.foreign-records",
                target.foreign_records != usual_target.foreign_records && alone,
                "target.foreign-every",
            ),
            ("target.foreign-alike", target.foreign_alike && alone, "target.foreign-every"),
        ]
    }

    /// What comes in one piece.
    fn numbers(&self) -> [(&'static str, u32); 5] {
        [
            ("source.transaction-records", self.source.transaction_records),
            ("replication.unacknowledged", self.replication.unacknowledged),
            ("replication.lost-syncs", self.replication.lost_syncs),
            ("replication.lost-tail", self.replication.lost_tail),
            ("target.foreign-records", self.target.foreign_records),
        ]
    }

    fn durations(&self) -> impl Iterator<Item = (&'static str, SignedDuration)> {
        let Self { source, replication, target, .. } = self;
        let always = [
            ("lasts", self.lasts),
            ("replication.flush-every", replication.flush_every),
            ("replication.copied-again", replication.copied_again),
        ];
        let sometimes = [
            ("source.retention", source.retention),
            ("source.compact-every", source.compact_every),
            ("replication.restart-every", replication.restart_every),
            ("replication.lose-syncs-every", replication.lose_syncs_every),
            ("replication.compact-syncs-every", replication.compact_syncs_every),
            ("target.retention", target.retention),
            ("target.compact-every", target.compact_every),
            ("target.foreign-every", target.foreign_every),
        ];
        let sometimes = sometimes.into_iter().filter_map(|(key, duration)| Some((key, duration?)));
        always.into_iter().chain(sometimes)
    }
}

impl ReplicationDescription {
    /// What only MM2 has or does.
    fn of_mirror_maker(&self) -> [(&'static str, bool); 6] {
        [
            ("replication.exactly-once", self.exactly_once),
            ("replication.drop-every", self.drop_every > 0),
            ("replication.origin-header", self.origin_header),
            ("replication.restart-every", self.restart_every.is_some()),
            ("replication.lose-syncs-every", self.lose_syncs_every.is_some()),
            ("replication.compact-syncs-every", self.compact_syncs_every.is_some()),
        ]
    }
}

fn ensure(holds: bool, key: &'static str, problem: impl FnOnce() -> String) -> Result<(), ScenarioError> {
    if holds { Ok(()) } else { Err(ScenarioError { key, problem: problem() }) }
}

fn share(key: &'static str, share: f64) -> Result<(), ScenarioError> {
    ensure((0.0..1.0).contains(&share), key, || format!("{share} is no share from 0 up to, but not, 1"))
}

fn or_zero(number: Option<&u32>) -> u32 {
    number.copied().unwrap_or_default()
}
