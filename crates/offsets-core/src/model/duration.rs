use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer};

/// Why text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// A number alone.
    #[error("`{0}` has no unit; write {0}s, {0}m, {0}h or {0}d")]
    NoUnit(String),
    /// Months and years have no fixed length.
    #[error("`{0}`: months and years differ in length; write days or weeks, such as 30d or P30D")]
    Calendar(String),
    /// Less than nothing.
    #[error("`{0}` is negative")]
    Negative(String),
    /// Anything else, or too long.
    #[error("`{0}` is not a duration, such as 500ms, 90m, 1h 30m, 7d, 1w, PT1H or P7DT2H")]
    Malformed(String),
}

/// Reads a duration as operators write it: `500ms`, `90m`, `1h 30m`, `7d`, `1w`, or ISO 8601's `PnDTnHnMnS` as
/// kafka-consumer-groups takes it. A day is 24 hours and a week is seven days.
///
/// # Errors
/// [`DurationError`]: a number without a unit, months or years, a negative duration, or one that is too long.
///
/// # Examples
/// ```
/// use jiff::SignedDuration;
/// use offsets_core::model::parse_duration;
///
/// assert_eq!(parse_duration("P7DT2H"), Ok(SignedDuration::from_hours(7 * 24 + 2)));
/// assert_eq!(parse_duration("1h 30m"), Ok(SignedDuration::from_mins(90)));
/// assert!(parse_duration("P1M").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<SignedDuration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError::NoUnit(text.to_owned()));
    }
    // A clock's 01:30:00 has no unit either, and could be minutes.
    if text.contains(':') || text.trim() != text {
        return Err(malformed());
    }
    let span: Span = text.parse().map_err(|_| malformed())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(DurationError::Calendar(text.to_owned()));
    }
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| malformed())?;
    if duration.is_negative() { Err(DurationError::Negative(text.to_owned())) } else { Ok(duration) }
}

/// For serde's `deserialize_with`: a duration in a file, by the rules of [`parse_duration`].
///
/// # Errors
/// When it is none.
pub fn deserialize_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

/// The same where the duration may be left out.
///
/// # Errors
/// When it is none.
pub fn deserialize_some_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SignedDuration>, D::Error> {
    deserialize_duration(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        parse_duration(text).ok().map(|duration| duration.as_secs())
    }

    #[test]
    fn what_kafka_consumer_groups_takes_is_taken() {
        for (text, expected) in [
            ("P1D", 86_400),
            ("P7DT2H", 612_000),
            ("PT1H30M", 5_400),
            ("PT1.5S", 1),
            ("P0DT10S", 10),
            ("p1dt1h", 90_000),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_fixed_length_no_unit_or_no_end_is_named() {
        for text in ["P1M", "P1Y", "1mo", "2 months", "1y", "P1Y2M3DT4H"] {
            assert_eq!(parse_duration(text), Err(DurationError::Calendar(text.to_owned())));
        }
        for text in ["60", "0", "99999999999999999999"] {
            assert_eq!(parse_duration(text), Err(DurationError::NoUnit(text.to_owned())));
        }
        for text in ["-1h", "-PT1H", "1h ago", "-P1D"] {
            assert_eq!(parse_duration(text), Err(DurationError::Negative(text.to_owned())));
        }
        for text in [
            "",
            "soon",
            "1_0s",
            "9999999999999h",
            "1e3s",
            "1.5d",
            "1m 1h",
            "1h 1h",
            "PT-1H",
            "01:30:00",
            " 1h",
            "1h ",
            "1M",
            "1h30",
            "99999999999999999999d",
            "P99999999999D",
            "1\u{a0}h",
        ] {
            assert_eq!(parse_duration(text), Err(DurationError::Malformed(text.to_owned())));
        }
    }

    /// Any mixture of units, from the largest to the smallest, is the sum of them; in both forms.
    #[test]
    fn every_mixture_of_units_is_their_sum() {
        let units = [
            ("w", 604_800_000_u64),
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1_000),
            ("ms", 1),
        ];
        for mask in 1_u32..1 << units.len() {
            for factor in [1_u64, 7, 59, 1_000] {
                let chosen: Vec<_> =
                    (0..units.len()).filter(|at| mask >> at & 1 == 1).map(|at| units[at]).collect();
                let expected: u64 = chosen.iter().map(|(_, millis)| millis * factor).sum();
                for between in ["", " "] {
                    let text = chosen
                        .iter()
                        .map(|(unit, _)| format!("{factor}{unit}"))
                        .collect::<Vec<_>>()
                        .join(between);
                    let parsed = parse_duration(&text).map(|duration| duration.as_millis());
                    assert_eq!(parsed, Ok(i128::from(expected)), "{text}");
                }
                let [days, hours, minutes, seconds] =
                    [1, 2, 3, 4].map(|at| u64::from(mask >> at & 1) * factor);
                let iso = format!("P{days}DT{hours}H{minutes}M{seconds}S");
                let expected = days * 86_400 + hours * 3_600 + minutes * 60 + seconds;
                assert_eq!(self::seconds(&iso), i64::try_from(expected).ok(), "{iso}");
            }
        }
    }
}
