//! Exit codes, which scripts rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for was done.
    Done = 0,
    /// Kafka or the operating system said no.
    Failed = 1,
    /// The command line or a file cannot be understood; nothing was contacted.
    Usage = 2,
    /// An answer is unsafe or unknown, or a move was refused: nothing was applied. A record cannot be judged, or was deleted before
    /// it was read. A folder of states is damaged.
    Unsound = 3,
    /// What was read back is not what was written, or a simulated answer breaks the law. A state does not belong to the positions or
    /// the rules.
    Unverified = 4,
    /// A group has active members.
    Active = 5,
    /// Some partitions were changed and others were not.
    Partly = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
