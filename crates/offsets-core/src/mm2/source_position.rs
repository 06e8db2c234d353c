use serde::Deserialize;

use crate::model::{ClusterAlias, SourceOffset, TopicPartition};

/// How far a Connect worker has copied one partition, as a record of its offset storage topic says it
/// (`OffsetStorageWriter`, `MirrorUtils.wrapPartition`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePosition {
    /// The alias of the source: a worker's topic may hold the positions of several flows.
    pub cluster: ClusterAlias,
    /// The partition on the source.
    pub partition: TopicPartition,
    /// The last source offset that was copied, or dropped; `None` when nothing is known of the partition any more.
    pub through: Option<SourceOffset>,
}

/// A key: the connector's name and what MM2 names a partition by. The order of its fields is not promised.
#[derive(Deserialize)]
struct Key(
    #[expect(dead_code, reason = "any name will do: dedicated MM2 and plain Connect differ")] String,
    Place,
);

#[derive(Deserialize)]
struct Place {
    cluster: String,
    topic: String,
    partition: i32,
}

#[derive(Deserialize)]
struct Position {
    offset: i64,
}

impl SourcePosition {
    /// What a record of the topic says; `None` for the records of other connectors.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Self> {
        let Key(_, place) = serde_json::from_slice(key?).ok()?;
        let partition = TopicPartition::new(place.topic.as_str(), place.partition);
        let cluster = ClusterAlias::from(place.cluster.as_str());
        let Some(value) = value else { return Some(Self { cluster, partition, through: None }) };
        let Position { offset } = serde_json::from_slice(value).ok()?;
        Some(Self { cluster, partition, through: SourceOffset::new(offset).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(key: &str, value: Option<&str>) -> Option<(TopicPartition, Option<i64>)> {
        let read = SourcePosition::decode(Some(key.as_bytes()), value.map(str::as_bytes))?;
        Some((read.partition, read.through.map(SourceOffset::get)))
    }

    #[test]
    fn the_fields_of_a_key_may_stand_in_any_order() {
        let orders = TopicPartition::new("orders", 3);
        for key in [
            r#"["MirrorSourceConnector",{"cluster":"src","partition":3,"topic":"orders"}]"#,
            r#"["my-mirror", {"topic":"orders", "cluster":"src", "partition":3}]"#,
        ] {
            assert_eq!(decoded(key, Some(r#"{"offset":4711}"#)), Some((orders.clone(), Some(4711))));
            assert_eq!(decoded(key, None), Some((orders.clone(), None)));
        }
    }

    #[test]
    fn what_other_connectors_keep_is_passed_over() {
        for key in [r#"["files",{"filename":"a.txt"}]"#, r#"["x"]"#, "", "\u{0}\u{6}orders"] {
            assert_eq!(decoded(key, Some(r#"{"offset":1}"#)), None);
        }
        let checkpoint = r#"["MirrorCheckpointConnector",{"group":"g","partition":0,"topic":"src.orders"}]"#;
        assert_eq!(decoded(checkpoint, Some(r#"{"offset":0}"#)), None);
    }
}
