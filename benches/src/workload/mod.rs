//! The link that is measured: a million checkpoints of 200 groups on 50 partitions, and the answer to each question.
//!
//! Everything follows from four formulas, so that the oracle needs no log: MM2 began to copy partition `p` at its
//! record `p`, so the record at source offset `u` has `u - p` on the target; every 101st record left a sync; group `g`
//! moves on by 200 records a round, 7 ahead of the group before it; and a checkpoint is one record more cautious than
//! it need be.

mod answers;
mod brackets;
mod fill;
mod positions;

pub use answers::{check_count, check_csv, check_exact_json, check_json, check_table};
pub use brackets::Brackets;
pub use fill::{fill_source, fill_target};
pub use positions::Positions;

/// Alias of the source.
pub const SOURCE: &str = "src";
/// Alias of the target.
pub const TARGET: &str = "dst";
/// The topic the groups read on the source.
pub const TOPIC: &str = "orders";
/// Its copy on the target.
pub const MIRROR: &str = "src.orders";
/// MM2's checkpoints topic.
pub const CHECKPOINTS_TOPIC: &str = "src.checkpoints.internal";
/// MM2's syncs topic.
pub const SYNCS_TOPIC: &str = "mm2-offset-syncs.dst.internal";
/// What the names of all groups match.
pub const GROUPS_REGEX: &str = "billing-consumer-.*";

/// How many groups there are.
pub const GROUPS: i32 = 200;
/// How many partitions the topic has.
pub const PARTITIONS: i32 = 50;
/// How many checkpoints each group has on each partition.
pub const ROUNDS: i32 = 100;
/// How many checkpoints there are.
pub const CHECKPOINTS: u64 = 1_000_000;

/// How many records each partition holds, on both sides: every offset named here lies in the log.
const LOG_END: i64 = 22_000;
/// From one sync to the next.
const SYNC_STEP: i64 = 101;

/// The id of group number `group`.
pub fn group_id(group: i32) -> String {
    format!("billing-consumer-{group:04}")
}

/// Every group with every partition.
pub fn group_partitions() -> impl Iterator<Item = (i32, i32)> {
    (0..GROUPS).flat_map(|group| (0..PARTITIONS).map(move |partition| (group, partition)))
}

/// What the group has committed on the source in a round, counted from 0.
fn committed(round: i32, group: i32, partition: i32) -> i64 {
    i64::from(200 * (round + 1) + 7 * group + partition)
}

/// Where the copy of a source record is.
fn copy_of(source: i64, partition: i32) -> i64 {
    source - i64::from(partition)
}

/// Which source record a copy is of.
fn original_of(copy: i64, partition: i32) -> i64 {
    copy + i64::from(partition)
}

/// What MM2's checkpoint of a commit says.
fn checkpoint_of(source: i64, partition: i32) -> i64 {
    copy_of(source, partition) - 1
}

/// The source offsets with a sync.
fn synced() -> impl Iterator<Item = i64> {
    (SYNC_STEP..LOG_END).step_by(101)
}

/// The target positions that are right to answer for one group on one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Expected {
    source: i64,
    /// From the newest checkpoint alone.
    by_checkpoint: i64,
    /// The highest floor of syncs and checkpoints.
    low: i64,
    /// The lowest ceiling.
    high: i64,
}

impl Expected {
    fn of(group: i32, partition: i32) -> Self {
        let source = committed(ROUNDS - 1, group, partition);
        let by_checkpoint = checkpoint_of(source, partition);
        let since_sync = source % SYNC_STEP;
        // a sync proves its own record, or the one after it for a group that has read on
        let by_sync = copy_of(source - since_sync, partition) + i64::from(since_sync > 0);
        let next_sync = source + (SYNC_STEP - since_sync) % SYNC_STEP;
        let (low, high) = (by_sync.max(by_checkpoint), copy_of(next_sync, partition));
        Self { source, by_checkpoint, low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_named_lies_in_the_log_and_every_answer_is_right() {
        for (group, partition) in group_partitions() {
            let Expected { source, by_checkpoint, low, high } = Expected::of(group, partition);
            let truth = copy_of(source, partition);
            assert!(by_checkpoint <= low && low <= truth && truth <= high);
            assert!(high < LOG_END && source < LOG_END && by_checkpoint >= 0);
        }
        assert_eq!(i64::from(GROUPS) * i64::from(PARTITIONS) * i64::from(ROUNDS), CHECKPOINTS as i64);
    }
}
