use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Place;
use super::logical_lines::{LogicalLines, is_blank};

/// The entries of a Java properties file: a Kafka `client.properties`, MM2's own file, or a file of secrets. Each entry
/// knows the line it was written in.
///
/// Values may be secret, so `Debug` hides those whose key says so, and nothing here serialises.
///
/// # Examples
/// ```
/// use offsets_core::config::JavaProperties;
///
/// let client = JavaProperties::parse("security.protocol = SASL_SSL\nssl.key.password = wxyz")?;
/// assert_eq!(client.get("ssl.key.password"), Some("wxyz"));
/// assert_eq!(client.in_file("client.properties").place("ssl.key.password").map(|at| at.to_string()).as_deref(),
///     Some("client.properties:2: ssl.key.password"));
/// # Ok::<(), offsets_core::config::PropertiesSyntaxError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JavaProperties {
    entries: BTreeMap<String, Entry>,
    file: Option<Arc<str>>,
}

/// A value, and where it came from.
#[derive(Clone, PartialEq, Eq)]
struct Entry {
    value: String,
    place: Option<Place>,
}

impl JavaProperties {
    /// Reads a file as `java.util.Properties.load(InputStream)` does: bytes are ISO 8859-1 (so a character of UTF-8
    /// comes out as Java would have it), the last of equal keys wins, and white space at the end of a value stays.
    ///
    /// # Errors
    /// [`PropertiesSyntaxError`] for a malformed `\uXXXX`, or one that names half of a surrogate pair.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, PropertiesSyntaxError> {
        let text: String = file.as_ref().iter().copied().map(char::from).collect();
        Self::parse_text(&text)
    }

    /// The same for characters, as `Properties.load(Reader)` does. Kafka's `FileConfigProvider` reads its files so, as
    /// UTF-8.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_text(file: &str) -> Result<Self, PropertiesSyntaxError> {
        let mut entries = BTreeMap::new();
        for line in LogicalLines::of(file) {
            let (key, value) = split(&line.text);
            let unescaped = |text| unescape(text).ok_or(PropertiesSyntaxError { line: line.number });
            let key = unescaped(key)?;
            let place = Place { file: None, line: Some(line.number), key: key.as_str().into() };
            entries.insert(key, Entry { value: unescaped(value)?, place: Some(place) });
        }
        Ok(Self { entries, file: None })
    }

    /// The same entries, said to be in a file of this name: [`Self::place`] then names it.
    #[must_use]
    pub fn in_file(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let mut entries = self.entries;
        for entry in entries.values_mut() {
            if let Some(place) = &mut entry.place {
                place.file = Some(Arc::clone(&name));
            }
        }
        Self { entries, file: Some(name) }
    }

    /// The file's name, where [`Self::in_file`] gave it one.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|entry| entry.value.as_str())
    }

    /// Where `key` was written; `None` for an entry that no file has.
    pub fn place(&self, key: &str) -> Option<&Place> {
        self.entries.get(key)?.place.as_ref()
    }

    /// Sets `key`, and gives back what it was.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> Option<String> {
        let entry = Entry { value: value.into(), place: None };
        self.entries.insert(key.into(), entry).map(|entry| entry.value)
    }

    /// Sets `key` to a value that was written elsewhere.
    pub(super) fn insert_from(&mut self, key: &str, value: &str, place: Option<Place>) {
        self.entries.insert(key.to_owned(), Entry { value: value.to_owned(), place });
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry.value.as_str()))
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries whose key begins with `prefix` and goes on after it: the whole key, what follows the prefix, the value.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str, &str)> {
        self.entries.range(prefix.to_owned()..).map_while(move |(key, entry)| {
            key.strip_prefix(prefix).map(|rest| (key.as_str(), rest, entry.value.as_str()))
        })
    }

    /// Whether the value of `key` must not be shown: passwords, JAAS configurations, secrets, tokens, credentials and
    /// private keys.
    pub fn is_secret(key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        ["password", "jaas", "secret", "token", "credential", "keystore.key"]
            .iter()
            .any(|word| key.contains(word))
    }
}

impl fmt::Debug for JavaProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Hidden;

        impl fmt::Debug for Hidden {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[hidden]")
            }
        }

        let mut map = f.debug_map();
        for (key, value) in self.iter() {
            let shown: &dyn fmt::Debug = if Self::is_secret(key) { &Hidden } else { &value };
            map.entry(&key, shown);
        }
        map.finish()
    }
}

impl FromIterator<(String, String)> for JavaProperties {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        let entry = |(key, value)| (key, Entry { value, place: None });
        Self { entries: entries.into_iter().map(entry).collect(), file: None }
    }
}

/// The text is not a Java properties file. What the line holds is not repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed \\uXXXX escape in line {line}")]
pub struct PropertiesSyntaxError {
    /// The line, counted from 1; a logical line that is continued counts where it begins.
    pub line: usize,
}

/// Key and value of a logical line, escapes still in place. A key ends at the first `=`, `:` or white space that no
/// backslash precedes; white space around one such sign belongs to neither.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let key_end = line.find(|c: char| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(key_end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).map_or(rest, |value| value.trim_start_matches(is_blank));
    (key, value)
}

/// The text that escapes stand for; `None` when one is malformed. Java's strings are UTF-16, so two escapes can make one
/// character.
fn unescape(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let c = match c {
            '\\' => match rest.next() {
                Some('u') => {
                    let digits = rest.as_str().get(..4)?;
                    // Not `from_str_radix` alone, which takes a sign.
                    let all_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                    units.push(u16::from_str_radix(digits, 16).ok().filter(|_| all_hex)?);
                    rest = rest.as_str()[4..].chars();
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(c) => c,
                None => break,
            },
            c => c,
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_knows_its_line() {
        let file = "# c\n\nk = 1\r\nl = a\\\r\n    b\rm = 2\nk = 3\n";
        let properties = JavaProperties::parse(file).expect("well formed").in_file("x.properties");
        let place = |key: &str| properties.place(key).map(ToString::to_string);
        assert_eq!(place("l").as_deref(), Some("x.properties:4: l"));
        assert_eq!(place("m").as_deref(), Some("x.properties:6: m"));
        assert_eq!(place("k").as_deref(), Some("x.properties:7: k"), "the last of equal keys");
        assert_eq!(properties.get("l"), Some("ab"));
    }

    #[test]
    fn bytes_are_latin_1_and_text_is_text() {
        let latin =
            |file: &[u8]| JavaProperties::parse(file).expect("well formed").get("k").map(str::to_owned);
        assert_eq!(latin(b"k=\xe9\x80").as_deref(), Some("\u{e9}\u{80}"));
        assert_eq!(latin("k=é".as_bytes()).as_deref(), Some("\u{c3}\u{a9}"));
        assert_eq!(latin(b"# \xe9\nk=v").as_deref(), Some("v"));
        let text = JavaProperties::parse_text("k=é€😀").expect("well formed");
        assert_eq!(text.get("k"), Some("é€😀"));
    }

    #[test]
    fn an_error_names_the_line_and_keeps_the_secret() {
        let error = JavaProperties::parse("a=b\n\nsasl.jaas.config=\\ustolen").expect_err("malformed");
        assert_eq!(error.to_string(), "malformed \\uXXXX escape in line 3");
        assert!(!format!("{error:?}").contains("stolen"));
    }

    #[test]
    fn secrets_are_hidden_by_their_key() {
        let secrets = [
            "ssl.keystore.password",
            "ssl.key.password",
            "ssl.keystore.key",
            "sasl.jaas.config",
            "sasl.oauthbearer.client.credentials.client.secret",
            "A.consumer.SASL.JAAS.CONFIG",
            "some.token",
        ];
        let properties: JavaProperties =
            secrets.iter().map(|key| ((*key).to_owned(), "stolen".to_owned())).collect();
        let shown = format!("{properties:?} {properties:#?}");
        assert!(!shown.contains("stolen"), "{shown}");
        assert!(!JavaProperties::is_secret("ssl.truststore.location"));
        assert!(!JavaProperties::is_secret("bootstrap.servers"));
    }
}
