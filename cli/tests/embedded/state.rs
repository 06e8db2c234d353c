//! `offsets state`: what an instance keeps in its folder, and copies of that.

use offsets_reconcile::{Identity, Position, Seen, Table as _};
use offsets_store::{ChangeBuffer, ChangelogReplica, DurableTable, Key, SegmentLog, SledLog, Stream};
use serde_json::Value;

use crate::run::Folder;

/// A folder with what a runner has kept there of two partitions of a job, which has read 700 records of one and 20 of the other.
fn kept() -> Folder {
    let folder = Folder::new();
    let mut log = SledLog::open(&folder.path().join("kept")).unwrap();
    for (partition, read) in [(0_u32, 700_u32), (3, 20)] {
        let copy = ChangelogReplica::open(log.clone(), partition, "merge-changelog").unwrap();
        let checkpoint = copy.checkpoint();
        let mut table = DurableTable::open(ChangeBuffer::over(copy.into_log()), partition).unwrap();
        for number in 0..read {
            let first = Position::new(0, number.into()).unwrap();
            table.put(Identity::of("test", &[Some(&number.to_le_bytes())]), Seen { first, pane: 0 }).unwrap();
        }
        let progress = serde_json::json!({
            "version": 1, "rules": "dedup identity=key",
            "inputs": [{"topic": "orders", "next": read}, {"topic": "B.orders", "next": null}],
            "operator": {"reread": []},
        });
        table.save(progress.to_string().as_bytes()).unwrap();
        table.log_mut().commit(vec![checkpoint.advanced_to(1_000 + i64::from(partition)).segment()]).unwrap();
    }
    log.flush().unwrap();
    folder
}

/// Changes a segment, which the engine does not notice.
fn damage(folder: &Folder, key: Key) {
    let mut log = SledLog::open(&folder.path().join("kept")).unwrap();
    let mut bytes = Vec::new();
    assert!(log.get(key, &mut |segment| bytes = segment.to_vec()).unwrap());
    bytes[50] ^= 1;
    log.append(&[(key, bytes)]).unwrap();
    log.flush().unwrap();
}

fn entries(space: u32) -> Key {
    Key { stream: Stream { space, kind: 16 }, sequence: 0 }
}

fn contents(folder: &Folder, name: &str) -> Vec<(Key, Vec<u8>)> {
    let mut found = Vec::new();
    let log = SledLog::open(&folder.path().join(name)).unwrap();
    log.scan_all(&mut |key, segment| found.push((key, segment.to_vec()))).unwrap();
    found
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(name)).unwrap()
}

#[test]
fn what_is_kept_is_told_of_a_folder_and_of_its_copy() {
    let folder = kept();
    let table = folder.offsets("state show --dir kept").expect(0).stdout;
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["PARTITION", "IDENTITIES", "CHANGELOG"]);
    assert_eq!(rows[1][..3], ["0", "700", "1000"]);
    assert_eq!(rows[2][..3], ["3", "20", "1003"]);
    assert!(table.contains("orders:20,B.orders:-   dedup identity=key"), "{table}");

    let json = folder.offsets("state show --dir kept -o json").expect(0).json();
    assert_eq!((&json["kind"], &json["partitions"][1]["changelogOffset"]), (&"State".into(), &1003.into()));
    assert!(json["bytesOnDisk"].as_u64().unwrap() > 0);
    folder
        .offsets("state export --dir kept --file copy")
        .expect(0)
        .says(&["copy: 2 partitions, 720 identities"]);
    let of_copy = folder.offsets("state show --file copy -o json").expect(0).json();
    assert_eq!(of_copy["partitions"], json["partitions"]);
    let strings = folder.offsets("state show --file copy -o jsonl --offsets-as-strings").expect(0).stdout;
    let line: Value = serde_json::from_str(strings.lines().next().unwrap()).unwrap();
    assert_eq!((&line["changelogOffset"], &line["inputs"][0]["next"]), (&"1000".into(), &"700".into()));
    assert_eq!(folder.offsets("state show --dir kept -o csv").expect(0).stdout.lines().count(), 2);
}

#[test]
fn a_copy_that_is_put_elsewhere_is_what_was_kept() {
    let folder = kept();
    let before = contents(&folder, "kept");
    folder.offsets("state export --dir kept --file copy").expect(0);
    folder
        .offsets("state import --file copy --dir else/where")
        .expect(0)
        .says(&["else/where: 2 partitions, 720 identities"]);
    assert_eq!(contents(&folder, "else/where"), before);
    assert_eq!(contents(&folder, "kept"), before, "and nothing is gone");
    folder.offsets("state export --dir else/where --file again").expect(0);
    assert_eq!(bytes(&folder, "again"), bytes(&folder, "copy"));
    // An empty folder will do.
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    folder.offsets("state import --file copy --dir empty").expect(0);
    assert_eq!(contents(&folder, "empty"), before);
}

#[test]
fn a_copy_goes_through_a_pipe() {
    let folder = kept();
    let offsets = env!("CARGO_BIN_EXE_offsets");
    let line = format!("{offsets} state export --dir kept | {offsets} state import --dir piped");
    let ended =
        std::process::Command::new("sh").arg("-c").arg(line).current_dir(folder.path()).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(contents(&folder, "piped"), contents(&folder, "kept"));
}

#[test]
fn a_copy_that_is_not_whole_is_refused_and_nothing_is_written() {
    let folder = kept();
    folder.offsets("state export --dir kept --file copy").expect(0);
    let copy = bytes(&folder, "copy");
    let half = copy.len() / 2;
    let changed = [&copy[..half], &[copy[half] ^ 1][..], &copy[half + 1..]].concat();
    let mut newer = copy.clone();
    newer[15] = 9;
    for (bytes, words) in [
        (&copy[..copy.len() - 1], ["wrong: part ", "cut short"]),
        (&changed, ["wrong: part ", "remedy: nothing was written; make the copy again"]),
        (&newer, ["wrong: it was written by a newer version", "remedy: use the version"]),
        (b"precious", ["wrong: it is not a copy of a state folder", "remedy: take a file"]),
    ] {
        folder.write("wrong", bytes);
        folder.offsets("state import --file wrong --dir there").fails(2, &words);
        folder.offsets("state show --file wrong").fails(2, &words);
        assert_eq!(folder.files(), ["copy", "kept", "wrong"]);
    }
}

#[test]
fn damage_is_named_and_what_precedes_it_is_left_alone() {
    let folder = kept();
    damage(&folder, entries(3));
    let before = contents(&folder, "kept");
    let run = folder.offsets("state show --dir kept -o json").expect(3).says(&[
        "partition 3 is damaged: segment 0 of space 3 cannot be used: its checksum is wrong",
        "`offsets reconcile` reads what is damaged from the changelog again",
    ]);
    let partitions = run.json()["partitions"].clone();
    assert_eq!((&partitions[0]["identities"], &partitions[0]["damage"]), (&700.into(), &Value::Null));
    assert!(partitions[1]["damage"].is_string());
    for file in ["copy", "-"] {
        folder
            .offsets(&format!("state export --dir kept --file {file}"))
            .fails(3, &["kept: partition 3 is damaged: segment 0", "remedy: "]);
    }
    assert_eq!(folder.files(), ["kept"]);
    assert_eq!(contents(&folder, "kept"), before);
}

#[test]
fn nothing_is_written_over_and_only_a_folder_with_state_is_read() {
    let folder = kept();
    folder.offsets("state export --dir kept --file copy").expect(0);
    folder.write("note.txt", "mine");
    std::fs::create_dir(folder.path().join("other")).unwrap();
    std::fs::write(folder.path().join("other/note.txt"), "mine").unwrap();
    for (line, code, words) in [
        ("state export --dir kept --file note.txt", 1, ["note.txt", "does not exist yet"]),
        ("state import --file copy --dir kept", 2, ["kept is not empty", "remedy: name a folder"]),
        ("state import --file copy --dir other", 2, ["other is not empty", "remedy: "]),
        ("state import --file none --dir new", 2, ["cannot read none", "No such file"]),
        ("state show --dir other", 2, ["other holds something else", "remedy: "]),
        ("state show --dir none", 2, ["there is no state in none", "`offsets reconcile --state`"]),
        ("state show", 2, ["--dir", "required"]),
        ("state show --dir kept --file copy", 2, ["--dir", "cannot be used"]),
    ] {
        folder.offsets(line).fails(code, &words);
    }
    assert_eq!(folder.read("note.txt"), "mine");
    assert_eq!(folder.files(), ["copy", "kept", "note.txt", "other"]);
}

/// What was moved aside, and what a program has salvaged, is told until it is acknowledged.
#[test]
fn what_was_damaged_is_told_until_it_is_acknowledged() {
    let folder = kept();
    let path = folder.path().join("kept");
    folder.offsets("state acknowledge --dir kept").expect(0).says(&["nothing to acknowledge"]);
    damage(&folder, entries(3));
    let aside = SledLog::open(&path).unwrap().quarantine(3).unwrap();
    assert_eq!(aside, path.join("damaged/partition-3-1"));
    damage(&folder, entries(0));
    drop(DurableTable::<Seen, _>::salvage(SledLog::open(&path).unwrap(), 0).unwrap());
    for _ in 0..2 {
        folder.offsets("state show --dir kept").expect(3).says(&[
            "damaged/partition-3-1: it was damaged and moved aside",
            "partition 0 was salvaged: segment 0 of space 0 cannot be used",
            "state acknowledge",
        ]);
    }
    folder
        .offsets("state acknowledge --dir kept")
        .expect(0)
        .says(&["partition 0: acknowledged: segment 0", "removed kept/damaged/partition-3-1"]);
    let shown = folder.offsets("state show --dir kept").expect(0);
    assert!(!shown.stderr.contains("damaged") && !path.join("damaged").exists(), "{}", shown.stderr);
    DurableTable::<Seen, _>::open(SledLog::open(&path).unwrap(), 0).unwrap();
}

#[test]
fn a_folder_that_is_in_use_is_left_alone() {
    let folder = kept();
    let _held = SledLog::open(&folder.path().join("kept")).unwrap();
    for line in ["state show --dir kept", "state export --dir kept --file copy"] {
        folder
            .offsets(line)
            .fails(1, &["kept is in use by another process", "remedy: stop the `offsets reconcile`"]);
    }
    assert_eq!(folder.files(), ["kept"]);
}

/// The engine goes back to what it finds whole, so there may be less; but never something else.
#[test]
fn of_a_store_that_is_damaged_nothing_is_copied_that_was_not_kept() {
    let folder = kept();
    let whole = folder.offsets("state show --dir kept -o json").expect(0).json()["partitions"].clone();
    let store: Vec<_> = ["db", "conf"].map(|file| bytes(&folder, &format!("kept/{file}"))).into();
    for at in (9..store[0].len().min(16_000)).step_by(1_499) {
        let broken = format!("broken-{at}");
        std::fs::create_dir_all(folder.path().join(&broken).join("blobs")).unwrap();
        let mut changed = store[0].clone();
        changed[at] ^= 0x10;
        folder.write(&format!("{broken}/db"), changed).write(&format!("{broken}/conf"), &store[1]);
        let run = folder.offsets(&format!("state show --dir {broken} -o json"));
        match run.code {
            Some(0) => {
                let found = run.json()["partitions"].as_array().unwrap().clone();
                let whole = whole.as_array().unwrap();
                assert!(found.iter().all(|partition| whole.contains(partition)), "at {at}: {found:?}");
            }
            code => assert!(matches!(code, Some(1..=3)), "at {at}: {code:?} {}", run.stderr),
        }
    }
}
