use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use redb::{Database, DatabaseError, Durability, ReadableDatabase as _, TableDefinition, WriteTransaction};

use super::{Key, SegmentLog, Stream};
use crate::Error;

const SEGMENTS: TableDefinition<'_, &[u8; 13], &[u8]> = TableDefinition::new("segments");

/// The file in the folder.
const FILE: &str = "segments.redb";

/// Segments in redb, in one table, under the same keys as in sled. For windows so large that sled's room on the disk, or its
/// cache, is too much; every write here is slower.
#[derive(Debug)]
pub struct RedbLog {
    folder: PathBuf,
    db: Database,
}

impl RedbLog {
    /// Opens the store in a folder, which is made where it is not there yet.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it open, [`Error::Io`] when the system refuses, [`Error::Engine`] when
    /// its file is damaged.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|cause| Error::Io {
            folder: folder.to_owned(),
            doing: "make the folder",
            cause,
        })?;
        let db = Database::create(folder.join(FILE)).map_err(|cause| match cause {
            DatabaseError::DatabaseAlreadyOpen => Error::InUse { folder: folder.to_owned() },
            cause => failed(folder, "open the store", cause.into()),
        })?;
        let log = Self { folder: folder.to_owned(), db };
        // The table is there from the beginning, so that reading need not ask.
        log.write("open the store", Durability::Immediate, |_| Ok(()))?;
        Ok(log)
    }

    /// One transaction, all of it or none.
    fn write<T>(
        &self,
        doing: &'static str,
        durability: Durability,
        change: impl FnOnce(&mut redb::Table<'_, &[u8; 13], &[u8]>) -> Result<T, redb::Error>,
    ) -> Result<T, Error> {
        let written = || -> Result<T, redb::Error> {
            let mut transaction: WriteTransaction = self.db.begin_write()?;
            transaction.set_durability(durability)?;
            let changed = change(&mut transaction.open_table(SEGMENTS)?)?;
            transaction.commit()?;
            Ok(changed)
        };
        written().map_err(|cause| failed(&self.folder, doing, cause))
    }

    fn visit(
        &self,
        range: std::ops::RangeInclusive<[u8; 13]>,
        visit: &mut dyn FnMut(Key, &[u8]) -> bool,
    ) -> Result<(), Error> {
        let read = |visit: &mut dyn FnMut(Key, &[u8]) -> bool| -> Result<(), redb::Error> {
            let table = self.db.begin_read()?.open_table(SEGMENTS)?;
            for found in table.range::<&[u8; 13]>(range.start()..=range.end())? {
                let (key, segment) = found?;
                if let Some(key) = Key::of(key.value())
                    && !visit(key, segment.value())
                {
                    break;
                }
            }
            Ok(())
        };
        read(visit).map_err(|cause| failed(&self.folder, "read the store", cause))
    }
}

impl SegmentLog for RedbLog {
    fn append(&mut self, segments: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        self.write("write to the store", Durability::None, |table| {
            for (key, segment) in segments {
                table.insert(&key.bytes(), segment.as_slice())?;
            }
            Ok(())
        })
    }

    fn scan(
        &self,
        stream: Stream,
        from: u64,
        visit: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), Error> {
        let bound = |sequence| Key { stream, sequence }.bytes();
        self.visit(bound(from)..=bound(u64::MAX), &mut |key, segment| visit(key.sequence, segment))
    }

    fn scan_all(&self, visit: &mut dyn FnMut(Key, &[u8])) -> Result<(), Error> {
        self.visit([0; 13]..=[u8::MAX; 13], &mut |key, segment| {
            visit(key, segment);
            true
        })
    }

    fn remove(&mut self, stream: Stream, range: Range<u64>) -> Result<u64, Error> {
        let bound = |sequence| Key { stream, sequence }.bytes();
        self.write("remove from the store", Durability::None, |table| {
            let mut removed = 0;
            for found in
                table.extract_from_if::<&[u8; 13], _>(&bound(range.start)..&bound(range.end), |_, _| true)?
            {
                found?;
                removed += 1;
            }
            Ok(removed)
        })
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.write("write to the disk", Durability::Immediate, |_| Ok(()))
    }

    fn footprint(&self) -> Result<u64, Error> {
        let file = std::fs::metadata(self.folder.join(FILE));
        file.map(|file| file.len()).map_err(|cause| Error::Io {
            folder: self.folder.clone(),
            doing: "measure the store",
            cause,
        })
    }
}

fn failed(folder: &Path, doing: &'static str, cause: redb::Error) -> Error {
    let folder = folder.to_owned();
    match cause {
        redb::Error::Io(cause) => Error::Io { folder, doing, cause },
        redb::Error::PreviousIo => Error::Io {
            folder,
            doing,
            cause: io::Error::other("an earlier write failed; open the store again"),
        },
        cause => Error::Engine { folder, cause: Box::new(cause) },
    }
}
