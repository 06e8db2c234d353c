use std::fs;
use std::path::Path;

/// A property's text with its `${...}` references replaced, and whether there were any.
pub(super) struct Resolved {
    /// The text to use.
    pub(super) text: String,
    /// Whether a part of it came from elsewhere, and is therefore taken for a secret.
    pub(super) from_elsewhere: bool,
}

/// Replaces `${env:NAME}`, `${file:PATH:KEY}` (a properties file) and `${dir:PATH:FILE}` (a whole file) in a property.
///
/// These are what Kafka's `EnvVarConfigProvider`, `FileConfigProvider` and `DirectoryConfigProvider` do under the names
/// that everybody gives them; like Kafka's `ConfigTransformer`, results are not looked at again. What has no colon is
/// no reference.
///
/// # Errors
/// The reference that leads nowhere, never what it would have led to.
pub(super) fn resolve(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Resolved, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut from_elsewhere = false;
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inner = &rest[start + 2..];
        let Some((reference, after)) = inner.split_once('}').filter(|(reference, _)| reference.contains(':'))
        else {
            resolved.push_str(&rest[..start + 2]);
            rest = inner;
            continue;
        };
        resolved.push_str(&rest[..start]);
        resolved.push_str(&follow(reference, environment)?);
        from_elsewhere = true;
        rest = after;
    }
    resolved.push_str(rest);
    Ok(Resolved { text: resolved, from_elsewhere })
}

fn follow(reference: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let (provider, target) = reference.split_once(':').unwrap_or((reference, ""));
    match provider {
        "env" => environment(target)
            .ok_or_else(|| format!("refers to environment variable {target}, which is not set")),
        "file" => {
            let (path, key) = in_file(provider, target)?;
            let file = fs::File::open(path).map_err(|error| format!("refers to file {path}: {error}"))?;
            let properties = java_properties::read(file)
                .map_err(|_| format!("refers to file {path}, which is no properties file"))?;
            properties
                .get(key)
                .cloned()
                .ok_or_else(|| format!("refers to key {key} of file {path}, which has none"))
        }
        "dir" | "directory" => {
            let (path, name) = in_file(provider, target)?;
            let path = Path::new(path).join(name);
            fs::read_to_string(&path).map_err(|error| format!("refers to file {}: {error}", path.display()))
        }
        _ => Err(format!("refers to config provider {provider}; known here are env, file and dir")),
    }
}

fn in_file<'a>(provider: &str, target: &'a str) -> Result<(&'a str, &'a str), String> {
    target.rsplit_once(':').filter(|(path, key)| !path.is_empty() && !key.is_empty()).ok_or_else(|| {
        format!("has a reference without a path or a key: it is written ${{{provider}:PATH:KEY}}")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        (name == "PASSWORD").then(|| "s3cret".to_owned())
    }

    fn resolved(text: &str) -> String {
        resolve(text, &environment).unwrap_or_else(|e| panic!("{text}: {e}")).text
    }

    #[test]
    fn references_are_replaced_wherever_they_stand() {
        assert_eq!(resolved("a ${env:PASSWORD} b ${env:PASSWORD}"), "a s3cret b s3cret");
        assert!(resolve("${env:PASSWORD}", &environment).is_ok_and(|r| r.from_elsewhere));
        assert!(resolve("plain", &environment).is_ok_and(|r| !r.from_elsewhere));
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in ["", "$", "${", "${}", "${PASSWORD}", "cost: $5 {x}", "a${b"] {
            assert_eq!(resolved(text), text);
        }
    }

    #[test]
    fn files_and_directories_are_read_as_kafkas_providers_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets.properties");
        writeln!(fs::File::create(&file).unwrap(), "password = p\\=w").unwrap();
        fs::write(dir.path().join("token"), "t0ken").unwrap();
        assert_eq!(resolved(&format!("${{file:{}:password}}", file.display())), "p=w");
        assert_eq!(resolved(&format!("${{dir:{}:token}}", dir.path().display())), "t0ken");
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_named() {
        for (text, named) in [
            ("${env:NOSUCH}", "NOSUCH"),
            ("${file:/nosuch/secrets.properties:password}", "/nosuch/secrets.properties"),
            ("${file:password}", "${file:PATH:KEY}"),
            ("${vault:secret/x:y}", "vault"),
        ] {
            let error = resolve(text, &environment).err().unwrap();
            assert!(error.contains(named), "{error}");
        }
    }
}
