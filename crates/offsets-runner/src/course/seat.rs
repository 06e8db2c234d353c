use std::collections::BTreeMap;
use std::time::Duration;

use offsets_core::model::{GroupId, TopicName, TopicPartition};
use offsets_kafka::exchange::{Change, Member, MemberOptions, Outbox, Outgoing, Setback};
use offsets_kafka::{Cluster, Deadline};

use super::patience::Patience;
use crate::job::Job;
use crate::rights::check_rights;
use crate::{Error, Event, Outputs, Watcher};

/// The seat of an instance in a group: what the group tells it, what it puts out, and the patience that takes.
pub(crate) struct Seat<'r> {
    pub(crate) cluster: &'r Cluster,
    pub(crate) job: &'r Job,
    pub(crate) member: Member,
    /// Where results go; a rehearsal has none.
    outputs: Option<&'r Outputs>,
    group: GroupId,
    topics: Vec<TopicName>,
    /// The transactions; a rehearsal has none.
    outbox: Option<Outbox>,
    transactional_id: String,
    /// Until when the open transaction is to be through.
    deadline: Option<Deadline>,
    patience: Patience,
    pub(crate) watcher: &'r mut dyn Watcher,
}

impl<'r> Seat<'r> {
    /// Joins a group to read these topics, and to write.
    pub(crate) fn take(
        cluster: &'r Cluster,
        job: &'r Job,
        outputs: &'r Outputs,
        group: GroupId,
        topics: Vec<TopicName>,
        watcher: &'r mut dyn Watcher,
    ) -> Result<Self, Error> {
        let id = job.instance.clone().unwrap_or_else(|| random_name(cluster));
        let transactional_id = format!("{}.{id}", group.as_str());
        let deadline = Deadline::after(job.timeout);
        let outbox = Outbox::open(cluster.settings(), &transactional_id, job.transaction_timeout, &deadline)?;
        let member = join(cluster, &group, &topics, job)?;
        let (outputs, outbox) = (Some(outputs), Some(outbox));
        Ok(Self {
            outputs,
            group,
            topics,
            outbox,
            transactional_id,
            ..Self::of(cluster, job, member, watcher)
        })
    }

    /// Reads all these partitions, joins nothing and writes nothing.
    pub(crate) fn watch(
        cluster: &'r Cluster,
        job: &'r Job,
        partitions: Vec<TopicPartition>,
        watcher: &'r mut dyn Watcher,
    ) -> Result<Self, Error> {
        let member = Member::alone(cluster.settings(), &job.group, partitions)?;
        Ok(Self::of(cluster, job, member, watcher))
    }

    fn of(cluster: &'r Cluster, job: &'r Job, member: Member, watcher: &'r mut dyn Watcher) -> Self {
        Self {
            cluster,
            job,
            member,
            outputs: None,
            group: job.group.clone(),
            topics: Vec::new(),
            outbox: None,
            transactional_id: String::new(),
            deadline: None,
            patience: Patience::new(job.transaction_timeout),
            watcher,
        }
    }

    /// Puts a record out. A rehearsal puts nothing out, and neither does who was told to stop while its producer was renewed.
    pub(crate) fn put(&mut self, record: &Outgoing<'_>) -> Result<(), Setback> {
        let deadline = self.deadline();
        match &mut self.outbox {
            Some(outbox) => outbox.put(record, &deadline),
            None => Ok(()),
        }
    }

    /// Makes everything count that was put out, with the positions up to which that goes.
    pub(super) fn commit(
        &mut self,
        positions: BTreeMap<TopicPartition, i64>,
        mark: &str,
    ) -> Result<(), Setback> {
        let deadline = self.deadline();
        if let Some(outbox) = &mut self.outbox {
            let positions: Vec<_> = positions.into_iter().collect();
            outbox.commit(&positions, mark, &self.member, &deadline)?;
        }
        self.deadline = None;
        self.patience.renew();
        Ok(())
    }

    /// Whether to try again after a failure, which is told.
    pub(super) fn bears(&mut self, error: &offsets_kafka::Error) -> bool {
        let bears = error.may_pass() && self.patience.bears();
        if bears {
            self.watcher.see(Event::Setback(error));
        }
        bears
    }

    /// What the group decided. A member under a name of its own can be taken for its own predecessor when the answer to its
    /// joining was lost with a broker: it joins anew then. Where nothing was lost, somebody else has that name.
    pub(crate) fn next_change(&mut self, wait: Duration) -> Result<Option<Change>, Error> {
        match self.member.next_change(wait) {
            Err(error)
                if error.is_fenced()
                    && (self.patience.failures() > 0 || self.member.has_lost_connection()) =>
            {
                if !self.patience.bears() {
                    return Err(error.into());
                }
                self.watcher.see(Event::Setback(&error));
                self.member = join(self.cluster, &self.group, &self.topics, self.job)?;
                Ok(Some(Change::Lost))
            }
            change => Ok(change?),
        }
    }

    /// Takes back what came to nothing.
    pub(super) fn recover(&mut self, setback: Setback, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.deadline = None;
        if let Setback::Final(error) = setback {
            // The client does not say of which topic it is that a permission is missing.
            if error.is_unauthorised() {
                let deadline = Deadline::after(self.job.timeout);
                check_rights(self.cluster, self.job, self.outputs, &deadline)?;
            }
            return Err((*error).into());
        }
        self.watcher.see(Event::Setback(setback.error()));
        let is_borne = self.patience.bears();
        if !is_borne {
            return Err(Error::NoCommit { tries: self.patience.failures(), last: setback.into_error() });
        }
        let is_spent = matches!(setback, Setback::Spent(_));
        self.take_back(is_spent, stop)
    }

    /// Others may have the partitions already: nothing that is not committed counts.
    pub(super) fn give_up(&mut self, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.deadline = None;
        self.take_back(false, stop)
    }

    /// Aborts a transaction that will not be committed. The coordinator would do so a little later by itself.
    pub(super) fn abandon(&mut self) {
        if let Some(outbox) = &mut self.outbox {
            let _ = outbox.abort(&Deadline::after(Duration::from_secs(2)));
        }
    }

    fn take_back(&mut self, is_spent: bool, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.outbox else { return Ok(()) };
        if is_spent || outbox.abort(&deadline).is_err() {
            self.renew_outbox(stop)?;
        }
        Ok(())
    }

    /// Another producer under the same name learns what became of the last transaction. Who is told to stop does not need to know.
    fn renew_outbox(&mut self, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.outbox = None;
        while !stop() {
            let deadline = Deadline::after(self.job.transaction_timeout);
            let opened = Outbox::open(
                self.cluster.settings(),
                &self.transactional_id,
                self.job.transaction_timeout,
                &deadline,
            );
            match opened {
                Ok(outbox) => {
                    self.outbox = Some(outbox);
                    return Ok(());
                }
                Err(error) if error.is_unauthorised() || !self.patience.bears() => {
                    return Err(error.into());
                }
                Err(error) => {
                    self.watcher.see(Event::Setback(&error));
                }
            }
        }
        Ok(())
    }

    /// The time that the open transaction has left.
    fn deadline(&mut self) -> Deadline {
        self.deadline.get_or_insert_with(|| Deadline::after(self.job.transaction_timeout)).clone()
    }
}

fn join(cluster: &Cluster, group: &GroupId, topics: &[TopicName], job: &Job) -> Result<Member, Error> {
    let options = MemberOptions { instance: job.instance.clone() };
    Ok(Member::join(cluster.settings(), group, topics, &options)?)
}

/// A name that no other instance has.
fn random_name(cluster: &Cluster) -> String {
    // The standard library's own source of randomness for its tables is seeded by the system.
    use std::hash::{BuildHasher as _, RandomState};
    let [one, two] = [(); 2].map(|()| RandomState::new().hash_one(cluster.cluster_id()));
    format!("{one:016x}{two:016x}")
}
