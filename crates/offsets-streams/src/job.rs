use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName};
use offsets_core::translate::Seed;
use offsets_reconcile::{IdentityRule, Misfit, OperatorKind, Policies, RecordRules, UpsertRules, Window};

use crate::Error;

/// What is to be reconciled, and how. [`Job::new`] takes what has to be said, and the rest can be set in what it gives.
#[derive(Debug, Clone)]
pub struct Job {
    /// The consumer group: instances of one group share the partitions out.
    pub group: GroupId,
    /// The topics that are read. All have as many partitions, unless there is a repartition topic.
    pub inputs: Vec<Input>,
    /// The topic through which everything goes first, so that records of one identity meet in one of its partitions.
    pub repartition: Option<TopicName>,
    /// The compacted topic that holds the state.
    pub changelog: TopicName,
    /// How many replicas a changelog gets that has to be created; without it, the cluster's default.
    pub changelog_replicas: Option<i32>,
    /// How records are judged.
    pub rules: RecordRules,
    /// By which operator.
    pub operator: OperatorSpec,
    /// Where a copy of the state is kept.
    pub local: LocalState,
    /// How many bytes of memory what is remembered may take in this instance; what does not fit is looked up in the local copy.
    /// Without it, everything is in memory.
    pub memory: Option<usize>,
    /// How long results may wait before they are committed.
    pub commit_interval: Duration,
    /// Timeout of a transaction: after it the broker aborts what a dead instance left open.
    pub transaction_timeout: Duration,
    /// How long a request may take.
    pub timeout: Duration,
    /// The name under which this instance comes back after a restart, if it has one: the group keeps its partitions for it, and it
    /// aborts what it left open (`group.instance.id`, and `transactional.id` behind the group). Without it a folder of
    /// [local state](Self::local) gives the name, to the group only where the run does not end [by itself](Self::once).
    pub instance: Option<String>,
    /// Whether to end once everything is done that was there at the beginning.
    pub once: bool,
    /// Whether to go on from the group's positions where they are not those that the state was saved with.
    pub adopt_positions: bool,
}

impl Job {
    /// A job of a group that reads these topics. Its changelog is `GROUP-changelog`; there is no repartition topic; everything
    /// remembered is in memory; results are committed every 200 ms, a transaction may take 10 s and a request 60 s; it runs until
    /// it is told to stop, and does not go on from positions that are not those of its state.
    pub fn new(
        group: impl Into<GroupId>,
        inputs: impl IntoIterator<Item = Input>,
        rules: RecordRules,
        operator: OperatorSpec,
    ) -> Self {
        let group = group.into();
        Self {
            inputs: inputs.into_iter().collect(),
            repartition: None,
            changelog: TopicName::from(format!("{}-changelog", group.as_str()).as_str()),
            changelog_replicas: None,
            rules,
            operator,
            local: LocalState::Memory,
            memory: None,
            commit_interval: Duration::from_millis(200),
            transaction_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            instance: None,
            once: false,
            adopt_positions: false,
            group,
        }
    }

    /// Whether its rules can have been meant for its operator, and for topics. A run checks it before anything is contacted.
    ///
    /// # Errors
    /// [`Error::Misfit`].
    pub fn check(&self) -> Result<(), Error> {
        let extractor = &self.rules.extractor;
        extractor.suits(self.operator.kind())?;
        match (&self.operator, &extractor.identity) {
            (OperatorSpec::Dedup(_), IdentityRule::Origin) => {
                Err(Misfit::NothingRepeats(extractor.identity.clone()).into())
            }
            _ => Ok(()),
        }
    }

    /// The topics whose records are judged, and whose partitions are tasks.
    pub(crate) fn task_inputs(&self) -> Cow<'_, [Input]> {
        match &self.repartition {
            None => Cow::Borrowed(&self.inputs),
            // Each record says which region wrote it.
            Some(topic) => Cow::Owned(vec![Input { region: String::new(), topic: topic.clone() }]),
        }
    }
}

/// A topic that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The region whose writes it holds.
    pub region: String,
    /// Its name.
    pub topic: TopicName,
}

impl Input {
    /// A topic that holds the writes of a region.
    pub fn new(region: impl Into<String>, topic: impl Into<TopicName>) -> Self {
        Self { region: region.into(), topic: topic.into() }
    }
}

/// The topics that results go to. Each has at least as many partitions as what is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// The topic for what counts.
    pub output: TopicName,
    /// The topic for the writes that lost, if they are to be kept.
    pub ledger: Option<TopicName>,
    /// Whether the ledger holds every write of an upsert that goes to the output, too
    /// ([`LedgerWrite`](offsets_reconcile::LedgerWrite)): its content stays there when a later one beats it.
    pub ledger_values: bool,
    /// The topic for records that cannot be judged, where a policy sends any there.
    pub dead_letters: Option<TopicName>,
}

impl Outputs {
    /// What counts goes to this topic, and nothing else is kept.
    pub fn to(output: impl Into<TopicName>) -> Self {
        Self { output: output.into(), ledger: None, ledger_values: false, dead_letters: None }
    }

    /// Whether every record that cannot be judged has somewhere to go.
    pub(crate) fn check(&self, policies: &Policies) -> Result<(), Error> {
        match self.dead_letters {
            None if policies.has_dead_letters() => Err(Error::NoDeadLetters),
            _ => Ok(()),
        }
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &TopicName> {
        [Some(&self.output), self.ledger.as_ref(), self.dead_letters.as_ref()].into_iter().flatten()
    }
}

/// Which operator judges.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum OperatorSpec {
    /// The first of each identity passes.
    Dedup(Window),
    /// The winner of each key passes.
    Upsert(UpsertRules),
    /// What the group had not read before it moved passes. Its rules go by [`IdentityRule::Copy`].
    ///
    /// [`IdentityRule::Copy`]: offsets_reconcile::IdentityRule::Copy
    Reread(Seed),
}

impl OperatorSpec {
    /// The operator, as the rules it goes by have to suit it.
    fn kind(&self) -> OperatorKind {
        match self {
            Self::Dedup(_) => OperatorKind::Dedup,
            Self::Upsert(_) => OperatorKind::Upsert,
            Self::Reread(_) => OperatorKind::Reread,
        }
    }

    /// Whether records of several inputs are held against each other: those of one identity have to meet then.
    pub(crate) fn compares_inputs(&self) -> bool {
        match self {
            Self::Dedup(_) | Self::Upsert(_) => true,
            Self::Reread(_) => false,
        }
    }
}

/// Where a copy of the state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalState {
    /// In memory: after a restart all of it is read from the changelog.
    Memory,
    /// In a folder, which one process at a time has open: after a restart what is newer is read from the changelog. It has a name that a
    /// copy of it does not have.
    Folder(PathBuf),
}

#[cfg(test)]
mod tests {
    use offsets_reconcile::{Extractor, Policy, RecordErrorKind};

    use super::*;

    #[test]
    fn rules_that_do_nothing_are_refused() {
        let extractor = Extractor { identity: IdentityRule::Key, order: None, max_ahead_ms: 0 };
        let rules = RecordRules { extractor, policies: Policies::default() };
        let check = |operator| Job::new("merge", [], rules.clone(), operator).check();
        assert!(check(OperatorSpec::Dedup(Window::Unbounded)).is_ok());
        let extractor = Extractor { identity: IdentityRule::Origin, order: None, max_ahead_ms: 0 };
        let by_origin = RecordRules { extractor, policies: Policies::default() };
        let by_origin = Job::new("merge", [], by_origin, OperatorSpec::Dedup(Window::Unbounded)).check();
        assert!(matches!(by_origin, Err(Error::Misfit(Misfit::NothingRepeats(_)))));
        assert!(matches!(
            check(OperatorSpec::Upsert(UpsertRules::default())),
            Err(Error::Misfit(Misfit::NoOrder))
        ));
    }

    #[test]
    fn dead_letters_without_a_topic_are_refused() {
        let outputs = Outputs::to("merged");
        let policies = |policy| [(RecordErrorKind::Identity, policy)].into_iter().collect::<Policies>();
        for policy in [Policy::Fail, Policy::Pass] {
            assert!(outputs.check(&policies(policy)).is_ok());
        }
        assert!(matches!(outputs.check(&policies(Policy::DeadLetter)), Err(Error::NoDeadLetters)));
        let outputs = Outputs { dead_letters: Some("dead".into()), ..outputs };
        assert!(outputs.check(&policies(Policy::DeadLetter)).is_ok());
    }
}
