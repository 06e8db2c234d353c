use super::JavaProperties;

/// A place in a value that one of Kafka's config providers would fill in, `${provider:path:variable}` or
/// `${provider:variable}` (KIP-297, `ConfigTransformer`).
///
/// The core reads no files and no environment, so it hands these to an edge:
/// [`Mm2Properties::resolve`](super::Mm2Properties::resolve).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigReference<'a> {
    /// The key in whose value it stands.
    pub key: &'a str,
    /// The provider's name, one of `config.providers`.
    pub provider: &'a str,
    /// The provider's class (`config.providers.<name>.class`), as
    /// `org.apache.kafka.common.config.provider.FileConfigProvider`.
    pub class: Option<&'a str>,
    /// Where the provider looks, a file for instance; empty when the reference has no path.
    pub path: &'a str,
    /// What it looks for there.
    pub variable: &'a str,
}

/// The providers a file declares. A reference to any other is no reference but text, as in Kafka.
pub(super) struct Providers<'a> {
    properties: &'a JavaProperties,
}

impl<'a> Providers<'a> {
    pub(super) fn of(properties: &'a JavaProperties) -> Self {
        Self { properties }
    }

    /// The first reference in the value of `key`.
    pub(super) fn first_reference(&self, key: &'a str, value: &'a str) -> Option<ConfigReference<'a>> {
        self.pieces(key, value).find_map(|piece| match piece {
            Piece::Reference(reference, _) => Some(reference),
            Piece::Text(_) => None,
        })
    }

    /// The value of `key` with what `provide` says in place of each reference. One it knows nothing of stays.
    pub(super) fn fill_in<E>(
        &self,
        key: &'a str,
        value: &'a str,
        provide: &mut impl FnMut(&ConfigReference<'_>) -> Result<Option<String>, E>,
    ) -> Result<String, E> {
        self.pieces(key, value).try_fold(String::new(), |mut filled, piece| {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Reference(reference, text) => match provide(&reference)? {
                    Some(provided) => filled.push_str(&provided),
                    None => filled.push_str(text),
                },
            }
            Ok(filled)
        })
    }

    fn pieces(&self, key: &'a str, value: &'a str) -> impl Iterator<Item = Piece<'a>> {
        let mut rest = value;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let piece = match rest.find("${") {
                Some(0) => self.reference(key, rest),
                start => Piece::Text(&rest[..start.unwrap_or(rest.len())]),
            };
            rest = &rest[piece.text().len()..];
            Some(piece)
        })
    }

    /// The reference that `text`, which begins with `${`, begins with; those two characters alone when there is none.
    fn reference(&self, key: &'a str, text: &'a str) -> Piece<'a> {
        let parse = || {
            let (inside, _) = text[2..].split_once('}')?;
            let (provider, place) = inside.split_once(':')?;
            let (path, variable) = place.split_once(':').unwrap_or(("", place));
            let class = self.class(provider)?;
            let reference = ConfigReference { key, provider, class, path, variable };
            Some(Piece::Reference(reference, &text[..inside.len() + 3]))
        };
        parse().unwrap_or(Piece::Text(&text[..2]))
    }

    /// The class of a provider that is declared, where one is named.
    fn class(&self, provider: &str) -> Option<Option<&'a str>> {
        let declared =
            self.properties.get("config.providers")?.split(',').any(|name| name.trim() == provider);
        let class = || self.properties.get(&format!("config.providers.{provider}.class")).map(str::trim);
        declared.then(class)
    }
}

enum Piece<'a> {
    Text(&'a str),
    Reference(ConfigReference<'a>, &'a str),
}

impl<'a> Piece<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Text(text) | Self::Reference(_, text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDERS: &str = "config.providers = file, env\nconfig.providers.file.class = some.File\n";

    fn filled(value: &str) -> String {
        let properties = JavaProperties::parse(PROVIDERS).expect("well formed");
        let provided = Providers::of(&properties).fill_in("k", value, &mut |reference| {
            Ok::<_, std::convert::Infallible>(match reference.variable {
                "unknown" => None,
                variable => Some(format!("<{} {} {variable}>", reference.provider, reference.path)),
            })
        });
        provided.expect("infallible")
    }

    #[test]
    fn references_are_filled_in_where_they_stand() {
        assert_eq!(filled("plain"), "plain");
        assert_eq!(filled(""), "");
        assert_eq!(filled("${env:HOME}"), "<env  HOME>");
        assert_eq!(filled("a ${file:/x/y:k} b ${env:V}"), "a <file /x/y k> b <env  V>");
        assert_eq!(filled("${file:/x:a:b}"), "<file /x a:b>");
    }

    #[test]
    fn what_is_no_reference_stays_text() {
        for text in ["${", "${}", "$", "${env}", "${env:V", "${vault:a:b}", "$${other:x}", "${env:unknown}"] {
            assert_eq!(filled(text), text);
        }
    }

    #[test]
    fn a_reference_names_its_class() {
        let properties = JavaProperties::parse(PROVIDERS).expect("well formed");
        let providers = Providers::of(&properties);
        let class = |value| providers.first_reference("k", value).expect("a reference").class;
        assert_eq!(class("x${file:/x:y}"), Some("some.File"));
        assert_eq!(class("${env:y}"), None);
        assert_eq!(providers.first_reference("k", "${vault:x}"), None);
    }
}
