//! What happens on a link that an operator described, second by second.

use jiff::SignedDuration;

use crate::{Event, History, Random, Scenario};

impl Scenario {
    /// One history of such a link: what happens on average happens at random times.
    pub fn history(&self, random: &mut Random) -> History {
        let mut scenario_generator =
            Plot { scenario: self, random, events: Vec::new(), since: Since::default() };
        scenario_generator.run();
        History { setting: self.setting(), events: scenario_generator.events, meanwhile: Vec::new() }
    }
}

/// The most steps that a history has; a long one has longer steps than a second.
const MOST_STEPS: f64 = 20_000.0;

struct Plot<'a> {
    scenario: &'a Scenario,
    random: &'a mut Random,
    events: Vec<Event>,
    since: Since,
}

/// What has come together since it last happened.
#[derive(Debug, Default)]
struct Since {
    /// Records of the transaction that is open.
    begun: u32,
    /// Records that are still to come before the next hole.
    until_hole: u32,
    /// Seconds, of what happens at fixed times.
    flush: f64,
    source_compaction: f64,
    target_compaction: f64,
    sync_compaction: f64,
}

impl Plot<'_> {
    fn run(&mut self) {
        let scenario = self.scenario;
        // A link is not observed just when a round number of records, or of minutes, has passed.
        let records = scenario.records() + self.random.below(scenario.rate as u64 + 1) as f64;
        self.since.flush = scenario.replication.flush_every.as_secs_f64() * share(self.random);
        let seconds = scenario.lasts.as_secs_f64();
        let steps = seconds.ceil().clamp(1.0, MOST_STEPS);
        let length = seconds / steps;
        let mut produced = 0.0;
        for step in 1..=steps as u32 {
            let due = (records * f64::from(step) / steps).round();
            self.produce((due - produced) as u32);
            self.events.push(Event::Copy { records: (due - produced) as u32 });
            produced = due;
            self.mishaps(length);
            self.chores(length);
        }
        if scenario.replication.lost_tail > 0 {
            self.events.push(Event::TruncateTarget { offsets: scenario.replication.lost_tail });
        }
    }

    /// Produces records, with markers, aborted records and holes between them.
    fn produce(&mut self, mut left: u32) {
        let source = &self.scenario.source;
        while left > 0 {
            let mut records = left;
            if source.transaction_records > 0 {
                records = records.min(source.transaction_records - self.since.begun);
            }
            let mut holes = 0;
            if source.holes > 0.0 {
                if self.since.until_hole == 0 {
                    // Behind each stretch comes one hole, and stretches are on average as long as the share wants it.
                    let between = (1.0 - source.holes) / source.holes;
                    self.since.until_hole = self.random.between(1, (2.0 * between).round() as u32 + 1);
                }
                records = records.min(self.since.until_hole);
                self.since.until_hole -= records;
                holes = u32::from(self.since.until_hole == 0);
            }
            self.since.begun += records;
            if source.transaction_records > 0 && self.since.begun == source.transaction_records {
                self.since.begun = 0;
                holes += 1;
                while happens(self.random, source.aborted) {
                    holes = holes.saturating_add(source.transaction_records + 1);
                }
            }
            left -= records;
            if holes == 0 {
                self.events.push(Event::Produce { records, holes });
                continue;
            }
            if records > 1 {
                self.events.push(Event::Produce { records: records - 1, holes: 0 });
            }
            self.events.push(Event::Produce { records: 1, holes });
        }
    }

    /// What happens at random.
    fn mishaps(&mut self, seconds: f64) {
        let (replication, target) = (&self.scenario.replication, &self.scenario.target);
        if self.is_time(replication.restart_every, seconds) {
            let back = self.random.between(0, self.records_in(replication.copied_again).saturating_add(1));
            let unacknowledged = self.random.between(0, replication.unacknowledged.saturating_add(1));
            self.events.push(Event::Crash { unacknowledged, back });
        }
        if self.is_time(replication.lose_syncs_every, seconds) {
            self.events.push(Event::LoseSyncs(replication.lost_syncs));
        }
        if self.is_time(target.foreign_every, seconds) {
            let records = target.foreign_records;
            self.events.push(if target.foreign_alike {
                Event::WriteAlike { records, back: records, stamped: false }
            } else {
                Event::WriteForeign { records }
            });
        }
    }

    /// What happens at fixed times.
    fn chores(&mut self, seconds: f64) {
        let Scenario { source, replication, target, lags, .. } = self.scenario;
        if is_due(&mut self.since.flush, Some(replication.flush_every), seconds) {
            self.events.push(Event::Flush);
            let groups = lags.iter().zip(0..);
            self.events.extend(groups.map(|(&behind, group)| Event::Checkpoint { group, behind }));
            let keep = |retention| self.records_in(retention);
            let source = source.retention.map(|retention| Event::SourceRetention { keep: keep(retention) });
            let target = target.retention.map(|retention| Event::TargetRetention { keep: keep(retention) });
            self.events.extend([source, target].into_iter().flatten());
        }
        if is_due(&mut self.since.source_compaction, source.compact_every, seconds) && source.compacted > 0.0
        {
            let every = (1.0 / source.compacted).round().max(1.0) as u32;
            let keep = source.compact_every.map_or(0, |every| self.records_in(every));
            self.events.push(Event::CompactSource { every, keep });
        }
        if is_due(&mut self.since.target_compaction, target.compact_every, seconds) {
            let keep = target.compact_every.map_or(0, |every| self.records_in(every));
            self.events.push(Event::CompactTarget { keep });
        }
        if is_due(&mut self.since.sync_compaction, replication.compact_syncs_every, seconds) {
            self.events.push(Event::CompactSyncs { gone: u32::MAX });
        }
    }

    /// How many records there are in a time.
    fn records_in(&self, time: SignedDuration) -> u32 {
        (self.scenario.rate * time.as_secs_f64()).round() as u32
    }

    /// Whether an event with this average interval happens within these seconds.
    fn is_time(&mut self, every: Option<SignedDuration>, seconds: f64) -> bool {
        every.is_some_and(|every| happens(self.random, seconds / every.as_secs_f64()))
    }
}

fn happens(random: &mut Random, probability: f64) -> bool {
    share(random) < probability
}

/// A number from 0 up to, but not, 1.
fn share(random: &mut Random) -> f64 {
    const PARTS: u64 = 1 << 32;
    random.below(PARTS) as f64 / PARTS as f64
}

/// Whether an event with this interval is due after these further seconds.
fn is_due(since: &mut f64, every: Option<SignedDuration>, seconds: f64) -> bool {
    let Some(every) = every else { return false };
    *since += seconds;
    let due = *since >= every.as_secs_f64();
    if due {
        *since = 0.0;
    }
    due
}
