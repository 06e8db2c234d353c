use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use offsets_core::model::TopicPartition;
use offsets_reconcile::RunCounts;
use offsets_store::TableCost;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::print::describe_counts;
use crate::service::Monitored;

/// The state of a run, for metrics and health.
#[derive(Default)]
pub(super) struct RunState(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) counts: RunCounts,
    pub(super) partitions: Vec<i32>,
    pub(super) remembered: u64,
    pub(super) cost: TableCost,
    /// What went through the repartition topic.
    pub(super) repartitioned: u64,
    pub(super) retries: u64,
    stages: BTreeMap<Stage, StageState>,
}

/// The parts of a run that commit on their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Repartition,
    Reconcile,
}

#[derive(Default)]
pub(super) struct StageState {
    pub(super) lag: BTreeMap<TopicPartition, i64>,
    /// Why nothing could be committed since the last commit.
    pub(super) last_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartitionLabels {
    topic: String,
    partition: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    why: &'static str,
}

impl State {
    pub(super) fn of(&mut self, stage: Stage) -> &mut StageState {
        self.stages.entry(stage).or_default()
    }

    /// How far each partition that is read is behind its end.
    pub(super) fn lag(&self) -> impl Iterator<Item = (&TopicPartition, &i64)> {
        self.stages.values().flat_map(|stage| &stage.lag)
    }

    fn last_error(&self) -> Option<&str> {
        self.stages.values().find_map(|stage| stage.last_error.as_deref())
    }
}

impl RunState {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitored for RunState {
    fn metrics(&self) -> String {
        let state = self.state();
        let mut registry = Registry::with_prefix("offsets_reconcile");
        let mut count =
            |name: &str, help: &str, value: u64| registry.register(name, help, ConstCounter::new(value));
        count("records", "Records that were read", state.counts.records);
        count("written", "Records that went to the output", state.counts.written);
        count("superseded", "Records that went to the output and were beaten later", state.counts.superseded);
        count("passed", "Records that could not be judged and went to the output", state.counts.passed);
        count("repartitioned", "Records that went through the repartition topic", state.repartitioned);
        count("setbacks", "Aborted transactions", state.retries);
        let by = |counts: Vec<(&'static str, u64)>| {
            let family = Family::<ReasonLabels, Counter>::default();
            for (why, count) in counts {
                family.get_or_create(&ReasonLabels { why }).inc_by(count);
            }
            family
        };
        let lost = state.counts.lost.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        registry.register("lost", "Writes that lost, by reason", by(lost));
        let flawed = state.counts.flawed.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        registry.register("flawed", "Records that could not be judged, by what is wrong", by(flawed));
        let remembered = i64::try_from(state.remembered).unwrap_or(i64::MAX);
        registry.register("remembered", "Identities that are remembered", ConstGauge::new(remembered));
        let mut gauge = |name: &str, help: &str, value: u64| {
            registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
        };
        let cost = state.cost;
        gauge("sealed", "Identities that are looked up on the disk", cost.on_disk);
        gauge(
            "memory_bytes",
            "Bytes of memory for what is remembered",
            cost.memtable_bytes + cost.filter_bytes,
        );
        gauge("disk_reads", "Segments read to look identities up", cost.disk_reads);
        let partitions = i64::try_from(state.partitions.len()).unwrap_or(i64::MAX);
        registry.register(
            "partitions",
            "Partitions of each input that are this instance's",
            ConstGauge::new(partitions),
        );
        let lag = Family::<PartitionLabels, Gauge>::default();
        for (partition, behind) in state.lag() {
            let labels =
                PartitionLabels { topic: partition.topic.to_string(), partition: partition.partition };
            lag.get_or_create(&labels).set(*behind);
        }
        registry.register("lag", "Offsets behind the end of an input, control records among them", lag);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    fn health(&self) -> (bool, String) {
        let state = self.state();
        match state.last_error() {
            None => (true, format!("ok\n{}\n", describe_counts(&state.counts))),
            Some(last_error) => (false, format!("nothing can be committed: {last_error}\n")),
        }
    }
}
