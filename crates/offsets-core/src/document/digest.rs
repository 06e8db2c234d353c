use serde_json::Value;
use twox_hash::XxHash3_128;

/// XXH3-128 of a text, as 32 hexadecimal digits. It guards against accidents, not against forgers.
pub(crate) fn of_text(text: &str) -> String {
    format!("{:032x}", XxHash3_128::oneshot(text.as_bytes()))
}

/// The digest of a document, `xxh3-128:` and [`of_text`] of its members but `digest`: as JSON without white space, the names of
/// every object in the order of their bytes. So it stays the same where a file is only laid out differently.
pub(super) fn of_members(document: &Value) -> String {
    let mut text = String::new();
    match document {
        Value::Object(members) => {
            write_object(members.iter().filter(|(name, _)| *name != "digest"), &mut text);
        }
        other => write_value(other, &mut text),
    }
    format!("xxh3-128:{}", of_text(&text))
}

/// serde_json sorts the names of an object only where no crate of the program asks it to keep their order.
fn write_object<'v>(members: impl Iterator<Item = (&'v String, &'v Value)>, text: &mut String) {
    let mut members: Vec<_> = members.collect();
    members.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (place, (name, value)) in members.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write_value(value, text);
    }
    text.push('}');
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => write_object(members.iter(), text),
        Value::Array(values) => {
            text.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write_value(value, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in files is to be read by later versions, and by programs with other features of serde_json.
    #[test]
    fn a_document_has_one_digest_forever() {
        let text = r#"{"b": [1, {"z": null, "a": "\u00e9\"\n"}, -7], "digest": "any", "a": {"y": true, "x": 18446744073709551615}}"#;
        let mut written = String::new();
        let value: Value = serde_json::from_str(text).unwrap();
        write_value(&value, &mut written);
        assert_eq!(
            written,
            r#"{"a":{"x":18446744073709551615,"y":true},"b":[1,{"a":"é\"\n","z":null},-7],"digest":"any"}"#
        );
        assert_eq!(
            of_members(&value),
            of_members(&serde_json::from_str(&written.replace("any", "other")).unwrap())
        );
        assert_eq!(of_members(&value), "xxh3-128:7c2476b9760e19f63bdb6583c8d3efe6");
    }
}
