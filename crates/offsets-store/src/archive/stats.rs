use jiff::Timestamp;
use offsets_core::link::LinkName;

use super::contents::{Contents, StreamState};
use super::names::NameKind;
use super::{Archive, to_timestamp};
use crate::Error;

/// What an archive holds of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkStats {
    /// The link.
    pub link: LinkName,
    /// How many groups have commits, counted once for each partition.
    pub commits: u64,
    /// How many changes of commits are kept.
    pub commit_changes: u64,
    /// How many syncs.
    pub syncs: u64,
    /// Of how many source partitions.
    pub partitions: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
    /// How many fingerprints of source records.
    pub fingerprints: u64,
    /// When the oldest thing that is kept was seen.
    pub oldest: Option<Timestamp>,
    /// When the newest was.
    pub newest: Option<Timestamp>,
    /// When the commits were last looked at.
    pub commits_as_of: Option<Timestamp>,
    /// Bytes of its segments.
    pub bytes: u64,
}

impl Archive {
    /// What is held of each link, sorted by name. Of a damaged stream it is what stands before the damage, which
    /// [`damages`](Archive::damages) names. Nothing is changed.
    ///
    /// # Errors
    /// The log's own.
    pub fn stats(&mut self) -> Result<Vec<LinkStats>, Error> {
        let mut links = self.spaces();
        links.sort_by(|(_, one), (_, other)| one.cmp(other));
        let mut stats = Vec::new();
        for (space, link) in links {
            let loaded;
            let contents = match self.open.get(&space) {
                Some(recorded) => recorded,
                None => {
                    let (contents, damages) = Contents::load(&*self.log, space, &link, &mut ())?;
                    self.damages.extend(damages);
                    loaded = contents;
                    &loaded
                }
            };
            let ageing = [&contents.commits, &contents.syncs, &contents.checkpoints, &contents.records];
            let spans = || ageing.iter().filter_map(|stream| span(stream));
            let polled = contents.commits.tail.head.last_ms;
            stats.push(LinkStats {
                link,
                commits: contents.stored_commits.0.len() as u64,
                commit_changes: contents.commits.count(),
                syncs: contents.syncs.count(),
                partitions: contents.names.partitions(NameKind::Synced).len() as u64,
                checkpoints: contents.checkpoints.count(),
                fingerprints: contents.records.count(),
                oldest: spans().map(|(oldest, _)| oldest).min().map(to_timestamp),
                newest: spans().map(|(_, newest)| newest).max().map(to_timestamp),
                commits_as_of: (polled > 0).then(|| to_timestamp(polled)),
                bytes: contents.streams().into_iter().map(StreamState::bytes).sum(),
            });
        }
        Ok(stats)
    }
}

/// When the first and the last entry of a stream were seen, in milliseconds.
fn span(stream: &StreamState) -> Option<(i64, i64)> {
    let tail = (stream.tail.head.count > 0).then_some((stream.tail.head.first_ms, stream.tail.head.last_ms));
    let full = stream.pieces.iter().map(|piece| (piece.first_ms, piece.last_ms));
    full.chain(tail).reduce(|(oldest, newest), (first, last)| (oldest.min(first), newest.max(last)))
}
