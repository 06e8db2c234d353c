use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::replica::CHECKPOINT;
use super::survey::{SavedState, Survey};
use super::{StateDamage, mark};
use crate::log::{DAMAGED_FOLDER, Key, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};
use crate::{Error, SledLog};

/// What a copy begins with: its name and its version.
const MAGIC: &[u8; 15] = b"offsets-folder\0";
const VERSION: u8 = 2;

/// The longest segment that is copied, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// Number of segments that are put into a folder in one step.
const BATCH: usize = 32;

/// The folder in which copies of a changelog are kept, each partition as its [`ChangelogReplica`](super::ChangelogReplica): the state of an instance that is not
/// running.
///
/// Looking at it changes nothing. A copy of it has every segment as it stands, since the changelog that it goes on from names segments by
/// their numbers; `STATE.md` draws the bytes.
#[derive(Debug)]
pub struct StateFolder {
    folder: PathBuf,
    log: SledLog,
}

/// What was [acknowledged](StateFolder::acknowledge).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acknowledged {
    /// Partitions whose tables had been salvaged, and what was damaged of them.
    pub salvaged: Vec<(u32, StateDamage)>,
    /// What had been moved aside, and is gone now.
    pub removed: Vec<PathBuf>,
}

/// Why the state in a folder cannot be copied, or a copy not be put into one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateFolderError {
    /// There is no such folder, or nothing in it.
    #[error("there is no state in {}", .folder.display())]
    Missing {
        /// What was named.
        folder: PathBuf,
    },
    /// The folder holds something else.
    #[error("{} holds something else than state", .folder.display())]
    Foreign {
        /// What was named.
        folder: PathBuf,
    },
    /// There is something where a copy is to go.
    #[error("{} is not empty", .folder.display())]
    NotEmpty {
        /// What was named.
        folder: PathBuf,
    },
    /// What is in the folder is not what was written.
    #[error("{}: partition {partition} is damaged: {damage}", .folder.display())]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// The partition of the changelog.
        partition: u32,
        /// The segment, and what is wrong with it.
        damage: StateDamage,
    },
    /// The bytes are no copy of a folder.
    #[error("it is not a copy of a state folder")]
    NotACopy,
    /// A newer version of this program wrote it.
    #[error(
        "it was written by a newer version: its format is {found}, and {VERSION} is the newest known here"
    )]
    Newer {
        /// The version it has.
        found: u8,
    },
    /// The copy is not what was written.
    #[error("part {part} of the copy cannot be used: {flaw}")]
    DamagedCopy {
        /// Which of its parts, from 0.
        part: u64,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// There is more behind the end of a copy.
    #[error("there is more behind the end of the copy")]
    More,
    /// The copy cannot be read or written.
    #[error("the copy cannot be read or written")]
    Io(#[from] io::Error),
    /// The store in the folder cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

impl StateFolder {
    /// Opens a folder that has state in it.
    ///
    /// # Errors
    /// [`StateFolderError::Missing`] and [`StateFolderError::Foreign`]; the store's own, [`Error::InUse`] among them.
    pub fn open(folder: &Path) -> Result<Self, StateFolderError> {
        let named = || folder.to_owned();
        if is_vacant(folder)? {
            return Err(StateFolderError::Missing { folder: named() });
        }
        // The engine would make a store of any folder.
        if !["conf", "db"].iter().all(|file| folder.join(file).is_file()) {
            return Err(StateFolderError::Foreign { folder: named() });
        }
        Ok(Self { folder: named(), log: SledLog::open(folder)? })
    }

    /// What is kept of each partition, by its number. Of one that is damaged it is said where.
    ///
    /// # Errors
    /// [`StateFolderError::Missing`], [`StateFolderError::Foreign`] and the store's own.
    pub fn partitions(&self) -> Result<Vec<SavedState>, StateFolderError> {
        let (mut survey, mut is_ours) = (Survey::default(), true);
        self.log.scan_all(&mut |key, segment| is_ours = is_ours && survey.look(key, segment).is_some())?;
        if !is_ours {
            return Err(StateFolderError::Foreign { folder: self.folder.clone() });
        }
        let partitions = survey.finish();
        if partitions.is_empty() {
            return Err(StateFolderError::Missing { folder: self.folder.clone() });
        }
        Ok(partitions)
    }

    /// Writes a copy of all of it, and tells what is in it. Everything is looked through first, so that nothing is written of
    /// what is damaged.
    ///
    /// # Errors
    /// [`StateFolderError::Damaged`], those of [`partitions`](Self::partitions), [`StateFolderError::Io`] and the store's own; what was
    /// written until then is no copy.
    pub fn export(&self, out: &mut impl Write) -> Result<Vec<SavedState>, StateFolderError> {
        let partitions = self.partitions()?;
        for SavedState { partition, damage, .. } in &partitions {
            if let Some(damage) = damage.clone() {
                let folder = self.folder.clone();
                return Err(StateFolderError::Damaged { folder, partition: *partition, damage });
            }
        }
        out.write_all(MAGIC)?;
        out.write_all(&[VERSION])?;
        let (mut parts, mut written) = (0, Ok(()));
        self.log.scan_all(&mut |key, segment| {
            if written.is_ok() {
                written = write_part(out, key, segment);
                parts += 1;
            }
        })?;
        written?;
        let end = end_of(parts);
        write_part(out, end, &segment::encode(end, &Head::default(), &[]))?;
        out.flush()?;
        Ok(partitions)
    }

    /// What was moved aside in the folder since it was damaged, in the order of the names.
    ///
    /// # Errors
    /// The system's, as [`Error::Io`].
    pub fn set_aside(&self) -> Result<Vec<PathBuf>, StateFolderError> {
        let failed = |cause| Error::Io { folder: self.folder.clone(), doing: "look into the folder", cause };
        let entries = match fs::read_dir(self.folder.join(DAMAGED_FOLDER)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths = paths.collect::<io::Result<Vec<_>>>().map_err(failed)?;
        paths.sort();
        Ok(paths)
    }

    /// Takes note of damage: removes what was moved aside, and the marks of tables that were [salvaged](crate::DurableTable::salvage). The
    /// state itself stays as it is.
    ///
    /// # Errors
    /// Those of [`partitions`](Self::partitions), and the system's, as [`Error::Io`].
    pub fn acknowledge(mut self) -> Result<Acknowledged, StateFolderError> {
        let mut acknowledged = Acknowledged { salvaged: Vec::new(), removed: self.set_aside()? };
        // A folder that lost its only store has no state, and something to be acknowledged all the same.
        let partitions = match self.partitions() {
            Err(StateFolderError::Missing { .. }) if !acknowledged.removed.is_empty() => Vec::new(),
            partitions => partitions?,
        };
        for SavedState { partition, salvaged, .. } in partitions {
            if mark::remove(&mut self.log, partition)? {
                acknowledged.salvaged.extend(salvaged.map(|damage| (partition, damage)));
            }
        }
        let damaged = self.folder.join(DAMAGED_FOLDER);
        if damaged.is_dir() {
            let doing = "remove what was moved aside";
            fs::remove_dir_all(&damaged).map_err(|cause| Error::Io { folder: damaged, doing, cause })?;
        }
        Ok(acknowledged)
    }

    /// Bytes on the disk, about.
    ///
    /// # Errors
    /// The store's own.
    pub fn footprint(&self) -> Result<u64, StateFolderError> {
        Ok(self.log.footprint()?)
    }

    /// Looks through a copy, and tells what is in it.
    ///
    /// # Errors
    /// [`StateFolderError::NotACopy`], [`StateFolderError::Newer`], [`StateFolderError::DamagedCopy`], [`StateFolderError::More`] and
    /// [`StateFolderError::Io`].
    pub fn read_copy(from: &mut impl Read) -> Result<Vec<SavedState>, StateFolderError> {
        read_parts(from, &mut |_, _| Ok(()))
    }

    /// Puts a copy into a folder that is empty or not there yet, and tells what is in it.
    ///
    /// The copy is looked through to its end before anything is written. How far each partition goes is written last and in one step: of a
    /// folder that a crash left half-written nothing counts, and the changelog is read from its beginning.
    ///
    /// # Errors
    /// [`StateFolderError::NotEmpty`], those of [`read_copy`](Self::read_copy), and the store's own; the folder is as it was then, as
    /// far as the system lets it be emptied again.
    pub fn import(folder: &Path, from: &mut (impl Read + Seek)) -> Result<Vec<SavedState>, StateFolderError> {
        if !is_vacant(folder)? {
            return Err(StateFolderError::NotEmpty { folder: folder.to_owned() });
        }
        let begin = from.stream_position()?;
        Self::read_copy(from)?;
        from.seek(SeekFrom::Start(begin))?;
        let was_there = folder.exists();
        let filled = SledLog::open(folder).map_err(StateFolderError::from).and_then(|log| fill(log, from));
        if filled.is_err() {
            empty(folder, was_there);
        }
        filled
    }
}

/// Puts the parts of a copy into a log that has nothing in it.
fn fill(mut log: SledLog, from: &mut impl Read) -> Result<Vec<SavedState>, StateFolderError> {
    let (mut batch, mut places) = (Vec::new(), Vec::new());
    let partitions = read_parts(from, &mut |key, segment| {
        if key.stream.kind == CHECKPOINT {
            places.push((key, segment));
            return Ok(());
        }
        batch.push((key, segment));
        if batch.len() >= BATCH {
            log.append(&batch)?;
            batch.clear();
        }
        Ok(())
    })?;
    log.append(&batch)?;
    log.flush()?;
    log.append(&places)?;
    log.flush()?;
    Ok(partitions)
}

/// Takes away again what was put into a folder. What cannot be removed counts for nothing.
fn empty(folder: &Path, was_there: bool) {
    if !was_there {
        let _ = fs::remove_dir_all(folder);
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

/// Whether there is nothing at this place but a folder that is empty, if that.
fn is_vacant(folder: &Path) -> Result<bool, StateFolderError> {
    let failed = |cause| Error::Io { folder: folder.to_owned(), doing: "look into the folder", cause };
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().transpose().map_err(failed)?.is_none()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(cause) => Err(failed(cause).into()),
    }
}

/// Writes segments as a copy of a folder, whatever is wrong with them.
pub(crate) fn write_copy(out: &mut impl Write, segments: &[(Key, Vec<u8>)]) -> io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&[VERSION])?;
    for (key, segment) in segments {
        write_part(out, *key, segment)?;
    }
    let end = end_of(segments.len() as u64);
    write_part(out, end, &segment::encode(end, &Head::default(), &[]))
}

/// The key of the part that ends a copy of `parts` others.
fn end_of(parts: u64) -> Key {
    Key { stream: Stream { space: u32::MAX, kind: u8::MAX }, sequence: parts }
}

fn write_part(out: &mut impl Write, key: Key, segment: &[u8]) -> io::Result<()> {
    let length = u32::try_from(segment.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    out.write_all(&key.bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(segment)
}

/// Reads a copy whole, showing each of its segments but the end.
fn read_parts(
    from: &mut impl Read,
    visit: &mut dyn FnMut(Key, Vec<u8>) -> Result<(), Error>,
) -> Result<Vec<SavedState>, StateFolderError> {
    let mut name = [0; MAGIC.len() + 1];
    from.read_exact(&mut name).map_err(|error| short(error, StateFolderError::NotACopy))?;
    let found = name[MAGIC.len()];
    if !name.starts_with(MAGIC) || found == 0 {
        return Err(StateFolderError::NotACopy);
    }
    if found > VERSION {
        return Err(StateFolderError::Newer { found });
    }
    let mut survey = Survey::default();
    for part in 0.. {
        let damaged = |flaw| StateFolderError::DamagedCopy { part, flaw };
        let (key, segment) = read_part(from, part)?;
        if key == end_of(part) {
            segment::decode(key, &segment).map_err(damaged)?;
            break;
        }
        segment::decode(key, &segment).map_err(damaged)?;
        survey.look(key, &segment).ok_or_else(|| damaged(Flaw::Entries))?;
        visit(key, segment)?;
    }
    if from.read(&mut name)? > 0 {
        return Err(StateFolderError::More);
    }
    Ok(survey.finish())
}

fn read_part(from: &mut impl Read, part: u64) -> Result<(Key, Vec<u8>), StateFolderError> {
    let damaged = |flaw| StateFolderError::DamagedCopy { part, flaw };
    let mut head = [0; 17];
    from.read_exact(&mut head).map_err(|error| short(error, damaged(Flaw::Short)))?;
    let (key, length) = head.split_at(13);
    let key = Key::of(key).ok_or_else(|| damaged(Flaw::Short))?;
    let length = length.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
    if length > LONGEST {
        return Err(damaged(Flaw::Entries));
    }
    let mut segment = Vec::new();
    from.take(length as u64).read_to_end(&mut segment)?;
    if segment.len() < length {
        return Err(damaged(Flaw::Short));
    }
    Ok((key, segment))
}

fn short(error: io::Error, otherwise: StateFolderError) -> StateFolderError {
    if error.kind() == io::ErrorKind::UnexpectedEof { otherwise } else { error.into() }
}
