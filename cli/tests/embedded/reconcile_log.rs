//! What a run between topics writes to stderr where it is no terminal, and how it ends while it waits. The twins of two cases of
//! `archive run`, found in a drill on real clusters: O3 (it ends at once) and O8 (its log has times and levels).

use std::net::TcpListener;

use jiff::Timestamp;
use serde_json::Value;

use crate::run::Folder;
use crate::running::Running;

/// A port that takes connections and never answers, and a run that waits for it for an hour.
fn waiting(more: &str) -> (TcpListener, String) {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap();
    let line = format!(
        "reconcile --bootstrap-server {address} --group merge --from a --to b --mode dedup --identity key \
         --timeout 1h --connect-timeout 1h {more}"
    );
    (broker, line)
}

#[test]
fn sigterm_ends_a_run_that_is_still_connecting_and_its_log_has_times_and_levels() {
    let (_broker, line) = waiting("");
    let folder = Folder::new();
    let mut running = Running::start(&folder, &line);
    let said = running.says("does not answer");
    let (code, rest) = running.stop();
    assert_eq!(code, Some(0), "{rest}");
    assert!(rest.contains("stopped before anything was read"), "{rest}");
    for line in [said.as_str()].into_iter().chain(rest.lines()) {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.parse::<Timestamp>().is_ok() && rest.starts_with("INFO  "), "{line}");
    }
}

#[test]
fn the_log_can_be_json_with_its_failures_and_without_it_a_run_that_ends_by_itself_has_none() {
    let folder = Folder::new();
    let line = "reconcile --bootstrap-server 127.0.0.1:1 --group merge --from a --to b --mode dedup --identity key \
                --connect-timeout 300ms";
    for more in ["--log-format json", "--log-format json --once"] {
        let run = folder.offsets(&format!("{line} {more}")).expect(1);
        let lines: Vec<Value> = run
            .stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect();
        let last = lines.last().unwrap();
        assert!(last["level"] == "ERROR" && last["message"].as_str().unwrap().contains("remedy: "), "{last}");
        assert!(lines.iter().all(|line| line["timestamp"].is_string()), "{}", run.stderr);
    }
    folder.offsets(&format!("{line} --once")).fails(1, &["\nerror: ", "\nremedy: "]);
    folder.offsets("reconcile --from a --to b --mode dedup --identity key --log-format json").expect(2);
}
