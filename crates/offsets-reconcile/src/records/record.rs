use offsets_record::sentinel;

/// A record as the operators see it, whatever client brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record<'a> {
    /// The region that wrote it.
    pub region: &'a str,
    /// The topic it was read from.
    pub topic: &'a str,
    /// The partition it was read from; negative where that is not known.
    pub partition: i32,
    /// Its offset there; negative where that is not known.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970 (UTC), where it has one.
    pub timestamp_ms: Option<i64>,
    /// The key; `None` is Kafka's null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers, in order. One name can stand there more than once.
    pub headers: &'a [Header<'a>],
}

/// A header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value; a null is not an empty one.
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// The value of the last header of that name, as Kafka's own `Headers.lastHeader` picks it. A null is as good as none.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().rev().find(|header| header.name == name)?.value
    }

    /// Its timestamp, where that is a time: Kafka's -1 stands for none, and neither Java's producer nor Kafka Streams takes any
    /// other that is negative.
    pub fn time_ms(&self) -> Option<i64> {
        self.timestamp_ms.and_then(sentinel::timestamp)
    }

    /// Whether it deletes its key.
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }
}
