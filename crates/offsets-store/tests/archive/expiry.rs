use std::time::Duration;

use offsets_core::model::TopicPartition;
use offsets_store::{Limits, Topic};

use crate::story::{SharedLog, at, checkpoint, commit, commits_of, link, pair, sync, syncs_of};

const DAY: i64 = 24 * 60 * 60;

/// Sixty days of a partition that is busy and one that fell silent on the first, of a group that moves and one that
/// does not.
fn sixty_days() -> SharedLog {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    sync(&mut recorder, 0, 1, (7, 7), at(0));
    for n in 0..12_000 {
        let now = at(n * DAY / 200);
        sync(&mut recorder, n + 1, 0, (n * 1000 + n % 7, n * 1000 + n % 11), now);
        if n % 20 == 0 {
            recorder.commits(&[commit("busy", 0, n, now), commit("idle", 1, 5, now)], now).unwrap();
            checkpoint(&mut recorder, n, "busy", (n, n), now);
        }
    }
    recorder.save().unwrap();
    log
}

#[test]
fn what_is_too_old_goes_and_the_newest_of_everything_stays() {
    let log = sixty_days();
    let now = at(60 * DAY);
    let limits = Limits { age: Some(Duration::from_secs(30 * 24 * 60 * 60)), bytes: None };
    let before = log.archive().load(&link()).unwrap();
    let expired = log.archive().expire(&limits, now).unwrap();
    assert!(expired.segments > 3, "{expired:?}");

    let mut archive = log.archive();
    let kept = archive.load(&link()).unwrap();
    assert_eq!(kept.commits, before.commits);
    assert_eq!(syncs_of(&mut archive, 1), [pair(7, 7)], "the silent partition's newest sync stays");
    let busy = syncs_of(&mut archive, 0);
    assert!((6_000..9_000).contains(&busy.len()), "{} syncs", busy.len());
    assert_eq!(busy.last(), Some(&pair(11_999 * 1000 + 1, 11_999 * 1000 + 9)));
    assert!(kept.checkpoints.get(&TopicPartition::new("src.orders", 0)).is_some());
    let oldest = archive.stats().unwrap()[0].oldest.unwrap();
    assert!(oldest >= at(28 * DAY), "{oldest}");

    // Reading goes on where it stopped.
    let place = archive.record(&link()).unwrap().position(Topic::Syncs).unwrap();
    assert_eq!(place.offset, 12_000);
    // And there is nothing more to remove.
    assert_eq!(archive.expire(&limits, now).unwrap().segments, 0);
}

#[test]
fn what_is_too_much_goes_oldest_first() {
    let log = sixty_days();
    let mut archive = log.archive();
    let bytes = archive.stats().unwrap()[0].bytes;
    let limits = Limits { age: None, bytes: Some(bytes / 2) };
    assert!(archive.expire(&limits, at(60 * DAY)).unwrap().segments > 0);
    let after = archive.stats().unwrap();
    assert!(after[0].bytes <= bytes / 2, "{} of {bytes}", after[0].bytes);
    assert_eq!(after[0].commits, 2);
    assert_eq!(syncs_of(&mut log.archive(), 1), [pair(7, 7)]);
}

#[test]
fn a_limit_that_cannot_be_kept_is_told_and_nothing_newest_is_lost() {
    let log = sixty_days();
    let mut archive = log.archive();
    let before = archive.load(&link()).unwrap().commits;
    let expired = archive.expire(&Limits { age: None, bytes: Some(1) }, at(60 * DAY)).unwrap();
    assert!(expired.over > 0);
    assert_eq!(archive.load(&link()).unwrap().commits, before);
    assert!(!syncs_of(&mut archive, 0).is_empty() && !syncs_of(&mut archive, 1).is_empty());
}

#[test]
fn a_commit_that_is_not_seen_any_more_goes_when_it_is_too_old_and_not_before() {
    let log = SharedLog::default();
    let mut archive = log.archive();
    let mut recorder = archive.record(&link()).unwrap();
    recorder.commits(&[commit("gone", 0, 3, at(0)), commit("busy", 0, 0, at(0))], at(0)).unwrap();
    for n in 1..100 {
        recorder.commits(&[commit("busy", 0, n, at(n * DAY))], at(n * DAY)).unwrap();
    }
    let days = |days: u64| Limits { age: Some(Duration::from_secs(days * 24 * 60 * 60)), bytes: None };
    archive.expire(&Limits { age: None, bytes: Some(1) }, at(99 * DAY)).unwrap();
    let kept = commits_of(&mut log.archive());
    assert_eq!(kept, [commit("busy", 0, 99, at(99 * DAY)), commit("gone", 0, 3, at(0))]);
    for n in 100..150 {
        let now = at(n * DAY);
        archive.record(&link()).unwrap().commits(&[commit("busy", 0, n, now)], now).unwrap();
    }
    archive.expire(&days(30), at(149 * DAY)).unwrap();
    assert_eq!(commits_of(&mut log.archive()), [commit("busy", 0, 149, at(149 * DAY))]);
}
