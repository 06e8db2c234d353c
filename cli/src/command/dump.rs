use std::io::Write as _;
use std::path::Path;

use offsets_core::evidence::write_dump;
use offsets_core::translate::Selection;

use super::session::{Session, SourceNeed};
use crate::args::{DumpArgs, EvidenceArgs, LinkArgs, OutputArgs, SeedArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::create;
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
    let translator = session.run(Selection::Everything, SourceNeed::Wanted, link, evidence, &none)?;
    let text = write_dump(translator.evidence());
    if args.file == Path::new("-") {
        let mut out = stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
        return Ok(Exit::Done);
    }
    create(&args.file, &text)?;
    let partitions = translator.finish().rows.len();
    session.reporter().info(format!("{}: evidence for {partitions} commits", args.file.display()));
    Ok(Exit::Done)
}
