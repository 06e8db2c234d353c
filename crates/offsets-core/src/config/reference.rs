/// A place in a value that a config provider fills in, `${provider:path:variable}` or `${provider:variable}` (KIP-297).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) provider: &'a str,
    /// Where the provider looks, a file for instance; empty when the reference has no path.
    pub(super) path: &'a str,
    /// What it looks for there.
    pub(super) variable: &'a str,
}

/// A part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// A reference, and its whole text.
    Reference(Reference<'a>, &'a str),
}

/// The parts of a value, split as `ConfigTransformer.DEFAULT_PATTERN` does: a reference goes to the next `}`, whatever is
/// in it, and both of its colons are the first ones.
pub(super) fn pieces(value: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = value;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let piece = match rest.find("${") {
            Some(0) => reference(rest).unwrap_or(Piece::Text(&rest[..2])),
            start => Piece::Text(&rest[..start.unwrap_or(rest.len())]),
        };
        let (Piece::Text(text) | Piece::Reference(_, text)) = piece;
        rest = &rest[text.len()..];
        Some(piece)
    })
}

/// The reference that `text`, which begins with `${`, begins with.
fn reference(text: &str) -> Option<Piece<'_>> {
    let (inside, _) = text[2..].split_once('}')?;
    let (provider, place) = inside.split_once(':')?;
    let (path, variable) = place.split_once(':').unwrap_or(("", place));
    Some(Piece::Reference(Reference { provider, path, variable }, &text[..inside.len() + 3]))
}

/// Why a reference to a config provider cannot be filled in. What was found instead is never repeated: it may be a secret.
///
/// Kafka itself leaves a reference that leads nowhere as it is, and sends its text as the password; here that is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The environment variable is not set.
    #[error("refers to the environment variable {variable}, which is not set")]
    Unset {
        /// The variable.
        variable: String,
    },
    /// The file cannot be read.
    #[error("refers to the file {path}, which cannot be read: {problem}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file has no such key.
    #[error("refers to the key {key} of the file {path}, which has no such key")]
    NoKey {
        /// The file.
        path: String,
        /// The key.
        key: String,
    },
    /// The reference has no path where its provider wants one, or one where it wants none.
    #[error("has a reference to the config provider {provider} that is not written {expected}")]
    Malformed {
        /// The provider.
        provider: String,
        /// How such a reference is written.
        expected: String,
    },
    /// A parameter of the provider forbids what is referred to.
    #[error("refers to {what}, which {parameter} of the config provider {provider} does not allow")]
    NotAllowed {
        /// A variable or a file.
        what: String,
        /// The provider.
        provider: String,
        /// `allowlist.pattern` or `allowed.paths`.
        parameter: &'static str,
    },
    /// A parameter of the provider cannot be understood.
    #[error("needs the config provider {provider}, whose {parameter} {problem}")]
    InvalidParameter {
        /// The provider.
        provider: String,
        /// The parameter.
        parameter: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// The provider is none of Kafka's own three.
    #[error("needs the config provider {provider} of class {class}, which only a Java client can run")]
    OnlyForJava {
        /// The provider.
        provider: String,
        /// Its class.
        class: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &str) -> Vec<(&str, &str, &str)> {
        let reference = |piece| match piece {
            Piece::Reference(Reference { provider, path, variable }, _) => Some((provider, path, variable)),
            Piece::Text(_) => None,
        };
        pieces(value).filter_map(reference).collect()
    }

    #[test]
    fn a_value_is_split_as_kafka_splits_it() {
        assert_eq!(references("a ${file:/x/y:k} b ${env:V}"), [("file", "/x/y", "k"), ("env", "", "V")]);
        assert_eq!(references("${file:/x:a:b}"), [("file", "/x", "a:b")]);
        assert_eq!(references("${env}${env:V}"), [("env", "", "V")]);
        assert_eq!(references("$${env:V}}"), [("env", "", "V")]);
        // The first `${` takes all up to the first `}`.
        assert_eq!(references("${a${env:V}"), [("a${env", "", "V")]);
        for text in ["", "$", "${", "${}", "${V}", "${env:V", "cost: $5 {x}"] {
            assert_eq!(references(text), [], "{text}");
        }
    }

    #[test]
    fn the_pieces_are_the_whole_value() {
        for value in ["", "a${b:c}d${e}f${", "${x:y}${z", "é${ä:ö:ü}ß"] {
            let whole: String = pieces(value)
                .map(|piece| match piece {
                    Piece::Text(text) | Piece::Reference(_, text) => text,
                })
                .collect();
            assert_eq!(whole, value);
        }
    }
}
