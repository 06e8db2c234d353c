//! As the first process of a container every verb ends on SIGTERM: the kernel takes no signal for that process that it has no handler
//! for. (The twin of a case found in a drill on real clusters: O3.)

use std::net::TcpListener;

use crate::run::Folder;
use crate::running::Running;

/// The exit code of a process that SIGTERM ended.
const ENDED: Option<i32> = Some(143);

/// Runs a verb on clusters that never answer, until it says that it waits for one, and stops it.
fn ends(subcommand: &str, code: Option<i32>) {
    let folder = Folder::new();
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap();
    let clusters = format!(
        "--source.bootstrap-server {address} --source.alias src --target.bootstrap-server {address} --target.alias dst \
         --timeout 1h --connect-timeout 1h --source-timeout 1h"
    );
    let of_topics = format!("--bootstrap-server {address} --timeout 1h --connect-timeout 1h");
    let flags = if subcommand.starts_with("reconcile") { of_topics } else { clusters };
    let Some(mut running) = Running::as_first_process(&folder, &format!("{subcommand} {flags}")) else {
        eprintln!("there are no PID namespaces here");
        return;
    };
    running.says("does not answer");
    let (ended, rest) = running.stop_first_process();
    assert_eq!(ended, code, "{subcommand}: {rest}");
}

#[test]
fn a_command_that_answers_ends_on_sigterm() {
    for subcommand in [
        "translate --all-groups",
        "reset --all-groups",
        "reset --group g --topic t --to earliest",
        "dump --file dump.json",
        "archive run --dir kept --once",
    ] {
        ends(subcommand, ENDED);
    }
}

#[test]
fn a_command_that_runs_until_it_is_stopped_ends_on_sigterm_with_everything_saved() {
    ends("archive run --dir kept", Some(0));
    ends("reconcile --group merge --from a --to b --mode dedup --identity key", Some(0));
}
