use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use offsets_core::link::Side;
use offsets_kafka::{ConnectionWatch, Contact, Waiting};

use super::Reporter;
use crate::args::LinkArgs;
use crate::clock;

/// Remarks about clusters that do not answer, while they are waited for. Each is made once.
pub(crate) struct ConnectionReporter {
    reporter: Reporter,
    /// Whether `--timeout` is shorter than the time for a source, and for any other cluster.
    ends_first: [bool; 2],
    reported: Mutex<BTreeSet<String>>,
}

impl ConnectionReporter {
    pub(crate) fn new(reporter: Reporter, args: &LinkArgs) -> Arc<Self> {
        let ends_first = [args.source_timeout, args.connect_timeout].map(|own| args.timeout < own);
        Arc::new(Self { reporter, ends_first, reported: Mutex::default() })
    }

    /// How the cluster on this side is contacted: a source for `--source-timeout`, any other for `--connect-timeout`.
    pub(crate) fn contact(self: &Arc<Self>, args: &LinkArgs, side: Option<Side>) -> Contact {
        let within = match side {
            Some(Side::Source) => args.source_timeout,
            Some(Side::Target) | None => args.connect_timeout,
        };
        Contact { within, side, watch: Arc::clone(self) as Arc<dyn ConnectionWatch> }
    }
}

impl ConnectionWatch for ConnectionReporter {
    fn waiting(&self, waiting: &Waiting<'_>) {
        let message = waiting.to_string();
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if !reported.insert(message.clone()) {
            return;
        }
        let flag = match (waiting.left, waiting.side) {
            (Some(_), Some(Side::Source)) if !self.ends_first[0] => "--source-timeout",
            (Some(_), Some(Side::Target) | None) if !self.ends_first[1] => "--connect-timeout",
            _ => "--timeout",
        };
        let until = waiting.left.and_then(|left| SignedDuration::try_from(left).ok());
        let until = until.and_then(|left| clock::now().checked_add(left).ok());
        self.reporter.info(match until {
            Some(until) => format!("{message}; trying until {} ({flag})", to_the_second(until)),
            None => format!("{message}; trying on ({flag})"),
        });
    }
}

fn to_the_second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
