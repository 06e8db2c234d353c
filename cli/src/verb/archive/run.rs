use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use offsets_core::link::{OffsetMapping, Side};
use offsets_store::{Archive, Limits};

use super::super::session::{Session, tell_damages};
use super::fingerprints::DataTopics;
use super::health::{Health, What, listen};
use super::recording::{Recording, Trouble};
use super::side::ClusterSide;
use super::stop::Stop;
use crate::args::{LinkArgs, OutputArgs, RunArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::link::Clusters;

/// How often the limits are looked at.
const EXPIRY: Duration = Duration::from_secs(60);

/// `offsets archive run`.
pub(super) fn run(link: &LinkArgs, output: &OutputArgs, args: &RunArgs) -> Result<Exit, Failure> {
    let session = Session::open(link, output)?;
    let Clusters { link: name, source, target } = session.clusters()?;
    let mut archive = Archive::open_or_create(&args.dir)?;
    archive.record(name)?;
    tell_damages(&archive, session.remarks());
    let (archive, health) = (Mutex::new(archive), Health::of(&name.name()));
    let recording = Recording::new(name, &archive, &health, !session.is_demo(), session.remarks());
    let patience = if args.once { link.timeout } else { link.source_timeout };
    let both = Both {
        source: (!link.source_dead).then(|| ClusterSide::new(Side::Source, source, patience)),
        target: ClusterSide::new(Side::Target, target, patience),
        limits: Limits { age: args.expire_after, bytes: args.max_bytes },
        topics: args.fingerprints.map(DataTopics::new),
    };
    if args.once { both.once(&recording) } else { both.keep_on(&recording, args) }
}

/// What is recorded from, and what may be kept.
struct Both<'a> {
    /// `None` when it is said to be dead.
    source: Option<ClusterSide<'a>>,
    target: ClusterSide<'a>,
    limits: Limits,
    /// The data topics, where fingerprints of their records are kept.
    topics: Option<DataTopics>,
}

impl Both<'_> {
    /// One round: the commits, which a disaster takes, before all that survives it.
    fn once(&self, recording: &Recording<'_>) -> Result<Exit, Failure> {
        let commits = self.source.as_ref().map_or(Ok(()), |source| recording.look_at_commits(source));
        let syncs = self.read(recording, What::Syncs);
        let checkpoints = match self.read(recording, What::Checkpoints) {
            // A link may run without the checkpoint connector.
            Err(trouble) if trouble.is_unknown_topic() => {
                recording.tell(What::Checkpoints, &Err(trouble));
                Ok(())
            }
            outcome => outcome,
        };
        let fingerprints = self.keep_fingerprints(recording, || true);
        let expiry = recording.expire(&self.limits);
        // What succeeded is recorded, whatever did not.
        [commits, syncs, checkpoints, fingerprints, expiry]
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(Trouble::into_failure)?;
        recording.summarise()?;
        Ok(Exit::Done)
    }

    /// Round after round, until it is said to stop or nothing will ever succeed.
    fn keep_on(&self, recording: &Recording<'_>, args: &RunArgs) -> Result<Exit, Failure> {
        let stop = Stop::on_signals()?;
        let server = args.metrics_listen.map(listen).transpose()?;
        if let Some(address) = server.as_ref().and_then(|server| server.server_addr().to_ip()) {
            recording.remark(format!("metrics: http://{address}/metrics"));
        }
        let hopeless = Mutex::new(None);
        let settle = |what, outcome: Result<(), Trouble>| {
            recording.tell(what, &outcome);
            if let Some(trouble) =
                outcome.err().filter(|trouble| trouble.is_final && !recording.health.has_recorded(what))
            {
                *hopeless.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(trouble);
                stop.say();
            }
        };
        thread::scope(|scope| {
            if let Some(server) = &server {
                scope.spawn(|| recording.health.serve(server, &stop));
            }
            if let Some(source) = &self.source {
                scope.spawn(|| {
                    rounds(args.interval, &stop, || settle(What::Commits, recording.look_at_commits(source)));
                });
            }
            if self.topics.is_some() {
                scope.spawn(|| {
                    rounds(args.interval, &stop, || {
                        settle(What::Fingerprints, self.keep_fingerprints(recording, || !stop.is_said()));
                    });
                });
            }
            let mut looked: Option<Instant> = None;
            rounds(args.interval, &stop, || {
                settle(What::Syncs, self.read(recording, What::Syncs));
                settle(What::Checkpoints, self.read(recording, What::Checkpoints));
                if looked.is_none_or(|at| at.elapsed() >= EXPIRY) {
                    looked = Some(Instant::now());
                    if let Err(trouble) = recording.expire(&self.limits) {
                        recording.remark(format!("expiry: {}", trouble.into_failure()));
                    }
                }
            });
        });
        let hopeless = hopeless.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        match hopeless {
            Some(trouble) => Err(trouble.into_failure()),
            None => {
                recording.summarise()?;
                Ok(Exit::Done)
            }
        }
    }

    /// Reads on in the data topics of the source, if that is wanted and it is not said to be dead.
    fn keep_fingerprints(&self, recording: &Recording<'_>, go_on: impl Fn() -> bool) -> Result<(), Trouble> {
        match (&self.topics, &self.source) {
            (Some(topics), Some(source)) => {
                recording.keep_fingerprints(topics, [source, &self.target], go_on)
            }
            _ => Ok(()),
        }
    }

    /// Reads on in a topic, if the cluster that holds it is not said to be dead.
    fn read(&self, recording: &Recording<'_>, what: What) -> Result<(), Trouble> {
        // On other links nobody writes these topics.
        if recording.link.mapping != OffsetMapping::Noted {
            return Ok(());
        }
        let on_source = what == What::Syncs && recording.link.syncs_topic().0 == Side::Source;
        let side = if on_source { self.source.as_ref() } else { Some(&self.target) };
        side.map_or(Ok(()), |side| recording.read_topic(what, side))
    }
}

/// Does something every `interval`, or as often as it can be done, until it is said to stop.
fn rounds(interval: Duration, stop: &Stop, mut round: impl FnMut()) {
    loop {
        let began = Instant::now();
        round();
        if stop.wait(interval.saturating_sub(began.elapsed())) {
            return;
        }
    }
}
