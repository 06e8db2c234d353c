use std::collections::BTreeMap;

use offsets_core::evidence::SourceState;
use offsets_core::model::{GroupId, GroupKind, LogRange, TargetOffset};
use offsets_core::translate::{Translation, Uncommitted};

use super::mirror_names::report_originals;
use super::session::{Session, SourceNeed};
use crate::args::{EvidenceArgs, Format, LinkArgs, OnUncommitted, OutputArgs, TranslateArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::print::{Reporter, describe_kind, print_translation};

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
    let expected = super::expected(&args.selection)?;
    args.seed.fits(&args.selection)?;
    let session = Session::open(link, output)?;
    let translator = session.run(selection, SourceNeed::Wanted, link, evidence, &args.seed)?;
    let source_is_alive = translator.evidence().source.is_alive();
    let mut translation = translator.finish();
    translation.expect(expected);
    let kinds = session.kinds_on_source(&translation, source_is_alive);
    if let Some(seed) = args.seed.of(&mut translation) {
        seed.save(session.reporter())?;
    }
    print_translation(&translation, args.explain, output, session.reporter(), clock::now())?;
    if !translation.is_sound() || translation.rows.is_empty() {
        report_originals(&translation.link, &args.selection.topics, session.reporter());
    }
    Ok(soundness(&translation, &kinds, args.selection.uncommitted, session.reporter()))
}

/// Says on which partitions a group has no commit though it reads their topic; whether that is accepted.
pub(super) fn all_committed(
    translation: &Translation,
    on_uncommitted: OnUncommitted,
    reporter: Reporter,
) -> bool {
    let is_accepted = |log: &Option<LogRange<TargetOffset>>| match on_uncommitted {
        OnUncommitted::Refuse => false,
        OnUncommitted::Earliest => log.is_some(),
        OnUncommitted::Leave => true,
    };
    let Translation { link, uncommitted, .. } = translation;
    for Uncommitted { group, source, target, target_log, own } in uncommitted {
        let own = own
            .map_or_else(String::new, |own| format!(" (it has committed {own} on {} itself)", link.target));
        let why = match target_log {
            Some(log) => format!(
                "though it has commits on other partitions of {}, and {target} on {} holds {}..{}{own}",
                source.topic, link.target, log.start, log.end
            ),
            None => "though --expect names it".to_owned(),
        };
        let what = format!("group {group}: no commit on {source} is known, {why}");
        if is_accepted(target_log) {
            reporter.info(what);
        } else {
            // Of what is only expected the log was not looked at.
            let choices = if target_log.is_some() { "earliest or --uncommitted leave" } else { "leave" };
            reporter.error(format!(
                "{what}: left out, its auto.offset.reset decides where it begins, and `latest` skips; choose --uncommitted {choices}, \
                 or place it with `offsets reset --to WHERE --group {group} --topic {}:{}`",
                target.topic, target.partition
            ));
        }
    }
    uncommitted.iter().all(|found| is_accepted(&found.target_log))
}

/// Where the commits of a dead source come from.
const RECORDED: &str =
    "no checkpoint and no archive that was read holds one (--archive DIR names an archive)";

/// Says which groups have no answer, and gives the exit code. `kinds` are those of the groups without a commit, as far as the
/// source tells them.
pub(super) fn soundness(
    translation: &Translation,
    kinds: &BTreeMap<GroupId, GroupKind>,
    on_uncommitted: OnUncommitted,
    reporter: Reporter,
) -> Exit {
    let source = &translation.link.source;
    for group in &translation.missing {
        if let Some(kind) = kinds.get(group).filter(|kind| !kind.has_offsets()) {
            reporter.error(format!(
                "group {group}: on {} it {}",
                translation.link.source,
                describe_kind(*kind)
            ));
            continue;
        }
        reporter.error(match &translation.source {
            SourceState::Alive => format!(
                "group {group}: no commit is known on {source}; check the name and --topic (--all-groups shows what there is), and the \
                 permission Describe on its topics: without it a broker does not show the commits"
            ),
            SourceState::Dead { reason } => format!(
                "group {group}: its commits on {source} are not known: {source}: {reason}; {RECORDED}"
            ),
        });
    }
    if translation.rows.is_empty() && translation.missing.is_empty() && translation.uncommitted.is_empty() {
        reporter.error(match &translation.source {
            SourceState::Alive => format!("no group on {source} matches, or none has commits"),
            SourceState::Dead { reason } => {
                format!("no commit of such a group on {source} is known: {source}: {reason}; {RECORDED}")
            }
        });
        return Exit::Unsound;
    }
    let all_committed = all_committed(translation, on_uncommitted, reporter);
    let all_sound = translation.rows.iter().all(|row| row.position.is_sound());
    if translation.missing.is_empty() && all_committed && all_sound { Exit::Done } else { Exit::Unsound }
}
