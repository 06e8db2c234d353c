use crate::model::TopicId;

/// What is found where a record of a partition was kept, when the partition is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The record, with the content it had.
    Same,
    /// A record with another content.
    Other,
    /// No record: compaction or retention may have removed it.
    Gone,
}

/// Whether what was kept of a partition is of the topic that has its name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incarnation {
    /// It is the same topic.
    Same,
    /// It is another topic, or its log was cut and written again.
    Other,
    /// Nothing shows that it is the same.
    Unproved,
}

/// The ids of a topic, as evidence of whether it is still the one that something was kept of. `None` is an id that could not be had:
/// brokers before Kafka 2.8 have none, and a principal may lack the right to describe the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continuity {
    /// The id of the topic that what was kept was read from.
    pub kept: Option<TopicId>,
    /// The id that was asked for before the topic was read again.
    pub before: Option<TopicId>,
    /// The id that was asked for after that.
    pub after: Option<TopicId>,
}

impl Continuity {
    /// Whether what was kept is of the topic that was read between the two questions, where `sightings` are of records that were
    /// kept.
    ///
    /// Ids come first. A record that changed contradicts them all the same, because offsets of one topic change their records only
    /// where its log was cut. Only where an id is missing a record that is still there proves that the topic is the same.
    pub fn judge(self, sightings: impl IntoIterator<Item = Sighting>) -> Incarnation {
        let Self { kept, before, after } = self;
        let differ = |one: Option<TopicId>, other: Option<TopicId>| {
            one.zip(other).is_some_and(|(one, other)| one != other)
        };
        let mut seen_again = false;
        for sighting in sightings {
            match sighting {
                Sighting::Same => seen_again = true,
                Sighting::Other => return Incarnation::Other,
                Sighting::Gone => {}
            }
        }
        if differ(kept, before) || differ(kept, after) || differ(before, after) {
            return Incarnation::Other;
        }
        let is_same_id = kept.is_some() && kept == before && kept == after;
        if is_same_id || seen_again { Incarnation::Same } else { Incarnation::Unproved }
    }

    /// The id of the topic that was read between the two questions, where both had the same answer.
    pub fn read(self) -> Option<TopicId> {
        self.before.filter(|_| self.before == self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Option<TopicId> = None;

    fn id(bits: u128) -> Option<TopicId> {
        TopicId::new(bits)
    }

    fn judged(kept: Option<TopicId>, now: [Option<TopicId>; 2], sightings: &[Sighting]) -> Incarnation {
        Continuity { kept, before: now[0], after: now[1] }.judge(sightings.iter().copied())
    }

    #[test]
    fn a_topic_with_its_id_is_the_same_though_compaction_removed_what_was_kept() {
        assert_eq!(judged(id(1), [id(1); 2], &[Sighting::Gone]), Incarnation::Same);
        assert_eq!(judged(id(1), [id(1); 2], &[]), Incarnation::Same);
    }

    #[test]
    fn a_topic_with_another_id_is_another_whatever_it_holds() {
        for now in [[id(2), id(2)], [id(1), id(2)], [id(2), id(1)], [NONE, id(2)], [id(2), NONE]] {
            assert_eq!(judged(id(1), now, &[Sighting::Same]), Incarnation::Other, "{now:?}");
        }
        assert_eq!(judged(NONE, [id(1), id(2)], &[Sighting::Same]), Incarnation::Other);
    }

    #[test]
    fn a_record_that_changed_contradicts_every_id() {
        assert_eq!(judged(id(1), [id(1); 2], &[Sighting::Same, Sighting::Other]), Incarnation::Other);
    }

    #[test]
    fn without_ids_one_record_that_is_still_there_is_enough_and_none_is_not() {
        for (kept, now) in [(NONE, [NONE; 2]), (NONE, [id(1); 2]), (id(1), [NONE; 2]), (id(1), [id(1), NONE])]
        {
            assert_eq!(judged(kept, now, &[Sighting::Gone, Sighting::Same]), Incarnation::Same);
            assert_eq!(judged(kept, now, &[Sighting::Gone]), Incarnation::Unproved);
            assert_eq!(judged(kept, now, &[]), Incarnation::Unproved);
        }
    }

    #[test]
    fn what_was_read_has_an_id_only_where_it_did_not_change_meanwhile() {
        let read = |before, after| Continuity { kept: NONE, before, after }.read();
        assert_eq!(read(id(1), id(1)), id(1));
        assert_eq!((read(id(1), id(2)), read(NONE, id(1)), read(id(1), NONE)), (NONE, NONE, NONE));
    }
}
