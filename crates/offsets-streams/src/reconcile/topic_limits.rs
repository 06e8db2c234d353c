//! What the topics that are written to take: timestamps, sizes and keys, by their settings.

use std::collections::BTreeMap;
use std::fmt;

use offsets_core::model::TopicName;
use offsets_kafka::Cluster;

use crate::limit::Limit;
use crate::{Event, Job, Outputs, RunListener};

const AFTER: &str = "message.timestamp.after.max.ms";
const BEFORE: &str = "message.timestamp.before.max.ms";
/// What brokers before Kafka 3.6 have in the place of those two.
const DIFFERENCE: &str = "message.timestamp.difference.max.ms";
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
const CLEANUP: &str = "cleanup.policy";

/// The clock of a broker may differ by so much from the one here.
const SKEW_MS: i64 = 60_000;

/// How far ahead a topic takes a timestamp whose settings may not be read: the default of Kafka 4.
const UNKNOWN_AFTER_MS: i64 = 60 * 60 * 1_000;

/// What a topic takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TopicLimits {
    /// Whether its settings could be read.
    is_known: bool,
    /// Whether the broker writes its own time, whatever a record has.
    appends_time: bool,
    /// How far ahead of the broker's clock a timestamp may be; `None` without a limit.
    after_ms: Option<i64>,
    /// How far behind.
    before_ms: Option<i64>,
    largest: Option<u64>,
    is_compacted: bool,
}

/// What the topics of a job take that are written to.
#[derive(Debug, Default)]
pub(super) struct OutputLimits(BTreeMap<TopicName, TopicLimits>);

/// A setting by which a topic that is written to takes less than an input does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NarrowerTopic {
    /// The topic that is written to.
    pub topic: TopicName,
    /// The input.
    pub input: TopicName,
    /// The setting.
    pub setting: &'static str,
    /// What it is of the topic that is written to.
    pub of_topic: String,
    /// What it is of the input.
    pub of_input: String,
    /// Whether the topic is that of the dead letters, which get the time of now where theirs is refused.
    pub is_dead_letters: bool,
}

impl OutputLimits {
    /// Reads the settings of the topics, and tells where one that is written to takes less than an input does. What may not be read is
    /// not known, and nothing is said of it.
    pub(super) fn read(
        cluster: &Cluster,
        job: &Job,
        outputs: &Outputs,
        limit: Limit<'_>,
        listener: &mut dyn RunListener,
    ) -> Self {
        let deadline = limit.deadline();
        let of = |topic: &TopicName| {
            cluster
                .topic_settings(topic, &deadline)
                .map(|settings| TopicLimits::of(&settings))
                .unwrap_or_default()
        };
        let inputs: Vec<_> = job.inputs.iter().map(|input| (&input.topic, of(&input.topic))).collect();
        let output_limits: BTreeMap<_, _> =
            outputs.topics().map(|topic| (topic.clone(), of(topic))).collect();
        for (topic, limits) in &output_limits {
            let is_dead_letters = outputs.dead_letters.as_ref() == Some(topic);
            // Entries of the ledger have the time of now.
            let is_ledger = outputs.ledger.as_ref() == Some(topic);
            for (input, of_input) in &inputs {
                for (setting, of_topic, of_input) in limits.narrower_than(of_input, is_ledger) {
                    let (topic, input) = (topic.clone(), (*input).clone());
                    let narrower =
                        NarrowerTopic { topic, input, setting, of_topic, of_input, is_dead_letters };
                    listener.on_event(Event::Narrower(&narrower));
                }
            }
        }
        Self(output_limits)
    }

    /// What a topic takes; nothing is known of one that was not looked at.
    pub(super) fn of(&self, topic: &TopicName) -> TopicLimits {
        self.0.get(topic).copied().unwrap_or_default()
    }
}

impl TopicLimits {
    fn of(settings: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| settings.get(key).map(String::as_str);
        let limit = |key| text(key)?.parse::<i64>().ok();
        // Of the two settings for a direction the narrower one counts.
        let within = |key| limit(key).into_iter().chain(limit(DIFFERENCE)).min().filter(|ms| *ms < i64::MAX);
        Self {
            is_known: true,
            appends_time: text("message.timestamp.type") == Some("LogAppendTime"),
            after_ms: within(AFTER),
            before_ms: within(BEFORE),
            largest: text(MAX_MESSAGE_BYTES).and_then(|bytes| bytes.parse().ok()),
            is_compacted: text(CLEANUP)
                .is_some_and(|policy| policy.split(',').any(|part| part.trim() == "compact")),
        }
    }

    /// The settings by which it takes less than an input does, each with its value here and there.
    fn narrower_than(&self, input: &Self, is_ledger: bool) -> Vec<(&'static str, String, String)> {
        let mut narrower = Vec::new();
        if !self.is_known || !input.is_known {
            return narrower;
        }
        let takes_any_time = self.appends_time || input.appends_time || is_ledger;
        for (setting, here, there) in
            [(AFTER, self.after_ms, input.after_ms), (BEFORE, self.before_ms, input.before_ms)]
        {
            if !takes_any_time && here.is_some_and(|here| there.is_none_or(|there| there > here)) {
                narrower.push((setting, limited(here), limited(there)));
            }
        }
        if let (Some(here), Some(there)) = (self.largest, input.largest)
            && here < there
        {
            narrower.push((MAX_MESSAGE_BYTES, here.to_string(), there.to_string()));
        }
        if self.is_compacted && !input.is_compacted {
            narrower.push((CLEANUP, "compact".to_owned(), "delete".to_owned()));
        }
        narrower
    }

    /// The setting by which a record of this time is refused, and what it is.
    pub(super) fn refuses_time(&self, timestamp_ms: Option<i64>, now_ms: i64) -> Option<(&'static str, i64)> {
        self.refuses_time_by(timestamp_ms, now_ms, 0)
    }

    /// Whether a record of this time may be refused, with a clock there that differs from the one here, or for all that is known.
    pub(super) fn may_refuse_time(&self, timestamp_ms: Option<i64>, now_ms: i64) -> bool {
        if !self.is_known {
            return timestamp_ms.is_some_and(|time| time.saturating_sub(now_ms) > UNKNOWN_AFTER_MS - SKEW_MS);
        }
        self.refuses_time_by(timestamp_ms, now_ms, SKEW_MS).is_some()
    }

    fn refuses_time_by(
        &self,
        timestamp_ms: Option<i64>,
        now_ms: i64,
        margin: i64,
    ) -> Option<(&'static str, i64)> {
        let time = timestamp_ms.filter(|_| !self.appends_time)?;
        let ahead = time.saturating_sub(now_ms);
        let exceeds = |by: i64, limit: &i64| by > 0 && by > limit.saturating_sub(margin);
        let after = self.after_ms.filter(|limit| exceeds(ahead, limit)).map(|limit| (AFTER, limit));
        let behind = now_ms.saturating_sub(time);
        after.or_else(|| self.before_ms.filter(|limit| exceeds(behind, limit)).map(|limit| (BEFORE, limit)))
    }

    /// Whether a record without a key is refused.
    pub(super) fn refuses_null_keys(&self) -> bool {
        self.is_compacted
    }
}

impl fmt::Display for NarrowerTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, input, setting, of_topic, of_input, is_dead_letters } = self;
        write!(f, "{topic} has {setting}={of_topic}, and input {input} {of_input}: ")?;
        match (*setting, is_dead_letters) {
            (AFTER | BEFORE, true) => {
                f.write_str("a dead letter whose timestamp it refuses is written with the time of now, and its own in the header offsets.timestamp")
            }
            (AFTER | BEFORE, false) => f.write_str("a record with a timestamp beyond that ends the run"),
            (CLEANUP, _) => f.write_str("a record without a key ends the run, and of those with one key only the last is kept"),
            _ => f.write_str("a larger record ends the run"),
        }
    }
}

fn limited(ms: Option<i64>) -> String {
    ms.map_or_else(|| "no limit".to_owned(), |ms| ms.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(settings: &[(&str, &str)]) -> TopicLimits {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        TopicLimits::of(&settings.collect())
    }

    #[test]
    fn a_time_is_refused_by_the_narrower_of_the_settings() {
        let now = 1_764_000_000_000;
        let hour = 3_600_000;
        let default = of(&[(AFTER, "3600000"), (BEFORE, "9223372036854775807")]);
        assert_eq!(default.refuses_time(Some(now + hour), now), None);
        assert_eq!(default.refuses_time(Some(now + hour + 1), now), Some((AFTER, hour)));
        assert_eq!(default.refuses_time(Some(0), now), None);
        assert_eq!(default.refuses_time(None, now), None);
        let old = of(&[(DIFFERENCE, "1000")]);
        assert_eq!(old.refuses_time(Some(now - 1_001), now), Some((BEFORE, 1_000)));
        assert_eq!(old.refuses_time(Some(now + 1_001), now), Some((AFTER, 1_000)));
        assert_eq!(old.refuses_time(Some(now), now), None);
        assert!(!old.may_refuse_time(Some(now), now));
        let appends = of(&[(AFTER, "0"), ("message.timestamp.type", "LogAppendTime")]);
        assert_eq!(appends.refuses_time(Some(now + hour), now), None);
    }

    #[test]
    fn a_dead_letter_does_not_come_near_a_limit() {
        let now = 1_764_000_000_000;
        let default = of(&[(AFTER, "3600000")]);
        assert!(!default.may_refuse_time(Some(now + 3_600_000 - SKEW_MS), now));
        assert!(default.may_refuse_time(Some(now + 3_600_001 - SKEW_MS), now));
        assert!(TopicLimits::default().may_refuse_time(Some(now + 7_200_000), now), "nothing is known of it");
        assert!(!TopicLimits::default().may_refuse_time(Some(0), now));
    }

    #[test]
    fn what_takes_less_than_an_input_is_named() {
        let wide = of(&[(AFTER, "7200000"), (MAX_MESSAGE_BYTES, "2000000"), (CLEANUP, "delete")]);
        let narrow = of(&[(AFTER, "3600000"), (MAX_MESSAGE_BYTES, "1000000"), (CLEANUP, "compact,delete")]);
        let settings = |is_ledger| {
            let narrower = narrow.narrower_than(&wide, is_ledger);
            narrower.into_iter().map(|(setting, ..)| setting).collect::<Vec<_>>()
        };
        assert_eq!(settings(false), [AFTER, MAX_MESSAGE_BYTES, CLEANUP]);
        assert_eq!(settings(true), [MAX_MESSAGE_BYTES, CLEANUP]);
        assert_eq!(wide.narrower_than(&narrow, false), []);
        assert_eq!(narrow.narrower_than(&TopicLimits::default(), false), []);
        let unlimited = of(&[]);
        assert_eq!(narrow.narrower_than(&unlimited, false)[0], (AFTER, "3600000".into(), "no limit".into()));
    }
}
