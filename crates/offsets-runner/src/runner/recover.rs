use std::time::Duration;

use offsets_kafka::Deadline;
use offsets_kafka::exchange::{Change, Outbox, Setback};

use super::{Runner, join};
use crate::{Error, Event, rights};

impl Runner<'_> {
    /// What the group decided. A member under a name of its own can be taken for its own predecessor when the answer to its
    /// joining was lost with a broker: it joins anew then. Where nothing was lost, somebody else has that name.
    pub(super) fn next_change(&mut self, wait: Duration) -> Result<Option<Change>, Error> {
        match self.member.next_change(wait) {
            Err(error)
                if error.is_fenced()
                    && (self.patience.failures() > 0 || self.member.has_lost_connection()) =>
            {
                if !self.patience.bears() {
                    return Err(error.into());
                }
                self.watcher.see(Event::Setback(&error));
                self.member = join(self.cluster, self.job)?;
                Ok(Some(Change::Lost))
            }
            change => Ok(change?),
        }
    }

    /// Takes back what came to nothing. The tasks are read anew: they remember what does not count.
    pub(super) fn recover(&mut self, setback: Setback, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.results.begin_anew();
        self.tasks.clear();
        if let Setback::Final(error) = setback {
            // The client does not say of which topic it is that a permission is missing.
            if error.is_unauthorised() {
                rights::examine(self.cluster, self.job, true, &Deadline::after(self.job.timeout))?;
            }
            return Err((*error).into());
        }
        self.watcher.see(Event::Setback(setback.error()));
        let is_borne = self.patience.bears();
        if !is_borne {
            return Err(Error::NoCommit { tries: self.patience.failures(), last: setback.into_error() });
        }
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        let is_spent = matches!(setback, Setback::Spent(_)) || outbox.abort(&deadline).is_err();
        if is_spent {
            self.renew_outbox(stop)?;
        }
        Ok(())
    }

    /// Another producer under the same name learns what became of the last transaction. Who is told to stop does not need to know.
    fn renew_outbox(&mut self, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.results.outbox = None;
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
                    self.results.outbox = Some(outbox);
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

    /// Others may have the partitions already: nothing that is not committed counts.
    pub(super) fn give_up(&mut self, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.tasks.clear();
        self.results.begin_anew();
        let deadline = Deadline::after(self.job.transaction_timeout);
        let Some(outbox) = &mut self.results.outbox else { return Ok(()) };
        match outbox.abort(&deadline) {
            Ok(()) => Ok(()),
            Err(_) => self.renew_outbox(stop),
        }
    }
}
