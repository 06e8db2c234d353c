use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use offsets_store::TableCost;
use offsets_streams::{Event, RunListener};
use serde_json::value::RawValue;

use super::log_throttle::LogThrottle;
use super::run_state::{RunState, Stage};
use crate::clock;
use crate::failure::with_causes;
use crate::print::{Reporter, describe_counts};

/// Sees a run, keeps how it stands, and tells the operator what matters.
pub(super) struct ProgressView<'s> {
    run_state: &'s RunState,
    stage: Stage,
    reporter: Reporter,
    bar: ProgressBar,
    throttle: LogThrottle,
    /// What a dry run shows.
    losses: Vec<Box<RawValue>>,
}

impl<'s> ProgressView<'s> {
    pub(super) fn new(run_state: &'s RunState, reporter: Reporter) -> Self {
        let target = if reporter.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{spinner} {msg}");
        let bar =
            ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_draw_target(target);
        Self {
            run_state,
            stage: Stage::Reconcile,
            reporter,
            bar,
            throttle: LogThrottle::default(),
            losses: Vec::new(),
        }
    }

    /// One that sees the stage before.
    pub(super) fn of_repartition(run_state: &'s RunState, reporter: Reporter) -> Self {
        Self { stage: Stage::Repartition, bar: ProgressBar::hidden(), ..Self::new(run_state, reporter) }
    }

    pub(super) fn into_losses(self) -> Vec<Box<RawValue>> {
        self.bar.finish_and_clear();
        self.losses
    }

    /// What it cost that identities are on the disk: since memory is capped, or since an instance whose memory was capped left them
    /// there.
    pub(super) fn report_cap(&self, is_capped: bool) {
        let TableCost { in_memory, on_disk, disk_reads, false_positives, .. } = self.run_state.state().cost;
        if on_disk > 0 {
            let why = if is_capped {
                "memory is capped"
            } else {
                "an instance with --max-memory has sealed identities, which stay on the disk"
            };
            self.info(format!(
                "{why}: {in_memory} identities in memory, {on_disk} on the disk; {disk_reads} segments were read to \
                 look them up, {false_positives} of them in vain"
            ));
        }
    }

    fn info(&self, text: String) {
        self.bar.suspend(|| self.reporter.info(text));
    }

    fn warn(&self, text: String) {
        self.bar.suspend(|| self.reporter.warn(text));
    }

    fn show(&self) {
        let state = self.run_state.state();
        let behind: i64 = state.lag().map(|(_, behind)| behind).sum();
        self.bar.set_message(format!("{}; {behind} behind", describe_counts(&state.counts)));
        self.bar.tick();
    }
}

impl RunListener for ProgressView<'_> {
    fn on_event(&mut self, event: Event<'_>) {
        match event {
            Event::TopicCreated(topic) => self.info(format!("created topic {topic}")),
            Event::SingleReplica(topic) => self.warn(format!(
                "{topic} has one replica: when its broker dies, a transaction may stay open for ever (see \
                 docs/reconcile-between-topics.md: every topic needs a second replica)"
            )),
            Event::Narrower(narrower) => self.warn(narrower.to_string()),
            Event::WaitingForTransaction { partition, longest } => self.warn(format!(
                "{partition}: state and positions are apart: waiting for a transaction that may have been left open, up to {} s",
                longest.as_secs()
            )),
            Event::OpenTransaction { partition, from, until } => self.warn(format!(
                "{partition}: a transaction is open: offsets {from}..{until} are left to a later run"
            )),
            Event::LocalDamaged { folder, cause } => self.warn(format!(
                "{}: {}: it is moved to a folder in `damaged` in there, and all of the changelog is read",
                folder.display(),
                with_causes(cause)
            )),
            Event::CopyDamaged { partition, cause, file } => self.warn(format!(
                "partition {partition}: {}: the local copy is moved to {}, and the changelog is read from its beginning",
                with_causes(cause),
                file.display()
            )),
            Event::Assigned(partitions) => {
                let before = std::mem::replace(&mut self.run_state.state().partitions, partitions.to_vec());
                if before == partitions && !before.is_empty() {
                    return;
                }
                let numbers: Vec<_> = partitions.iter().map(i32::to_string).collect();
                self.info(format!(
                    "partitions: {}",
                    if numbers.is_empty() { "none".to_owned() } else { numbers.join(", ") }
                ));
            }
            Event::Restored { records, remembered } => {
                let mut state = self.run_state.state();
                state.remembered = remembered;
                state.of(self.stage).last_error = None;
                drop(state);
                let read = format!(
                    "{remembered} identities remembered; {records} records of the changelog were read"
                );
                self.bar.suspend(|| self.reporter.debug(read));
            }
            Event::Revoked if self.stage == Stage::Reconcile => self.run_state.state().partitions.clear(),
            Event::Committed { counts, remembered, cost } => {
                let mut state = self.run_state.state();
                state.counts = counts.clone();
                (state.remembered, state.cost) = (remembered, cost);
                state.of(self.stage).last_error = None;
                drop(state);
                self.throttle.reset();
                self.show();
            }
            Event::Repartitioned(records) => {
                let mut state = self.run_state.state();
                state.repartitioned = records;
                state.of(self.stage).last_error = None;
                drop(state);
                self.throttle.reset();
            }
            Event::RereadComplete => {
                self.info("nothing that was read before the move comes again from here on".to_owned())
            }
            Event::Lag(lag) => {
                self.run_state.state().of(self.stage).lag = lag.clone();
                self.show();
            }
            Event::Retrying(error) => {
                let message = with_causes(error);
                let mut state = self.run_state.state();
                state.retries += 1;
                state.of(self.stage).last_error = Some(message.clone());
                drop(state);
                let problem = format!("what was not committed is done again: {message}");
                if let Some(text) = self.throttle.message(&problem, clock::instant()) {
                    self.warn(text);
                }
            }
            Event::LeftOpen { id, timeout } => self.warn(format!(
                "the cluster does not answer: the open transaction {id} is left to its timeout ({} s); what is not committed of it \
                 is read again",
                timeout.as_secs()
            )),
            Event::Loss(json) => self.losses.extend(serde_json::from_slice::<Box<RawValue>>(json)),
            _ => {}
        }
    }
}
