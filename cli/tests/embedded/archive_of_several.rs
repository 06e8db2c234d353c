//! Several links recorded by one process, and where their commits come from.

use offsets_core::consumer_offsets::{CONSUMER_OFFSETS_TOPIC, OffsetCommit, Standing};
use offsets_core::model::SourceOffset;
use offsets_kafka::demo::{DemoCluster, DemoRecord};

use crate::lab::Lab;
use crate::run::Folder;
use crate::running::{Running, await_answer, get};

/// Writes commits of groups on `orders-0` as a coordinator does; `None` deletes.
fn commit(source: &mut DemoCluster, commits: &[(&str, Option<i64>)]) {
    for &(group, offset) in commits {
        let standing = offset.map(|offset| Standing {
            offset: SourceOffset::new(offset).unwrap(),
            metadata: "",
            committed_ms: 1,
        });
        let (key, value) = OffsetCommit { group, topic: "orders", partition: 0, standing }.encode();
        // A group's commits are all in one partition of the log.
        let partition = i32::from(group.as_bytes()[0] % 3);
        let record = DemoRecord { key: Some(&key), value: value.as_deref(), timestamp_ms: 1 };
        source.produce(&CONSUMER_OFFSETS_TOPIC.into(), partition, [record]).unwrap();
    }
}

fn with_log_of_commits() -> Lab {
    let mut lab = Lab::new().mirrored("orders", 100).syncs("orders", &[(0, 0), (50, 50)]);
    lab.source.create_topic(CONSUMER_OFFSETS_TOPIC, 3).unwrap();
    commit(&mut lab.source, &[("a", Some(10)), ("b", Some(20)), ("a", Some(30)), ("c", Some(7))]);
    lab
}

#[test]
fn commits_are_followed_in_the_log_where_it_may_be_read() {
    let mut lab = with_log_of_commits();
    let folder = Folder::new();
    let line = format!("{} archive run --dir kept --interval 50ms --metrics-listen 127.0.0.1:0", lab.flags());
    let mut running = Running::start(&folder, &line);
    let address = running.address();
    running.says("commits: followed in __consumer_offsets of src");
    let recorded = |n| format!("recorded_total{{link=\"src->dst\",what=\"commits\"}} {n}");
    await_answer(&address, "/metrics", &recorded(3));
    assert!(get(&address, "/metrics").contains("offsets_archive_commits_tailed{link=\"src->dst\"} 1"));

    commit(&mut lab.source, &[("a", Some(31)), ("b", Some(22)), ("d", Some(1))]);
    await_answer(&address, "/metrics", &recorded(6));
    let line = format!("{} translate --all-groups --source-dead --archive kept -o json", lab.flags());
    let rows = folder.offsets(&line).expect(0).json()["partitions"].clone();
    let found = |rows: &serde_json::Value| -> Vec<(String, i64)> {
        let row = |row: &serde_json::Value| {
            (row["group"].as_str().unwrap().to_owned(), row["sourceOffset"].as_i64().unwrap())
        };
        rows.as_array().unwrap().iter().map(row).collect()
    };
    let expected =
        [("a", 31), ("b", 22), ("c", 7), ("d", 1)].map(|(group, offset)| (group.to_owned(), offset));
    assert_eq!(found(&rows), expected);
    let one = format!("{} translate --group b --source-dead --archive kept -o json", lab.flags());
    assert_eq!(found(&folder.offsets(&one).expect(0).json()["partitions"]), [("b".to_owned(), 22)]);

    // A commit that was deleted stays the last that is known, and grows old.
    commit(&mut lab.source, &[("c", None)]);
    await_answer(&address, "/metrics", &recorded(7));
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("4 commits, 2 syncs"), "{rest}");
    assert_eq!(found(&folder.offsets(&line).expect(0).json()["partitions"]), expected);
}

#[test]
fn how_commits_are_learnt_may_be_said() {
    let lab = with_log_of_commits();
    let folder = Folder::new();
    folder
        .offsets(&format!("{} archive run --dir kept --once --commits tail", lab.flags()))
        .expect(0)
        .says(&["3 commits, 2 syncs"]);
    // Without its log nothing is known there, and asking is not what was said.
    let none = Lab::new().mirrored("orders", 10).syncs("orders", &[(0, 0)]);
    folder
        .offsets(&format!(
            "{} --timeout 5s archive run --dir none --once --commits tail",
            none.flags().replace("--timeout 20s", "")
        ))
        .fails(1, &["__consumer_offsets"]);
    let mut running = Running::start(&folder, "--demo archive run --dir demo --interval 50ms");
    let said = running.says("commits: every group of src is asked each time");
    assert!(said.contains("__consumer_offsets"), "{said}");
    running.stop();
    let mut running =
        Running::start(&folder, "--demo archive run --dir demo2 --interval 50ms --commits poll");
    running.says("commits: every group of src is asked each time: as --commits says");
    running.stop();
}

#[test]
fn a_link_that_fails_is_said_and_the_others_go_on() {
    let lab = with_log_of_commits();
    let folder = Folder::new();
    folder.write(
        "offsets.toml",
        format!(
            "[links.good]\nsource = {{ alias = \"src\", bootstrap-server = \"{source}\" }}\n\
             target = {{ alias = \"dst\", bootstrap-server = \"{target}\" }}\n\
             [links.dead]\nsource = {{ alias = \"lost\", bootstrap-server = \"127.0.0.1:1\" }}\n\
             target = {{ alias = \"dst\", bootstrap-server = \"127.0.0.1:1\" }}\n\
             [links.again]\nsource = {{ alias = \"src\", bootstrap-server = \"{source}\" }}\n\
             target = {{ alias = \"dst\", bootstrap-server = \"{target}\" }}\n",
            source = lab.source.settings().bootstrap_servers(),
            target = lab.target.settings().bootstrap_servers(),
        ),
    );
    let line = "--source-timeout 1s archive run --dir kept --interval 50ms --metrics-listen 127.0.0.1:0";
    let mut running = Running::start(&folder, &format!("--link good --link dead {line}"));
    let address = running.address();
    await_answer(&address, "/metrics", "recorded_total{link=\"src->dst\",what=\"commits\"} 3");
    await_answer(&address, "/metrics", "recorded_total{link=\"src->dst\",what=\"syncs\"} 2");
    let health = await_answer(&address, "/healthz", "lost->dst: commits: ");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("127.0.0.1:1"), "{health}");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("lost->dst: commits: cluster lost: cannot reach 127.0.0.1:1"), "{rest}");
    assert!(rest.contains("src->dst: 3 commits, 2 syncs, 0 checkpoints are kept"), "{rest}");
    assert!(rest.contains("lost->dst: 0 commits, 0 syncs, 0 checkpoints are kept"), "{rest}");

    folder.offsets("--all-links archive run --dir kept --once").expect(2);
    folder.offsets("archive run --all-links --dir kept --once").fails(2, &["link src->dst is named twice"]);
    folder
        .offsets("--link good --link dead translate --all-groups")
        .fails(2, &["--link is given more than once"]);
    folder
        .offsets(&format!("{} --link a --link b archive run --dir kept --once", lab.flags()))
        .fails(2, &["several links are named"]);
}
