//! A dedup inside an asynchronous stream: the operators do no I/O, so they run wherever records pass.
//!
//!     cargo run -p offsets-core --example stream

use std::future;

use futures_util::stream::{self, Stream, StreamExt as _};
use offsets_core::reconcile::{
    Dedup, Examination, Flawed, IdentityRule, MemoryTable, Operator as _, Outcome, Position, Record, Window,
};

/// A record as it comes from somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    offset: i64,
    value: &'static str,
}

/// The same stream with each content once. A record that cannot be judged is passed on as an error.
fn deduplicated(events: impl Stream<Item = Event>) -> impl Stream<Item = Result<Event, Flawed>> {
    let examination = Examination { identity: IdentityRule::Content, order: None, max_ahead_ms: i64::MAX };
    let mut dedup = Dedup::new(MemoryTable::default(), Window::Count(1_000_000));
    events.filter_map(move |event| {
        let record =
            Record { value: Some(event.value.as_bytes()), offset: event.offset, ..Record::default() };
        let Some(position) = Position::new(0, event.offset) else { return future::ready(None) };
        let judged = examination.examine(&record, position, 0).map(|candidate| {
            // A table in memory cannot fail.
            let Ok(outcome) = dedup.judge(&candidate);
            outcome
        });
        future::ready(match judged {
            Ok(Outcome::Passes { .. }) => Some(Ok(event)),
            Ok(_) => None,
            Err(flawed) => Some(Err(flawed)),
        })
    })
}

pub(crate) fn main() {
    let events = ["a", "b", "a", "c", "b"].into_iter().zip(0..);
    let events = stream::iter(events.map(|(value, offset)| Event { offset, value }));
    let passed: Vec<_> = futures_executor::block_on(deduplicated(events).collect());
    let values: Vec<_> = passed.iter().flatten().map(|event| event.value).collect();
    println!("{values:?}");
    assert_eq!(values, ["a", "b", "c"]);
}
