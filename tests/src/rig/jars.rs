//! Where Kafka's jars are.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The project's own list of jars; its version is the version the rig runs.
const POM: &str = include_str!("../../rig/pom.xml");

/// A folder with the jars of one Kafka version.
#[derive(Clone, Debug)]
pub struct Jars {
    folder: PathBuf,
}

impl Jars {
    /// The jars that `cargo xtask setup` copied.
    ///
    /// # Errors
    ///
    /// When they are not there.
    pub fn locate() -> Result<Self> {
        Self::find("jars", "cargo xtask setup")
    }

    /// The jars of Kafka Streams that `cargo xtask bench streams` copied.
    ///
    /// # Errors
    ///
    /// When they are not there.
    pub fn locate_streams() -> Result<Self> {
        Self::find("streams-jars", "cargo xtask bench streams")
    }

    fn find(name: &str, command: &str) -> Result<Self> {
        let folder = workspace_target().join("rig").join(format!("{name}-{}", Self::version()));
        if !folder.is_dir() {
            bail!("no Kafka jars in {}: run `{command}`", folder.display());
        }
        Ok(Self { folder })
    }

    /// The Kafka version of the jars.
    pub fn version() -> &'static str {
        let rest = POM.split_once("<kafka.version>").map_or("", |(_, rest)| rest);
        rest.split_once("</kafka.version>").map_or("", |(version, _)| version)
    }

    /// All of them, as Java's class path.
    pub fn class_path(&self) -> String {
        format!("{}/*", self.folder.display())
    }
}

/// Cargo's target folder of this workspace.
pub fn workspace_target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace.join(folder),
        None => workspace.join("target"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_the_pom_asks_for() {
        let version = Jars::version();
        assert_eq!(version.split('.').count(), 3, "{version}");
        assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    }
}
