use std::fmt;
use std::str::FromStr;

use super::{TopicName, TopicPartition};

/// A whole topic, or some partitions of it: `orders`, or `orders:0,1` as kafka-consumer-groups has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicChoice {
    /// The topic.
    pub topic: TopicName,
    /// Its partitions; empty for all.
    pub partitions: Vec<i32>,
}

/// Why text names no topic or partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicChoiceError {
    /// The name is one that no topic can have.
    #[error(
        "`{0}` is not a topic's name: those have letters, digits, `.`, `_` and `-`, and at most 249 of them"
    )]
    Topic(TopicName),
    /// What stands behind the colon.
    #[error("`{0}` is not a partition number; write TOPIC, TOPIC:PARTITION or TOPIC:PARTITION,PARTITION")]
    Partition(String),
}

impl TopicChoice {
    /// Whether a partition is chosen.
    pub fn admits(&self, partition: &TopicPartition) -> bool {
        self.topic == partition.topic
            && (self.partitions.is_empty() || self.partitions.contains(&partition.partition))
    }

    /// Whether a partition is chosen by one of `choices`, or there are none and all are meant.
    pub fn any_admits(choices: &[Self], partition: &TopicPartition) -> bool {
        choices.is_empty() || choices.iter().any(|choice| choice.admits(partition))
    }
}

impl FromStr for TopicChoice {
    type Err = TopicChoiceError;

    fn from_str(text: &str) -> Result<Self, TopicChoiceError> {
        let (topic, numbers) =
            text.rsplit_once(':').map_or((text, None), |(topic, list)| (topic, Some(list)));
        let topic = TopicName::from(topic);
        if !topic.is_legal() {
            return Err(TopicChoiceError::Topic(topic));
        }
        let partition = |text: &str| {
            let number = text.trim().parse::<i32>().ok().filter(|number| *number >= 0);
            number.ok_or_else(|| TopicChoiceError::Partition(text.to_owned()))
        };
        let partitions = numbers.map(|list| list.split(',').map(partition).collect::<Result<_, _>>());
        Ok(Self { topic, partitions: partitions.transpose()?.unwrap_or_default() })
    }
}

/// A whole topic.
impl From<TopicName> for TopicChoice {
    fn from(topic: TopicName) -> Self {
        Self { topic, partitions: Vec::new() }
    }
}

impl fmt::Display for TopicChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.topic.fmt(f)?;
        for (at, partition) in self.partitions.iter().enumerate() {
            write!(f, "{}{partition}", if at == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_or_partitions_of_it_and_nothing_else() {
        for text in ["orders", "orders:0", "src.orders:2,5", "a_b-c.d"] {
            assert_eq!(text.parse::<TopicChoice>().map(|choice| choice.to_string()).as_deref(), Ok(text));
        }
        for text in ["", ":0", " orders", "or ders", "\"orders\"", "a:b:0", ".", "..", &"t".repeat(250)] {
            assert!(matches!(text.parse::<TopicChoice>(), Err(TopicChoiceError::Topic(_))), "{text}");
        }
        for text in ["orders:", "orders:-1", "orders:x", "orders:0,", "orders:2147483648"] {
            assert!(matches!(text.parse::<TopicChoice>(), Err(TopicChoiceError::Partition(_))), "{text}");
        }
    }

    #[test]
    fn a_choice_admits_its_partitions_and_none_admits_all() {
        let [zero, one] = [0, 1].map(|partition| TopicPartition::new("orders", partition));
        let choices: Vec<TopicChoice> =
            ["orders:1", "other"].iter().filter_map(|text| text.parse().ok()).collect();
        assert!(TopicChoice::any_admits(&choices, &one) && !TopicChoice::any_admits(&choices, &zero));
        assert!(TopicChoice::any_admits(&[], &zero));
    }
}
