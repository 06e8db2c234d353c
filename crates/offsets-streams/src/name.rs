use std::hash::{BuildHasher as _, RandomState};

use crate::Job;

/// What an instance is called in the cluster. Of two that have one name the later one fences the earlier one, so it has to be one
/// that no other instance which runs has.
pub(crate) struct Name {
    text: String,
    /// Whether the group keeps the partitions for it after it ended.
    comes_back: bool,
}

impl Name {
    /// The name that was given to the instance; or that of its state folder, which one process at a time has open; or one that is
    /// never used again. A run that ends by itself does not come back, so that the group would wait for it in vain.
    pub(crate) fn of(job: &Job, folder: Option<&str>) -> Self {
        match (&job.instance, folder) {
            (Some(given), _) => Self { text: given.clone(), comes_back: true },
            (None, Some(kept)) => Self { text: kept.to_owned(), comes_back: !job.once },
            (None, None) => Self { text: random(), comes_back: false },
        }
    }

    /// The id of its transactions in a group (`transactional.id`). A producer under the id of one that died aborts what that one left
    /// open (KIP-98).
    pub(crate) fn transactional_id(&self, group: &str) -> String {
        format!("{group}.{}", self.text)
    }

    /// The name under which the group knows it after a restart (`group.instance.id`, KIP-345), if it comes back.
    pub(crate) fn member(&self) -> Option<&str> {
        self.comes_back.then_some(&self.text)
    }
}

/// A name that nothing else has.
pub(crate) fn random() -> String {
    // The standard library's own source of randomness for its tables is seeded by the system.
    let [one, two] = [0, 1].map(|half: u8| RandomState::new().hash_one(half));
    format!("{one:016x}{two:016x}")
}

#[cfg(test)]
mod tests {
    use offsets_reconcile::{Extractor, IdentityRule, Policies, RecordRules, Window};

    use super::*;
    use crate::OperatorSpec;

    fn job() -> Job {
        let extractor = Extractor { identity: IdentityRule::Key, order: None, max_ahead_ms: 0 };
        let rules = RecordRules { extractor, policies: Policies::default() };
        Job::new("merge", [], rules, OperatorSpec::Dedup(Window::Unbounded))
    }

    #[test]
    fn a_name_that_was_given_counts_before_that_of_the_folder() {
        let given = Job { instance: Some("one".to_owned()), once: true, ..job() };
        let name = Name::of(&given, Some("kept"));
        assert_eq!((name.transactional_id("merge").as_str(), name.member()), ("merge.one", Some("one")));
    }

    #[test]
    fn a_folder_names_an_instance_and_only_one_that_comes_back_is_waited_for() {
        let name = Name::of(&job(), Some("kept"));
        assert_eq!((name.transactional_id("merge").as_str(), name.member()), ("merge.kept", Some("kept")));
        let once = Name::of(&Job { once: true, ..job() }, Some("kept"));
        assert_eq!((once.transactional_id("merge").as_str(), once.member()), ("merge.kept", None));
    }

    #[test]
    fn without_a_folder_no_two_instances_have_one_name() {
        let (one, other) = (Name::of(&job(), None), Name::of(&job(), None));
        assert_ne!(one.transactional_id("merge"), other.transactional_id("merge"));
        assert_eq!(one.member(), None);
    }
}
