use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use regex::Regex;

use super::reference::{Piece, Reference, ReferenceError, pieces};
use super::{JavaProperties, PropertiesSyntaxError};

/// What Kafka's config providers look things up in: the environment and the files of a machine. An edge implements it; the
/// core itself touches neither.
pub trait ProviderAccess {
    /// The value of an environment variable; `None` when it is not set.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// No environment and no files, for where there are none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAccess;

impl ProviderAccess for NoAccess {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no files can be read here".to_owned())
    }
}

/// The config providers that a file declares (`config.providers`, `config.providers.NAME.class`,
/// `config.providers.NAME.param.*`): what fills in the references in its values.
///
/// Kafka's own three are known by class, under any name: `EnvVarConfigProvider` (`${NAME:VARIABLE}`, `allowlist.pattern`),
/// `FileConfigProvider` (`${NAME:PATH:KEY}`, `allowed.paths`) and `DirectoryConfigProvider` (`${NAME:PATH:FILE}`,
/// `allowed.paths`). Where a file declares nothing under them, the names `env`, `file`, `dir` and `directory` stand for
/// these, which Kafka would not do. A reference to any other provider that is not declared is text, as in Kafka
/// (`ConfigTransformer`). What a provider answers is not looked at again.
///
/// # Examples
/// ```
/// use offsets_core::config::{JavaProperties, ProviderAccess, Providers};
///
/// struct Variables;
/// impl ProviderAccess for Variables {
///     fn variable(&self, name: &str) -> Option<String> {
///         (name == "PASSWORD").then(|| "wxyz".to_owned())
///     }
///     fn file(&self, path: &str) -> Result<Vec<u8>, String> {
///         Err(format!("there is no {path}"))
///     }
/// }
///
/// let file = JavaProperties::parse(
///     "config.providers = secrets
///      config.providers.secrets.class = org.apache.kafka.common.config.provider.EnvVarConfigProvider",
/// )?;
/// let resolved = Providers::of(&file).resolve("a ${secrets:PASSWORD}", &Variables)?;
/// assert_eq!(resolved.text, "a wxyz");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Providers {
    declared: BTreeMap<String, Declared>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    class: String,
    parameters: BTreeMap<String, String>,
}

/// A value whose references are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The value to use.
    pub text: String,
    /// Whether a provider gave a part of it, so that it has to be taken for a secret.
    pub from_provider: bool,
    /// The providers that are referred to, but not declared: these references were left as they are.
    pub undeclared: Vec<String>,
}

/// What a provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Environment,
    File,
    Directory,
}

impl Kind {
    fn of_class(class: &str) -> Option<Self> {
        Some(match class {
            "org.apache.kafka.common.config.provider.EnvVarConfigProvider"
            // Strimzi's, from before Kafka had one of its own (KIP-887); references are the same.
            | "io.strimzi.kafka.EnvVarConfigProvider" => Self::Environment,
            "org.apache.kafka.common.config.provider.FileConfigProvider" => Self::File,
            "org.apache.kafka.common.config.provider.DirectoryConfigProvider" => Self::Directory,
            _ => return None,
        })
    }

    /// What the name of a provider that is not declared stands for.
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "env" => Self::Environment,
            "file" => Self::File,
            "dir" | "directory" => Self::Directory,
            _ => return None,
        })
    }
}

impl Providers {
    /// The providers that `properties` declares. One that names no class is not declared, as in Kafka.
    pub fn of(properties: &JavaProperties) -> Self {
        // MM2 trims the names, though Kafka's clients (4.3) do not.
        let names = properties.get("config.providers").unwrap_or_default().split(',').map(str::trim);
        let declared = names.filter_map(|name| {
            let class = properties.get(&format!("config.providers.{name}.class"))?.trim().to_owned();
            let prefix = format!("config.providers.{name}.param.");
            let parameters =
                properties.below(&prefix).map(|(_, key, value)| (key.to_owned(), value.to_owned()));
            Some((name.to_owned(), Declared { class, parameters: parameters.collect() }))
        });
        Self { declared: declared.collect() }
    }

    /// A value with its references filled in.
    ///
    /// # Errors
    /// [`ReferenceError`] for the first reference that leads nowhere.
    pub fn resolve(&self, value: &str, access: &dyn ProviderAccess) -> Result<Resolved, ReferenceError> {
        let mut resolved = Resolved { text: String::new(), from_provider: false, undeclared: Vec::new() };
        for piece in pieces(value) {
            match piece {
                Piece::Text(text) => resolved.text.push_str(text),
                Piece::Reference(reference, text) => match self.provider(&reference)? {
                    Some(provider) => {
                        resolved.text.push_str(&provider.provide(&reference, access)?);
                        resolved.from_provider = true;
                    }
                    None => {
                        resolved.text.push_str(text);
                        resolved.undeclared.push(reference.provider.to_owned());
                    }
                },
            }
        }
        Ok(resolved)
    }

    fn provider(&self, reference: &Reference<'_>) -> Result<Option<Provider<'_>>, ReferenceError> {
        let Some(declared) = self.declared.get(reference.provider) else {
            let kind = Kind::of_name(reference.provider);
            return Ok(kind.map(|kind| Provider { kind, parameters: None }));
        };
        match Kind::of_class(&declared.class) {
            Some(kind) => Ok(Some(Provider { kind, parameters: Some(&declared.parameters) })),
            None => Err(ReferenceError::OnlyForJava {
                provider: reference.provider.to_owned(),
                class: declared.class.clone(),
            }),
        }
    }
}

/// A provider that can be asked.
struct Provider<'a> {
    kind: Kind,
    parameters: Option<&'a BTreeMap<String, String>>,
}

const ALLOWLIST_PATTERN: &str = "allowlist.pattern";
const ALLOWED_PATHS: &str = "allowed.paths";

impl Provider<'_> {
    fn provide(
        &self,
        reference: &Reference<'_>,
        access: &dyn ProviderAccess,
    ) -> Result<String, ReferenceError> {
        let &Reference { provider, path, variable } = reference;
        let needs_path = self.kind != Kind::Environment;
        if path.is_empty() == needs_path || variable.is_empty() {
            let place = match self.kind {
                Kind::Environment => "VARIABLE",
                Kind::File => "PATH:KEY",
                Kind::Directory => "PATH:FILE",
            };
            let expected = format!("${{{provider}:{place}}}");
            return Err(ReferenceError::Malformed { provider: provider.to_owned(), expected });
        }
        match self.kind {
            Kind::Environment => {
                self.check_allowed_variable(reference)?;
                let unset = || ReferenceError::Unset { variable: variable.to_owned() };
                access.variable(variable).ok_or_else(unset)
            }
            Kind::File => {
                self.check_allowed_path(reference)?;
                let content = text_of(path, access)?;
                let properties =
                    JavaProperties::parse_text(&content).map_err(|error| no_properties(path, &error))?;
                let none = || ReferenceError::NoKey { path: path.to_owned(), key: variable.to_owned() };
                properties.get(variable).map(str::to_owned).ok_or_else(none)
            }
            Kind::Directory => {
                self.check_allowed_path(reference)?;
                let file = Path::new(path).join(variable).to_string_lossy().into_owned();
                if variable.contains('/') {
                    let problem = "it names a file of the directory, and no path below it".to_owned();
                    return Err(ReferenceError::Unreadable { path: file, problem });
                }
                text_of(&file, access)
            }
        }
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters?.get(name).map(String::as_str)
    }

    /// `EnvVarConfigProvider`: the whole name must match.
    fn check_allowed_variable(&self, reference: &Reference<'_>) -> Result<(), ReferenceError> {
        let Some(pattern) = self.parameter(ALLOWLIST_PATTERN) else { return Ok(()) };
        let provider = reference.provider.to_owned();
        let pattern =
            Regex::new(&format!("^(?:{pattern})$")).map_err(|_| ReferenceError::InvalidParameter {
                provider: provider.clone(),
                parameter: ALLOWLIST_PATTERN,
                problem: "is no regular expression that can be read here".to_owned(),
            })?;
        if pattern.is_match(reference.variable) {
            return Ok(());
        }
        let what = format!("the environment variable {}", reference.variable);
        Err(ReferenceError::NotAllowed { what, provider, parameter: ALLOWLIST_PATTERN })
    }

    /// `AllowedPaths`: the path without its dots must begin with an allowed one; an empty list allows all.
    fn check_allowed_path(&self, reference: &Reference<'_>) -> Result<(), ReferenceError> {
        let Some(allowed) = self.parameter(ALLOWED_PATHS).filter(|allowed| !allowed.is_empty()) else {
            return Ok(());
        };
        let provider = reference.provider.to_owned();
        if let Some(relative) = allowed.split(',').find(|path| !path.starts_with('/')) {
            let problem = format!("has '{relative}', which is no absolute path");
            return Err(ReferenceError::InvalidParameter { provider, parameter: ALLOWED_PATHS, problem });
        }
        let path = normalised(reference.path);
        if allowed.split(',').any(|allowed| path.starts_with(normalised(allowed))) {
            return Ok(());
        }
        let what = format!("the path {}", reference.path);
        Err(ReferenceError::NotAllowed { what, provider, parameter: ALLOWED_PATHS })
    }
}

/// A file's text. Kafka's providers read UTF-8.
fn text_of(path: &str, access: &dyn ProviderAccess) -> Result<String, ReferenceError> {
    let unreadable = |problem| ReferenceError::Unreadable { path: path.to_owned(), problem };
    let content = access.file(path).map_err(unreadable)?;
    String::from_utf8(content).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}

fn no_properties(path: &str, error: &PropertiesSyntaxError) -> ReferenceError {
    ReferenceError::Unreadable { path: path.to_owned(), problem: error.to_string() }
}

/// A path without `.` and `..`, by its text alone (`java.nio.file.Path.normalize`).
fn normalised(path: &str) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some_and(|name| name != "..") => {
                normal.pop();
            }
            Component::ParentDir if normal.has_root() => {}
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    const KAFKA: &str = "org.apache.kafka.common.config.provider";

    /// What the answers below were given about.
    struct Machine;

    impl ProviderAccess for Machine {
        fn variable(&self, name: &str) -> Option<String> {
            let value = match name {
                "X" => "xval",
                "REF" => "${env:X}",
                "EMPTY" => "",
                _ => return None,
            };
            Some(value.to_owned())
        }

        fn file(&self, path: &str) -> Result<Vec<u8>, String> {
            Ok(match path {
                "/d/s.properties" | "/d/sub/../s.properties" => {
                    "pw = p\\=w \nutf = é\na:b = colon\n".as_bytes().to_vec()
                }
                "/d/bad.properties" => vec![b'k', b'=', 0xe9],
                "/d/tok" => b"t0k\n".to_vec(),
                _ => return Err("no such file".to_owned()),
            })
        }
    }

    fn providers(more: &str) -> Providers {
        let text = format!(
            "config.providers = file, env,dir , vault, nameless
             config.providers.file.class = {KAFKA}.FileConfigProvider
             config.providers.env.class = {KAFKA}.EnvVarConfigProvider\u{20}
             config.providers.dir.class = {KAFKA}.DirectoryConfigProvider
             config.providers.vault.class = com.example.Vault
             config.providers.unlisted.class = {KAFKA}.EnvVarConfigProvider
             {more}"
        );
        Providers::of(&JavaProperties::parse(text).expect("well formed"))
    }

    /// What Kafka 4.3's `ConfigTransformer` answered with its own three providers for these values.
    #[test]
    fn values_are_filled_in_as_kafka_fills_them_in() {
        for (value, answer) in [
            ("plain", "plain"),
            ("", ""),
            ("${env:X}", "xval"),
            ("a${env:X}b${env:X}", "axvalbxval"),
            ("${env:REF}", "${env:X}"),
            ("${env:EMPTY}", ""),
            ("${env::X}", "xval"),
            ("${a${env:X}", "${a${env:X}"),
            ("${${env:X}", "${${env:X}"),
            ("$${env:X}", "$xval"),
            ("${env:X", "${env:X"),
            ("${env}", "${env}"),
            ("${}", "${}"),
            ("${:X}", "${:X}"),
            ("${ env:X}", "${ env:X}"),
            ("${ENV:X}", "${ENV:X}"),
            ("${env:X}}", "xval}"),
            ("${other:a:b}", "${other:a:b}"),
            ("${nameless:a}", "${nameless:a}"),
            ("${unlisted:X}", "${unlisted:X}"),
            ("x${other:a${env:X}}y", "x${other:a${env:X}}y"),
            ("${file:/d/s.properties:pw}", "p=w "),
            ("${file:/d/s.properties:utf}", "é"),
            ("${file:/d/s.properties:pw}${other:x:y}${env:X}", "p=w ${other:x:y}xval"),
            ("${dir:/d:tok}", "t0k\n"),
        ] {
            let resolved = providers("").resolve(value, &Machine);
            assert_eq!(resolved.map(|resolved| resolved.text).as_deref(), Ok(answer), "{value}");
        }
    }

    /// Kafka refuses the first two and leaves the others as they are, or a password would be the text of a reference.
    #[test]
    fn a_reference_that_leads_nowhere_is_named() {
        for (value, words) in [
            ("${env:p:X}", "not written ${env:VARIABLE}"),
            ("${file:/nowhere:k}", "the file /nowhere, which cannot be read: no such file"),
            ("${env:NOPE}", "variable NOPE, which is not set"),
            ("${env: X}", "variable  X, which is not set"),
            ("${env:}", "not written ${env:VARIABLE}"),
            ("${file:/d/s.properties:nope}", "the key nope of the file /d/s.properties"),
            ("${file:/d/s.properties:a:b:c}", "the key a:b:c of"),
            ("${file:/d/s.properties}", "not written ${file:PATH:KEY}"),
            ("${file::pw}", "not written ${file:PATH:KEY}"),
            ("${file:/d/bad.properties:k}", "it is not UTF-8"),
            ("${dir:/d:nope}", "the file /d/nope"),
            ("${dir:/d:sub/x}", "no path below it"),
            ("${dir:tok}", "not written ${dir:PATH:FILE}"),
            ("${vault:secret/x:y}", "vault of class com.example.Vault, which only a Java client can run"),
        ] {
            let error = providers("").resolve(value, &Machine).expect_err(value).to_string();
            assert!(error.contains(words), "{value}: {error}");
        }
    }

    #[test]
    fn a_provider_goes_by_its_class_and_not_by_its_name() {
        let renamed = format!(
            "config.providers = env,secrets\nconfig.providers.env.class = {KAFKA}.FileConfigProvider\n\
             config.providers.secrets.class = {KAFKA}.EnvVarConfigProvider"
        );
        let providers = Providers::of(&JavaProperties::parse(renamed).expect("well formed"));
        let text = |value| providers.resolve(value, &Machine).map(|resolved| resolved.text);
        assert_eq!(text("${secrets:X}").as_deref(), Ok("xval"));
        assert_eq!(text("${env:/d/s.properties:pw}").as_deref(), Ok("p=w "));
    }

    #[test]
    fn names_that_everybody_uses_need_no_declaration() {
        let none = Providers::default();
        let resolved = |value| none.resolve(value, &Machine).expect(value);
        assert_eq!(resolved("${env:X}").text, "xval");
        assert_eq!(resolved("${file:/d/s.properties:pw}").text, "p=w ");
        assert_eq!(resolved("${directory:/d:tok}${dir:/d:tok}").text, "t0k\nt0k\n");
        assert!(resolved("${env:X}").from_provider && !resolved("x").from_provider);
        let left = resolved("${vault:a:b} ${vault:c}");
        assert_eq!((left.text.as_str(), left.from_provider), ("${vault:a:b} ${vault:c}", false));
        assert_eq!(left.undeclared, ["vault", "vault"]);
    }

    /// `EnvVarConfigProvider` and `AllowedPaths` of Kafka 4.3.
    #[test]
    fn parameters_forbid_what_they_forbid_in_kafka() {
        for (pattern, allowed) in [("X", true), ("X.*", true), ("Y|X", true), ("x", false), ("", false)] {
            let providers = providers(&format!("config.providers.env.param.allowlist.pattern = {pattern}"));
            assert_eq!(providers.resolve("${env:X}", &Machine).is_ok(), allowed, "{pattern}");
        }
        for (paths, allowed) in [
            ("/d", true),
            ("/d/", true),
            ("/x,/d", true),
            ("/d/s.properties", true),
            ("", true),
            ("/d/sub", false),
            ("/", true),
            ("relative", false),
            ("/x , /d", false),
        ] {
            let providers = providers(&format!("config.providers.file.param.allowed.paths = {paths}"));
            for path in ["/d/s.properties", "/d/sub/../s.properties"] {
                let resolved = providers.resolve(&format!("${{file:{path}:pw}}"), &Machine);
                assert_eq!(resolved.is_ok(), allowed, "{paths}: {resolved:?}");
            }
        }
        let broken = providers("config.providers.env.param.allowlist.pattern = [");
        let error = broken.resolve("${env:X}", &Machine).expect_err("no pattern");
        assert!(error.to_string().contains("allowlist.pattern"), "{error}");
    }
}
