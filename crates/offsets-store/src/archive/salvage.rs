use std::fmt;

use jiff::Timestamp;
use offsets_core::link::LinkName;

use super::contents::Contents;
use super::{Archive, Damage, Kind, LINKS, to_timestamp};
use crate::Error;
use crate::log::{Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::wire::{Reader, Writer};

/// The stream of what was salvaged, of all links.
const SALVAGES: Stream = Stream { space: LINKS.space, kind: Kind::Salvages as u8 };

/// The entry of a link whose record was damaged: its number is not given again.
const GIVEN_UP: &[u8] = b"null";

/// Damage that was cut out of an archive, for as long as that is not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// When it was cut out.
    pub at: Timestamp,
    /// What was damaged, in words.
    pub damage: String,
}

impl fmt::Display for Salvaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, and was cut out at {}", self.damage, self.at)
    }
}

impl Archive {
    /// What of the archive is damaged, of all its links. Nothing is changed.
    ///
    /// # Errors
    /// The log's own.
    pub fn examine(&mut self) -> Result<Vec<Damage>, Error> {
        let of_links = self.damages.iter().filter(|damage| damage.kind() == LINKS.kind).cloned();
        let mut damages: Vec<_> = of_links.collect();
        for (space, name) in self.spaces() {
            damages.extend(Contents::load(&*self.log, space, &name, &mut ())?.1);
        }
        Ok(damages)
    }

    /// Cuts out of the archive what is damaged, and tells what that was: in each stream the damaged segment and all that stand behind it.
    /// Who records reads what is still in Kafka again, from the position of the segment before the damage; what is not there any more
    /// is lost.
    ///
    /// The archive is marked: [`record`](Self::record) refuses it until the salvage is [acknowledged](Self::acknowledge), and
    /// [`salvaged`](Self::salvaged) tells of it. The mark is on the disk before anything is removed.
    ///
    /// # Errors
    /// The log's own.
    pub fn salvage(&mut self, now: Timestamp) -> Result<Vec<Damage>, Error> {
        let damages = self.examine()?;
        if damages.is_empty() {
            return Ok(damages);
        }
        let mut marks = Vec::new();
        for (sequence, damage) in (self.salvaged.len() as u64..).zip(&damages) {
            let key = Key { stream: SALVAGES, sequence };
            let now = now.as_millisecond();
            let head = Head { count: 1, first_ms: now, last_ms: now, ..Head::default() };
            let mut entry = Writer::default();
            entry.text(&damage.to_string());
            marks.push((key, segment::encode(key, &head, entry.bytes())));
        }
        self.log.append(&marks)?;
        self.log.flush()?;
        for damage in &damages {
            match damage.link.as_ref().and_then(|link| self.find(link)).map(|(space, _)| space) {
                Some(space) => {
                    let stream = Stream { space, kind: damage.kind() };
                    self.log.remove(stream, damage.lost_from()..u64::MAX)?;
                }
                None => {
                    let key = Key { stream: LINKS, sequence: damage.sequence };
                    self.log.append(&[(key, segment::encode(key, &Head::default(), GIVEN_UP))])?;
                    self.given_up.extend(u32::try_from(damage.sequence));
                }
            }
        }
        self.log.flush()?;
        self.damages.clear();
        self.open.clear();
        self.salvaged = read(&*self.log)?;
        Ok(damages)
    }

    /// What was [salvaged](Self::salvage) and not acknowledged.
    pub fn salvaged(&self) -> &[Salvaged] {
        &self.salvaged
    }

    /// Takes note of what was salvaged: the archive can be recorded in again from now on. Tells what that was.
    ///
    /// # Errors
    /// The log's own.
    pub fn acknowledge(&mut self) -> Result<Vec<Salvaged>, Error> {
        self.log.remove(SALVAGES, 0..u64::MAX)?;
        self.log.flush()?;
        Ok(std::mem::take(&mut self.salvaged))
    }

    /// Whether the archive may be recorded in: nothing that names its links is damaged, and nothing was salvaged without being
    /// acknowledged.
    pub(super) fn check_whole(&self) -> Result<(), Error> {
        let of_links = self.damages.iter().filter(|damage| damage.kind() == LINKS.kind).cloned();
        let damages: Vec<_> = of_links.collect();
        if !damages.is_empty() {
            return Err(self.damaged(damages));
        }
        if !self.salvaged.is_empty() {
            let (folder, salvaged) = (self.folder.clone(), self.salvaged.clone());
            return Err(Error::Unacknowledged { folder, salvaged });
        }
        Ok(())
    }

    pub(super) fn damaged(&self, damages: Vec<Damage>) -> Error {
        Error::Damaged { folder: self.folder.clone(), damages }
    }

    /// The links, with their numbers.
    pub(super) fn spaces(&self) -> Vec<(u32, LinkName)> {
        self.links.iter().map(|(space, known)| (*space, known.link.name())).collect()
    }
}

/// Whether the entry of a link says that its number was given up.
pub(super) fn is_given_up(entry: &[u8]) -> bool {
    entry == GIVEN_UP
}

/// What was salvaged and not acknowledged. A mark that is damaged itself still says that something was.
pub(super) fn read(log: &dyn SegmentLog) -> Result<Vec<Salvaged>, Error> {
    let mut salvaged = Vec::new();
    log.scan(SALVAGES, 0, &mut |sequence, bytes| {
        let key = Key { stream: SALVAGES, sequence };
        let read = segment::decode(key, bytes).and_then(|(head, entry)| {
            let damage = Reader::new(entry).text().ok_or(Flaw::Entries)?.to_owned();
            Ok(Salvaged { at: to_timestamp(head.last_ms), damage })
        });
        salvaged.push(read.unwrap_or_else(|flaw| Salvaged {
            at: Timestamp::UNIX_EPOCH,
            damage: format!("what was salvaged cannot be told: {flaw}"),
        }));
        true
    })?;
    Ok(salvaged)
}
