use std::fmt;

use offsets_core::model::Printable;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_log::LogTracer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{LogFormat, OutputArgs};
use crate::clock;

/// The target of the tool's own remarks.
pub(super) const TARGET: &str = "offsets";

/// The target under which the Kafka client hands on what librdkafka logs, without secrets.
const CLIENT: &str = "librdkafka";

/// From here on remarks go to stderr, one a line: as they are, or with a time and a level where stderr is a log. `--verbose` adds the tool's
/// details and the diagnostics of librdkafka, `--quiet` leaves errors alone.
pub(crate) fn start_log(output: &OutputArgs) {
    let (own, client) = match (output.quiet, output.verbose) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::OFF),
        (false, false) => (LevelFilter::INFO, LevelFilter::OFF),
        (false, true) => (LevelFilter::DEBUG, LevelFilter::DEBUG),
    };
    let lines = layer().event_format(LineFormat(output.log)).with_writer(anstream::stderr);
    let levels = Targets::new().with_target(TARGET, own).with_target(CLIENT, client);
    // Both fail only where they were done before.
    let _ = tracing_subscriber::registry().with(levels).with(lines).try_init();
    if output.verbose {
        let _ = LogTracer::init();
    }
}

/// One line for each remark. They hold names that others chose, so they are written as [`Printable`] has it.
struct LineFormat(Option<LogFormat>);

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (mut message, level) = (Message::default(), event.metadata().level());
        event.record(&mut message);
        match self.0 {
            None => writeln!(line, "{}", Printable(&message.0).line()),
            Some(LogFormat::Text) => {
                writeln!(line, "{:.3} {level:<5} {}", clock::now(), Printable(&message.0).line())
            }
            Some(LogFormat::Json) => {
                let (timestamp, level) = (format!("{:.3}", clock::now()), level.as_str());
                let json =
                    serde_json::json!({ "timestamp": timestamp, "level": level, "message": message.0 });
                writeln!(line, "{json}")
            }
        }
    }
}

/// The text of an event, without its fields.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }

    // What comes from the `log` crate is a string and no `Arguments`.
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }
}
