use std::error::Error as _;

use proptest::prelude::*;

use super::*;

use offsets_core::config::NoAccess;

/// A machine with these variables and files.
struct Machine<'a>(&'a [(&'a str, &'a str)]);

impl ProviderAccess for Machine<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.variable(path).map(String::into_bytes).ok_or_else(|| "no such file".to_owned())
    }
}

fn build(properties: &str) -> Result<ClientSettings, Error> {
    let properties = format!("bootstrap.servers=127.0.0.1:9092\n{properties}");
    ClientSettings::builder("src").java_properties(properties)?.build_with(&NoAccess)
}

/// The librdkafka keys that come out of Java's, whatever this build can do with them.
fn mapped(properties: &str) -> Result<BTreeMap<String, String>, String> {
    let written = ClientSettings::builder("src").java_properties(properties).unwrap().properties;
    let overridden = BTreeMap::new();
    let mut properties = JavaClient::new(written, &NoAccess, &overridden);
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
            "line 7: group.id: ignored, means something only to a Java producer, consumer or worker",
            "line 8: key.deserializer: ignored, means something only to a Java producer, consumer or worker",
            "line 9: no.such.key: ignored, not a known Kafka client setting",
            "line 11: sasl.login.class: ignored, this client has nothing like it",
            "line 10: ssl.truststore.location: ignored, security.protocol does not use it",
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
        .build_with(&NoAccess)
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
        check::check_build(&settings(mechanism), Protocol::parse(protocol).unwrap(), features)
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
        let variables = [("P", secret.as_str())];
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
                match builder.build_with(&Machine(&variables)) {
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

/// The gap behind P1: references go by the class of a declared provider, in a client's file as in MM2's
/// (https://github.com/apache/kafka/pull/12577).
#[test]
fn references_in_client_properties_go_by_the_class_that_the_file_declares() {
    let file = "bootstrap.servers=a:1\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
                config.providers=secrets, vault\n\
                config.providers.secrets.class=org.apache.kafka.common.config.provider.FileConfigProvider\n\
                config.providers.vault.class=com.example.Vault\nssl.key.password=${vault:a:b}\n\
                client.id=${other:x}\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
                username=\"u\" password=\"${secrets:/s:pw}\";";
    let build = |file: &str, access: &dyn ProviderAccess| {
        ClientSettings::builder("src").java_properties(file)?.build_with(access)
    };
    let settings = build(file, &Machine(&[("/s", "pw = hunter2")])).unwrap();
    assert_eq!(settings.librdkafka().get("sasl.password"), Some("hunter2"));
    let warnings: Vec<_> = settings.notes().iter().filter(|note| note.is_warning()).map(Note::key).collect();
    assert_eq!(warnings, ["client.id"], "a provider that nothing declares");
    let error = build(file, &NoAccess).unwrap_err().to_string();
    assert!(error.contains("line 9: sasl.jaas.config") && error.contains("the file /s"), "{error}");
    let dir = build(&file.replace("${secrets:/s:pw}", "${dir:/s:pw}"), &Machine(&[("/s/pw", "hunter2\n")]));
    let dir = dir.unwrap_err().to_string();
    assert!(dir.contains("ends with a line end") && !dir.contains("hunter2"), "{dir}");
    let vault = build(&file.replace("${secrets:/s:pw}", "${vault:a:b}"), &NoAccess).unwrap_err().to_string();
    assert!(vault.contains("com.example.Vault, which only a Java client can run"), "{vault}");
}

/// P21: what an override stands in for is neither resolved nor read.
#[test]
fn what_an_override_stands_in_for_is_not_looked_at() {
    let file = "bootstrap.servers=${env:NOPE}\nsecurity.protocol=${env:NOPE}\nsasl.mechanism=PLAIN\n\
                sasl.jaas.config=${env:NOPE}\nrequest.timeout.ms=${env:NOPE}\nssl.truststore.location=/t.jks";
    let mut builder = ClientSettings::builder("src").java_properties(file).unwrap().bootstrap_servers("a:1");
    for assignment in
        ["security.protocol=sasl_plaintext", "sasl.username=u", "sasl.password=p", "socket.timeout.ms=1000"]
    {
        builder = builder.librdkafka(assignment).unwrap();
    }
    let settings = builder.build_with(&NoAccess).unwrap();
    assert_eq!(settings.bootstrap_servers(), "a:1");
    let trust = JavaProperties::parse("security.protocol=SSL\nssl.truststore.location=/t.jks").unwrap();
    let overridden =
        BTreeMap::from([("ssl.ca.location".to_owned(), Value::new("ssl.ca.location", "/ca", false))]);
    let written = ClientSettings::builder("src").properties(&trust).properties;
    assert!(JavaClient::new(written, &NoAccess, &overridden).map(None).is_ok());
}

#[test]
fn what_is_dispensable_is_left_out_with_a_note() {
    let mm2 = JavaProperties::parse("bootstrap.servers=a:1\nclient.id=${env:NOPE}").unwrap().in_file("mm2");
    let settings = ClientSettings::builder("src")
        .properties(&mm2)
        .dispensable()
        .java_properties("retry.backoff.ms=7")
        .unwrap()
        .build_with(&NoAccess)
        .unwrap();
    let notes: Vec<_> = settings.notes().iter().map(ToString::to_string).collect();
    let expected = "mm2:2: client.id: left out: it refers to the environment variable NOPE, which is not set";
    assert_eq!(notes, [expected]);
}

/// P14: librdkafka takes a port modulo 65536 (https://github.com/confluentinc/librdkafka/issues/4699), and other numbers as far
/// as their digits go.
#[test]
fn what_librdkafka_would_wrap_or_cut_off_is_refused() {
    for (file, override_, words) in [
        (
            "bootstrap.servers=a:70000",
            None,
            &["line 1: bootstrap.servers: 'a:70000' has the port 70000"] as &[_],
        ),
        ("bootstrap.servers=SASL_SSL://a:1", None, &["line 1", "security.protocol"]),
        ("", Some("bootstrap.servers=a:99999"), &["-X bootstrap.servers", "99999"]),
        ("", Some("metadata.broker.list=kafka://a:1"), &["-X bootstrap.servers", "protocol in front"]),
        ("bootstrap.servers=a:1", Some("socket.timeout.ms=4294977296"), &["socket.timeout.ms"]),
        (
            "bootstrap.servers=a:1",
            Some("socket.timeout.ms=60s"),
            &["socket.timeout.ms", "'60s' would be taken as 60"],
        ),
        ("bootstrap.servers=a:1", Some("socket.timeout.ms=0100"), &["'0100' would be taken as 64"]),
        ("bootstrap.servers=a:1", Some("socket.timeout.ms=0x100"), &["'0x100' would be taken as 256"]),
        ("bootstrap.servers=a:1", Some("socket.timeout.ms=1e3"), &["socket.timeout.ms"]),
        ("bootstrap.servers=a:1", Some("socket.keepalive.enable=yes"), &["socket.keepalive.enable"]),
        (
            "bootstrap.servers=a:1\nrequest.timeout.ms=4294977296",
            None,
            &["request.timeout.ms", "0 to 2147483647"],
        ),
        ("bootstrap.servers=a:1\nretry.backoff.ms=-1", None, &["retry.backoff.ms", "must be 0"]),
        ("bootstrap.servers=a:1\nrequest.timeout.ms=30s", None, &["request.timeout.ms", "whole number"]),
        ("bootstrap.servers=a:1\nclient.dns.lookup=all", None, &["client.dns.lookup"]),
    ] {
        let mut builder = ClientSettings::builder("src").java_properties(file).unwrap();
        if let Some(assignment) = override_ {
            builder = builder.librdkafka(assignment).unwrap();
        }
        let error = builder.build_with(&NoAccess).expect_err(words[0]).to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is not in {error}");
        }
    }
    let fine = [
        "socket.timeout.ms=1000",
        "socket.timeout.ms= 1000 ",
        "retry.backoff.ms=7",
        "debug=broker",
        "acks=all",
    ];
    for assignment in fine {
        let builder = ClientSettings::builder("src").bootstrap_servers("a:1").librdkafka(assignment).unwrap();
        builder.build_with(&NoAccess).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// D2 and D3 of the kind "two readers of one format": a comment may hold a backslash, and bytes are Latin-1.
#[test]
fn a_client_file_is_read_as_java_reads_it() {
    let file = b"# C:\\users \xe9\nbootstrap.servers=a:1\nclient.id=caf\xe9\n".to_vec();
    let settings =
        ClientSettings::builder("src").java_properties(file).unwrap().build_with(&NoAccess).unwrap();
    assert_eq!(settings.librdkafka().get("client.id"), Some("caf\u{e9}"));
}
