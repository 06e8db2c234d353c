use std::time::Duration;

use rdkafka::bindings::rd_kafka_admin_op_t;
use rdkafka::client::{Client, ClientContext};

use crate::ffi::{Event, Native, Options, Queue, TIMED_OUT, nothing_made};
use crate::{Cause, Deadline};

/// One admin request: how it is sent and what its answer means.
pub(crate) trait Call {
    /// What comes back, in plain values.
    type Answer;
    /// librdkafka's name for it.
    const OP: rd_kafka_admin_op_t;
    /// Whether the request goes to a group's coordinator; see [`run`].
    const TO_COORDINATOR: bool;

    /// Hands the request to the library, which copies it.
    fn submit(&self, client: Native<'_>, options: &Options, queue: &Queue) -> Result<(), Cause>;

    /// Reads the answer out of an event that holds no error.
    fn read(&self, event: &Event) -> Result<Self::Answer, Cause>;
}

/// What became of a number of calls.
pub(super) struct Answers<A> {
    /// One for each call, in their order.
    pub(super) answers: Vec<Result<A, Cause>>,
    /// Whether some of them are still on their way. The client must then be given up, within [`MAX_TIMEOUT`].
    pub(super) abandoned: bool,
}

/// Sends all `calls`, many at a time on one queue, and waits for their answers until the deadline. `between` is called
/// every tenth of a second, for the caller to serve the client's own queue.
///
/// A request to a coordinator must never time out inside the library while it waits for the coordinator to be found:
/// once that is found after all, `rd_kafka_admin_coord_request` makes `rd_kafka_coord_req_fail` call back with memory
/// that was freed at the time-out, and the process aborts (seen in 2.12.1; confluentinc/librdkafka#4605 looks the same).
/// So the library is given its longest time-out, and the deadline is kept here.
pub(super) fn run<C: Call, X: ClientContext>(
    client: &Client<X>,
    calls: &[&C],
    deadline: &Deadline,
    mut between: impl FnMut(),
) -> Answers<C::Answer> {
    let mut answers: Vec<Option<Result<C::Answer, Cause>>> = calls.iter().map(|_| None).collect();
    let native = Native::of(client);
    let Some(queue) = Queue::new(native) else {
        return Answers { answers: calls.iter().map(|_| Err(nothing_made())).collect(), abandoned: false };
    };
    let (mut next, mut in_flight) = (0, 0);
    let mut overtime = None;
    loop {
        while next < calls.len() && in_flight < WINDOW && !deadline.has_passed() {
            let timeout = if C::TO_COORDINATOR { MAX_TIMEOUT } else { deadline.remaining() };
            let options = Options::new(native, C::OP, timeout, next);
            match options.and_then(|options| calls[next].submit(native, &options, &queue)) {
                Ok(()) => in_flight += 1,
                Err(cause) => answers[next] = Some(Err(cause)),
            }
            next += 1;
        }
        if in_flight == 0 {
            break;
        }
        if let Some(event) = queue.poll(deadline.slice(POLL_INTERVAL).max(Duration::from_millis(1))) {
            in_flight -= 1;
            if let Some(index) = event.index().filter(|index| *index < calls.len()) {
                answers[index] = Some(event.error().map_or_else(|| calls[index].read(&event), Err));
            }
        } else {
            between();
            let grace = if C::TO_COORDINATOR || deadline.is_stopped() { Duration::ZERO } else { GRACE };
            if deadline.has_passed() && overtime.get_or_insert_with(|| Deadline::after(grace)).has_passed() {
                break;
            }
        }
    }
    let timed_out = || Err(Cause::from_code(TIMED_OUT, ""));
    let answers = answers.into_iter().map(|answer| answer.unwrap_or_else(timed_out)).collect();
    Answers { answers, abandoned: in_flight > 0 }
}

/// How many requests are in flight at once. Each group is a request of its own; a broker answers them in turn.
const WINDOW: usize = 512;

/// How long the queue is waited on before the caller's other queue is looked after.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What the library may take beyond the deadline to report its own time-out, which says more than ours.
const GRACE: Duration = Duration::from_millis(500);

/// The longest time-out the library accepts.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(3600);
