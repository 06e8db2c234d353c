use jiff::Timestamp;
use offsets_core::evidence::{RecordedCommit, Records, Span};
use offsets_core::model::{Commit, CommittedOffset, GroupSelection, SourceOffset};

use super::ProgressListener;
use super::probe::Probe;
use crate::{Cluster, Deadline, Error, Isolation};

/// The cluster as the source of a link.
impl Cluster {
    /// What these groups have committed here, all read at `now`. A group without commits is not there.
    ///
    /// # Errors
    /// The first group's or commit's that could not be read.
    pub fn source_commits(
        &self,
        groups: &GroupSelection,
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<Vec<RecordedCommit>, Error> {
        let names = match groups {
            GroupSelection::Named(names) => names.clone(),
            _ => {
                let listed = self.list_groups(deadline)?.into_iter().map(|listing| listing.id);
                listed.filter(|group| groups.admits(group)).collect()
            }
        };
        let mut recorded = Vec::new();
        for (group, commits) in self.committed(&names, None, deadline).into_result()? {
            for (partition, found) in commits.into_result()? {
                let Some(CommittedOffset { offset, metadata }) = found else { continue };
                let Ok(offset) = SourceOffset::new(offset) else { continue };
                let committed = CommittedOffset { offset, metadata };
                let commit = Commit { group: group.clone(), partition, committed };
                recorded.push(RecordedCommit::new(commit, now));
            }
        }
        Ok(recorded)
    }

    /// What the records of these stretches are recognised by, aborted ones too: a replicator may copy them. The scans say
    /// which parts were read; what could not be read is left out, and the progress listener told why.
    pub fn source_records(
        &self,
        spans: &[Span<SourceOffset>],
        deadline: &Deadline,
        progress: &dyn ProgressListener,
    ) -> Records<SourceOffset> {
        let probe = Probe { cluster: self, isolation: Isolation::ReadUncommitted, origin_header: None };
        probe.read(spans, deadline, progress)
    }
}
