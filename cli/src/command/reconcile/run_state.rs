use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offsets_core::model::TopicPartition;
use offsets_reconcile::RunCounts;
use offsets_service::{Health, Monitored};
use offsets_store::TableCost;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::print::describe_counts;

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

/// Metrics and health of a run. Each request reads the values of its moment.
pub(super) struct RunMonitor {
    registry: Registry,
    state: Arc<RunState>,
}

impl RunMonitor {
    pub(super) fn of(state: &Arc<RunState>) -> Self {
        let mut registry = Registry::with_prefix("offsets_reconcile");
        registry.register_collector(Box::new(Arc::clone(state)));
        Self { registry, state: Arc::clone(state) }
    }
}

impl Monitored for RunMonitor {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn health(&self) -> Health {
        let state = self.state.state();
        match state.last_error() {
            None => Health { is_well: true, text: format!("ok\n{}\n", describe_counts(&state.counts)) },
            Some(error) => Health { is_well: false, text: format!("nothing can be committed: {error}\n") },
        }
    }
}

impl Collector for RunState {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = self.state();
        let mut put = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            metric.encode(encoder.encode_descriptor(name, &format!("{help}."), None, metric.metric_type())?)
        };
        let (counts, cost) = (&state.counts, &state.cost);
        for (name, help, value) in [
            ("records", "Records that were read", counts.records),
            ("written", "Records that went to the output", counts.written),
            ("superseded", "Records that went to the output and were beaten later", counts.superseded),
            ("passed", "Records that could not be judged and went to the output", counts.passed),
            ("repartitioned", "Records that went through the repartition topic", state.repartitioned),
            ("setbacks", "Transactions that were aborted and tried again", state.retries),
            ("disk_reads", "Segments read to look identities up", cost.disk_reads),
        ] {
            put(name, help, &ConstCounter::new(value))?;
        }
        let lost = by_reason(counts.lost.iter().map(|(reason, count)| (reason.as_str(), *count)));
        put("lost", "Writes that lost, by reason", &lost)?;
        let flawed = by_reason(counts.flawed.iter().map(|(kind, count)| (kind.as_str(), *count)));
        put("flawed", "Records that could not be judged, by what is wrong", &flawed)?;
        for (name, help, value) in [
            ("remembered", "Identities that are remembered", state.remembered),
            ("sealed", "Identities that are looked up on the disk", cost.on_disk),
            (
                "memory_bytes",
                "Bytes of memory for what is remembered",
                cost.memtable_bytes + cost.filter_bytes,
            ),
            (
                "partitions",
                "Partitions of each input that are this instance's",
                state.partitions.len() as u64,
            ),
        ] {
            put(name, help, &ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)))?;
        }
        let lag = Family::<PartitionLabels, Gauge>::default();
        for (partition, behind) in state.lag() {
            let labels =
                PartitionLabels { topic: partition.topic.to_string(), partition: partition.partition };
            lag.get_or_create(&labels).set(*behind);
        }
        put("lag", "Offsets behind the end of an input, control records among them", &lag)
    }
}

fn by_reason(counts: impl Iterator<Item = (&'static str, u64)>) -> Family<ReasonLabels, Counter> {
    let family = Family::<ReasonLabels, Counter>::default();
    for (why, count) in counts {
        family.get_or_create(&ReasonLabels { why }).inc_by(count);
    }
    family
}

impl fmt::Debug for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunState").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn what_only_grows_is_a_counter_and_the_registry_reads_the_state_of_the_moment() {
        let state = Arc::new(RunState::default());
        let monitor = RunMonitor::of(&state);
        for records in [1, 2] {
            let mut now = state.state();
            (now.counts.records, now.cost.disk_reads, now.remembered) = (records, 10 * records, 3);
            drop(now);
            let mut text = String::new();
            encode(&mut text, monitor.registry()).unwrap();
            for line in [
                format!("offsets_reconcile_records_total {records}"),
                format!("offsets_reconcile_disk_reads_total {records}0"),
                "offsets_reconcile_remembered 3".to_owned(),
                "# TYPE offsets_reconcile_lost counter".to_owned(),
                "# TYPE offsets_reconcile_flawed counter".to_owned(),
            ] {
                assert!(text.lines().any(|written| written == line), "{line}:\n{text}");
            }
        }
    }
}
