use std::fs;

use anyhow::{Context, Result};
use offsets_tests::rig::Jars;

use crate::Toolbox;

/// What the figures depend on, in a sentence for the reader.
///
/// # Errors
///
/// When the machine does not say.
pub fn describe_machine(toolbox: &Toolbox) -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    Ok(format!(
        "{}, {} cores; {}; Kafka {}. Load average at the beginning: {}.",
        model.trim_start_matches([' ', '\t', ':']),
        std::thread::available_parallelism()?,
        toolbox.java_version()?,
        Jars::version(),
        load_average()?,
    ))
}

/// How many processes wanted a core in the last minute.
///
/// # Errors
///
/// When the machine does not say.
pub fn load_average() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().context("no load average")?.to_owned())
}
