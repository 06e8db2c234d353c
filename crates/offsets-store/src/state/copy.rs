use std::io::{self, Read, Write};

use offsets_core::reconcile::{Identity, Table as _};

use super::{DurableTable, ENTRIES, Kept, PROGRESS, Page, page};
use crate::Error;
use crate::log::{Key, SEGMENT_LIMIT, SegmentLog, Stream};
use crate::segment::{self, Flaw, Head};

/// What a copy begins with: its name and its version.
const MAGIC: &[u8; 15] = b"offsets-state\0\0";
const VERSION: u8 = 1;

/// The longest progress that is copied, in bytes.
const LONGEST: usize = 64 * 1024 * 1024;

/// Why a table cannot be copied, or a copy not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateCopyError {
    /// There is something in the table that was not saved, or nothing was ever saved in it.
    #[error(
        "what is remembered was not saved yet, so that it does not belong to its progress; save it first"
    )]
    Unsaved,
    /// The progress is longer than a copy takes.
    #[error("the progress has {0} bytes, and a copy takes {LONGEST}")]
    Long(usize),
    /// There is something where the copy is to go.
    #[error("a copy is read into an empty table only; clear it first, or take another space")]
    NotEmpty,
    /// The bytes are no copy of a table.
    #[error("it is not a copy of what an operator remembers")]
    NotACopy,
    /// A newer version of this program wrote it.
    #[error(
        "it was written by a newer version: its format is {found}, and {VERSION} is the newest known here"
    )]
    Newer {
        /// The version it has.
        found: u8,
    },
    /// It is of a table of other values.
    #[error("it is a copy of what another operator remembers")]
    OtherValues,
    /// It is not what was written; nothing of it was kept.
    #[error("part {part} of the copy cannot be used: {flaw}")]
    Damaged {
        /// Which of its parts, from 0.
        part: u64,
        /// What is wrong with it.
        #[source]
        flaw: Flaw,
    },
    /// It cannot be read or written.
    #[error("the copy cannot be read or written")]
    Io(#[from] io::Error),
    /// The table's own log cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

impl<V: Kept, L: SegmentLog> DurableTable<V, L> {
    /// Writes everything that is remembered, with its progress, as it was last saved: to another engine, or another machine. `STATE.md` draws
    /// the bytes. Tells how many identities they were.
    ///
    /// # Errors
    /// [`StateCopyError::Unsaved`], [`StateCopyError::Io`] and the log's own; what was written until then is no copy.
    pub fn export(&mut self, out: &mut impl Write) -> Result<u64, StateCopyError> {
        let progress = self.progress.as_deref().filter(|_| !self.is_changed());
        let progress = progress.ok_or(StateCopyError::Unsaved)?;
        if progress.len() > LONGEST {
            return Err(StateCopyError::Long(progress.len()));
        }
        out.write_all(MAGIC)?;
        out.write_all(&[VERSION])?;
        let mut parts = Parts::<V, _> { out, part: 0, page: Page::new() };
        parts.edge(self.len(), progress)?;
        for (identity, value) in self.index.iter() {
            parts.enter(identity, value)?;
        }
        let Self { sealed, log, index, .. } = self;
        sealed.each(log, index, &mut |identity, value| parts.enter(identity, value))?;
        parts.turn()?;
        parts.edge(self.len(), &[])?;
        parts.out.flush()?;
        Ok(self.len())
    }

    /// Reads what [`export`](Self::export) wrote into a table that is empty, and saves it, all in one step: of a copy that is damaged nothing is
    /// kept.
    ///
    /// # Errors
    /// [`StateCopyError`]; the table is empty then.
    pub fn import(&mut self, from: &mut impl Read) -> Result<u64, StateCopyError> {
        if !self.is_empty() || self.progress.is_some() || self.is_changed() {
            return Err(StateCopyError::NotEmpty);
        }
        match self.take(from) {
            Ok(progress) => {
                self.save(&progress)?;
                Ok(self.len())
            }
            Err(error) => {
                self.clear()?;
                Err(error)
            }
        }
    }

    fn take(&mut self, from: &mut impl Read) -> Result<Vec<u8>, StateCopyError> {
        let mut magic = [0; MAGIC.len()];
        let mut version = [0];
        from.read_exact(&mut magic).map_err(cut)?;
        if magic != *MAGIC {
            return Err(StateCopyError::NotACopy);
        }
        from.read_exact(&mut version).map_err(cut)?;
        if version != [VERSION] {
            return Err(StateCopyError::Newer { found: version[0] });
        }
        let mut next = 0;
        let (_, bytes) = part(from, next)?;
        let (head, content) = whole(next, segment::decode(edge(next), &bytes))?;
        let (&kind, progress) = whole(next, content.split_first().ok_or(Flaw::Entries))?;
        if kind != V::KIND {
            return Err(StateCopyError::OtherValues);
        }
        let mut entries = Vec::new();
        loop {
            next += 1;
            let (kind, bytes) = part(from, next)?;
            if kind == PROGRESS {
                whole(next, segment::decode(edge(next), &bytes))?;
                break;
            }
            whole(next, page::read::<V>(entries_of(next), &bytes, &mut entries))?;
            for &(identity, value) in &entries {
                self.put(identity, value)?;
            }
        }
        let more = from.read(&mut version)?;
        if self.len() != head.next.cast_unsigned() || more > 0 {
            return Err(StateCopyError::Damaged { part: next, flaw: Flaw::Entries });
        }
        Ok(progress.to_vec())
    }
}

/// The parts of a copy on their way out: each is a segment, with its length before it.
struct Parts<'a, V, W> {
    out: &'a mut W,
    part: u64,
    page: Page<V>,
}

impl<V: Kept, W: Write> Parts<'_, V, W> {
    /// The first part, or the last.
    fn edge(&mut self, identities: u64, progress: &[u8]) -> Result<(), StateCopyError> {
        let head = Head { count: 1, next: identities.cast_signed(), ..Head::default() };
        let content = [&[V::KIND], progress].concat();
        let segment = segment::encode(edge(self.part), &head, &content);
        self.write(&segment)
    }

    fn enter(&mut self, identity: Identity, value: V) -> Result<(), StateCopyError> {
        if self.page.is_full() {
            self.turn()?;
        }
        self.page.enter(identity, value);
        Ok(())
    }

    fn turn(&mut self) -> Result<(), StateCopyError> {
        if self.page.is_empty() {
            return Ok(());
        }
        let (_, segment) = self.page.encode(entries_of(self.part));
        self.page = Page::new();
        self.write(&segment)
    }

    fn write(&mut self, segment: &[u8]) -> Result<(), StateCopyError> {
        let length = u32::try_from(segment.len()).expect("a part has 64 MiB at most");
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(segment)?;
        self.part += 1;
        Ok(())
    }
}

fn edge(part: u64) -> Key {
    Key { stream: Stream { space: 0, kind: PROGRESS }, sequence: part }
}

fn entries_of(part: u64) -> Key {
    Key { stream: Stream { space: 0, kind: ENTRIES }, sequence: part }
}

/// The next part, with its kind.
fn part(from: &mut impl Read, part: u64) -> Result<(u8, Vec<u8>), StateCopyError> {
    let mut length = [0; 4];
    from.read_exact(&mut length).map_err(|error| short(error, part))?;
    let length = u32::from_le_bytes(length) as usize;
    let most = if part == 0 { LONGEST + SEGMENT_LIMIT } else { SEGMENT_LIMIT };
    if length > most {
        return Err(StateCopyError::Damaged { part, flaw: Flaw::Entries });
    }
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    let kind = bytes.get(1).copied();
    match kind {
        Some(kind) if bytes.len() == length => Ok((kind, bytes)),
        _ => Err(StateCopyError::Damaged { part, flaw: Flaw::Short }),
    }
}

fn whole<T>(part: u64, read: Result<T, Flaw>) -> Result<T, StateCopyError> {
    read.map_err(|flaw| StateCopyError::Damaged { part, flaw })
}

fn cut(error: io::Error) -> StateCopyError {
    if error.kind() == io::ErrorKind::UnexpectedEof { StateCopyError::NotACopy } else { error.into() }
}

fn short(error: io::Error, part: u64) -> StateCopyError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return StateCopyError::Damaged { part, flaw: Flaw::Short };
    }
    error.into()
}
