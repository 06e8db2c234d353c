use std::time::Duration;

/// A duration by the rules of [`offsets_core::model::parse_duration`]: `500ms`, `90m`, `1h 30m`, `7d`, `PT1H`, `P7DT2H`.
pub(in crate::args) fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = offsets_core::model::parse_duration(text).map_err(|error| error.to_string())?;
    Duration::try_from(duration).map_err(|_| format!("`{text}` is negative"))
}

/// The same, and longer than none.
pub(in crate::args) fn some_time(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("it must be longer than 0s".to_owned()),
        time => Ok(time),
    }
}
