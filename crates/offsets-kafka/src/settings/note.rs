use std::fmt;

/// A setting that was read and had no effect, or not the written one: worth showing to someone who asks for details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub(super) key: String,
    pub(super) why: Why,
}

/// Why it had none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    OnlyForJava,
    NoCounterpart,
    OtherProtocol,
    Unknown,
    TakenAs(i64),
}

impl Note {
    /// The key as it was written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether nobody knows the key, so that it may be a slip of the pen.
    pub fn is_unknown(&self) -> bool {
        self.why == Why::Unknown
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key)?;
        match self.why {
            Why::OnlyForJava => {
                f.write_str("ignored, means something only to a Java producer, consumer or worker")
            }
            Why::NoCounterpart => f.write_str("ignored, this client has nothing like it"),
            Why::OtherProtocol => f.write_str("ignored, security.protocol does not use it"),
            Why::Unknown => f.write_str("ignored, not a known Kafka client setting"),
            Why::TakenAs(number) => write!(f, "taken as {number}, the nearest this client allows"),
        }
    }
}
