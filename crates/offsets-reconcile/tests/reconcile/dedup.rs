use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use offsets_reconcile::{Dedup, DedupDecision, MemoryTable, Position, Seen, Table as _, Window, WindowState};
use proptest::prelude::*;

use crate::cases::up_to;
use crate::{at, id};

type Remembered = (MemoryTable<Seen>, WindowState);

fn resume((table, window_state): Remembered, window: Window) -> Dedup<MemoryTable<Seen>> {
    Dedup::resume(table, window, window_state).unwrap()
}

fn saved(dedup: &mut Dedup<MemoryTable<Seen>>) -> Remembered {
    (dedup.table().clone(), dedup.window_state().clone())
}

#[test]
fn a_time_window_forgets_what_is_older_and_not_what_is_younger() {
    let mut dedup = Dedup::new(MemoryTable::default(), Window::time(Duration::from_secs(16)).unwrap());
    let passes = |dedup: &mut Dedup<_>, number, offset, time| {
        let decision = dedup.decide(id(number), at(0, offset), time).unwrap();
        dedup.on_committed(&[at(0, offset + 1)]).unwrap();
        decision == DedupDecision::First
    };
    assert!(passes(&mut dedup, 1, 0, 100_000));
    assert!(!passes(&mut dedup, 1, 1, 116_000), "a window later to the millisecond");
    assert!(passes(&mut dedup, 2, 2, 116_999));
    assert!(!passes(&mut dedup, 1, 3, 116_999), "up to a sixteenth longer");
    assert!(passes(&mut dedup, 3, 4, 117_000));
    assert!(passes(&mut dedup, 1, 5, 117_000), "it is forgotten");
    assert!(passes(&mut dedup, 4, 6, 1), "what is older than the window passes");
    assert!(!passes(&mut dedup, 4, 7, 1), "and is remembered all the same");
}

/// The shortest window once never forgot: its parts, numbered from 1970 on, were more than their numbers.
#[test]
fn the_shortest_window_forgets_in_our_days() {
    assert_eq!(Window::time(Window::MIN_TIME - Duration::from_millis(1)), None);
    assert_eq!(Window::count(Window::MIN_COUNT - 1), None);
    let window = Window::time(Duration::from_secs(16)).unwrap();
    let mut dedup = Dedup::new(MemoryTable::<Seen>::default(), window);
    for number in 0..1_000_u32 {
        let position = at(0, number.into());
        dedup
            .decide(id((number % 251) as u8), position, 1_764_000_000_000 + i64::from(number) * 10_000)
            .unwrap();
        dedup.on_committed(&[position.next()]).unwrap();
    }
    assert!(dedup.table().len() <= 3, "{} are remembered", dedup.table().len());
}

#[test]
fn a_count_window_remembers_that_many() {
    let mut dedup = Dedup::new(MemoryTable::default(), Window::count(32).unwrap());
    for number in 0..=200 {
        assert_eq!(dedup.decide(id(number), at(0, i64::from(number)), 0).unwrap(), DedupDecision::First);
        let back = number.saturating_sub(32);
        let again = dedup.decide(id(back), at(1, i64::from(number)), 0).unwrap();
        assert_eq!(again, DedupDecision::Duplicate { first: at(0, i64::from(back)) });
        dedup.on_committed(&[0, 1].map(|input| at(input, i64::from(number) + 1))).unwrap();
        assert!(dedup.table().len() <= 32 + 32 / 16 + 1);
    }
}

#[test]
fn nothing_is_forgotten_before_it_is_settled() {
    let mut dedup = Dedup::new(MemoryTable::default(), Window::time(Window::MIN_TIME).unwrap());
    dedup.decide(id(1), at(0, 0), 0).unwrap();
    dedup.decide(id(2), at(0, 1), 1_000_000).unwrap();
    assert_eq!(dedup.decide(id(1), at(0, 2), 0).unwrap(), DedupDecision::Duplicate { first: at(0, 0) });
    dedup.on_committed(&[at(0, 2)]).unwrap();
    assert_eq!(dedup.decide(id(1), at(0, 2), 0).unwrap(), DedupDecision::Duplicate { first: at(0, 0) });
    dedup.on_committed(&[at(0, 3)]).unwrap();
    assert_eq!(dedup.decide(id(1), at(0, 3), 0).unwrap(), DedupDecision::First);
}

fn positions(next: [usize; 3]) -> [Position; 3] {
    [0, 1, 2].map(|input| at(input, next[usize::from(input)] as i64))
}

#[derive(Debug, Clone)]
enum Step {
    /// This number of records of an input is read and decided.
    Read(u16, usize),
    /// What is decided is saved, and then put out.
    Save,
    /// It is put out for good, and the positions are committed.
    Settle,
    /// The process ends and another goes on from what was saved.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u16..3, 1_usize..5).prop_map(|(input, many)| Step::Read(input, many)),
        2 => Just(Step::Save),
        1 => Just(Step::Settle),
        2 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 0..60)
}

/// Identities and times of the records of three inputs.
fn inputs() -> impl Strategy<Value = Vec<Vec<(u8, i64)>>> {
    prop::collection::vec(prop::collection::vec((0_u8..40, 0_i64..400_000), 0..24), 3)
}

fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![
        Just(Window::Unbounded),
        (16_000_u64..600_000).prop_map(|millis| Window::time(Duration::from_millis(millis)).unwrap()),
        (16_u64..20).prop_map(|count| Window::count(count).unwrap()),
    ]
}

proptest! {
    #![proptest_config(up_to(4_000))]

    /// A crash anywhere between the store and the output changes no answer, so that what is put out twice is put out the
    /// same; and a record does not pass while the first of its identity is within the window.
    #[test]
    fn no_crash_changes_an_answer(inputs in inputs(), steps in steps(), window in windows()) {
        let mut dedup = Dedup::new(MemoryTable::default(), window);
        let mut disk = saved(&mut dedup);
        let (mut next, mut kept, mut committed) = ([0_usize; 3], [0_usize; 3], [0_usize; 3]);
        let mut answers: BTreeMap<(u16, usize), DedupDecision> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Read(input, many) => {
                    let place = usize::from(input);
                    for _ in 0..many {
                        let Some(&(number, time)) = inputs[place].get(next[place]) else { break };
                        let decision = dedup.decide(id(number), at(input, next[place] as i64), time).unwrap();
                        let answer = *answers.entry((input, next[place])).or_insert(decision);
                        prop_assert_eq!(answer, decision, "another answer at {}:{}", input, next[place]);
                        next[place] += 1;
                    }
                }
                Step::Save => (disk, kept) = (saved(&mut dedup), next),
                Step::Settle => {
                    (disk, kept, committed) = (saved(&mut dedup), next, next);
                    dedup.on_committed(&positions(next)).unwrap();
                }
                Step::Crash => {
                    // What was decided after the last save was not put out, so nothing holds it to its answers.
                    answers.retain(|&(input, offset), _| offset < kept[usize::from(input)]);
                    dedup = resume(disk.clone(), window);
                    next = committed;
                }
            }
        }
    }

    #[test]
    fn without_a_limit_each_identity_passes_once(inputs in inputs(), turns in prop::collection::vec(0_usize..3, 0..80)) {
        let mut dedup = Dedup::new(MemoryTable::default(), Window::Unbounded);
        let mut model = BTreeSet::new();
        let mut next = [0_usize; 3];
        for input in turns {
            let Some(&(number, time)) = inputs[input].get(next[input]) else { continue };
            let decision = dedup.decide(id(number), at(input as u16, next[input] as i64), time).unwrap();
            prop_assert_eq!(decision == DedupDecision::First, model.insert(number));
            next[input] += 1;
            dedup.on_committed(&positions(next)).unwrap();
        }
        prop_assert_eq!(dedup.table().len(), model.len() as u64);
    }
}
