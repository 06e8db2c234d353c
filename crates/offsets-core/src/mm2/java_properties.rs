use std::collections::BTreeMap;
use std::fmt;

use java_properties::PropertiesIter;

/// The entries of a Java properties file: a Kafka `client.properties`, or MM2's own file.
///
/// Values may be secret, so `Debug` hides those whose key says so, and nothing here serialises.
///
/// # Examples
/// ```
/// use offsets_core::mm2::JavaProperties;
///
/// let client = JavaProperties::parse("security.protocol = SASL_SSL\nssl.key.password = wxyz")?;
/// assert_eq!(client.get("ssl.key.password"), Some("wxyz"));
/// assert_eq!(format!("{client:?}"), r#"{"security.protocol": "SASL_SSL", "ssl.key.password": [hidden]}"#);
/// # Ok::<(), offsets_core::mm2::PropertiesSyntaxError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JavaProperties(BTreeMap<String, String>);

impl JavaProperties {
    /// Reads a file as `java.util.Properties.load(InputStream)` does: bytes are ISO 8859-1 (so a character of UTF-8
    /// comes out as Java would have it), the last of equal keys wins, and white space at the end of a value stays.
    ///
    /// # Errors
    /// [`PropertiesSyntaxError`] for a malformed `\uXXXX`, or one that names half of a surrogate pair.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, PropertiesSyntaxError> {
        let mut entries = BTreeMap::new();
        PropertiesIter::new(plain(file.as_ref()).as_slice())
            .read_into(|key, value| {
                entries.insert(key, value);
            })
            .map_err(|error| PropertiesSyntaxError { line: error.line_number() })?;
        Ok(Self(entries))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Sets `key`, and gives back what it was.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.0.insert(key.into(), value.into())
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries whose key begins with `prefix` and goes on after it, with the prefix taken off.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.range(prefix.to_owned()..).map_while(move |(key, value)| {
            key.strip_prefix(prefix).map(|rest| (key.as_str(), rest, value.as_str()))
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
        Self(entries.into_iter().collect())
    }
}

/// The text is not a Java properties file. What the line holds is not repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed \\uXXXX escape in line {}", line.map_or_else(|| "unknown".to_owned(), |line| line.to_string()))]
pub struct PropertiesSyntaxError {
    /// The line, counted from 1; a logical line that is continued counts where it begins.
    pub line: Option<usize>,
}

/// The file in a form that means to the `java_properties` crate what the original means to Java: that crate reads
/// windows-1252, looks for escapes in comments, and drops a last line that ends with a backslash.
fn plain(file: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(file.len() + 1);
    let mut continued = false;
    for line in file.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let (text, ending) = match line.split_last() {
            Some((ending @ (b'\n' | b'\r'), text)) => (text, Some(*ending)),
            _ => (line, None),
        };
        let comment = matches!(text.trim_ascii_start().first(), Some(b'#' | b'!')) && !continued;
        let mut escaped = false;
        for &byte in text.iter().filter(|_| !comment) {
            match byte {
                0x80.. => {
                    let backslash = if escaped { "" } else { "\\" };
                    plain.extend_from_slice(format!("{backslash}u{byte:04x}").as_bytes());
                    escaped = false;
                }
                _ => {
                    plain.push(byte);
                    escaped = byte == b'\\' && !escaped;
                }
            }
        }
        plain.extend(ending);
        // The line feed of a CR LF is a line of its own here, and neither ends nor begins anything.
        let rest_of_crlf = text.is_empty() && ending == Some(b'\n') && plain.ends_with(b"\r\n");
        continued = if rest_of_crlf { continued } else { escaped };
    }
    plain.push(b'\n');
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(file: impl AsRef<[u8]>) -> Option<String> {
        JavaProperties::parse(file).ok()?.get("k").map(str::to_owned)
    }

    #[test]
    fn syntax_is_that_of_java() {
        for (file, expected) in [
            ("k=v", "v"),
            ("k:v", "v"),
            ("k v", "v"),
            ("  k = v", "v"),
            ("k = v ", "v "),
            ("k", ""),
            ("k=a\\\n   b", "ab"),
            ("k=a\\\r\n   b", "ab"),
            ("k=a\\\r\n   #b", "a#b"),
            ("k=a\\\n#b", "a#b"),
            ("k=1\nk=2", "2"),
            ("# k=1\\\nk=2", "2"),
            ("! \\users\nk=2", "2"),
            ("k=c:\\\\users", "c:\\users"),
            ("k=\\u00e9", "é"),
            ("k=b\\", "b"),
        ] {
            assert_eq!(value(file).as_deref(), Some(expected), "{file:?}");
        }
    }

    #[test]
    fn bytes_are_latin_1() {
        assert_eq!(value(b"k=\xe9\x80").as_deref(), Some("\u{e9}\u{80}"));
        assert_eq!(value("k=é").as_deref(), Some("\u{c3}\u{a9}"));
        assert_eq!(value(b"k=a\\\xe9\\\\\xe9").as_deref(), Some("aé\\é"));
        assert_eq!(value(b"# \xe9\nk=v").as_deref(), Some("v"));
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
