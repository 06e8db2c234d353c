use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use offsets_service::{ArchiveServer, SnapshotError, read_pid, read_snapshot};
use offsets_store::{Archive, MemoryLog};

use crate::raw::PATIENCE;

fn archive() -> Arc<Mutex<Archive>> {
    Arc::new(Mutex::new(Archive::over(MemoryLog::default()).unwrap()))
}

/// A process that listens in the folder and answers one connection with `answer`.
fn listening(folder: &Path, answer: impl FnOnce(UnixStream) + Send + 'static) {
    fs::create_dir(folder.join("recorder")).unwrap();
    let listener = UnixListener::bind(folder.join("recorder/socket")).unwrap();
    thread::spawn(move || answer(listener.accept().unwrap().0));
}

fn read_request(stream: &mut UnixStream) {
    let mut request = [0; 4_096];
    assert!(stream.read(&mut request).unwrap() > 0);
}

#[test]
fn only_its_owner_may_ask_and_nothing_is_left_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = ArchiveServer::open(folder.path(), archive()).unwrap();
    let recorder = folder.path().join("recorder");
    assert_eq!(fs::metadata(&recorder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(read_pid(folder.path()), Some(std::process::id().to_string()));
    assert!(read_snapshot(folder.path(), PATIENCE).unwrap().links().is_empty());
    drop(server);
    assert!(!recorder.exists());
    assert_eq!(read_pid(folder.path()), None);
}

#[test]
fn what_a_killed_recorder_left_is_no_recorder_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("recorder")).unwrap();
    drop(UnixListener::bind(folder.path().join("recorder/socket")).unwrap());
    assert!(folder.path().join("recorder/socket").exists());
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(matches!(refused, SnapshotError::NotServed), "{refused:?}");
    let _server = ArchiveServer::open(folder.path(), archive()).unwrap();
    read_snapshot(folder.path(), PATIENCE).unwrap();
}

#[test]
fn no_socket_is_no_recorder() {
    let folder = tempfile::tempdir().unwrap();
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(matches!(refused, SnapshotError::NotServed), "{refused:?}");
}

#[test]
fn a_recorder_that_ends_while_it_is_asked_is_no_recorder() {
    let folder = tempfile::tempdir().unwrap();
    listening(folder.path(), drop);
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(matches!(refused, SnapshotError::NotServed), "{refused:?}");
}

#[test]
fn a_recorder_that_does_not_answer_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (_held, holds) = std::sync::mpsc::channel::<()>();
    listening(folder.path(), move |_stream| {
        let _ = holds.recv();
    });
    let refused = read_snapshot(folder.path(), Duration::from_millis(100)).err().unwrap();
    assert!(matches!(refused, SnapshotError::Silent(_)), "{refused:?}");
}

#[test]
fn a_recorder_of_another_version_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    // What one answered before it spoke HTTP.
    listening(folder.path(), |mut stream| {
        read_request(&mut stream);
        stream.write_all(b"\0offsets-copy\0\0\0\x02").unwrap();
    });
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(matches!(refused, SnapshotError::OtherVersion), "{refused:?}");
}

#[test]
fn a_recorder_that_cannot_read_its_archive_gives_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    listening(folder.path(), |mut stream| {
        read_request(&mut stream);
        let refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nbad block";
        stream.write_all(refusal.as_bytes()).unwrap();
    });
    let refused = read_snapshot(folder.path(), PATIENCE).err().unwrap();
    assert!(matches!(&refused, SnapshotError::Refused(reason) if reason == "bad block"), "{refused:?}");
}
