use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use offsets_core::link::LinkName;
use offsets_service::{Health as ServiceHealth, Monitored};
use offsets_store::Expired;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum StreamKind {
    Commits,
    Syncs,
    Checkpoints,
    Fingerprints,
}

/// How the recording of all links goes, as numbers for a monitoring system and as a few words.
pub(super) struct Metrics {
    registry: Registry,
    recorded: Family<Labels, Counter>,
    failures: Family<Labels, Counter>,
    last_success: Family<Labels, Gauge>,
    tailing: Family<LinkLabel, Gauge>,
    expired: Counter,
    over: Gauge,
    /// Whether the archive took what it was last given.
    is_archive_writable: Mutex<bool>,
    /// Of every link what does not succeed now, and why.
    ongoing: Mutex<BTreeMap<String, BTreeMap<StreamKind, OngoingFailure>>>,
}

/// Interval between reminders of a failure that persists.
const REMINDER_INTERVAL: SignedDuration = SignedDuration::from_mins(10);

/// Something that has not succeeded since it first failed.
#[derive(Debug, Clone)]
pub(super) struct OngoingFailure {
    /// Why the last attempt failed.
    why: String,
    /// Number of attempts that failed in a row.
    pub(super) attempts: u64,
    /// When the first of them failed.
    pub(super) first: Timestamp,
    reported_at: Timestamp,
}

/// How the recording of one link goes.
pub(super) struct Health<'m> {
    metrics: &'m Metrics,
    link: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    link: String,
    what: StreamKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LinkLabel {
    link: String,
}

impl Health<'_> {
    /// Counts what was recorded; at `now` there was no more.
    pub(super) fn recorded(&self, what: StreamKind, count: u64, now: Timestamp) {
        self.metrics.recorded.get_or_create(&self.labels(what)).inc_by(count);
        self.metrics.last_success.get_or_create(&self.labels(what)).set(now.as_second());
    }

    /// Whether something was ever recorded.
    pub(super) fn has_recorded(&self, what: StreamKind) -> bool {
        self.metrics.last_success.get_or_create(&self.labels(what)).get() > 0
    }

    /// An attempt failed at `now`. Returns what there is to say: of the first failure, and of those that follow it every ten minutes.
    pub(super) fn failed(&self, what: StreamKind, why: String, now: Timestamp) -> Option<OngoingFailure> {
        self.metrics.failures.get_or_create(&self.labels(what)).inc();
        let mut ongoing = self.metrics.ongoing();
        let of_link = ongoing.entry(self.link.clone()).or_default();
        let begun = OngoingFailure { why: String::new(), attempts: 0, first: now, reported_at: now };
        let failing = of_link.entry(what).or_insert(begun);
        failing.why = why;
        failing.attempts += 1;
        let is_due = failing.attempts == 1 || now.duration_since(failing.reported_at) >= REMINDER_INTERVAL;
        is_due.then(|| {
            failing.reported_at = now;
            failing.clone()
        })
    }

    /// An attempt succeeded. Returns the failures that went before it, if any did.
    pub(super) fn recovered(&self, what: StreamKind) -> Option<OngoingFailure> {
        self.metrics.ongoing().get_mut(&self.link)?.remove(&what)
    }

    /// Whether the commits are those of the source's own log of them.
    pub(super) fn tailing(&self, is_so: bool) {
        let label = LinkLabel { link: self.link.clone() };
        self.metrics.tailing.get_or_create(&label).set(is_so.into());
    }

    pub(super) fn stored(&self, ok: bool) {
        *self.metrics.is_archive_writable.lock().unwrap_or_else(PoisonError::into_inner) = ok;
    }

    fn labels(&self, what: StreamKind) -> Labels {
        Labels { link: self.link.clone(), what }
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("offsets_archive"),
            recorded: Family::default(),
            failures: Family::default(),
            last_success: Family::default(),
            tailing: Family::default(),
            expired: Counter::default(),
            over: Gauge::default(),
            is_archive_writable: Mutex::new(true),
            ongoing: Mutex::default(),
        };
        let Self { registry, recorded, failures, last_success, tailing, expired, over, .. } = &mut metrics;
        registry.register(
            "recorded",
            "Changes of commits, records of syncs and checkpoints, and fingerprints",
            recorded.clone(),
        );
        registry.register("failures", "Attempts to record that did not succeed", failures.clone());
        let help = "When commits, syncs, checkpoints and data records were last read to their end, in seconds since 1970";
        registry.register("last_success_timestamp_seconds", help, last_success.clone());
        let help = "1 where commits were last read from __consumer_offsets, 0 where every group was asked";
        registry.register("commits_tailed", help, tailing.clone());
        registry.register("expired_segments", "Segments removed for their age or for room", expired.clone());
        registry.register(
            "over_limit_bytes",
            "Bytes kept beyond --max-bytes because they are the newest",
            over.clone(),
        );
        metrics
    }

    /// The part of one link.
    pub(super) fn of(&self, link: &LinkName) -> Health<'_> {
        let link = link.to_string();
        self.ongoing().entry(link.clone()).or_default();
        Health { metrics: self, link }
    }

    pub(super) fn expired(&self, expired: Expired) {
        self.expired.inc_by(expired.segments);
        self.over.set(i64::try_from(expired.over).unwrap_or(i64::MAX));
    }

    fn archive_is_writable(&self) -> bool {
        *self.is_archive_writable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line for each link, or for each thing of it that cannot be recorded now. A cluster that is not there is what an
    /// archive is for, and no reason to restart the recorder.
    fn of_each_link(&self) -> String {
        let mut lines = String::new();
        for (link, ongoing) in &*self.ongoing() {
            if ongoing.is_empty() {
                lines.push_str(&format!("{link}: ok\n"));
            }
            lines.extend(ongoing.iter().map(|(what, failing)| format!("{link}: {what}: {}\n", failing.why)));
        }
        lines
    }

    fn ongoing(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<StreamKind, OngoingFailure>>> {
        self.ongoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitored for Metrics {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn health(&self) -> ServiceHealth {
        let is_well = self.archive_is_writable();
        let words = if is_well { "ok" } else { "the archive cannot be written" };
        ServiceHealth { is_well, text: format!("{words}\n{}", self.of_each_link()) }
    }
}

impl StreamKind {
    fn name(self) -> &'static str {
        match self {
            Self::Commits => "commits",
            Self::Syncs => "syncs",
            Self::Checkpoints => "checkpoints",
            Self::Fingerprints => "fingerprints",
        }
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl EncodeLabelValue for StreamKind {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.name().encode(encoder)
    }
}
