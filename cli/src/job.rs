//! A job of `offsets.toml`: what `reconcile --job NAME` does not say itself.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction};
use toml::Value;

use crate::args::{command, hoisted};
use crate::failure::Failure;
use crate::link::{JobTable, find_job};

/// What on the command line takes the place of a key of another name.
const INSTEAD: [(&str, &str); 14] = [
    ("dry-run", "to"),
    ("dry-run", "ledger"),
    ("dry-run", "ledger-values"),
    ("dry-run", "dead-letter"),
    ("dry-run", "state"),
    ("dry-run", "max-memory"),
    ("dry-run", "changelog-replicas"),
    ("dry-run", "instance"),
    ("dry-run", "commit-interval"),
    ("dry-run", "transaction-timeout"),
    ("dry-run", "once"),
    ("dry-run", "adopt-positions"),
    ("window", "window-count"),
    ("window-count", "window"),
];

/// Keys whose values are paths; in a file they are relative to that file.
const PATHS: [&str; 7] = [
    "command-config",
    "state",
    "seed",
    "mm2-config",
    "from-dump",
    "source.command-config",
    "target.command-config",
];

/// The arguments as they were given; or, where they are those of `reconcile --job NAME`, with what the job of that name says
/// besides. What is said on the command line counts.
///
/// Beside them stands where the others are from, for errors: what clap and the verbs say of an option names it as a flag.
pub(crate) fn arguments() -> Result<(Vec<OsString>, Option<String>), Failure> {
    expanded(hoisted(env::args_os().collect()))
}

fn expanded(given: Vec<OsString>) -> Result<(Vec<OsString>, Option<String>), Failure> {
    let is_reconcile = given.get(1).is_some_and(|subcommand| subcommand == "reconcile");
    let Some(name) = value_of(&given, "job").filter(|_| is_reconcile) else { return Ok((given, None)) };
    let config = value_of(&given, "config").or_else(|| env::var_os("OFFSETS_CONFIG"));
    let JobTable { file, table } = find_job(config.map(PathBuf::from), &name.to_string_lossy())?;
    let table_name = format!("{}: [reconcile.{}]", file.display(), name.to_string_lossy());
    for (key, value) in &table {
        let option = option(key).ok_or_else(|| {
            Failure::usage(format!("{table_name} has a key `{key}`"))
                .remedy("its keys are the options of offsets reconcile, without the dashes")
        })?;
        if let Some(wanted) = misfit(&option, value) {
            return Err(Failure::usage(format!("{table_name}: `{key}` is {value}, and takes {wanted}"))
                .remedy("correct the key, or leave it out"));
        }
    }
    let mut all = given;
    let from_file: Vec<OsString> = table
        .iter()
        .filter(|(key, _)| !is_given(&all, key))
        .filter(|(key, _)| !INSTEAD.iter().any(|(given, of)| of == key && is_given(&all, given)))
        .map(|(key, value)| flags(&file, key, value))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    all.extend(from_file);
    Ok((all, Some(table_name)))
}

/// The last value of an option.
fn value_of(arguments: &[OsString], option: &str) -> Option<OsString> {
    let (flag, joined) = (format!("--{option}"), format!("--{option}="));
    let value = |(at, argument): (usize, &OsString)| {
        let text = argument.to_str()?;
        if text == flag { arguments.get(at + 1).cloned() } else { text.strip_prefix(&joined).map(Into::into) }
    };
    arguments.iter().enumerate().filter_map(value).next_back()
}

/// The option of `offsets reconcile` that a key stands for, or of those that go with every verb. Where the table is found, and help,
/// are asked for on the command line alone.
fn option(key: &str) -> Option<Arg> {
    let mut command = command();
    command.build();
    let options = command.find_subcommand("reconcile")?.get_arguments();
    let mut options =
        options.filter(|option| !matches!(option.get_id().as_str(), "job" | "config" | "help" | "version"));
    options.find(|option| option.get_long() == Some(key) && !option.is_hide_set()).cloned()
}

/// What an option takes, if a value is none of it.
fn misfit(option: &Arg, value: &Value) -> Option<&'static str> {
    let is_one = |value: &Value| matches!(value, Value::String(_) | Value::Integer(_));
    let takes_values = option.get_action().takes_values();
    let may_be_bare = option.get_num_args().is_some_and(|count| count.min_values() == 0);
    match value {
        Value::Boolean(true) if !takes_values || may_be_bare => None,
        Value::Boolean(false) if !takes_values => None,
        value if takes_values && is_one(value) => None,
        Value::Array(values)
            if matches!(option.get_action(), ArgAction::Append)
                && !values.is_empty()
                && values.iter().all(is_one) =>
        {
            None
        }
        _ if !takes_values => Some("true or false"),
        _ if matches!(option.get_action(), ArgAction::Append) => {
            Some("text or a whole number, or a list of them that is not empty")
        }
        _ => Some("text or a whole number"),
    }
}

fn is_given(arguments: &[OsString], key: &str) -> bool {
    let (flag, joined) = (format!("--{key}"), format!("--{key}="));
    let short = option(key).and_then(|option| option.get_short()).map(|short| format!("-{short}"));
    arguments.iter().any(|argument| {
        let argument = argument.to_string_lossy();
        let is_short = |short: &String| argument.starts_with(short.as_str()) && !argument.starts_with("--");
        *argument == *flag || argument.starts_with(&joined) || short.as_ref().is_some_and(is_short)
    })
}

/// A key and its value as they would stand on the command line.
fn flags(file: &Path, key: &str, value: &Value) -> Result<Vec<OsString>, Failure> {
    let flag = |value: String| {
        let value = if PATHS.contains(&key) && value != "-" { beside(file, &value) } else { value };
        vec![OsString::from(format!("--{key}={value}"))]
    };
    Ok(match value {
        Value::String(text) => flag(text.clone()),
        Value::Integer(number) => flag(number.to_string()),
        Value::Boolean(true) => vec![OsString::from(format!("--{key}"))],
        Value::Boolean(false) => Vec::new(),
        Value::Array(values) => {
            values.iter().map(|value| flags(file, key, value)).collect::<Result<Vec<_>, _>>()?.concat()
        }
        // Refused before.
        _ => Vec::new(),
    })
}

fn beside(file: &Path, path: &str) -> String {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| path.to_owned(), |folder| folder.join(path).to_string_lossy().into_owned())
}
