//! An operator that outlives its process: what it remembers is on a disk before anything is put out, so that after a crash the
//! same records get the same answers.
//!
//!     cargo run -p offsets-store --example resume

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use offsets_reconcile::{
    Dedup, Extractor, IdentityRule, Policies, Position, Record, RecordRules, Routing, Seen, Window,
    WindowState,
};
use offsets_store::{DurableTable, SledLog, TableOptions};

/// What stays when a process ends: a log that is read, one that is written, and how far the first was committed.
#[derive(Debug, Default)]
struct Outside {
    input: Vec<&'static str>,
    output: Vec<&'static str>,
    committed: i64,
}

/// A process, from its start to its end.
struct Process {
    rules: RecordRules,
    dedup: Dedup<DurableTable<Seen, SledLog>>,
}

/// Whether a record passed, by its offset.
type Answers = BTreeMap<i64, bool>;

/// Where a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Between saving and putting out, in its second batch.
    Crash,
    /// At the end of the input.
    Done,
}

/// What the table is made by. Opened by other rules it would answer otherwise.
const RULES: &str = "by content, a window of 1000";

/// Number of records that are saved, sent and committed together.
const BATCH: usize = 3;

impl Process {
    /// Begins with what the folder holds.
    fn start(folder: &Path) -> Result<Self, Box<dyn Error>> {
        // A table that is damaged, or made by other rules, is refused here, and again by every process that comes after.
        let table = TableOptions::new().rules(RULES).open(SledLog::open(folder)?, 0)?;
        let window = Window::count(1_000).ok_or("a window of more than none")?;
        let window_state = table.progress().map(serde_json::from_slice::<WindowState>).transpose()?;
        let dedup = match window_state {
            Some(window_state) => Dedup::resume(table, window, window_state)?,
            None => Dedup::new(table, window),
        };
        let extractor = Extractor { identity: IdentityRule::Content, order: None, max_ahead_ms: i64::MAX };
        Ok(Self { rules: RecordRules { extractor, policies: Policies::default() }, dedup })
    }

    /// Reads on from where the input was committed.
    fn run(mut self, outside: &mut Outside, end: End) -> Result<Answers, Box<dyn Error>> {
        let mut answers = Answers::new();
        let mut batches = 0;
        while (outside.committed as usize) < outside.input.len() {
            let from = outside.committed as usize;
            let mut passed = Vec::new();
            let mut next = outside.committed;
            for value in outside.input[from..].iter().take(BATCH) {
                let record = Record { value: Some(value.as_bytes()), offset: next, ..Record::default() };
                let passes = match self.rules.route(&mut self.dedup, &record, position(next)?, 0)? {
                    Routing::Emit { .. } => true,
                    Routing::Suppress { .. } => false,
                    Routing::Reject { flawed, .. } => return Err(flawed.into()),
                };
                if passes {
                    passed.push(*value);
                }
                answers.insert(next, passes);
                next += 1;
            }
            // What is remembered and how far the window has come are one write.
            let window_state = serde_json::to_vec(self.dedup.window_state())?;
            self.dedup.table().save(&window_state)?;
            batches += 1;
            if end == End::Crash && batches == 2 {
                return Ok(answers);
            }
            outside.output.extend(passed);
            outside.committed = next;
            self.dedup.on_committed(&[position(next)?])?;
        }
        Ok(answers)
    }
}

fn position(offset: i64) -> Result<Position, &'static str> {
    Position::new(0, offset).ok_or("an offset below 2^48")
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut outside = Outside { input: vec!["a", "b", "a", "c", "b", "d", "d", "e"], ..Outside::default() };

    // It ends after `c` was remembered and before it was put out. An operator that knew only that it had been seen would lose it now.
    let before = Process::start(folder.path())?.run(&mut outside, End::Crash)?;
    println!("{before:?}, and a crash: {:?} is out", outside.output);
    assert_eq!((outside.output.as_slice(), outside.committed), (&["a", "b"][..], 3));

    let after = Process::start(folder.path())?.run(&mut outside, End::Done)?;
    println!("{after:?}: {:?} is out", outside.output);
    let again: Answers = after.range(..6).map(|(offset, passes)| (*offset, *passes)).collect();
    assert_eq!(again, before.range(3..).map(|(offset, passes)| (*offset, *passes)).collect());
    assert_eq!(again, Answers::from([(3, true), (4, false), (5, true)]));
    assert_eq!(outside.output, ["a", "b", "c", "d", "e"]);
    Ok(())
}
