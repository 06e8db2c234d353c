use std::collections::BTreeSet;

use offsets_core::model::TopicPartition;
use offsets_core::translate::Seed;
use offsets_reconcile::{FilterAt, ReplayFilter};

use super::inputs::{InputRecord, Inputs};
use crate::failure::Failure;
use crate::print::Reporter;

/// What a group had read before it moved, beside records of files.
pub(super) struct Reread {
    seed: Seed,
    filter: ReplayFilter,
    /// The topics the seed has windows of that the files are not known to be of.
    unseen: BTreeSet<String>,
    /// The topics it has windows of.
    topics: BTreeSet<String>,
}

impl Reread {
    pub(super) fn of<'a>(seed: Seed, topics_of_files: impl Iterator<Item = &'a str>) -> Self {
        let topics: BTreeSet<_> =
            seed.windows.iter().map(|window| window.partition.topic.as_str().to_owned()).collect();
        let named: BTreeSet<_> = topics_of_files.collect();
        let unseen = topics.iter().filter(|topic| !named.contains(topic.as_str())).cloned().collect();
        Self { filter: ReplayFilter::of(&seed), seed, unseen, topics }
    }

    pub(super) fn seed(&self) -> &Seed {
        &self.seed
    }

    /// The operator for a record. A line that does not say where it stood is not judged by a number it was given here.
    pub(super) fn at(
        &mut self,
        input_record: &InputRecord,
        inputs: &Inputs,
    ) -> Result<FilterAt<'_>, Failure> {
        let record = &input_record.record;
        self.unseen.remove(&record.topic);
        if !input_record.is_placed && self.topics.contains(&record.topic) {
            let (from, line) = (inputs.name(input_record.input), input_record.line + 1);
            let message = format!(
                "{from}:{line}: the line does not say where its record stood: it needs the partition and offset of {}, neither \
                 of them negative, because the seed has a window there",
                record.topic
            );
            return Err(
                Failure::usage(message).remedy("dump the topic with partition and offset in each line")
            );
        }
        let partition = TopicPartition::new(record.topic.as_str(), record.partition);
        Ok(self.filter.at(&partition, record.offset))
    }

    /// Whether the files are of every topic that the seed has windows of: else they are not what the group reads.
    pub(super) fn is_of_these_files(&self) -> Result<(), Failure> {
        match self.unseen.first() {
            Some(topic) => {
                let message =
                    format!("the seed has what was read of {topic}, and no line of the files is of {topic}");
                Err(Failure::usage(message).remedy(format!(
                    "name a dump of {topic} too, an empty {topic}.jsonl if nothing is there"
                )))
            }
            None => Ok(()),
        }
    }

    /// Says what became of the windows.
    pub(super) fn report(&self, reporter: Reporter) {
        for (partition, window) in self.filter.windows().filter(|(_, window)| window.below > 0) {
            let (below, from) = (window.below, window.from);
            let (record, subcommand) =
                if below == 1 { ("record lies", "passes") } else { ("records lie", "pass") };
            reporter.info(format!(
                "{partition}: {below} {record} below offset {from}, where {} goes on: it has read what is there, and it {subcommand}",
                self.seed.group
            ));
        }
        let missing = self.filter.windows().map(|(_, window)| window.missing).sum::<u64>();
        if missing > 0 {
            let records = self.seed.records();
            reporter
                .info(format!("{missing} of the {records} records that the seed names are not in the files"));
        }
    }
}

/// What comes again where nothing is known of it passes again.
pub(super) fn report_seed_gaps(seed: &Seed, reporter: Reporter) {
    for without in &seed.unseeded {
        reporter.info(format!("{}: what comes again is not dropped: {}", without.partition, without.why));
    }
}
