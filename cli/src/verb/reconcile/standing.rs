use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use offsets_core::model::TopicPartition;
use offsets_core::reconcile::Tally;
use offsets_runner::{Event, Watcher};
use offsets_store::TableCost;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use serde_json::Value;

use super::reminder::Reminder;
use crate::failure::with_causes;
use crate::print::{Remarks, in_words};
use crate::service::Monitored;

/// How a run stands, for whoever asks.
#[derive(Default)]
pub(super) struct Standing(Mutex<State>);

#[derive(Default)]
struct State {
    tally: Tally,
    partitions: Vec<i32>,
    remembered: u64,
    cost: TableCost,
    /// What went through the repartition topic.
    repartitioned: u64,
    setbacks: u64,
    stages: BTreeMap<Stage, StageState>,
}

/// The parts of a run that commit on their own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Repartition,
    Reconcile,
}

#[derive(Default)]
struct StageState {
    lag: BTreeMap<TopicPartition, i64>,
    /// Why nothing could be committed since the last commit.
    trouble: Option<String>,
}

/// Sees a run, keeps how it stands, and tells the operator what matters.
pub(super) struct Onlooker<'s> {
    standing: &'s Standing,
    stage: Stage,
    remarks: Remarks,
    bar: ProgressBar,
    reminder: Reminder,
    /// What a dry run shows.
    losses: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    topic: String,
    partition: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    why: &'static str,
}

impl<'s> Onlooker<'s> {
    pub(super) fn new(standing: &'s Standing, remarks: Remarks) -> Self {
        let target = if remarks.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{spinner} {msg}");
        let bar =
            ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_draw_target(target);
        Self {
            standing,
            stage: Stage::Reconcile,
            remarks,
            bar,
            reminder: Reminder::default(),
            losses: Vec::new(),
        }
    }

    /// One that sees the stage before.
    pub(super) fn ahead(standing: &'s Standing, remarks: Remarks) -> Self {
        Self { stage: Stage::Repartition, bar: ProgressBar::hidden(), ..Self::new(standing, remarks) }
    }

    pub(super) fn into_losses(self) -> Vec<Value> {
        self.bar.finish_and_clear();
        self.losses
    }

    /// What it cost that memory was capped.
    pub(super) fn tell_of_cap(&self) {
        let TableCost { in_memory, sealed, disk_reads, false_positives, .. } = self.standing.state().cost;
        if sealed > 0 {
            self.say(format!(
                "memory is capped: {in_memory} identities in memory, {sealed} on the disk; {disk_reads} segments were read to \
                 look them up, {false_positives} of them in vain"
            ));
        }
    }

    fn say(&self, text: String) {
        self.bar.suspend(|| self.remarks.say(text));
    }

    fn show(&self) {
        let state = self.standing.state();
        let behind: i64 = state.lag().map(|(_, behind)| behind).sum();
        self.bar.set_message(format!("{}; {behind} behind", in_words(&state.tally)));
        self.bar.tick();
    }
}

impl Watcher for Onlooker<'_> {
    fn see(&mut self, event: Event<'_>) {
        match event {
            Event::Created(topic) => self.say(format!("created topic {topic}")),
            Event::OneReplica(topic) => self.say(format!(
                "{topic} has one replica: when its broker dies, a transaction may stay open for ever (see the docs: every topic \
                 needs a second replica)"
            )),
            Event::Waiting { partition, longest } => self.say(format!(
                "{partition}: state and positions are apart: waiting for a transaction that may have been left open, up to {} s",
                longest.as_secs()
            )),
            Event::Assigned(partitions) => {
                let before = std::mem::replace(&mut self.standing.state().partitions, partitions.to_vec());
                if before == partitions && !before.is_empty() {
                    return;
                }
                let numbers: Vec<_> = partitions.iter().map(i32::to_string).collect();
                self.say(format!(
                    "partitions: {}",
                    if numbers.is_empty() { "none".to_owned() } else { numbers.join(", ") }
                ));
            }
            Event::Restored { records, remembered } => {
                let mut state = self.standing.state();
                state.remembered = remembered;
                state.of(self.stage).trouble = None;
                drop(state);
                let read = format!(
                    "{remembered} identities remembered; {records} records of the changelog were read"
                );
                self.bar.suspend(|| self.remarks.detail(read));
            }
            Event::Revoked if self.stage == Stage::Reconcile => self.standing.state().partitions.clear(),
            Event::Committed { tally, remembered, cost } => {
                let mut state = self.standing.state();
                state.tally = tally.clone();
                (state.remembered, state.cost) = (remembered, cost);
                state.of(self.stage).trouble = None;
                drop(state);
                self.reminder.forget();
                self.show();
            }
            Event::Repartitioned(records) => {
                let mut state = self.standing.state();
                state.repartitioned = records;
                state.of(self.stage).trouble = None;
                drop(state);
                self.reminder.forget();
            }
            Event::NothingComesAgain => {
                self.say("nothing that was read before the move comes again from here on".to_owned())
            }
            Event::Lag(lag) => {
                self.standing.state().of(self.stage).lag = lag.clone();
                self.show();
            }
            Event::Setback(error) => {
                let said = with_causes(error);
                let mut state = self.standing.state();
                state.setbacks += 1;
                state.of(self.stage).trouble = Some(said.clone());
                drop(state);
                let trouble = format!("what was not committed is done again: {said}");
                if let Some(text) = self.reminder.hear(&trouble, Instant::now()) {
                    self.say(text);
                }
            }
            Event::Loss(json) => self.losses.extend(serde_json::from_slice::<Value>(json)),
            _ => {}
        }
    }
}

impl State {
    fn of(&mut self, stage: Stage) -> &mut StageState {
        self.stages.entry(stage).or_default()
    }

    /// How far each partition that is read is behind its end.
    fn lag(&self) -> impl Iterator<Item = (&TopicPartition, &i64)> {
        self.stages.values().flat_map(|stage| &stage.lag)
    }

    fn trouble(&self) -> Option<&str> {
        self.stages.values().find_map(|stage| stage.trouble.as_deref())
    }
}

impl Standing {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitored for Standing {
    fn metrics(&self) -> String {
        let state = self.state();
        let mut registry = Registry::with_prefix("offsets_reconcile");
        let mut count =
            |name: &str, help: &str, value: u64| registry.register(name, help, ConstCounter::new(value));
        count("records", "Records that were read", state.tally.records);
        count("written", "Records that went to the output", state.tally.written);
        count("repartitioned", "Records that went through the repartition topic", state.repartitioned);
        count("setbacks", "Transactions that came to nothing", state.setbacks);
        let by = |counts: Vec<(&'static str, u64)>| {
            let family = Family::<Why, Gauge>::default();
            for (why, count) in counts {
                family.get_or_create(&Why { why }).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
            family
        };
        let lost = state.tally.lost.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        registry.register("lost", "Writes that lost, by reason", by(lost));
        let flawed = state.tally.flawed.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        registry.register("flawed", "Records that could not be judged, by what is wrong", by(flawed));
        let remembered = i64::try_from(state.remembered).unwrap_or(i64::MAX);
        registry.register("remembered", "Identities that are remembered", ConstGauge::new(remembered));
        let mut gauge = |name: &str, help: &str, value: u64| {
            registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
        };
        let cost = state.cost;
        gauge("sealed", "Identities that are looked up on the disk", cost.sealed);
        gauge("memory_bytes", "Bytes of memory for what is remembered", cost.index_bytes + cost.filter_bytes);
        gauge("disk_reads", "Segments read to look identities up", cost.disk_reads);
        let partitions = i64::try_from(state.partitions.len()).unwrap_or(i64::MAX);
        registry.register(
            "partitions",
            "Partitions of each input that are this instance's",
            ConstGauge::new(partitions),
        );
        let lag = Family::<Place, Gauge>::default();
        for (partition, behind) in state.lag() {
            let place = Place { topic: partition.topic.to_string(), partition: partition.partition };
            lag.get_or_create(&place).set(*behind);
        }
        registry.register("lag", "Offsets behind the end of an input, control records among them", lag);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    fn health(&self) -> (bool, String) {
        let state = self.state();
        match state.trouble() {
            None => (true, format!("ok\n{}\n", in_words(&state.tally))),
            Some(trouble) => (false, format!("nothing can be committed: {trouble}\n")),
        }
    }
}
