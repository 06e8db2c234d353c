use std::collections::BTreeMap;

use offsets_core::model::{GroupId, GroupKind};
use offsets_core::translate::Translation;

use super::mirror_names::tell_of_originals;
use super::session::{Session, SourceNeed};
use crate::args::{EvidenceArgs, Format, LinkArgs, OutputArgs, TranslateArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Remarks, kind_in_words, print_translation};

/// `offsets translate`.
pub(crate) fn translate(
    link: &LinkArgs,
    evidence: &EvidenceArgs,
    output: &OutputArgs,
    args: &TranslateArgs,
) -> Result<Exit, Failure> {
    if args.explain && output.output != Format::Table {
        return Err(
            Failure::usage("--explain is for eyes").remedy("leave out -o; JSON has the evidence of each row")
        );
    }
    let selection = super::selection(&args.selection)?;
    args.seed.fits(&args.selection)?;
    let session = Session::open(link, output)?;
    let inquiry = session.hear(selection, SourceNeed::Wanted, link, evidence, &args.seed)?;
    let source_is_alive = inquiry.evidence().source.is_alive();
    let mut translation = inquiry.conclude();
    let kinds = session.kinds_on_source(&translation, source_is_alive);
    if let Some(seed) = args.seed.of(&mut translation) {
        seed.save(session.remarks())?;
    }
    print_translation(&translation, args.explain, output, session.remarks(), clock::now())?;
    if !translation.is_sound() || translation.rows.is_empty() {
        tell_of_originals(&translation.link, &args.selection.topics, session.remarks());
    }
    Ok(soundness(&translation, &kinds, session.remarks()))
}

/// Says which groups have no answer, and gives the exit code. `kinds` are those of the groups without a commit, as far as the
/// source tells them.
pub(super) fn soundness(
    translation: &Translation,
    kinds: &BTreeMap<GroupId, GroupKind>,
    remarks: Remarks,
) -> Exit {
    for group in &translation.missing {
        if let Some(kind) = kinds.get(group).filter(|kind| !kind.has_offsets()) {
            remarks.fault(format!(
                "group {group}: on {} it {}",
                translation.link.source,
                kind_in_words(*kind)
            ));
            continue;
        }
        remarks.fault(format!(
            "group {group}: no commit is known on {}; check the name and --topic (--all-groups shows what there is), and the permission \
             Describe on its topics: without it a broker does not show the commits",
            translation.link.source
        ));
    }
    if translation.rows.is_empty() && translation.missing.is_empty() {
        remarks.fault(format!("no group on {} matches, or none has commits", translation.link.source));
        return Exit::Unsound;
    }
    if translation.is_sound() { Exit::Done } else { Exit::Unsound }
}
