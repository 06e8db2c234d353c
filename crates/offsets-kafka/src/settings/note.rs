use std::fmt;

use offsets_core::config::Place;

/// A setting that was read and had no effect, or not the written one: worth showing to someone who asks for details.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub(super) key: String,
    pub(super) why: Why,
    /// Where it was written, where that is known.
    pub(super) place: Option<Place>,
}

/// Why it had none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    OnlyForJava,
    NoCounterpart,
    OtherProtocol,
    Unknown,
    TakenAs(i64),
    /// It refers to a provider that is not declared, and was taken as it is.
    UndeclaredProvider(String),
    /// It cannot be resolved, and something else was given in its place.
    LeftOut(String),
}

impl Note {
    /// The key as it was written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the setting means something here and is not taken as it was written, so that it is worth showing to everybody.
    pub fn is_warning(&self) -> bool {
        matches!(self.why, Why::TakenAs(_) | Why::UndeclaredProvider(_) | Why::LeftOut(_))
    }

    /// Whether the key is unknown, so that it may be a typing error.
    pub fn is_unknown(&self) -> bool {
        self.why == Why::Unknown
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: ")?,
            None => write!(f, "{}: ", self.key)?,
        }
        match &self.why {
            Why::OnlyForJava => {
                f.write_str("ignored, means something only to a Java producer, consumer or worker")
            }
            Why::NoCounterpart => f.write_str("ignored, this client has nothing like it"),
            Why::OtherProtocol => f.write_str("ignored, security.protocol does not use it"),
            Why::Unknown => f.write_str("ignored, not a known Kafka client setting"),
            Why::TakenAs(number) => write!(f, "taken as {number}, the nearest this client allows"),
            Why::UndeclaredProvider(provider) => write!(
                f,
                "taken as it is, though it refers to the config provider {provider}: config.providers does not declare it"
            ),
            Why::LeftOut(problem) => write!(f, "left out: it {problem}"),
        }
    }
}
