use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::transaction::{ConflictableTransactionError, TransactionError};

use super::{Claim, Claims, Key, SegmentLog, Stream, name};
use crate::{Error, clock};

/// How much the engine may keep in memory, about.
const CACHE: u64 = 64 * 1024 * 1024;

/// The engine lets go of a folder a moment after it was closed, on a thread of its own: maximum length of that moment.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// What is said of files that are not what the engine wrote: what it says itself is of its own blocks.
const DAMAGED: &str = "its files (`db`, `blobs`, `snap.*`) are damaged: a checksum in them is wrong";

/// Where damaged files are moved to, in the folder of a store.
pub(crate) const DAMAGED_FOLDER: &str = "damaged";

/// How long to wait before looking again.
const LOCK_POLL: Duration = Duration::from_millis(10);

/// Segments in sled, in one tree, under big-endian keys so that they sort as the keys do.
///
/// sled is used in the one way that was measured to be sound and small: values of at most [`SEGMENT_LIMIT`] bytes, keys
/// that are read before they are written, one flush at a time and at our word only.
///
/// Clones write to the same store.
///
/// [`SEGMENT_LIMIT`]: super::SEGMENT_LIMIT
#[derive(Debug, Clone)]
pub struct SledLog {
    folder: PathBuf,
    db: sled::Db,
    segments: sled::Tree,
    claims: Claims,
}

impl SledLog {
    /// Opens the store in a folder, which is made where it is not there yet.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it open, [`Error::Io`] when the system refuses, [`Error::Engine`] when
    /// its files are damaged.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let config = sled::Config::new().path(folder).cache_capacity(CACHE).flush_every_ms(None);
        let failed = |cause| failed(folder, "open the store", cause);
        let began = clock::instant();
        let db = loop {
            match config.open().map_err(failed) {
                Err(Error::InUse { .. }) if began.elapsed() < LOCK_TIMEOUT => thread::park_timeout(LOCK_POLL),
                opened => break opened?,
            }
        };
        let segments = db.open_tree("segments").map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), db, segments, claims: Claims::default() })
    }

    /// Opens an empty store in a folder whose store is [damaged](Error::is_damage). What was in it is moved to a folder of its own in
    /// `damaged` in there; nothing is removed.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_fresh(folder: &Path) -> Result<Self, Error> {
        move_files_away(folder).map_err(|cause| Error::Io {
            folder: folder.to_owned(),
            doing: "move a damaged store away",
            cause,
        })?;
        Self::open(folder)
    }

    /// Moves the segments of one space into a file in `damaged` in the folder of the store, as they are, and gives its path. The file is
    /// on the disk before any of them goes; its form is that of a copy of a folder, as `STATE.md` draws it.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Engine`].
    pub fn quarantine(&mut self, space: u32) -> Result<PathBuf, Error> {
        let io_failed =
            |cause| Error::Io { folder: self.folder.clone(), doing: "move damaged state aside", cause };
        let path = free_name(&self.folder, &format!("partition-{space}")).map_err(io_failed)?;
        let mut file = fs::File::create_new(&path).map_err(io_failed)?;
        let (mut copy, mut kinds) = (Vec::new(), BTreeSet::new());
        self.scan_all(&mut |key, segment| {
            if key.stream.space == space {
                kinds.insert(key.stream.kind);
                copy.push((key, segment.to_vec()));
            }
        })?;
        crate::state::write_copy(&mut file, &copy).and_then(|()| file.sync_all()).map_err(io_failed)?;
        for kind in kinds {
            self.remove(Stream { space, kind }, 0..u64::MAX)?;
        }
        self.flush()?;
        Ok(path)
    }

    /// The name of the folder, which is made by `fresh` and written down when it is first asked for, and is the same from then on. A copy
    /// of the folder has no name yet, as far as its files are other ones: the name holds for the file that it stands in.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn name(&self, fresh: impl FnOnce() -> String) -> Result<String, Error> {
        name::of(&self.folder, fresh).map_err(|cause| Error::Io {
            folder: self.folder.clone(),
            doing: "write down the name of the folder",
            cause,
        })
    }

    fn failed(&self, doing: &'static str, cause: sled::Error) -> Error {
        failed(&self.folder, doing, cause)
    }
}

impl SegmentLog for SledLog {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        const DOING: &str = "write to the store";
        if let [(key, segment)] = segments {
            let written = self.segments.insert(key.bytes(), segment.as_slice());
            return written.map(drop).map_err(|cause| self.failed(DOING, cause));
        }
        let stored = self.segments.transaction(|tree| {
            for (key, segment) in segments {
                tree.insert(&key.bytes(), segment.as_slice())?;
            }
            Ok::<(), ConflictableTransactionError<()>>(())
        });
        stored.map_err(|error| match error {
            TransactionError::Storage(cause) => self.failed(DOING, cause),
            TransactionError::Abort(()) => self.failed(DOING, sled::Error::ReportableBug("aborted".into())),
        })
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        let range = Key { stream, sequence: from }.bytes().to_vec()
            ..=Key { stream, sequence: u64::MAX }.bytes().to_vec();
        for found in self.segments.range(range) {
            let (key, segment) = found.map_err(|cause| self.failed("read the store", cause))?;
            let Some(key) = Key::of(&key) else { continue };
            if !visit(key.sequence, &segment) {
                break;
            }
        }
        Ok(())
    }

    fn get(&self, key: Key, visit: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let segment = self.segments.get(key.bytes()).map_err(|cause| self.failed("read the store", cause))?;
        Ok(segment.map(|segment| visit(&segment)).is_some())
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        for found in &self.segments {
            let (key, segment) = found.map_err(|cause| self.failed("read the store", cause))?;
            if let Some(key) = Key::of(&key) {
                visit(key, &segment);
            }
        }
        Ok(())
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        let failed = |cause| self.failed("remove from the store", cause);
        let keys =
            Key { stream, sequence: range.start }.bytes().to_vec()
                ..Key { stream, sequence: range.end }.bytes().to_vec();
        let mut removed = 0;
        for key in self.segments.range(keys).keys() {
            self.segments.remove(key.map_err(failed)?).map_err(failed)?;
            removed += 1;
        }
        Ok(removed)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.db.flush().map(drop).map_err(|cause| self.failed("write to the disk", cause))
    }

    fn footprint(&self) -> Result<u64, Error> {
        self.db.size_on_disk().map_err(|cause| self.failed("measure the store", cause))
    }

    fn claim(&self, space: u32) -> Option<Claim> {
        self.claims.claim(space)
    }
}

/// Moves the engine's files away; other files there are left alone.
fn move_files_away(folder: &Path) -> io::Result<()> {
    let damaged = free_name(folder, "store")?;
    fs::create_dir(&damaged)?;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if ["conf", "db", "blobs"].contains(&text.as_ref()) || text.starts_with("snap.") {
            fs::rename(folder.join(&name), damaged.join(&name))?;
        }
    }
    Ok(())
}

/// A path in the folder `damaged` that nothing has: the name and a number.
fn free_name(folder: &Path, name: &str) -> io::Result<PathBuf> {
    let damaged = folder.join(DAMAGED_FOLDER);
    fs::create_dir_all(&damaged)?;
    let mut number = 1_u32;
    loop {
        let path = damaged.join(format!("{name}-{number}"));
        if !path.try_exists()? {
            return Ok(path);
        }
        number += 1;
    }
}

fn failed(folder: &Path, doing: &'static str, cause: sled::Error) -> Error {
    let folder = folder.to_owned();
    match cause {
        // The engine wraps the system's word on a lock that is held into an error of its own.
        sled::Error::Io(cause) if cause.to_string().contains("could not acquire lock") => {
            Error::InUse { folder }
        }
        sled::Error::Io(cause) => Error::Io { folder, doing, cause },
        sled::Error::Corruption { .. } => Error::Engine { folder, cause: DAMAGED.into() },
        cause => Error::Engine { folder, cause: Box::new(cause) },
    }
}
