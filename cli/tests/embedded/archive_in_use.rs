//! An archive that is read while its recorder runs.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::run::Folder;
use crate::running::{Running, await_answer};

/// A folder and what records into it; everything there is has been recorded.
fn recording() -> (Folder, Running) {
    let folder = Folder::new();
    let line = "--demo archive run --dir kept --interval 50ms --metrics-listen 127.0.0.1:0";
    let mut running = Running::start(&folder, line);
    let address = running.address();
    for written in [
        "recorded_total{link=\"src->dst\",what=\"commits\"} 12",
        "recorded_total{link=\"src->dst\",what=\"syncs\"} 784",
        "recorded_total{link=\"src->dst\",what=\"checkpoints\"} 63",
    ] {
        await_answer(&address, "/metrics", written);
    }
    (folder, running)
}

/// The answers, without what differs from one moment to the next.
fn timeless(document: &Value) -> Vec<[&Value; 5]> {
    let rows = document["partitions"].as_array().unwrap();
    let parts = ["group", "partition", "sourceOffset", "targetOffset", "class"];
    rows.iter().map(|row| parts.map(|part| &row[part])).collect()
}

#[test]
fn it_answers_as_it_does_without_a_recorder() {
    let (folder, running) = recording();
    let line = "--demo translate --all-groups --source-dead --archive kept -o json";
    let reset = "--demo reset --group app-g --source-dead --archive kept -o json";
    let live = folder.offsets(line).expect(0).json();
    assert_eq!(live["summary"]["exact"], 10);
    assert_eq!(folder.offsets(reset).expect(0).json()["partitions"][0]["toOffset"], 18_963);
    let stats = folder.offsets("archive stats --dir kept -o json").expect(0).json();
    assert_eq!((&stats["links"][0]["syncs"], &stats["links"][0]["commits"]), (&784.into(), &12.into()));
    assert!(stats["bytesOnDisk"].as_u64().unwrap() > stats["links"][0]["bytes"].as_u64().unwrap());
    folder.offsets("archive export --dir kept --file live.json").expect(0).says(&["12 commits, 784 syncs"]);
    // Reading took nothing away.
    folder.offsets("archive stats --dir kept").expect(0);
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert_eq!(timeless(&folder.offsets(line).expect(0).json()), timeless(&live));
}

#[test]
fn only_its_owner_may_ask() {
    let (folder, running) = recording();
    let door = folder.path().join("kept/recorder");
    assert_eq!(std::fs::metadata(&door).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(folder.read("kept/recorder/pid").trim(), running.pid().to_string());
    let again = folder.offsets("--demo archive run --dir kept --once");
    again.fails(1, &["in use by another process", &format!("(process {})", running.pid())]);
    running.stop();
    assert!(!door.exists(), "nothing is left of it");
}

#[test]
fn a_killed_recorder_blocks_no_reader() {
    let (folder, running) = recording();
    running.kill();
    assert!(folder.path().join("kept/recorder/socket").exists());
    let stats = folder.offsets("archive stats --dir kept -o json").expect(0).json();
    assert_eq!(stats["links"][0]["syncs"], 784);
    // The next one opens a door of its own.
    folder.offsets("--demo archive run --dir kept --once").expect(0);
    assert!(!folder.path().join("kept/recorder").exists());
}
