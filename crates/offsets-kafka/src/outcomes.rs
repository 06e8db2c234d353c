use std::collections::BTreeMap;

use crate::Error;

/// What became of each thing a call was about: partial success as a type.
///
/// A broker answers for every partition on its own, and a group whose request "succeeded" may hold partitions that
/// failed. So a call over many things returns one outcome for each, in order, and none is hidden behind another.
/// Where a group's answer holds partitions of its own, these are outcomes again; [`Outcomes::all_ok`] does not look
/// inside them, [`Outcomes::all_ok_within`] does.
#[derive(Debug)]
pub struct Outcomes<K, T>(BTreeMap<K, Result<T, Error>>);

impl<K: Ord, T> Outcomes<K, T> {
    /// Whether nothing failed. True when there was nothing to do.
    pub fn all_ok(&self) -> bool {
        self.0.values().all(Result::is_ok)
    }

    /// What failed, and why, in order.
    pub fn errors(&self) -> impl Iterator<Item = (&K, &Error)> {
        self.0.iter().filter_map(|(key, outcome)| outcome.as_ref().err().map(|error| (key, error)))
    }

    /// What succeeded, in order.
    pub fn successes(&self) -> impl Iterator<Item = (&K, &T)> {
        self.0.iter().filter_map(|(key, outcome)| outcome.as_ref().ok().map(|value| (key, value)))
    }

    /// Every outcome, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Result<T, Error>)> {
        self.0.iter()
    }

    /// The outcome for `key`; `None` when the call was not about it.
    pub fn get(&self, key: &K) -> Option<&Result<T, Error>> {
        self.0.get(key)
    }

    /// How many things the call was about.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the call was about nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every value, for a caller to whom a part is of no use.
    ///
    /// # Errors
    /// The first failure, in order.
    pub fn into_result(self) -> Result<BTreeMap<K, T>, Error> {
        self.0.into_iter().map(|(key, outcome)| outcome.map(|value| (key, value))).collect()
    }
}

impl<K: Ord, J: Ord, T> Outcomes<K, Outcomes<J, T>> {
    /// Whether nothing failed, neither a whole group nor any of its partitions.
    pub fn all_ok_within(&self) -> bool {
        self.0.values().all(|outcome| outcome.as_ref().is_ok_and(Outcomes::all_ok))
    }

    /// What failed inside the answers that did arrive, in order. Whole failures are in [`Outcomes::errors`].
    pub fn errors_within(&self) -> impl Iterator<Item = (&K, &J, &Error)> {
        self.successes().flat_map(|(key, inner)| inner.errors().map(move |(part, error)| (key, part, error)))
    }
}

impl<K: Ord, T> FromIterator<(K, Result<T, Error>)> for Outcomes<K, T> {
    fn from_iter<I: IntoIterator<Item = (K, Result<T, Error>)>>(outcomes: I) -> Self {
        Self(outcomes.into_iter().collect())
    }
}

impl<K, T> IntoIterator for Outcomes<K, T> {
    type Item = (K, Result<T, Error>);
    type IntoIter = std::collections::btree_map::IntoIter<K, Result<T, Error>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;

    fn failure() -> Error {
        Error::GroupActive { cluster: "dst".into(), subject: Subject::Group("g".into()), cause: None }
    }

    #[test]
    fn one_failed_partition_makes_the_whole_not_ok() {
        let outcomes: Outcomes<i32, ()> = [(1, Ok(())), (0, Err(failure()))].into_iter().collect();
        assert!(!outcomes.all_ok());
        assert_eq!(outcomes.errors().map(|(key, _)| *key).collect::<Vec<_>>(), [0]);
        assert_eq!(outcomes.successes().map(|(key, ())| *key).collect::<Vec<_>>(), [1]);
        assert!(outcomes.into_result().is_err_and(|error| error.is_group_active()));
    }

    #[test]
    fn a_group_that_answered_does_not_hide_its_failed_partition() {
        let inner: Outcomes<i32, ()> = [(0, Ok(())), (1, Err(failure()))].into_iter().collect();
        let outcomes: Outcomes<&str, Outcomes<i32, ()>> = [("g", Ok(inner))].into_iter().collect();
        assert!(outcomes.all_ok());
        assert!(!outcomes.all_ok_within());
        assert_eq!(
            outcomes.errors_within().map(|(group, part, _)| (*group, *part)).collect::<Vec<_>>(),
            [("g", 1)]
        );
    }

    #[test]
    fn outcomes_come_in_order() {
        let outcomes: Outcomes<i32, char> = [(2, Ok('c')), (0, Ok('a')), (1, Ok('b'))].into_iter().collect();
        assert_eq!(outcomes.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(outcomes.into_result().unwrap().into_values().collect::<String>(), "abc");
    }
}
