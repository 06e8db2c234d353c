use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

/// Another tool that writes records of Kafka as lines, which are not those of a [`Line`](crate::Line).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `kcat -J`: the value is `payload`, the timestamp `ts`, headers a list of names and values in turn (`json.c`).
    Kcat,
    /// `kaf consume --output json`: the value is `payload`, the timestamp text (`cmd/kaf/consume.go`).
    Kaf,
    /// `rpk topic consume`: headers are a list of objects with `key` and `value`.
    Rpk,
    /// `kafka-console-consumer` with `print.timestamp`: no JSON, but columns.
    ConsoleConsumer,
}

impl Tool {
    /// The tool that wrote a line, by what its lines have and no others.
    pub(crate) fn of(line: &[u8]) -> Option<Self> {
        let columns = ["CreateTime:", "LogAppendTime:", "NO_TIMESTAMP"];
        if columns.iter().any(|column| line.starts_with(column.as_bytes())) {
            return Some(Self::ConsoleConsumer);
        }
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_slice(line).ok()?;
        let has = |name: &str| fields.contains_key(name);
        let headers = fields.get("headers").map(|headers| headers.get());
        let headers =
            headers.and_then(|headers| serde_json::from_str::<Vec<BTreeMap<&str, &RawValue>>>(headers).ok());
        if has("payload") {
            let is_kcat = has("tstype") || has("ts") || has("broker");
            Some(if is_kcat { Self::Kcat } else { Self::Kaf })
        } else if has("value_size")
            || headers.is_some_and(|headers| headers.iter().all(|header| header.contains_key("key")))
        {
            Some(Self::Rpk)
        } else {
            None
        }
    }
}

/// The command that writes such lines.
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kcat => "kcat -J",
            Self::Kaf => "kaf consume --output json",
            Self::Rpk => "rpk topic consume",
            Self::ConsoleConsumer => "kafka-console-consumer",
        })
    }
}
