//! A dedicated MirrorMaker 2.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Java, Process, Scratch};
use crate::wait::TIMEOUT;

const HEAP_MB: u32 = 512;

/// The two aliases of a replication flow. Internal topics are named after them, so two flows with aliases of their
/// own share two brokers without meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Alias of the cluster that is copied.
    pub source: String,
    /// Alias of the cluster it is copied to.
    pub target: String,
}

impl fmt::Display for Flow {
    /// `source->target`, as in MM2's own property names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.source, self.target)
    }
}

/// A Java properties file in the making.
#[derive(Clone, Debug, Default)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Sets one property.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// These properties, where `other` does not say otherwise.
    #[must_use]
    pub fn overridden_by(mut self, other: &Self) -> Self {
        self.0.extend(other.0.clone());
        self
    }

    /// These properties, each name behind `prefix` and a dot.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        Self(self.0.iter().map(|(key, value)| (format!("{prefix}.{key}"), value.clone())).collect())
    }

    /// The value of one property.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

impl fmt::Display for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(key, value)| writeln!(f, "{key}={value}"))
    }
}

/// A MirrorMaker 2 process and its properties file.
pub struct Mirror {
    flow: Flow,
    file: PathBuf,
    output: PathBuf,
    java: Java,
    process: Option<Process>,
}

impl Mirror {
    /// MM2's own defaults, made to react within seconds and to live with one broker a side.
    pub fn quick_defaults(flow: &Flow, source: &str, target: &str) -> Properties {
        let one_broker =
            ["", "checkpoints.topic.", "heartbeats.topic.", "offset-syncs.topic.", "offset.storage."];
        let one_broker = one_broker.iter().chain(&["status.storage.", "config.storage."]);
        one_broker
            .fold(Properties::default(), |p, prefix| p.set(format!("{prefix}replication.factor"), "1"))
            .set("clusters", format!("{}, {}", flow.source, flow.target))
            .set(format!("{}.bootstrap.servers", flow.source), source)
            .set(format!("{}.bootstrap.servers", flow.target), target)
            .set(format!("{flow}.enabled"), "true")
            .set(format!("{}->{}.enabled", flow.target, flow.source), "false")
            // heartbeats alone would start a second set of workers for the way back
            .set("emit.heartbeats.enabled", "false")
            .set("emit.checkpoints.interval.seconds", "1")
            .set("refresh.topics.interval.seconds", "2")
            .set("refresh.groups.interval.seconds", "1")
            // a setting of the workers, which take it only under the alias of the cluster they live on
            .set(format!("{}.offset.flush.interval.ms", flow.target), "5000")
    }

    pub(super) fn new(flow: &Flow, properties: &Properties, java: &Java, scratch: &Scratch) -> Result<Self> {
        let folder = scratch.folder(&format!("{}-{}", flow.source, flow.target))?;
        let (file, output) = (folder.join("mm2.properties"), folder.join("output"));
        fs::write(&file, properties.to_string())?;
        Ok(Self { flow: flow.clone(), file, output, java: java.clone(), process: None })
    }

    /// Which flow it copies.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The properties file it runs with; `offsets --mm2-config` reads the same one.
    pub fn properties_file(&self) -> &Path {
        &self.file
    }

    /// Starts it. What it does can be seen only on the clusters: wait for that.
    ///
    /// # Errors
    ///
    /// When the process cannot be started.
    pub fn start(&mut self) -> Result<()> {
        let mut command = self.java.command("org.apache.kafka.connect.mirror.MirrorMaker", HEAP_MB);
        command.arg(&self.file);
        self.process = Some(Process::start(&format!("MirrorMaker 2 {}", self.flow), &command, &self.output)?);
        Ok(())
    }

    /// Kills it (SIGKILL): nothing is flushed.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Stops it as an operator would (SIGTERM), so that it commits its position first.
    ///
    /// # Errors
    ///
    /// When it does not stop.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.stop(TIMEOUT)?;
        Ok(())
    }

    /// Fails if it is not running, with the end of its output.
    ///
    /// # Errors
    ///
    /// See above.
    pub fn assert_running(&mut self) -> Result<()> {
        match &mut self.process {
            Some(process) => process.assert_running(),
            None => bail!("MirrorMaker 2 {} is not running", self.flow),
        }
    }

    /// The last lines of its output.
    pub fn tail(&self) -> String {
        self.process.as_ref().map(Process::tail).unwrap_or_default()
    }
}
