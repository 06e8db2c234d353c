use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// A time as RFC 3339 writes it (section 5.6):
/// `YYYY-MM-DD ("T" / "t") HH:MM:SS ["." DIGITS] ("Z" / "z" / ("+" / "-") HH:MM)`.
///
/// Narrower than that in three things: a second is 00 to 59, for a leap second cannot be told from the one beside it; a
/// fraction has up to nine digits, zeros behind it not counted; and the instant, in UTC, lies in the years 0000 to 9999 and not
/// behind [`Timestamp::MAX`], two hours before the end of the year 9999's last day but one.
///
/// # Examples
/// ```
/// use offsets_record::parse_instant;
///
/// assert!(parse_instant("2026-11-23T09:00:00.5+01:00").is_some());
/// for text in ["2026-11-23", "2026-11-23T08:00Z", "20261123T080000Z", "2026-11-23 08:00:00Z", "2026-11-23T08:00:00+01"] {
///     assert!(parse_instant(text).is_none());
/// }
/// ```
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    // Everything that is taken is ASCII.
    let mut bytes = text.is_ascii().then_some(text.as_bytes())?;
    let bytes = &mut bytes;
    let year = digits(bytes, 4)?;
    let month = behind(bytes, b"-")?;
    let day = behind(bytes, b"-")?;
    let hour = behind(bytes, b"Tt")?;
    let minute = behind(bytes, b":")?;
    let second = behind(bytes, b":")?;
    let nanosecond = if next_is(bytes, b".").is_some() { fraction(bytes)? } else { 0 };
    let offset = offset(bytes)?;
    if !bytes.is_empty() {
        return None;
    }
    let small = |number: i32| i8::try_from(number).ok();
    let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()?;
    let instant = offset.to_timestamp(date.to_datetime(time)).ok()?;
    (instant >= FIRST).then_some(instant)
}

/// 0000-01-01T00:00:00Z, the first instant that can be written.
const FIRST: Timestamp = Timestamp::constant(-62_167_219_200, 0);

fn offset(bytes: &mut &[u8]) -> Option<Offset> {
    let sign = match next_is(bytes, b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(Offset::UTC),
    };
    let hours = digits(bytes, 2).filter(|hours| *hours <= 23)?;
    let minutes = behind(bytes, b":").filter(|minutes| *minutes <= 59)?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Nanoseconds.
fn fraction(bytes: &mut &[u8]) -> Option<i32> {
    const MOST: usize = 9;
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (written, rest) = bytes.split_at(length);
    *bytes = rest;
    let zeros = written.iter().rev().take_while(|digit| **digit == b'0').count();
    let said = &written[..length - zeros];
    let digit = |at| i32::from(said.get(at).map_or(0, |digit: &u8| digit - b'0'));
    (length > 0 && said.len() <= MOST).then(|| (0..MOST).fold(0, |value, at| value * 10 + digit(at)))
}

/// Two digits behind one of these characters.
fn behind(bytes: &mut &[u8], marks: &[u8]) -> Option<i32> {
    next_is(bytes, marks)?;
    digits(bytes, 2)
}

fn next_is(bytes: &mut &[u8], marks: &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    marks.contains(first).then(|| {
        *bytes = rest;
        *first
    })
}

fn digits(bytes: &mut &[u8], count: usize) -> Option<i32> {
    let (digits, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i32::from(digit - b'0')))
}
