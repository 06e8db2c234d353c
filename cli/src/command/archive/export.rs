use std::io::Write as _;
use std::path::Path;

use offsets_core::evidence::{Evidence, Reading, SourceState, write_dump};
use offsets_core::link::{Link, LinkName};
use offsets_core::model::TopicName;
use offsets_store::Archive;

use super::super::session::report_damages;
use crate::args::{ExportArgs, LinkArgs, OutputArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::link::named;
use crate::new_file::create;
use crate::print::{Reporter, stdout};
use crate::recorder::open_to_read;

/// `offsets archive export`.
pub(super) fn export(link: &LinkArgs, output: &OutputArgs, args: &ExportArgs) -> Result<Exit, Failure> {
    let reporter = Reporter::new(output);
    let mut archive = open_to_read(&args.dir)?;
    let link = pick(&archive, named(link)?)?;
    let kept = archive.load(&link)?;
    report_damages(&archive, reporter);
    let (commits, syncs) = (kept.commits.len(), kept.syncs.len());
    let nothing = |topic: TopicName| format!("the archive holds nothing of {topic}");
    let (_, syncs_topic) = link.syncs_topic();
    let (checkpoints_topic, target) = (link.checkpoints_topic(), link.target.clone());
    let evidence = Evidence {
        source: SourceState::Dead { reason: "not asked: this is what was archived".to_owned() },
        source_seen_at: kept.source_seen_at,
        commits: kept.commits,
        // What was never recorded is not known to be empty.
        syncs: match kept.syncs.is_empty() {
            false => Reading::Whole(kept.syncs),
            true => Reading::Absent { reason: nothing(syncs_topic) },
        },
        checkpoints: match kept.checkpoints.is_empty() {
            false => Reading::Whole(kept.checkpoints),
            true => Reading::Absent { reason: nothing(checkpoints_topic) },
        },
        source_topics: kept.source_topics,
        target_topics: kept.target_topics,
        ..Evidence::unread(link, clock::now())
    };
    let text = write_dump(&evidence);
    if args.file == Path::new("-") {
        let mut out = stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())?;
    } else {
        create(&args.file, &text)?;
        reporter.info(format!("{}: {commits} commits, {syncs} syncs", args.file.display()));
    }
    reporter.info(format!(
        "an archive holds no log ranges of {target}: answers from this file are floors at most, and nothing tells whether a mirror \
         partition exists; with the target reachable use `translate --archive {}`, which asks it",
        args.dir.display()
    ));
    Ok(Exit::Done)
}

/// The link that is named, or the only one there is.
fn pick(archive: &Archive, name: Option<&str>) -> Result<Link, Failure> {
    let links = archive.links();
    let Some(name) = name else {
        return match &links[..] {
            [link] => Ok((*link).clone()),
            [] => {
                Err(Failure::usage("the archive holds no link")
                    .remedy("record one with `offsets archive run`"))
            }
            _ => {
                let names: Vec<_> = links.iter().map(|link| link.name().to_string()).collect();
                Err(Failure::usage(format!("the archive holds several links: {}", names.join(", ")))
                    .remedy("name one with --link"))
            }
        };
    };
    let name: LinkName = name.parse().map_err(|error| Failure::usage(format!("--link: {error}")))?;
    let found = links.into_iter().find(|link| link.name() == name).cloned();
    found.ok_or_else(|| {
        offsets_store::Error::UnknownLink {
            link: name,
            known: archive.links().into_iter().map(Link::name).collect(),
        }
        .into()
    })
}
