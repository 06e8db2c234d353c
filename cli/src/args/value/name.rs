use offsets_core::model::{Printable, TopicName};

/// The name of a group that a verb may create: a blank at its end or a character that cannot be seen is a slip far more often than a
/// name.
pub(in crate::args) fn group_name(text: &str) -> Result<String, String> {
    let shown = Printable(text);
    match text {
        "" => Err("a name is not empty".to_owned()),
        _ if shown.text() != text => {
            Err(format!("`{shown}` has a character that cannot be seen, or a blank at its end"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// A topic's name as Kafka has it.
pub(in crate::args) fn topic_name(text: &str) -> Result<String, String> {
    if TopicName::from(text).is_legal() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` is not a topic's name: those have letters, digits, `.`, `_` and `-`, and at most 249 of them",
        Printable(text)
    ))
}

/// The same, and empty text for an option that stands without a value.
pub(in crate::args) fn topic_name_or_none(text: &str) -> Result<String, String> {
    if text.is_empty() { Ok(String::new()) } else { topic_name(text) }
}

/// `[REGION=]FILE|TOPIC`: neither is empty, and a region has no blanks at its ends.
pub(in crate::args) fn input_name(text: &str) -> Result<String, String> {
    let (region, name) = text.split_once('=').map_or((None, text), |(region, name)| (Some(region), name));
    match (region, name) {
        (None, "") => Err("it names no file and no topic".to_owned()),
        (Some(region), "") => Err(format!("nothing is named behind `{}=`", Printable(region))),
        (Some(region), _) if region.trim() != region => {
            Err(format!("the region `{}` has a blank at its end", Printable(region)))
        }
        _ => Ok(text.to_owned()),
    }
}
