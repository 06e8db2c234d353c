//! Two brokers on loopback, `source` and `target`, each a Kafka cluster of its own, and the place their files live in; and,
//! for those who want to kill brokers in the midst of transactions, a cluster of two.

mod broker;
mod jars;
mod java;
mod mirror;
mod pair;
mod ports;
mod process;
mod scratch;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Result, anyhow};

use broker::Controller;
pub use broker::{Broker, USERS};
pub use jars::{Jars, workspace_target};
pub use java::Java;
pub use mirror::{Flow, Mirror, Properties};
pub use pair::Pair;
pub use process::Process;
pub use scratch::Scratch;

/// Two running brokers.
///
/// Dropping it kills both and removes their files. If the process that owns it dies without dropping anything, the
/// brokers die with it ([`Process`]) and the files are removed a moment later ([`Scratch`]).
pub struct Rig {
    /// Where groups come from.
    pub source: Broker,
    /// Where they go.
    pub target: Broker,
    java: Java,
    scratch: Scratch,
}

impl Rig {
    /// Starts both brokers and waits until they answer: about 8 s on two cores.
    ///
    /// # Errors
    ///
    /// When there is no Java or no jars (the message says how to get them), or a broker does not come up (the
    /// message holds the end of its output).
    pub fn start() -> Result<Self> {
        let java = Java::new(Jars::locate()?)?;
        let scratch = Scratch::new()?;
        // all boot at once: most of a start is one thread loading classes
        let alone = |name| {
            let controller = Controller::launch(name, 1, &java, &scratch)?;
            Broker::launch(name, 1, &controller, &java, &scratch)
        };
        let (mut source, mut target) = (alone("source")?, alone("target")?);
        source.await_ready()?;
        target.await_ready()?;
        Ok(Self { source, target, java, scratch })
    }

    /// The one rig of this process, for as long as the guard lives.
    ///
    /// Tests take turns on it: waiting here is waiting for another test to end. A broker that the last test left
    /// dead is started again.
    ///
    /// # Errors
    ///
    /// Like [`Rig::start`]; a rig that failed to start once is not tried again.
    pub fn shared() -> Result<MutexGuard<'static, Self>> {
        static SHARED: OnceLock<Result<Mutex<Rig>>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start().map(Mutex::new)).as_ref();
        let shared = shared.map_err(|e| anyhow!("the rig did not start: {e:#}"))?;
        // a test that failed while it held the rig has spoilt its own topics, nothing else
        let mut rig = shared.lock().unwrap_or_else(PoisonError::into_inner);
        rig.source.revive()?;
        rig.target.revive()?;
        Ok(rig)
    }

    /// How to run Kafka's Java programs.
    pub fn java(&self) -> &Java {
        &self.java
    }

    /// Where this rig's files live.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// A MirrorMaker 2 for `flow` between the two brokers, not started yet.
    ///
    /// # Errors
    ///
    /// When its properties file cannot be written.
    pub fn mirror(&self, flow: &Flow, properties: &Properties) -> Result<Mirror> {
        let defaults = Mirror::quick_defaults(flow, &self.source.bootstrap(), &self.target.bootstrap());
        Mirror::new(flow, &defaults.overridden_by(properties), &self.java, &self.scratch)
    }
}
