//! A dedup inside an asynchronous stream: the operators do no I/O, so they run wherever records pass.
//!
//!     cargo run -p offsets-core --example stream

use std::error::Error;
use std::future;

use futures_util::stream::{self, StreamExt as _};
use offsets_reconcile::{
    Dedup, Extractor, IdentityRule, MemoryTable, Policies, Position, Record, RecordError, RecordRules,
    Routing, Seen, Table as _, Window,
};

/// What comes down the stream.
#[derive(Debug, Clone)]
enum Step {
    Record(Event),
    /// Everything below this offset is out and committed, as a checkpoint says that is complete.
    Committed(i64),
}

/// A record as it comes from somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    offset: i64,
    value: String,
}

/// Lets each content pass once, and forgets it a hundred later ones after that.
struct Once {
    rules: RecordRules,
    dedup: Dedup<MemoryTable<Seen>>,
}

impl Once {
    fn new() -> Option<Self> {
        let extractor = Extractor { identity: IdentityRule::Content, order: None, max_ahead_ms: i64::MAX };
        let rules = RecordRules { extractor, policies: Policies::default() };
        Some(Self { rules, dedup: Dedup::new(MemoryTable::default(), Window::count(100)?) })
    }

    /// What passes. A record that cannot be judged is passed on as an error.
    fn take(&mut self, step: Step) -> Option<Result<Event, RecordError>> {
        let event = match step {
            Step::Record(event) => event,
            Step::Committed(next) => {
                // Only here the window moves: until now each answer could be asked for again.
                let Ok(()) = self.dedup.on_committed(&[Position::new(0, next)?]);
                return None;
            }
        };
        let record =
            Record { value: Some(event.value.as_bytes()), offset: event.offset, ..Record::default() };
        let position = Position::new(0, event.offset)?;
        // A table in memory cannot fail.
        let Ok(routing) = self.rules.route(&mut self.dedup, &record, position, 0);
        match routing {
            Routing::Emit { .. } => Some(Ok(event)),
            Routing::Suppress { .. } => None,
            Routing::Reject { flawed, .. } => Some(Err(flawed)),
        }
    }
}

/// Ten thousand events, each of them twice, and a commit after every twenty records.
fn steps() -> impl Iterator<Item = Step> {
    (0..20_000).flat_map(|offset| {
        let event = Event { offset, value: format!("event {}", offset / 2) };
        let committed = (offset % 20 == 19).then_some(Step::Committed(offset + 1));
        [Step::Record(event)].into_iter().chain(committed)
    })
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut once = Once::new().ok_or("a window of more than none")?;
    let passed = stream::iter(steps()).filter_map(|step| future::ready(once.take(step)));
    let passed: Vec<_> = futures_executor::block_on(passed.collect());
    let passed = passed.into_iter().collect::<Result<Vec<_>, _>>()?;
    let remembered = once.dedup.table().len();
    println!("{} events passed, {remembered} are remembered", passed.len());
    assert_eq!(passed.len(), 10_000);
    assert!(passed.iter().zip(0..).all(|(event, number)| event.value == format!("event {number}")));
    assert!(remembered < 130, "what lies behind the window is forgotten: {remembered}");
    Ok(())
}
