//! Cases from the field about what a link is given: addresses, numbers, aliases, separators, flows, at each door it comes in by.

use offsets_core::evidence::{read_dump, write_dump};
use offsets_core::link::{Link, ReplicationPolicy};

use crate::lab::Lab;
use crate::run::{Folder, offsets};

const ASK: &str = Lab::ASK;
const ANSWER: &str = Lab::ANSWER;

/// P14: another service was spoken to, since librdkafka takes a port modulo 65536
/// (https://github.com/confluentinc/librdkafka/issues/4699, https://github.com/confluentinc/librdkafka/issues/1722).
#[test]
fn p14_addresses_are_checked_before_contact_at_every_door() {
    for (address, words) in [
        ("127.0.0.1:99999", "port 99999"),
        ("127.0.0.1:0", "port 0"),
        ("127.0.0.1", "no port"),
        ("kafka://127.0.0.1:1", "security.protocol"),
        ("SASL_SSL://127.0.0.1:1", "security.protocol to SASL_SSL"),
        ("127.0.0.1:1 # comment", "comment"),
        ("\"127.0.0.1:1\"", "quotes"),
        ("127.0.0.1:1,::1:9092", "in brackets"),
        ("127.0.0.1:1;127.0.0.1:2", "commas"),
    ] {
        let folder = Folder::new();
        folder.write(
            "mm2.properties",
            format!(
                "clusters = src, dst\nsrc->dst.enabled = true\nsrc.bootstrap.servers = 127.0.0.1:1\n\
                 dst.bootstrap.servers = {address}\n"
            ),
        );
        folder.write("client.properties", format!("# c\nbootstrap.servers = {address}\n"));
        folder.write(
            "offsets.toml",
            format!(
                "[links.x]\nsource = {{ alias = \"src\", bootstrap-server = \"127.0.0.1:1\" }}\n\
                 target = {{ alias = \"dst\", bootstrap-server = '{address}' }}\n"
            ),
        );
        let source = "--source.alias src --source.bootstrap-server 127.0.0.1:1";
        for (door, place) in [
            ("--mm2-config mm2.properties".to_owned(), "mm2.properties:4: dst.bootstrap.servers"),
            (format!("{source} --target.bootstrap-server '{address}'"), "--target.bootstrap-server"),
            (
                format!("{source} --target.command-config client.properties"),
                "client.properties:2: bootstrap.servers",
            ),
            (
                format!(
                    "{source} --target.bootstrap-server 127.0.0.1:1 -X 'target.bootstrap.servers={address}'"
                ),
                "-X bootstrap.servers",
            ),
            (
                format!("{source} --target.bootstrap-server 127.0.0.1:1 -X 'metadata.broker.list={address}'"),
                "-X bootstrap.servers",
            ),
            ("--link x".to_owned(), "offsets.toml: links.x.target.bootstrap-server"),
        ] {
            folder.offsets(&format!("{door} {ASK}")).fails(2, &[words, place]);
            let reset = format!("{door} reset --group g --to earliest --topic t");
            folder.offsets(&reset).fails(2, &[words, place]);
        }
        let reconcile = "reconcile --from t --group g --mode dedup --identity key --dry-run";
        folder
            .offsets(&format!("{reconcile} --bootstrap-server '{address}'"))
            .fails(2, &[words, "--bootstrap-server"]);
        let dead =
            format!("--source.alias src --source.bootstrap-server '{address}' --source-dead --timeout 1s");
        folder.offsets(&format!("{dead} --target.bootstrap-server 127.0.0.1:1 {ASK}")).expect(1);
    }
}

/// P14's kind: numbers that librdkafka reads as far as their digits go, or cuts down to 32 bits.
#[test]
fn p14_a_number_that_would_be_taken_for_another_is_refused() {
    let line =
        "--source.alias src --source.bootstrap-server 127.0.0.1:1 --target.bootstrap-server 127.0.0.1:1";
    for (key, value) in [
        ("socket.timeout.ms", "60s"),
        ("socket.timeout.ms", "4294977296"),
        ("socket.connection.setup.timeout.ms", "010000"),
    ] {
        offsets(&format!("{line} -X {key}={value} {ASK}")).fails(2, &[key]);
    }
    let folder = Folder::new();
    folder.write("client.properties", "request.timeout.ms = 4294977296\n");
    folder
        .offsets(&format!("{line} --target.command-config client.properties {ASK}"))
        .fails(2, &["client.properties:1: request.timeout.ms", "2147483647"]);
}

/// P22: one rule, enforced at one of its doors (https://github.com/apache/kafka/pull/6295,
/// https://github.com/apache/kafka/pull/7872).
#[test]
fn p22_aliases_and_separators_are_checked_at_every_door() {
    let demo = Folder::new();
    demo.offsets("--demo dump --file link.json").expect(0);
    let mut evidence = read_dump(&demo.read("link.json")).unwrap();
    for (source, target, separator, words) in [
        ("paris", "paris", ".", "same alias 'paris'"),
        ("a b", "oslo", ".", "'a b'"),
        ("paris", "os/lo", ".", "'os/lo'"),
        ("", "oslo", ".", "source's alias is"),
        ("paris", "oslo", "/", "'/'"),
        ("paris", "oslo", " ", "' '"),
    ] {
        let folder = Folder::new();
        folder.write(
            "mm2.properties",
            format!(
                "clusters = A, B\nA->B.enabled = true\nA.bootstrap.servers = 127.0.0.1:1\n\
                 B.bootstrap.servers = 127.0.0.1:1\nA->B.source.cluster.alias = {source}\n\
                 A->B.target.cluster.alias = {target}\nreplication.policy.separator = \\{separator}\n"
            ),
        );
        folder.write(
            "offsets.toml",
            format!(
                "[links.x]\nseparator = \"{separator}\"\n\
                 source = {{ alias = \"{source}\", bootstrap-server = \"127.0.0.1:1\" }}\n\
                 target = {{ alias = \"{target}\", bootstrap-server = \"127.0.0.1:1\" }}\n"
            ),
        );
        let policy = ReplicationPolicy::default().with_separator(separator);
        evidence.link = Link { policy, ..Link::new(source, target) };
        folder.write("link.json", write_dump(&evidence));
        for door in [
            "--mm2-config mm2.properties".to_owned(),
            format!(
                "--source.alias '{source}' --target.alias '{target}' --separator '{separator}' \
                 --source.bootstrap-server 127.0.0.1:1 --target.bootstrap-server 127.0.0.1:1"
            ),
            "--link x".to_owned(),
            "--from-dump link.json".to_owned(),
        ] {
            let run =
                folder.offsets(&format!("{door} --timeout 1s --source-timeout 1s {ASK}")).fails(2, &[words]);
            run.remedy();
        }
    }
}

/// G2: the syncs of a flow that is disabled may be the only forward pairs there are.
#[test]
fn g2_a_flow_that_the_file_disables_can_be_named() {
    let lab = Lab::of_ten_records();
    let folder = Folder::new();
    let disabled = lab
        .mm2_properties()
        .replace("src->dst.enabled = true", "src->dst.enabled = false\ndst->src.enabled = true");
    folder.write("mm2.properties", disabled);
    let line = format!("--mm2-config mm2.properties --link 'src->dst' --timeout 20s {ASK}");
    let run = folder.offsets(&line).expect(0).says(&["the flow src->dst is not enabled"]);
    assert_eq!(run.stdout, ANSWER);
}

/// Part of the kind of P22: what one flag says of the policy no longer drops what the file says of the rest.
#[test]
fn a_flag_for_a_part_of_the_policy_leaves_the_rest_to_the_file() {
    let mut lab = Lab::new();
    lab.link.policy = lab.link.policy.clone().with_separator("_");
    let lab = lab.mirrored("orders", 10).syncs("orders", &[(0, 0), (9, 9)]);
    let folder = Folder::new();
    let ours = "replication.policy.class = com.example.Ours\nreplication.policy.separator = _\n";
    folder.write("mm2.properties", format!("{}{ours}", lab.mm2_properties()));
    let run = folder
        .offsets(&format!("--mm2-config mm2.properties --policy default --timeout 20s {ASK}"))
        .expect(0);
    assert_eq!(run.stdout, "src_orders,0,9\n");
}
