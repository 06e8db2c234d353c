use std::fmt::Write as _;
use std::ops::Range;

use super::{MIRROR, PARTITIONS, group_id};

/// Positions for some groups on every partition of the target, as the lines of a file for `--from-file`.
///
/// Each turn puts every group further on than the turn before it: no program finds its work already done, and none has
/// to be allowed to move a group back. There is room for 200 turns in the log.
pub struct Positions {
    groups: Range<i32>,
    turn: i64,
}

impl Positions {
    /// The positions of one turn, counted from 0.
    pub fn new(groups: Range<i32>, turn: i64) -> Self {
        Self { groups, turn }
    }

    /// `group,topic,partition,offset`.
    pub fn with_groups(&self) -> String {
        self.lines(true)
    }

    /// `topic,partition,offset`, the form for one group.
    pub fn without_groups(&self) -> String {
        self.lines(false)
    }

    fn lines(&self, name_groups: bool) -> String {
        let mut text = String::new();
        for group in self.groups.clone() {
            let name = if name_groups { format!("{},", group_id(group)) } else { String::new() };
            for partition in 0..PARTITIONS {
                let offset = 100 * self.turn + i64::from((group + partition) % 97);
                // writing to a string cannot fail
                let _ = writeln!(text, "{name}{MIRROR},{partition},{offset}");
            }
        }
        text
    }
}
