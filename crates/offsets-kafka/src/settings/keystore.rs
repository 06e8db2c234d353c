use offsets_core::config::Resolved;

use super::java::{JavaClient, Problem};
use super::note::Why;
use super::pem;

/// Maps Java's `ssl.*` properties: PEM as it is, a PKCS#12 key store too, anything else is refused with the command that
/// converts it. librdkafka reads no JKS at all, and no trust store in PKCS#12.
pub(super) fn map(properties: &mut JavaClient<'_>) -> Result<(), Problem> {
    map_truststore(properties)?;
    map_keystore(properties)?;
    // Java: an empty algorithm switches the check of the host name off.
    let named = properties.has("ssl.endpoint.identification.algorithm");
    match properties.take("ssl.endpoint.identification.algorithm")? {
        Some(value) if ["https", "none"].contains(&value.text.trim().to_ascii_lowercase().as_str()) => {
            let algorithm = value.text.trim().to_ascii_lowercase();
            properties.set("ssl.endpoint.identification.algorithm", algorithm, false);
        }
        Some(_) => {
            return Err(Problem::new(
                "ssl.endpoint.identification.algorithm",
                "must be https, or empty for no check",
            ));
        }
        None if named => properties.set("ssl.endpoint.identification.algorithm", "none", false),
        None => {}
    }
    Ok(())
}

/// The container formats that Java knows by name.
enum Store {
    Pem,
    Pkcs12,
    Jks,
}

fn store(properties: &mut JavaClient<'_>, key: &str) -> Result<Store, Problem> {
    match properties.take(key)?.map(|value| value.text.trim().to_ascii_uppercase()).as_deref() {
        // Java's own default.
        None | Some("JKS") => Ok(Store::Jks),
        Some("PEM") => Ok(Store::Pem),
        Some("PKCS12") => Ok(Store::Pkcs12),
        Some(_) => Err(Problem::new(key, "must be PEM, or PKCS12 for a key store")),
    }
}

fn map_truststore(properties: &mut JavaClient<'_>) -> Result<(), Problem> {
    let kind = store(properties, "ssl.truststore.type")?;
    let location = properties.take("ssl.truststore.location")?;
    let inline = properties.take("ssl.truststore.certificates")?;
    if properties.take("ssl.truststore.password")?.is_some() && matches!(kind, Store::Pem) {
        properties.note("ssl.truststore.password", Why::NoCounterpart);
    }
    if let Some(certificates) = inline {
        properties.set("ssl.ca.pem", pem::rewrapped(&certificates.text), certificates.from_provider);
    }
    let Some(location) = location else { return Ok(()) };
    let path = shell_word(&location);
    let to_pem = "then set ssl.truststore.type=PEM and ssl.truststore.location=truststore.pem";
    match kind {
        Store::Pem => {
            properties.set("ssl.ca.location", location.text, location.from_provider);
            Ok(())
        }
        Store::Pkcs12 => Err(Problem::new(
            "ssl.truststore.location",
            format!(
                "a PKCS12 trust store cannot be read here; convert it with: openssl pkcs12 -in {path} -nokeys -out \
                 truststore.pem; {to_pem}"
            ),
        )),
        Store::Jks => Err(Problem::new(
            "ssl.truststore.location",
            format!(
                "a JKS trust store cannot be read here; convert it with: keytool -importkeystore -srckeystore {path} \
                 -destkeystore truststore.p12 -deststoretype PKCS12 && openssl pkcs12 -in truststore.p12 -nokeys -out \
                 truststore.pem; {to_pem}"
            ),
        )),
    }
}

fn map_keystore(properties: &mut JavaClient<'_>) -> Result<(), Problem> {
    let kind = store(properties, "ssl.keystore.type")?;
    let location = properties.take("ssl.keystore.location")?;
    let store_password = properties.take("ssl.keystore.password")?;
    let key_password = properties.take("ssl.key.password")?;
    let chain = properties.take("ssl.keystore.certificate.chain")?;
    let key = properties.take("ssl.keystore.key")?;
    let inline = chain.is_some() || key.is_some();
    if let Some(chain) = chain {
        properties.set("ssl.certificate.pem", pem::rewrapped(&chain.text), chain.from_provider);
    }
    if let Some(key) = key {
        properties.set("ssl.key.pem", pem::rewrapped(&key.text), true);
    }
    match (location, kind) {
        (None, _) if inline => set_password(properties, "ssl.key.password", key_password),
        (None, _) => {}
        (Some(location), Store::Pem) => {
            // One file with the chain and the key: OpenSSL picks what it needs.
            properties.set("ssl.certificate.location", location.text.as_str(), location.from_provider);
            properties.set("ssl.key.location", location.text.as_str(), location.from_provider);
            set_password(properties, "ssl.key.password", key_password);
        }
        (Some(location), Store::Pkcs12) => {
            properties.set("ssl.keystore.location", location.text, location.from_provider);
            set_password(properties, "ssl.keystore.password", store_password);
            if key_password.is_some() {
                // A PKCS#12 key has the store's own password.
                properties.note("ssl.key.password", Why::NoCounterpart);
            }
        }
        (Some(location), Store::Jks) => {
            return Err(Problem::new(
                "ssl.keystore.location",
                format!(
                    "a JKS key store cannot be read here; convert it with: keytool -importkeystore -srckeystore {} \
                     -destkeystore keystore.p12 -deststoretype PKCS12; then set ssl.keystore.type=PKCS12 and \
                     ssl.keystore.location=keystore.p12",
                    shell_word(&location)
                ),
            ));
        }
    }
    Ok(())
}

fn set_password(properties: &mut JavaClient<'_>, key: &str, password: Option<Resolved>) {
    if let Some(password) = password {
        properties.set(key, password.text, true);
    }
}

/// A path as a shell takes it. One that came from a reference is not shown.
fn shell_word(path: &Resolved) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.from_provider {
        "STORE".to_owned()
    } else if path.text.chars().all(plain) {
        path.text.clone()
    } else {
        format!("'{}'", path.text.replace('\'', r"'\''"))
    }
}
