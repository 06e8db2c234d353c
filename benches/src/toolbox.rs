use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use offsets_tests::rig::{Java, Scratch};

/// Our own programs as they were built, and those of `benches/java`.
pub struct Toolbox {
    built: PathBuf,
    home: PathBuf,
    java: Java,
    classes: PathBuf,
}

impl Toolbox {
    /// Takes our own programs from the folder this one was built in, and compiles the Java ones, for the class path of `java`.
    ///
    /// # Errors
    ///
    /// When one of them is missing or does not compile.
    pub fn prepare(ours: &[&str], java: &Java, scratch: &Scratch, sources: &[&str]) -> Result<Self> {
        let this = std::env::current_exe()?;
        let built = this.parent().context("this program is in no folder")?.to_owned();
        for program in ours {
            ensure!(
                built.join(program).is_file(),
                "no {program} beside this program: run `cargo xtask bench`"
            );
        }
        let toolbox = Self {
            built,
            home: scratch.folder("home")?,
            java: java.clone(),
            classes: scratch.folder("classes")?,
        };
        toolbox.compile(sources)?;
        Ok(toolbox)
    }

    /// One of our programs.
    pub fn ours(&self, program: &str) -> Command {
        Command::new(self.built.join(program))
    }

    /// The program that holds the stopwatch.
    pub fn stopwatch(&self) -> PathBuf {
        self.built.join("stopwatch")
    }

    /// `offsets`, which neither reads nor writes anybody's settings; undo files land where the rig cleans up.
    pub fn offsets(&self) -> Command {
        let mut command = self.ours("offsets");
        command.current_dir(&self.home).env("HOME", &self.home).env_remove("OFFSETS_CONFIG");
        command.env_remove("XDG_CONFIG_HOME");
        command
    }

    /// A class, ours or Kafka's, run with flags for the JVM.
    pub fn java(&self, flags: &[&str], class: &str) -> Command {
        let mut command = Command::new(self.java.program());
        command.args(flags).arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
        command.arg("-cp").arg(format!("{}:{}", self.classes.display(), self.java.class_path())).arg(class);
        command
    }

    /// What the Java programs run on.
    ///
    /// # Errors
    ///
    /// When it does not say.
    pub fn java_version(&self) -> Result<String> {
        let output = Command::new(self.java.program()).arg("-version").output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Runs a command that is not measured.
    ///
    /// # Errors
    ///
    /// When it fails; the message holds what it said.
    pub fn run(command: &mut Command) -> Result<()> {
        let program = command.get_program().to_owned();
        let output = command.output().with_context(|| format!("run {}", program.display()))?;
        if !output.status.success() {
            bail!("{}: {}\n{}", program.display(), output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn compile(&self, sources: &[&str]) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
        let mut javac = Command::new(self.java.program().with_file_name("javac"));
        javac.arg("-cp").arg(self.java.class_path()).arg("-d").arg(&self.classes);
        Self::run(javac.args(sources.iter().map(|name| folder.join(name))))
    }
}
