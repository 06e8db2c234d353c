use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use offsets_core::evidence::{ArchivedEvidence, Evidence, SourceState, WithArchive};
use offsets_core::link::{Link, Side};
use offsets_core::model::{GroupId, GroupKind};
use offsets_core::translate::{Selection, Translation, Translator};
use offsets_kafka::demo::DemoLink;
use offsets_kafka::{Cluster, Deadline, Endpoint, LinkedClusters, SourceAccess};
use offsets_store::{Archive, KeptFingerprints};

use crate::args::{EvidenceArgs, LinkArgs, OutputArgs, SeedArgs};
use crate::clock;
use crate::failure::Failure;
use crate::link::{self, Clusters, Origin};
use crate::print::{ProgressBars, Remarks, WaitingRemarks};
use crate::recorder::open_to_read;

/// What a verb works with: a link that was found, and clusters where there are any.
pub(super) struct Session {
    origin: Ready,
    remarks: Remarks,
    deadline: Deadline,
}

enum Ready {
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
        let remarks = Remarks::new(output);
        let deadline = Deadline::after(args.timeout);
        let origin = match origin {
            Origin::Dump(evidence) => Ready::Dump(evidence),
            Origin::Clusters(clusters) => {
                clusters.remarks.iter().for_each(|remark| remarks.say(remark));
                let waiting = WaitingRemarks::new(remarks);
                let Clusters { link, source, target, remarks } = *clusters;
                let of_source =
                    |source: Endpoint| source.contacted(waiting.contact(args, Some(Side::Source)));
                let target = target.contacted(waiting.contact(args, Some(Side::Target)));
                let source = source.map(of_source);
                Ready::Clusters(Box::new(Clusters { link, source, target, remarks }))
            }
            Origin::Demo => {
                let demo = DemoLink::start(clock::now())?;
                remarks.say("demo: two clusters embedded in this process; nothing else is read or changed");
                let clusters = Clusters {
                    link: demo.link().clone(),
                    source: (!args.source_dead).then(|| demo.source().clone()),
                    target: demo.target().clone(),
                    remarks: Vec::new(),
                };
                Ready::Demo { clusters: Box::new(clusters), _running: Box::new(demo) }
            }
        };
        let session = Self { origin, remarks, deadline };
        session.tell_notes();
        Ok(session)
    }

    pub(super) fn remarks(&self) -> Remarks {
        self.remarks
    }

    /// Holds the inquiry with whoever can answer.
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
            Ready::Dump(_) if evidence.archive.is_some() => {
                return Err(Failure::usage("a dump answers alone, without --archive")
                    .remedy("name the link's clusters instead of --from-dump"));
            }
            Ready::Dump(evidence) => {
                let translator = about(&evidence.link, evidence.as_of);
                let done: Result<_, Infallible> = translator.run(&mut evidence.as_ref().clone());
                let Ok(translator) = done;
                return Ok(self.warned(translator));
            }
            Ready::Clusters(clusters) | Ready::Demo { clusters, .. } => clusters,
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
        let bars = ProgressBars::new(self.remarks);
        let now = clock::now();
        let failure = |error| failure_of(error, &clusters.link);
        let mut evidence_source =
            LinkedClusters::connect(source, &clusters.target, now, self.deadline.clone())
                .map_err(failure)?
                .watched_by(&bars);
        let translator = about(&clusters.link, now);
        let translator = match kept.zip(fingerprints) {
            Some((kept, mut fingerprints)) => {
                let mut remembering = WithArchive::new(evidence_source, kept).with_records(&mut fingerprints);
                let done = translator.run(&mut remembering).map_err(failure)?;
                tell_left_out(&fingerprints, self.remarks);
                done
            }
            None => translator.run(&mut evidence_source).map_err(failure)?,
        };
        Ok(self.warned(translator))
    }

    /// The link and its clusters, for a verb that needs clusters.
    pub(super) fn clusters(&self) -> Result<&Clusters, Failure> {
        match &self.origin {
            Ready::Dump(_) => Err(Failure::usage("a dump has no clusters to record")
                .remedy("name the link's clusters instead of --from-dump")),
            Ready::Clusters(clusters) | Ready::Demo { clusters, .. } => Ok(clusters),
        }
    }

    /// Whether its clusters are the demo's, which begin anew with each process.
    pub(super) fn is_demo(&self) -> bool {
        matches!(self.origin, Ready::Demo { .. })
    }

    fn recall(
        &self,
        folder: &Path,
        link: &Link,
        asked: &Selection,
    ) -> Result<(Archive, ArchivedEvidence), Failure> {
        let mut archive = open_to_read(folder)?;
        let kept = archive.recall_syncs_of(link, &|source| asked.may_concern(source))?;
        tell_damages(&archive, self.remarks);
        Ok((archive, kept))
    }

    /// The kinds of the groups for which a translation found no commit, if the source answered.
    pub(super) fn kinds_on_source(
        &self,
        translation: &Translation,
        source_is_alive: bool,
    ) -> BTreeMap<GroupId, GroupKind> {
        let clusters = match &self.origin {
            Ready::Clusters(clusters) if source_is_alive => clusters,
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
            Ready::Dump(_) => Err(Failure::usage("a dump cannot be reset")
                .remedy("name the link's clusters instead of --from-dump")),
            Ready::Clusters(clusters) | Ready::Demo { clusters, .. } => {
                Ok(clusters.target.connect(&self.deadline)?)
            }
        }
    }

    /// The target it is connected to, for what is done there alone.
    pub(super) fn beside(&self, cluster: Cluster) -> TargetSession {
        TargetSession { cluster, remarks: self.remarks, deadline: self.deadline.clone(), _demo: None }
    }

    fn warned(&self, translator: Translator) -> Translator {
        if let SourceState::Dead { reason } = &translator.evidence().source {
            self.remarks.say(format!(
                "source {}: {reason}; going on with what survives",
                translator.evidence().link.source
            ));
        }
        translator
    }

    fn tell_notes(&self) {
        if let Ready::Clusters(clusters) = &self.origin {
            for endpoint in clusters.source.iter().chain([&clusters.target]) {
                tell_notes(endpoint, self.remarks);
            }
        }
    }
}

/// The target alone, for verbs that need no link. The demo's clusters live as long as the session.
pub(super) struct TargetSession {
    pub(super) cluster: Cluster,
    pub(super) remarks: Remarks,
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
            let (remarks, deadline) = (session.remarks, session.deadline.clone());
            return Ok(Self { cluster: session.target()?, remarks, deadline, _demo: Some(session) });
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
        let remarks = Remarks::new(output);
        let endpoint = endpoint.contacted(WaitingRemarks::new(remarks).contact(args, side));
        tell_notes(&endpoint, remarks);
        Ok(Self { cluster: endpoint.connect(&deadline)?, remarks, deadline, _demo: None })
    }
}

fn tell_notes(endpoint: &Endpoint, remarks: Remarks) {
    for note in endpoint.settings().notes() {
        let text = format!("{}: {note}", endpoint.settings().cluster());
        if note.is_warning() { remarks.say(text) } else { remarks.detail(text) }
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
        "try again, with a longer --timeout if the source is slow; if its region is lost, say --source-dead",
    )
}

/// Says what of an archive cannot be used.
pub(super) fn tell_damages(archive: &Archive, remarks: Remarks) {
    for damage in archive.damages() {
        remarks.say(format!("archive: {damage}"));
    }
    for salvaged in archive.salvaged() {
        remarks.say(format!("archive: {salvaged}; it is not acknowledged"));
    }
}

/// Says why fingerprints that were kept were not used.
fn tell_left_out(fingerprints: &KeptFingerprints<'_>, remarks: Remarks) {
    if let Some(damage) = fingerprints.damage() {
        remarks.say(format!("archive: {damage}"));
    }
    if let Some(trouble) = fingerprints.trouble() {
        remarks.say(format!("archive: not all fingerprints were used: {trouble}"));
    }
}

/// Reads a file whole.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    crate::text::read(path)
}
