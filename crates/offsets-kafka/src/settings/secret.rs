use std::fmt;

/// The value of one librdkafka key, which knows whether it may be shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Value {
    text: String,
    secret: bool,
}

const HIDDEN: &str = "[hidden]";

/// A shorter secret is left in a library's text: to cut it out of ordinary words would tell it.
const SHORTEST_SCRUBBED: usize = 4;

impl Value {
    /// A value for `key`: secret when the key is one, or when the text came from a secret place.
    pub(super) fn new(key: &str, text: impl Into<String>, from_secret_place: bool) -> Self {
        Self { text: text.into(), secret: from_secret_place || is_secret_key(key) }
    }

    /// The value itself, for the client library alone.
    pub(super) fn reveal(&self) -> &str {
        &self.text
    }

    /// What may be shown to a person.
    pub(super) fn shown(&self) -> &str {
        if self.secret { HIDDEN } else { &self.text }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.secret
    }

    /// Replaces the secret in a text of another library.
    pub(super) fn scrub(&self, text: String) -> String {
        if self.secret && self.text.len() >= SHORTEST_SCRUBBED && text.contains(&self.text) {
            text.replace(&self.text, HIDDEN)
        } else {
            text
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

/// Whether what stands behind a key, Java's or librdkafka's, must never be shown. Errs towards hiding.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passphrase", "secret", "jaas", "token", "credential", "oauthbearer.config", "assertion"]
        .iter()
        .any(|word| key.contains(word))
        || key.ends_with("key.pem")
        || key.ends_with("keystore.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_hold_secrets_are_known() {
        for key in [
            "sasl.password",
            "sasl.jaas.config",
            "ssl.key.password",
            "ssl.keystore.password",
            "ssl.keystore.key",
            "ssl.key.pem",
            "sasl.oauthbearer.client.secret",
            "sasl.oauthbearer.config",
            "SSL.Key.Password",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in
            ["bootstrap.servers", "sasl.username", "ssl.ca.location", "ssl.keystore.location", "client.id"]
        {
            assert!(!is_secret_key(key), "{key}");
        }
    }

    #[test]
    fn a_secret_is_cut_out_of_foreign_text() {
        let value = Value::new("sasl.password", "hunter2", false);
        assert_eq!(value.scrub("bad value hunter2".into()), "bad value [hidden]");
        assert_eq!(format!("{value:?} {}", value.shown()), "[hidden] [hidden]");
        assert_eq!(Value::new("client.id", "x", false).shown(), "x");
        assert_eq!(Value::new("client.id", "x", true).shown(), HIDDEN);
    }
}
