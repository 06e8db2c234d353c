//! Kafka's jars, copied by Maven as `tests/rig/pom.xml` lists them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::command::{answer, run};
use crate::places;

/// The jars are those of this very pom, not of an earlier one.
pub(super) fn find() -> Option<String> {
    let folder = folder().ok()?;
    let copied = fs::read(folder.join("pom.xml")).ok()?;
    (copied == fs::read(pom()).ok()?).then(|| folder.display().to_string())
}

/// Copies them beside their place, then moves them there: an interrupted copy is never taken for a whole one.
pub(super) fn get(apt: &mut Apt) -> Result<()> {
    if answer("mvn", &["--version"]).is_none() {
        apt.install(&["maven"])?;
    }
    let folder = folder()?;
    let half = folder.with_file_name("jars.part");
    for stale in [&folder, &half] {
        if stale.exists() {
            fs::remove_dir_all(stale).with_context(|| format!("remove {}", stale.display()))?;
        }
    }
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-f"]).arg(pom());
    run(maven.arg(format!("-DoutputDirectory={}", half.display())).stdin(std::process::Stdio::null()))?;
    fs::copy(pom(), half.join("pom.xml"))?;
    fs::rename(&half, &folder).with_context(|| format!("move jars to {}", folder.display()))
}

fn pom() -> PathBuf {
    places::workspace().join("tests").join("rig").join("pom.xml")
}

/// Where the rig looks for them, too.
fn folder() -> Result<PathBuf> {
    let text = fs::read_to_string(pom()).with_context(|| format!("read {}", pom().display()))?;
    let version =
        text.split_once("<kafka.version>").and_then(|(_, rest)| rest.split_once("</kafka.version>"));
    let (version, _) = version.context("tests/rig/pom.xml names no kafka.version")?;
    Ok(absolute(&places::rig()).join(format!("jars-{version}")))
}

/// Maven takes a relative path as one inside the pom's folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
