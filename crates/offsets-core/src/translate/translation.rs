use jiff::Timestamp;

use super::{Position, Row, Seed, Uncommitted};
use crate::evidence::SourceState;
use crate::link::Link;
use crate::model::{GroupId, TopicPartition};

/// The answers of one translation.
#[derive(Debug, Clone)]
pub struct Translation {
    /// The link.
    pub link: Link,
    /// When the evidence was gathered.
    pub as_of: Timestamp,
    /// Whether the source answered.
    pub source: SourceState,
    /// When anything of the source was seen last: `as_of` while it answers; `None` where nothing of it is known.
    pub source_seen_at: Option<Timestamp>,
    /// One answer a group and partition, sorted.
    pub rows: Vec<Row>,
    /// Groups that were asked for by name and have no commit, so that there is nothing to translate.
    pub missing: Vec<GroupId>,
    /// Partitions of which a group that reads their topic has no known commit, though there are records to be read.
    pub uncommitted: Vec<Uncommitted>,
    /// What the groups had read of the records that come to them again, one a group; empty unless that was asked for.
    pub seeds: Vec<Seed>,
}

/// How many answers there are of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// All answers.
    pub partitions: usize,
    /// Proved.
    pub exact: usize,
    /// With a floor and a ceiling.
    pub bounded: usize,
    /// With a floor only.
    pub floor: usize,
    /// Contradicted.
    pub r#unsafe: usize,
    /// Without a target.
    pub unknown: usize,
    /// The sum over all answers; `None` when one has no limit.
    pub reread_max: Option<u64>,
    /// The same of what the map makes groups read again.
    pub reread_map: Option<u64>,
    /// The same of what the age of the commits makes them read again.
    pub reread_age: Option<u64>,
    /// The same for MM2's own answers.
    pub mm2_reread_max: Option<u64>,
}

impl Translation {
    /// Takes what groups are expected to have commits on, by source partition. What has no answer, and is not of a group that is
    /// [missing](Self::missing) as a whole, is [uncommitted](Self::uncommitted) from now on.
    pub fn expect(&mut self, expected: impl IntoIterator<Item = (GroupId, TopicPartition)>) {
        for (group, source) in expected {
            let answered =
                self.rows.iter().any(|row| row.group.as_ref() == Some(&group) && row.source == source);
            let named = self.uncommitted.iter().any(|found| found.group == group && found.source == source);
            if !answered && !named && !self.missing.contains(&group) {
                let target = self.link.destination(&source);
                self.uncommitted.push(Uncommitted { group, source, target, target_log: None, own: None });
            }
        }
        self.uncommitted.sort_by(|a, b| (&a.group, &a.source).cmp(&(&b.group, &b.source)));
    }

    /// Counts the classes.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            partitions: self.rows.len(),
            reread_max: Some(0),
            reread_map: Some(0),
            reread_age: Some(0),
            mm2_reread_max: Some(0),
            ..Summary::default()
        };
        for row in &self.rows {
            *match row.position {
                Position::Exact { .. } => &mut summary.exact,
                Position::Bounded { .. } => &mut summary.bounded,
                Position::Floor { .. } => &mut summary.floor,
                Position::Unsafe { .. } => &mut summary.r#unsafe,
                Position::Unknown { .. } => &mut summary.unknown,
            } += 1;
            summary.reread_max = add(summary.reread_max, row.reread_max);
            summary.reread_map = add(summary.reread_map, row.reread_map);
            summary.reread_age = add(summary.reread_age, row.reread_age);
            summary.mm2_reread_max = add(summary.mm2_reread_max, row.mm2.reread_max);
        }
        summary
    }

    /// Whether every group asked for has an answer on every partition that it reads, and every answer may be used.
    pub fn is_sound(&self) -> bool {
        let all_sound = self.rows.iter().all(|row| row.position.is_sound());
        self.missing.is_empty() && self.uncommitted.is_empty() && all_sound
    }
}

fn add(sum: Option<u64>, next: Option<u64>) -> Option<u64> {
    Some(sum?.saturating_add(next?))
}
