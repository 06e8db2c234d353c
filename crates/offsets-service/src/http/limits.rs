use std::time::Duration;

/// What the clients of a server may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum number of connections; others wait until one ends.
    pub connections: usize,
    /// Maximum size of a request's line and headers together, in bytes; at least 8192.
    pub header_bytes: usize,
    /// Maximum number of headers of a request.
    pub headers: usize,
    /// Maximum size of a request's body, in bytes. No route reads one.
    pub body_bytes: usize,
    /// Maximum time from the first byte of a connection, or from its last answer, to the end of a request's headers.
    pub header_time: Duration,
    /// Maximum time from a request to the first byte of its answer.
    pub answer_time: Duration,
    /// Maximum time a client may take none of the bytes that wait for it.
    pub stall_time: Duration,
    /// Maximum time of a connection.
    pub connection_time: Duration,
    /// Maximum time that a server which is dropped waits for answers to be finished.
    pub drain: Duration,
}

impl Limits {
    /// For short answers to a monitoring system.
    pub const MONITOR: Self = Self {
        connections: 64,
        header_bytes: 16 * 1024,
        headers: 64,
        body_bytes: 1024,
        header_time: Duration::from_secs(10),
        answer_time: Duration::from_secs(10),
        stall_time: Duration::from_secs(10),
        connection_time: Duration::from_secs(10 * 60),
        drain: Duration::from_secs(2),
    };

    /// For snapshots of an archive, which may be long. Each reader costs two pages of memory, and nothing expires while one reads.
    pub const SNAPSHOT: Self = Self {
        connections: 4,
        stall_time: Duration::from_secs(30),
        connection_time: Duration::from_secs(30 * 60),
        answer_time: Duration::from_secs(60),
        ..Self::MONITOR
    };
}
