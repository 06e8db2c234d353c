use rdkafka::config::{ClientConfig, NativeClientConfig};
use rdkafka::error::KafkaError;

use super::ClientSettings;
use super::java::{Problem, Protocol};
use super::secret::Value;

/// Checks all that can be checked of settings before a cluster is contacted.
pub(super) fn check(settings: &ClientSettings, protocol: Protocol) -> Result<(), Problem> {
    if settings.values.get("bootstrap.servers").is_none_or(|servers| servers.reveal().trim().is_empty()) {
        return Err(Problem::new("bootstrap.servers", "is not set, so there is no broker to start from"));
    }
    check_build(settings, protocol, &built_in_features())?;
    // What needs a newer or fuller librdkafka, or is misspelt, is known only to librdkafka.
    match settings.librdkafka().create_native_config() {
        Ok(taken) => check_numbers(settings, &taken),
        Err(KafkaError::ClientConfig(_, said, key, _)) => {
            let hide = settings.values.get(&key).is_some_and(Value::is_secret);
            let said =
                if hide { "librdkafka does not take its value".to_owned() } else { settings.scrub(&said) };
            Err(Problem::new(&key, said))
        }
        Err(_) => Err(Problem::new("client settings", "hold a character that librdkafka cannot take (NUL)")),
    }
}

/// librdkafka reads a number as far as its digits go, `0x` and a leading zero as C does, and cuts it down to 32 bits: what it
/// made of each is compared with what was written.
fn check_numbers(settings: &ClientSettings, taken: &NativeClientConfig) -> Result<(), Problem> {
    for (key, value) in &settings.values {
        let written = value.reveal().trim();
        let Ok(taken) = taken.get(key) else { continue };
        let begins_as_number =
            written.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit());
        let Some(number) = taken.parse::<i64>().ok().filter(|_| begins_as_number && taken != written) else {
            continue;
        };
        let meant = written.strip_prefix('+').unwrap_or(written);
        let has_zero = meant.trim_start_matches('-').starts_with('0') && meant.len() > 1;
        if has_zero || meant.parse() != Ok(number) {
            let shown = if value.is_secret() { "its value".to_owned() } else { format!("'{written}'") };
            let problem = format!("{shown} would be taken as {taken}: write a whole number in digits alone");
            return Err(Problem::new(key, problem));
        }
    }
    Ok(())
}

/// What the librdkafka that this program was linked with can do, in its own words (`ssl`, `sasl_scram`, ...).
fn built_in_features() -> String {
    ClientConfig::new()
        .create_native_config()
        .and_then(|config| config.get("builtin.features"))
        .unwrap_or_default()
}

pub(super) fn check_build(
    settings: &ClientSettings,
    protocol: Protocol,
    features: &str,
) -> Result<(), Problem> {
    let has = |feature: &str| features.split(',').any(|built| built.trim() == feature);
    const WITH_TLS: &str = "build it with: cargo build --release --features tls";
    if protocol.tls && !has("ssl") {
        let text = format!("asks for TLS, which this build lacks; {WITH_TLS}");
        return Err(Problem::new("security.protocol", text));
    }
    if !protocol.sasl {
        return Ok(());
    }
    let mechanism =
        settings.values.get("sasl.mechanisms").map_or("GSSAPI", Value::reveal).to_ascii_uppercase();
    let lacks = |text: &str| Err(Problem::new("sasl.mechanism", text));
    match mechanism.as_str() {
        "PLAIN" => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" if has("sasl_scram") => {}
        "SCRAM-SHA-256" | "SCRAM-SHA-512" => {
            return lacks(&format!("SCRAM needs a build with TLS; {WITH_TLS}"));
        }
        "GSSAPI" if has("sasl_gssapi") => return Ok(()),
        "GSSAPI" => {
            return lacks(
                "GSSAPI (Kerberos, the default) needs a build with it; build it with: cargo build --release \
                          --features gssapi",
            );
        }
        "OAUTHBEARER" => {
            return lacks("OAUTHBEARER is in no build of offsets; PLAIN and SCRAM are, GSSAPI can be");
        }
        _ => return lacks("must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI"),
    }
    for (key, what) in [("sasl.username", "user name"), ("sasl.password", "password")] {
        if !settings.values.contains_key(key) {
            return Err(Problem::new("sasl.jaas.config", format!("is not set, so there is no {what}")));
        }
    }
    Ok(())
}
