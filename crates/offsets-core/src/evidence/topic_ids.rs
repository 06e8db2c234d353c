use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::written::once;
use crate::model::{TopicId, TopicName};

/// The ids that the topics of one cluster were seen to have, each the oldest first. A topic that is not there has none,
/// or it is unknown.
///
/// A recorder asks for the id of a topic before it records anything of it: then a topic that has had but one id is the one of which
/// all was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicIds(#[serde(deserialize_with = "topics")] BTreeMap<TopicName, Vec<TopicId>>);

/// An object with each topic once.
fn topics<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<TopicName, Vec<TopicId>>, D::Error> {
    struct Topics;

    impl<'de> de::Visitor<'de> for Topics {
        type Value = Vec<(TopicName, Vec<TopicId>)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the ids of topics by name")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            std::iter::from_fn(|| map.next_entry().transpose()).collect()
        }
    }

    let entries = deserializer.deserialize_map(Topics)?;
    once(entries.iter().map(|(topic, _)| topic), |topic| format!("topic {topic}"))?;
    Ok(entries.into_iter().collect())
}

impl TopicIds {
    /// Takes the id that a topic has now; tells whether it was not known to be.
    pub fn note(&mut self, topic: TopicName, id: TopicId) -> bool {
        let ids = self.0.entry(topic).or_default();
        let is_new = ids.last() != Some(&id);
        if is_new {
            ids.push(id);
        }
        is_new
    }

    /// Takes what was seen later; tells whether any of it is new.
    pub fn extend(&mut self, later: &Self) -> bool {
        let mut is_new = false;
        for (topic, ids) in &later.0 {
            let newest = self.0.get(topic).and_then(|known| known.last());
            let seen = ids.iter().rposition(|id| Some(id) == newest).map_or(0, |at| at + 1);
            for id in &ids[seen..] {
                is_new |= self.note(topic.clone(), *id);
            }
        }
        is_new
    }

    /// The first and the newest id of a topic that was re-created in between.
    pub fn recreation(&self, topic: &TopicName) -> Option<(TopicId, TopicId)> {
        match self.0.get(topic)?.as_slice() {
            [first, .., newest] => Some((*first, *newest)),
            _ => None,
        }
    }

    /// The id that a topic has now, as far as is known.
    pub fn newest(&self, topic: &TopicName) -> Option<TopicId> {
        self.0.get(topic)?.last().copied()
    }

    /// Those of `topics` that are known.
    pub fn of(&self, topics: &[TopicName]) -> Self {
        let known = |topic: &TopicName| Some((topic.clone(), self.0.get(topic)?.clone()));
        Self(topics.iter().filter_map(known).collect())
    }

    /// Whether no id is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(TopicName, TopicId)> for TopicIds {
    fn from_iter<I: IntoIterator<Item = (TopicName, TopicId)>>(seen: I) -> Self {
        let mut ids = Self::default();
        for (topic, id) in seen {
            ids.note(topic, id);
        }
        ids
    }
}
