//! Kafka brokers, and the controller (KRaft) beside those of one cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::{Java, Process, Scratch, ports};
use crate::wait::{self, TIMEOUT};

const HEAP_MB: u32 = 512;
const CONTROLLER_HEAP_MB: u32 = 128;
const CONTROLLER_ID: u32 = 100;

/// Names that a broker knows. No user has a right to begin with; anonymous ones have all of them.
pub const USERS: [&str; 16] = [
    "ann", "ben", "cleo", "dan", "eve", "finn", "gus", "hal", "ida", "jan", "kim", "leo", "mia", "ned",
    "ola", "pat",
];

/// What decides on rights, in broker and controller alike.
const AUTHORISER: &str = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
";

/// A broker on 127.0.0.1. Its port and its data stay the same over kills and restarts.
///
/// The controller is a process of its own and is never killed, as another broker's would not be.
///
/// Topics are never created by being named; compaction and retention run within a second of being due.
pub struct Broker {
    name: &'static str,
    port: u16,
    port_of_users: u16,
    properties: PathBuf,
    output: PathBuf,
    java: Java,
    process: Option<Process>,
    _controller: Arc<Process>,
}

/// A broker that stands still until this is dropped.
pub struct StandingStill<'b>(&'b Process);

impl Drop for StandingStill<'_> {
    fn drop(&mut self) {
        // a broker that cannot be woken fails whatever comes next
        self.0.wake().ok();
    }
}

/// What brokers of one cluster have in common.
pub(super) struct Controller {
    port: u16,
    process: Arc<Process>,
    cluster_id: String,
    /// How many replicas a topic has that does not say.
    replicas: usize,
}

impl Controller {
    /// Formats a data folder and starts the controller of a cluster with this number of brokers.
    pub(super) fn launch(
        cluster: &'static str,
        brokers: usize,
        java: &Java,
        scratch: &Scratch,
    ) -> Result<Self> {
        let folder = scratch.folder(cluster)?.join("controller");
        fs::create_dir_all(&folder)?;
        let port = ports::free()?;
        // a cluster id is 16 bytes in base64
        let cluster_id = format!("{cluster}AAAAAAAAAAAAAAAA").chars().take(22).collect::<String>();
        let properties = folder.join("controller.properties");
        fs::write(&properties, controller_properties(port, brokers, &folder.join("data")))?;
        format(&cluster_id, java, &properties)?;
        let mut command = java.command("kafka.Kafka", CONTROLLER_HEAP_MB);
        command.arg(&properties);
        let process = Process::start(&format!("{cluster}'s controller"), &command, &folder.join("output"))?;
        Ok(Self { port, process: Arc::new(process), cluster_id, replicas: brokers })
    }
}

impl Broker {
    /// Formats a data folder and starts the broker on it, without waiting until it answers.
    pub(super) fn launch(
        name: &'static str,
        id: u32,
        controller: &Controller,
        java: &Java,
        scratch: &Scratch,
    ) -> Result<Self> {
        let folder = scratch.folder(name)?;
        let (port, port_of_users) = (ports::free()?, ports::free()?);
        let properties = folder.join("server.properties");
        let text = server_properties(id, [port, port_of_users], controller, &folder.join("data"));
        fs::write(&properties, text)?;
        format(&controller.cluster_id, java, &properties)?;
        let mut broker = Self {
            name,
            port,
            port_of_users,
            properties,
            output: folder.join("output"),
            java: java.clone(),
            process: None,
            _controller: Arc::clone(&controller.process),
        };
        broker.spawn()?;
        Ok(broker)
    }

    /// `host:port`, as in `bootstrap.servers`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The same for those who say who they are, and may do what they were [granted](crate::kafka::grant): [`USERS`], by
    /// SASL/PLAIN without TLS, each with its name as its password.
    pub fn bootstrap_of_users(&self) -> String {
        format!("127.0.0.1:{}", self.port_of_users)
    }

    /// Its process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Lets it stand still (SIGSTOP) for as long as what this gives is held: its connections stay open, and nothing is answered.
    ///
    /// # Errors
    ///
    /// When it does not run, or no signal can be sent.
    pub fn standing_still(&self) -> Result<StandingStill<'_>> {
        let Some(process) = &self.process else { bail!("{} is not running", self.name) };
        process.sleep()?;
        Ok(StandingStill(process))
    }

    /// Kills it (SIGKILL), as a power cut would.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Starts it again after [`Broker::kill`], and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<()> {
        self.kill()?;
        self.spawn()?;
        self.await_ready()
    }

    /// Starts it again if it is not running.
    pub(super) fn revive(&mut self) -> Result<()> {
        let running = self.process.as_mut().is_some_and(|process| process.assert_running().is_ok());
        if running { Ok(()) } else { self.restart() }
    }

    /// Waits until the broker answers a metadata request.
    pub(super) fn await_ready(&mut self) -> Result<()> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.bootstrap())
            .set("reconnect.backoff.max.ms", "200")
            .set("log_level", "0")
            .create()?;
        let Some(process) = &mut self.process else { bail!("{} is not running", self.name) };
        wait::until(&format!("broker {}", self.name), TIMEOUT, || {
            process.assert_running()?;
            let metadata = client.fetch_metadata(None, Duration::from_millis(500));
            Ok(metadata.ok().filter(|metadata| !metadata.brokers().is_empty()).map(drop))
        })
        .with_context(|| process.tail())
    }

    fn spawn(&mut self) -> Result<()> {
        let mut command: Command = self.java.command("kafka.Kafka", HEAP_MB);
        command.arg(&self.properties);
        self.process = Some(Process::start(self.name, &command, &self.output)?);
        Ok(())
    }
}

/// Formats the data folder that these properties name.
fn format(cluster_id: &str, java: &Java, properties: &Path) -> Result<()> {
    let mut command = java.command("kafka.tools.StorageTool", 128);
    let output = command.args(["format", "-t", cluster_id, "-c"]).arg(properties).output()?;
    if !output.status.success() {
        bail!("kafka.tools.StorageTool failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn controller_properties(port: u16, replicas: usize, data: &Path) -> String {
    let data = data.to_string_lossy();
    let session = if replicas > 1 { 6_000 } else { 12_000 };
    format!(
        "process.roles=controller
node.id={CONTROLLER_ID}
controller.quorum.voters={CONTROLLER_ID}@127.0.0.1:{port}
listeners=CONTROLLER://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={data}

default.replication.factor={replicas}
{AUTHORISER}
# a broker that was killed comes back as soon as it can; one without another is not to be taken for dead while it only stands still
broker.session.timeout.ms={session}
"
    )
}

fn server_properties(id: u32, ports: [u16; 2], controller: &Controller, data: &Path) -> String {
    let Controller { port: controller_port, replicas, .. } = controller;
    let listeners = format!("PLAINTEXT://127.0.0.1:{},USERS://127.0.0.1:{}", ports[0], ports[1]);
    let users: String = USERS.map(|user| format!(" user_{user}=\"{user}\"")).concat();
    let data = data.to_string_lossy();
    format!(
        "process.roles=broker
node.id={id}
controller.quorum.voters={CONTROLLER_ID}@127.0.0.1:{controller_port}
listeners={listeners}
advertised.listeners={listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}

sasl.enabled.mechanisms=PLAIN
listener.name.users.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required{users};
{AUTHORISER}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=5
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false

# compaction and retention within seconds
log.initial.task.delay.ms=500
log.cleaner.backoff.ms=500
log.cleaner.dedupe.buffer.size=16777216
log.retention.check.interval.ms=1000
"
    )
}
