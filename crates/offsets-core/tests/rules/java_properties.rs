//! Java properties, held to what `java.util.Properties.load(InputStream)` (Java 17) answered for the same bytes.

use offsets_core::config::JavaProperties;

/// A line is the file; then `ok` and the entries in order, or `error`. Texts are quoted; `\"`, `\\` and `\uXXXX` are escapes.
const ANSWERS: &str = include_str!("java_properties.tsv");

/// The UTF-16 units of a quoted text.
fn unquote(text: &str) -> Vec<u16> {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("a quoted text");
    let mut units = Vec::new();
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next().expect("an escape") {
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).expect("four digits"));
                }
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            },
            c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        }
    }
    units
}

#[test]
fn every_file_is_read_as_java_reads_it() {
    let mut checked = 0;
    for line in ANSWERS.lines() {
        let mut columns = line.split('\t');
        let file = columns.next().expect("a file");
        let bytes: Vec<u8> =
            unquote(file).into_iter().map(|unit| u8::try_from(unit).expect("a byte")).collect();
        let answer = columns.next().expect("an answer");
        let found = JavaProperties::parse(&bytes);
        checked += 1;
        if answer == "error" {
            assert!(found.is_err(), "{file}: {found:?}");
            continue;
        }
        let texts: Vec<Option<String>> = columns
            .filter(|text| !text.is_empty())
            .map(|text| String::from_utf16(&unquote(text)).ok())
            .collect();
        if texts.iter().any(Option::is_none) {
            // Java keeps half of a surrogate pair, which no text of Rust can hold.
            assert!(found.is_err(), "{file}: {found:?}");
            continue;
        }
        let found = found.unwrap_or_else(|error| panic!("{file}: {error}"));
        let entries: Vec<_> =
            found.iter().flat_map(|(key, value)| [Some(key.to_owned()), Some(value.to_owned())]).collect();
        assert_eq!(entries, texts, "{file}");
    }
    assert!(checked > 100, "{checked}");
}
