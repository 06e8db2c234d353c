use super::Link;
use crate::model::{ClusterAlias, TopicName};

/// A link that no replicator can have, whichever file or flag it comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Source and target have one alias.
    #[error("source and target have the same alias '{alias}'")]
    SameAlias {
        /// The alias.
        alias: ClusterAlias,
    },
    /// A part of topic names that no topic's name can hold.
    #[error("the {part} is '{text}', and names of topics are made of letters, digits, '.', '_' and '-'")]
    NotInTopicNames {
        /// Which part.
        part: &'static str,
        /// What it is.
        text: String,
    },
    /// A name that no topic can have.
    #[error(
        "the {part} is '{topic}', which is no name of a topic: 1 to 249 letters, digits, '.', '_' and '-'"
    )]
    NoTopicName {
        /// Which topic.
        part: &'static str,
        /// Its name.
        topic: TopicName,
    },
}

impl Link {
    /// Checks the aliases, the separator and the names of topics: the aliases are two, and all of these can stand in names
    /// of topics.
    ///
    /// # Errors
    /// [`LinkError`], for the first that does not.
    pub fn check(&self) -> Result<(), LinkError> {
        let aliases = [("source's alias", &self.source), ("target's alias", &self.target)];
        for (part, alias) in aliases {
            if alias.as_str().is_empty() || !fits_topic_names(alias.as_str()) {
                return Err(LinkError::NotInTopicNames { part, text: alias.to_string() });
            }
        }
        if self.source == self.target {
            return Err(LinkError::SameAlias { alias: self.source.clone() });
        }
        if !fits_topic_names(self.policy.separator()) {
            let text = self.policy.separator().to_owned();
            return Err(LinkError::NotInTopicNames { part: "separator", text });
        }
        let topics = [
            ("offset-syncs topic", self.syncs_topic().1),
            ("checkpoints topic", self.checkpoints_topic()),
            ("positions topic", self.positions_topic()),
        ];
        for (part, topic) in topics {
            if !is_topic_name(topic.as_str()) {
                return Err(LinkError::NoTopicName { part, topic });
            }
        }
        Ok(())
    }
}

/// Whether a text can be a part of a topic's name (`org.apache.kafka.common.internals.Topic`). The empty one can.
pub(crate) fn fits_topic_names(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether a topic can have this name (`Topic.validate`).
fn is_topic_name(text: &str) -> bool {
    fits_topic_names(text) && (1..=249).contains(&text.len()) && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_two_aliases_and_a_separator_that_topics_can_hold() {
        assert_eq!(Link::new("eu-west.1", "us_east").check(), Ok(()));
        let separated = |separator: &str| {
            let link = Link::new("a", "b");
            Link { policy: link.policy.clone().with_separator(separator), ..link }
        };
        for separator in ["", "_", "-", "..", "x"] {
            assert_eq!(separated(separator).check(), Ok(()), "{separator}");
        }
        for (link, words) in [
            (Link::new("a", "a"), "the same alias 'a'"),
            (Link::new("", "b"), "source's alias is"),
            (Link::new("a b", "b"), "source's alias is"),
            (Link::new("a", "b "), "target's alias is"),
            (Link::new("ä", "b"), "source's alias is"),
            (Link::new("a/b", "b"), "source's alias is"),
            (separated("/"), "separator is '/'"),
            (separated(" "), "separator is ' '"),
            (Link { syncs_topic_name: Some("".into()), ..Link::new("a", "b") }, "offset-syncs topic is"),
            (Link { checkpoints_topic_name: Some("x y".into()), ..Link::new("a", "b") }, "checkpoints topic"),
            (Link::new("a", "b".repeat(240).as_str()), "offset-syncs topic is 'mm2-offset-syncs.bbb"),
            (Link { positions_topic_name: Some("..".into()), ..Link::new("a", "b") }, "positions topic"),
        ] {
            let error = link.check().expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
