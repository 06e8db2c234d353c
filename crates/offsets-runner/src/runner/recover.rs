use std::time::Duration;

use offsets_kafka::Deadline;
use offsets_kafka::exchange::{Change, Outbox, Setback};

use super::{Runner, join};
use crate::{Error, Event};

impl Runner<'_> {
    /// What the group decided. A member under a name of its own can be taken for its own predecessor when the answer to its
    /// joining was lost with a broker: it joins anew then. Where nothing was lost, somebody else has that name.
    pub(super) fn next_change(&mut self, wait: Duration) -> Result<Option<Change>, Error> {
        match self.member.next_change(wait) {
            Err(error) if error.is_fenced() && (self.failures > 0 || self.member.has_lost_connection()) => {
                self.failures += 1;
                self.watcher.see(Event::Setback(&error));
                self.member = join(self.cluster, self.job)?;
                Ok(Some(Change::Lost))
            }
            change => Ok(change?),
        }
    }

    /// Takes back what came to nothing. The tasks are read anew: they remember what does not count.
    pub(super) fn recover(&mut self, setback: Setback) -> Result<(), Error> {
        self.watcher.see(Event::Setback(setback.error()));
        self.failures += 1;
        self.results.begin_anew();
        self.tasks.clear();
        if let Setback::Final(error) = setback {
            return Err((*error).into());
        }
        if self.patience.has_passed() {
            return Err(Error::NoCommit { tries: self.failures, last: setback.into_error() });
        }
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        let is_spent = matches!(setback, Setback::Spent(_)) || outbox.abort(&deadline).is_err();
        if is_spent {
            self.renew_outbox()?;
        }
        Ok(())
    }

    /// Another producer under the same name learns what became of the last transaction.
    fn renew_outbox(&mut self) -> Result<(), Error> {
        self.results.outbox = None;
        loop {
            let deadline = Deadline::after(self.job.transaction_timeout);
            let opened = Outbox::open(
                self.cluster.settings(),
                &self.transactional_id,
                self.job.transaction_timeout,
                &deadline,
            );
            match opened {
                Ok(outbox) => {
                    self.results.outbox = Some(outbox);
                    return Ok(());
                }
                Err(error) if error.is_unauthorised() || self.patience.has_passed() => {
                    return Err(error.into());
                }
                Err(error) => {
                    self.failures += 1;
                    self.watcher.see(Event::Setback(&error));
                }
            }
        }
    }

    /// Others may have the partitions already: nothing that is not committed counts.
    pub(super) fn give_up(&mut self) -> Result<(), Error> {
        self.tasks.clear();
        self.results.begin_anew();
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        match outbox.abort(&deadline) {
            Ok(()) => Ok(()),
            Err(_) => self.renew_outbox(),
        }
    }
}
