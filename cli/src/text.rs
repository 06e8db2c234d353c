//! Text files as people have them: what a byte order mark is, and what is no text at all.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// UTF-8's byte order mark, which editors and spreadsheets put in front of a file. It is no part of the text.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Files that are taken for text and are none, by the bytes they begin with; and what makes text of them.
const OTHERS: [(&[u8], &str, &str); 7] = [
    (b"\xff\xfe", "UTF-16 text", "write it as UTF-8: `iconv -f UTF-16 -t UTF-8`"),
    (b"\xfe\xff", "UTF-16 text", "write it as UTF-8: `iconv -f UTF-16 -t UTF-8`"),
    (b"\x1f\x8b", "compressed with gzip", "unpack it first: `gzip -dc`"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first: `zstd -dc`"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it first: `xz -dc`"),
    (b"BZh", "compressed with bzip2", "unpack it first: `bzip2 -dc`"),
    (b"PK\x03\x04", "a zip file", "unpack it first"),
];

/// The name that stands for stdin wherever a text is read.
const STDIN: &str = "-";

/// The longest of those beginnings.
const LONGEST: usize = 6;

/// Reads a text file whole, or stdin for `-`.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
        Failure::usage(format!("{}:{line}: the line is not UTF-8", path.display()))
            .remedy("write the file as UTF-8")
    })
}

/// Reads a TOML file whole. An error names line, column and key, and not the value, which may be a secret.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let above = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let column = 1 + above.chars().rev().take_while(|character| *character != '\n').count();
        let line = 1 + above.matches('\n').count();
        let key = above.rsplit('\n').next().and_then(|line| line.split_once('='));
        let key = key.map_or_else(String::new, |(key, _)| format!("`{}`: ", key.trim()));
        let problem = error.message().replace('\n', "; ");
        Failure::usage(format!("{}:{line}:{column}: {key}{problem}", path.display()))
    })
}

/// The same of a file whose encoding its own parser knows, such as Java's properties.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    match path.as_os_str() == STDIN {
        true => io::stdin().lock().read_to_end(&mut bytes).map(drop),
        false => fs::read(path).map(|read| bytes = read),
    }
    .map_err(|error| Failure::unreadable(path, &error))?;
    let mark = mark(&path.display().to_string(), &bytes)?;
    bytes.drain(..mark);
    Ok(bytes)
}

/// Opens a text file, or stdin for `-`, to be read line by line.
pub(crate) fn open(name: &str) -> Result<Box<dyn BufRead>, Failure> {
    let path = Path::new(name);
    let unreadable = |error: io::Error| Failure::unreadable(path, &error);
    let mut text: Box<dyn BufRead> = match name {
        STDIN => Box::new(BufReader::new(io::stdin())),
        _ => Box::new(BufReader::new(File::open(path).map_err(unreadable)?)),
    };
    // As much as came at once; of a pipe that is enough, but for one that is written to byte by byte.
    let mark = mark(if name == STDIN { "stdin" } else { name }, text.fill_buf().map_err(unreadable)?)?;
    text.consume(mark);
    Ok(text)
}

/// The length of the byte order mark in front of a text.
fn mark(name: &str, bytes: &[u8]) -> Result<usize, Failure> {
    let head = &bytes[..bytes.len().min(LONGEST)];
    let other =
        OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)).map(|(_, is, remedy)| (*is, *remedy));
    // A text of letters in UTF-16 without a mark has a zero in every other byte.
    let is_wide = matches!(head, [0, byte, ..] | [byte, 0, ..] if *byte != 0);
    match other
        .or(is_wide.then_some((OTHERS[0].1, "write it as UTF-8: `iconv -f UTF-16LE -t UTF-8`, or UTF-16BE")))
    {
        Some((is, remedy)) => Err(Failure::usage(format!("{name} is {is}")).remedy(remedy)),
        None if head.starts_with(BOM) => Ok(BOM.len()),
        None => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text_and_what_is_no_text_is_named() {
        let marked = |bytes: &[u8]| mark("a.jsonl", bytes).map_err(|failure| failure.to_string());
        assert_eq!(marked(b"\xef\xbb\xbf{}"), Ok(3));
        for text in [&b""[..], b"{", b"{}", "\u{e4}".as_bytes(), b"\xfc=latin-1"] {
            assert_eq!(marked(text), Ok(0));
        }
        for (bytes, words) in [
            (&b"\xff\xfe{\0"[..], "a.jsonl is UTF-16 text"),
            (b"\xfe\xff\0{", "a.jsonl is UTF-16 text"),
            (b"{\0}\0", "a.jsonl is UTF-16 text"),
            (b"\0{\0}", "a.jsonl is UTF-16 text"),
            (b"\x1f\x8b\x08", "compressed with gzip"),
            (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
            (b"\xfd7zXZ\0", "compressed with xz"),
            (b"BZh9", "compressed with bzip2"),
            (b"PK\x03\x04", "a zip file"),
        ] {
            let message = marked(bytes).unwrap_err();
            assert!(message.contains(words) && message.contains("remedy: "), "{message}");
        }
    }
}
