use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id a broker gives a topic when it is created (KIP-516, Kafka 2.8 and newer): a topic that is deleted and created
/// again under its name has another one. Written as Kafka writes it, in 22 characters of URL-safe base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TopicId(u128);

/// The text is no topic id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no topic id: 22 characters of URL-safe base64 are expected")]
pub struct TopicIdError(String);

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LENGTH: usize = 22;
/// The last character stands for two bits only.
const SPARE: u32 = 4;

impl TopicId {
    /// The id of these bits; `None` for zero, which is what a broker says that knows no ids.
    pub fn new(bits: u128) -> Option<Self> {
        (bits != 0).then_some(Self(bits))
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(LENGTH);
        for at in 0..LENGTH as u32 {
            let from_top = 6 * (at + 1);
            let bits =
                if from_top <= u128::BITS { self.0 >> (u128::BITS - from_top) } else { self.0 << SPARE };
            text.push(char::from(DIGITS[(bits & 63) as usize]));
        }
        f.pad(&text)
    }
}

impl FromStr for TopicId {
    type Err = TopicIdError;

    fn from_str(text: &str) -> Result<Self, TopicIdError> {
        let digits = text.bytes().map(|byte| DIGITS.iter().position(|digit| *digit == byte));
        let digits = digits.collect::<Option<Vec<_>>>().filter(|digits| digits.len() == LENGTH);
        let bits = digits.and_then(|digits| {
            let (&last, first) = digits.split_last()?;
            let bits = first.iter().fold(0_u128, |bits, &digit| bits << 6 | digit as u128);
            (last % (1 << SPARE) == 0).then_some(bits << 2 | (last >> SPARE) as u128)
        });
        bits.and_then(Self::new).ok_or_else(|| TopicIdError(text.to_owned()))
    }
}

impl TryFrom<String> for TopicId {
    type Error = TopicIdError;

    fn try_from(text: String) -> Result<Self, TopicIdError> {
        text.parse()
    }
}

impl From<TopicId> for String {
    fn from(id: TopicId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_kafka_writes_it() {
        // RFC 4648 over the sixteen bytes, without padding.
        for (bits, text) in [
            (1, "AAAAAAAAAAAAAAAAAAAAAQ"),
            (u128::MAX, "_____________________w"),
            (0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, "ABEiM0RVZneImaq7zN3u_w"),
        ] {
            let id = TopicId::new(bits).unwrap_or_else(|| panic!("{bits} is an id"));
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn zero_is_no_id_and_neither_is_other_text() {
        assert_eq!(TopicId::new(0), None);
        for text in ["", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAR", "AAAAAAAAAAAAAAAAAAAAA+", "AQ"] {
            assert_eq!(text.parse::<TopicId>(), Err(TopicIdError(text.to_owned())));
        }
    }
}
