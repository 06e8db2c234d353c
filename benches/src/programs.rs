use std::path::Path;
use std::process::Command;

use anyhow::Result;
use offsets_tests::rig::Rig;

use crate::Toolbox;
use crate::workload::{Brackets, CHECKPOINTS_TOPIC, GROUPS_REGEX, SOURCE, TARGET};

/// What `kafka-run-class.sh` gives the JVM of a command-line tool.
const LAUNCHER_FLAGS: [&str; 7] = [
    "-Xmx256M",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-Djava.awt.headless=true",
];

/// The programs that are measured, each as its users call it, aimed at the two brokers of a rig.
pub struct Programs {
    toolbox: Toolbox,
    source: String,
    target: String,
}

/// Whether a program looks at what it committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBack {
    /// It trusts the broker's answer.
    No,
    /// It reads every position back.
    Yes,
}

impl Programs {
    /// Looks for our own programs and compiles those in Java.
    ///
    /// # Errors
    ///
    /// When one of them is missing or does not compile.
    pub fn prepare(rig: &Rig) -> Result<Self> {
        let ours = ["offsets", "poll-loop", "fetch-brackets", "stopwatch"];
        let toolbox =
            Toolbox::prepare(&ours, rig.java(), rig.scratch(), &["TranslateAll.java", "CommitAll.java"])?;
        Ok(Self { toolbox, source: rig.source.bootstrap(), target: rig.target.bootstrap() })
    }

    /// What they are called with.
    pub fn toolbox(&self) -> &Toolbox {
        &self.toolbox
    }

    /// `offsets translate --all-groups`, in this output format.
    pub fn offsets_translate(&self, format: &str, more: &[&str]) -> Command {
        let mut command = self.toolbox.offsets();
        command.args(["translate", "--source.bootstrap-server", &self.source, "--source.alias", SOURCE]);
        command.args(["--target.bootstrap-server", &self.target, "--target.alias", TARGET]);
        command.args(["--all-groups", "-o", format]).args(more);
        command
    }

    /// `offsets translate` of the group of [`Brackets`], from the syncs and what is read
    /// of the data topics.
    pub fn offsets_probe(&self, more: &[&str]) -> Command {
        let mut command = self.toolbox.offsets();
        command.args(["translate", "--source.bootstrap-server", &self.source, "--source.alias", SOURCE]);
        command.args(["--target.bootstrap-server", &self.target, "--target.alias", TARGET]);
        command.args(["--group", Brackets::GROUP, "--evidence", "syncs,target-scan,source-scan,content"]);
        command.args(["-o", "json"]).args(more);
        command
    }

    /// What fetches the same stretches and does nothing with them.
    pub fn fetch_brackets(&self, spans: &Path) -> Command {
        let mut command = self.toolbox.ours("fetch-brackets");
        command.args([&self.source, &self.target]).arg(spans);
        command
    }

    /// `offsets reset --execute` of the positions in a file: of all groups it names, or of the one that is named here.
    pub fn offsets_reset(&self, file: &Path, group: Option<&str>) -> Command {
        let mut command = self.toolbox.offsets();
        command.args(["reset", "--target.bootstrap-server", &self.target, "--execute", "--from-file"]);
        command.arg(file).args(group.iter().flat_map(|group| ["--group", group]));
        command
    }

    /// `offsets --version`.
    pub fn offsets_version(&self) -> Command {
        let mut command = self.toolbox.offsets();
        command.arg("--version");
        command
    }

    /// A poll loop over the checkpoints topic.
    pub fn poll_loop(&self) -> Command {
        let mut command = self.toolbox.ours("poll-loop");
        command.args([&self.target, CHECKPOINTS_TOPIC]);
        command
    }

    /// `RemoteClusterUtils.translateOffsets`, with the overload that takes all groups in one pass.
    pub fn remote_cluster_utils(&self) -> Command {
        let mut command = self.toolbox.java(&[], "TranslateAll");
        command.args([&self.target, SOURCE, GROUPS_REGEX]);
        command
    }

    /// `kafka-consumer-groups --reset-offsets --execute`. It wants every group of the file named once more.
    pub fn consumer_groups_reset(&self, file: &Path, groups: &[String]) -> Command {
        let mut command = self.consumer_groups();
        command.args(["--bootstrap-server", &self.target, "--reset-offsets", "--execute", "--from-file"]);
        command.arg(file).args(groups.iter().flat_map(|group| ["--group", group]));
        command
    }

    /// `kafka-consumer-groups --version`.
    pub fn consumer_groups_version(&self) -> Command {
        let mut command = self.consumer_groups();
        command.arg("--version");
        command
    }

    /// One Java admin client that commits everything with all requests in flight.
    pub fn admin_client(&self, file: &Path, read_back: ReadBack) -> Command {
        let mode = match read_back {
            ReadBack::No => "commit",
            ReadBack::Yes => "commit-and-check",
        };
        let mut command = self.toolbox.java(&[], "CommitAll");
        command.args([mode, &self.target]).arg(file);
        command
    }

    /// Asks Kafka's own client whether every group is where a file says.
    ///
    /// # Errors
    ///
    /// When one is not; the message names it.
    pub fn check_committed(&self, file: &Path) -> Result<()> {
        let mut command = self.toolbox.java(&["-XX:TieredStopAtLevel=1"], "CommitAll");
        Toolbox::run(command.args(["check", &self.target]).arg(file))
    }

    fn consumer_groups(&self) -> Command {
        self.toolbox.java(&LAUNCHER_FLAGS, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand")
    }
}
