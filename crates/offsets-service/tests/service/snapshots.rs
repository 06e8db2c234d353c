use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use offsets_core::evidence::RecordedCommit;
use offsets_core::link::Link;
use offsets_core::mm2::{Checkpoint, OffsetSync};
use offsets_core::model::{Commit, CommittedOffset, GroupId, SourceOffset, TargetOffset, TopicPartition};
use offsets_service::{
    ArchiveServer, HttpServer, Limits, PAGE_BYTES, SnapshotError, archive_router, read_snapshot,
};
use offsets_store::{Archive, RecordPosition};

use crate::counted_log::CountedLog;
use crate::raw::{PATIENCE, request, rest, until};

fn link() -> Link {
    Link::new("src", "dst")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// Records a checkpoint of 4 KB for each number.
fn record_checkpoints(archive: &mut Archive, numbers: std::ops::Range<i64>) {
    let metadata = "m".repeat(4_000);
    let mut recorder = archive.record(&link()).unwrap();
    for n in numbers {
        let (upstream, downstream) = (SourceOffset::new(n).unwrap(), TargetOffset::new(n).unwrap());
        let (group, topic) = ("app", "src.orders");
        let checkpoint = Checkpoint { group, topic, partition: 0, upstream, downstream, metadata: &metadata };
        let position = RecordPosition { offset: n, content_hash: 1 };
        recorder.checkpoint(position, &checkpoint, at(n), at(n)).unwrap();
    }
    recorder.save().unwrap();
}

/// An archive of 40 pages.
fn large() -> (CountedLog, Arc<Mutex<Archive>>) {
    let log = CountedLog::default();
    let mut archive = Archive::over(log.owner()).unwrap();
    record_checkpoints(&mut archive, 0..2_700);
    assert!(archive.footprint().unwrap() as usize > 40 * PAGE_BYTES);
    (log, Arc::new(Mutex::new(archive)))
}

/// Asks for a snapshot, and does not read the answer.
fn ask(socket: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request("/archive/snapshot").as_bytes()).unwrap();
    stream
}

/// The recorder copied what a reader asked for, whole, and recorded nothing meanwhile.
#[test]
fn a_reader_that_hangs_costs_a_few_pages_and_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = large();
    let limits = Limits { stall_time: Duration::from_millis(300), ..Limits::SNAPSHOT };
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let _server = HttpServer::on_socket(listener, archive_router(Arc::clone(&archive)), limits).unwrap();
    let mut hanging = ask(&socket);
    until("the first page is read", || log.read.load(Ordering::Acquire) > 0);
    let mut recording = archive.try_lock().expect("the archive is not locked while a page is sent");
    record_checkpoints(&mut recording, 2_700..2_710);
    drop(recording);
    let expired = || {
        let limits = offsets_store::Limits { bytes: Some(100_000), age: None };
        archive.lock().unwrap().expire(&limits, at(10_000)).unwrap().segments
    };
    until("the reader is cut, and what is old expires again", || expired() > 0);
    let read = log.read.load(Ordering::Acquire);
    assert!(read <= 6 * PAGE_BYTES, "{read} bytes were read for a client that took none");
    assert!(rest(&mut hanging).len() <= 6 * PAGE_BYTES, "its answer is cut short");
}

#[test]
fn a_reader_gets_all_of_an_archive_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = large();
    let _server = ArchiveServer::open(folder.path(), archive).unwrap();
    let mut read = read_snapshot(folder.path(), PATIENCE).unwrap();
    assert_eq!(read.stats().unwrap()[0].checkpoints, 2_700);
    assert!(log.read.load(Ordering::Acquire) > 40 * PAGE_BYTES);
    // Another reads it while the first one's copy lives.
    assert_eq!(read_snapshot(folder.path(), PATIENCE).unwrap().stats().unwrap()[0].checkpoints, 2_700);
}

#[test]
fn an_answer_that_is_cut_short_is_not_taken_for_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let (log, archive) = large();
    let _server = ArchiveServer::open(folder.path(), archive).unwrap();
    let fails = Arc::clone(&log.fails);
    let read = Arc::clone(&log.read);
    let failing = thread::spawn(move || {
        until("the first page is read", || read.load(Ordering::Acquire) > 0);
        fails.store(true, Ordering::Release);
    });
    let refused = read_snapshot(folder.path(), PATIENCE).err();
    failing.join().unwrap();
    // Where it was faster than the test, it is whole.
    assert!(matches!(refused, None | Some(SnapshotError::Malformed(_))), "{refused:?}");
    // And one that cannot begin gives the reason.
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(
        matches!(&refused, SnapshotError::Refused(reason) if reason.contains("the test says so")),
        "{refused:?}"
    );
}

/// A round is one write: a commit and a sync of the same number.
fn record_round(archive: &mut Archive, n: i64) {
    let mut recorder = archive.record(&link()).unwrap();
    let (upstream, downstream) = (SourceOffset::new(n).unwrap(), TargetOffset::new(n).unwrap());
    let sync = OffsetSync { topic: "orders", partition: 0, upstream, downstream };
    let (key, value) = sync.encode();
    recorder.sync(RecordPosition::of(n, Some(&key), Some(&value)), &sync, at(n)).unwrap();
    let committed = CommittedOffset { offset: upstream, metadata: "x".repeat(500) };
    let commit =
        Commit { group: GroupId::from("app"), partition: TopicPartition::new("orders", 0), committed };
    recorder.commits(&[RecordedCommit::new(commit, at(n))], at(n)).unwrap();
    recorder.save().unwrap();
}

#[test]
fn what_is_recorded_while_a_snapshot_is_read_is_in_it_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::over(CountedLog::default()).unwrap();
    (0..2_000).for_each(|n| record_round(&mut archive, n));
    let archive = Arc::new(Mutex::new(archive));
    let _server = ArchiveServer::open(folder.path(), Arc::clone(&archive)).unwrap();
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 2_000.. {
                if ends.load(Ordering::Acquire) {
                    return;
                }
                record_round(&mut archive.lock().unwrap(), n);
            }
        });
        let mut rounds = Vec::new();
        for _ in 0..5 {
            let mut read = read_snapshot(folder.path(), PATIENCE).unwrap();
            let kept = read.load(&link()).unwrap();
            let syncs = kept.syncs.get(&TopicPartition::new("orders", 0)).unwrap().iter().count() as i64;
            let commit = kept.commits[0].commit.committed.offset.get();
            rounds.push((syncs, commit));
        }
        ends.store(true, Ordering::Release);
        for (syncs, commit) in rounds {
            assert!(syncs >= 2_000);
            // The commits are one write and the syncs another; a snapshot stands between two writes.
            assert!(commit == syncs - 1 || commit == syncs, "{syncs} syncs, commit at {commit}");
        }
    });
}
