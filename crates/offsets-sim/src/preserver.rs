use crate::source_log::SourceLog;
use crate::target_log::TargetLog;

/// A link that gives every copy the offset of its record: the target fetches as a follower would, from its own log end.
///
/// It writes nothing down, copies nothing twice, and stops for good once its mirror takes other records (it was promoted)
/// or the source topic is another one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Preserver {
    /// Which of the source topics of this name is copied, once one is.
    copied: Option<u32>,
    promoted: bool,
}

impl Preserver {
    /// Copies the next records, up to a limit.
    pub(crate) fn copy(&mut self, records: u32, source: &SourceLog, target: &mut TargetLog) {
        if self.promoted || self.copied.is_some_and(|copied| copied != source.incarnation) || !target.exists {
            return;
        }
        let from = if self.copied.is_some() { target.end } else { source.start };
        for run in source.runs_from(from, records) {
            self.copied = Some(source.incarnation);
            target.preserve(source.incarnation, run);
        }
    }

    /// The mirror takes records of producers, and no copies any more.
    pub(crate) fn promote(&mut self) {
        self.promoted = true;
    }

    /// There is a new mirror, which is filled from the beginning.
    pub(crate) fn start_over(&mut self) {
        *self = Self::default();
    }
}
