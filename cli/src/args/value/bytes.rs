/// The units of sizes, each with its number of bytes.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
];

/// A number of bytes: `10000000000`, `10GB` (powers of 1000) or `10GiB` (powers of 1024), in capitals or not.
pub(in crate::args) fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|character: char| character.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_uppercase();
    if number.is_empty() {
        return Err(format!("`{text}` is not a size, such as 10GB, 10GiB or 10000000000"));
    }
    if let "K" | "M" | "G" | "T" = unit.as_str() {
        return Err(format!(
            "`{text}` could be two sizes; write {number}{unit}B (powers of 1000) or {number}{unit}iB (of 1024)"
        ));
    }
    let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("`{text}` is not a whole number of bytes, KB, MB, GB, TB, KiB, MiB, GiB or TiB"));
    };
    let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*bytes));
    size.ok_or_else(|| format!("`{text}` is more than 2^64 - 1 bytes"))
}

/// The same, and more than none.
pub(in crate::args) fn some_bytes(text: &str) -> Result<u64, String> {
    match parse_bytes(text)? {
        0 => Err("nothing could be kept: give a size above 0, or leave it out".to_owned()),
        bytes => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, expected) in [
            ("0", 0),
            ("10000000000", 10_000_000_000),
            ("10GB", 10_000_000_000),
            ("10 GB", 10_000_000_000),
            ("10gb", 10_000_000_000),
            ("10GiB", 10 << 30),
            ("512KiB", 512 << 10),
            ("1B", 1),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_could_be_two_sizes_or_none_is_refused() {
        for text in [
            "",
            "GB",
            "10G",
            "1k",
            "1.5GB",
            "1_000",
            "-1",
            "+1",
            "1e9",
            "10GBs",
            "10  GB",
            " 10",
            "18446744073709551616",
            "16777216TiB",
        ] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
        assert!(parse_bytes("10G").is_err_and(|error| error.contains("10GB") && error.contains("10GiB")));
    }

    /// Against a model in 128 bits: each number with each unit, and an error where it does not fit.
    #[test]
    fn every_number_with_every_unit_is_their_product() {
        for (unit, bytes) in UNITS {
            for number in (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1]) {
                let expected = u64::try_from(u128::from(number) * u128::from(bytes)).ok();
                assert_eq!(parse_bytes(&format!("{number}{unit}")).ok(), expected, "{number}{unit}");
            }
        }
    }
}
