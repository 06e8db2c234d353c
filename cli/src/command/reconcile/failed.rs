use offsets_streams::{Error, Job};

use super::method::remedy;
use super::rights;
use crate::exit::Exit;
use crate::failure::{Failure, with_causes};

/// What is said of a run between topics that failed.
pub(super) fn run_failed(error: Error, job: &Job) -> Failure {
    match error {
        Error::Uncommitted { failed: reason, cause } => {
            let cause = with_causes(&*cause);
            failed(*reason, job, "; what was not committed is read again")
                .with_detail(&format!("; what came before it is not known to be committed: {cause}"))
        }
        error => failed(error, job, "; what came before it is committed"),
    }
}

/// What is said of a dry run that failed: nothing is committed, and a run would end at the same record.
pub(super) fn dry_run_failed(error: Error, job: &Job) -> Failure {
    failed(error, job, " to see what comes behind it; a run would end there too")
}

/// What is said of any error. What becomes of what came before a record that ends a run is said by `before`.
fn failed(error: Error, job: &Job, before: &str) -> Failure {
    if let Some(remedy) = rights::remedy(&error, job) {
        return Failure::new(Exit::Failed, with_causes(&error)).remedy(remedy);
    }
    let (exit, remedy) = match &error {
        Error::Kafka(_) | Error::Store(_) => return kafka_or_store(error),
        Error::NotCopartitioned { .. } => (
            Exit::Failed,
            "use --repartition: the records go through a repartition topic, in which those of one identity meet; a job that ran \
             without it needs another --group then, and judges everything again",
        ),
        Error::Compacted { .. } => {
            (Exit::Failed, "name another topic with --repartition, or set its cleanup.policy to delete")
        }
        Error::MissingOrigin { .. } => (Exit::Failed, "name a topic of this job's own with --repartition"),
        Error::RepartitionMismatch { .. } => (
            Exit::Unverified,
            "use another --group; or, if the group was moved on purpose, use --adopt-positions: what comes again is judged again",
        ),
        Error::Misfit(misfit) => (Exit::Usage, remedy(misfit)),
        Error::TooFewPartitions { .. } => (Exit::Failed, "give it as many partitions as the inputs have"),
        Error::NotCompacted { .. } => {
            (Exit::Failed, "name another topic with --changelog, or set its cleanup.policy to compact")
        }
        Error::ForeignRecord { .. } => (Exit::Failed, "name a topic of this job's own with --changelog"),
        Error::Damaged { .. } | Error::UnknownProgress { .. } => (
            Exit::Failed,
            "name a new topic with --changelog and move the group back to where its inputs begin, or to where duplicates do \
             no harm; then use --adopt-positions",
        ),
        Error::RulesMismatch { .. } => {
            (Exit::Unverified, "say the rules it was made by, or use another --group and --changelog")
        }
        Error::PositionMismatch { .. } | Error::MissingState { .. } => (
            Exit::Unverified,
            "if the group was moved on purpose, use --adopt-positions: what is read again is answered as before",
        ),
        Error::SeedMismatch { .. } => (
            Exit::Unverified,
            "make the seed with the translation that moved the group, before anything is read on the target",
        ),
        Error::Deleted { .. } => (
            Exit::Unsound,
            "move the group to the log start, knowing what is lost, and use --adopt-positions",
        ),
        Error::InvalidRecord { record_error, .. } => {
            let kind = record_error.kind.as_str();
            let remedy = format!("use --on {kind}=dead-letter or --on {kind}=pass{before}");
            return Failure::new(Exit::Unsound, with_causes(&error)).remedy(remedy);
        }
        Error::Refused { setting: "cleanup.policy", topic, .. } => {
            let remedy =
                format!("name another topic than {topic}, or set its cleanup.policy to delete{before}");
            return Failure::new(Exit::Failed, with_causes(&error)).remedy(remedy);
        }
        Error::Refused { setting, topic, .. } => {
            let remedy = format!(
                "raise {setting} of {topic}, or use --on clock=dead-letter with a lower --max-ahead{before}"
            );
            return Failure::new(Exit::Failed, with_causes(&error)).remedy(remedy);
        }
        Error::RetriesExhausted { .. } => (
            Exit::Failed,
            "check the brokers, and give a longer --transaction-timeout if they are only slow; nothing is lost, and a new run \
             goes on",
        ),
        _ => return Failure::new(Exit::Failed, with_causes(&error)),
    };
    Failure::new(exit, with_causes(&error)).remedy(remedy)
}

fn kafka_or_store(error: Error) -> Failure {
    match error {
        Error::Kafka(error) if error.is_fenced() => Failure::from(error)
            .remedy("another instance runs under the same name: give each an --instance name or a --state folder of its own"),
        Error::Kafka(error) => Failure::from(error),
        Error::Store(error) if error.is_in_use() => Failure::from(error)
            .remedy("another instance has it open: give each instance a --state folder of its own"),
        Error::Store(error) if error.is_full() => Failure::from(error)
            .remedy("make room on the disk and start it again: what was committed is in the changelog"),
        Error::Store(error) => {
            Failure::from(error).remedy("move the folder away: the state is read from the changelog then")
        }
        error => Failure::new(Exit::Failed, with_causes(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offsets_core::model::TopicPartition;
    use offsets_kafka::Subject;
    use offsets_reconcile::{
        Extractor, IdentityRule, Policies, RecordError, RecordErrorCause, RecordErrorKind, RecordRules,
        Window,
    };
    use offsets_streams::OperatorSpec;

    use super::*;

    fn job() -> Job {
        let extractor = Extractor { identity: IdentityRule::Key, order: None, max_ahead_ms: 0 };
        let rules = RecordRules { extractor, policies: Policies::default() };
        Job::new("merge", [], rules, OperatorSpec::Dedup(Window::Unbounded))
    }

    fn unjudged() -> Error {
        let record_error = RecordError { kind: RecordErrorKind::Identity, cause: RecordErrorCause::NullKey };
        Error::InvalidRecord { partition: TopicPartition::new("orders", 0), offset: 7, record_error }
    }

    fn uncommitted(failed: Error) -> Error {
        let (cluster, subject) = ("target".into(), Subject::Transaction("merge.one".to_owned()));
        let cause =
            offsets_kafka::Error::TimedOut { cluster, subject, waited: Duration::from_secs(10), cause: None };
        Error::Uncommitted { failed: Box::new(failed), cause: Box::new(cause) }
    }

    #[test]
    fn a_commit_is_claimed_only_where_it_was_made() {
        const CLAIM: &str = "what came before it is committed";
        let message = run_failed(unjudged(), &job()).to_string();
        assert!(message.contains("orders-0: the record at offset 7") && message.contains(CLAIM), "{message}");
        let message = run_failed(uncommitted(unjudged()), &job());
        assert_eq!(message.exit(), Exit::Unsound);
        let message = message.to_string();
        let words =
            ["orders-0: the record at offset 7", "not known to be committed: cluster target", "=pass"];
        assert!(words.iter().all(|word| message.contains(word)) && !message.contains(CLAIM), "{message}");
        let message = dry_run_failed(unjudged(), &job()).to_string();
        assert!(
            message.contains("to see what comes behind it") && !message.contains("committed"),
            "{message}"
        );
    }
}
