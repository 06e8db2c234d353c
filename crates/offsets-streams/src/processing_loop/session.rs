use std::collections::BTreeMap;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName, TopicPartition};
use offsets_kafka::eos::{
    GroupConsumer, GroupConsumerOptions, ProducerRecord, RebalanceEvent, TransactionError,
    TransactionalProducer,
};
use offsets_kafka::{Cluster, Deadline, Stop};

use super::retry_budget::RetryBudget;
use crate::job::Job;
use crate::limit::Limit;
use crate::name::Name;
use crate::rights::check_rights;
use crate::{Error, Event, Outputs, RunListener};

/// The session of an instance in a group: its membership, its transactions, and the retry budget of both.
pub(crate) struct GroupSession<'r> {
    pub(crate) cluster: &'r Cluster,
    pub(crate) job: &'r Job,
    pub(crate) member: GroupConsumer,
    /// Where results go; a dry run has none.
    outputs: Option<&'r Outputs>,
    group: GroupId,
    topics: Vec<TopicName>,
    /// The transactions; a dry run has none.
    producer: Option<TransactionalProducer>,
    transactional_id: String,
    /// The name under which it comes back, if it does.
    instance: Option<&'r str>,
    /// Until when the open transaction is to be through.
    deadline: Option<Deadline>,
    retry_budget: RetryBudget,
    pub(crate) listener: &'r mut dyn RunListener,
    pub(crate) stop: &'r Stop,
}

/// How long after a stop the last commit may take. Container runtimes kill ten seconds after SIGTERM.
const LAST_COMMIT: Duration = Duration::from_secs(1);

/// How long after a stop all that is done at the end may take: to abort what was not committed, and to leave the group.
const CLOSING: Duration = Duration::from_millis(1_500);

/// How long a run that failed tries to abort what it leaves.
const ABANDONING: Duration = Duration::from_secs(2);

impl<'r> GroupSession<'r> {
    /// Joins a group to read these topics, and to write.
    pub(crate) fn join(
        cluster: &'r Cluster,
        job: &'r Job,
        outputs: &'r Outputs,
        name: &'r Name,
        (group, topics): (GroupId, Vec<TopicName>),
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let transactional_id = name.transactional_id(group.as_str());
        let deadline = Limit::of(job, stop).deadline();
        let producer = TransactionalProducer::open(
            cluster.settings(),
            &transactional_id,
            job.transaction_timeout,
            &deadline,
        )?;
        let member = join_group(cluster, &group, &topics, name.member())?;
        let (outputs, producer) = (Some(outputs), Some(producer));
        Ok(Self {
            outputs,
            group,
            topics,
            producer,
            transactional_id,
            instance: name.member(),
            ..Self::of(cluster, job, member, listener, stop)
        })
    }

    /// Reads all these partitions, joins nothing and writes nothing.
    pub(crate) fn dry_run(
        cluster: &'r Cluster,
        job: &'r Job,
        partitions: Vec<TopicPartition>,
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Result<Self, Error> {
        let member = GroupConsumer::manual(cluster.settings(), &job.group, partitions)?;
        Ok(Self::of(cluster, job, member, listener, stop))
    }

    fn of(
        cluster: &'r Cluster,
        job: &'r Job,
        member: GroupConsumer,
        listener: &'r mut dyn RunListener,
        stop: &'r Stop,
    ) -> Self {
        Self {
            cluster,
            job,
            member,
            outputs: None,
            group: job.group.clone(),
            topics: Vec::new(),
            producer: None,
            transactional_id: String::new(),
            instance: None,
            deadline: None,
            retry_budget: RetryBudget::new(job.transaction_timeout),
            listener,
            stop,
        }
    }

    /// Whether nothing is put out. There is no transaction to be waited with then, and windows forget as soon as they can.
    pub(super) fn is_dry_run(&self) -> bool {
        self.outputs.is_none()
    }

    /// Sends a record. A dry run sends nothing, and neither does who was told to stop while its producer was renewed.
    pub(crate) fn send(&mut self, record: &ProducerRecord<'_>) -> Result<(), TransactionError> {
        let deadline = self.deadline();
        match &mut self.producer {
            Some(producer) => producer.send(record, &deadline),
            None => Ok(()),
        }
    }

    /// Makes everything count that was put out, with the positions up to which that goes.
    pub(super) fn commit(
        &mut self,
        positions: BTreeMap<TopicPartition, i64>,
        commit_metadata: &str,
    ) -> Result<(), TransactionError> {
        let deadline = self.deadline();
        if let Some(producer) = &mut self.producer {
            let positions: Vec<_> = positions.into_iter().collect();
            producer.commit(&positions, commit_metadata, &self.member, &deadline)?;
        }
        self.deadline = None;
        self.retry_budget.reset();
        Ok(())
    }

    /// Whether to try again after a failure, which is told.
    pub(super) fn should_retry(&mut self, error: &offsets_kafka::Error) -> bool {
        let retries = error.is_retriable() && self.retry_budget.should_retry();
        if retries {
            self.listener.on_event(Event::Retrying(error));
        }
        retries
    }

    /// What the group decided. A member under a name of its own can be taken for its own predecessor when the answer to its
    /// joining was lost with a broker: it joins again then. Where nothing was lost, another instance has that name.
    pub(crate) fn next_rebalance(&mut self, wait: Duration) -> Result<Option<RebalanceEvent>, Error> {
        match self.member.next_rebalance(wait) {
            Err(error)
                if error.is_fenced()
                    && (self.retry_budget.failures() > 0 || self.member.has_lost_connection()) =>
            {
                if !self.retry_budget.should_retry() {
                    return Err(error.into());
                }
                self.listener.on_event(Event::Retrying(&error));
                self.member = join_group(self.cluster, &self.group, &self.topics, self.instance)?;
                Ok(Some(RebalanceEvent::Lost))
            }
            change => Ok(change?),
        }
    }

    /// Aborts the transaction and goes back to its beginning.
    pub(super) fn recover(&mut self, transaction_error: TransactionError) -> Result<(), Error> {
        self.deadline = None;
        if let TransactionError::Fatal(error) = transaction_error {
            // The client does not say of which topic it is that a permission is missing.
            if error.is_unauthorised() {
                check_rights(self.cluster, self.job, self.outputs, &self.limit().deadline())?;
            }
            return Err((*error).into());
        }
        let is_producer_invalid = matches!(transaction_error, TransactionError::ProducerInvalid(_));
        // After a stop nothing is tried again.
        if !self.stop.is_requested() {
            self.listener.on_event(Event::Retrying(transaction_error.error()));
            if !self.retry_budget.should_retry() {
                return Err(Error::RetriesExhausted {
                    tries: self.retry_budget.failures(),
                    last: transaction_error.into_error(),
                });
            }
        }
        self.abort_or_reopen(is_producer_invalid)
    }

    /// Others may have the partitions already: nothing that is not committed counts.
    pub(super) fn abort(&mut self) -> Result<(), Error> {
        self.deadline = None;
        self.abort_or_reopen(false)
    }

    /// Aborts a transaction that will not be committed. The coordinator would do so a little later by itself.
    pub(super) fn abort_best_effort(&mut self) {
        let deadline = self.closing().within(ABANDONING);
        if let Some(producer) = &mut self.producer {
            let _ = producer.abort(&deadline);
        }
    }

    /// Whether a request failed because the run is to stop.
    pub(super) fn is_cut_short(&self, error: &offsets_kafka::Error) -> bool {
        self.stop.is_requested() && error.is_retriable()
    }

    /// Leaves the group, and ends the producer.
    pub(super) fn leave(self) {
        let deadline = self.closing();
        self.member.leave(&deadline);
        if let Some(producer) = self.producer {
            producer.close(&deadline);
        }
    }

    /// The limit of requests that are not about the open transaction.
    pub(crate) fn limit(&self) -> Limit<'r> {
        Limit::of(self.job, self.stop)
    }

    /// The deadline of what is done at the end.
    pub(crate) fn closing(&self) -> Deadline {
        Deadline::after(self.job.transaction_timeout).or_after_stop(self.stop, CLOSING)
    }

    fn abort_or_reopen(&mut self, is_producer_invalid: bool) -> Result<(), Error> {
        let deadline = self.closing();
        let Some(producer) = &mut self.producer else { return Ok(()) };
        if is_producer_invalid || producer.abort(&deadline).is_err() {
            self.producer = None;
            self.reopen_producer()?;
        }
        Ok(())
    }

    /// Another producer under the same name learns what became of the last transaction. After a stop that is left to the next instance
    /// under that name, or to the timeout.
    fn reopen_producer(&mut self) -> Result<(), Error> {
        while !self.stop.is_requested() {
            let deadline = Deadline::after(self.job.transaction_timeout).or_stop(self.stop);
            let opened = TransactionalProducer::open(
                self.cluster.settings(),
                &self.transactional_id,
                self.job.transaction_timeout,
                &deadline,
            );
            match opened {
                Ok(producer) => {
                    self.producer = Some(producer);
                    return Ok(());
                }
                Err(_) if self.stop.is_requested() => {}
                Err(error) if error.is_unauthorised() || !self.retry_budget.should_retry() => {
                    return Err(error.into());
                }
                Err(error) => {
                    self.listener.on_event(Event::Retrying(&error));
                }
            }
        }
        let (id, timeout) = (&self.transactional_id, self.job.transaction_timeout);
        self.listener.on_event(Event::LeftOpen { id, timeout });
        Ok(())
    }

    /// The time that the open transaction has left.
    fn deadline(&mut self) -> Deadline {
        let deadline = || Deadline::after(self.job.transaction_timeout).or_after_stop(self.stop, LAST_COMMIT);
        self.deadline.get_or_insert_with(deadline).clone()
    }
}

fn join_group(
    cluster: &Cluster,
    group: &GroupId,
    topics: &[TopicName],
    instance: Option<&str>,
) -> Result<GroupConsumer, Error> {
    let options = GroupConsumerOptions { instance: instance.map(str::to_owned) };
    Ok(GroupConsumer::join(cluster.settings(), group, topics, &options)?)
}
