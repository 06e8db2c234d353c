use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use offsets_core::link::Side;
use offsets_kafka::{ConnectionWatch, Contact, Waiting};

use super::Remarks;
use crate::args::LinkArgs;
use crate::clock;

/// Remarks about clusters that do not answer, while they are waited for. Each is made once.
pub(crate) struct WaitingRemarks {
    remarks: Remarks,
    made: Mutex<BTreeSet<String>>,
}

impl WaitingRemarks {
    pub(crate) fn new(remarks: Remarks) -> Arc<Self> {
        Arc::new(Self { remarks, made: Mutex::default() })
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

impl ConnectionWatch for WaitingRemarks {
    fn waiting(&self, waiting: &Waiting<'_>) {
        let matter = waiting.to_string();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.insert(matter.clone()) {
            return;
        }
        let flag = match (waiting.left, waiting.side) {
            (None, _) => "--timeout",
            (Some(_), Some(Side::Source)) => "--source-timeout",
            (Some(_), Some(Side::Target) | None) => "--connect-timeout",
        };
        let until = waiting.left.and_then(|left| SignedDuration::try_from(left).ok());
        let until = until.and_then(|left| clock::now().checked_add(left).ok());
        self.remarks.say(match until {
            Some(until) => format!("{matter}; trying until {} ({flag})", to_the_second(until)),
            None => format!("{matter}; trying on ({flag})"),
        });
    }
}

fn to_the_second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
