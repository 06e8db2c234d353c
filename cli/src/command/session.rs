use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use offsets_core::evidence::{ArchivedEvidence, Evidence, SourceState, WithArchive};
use offsets_core::link::{Link, Side};
use offsets_core::model::{GroupId, GroupKind};
use offsets_core::translate::{Selection, Translation, Translator};
use offsets_kafka::demo::DemoLink;
use offsets_kafka::{Cluster, Deadline, Endpoint, LinkedClusters, SourceAccess};
use offsets_store::{Archive, ArchivedFingerprints};

use crate::args::{EvidenceArgs, LinkArgs, OutputArgs, SeedArgs};
use crate::clock;
use crate::failure::Failure;
use crate::link::{self, Clusters, Origin};
use crate::print::{ConnectionReporter, ProgressBars, Reporter};
use crate::recorder::open_to_read;

/// What a verb works with: a link that was found, and clusters where there are any.
pub(super) struct Session {
    origin: SessionOrigin,
    reporter: Reporter,
    deadline: Deadline,
}

enum SessionOrigin {
    Dump(Box<Evidence>),
    Clusters(Box<Clusters>),
    Demo {
        clusters: Box<Clusters>,
        /// Its brokers run for as long as this lives.
        _running: Box<DemoLink>,
    },
}

/// What a verb needs of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceNeed {
    /// It only reads: what survives on the target will do.
    Wanted,
    /// It changes a group: a source that does not answer is not taken for dead.
    Required,
}

impl Session {
    /// Finds the link and, for the demo, starts its clusters.
    pub(super) fn open(args: &LinkArgs, output: &OutputArgs) -> Result<Self, Failure> {
        Self::start(link::resolve(args)?, args, output)
    }

    /// The same for every link that is named, or with `all` for every one there is.
    pub(super) fn open_each(args: &LinkArgs, output: &OutputArgs, all: bool) -> Result<Vec<Self>, Failure> {
        link::resolve_each(args, all)?.into_iter().map(|origin| Self::start(origin, args, output)).collect()
    }

    fn start(origin: Origin, args: &LinkArgs, output: &OutputArgs) -> Result<Self, Failure> {
        let reporter = Reporter::new(output);
        let deadline = Deadline::after(args.timeout);
        let origin = match origin {
            Origin::Dump(evidence) => SessionOrigin::Dump(evidence),
            Origin::Clusters(clusters) => {
                clusters.notices.iter().for_each(|notice| reporter.info(notice));
                let waiting = ConnectionReporter::new(reporter, args);
                let Clusters { link, source, target, notices } = *clusters;
                let of_source =
                    |source: Endpoint| source.contacted(waiting.contact(args, Some(Side::Source)));
                let target = target.contacted(waiting.contact(args, Some(Side::Target)));
                let source = source.map(of_source);
                SessionOrigin::Clusters(Box::new(Clusters { link, source, target, notices }))
            }
            Origin::Demo => {
                let demo = DemoLink::start(clock::now())?;
                reporter.info("demo: two clusters embedded in this process; nothing else is read or changed");
                let clusters = Clusters {
                    link: demo.link().clone(),
                    source: (!args.source_dead).then(|| demo.source().clone()),
                    target: demo.target().clone(),
                    notices: Vec::new(),
                };
                SessionOrigin::Demo { clusters: Box::new(clusters), _running: Box::new(demo) }
            }
        };
        let session = Self { origin, reporter, deadline };
        session.report_notes();
        Ok(session)
    }

    pub(super) fn reporter(&self) -> Reporter {
        self.reporter
    }

    /// Runs the translation against the configured evidence sources.
    pub(super) fn run(
        &self,
        selection: Selection,
        need: SourceNeed,
        args: &LinkArgs,
        evidence: &EvidenceArgs,
        seeds: &SeedArgs,
    ) -> Result<Translator, Failure> {
        let rules = evidence.rules();
        // What a dump is for is to answer all that was asked of the clusters.
        let keeps_records = matches!(selection, Selection::Everything);
        let asked = selection.clone();
        let about = |link: &Link, now| {
            let translator = Translator::new(link.clone(), selection, now).with_policy(rules);
            // Ids are of use beside what was kept of a topic, now or by this dump.
            let compares = keeps_records || evidence.archive.is_some();
            let translator = if compares { translator.with_topic_ids() } else { translator };
            let translator =
                if seeds.seed_out.is_some() { translator.with_reread_sets() } else { translator };
            if keeps_records { translator.keeping_records() } else { translator }
        };
        let clusters = match &self.origin {
            SessionOrigin::Dump(_) if evidence.archive.is_some() => {
                return Err(Failure::usage("a dump answers alone, without --archive")
                    .remedy("name the link's clusters instead of --from-dump"));
            }
            SessionOrigin::Dump(evidence) => {
                let translator = about(&evidence.link, evidence.as_of);
                let done: Result<_, Infallible> = translator.run(&mut evidence.as_ref().clone());
                let Ok(translator) = done;
                return Ok(self.warn_dead_source(translator));
            }
            SessionOrigin::Clusters(clusters) | SessionOrigin::Demo { clusters, .. } => clusters,
        };
        let source = match (&clusters.source, need) {
            (None, _) => SourceAccess::Dead,
            (Some(endpoint), SourceNeed::Wanted) => {
                SourceAccess::Try { endpoint, timeout: args.source_timeout }
            }
            (Some(endpoint), SourceNeed::Required) => SourceAccess::Required(endpoint),
        };
        // Before any cluster is asked: an archive that cannot be used costs no time-out.
        let recall = |folder| self.recall(folder, &clusters.link, &asked);
        let kept = evidence.archive.as_deref().map(recall).transpose()?;
        let (archive, kept) = kept.unzip();
        let fingerprints =
            archive.as_ref().map(|archive| archive.fingerprints(&clusters.link)).transpose()?;
        let bars = ProgressBars::new(self.reporter);
        let now = clock::now();
        let failure = |error| failure_of(error, &clusters.link);
        let mut evidence_source =
            LinkedClusters::connect(source, &clusters.target, now, self.deadline.clone())
                .map_err(failure)?
                .with_progress(&bars);
        let translator = about(&clusters.link, now);
        let translator = match kept.zip(fingerprints) {
            Some((kept, mut fingerprints)) => {
                let mut remembering = WithArchive::new(evidence_source, kept).with_records(&mut fingerprints);
                let done = translator.run(&mut remembering).map_err(failure)?;
                report_unused_fingerprints(&fingerprints, self.reporter);
                done
            }
            None => translator.run(&mut evidence_source).map_err(failure)?,
        };
        Ok(self.warn_dead_source(translator))
    }

    /// The link and its clusters, for a verb that needs clusters.
    pub(super) fn clusters(&self) -> Result<&Clusters, Failure> {
        match &self.origin {
            SessionOrigin::Dump(_) => Err(Failure::usage("a dump has no clusters to record")
                .remedy("name the link's clusters instead of --from-dump")),
            SessionOrigin::Clusters(clusters) | SessionOrigin::Demo { clusters, .. } => Ok(clusters),
        }
    }

    /// Whether its clusters are the demo's, which start over with each process.
    pub(super) fn is_demo(&self) -> bool {
        matches!(self.origin, SessionOrigin::Demo { .. })
    }

    fn recall(
        &self,
        folder: &Path,
        link: &Link,
        asked: &Selection,
    ) -> Result<(Archive, ArchivedEvidence), Failure> {
        let mut archive = open_to_read(folder)?;
        let kept = archive.load_with_syncs_of(link, &|source| asked.may_concern(source))?;
        report_damages(&archive, self.reporter);
        Ok((archive, kept))
    }

    /// The kinds of the groups for which a translation found no commit, if the source answered.
    pub(super) fn kinds_on_source(
        &self,
        translation: &Translation,
        source_is_alive: bool,
    ) -> BTreeMap<GroupId, GroupKind> {
        let clusters = match &self.origin {
            SessionOrigin::Clusters(clusters) if source_is_alive => clusters,
            _ => return BTreeMap::new(),
        };
        if translation.missing.is_empty() {
            return BTreeMap::new();
        }
        // That it cannot be told is no fault of its own: that there is no commit is said all the same.
        let Some(Ok(source)) = clusters.source.as_ref().map(|source| source.connect(&self.deadline)) else {
            return BTreeMap::new();
        };
        let described = source.describe_groups(&translation.missing, &self.deadline);
        described.successes().map(|(group, description)| (group.clone(), description.kind)).collect()
    }

    /// Connects to the target, to change it.
    pub(super) fn target(&self) -> Result<Cluster, Failure> {
        match &self.origin {
            SessionOrigin::Dump(_) => Err(Failure::usage("a dump cannot be reset")
                .remedy("name the link's clusters instead of --from-dump")),
            SessionOrigin::Clusters(clusters) | SessionOrigin::Demo { clusters, .. } => {
                Ok(clusters.target.connect(&self.deadline)?)
            }
        }
    }

    /// The target it is connected to, for what is done there alone.
    pub(super) fn target_session(&self, cluster: Cluster) -> TargetSession {
        TargetSession { cluster, reporter: self.reporter, deadline: self.deadline.clone(), _demo: None }
    }

    fn warn_dead_source(&self, translator: Translator) -> Translator {
        if let SourceState::Dead { reason } = &translator.evidence().source {
            self.reporter.info(format!(
                "source {}: {reason}; going on with what survives",
                translator.evidence().link.source
            ));
        }
        translator
    }

    fn report_notes(&self) {
        if let SessionOrigin::Clusters(clusters) = &self.origin {
            for endpoint in clusters.source.iter().chain([&clusters.target]) {
                report_notes(endpoint, self.reporter);
            }
        }
    }
}

/// The target alone, for verbs that need no link. The demo's clusters live as long as the session.
pub(super) struct TargetSession {
    pub(super) cluster: Cluster,
    pub(super) reporter: Reporter,
    pub(super) deadline: Deadline,
    _demo: Option<Session>,
}

impl TargetSession {
    pub(super) fn open(args: &LinkArgs, output: &OutputArgs) -> Result<Self, Failure> {
        Self::open_by(args, output, Deadline::after(args.timeout))
    }

    /// The same, with another deadline than that of `--timeout`.
    pub(super) fn open_by(args: &LinkArgs, output: &OutputArgs, deadline: Deadline) -> Result<Self, Failure> {
        if args.demo {
            let session = Session::open(args, output)?;
            let (reporter, deadline) = (session.reporter, session.deadline.clone());
            return Ok(Self { cluster: session.target()?, reporter, deadline, _demo: Some(session) });
        }
        Self::connect(link::resolve_target(args)?, Some(Side::Target), args, output, deadline)
    }

    /// On a cluster that is found already, and belongs to no link.
    pub(super) fn at(
        endpoint: Endpoint,
        args: &LinkArgs,
        output: &OutputArgs,
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        Self::connect(endpoint, None, args, output, deadline)
    }

    fn connect(
        endpoint: Endpoint,
        side: Option<Side>,
        args: &LinkArgs,
        output: &OutputArgs,
        deadline: Deadline,
    ) -> Result<Self, Failure> {
        let reporter = Reporter::new(output);
        let endpoint = endpoint.contacted(ConnectionReporter::new(reporter, args).contact(args, side));
        report_notes(&endpoint, reporter);
        Ok(Self { cluster: endpoint.connect(&deadline)?, reporter, deadline, _demo: None })
    }
}

fn report_notes(endpoint: &Endpoint, reporter: Reporter) {
    for note in endpoint.settings().notes() {
        let text = format!("{}: {note}", endpoint.settings().cluster());
        if note.is_warning() { reporter.info(text) } else { reporter.debug(text) }
    }
}

/// A source that no longer answers is a matter of `--source-dead` as much as one that never did.
fn failure_of(error: offsets_kafka::Error, link: &Link) -> Failure {
    let is_source = error.is_timeout() && *error.cluster() == link.source;
    let failure = Failure::from(error);
    if !is_source {
        return failure;
    }
    failure.remedy(
        "try again, with a longer --timeout if the source is slow; if its region is lost, use --source-dead",
    )
}

/// Says what of an archive cannot be used.
pub(super) fn report_damages(archive: &Archive, reporter: Reporter) {
    for damage in archive.damages() {
        reporter.info(format!("archive: {damage}"));
    }
    for salvaged in archive.salvaged() {
        reporter.info(format!("archive: {salvaged}; it is not acknowledged"));
    }
}

/// Says why fingerprints that were kept were not used.
fn report_unused_fingerprints(fingerprints: &ArchivedFingerprints<'_>, reporter: Reporter) {
    if let Some(damage) = fingerprints.damage() {
        reporter.info(format!("archive: {damage}"));
    }
    if let Some(trouble) = fingerprints.read_error() {
        reporter.info(format!("archive: not all fingerprints were used: {trouble}"));
    }
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    crate::text::read(path)
}
