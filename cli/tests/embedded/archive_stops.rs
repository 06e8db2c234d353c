//! `offsets archive run` ends when it is told to, whatever it waits for, and with its archive saved. A recorder took 17 s to end on
//! SIGTERM while its source was dead; container runtimes kill after 10 s. (Found in a drill on real clusters: case O3.)

use std::net::TcpListener;

use crate::lab::Lab;
use crate::run::Folder;
use crate::running::{Running, await_answer};

/// The source waits for an hour, so that only the signal can end the process.
fn ends_while_waiting_for(source: &str) {
    let lab = Lab::new().mirrored("orders", 10).target_syncs("orders", &[(0, 0), (5, 5)]);
    let folder = Folder::new();
    let line = format!(
        "--source.bootstrap-server {source} --source.alias src --target.bootstrap-server {} --target.alias dst \
         --syncs-location target --source-timeout 1h archive run --dir kept --interval 50ms --fingerprints \
         --metrics-listen 127.0.0.1:0",
        lab.target.settings().bootstrap_servers()
    );
    let mut running = Running::start(&folder, &line);
    let address = running.address();
    await_answer(&address, "/metrics", "offsets_archive_recorded_total{link=\"src->dst\",what=\"syncs\"} 2");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("0 commits, 2 syncs, 0 checkpoints are kept"), "{rest}");
    assert!(!rest.contains("cannot reach"), "what the stop cut short is no failure:\n{rest}");
    let stats = folder.offsets("archive stats --dir kept -o json").expect(0).json();
    assert_eq!(stats["links"][0]["syncs"], 2);
}

#[test]
fn sigterm_ends_the_recorder_while_the_source_accepts_and_never_answers() {
    let source = TcpListener::bind("127.0.0.1:0").unwrap();
    ends_while_waiting_for(&source.local_addr().unwrap().to_string());
}

#[test]
fn sigterm_ends_the_recorder_while_the_source_refuses_connections() {
    ends_while_waiting_for("127.0.0.1:1");
}
