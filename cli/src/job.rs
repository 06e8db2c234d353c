//! A job of `offsets.toml`: what `reconcile --job NAME` does not say itself.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::args::{command, hoisted};
use crate::failure::Failure;
use crate::link::{JobTable, find_job};

/// What on the command line takes the place of a key of another name.
const INSTEAD: [(&str, &str); 6] = [
    ("dry-run", "to"),
    ("dry-run", "ledger"),
    ("dry-run", "ledger-values"),
    ("dry-run", "dead-letter"),
    ("window", "window-count"),
    ("window-count", "window"),
];

/// Keys whose values are paths; in a file they are relative to that file.
const PATHS: [&str; 3] = ["command-config", "state", "seed"];

/// The arguments as they were given; or, where they are those of `reconcile --job NAME`, with what the job of that name says
/// besides. What is said on the command line counts.
pub(crate) fn arguments() -> Result<Vec<OsString>, Failure> {
    expanded(hoisted(env::args_os().collect()))
}

fn expanded(given: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let is_reconcile = given.get(1).is_some_and(|verb| verb == "reconcile");
    let Some(name) = value_of(&given, "job").filter(|_| is_reconcile) else { return Ok(given) };
    let config = value_of(&given, "config").or_else(|| env::var_os("OFFSETS_CONFIG"));
    let JobTable { file, table } = find_job(config.map(PathBuf::from), &name.to_string_lossy())?;
    if let Some(key) = table.keys().find(|key| !is_option(key)) {
        let said = format!("{}: [reconcile.{}] has a key `{key}`", file.display(), name.to_string_lossy());
        return Err(
            Failure::usage(said).remedy("its keys are the options of offsets reconcile, without the dashes")
        );
    }
    let mut all = without(given, "job");
    let from_file: Vec<OsString> = table
        .iter()
        .filter(|(key, _)| !is_said(&all, key))
        .filter(|(key, _)| !INSTEAD.iter().any(|(said, of)| of == key && is_said(&all, said)))
        .map(|(key, value)| flags(&file, key, value))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    all.extend(from_file);
    Ok(all)
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

/// Whether a key is an option of `offsets reconcile`, or one of those that go with every verb.
fn is_option(key: &str) -> bool {
    let mut command = command();
    command.build();
    let reconcile = command.find_subcommand("reconcile");
    reconcile.is_some_and(|reconcile| {
        reconcile.get_arguments().any(|option| option.get_long() == Some(key) && !option.is_hide_set())
    })
}

fn without(arguments: Vec<OsString>, option: &str) -> Vec<OsString> {
    let (flag, joined) = (format!("--{option}"), format!("--{option}="));
    let mut arguments = arguments.into_iter();
    let mut left = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == *flag {
            arguments.next();
        } else if !argument.to_string_lossy().starts_with(&joined) {
            left.push(argument);
        }
    }
    left
}

fn is_said(arguments: &[OsString], key: &str) -> bool {
    let (flag, joined) = (format!("--{key}"), format!("--{key}="));
    arguments.iter().any(|argument| *argument == *flag || argument.to_string_lossy().starts_with(&joined))
}

/// A key and its value as they would stand on the command line.
fn flags(file: &Path, key: &str, value: &Value) -> Result<Vec<OsString>, Failure> {
    let flag = |value: String| {
        let value = if PATHS.contains(&key) { beside(file, &value) } else { value };
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
        _ => {
            let said = format!(
                "{}: `{key}` of a job is neither text, a whole number, true, false, nor a list",
                file.display()
            );
            return Err(Failure::usage(said));
        }
    })
}

fn beside(file: &Path, path: &str) -> String {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| path.to_owned(), |folder| folder.join(path).to_string_lossy().into_owned())
}
