//! `--seed-out`: what a group had read of the records that come to it again.

use offsets_core::model::TopicPartition;
use offsets_core::translate::Seed;
use offsets_reconcile::Identity;
use serde_json::Value;

use crate::lab::Lab;
use crate::run::{Folder, offsets};

fn seed(folder: &Folder) -> Seed {
    Seed::read(&folder.read("seed.json")).unwrap()
}

fn rows(document: &Value) -> &Vec<Value> {
    document["partitions"].as_array().unwrap()
}

#[test]
fn a_seed_has_a_window_for_each_bracket_that_is_open_and_its_records_once_each() {
    let folder = Folder::new();
    let run = folder
        .offsets("--demo translate --group app-g --no-probe -o json --seed-out seed.json")
        .expect(0)
        .says(&[
            "seed seed.json: app-g has read ",
            " records that come again, in ",
            " windows; 0 partitions are not seeded",
        ]);
    let (document, seed) = (run.json(), seed(&folder));
    assert_eq!(
        (seed.group.as_str(), seed.link.source.as_str(), seed.link.target.as_str()),
        ("app-g", "src", "dst")
    );
    for row in rows(&document).iter().filter(|row| row["class"] == "bounded") {
        let topic = row["targetTopic"].as_str().unwrap();
        let partition = TopicPartition::new(topic, row["partition"].as_i64().unwrap() as i32);
        let window = seed.window(&partition).unwrap_or_else(|| panic!("{row} has no window: {seed:?}"));
        assert_eq!(
            (Some(window.from.get()), window.until.map(i64::from)),
            (row["low"].as_i64(), row["high"].as_i64())
        );
        assert_eq!(window.assumptions.last().unwrap(), "distinct-records");
    }
    // As its explanation says: 75 records behind the floor are read.
    assert_eq!(seed.window(&TopicPartition::new("src.orders", 0)).unwrap().read.len(), 75);
}

#[test]
fn where_every_position_is_proved_nothing_is_sown() {
    let folder = Folder::new();
    folder
        .offsets("--demo translate --group app-g --seed-out seed.json")
        .expect(0)
        .says(&["0 records that come again, in 0 windows; 0 partitions"]);
    assert_eq!(seed(&folder).windows, []);
}

#[test]
fn a_dead_source_without_an_archive_leaves_partitions_unseeded_and_says_so() {
    let folder = Folder::new();
    folder
        .offsets("--demo --source-dead translate --group app-g --no-probe --seed-out seed.json")
        .expect(0)
        .says(&["in 0 windows", "not seeded: src.orders-0: the source is dead, and no archive kept"]);
    let seed = seed(&folder);
    assert!(seed.windows.is_empty() && !seed.unseeded.is_empty(), "{seed:?}");
}

#[test]
fn what_an_archive_kept_of_a_dead_source_is_sown() {
    let lab = Lab::with_a_group_behind();
    let folder = Folder::new();
    folder.offsets(&format!(
        "{} --syncs-location target archive run --dir kept --once --fingerprints",
        lab.flags()
    ));
    let line =
        format!("{} --syncs-location target --source-dead translate --group app-g --no-probe", lab.flags());
    folder
        .offsets(&format!("{line} --archive kept --seed-out seed.json"))
        .expect(0)
        .says(&["app-g has read 49 records that come again, in 1 window; 0 partitions are not seeded"]);
    let seed = seed(&folder);
    let window = &seed.windows[0];
    assert_eq!((window.from.get(), window.until.map(i64::from)), (101, Some(199)));
    let named =
        |number: u16| Identity::of_copy(Some(1 + i64::from(number)), None, Some(&number.to_be_bytes()));
    assert_eq!(window.read, (101..150).filter_map(named).collect::<Vec<_>>());
}

#[test]
fn a_reset_writes_the_seed_before_it_moves_the_group_and_a_dry_run_only_says_what_it_would() {
    let folder = Folder::new();
    let line = "--demo reset --group app-g --no-probe --undo-file undo.json --seed-out seed.json";
    folder
        .offsets(line)
        .expect(0)
        .says(&["seed seed.json (not written: a dry run): ", "Nothing was changed"]);
    assert_eq!(folder.files(), Vec::<String>::new());
    let run = folder.offsets(&format!("{line} --execute -o json")).expect(0).says(&["seed seed.json: "]);
    assert_eq!(folder.files(), ["seed.json", "undo.json"]);
    let (document, seed) = (run.json(), seed(&folder));
    for window in &seed.windows {
        let at = |row: &&Value| {
            row["partition"] == window.partition.partition && row["topic"] == window.partition.topic.as_str()
        };
        let row = rows(&document).iter().find(at).unwrap();
        assert_eq!(
            (row["toOffset"].as_i64(), &row["result"]),
            (Some(window.from.get()), &Value::from("done"))
        );
    }
}

#[test]
fn a_group_is_not_moved_when_its_seed_cannot_be_written() {
    let folder = Folder::new();
    folder.write("seed.json", "precious");
    folder
        .offsets("--demo reset --group app-g --no-probe --execute --undo-file undo.json --seed-out seed.json")
        .fails(1, &["seed.json", "does not exist yet"]);
    assert_eq!(
        (folder.read("seed.json").as_str(), folder.files()),
        ("precious", vec!["seed.json".to_owned()])
    );
}

#[test]
fn a_seed_is_of_one_group_and_of_a_translated_position() {
    let folder = Folder::new();
    for (line, words) in [
        ("translate --all-groups", "exactly one"),
        ("translate --group app-g --group audit", "exactly one"),
        ("translate --topic orders:0 --offset 7", "exactly one"),
        ("reset --group app-g --topic src.orders --to earliest", "leave out --to"),
        ("reset --group app-g --from-file p.csv", "leave out --to"),
    ] {
        folder.offsets(&format!("--demo {line} --seed-out seed.json")).fails(2, &[words, "remedy: "]);
    }
    assert_eq!(folder.files(), Vec::<String>::new());
    offsets("--demo translate --group absent --seed-out seed.json").expect(3);
}
