use jiff::Timestamp;
use offsets_core::model::parse_instant;

/// A point in time with its zone: RFC 3339, as in `2026-11-23T08:00:00Z` and `2026-11-23T09:00:00.000+01:00`, and with a zone of
/// four digits (`+0100`), as kafka-consumer-groups takes it too.
///
/// Kafka's own times begin with 1970. A negative one would not be earlier: in ListOffsets -1 asks for the log end and -2 for the
/// log start.
pub(in crate::args) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let time = parse_instant(text).or_else(|| parse_instant(&with_colon(text)?));
    let time = time.ok_or_else(|| {
        format!("`{text}` is not a time with seconds and a zone, such as 2026-11-23T08:00:00Z or 2026-11-23T09:00:00.250+01:00")
    })?;
    if time < Timestamp::UNIX_EPOCH {
        return Err(format!(
            "`{text}` is before 1970, where Kafka's times begin; write earliest for the first record"
        ));
    }
    Ok(time)
}

/// A zone of four digits in RFC 3339's form.
fn with_colon(text: &str) -> Option<String> {
    let (time, zone) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = zone.split_at_checked(3)?;
    hours.starts_with(['+', '-']).then(|| format!("{time}{hours}:{minutes}"))
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
            "2026-11-23T08:00Z",
            "20261123T080000Z",
            "2026-11-23 08:00:00Z",
            "2026-11-23T08:00:00,5Z",
            "2026-11-23T08:00:60Z",
            "2026-11-23T09:00:00+01",
            "2026-11-23T09:00:00-00100",
            "2026-11-23T09:00:00+2400",
        ] {
            assert!(parse_time(text).is_err_and(|error| error.contains("and a zone")), "{text}");
        }
        for text in ["1969-12-31T23:59:59.999Z", "1970-01-01T00:30:00+01:00", "0001-01-01T00:00:00Z"] {
            assert!(parse_time(text).is_err_and(|error| error.contains("before 1970")), "{text}");
        }
    }
}
