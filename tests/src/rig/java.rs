//! Running Java programs by class.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::Jars;

/// Flags that keep two brokers and a MirrorMaker 2 comfortable on two cores.
const FRUGAL: [&str; 3] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/// A Java runtime and the class path it runs Kafka's programs from.
#[derive(Clone, Debug)]
pub struct Java {
    program: PathBuf,
    jars: Jars,
}

impl Java {
    /// Takes the runtime of `JAVA_HOME`, else the one on the path.
    ///
    /// # Errors
    ///
    /// When neither runs.
    pub fn new(jars: Jars) -> Result<Self> {
        let program = match std::env::var_os("JAVA_HOME") {
            Some(home) => PathBuf::from(home).join("bin").join("java"),
            None => PathBuf::from("java"),
        };
        match Command::new(&program).arg("-version").output() {
            Ok(output) if output.status.success() => Ok(Self { program, jars }),
            _ => bail!("no Java runtime ({} does not run): run `cargo xtask setup`", program.display()),
        }
    }

    /// The `java` program, without flags.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// All jars, as Java's class path.
    pub fn class_path(&self) -> String {
        self.jars.class_path()
    }

    /// The command that runs the `main` of `class` with at most `heap_mb` megabytes of heap.
    pub fn command(&self, class: &str, heap_mb: u32) -> Command {
        let mut command = Command::new(&self.program);
        command.args(FRUGAL).arg(format!("-Xmx{heap_mb}m"));
        command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn").arg("-Djava.awt.headless=true");
        command.arg("-cp").arg(self.class_path()).arg(class);
        command
    }
}
