use offsets_core::model::{
    GroupId, GroupSelection, PatternError, SourceOffset, TopicChoiceError, TopicName, TopicPartition,
};
use offsets_core::translate::Selection;

/// What JavaScript asked for, before it is known to make sense.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) all_groups: bool,
    pub(crate) groups_regex: Option<String>,
    pub(crate) topics: Vec<String>,
    pub(crate) offsets: Option<Vec<BareOffset>>,
}

/// A source offset that no group committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BareOffset {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// Why a selection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectionError {
    /// No kind of selection was named, or more than one.
    #[error("a selection has exactly one of groups, allGroups, groupsRegex and offsets, not {found}")]
    NotOne { found: usize },
    /// Topics beside offsets, which name their own.
    #[error("topics cannot be combined with offsets, which name their own")]
    TopicsWithOffsets,
    /// A partition or an offset below zero.
    #[error("selection.offsets[{at}].{field} is negative: {number}")]
    Negative { at: usize, field: &'static str, number: i64 },
    /// A value of another type.
    #[error("{place} must be {expected}, not {found}")]
    WrongType { place: String, expected: &'static str, found: String },
    /// A key that selects nothing, most likely misspelt.
    #[error("{place} has no key `{key}`, only {known}")]
    UnknownKey { place: String, key: String, known: &'static str },
    /// An empty name.
    #[error("selection.{place} is empty")]
    Nameless { place: String },
    /// Text that names no topic.
    #[error(transparent)]
    Topic(#[from] TopicChoiceError),
    /// A pattern that is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {cause}")]
    Pattern { pattern: String, cause: String },
}

impl From<PatternError> for SelectionError {
    fn from(PatternError { pattern, cause }: PatternError) -> Self {
        Self::Pattern { pattern, cause }
    }
}

impl TryFrom<Choice> for Selection {
    type Error = SelectionError;

    fn try_from(choice: Choice) -> Result<Self, SelectionError> {
        let Choice { groups, all_groups, groups_regex, topics, offsets } = choice;
        let found = [groups.is_some(), all_groups, groups_regex.is_some(), offsets.is_some()];
        let groups = match (groups, all_groups, groups_regex, offsets) {
            (Some(names), false, None, None) => {
                if let Some(at) = names.iter().position(String::is_empty) {
                    return Err(SelectionError::Nameless { place: format!("groups[{at}]") });
                }
                GroupSelection::Named(names.into_iter().map(GroupId::new).collect())
            }
            (None, true, None, None) => GroupSelection::All,
            (None, false, Some(pattern), None) => GroupSelection::matching(&pattern)?,
            (None, false, None, Some(_)) if !topics.is_empty() => {
                return Err(SelectionError::TopicsWithOffsets);
            }
            (None, false, None, Some(offsets)) => return bare(offsets),
            _ => return Err(SelectionError::NotOne { found: found.iter().filter(|&&is| is).count() }),
        };
        let topics = topics.iter().map(|topic| topic.parse()).collect::<Result<_, _>>()?;
        Ok(Self::Groups { groups, topics })
    }
}

fn bare(offsets: Vec<BareOffset>) -> Result<Selection, SelectionError> {
    let offsets = offsets.into_iter().enumerate().map(|(at, BareOffset { topic, partition, offset })| {
        if !TopicName::from(topic.as_str()).is_legal() {
            return Err(TopicChoiceError::Topic(topic.as_str().into()).into());
        }
        let negative = |field, number| SelectionError::Negative { at, field, number };
        if partition < 0 {
            return Err(negative("partition", partition.into()));
        }
        let offset = SourceOffset::new(offset).map_err(|_| negative("offset", offset))?;
        Ok((TopicPartition::new(topic.as_str(), partition), offset))
    });
    Ok(Selection::Offsets(offsets.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(choice: Choice) -> String {
        Selection::try_from(choice).map(|selection| format!("{selection:?}")).unwrap_err().to_string()
    }

    fn at(offset: i64) -> BareOffset {
        BareOffset { topic: "orders".to_owned(), partition: 3, offset }
    }

    #[test]
    fn one_way_of_selecting_is_wanted_and_not_two() {
        assert_eq!(
            refused(Choice::default()),
            "a selection has exactly one of groups, allGroups, groupsRegex and offsets, not 0"
        );
        let twice = Choice { groups: Some(Vec::new()), all_groups: true, ..Choice::default() };
        assert!(refused(twice).ends_with("not 2"));
    }

    #[test]
    fn topics_narrow_groups_but_not_offsets() {
        let topics = vec!["orders".to_owned()];
        let choice = Choice { all_groups: true, topics: topics.clone(), ..Choice::default() };
        let Ok(Selection::Groups { groups: GroupSelection::All, topics: narrowed }) = choice.try_into()
        else {
            panic!("a selection of all groups");
        };
        assert_eq!(narrowed, [TopicName::from("orders").into()]);
        let choice = Choice { offsets: Some(vec![at(1)]), topics, ..Choice::default() };
        assert_eq!(refused(choice), "topics cannot be combined with offsets, which name their own");
    }

    #[test]
    fn offsets_reach_to_the_end_of_64_bits_and_are_never_negative() {
        let choice = Choice { offsets: Some(vec![at(0), at(i64::MAX)]), ..Choice::default() };
        let Ok(Selection::Offsets(offsets)) = choice.try_into() else { panic!("a selection of offsets") };
        assert_eq!(offsets[1].1.get(), i64::MAX);
        let choice = Choice { offsets: Some(vec![at(0), at(-1)]), ..Choice::default() };
        assert_eq!(refused(choice), "selection.offsets[1].offset is negative: -1");
    }

    #[test]
    fn a_pattern_that_is_no_regular_expression_is_named() {
        let choice = Choice { groups_regex: Some("app-(".to_owned()), ..Choice::default() };
        assert!(refused(choice).starts_with("`app-(` is not a regular expression: "));
    }
}
