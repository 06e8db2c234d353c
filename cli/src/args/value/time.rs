use jiff::Timestamp;

/// A point in time with its zone, as kafka-consumer-groups writes it: `2026-11-23T08:00:00Z`, `2026-11-23T09:00:00.000+01:00`.
///
/// Kafka's own times begin with 1970. A negative one would not be earlier: in ListOffsets -1 asks for the log end and -2 for the
/// log start.
pub(in crate::args) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is not a time with a zone, such as 2026-11-23T08:00:00Z");
    // jiff takes a zone's name in brackets behind it, and does not look at it.
    if text.contains('[') || text.trim() != text {
        return Err(wrong());
    }
    let time: Timestamp = text.parse().map_err(|_| wrong())?;
    if time < Timestamp::UNIX_EPOCH {
        return Err(format!(
            "`{text}` is before 1970, where Kafka's times begin; write earliest for the first record"
        ));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_zone_and_is_not_before_kafkas_first() {
        for text in ["2026-11-23T08:00:00Z", "2026-11-23T09:00:00.000+01:00", "2026-11-23T09:00:00+0100"] {
            assert_eq!(parse_time(text), "2026-11-23T08:00:00Z".parse().map_err(|_| String::new()), "{text}");
        }
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T08:00:00",
            "1764000000000",
            "2026-11-23T09:00:00+01:00[Europe/Berlin]",
            " 2026-11-23T08:00:00Z",
        ] {
            assert!(parse_time(text).is_err_and(|error| error.contains("with a zone")), "{text}");
        }
        for text in ["1969-12-31T23:59:59.999Z", "1970-01-01T00:30:00+01:00", "0001-01-01T00:00:00Z"] {
            assert!(parse_time(text).is_err_and(|error| error.contains("before 1970")), "{text}");
        }
    }
}
