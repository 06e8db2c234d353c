//! Everything an operator can get wrong at 3 a.m.: one clear line, the remedy, the right exit code, nothing written.

use crate::lab::Lab;
use crate::run::{Folder, offsets};

const ASK: &str = "translate --topic orders:0 --offset 150";

#[test]
fn an_unknown_group_is_named() {
    offsets("--demo translate --group absent").expect(3).says(&["group absent", "src", "--all-groups"]);
}

#[test]
fn a_known_group_beside_an_unknown_one_is_still_answered() {
    let run = offsets("--demo translate --group absent --group app-g -o json").expect(3);
    assert_eq!(run.json()["missingGroups"][0], "absent");
    assert_eq!(run.json()["summary"]["partitions"], 4);
}

#[test]
fn nothing_selected_is_a_usage_error() {
    offsets("--demo translate").fails(2, &["nothing is selected", "--all-groups"]);
}

#[test]
fn no_link_is_a_usage_error() {
    offsets("translate --all-groups").fails(2, &["no link is named", "--mm2-config", "--demo"]);
}

#[test]
fn a_group_pattern_that_is_no_regular_expression_is_shown() {
    offsets("--demo translate --groups-regex '('").fails(2, &["`(`", "regular expression"]);
}

#[test]
fn a_topic_that_is_not_mirrored_is_unknown_and_named() {
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    let run = offsets(&format!("{} translate --topic payments:0 --offset 5", lab.flags())).expect(3);
    assert!(
        run.stdout.contains("unknown") && run.stdout.contains("no src.payments-0 on dst"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_missing_syncs_topic_is_named_with_the_remedy() {
    let lab = Lab::new().mirrored("orders", 10);
    offsets(&format!("{} {ASK}", lab.flags()))
        .fails(1, &["mm2-offset-syncs.dst.internal", "src", "--syncs-location"]);
}

#[test]
fn a_wrong_alias_looks_for_a_topic_that_is_not_there() {
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    let flags = lab.flags().replace("--target.alias dst", "--target.alias other");
    offsets(&format!("{flags} {ASK}")).fails(1, &["mm2-offset-syncs.other.internal", "aliases"]);
}

#[test]
fn a_wrong_policy_finds_no_mirror_topic() {
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    let run = offsets(&format!("{} --policy identity {ASK}", lab.flags())).expect(3);
    assert!(run.stdout.contains("no orders-0 on dst"), "{}", run.stdout);
}

#[test]
fn bytes_of_a_json_converter_are_recognised() {
    let lab = Lab::new()
        .mirrored("orders", 10)
        .raw_syncs([(b"\"AAZvcmRlcnM=\"".to_vec(), b"{\"payload\":1}".to_vec())]);
    offsets(&format!("{} {ASK}", lab.flags()))
        .fails(1, &["mm2-offset-syncs.dst.internal", "offset 0", "ByteArrayConverter"]);
}

#[test]
fn garbage_in_an_internal_topic_names_the_record() {
    let lab = Lab::new().mirrored("orders", 10).raw_syncs([(vec![0, 200, 1], vec![7; 16])]);
    offsets(&format!("{} {ASK}", lab.flags())).fails(1, &["mm2-offset-syncs.dst.internal", "offset 0"]);
}

#[test]
fn a_target_that_cannot_be_reached_is_an_error_within_its_time() {
    let line = "--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server 127.0.0.1:1 --timeout 2s";
    offsets(&format!("{line} {ASK}")).fails(1, &["cluster target", "127.0.0.1:1"]);
}

#[test]
fn a_source_that_takes_connections_and_says_nothing_is_left_after_its_time() {
    let lab = Lab::new().mirrored("orders", 300);
    let half_dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = half_dead.local_addr().unwrap().to_string();
    let flags = lab.flags().replace(lab.source.settings().bootstrap_servers(), &address);
    offsets(&format!("{flags} --source-timeout 1s {ASK}"))
        .expect(0)
        .says(&["source src:", "going on with what survives"]);
}

#[test]
fn a_target_that_takes_connections_and_says_nothing_is_an_error_within_its_time() {
    let lab = Lab::new().mirrored("orders", 300);
    let half_dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = half_dead.local_addr().unwrap().to_string();
    let flags = lab.flags().replace(lab.target.settings().bootstrap_servers(), &address).replace("20s", "2s");
    offsets(&format!("{flags} {ASK}")).fails(1, &["cluster dst", &address]);
}

#[test]
fn a_copy_of_the_targets_own_topic_is_named_as_such() {
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    let run = offsets(&format!("{} translate --topic dst.payments:0 --offset 5", lab.flags())).expect(3);
    assert!(run.stdout.contains("dst.payments is a copy of payments on dst itself"), "{}", run.stdout);
}

#[test]
fn a_reset_does_not_take_a_silent_source_for_a_dead_one() {
    let lab = Lab::new().mirrored("orders", 10);
    let flags =
        lab.flags().replace(lab.source.settings().bootstrap_servers(), "127.0.0.1:1").replace("20s", "3s");
    offsets(&format!("{flags} reset --group app-g")).fails(1, &["cluster src", "--source-dead"]);
}

#[test]
fn offsets_up_to_the_largest_are_carried_whole() {
    let largest = i64::MAX;
    let lab = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    let run =
        offsets(&format!("{} translate --topic orders:0 --offset {largest} -o json", lab.flags())).expect(3);
    assert_eq!(run.json()["partitions"][0]["sourceOffset"], largest);
    let too_large = format!("{} translate --topic orders:0 --offset 9223372036854775808", lab.flags());
    offsets(&too_large).expect(2);
    offsets(&format!("{} translate --topic orders:0 --offset -1", lab.flags())).expect(2);
}

#[test]
fn names_with_commas_quotes_dots_and_249_characters_are_carried_whole() {
    let long = "t".repeat(249 - "src.".len());
    for topic in ["a.b.c", long.as_str()] {
        let lab = Lab::new().mirrored(topic, 10).syncs(topic, &[(0, 0), (9, 9)]);
        let run =
            offsets(&format!("{} translate --topic {topic}:0 --offset 9 -o csv", lab.flags())).expect(0);
        assert_eq!(run.stdout, format!("src.{topic},0,9\n"));
    }
    let folder = Folder::new();
    folder.write("positions.csv", "\"a,\"\"b\"\" c\",src.orders,0,5\n");
    let run = folder.offsets("--demo reset --from-file positions.csv -o json").expect(0);
    assert_eq!(run.json()["partitions"][0]["group"], "a,\"b\" c");
}

#[test]
fn a_csv_file_with_a_wrong_line_names_it_and_writes_nothing() {
    for (text, words) in [
        ("src.orders,0,5\nsrc.orders,1\n", &["line 2", "2 columns"] as &[_]),
        ("src.orders,0\n", &["line 1", "3 or 4"]),
        ("topic,partition,offset\n", &["line 1", "`partition`"]),
        ("src.orders;0;5\n", &["line 1", "1 columns"]),
        ("src.orders,0,-5\n", &["line 1", "`-5`"]),
        ("src.orders,0,9223372036854775808\n", &["line 1", "`9223372036854775808`"]),
        ("src.orders,0,5\nsrc.orders,0,6\n", &["line 2", "second time"]),
        ("", &["no line"]),
    ] {
        let folder = Folder::new();
        folder.write("positions.csv", text);
        let run = folder.offsets("--demo reset --group app-g --from-file positions.csv --execute");
        run.fails(2, &[&["positions.csv"], words].concat());
        assert_eq!(folder.files(), ["positions.csv"]);
    }
}

#[test]
fn three_columns_need_exactly_one_group() {
    let folder = Folder::new();
    folder.write("positions.csv", "src.orders,0,5\n");
    folder.offsets("--demo reset --from-file positions.csv").fails(2, &["positions.csv", "--group"]);
    folder
        .offsets("--demo reset --group a --group b --from-file positions.csv")
        .fails(2, &["positions.csv", "--group"]);
}

#[test]
fn files_that_are_not_there_are_named_before_anything_is_contacted() {
    for line in [
        "translate --mm2-config nowhere.properties --all-groups",
        "translate --from-dump nowhere.json --all-groups",
        "translate --config nowhere.toml --all-groups",
        "--demo reset --group g --from-file nowhere.csv",
        "undo nowhere.json --target.bootstrap-server 127.0.0.1:1",
    ] {
        offsets(line).fails(2, &["nowhere."]);
    }
}

#[test]
fn a_secret_in_a_client_file_is_in_no_message() {
    let folder = Folder::new();
    folder.write(
        "client.properties",
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.\
         PlainLoginModule required username=\"app\" password=\"hunter2\";\n",
    );
    let line = "-v --source.bootstrap-server 127.0.0.1:1 --source.alias src --source.command-config client.properties \
                --target.bootstrap-server 127.0.0.1:1 --target.command-config client.properties --timeout 2s";
    let run = folder.offsets(&format!("{line} {ASK}")).expect(1);
    assert!(!run.stderr.contains("hunter2") && !run.stdout.contains("hunter2"), "{}", run.stderr);
}

#[test]
fn a_java_key_store_is_refused_with_the_command_that_converts_it() {
    let folder = Folder::new();
    folder.write(
        "client.properties",
        "security.protocol=SSL\nssl.truststore.location=trust.jks\nssl.truststore.password=x\n",
    );
    let line = "--source.bootstrap-server 127.0.0.1:1 --source.alias src --source.command-config client.properties \
                --target.bootstrap-server 127.0.0.1:1";
    folder.offsets(&format!("{line} {ASK}")).fails(2, &["ssl.truststore", "keytool"]);
}
