//! A topic has one name on the source and another on the target: what to say where the wrong one was given.

use offsets_core::link::Link;
use offsets_core::model::{TopicChoice, TopicName};

use crate::args::LinkArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::link::{self, Origin};
use crate::print::Reporter;

/// For a verb that uses the source's names: names those that are given as on the target.
pub(super) fn report_originals(link: &Link, topics: &[TopicChoice], reporter: Reporter) {
    for TopicChoice { topic, .. } in topics {
        if let Some(original) = link.original_topic(topic).filter(|original| original != topic) {
            reporter.error(format!(
                "--topic is the name on {}; {topic} is the name on {}, and its original on {} is {original}",
                link.source, link.target, link.source
            ));
        }
    }
}

/// For a verb that uses the target's names alone, once it has not done all it should: names the mirrors of topics that are given as on
/// the source, where it can be known which link there is.
pub(super) fn with_mirrors<'a>(
    ended: Result<Exit, Failure>,
    args: &LinkArgs,
    topics: impl IntoIterator<Item = &'a TopicName>,
    reporter: Reporter,
) -> Result<Exit, Failure> {
    let mirrors = || {
        let link = known_link(args)?;
        let mirrors: Vec<_> = topics.into_iter().filter_map(|topic| mirror(&link, topic)).collect();
        (!mirrors.is_empty()).then(|| mirrors.join("; "))
    };
    match ended {
        Ok(Exit::Unsound) => {
            mirrors().into_iter().for_each(|mirrors| reporter.error(mirrors));
            Ok(Exit::Unsound)
        }
        Err(failure) if failure.is_unknown_topic() => Err(match mirrors() {
            Some(mirrors) => failure.remedy(mirrors),
            None => failure.remedy("name the topic as it is called on the target"),
        }),
        ended => ended,
    }
}

/// The mirror of a topic, unless it has the name of a mirror already.
fn mirror(link: &Link, topic: &TopicName) -> Option<String> {
    let mirror = link.remote_topic(topic);
    let is_original = link.original_topic(topic).is_none() && mirror != *topic;
    is_original.then(|| format!("on {} the mirror of {topic} is {mirror}", link.target))
}

/// The link that the arguments name, as far as that can be found out here. Nothing rests on it but a hint.
fn known_link(args: &LinkArgs) -> Option<Link> {
    match link::resolve(args).ok()? {
        Origin::Clusters(clusters) => Some(clusters.link),
        Origin::Dump(evidence) => Some(evidence.link),
        Origin::Demo => Some(Link::new("src", "dst")),
    }
}
