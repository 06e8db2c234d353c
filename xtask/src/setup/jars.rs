//! Kafka's jars, copied by Maven as a `pom.xml` lists them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::apt::Apt;
use crate::command::{answer, run};
use crate::places;

/// The jars that one pom lists. All are of the Kafka version that the rig's pom says.
pub(super) struct JarFolder {
    /// Where the pom is, in the workspace.
    pom: &'static str,
    /// What the folder is called before its version.
    name: &'static str,
}

/// What the rig runs.
pub(super) const RIG: JarFolder = JarFolder { pom: "tests/rig/pom.xml", name: "jars" };

/// What Kafka Streams is run from.
pub(super) const STREAMS: JarFolder = JarFolder { pom: "benches/java/pom.xml", name: "streams-jars" };

impl JarFolder {
    /// The jars are those of this very pom, not of an earlier one.
    pub(super) fn find(&self) -> Option<String> {
        let folder = self.folder().ok()?;
        let copied = fs::read(folder.join("pom.xml")).ok()?;
        (copied == fs::read(self.pom()).ok()?).then(|| folder.display().to_string())
    }

    /// Copies them beside their place, then moves them there: an interrupted copy is never taken for a whole one.
    pub(super) fn get(&self, apt: &mut Apt) -> Result<()> {
        if answer("mvn", &["--version"]).is_none() {
            apt.install(&["maven"])?;
        }
        let folder = self.folder()?;
        let half = folder.with_file_name(format!("{}.part", self.name));
        for stale in [&folder, &half] {
            if stale.exists() {
                fs::remove_dir_all(stale).with_context(|| format!("remove {}", stale.display()))?;
            }
        }
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]);
        maven.arg(format!("-Dkafka.version={}", version()?)).arg("-f").arg(self.pom());
        run(maven.arg(format!("-DoutputDirectory={}", half.display())).stdin(std::process::Stdio::null()))?;
        fs::copy(self.pom(), half.join("pom.xml"))?;
        fs::rename(&half, &folder).with_context(|| format!("move jars to {}", folder.display()))
    }

    fn pom(&self) -> PathBuf {
        places::workspace().join(self.pom)
    }

    /// Where the rig looks for them, too.
    fn folder(&self) -> Result<PathBuf> {
        Ok(absolute(&places::rig()).join(format!("{}-{}", self.name, version()?)))
    }
}

/// Kafka's, which the rig's pom says.
fn version() -> Result<String> {
    let pom = RIG.pom();
    let text = fs::read_to_string(&pom).with_context(|| format!("read {}", pom.display()))?;
    let version =
        text.split_once("<kafka.version>").and_then(|(_, rest)| rest.split_once("</kafka.version>"));
    let (version, _) = version.with_context(|| format!("{} names no kafka.version", pom.display()))?;
    Ok(version.to_owned())
}

/// Maven takes a relative path as one inside the pom's folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
