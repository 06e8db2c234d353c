use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use offsets_core::evidence::write_dump;
use offsets_core::translate::Selection;

use super::session::{Session, SourceNeed};
use crate::args::{DumpArgs, EvidenceArgs, LinkArgs, OutputArgs, SeedArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::stdout;

/// `offsets dump`.
pub(crate) fn dump(
    link: &LinkArgs,
    evidence: &EvidenceArgs,
    output: &OutputArgs,
    args: &DumpArgs,
) -> Result<Exit, Failure> {
    let session = Session::open(link, output)?;
    let none = SeedArgs::default();
    let inquiry = session.hear(Selection::Everything, SourceNeed::Wanted, link, evidence, &none)?;
    let text = write_dump(inquiry.evidence());
    if args.file == Path::new("-") {
        let mut out = stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
        return Ok(Exit::Done);
    }
    create(&args.file, &text)?;
    let partitions = inquiry.conclude().rows.len();
    session.remarks().say(format!("{}: evidence for {partitions} commits", args.file.display()));
    Ok(Exit::Done)
}

/// Writes a new file whole and to the disk, or leaves none behind.
pub(super) fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let failure = Failure::unwritable(path, &error);
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.remedy("name a file that does not exist yet"),
            _ => failure,
        }
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a file is worse than none; if it cannot be removed either, the error below still names it.
        let _ = std::fs::remove_file(path);
        Failure::unwritable(path, &error)
    })
}
