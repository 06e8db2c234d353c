//! What librdkafka logs: shown with `--verbose`, without secrets, in the form of the other remarks.

use serde_json::Value;

use crate::run::Folder;
use crate::running::Running;

/// A link of clusters that refuse connections. The password is part of what librdkafka says about that.
fn refusing() -> Folder {
    let folder = Folder::new();
    folder.write(
        "mm2.properties",
        "clusters = a, b\na->b.enabled = true\na.bootstrap.servers = 127.0.0.1:1\nb.bootstrap.servers = 127.0.0.1:1\n\
         b.security.protocol = SASL_PLAINTEXT\nb.sasl.mechanism = PLAIN\n\
         b.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required \
         username=\"u\" password=\"ipv4#127.0.0.1\";\n",
    );
    folder
}

/// Nothing took the records of librdkafka, so `--verbose` did not show why a connection failed.
#[test]
fn verbose_shows_the_clients_own_words_without_secrets() {
    let folder = refusing();
    let line = "translate --mm2-config mm2.properties --group g --source-dead --connect-timeout 1s";
    let run = folder.offsets(line).fails(1, &["cluster b"]);
    assert!(!run.stderr.contains("librdkafka"), "{}", run.stderr);
    let run = folder.offsets(&format!("{line} -v")).fails(1, &["cluster b"]);
    let is_shown = |line: &str| line.starts_with("librdkafka: ") && line.contains("Connect to [hidden]:1");
    assert!(run.stderr.lines().any(is_shown), "{}", run.stderr);
    assert!(!run.stderr.contains("ipv4#127.0.0.1"), "{}", run.stderr);
}

#[test]
fn a_log_has_them_with_time_and_level() {
    let folder = refusing();
    let line = "-v archive run --mm2-config mm2.properties --dir kept --log-format json --source-timeout 1s";
    let mut running = Running::start(&folder, line);
    let said = running.says("librdkafka: ");
    let line: Value = serde_json::from_str(&said).unwrap();
    assert!(line["timestamp"].is_string(), "{line}");
    assert!(matches!(line["level"].as_str(), Some("ERROR" | "WARN" | "INFO" | "DEBUG")), "{line}");
    assert!(line["message"].as_str().unwrap().starts_with("librdkafka: "), "{line}");
    assert_eq!(running.stop().0, Some(0));
}
