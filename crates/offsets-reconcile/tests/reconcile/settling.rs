//! What an operator forgets, and what it may not: batches in flight, inputs that rest, inputs that are revoked.

use std::collections::BTreeMap;
use std::time::Duration;

use offsets_reconcile::{
    Dedup, DedupDecision, Identity, MemoryTable, Position, Seen, Table as _, Upsert, UpsertRules, Window,
    WindowState, Winner,
};
use proptest::prelude::*;

use crate::cases::up_to;
use crate::upsert::winner;
use crate::{at, id};

const WINDOW: u64 = 1_000;
const BATCH: i64 = 100;

/// A window is forgotten in sixteenths.
const MOST: u64 = WINDOW + WINDOW / 16 + 1;

fn numbered(number: i64) -> Identity {
    Identity::of("test", &[Some(&number.to_le_bytes())])
}

fn dedup() -> Dedup<MemoryTable<Seen>> {
    Dedup::new(MemoryTable::default(), Window::count(WINDOW).unwrap())
}

/// Decides a batch of an input whose identities are new.
fn decide(dedup: &mut Dedup<MemoryTable<Seen>>, input: u16, batch: i64) {
    for offset in batch * BATCH..(batch + 1) * BATCH {
        let number = offset << 1 | i64::from(input & 1);
        assert_eq!(dedup.decide(numbered(number), at(input, offset), 0).unwrap(), DedupDecision::First);
    }
}

/// The library report L3: a window of 1,000 remembered 20,000 of 20,000 with one batch in flight while the next was decided.
#[test]
fn a_window_moves_on_while_a_batch_is_in_flight() {
    let mut dedup = dedup();
    for batch in 0..200 {
        decide(&mut dedup, 0, batch);
        dedup.on_committed(&[at(0, batch * BATCH)]).unwrap();
        let in_flight = 2 * BATCH as u64;
        assert!(dedup.table().len() <= MOST + in_flight, "{} are remembered", dedup.table().len());
    }
    for offset in 199 * BATCH..200 * BATCH {
        assert_eq!(dedup.decide(numbered(offset << 1), at(0, offset), 0).unwrap(), DedupDecision::First);
    }
}

/// The library report L3: the same where only the inputs of the batch were named while another one rested, here with and without a
/// position of it that is never settled.
#[test]
fn an_input_that_rests_does_not_hold_the_window_back() {
    for settles in [true, false] {
        let mut dedup = dedup();
        let resting = dedup.decide(numbered(-1), at(1, 7), 0).unwrap();
        dedup.decide(numbered(-1), at(1, 8), 0).unwrap();
        if settles {
            dedup.on_committed(&[at(1, 9)]).unwrap();
        }
        for batch in 0..200 {
            decide(&mut dedup, 0, batch);
            dedup.on_committed(&[at(0, (batch + 1) * BATCH)]).unwrap();
            assert!(dedup.table().len() <= MOST + BATCH as u64 + 2, "{}", dedup.table().len());
        }
        if !settles {
            assert_eq!(resting, DedupDecision::First);
            assert_eq!(dedup.decide(numbered(-1), at(1, 7), 0).unwrap(), resting);
            let duplicate = dedup.decide(numbered(-1), at(1, 8), 0).unwrap();
            assert_eq!(duplicate, DedupDecision::Duplicate { first: at(1, 7) });
        }
    }
}

/// The library report L3: an input that was revoked with something unsettled held the window back for good.
#[test]
fn an_input_that_is_released_does_not_hold_anything() {
    let mut dedup = dedup();
    decide(&mut dedup, 1, 0);
    dedup.decide(numbered(1), at(1, BATCH), 0).unwrap();
    dedup.release(1).unwrap();
    for batch in 0..200 {
        decide(&mut dedup, 0, batch);
        dedup.on_committed(&[at(0, (batch + 1) * BATCH)]).unwrap();
    }
    assert!(dedup.table().len() <= MOST, "{} are remembered", dedup.table().len());
    let saved = serde_json::to_string(dedup.window_state()).unwrap();
    assert!(saved.len() < 200, "what is settled or released is not saved: {saved}");
    // It comes back, and its identities are out of the window.
    decide(&mut dedup, 1, 0);
}

/// The duplicates in flight are saved, and nothing of what is settled.
#[test]
fn what_is_saved_is_what_is_in_flight() {
    let mut dedup = dedup();
    for offset in 0..10_000 {
        dedup.decide(numbered(offset % 7), at(0, offset), 0).unwrap();
    }
    let in_flight = serde_json::to_string(dedup.window_state()).unwrap().len();
    assert!(in_flight > 10_000, "{in_flight}");
    assert!(serde_json::to_string(&dedup.window_state().committed()).unwrap().len() < 200);
    dedup.on_committed(&[at(0, 9_999)]).unwrap();
    assert!(serde_json::to_string(dedup.window_state()).unwrap().len() < 200);
}

/// An earlier version saved how far it had reached and nothing about what was in flight: the window stays until that is settled.
#[test]
fn a_frontier_of_an_earlier_version_is_read() {
    let mut before = dedup();
    decide(&mut before, 0, 0);
    before.decide(numbered(0), at(1, 0), 0).unwrap();
    let reached = [at(0, BATCH), at(1, 1)].map(Position::to_bits);
    let written = format!(r#"{{"oldest":0,"newest":1,"count":{BATCH},"reached":{reached:?}}}"#);
    let window_state: WindowState = serde_json::from_str(&written).unwrap();
    let window = Window::count(WINDOW).unwrap();
    let mut dedup = Dedup::resume(before.table().clone(), window, window_state).unwrap();
    for batch in 1..50 {
        decide(&mut dedup, 0, batch);
        dedup.on_committed(&[at(0, (batch + 1) * BATCH)]).unwrap();
    }
    assert_eq!(dedup.table().len(), 50 * BATCH as u64);
    assert_eq!(dedup.decide(numbered(0), at(1, 0), 0).unwrap(), DedupDecision::Duplicate { first: at(0, 0) });
    dedup.on_committed(&[at(1, 1)]).unwrap();
    assert!(dedup.table().len() <= MOST, "{} are remembered", dedup.table().len());
}

/// What an upsert answered is kept until it is settled or released, whatever becomes of other inputs.
#[test]
fn the_answers_of_an_upsert_are_those_in_flight() {
    let rules = UpsertRules { tombstone_retention_ms: Some(1_000) };
    let mut upsert = Upsert::new(MemoryTable::<Winner>::default(), rules);
    let tombstone = |position, time| Winner { deleted_ms: Some(time), ..winner(1, position) };
    for input in [1, 2] {
        upsert.decide(numbered(-1), tombstone(at(input, 0), 0), 0).unwrap();
    }
    for offset in 0..10_000 {
        let time = offset * 10;
        upsert.decide(numbered(offset), tombstone(at(0, offset), time), time).unwrap();
        upsert.on_committed(&[at(0, (offset - 49).max(0))]).unwrap();
        assert!(upsert.uncommitted().count() <= 2 + 51);
        assert!(upsert.table().len() <= 100 + 100 / 16 + 2, "{} are remembered", upsert.table().len());
    }
    upsert.release(1);
    assert_eq!(upsert.uncommitted().filter(|(position, _)| position.input() > 0).count(), 1);
}

#[derive(Debug, Clone)]
enum Step {
    /// This number of records of an input is read and decided.
    Read(u16, usize),
    /// Some of what is in flight of an input is committed.
    Settle(u16, usize),
    /// An input is read again from its committed position.
    Rewind(u16),
    /// An input is revoked, and assigned again later.
    Release(u16),
    /// The process ends, and another goes on from what was saved just before.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0_u16..3, 1_usize..6).prop_map(|(input, many)| Step::Read(input, many)),
        5 => (0_u16..3, 0_usize..8).prop_map(|(input, many)| Step::Settle(input, many)),
        2 => (0_u16..3).prop_map(Step::Rewind),
        1 => (0_u16..3).prop_map(Step::Release),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..120)
}

fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Unbounded),
        (16_000_u64..400_000).prop_map(|millis| Window::time(Duration::from_millis(millis)).unwrap()),
        (16_u64..40).prop_map(|count| Window::count(count).unwrap()),
    ]
}

/// Every record that was ever decided, and what follows from all of them.
#[derive(Debug, Default)]
struct Model {
    /// Where each identity came first that is not forgotten, and in which sixteenth.
    firsts: BTreeMap<u8, (Position, u64)>,
    answers: BTreeMap<Position, DedupDecision>,
    /// The first position of each input that is not settled.
    open: BTreeMap<u16, i64>,
    newest: u64,
    oldest: u64,
    count: u64,
}

impl Model {
    fn decide(&mut self, window: Window, number: u8, position: Position, time: i64) -> DedupDecision {
        if let Some(answer) = self.answers.get(&position) {
            return *answer;
        }
        self.open.entry(position.input()).or_insert(position.offset());
        let pane = match window {
            Window::Unbounded => 0,
            Window::Time(length) => time as u64 / length.as_millis().div_ceil(16),
            Window::Count(identities) => self.count / identities.get().div_ceil(16),
        };
        let pane = pane.max(self.oldest);
        let answer = match self.firsts.get(&number) {
            Some((first, _)) if *first == position => DedupDecision::First,
            Some((first, _)) => DedupDecision::Duplicate { first: *first },
            None => {
                self.firsts.insert(number, (position, pane));
                self.newest = self.newest.max(pane);
                self.count += 1;
                DedupDecision::First
            }
        };
        self.answers.insert(position, answer);
        answer
    }

    fn is_open(&self, position: Position) -> bool {
        self.open.get(&position.input()).is_some_and(|open| position.offset() >= *open)
    }

    fn on_committed(&mut self, input: u16, next: i64) {
        self.open.entry(input).and_modify(|open| *open = next.max(*open));
        self.forget();
    }

    fn forget(&mut self) {
        let oldest = self.newest.saturating_sub(16);
        if oldest > self.oldest {
            self.oldest = oldest;
            let gone = |(first, pane): &(Position, u64)| *pane < oldest && !self.is_open(*first);
            let gone: Vec<_> =
                self.firsts.iter().filter(|(_, kept)| gone(kept)).map(|(number, _)| *number).collect();
            for number in gone {
                self.firsts.remove(&number);
            }
        }
        let committed: Vec<_> =
            self.answers.keys().filter(|position| !self.is_open(**position)).copied().collect();
        for position in committed {
            self.answers.remove(&position);
        }
    }
}

proptest! {
    #![proptest_config(up_to(4_000))]

    /// Decisions are those of a model that keeps every record, answers hold until they are settled, and no more is remembered than the
    /// window and what is in flight.
    #[test]
    fn what_is_decided_is_what_a_model_of_every_record_decides(
        inputs in prop::collection::vec(prop::collection::vec((0_u8..48, 0_i64..600_000), 1..60), 3),
        steps in steps(),
        window in windows(),
    ) {
        let mut dedup = Dedup::new(MemoryTable::default(), window);
        let mut model = Model::default();
        let (mut next, mut committed) = ([0_usize; 3], [0_usize; 3]);
        for step in steps {
            match step {
                Step::Read(input, many) => {
                    let place = usize::from(input);
                    for _ in 0..many {
                        let Some(&(number, time)) = inputs[place].get(next[place]) else { break };
                        let position = at(input, next[place] as i64);
                        let expected = model.decide(window, number, position, time);
                        prop_assert_eq!(dedup.decide(id(number), position, time).unwrap(), expected);
                        next[place] += 1;
                    }
                }
                Step::Settle(input, many) => {
                    let place = usize::from(input);
                    committed[place] = (committed[place] + many).min(next[place]);
                    model.on_committed(input, committed[place] as i64);
                    dedup.on_committed(&[at(input, committed[place] as i64)]).unwrap();
                }
                Step::Rewind(input) => next[usize::from(input)] = committed[usize::from(input)],
                Step::Release(input) => {
                    next[usize::from(input)] = committed[usize::from(input)];
                    model.open.remove(&input);
                    model.forget();
                    dedup.release(input).unwrap();
                }
                Step::Restart => {
                    let saved = serde_json::to_string(dedup.window_state()).unwrap();
                    let window_state: WindowState = serde_json::from_str(&saved).unwrap();
                    prop_assert_eq!(&window_state, dedup.window_state());
                    // What the window left behind since it last moved is forgotten now.
                    let oldest = model.oldest;
                    let open = model.open.clone();
                    model.firsts.retain(|_, (first, pane)| {
                        *pane >= oldest || open.get(&first.input()).is_some_and(|open| first.offset() >= *open)
                    });
                    dedup = Dedup::resume(dedup.table().clone(), window, window_state).unwrap();
                    next = committed;
                }
            }
            prop_assert_eq!(dedup.table().len(), model.firsts.len() as u64);
        }
    }
}
