//! A disk without room, a real one: a file system of a few megabytes, where this system lets one be mounted.

use std::path::Path;
use std::process::Command;

use offsets_core::mm2::OffsetSync;
use offsets_core::model::{SourceOffset, TargetOffset};
use offsets_store::{Archive, RecordPosition};

use crate::story::{at, link};

/// A small file system, for as long as it is held.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mounted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path()).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What cannot be unmounted now goes with the system.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Syncs that do not follow from each other, saved a thousand at a time, until the disk is full or there are `most` thousands.
/// Tells how many were saved.
fn record(archive: &mut Archive, from: i64, most: i64) -> (i64, Option<offsets_store::Error>) {
    let mut saved = from;
    for handful in 0..most {
        let mut recorder = archive.record(&link()).unwrap();
        for number in saved..saved + 1_000 {
            let (upstream, downstream) =
                (number * 1_000 + number * 7_919 % 997, number * 900 + number * 104_729 % 887);
            let sync = OffsetSync {
                topic: "orders",
                partition: 0,
                upstream: SourceOffset::new(upstream).unwrap(),
                downstream: TargetOffset::new(downstream).unwrap(),
            };
            recorder.sync(RecordPosition { offset: number, content_hash: 1 }, &sync, at(handful)).unwrap();
        }
        if let Err(error) = recorder.save() {
            return (saved, Some(error));
        }
        saved += 1_000;
    }
    (saved, None)
}

#[test]
fn a_full_disk_is_said_and_what_was_saved_before_is_kept() {
    let Some(disk) = SmallDisk::mounted() else {
        println!("skipped: this system does not let a file system be mounted");
        return;
    };
    let filler = disk.path().join("filler");
    std::fs::write(&filler, vec![1; 2 * 1024 * 1024]).unwrap();
    let folder = disk.path().join("archive");
    let mut archive = Archive::open_or_create(&folder).unwrap();
    let (saved, error) = record(&mut archive, 0, 5_000);
    let error = error.expect("five million syncs do not fit into two megabytes");
    assert!(error.is_full(), "{error:?}");
    assert!(saved > 0);
    drop(archive);

    std::fs::remove_file(&filler).unwrap();
    let mut archive = Archive::open(&folder).unwrap();
    assert!(archive.damages().is_empty());
    let kept = archive.load(&link()).unwrap().syncs;
    let partition = offsets_core::model::TopicPartition::new("orders", 0);
    let newest = kept.get(&partition).unwrap().newest().upstream.get() / 1_000;
    assert!(newest >= saved - 1, "{newest} of {saved}");
    let (more, error) = record(&mut archive, newest + 1, 20);
    assert!(error.is_none(), "there is room again: {error:?}");
    assert_eq!(more, newest + 1 + 20_000);
}
