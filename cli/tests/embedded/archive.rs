//! `offsets archive`: what is kept while the source lives, and what it is worth when it does not.

use offsets_store::{Key, SegmentLog as _, SledLog, Stream};
use serde_json::Value;

use crate::lab::Lab;
use crate::run::Folder;
use crate::running::{Running, await_answer, get};

fn recorded() -> Folder {
    let folder = Folder::new();
    folder
        .offsets("--demo archive run --dir kept --once")
        .expect(0)
        .says(&["src->dst: 12 commits, 784 syncs, 63 checkpoints are kept"]);
    folder
}

#[test]
fn a_dead_source_is_answered_for_exactly_between_two_kept_syncs() {
    let folder = recorded();
    let line = "--demo translate --all-groups --source-dead -o json";
    let without = folder.offsets(line).expect(0).json();
    assert_eq!(without["summary"]["exact"], 0);
    let with = folder.offsets(&format!("{line} --archive kept")).expect(0).json();
    assert_eq!(
        with["summary"]["exact"], 10,
        "all but the two at the end of a partition without newest syncs"
    );
    let live = folder.offsets("--demo translate --all-groups -o json").expect(0).json();
    for (dead, live) in rows(&with).iter().zip(rows(&live)) {
        assert_eq!((&dead["group"], &dead["sourceOffset"]), (&live["group"], &live["sourceOffset"]));
        if dead["class"] == "exact" && live["class"] == "exact" {
            assert_eq!(dead["targetOffset"], live["targetOffset"]);
        }
    }
}

#[test]
fn a_kept_commit_is_as_old_as_the_last_look_at_the_source() {
    let folder = recorded();
    let looked =
        folder.offsets("archive stats --dir kept -o json").expect(0).json()["links"][0]["commitsAsOf"]
            .clone();
    let run = folder.offsets("--demo archive run --dir kept --once").expect(0);
    assert!(run.stderr.contains("12 commits, 784 syncs, 63 checkpoints"), "{}", run.stderr);
    let again = folder.offsets("archive stats --dir kept -o json").expect(0).json()["links"][0].clone();
    assert!(again["commitsAsOf"].as_str().unwrap() > looked.as_str().unwrap());
    assert_eq!(again["commitChanges"], 12, "nothing changed in between");
}

#[test]
fn a_reset_may_rest_on_an_archive() {
    let folder = recorded();
    let run = folder.offsets("--demo reset --group app-g --source-dead --archive kept -o json").expect(0);
    assert_eq!(run.json()["partitions"][0]["toOffset"], 18_963);
}

#[test]
fn stats_are_a_table_and_a_document() {
    let folder = recorded();
    let table = folder.offsets("archive stats --dir kept").expect(0).stdout;
    assert!(table.starts_with("LINK") && table.contains("src->dst  12"), "{table}");
    let document = folder.offsets("archive stats --dir kept -o json").expect(0).json();
    assert_eq!(document["kind"], "ArchiveStats");
    assert_eq!(document["links"][0]["syncs"], 784);
    assert!(document["bytesOnDisk"].as_u64().unwrap() > document["links"][0]["bytes"].as_u64().unwrap());
}

#[test]
fn an_export_is_a_dump_of_what_was_kept() {
    let folder = recorded();
    folder.offsets("archive export --dir kept --file link.json").expect(0).says(&["12 commits, 784 syncs"]);
    let dump: Value = serde_json::from_str(&folder.read("link.json")).unwrap();
    assert_eq!(dump["kind"], "Evidence");
    assert_eq!(dump["evidence"]["commits"].as_array().unwrap().len(), 12);
    // Nothing in it tells which logs the target has.
    let run = folder.offsets("translate --from-dump link.json --all-groups -o json").expect(0);
    assert_eq!(run.json()["summary"]["floor"], 12);
    folder.offsets("archive export --dir kept --file link.json").fails(1, &["link.json"]);
    folder.offsets("archive export --dir kept --link 'a->b'").fails(2, &["link a->b", "src->dst"]);
}

#[test]
fn it_runs_until_it_is_told_to_stop_and_tells_how_it_goes() {
    let folder = Folder::new();
    let line =
        "--demo archive run --dir kept --interval 50ms --metrics-listen 127.0.0.1:0 --expire-after 30d";
    let mut running = Running::start(&folder, line);
    let address = running.address();
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200"), "it is healthy");
    let written = "offsets_archive_recorded_total{link=\"src->dst\",what=\"syncs\"} 784";
    let metrics = await_answer(&address, "/metrics", written);
    let asked = "offsets_archive_commits_tailed{link=\"src->dst\"} 0";
    assert!(metrics.contains(asked), "the demo has no log of commits:\n{metrics}");
    assert!(metrics.contains("offsets_archive_last_success_timestamp_seconds{"), "{metrics}");
    assert!(get(&address, "/else").starts_with("HTTP/1.1 404"));

    // Meanwhile no other process may record into the folder.
    let remedy = "stop the `offsets archive run`";
    folder.offsets("--demo archive run --dir kept --once").fails(1, &["in use by another process", remedy]);

    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("12 commits, 784 syncs, 63 checkpoints are kept"), "{rest}");
    folder.offsets("archive stats --dir kept").expect(0);
}

#[test]
fn a_source_that_is_not_there_is_said_once_and_the_target_recorded_all_the_same() {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0), (5, 5)]);
    let folder = Folder::new();
    let flags = format!(
        "--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server {} --target.alias dst \
         --syncs-location target --source-timeout 1s",
        lab.target.settings().bootstrap_servers()
    );
    let mut running = Running::start(&folder, &format!("{flags} archive run --dir kept --interval 50ms"));
    let said = running.says("commits: ");
    assert!(said.contains("cannot reach 127.0.0.1:1") && said.contains("trying again"), "{said}");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(!rest.contains("commits: cluster"), "it is said once:\n{rest}");
    assert!(rest.contains("0 commits, 2 syncs, 0 checkpoints are kept"), "{rest}");

    // One round for cron says it with its exit code, and has kept what there was.
    folder
        .offsets(&format!("{flags} --timeout 1s archive run --dir once --once"))
        .fails(1, &["127.0.0.1:1", "--source-dead"]);
    let stats = folder.offsets("archive stats --dir once -o json").expect(0).json();
    assert_eq!(stats["links"][0]["syncs"], 2);
    folder.offsets(&format!("{flags} --source-dead archive run --dir once --once")).expect(0);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    for line in [
        "archive stats --dir kept",
        "archive export --dir kept",
        "--demo translate --all-groups --archive kept",
    ] {
        folder.offsets(line).fails(2, &["no archive at kept", "offsets archive run --dir"]);
    }
    assert!(folder.files().is_empty());
}

#[test]
fn an_archive_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("kept")).unwrap();
    folder.write("kept/offsets-archive", "format 7\n");
    for line in ["archive stats --dir kept", "--demo archive run --dir kept --once"] {
        folder.offsets(line).fails(2, &["kept was written by a newer version", "format is 7"]);
    }
}

#[test]
fn a_folder_with_other_files_is_not_taken() {
    let folder = Folder::new();
    folder.write("precious", "mine");
    folder.offsets("--demo archive run --dir . --once").fails(2, &["not an archive", "empty folder"]);
    assert_eq!(folder.files(), ["precious"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    folder.write("file", "");
    folder.offsets("--demo archive run --dir file/kept --once").fails(1, &["file/kept", "make the folder"]);
}

#[test]
fn a_damaged_store_is_refused_with_the_way_out() {
    let folder = recorded();
    folder.offsets("--demo archive run --dir kept --once").expect(0);
    let path = folder.path().join("kept/store/db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|window| window == b"orders").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    folder
        .offsets("archive stats --dir kept")
        .fails(1, &["kept", "store cannot be used", "move the folder away"]);
}

/// Case P19: a damaged archive was reported as `Read corrupted data at file offset None backtrace ()`. The folder, what is damaged and
/// the remedy are named, wherever in its files the damage is.
#[test]
fn p19_a_damaged_store_is_named_in_words() {
    let folder = recorded();
    let store = folder.path().join("kept/store");
    let [whole, settings] = ["db", "conf"].map(|file| std::fs::read(store.join(file)).unwrap());
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let at = whole.windows(6).position(|window| window == b"orders").unwrap();
    for (file, bytes) in
        [("db", flipped(at)), ("conf", b"no settings".to_vec()), ("db", vec![7; whole.len()])]
    {
        std::fs::write(store.join("db"), &whole).unwrap();
        std::fs::write(store.join("conf"), &settings).unwrap();
        std::fs::write(store.join(file), bytes).unwrap();
        for line in
            ["archive stats --dir kept", "--demo archive run --dir kept --once", "archive salvage --dir kept"]
        {
            let run = folder.offsets(line);
            if run.code == Some(0) {
                // What the engine takes for writes that were cut short it goes back from, and says nothing.
                continue;
            }
            let said = run.stderr.clone();
            run.fails(1, &["kept: ", "remedy: "]);
            for word in ["backtrace", "None", "panicked"] {
                assert!(!said.contains(word), "{line}: {said}");
            }
        }
    }
}

/// The library report L1, at archives: damage was cut out by the next run, which told of it once.
#[test]
fn a_damaged_archive_is_refused_until_it_is_salvaged_and_acknowledged() {
    let folder = recorded();
    let store = folder.path().join("kept/store");
    let key = Key { stream: Stream { space: 1, kind: 3 }, sequence: 0 };
    let mut log = SledLog::open(&store).unwrap();
    let mut bytes = Vec::new();
    assert!(log.get(key, &mut |segment| bytes = segment.to_vec()).unwrap());
    bytes[50] ^= 1;
    log.append(&[(key, bytes)]).unwrap();
    log.flush().unwrap();
    drop(log);
    let contents = || {
        let mut found = Vec::new();
        let log = SledLog::open(&store).unwrap();
        log.scan_all(&mut |key, segment| found.push((key, segment.to_vec()))).unwrap();
        found
    };
    let before = contents();
    let run = "--demo archive run --dir kept --once";
    for _ in 0..2 {
        folder.offsets(run).fails(
            1,
            &[
                "kept: link src->dst: segment 0 of the syncs is damaged: its checksum is wrong",
                "archive salvage",
            ],
        );
        folder.offsets("archive stats --dir kept").expect(0).says(&["segment 0 of the syncs is damaged"]);
        folder
            .offsets("archive salvage --dir kept")
            .expect(3)
            .says(&["kept: link src->dst: segment 0 of the syncs is damaged", "--execute cuts it out"]);
        assert_eq!(contents(), before, "nothing was changed");
    }
    folder.offsets("archive salvage --dir kept --execute").expect(0).says(&["of the syncs", "--acknowledge"]);
    for _ in 0..2 {
        folder.offsets(run).fails(1, &["kept: it was salvaged, which is not acknowledged", "--acknowledge"]);
        folder.offsets("archive stats --dir kept").expect(0).says(&["cut out", "not acknowledged"]);
    }
    folder.offsets("archive salvage --dir kept").expect(3).says(&["not acknowledged"]);
    folder
        .offsets("archive salvage --dir kept --acknowledge")
        .expect(0)
        .says(&["acknowledged: link src->dst"]);
    folder.offsets(run).expect(0);
    folder.offsets("archive salvage --dir kept").expect(0).says(&["nothing is damaged"]);
}

#[test]
fn a_link_of_other_topics_is_not_mixed_in() {
    let folder = recorded();
    folder
        .offsets("--source.bootstrap-server 127.0.0.1:1 --source.alias src --target.bootstrap-server 127.0.0.1:1 --target.alias dst --policy identity translate --all-groups --source-dead --archive kept")
        .fails(2, &["src->dst", "another replication policy", "--policy"]);
}

#[test]
fn a_dump_answers_alone() {
    let folder = recorded();
    folder.offsets("--demo dump --file link.json").expect(0);
    folder.offsets("translate --from-dump link.json --all-groups --archive kept").fails(2, &["--archive"]);
    folder.offsets("--from-dump link.json archive run --dir kept --once").fails(2, &["dump has no clusters"]);
}

fn rows(document: &Value) -> &[Value] {
    document["partitions"].as_array().unwrap()
}
