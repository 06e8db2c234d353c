//! A source topic that was re-created, or copied again from its beginning: while the source answers, the answer is no worse
//! than with the source dead.
//!
//! Case G3, seen on Kafka and MM2 4.3.1: with the source alive the answer was `unsafe`, and further back than without it.

use jiff::Timestamp;
use offsets_core::evidence::{Evidence, Fingerprint, Reading, Records, Scan, ScannedRecord, SourceState};
use offsets_core::history::{Contradiction, OffsetPair, SyncHistory};
use offsets_core::link::Link;
use offsets_core::model::{LogRange, SourceOffset, TargetOffset, TopicPartition};
use offsets_core::translate::{Assumption, EvidencePolicy, Position, Row, Selection, Translator, answers};
use offsets_sim::{Event, History, HistoryKind, Known, Random, World};

/// 1,000 records of the first topic at 0..1000 of the target, then what the second copied behind them.
struct Case {
    syncs: Vec<(i64, i64)>,
    /// How many records the source has, and the number of the first one's content.
    source: (i64, i64),
    alive: bool,
    rules: EvidencePolicy,
}

fn old_syncs() -> Vec<(i64, i64)> {
    (0..10).map(|at| (at * 101, at * 101)).chain([(999, 999)]).collect()
}

impl Case {
    /// The topic was re-created with 300 records.
    fn recreated(new: &[(i64, i64)]) -> Self {
        let syncs = old_syncs().into_iter().chain(new.iter().copied()).collect();
        Self { syncs, source: (300, 10_000), alive: true, rules: EvidencePolicy::default() }
    }

    /// MM2 lost its position and copied all 1,000 again.
    fn replayed() -> Self {
        let again = old_syncs().into_iter().map(|(u, d)| (u, d + 1000));
        let syncs = old_syncs().into_iter().chain(again).collect();
        Self { syncs, source: (1000, 0), alive: true, rules: EvidencePolicy::default() }
    }

    fn row(&self, g: i64) -> Row {
        let link = Link::new("src", "dst");
        let source = TopicPartition::new("orders", 0);
        let target = link.remote_partition(&source);
        let mut syncs = SyncHistory::default();
        self.syncs.iter().for_each(|&(u, d)| syncs.add("orders", 0, OffsetPair::new(up(u), down(d))));
        let (count, first) = self.source;
        let source_log = LogRange { start: up(0), end: up(count) };
        let target_log = LogRange { start: down(0), end: down(1000 + count) };
        let (mut originals, mut copies) = (Records::default(), Records::default());
        if self.alive {
            let records = (0..count).map(|at| record(up(at), first + at)).collect();
            originals.add(source.clone(), Scan { offsets: source_log, records });
        }
        let content = |at| if at < 1000 { at } else { first + at - 1000 };
        let records = (0..1000 + count).map(|at| record(down(at), content(at))).collect();
        copies.add(target.clone(), Scan { offsets: target_log, records });
        let mut evidence = Evidence {
            source: match self.alive {
                true => SourceState::Alive,
                false => SourceState::Dead { reason: "gone".to_owned() },
            },
            syncs: Reading::Whole(syncs),
            source_logs: self.alive.then_some((source.clone(), source_log)).into_iter().collect(),
            target_logs: [(target, target_log)].into_iter().collect(),
            source_records: originals,
            target_records: copies,
            ..Evidence::unread(link.clone(), Timestamp::UNIX_EPOCH)
        };
        let selection = Selection::Offsets(vec![(source, up(g))]);
        let translator =
            Translator::new(link, selection, Timestamp::UNIX_EPOCH).with_policy(self.rules.clone());
        let Ok(done) = translator.run(&mut evidence);
        done.finish().rows.remove(0)
    }
}

fn record<O>(offset: O, content: i64) -> ScannedRecord<O> {
    let look = Fingerprint::of(None, Some(&content.to_be_bytes()));
    ScannedRecord { offset, created_ms: Some(content), content: look, origin: None }
}

fn up(offset: i64) -> SourceOffset {
    SourceOffset::new(offset).unwrap()
}

fn down(offset: i64) -> TargetOffset {
    TargetOffset::new(offset).unwrap()
}

#[test]
fn a_recreated_topic_is_translated_by_its_own_syncs() {
    for new in [&[(0, 1000), (101, 1101), (202, 1202), (299, 1299)][..], &[(299, 1299)][..]] {
        let row = Case::recreated(new).row(200);
        assert_eq!(row.position, Position::Exact { at: down(1200) }, "{new:?}");
        assert!(row.evidence.iter().any(|finding| finding.kind == "source-fell"), "{:?}", row.evidence);
    }
}

#[test]
fn a_replay_from_the_beginning_is_told_by_its_records() {
    let row = Case::replayed().row(500);
    assert_eq!(row.position.class(), "exact");
    assert!([down(500), down(1500)].contains(&row.position.target().unwrap()), "{:?}", row.position);
    assert_eq!(Case::replayed().row(1000).position, Position::Exact { at: down(2000) });
}

#[test]
fn without_records_the_answer_is_no_worse_than_with_the_source_dead() {
    for new in [&[(0, 1000), (101, 1101), (202, 1202), (299, 1299)][..], &[(299, 1299)][..]] {
        let alive = Case { rules: EvidencePolicy::without_probes(), ..Case::recreated(new) };
        let dead = Case { alive: false, rules: EvidencePolicy::without_probes(), ..Case::recreated(new) };
        for g in [50, 200, 299] {
            let (alive, dead) = (alive.row(g), dead.row(g));
            assert!(alive.position.target() >= dead.position.target(), "{g}: {alive:?} {dead:?}");
            assert!(alive.position.is_sound(), "{g}: {:?}", alive.position);
        }
    }
}

/// The guard of the kind: more evidence makes no answer worse, but where it shows that the other was wrong.
#[test]
fn a_living_source_makes_no_answer_worse() {
    let histories: u64 =
        std::env::var("SIMULATED_HISTORIES").map_or(20_000, |number| number.parse().unwrap());
    let mut seen = 0;
    for seed in 0..histories.min(50_000) {
        let mut random = Random::from_seed(seed);
        let kind = if seed % 2 == 0 { HistoryKind::Recreation } else { HistoryKind::Plain };
        let history = History::of_kind(kind, &mut random);
        // What others write, or copy beside it, is what a living source shows too.
        let writes = |event: &Event| matches!(event, Event::WriteForeign { .. } | Event::WriteAlike { .. });
        if history.events.iter().chain(&history.meanwhile).any(writes) {
            continue;
        }
        let (read, now) = history.tell();
        let offsets: Vec<_> = [0, 1, 2, 3, 4]
            .map(|part| read.source.start + (read.source.end - read.source.start) * part / 4)
            .map(|offset| (World::partition(), up(offset)))
            .to_vec();
        let alive = answers(&now.evidence(&read, Known::ALL), &EvidencePolicy::default(), &offsets);
        let known = Known { source: false, ..Known::ALL };
        let dead = answers(&now.evidence(&read, known), &EvidencePolicy::default(), &offsets);
        for (alive, dead) in alive.iter().zip(&dead) {
            let g = alive.committed.offset;
            // What the source shows of the topic as it is now: nothing of it is copied, or the commit is not on it, or a copy
            // is of another record.
            let shown = matches!(
                alive.position,
                Position::Unsafe {
                    contradiction: Contradiction::BeyondSourceEnd { .. }
                        | Contradiction::CommitBeyondSourceEnd { .. }
                        | Contradiction::OtherRecord { .. },
                    ..
                }
            );
            // A count takes for granted that the source has deleted nothing; a living one is compared instead.
            let shown = shown || dead.assumptions.contains(&Assumption::SourceKept);
            let worse = alive.position.target() < dead.position.target()
                || !alive.position.is_sound() && dead.position.is_sound();
            assert!(
                !worse || shown,
                "{seed}, {g}: {:?}, dead {:?}\n{history:#?}",
                alive.position,
                dead.position
            );
            seen += usize::from(!shown);
        }
    }
    assert!(seen > 1_000, "{seen} answers are too few to prove anything");
}
