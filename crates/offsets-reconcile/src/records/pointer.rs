use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON pointer (RFC 6901): the way to one field of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

/// A text that is no JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no JSON pointer: {why}")]
pub struct NotAPointer {
    text: String,
    why: &'static str,
}

impl Pointer {
    /// Reads a pointer such as `/order/id`. The empty text means the whole value.
    ///
    /// # Errors
    /// [`NotAPointer`] when it does not begin with `/`, or a `~` in it is not followed by 0 or 1.
    ///
    /// # Examples
    /// ```
    /// use offsets_reconcile::Pointer;
    ///
    /// let id = Pointer::parse("/order/id")?;
    /// let found = id.find(br#"{"order": {"id": 17, "total": 3}}"#).expect("it is JSON");
    /// assert_eq!(found.map(|raw| raw.get()), Some("17"));
    /// # Ok::<(), offsets_reconcile::NotAPointer>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        let wrong = |why| NotAPointer { text: text.to_owned(), why };
        let steps = match text.strip_prefix('/') {
            Some(steps) => steps.split('/').map(unescape).collect::<Option<_>>(),
            None if text.is_empty() => Some(Vec::new()),
            None => return Err(wrong("it does not begin with /")),
        };
        let steps = steps.ok_or_else(|| wrong("after ~ stands 0 or 1"))?;
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The field as it stands in the value; `None` when the value has no such field. Of a name that stands there twice the
    /// last counts.
    ///
    /// # Errors
    /// What is wrong, when the value is not JSON.
    pub fn find<'a>(&self, json: &'a [u8]) -> Result<Option<&'a RawValue>, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let found = Descent(&self.steps).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(found)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "(the whole value)" } else { &self.text })
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut parts = step.split('~');
    let mut plain = parts.next()?.to_owned();
    for part in parts {
        plain.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        plain.push_str(&part[1..]);
    }
    Some(plain)
}

/// Goes down the steps and passes over everything beside the way, so that no tree is built.
struct Descent<'s>(&'s [String]);

impl<'de> DeserializeSeed<'de> for Descent<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0.split_first() {
            None => <&RawValue>::deserialize(deserializer).map(Some),
            Some((step, rest)) => deserializer.deserialize_any(Crossing { step, rest }),
        }
    }
}

struct Crossing<'s> {
    step: &'s str,
    rest: &'s [String],
}

impl<'de> Visitor<'de> for Crossing<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Named(self.step))? {
            if is_it {
                found = map.next_value_seed(Descent(self.rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut ahead = index(self.step);
        let mut found = None;
        loop {
            if ahead == Some(0) {
                match seq.next_element_seed(Descent(self.rest))? {
                    Some(element) => found = element,
                    None => return Ok(None),
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            ahead = ahead.and_then(|ahead| ahead.checked_sub(1));
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// An element's number as RFC 6901 writes it, without leading zeros.
fn index(step: &str) -> Option<usize> {
    let plain = step == "0" || (!step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit()));
    step.parse().ok().filter(|_| plain)
}

/// Whether a name is the one that is looked for.
struct Named<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn found(pointer: &str, json: &str) -> Option<String> {
        let pointer = Pointer::parse(pointer).unwrap();
        pointer.find(json.as_bytes()).unwrap().map(|raw| raw.get().to_owned())
    }

    #[test]
    fn the_examples_of_the_rfc_are_found() {
        let json = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4," ":7,"m~n":8}"#;
        for (pointer, value) in [
            ("/foo/0", "\"bar\""),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(found(pointer, json).as_deref(), Some(value), "{pointer}");
        }
        assert_eq!(found("", json).as_deref(), Some(json));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for pointer in ["/b", "/a/b", "/l/2", "/l/00", "/l/-", "/l/x", "/s/0", "/n/x"] {
            assert_eq!(found(pointer, r#"{"a":1,"l":[1,2],"s":"x","n":null}"#), None, "{pointer}");
        }
    }

    #[test]
    fn a_value_that_is_cut_short_is_not_json_even_behind_the_field() {
        let pointer = Pointer::parse("/a").unwrap();
        for json in [r#"{"a":1"#, r#"{"a":1}}"#, "", r#"{"a":1,"b"}"#, "{\"a\":1,\"b\":\"\u{0}\"}"] {
            assert!(pointer.find(json.as_bytes()).is_err(), "{json}");
        }
        assert!(pointer.find(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_text_that_is_no_pointer_is_refused() {
        for text in ["a", "a/b", "/~", "/~2", "/a~"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<i64>().prop_map(Value::from),
            "[a~/]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-b0~/]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_whole_tree_holds(value in values(), text in "(/[a-b0-2]{0,2}(~[01])?){0,3}") {
            let json = value.to_string();
            let expected = value.pointer(&text).cloned();
            let found = found(&text, &json).map(|raw| serde_json::from_str::<Value>(&raw).unwrap());
            prop_assert_eq!(found, expected);
        }
    }
}
