use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use offsets_core::link::LinkName;
use offsets_kafka::Stop;
use offsets_service::ArchiveServer;
use offsets_store::{Archive, Limits};

use super::super::session::{Session, report_damages};
use super::health::{Metrics, StreamKind};
use super::link_watch::LinkWatch;
use super::recording::{RecordFailure, Recording};
use crate::args::{LinkArgs, OutputArgs, RunArgs};
use crate::clock;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::link::Clusters;
use crate::print::Reporter;
use crate::recorder::refused;
use crate::service::{monitor, stop_on_signals};

/// How often the limits are looked at.
const EXPIRY: Duration = Duration::from_secs(60);

/// `offsets archive run`.
pub(super) fn run(link: &LinkArgs, output: &OutputArgs, args: &RunArgs) -> Result<Exit, Failure> {
    let sessions = Session::open_each(link, output, args.all_links)?;
    let clusters: Vec<&Clusters> = sessions.iter().map(Session::clusters).collect::<Result<_, _>>()?;
    check_distinct(&clusters)?;
    let reporter = Reporter::new(output);
    let mut archive = Archive::open_or_create(&args.dir).map_err(|error| refused(&args.dir, error))?;
    for clusters in &clusters {
        archive.record(&clusters.link)?;
    }
    report_damages(&archive, reporter);
    let (archive, metrics) = (Arc::new(Mutex::new(archive)), Arc::new(Metrics::new()));
    let stop = if args.once { Stop::default() } else { stop_on_signals()? };
    let watches = sessions.iter().zip(clusters).map(|(session, clusters)| {
        let recording = Recording {
            link: &clusters.link,
            archive: &archive,
            health: metrics.of(&clusters.link.name()),
            checks_ids: !session.is_demo(),
            is_named: sessions.len() > 1,
            reporter,
        };
        LinkWatch::new(clusters, recording, link, args, &stop)
    });
    let recording_loop = RecordingLoop {
        watches: watches.collect(),
        archive: &archive,
        metrics: &metrics,
        limits: Limits { age: args.expire_after, bytes: args.max_bytes },
        reporter,
    };
    // Recording goes on where it cannot be served.
    let _server = ArchiveServer::open(&args.dir, Arc::clone(&archive)).map_err(|error| {
        reporter.warn(format!("the archive cannot be read while it is recorded: {error}"));
    });
    if args.once {
        return recording_loop.once();
    }
    recording_loop.begin(&args.dir);
    reporter.ended(recording_loop.run_until_stopped(args, &stop))
}

/// Two ways to one link would be recorded into one another.
fn check_distinct(clusters: &[&Clusters]) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    for name in clusters.iter().map(|clusters| clusters.link.name()) {
        if !names.insert(name.to_string()) {
            return Err(Failure::usage(format!("link {name} is named twice")).remedy("name each link once"));
        }
    }
    Ok(())
}

/// The links that are recorded, and what may be kept of them.
struct RecordingLoop<'a> {
    watches: Vec<LinkWatch<'a>>,
    archive: &'a Mutex<Archive>,
    metrics: &'a Arc<Metrics>,
    limits: Limits,
    reporter: Reporter,
}

impl RecordingLoop<'_> {
    /// One round: of every link the commits, which a disaster takes, before all that survives it.
    fn once(&self) -> Result<Exit, Failure> {
        let mut outcomes: Vec<_> = self.watches.iter().map(|watch| (watch, watch.commits())).collect();
        for watch in &self.watches {
            let syncs = watch.topic(StreamKind::Syncs);
            outcomes
                .push((watch, syncs.map_err(|failure| watch.recording.awaiting(StreamKind::Syncs, failure))));
            let checkpoints = match watch.topic(StreamKind::Checkpoints) {
                // A link may run without the checkpoint connector.
                Err(failure) if failure.is_unknown_topic() => {
                    watch.recording.report(StreamKind::Checkpoints, &Err(failure));
                    Ok(())
                }
                outcome => outcome,
            };
            outcomes.push((watch, checkpoints));
            outcomes.push((watch, watch.fingerprints(|| true)));
        }
        let expiry = self.expire();
        // What succeeded is recorded, whatever did not. The first of several failures gives the exit code.
        let failed = outcomes.into_iter().filter_map(|(watch, outcome)| {
            let failure = outcome.err()?.into_failure();
            Some(if self.watches.len() > 1 { failure.of_link(&watch.recording.link.name()) } else { failure })
        });
        // A cluster that does not answer fails all that is read of it, in the same words.
        let mut told = BTreeSet::new();
        let mut failures = failed.filter(|failure| told.insert(failure.to_string()));
        let first = failures.next();
        failures.for_each(|failure| self.reporter.failure(&failure));
        first.map_or(Ok(()), Err).and(expiry)?;
        self.summarise()
    }

    /// Says what is recorded, and what of it there is already.
    fn begin(&self, folder: &Path) {
        let (version, folder, process) = (env!("CARGO_PKG_VERSION"), folder.display(), std::process::id());
        self.reporter.info(format!("offsets {version} records into {folder} (process {process})"));
        self.watches.iter().for_each(|watch| watch.recording.begin());
    }

    /// Round after round, until it is said to stop or nothing of any link will ever succeed.
    fn run_until_stopped(&self, args: &RunArgs, stop: &Stop) -> Result<Exit, Failure> {
        let serve = |address| monitor(address, Arc::<Metrics>::clone(self.metrics), self.reporter);
        let _server = args.metrics_listen.map(serve).transpose()?;
        let give_up =
            GiveUp { links: self.watches.len(), given_up: Mutex::default(), broken: Mutex::default(), stop };
        thread::scope(|scope| {
            let give_up = &give_up;
            for watch in &self.watches {
                scope.spawn(move || {
                    repeat(args.interval, stop, || {
                        give_up.on_outcome(watch, StreamKind::Commits, watch.commits())
                    });
                });
                if watch.keeps_fingerprints() {
                    scope.spawn(move || {
                        repeat(args.interval, stop, || {
                            let kept = watch.fingerprints(|| !stop.is_requested());
                            give_up.on_outcome(watch, StreamKind::Fingerprints, kept);
                        });
                    });
                }
                scope.spawn(move || {
                    repeat(args.interval, stop, || {
                        for what in [StreamKind::Syncs, StreamKind::Checkpoints] {
                            if stop.is_requested() {
                                return;
                            }
                            give_up.on_outcome(watch, what, watch.topic(what));
                        }
                    });
                });
            }
            repeat(EXPIRY, stop, || {
                if let Err(failure) = self.expire() {
                    self.reporter.failure(&failure.doing("expiry"));
                }
            });
        });
        match give_up.into_first() {
            Some(failure) => Err(failure),
            None => self.summarise(),
        }
    }

    /// Removes what is beyond the limits.
    fn expire(&self) -> Result<(), Failure> {
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let expired = archive.expire(&self.limits, clock::now())?;
        if expired.segments > 0 {
            self.reporter.debug(format!("archive: {} segments expired", expired.segments));
        }
        self.metrics.expired(expired);
        Ok(())
    }

    fn summarise(&self) -> Result<Exit, Failure> {
        self.watches.iter().try_for_each(|watch| watch.recording.summarise())?;
        Ok(Exit::Done)
    }
}

/// Why recording ends by itself: the archive takes nothing more, as on a full disk; or of no link anything will ever be
/// recorded, for wrong credentials, or as it is another cluster than the one that was archived. While there are other links
/// such a one is tried again all the same.
struct GiveUp<'a> {
    links: usize,
    given_up: Mutex<Vec<(LinkName, Failure)>>,
    /// Why the archive takes nothing more.
    broken: Mutex<Option<Failure>>,
    stop: &'a Stop,
}

impl GiveUp<'_> {
    fn on_outcome(&self, watch: &LinkWatch<'_>, what: StreamKind, outcome: Result<(), RecordFailure>) {
        let recording = &watch.recording;
        if outcome.as_ref().is_err_and(|failure| failure.is_fatal) {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            *broken = outcome.err().map(RecordFailure::into_failure);
            self.stop.request();
            return;
        }
        // What a stop cut short is no failure.
        if outcome.is_err() && self.stop.is_requested() {
            return;
        }
        recording.report(what, &outcome);
        let is_final = |failure: &RecordFailure| failure.is_final && !recording.health.has_recorded(what);
        let Some(failure) = outcome.err().filter(is_final) else { return };
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        let link = recording.link.name();
        if given_up.iter().all(|(known, _)| *known != link) {
            given_up.push((link, failure.into_failure()));
        }
        if given_up.len() == self.links {
            self.stop.request();
        }
    }

    /// Why the first was given up, if every link was.
    fn into_first(self) -> Option<Failure> {
        if let Some(broken) = self.broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Some(broken);
        }
        let given_up = self.given_up.into_inner().unwrap_or_else(PoisonError::into_inner);
        (given_up.len() == self.links)
            .then(|| given_up.into_iter().next().map(|(_, failure)| failure))
            .flatten()
    }
}

/// Does something every `interval`, or as often as it can be done, until it is said to stop.
fn repeat(interval: Duration, stop: &Stop, mut task: impl FnMut()) {
    loop {
        let began = clock::instant();
        task();
        if stop.wait(interval.saturating_sub(began.elapsed())) {
            return;
        }
    }
}
