use std::error::Error as _;

use proptest::prelude::*;

use super::*;

fn none(_: &str) -> Option<String> {
    None
}

fn build(properties: &str) -> Result<ClientSettings, Error> {
    let properties = format!("bootstrap.servers=127.0.0.1:9092\n{properties}");
    ClientSettings::builder("src").java_properties(properties)?.build_in(&none)
}

/// The librdkafka keys that come out of Java's, whatever this build can do with them.
fn mapped(properties: &str) -> Result<BTreeMap<String, String>, String> {
    let pairs = java_properties::read(properties.as_bytes()).unwrap().into_iter().collect();
    let mut properties = JavaProperties::new(pairs, &none);
    properties.map(None).map_err(|problem| format!("{}: {}", problem.key, problem.text))?;
    Ok(properties.values.into_iter().map(|(key, value)| (key, value.reveal().to_owned())).collect())
}

fn said(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    text
}

const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule";
const PLAIN: &str = "org.apache.kafka.common.security.plain.PlainLoginModule";

#[test]
fn a_java_file_for_sasl_plain_maps_and_builds() {
    let settings = build(&format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
         sasl.jaas.config={PLAIN} required username=\"app\" password=\"hunter2\";\n\
         request.timeout.ms=15000\nclient.id=mover\ngroup.id=x\nkey.deserializer=a.B\nno.such.key=1\n\
         ssl.truststore.location=/t.jks\nsasl.login.class=X"
    ))
    .unwrap();
    let shown: BTreeMap<_, _> = settings.shown().collect();
    assert_eq!(shown["security.protocol"], "sasl_plaintext");
    assert_eq!(shown["sasl.mechanisms"], "PLAIN");
    assert_eq!(shown["sasl.username"], "app");
    assert_eq!(shown["sasl.password"], "[hidden]");
    assert_eq!(shown["socket.timeout.ms"], "15000");
    assert_eq!(shown["client.id"], "mover");
    assert_eq!(settings.librdkafka().get("sasl.password"), Some("hunter2"));
    let notes: Vec<String> = settings.notes().iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "group.id: ignored, means something only to a Java producer, consumer or worker",
            "key.deserializer: ignored, means something only to a Java producer, consumer or worker",
            "no.such.key: ignored, not a known Kafka client setting",
            "sasl.login.class: ignored, this client has nothing like it",
            "ssl.truststore.location: ignored, security.protocol does not use it",
        ]
    );
    assert!(settings.notes()[2].is_unknown());
}

#[test]
fn what_is_closer_to_the_user_wins() {
    let settings = ClientSettings::builder("src")
        .java_properties("bootstrap.servers=a:1\nclient.id=x\nretry.backoff.ms=7")
        .unwrap()
        .bootstrap_servers("b:2")
        .librdkafka("client.id=y=z")
        .unwrap()
        .build_in(&none)
        .unwrap();
    assert_eq!(settings.bootstrap_servers(), "b:2");
    let shown: BTreeMap<_, _> = settings.shown().collect();
    assert_eq!((shown["client.id"], shown["retry.backoff.ms"]), ("y=z", "7"));
}

#[test]
fn numbers_outside_librdkafkas_range_are_taken_as_the_nearest() {
    let settings = build("request.timeout.ms=600000\nsend.buffer.bytes=-1\nretry.backoff.ms=0").unwrap();
    let shown: BTreeMap<_, _> = settings.shown().collect();
    assert_eq!(shown["socket.timeout.ms"], "300000");
    assert_eq!(shown["socket.send.buffer.bytes"], "0");
    assert_eq!(shown["retry.backoff.ms"], "1");
    let notes: Vec<&str> = settings.notes().iter().map(Note::key).collect();
    assert_eq!(notes, ["request.timeout.ms", "retry.backoff.ms"]);
    assert!(build("request.timeout.ms=soon").unwrap_err().to_string().contains("request.timeout.ms"));
}

#[test]
fn tls_with_pem_maps_files_and_inline_text() {
    let files = mapped(
        "security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=/ca.pem\nssl.keystore.type=PEM\n\
         ssl.keystore.location=/me.pem\nssl.key.password=pw\nssl.endpoint.identification.algorithm=",
    )
    .unwrap();
    assert_eq!(files["ssl.ca.location"], "/ca.pem");
    assert_eq!((&*files["ssl.certificate.location"], &*files["ssl.key.location"]), ("/me.pem", "/me.pem"));
    assert_eq!(files["ssl.key.password"], "pw");
    assert_eq!(files["ssl.endpoint.identification.algorithm"], "none");

    let inline = mapped(
        "security.protocol=SSL\nssl.truststore.type=PEM\n\
         ssl.truststore.certificates=-----BEGIN CERTIFICATE----- QUJD -----END CERTIFICATE-----\n\
         ssl.keystore.type=PEM\nssl.keystore.certificate.chain=-----BEGIN CERTIFICATE----- REVG -----END CERTIFICATE-----\n\
         ssl.keystore.key=-----BEGIN PRIVATE KEY----- R0hJ -----END PRIVATE KEY-----\n\
         ssl.endpoint.identification.algorithm=HTTPS",
    )
    .unwrap();
    assert_eq!(inline["ssl.ca.pem"], "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n");
    assert_eq!(
        inline["ssl.certificate.pem"],
        "-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n"
    );
    assert_eq!(inline["ssl.key.pem"], "-----BEGIN PRIVATE KEY-----\nR0hJ\n-----END PRIVATE KEY-----\n");
    assert_eq!(inline["ssl.endpoint.identification.algorithm"], "https");
}

#[test]
fn a_pkcs12_key_store_is_taken_and_other_stores_are_refused_with_the_command() {
    let store = mapped(
        "security.protocol=SSL\nssl.keystore.type=PKCS12\nssl.keystore.location=/me.p12\nssl.keystore.password=pw",
    )
    .unwrap();
    assert_eq!((&*store["ssl.keystore.location"], &*store["ssl.keystore.password"]), ("/me.p12", "pw"));

    for (properties, command) in [
        ("ssl.truststore.location=/a b.jks", "keytool -importkeystore -srckeystore '/a b.jks'"),
        (
            "ssl.truststore.type=JKS\nssl.truststore.location=/t.jks",
            "keytool -importkeystore -srckeystore /t.jks",
        ),
        ("ssl.truststore.type=PKCS12\nssl.truststore.location=/t.p12", "openssl pkcs12 -in /t.p12 -nokeys"),
        ("ssl.keystore.location=/k.jks", "keytool -importkeystore -srckeystore /k.jks"),
    ] {
        let error = mapped(&format!("security.protocol=SSL\n{properties}")).unwrap_err();
        assert!(error.contains(command), "{error}");
    }
}

#[test]
fn scram_maps_and_a_module_that_does_not_fit_is_refused() {
    let scram = |mechanism: &str, module: &str| {
        mapped(&format!(
            "security.protocol=SASL_SSL\nsasl.mechanism={mechanism}\n\
             sasl.jaas.config={module} required username='u\\\\'s' password=\"p\\\\\\\\w\";"
        ))
    };
    let values = scram("SCRAM-SHA-512", SCRAM).unwrap();
    assert_eq!((&*values["sasl.username"], &*values["sasl.password"]), ("u's", "p\\w"));
    assert!(scram("PLAIN", SCRAM).unwrap_err().contains("does not fit"));
    assert!(scram("SCRAM-SHA-256", PLAIN).unwrap_err().contains("does not fit"));
    assert!(scram("SCRAM-SHA-256", "com.example.Mine").unwrap_err().contains("only a Java client can run"));
}

#[test]
fn a_build_without_the_feature_says_which_build_has_it() {
    let settings = |mechanism: &str| ClientSettings {
        cluster: "src".into(),
        values: ["sasl.username", "sasl.password"]
            .into_iter()
            .map(|key| (key.to_owned(), Value::new(key, "x", false)))
            .chain([("sasl.mechanisms".to_owned(), Value::new("sasl.mechanisms", mechanism, false))])
            .collect(),
        notes: Vec::new(),
    };
    let check = |mechanism, protocol, features| {
        check_build(&settings(mechanism), Protocol::parse(protocol).unwrap(), features)
            .map_err(|problem| format!("{}: {}", problem.key, problem.text))
    };
    const BARE: &str = "gzip,sasl,sasl_plain";
    assert_eq!(check("PLAIN", "sasl_plaintext", BARE), Ok(()));
    assert!(check("PLAIN", "sasl_ssl", BARE).unwrap_err().contains("--features tls"));
    assert!(check("PLAIN", "ssl", BARE).unwrap_err().contains("--features tls"));
    assert!(check("SCRAM-SHA-512", "sasl_plaintext", BARE).unwrap_err().contains("--features tls"));
    assert!(check("GSSAPI", "sasl_plaintext", BARE).unwrap_err().contains("--features gssapi"));
    assert!(check("OAUTHBEARER", "sasl_plaintext", BARE).unwrap_err().contains("no build"));
    assert_eq!(check("SCRAM-SHA-512", "sasl_ssl", "ssl, sasl_scram"), Ok(()));
    assert_eq!(check("GSSAPI", "sasl_plaintext", "sasl_gssapi"), Ok(()));
}

#[test]
fn what_cannot_be_used_is_one_clear_error() {
    let problem = |properties: &str| build(properties).unwrap_err().to_string();
    assert!(problem("security.protocol=TLS").contains("security.protocol: must be PLAINTEXT"));
    assert!(
        problem("security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN").contains("there is no user name")
    );
    assert!(problem("client.id=${env:NOSUCH}").contains("environment variable NOSUCH"));
    let refused = |assignment: &str| {
        ClientSettings::builder("src")
            .librdkafka(assignment)
            .and_then(ClientSettingsBuilder::build)
            .unwrap_err()
    };
    assert!(refused("group.id=x").to_string().contains("never joins a group"));
    assert!(refused("nonsense").to_string().contains("key=value"));
    assert!(refused("client.id=x").to_string().contains("no broker to start from"));
    let unknown = ClientSettings::builder("src")
        .bootstrap_servers("a:1")
        .librdkafka("no.such.key=1")
        .and_then(ClientSettingsBuilder::build)
        .unwrap_err();
    assert!(unknown.is_setting());
    assert!(unknown.to_string().contains("no.such.key"), "{unknown}");
}

#[test]
fn a_reference_that_is_not_needed_is_not_followed() {
    build("key.deserializer=${env:NOSUCH}\nssl.key.password=${file:/nosuch:x}").unwrap();
}

proptest! {
    #[test]
    fn no_secret_is_ever_shown(tail in "[A-Za-z0-9+/ ,;]{4,40}", breakage in 0..12_usize) {
        let secret = format!("Zq{}qZ", tail.trim());
        let environment = |name: &str| (name == "P").then(|| secret.clone());
        let escaped = secret.replace('\\', "\\\\");
        let jaas = match breakage {
            1 => format!("{PLAIN} {escaped};"),
            2 => format!("{PLAIN} required username=\"u\" password=\"{escaped};"),
            3 => escaped.clone(),
            4 => "${env:P}".to_owned(),
            _ => format!("{PLAIN} required username=\"u\" password=\"{escaped}\";"),
        };
        let properties = format!(
            "bootstrap.servers=a:1\nsecurity.protocol={}\nsasl.mechanism=PLAIN\nsasl.jaas.config={jaas}\n\
             ssl.keystore.key={escaped}\nssl.keystore.password={escaped}\nclient.id={}\n",
            if breakage == 5 { "SASL_SSL" } else { "SASL_PLAINTEXT" },
            if breakage == 6 { "${env:P}" } else { "x" },
        );
        let builder = ClientSettings::builder("src").java_properties(properties).unwrap();
        let overridden = match breakage {
            7 => builder.librdkafka(&format!("ssl.key.password={secret}")),
            8 => builder.librdkafka(&format!("sasl.oauthbearer.client.secret={secret}")),
            9 => builder.librdkafka(&format!("no.such.password={secret}")),
            10 => builder.librdkafka(&secret.replace('=', "")),
            11 => builder.librdkafka(&format!("sasl.password={secret}\0")),
            _ => Ok(builder),
        };
        let mut texts = Vec::new();
        match overridden {
            Err(error) => texts.push(said(&error)),
            Ok(builder) => {
                texts.push(format!("{builder:?}"));
                match builder.build_in(&environment) {
                    Err(error) => texts.push(said(&error)),
                    Ok(settings) => {
                        texts.push(format!("{settings:?}"));
                        texts.extend(settings.shown().map(|(key, value)| format!("{key}={value}")));
                        texts.extend(settings.notes().iter().map(|note| format!("{note} {note:?}")));
                        texts.push(settings.scrub(&format!("invalid value {secret} given")));
                    }
                }
            }
        }
        for text in texts {
            prop_assert!(!text.contains(&secret), "{text}");
        }
    }
}
