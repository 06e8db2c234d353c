use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, DefaultConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use crate::{Cause, ClientSettings, Contact, Deadline, Waiting};

/// What librdkafka reports about its connections between calls.
///
/// A request that fails says little more than that time ran out; why ("Connection refused", a wrong password) is told
/// separately and at another time. This remembers it, with every secret cut out.
///
/// Clones remember together: a client that takes over from another knows what that one heard.
#[derive(Clone)]
pub(crate) struct Connection {
    settings: ClientSettings,
    contact: Option<Contact>,
    state: Arc<Mutex<ConnectionState>>,
}

#[derive(Default)]
struct ConnectionState {
    last: Option<Cause>,
    authentication: Option<Cause>,
    /// Whether a broker has answered before.
    reached: bool,
}

impl Connection {
    pub(crate) fn new(settings: &ClientSettings, contact: Option<Contact>) -> Self {
        Self { settings: settings.clone(), contact, state: Arc::default() }
    }

    /// The connection of another client to the same cluster, which was reached. It hears for itself.
    pub(crate) fn sibling(&self) -> Self {
        let state = ConnectionState { reached: true, ..ConnectionState::default() };
        let (settings, contact) = (self.settings.clone(), self.contact.clone());
        Self { settings, contact, state: Arc::new(Mutex::new(state)) }
    }

    pub(crate) fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// Forgets what was heard about earlier requests.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        *state = ConnectionState { reached: state.reached, ..ConnectionState::default() };
    }

    /// Notes that a broker has answered: from now on it is told when none is left.
    pub(crate) fn reached(&self) {
        self.state().reached = true;
    }

    /// Tells the watch that the cluster does not answer; `left` as in [`Waiting`].
    pub(crate) fn report(&self, left: Option<Duration>) {
        let Some(contact) = &self.contact else { return };
        let cause = self.last_error();
        let (cluster, bootstrap) = (self.settings.cluster(), self.settings.bootstrap_servers());
        contact.watch.waiting(&Waiting {
            cluster,
            side: contact.side,
            bootstrap,
            cause: cause.as_ref(),
            left,
        });
    }

    /// The last connection error since [`Connection::forget`].
    pub(crate) fn last_error(&self) -> Option<Cause> {
        self.state().last.clone()
    }

    /// That the broker did not accept us, or we not its certificate.
    pub(crate) fn authentication_error(&self) -> Option<Cause> {
        self.state().authentication.clone()
    }

    fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Connection {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let message = self.settings.scrub(message);
        // A broker that hangs up on us, as one that speaks TLS does on one who does not, is only ever logged.
        if facility == "FAIL" {
            let text = message.split_once("]: ").map_or(message.as_str(), |(_, text)| text);
            self.state().last = Some(Cause::from_code(RDKafkaErrorCode::BrokerTransportFailure as i32, text));
        }
        DefaultConsumerContext.log(level, facility, &message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(code) = error.rdkafka_error_code() else { return };
        let cause = Cause::from_code(code as i32, &self.settings.scrub(reason));
        let mut state = self.state();
        if cause.is_authentication() {
            state.authentication = Some(cause.clone());
        }
        // "All brokers are down" follows the error that says why.
        let lost = cause.is_all_down();
        if !lost || state.last.is_none() {
            state.last = Some(cause);
        }
        let tells = lost && state.reached && state.authentication.is_none();
        drop(state);
        if tells {
            self.report(None);
        }
    }
}

impl ConsumerContext for Connection {}

/// Long enough for a queued event to be delivered.
pub(crate) const MOMENT: Duration = Duration::from_millis(2);

/// Lets `client` deliver what it has to say, for no longer than `wait`, and all of `wait`.
pub(crate) fn serve(client: &BaseConsumer<Connection>, wait: Duration) {
    let turn = Deadline::after(wait);
    loop {
        // An error event is kept by the context; nothing else arrives on a client that consumes nothing.
        let _ = client.poll(turn.remaining());
        if turn.has_passed() {
            return;
        }
    }
}
