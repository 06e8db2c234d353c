//! What a cluster knows about groups and logs, and the one thing that is changed: committed offsets, and groups that are deleted
//! to be rewritten.
//!
//! [`requests`] sends many at a time, through [`ffi`](crate::ffi); the modules beside them say what they mean, and turn every answer
//! into one outcome for each partition.

mod broker_settings;
mod groups;
mod log_ranges;
mod offsets;
mod requests;
mod rights;
mod topic_ids;
mod uncommon;

use std::time::Duration;

use rdkafka::consumer::Consumer;

pub use broker_settings::CommitSettings;
pub use groups::{GroupDescription, GroupListing, Member};
pub use log_ranges::Isolation;
pub use offsets::GroupPartition;
pub(crate) use requests::{Call, MAX_TIMEOUT};
pub use rights::{MissingPermission, Right};

use crate::connection::{MOMENT, serve};
use crate::{Cause, Cluster, Deadline, detached};

/// How long a coordinator that is moving or loading is left alone before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// How long the brokers may take to say who leads what now.
const REFRESH: Duration = Duration::from_secs(5);

impl Cluster {
    /// Asks everything at once, and asks again for what `passing` finds in an answer until the deadline: a coordinator
    /// or a leader that is just moving. All requests are such that asking twice does no harm.
    fn ask<C: Call>(
        &self,
        calls: &[C],
        deadline: &Deadline,
        passing: impl Fn(&Result<C::Answer, Cause>) -> bool,
    ) -> Vec<Result<C::Answer, Cause>> {
        self.begin();
        let all: Vec<&C> = calls.iter().collect();
        let mut answers = self.ask_once(&all, deadline);
        loop {
            let again: Vec<usize> = (0..calls.len()).filter(|index| passing(&answers[*index])).collect();
            if again.is_empty() || deadline.has_passed() {
                return answers;
            }
            self.pause(deadline.slice(PAUSE));
            // The library goes on asking by the leader epoch it knew, however often a broker that was restarted says that
            // it is an old one (FENCED_LEADER_EPOCH, seen in 2.12.1). If this fails, so does what follows.
            let client = self.client();
            let _ = detached::call(&deadline.within(REFRESH), move |wait| client.fetch_metadata(None, wait));
            let calls: Vec<&C> = again.iter().map(|index| &calls[*index]).collect();
            for (index, newer) in again.into_iter().zip(self.ask_once(&calls, deadline)) {
                // When time runs out now, the earlier answer says more.
                if !newer.as_ref().is_err_and(Cause::is_timeout) {
                    answers[index] = newer;
                }
            }
        }
    }

    fn ask_once<C: Call>(&self, calls: &[&C], deadline: &Deadline) -> Vec<Result<C::Answer, Cause>> {
        let client = self.client();
        let run = requests::run(client.client(), calls, deadline, || serve(&client, Duration::ZERO));
        if run.answers.iter().any(|answer| answer.as_ref().is_err_and(Cause::is_timeout)) {
            serve(&client, MOMENT);
        }
        if run.abandoned {
            self.renew_client();
        }
        run.answers
    }
}

/// An answer that has an outcome of its own for each thing it is about.
type Rows<K, T> = Vec<(K, Result<T, Cause>)>;

/// Whether an answer by partition holds anything that a moment's patience heals.
fn any_retriable<K, T>(answer: &Result<Rows<K, T>, Cause>) -> bool {
    match answer {
        Ok(rows) => rows.iter().any(|(_, outcome)| outcome.as_ref().is_err_and(Cause::is_retriable)),
        Err(cause) => cause.is_retriable(),
    }
}
