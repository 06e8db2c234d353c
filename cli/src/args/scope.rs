//! Which of the flags that may stand before any verb a verb reads. One that is given and not read is refused: what it asks for would
//! not be done.

use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::{Cli, Format as OutputFormat};
use crate::failure::Failure;

/// What a flag is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The file that has the link.
    File,
    /// `offsets.toml`, which has jobs too.
    Config,
    /// Which link of a file.
    LinkName,
    /// A dump in place of clusters.
    Dump,
    /// The embedded clusters.
    Demo,
    /// The clusters of a link, their aliases, and how they are reached.
    Clusters,
    /// How copies are named.
    Naming,
    /// MM2's own topics, and what else tells how records were copied.
    Copying,
    /// How long things may take. A verb that does not wait for something keeps within any limit.
    Timeout,
    SourceTimeout,
    /// That the source is not tried. Verbs that use the target alone keep that promise as it is.
    SourceDead,
    /// What answers rest on.
    Evidence,
    Archive,
    /// The form of the data.
    Format,
    OffsetForm,
    /// Remarks on stderr.
    Messages,
}

use About::{
    Archive, Clusters, Config, Copying, Demo, Dump, Evidence, File, Format, LinkName, Messages, Naming,
    OffsetForm, SourceDead, SourceTimeout, Timeout,
};

/// What a link is named by.
const LINK: &[About] =
    &[File, Config, LinkName, Dump, Demo, Clusters, Naming, Copying, Timeout, SourceTimeout, SourceDead];
/// What a cluster is named by whose topics are taken as they are called.
const CLUSTER: &[About] = &[File, Config, LinkName, Dump, Demo, Clusters, Timeout, SourceTimeout, SourceDead];
/// What data is printed by.
const DATA: &[About] = &[Format, OffsetForm, Messages];
const PRINTED: &[About] = &[Format, Messages];

/// What a flag is about, by its id; `None` for one that is not for every verb.
fn about(id: &str) -> Option<About> {
    Some(match id {
        "mm2_config" => File,
        "config" => Config,
        "link" => LinkName,
        "from_dump" => Dump,
        "demo" => Demo,
        "source.bootstrap-server"
        | "source.command-config"
        | "source.alias"
        | "target.bootstrap-server"
        | "target.command-config"
        | "target.alias"
        | "overrides" => Clusters,
        "policy" | "separator" => Naming,
        "syncs_location" | "syncs_topic" | "checkpoints_topic" | "positions_topic" | "origin_header"
        | "exactly_once" => Copying,
        "timeout" | "connect_timeout" => Timeout,
        "source_timeout" => SourceTimeout,
        "source_dead" => SourceDead,
        "evidence" | "no_probe" | "probe_max_records" => Evidence,
        "archive" => Archive,
        "output" => Format,
        "offsets_as_strings" => OffsetForm,
        "quiet" | "verbose" => Messages,
        _ => return None,
    })
}

/// What a verb reads, whatever its own flags are: several lists, of which it reads all.
fn read_by(subcommand: &[&str]) -> &'static [&'static [About]] {
    match subcommand {
        ["translate" | "reset"] => &[LINK, &[Evidence, Archive], DATA],
        ["undo"] => &[CLUSTER, DATA],
        ["dump"] => &[LINK, &[Evidence, Archive, Messages]],
        ["archive", "run"] => &[LINK, &[Messages]],
        ["archive", "stats"] | ["simulate"] => &[PRINTED],
        ["archive", "export"] => &[&[LinkName, Messages]],
        ["reconcile"] => &[CLUSTER, PRINTED],
        ["state", "show"] => &[DATA],
        ["archive", "salvage"] | ["state", "export" | "import" | "acknowledge"] => &[&[Messages]],
        _ => &[],
    }
}

/// A flag or value that narrows what a verb reads: its wording, and what is still read.
fn narrowed(subcommand: &[&str], given: &ArgMatches) -> Vec<(&'static str, Vec<About>)> {
    let has = |id: &str| is_given(given, id);
    let without = |left_out: &[About]| -> Vec<About> {
        let all = read_by(subcommand).iter().copied().flatten();
        all.filter(|about| !left_out.contains(about)).copied().collect()
    };
    let mut narrowed = Vec::new();
    if subcommand == ["reset"] && (has("to") || has("from_file")) {
        let target = without(&[Evidence, Archive, Copying]);
        narrowed.push((if has("to") { " with --to" } else { " with --from-file" }, target));
    }
    // What stands in a table of a job is read whatever the link is.
    let config: &[About] = if has("job") { &[] } else { &[Config] };
    let others = |more: &[About]| without(&[more, config].concat());
    if subcommand == ["reconcile"] && !has("group") {
        narrowed.push((
            " of files, without --group",
            others(&[File, LinkName, Dump, Demo, Clusters, Timeout, SourceTimeout, SourceDead]),
        ));
    } else if subcommand == ["reconcile"] && (has("bootstrap_server") || has("command_config")) {
        // -X is for this cluster too.
        narrowed.push((" with --bootstrap-server", others(&[File, LinkName, Dump, SourceDead])));
    }
    if has("from_dump") {
        narrowed
            .push((" with --from-dump", others(&[File, LinkName, Clusters, Naming, Copying, SourceDead])));
    }
    if has("demo") {
        narrowed.push((" with --demo", others(&[File, LinkName, Clusters, Naming, Copying])));
    }
    let names_clusters = [
        "source.bootstrap-server",
        "source.command-config",
        "target.bootstrap-server",
        "target.command-config",
    ];
    if has("mm2_config") {
        narrowed.push((" with --mm2-config", others(&[])));
    } else if names_clusters.iter().any(|id| has(id)) && subcommand != ["archive", "run"] {
        narrowed.push((" with the clusters in flags", others(&[LinkName])));
    }
    narrowed
}

/// Flags of a verb's own that it does not read beside others: the flag, and how the others are said.
fn own_unread(subcommand: &[&str], given: &ArgMatches) -> Option<(&'static str, &'static str)> {
    const DRY: &str = " with --dry-run";
    let has = |id: &str| is_given(given, id);
    let is_dry = has("dry_run");
    let unread: &[(&'static str, bool, &'static str)] = match subcommand {
        ["reset"] => &[
            ("offsets_as_strings", !prints_json(given), " without -o json or -o jsonl"),
            ("expect", has("to"), " with --to"),
            ("expect", has("from_file"), " with --from-file"),
            ("offsets", has("to"), " with --to"),
            ("offsets", has("from_file"), " with --from-file"),
            ("allow_unsafe", has("to"), " with --to"),
            ("allow_unsafe", has("from_file"), " with --from-file"),
            ("allow_stranded", has("to"), " with --to"),
            ("allow_stranded", has("from_file"), " with --from-file"),
        ],
        ["translate"] => &[
            ("exclude_groups", has("offsets"), " with --offset"),
            ("offsets_as_strings", !prints_json(given), " without -o json or -o jsonl"),
        ],
        ["state", "show"] => &[("offsets_as_strings", !prints_json(given), " without -o json or -o jsonl")],
        ["archive", "run"] => &[("all_links", has("demo"), " with --demo")],
        ["undo"] => &[
            ("offsets_as_strings", !prints_json(given), " without -o json or -o jsonl"),
            ("allow_unsafe", true, ""),
            ("allow_stranded", true, ""),
        ],
        ["reconcile"] => &[
            ("bootstrap_server", has("demo"), " with --demo"),
            ("command_config", has("demo"), " with --demo"),
            ("state", is_dry, DRY),
            ("max_memory", is_dry, DRY),
            ("changelog_replicas", is_dry, DRY),
            ("instance", is_dry, DRY),
            ("commit_interval", is_dry, DRY),
            ("transaction_timeout", is_dry, DRY),
            ("once", is_dry, DRY),
            ("adopt_positions", is_dry, DRY),
        ],
        _ => &[],
    };
    unread.iter().find(|(id, applies, _)| *applies && has(id)).map(|(id, _, how)| (*id, *how))
}

/// Whether what is printed has numbers that may be written as text.
fn prints_json(given: &ArgMatches) -> bool {
    let format = given.get_one::<OutputFormat>("output");
    format.is_some_and(|format| matches!(format, OutputFormat::Json | OutputFormat::Jsonl))
}

fn is_given(matches: &ArgMatches, id: &str) -> bool {
    // An id that the verb does not have would be an error of ours, not of the command line.
    matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// The command line's definition. Each verb's help shows what it reads.
pub(crate) fn command() -> Command {
    let root = Cli::command();
    let globals: Vec<_> = root.get_arguments().filter(|flag| flag.is_global_set()).cloned().collect();
    let flags = |path: &[&str]| {
        let read = read_by(path);
        let is_read = |id: &str| about(id).is_none_or(|about| read.iter().any(|list| list.contains(&about)));
        let flag = |flag: &Arg| flag.clone().hide(!is_read(flag.get_id().as_str()));
        globals.iter().map(flag).collect::<Vec<_>>()
    };
    root.mut_subcommands(|subcommand| {
        let name = subcommand.get_name().to_owned();
        let of_parts = subcommand.mut_subcommands(|part| {
            let flags = flags(&[&name, part.get_name()]);
            part.args(flags)
        });
        of_parts.args(flags(&[&name]))
    })
}

/// Takes what stands on the command line, once `arguments` are [in order](hoisted).
///
/// # Errors
/// What clap says; or, inside, a flag that the verb does not read.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Result<Cli, Failure>, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    if let Some(failure) = unread(&matches) {
        return Ok(Err(failure));
    }
    Cli::from_arg_matches(&matches).map(Ok)
}

fn unread(matches: &ArgMatches) -> Option<Failure> {
    let (mut path, mut leaf) = (Vec::new(), matches);
    while let Some((name, inner)) = leaf.subcommand() {
        path.push(name);
        leaf = inner;
    }
    let refused = |id: &str, how: &str| {
        let what = format!("`offsets {}`{how} does not use {}", path.join(" "), spelling(&path, id));
        Failure::usage(what).remedy("leave it out; --help of the verb shows what it uses")
    };
    let given: Vec<_> = leaf.ids().map(|id| id.as_str()).filter(|id| is_given(leaf, id)).collect();
    let narrowed = narrowed(&path, leaf);
    for id in given {
        let Some(about) = about(id) else { continue };
        if !read_by(&path).iter().any(|list| list.contains(&about)) {
            return Some(refused(id, ""));
        }
        if let Some((how, _)) = narrowed.iter().find(|(_, left)| !left.contains(&about)) {
            return Some(refused(id, how));
        }
    }
    own_unread(&path, leaf).map(|(id, how)| refused(id, how))
}

/// A flag as it is written.
fn spelling(path: &[&str], id: &str) -> String {
    let mut command = command();
    command.build();
    let leaf = path.iter().try_fold(&command, |command, name| command.find_subcommand(name));
    let flag = leaf.and_then(|leaf| leaf.get_arguments().find(|flag| flag.get_id() == id));
    match flag.map(|flag| (flag.get_long(), flag.get_short())) {
        Some((Some(long), _)) => format!("--{long}"),
        Some((None, Some(short))) => format!("-{short}"),
        _ => id.to_owned(),
    }
}

/// The arguments with the flags before the verb put behind it, so that a flag means the same in both places: given in both it is given
/// twice, values of a list add up, and what excludes another is seen.
pub(crate) fn hoisted(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let root = Cli::command();
    let mut flags = Command::new("flags")
        .no_binary_name(true)
        .disable_help_flag(true)
        .allow_external_subcommands(true)
        .args(root.get_arguments().filter(|flag| flag.is_global_set()).cloned());
    let (mut command, mut subcommand, mut moved) = (&root, Vec::new(), Vec::new());
    let binary = if arguments.is_empty() { Vec::new() } else { arguments.drain(..1).collect() };
    while command.has_subcommands() {
        // What cannot be taken apart is left as it is, and clap says what is wrong with it.
        let Some((name, rest)) = split(&mut flags, &arguments) else { break };
        let Some(inner) = command.find_subcommand(&name) else { break };
        moved.extend(arguments.drain(..arguments.len() - rest - 1));
        subcommand.extend(arguments.drain(..1));
        command = inner;
    }
    [binary, subcommand, moved, arguments].concat()
}

/// The first word that is no flag nor the value of one, and how many arguments stand behind it.
fn split(flags: &mut Command, arguments: &[OsString]) -> Option<(String, usize)> {
    let matches = flags.try_get_matches_from_mut(arguments).ok()?;
    let (name, rest) = matches.subcommand()?;
    Some((name.to_owned(), rest.get_many::<OsString>("").map_or(0, |rest| rest.len())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn arguments(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    /// Each verb with what must be given to it.
    const VERBS: [&str; 16] = [
        "translate --all-groups",
        "reset --all-groups",
        "undo file",
        "dump --file f",
        "archive run --dir d",
        "archive stats --dir d",
        "archive export --dir d",
        "archive salvage --dir d",
        "simulate",
        "reconcile --from a --to b --mode dedup --identity key --group g",
        "state show --dir d",
        "state export --dir d",
        "state import --dir d",
        "state acknowledge --dir d",
        "completions bash",
        "man d",
    ];

    fn value(id: &str) -> &'static str {
        match id {
            "timeout" | "connect_timeout" | "source_timeout" => "5s",
            "policy" => "identity",
            "syncs_location" => "source",
            "evidence" => "syncs",
            "probe_max_records" => "1",
            "output" => "json",
            "overrides" => "a=b",
            _ => "x",
        }
    }

    #[test]
    fn every_command_is_among_those_that_are_tested() {
        let mut built = command();
        built.build();
        let leaves = built.get_subcommands().flat_map(|command| {
            let name = command.get_name();
            let parts: Vec<_> =
                command.get_subcommands().map(|part| format!("{name} {}", part.get_name())).collect();
            if parts.is_empty() { vec![name.to_owned()] } else { parts }
        });
        for leaf in leaves.filter(|leaf| !leaf.split(' ').any(|name| name == "help")) {
            let is_tested = |line: &&str| line.starts_with(&leaf);
            assert!(VERBS.iter().any(is_tested), "{leaf} is not in the list");
        }
    }

    #[test]
    fn every_flag_for_every_command_says_what_it_is_about() {
        for flag in Cli::command().get_arguments().filter(|flag| flag.is_global_set()) {
            assert!(about(flag.get_id().as_str()).is_some(), "{}", flag.get_id());
        }
    }

    /// P2: over every verb and every flag that may stand before one, it is read or refused, and shown in the verb's help or not.
    #[test]
    fn a_flag_is_read_by_the_command_or_refused_and_shown_accordingly() {
        let mut built = command();
        built.build();
        for line in VERBS {
            let path: Vec<_> = line
                .split_whitespace()
                .take(if line.starts_with("archive") || line.starts_with("state") { 2 } else { 1 })
                .collect();
            let leaf = path.iter().try_fold(&built, |command, name| command.find_subcommand(name));
            let shown = |id: &str| {
                leaf.is_some_and(|leaf| {
                    leaf.get_arguments().any(|flag| flag.get_id() == id && !flag.is_hide_set())
                })
            };
            for flag in Cli::command().get_arguments().filter(|flag| flag.is_global_set()) {
                let id = flag.get_id().as_str();
                let spelt = flag.get_long().map_or_else(|| "-X".to_owned(), |long| format!("--{long}"));
                let given = if flag.get_action().takes_values() {
                    format!("{spelt} {}", value(id))
                } else {
                    spelt.clone()
                };
                let is_read =
                    about(id).is_some_and(|about| read_by(&path).iter().any(|list| list.contains(&about)));
                // It needs the numbers that it is about.
                let given = if is_read && id == "offsets_as_strings" { given + " -o json" } else { given };
                assert_eq!(shown(id), is_read, "{path:?} {id}");
                for line in [format!("offsets {given} {line}"), format!("offsets {line} {given}")] {
                    let parsed = parse(&hoisted(arguments(&line)));
                    let refused = match parsed {
                        Ok(Ok(_)) => None,
                        Ok(Err(failure)) => Some(failure.to_string()),
                        Err(error) => Some(format!("clap: {error}")),
                    };
                    match refused {
                        None => assert!(is_read, "{line} is taken and not read"),
                        Some(message) => {
                            assert!(!is_read, "{line}: {message}");
                            assert!(
                                message.contains(&spelt) && message.contains(&path.join(" ")),
                                "{line}: {message}"
                            );
                        }
                    }
                }
            }
        }
    }

    /// P2, of the options that belong to one command: each is named somewhere outside the definitions of options.
    #[test]
    fn no_option_is_defined_and_named_nowhere_else() {
        let mut code = String::new();
        let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("args") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    code += &fs::read_to_string(path).unwrap();
                }
            }
        }
        let named: BTreeSet<&str> =
            code.split(|character: char| !character.is_alphanumeric() && character != '_').collect();
        let root = Cli::command();
        let leaves = root.get_subcommands().flat_map(|command| {
            let parts: Vec<_> = command.get_subcommands().collect();
            if parts.is_empty() { vec![command] } else { parts }
        });
        let mut options = 0;
        for leaf in leaves {
            for option in leaf.get_arguments().filter(|option| !option.is_global_set()) {
                let id = option.get_id().as_str();
                assert!(named.contains(id), "`{}`: --{id} is taken and read nowhere", leaf.get_name());
                options += 1;
            }
        }
        assert!(options > 50, "{options} options were looked at");
    }

    #[test]
    fn every_command_is_looked_at() {
        let root = Cli::command();
        for subcommand in root.get_subcommands() {
            let name = subcommand.get_name();
            let parts: Vec<_> =
                subcommand.get_subcommands().map(|part| format!("{name} {}", part.get_name())).collect();
            let lines = if parts.is_empty() { vec![name.to_owned()] } else { parts };
            assert!(lines.iter().all(|line| VERBS.iter().any(|known| known.starts_with(line))), "{lines:?}");
        }
    }

    #[test]
    fn flags_before_the_command_are_put_behind_it() {
        for (line, expected) in [
            ("offsets --demo translate --group g", "offsets translate --demo --group g"),
            (
                "offsets -qX a=b --link l archive --demo run --dir d",
                "offsets archive run -qX a=b --link l --demo --dir d",
            ),
            ("offsets translate --group --demo", "offsets translate --group --demo"),
            ("offsets --link reconcile translate", "offsets translate --link reconcile"),
            ("offsets --demo", "offsets --demo"),
            ("offsets --nonsense translate", "offsets --nonsense translate"),
            ("offsets --demo --help", "offsets --demo --help"),
            ("offsets --demo nonsense", "offsets --demo nonsense"),
            ("offsets", "offsets"),
        ] {
            assert_eq!(hoisted(arguments(line)), arguments(expected), "{line}");
        }
    }
}
