//! The archive: several links in one log, of each its commits, syncs and checkpoints, and fingerprints of its records.

mod checkpoints;
mod commits;
mod contents;
mod copy;
mod expiry;
mod extents;
mod fingerprints;
mod names;
mod record_topics;
mod recorder;
mod salvage;
mod stats;
mod syncs;
mod tail;

pub use contents::Damage;
pub use copy::{Snapshot, SnapshotReader};
pub use expiry::{Expired, Limits};
pub use fingerprints::{ArchivedFingerprints, FingerprintProgress};
pub use recorder::{RecordPosition, Recorder, Topic};
pub use salvage::Salvaged;
pub use stats::LinkStats;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use offsets_core::evidence::{ArchivedEvidence, TopicIds};
use offsets_core::history::{CheckpointHistory, OffsetPair, PartitionHistory, SyncHistory};
use offsets_core::link::{Link, LinkName, Side};
use offsets_core::mm2::Checkpoint;
use offsets_core::model::TopicPartition;

use self::contents::{Contents, Sink};
use self::names::{NameKind, Names};
use self::syncs::Pair;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Head};
use crate::{Error, folder};

/// What the segments of a stream hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Links = 0,
    Names = 1,
    Commits = 2,
    Syncs = 3,
    Checkpoints = 4,
    Records = 5,
    RecordTopics = 6,
    Salvages = 7,
}

/// The stream of all links; each link's own streams have its number as their space.
const LINKS: Stream = Stream { space: 0, kind: Kind::Links as u8 };

/// What was seen of several links, kept on the side that survives.
pub struct Archive {
    log: Box<dyn SharedLog>,
    links: BTreeMap<u32, Known>,
    /// Links that are being recorded.
    open: BTreeMap<u32, Contents>,
    damages: Vec<Damage>,
    /// What was cut out of it, where that is not acknowledged.
    salvaged: Vec<Salvaged>,
    /// Numbers of links whose records were damaged, which are not given again.
    given_up: BTreeSet<u32>,
    /// Where it is, for errors.
    folder: Option<PathBuf>,
    /// What it takes on the disk, when that is another process's.
    footprint_elsewhere: Option<u64>,
    /// Shared with every snapshot that is being read.
    snapshots: Arc<()>,
}

/// A log of which others can have a handle to read.
trait SharedLog: SegmentLog + Send {
    fn reader(&self) -> Box<dyn SegmentLog + Send>;
}

impl<L: SegmentLog + Clone + Send + 'static> SharedLog for L {
    fn reader(&self) -> Box<dyn SegmentLog + Send> {
        Box::new(self.clone())
    }
}

/// A link that the archive knows.
#[derive(Debug, Clone)]
struct Known {
    link: Link,
    /// The ids of its clusters, where they were told.
    ids: [Option<String>; 2],
    /// The ids that topics of either had.
    topics: [TopicIds; 2],
}

impl Archive {
    /// Opens the archive in a folder, which must hold one.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::NotAnArchive`], [`Error::Newer`], [`Error::InUse`]; [`Error::Io`] and
    /// [`Error::Engine`] when the system or the engine refuses.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Ok(Self { folder: Some(folder.to_owned()), ..Self::over(folder::open(folder)?)? })
    }

    /// Opens the archive in a folder, or begins one if the folder is empty or not there.
    ///
    /// # Errors
    /// As [`Archive::open`], without [`Error::Missing`].
    pub fn open_or_create(folder: &Path) -> Result<Self, Error> {
        Ok(Self { folder: Some(folder.to_owned()), ..Self::over(folder::open_or_create(folder)?)? })
    }

    /// The archive that a log holds. A clone of the log must read what the log held when it was cloned, as long as that is not removed.
    ///
    /// # Errors
    /// The log's own.
    pub fn over(log: impl SegmentLog + Clone + Send + 'static) -> Result<Self, Error> {
        let mut archive = Self {
            log: Box::new(log),
            links: BTreeMap::new(),
            open: BTreeMap::new(),
            damages: Vec::new(),
            salvaged: Vec::new(),
            given_up: BTreeSet::new(),
            folder: None,
            footprint_elsewhere: None,
            snapshots: Arc::default(),
        };
        let (mut links, mut damages, mut given_up) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        archive.log.scan(LINKS, 0, &mut |sequence, bytes| {
            let key = Key { stream: LINKS, sequence };
            let known = segment::decode(key, bytes).map(|(_, entry)| {
                let is_given_up = salvage::is_given_up(entry);
                given_up.extend(u32::try_from(sequence).ok().filter(|_| is_given_up));
                (Known::read(entry), is_given_up)
            });
            let known = match known {
                Ok((_, true)) => return true,
                known => known.map(|(known, _)| known),
            };
            match (u32::try_from(sequence), known) {
                (Ok(space), Ok(Some(known))) => drop(links.insert(space, known)),
                (_, Err(flaw)) => damages.push(Damage::of_link(sequence, flaw)),
                _ => damages.push(Damage::of_link(sequence, crate::Flaw::Entries)),
            }
            true
        })?;
        (archive.links, archive.damages, archive.given_up) = (links, damages, given_up);
        archive.salvaged = salvage::read(&*archive.log)?;
        Ok(archive)
    }

    /// The links it holds, by name.
    pub fn links(&self) -> Vec<&Link> {
        let mut links: Vec<_> = self.links.values().map(|known| &known.link).collect();
        links.sort_by_key(|link| link.name());
        links
    }

    /// What was found damaged so far: links when the archive was opened, their streams when they were read.
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// Goes on recording a link, or begins to.
    ///
    /// # Errors
    /// [`Error::Damaged`] when something of the link, or the record of any link, is damaged: nothing is changed, and
    /// [`salvage`](Self::salvage) cuts it out. [`Error::Unacknowledged`] when something was salvaged, and that is not
    /// [acknowledged](Self::acknowledge). [`Error::OtherLink`] when the archive knows a link of this name with other topics; the log's own.
    pub fn record(&mut self, link: &Link) -> Result<Recorder<'_>, Error> {
        self.check_whole()?;
        let space = match self.find(&link.name()) {
            Some((space, known)) => {
                known.check_same_topics(link)?;
                space
            }
            None => self.add(link)?,
        };
        if !self.open.contains_key(&space) {
            let (contents, damages) = Contents::load(&*self.log, space, &link.name(), &mut ())?;
            if !damages.is_empty() {
                return Err(self.damaged(damages));
            }
            self.open.insert(space, contents);
        }
        let contents = self.open.get_mut(&space).expect("the contents were loaded above");
        Ok(Recorder::new(&mut *self.log, contents))
    }

    /// Holds the ids of a link's clusters against those that were recorded, or records them. A cluster that says no id is
    /// not looked at.
    ///
    /// # Errors
    /// [`Error::OtherCluster`] when one is another cluster; [`Error::UnknownLink`]; the log's own.
    pub fn identify(&mut self, link: &LinkName, side: Side, id: Option<&str>) -> Result<(), Error> {
        let Some(found) = id else { return Ok(()) };
        let Some((space, known)) = self.find(link) else { return Err(self.unknown(link)) };
        let mut known = known.clone();
        match &mut known.ids[side as usize] {
            Some(before) if before == found => return Ok(()),
            Some(before) => {
                let (link, found, known) = (link.clone(), found.to_owned(), before.clone());
                return Err(Error::OtherCluster { link, side, found, known });
            }
            unknown => *unknown = Some(found.to_owned()),
        }
        self.keep(space, known)
    }

    /// Records the ids that topics of a link have on one of its clusters. They must have been asked for before what is
    /// recorded of the topics was read: so whatever was recorded is of no newer topic than the ids tell.
    ///
    /// # Errors
    /// [`Error::UnknownLink`]; the log's own.
    pub fn note_topics(&mut self, link: &LinkName, side: Side, ids: &TopicIds) -> Result<(), Error> {
        let Some((space, known)) = self.find(link) else { return Err(self.unknown(link)) };
        let mut known = known.clone();
        if known.topics[side as usize].extend(ids) { self.keep(space, known) } else { Ok(()) }
    }

    /// What was kept of a link. Its syncs are read as `link` says of markers on the target.
    ///
    /// # Errors
    /// [`Error::UnknownLink`], [`Error::OtherLink`] when the archive's has other topics; the log's own.
    pub fn load(&mut self, link: &Link) -> Result<ArchivedEvidence, Error> {
        self.load_with_syncs_of(link, &|_| true)
    }

    /// The same, but of syncs only those of the source partitions that are wanted: most of the time that it takes to recall
    /// a long history goes into making syncs ready to be searched. Every segment is read and checked all the same, so
    /// damage is told and stops the reading where it would for [`Archive::load`].
    ///
    /// # Errors
    /// As [`Archive::load`].
    pub fn load_with_syncs_of(
        &mut self,
        link: &Link,
        wanted: &dyn Fn(&TopicPartition) -> bool,
    ) -> Result<ArchivedEvidence, Error> {
        let Some((space, known)) = self.find(&link.name()) else { return Err(self.unknown(&link.name())) };
        known.check_same_topics(link)?;
        let [source_topics, target_topics] = known.topics.clone();
        let mut collector = Collector {
            markers_on_target: link.exactly_once,
            wanted,
            syncs: Vec::new(),
            checkpoints: CheckpointHistory::default(),
        };
        let (contents, damages) = Contents::load(&*self.log, space, &link.name(), &mut collector)?;
        self.damages.extend(damages);
        let mut syncs = SyncHistory::new(link.exactly_once);
        for (named, history) in contents.names.partitions(NameKind::Synced).iter().zip(collector.syncs) {
            if let LoadedSyncs::History(mut history, waiting) = history {
                waiting.into_iter().for_each(|sync| history.push(sync));
                syncs.insert(named.partition.clone(), *history);
            }
        }
        collector.checkpoints.settle();
        let commits = contents.stored_commits.recorded(&contents.names, contents.commits.tail.head.last_ms);
        let checkpoints = collector.checkpoints;
        let source_seen_at = contents.source_seen_ms(link.syncs_topic().0).map(to_timestamp);
        Ok(ArchivedEvidence { commits, source_seen_at, syncs, checkpoints, source_topics, target_topics })
    }

    /// Bytes on the disk, about.
    ///
    /// # Errors
    /// The log's own.
    pub fn footprint(&self) -> Result<u64, Error> {
        self.footprint_elsewhere.map_or_else(|| self.log.footprint(), Ok)
    }

    /// The number of a link that is known, with the same topics.
    fn space_of(&self, link: &Link) -> Result<u32, Error> {
        let Some((space, known)) = self.find(&link.name()) else { return Err(self.unknown(&link.name())) };
        known.check_same_topics(link)?;
        Ok(space)
    }

    fn find(&self, name: &LinkName) -> Option<(u32, &Known)> {
        self.links.iter().find(|(_, known)| known.link.name() == *name).map(|(&space, known)| (space, known))
    }

    fn unknown(&self, link: &LinkName) -> Error {
        Error::UnknownLink { link: link.clone(), known: self.links().into_iter().map(Link::name).collect() }
    }

    fn add(&mut self, link: &Link) -> Result<u32, Error> {
        // A number whose link is damaged is not given again: its streams are another link's.
        let damaged = self.damages.iter().filter(|damage| damage.kind() == LINKS.kind);
        let given = self.links.keys().chain(&self.given_up).copied().map(u64::from);
        let taken = given.chain(damaged.map(|damage| damage.sequence));
        let space = u32::try_from(taken.max().unwrap_or(0) + 1).expect("fewer than 2^32 links are recorded");
        self.keep(space, Known { link: link.clone(), ids: [None, None], topics: Default::default() })?;
        Ok(space)
    }

    fn keep(&mut self, space: u32, known: Known) -> Result<(), Error> {
        let key = Key { stream: LINKS, sequence: space.into() };
        let head = Head { count: 1, ..Head::default() };
        self.log.append(&[(key, segment::encode(key, &head, &known.write()))])?;
        self.log.flush()?;
        self.links.insert(space, known);
        Ok(())
    }
}

impl Known {
    fn read(entry: &[u8]) -> Option<Self> {
        type Ids = [Option<String>; 2];
        let with_topics = serde_json::from_slice::<(Link, Ids, [TopicIds; 2])>(entry);
        let with_topics = with_topics.map(|(link, ids, topics)| Self { link, ids, topics });
        with_topics.ok().or_else(|| {
            let (link, ids) = serde_json::from_slice::<(Link, Ids)>(entry).ok()?;
            Some(Self { link, ids, topics: Default::default() })
        })
    }

    fn write(&self) -> Vec<u8> {
        let Self { link, ids, topics } = self;
        let written = if topics.iter().all(TopicIds::is_empty) {
            serde_json::to_vec(&(link, ids))
        } else {
            serde_json::to_vec(&(link, ids, topics))
        };
        written.expect("a link has only string keys")
    }

    /// Whether what was recorded under this name is of the same topics.
    fn check_same_topics(&self, link: &Link) -> Result<(), Error> {
        let differs = |what| Err(Error::OtherLink { link: link.name(), what });
        if self.link.policy != link.policy {
            return differs("replication policy");
        }
        if self.link.syncs_topic() != link.syncs_topic() {
            return differs("offset-syncs topic");
        }
        if self.link.checkpoints_topic() != link.checkpoints_topic() {
            return differs("checkpoints topic");
        }
        Ok(())
    }
}

/// What a link's streams hold, as the core wants it.
struct Collector<'a> {
    markers_on_target: bool,
    wanted: &'a dyn Fn(&TopicPartition) -> bool,
    /// By the number of the partition less one.
    syncs: Vec<LoadedSyncs>,
    checkpoints: CheckpointHistory,
}

/// What is recalled of the syncs of one partition.
#[derive(Default)]
enum LoadedSyncs {
    #[default]
    Unseen,
    /// It is not wanted.
    Skipped,
    /// And the syncs that are to be added to it.
    History(Box<PartitionHistory>, Vec<OffsetPair>),
}

/// Number of syncs of a partition that are added to its history at once: partitions take turns, and of thousands of them none would
/// still be in the processor's cache when its next sync comes.
const AT_ONCE: usize = 64;

impl Sink for Collector<'_> {
    #[inline]
    fn sync(&mut self, pair: Pair, names: &Names) {
        let at = pair.number as usize - 1;
        if at >= self.syncs.len() {
            self.syncs.resize_with(at + 1, LoadedSyncs::default);
        }
        match &mut self.syncs[at] {
            LoadedSyncs::Skipped => {}
            LoadedSyncs::History(history, waiting) => {
                waiting.extend(pair.to_sync());
                if waiting.len() >= AT_ONCE {
                    waiting.drain(..).for_each(|sync| history.push(sync));
                }
            }
            unseen => *unseen = begin(pair, names, self.wanted, self.markers_on_target),
        }
    }

    fn checkpoint(&mut self, checkpoint_entry: &checkpoints::CheckpointEntry, names: &Names) {
        let (group, number) = checkpoint_entry.group_partition;
        let (Some(group), Some(named)) =
            (names.group(group), names.partition(NameKind::Checkpointed, number))
        else {
            return;
        };
        let Some(pair) = checkpoint_entry.to_sync() else { return };
        let checkpoint = Checkpoint {
            group: group.as_str(),
            topic: named.partition.topic.as_str(),
            partition: named.partition.partition,
            upstream: pair.upstream,
            downstream: pair.downstream,
            metadata: &checkpoint_entry.metadata,
        };
        self.checkpoints.add(&checkpoint, checkpoint_entry.as_of_ms);
    }
}

/// What becomes of a partition at its first sync.
#[cold]
fn begin(
    pair: Pair,
    names: &Names,
    wanted: &dyn Fn(&TopicPartition) -> bool,
    markers_on_target: bool,
) -> LoadedSyncs {
    let named = names.partition(NameKind::Synced, pair.number);
    if named.is_some_and(|named| !wanted(&named.partition)) {
        return LoadedSyncs::Skipped;
    }
    let Some(sync) = pair.to_sync() else { return LoadedSyncs::Unseen };
    let history = PartitionHistory::starting_with(sync, markers_on_target);
    LoadedSyncs::History(Box::new(history), Vec::with_capacity(AT_ONCE))
}

fn to_timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
