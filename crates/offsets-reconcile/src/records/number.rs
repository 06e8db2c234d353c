use std::borrow::Cow;

use rust_decimal::Decimal;

/// A decimal number as it is written: `["-"] DIGITS ["." DIGITS] [("e" / "E") ["+" / "-"] DIGITS]`.
///
/// It is JSON's grammar, and zeros in front of the number and of the exponent besides, as text has them. Nothing else is a
/// number: no `+` in front, no point without digits on both sides, no space, no `_`, no digits of other scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    text: &'a str,
    is_negative: bool,
    /// The digits before the point.
    whole: &'a str,
    /// The digits after the point.
    fraction: &'a str,
    exponent: i64,
}

/// Most digits of a version, as the number is written out without an exponent and without zeros that say nothing.
pub(crate) const VERSION_DIGITS: usize = 28;

/// Most digits of a number that is written out to be an identity. Longer ones keep an exponent.
const PLAIN_DIGITS: i64 = 400;

/// Where the digits of a number lie that are not just zeros in front or behind, counted from the first one written; and the
/// point.
struct Extent {
    first: i64,
    last: i64,
    point: i64,
}

impl<'a> Number<'a> {
    /// Reads a number; `None` where the text is none, or its exponent has more than 18 digits.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let is_negative = text.starts_with('-');
        let (whole, rest) = digits(&text[usize::from(is_negative)..])?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => digits(rest)?,
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            None if rest.is_empty() => 0,
            None => return None,
            Some(exponent) => {
                let is_all_zeros =
                    [whole, fraction].iter().all(|digits| digits.bytes().all(|digit| digit == b'0'));
                exponent_of(exponent, is_all_zeros)?
            }
        };
        Some(Self { text, is_negative, whole, fraction, exponent })
    }

    /// The number exactly; `None` where it has more than [`VERSION_DIGITS`].
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        let Some(extent) = self.extent() else { return Some(Decimal::ZERO) };
        let (before, after) = extent.digits();
        if before + after > VERSION_DIGITS as i64 {
            return None;
        }
        let value = (extent.first..extent.last.max(extent.point))
            .fold(0_i128, |value, at| value * 10 + i128::from(self.digit(at) - b'0'));
        let value = if self.is_negative { -value } else { value };
        Decimal::try_from_i128_with_scale(value, u32::try_from(after).ok()?).ok()
    }

    /// The one text of this number, however it is written: without an exponent and without zeros that say nothing, but for a
    /// number whose digits would be too many.
    pub(crate) fn plain(&self) -> Cow<'a, str> {
        let Some(extent) = self.extent() else { return Cow::Borrowed("0") };
        let (before, after) = extent.digits();
        let is_whole = self.text.len() == usize::from(self.is_negative) + self.whole.len();
        let is_plain = is_whole && extent.first == 0;
        if is_plain && before <= PLAIN_DIGITS {
            return Cow::Borrowed(self.text);
        }
        let mut plain = String::from(if self.is_negative { "-" } else { "" });
        let mut push = |from: i64, to: i64| (from..to).for_each(|at| plain.push(char::from(self.digit(at))));
        if before + after > PLAIN_DIGITS {
            push(extent.first, extent.last);
            plain.push('e');
            plain.push_str(&(extent.point - extent.last).to_string());
            return Cow::Owned(plain);
        }
        push(extent.first.min(extent.point - 1), extent.point);
        if after > 0 {
            plain.push('.');
            (extent.point..extent.last).for_each(|at| plain.push(char::from(self.digit(at))));
        }
        Cow::Owned(plain)
    }

    /// `None` for zero.
    fn extent(&self) -> Option<Extent> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes());
        let first = digits().position(|digit| digit != b'0')?;
        let zeros =
            self.fraction.bytes().rev().chain(self.whole.bytes().rev()).take_while(|digit| *digit == b'0');
        let last = self.whole.len() + self.fraction.len() - zeros.count();
        Some(Extent {
            first: first as i64,
            last: last as i64,
            point: self.whole.len() as i64 + self.exponent,
        })
    }

    /// The digit that was written at this place, or the zero that may be thought there.
    fn digit(&self, at: i64) -> u8 {
        let Ok(at) = usize::try_from(at) else { return b'0' };
        let written = match at.checked_sub(self.whole.len()) {
            None => self.whole.as_bytes().get(at),
            Some(behind) => self.fraction.as_bytes().get(behind),
        };
        written.copied().unwrap_or(b'0')
    }
}

impl Extent {
    /// How many digits stand before and after the point.
    fn digits(&self) -> (i64, i64) {
        ((self.point - self.first).max(0), (self.last - self.point).max(0))
    }
}

/// The digits in front, at least one, and what comes behind them.
fn digits(text: &str) -> Option<(&str, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (count > 0).then(|| text.split_at(count))
}

/// Of a zero any exponent says nothing.
fn exponent_of(text: &str, is_of_zero: bool) -> Option<i64> {
    const MOST: usize = 18;
    let is_negative = text.starts_with('-');
    let (digits, rest) = digits(text.strip_prefix(['+', '-']).unwrap_or(text))?;
    let digits = digits.trim_start_matches('0');
    if !rest.is_empty() || (digits.len() > MOST && !is_of_zero) {
        return None;
    }
    let value = if digits.len() > MOST {
        0
    } else {
        digits.bytes().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
    };
    Some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Digits and the place of the point, as counted on paper. Slow, and without a limit.
    fn on_paper(text: &str) -> (bool, String, i64) {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.trim_start_matches('+').parse().unwrap();
        let (whole, fraction) =
            number.trim_start_matches('-').split_once('.').unwrap_or((number.trim_start_matches('-'), ""));
        let all = format!("{whole}{fraction}");
        let without_front = all.trim_start_matches('0');
        let point = whole.len() as i64 + exponent - (all.len() - without_front.len()) as i64;
        let digits = without_front.trim_end_matches('0').to_owned();
        let is_zero = digits.is_empty();
        (number.starts_with('-') && !is_zero, digits, if is_zero { 0 } else { point })
    }

    fn plain_on_paper(text: &str) -> String {
        let (is_negative, digits, point) = on_paper(text);
        let sign = if is_negative { "-" } else { "" };
        let length = digits.len() as i64;
        let body = if digits.is_empty() {
            "0".to_owned()
        } else if point <= 0 {
            format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
        } else if point >= length {
            format!("{digits}{}", "0".repeat((point - length) as usize))
        } else {
            format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
        };
        format!("{sign}{body}")
    }

    fn fits_a_version(text: &str) -> bool {
        let (_, digits, point) = on_paper(text);
        let (before, after) = (point.max(0), (digits.len() as i64 - point).max(0));
        before + after <= 28
    }

    #[test]
    fn longer_numbers_keep_an_exponent_and_one_text() {
        let plain = |text: &str| Number::read(text).map(|number| number.plain().into_owned());
        let zeros = "0".repeat(400);
        assert_eq!(plain(&format!("1{}", &zeros[1..])), Some(format!("1{}", &zeros[1..])));
        assert_eq!(plain(&format!("1{zeros}")).as_deref(), Some("1e400"));
        for same in ["1e400", "10E+399", "0.1e401", "1e0400"] {
            assert_eq!(plain(same).as_deref(), Some("1e400"), "{same}");
        }
        assert_eq!(plain("-25.0e-999999999999999999").as_deref(), Some("-25e-999999999999999999"));
        assert_eq!(plain("0e9999999999999999999").as_deref(), Some("0"));
        assert_eq!(plain("1e9999999999999999999"), None, "its exponent has 19 digits");
        for (text, expected) in
            [("1e0", "1"), ("1e1", "10"), ("-7e-0", "-7"), ("007", "7"), ("-0", "0"), ("10", "10")]
        {
            assert_eq!(plain(text).as_deref(), Some(expected));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_number_is_what_it_comes_to_on_paper(
            text in "-?[0-9]{1,32}(\\.[0-9]{1,32})?([eE][+-]?[0-9]{1,2})?|-?[0-2]{1,3}(\\.[0-2]{1,3})?([eE][+-]?[0-3]{1,2})?|-?0{1,30}(\\.0{1,9}[0-9]{0,22})?",
        ) {
            let number = Number::read(&text).unwrap();
            prop_assert_eq!(number.plain().into_owned(), plain_on_paper(&text));
            match number.decimal() {
                // What was written before there was this parser is looked up by the same text.
                Some(decimal) => prop_assert_eq!(decimal.normalize().to_string(), plain_on_paper(&text)),
                None => prop_assert!(!fits_a_version(&text), "{}", text),
            }
            prop_assert_eq!(number.decimal().is_some(), fits_a_version(&text));
        }
    }
}
